//! `hmmsize build`: its arguments.

use clap::Args;

/// Arguments of `hmmsize build`.
#[derive(Debug, Clone, Args)]
pub struct Build {
    /// Files and `KEY=VALUE` words.
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
}
