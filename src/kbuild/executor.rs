//! Runs all cells of a plan: configure, merge what is identical, build the rest, keep going.
//!
//! Every cell is configured before any is compiled, so that a dropped request is known within
//! seconds. Cells are merged only by their whole identity (source, `.config`, words, environment,
//! compiler, target); the first of them in plan order is built.

use std::collections::BTreeMap;

use super::cell::{self, Context};
use super::configure::{Configured, Verdict};
use super::foresight;
use super::part::{self, Elsewhere};
use super::plan::CellPlan;
use super::way;
use crate::exit::{Error, Result};
use crate::model::config::Config;
use crate::model::run::{Cell, Status};

/// What came of a plan.
#[derive(Debug)]
pub struct Executed {
    /// A record for every cell, in plan order.
    pub cells: Vec<Cell>,
    /// The final configuration of every cell that got that far, by id.
    pub configs: BTreeMap<String, Config>,
    /// The signal that ended the work early.
    pub interrupted: Option<i32>,
}

/// Executes the plan. Fails only if nothing could be done at all.
pub fn run(context: &Context) -> Result<Executed> {
    let mut executed = Executed { cells: Vec::new(), configs: BTreeMap::new(), interrupted: None };
    let mut records: BTreeMap<&str, Cell> = BTreeMap::new();
    // Identity → the cell that stands for it.
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for round in context.plan.rounds() {
        if context.runner.stopped().is_some() {
            break;
        }
        if let Some(first) = round.first() {
            match first.source.enter(context.runner) {
                Err(error @ Error::Signal(_)) => drop(error),
                Err(error) => {
                    let reason = error.to_string();
                    for cell in round {
                        let status = Status::Failed { reason: reason.clone() };
                        records.insert(&cell.id, Cell { status, ..cell::blank(cell) });
                    }
                    continue;
                }
                Ok(()) => {}
            }
        }
        let elsewhere = part::configure(context, &round, &mut executed.configs)?;
        let round = configure(context, &round, &mut records, &mut executed.configs)?;
        let todo = merge(context, round, &elsewhere, &mut known, &mut records);
        build(context, &todo, &mut records)?;
    }
    executed.interrupted = context.runner.stopped();
    copy_identical(&mut records, context.plan.part.is_some());
    for cell in &context.plan.cells {
        let record = records.remove(cell.id.as_str());
        executed.cells.push(record.unwrap_or_else(|| cell::blank(cell)));
    }
    Ok(executed)
}

/// A cell that is configured, and what is known of it.
type Ready<'a> = (&'a CellPlan, Configured, Cell);

/// Configures the cells of a round; those that end here go to `records`.
fn configure<'a>(
    context: &Context<'a>,
    round: &[&'a CellPlan],
    records: &mut BTreeMap<&'a str, Cell>,
    configs: &mut BTreeMap<String, Config>,
) -> Result<Vec<Ready<'a>>> {
    let mut wanted = Vec::new();
    for &cell in round {
        match &cell.toolchain {
            Ok(_) => wanted.push(cell),
            Err(missing) => {
                let status = Status::Skipped {
                    reason: missing.reason.clone(),
                    package: missing.package.clone(),
                };
                let record = Cell { status, ..cell::blank(cell) };
                context.progress.say(&verdict_line(&record));
                records.insert(&cell.id, record);
            }
        }
    }
    let results = context.pool.stage(&wanted, context.runner, |cell| {
        let progress = context.progress.cell(&cell.id);
        progress.phase("configure");
        let result = (context.configure)(cell);
        if let Ok(Configured { verdict: Verdict::Dropped(reason), .. }) = &result {
            context.progress.say(&format!("{}: dropped: {reason}", cell.id));
        }
        if let Ok(configured) = &result
            && let Some(warning) = foresight::warning(&cell.id, &configured.mispredicted)
        {
            context.progress.say(&warning);
        }
        result
    })?;
    let mut ready = Vec::new();
    for (cell, result) in wanted.into_iter().zip(results) {
        let mut record = cell::blank(cell);
        match result {
            None | Some(Err(Error::Signal(_))) => {}
            Some(Err(error)) => {
                record.status = Status::Failed { reason: error.to_string() };
                context.progress.say(&verdict_line(&record));
            }
            Some(Ok(configured)) => {
                record.requests.clone_from(&configured.requests);
                record.mispredicted.clone_from(&configured.mispredicted);
                record.config_digest = Some(configured.config_digest.clone());
                record.identity = Some(configured.identity.clone());
                configs.insert(cell.id.clone(), configured.config.clone());
                match &configured.verdict {
                    Verdict::Dropped(reason) => {
                        record.status = Status::Dropped { reason: reason.clone() };
                    }
                    Verdict::Ok | Verdict::Impossible(_) => {
                        ready.push((cell, configured, record));
                        continue;
                    }
                }
            }
        }
        records.insert(&cell.id, record);
    }
    Ok(ready)
}

/// Leaves one cell of each identity; the others say whose they share. A cell in which nothing that
/// was asked for can be had stands for nobody: it is a build without, or it is not one at all.
fn merge<'a>(
    context: &Context,
    ready: Vec<Ready<'a>>,
    elsewhere: &Elsewhere,
    known: &mut BTreeMap<String, String>,
    records: &mut BTreeMap<&'a str, Cell>,
) -> Vec<Ready<'a>> {
    let mut todo = Vec::new();
    let (impossible, possible): (Vec<_>, Vec<_>) =
        ready.into_iter().partition(|(cell, c, _)| c.impossible(&cell.variant).is_some());
    for (cell, configured, mut record) in possible.into_iter().chain(impossible) {
        let impossible = configured.impossible(&cell.variant);
        let identity = &configured.identity;
        let other = || elsewhere.stands_for(cell, identity, impossible.is_some());
        if let Some(of) = known.get(identity).or_else(other) {
            record.status = Status::Identical { of: of.clone() };
            records.insert(&cell.id, record);
        } else if let Some(reason) = impossible {
            record.status = Status::Impossible { reason: reason.to_owned() };
            context.progress.say(&verdict_line(&record));
            records.insert(&cell.id, record);
        } else {
            known.insert(configured.identity.clone(), cell.id.clone());
            todo.push((cell, configured, record));
        }
    }
    todo
}

fn build<'a>(
    context: &Context<'a>,
    todo: &[Ready<'a>],
    records: &mut BTreeMap<&'a str, Cell>,
) -> Result<()> {
    let together = |ready: &Ready| one_by_one(context, ready);
    let results = context.pool.stage_apart(todo, context.runner, together, |ready| {
        let (cell, configured, record) = ready;
        let result = cell::build(context, cell, configured, record.clone());
        if let Ok(record) = &result {
            context.progress.say(&verdict_line(record));
        }
        result
    })?;
    for ((cell, _, record), result) in todo.iter().zip(results) {
        let result = match result {
            Some(Ok(record)) => record,
            // A signal: what is known so far, as pending.
            None | Some(Err(_)) => record.clone(),
        };
        records.insert(&cell.id, result);
    }
    Ok(())
}

/// Cells that compile mostly the same files for the same machine, where one can use what another has
/// compiled, through ccache or in its tree: the variants of a source on one architecture.
fn one_by_one(context: &Context, (cell, ..): &Ready) -> Option<String> {
    let toolchain = cell.toolchain.as_ref().ok()?;
    if toolchain.ccache.is_none() && !context.incremental {
        return None;
    }
    Some(format!("{} {}", cell.arch.name, toolchain.compiler))
}

/// Gives identical cells the measurements of the cell that was built, or its failure. In a part of a
/// run they keep saying whose they share: another part may have a cell that stands for all.
fn copy_identical(records: &mut BTreeMap<&str, Cell>, part: bool) {
    let ids: Vec<&str> = records.keys().copied().collect();
    for id in ids {
        let Some(Status::Identical { of }) = records.get(id).map(|cell| cell.status.clone()) else {
            continue;
        };
        let Some(source) = records.get(of.as_str()).cloned() else { continue };
        let Some(cell) = records.get_mut(id) else { continue };
        if !part || matches!(source.status, Status::Built | Status::Reused) {
            cell.same_as(&source);
        }
    }
}

/// One line that says how a cell ended.
pub fn verdict_line(cell: &Cell) -> String {
    let time = super::progress::duration(std::time::Duration::from_secs_f64(cell.wall_s));
    let what = match &cell.status {
        Status::Built => {
            let objects = cell.objects.map_or(String::new(), |n| format!(", {n} objects"));
            let foreseen = cell.forecast.as_ref();
            let foreseen = foreseen.map_or(String::new(), |f| format!(" ({})", way::judge(f)));
            format!("built in {time}{objects}, {:.0} CPU-seconds{foreseen}", cell.cpu_s)
        }
        Status::Reused => "already built with the same inputs".to_owned(),
        Status::Identical { of } => format!("same inputs as {of}"),
        Status::Impossible { reason } => format!("impossible: {reason}"),
        Status::Dropped { reason } => format!("dropped: {reason}"),
        Status::Skipped { reason, package: Some(package) } => {
            format!("skipped: {reason} (Debian: apt install {package})")
        }
        Status::Skipped { reason, package: None } => format!("skipped: {reason}"),
        Status::Failed { reason } => {
            let log = cell.log.as_ref().map_or(String::new(), |log| format!(" (see {log})"));
            format!("failed: {reason}{log}")
        }
        Status::Pending => "not finished".to_owned(),
    };
    format!("{}: {what}", cell.id)
}
