//! `hmmsize lint`: its arguments.

// The help text is printed as it stands.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::config::ProbeMode;

const EXIT_CODES: &str = "\
Example: hmmsize lint -C ../linux --diff HEAD~1
Exit codes: 0 nothing at or above --deny; 1 findings; 2 bad usage or input.";

const EXAMPLES: &str = "\
Nothing of the tree is run unless --probe=run or --verify says so. A finding that depends on what
a compiler can do says on which probe.

Exit codes: 0 nothing at or above --deny; 1 findings; 2 bad usage or input.

Examples:
  hmmsize lint
  hmmsize lint -C ../linux --arch arm64,x86 --symbol ZONE_DEVICE
  hmmsize lint --rule unmet-select --format sarif -o lint.sarif
  hmmsize lint --gating --path 'mm/**'
  hmmsize lint --rule unmet-select --verify
  hmmsize lint --diff HEAD~1
  hmmsize lint --fix fix.patch; git apply fix.patch
  hmmsize lint --explain K001

More: --explain all (the rules), --explain verify (what --verify runs),
and --explain suppress (how findings are hidden).";

/// Headings of the help.
const READ: &str = "What is read";
const ASKED: &str = "What is asked";
const SAID: &str = "What is said, confirmed and mended";

/// Check Kconfig dependencies, #ifdef guards and what is built when.
#[derive(Debug, Clone, Default, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("lint")))]
#[command(after_help = EXIT_CODES, after_long_help = EXAMPLES)]
pub struct Lint {
    /// ARCH=arm64 and other words for make.
    #[arg(value_name = "KEY=VALUE")]
    pub words: Vec<String>,
    /// The tree [default: .].
    #[arg(short = 'C', long = "source", value_name = "TREE", help_heading = READ)]
    pub tree: Option<PathBuf>,
    /// The kernel's ARCH names [default: all].
    #[arg(long, value_name = "ARCH", value_delimiter = ',', help_heading = READ)]
    pub arch: Vec<String>,
    /// Where results of Kconfig's `$(shell …)` come from.
    ///
    /// With `never`, every outcome is possible.
    #[arg(long, value_name = "MODE", value_enum, default_value_t = ProbeMode::Never, help_heading = READ, hide_short_help = true)]
    pub probe: ProbeMode,
    /// The language of this version of Linux [default: that of the tree's Makefile].
    #[arg(long, value_name = "VERSION", hide_short_help = true, help_heading = READ)]
    pub dialect: Option<String>,
    /// Only these rules, by code or name.
    ///
    /// `all` are also those that are off by default.
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = ASKED)]
    pub rule: Vec<String>,
    /// Also functions that are not where they are used.
    #[arg(long, help_heading = ASKED)]
    pub gating: bool,
    /// Only findings in files that match.
    #[arg(long, value_name = "GLOB", help_heading = ASKED)]
    pub path: Vec<String>,
    /// Only findings about these options.
    ///
    /// At their lines, or with their names in the evidence.
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = ASKED)]
    pub symbol: Vec<String>,
    /// Only what is new since a git revision, here or elsewhere.
    #[arg(long, value_name = "REV", help_heading = ASKED)]
    pub diff: Option<String>,
    /// Hide the findings that this file knows.
    #[arg(long, value_name = "FILE", help_heading = ASKED)]
    pub baseline: Option<PathBuf>,
    /// Write the findings to a file for --baseline.
    #[arg(long, value_name = "FILE", help_heading = ASKED, hide_short_help = true)]
    pub write_baseline: Option<PathBuf>,
    /// Hide what this file says, for the reasons that it gives.
    #[arg(long, value_name = "FILE", help_heading = ASKED, hide_short_help = true)]
    pub suppress: Option<PathBuf>,
    /// Runs code of the tree: conf or a compiler confirms.
    ///
    /// Findings are confirmed by the tree's conf, a second solver or a compiler, and not printed where
    /// they are refuted.
    #[arg(long, help_heading = SAID)]
    pub verify: bool,
    /// With --verify, compile so many findings of each rule at most.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 20,
        requires = "verify",
        hide_short_help = true,
        help_heading = SAID
    )]
    pub verify_limit: usize,
    /// With --verify, a program that solves DIMACS CNF, such as minisat, in place of the one built in.
    #[arg(long, value_name = "CMD", requires = "verify", hide_short_help = true, help_heading = SAID)]
    pub solver2: Option<String>,
    /// Write a patch that mends what can be mended mechanically.
    ///
    /// `-` is standard output.
    #[arg(long, value_name = "FILE", help_heading = SAID)]
    pub fix: Option<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = LintFormat::Text, value_name = "F", help_heading = SAID)]
    pub format: LintFormat,
    /// Exit with 1 from note, warning or error on; or never.
    ///
    /// [default: warning]
    #[arg(
        long,
        value_name = "LEVEL",
        value_enum,
        default_value_t = Deny::Warning,
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = SAID
    )]
    pub deny: Deny,
    /// Print the page of a rule, `all`, `verify` or `suppress`.
    #[arg(long, value_name = "CODE", help_heading = SAID)]
    pub explain: Option<String>,
}

/// Output formats of `hmmsize lint`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// With the lines, as rustc prints.
    #[default]
    Text,
    /// `file:line:col: warning: message [CODE]`, as gcc and sparse print.
    Short,
    /// Everything; the schema is `src/schema/lint.schema.json`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// Tables and lists for pull requests and reports.
    Markdown,
    /// A table of rules and counts.
    Summary,
}

/// The lowest severity that makes the exit code 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Notes too.
    Note,
    /// Warnings and errors.
    #[default]
    Warning,
    /// Errors only.
    Error,
    /// Nothing does.
    Never,
}
