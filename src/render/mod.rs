//! Model to text. Sees `model` (and the results of `analyze`) only; never opens a file to read.

pub mod berkeley;
pub mod bloat;
pub mod diffconfig;
