//! One cell's life after its configuration: prepare, compile, measure, record.
//!
//! A cell that fails is a result with a reason, never an error of the run; only a signal ends the
//! run. Nothing is recorded as finished before everything is measured and kept.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::clock;
use super::configure::Configured;
use super::firsterror;
use super::flip;
use super::forecast::{self, Forecasts};
use super::jobs::Pool;
use super::kept::{self, Keep};
use super::outputs::{self, Outputs};
use super::plan::{CellPlan, Plan};
use super::process::{self, Command, Ended, Finished, Runner};
use super::programs;
use super::progress::{self, CellProgress, Progress};
use super::reproduce;
use super::shims;
use super::state::{self, OutDir};
use super::toolchain::Toolchain;
use super::way::{self, Choice};
use crate::exit::{Error, Result};
use crate::model::config::Config;
use crate::model::run::{Cell, Measured, Status, Target, Way};

/// Measures what a build left; given by the caller, because only `commands` knows the ELF readers.
pub type Measure<'a> = dyn Fn(&Outputs) -> Result<Measured> + Sync + 'a;
/// Makes the `.config` of a cell.
pub type Configure<'a> = dyn Fn(&CellPlan) -> Result<Configured> + Sync + 'a;

/// What all cells of a run share.
pub struct Context<'a> {
    /// What is to be done.
    pub plan: &'a Plan,
    /// Starts processes.
    pub runner: &'a Runner,
    /// The job tokens.
    pub pool: &'a Pool,
    /// Where results go.
    pub out: &'a OutDir,
    /// Tells the user.
    pub progress: &'a Progress,
    /// Makes `.config`.
    pub configure: &'a Configure<'a>,
    /// Measures.
    pub measure: &'a Measure<'a>,
    /// What earlier builds had to compile.
    pub forecasts: Forecasts,
    /// Somebody looks: where it is not known how much there is to do, make is asked.
    pub watched: bool,
    /// Build on the tree of the variant that a cell is compared with, where that pays.
    pub incremental: bool,
    /// Reads a `.config`.
    pub read_config: &'a (dyn Fn(&Path) -> Result<Config> + Sync + 'a),
    /// How long one cell may take, configuring included.
    pub timeout: Option<Duration>,
    /// Build cells again although they are finished.
    pub rebuild: bool,
    /// What stays of a finished cell.
    pub keep: Keep,
}

/// The log of a cell, in its directory.
const LOG: &str = "build.log";
/// The identity of what lies in the build directory, in the cell's directory.
pub const STAMP: &str = ".building";
/// What was foreseen when the build in the build directory was begun, in the cell's directory.
const FORECAST: &str = ".forecast";

/// What is known of a cell before anything is done.
pub fn blank(cell: &CellPlan) -> Cell {
    let toolchain = cell.toolchain.as_ref().ok();
    Cell {
        id: cell.id.clone(),
        arch: cell.arch.name.clone().into_owned(),
        source: cell.source.info(),
        variant: cell.variant.name.clone(),
        base_config: cell.base.name(),
        labels: cell.labels.clone(),
        target: cell.target.clone(),
        status: Status::Pending,
        requests: Vec::new(),
        dragged_in: Vec::new(),
        ours: Vec::new(),
        mispredicted: Vec::new(),
        config_digest: None,
        identity: None,
        compiler: toolchain.map(|t| t.compiler.clone()),
        linker: toolchain.map(|t| t.linker.clone()),
        make_words: toolchain.map(|t| t.words.to_words()).unwrap_or_default(),
        measured: None,
        wall_s: 0.0,
        cpu_s: 0.0,
        objects: None,
        forecast: None,
        reproduce: None,
        log: None,
    }
}

/// Builds and measures a configured cell, or takes what an earlier run finished. `record` is what
/// is known of it; the result is the same with everything filled in. Fails only for a signal.
pub fn build(
    context: &Context,
    cell: &CellPlan,
    configured: &Configured,
    record: Cell,
) -> Result<Cell> {
    let start = Instant::now();
    let took = || configured.wall + start.elapsed();
    let mut record = record;
    if let Some(old) = reusable(context, cell, configured) {
        let Cell { measured, wall_s, cpu_s, objects, forecast, reproduce, log, .. } = old;
        if measured.as_ref().is_some_and(|m| m.noise.is_some()) {
            record.labels.push("noise".to_owned());
        }
        context.keep.clear(&cell.build_dir);
        // What the run that is gone on with has built is its own.
        let own = context.out.is_of_this_run(&cell.id);
        return Ok(Cell {
            status: if own { Status::Built } else { Status::Reused },
            measured,
            wall_s,
            cpu_s,
            objects,
            forecast,
            reproduce,
            log,
            ..record
        });
    }
    let progress = context.progress.cell(&cell.id);
    let mut work = match Work::new(context, cell, configured, &progress) {
        Ok(work) => work,
        Err(error) => return failed(record, error, took()),
    };
    let result = work.run(&mut record);
    record.cpu_s = configured.cpu_s + work.cpu_s;
    match result {
        Ok(measured) => {
            record.measured = Some(measured);
            record.status = Status::Built;
            record.wall_s = took().as_secs_f64();
            let done = context.out.claim(&cell.id).and_then(|()| context.out.finish(&record));
            if let Err(error) = done {
                return failed(record, error, took());
            }
            let _ = fs::remove_file(work.dir.join(STAMP));
            context.keep.clear(&cell.build_dir);
            Ok(record)
        }
        Err(error) => failed(record, error, took()),
    }
}

fn reusable(context: &Context, cell: &CellPlan, configured: &Configured) -> Option<Cell> {
    if context.rebuild {
        return None;
    }
    context.out.finished(&cell.id, &configured.identity)
}

/// Turns an error into a failed cell, unless a signal is behind it.
fn failed(mut record: Cell, error: Error, took: Duration) -> Result<Cell> {
    if let Error::Signal(_) = error {
        return Err(error);
    }
    record.wall_s = took.as_secs_f64();
    record.measured = None;
    record.status = Status::Failed { reason: error.to_string() };
    Ok(record)
}

/// A cell at work.
struct Work<'a> {
    context: &'a Context<'a>,
    cell: &'a CellPlan,
    configured: &'a Configured,
    toolchain: &'a Toolchain,
    progress: &'a CellProgress<'a>,
    /// The cell's directory.
    dir: PathBuf,
    log: PathBuf,
    deadline: Option<Instant>,
    cpu_s: f64,
}

impl<'a> Work<'a> {
    fn new(
        context: &'a Context<'a>,
        cell: &'a CellPlan,
        configured: &'a Configured,
        progress: &'a CellProgress<'a>,
    ) -> Result<Self> {
        let toolchain = cell.toolchain.as_ref().map_err(|m| Error::Cell(m.reason.clone()))?;
        let dir = context.out.cell_dir(&cell.id)?;
        let log = dir.join(LOG);
        let left = context.timeout.map(|timeout| timeout.saturating_sub(configured.wall));
        let deadline = left.map(|left| Instant::now() + left);
        Ok(Self { context, cell, configured, toolchain, progress, dir, log, deadline, cpu_s: 0.0 })
    }

    fn run(&mut self, record: &mut Cell) -> Result<Measured> {
        let out = self.context.out;
        // Before the work, so that no hour is spent on it, and after: see below.
        self.cell.source.check_unchanged()?;
        programs::check(&self.configured.config, &self.cell.target, self.toolchain)?;
        out.forget(&self.cell.id)?;
        let choice = way::choose(self.context, self.cell, self.configured);
        let resumed = self.enter_build_dir(&choice)?;
        record.log = Some(out.relative(&self.log));
        let config = self.cell.build_dir.join(".config");
        let before = fs::read(&config).map_err(|e| Error::io(&config, e))?;
        state::write_whole(&self.dir.join(".config"), &before)?;

        let make = self.make(&choice)?;
        let image = match self.cell.target {
            Target::Image => Some(outputs::image_name(make.clone(), self.context.runner)?),
            _ => None,
        };
        let goals = outputs::goals(&self.cell.target, image.as_deref());
        record.reproduce = Some(out.relative(&self.write_script(&goals)?));

        self.progress.phase("prepare");
        self.step(&with_goals(&make, &["prepare".to_owned()]))?;
        let included = match &self.cell.target {
            Target::Scope(scope) => {
                let (tree, config) = (&self.cell.source.tree, &self.configured.config);
                outputs::is_included(scope, &make, tree, config, self.context.runner)?
            }
            _ => true,
        };
        if included {
            let compile = with_goals(&make, &goals);
            let (key, so_far) = (self.forecast_key(), self.configured.cpu_s + self.cpu_s);
            let counting = || self.progress.phase("count objects");
            let left = choice.left(self.context, &key, &compile, resumed, counting)?;
            let prepared = objects_in(&self.log);
            let forecast =
                choice.forecast(&self.dir.join(FORECAST), so_far, prepared, left, resumed);
            self.progress.compile(&self.log, left, &way::announce(&forecast));
            record.forecast = Some(forecast);
            let before = self.cpu_s;
            self.step(&compile)?;
            let objects = self.progress.objects();
            let is_cut = process::is_cut(&self.log);
            record.objects = (!is_cut).then(|| objects_in(&self.log));
            if !(resumed || is_cut) {
                let forecasts = &self.context.forecasts;
                if choice.way != Way::Incremental {
                    forecasts.put(&key, objects);
                }
                let taken = (objects, self.cpu_s - before);
                choice.learn(self.cell, self.configured, taken, forecasts);
            }
        }
        let after = fs::read(&config).map_err(|e| Error::io(&config, e))?;
        if after != before {
            let msg =
                "make changed .config while it built, so what was built is not what was asked";
            return Err(Error::Cell(format!("{}: {msg}", config.display())));
        }

        self.cell.source.check_unchanged()?;

        self.progress.phase("measure");
        let build = &self.cell.build_dir;
        let found = outputs::find(&self.cell.target, build, image.as_deref(), included)?;
        let mut measured = (self.context.measure)(&found)?;
        kept::keep(out, &self.dir, &found, &mut measured)?;
        Ok(measured)
    }

    /// Makes sure that the build directory holds nothing but the configuration, or what an
    /// interrupted build of the very same inputs left. Returns whether the latter.
    fn enter_build_dir(&self, choice: &Choice) -> Result<bool> {
        let stamp = self.dir.join(STAMP);
        let inputs = format!("{}\n{}", self.configured.identity, self.cell.source.stamps());
        let build = &self.cell.build_dir;
        let config = build.join(".config");
        // What make believes of files that are newer than now is wrong: the clock was set back. A
        // configuration that never gets older than what is made of it, it makes for ever.
        let now = SystemTime::now();
        let same = fs::read(&stamp).is_ok_and(|old| old == inputs.as_bytes())
            && !clock::is_ahead(build, now);
        clock::bring_back(&config, now)?;
        let prepared = build.join("include/config/auto.conf").exists();
        if prepared && !same {
            let text = fs::read(&config).map_err(|e| Error::io(&config, e))?;
            empty(build)?;
            state::write_whole(&config, &text)?;
        }
        if !same {
            for file in [&self.log, &self.dir.join(FORECAST)] {
                match fs::remove_file(file) {
                    Err(e) if e.kind() != io::ErrorKind::NotFound => {
                        return Err(Error::io(file, e));
                    }
                    _ => {}
                }
            }
            if let Some(base) = &choice.base {
                self.progress.phase("copy");
                let text = fs::read(&config).map_err(|e| Error::io(&config, e))?;
                flip::copy(&base.build_dir, build, &text, self.deadline, self.context.runner)?;
            }
            state::write_whole(&stamp, inputs.as_bytes())?;
        }
        Ok(prepared && same)
    }

    /// The cell's make without goals, with log, deadline and shims.
    fn make(&self, choice: &Choice) -> Result<Command> {
        let mut make = self.cell.make(&[]).map_err(|missing| Error::Cell(missing.reason))?;
        make.log = Some(self.log.clone());
        make.deadline = self.deadline;
        let dir = self.dir.join(".tools");
        shims::apply(&dir, &mut make, &self.toolchain.words, self.toolchain.launcher())?;
        let asked = |key: &str| make.env.contains_key(OsStr::new(key));
        if choice.depend && !asked("CCACHE_DEPEND") && !asked("CCACHE_NODEPEND") {
            make.env.insert("CCACHE_DEPEND".into(), "1".into());
        }
        Ok(make)
    }

    /// Runs one make to its end.
    fn step(&mut self, make: &Command) -> Result<()> {
        let done = self.context.runner.run(make)?;
        self.cpu_s += done.cpu_s;
        if done.ok() { Ok(()) } else { Err(Error::Cell(self.why(&done))) }
    }

    /// Why make failed, in one line.
    fn why(&self, done: &Finished) -> String {
        if done.ended == Ended::TimedOut {
            return progress::late(self.context.timeout, "building");
        }
        let cause = firsterror::first_error(&self.log, &self.cell.source.tree);
        match (done.ended, cause) {
            (_, None) if is_full(&self.cell.build_dir) => {
                format!("{}: no space left on device", self.cell.build_dir.display())
            }
            (_, Some(cause)) => cause,
            (Ended::Signal(9), None) => "make was killed (out of memory?)".to_owned(),
            (_, None) => format!("make {}", done.how()),
        }
    }

    fn forecast_key(&self) -> String {
        let digest = &self.configured.config_digest;
        forecast::key_of(&self.cell.arch.name, digest, &self.cell.target)
    }

    fn write_script(&self, goals: &[String]) -> Result<PathBuf> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.dir.join("reproduce.sh");
        let text = reproduce::script(self.cell, self.toolchain, goals)?;
        state::write_whole(&path, text.as_bytes())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .map_err(|e| Error::io(&path, e))?;
        Ok(path)
    }
}

/// Removes everything from a build directory but what says that it is ours.
fn empty(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(|e| Error::io(dir, e))? {
        let entry = entry.map_err(|e| Error::io(dir, e))?;
        if entry.file_name().to_string_lossy().starts_with(".hmmsize") {
            continue;
        }
        let path = entry.path();
        let is_dir = entry.file_type().is_ok_and(|t| t.is_dir());
        let removed = if is_dir { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|e| Error::io(&path, e))?;
    }
    Ok(())
}

fn with_goals(make: &Command, goals: &[String]) -> Command {
    let mut make = make.clone();
    make.argv.extend(goals.iter().map(Into::into));
    make
}

/// Objects compiled according to a whole log. One that was begun again after an interruption is one.
fn objects_in(log: &Path) -> u64 {
    let Ok(file) = fs::File::open(log) else { return 0 };
    let lines = BufReader::new(file).split(b'\n').map_while(io::Result::ok);
    let objects: BTreeSet<String> =
        lines.filter_map(|line| progress::object_of_line(&line)).collect();
    objects.len() as u64
}

/// Whether the file system of `dir` has less than a block left for us.
fn is_full(dir: &Path) -> bool {
    nix::sys::statvfs::statvfs(dir).is_ok_and(|fs| fs.blocks_available() == 0)
}
