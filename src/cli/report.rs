//! `hmmsize report`: its arguments.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Make one page of the JSON of runs, comparisons and findings.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("report")))]
#[command(
    after_help = "`compare --show all --format json` says what did not change as well, which the \
                  map needs to show the whole kernel.\n\
                  Example: hmmsize report run.json compare.json -o report.html\n\
                  Exit codes: 0 fine; 2 bad input."
)]
pub struct Report {
    /// JSON of build (run.json), compare, audit, lint, and histories of `gate --record`.
    #[arg(value_name = "INPUT.json", required = true)]
    pub inputs: Vec<PathBuf>,
    /// What to make.
    #[arg(long, value_enum, default_value_t = ReportFormat::Html, value_name = "FORMAT")]
    pub format: ReportFormat,
    /// The title of the page.
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Show the lines that findings are about, from this tree.
    ///
    /// Nothing outside of it is read.
    #[arg(short = 'C', long, value_name = "DIR")]
    pub tree: Option<PathBuf>,
}

/// What `hmmsize report` makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One file for a browser that needs nothing else.
    Html,
    /// A comment on a pull request.
    Markdown,
}
