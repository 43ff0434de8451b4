//! `hmmsize plan`: its arguments.

use clap::{Args, ValueEnum};

use super::build::What;

/// An example, after the options.
const AFTER: &str = "\
Example: hmmsize plan --arch all --option ZONE_DEVICE --format github
then in each job: hmmsize build --arch all --option ZONE_DEVICE --cells CELLS
and at the end: hmmsize merge */part-*.json -o run.json
Exit codes: 0 fine; 2 bad input.";

/// Deal the cells of a matrix out to the jobs of a CI.
///
/// The matrix is that of `hmmsize build`, with the same options. Shards cost about the same, as far
/// as can be said before; cells that are going to have the same inputs stay together.
#[derive(Debug, Clone, Args)]
#[command(disable_help_flag = true, arg(super::help_flag("plan")))]
#[command(after_help = AFTER)]
pub struct Plan {
    /// What to build.
    #[command(flatten)]
    pub what: What,
    /// github, gitlab or json [default: json].
    ///
    /// github: for `matrix: ${{ fromJSON(…) }}`, at most 256 jobs; gitlab: a job with
    /// parallel:matrix that extends `.hmmsize`, at most 200.
    #[arg(long, value_enum, default_value_t = PlanFormat::Json, hide_default_value = true, hide_possible_values = true, value_name = "FORMAT", help_heading = "How")]
    pub format: PlanFormat,
    /// At most that many jobs [default: a cell each].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = "How")]
    pub shards: Option<u32>,
}

/// Whose matrix to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Everything; the schema is `src/schema/plan.schema.json`.
    Json,
}
