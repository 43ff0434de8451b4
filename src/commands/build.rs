//! `hmmsize build`: read, think, render.

use crate::cli::build::Build;
use crate::cli::common::Common;
use crate::exit::{Error, Exit, Result};

/// Runs the command.
pub fn run(_common: &Common, _args: &Build) -> Result<Exit> {
    Err(Error::Usage("build: not written yet".into()))
}
