//! `hmmsize cost`: its arguments.

// The help text is printed as it stands.
#![allow(clippy::doc_markdown)]

use clap::{Args, ValueEnum};

use super::build::What;

const SHORT: &str = "\
Example: hmmsize cost out/run.json -C ../linux --sort removes
Exit codes: 0 fine; 2 bad input; 3 a build failed or has no result.";

const LONG: &str = "\
OWN is what an option decides: every byte of the kernel's payload belongs to the first option that its
gates name without which that gate would be closed (guards from the inside out, then the rules of the
makefiles), or to none. It sums. REMOVES is what would go if the option were set n, with all that goes
off with it, as Kconfig says; one byte counts for several options there. It is an estimate: what is
inlined, struct fields, and what comes on instead are not in it. --exact builds the kernel without the
first options, and says how far the estimate was off.

The configuration is the .config beside the image, or what the image carries; objects come from the
linker map beside it (VMLINUX.map), which `hmmsize build` makes. A kernel that is linked from vmlinux.o
(x86 with IBT, LTO) has a map that does not tell; that is an error.

Exit codes: 0 fine; 2 bad usage or input; 3 a build failed or has no result.

Examples:
  hmmsize cost out/run.json -C ../linux
  hmmsize cost ../build/vmlinux -C ../linux --sort removes
  hmmsize cost -C ../linux --arch x86_64 --base-config tinyconfig
  hmmsize cost -C ../linux --arch arm --base-config my.config --exact 5";

/// Rank the options of a kernel by what they cost, and say what would go without each.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("cost")))]
#[command(
    mut_arg("words", |arg| arg.value_name("RUN.json|VMLINUX|KEY=VALUE").help(
        "A run.json, a kernel, words for make")
        .long_help("The result of `hmmsize build`, or a linked kernel; without one, a kernel is \
            built. Words for make, where something is built")),
    mut_arg("option", |arg| arg.help("Only these options").long_help(
        "Only these options; everything is counted all the same")),
    mut_arg("source", |arg| arg.help("The tree [default: .]")
        .long_help("The tree that the image was built from [default: .]")),
    mut_arg("arch", |arg| arg.help("Only these architectures")
        .long_help("Only these architectures of a run; those to build for")),
    mut_arg("variant", |arg| arg.help("Only these variants of a run").long_help(None)),
    mut_arg("base", |arg| arg.hide(true)),
    mut_arg("head", |arg| arg.hide(true)),
    mut_arg("range", |arg| arg.hide(true)),
    mut_arg("matrix", |arg| arg.hide(true)),
    mut_arg("target", |arg| arg.hide(true)),
    mut_arg("debug_info", |arg| arg.hide(true)),
    mut_arg("out", |arg| arg.hide_short_help(true)),
    mut_arg("fragment", |arg| arg.hide_short_help(true)),
    mut_arg("quiet_config", |arg| arg.hide_short_help(true)),
    after_help = SHORT,
    after_long_help = LONG
)]
pub struct Cost {
    /// What is looked at, or built first.
    #[command(flatten)]
    pub what: What,
    /// Which options come first.
    #[arg(long, value_enum, default_value_t = CostSort::Own, value_name = "COLUMN")]
    pub sort: CostSort,
    /// Only options that can be set n as things are.
    #[arg(long)]
    pub removable: bool,
    /// Build without each of the first N that can be set n.
    ///
    /// Also the kernel as it is, to compare with; all in O=DIR/exact. The table says how far the
    /// estimate was off.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub exact: usize,
    /// Show N options, 0 for all [default: 20].
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// How to print it: table, markdown, json or csv.
    #[arg(long, value_enum, default_value_t = CostFormat::Table, value_name = "FORMAT", hide_possible_values = true)]
    pub format: CostFormat,
}

/// Which options come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CostSort {
    /// Those that decide most bytes.
    #[default]
    Own,
    /// Those without which most bytes would go.
    Removes,
}

/// How to print costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum CostFormat {
    /// For a terminal.
    #[default]
    Table,
    /// For a report.
    Markdown,
    /// Everything; the schema is `src/schema/cost.schema.json`.
    Json,
    /// A line for each option of each build.
    Csv,
}
