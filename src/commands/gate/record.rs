//! The ratchet: a baseline follows what was measured downwards, and upwards only by force.
//!
//! A cell is replaced as a whole, so that a record always is one measurement: it must lower `dec`
//! or payload and raise neither.

use std::path::Path;

use crate::analyze::comparable;
use crate::analyze::pairs::{Head, Side};
use crate::cli::gate::Gate;
use crate::exit::Result;
use crate::model::baseline::{Baseline, Recorded, SCHEMA};
use crate::model::number::grouped;

use super::symbols;

/// The baseline as it should be written.
pub struct Kept {
    /// All records, sorted.
    pub baseline: Baseline,
    /// One line for each record that was added, lowered, raised, dropped or left alone.
    pub notes: Vec<String>,
    /// Whether there is anything to write.
    pub changed: bool,
}

/// What becomes of `old` in the light of `heads`.
pub fn update(
    old: Option<&Baseline>,
    heads: &[Head],
    only: &[String],
    args: &Gate,
    dir: &Path,
) -> Result<Kept> {
    let mut cells = old.map(|old| old.cells.clone()).unwrap_or_default();
    let (mut notes, mut changed) = (Vec::new(), old.is_none());
    let mut gone = vec![true; cells.len()];
    for head in heads {
        let allowed = only.is_empty() || only.contains(&head.record.arch);
        let at = cells.iter().position(|cell| same(cell, &head.record));
        if let Some(at) = at.filter(|at| *at < gone.len()) {
            gone[at] = false;
        }
        let Side::Measured { file, .. } = &head.side else { continue };
        if !allowed {
            continue;
        }
        let mut record = head.record.clone();
        if let Some(at) = at {
            // An image does not know what the record says of its configuration.
            let known = &cells[at];
            record.base_config = record.base_config.or_else(|| known.base_config.clone());
            record.variant = record.variant.or_else(|| known.variant.clone());
            record.source = record.source.or_else(|| known.source.clone());
        }
        let (take, note) = match at {
            None => (true, format!("recorded {}: {}", record.name(), sizes(&record))),
            Some(at) => compare(&cells[at], &record, args.force),
        };
        notes.extend((!note.is_empty()).then_some(note));
        if !take {
            continue;
        }
        if let Some(file) = file.as_ref().filter(|_| args.record_symbols) {
            record.symbols = Some(symbols::by_name(&dir.join(file))?);
        }
        changed = true;
        match at {
            None => cells.push(record),
            Some(at) => cells[at] = record,
        }
    }
    if args.force && only.is_empty() && heads.iter().all(|head| head.record.base_config.is_some()) {
        for at in (0..gone.len()).rev().filter(|at| gone[*at]) {
            notes.push(format!("dropped {}: the run has no such cell", cells.remove(at).name()));
            changed = true;
        }
    }
    cells.sort_by(|a, b| a.key().cmp(&b.key()));
    let tool = concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned();
    Ok(Kept { baseline: Baseline { schema: SCHEMA, tool, cells }, notes, changed })
}

/// Whether `cell` is the record of `head`. What a bare image does not know is taken to be equal.
fn same(cell: &Recorded, head: &Recorded) -> bool {
    let either = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
    cell.arch == head.arch
        && cell.target == head.target
        && either(&cell.base_config, &head.base_config)
        && either(&cell.variant, &head.variant)
        && either(&cell.source, &head.source)
}

/// Whether `new` replaces `old`, and what to say about it.
fn compare(old: &Recorded, new: &Recorded, force: bool) -> (bool, String) {
    let name = new.name();
    if let Some(reason) = comparable::obstacle(old, new) {
        let note = if force { "replaced" } else { "left alone (--force replaces it)" };
        return (force, format!("{note} {name}: not comparable: {reason}"));
    }
    let kinds = (old.payload.map(|payload| payload.kind), new.payload.map(|payload| payload.kind));
    if kinds.0 != kinds.1 {
        let note = if force { "replaced" } else { "left alone (--force replaces it)" };
        return (force, format!("{note} {name}: payloads of two kinds"));
    }
    let payload = |side: &Recorded| side.payload.map_or(0, |payload| payload.bytes);
    let numbers = |side: &Recorded| [side.size.dec(), payload(side), side.bytes.unwrap_or(0)];
    let (before, after) = (numbers(old), numbers(new));
    let rises = before.iter().zip(&after).any(|(before, after)| after > before);
    let falls = before.iter().zip(&after).any(|(before, after)| after < before);
    let change = format!("{name}: {} → {}", sizes(old), sizes(new));
    match (rises, falls, force) {
        (false, false, _) => (old != new && force, String::new()),
        (false, true, _) => (true, format!("lowered {change}")),
        (true, _, true) => (true, format!("raised {change}")),
        (true, _, false) => (false, format!("left alone (--force raises it) {change}")),
    }
}

fn sizes(side: &Recorded) -> String {
    let dec = format!("dec {}", grouped(side.size.dec()));
    match side.payload {
        Some(payload) => format!("{dec}, payload {}", grouped(payload.bytes)),
        None => dec,
    }
}
