//! hmmsize: what a kernel option costs, proven.
//!
//! The modules stand in pipeline order: a tree is built by [`kbuild`], readers ([`elf`], [`kconf`])
//! turn bytes into the plain data of [`model`], [`analyze`] thinks about it without any I/O, and
//! [`render`] prints it. [`commands`] wires one user command each. DESIGN.md has the rules that
//! `cargo xtask tidy` keeps.

pub mod cli;
pub mod commands;

pub mod analyze;
pub mod explain;
pub mod lint;
pub mod render;

pub mod elf;
pub mod kbuild;
pub mod kconf;
pub mod logic;
pub mod source;

pub mod exit;
pub mod model;
