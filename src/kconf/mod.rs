//! The Kconfig language, exactly as `scripts/kconfig/conf` has it, and what it writes.
//!
//! Text → [`syntax`] (per file, shared by all architectures) → macros expanded and blocks nested →
//! [`model`] (per architecture, immutable) → evaluated per configuration. `conf` of the tree is the
//! oracle of every step.

pub mod build;
mod cycles;
pub mod decide;
pub mod dialect;
pub mod dotconfig;
pub mod eval;
pub mod expr;
mod finalize;
mod helpnew;
mod id;
mod macros;
pub mod merge;
pub mod model;
pub mod modes;
pub mod output;
pub mod print;
pub mod probe;
pub mod random;
pub mod read;
mod simplify;
pub mod source;
pub mod syntax;
pub mod warn;
pub mod why;
pub mod write;
