//! `hmmsize explain`: its arguments.

// The help text is printed as it stands.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXIT_CODES: &str = "\
Example: hmmsize explain CONFIG_ZONE_DEVICE -C ../linux
Exit codes: 0 found; 2 nothing has that name, or bad input.";

const EXAMPLES: &str = "\
The first question about a tree makes an index in the cache, which takes a while. After that, files
that have changed are read again when a question is asked: an answer is never older than the tree.
The tree is not written, and nothing of it is run.

What is called never possible is so in every configuration, by proof.

Exit codes: 0 found; 2 nothing has that name, or bad input.

Examples:
  hmmsize explain CONFIG_ZONE_DEVICE -C ../linux
  hmmsize explain ZONE_DEVICE --witness --arch x86,arm64
  hmmsize explain put_page --run out/run.json
  hmmsize explain mm/memory.c:3920 --format json";

/// Say everything about an option, a function or a line: what gates it, who uses it, its bytes.
#[derive(Debug, Clone, Default, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("explain")))]
#[command(after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub struct Explain {
    /// An option, a function, or a place in a file.
    #[arg(value_name = "CONFIG_X|FUNCTION|FILE[:LINE]")]
    pub name: String,
    /// The tree [default: .].
    #[arg(short = 'C', long = "source", value_name = "TREE")]
    pub tree: Option<PathBuf>,
    /// Only what is so on these of the kernel's ARCH names [default: all].
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    pub arch: Vec<String>,
    /// Show configurations in which the option is on: for each --arch, else for one architecture.
    #[arg(long)]
    pub witness: bool,
    /// Count bytes in the images of a run of `hmmsize build`.
    #[arg(long, value_name = "RUN.JSON")]
    pub run: Vec<PathBuf>,
    /// Count bytes in a linked kernel.
    #[arg(long, value_name = "VMLINUX")]
    pub image: Vec<PathBuf>,
    /// Look for callers in all files, and list everything.
    #[arg(long)]
    pub all: bool,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text, value_name = "F")]
    pub format: ExplainFormat,
}

/// Output formats of `hmmsize explain`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// For people.
    #[default]
    Text,
    /// For pull requests and reports.
    Markdown,
    /// Everything; the schema is `src/schema/explain.schema.json`.
    Json,
}
