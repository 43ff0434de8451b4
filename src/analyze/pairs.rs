//! What the gate holds against what: the cells of a run in pairs.
//!
//! A cell is held against its baseline variant, against its baseline source, or against the record
//! in a baseline file. A side that was never measured stays in its pair with the reason, so that
//! nothing that should have been judged can fall out of the picture.

use rustc_hash::FxHashMap;

use super::cells::Cells;
use crate::model::baseline::{Baseline, Recorded};
use crate::model::policy::Against;
use crate::model::run::{Cell, Status, Target};
use crate::model::verdict::SymbolChange;

/// One side of a pair.
#[derive(Debug, Clone, PartialEq)]
pub enum Side {
    /// Measured.
    Measured {
        /// The numbers.
        sizes: Box<Recorded>,
        /// The image they come from, as the run names it.
        file: Option<String>,
    },
    /// The option cannot be had here, as the matrix said: a result, but no number.
    Impossible(String),
    /// The cell is in the run and has no result; the reason.
    Failed(String),
    /// There is no such cell.
    Absent(String),
    /// Something is recorded, but nothing this could be compared with.
    Foreign(String),
}

impl Side {
    /// The numbers, if there are any.
    pub fn sizes(&self) -> Option<&Recorded> {
        match self {
            Self::Measured { sizes, .. } => Some(sizes),
            _ => None,
        }
    }

    /// The image, if one was named.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Measured { file, .. } => file.as_deref(),
            _ => None,
        }
    }
}

/// Two sides, and where they stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The head's name: `x86_64 with`.
    pub cell: String,
    /// The head's id in its run; empty for anything else.
    pub head_id: String,
    /// The base's id in its run.
    pub base_id: Option<String>,
    /// Where the head's configuration came from, where known.
    pub config: Option<String>,
    /// The kernel's ARCH name.
    pub arch: String,
    /// The head's variant, where it has one.
    pub variant: Option<String>,
    /// What was measured.
    pub target: Target,
    /// Labels to show.
    pub labels: Vec<String>,
    /// What the base is; `None` for a cell on its own (absolute limits).
    pub against: Option<Against>,
    /// The base's name: `without`, `v6.12`, `baseline`.
    pub base_name: String,
    /// What it is held against.
    pub base: Side,
    /// What is judged.
    pub head: Side,
    /// Both sides were proven to be the same build.
    pub proven: bool,
    /// Every symbol of both sides, unchanged ones included, once somebody has read them.
    pub symbols: Option<Vec<SymbolChange>>,
}

/// Why a cell has no result, in words; `None` if it has one.
pub fn trouble(status: &Status) -> Option<String> {
    match status {
        Status::Dropped { reason } => Some(format!("request dropped: {reason}")),
        Status::Skipped { reason, package: Some(package) } => {
            Some(format!("skipped: {reason} (package {package})"))
        }
        Status::Skipped { reason, package: None } => Some(format!("skipped: {reason}")),
        Status::Failed { reason } => Some(format!("failed: {reason}")),
        Status::Pending => Some("never finished".into()),
        _ => None,
    }
}

fn pair<'a>(
    cells: &Cells<'a>,
    cell: &'a Cell,
    against: Option<Against>,
    base_name: &str,
    base: Side,
) -> Pair {
    Pair {
        cell: cells.name(cell),
        head_id: cell.id.clone(),
        base_id: None,
        config: Some(cell.base_config.clone()),
        arch: cell.arch.clone(),
        variant: Some(cell.variant.clone()),
        target: cell.target.clone(),
        labels: cell.labels.clone(),
        against,
        base_name: base_name.to_owned(),
        base,
        head: cells.side(cell),
        proven: false,
        symbols: None,
    }
}

/// Every cell on its own, for absolute limits.
pub fn alone(cells: &Cells<'_>) -> Vec<Pair> {
    let all = cells.run.cells.iter();
    all.map(|cell| pair(cells, cell, None, "", Side::Absent(String::new()))).collect()
}

/// Every cell of another variant against the cell of variant `base` of the same source.
pub fn of_variants(cells: &Cells<'_>, base: &str) -> Vec<Pair> {
    let heads = cells.run.cells.iter().filter(|cell| cell.variant != base);
    heads
        .map(|cell| {
            let bases = cells.at(&cell.arch, &cell.source.label, base);
            against_cell(cells, cell, Against::Variant, base, &bases)
        })
        .collect()
}

/// Every cell of another source against the cell of source `base` with the same variant.
pub fn of_sources(cells: &Cells<'_>, base: &str) -> Vec<Pair> {
    let heads = cells.run.cells.iter().filter(|cell| cell.source.label != base);
    heads
        .map(|cell| {
            let bases = cells.at(&cell.arch, base, &cell.variant);
            against_cell(cells, cell, Against::Source, base, &bases)
        })
        .collect()
}

/// `cell` against the best of `bases`: one of the same configuration and target if there is one.
fn against_cell<'a>(
    cells: &Cells<'a>,
    cell: &'a Cell,
    against: Against,
    base_name: &str,
    bases: &[&'a Cell],
) -> Pair {
    let same =
        |other: &&&Cell| other.base_config == cell.base_config && other.target == cell.target;
    match bases.iter().find(same).or(bases.first()) {
        None => {
            let reason = format!("the run has no cell of {against} {base_name} to compare with");
            pair(cells, cell, Some(against), base_name, Side::Absent(reason))
        }
        Some(other) => {
            let mut pair = pair(cells, cell, Some(against), base_name, cells.side(other));
            pair.proven = proven(cell, other);
            pair.base_id = Some(other.id.clone());
            pair
        }
    }
}

/// Whether the run says that the two cells are one build.
pub fn proven(one: &Cell, other: &Cell) -> bool {
    let root = |cell: &Cell| match &cell.status {
        Status::Identical { of } => of.clone(),
        _ => cell.id.clone(),
    };
    (matches!(one.status, Status::Identical { .. })
        || matches!(other.status, Status::Identical { .. }))
        && root(one) == root(other)
}

/// Something to hold against a baseline file: a cell of a run, or an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Its name in reports.
    pub cell: String,
    /// What it would be recorded as; `None` if it was not measured.
    pub record: Recorded,
    /// Its numbers.
    pub side: Side,
}

impl Head {
    /// The head without anything to hold it against.
    pub fn alone(&self) -> Pair {
        Pair {
            cell: self.cell.clone(),
            head_id: String::new(),
            base_id: None,
            config: self.record.base_config.clone(),
            arch: self.record.arch.clone(),
            variant: self.record.variant.clone(),
            target: self.record.target.clone(),
            labels: self.record.labels.clone(),
            against: None,
            base_name: String::new(),
            base: Side::Absent(String::new()),
            head: self.side.clone(),
            proven: false,
            symbols: None,
        }
    }
}

/// The cells of `run` that a baseline is about: all, or those of the head sources where there are
/// several.
pub fn heads(cells: &Cells<'_>) -> Vec<Head> {
    let sources = cells.sources.len();
    let base = cells.run.baseline_source.as_deref().filter(|_| sources > 1);
    let all = cells.run.cells.iter();
    all.filter(|cell| base != Some(cell.source.label.as_str()))
        .map(|cell| {
            let numbers = cells.measured(cell).cloned().unwrap_or_default();
            let mut record = Recorded::of_cell(cell, &numbers);
            record.source = (sources > 2).then(|| cell.source.label.clone());
            Head { cell: cells.name(cell), record, side: cells.side(cell) }
        })
        .collect()
}

/// Every head against its record, and every record whose cell is gone.
pub fn of_baseline(heads: &[Head], baseline: &Baseline, name: &str) -> Vec<Pair> {
    let mut seen = vec![false; baseline.cells.len()];
    let mut of_arch: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (at, record) in baseline.cells.iter().enumerate() {
        of_arch.entry(&record.arch).or_default().push(at);
    }
    let mut pairs = Vec::new();
    for head in heads {
        let candidates = of_arch.get(head.record.arch.as_str()).map_or(&[][..], Vec::as_slice);
        let (base, at) = find(&head.record, baseline, candidates);
        if let Some(at) = at {
            seen[at] = true;
        }
        // A cell that is impossible, and for which nothing is recorded, is as it was.
        let unchanged = matches!(head.side, Side::Impossible(_)) && at.is_none();
        pairs.push(Pair {
            against: Some(Against::Baseline),
            base_name: name.to_owned(),
            base: if unchanged { head.side.clone() } else { base },
            ..head.alone()
        });
    }
    for (at, record) in baseline.cells.iter().enumerate() {
        if !seen[at] {
            let side = Side::Measured { sizes: Box::new(record.clone()), file: None };
            pairs.push(Pair {
                cell: record.name(),
                head_id: String::new(),
                base_id: None,
                config: record.base_config.clone(),
                arch: record.arch.clone(),
                variant: record.variant.clone(),
                target: record.target.clone(),
                labels: record.labels.clone(),
                against: Some(Against::Baseline),
                base_name: name.to_owned(),
                base: side,
                head: Side::Absent(format!("is in {name}, but was not measured now")),
                proven: false,
                symbols: None,
            });
        }
    }
    pairs
}

/// The record of `head`, and its index: the same cell, or one that shows why it is another. `candidates` are
/// the records of its architecture.
fn find(head: &Recorded, baseline: &Baseline, candidates: &[usize]) -> (Side, Option<usize>) {
    let found = |test: &dyn Fn(&Recorded) -> bool| {
        candidates.iter().copied().find(|&at| test(&baseline.cells[at]))
    };
    let either = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
    let same = |other: &Recorded| {
        either(&other.variant, &head.variant) && either(&other.source, &head.source)
    };
    let exact = found(&|other| {
        same(other) && other.target == head.target && either(&other.base_config, &head.base_config)
    });
    if let Some(at) = exact.or_else(|| found(&same)) {
        let sizes = Box::new(baseline.cells[at].clone());
        return (Side::Measured { sizes, file: None }, Some(at));
    }
    if !candidates.is_empty() {
        let reason = format!("not in the baseline: {} (--update-baseline records it)", head.name());
        return (Side::Absent(reason), None);
    }
    let mut archs: Vec<&str> = baseline.cells.iter().map(|cell| cell.arch.as_str()).collect();
    archs.dedup();
    let archs = if archs.is_empty() { "nothing".into() } else { archs.join(", ") };
    (Side::Foreign(format!("the baseline has {archs}, not {}", head.arch)), None)
}
