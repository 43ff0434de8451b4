//! `hmmsize config why`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::config::ProbeMode;

const EXIT_CODES: &str = "\
Example: hmmsize config why ZONE_DEVICE=y -C ../linux --config tinyconfig
Exit codes: 0 it has the value, or a way was found; 1 it cannot have it, or no
way was found; 2 bad input, or a probe that is not recorded.";

const EXAMPLES: &str = "\
What is proposed has been tried: a configuration with exactly those changes has the value. What is
called impossible is so in every configuration; the chain says why.

Exit codes: 0 it has the value, or a way to it was found; 1 no architecture can have it, or no way
was found; 2 bad input, or a probe that is not recorded.

Examples:
  hmmsize config why ZONE_DEVICE=y --config tinyconfig
  hmmsize config why HMM_MIRROR=n -C ../linux --arch arm --config allyesconfig
  hmmsize config why ZONE_DEVICE=y -C ../linux --arch all --config allyesconfig
  hmmsize config why -v NUMA --config /boot/config-6.12";

/// Arguments of `hmmsize config why`.
#[derive(Debug, Clone, Default, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("config why")))]
#[command(after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub struct Why {
    /// Options, with the value that each should have or without (`CONFIG_` may be written).
    #[arg(value_name = "SYMBOL[=VALUE]", required = true)]
    pub symbols: Vec<String>,
    /// The tree [default: .].
    #[arg(short = 'C', long = "source", value_name = "TREE")]
    pub tree: Option<PathBuf>,
    /// The kernel's ARCH names, or `all`.
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    pub arch: Vec<String>,
    /// The configuration in question: a file, or a target such as allyesconfig.
    ///
    /// [default: `KCONFIG_CONFIG`, else .config; where there is none, nothing is set]
    #[arg(long, value_name = "FILE|TARGET")]
    pub config: Option<PathBuf>,
    /// Assignments beyond it.
    #[arg(long, value_name = "FILE")]
    pub fragment: Vec<PathBuf>,
    /// Where results of Kconfig's `$(shell …)` come from (as for `config`).
    #[arg(long, value_name = "MODE", value_enum, default_value_t = ProbeMode::Cached)]
    pub probe: ProbeMode,
    /// The file they are recorded in [default: in the cache].
    #[arg(long, value_name = "FILE")]
    pub probe_file: Option<PathBuf>,
    /// The language of this version of Linux [default: that of the tree's Makefile].
    #[arg(long, value_name = "VERSION", hide_short_help = true)]
    pub dialect: Option<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = WhyFormat::Text, value_name = "F")]
    pub format: WhyFormat,
}

/// Output formats of `hmmsize config why`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum WhyFormat {
    /// A line for each architecture, and what to change; with -v, everything.
    #[default]
    Text,
    /// Everything; the schema is `src/schema/why.schema.json`.
    Json,
}
