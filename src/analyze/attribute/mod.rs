//! Attribution of bytes to options: which gate in the source decides that a byte of one image is not in
//! another.
//!
//! [`pieces`] deals every ALLOC byte of an image out to an object and a symbol; [`partition`] puts two
//! images side by side and asks for each difference, in the order of DESIGN.md's definition, what decides
//! it. What the source says comes from outside, as chains of gates.

pub mod decide;
pub mod inlined;
pub mod kallsyms;
pub mod partition;
pub mod pieces;
pub mod record;
pub mod sites;
pub mod strings;
#[cfg(test)]
mod tests;
pub mod types;
