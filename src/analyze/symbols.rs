//! The symbols of one image as sizes by name, for the gate's records.
//!
//! Names are normalised as everywhere; aliases (same section, address and size) count once; sizes
//! of one name are added up, since a record has no room for what tells two statics apart.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::names::normalise;
use crate::model::image::{Image, Place};
use crate::model::verdict::SymbolChange;

/// Bytes by normalised name of everything in an ALLOC section.
pub fn by_name(image: &Image<'_>) -> BTreeMap<String, u64> {
    let alloc: FxHashSet<u32> = image
        .sections
        .iter()
        .filter(|section| section.is_alloc())
        .map(|section| section.index)
        .collect();
    let mut seen = FxHashSet::default();
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    for symbol in &image.symbols {
        let Place::Section(index) = symbol.section else { continue };
        if symbol.size == 0
            || !alloc.contains(&index)
            || !seen.insert((index, symbol.value, symbol.size))
        {
            continue;
        }
        let name = String::from_utf8_lossy(&normalise(symbol.name).name).into_owned();
        let size = sizes.entry(name).or_default();
        *size = size.saturating_add(symbol.size);
    }
    sizes
}

/// Every name of two records, unchanged ones included.
pub fn changes(old: &BTreeMap<String, u64>, new: &BTreeMap<String, u64>) -> Vec<SymbolChange> {
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    new.keys()
        .chain(gone)
        .map(|name| SymbolChange {
            name: name.clone(),
            section: None,
            old: old.get(name).copied(),
            new: new.get(name).copied(),
        })
        .collect()
}
