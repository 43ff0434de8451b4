//! The command line: clap structs and nothing else. One file a command, shared words in `common`.

use clap::{Parser, Subcommand};

pub mod build;
pub mod common;
pub mod compare;
pub mod diffconfig;
pub mod gate;

/// What a kernel option costs: build, compare and gate Linux kernel sizes.
#[derive(Debug, Parser)]
#[command(name = "hmmsize", version, about, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// Options every command understands.
    #[command(flatten)]
    pub common: common::Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare the sizes of images: totals as `size` prints them, then what changed.
    Compare(compare::Compare),
    /// Build kernels with and without an option, on several architectures, and measure them.
    Build(build::Build),
    /// Judge sizes against a baseline and a policy.
    Gate(gate::Gate),
    /// Show the difference of two configurations.
    Diffconfig(diffconfig::Diffconfig),
}
