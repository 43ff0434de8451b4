//! `hmmsize merge`: its arguments.

use std::path::PathBuf;

use clap::Args;

/// What the exit codes mean, after the options.
const AFTER: &str = "\
Example: hmmsize merge parts/*.json -o run.json
Exit codes: 0 complete; 2 not parts of one run; 3 a cell is missing or has no result";

/// Join the parts of a run that several machines built.
///
/// The result is what one `hmmsize build` would have written. Parts of other sources or compilers,
/// and cells that are there twice, are refused; with cells missing, the result is itself a part.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("merge")))]
#[command(after_help = AFTER)]
pub struct Merge {
    /// Files that `hmmsize build --cells` wrote, in any order.
    #[arg(value_name = "PART.json", required = true)]
    pub parts: Vec<PathBuf>,
}
