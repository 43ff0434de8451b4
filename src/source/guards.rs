//! Guards: when is a line of a C, header, assembly or linker script file compiled?
//!
//! [`read()`] turns one file into its conditional blocks, each with the formula under which its lines
//! are there, the guards in code (`if (IS_ENABLED(CONFIG_X))`) and every mention of an option;
//! [`tree::read`] does it for a whole kernel. A file is read as the C preprocessor reads it (splices,
//! comments, literals, directives in that order), but under all configurations at once: where the
//! preprocessor has a macro's value, this has a formula.
//!
//! Includes are not followed. What an included file may define or undefine is a variable of its own,
//! a new one after each `#include`; see `macros`.

mod at;
mod blocks;
mod chars;
mod code;
mod code_expr;
mod code_tokens;
mod collect;
mod condition;
pub mod count;
pub mod index;
mod lines;
mod lower;
mod macros;
mod mentions;
mod scan;
mod skeleton;
mod statement;
#[cfg(test)]
mod tests;
mod tokens;
pub mod tree;
pub mod types;

pub use at::Around;
pub use collect::read;
pub use types::{
    Block, CodeGuard, CodePart, Directive, FileGuards, FileKind, Include, Manner, Mention, Operand,
    OperandKind, Override, Span,
};
