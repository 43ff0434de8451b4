//! `hmmsize audit`: its arguments.

// The help text is printed as it stands.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::build::What;
use super::lint::Deny;

const SHORT: &str = "\
Example: hmmsize audit --option ZONE_DEVICE -C ../linux out/run.json
What is built first takes the options of `hmmsize build` as well.
Exit codes: 0 it holds; 1 it does not; 2 bad input; 3 cells without a result.";

const LONG: &str = "\
The question is whether an option costs nothing for whoever does not use it. Without images or a run,
the answer comes from the source alone: where the option can be on, what the gating rules of `hmmsize
lint` say about it, which functions it gates, and which of those have stubs.

Every byte of a difference has one reason, the first that holds: direct (a gate that names the option
keeps it away), dragged-in (a gate that names another option that changed), ungated (both have it, and
it is larger), padding, noise, unattributed. The sum is exact.

Exit codes, the first that applies: 2 bad usage or input; 3 a cell failed, was skipped or is missing;
1 it costs more than --max-off where it is off, or than --max-on where it is on, or a finding is at or
above --deny; 0 it holds.

Examples:
  hmmsize audit --option ZONE_DEVICE -C ../linux
  hmmsize audit --option ZONE_DEVICE -C ../linux out/run.json
  hmmsize audit --option ZONE_DEVICE --without old/vmlinux --with vmlinux
  hmmsize audit --option ZONE_DEVICE --base HEAD~1 --arch x86_64,arm64
  hmmsize audit --option ZONE_DEVICE out/run.json --commit-message";

/// Say what an option costs whoever does not use it, and which bytes it owns.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("audit")))]
#[command(
    mut_arg("words", |arg| arg.value_name("RUN.json|KEY=VALUE").help(
        "A run.json, or words for make")
        .long_help("The result of `hmmsize build`; words for make, where something is built")),
    mut_arg("option", |arg| arg.help("The options in question").required(true)
        .long_help("The options in question; where something is built, with and without them")),
    mut_arg("source", |arg| arg.help("The tree [default: .]")
        .long_help("The tree that the images were built from [default: .]")),
    mut_arg("arch", |arg| arg.help("Only these architectures [default: all]")
        .long_help("Only these architectures [default: all; those of the run, for sizes]")),
    mut_arg("base", |arg| arg.help("Build this too: what the option costs off")),
    mut_arg("head", |arg| arg.hide_short_help(true)),
    mut_arg("range", |arg| arg.hide(true)),
    mut_arg("out", |arg| arg.hide_short_help(true)),
    mut_arg("variant", |arg| arg.hide_short_help(true)),
    mut_arg("matrix", |arg| arg.hide_short_help(true)),
    mut_arg("target", |arg| arg.hide(true)),
    mut_arg("base_config", |arg| arg.hide_short_help(true)),
    mut_arg("fragment", |arg| arg.hide_short_help(true)),
    mut_arg("quiet_config", |arg| arg.hide_short_help(true)),
    mut_arg("debug_info", |arg| arg.hide_short_help(true)),
    after_help = SHORT,
    after_long_help = LONG
)]
pub struct Audit {
    /// What is asked about, and what is built first.
    #[command(flatten)]
    pub what: What,
    /// A vmlinux in which the options are off.
    #[arg(long, value_name = "FILE", help_heading = "Images")]
    pub without: Option<PathBuf>,
    /// A vmlinux in which they are on.
    #[arg(long, value_name = "FILE", requires = "without", help_heading = "Images")]
    pub with: Option<PathBuf>,
    /// A vmlinux of an earlier source, with the options off.
    #[arg(long, value_name = "FILE", requires = "without", help_heading = "Images")]
    pub before: Option<PathBuf>,
    /// The earlier source, to say which lines are new.
    #[arg(long, value_name = "TREE", help_heading = "Images", hide_short_help = true)]
    pub before_tree: Option<PathBuf>,
    /// Build with and without the options first.
    #[arg(long)]
    pub build: bool,
    /// Bytes that it may cost where it is off.
    #[arg(long, value_name = "BYTES", default_value_t = 0, help_heading = "Verdict")]
    pub max_off: u64,
    /// Bytes that it may cost where it is on.
    #[arg(long, value_name = "BYTES", help_heading = "Verdict")]
    pub max_on: Option<u64>,
    /// So many of those without a gate of their own.
    #[arg(long, value_name = "BYTES", help_heading = "Verdict", hide_short_help = true)]
    pub max_ungated: Option<u64>,
    /// The lowest severity of a finding that makes the exit code 1.
    #[arg(
        long,
        value_name = "LEVEL",
        value_enum,
        hide_possible_values = true,
        default_value_t = Deny::Warning,
        help_heading = "Verdict", hide_short_help = true)]
    pub deny: Deny,
    /// Print the block for a commit message only.
    #[arg(long, conflicts_with = "format", hide_short_help = true)]
    pub commit_message: bool,
    /// Format: table, markdown, json or csv [default: table].
    #[arg(long, value_enum, default_value_t = AuditFormat::Table, hide_default_value = true, value_name = "FORMAT", hide_possible_values = true)]
    pub format: AuditFormat,
    /// Show N rows of each pair, 0 for all [default: 20].
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
}

/// How to print an audit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// For a terminal.
    #[default]
    Table,
    /// For a pull request or a report.
    Markdown,
    /// Everything; the schema is `src/schema/audit.schema.json`.
    Json,
    /// A line for each row of each pair.
    Csv,
}
