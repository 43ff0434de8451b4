//! `hmmsize build`: read, think, render.

use std::path::PathBuf;

use clap::Parser;

use crate::cli::build::{Build, Kept, What};
use crate::cli::common::Common;
use crate::cli::{Cli, Command};
use crate::exit::{Error, Exit, Result};
use crate::kbuild::jobs::Pool;
use crate::kbuild::kept::Keep;
use crate::kbuild::part;
use crate::kbuild::plan::{CellPlan, Plan};
use crate::kbuild::process::Runner;
use crate::kbuild::state::{self, RUN};
use crate::kbuild::{describe, planner};
use crate::model::run::{Run, SCHEMA};
use crate::model::words::MakeWords;
use crate::render;

use super::execute::Options;
use super::{ask, configure_only, execute, json, output};

/// Runs the command.
pub fn run(common: &Common, args: &Build) -> Result<Exit> {
    let recorded = if args.resume { recorded(args)? } else { None };
    let (args, command) = match &recorded {
        Some((args, command)) => (args, Some(command.clone())),
        None => (args, None),
    };
    let mut ask = ask::ask(common, &args.what, !args.no_ccache)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let jobs = *ask.jobs.get_or_insert(cores);
    let pool = Pool::new(jobs)?;
    let mut runner = Runner::new(Some(pool.client()))?;
    runner.echo = common.verbose > 1;
    let mut plan = planner::plan(&ask, &runner)?;
    if !args.cells.is_empty() {
        plan = part::take(plan, &args.cells)?;
    }
    if args.dry_run {
        let text = render::plan::plan(&describe::describe(&plan));
        output::write(common.output.as_deref(), text)?;
        return Ok(Exit::Ok);
    }
    if common.quiet == 0 {
        for note in &plan.notes {
            eprintln!("hmmsize: note: {note}");
        }
    }
    if args.configure_only {
        return configure_only::run(common, &plan, args.timeout, args.bisect, &runner, &pool);
    }
    let options = Options {
        timeout: args.timeout,
        rebuild: args.rebuild,
        noise: args.noise,
        bisect: args.bisect,
        keep: keep(args, &plan),
        cache: ask.cache,
        command,
    };
    execute::execute(common, &plan, &options, &runner, &pool)
}

/// What was asked for with `--keep`; else build trees stay unless a series is built, where they would
/// fill the disk and nobody looks at them.
fn keep(args: &Build, plan: &Plan) -> Keep {
    let series = plan.rounds().len() > 2;
    match args.keep {
        Some(Kept::Results) => Keep::Results,
        None if series => Keep::Results,
        _ => Keep::All,
    }
}

/// `--resume O=DIR` alone: the arguments that the run in DIR was started with. With anything else
/// said, what is said counts: finished cells are never built twice anyway.
/// Relative paths among them mean what they meant then. Returns the words too, for the next time.
fn recorded(args: &Build) -> Result<Option<(Build, Vec<String>)>> {
    let words = MakeWords::parse(&args.what.words).map_err(Error::Usage)?;
    let word = words.get("O").filter(|_| args.what.words.len() == 1);
    let out = args.what.out.clone().or_else(|| word.map(crate::kbuild::matrix::home));
    let Some(out) = out else { return Ok(None) };
    let rest = What { words: Vec::new(), out: None, ..args.what.clone() };
    if (word.is_none() && !words.is_empty()) || rest != What::default() {
        return Ok(None);
    }
    let file = out.join(RUN);
    let run: Run = json::read(&file, "a run.json of hmmsize build", SCHEMA)?;
    match Cli::try_parse_from(&run.command).map(|cli| cli.command) {
        Ok(Command::Build(build)) => {
            let out = std::path::absolute(&out).map_err(|e| Error::io(&out, e))?;
            if let Some(dir) = state::started_in(&out) {
                std::env::set_current_dir(&dir).map_err(|e| Error::io(&dir, e))?;
            }
            let out = Some(out);
            let what = What { out, words: no_out(&build.what.words), ..build.what };
            Ok(Some((Build { what, ..build }, run.command)))
        }
        _ => Err(Error::input(&file, "does not say how it was started")),
    }
}

/// The words without the output directory, which is said by where `run.json` was found.
fn no_out(words: &[String]) -> Vec<String> {
    words.iter().filter(|word| !word.starts_with("O=")).cloned().collect()
}

/// Plans and builds `what`, for commands that go on with the result: the run, and its file.
pub fn carry_out(common: &Common, what: &What) -> Result<(Run, PathBuf)> {
    carry_out_some(common, what, |_, _| true)
}

/// As [`carry_out`], but only the cells of the plan that are `wanted`.
///
/// # Errors
/// As [`carry_out`].
pub fn carry_out_some(
    common: &Common,
    what: &What,
    wanted: impl Fn(&Plan, &CellPlan) -> bool,
) -> Result<(Run, PathBuf)> {
    let mut ask = ask::ask(common, what, true)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let pool = Pool::new(*ask.jobs.get_or_insert(cores))?;
    let mut runner = Runner::new(Some(pool.client()))?;
    runner.echo = common.verbose > 1;
    let mut plan = planner::plan(&ask, &runner)?;
    let keep: Vec<bool> = plan.cells.iter().map(|cell| wanted(&plan, cell)).collect();
    let mut keep = keep.into_iter();
    plan.cells.retain(|_| keep.next().unwrap_or(true));
    if common.quiet == 0 {
        for note in &plan.notes {
            eprintln!("hmmsize: note: {note}");
        }
    }
    let options = Options { cache: ask.cache, ..Options::default() };
    execute::carry_out(common, &plan, &options, &runner, &pool)
}
