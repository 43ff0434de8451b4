//! What Kconfig writes: the `.config` reader (the language itself comes with its own issue).

pub mod dotconfig;
