//! `hmmsize gate`: its arguments.

// The help text is printed as it stands.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::build::What;

// What builds is in the long help: it is what `build -h` shows.
const SHORT: &str = "\
Example: hmmsize gate out/run.json --policy policy.toml
What is built first takes the options of `hmmsize build` as well.
Exit codes: 0 pass; 1 over budget; 2 not comparable; 3 cells without a result.";

/// Judge sizes against a baseline and a policy.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("gate")))]
#[command(
    mut_arg("words", |arg| arg.value_name("RUN.json|IMAGE|KEY=VALUE").help(
        "A run.json, images, or words for make")
        .long_help("A run.json, or vmlinux images to hold against --baseline; where neither is \
         given, words for make, since sources are built first")),
    mut_arg("arch", |arg| arg.help("Judge (and build) these only")
        .long_help("Judge (and build) these architectures only")),
    mut_arg("variant", |arg| arg.help("Hold an image against this variant")
        .long_help("Which recorded variant an image is held against; which variants are built")),
    mut_arg("source", |arg| arg.hide_short_help(true)),
    mut_arg("range", |arg| arg.hide_short_help(true)),
    mut_arg("out", |arg| arg.hide_short_help(true)),
    mut_arg("option", |arg| arg.hide_short_help(true)),
    mut_arg("matrix", |arg| arg.hide_short_help(true)),
    mut_arg("target", |arg| arg.hide_short_help(true)),
    mut_arg("base_config", |arg| arg.hide_short_help(true)),
    mut_arg("fragment", |arg| arg.hide_short_help(true)),
    mut_arg("quiet_config", |arg| arg.hide_short_help(true)),
    mut_arg("debug_info", |arg| arg.hide_short_help(true)),
    after_help = SHORT,
    after_long_help = "\
Exit codes, the first that applies: 2 not comparable (another compiler, linker, base config, target \
or architecture, payloads of two kinds) or nothing judged; 3 a cell failed, was skipped, was dropped \
or is missing (125 with --bisect); 1 over budget; 0 pass.\n\n\
Without --policy: against a baseline no payload may grow; between two sources the option must cost \
nothing where it is off.\n\n\
Examples:\n  \
  hmmsize gate out/run.json --policy policy.toml\n  \
  hmmsize gate vmlinux --baseline sizes.json --update-baseline\n  \
  hmmsize gate --base v6.11 --head HEAD --option ZONE_DEVICE --arch x86_64\n  \
  hmmsize gate out/run.json --format junit -o junit.xml"
)]
pub struct Gate {
    /// What to judge: a run.json, images, or what is built first (--base REV --head REV, …).
    #[command(flatten)]
    pub what: What,
    /// What may grow, and what is excused (TOML).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Hold cells against what FILE recorded.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Hold other variants against NAME.
    #[arg(long, value_name = "NAME", conflicts_with = "baseline")]
    pub against_variant: Option<String>,
    /// Hold other sources against LABEL.
    #[arg(long, value_name = "LABEL", conflicts_with_all = ["baseline", "against_variant"])]
    pub against_source: Option<String>,
    /// Record what is smaller, or new.
    ///
    /// Nothing that grew is recorded, unless by --force.
    #[arg(long, requires = "baseline")]
    pub update_baseline: bool,
    /// With --update-baseline: record all.
    ///
    /// Everything is recorded as it is now, and judged against that.
    #[arg(long, requires = "update_baseline", hide_short_help = true)]
    pub force: bool,
    /// With --update-baseline: symbols too.
    ///
    /// So that growth has names without the old image.
    #[arg(long, requires = "update_baseline", hide_short_help = true)]
    pub record_symbols: bool,
    /// Append what was measured to FILE (JSONL).
    ///
    /// One line a run, which `hmmsize report` draws as a chart.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Exit with 125 instead of 3.
    ///
    /// So that `git bisect run` skips what does not build.
    #[arg(long)]
    pub bisect: bool,
    /// How to print the verdict.
    #[arg(long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub format: Format,
    /// Name N symbols a judgement, 0 for all.
    ///
    /// [default: 20; all for off-costs-nothing]
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// The day on which waivers are looked at [default: today, UTC].
    #[arg(long, value_name = "YYYY-MM-DD", hide = true)]
    pub today: Option<String>,
}

/// How to print a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    Table,
    /// For a comment on a pull request.
    Markdown,
    /// Everything; the schema is `src/schema/verdict.schema.json`.
    Json,
    /// JUnit XML: a suite for each architecture, a test for each rule and cell.
    Junit,
    /// GitHub workflow annotations.
    Github,
}
