//! Who builds the cells of a plan: one interface, one table.
//!
//! An executor builds, says how far it is, collects what it has into the run's `run.json`, and stops.
//! Whoever it is, the result is the same apart from times: each part is made by the code that builds a
//! whole run here, and parts are joined by the code of `hmmsize merge`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::cli::common::Common;
use crate::exit::{Error, Exit, Result};
use crate::kbuild::jobs::Pool;
use crate::kbuild::part;
use crate::kbuild::plan::Plan;
use crate::kbuild::process::Runner;
use crate::kbuild::slurm::Submitted;
use crate::kbuild::state::{self, OutDir, RUN};
use crate::kbuild::strict::did_you_mean;
use crate::model::run::{Cell, Run, Status};
use crate::model::standing::{Standing, State};

use super::execute::{self, Options};
use super::gate::read_run;
use super::merge;

/// How often Slurm is asked while we wait.
const TICK: Duration = Duration::from_secs(3);
/// For how long a task that has left the queue may still have no result: files of another node take
/// their time to be seen here.
const SETTLE: Duration = Duration::from_secs(30);

/// What is to be built.
pub struct Job<'a> {
    /// What the user wants to hear.
    pub common: &'a Common,
    /// The cells.
    pub plan: &'a Plan,
    /// How.
    pub options: &'a Options,
    /// Starts processes.
    pub runner: &'a Runner,
    /// The job tokens of this machine.
    pub pool: &'a Pool,
}

/// Who builds cells.
pub trait Executor: Sync {
    /// What the user calls it.
    fn name(&self) -> &'static str;
    /// Whether cells are built in other processes than ours.
    fn elsewhere(&self) -> bool;
    /// Whether what lies in `out` is this executor's.
    fn has(&self, out: &Path) -> Result<bool>;
    /// Begins. An executor that works in this very process also ends: the run, and its file.
    fn begin(&self, job: &Job<'_>) -> Result<Option<(Run, PathBuf)>>;
    /// Waits until nothing is under way.
    fn wait(&self, out: &Path, runner: &Runner) -> Result<()>;
    /// How far the cells in `out` are.
    fn status(&self, out: &Path, runner: &Runner) -> Result<Vec<Standing>>;
    /// What there is of the run; it is in `out`'s run.json from now on.
    fn collect(&self, out: &Path) -> Result<Run>;
    /// Stops. What is finished stays.
    fn cancel(&self, out: &Path, runner: &Runner) -> Result<()>;
}

/// All of them. The last takes what is nobody else's.
pub static EXECUTORS: &[&dyn Executor] = &[&Slurm, &Local];

/// The executor called `name`; this machine if none is named.
pub fn find(name: Option<&str>) -> Result<&'static dyn Executor> {
    let name = name.unwrap_or(Local.name());
    let known = || EXECUTORS.iter().map(|executor| executor.name());
    EXECUTORS.iter().find(|executor| executor.name() == name).copied().ok_or_else(|| {
        let hint = did_you_mean(name, known());
        let known: Vec<&str> = known().collect();
        Error::Usage(format!("--executor {name}: there are {}{hint}", known.join(" and ")))
    })
}

/// The executor that works, or has worked, in `out`.
pub fn of(out: &Path) -> Result<&'static dyn Executor> {
    for executor in EXECUTORS {
        if executor.has(out)? {
            return Ok(*executor);
        }
    }
    Err(Error::input(out, "nothing has been built or submitted here"))
}

/// This machine: the work is done in this process.
struct Local;

impl Executor for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn elsewhere(&self) -> bool {
        false
    }

    fn has(&self, out: &Path) -> Result<bool> {
        Ok(out.join(RUN).exists())
    }

    fn begin(&self, job: &Job<'_>) -> Result<Option<(Run, PathBuf)>> {
        // A part may be a task of somebody else's.
        if job.plan.part.is_none() {
            Submitted::forget(&job.plan.out);
        }
        execute::carry_out(job.common, job.plan, job.options, job.runner, job.pool).map(Some)
    }

    fn wait(&self, _: &Path, _: &Runner) -> Result<()> {
        Ok(())
    }

    fn status(&self, out: &Path, _: &Runner) -> Result<Vec<Standing>> {
        let owner = state::owner(out);
        let run = read_run(&out.join(RUN))?;
        let unfinished = |cell: &Cell| match owner {
            Some(pid) if out.join(&cell.id).is_dir() => State::Running(format!("process {pid}")),
            Some(pid) => State::Waiting(format!("process {pid}")),
            None => State::Lost("interrupted".to_owned()),
        };
        Ok(run.cells.iter().map(|cell| standing(cell, || unfinished(cell))).collect())
    }

    fn collect(&self, out: &Path) -> Result<Run> {
        read_run(&out.join(RUN))
    }

    fn cancel(&self, out: &Path, _: &Runner) -> Result<()> {
        let pid = state::owner(out).ok_or_else(|| Error::input(out, "nothing is built here"))?;
        let failed = |errno: nix::errno::Errno| Error::io(out, errno.into());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).map_err(failed)
    }
}

/// A job array.
struct Slurm;

impl Slurm {
    fn submitted(out: &Path) -> Result<Submitted> {
        let none = || Error::input(out, "nothing was submitted here");
        Submitted::read(out)?.ok_or_else(none)
    }

    /// The file that the task of a cell writes.
    fn part(out: &Path, cell: &str) -> PathBuf {
        out.join(part::file_name([cell]))
    }
}

impl Executor for Slurm {
    fn name(&self) -> &'static str {
        "slurm"
    }

    fn elsewhere(&self) -> bool {
        true
    }

    fn has(&self, out: &Path) -> Result<bool> {
        Ok(Submitted::read(out)?.is_some())
    }

    fn begin(&self, job: &Job<'_>) -> Result<Option<(Run, PathBuf)>> {
        let out = &job.plan.out;
        // Nobody builds a whole run here, and nobody submits at the same time.
        let here = OutDir::open(out)?;
        if self.has(out)? {
            let under_way = self.status(out, job.runner)?;
            if under_way.iter().any(|cell| cell.state.is_under_way()) {
                return Err(Error::input(
                    out,
                    "cells are under way here: --status, or --cancel them",
                ));
            }
        }
        here.remember_directory()?;
        let submitted = Submitted {
            schema: 1,
            command: job.options.words(),
            directory: std::env::current_dir().map_err(|e| Error::io(".", e))?,
            cells: job.plan.cells.iter().map(|cell| cell.id.clone()).collect(),
            jobs: Vec::new(),
        };
        let program = std::env::current_exe().map_err(|e| Error::io("hmmsize", e))?;
        let submitted = submitted.submit(out, &program, job.common.jobs, job.runner)?;
        if job.common.quiet == 0 {
            let ids: Vec<String> = submitted.jobs.iter().map(ToString::to_string).collect();
            let (cells, ids) = (submitted.cells.len(), ids.join(", "));
            crate::exit::say(&format_args!(
                "hmmsize: {cells} cells submitted as job {ids} in {}",
                out.display()
            ));
        }
        Ok(None)
    }

    fn wait(&self, out: &Path, runner: &Runner) -> Result<()> {
        let mut idle: Option<Instant> = None;
        loop {
            let cells = self.status(out, runner)?;
            let of = |wanted: fn(&State) -> bool| cells.iter().any(|cell| wanted(&cell.state));
            if of(State::is_under_way) {
                idle = None;
            } else {
                let lost = of(|state| matches!(state, State::Lost(_)));
                if !lost || idle.get_or_insert_with(Instant::now).elapsed() > SETTLE {
                    return Ok(());
                }
            }
            let until = Instant::now() + TICK;
            while Instant::now() < until {
                runner.check()?;
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    fn status(&self, out: &Path, runner: &Runner) -> Result<Vec<Standing>> {
        let submitted = Self::submitted(out)?;
        let mut queue = submitted.queue(runner)?;
        let cells = submitted.cells.iter().enumerate().map(|(number, id)| {
            let task =
                queue.remove(&number).unwrap_or_else(|| State::Lost("left the queue".into()));
            let part = Self::part(out, id);
            let run = if part.exists() { Some(read_run(&part)?) } else { None };
            let cell = run.as_ref().and_then(|run| run.cells.first());
            Ok(match cell {
                Some(cell) => standing(cell, || task),
                None => Standing { id: id.clone(), state: task },
            })
        });
        cells.collect()
    }

    fn collect(&self, out: &Path) -> Result<Run> {
        let submitted = Self::submitted(out)?;
        let parts = submitted.cells.iter().map(|id| Self::part(out, id));
        let parts: Vec<PathBuf> = parts.filter(|part| part.exists()).collect();
        if parts.is_empty() {
            let log = Submitted::log(out, 0);
            let hint =
                if log.exists() { format!(" (see {})", log.display()) } else { String::new() };
            return Err(Error::Cell(format!("{}: no task has begun yet{hint}", out.display())));
        }
        let run = merge::join(&parts, out)?;
        state::write_json(&out.join(RUN), &run)?;
        Ok(run)
    }

    fn cancel(&self, out: &Path, runner: &Runner) -> Result<()> {
        Self::submitted(out)?.cancel(runner)
    }
}

/// How far a cell is, by its record; `otherwise` if that does not say.
fn standing(cell: &Cell, otherwise: impl FnOnce() -> State) -> Standing {
    let state = match &cell.status {
        Status::Pending => otherwise(),
        Status::Failed { reason } | Status::Dropped { reason } | Status::Skipped { reason, .. } => {
            State::Failed(reason.clone())
        }
        _ => State::Done,
    };
    Standing { id: cell.id.clone(), state }
}

/// Whether every cell has a result.
pub fn verdict(cells: &[Standing]) -> Exit {
    let done = cells.iter().all(|cell| cell.state == State::Done);
    if done { Exit::Ok } else { Exit::Cell }
}

/// What task `number` in `out` builds: the words of the whole run, the cell, and from where.
pub fn task(out: &Path, number: usize) -> Result<(Vec<String>, String, PathBuf)> {
    let Submitted { command, cells, directory, .. } = Slurm::submitted(out)?;
    let cell = cells.get(number).cloned();
    let cell =
        cell.ok_or_else(|| Error::Usage(format!("--task {number}: there is no such cell")))?;
    fs::metadata(&directory).map_err(|e| Error::io(&directory, e))?;
    Ok((command, cell, directory))
}
