//! A run over a series of commits: one row a commit, each against the one before it.

use rustc_hash::FxHashSet;

use super::cells::Cells;
use super::pairs;
use crate::model::run::{Cell, Status};
use crate::model::run_report::{Commit, Series};
use crate::model::size::{Berkeley, Payload};
use crate::model::verdict::delta;

/// The series of a run; empty unless it has three sources or more.
pub fn of_run(cells: &Cells<'_>) -> Vec<Series> {
    let mut labels = cells.sources.clone();
    if labels.len() < 3 {
        return Vec::new();
    }
    if let Some(base) = cells.base_source() {
        labels.sort_by_key(|label| *label != base);
    }
    let (mut keys, mut known) = (Vec::new(), FxHashSet::default());
    for cell in &cells.run.cells {
        let key = (cell.arch.as_str(), cell.base_config.as_str(), cell.variant.as_str());
        if known.insert(key) {
            keys.push(key);
        }
    }
    keys.sort_by(|a, b| a.0.cmp(b.0));
    keys.iter()
        .map(|(arch, base_config, variant)| {
            let find = |label: &&str| {
                let mut there = cells.at(arch, label, variant).into_iter();
                there.find(|cell| cell.base_config == *base_config)
            };
            let row: Vec<&Cell> = labels.iter().filter_map(find).collect();
            Series {
                arch: (*arch).to_owned(),
                variant: (*variant).to_owned(),
                labels: row.first().map(|cell| cell.labels.clone()).unwrap_or_default(),
                commits: commits(cells, &row),
            }
        })
        .collect()
}

fn commits<'a>(all: &Cells<'a>, cells: &[&'a Cell]) -> Vec<Commit> {
    let mut first: Option<(Berkeley, Option<Payload>)> = None;
    let mut last = first;
    // The noise is measured on one cell and holds for all.
    let noise = cells.iter().filter_map(|cell| all.measured(cell)?.noise).max().unwrap_or(0);
    cells
        .iter()
        .map(|cell| {
            let numbers = all.measured(cell);
            let now = numbers.map(|numbers| (numbers.size, numbers.payload));
            let dec = |then: Option<(Berkeley, Option<Payload>)>| {
                then.zip(now).map(|(then, now)| delta(then.0.dec(), now.0.dec()))
            };
            let payload = |then: Option<(Berkeley, Option<Payload>)>| {
                let (then, now) = (then?.1?, now?.1?);
                (then.kind == now.kind).then(|| delta(then.bytes, now.bytes))
            };
            let (dec_delta, payload_delta) = (dec(last), payload(last));
            let step = payload_delta.or(dec_delta).unwrap_or(0);
            let commit = Commit {
                abbrev: abbrev(cell),
                subject: subject(cell),
                size: now.map(|now| now.0),
                payload: now.and_then(|now| now.1),
                dec_delta,
                payload_delta,
                total: payload(first).or_else(|| dec(first)),
                note: note(cell),
                within_noise: step != 0 && step.unsigned_abs() <= noise,
            };
            first = first.or(now);
            last = now.or(last);
            commit
        })
        .collect()
}

fn abbrev(cell: &Cell) -> String {
    let revision = cell.source.revision.as_ref();
    revision.map_or_else(
        || cell.source.label.clone(),
        |revision| {
            let dirty = if revision.dirty { "+" } else { "" };
            format!("{}{dirty}", revision.abbrev)
        },
    )
}

fn subject(cell: &Cell) -> String {
    cell.source.revision.as_ref().map(|revision| revision.subject.clone()).unwrap_or_default()
}

fn note(cell: &Cell) -> Option<String> {
    match &cell.status {
        Status::Identical { .. } => Some("0, proven by identical inputs".into()),
        Status::Impossible { reason } => Some(format!("impossible: {reason}")),
        other => pairs::trouble(other),
    }
}
