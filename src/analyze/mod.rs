//! Model to model, pure: sizes, payload, differences, budgets. No I/O.

pub mod bloat;
pub mod breakdown;
pub mod class;
pub mod config;
pub mod fill;
pub mod identity;
pub mod names;
pub mod payload;
pub mod reconcile;
pub mod size;
