//! `hmmsize build`: read, think, render.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::cli::build::{Build, Kept, What};
use crate::cli::common::Common;
use crate::cli::machines::Machines;
use crate::cli::{Cli, Command};
use crate::exit::{Error, Exit, Result};
use crate::kbuild::distcc;
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
use super::executors::Job;
use super::{ask, configure_only, execute, executors, json, output};

/// For how long a task waits for an earlier task of the same cell to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs the command.
pub fn run(common: &Common, args: &Build) -> Result<Exit> {
    if args.machines.asks() {
        return under_way(common, args);
    }
    if let Some(number) = args.machines.task {
        return task(common, args, number);
    }
    let recorded = if args.resume { recorded(args)? } else { None };
    match recorded {
        Some((args, command)) => {
            go(common, &Build { resume: true, ..args }, Some(command), Duration::ZERO)
        }
        None => go(common, args, None, Duration::ZERO),
    }
}

/// What is asked of what is built in O=DIR.
fn under_way(common: &Common, args: &Build) -> Result<Exit> {
    let say = || Error::Usage("say where: O=DIR, and nothing else".into());
    let out = only_out(args)?.ok_or_else(say)?;
    let out = out.canonicalize().map_err(|e| Error::io(&out, e))?;
    let executor = executors::of(&out)?;
    let runner = Runner::new(None)?;
    if args.machines.cancel {
        executor.cancel(&out, &runner)?;
        return Ok(Exit::Ok);
    }
    if args.machines.collect {
        let run = executor.collect(&out)?;
        return execute::print(common, &run, &out.join(RUN), args.bisect, Some(NOT_YET));
    }
    let cells = executor.status(&out, &runner)?;
    output::write(common.output.as_deref(), render::standing::render(&cells))?;
    Ok(executors::verdict(&cells))
}

/// Builds one cell of what was submitted in O=DIR, as it was asked for there.
fn task(common: &Common, args: &Build, number: usize) -> Result<Exit> {
    let out = only_out(args)?.ok_or_else(|| Error::Usage("--task: say O=DIR".into()))?;
    let (command, cell, directory) = executors::task(&out, number)?;
    let Ok(Cli { common: theirs, command: Command::Build(build) }) = Cli::try_parse_from(&command)
    else {
        return Err(Error::input(&out, "does not say how it was started"));
    };
    std::env::set_current_dir(&directory).map_err(|e| Error::io(&directory, e))?;
    let what = What { words: no_out(&build.what.words), out: Some(out), ..build.what };
    let machines = Machines { executor: None, submit: false, ..build.machines };
    let build = Build { what, machines, cells: vec![cell], ..build };
    let common = Common { jobs: common.jobs, output: None, ..theirs };
    go(&common, &build, Some(command), PATIENCE)
}

/// What to say of a cell that no part has.
const NOT_YET: &str = "not built yet";

/// Plans and builds.
fn go(
    common: &Common,
    args: &Build,
    command: Option<Vec<String>>,
    patience: Duration,
) -> Result<Exit> {
    let executor = executors::find(args.machines.executor.as_deref())?;
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
    if let Some(url) = &args.machines.ccache_remote {
        share_cache(&mut plan, url)?;
    }
    distcc::share(&mut plan, &args.machines.distcc, &runner)?;
    if args.dry_run {
        let text = render::plan::plan(&describe::describe(&plan));
        output::write(common.output.as_deref(), text)?;
        return Ok(Exit::Ok);
    }
    if common.quiet == 0 {
        for note in &plan.notes {
            crate::exit::say(&format_args!("hmmsize: note: {note}"));
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
        patience,
        resume: args.resume,
        from_scratch: args.no_incremental,
    };
    let job = Job { common, plan: &plan, options: &options, runner: &runner, pool: &pool };
    let elsewhere = executor.elsewhere();
    if args.machines.submit && !elsewhere {
        let message = format!("--submit: {} builds in this very process", executor.name());
        return Err(Error::Usage(message));
    }
    if elsewhere && (args.noise || plan.part.is_some()) {
        let message = format!("{} builds a cell a task: no --noise, no --cells", executor.name());
        return Err(Error::Usage(message));
    }
    if let Some((run, file)) = executor.begin(&job)? {
        return execute::print(common, &run, &file, args.bisect, None);
    }
    if args.machines.submit {
        return Ok(Exit::Ok);
    }
    if let Err(error) = executor.wait(&plan.out, &runner) {
        if common.quiet < 2 {
            let out = plan.out.display();
            crate::exit::say(&format_args!(
                "hmmsize: the cells go on; hmmsize build O={out} --status, --collect, --cancel"
            ));
        }
        return Err(error);
    }
    let run = executor.collect(&plan.out)?;
    execute::print(common, &run, &plan.out.join(RUN), args.bisect, Some(NOT_YET))
}

/// Makes ccache share what it has through `url`.
fn share_cache(plan: &mut Plan, url: &str) -> Result<()> {
    const SCHEMES: &[&str] = &["redis", "redis+unix", "http", "https", "file"];
    let known = url.split_once("://").is_some_and(|(scheme, _)| SCHEMES.contains(&scheme));
    if !known || url.contains(char::is_whitespace) {
        let schemes = SCHEMES.join(", ");
        return Err(Error::Usage(format!("--ccache-remote {url}: not a URL of {schemes}")));
    }
    let bases = plan.part.iter_mut().flat_map(|part| part.bases.iter_mut().map(|b| &mut b.cell));
    for cell in plan.cells.iter_mut().chain(bases) {
        let Ok(toolchain) = &mut cell.toolchain else { continue };
        if toolchain.ccache.is_none() {
            return Err(Error::Usage("--ccache-remote: there is no ccache on PATH".into()));
        }
        toolchain.env.insert("CCACHE_REMOTE_STORAGE".into(), url.into());
    }
    Ok(())
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
    let Some(out) = only_out(args)? else { return Ok(None) };
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

/// The output directory, if nothing else says what to build.
fn only_out(args: &Build) -> Result<Option<PathBuf>> {
    let words = MakeWords::parse(&args.what.words).map_err(Error::Usage)?;
    let word = words.get("O").filter(|_| args.what.words.len() == 1);
    let out = args.what.out.clone().or_else(|| word.map(crate::kbuild::matrix::home));
    let rest = What { words: Vec::new(), out: None, ..args.what.clone() };
    let alone = (word.is_some() || words.is_empty()) && rest == What::default();
    Ok(out.filter(|_| alone))
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
            crate::exit::say(&format_args!("hmmsize: note: {note}"));
        }
    }
    let options = Options { cache: ask.cache, ..Options::default() };
    execute::carry_out(common, &plan, &options, &runner, &pool)
}
