//! What C, assembly and Kbuild files say about when they are compiled: guards (`#if` blocks) and
//! Makefile rules, as formulas over configuration symbols.

pub mod gates;
pub mod guards;
pub mod maintainers;
pub mod makefile;
pub mod symbols;
pub mod texts;
