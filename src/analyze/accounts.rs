//! Where the bytes of each section are: in symbols, in padding, or in neither.
//!
//! `symbols + padding + unattributed = section`, exactly, on both sides. A section can keep its size
//! while one part eats another: x86 rounds `.text` up to 2 MiB, so new functions only make its
//! padding smaller. Such a section has changed, whatever `size` says of it.

use std::collections::BTreeMap;

use super::class;
use super::compare::Analysed;
use crate::model::class::Class;
use crate::model::delta::{Change, Row, SectionBytes, SectionDelta};
use crate::model::payload::{PayloadMap, SectionPayload};
use crate::model::size::PayloadKind;

/// The accounts of all ALLOC sections of two files, sections of one name together.
#[derive(Debug)]
pub struct Accounts {
    /// By name.
    pub sections: Vec<SectionDelta>,
    /// The class of each, on the new side where it is there.
    classes: Vec<Class>,
}

impl Accounts {
    /// Of two files, with padding of `kind`.
    pub fn of(old: &Analysed, new: &Analysed, kind: PayloadKind) -> Self {
        let (mut was, mut is) = (of_file(old, kind), of_file(new, kind));
        let mut names: Vec<String> = was.keys().chain(is.keys()).cloned().collect();
        names.sort();
        names.dedup();
        let mut accounts = Self { sections: Vec::new(), classes: Vec::new() };
        for name in names {
            let (old, new) = (was.remove(&name), is.remove(&name));
            accounts.classes.extend(new.or(old).map(|(_, class)| class));
            let bytes = |side: Option<(SectionBytes, Class)>| side.map(|(bytes, _)| bytes);
            accounts.sections.push(SectionDelta { name, old: bytes(old), new: bytes(new) });
        }
        accounts
    }

    /// A row for each section, the largest change of any part first.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<(u64, Row)> = self
            .sections
            .iter()
            .zip(&self.classes)
            .map(|(section, class)| {
                let size = |side: Option<SectionBytes>| side.map(|bytes| bytes.size);
                let mut row = Row::new(section.name.as_str(), size(section.old), size(section.new));
                row.class = Some(*class);
                let parts = [section.symbols(), section.padding(), section.unattributed()];
                let weight = parts.iter().map(|delta| delta.unsigned_abs()).max();
                (weight.max(Some(row.delta.unsigned_abs())).unwrap_or(0), row)
            })
            .collect();
        rows.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.name.cmp(&y.name)));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// How a section changed. One whose padding gave way to payload has grown, though it is as large
    /// as it was.
    pub fn change(&self, row: &Row) -> Change {
        if row.change != Change::Same {
            return row.change;
        }
        let find = |section: &SectionDelta| section.name.as_str().cmp(&row.name);
        let Ok(at) = self.sections.binary_search_by(find) else { return row.change };
        let section = &self.sections[at];
        match section.padding() {
            0 if section.symbols() == 0 => Change::Same,
            0 if section.symbols() > 0 => Change::Grown,
            ..0 => Change::Grown,
            _ => Change::Shrunk,
        }
    }

    /// Padding and unattributed bytes of all sections, which with the symbols make up `dec`.
    pub fn rest(&self) -> Vec<Row> {
        type Part = fn(&SectionBytes) -> u64;
        let sum = |side: fn(&SectionDelta) -> Option<SectionBytes>, part: Part| {
            let parts = self.sections.iter().filter_map(side).map(|bytes| part(&bytes));
            Some(parts.fold(0, u64::wrapping_add))
        };
        let row = |name: &str, part: Part| {
            Row::new(name, sum(|section| section.old, part), sum(|section| section.new, part))
        };
        vec![row("padding", |bytes| bytes.padding), row("unattributed", |bytes| bytes.unattributed)]
    }
}

fn of_file(file: &Analysed, kind: PayloadKind) -> BTreeMap<String, (SectionBytes, Class)> {
    let mut sums: BTreeMap<String, (SectionBytes, Class)> = BTreeMap::new();
    for (number, image) in file.images.iter().enumerate() {
        let covered = file.claims.covered.get(number);
        let payload: Option<&PayloadMap> = file.payload_map(number, kind);
        for (slot, section) in image.sections.iter().enumerate().filter(|(_, s)| s.is_alloc()) {
            let symbols = covered.map_or(0, |covered| covered[slot]);
            let padding = payload.and_then(|map| map.section(section.index));
            // What a symbol claims is the symbol's, even where it looks like fill: entries of tables
            // get their size from their neighbours (see `claims`), and a linker script may define
            // symbols with a size within what the map calls fill.
            let padding = padding
                .map_or(0, SectionPayload::padding)
                .min(section.size.saturating_sub(symbols));
            let (sum, _) = sums
                .entry(section.name.to_string())
                .or_insert_with(|| (SectionBytes::default(), class::of_section(section)));
            sum.size = sum.size.wrapping_add(section.size);
            sum.symbols = sum.symbols.wrapping_add(symbols);
            sum.padding = sum.padding.wrapping_add(padding);
            let rest = section.size.wrapping_sub(symbols).wrapping_sub(padding);
            sum.unattributed = sum.unattributed.wrapping_add(rest);
        }
    }
    sums
}
