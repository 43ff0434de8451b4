//! A run to the report that `compare run.json` prints.
//!
//! Which cells are compared follows from the run: variants of one source against the baseline
//! variant, and where there are several sources, each variant against the baseline source. What has
//! no numbers keeps its row and says why.

use rustc_hash::FxHashMap;

use super::cells::Cells;
use super::comparable;
use super::disagree;
use super::pairs::{self, Pair, Side};
use super::series;
use crate::model::baseline::{Recorded, target_name};
use crate::model::policy::Against;
use crate::model::run::{Cell, Run, Status, Target};
use crate::model::run_report::{Block, Delta, Row, RunReport, SCHEMA, Word};
use crate::model::verdict::delta;

/// The report of `run`, which was read from `file`.
pub fn report(run: &Run, file: &str) -> RunReport {
    let cells = Cells::of(run);
    let blocks = blocks(&cells);
    RunReport {
        schema: SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        run: file.to_owned(),
        command: run.command.clone(),
        summary: blocks.iter().flat_map(|block| block.deltas.clone()).collect(),
        blocks,
        series: series::of_run(&cells),
        complete: run.cells.iter().all(|cell| cell.status.is_result())
            && run.missing().next().is_none(),
    }
}

/// What a block is about: ARCH name, base configuration, target.
type Key<'a> = (&'a str, &'a str, &'a Target);

/// The cells that one table shows, and what is compared in it.
#[derive(Default)]
struct Group<'a> {
    cells: Vec<&'a Cell>,
    pairs: Vec<Pair>,
}

fn blocks(cells: &Cells<'_>) -> Vec<Block> {
    let mut keys: Vec<Key<'_>> = Vec::new();
    let mut groups: FxHashMap<Key<'_>, Group<'_>> = FxHashMap::default();
    for cell in &cells.run.cells {
        let key = (cell.arch.as_str(), cell.base_config.as_str(), &cell.target);
        let group = groups.entry(key).or_insert_with(|| {
            keys.push(key);
            Group::default()
        });
        group.cells.push(cell);
    }
    let mut pairs = Vec::new();
    if let Some(base) = cells.base_source().filter(|_| cells.sources.len() == 2) {
        pairs.extend(pairs::of_sources(cells, base));
    }
    if let Some(base) = cells.base_variant() {
        pairs.extend(pairs::of_variants(cells, base));
    }
    for pair in pairs {
        // Pairs are made of cells, so that each has a block.
        let Some(head) = cells.get(&pair.head_id) else { continue };
        let key = (head.arch.as_str(), head.base_config.as_str(), &head.target);
        groups.entry(key).or_default().pairs.push(pair);
    }
    // ARCH names are sorted everywhere; the rest stays as the matrix has it.
    keys.sort_by(|a, b| a.0.cmp(b.0));
    keys.iter().filter_map(|key| groups.remove(key)).map(|group| block(cells, group)).collect()
}

fn block(all: &Cells<'_>, Group { mut cells, pairs }: Group<'_>) -> Block {
    let (source, variant) = (all.base_source(), all.base_variant());
    // The baseline first; a stable sort keeps the matrix's order otherwise.
    cells.sort_by_key(|cell| {
        let other_source = source.is_some_and(|base| cell.source.label != base);
        let other_variant = variant.is_some_and(|base| cell.variant != base);
        // Where sources are compared, the two cells of one variant stand together.
        if source.is_some() { (other_variant, other_source) } else { (other_source, other_variant) }
    });
    Block {
        arch: cells[0].arch.clone(),
        about: about(&cells),
        rows: cells.iter().filter_map(|cell| row(all, cell)).collect(),
        deltas: pairs.iter().map(|pair| compare(all, pair)).collect(),
        notes: notes(all, &cells),
    }
}

fn row<'a>(cells: &Cells<'a>, cell: &'a Cell) -> Option<Row> {
    let numbers = cells.measured(cell)?;
    Some(Row {
        name: format!("{}/{}", cells.short_name(cell), file_name(cell, numbers.file.as_deref())),
        cell: cell.id.clone(),
        size: numbers.size,
        payload: numbers.payload,
        prelink: numbers.prelink,
        bytes: numbers.bytes,
    })
}

/// The measured file below its cell: `vmlinux`, `mm/built-in.a` (`.o` before 4.20), `bzImage`.
fn file_name(cell: &Cell, file: Option<&str>) -> String {
    let last = file.and_then(|file| file.rsplit('/').next());
    match &cell.target {
        Target::Vmlinux => "vmlinux".into(),
        Target::Modules => "modules".into(),
        Target::Image => last.unwrap_or("image").into(),
        Target::Scope(path) if path.ends_with('/') => {
            let archive = last.filter(|last| last.starts_with("built-in."));
            format!("{path}{}", archive.unwrap_or("built-in.a"))
        }
        Target::Scope(path) => path.clone(),
    }
}

/// What all cells of a block share; what differs is no heading.
fn about(cells: &[&Cell]) -> Vec<String> {
    let first = cells[0];
    let mut about = vec![first.base_config.clone()];
    if first.target != Target::Vmlinux {
        about.push(target_name(&first.target));
    }
    for label in &first.labels {
        if !about.contains(label) && cells.iter().all(|cell| cell.labels.contains(label)) {
            about.push(label.clone());
        }
    }
    let mut shared = |of: fn(&Cell) -> Option<&String>| {
        let mut values = cells.iter().filter_map(|cell| of(cell));
        if let Some(value) = values.next()
            && values.all(|other| other == value)
        {
            about.push(value.clone());
        }
    };
    shared(|cell| Some(&cell.source.label));
    shared(|cell| cell.compiler.as_ref());
    shared(|cell| cell.linker.as_ref());
    about
}

fn notes<'a>(all: &Cells<'a>, cells: &[&'a Cell]) -> Vec<String> {
    let mut notes = Vec::new();
    for cell in cells {
        let name = all.short_name(cell);
        match &cell.status {
            Status::Impossible { reason } => notes.push(format!("{name}: impossible: {reason}")),
            other => notes.extend(pairs::trouble(other).map(|reason| format!("{name}: {reason}"))),
        }
        if cell.status.is_result() && !matches!(cell.status, Status::Impossible { .. }) {
            let excused = cell.requests.iter().filter(|request| !request.holds);
            let excused = excused.map(|r| match &r.why {
                Some(why) => format!("{}={} is {why}", r.symbol, r.wanted),
                None => format!("{}={} does not hold", r.symbol, r.wanted),
            });
            let excused: Vec<String> = excused.collect();
            if !excused.is_empty() {
                notes.push(format!("{name}: measured although {}", excused.join("; ")));
            }
        }
        let numbers = all.measured(cell);
        for object in numbers.map(|numbers| numbers.not_built.as_slice()).unwrap_or_default() {
            notes.push(format!("{name}: {object} is not built, it counts 0"));
        }
        if !cell.ours.is_empty() {
            let ours = cell.ours.iter().map(|change| change.symbol.as_str());
            notes.push(format!("{name}: set by hmmsize: {}", ours.collect::<Vec<_>>().join(", ")));
        }
    }
    notes
}

/// One comparison, from the pair that the gate would judge.
fn compare(cells: &Cells<'_>, pair: &Pair) -> Delta {
    let cell = cells.get(&pair.head_id);
    let (base, head) = (pair.base.sizes(), pair.head.sizes());
    let prelink = |id: &str| cells.measured(cells.get(id)?)?.prelink.map(|size| size.dec());
    let noise = base.and_then(|side| side.noise).max(head.and_then(|side| side.noise));
    let mut found = Delta {
        arch: pair.arch.clone(),
        head_name: cell.map_or_else(|| pair.cell.clone(), |cell| cells.short_name(cell)),
        base_name: pair
            .base_id
            .as_deref()
            .and_then(|id| cells.get(id))
            .map_or_else(|| pair.base_name.clone(), |cell| cells.short_name(cell)),
        labels: pair.labels.clone(),
        base: base.map(|side| side.size),
        head: head.map(|side| side.size),
        base_payload: base.and_then(|side| side.payload),
        head_payload: head.and_then(|side| side.payload),
        base_prelink: pair.base_id.as_deref().and_then(prelink),
        head_prelink: prelink(&pair.head_id),
        // Dragged in against the baseline variant: nothing to say between sources.
        dragged_in: cell
            .filter(|_| pair.against == Some(Against::Variant))
            .map(|cell| cell.dragged_in.clone())
            .unwrap_or_default(),
        noise,
        word: Word::Same,
        note: None,
    };
    let failed = || match cell.map(|cell| &cell.status) {
        Some(Status::Dropped { .. }) => Word::Dropped,
        Some(Status::Skipped { .. }) => Word::Skipped,
        Some(Status::Pending) => Word::Pending,
        _ => Word::Failed,
    };
    (found.word, found.note) = match (&pair.head, &pair.base) {
        (Side::Impossible(reason), _) => (Word::Impossible, Some(reason.clone())),
        (Side::Failed(reason), _) => (failed(), Some(reason.clone())),
        (
            _,
            Side::Failed(reason)
            | Side::Absent(reason)
            | Side::Foreign(reason)
            | Side::Impossible(reason),
        ) => (Word::NoBase, Some(format!("{}: {reason}", pair.base_name))),
        _ if pair.proven => (Word::Proven, Some("0, proven by identical inputs".into())),
        _ => match base.zip(head) {
            None => (Word::Same, None),
            Some((base, head)) => match comparable::obstacle(base, head) {
                Some(reason) => (Word::NotComparable, Some(reason)),
                None => measured_word(noise, base, head),
            },
        },
    };
    found
}

/// What two comparable measurements come to.
fn measured_word(noise: Option<u64>, base: &Recorded, head: &Recorded) -> (Word, Option<String>) {
    let note = disagree::recorded(base, head);
    let word = match base.payload.zip(head.payload) {
        Some((was, is)) if was.kind == is.kind => {
            if note.is_some() {
                Word::SizeMisleads
            } else {
                word_of(delta(was.bytes, is.bytes), noise)
            }
        }
        _ => word_of(delta(base.size.dec(), head.size.dec()), noise),
    };
    (word, note)
}

fn word_of(bytes: i64, noise: Option<u64>) -> Word {
    match bytes {
        0 => Word::Same,
        _ if bytes.unsigned_abs() <= noise.unwrap_or(0) => Word::Noise,
        1.. => Word::Larger,
        _ => Word::Smaller,
    }
}
