//! `hmmsize build`: read, think, render.

use crate::cli::build::Build;
use crate::cli::common::Common;
use crate::exit::{Error, Exit, Result};
use crate::kbuild::process::Runner;
use crate::kbuild::{describe, planner};
use crate::render;

use super::{ask, output};

/// Runs the command.
pub fn run(common: &Common, args: &Build) -> Result<Exit> {
    let ask = ask::ask(common, &args.what, !args.no_ccache)?;
    let mut runner = Runner::new(None)?;
    runner.echo = common.verbose > 1;
    let plan = planner::plan(&ask, &runner)?;
    if args.dry_run {
        let text = render::plan::plan(&describe::describe(&plan));
        output::write(common.output.as_deref(), text)?;
        return Ok(Exit::Ok);
    }
    Err(Error::Usage("build: only --dry-run yet".into()))
}
