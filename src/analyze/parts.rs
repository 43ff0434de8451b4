//! Folds the parts of functions into the functions.
//!
//! Compilers and macros make several symbols of one function: `foo.cold`, `foo.isra.0`, `__pfx_foo`. What
//! one costs is the sum, and which parts there are changes from build to build.

use rustc_hash::FxHashMap;

use super::claims::Claims;
use super::names::Role;

const NONE: u32 = u32::MAX;

/// Folds parts into the function they belong to: one of the same name in the same translation unit,
/// else the global one. Parts without it (only `foo.isra.0` is left of `foo`) become the function.
pub(super) fn fold(all: &mut Claims, first: usize) {
    let items = &all.items[first..];
    // In the order of the items.
    let parts: Vec<u32> =
        (0..items.len() as u32).filter(|&i| items[i as usize].role == Role::Part).collect();
    if parts.is_empty() {
        return;
    }
    // By hash, then in the order of the items: the position in `parts`.
    let mut by_hash: Vec<(u32, u32)> =
        (0..).zip(&parts).map(|(at, &part)| (items[part as usize].hash, at)).collect();
    by_hash.sort_unstable();
    // Functions that may have parts, those of the same unit first. Few have, so a small table that
    // fits in the cache answers for most of them.
    let place = |hash: u32| (hash >> 16) as usize;
    let mut may_have = vec![false; 1 << 16];
    for &(hash, _) in &by_hash {
        may_have[place(hash)] = true;
    }
    let mains: Vec<u32> = (0..items.len() as u32)
        .filter(|&i| {
            may_have[place(items[i as usize].hash)] && items[i as usize].role != Role::Part
        })
        .collect();
    let (local, global): (Vec<u32>, Vec<u32>) =
        mains.into_iter().partition(|&i| items[i as usize].local);
    // The item each part goes into.
    let mut into = vec![NONE; parts.len()];
    for main in local.into_iter().chain(global) {
        let item = &items[main as usize];
        let from = by_hash.partition_point(|&(hash, _)| hash < item.hash);
        for &(_, at) in by_hash[from..].iter().take_while(|&&(hash, _)| hash == item.hash) {
            let other = &items[parts[at as usize] as usize];
            let belongs = other.unit == item.unit || !item.local;
            if belongs && into[at as usize] == NONE && all.name(other) == all.name(item) {
                into[at as usize] = main;
            }
        }
    }
    let mut orphans: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    for (&part, into) in parts.iter().zip(&mut into).filter(|(_, into)| **into == NONE) {
        let item = &items[part as usize];
        let head = *orphans.entry((item.hash, item.unit)).or_insert(part);
        if head != part && all.name(&items[head as usize]) == all.name(item) {
            *into = head;
        }
    }
    let items = &mut all.items[first..];
    for (&part, &target) in parts.iter().zip(&into) {
        let item = &mut items[part as usize];
        if target == NONE {
            item.role = Role::Whole;
        } else {
            let bytes = std::mem::take(&mut item.bytes);
            items[target as usize].bytes += bytes;
        }
    }
    let folded = parts.iter().zip(&into).filter(|&(_, &into)| into != NONE);
    let mut folded = folded.map(|(&part, _)| first + part as usize).peekable();
    let mut number = 0..;
    all.items.retain(|_| folded.next_if_eq(&number.next().unwrap_or(usize::MAX)).is_none());
}
