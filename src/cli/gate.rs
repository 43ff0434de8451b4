//! `hmmsize gate`: its arguments.

// The help text is printed as it stands.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::build::What;

/// Arguments of `hmmsize gate`.
#[derive(Debug, Clone, Args)]
#[command(
    mut_arg("words", |arg| arg.value_name("RUN.json|IMAGE|KEY=VALUE").help(
        "A run.json, or vmlinux images to hold against --baseline; where neither is given, words \
         for make, since sources are built first")),
    mut_arg("arch", |arg| arg.help("Judge (and build) these architectures only")),
    mut_arg("variant", |arg| arg.help(
        "Which recorded variant an image is held against; which variants are built")),
    after_help = "\
Exit codes, the first that applies: 2 not comparable (another compiler, linker, base config, target \
or architecture, payloads of two kinds) or nothing judged; 3 a cell failed, was skipped, was dropped \
or is missing (125 with --bisect); 1 over budget; 0 pass.\n\n\
Without --policy: against a baseline no payload may grow; between two sources the option must cost \
nothing where it is off."
)]
pub struct Gate {
    /// What to judge: a run.json, images, or what is built first (--base REV --head REV, …).
    #[command(flatten)]
    pub what: What,
    /// What may grow, by how much, and what is excused (TOML).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Hold every cell against what FILE recorded.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Hold every variant of the run against variant NAME.
    #[arg(long, value_name = "NAME", conflicts_with = "baseline")]
    pub against_variant: Option<String>,
    /// Hold every source of the run against source LABEL.
    #[arg(long, value_name = "LABEL", conflicts_with_all = ["baseline", "against_variant"])]
    pub against_source: Option<String>,
    /// Record what fell below the baseline (and what is new in it).
    #[arg(long, requires = "baseline")]
    pub update_baseline: bool,
    /// With --update-baseline: record everything as it is now, and judge against that.
    #[arg(long, requires = "update_baseline")]
    pub force: bool,
    /// With --update-baseline: record symbol sizes too, so that growth has names without the old image.
    #[arg(long, requires = "update_baseline")]
    pub record_symbols: bool,
    /// Exit with 125 instead of 3, so that `git bisect run` skips what does not build.
    #[arg(long)]
    pub bisect: bool,
    /// How to print the verdict.
    #[arg(long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub format: Format,
    /// Symbols to name for each judgement, 0 for all [default: 20; all for off-costs-nothing].
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
