//! `hmmsize diffconfig`: its arguments.

use clap::Args;

/// Arguments of `hmmsize diffconfig`.
#[derive(Debug, Clone, Args)]
pub struct Diffconfig {
    /// Files and `KEY=VALUE` words.
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,
}
