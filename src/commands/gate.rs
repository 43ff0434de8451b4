//! `hmmsize gate`: read, think, render.

use crate::cli::common::Common;
use crate::cli::gate::Gate;
use crate::exit::{Error, Exit, Result};

/// Runs the command.
pub fn run(_common: &Common, _args: &Gate) -> Result<Exit> {
    Err(Error::Usage("gate: not written yet".into()))
}
