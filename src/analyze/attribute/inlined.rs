//! What debug information says of growth by inlining: how many bytes of each caller that grew are those of
//! the function that leads to the gate.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::pieces::{Key, Pieces};
use crate::analyze::names;
use crate::model::audit::{Cost, Growth, InlinedBytes, InlinedGrowth, Row};
use crate::model::image::Image;
use crate::model::inline::Inlines;

const STT_FUNC: u8 = 2;

/// One image.
#[derive(Debug, Clone, Copy)]
pub struct Side<'s> {
    /// With its symbols.
    pub image: &'s Image<'s>,
    /// Its bytes, dealt out.
    pub pieces: &'s Pieces,
    /// What debug information says.
    pub inlines: &'s Inlines,
}

/// Whether a row is growth of a caller by what it inlines, or no longer inlines.
pub fn is_asked(row: &Row) -> bool {
    matches!(row.growth, Some(Growth::Inline | Growth::Moved)) && !row.through.is_empty()
}

/// Tells rows, and all of them together, how many bytes were inlined.
pub fn tell(cost: &mut Cost, old: Side<'_>, new: Side<'_>) {
    let mut rows: FxHashMap<(&str, &str), usize> = FxHashMap::default();
    for (number, row) in cost.rows.iter().enumerate().filter(|(_, row)| is_asked(row)) {
        rows.insert((row.object.as_deref().unwrap_or_default(), &row.name), number);
    }
    let (was, is) = (bytes(old, &rows, &cost.rows), bytes(new, &rows, &cost.rows));
    let mut found: Vec<(usize, InlinedBytes)> = Vec::new();
    for (number, row) in cost.rows.iter().enumerate().filter(|(_, row)| is_asked(row)) {
        // The nearest to the caller that the compiler did inline.
        let inlined = row.through.iter().find_map(|name| {
            let of = |side: &FxHashMap<(usize, String), u64>| {
                side.get(&(number, name.clone())).copied().unwrap_or(0)
            };
            let (before, after) = (of(&was), of(&is));
            let bytes = (after as i64).wrapping_sub(before as i64);
            (before != after).then(|| InlinedBytes { name: name.clone(), bytes })
        });
        found.extend(inlined.map(|inlined| (number, inlined)));
    }
    let mut sums: BTreeMap<String, InlinedGrowth> = BTreeMap::new();
    for (number, inlined) in found {
        let row = &mut cost.rows[number];
        let sum = sums.entry(inlined.name.clone()).or_insert_with(|| InlinedGrowth {
            name: inlined.name.clone(),
            functions: 0,
            growth: 0,
            bytes: 0,
        });
        sum.functions += 1;
        sum.growth = sum.growth.wrapping_add(row.delta);
        sum.bytes = sum.bytes.wrapping_add(inlined.bytes);
        row.inlined = Some(inlined);
    }
    cost.inlined = sums.into_values().collect();
    cost.inlined.sort_by_key(|one| std::cmp::Reverse(one.bytes.unsigned_abs()));
}

/// Bytes that rows have of functions that they name, by row and function.
fn bytes(
    side: Side<'_>,
    rows: &FxHashMap<(&str, &str), usize>,
    all: &[Row],
) -> FxHashMap<(usize, String), u64> {
    let mut out: FxHashMap<(usize, String), u64> = FxHashMap::default();
    let wanted: FxHashSet<&str> = rows.keys().map(|(_, name)| *name).collect();
    // Statics of one name are told apart by where they are.
    let mut places: FxHashMap<&str, Vec<(u64, &Key)>> = FxHashMap::default();
    for (key, piece) in side.pieces.all.iter().filter(|(key, _)| wanted.contains(&*key.name)) {
        places.entry(&key.name).or_default().push((piece.addr, key));
    }
    let mut symbols: FxHashMap<u64, usize> = FxHashMap::default();
    side.image.symbols.each(|_, symbol| {
        if symbol.kind != STT_FUNC {
            return;
        }
        let normal = names::normalise(side.image.symbols.name(&symbol));
        let name = names::display(&normal.name);
        let Some(same) = places.get(name.as_str()) else { return };
        let nearest = same.iter().min_by_key(|(addr, key)| (addr.abs_diff(symbol.value), *key));
        let row = nearest.and_then(|(_, key)| rows.get(&(&*key.object, &*key.name)));
        if let Some(row) = row {
            symbols.insert(symbol.value, *row);
        }
    });
    let mut next = 0;
    let mut counted = FxHashSet::default();
    for host in &side.inlines.hosts {
        let uses = &side.inlines.uses[next..next + host.uses as usize];
        next += host.uses as usize;
        let Some(&row) = symbols.get(&host.addr) else { continue };
        // Two units may both have the code of one function; it is there once.
        if !counted.insert(host.addr) {
            continue;
        }
        for used in uses {
            let function = &side.inlines.functions[used.function as usize];
            if all[row].through.contains(&function.name) {
                let sum = out.entry((row, function.name.clone())).or_default();
                *sum = sum.wrapping_add(used.whole.into());
            }
        }
    }
    out
}
