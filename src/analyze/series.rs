//! A run over a series of commits: one row a commit, each against the one before it.

use super::pairs;
use super::run::{base_source, sources};
use crate::model::run::{Cell, Run, Status};
use crate::model::run_report::{Commit, Series};
use crate::model::size::{Berkeley, Payload};
use crate::model::verdict::delta;

/// The series of a run; empty unless it has three sources or more.
pub fn of_run(run: &Run) -> Vec<Series> {
    let mut labels = sources(run);
    if labels.len() < 3 {
        return Vec::new();
    }
    if let Some(base) = base_source(run) {
        labels.sort_by_key(|label| *label != base);
    }
    let mut keys: Vec<(&str, &str, &str)> = Vec::new();
    for cell in &run.cells {
        let key = (cell.arch.as_str(), cell.base_config.as_str(), cell.variant.as_str());
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.sort_by(|a, b| a.0.cmp(b.0));
    keys.iter()
        .map(|(arch, base_config, variant)| {
            let find = |label: &&str| {
                run.cells.iter().find(|cell| {
                    cell.arch == *arch
                        && cell.base_config == *base_config
                        && cell.variant == *variant
                        && cell.source.label == **label
                })
            };
            let cells: Vec<&Cell> = labels.iter().filter_map(find).collect();
            Series {
                arch: (*arch).to_owned(),
                variant: (*variant).to_owned(),
                labels: cells.first().map(|cell| cell.labels.clone()).unwrap_or_default(),
                commits: commits(run, &cells),
            }
        })
        .collect()
}

fn commits(run: &Run, cells: &[&Cell]) -> Vec<Commit> {
    let mut first: Option<(Berkeley, Option<Payload>)> = None;
    let mut last = first;
    // The noise is measured on one cell and holds for all.
    let noise =
        cells.iter().filter_map(|cell| pairs::measured(run, cell)?.noise).max().unwrap_or(0);
    cells
        .iter()
        .map(|cell| {
            let numbers = pairs::measured(run, cell);
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
