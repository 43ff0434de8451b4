//! Model to model, pure: sizes, payload, differences, budgets. No I/O.

pub mod bloat;
pub mod config;
pub mod names;
pub mod size;
