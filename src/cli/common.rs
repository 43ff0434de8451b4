//! Options that every command understands, and the make-style words some of them take.

use clap::{ArgAction, Args, ValueEnum};

/// Where the help lists them: apart from a command's own.
const GLOBAL: &str = "Global options";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// Say less (twice: only errors).
    #[arg(short, long, global = true, help_heading = GLOBAL, action = ArgAction::Count)]
    pub quiet: u8,
    /// Say more (twice: every command that is run).
    #[arg(short, long, global = true, help_heading = GLOBAL, action = ArgAction::Count)]
    pub verbose: u8,
    /// Colours: auto, always or never [default: auto].
    ///
    /// auto: on a terminal, unless `NO_COLOR` is set.
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, default_value_t = Color::Auto, hide_default_value = true, hide_possible_values = true, value_name = "WHEN")]
    pub color: Color,
    /// Say how long each phase took.
    #[arg(long, global = true, help_heading = GLOBAL, hide_short_help = true)]
    pub time: bool,
    /// Parallel jobs [default: the number of CPUs].
    #[arg(short, long, global = true, help_heading = GLOBAL, value_name = "N")]
    pub jobs: Option<usize>,
    /// Write the result to FILE.
    ///
    /// `-` is standard output, as without it.
    #[arg(short, long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub output: Option<String>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
