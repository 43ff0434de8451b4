//! `hmmsize compare`: its arguments.

use clap::Args;

/// Arguments of `hmmsize compare`.
#[derive(Debug, Clone, Args)]
pub struct Compare {
    /// Files and `KEY=VALUE` words.
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
}
