//! Model to model, pure: sizes, payload, differences, budgets. No I/O.

pub mod bloat;
pub mod breakdown;
pub mod budget;
pub mod class;
pub mod comparable;
pub mod config;
pub mod fill;
pub mod identity;
pub mod limits;
pub mod names;
pub mod pairs;
pub mod payload;
pub mod policy;
pub mod reconcile;
pub mod run;
pub mod series;
pub mod size;
pub mod symbols;
pub mod waive;
