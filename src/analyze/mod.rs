//! Model to model, pure: sizes, payload, differences, budgets. No I/O.

pub mod bloat;
pub mod breakdown;
pub mod budget;
pub mod claims;
pub mod class;
pub mod comparable;
pub mod compare;
pub mod config;
pub mod diff;
pub mod disagree;
pub mod fill;
pub mod identity;
pub mod limits;
pub mod names;
pub mod pairs;
pub mod payload;
pub mod policy;
pub mod reconcile;
pub mod renames;
pub mod run;
pub mod select;
pub mod series;
pub mod size;
pub mod symbols;
pub mod waive;
pub mod warnings;
