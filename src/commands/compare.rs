//! `hmmsize compare`: read, think, render.

use crate::cli::common::Common;
use crate::cli::compare::Compare;
use crate::exit::{Error, Exit, Result};

/// Runs the command.
pub fn run(_common: &Common, _args: &Compare) -> Result<Exit> {
    Err(Error::Usage("compare: not written yet".into()))
}
