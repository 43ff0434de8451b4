//! What the gate holds against what: the cells of a run in pairs.
//!
//! A cell is held against its baseline variant, against its baseline source, or against the record
//! in a baseline file. A side that was never measured stays in its pair with the reason, so that
//! nothing that should have been judged can fall out of the picture.

use crate::model::baseline::{Baseline, Recorded, target_name};
use crate::model::policy::Against;
use crate::model::run::{Cell, Measured, Run, Status, Target};
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

/// The sizes of a cell: its own, or those of the cell it was proven identical to.
pub fn measured<'a>(run: &'a Run, cell: &'a Cell) -> Option<&'a Measured> {
    match (&cell.measured, &cell.status) {
        (Some(measured), status) if status.is_result() => Some(measured),
        (None, Status::Identical { of }) => {
            let twin = run.cells.iter().find(|other| other.id == *of)?;
            twin.measured.as_ref().filter(|_| twin.status.is_result())
        }
        _ => None,
    }
}

/// The cell as one side of a pair.
pub fn side(run: &Run, cell: &Cell) -> Side {
    match &cell.status {
        Status::Impossible { reason } => Side::Impossible(reason.clone()),
        Status::Built | Status::Reused | Status::Identical { .. } => match measured(run, cell) {
            Some(numbers) => Side::Measured {
                sizes: Box::new(Recorded::of_cell(cell, numbers)),
                file: numbers.file.clone(),
            },
            None => Side::Failed("has no sizes".into()),
        },
        other => Side::Failed(trouble(other).unwrap_or_default()),
    }
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

/// The cell's name in reports: what tells it from the others of its run.
pub fn cell_name(run: &Run, cell: &Cell) -> String {
    let mut name = cell.arch.clone();
    let mut part = |text: &str| {
        name.push(' ');
        name.push_str(text);
    };
    if cell.target != Target::Vmlinux {
        part(&target_name(&cell.target));
    }
    if run.cells.iter().any(|other| other.base_config != cell.base_config) {
        part(&cell.base_config);
    }
    if run.cells.iter().any(|other| other.source.label != cell.source.label) {
        part(&cell.source.label);
    }
    part(&cell.variant);
    name
}

fn pair(run: &Run, cell: &Cell, against: Option<Against>, base_name: &str, base: Side) -> Pair {
    Pair {
        cell: cell_name(run, cell),
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
        head: side(run, cell),
        proven: false,
        symbols: None,
    }
}

/// Every cell on its own, for absolute limits.
pub fn alone(run: &Run) -> Vec<Pair> {
    run.cells.iter().map(|cell| pair(run, cell, None, "", Side::Absent(String::new()))).collect()
}

/// Every cell of another variant against the cell of variant `base` of the same source.
pub fn of_variants(run: &Run, base: &str) -> Vec<Pair> {
    let heads = run.cells.iter().filter(|cell| cell.variant != base);
    heads
        .map(|cell| {
            let bases = run.cells.iter().filter(|other| {
                other.variant == base
                    && other.arch == cell.arch
                    && other.source.label == cell.source.label
            });
            against_cell(run, cell, Against::Variant, base, bases)
        })
        .collect()
}

/// Every cell of another source against the cell of source `base` with the same variant.
pub fn of_sources(run: &Run, base: &str) -> Vec<Pair> {
    let heads = run.cells.iter().filter(|cell| cell.source.label != base);
    heads
        .map(|cell| {
            let bases = run.cells.iter().filter(|other| {
                other.source.label == base
                    && other.arch == cell.arch
                    && other.variant == cell.variant
            });
            against_cell(run, cell, Against::Source, base, bases)
        })
        .collect()
}

/// `cell` against the best of `bases`: one of the same configuration and target if there is one.
fn against_cell<'a>(
    run: &'a Run,
    cell: &'a Cell,
    against: Against,
    base_name: &str,
    bases: impl Iterator<Item = &'a Cell>,
) -> Pair {
    let bases: Vec<_> = bases.collect();
    let same =
        |other: &&&Cell| other.base_config == cell.base_config && other.target == cell.target;
    match bases.iter().find(same).or(bases.first()) {
        None => {
            let reason = format!("the run has no cell of {against} {base_name} to compare with");
            pair(run, cell, Some(against), base_name, Side::Absent(reason))
        }
        Some(other) => {
            let mut pair = pair(run, cell, Some(against), base_name, side(run, other));
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
pub fn heads(run: &Run) -> Vec<Head> {
    let mut labels: Vec<&str> = run.cells.iter().map(|cell| cell.source.label.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let several = labels.len() > 1;
    let base = run.baseline_source.as_deref().filter(|_| several);
    let cells = run.cells.iter().filter(|cell| base != Some(cell.source.label.as_str()));
    cells
        .map(|cell| {
            let numbers = measured(run, cell).cloned().unwrap_or_default();
            let mut record = Recorded::of_cell(cell, &numbers);
            record.source = (labels.len() > 2).then(|| cell.source.label.clone());
            Head { cell: cell_name(run, cell), record, side: side(run, cell) }
        })
        .collect()
}

/// Every head against its record, and every record whose cell is gone.
pub fn of_baseline(heads: &[Head], baseline: &Baseline, name: &str) -> Vec<Pair> {
    let mut seen = vec![false; baseline.cells.len()];
    let mut pairs = Vec::new();
    for head in heads {
        let (base, at) = find(&head.record, baseline);
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

/// The record of `head`, and its index: the same cell, or one that shows why it is another.
fn find(head: &Recorded, baseline: &Baseline) -> (Side, Option<usize>) {
    let side = |at: usize| {
        let sizes = Box::new(baseline.cells[at].clone());
        (Side::Measured { sizes, file: None }, Some(at))
    };
    let found = |test: &dyn Fn(&Recorded) -> bool| baseline.cells.iter().position(test);
    let either = |a: &Option<String>, b: &Option<String>| a.is_none() || b.is_none() || a == b;
    let same = |other: &Recorded| {
        other.arch == head.arch
            && either(&other.variant, &head.variant)
            && either(&other.source, &head.source)
    };
    let exact = found(&|other| {
        same(other) && other.target == head.target && either(&other.base_config, &head.base_config)
    });
    if let Some(at) = exact.or_else(|| found(&same)) {
        return side(at);
    }
    if found(&|other| other.arch == head.arch).is_some() {
        let reason = format!("not in the baseline: {} (--update-baseline records it)", head.name());
        return (Side::Absent(reason), None);
    }
    let mut archs: Vec<&str> = baseline.cells.iter().map(|cell| cell.arch.as_str()).collect();
    archs.dedup();
    let archs = if archs.is_empty() { "nothing".into() } else { archs.join(", ") };
    (Side::Foreign(format!("the baseline has {archs}, not {}", head.arch)), None)
}
