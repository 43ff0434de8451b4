//! The tables of `compare` that debug information or linker maps make: compile units, the directories and
//! subsystems they are in, and what was inlined.

use super::compare::{Analysed, Options, merge};
use super::dealt::{self, Known};
use super::diff::Pairs;
use super::inlined;
use super::select::{self, Selection, Sort};
use crate::exit::{Error, Result};
use crate::model::breakdown::{Breakdown, PADDING, UNATTRIBUTED};
use crate::model::delta::{By, Row, Table};
use crate::model::number;
use crate::model::size::PayloadKind;

impl Analysed<'_> {
    /// Whether there is debug information of any image.
    pub fn has_debug(&self) -> bool {
        self.debug.iter().any(|debug| !debug.origins.units.is_empty())
    }

    /// Whether it is known which object each byte is of: an archive, or a map of single objects.
    pub fn has_objects(&self) -> bool {
        self.is_archive || self.map.is_some_and(dealt::tells_apart)
    }

    /// The compile units this file was made of.
    fn units(&self, by: By, kind: PayloadKind) -> Result<Breakdown> {
        // Two maps or none: what only one side knows would be told as a change.
        let with_map = kind == PayloadKind::Map;
        let by_objects = self.is_archive || (with_map && self.has_objects());
        if !self.has_debug() && !by_objects {
            let msg = format!(
                "--by {} needs debug information (CONFIG_DEBUG_INFO), an archive, or the linker map beside the image (vmlinux.map)",
                by.name()
            );
            return Err(Error::input(&self.name, msg));
        }
        let mut all = Vec::new();
        for (number, image) in self.images.iter().enumerate() {
            let debug = self.debug.get(number).filter(|debug| !debug.origins.units.is_empty());
            let payload = if self.is_archive { None } else { self.payload_map(number, kind) };
            let origins = debug.map(|debug| &debug.origins);
            let map = self.map.filter(|_| with_map && self.images.len() == 1);
            all.push(dealt::by_unit(&Known { image, origins, map, payload }));
        }
        Ok(dealt::together(all))
    }
}

/// Compile units, or the directories or subsystems they are in.
pub(super) fn table(
    by: By,
    old: &Analysed,
    new: &Analysed,
    kind: PayloadKind,
    options: &Options,
) -> Result<Table> {
    let (was, is) = rayon::join(|| old.units(by, kind), || new.units(by, kind));
    let (was, is) = (was?, is?);
    let note = format!(
        "it is known whose {} of {} bytes are, and {} of {} before",
        number::grouped(dealt::covered(&is)),
        number::grouped(is.total().dec()),
        number::grouped(dealt::covered(&was)),
        number::grouped(was.total().dec())
    );
    let group = |units: &Breakdown| match (by, options.subsystem) {
        (By::Dir, _) => dealt::grouped(units, dealt::directory),
        (By::Subsystem, Some(subsystem)) => dealt::grouped(units, subsystem),
        _ => units.clone(),
    };
    let mut rows = merge(&group(&was), &group(&is));
    // What is nobody's is always shown.
    let is_rest = |row: &mut Row| [PADDING, UNATTRIBUTED].contains(&row.name.as_str());
    let mut rest: Vec<Row> = rows.extract_if(.., is_rest).collect();
    for row in &mut rest {
        row.name = row.name.trim_matches(['(', ')']).to_owned();
    }
    let mut table = by_size(by, rows, rest, &options.selection);
    table.note = Some(note);
    Ok(table)
}

/// Functions that were inlined.
pub(super) fn inline_table(
    old: &Analysed,
    new: &Analysed,
    pairs: Option<&Pairs>,
    selection: &Selection,
) -> Result<Table> {
    for file in [old, new] {
        if !file.has_debug() {
            let msg = "--by inline needs debug information (CONFIG_DEBUG_INFO)";
            return Err(Error::input(&file.name, msg));
        }
    }
    let pairs = pairs.ok_or_else(|| Error::input(&old.name, "--by inline needs symbol tables"))?;
    let (rows, rest) = inlined::rows(old, new, pairs);
    Ok(by_size(By::Inline, rows, rest, selection))
}

/// A table with the largest changes first, and the rest counted into its total.
pub(super) fn by_size(by: By, rows: Vec<Row>, rest: Vec<Row>, selection: &Selection) -> Table {
    let selection = Selection { sort: selection.sort.or(Some(Sort::Abs)), ..*selection };
    let mut table = select::table(by, rows, |row| row.change, &selection);
    let sum = |pick: fn(&Row) -> Option<u64>, first: Option<u64>| {
        Some(rest.iter().filter_map(pick).fold(first.unwrap_or(0), u64::wrapping_add))
    };
    let (before, after) =
        (sum(|row| row.old, table.total.old), sum(|row| row.new, table.total.new));
    table.total = Row::new("total", before, after);
    table.rest = rest;
    table
}
