//! `cargo xtask oracle kconfig`: our Kconfig engine against the kernel's own `conf`.

pub mod conf;
