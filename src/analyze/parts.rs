//! Folds the parts of functions into the functions.
//!
//! Compilers and macros make several symbols of one function: `foo.cold`, `foo.isra.0`, `__pfx_foo`. What
//! one costs is the sum, and which parts there are changes from build to build.

use rustc_hash::FxHashMap;

use super::claims::{Claims, Item};
use super::names::Role;

const NONE: u32 = u32::MAX;

/// Folds parts into the function they belong to: one of the same name in the same translation unit,
/// else the global one. Parts without it (only `foo.isra.0` is left of `foo`) become the function.
pub(super) fn fold(all: &mut Claims, first: usize) {
    let items = &all.items[first..];
    let parts: Vec<u32> =
        (0..items.len() as u32).filter(|&i| items[i as usize].role == Role::Part).collect();
    if parts.is_empty() {
        return;
    }
    let mut by_hash: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for &part in &parts {
        by_hash.entry(items[part as usize].hash).or_default().push(part);
    }
    // Functions that may have parts, those of the same unit first. Few have, so a small table that
    // fits in the cache answers for most of them.
    let place = |hash: u32| (hash >> 16) as usize;
    let mut may_have = vec![false; 1 << 16];
    for &hash in by_hash.keys() {
        may_have[place(hash)] = true;
    }
    let is_main = |item: &Item| item.role != Role::Part && may_have[place(item.hash)];
    let (local, global): (Vec<u32>, Vec<u32>) = (0..items.len() as u32)
        .filter(|&i| is_main(&items[i as usize]))
        .partition(|&i| items[i as usize].local);
    // The item each item goes into.
    let mut into = vec![NONE; items.len()];
    for main in local.into_iter().chain(global) {
        let item = &items[main as usize];
        for &part in by_hash.get(&item.hash).map_or(&[][..], |parts| parts) {
            let other = &items[part as usize];
            let belongs = other.unit == item.unit || !item.local;
            if belongs && into[part as usize] == NONE && all.name(other) == all.name(item) {
                into[part as usize] = main;
            }
        }
    }
    let mut orphans: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    for &part in &parts {
        if into[part as usize] == NONE {
            let item = &items[part as usize];
            let head = *orphans.entry((item.hash, item.unit)).or_insert(part);
            if head != part && all.name(&items[head as usize]) == all.name(item) {
                into[part as usize] = head;
            }
        }
    }
    let items = &mut all.items[first..];
    for &part in &parts {
        let target = into[part as usize];
        let item = &mut items[part as usize];
        if target == NONE {
            item.role = Role::Whole;
        } else {
            let bytes = std::mem::take(&mut item.bytes);
            items[target as usize].bytes += bytes;
        }
    }
    drop_folded(all, first, &into);
}

/// Removes folded items and follows the aliases to where their items now are.
fn drop_folded(all: &mut Claims, first: usize, into: &[u32]) {
    let mut moved = vec![0; into.len()];
    let mut kept = first as u32;
    for (old, &target) in into.iter().enumerate() {
        moved[old] = kept;
        if target == NONE {
            kept += 1;
        }
    }
    let mut number = 0;
    all.items.retain(|_| {
        let keep = number < first || into[number - first] == NONE;
        number += 1;
        keep
    });
    all.aliases.retain_mut(|(item, _)| {
        let Some(old) = (*item as usize).checked_sub(first) else { return true };
        *item = moved[old];
        into[old] == NONE
    });
}
