//! The tables of `compare` by option and by guard: the partition that `audit` makes, added up.
//!
//! What has no option (or no gate) is not in the rows but in the rest, by its reason, with padding and with
//! what did not change, so that a table's total is what GNU `size` says.

use std::collections::BTreeMap;

use super::select::Selection;
use super::unit_tables::by_size;
use crate::model::audit::{self, Cost, Why};
use crate::model::delta::{By, Row, Table};

/// Bytes before and after; `None` where nothing was there.
type Sides = (Option<u64>, Option<u64>);

/// The table of [`By::Option`] or [`By::Guard`].
pub fn table(by: By, cost: &Cost, selection: &Selection) -> Table {
    let mut rows: BTreeMap<String, Sides> = BTreeMap::new();
    let mut rest: BTreeMap<Why, Sides> = BTreeMap::new();
    let (mut before, mut after) = (0u64, 0u64);
    for row in &cost.rows {
        let name = match by {
            By::Option => row.option.clone(),
            _ => row.gate.as_ref().map(|gate| format!("{}: {}", gate.place, gate.text)),
        };
        let sides = match name {
            Some(name) => rows.entry(name).or_default(),
            None => rest.entry(row.why).or_default(),
        };
        add(sides, row);
        before = before.wrapping_add(row.old.unwrap_or(0));
        after = after.wrapping_add(row.new.unwrap_or(0));
    }
    let rows = rows.into_iter().map(|(name, (old, new))| Row::new(name, old, new)).collect();
    let named = |why: Why| {
        if by == By::Option { "without an option" } else { "without a gate" }.to_owned()
            + ", "
            + why.name()
    };
    let mut rest: Vec<Row> = rest
        .into_iter()
        .map(|(why, (old, new))| {
            let is_nobodys = matches!(why, Why::Noise | Why::Unattributed);
            let name = if is_nobodys { why.name().to_owned() } else { named(why) };
            Row::new(name, old, new)
        })
        .collect();
    let payload = |side: &audit::Side| side.payload.map_or(0, |payload| payload.bytes);
    let sides = [(&cost.old, before), (&cost.new, after)];
    let [padding, same] = [
        sides.map(|(side, _)| side.size.dec().wrapping_sub(payload(side))),
        sides.map(|(side, changed)| payload(side).wrapping_sub(changed)),
    ];
    rest.push(Row::new("padding", Some(padding[0]), Some(padding[1])));
    rest.push(Row::new("unchanged", Some(same[0]), Some(same[1])));
    by_size(by, rows, rest, selection)
}

fn add(sides: &mut Sides, row: &audit::Row) {
    for (sum, bytes) in [(&mut sides.0, row.old), (&mut sides.1, row.new)] {
        if let Some(bytes) = bytes {
            *sum = Some(sum.unwrap_or(0).wrapping_add(bytes));
        }
    }
}
