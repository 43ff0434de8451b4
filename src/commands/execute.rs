//! Carries out a plan of `hmmsize build`: wires the executor to the readers of `.config` and ELF,
//! completes the records (what was dragged in), writes `run.json`, prints the tables.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::analyze::run::report;
use crate::cli::common::Common;
use crate::exit::{Error, Exit, Result};
use crate::kbuild::cell::{self, Context};
use crate::kbuild::configure::{self, Hands};
use crate::kbuild::executor::{self, Executed};
use crate::kbuild::forecast::Forecasts;
use crate::kbuild::jobs::Pool;
use crate::kbuild::kept::Keep;
use crate::kbuild::noise;
use crate::kbuild::outputs::Outputs;
use crate::kbuild::plan::{CellPlan, Plan};
use crate::kbuild::process::Runner;
use crate::kbuild::progress::{Progress, Style};
use crate::kbuild::state::{self, OutDir};
use crate::kconf::dotconfig;
use crate::model::config::{Config, ConfigChange};
use crate::model::run::{Cell, Measured, Run, SCHEMA, Status};
use crate::render::run as table;

use super::foresee::Engine;
use super::{measure, merge, output};

/// How to carry out a plan.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How long one cell may take.
    pub timeout: Option<Duration>,
    /// Build cells again although they are finished.
    pub rebuild: bool,
    /// Measure the noise of the baseline cell of each architecture.
    pub noise: bool,
    /// Exit with 125 in place of 3.
    pub bisect: bool,
    /// What stays of a finished cell.
    pub keep: Keep,
    /// Where caches are kept.
    pub cache: PathBuf,
    /// The words of the run that is resumed; absent: those of this process.
    pub command: Option<Vec<String>>,
    /// How long to wait for whoever builds the same cells.
    pub patience: Duration,
    /// Go on with an interrupted run.
    pub resume: bool,
    /// Build no variant on the tree of another.
    pub from_scratch: bool,
}

impl Options {
    /// The words of the run, as `run.json` keeps them.
    pub fn words(&self) -> Vec<String> {
        let ours = || std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        self.command.clone().unwrap_or_else(ours)
    }
}

/// Prints the tables of a run that lies in `file`; what is missing goes to standard error.
///
/// # Errors
/// The tables cannot be written.
pub fn print(
    common: &Common,
    run: &Run,
    file: &Path,
    bisect: bool,
    missing: Option<&str>,
) -> Result<Exit> {
    let report = report(run, &file.display().to_string());
    output::write(common.output.as_deref(), table::render(&report, output::view(common).width))?;
    Ok(conclude(common, run, file, bisect, missing))
}

/// Builds and measures every cell of `plan`, and writes `run.json`: the run and its file.
///
/// # Errors
/// The output directory cannot be used; a signal came (after `run.json` has been written, so that
/// the next run can go on). Cells that fail are no error: they are in the run.
pub fn carry_out(
    common: &Common,
    plan: &Plan,
    options: &Options,
    runner: &Runner,
    pool: &Pool,
) -> Result<(Run, PathBuf)> {
    let mut out = match &plan.part {
        Some(_) => {
            let ids = plan.cells.iter().map(|cell| &*cell.id);
            OutDir::open_part(&plan.out, ids, options.patience)?
        }
        None => OutDir::open(&plan.out)?,
    };
    // Parts of one run share a directory, and no name.
    if plan.part.is_none() {
        out.name_run(options.resume)?;
    }
    let file = out.path().join(plan.file_name());
    // From now on nothing here is taken for the result of an earlier run, and should we be killed
    // hard, `--resume` finds how this run was started.
    let pending = plan.cells.iter().map(cell::blank).collect();
    let command = options.words();
    state::write_json(&file, &record(plan, &command, pending, &BTreeMap::new()))?;
    out.remember_directory()?;
    let style = Style::detect(common.quiet);
    let executed = {
        let progress = Progress::new(style);
        let kconfig = Engine::default();
        let configure =
            |cell: &CellPlan| configure_cell(cell, &out, runner, &kconfig, options.timeout);
        let measure = |outputs: &Outputs| measure_outputs(outputs, &progress);
        let context = Context {
            plan,
            runner,
            pool,
            out: &out,
            progress: &progress,
            configure: &configure,
            measure: &measure,
            forecasts: Forecasts::new(options.cache.join("forecasts")),
            watched: style != Style::Silent,
            incremental: !options.from_scratch,
            read_config: &read_config,
            timeout: options.timeout,
            rebuild: options.rebuild,
            keep: options.keep,
        };
        let mut executed = executor::run(&context)?;
        if options.noise {
            add_noise(&context, &mut executed)?;
        }
        executed
    };
    let run = record(plan, &command, executed.cells, &executed.configs);
    state::write_json(&file, &run)?;
    if let Some(signal) = executed.interrupted.or(runner.stopped()) {
        if common.quiet < 2 {
            crate::exit::say(&format_args!(
                "hmmsize: interrupted; the same command goes on from here"
            ));
        }
        return Err(Error::Signal(signal));
    }
    Ok((run, file))
}

/// Says which cells have no result and why, where everything is, and what the exit code is.
fn conclude(common: &Common, run: &Run, file: &Path, bisect: bool, missing: Option<&str>) -> Exit {
    // On a terminal the table, which gives the reasons too, has just been printed there.
    let seen = common.output.is_none() && std::io::stdout().is_terminal();
    let complete = merge::complete(common, run, seen, missing);
    if common.quiet == 0 {
        crate::exit::say(&format_args!("hmmsize: results in {}", file.display()));
    }
    match (complete, bisect) {
        (true, _) => Exit::Ok,
        (false, true) => Exit::Bisect,
        (false, false) => Exit::Cell,
    }
}

/// Configures one cell; what make says goes to `configure.log` in its directory.
pub(super) fn configure_cell(
    cell: &CellPlan,
    out: &OutDir,
    runner: &Runner,
    kconfig: &Engine,
    timeout: Option<Duration>,
) -> Result<configure::Configured> {
    let log = out.cell_dir(&cell.id)?.join("configure.log");
    let _ = std::fs::remove_file(&log);
    let hands = Hands { runner, read_config: &read_config, kconfig, log: Some(log), timeout };
    configure::configure(cell, &hands)
}

fn read_config(path: &Path) -> Result<Config> {
    let text = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    dotconfig::parse(path, &text)
}

/// Measures with the ELF readers; what they find odd is said, not kept.
fn measure_outputs(outputs: &Outputs, progress: &Progress) -> Result<Measured> {
    let (measured, diags) = match outputs {
        Outputs::Vmlinux(linked) => {
            let (mut measured, diags) = measure::linked(&linked.vmlinux, linked.map.as_deref())?;
            measured.prelink = linked.prelink.as_deref().map(measure::prelink).transpose()?;
            // The length of the file is mostly symbols: not what a kernel costs.
            measured.bytes = None;
            (measured, diags)
        }
        Outputs::Image { image, linked } => {
            let (kernel, diags) = measure::linked(&linked.vmlinux, linked.map.as_deref())?;
            let prelink = linked.prelink.as_deref().map(measure::prelink).transpose()?;
            let image = measure::boot_image(image)?;
            let (files, bytes) = (image.files, image.bytes);
            (Measured { prelink, files, bytes, ..kernel }, diags)
        }
        Outputs::Modules(build) => measure::modules(build)?,
        Outputs::Scope { scope, included: false, .. } => {
            (Measured { not_built: vec![scope.clone()], ..Measured::default() }, Vec::new())
        }
        Outputs::Scope { build, scope, .. } => measure::scope(build, scope)?,
    };
    for diag in diags {
        progress.say(&format!("warning: {diag}"));
    }
    Ok(measured)
}

/// Measures the noise of one cell of each architecture: that of its baseline, or its first.
fn add_noise(context: &Context, executed: &mut Executed) -> Result<()> {
    let plan = context.plan;
    let mut done: Vec<&str> = Vec::new();
    let is_base = |cell: &CellPlan| {
        plan.baseline_variant.as_ref().is_none_or(|name| *name == cell.variant.name)
    };
    for (cell, record) in plan.cells.iter().zip(&mut executed.cells) {
        let built = matches!(record.status, Status::Built | Status::Reused);
        let first = !done.contains(&&*cell.arch.name);
        if !(built && first && is_base(cell) && noise::applies(&cell.target)) {
            continue;
        }
        done.push(&cell.arch.name);
        if record.measured.as_ref().is_some_and(|m| m.noise.is_some()) {
            continue;
        }
        match noise::measure(context, cell, record) {
            Ok(spread) => {
                let payload = spread.payload.map_or("not measured".to_owned(), |n| n.to_string());
                let size = spread.size;
                context.progress.say(&format!(
                    "{}: noise: payload spread {payload}, size spread {size} bytes",
                    cell.id
                ));
                record.labels.push("noise".to_owned());
                if let Some(measured) = &mut record.measured {
                    measured.noise = Some(spread.bytes());
                }
                context.out.finish(record)?;
            }
            Err(error @ Error::Signal(_)) => {
                drop(error);
                executed.interrupted = context.runner.stopped();
                return Ok(());
            }
            Err(error) => context.progress.say(&format!("{}: no noise: {error}", cell.id)),
        }
    }
    Ok(())
}

/// The whole run as `run.json` keeps it.
fn record(
    plan: &Plan,
    command: &[String],
    mut cells: Vec<Cell>,
    configs: &BTreeMap<String, Config>,
) -> Run {
    for (cell, planned) in cells.iter_mut().zip(&plan.cells) {
        cell.ours = ours(planned, configs.get(&cell.id));
        if let Some(base) = plan.base_of(planned)
            && let (Some(old), Some(new)) = (configs.get(&base.id), configs.get(&cell.id))
        {
            cell.dragged_in = dragged_in(planned, base, old, new);
        }
    }
    Run {
        schema: SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        command: command.to_vec(),
        baseline_variant: plan.baseline_variant.clone(),
        baseline_source: plan.baseline_source.clone(),
        part_of: plan.part.as_ref().map(|part| part.of.clone()),
        cells,
    }
}

/// What changed without being asked for in either of the two.
fn dragged_in(cell: &CellPlan, base: &CellPlan, old: &Config, new: &Config) -> Vec<ConfigChange> {
    let requested = |symbol: &str| {
        let asked = cell.variant.requests.iter().chain(&base.variant.requests).chain(&cell.ours);
        asked.into_iter().any(|request| request.symbol == symbol)
    };
    let mut symbols: Vec<&String> = old.values.keys().chain(new.values.keys()).collect();
    symbols.sort();
    symbols.dedup();
    // `# CONFIG_X is not set` and no mention of X are one value.
    let changed = symbols.into_iter().filter(|symbol| old.value(symbol) != new.value(symbol));
    changed
        .filter(|symbol| !requested(symbol))
        .map(|symbol| ConfigChange {
            symbol: symbol.clone(),
            old: old.values.get(symbol).cloned(),
            new: new.values.get(symbol).cloned(),
        })
        .collect()
}

/// What hmmsize itself set, with the value it got.
fn ours(cell: &CellPlan, config: Option<&Config>) -> Vec<ConfigChange> {
    let value = |symbol: &str| config.and_then(|c| c.values.get(symbol)).cloned();
    let changes = cell.ours.iter().map(|a| (a.symbol.clone(), value(&a.symbol)));
    changes.map(|(symbol, new)| ConfigChange { symbol, old: None, new }).collect()
}
