//! `cargo xtask COMMAND`: everything about this project that is not the program itself.

fn main() {}
