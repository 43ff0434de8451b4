//! The cells of a run, found by id and by place, and what tells them apart.
//!
//! Of each cell is asked which other it is held against, whose numbers it has, and how it is called. A run
//! of a thousand cells that is looked through for each answer is looked at a million times.

use rustc_hash::{FxHashMap, FxHashSet};

use super::pairs::{Side, trouble};
use crate::model::baseline::{Recorded, target_name};
use crate::model::run::{Cell, Measured, Run, Status, Target};

/// A run whose cells need not be looked for.
#[derive(Debug)]
pub struct Cells<'a> {
    /// The run.
    pub run: &'a Run,
    /// The labels of its sources, in the order of the cells.
    pub sources: Vec<&'a str>,
    by_id: FxHashMap<&'a str, &'a Cell>,
    /// By ARCH name and label of the source.
    by_place: FxHashMap<&'a str, FxHashMap<&'a str, Vec<&'a Cell>>>,
    several_variants: bool,
    several_configs: bool,
}

impl<'a> Cells<'a> {
    /// Looks at every cell of `run` once.
    pub fn of(run: &'a Run) -> Self {
        let mut by_id = FxHashMap::default();
        let mut by_place: FxHashMap<&str, FxHashMap<&str, Vec<&Cell>>> = FxHashMap::default();
        let (mut sources, mut known) = (Vec::new(), FxHashSet::default());
        for cell in &run.cells {
            let source = cell.source.label.as_str();
            by_id.entry(cell.id.as_str()).or_insert(cell);
            let of_arch = by_place.entry(cell.arch.as_str()).or_default();
            of_arch.entry(source).or_default().push(cell);
            if known.insert(source) {
                sources.push(source);
            }
        }
        let differ = |of: fn(&Cell) -> &str| {
            run.cells
                .first()
                .is_some_and(|first| run.cells.iter().any(|cell| of(cell) != of(first)))
        };
        Self {
            run,
            sources,
            by_id,
            by_place,
            several_variants: differ(|cell| &cell.variant),
            several_configs: differ(|cell| &cell.base_config),
        }
    }

    /// The cell with this id.
    pub fn get(&self, id: &str) -> Option<&'a Cell> {
        self.by_id.get(id).copied()
    }

    /// The cells of a variant of a source on an architecture, in the order of the run.
    pub fn at(&self, arch: &str, source: &str, variant: &str) -> Vec<&'a Cell> {
        let there = self.by_place.get(arch).and_then(|of_arch| of_arch.get(source));
        let there = there.into_iter().flatten().copied();
        there.filter(|cell| cell.variant == variant).collect()
    }

    /// The source that others are compared with: the one the run names, else the first; `None` where there
    /// is one only.
    pub fn base_source(&self) -> Option<&'a str> {
        let named = self.run.baseline_source.as_deref();
        named.or_else(|| self.sources.first().copied()).filter(|_| self.sources.len() > 1)
    }

    /// The variant that others are compared with: the one the run names, else the first; `None` where
    /// there is no other.
    pub fn base_variant(&self) -> Option<&'a str> {
        let first = self.run.cells.first().map(|cell| cell.variant.as_str())?;
        let base = self.run.baseline_variant.as_deref().unwrap_or(first);
        (self.several_variants || first != base).then_some(base)
    }

    /// The sizes of a cell: its own, or those of the cell it was proven identical to.
    pub fn measured(&self, cell: &'a Cell) -> Option<&'a Measured> {
        match (&cell.measured, &cell.status) {
            (Some(measured), status) if status.is_result() => Some(measured),
            (None, Status::Identical { of }) => {
                let twin = self.get(of)?;
                twin.measured.as_ref().filter(|_| twin.status.is_result())
            }
            _ => None,
        }
    }

    /// The cell as one side of a pair.
    pub fn side(&self, cell: &'a Cell) -> Side {
        match &cell.status {
            Status::Impossible { reason } => Side::Impossible(reason.clone()),
            Status::Built | Status::Reused | Status::Identical { .. } => {
                match self.measured(cell) {
                    Some(numbers) => Side::Measured {
                        sizes: Box::new(Recorded::of_cell(cell, numbers)),
                        file: numbers.file.clone(),
                    },
                    None => Side::Failed("has no sizes".into()),
                }
            }
            other => Side::Failed(trouble(other).unwrap_or_default()),
        }
    }

    /// The cell's name in reports: what tells it from the others of its run.
    pub fn name(&self, cell: &Cell) -> String {
        let mut name = cell.arch.clone();
        let mut part = |text: &str| {
            name.push(' ');
            name.push_str(text);
        };
        if cell.target != Target::Vmlinux {
            part(&target_name(&cell.target));
        }
        if self.several_configs {
            part(&cell.base_config);
        }
        if self.sources.len() > 1 {
            part(&cell.source.label);
        }
        part(&cell.variant);
        name
    }

    /// Its name where the architecture is known: `with`; `v6.13/with` where there are several sources;
    /// `v6.13` where there is one variant.
    pub fn short_name(&self, cell: &Cell) -> String {
        match (self.sources.len() > 1, self.several_variants) {
            (false, _) => cell.variant.clone(),
            (true, false) => cell.source.label.clone(),
            (true, true) => format!("{}/{}", cell.source.label, cell.variant),
        }
    }
}
