//! Which items of two files have the same identity, whatever that is.
//!
//! A linker writes the symbols of two builds of one source in nearly the same order. So both lists are
//! walked side by side, and what is unique in either and stands where it is expected is paired at once;
//! looking up a hundred thousand names in a table would mean as many cache misses. Only the rest goes
//! through a table. What is found is the same with or without the walk.

use rustc_hash::FxHashMap;

use super::claims::{Claims, Item};
use super::diff::NONE;

/// What makes two items the same.
pub(super) trait Rule: Sync {
    /// Equal for items that are the same; `None` for what this rule leaves alone.
    fn key(&self, side: &Claims, item: &Item) -> Option<u64>;

    /// Whether two items of equal keys really are the same.
    fn same(&self, a: (&Claims, &Item), b: (&Claims, &Item)) -> bool;
}

/// Groups of items that are the same, by their numbers.
#[derive(Default)]
pub(super) struct Groups {
    /// One old and one new item.
    pub single: Vec<(u32, u32)>,
    /// Several of either (none of the new ones, perhaps), each in their order.
    pub several: Vec<(Vec<u32>, Vec<u32>)>,
}

/// Items that are the same: the first old and the first new one, or `NONE`.
#[derive(Clone, Copy)]
struct Slot {
    /// The upper half of the key, which spares most looks at an item that is another.
    upper: u32,
    old: u32,
    new: u32,
}

/// Pairs that stand in the same order on both sides, of keys that occur once on either.
pub(super) fn walk(rule: &impl Rule, old: &Claims, new: &Claims, mut pair: impl FnMut(u32, u32)) {
    /// How far to look for the next item at first, and at most (where whole drivers came or went).
    const REACH: std::ops::Range<usize> = 16..8192;
    let (in_old, in_new) = rayon::join(|| Repeated::new(rule, old), || Repeated::new(rule, new));
    let (mut at, mut reach) = (0, REACH.start);
    // Two kernels that have nothing in common must not cost more than a few looks an item.
    let mut budget = 8 * (old.items.len() + new.items.len());
    for (number, item) in new.items.iter().enumerate() {
        let Some(key) = rule.key(new, item) else { continue };
        if in_new.contains(key) || in_old.contains(key) {
            continue;
        }
        let ahead = &old.items[at..(at + reach.min(budget)).min(old.items.len())];
        let is_it = |was: &Item| was.hash == item.hash && rule.same((old, was), (new, item));
        if let Some(steps) = ahead.iter().position(is_it) {
            pair((at + steps) as u32, number as u32);
            (at, reach) = (at + steps + 1, REACH.start);
        } else {
            budget -= ahead.len();
            reach = if reach < REACH.end { 2 * reach } else { REACH.start };
        }
    }
}

/// Keys that may occur more than once: never misses one that does, and takes few others for one.
struct Repeated {
    bits: Vec<u64>,
}

impl Repeated {
    fn new(rule: &impl Rule, side: &Claims) -> Self {
        let words = (side.items.len() / 4 + 1).next_power_of_two();
        let mut once = vec![0u64; words];
        let mut bits = vec![0u64; words];
        for key in side.items.iter().filter_map(|item| rule.key(side, item)) {
            let (word, bit) = Self::place(key, words);
            bits[word] |= once[word] & bit;
            once[word] |= bit;
        }
        Self { bits }
    }

    fn contains(&self, key: u64) -> bool {
        let (word, bit) = Self::place(key, self.bits.len());
        self.bits[word] & bit != 0
    }

    fn place(key: u64, words: usize) -> (usize, u64) {
        ((key >> 6) as usize & (words - 1), 1 << (key & 63))
    }
}

/// All groups among the items that have no partner (`NONE`) yet.
pub(super) fn find(
    rule: &impl Rule,
    (old, old_partner): (&Claims, &[u32]),
    (new, new_partner): (&Claims, &[u32]),
) -> Groups {
    let free = |partners: &[u32]| {
        let all = 0..partners.len() as u32;
        all.filter(|&i| partners[i as usize] == NONE).collect::<Vec<_>>()
    };
    let old_free = free(old_partner);
    let empty = Slot { upper: 0, old: NONE, new: NONE };
    let mut slots = vec![empty; (old_free.len() * 5 / 4 + 1).next_power_of_two()];
    // What follows an item in its group: few have company.
    let (mut old_next, mut new_next) = (FxHashMap::default(), FxHashMap::default());
    // From the back, so that every group is in the order of the items.
    for number in old_free.into_iter().rev() {
        let item = (old, &old.items[number as usize]);
        let Some(key) = rule.key(old, item.1) else { continue };
        let at = place(&slots, key, |head| rule.same((old, &old.items[head as usize]), item));
        if slots[at].old != NONE {
            old_next.insert(number, slots[at].old);
        }
        slots[at] = Slot { upper: (key >> 32) as u32, old: number, new: NONE };
    }
    for number in free(new_partner).into_iter().rev() {
        let item = (new, &new.items[number as usize]);
        let Some(key) = rule.key(new, item.1) else { continue };
        let at = place(&slots, key, |head| rule.same((old, &old.items[head as usize]), item));
        let slot = &mut slots[at];
        if slot.old == NONE {
            continue;
        }
        if slot.new != NONE {
            new_next.insert(number, slot.new);
        }
        slot.new = number;
    }
    let mut groups = Groups::default();
    for Slot { old, new, .. } in slots.into_iter().filter(|slot| slot.old != NONE) {
        if old_next.contains_key(&old) || new_next.contains_key(&new) {
            groups.several.push((list(old, &old_next), list(new, &new_next)));
        } else if new != NONE {
            groups.single.push((old, new));
        }
    }
    groups
}

/// Where in the table (open addressing, never full) the item of this key is for whose number `is_it`
/// holds, or the free place where it belongs.
fn place(slots: &[Slot], key: u64, is_it: impl Fn(u32) -> bool) -> usize {
    let mask = slots.len() - 1;
    let mut at = key as usize & mask;
    loop {
        let slot = slots[at];
        if slot.old == NONE || (slot.upper == (key >> 32) as u32 && is_it(slot.old)) {
            return at;
        }
        at = (at + 1) & mask;
    }
}

fn list(first: u32, next: &FxHashMap<u32, u32>) -> Vec<u32> {
    let valid = (first != NONE).then_some(first);
    std::iter::successors(valid, |item| next.get(item).copied()).collect()
}
