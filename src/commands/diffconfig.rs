//! `hmmsize diffconfig`: read, think, render.

use crate::cli::common::Common;
use crate::cli::diffconfig::Diffconfig;
use crate::exit::{Error, Exit, Result};

/// Runs the command.
pub fn run(_common: &Common, _args: &Diffconfig) -> Result<Exit> {
    Err(Error::Usage("diffconfig: not written yet".into()))
}
