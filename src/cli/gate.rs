//! `hmmsize gate`: its arguments.

use clap::Args;

/// Arguments of `hmmsize gate`.
#[derive(Debug, Clone, Args)]
pub struct Gate {
    /// Files and `KEY=VALUE` words.
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
}
