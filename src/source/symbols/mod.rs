//! Functions: which file defines, declares, exports, calls or only mentions one.
//!
//! Everything is found from the text of one file at a time, all branches of conditionals alike;
//! [`crate::source::guards`] says when a line is there. Macros are not expanded, so what they make is
//! not seen, and who draws conclusions has to keep away from what they might have made.

pub mod constant;
mod declare;
pub mod define;
pub mod flags;
pub mod growth;
mod lexer;
mod mentions;
pub mod reach;
pub mod signature;
pub mod tree;
mod types;
pub mod words;

pub use declare::functions;
pub use types::{Function, Manner, Mention, NOWHERE, Pasted, SourceFile, Symbols};
