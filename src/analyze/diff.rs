//! Which symbol of one file is which symbol of another.
//!
//! Matched in passes, each over what the passes before left: section class, name and object; class
//! and name, where only one thing is left of that name on either side; other names of the same bytes; and
//! last renames. A pass only ever pairs, it never sums: two statics of one name stay two symbols.
//! The result does not depend on the number of threads.

use rustc_hash::FxHashMap;

use super::claims::{Category, Claims, Item};
use super::groups::{self, Rule};
use super::names::Role;
use super::renames;
use crate::model::delta::{Change, SymbolSummary};
use crate::model::image::Image;

/// No partner, no next.
pub(super) const NONE: u32 = u32::MAX;

/// One side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Side<'d, 'a> {
    /// The images of the file.
    pub images: &'d [Image<'a>],
    /// Their symbols.
    pub claims: &'d Claims<'a>,
}

/// A symbol on both sides, or on one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Index of the old item.
    pub old: Option<u32>,
    /// Index of the new item.
    pub new: Option<u32>,
    /// Found by the last pass: the same thing under another name.
    pub renamed: bool,
    /// Which one (from 1) of how many symbols of the same identity.
    pub nth: u32,
    /// How many symbols have the same identity; 1 for nearly all.
    pub of: u32,
}

impl Pair {
    /// How it changed.
    pub fn change(&self, old: &Claims, new: &Claims) -> Change {
        if self.renamed { Change::Renamed } else { Change::of(self.before(old), self.after(new)) }
    }

    /// Bytes before.
    pub fn before(&self, old: &Claims) -> Option<u64> {
        self.old.map(|item| old.items[item as usize].bytes)
    }

    /// Bytes after.
    pub fn after(&self, new: &Claims) -> Option<u64> {
        self.new.map(|item| new.items[item as usize].bytes)
    }
}

/// Pairs the symbols of two files: every item is in exactly one pair.
pub fn pairs(old: Side, new: Side) -> Vec<Pair> {
    let (was, is) = (old.claims, new.claims);
    let mut matcher = Matcher {
        old: &was.items,
        new: &is.items,
        old_partner: vec![NONE; was.items.len()],
        new_partner: vec![NONE; is.items.len()],
        several: [vec![false; was.items.len()], vec![false; is.items.len()]],
        numbers: FxHashMap::default(),
    };
    groups::walk(&SameObject, was, is, |old, new| matcher.pair(old, new));
    matcher.pass(&SameObject, was, is, false);
    matcher.pass(&SameName, was, is, true);
    matcher.by_alias(was, is);
    let renamed = renames::find(old, new, &free(&matcher.old_partner), &free(&matcher.new_partner));
    for &(was, is) in &renamed {
        matcher.pair(was, is);
    }
    matcher.finish(&renamed)
}

/// Section class, name and, of local symbols, object.
struct SameObject;

impl Rule for SameObject {
    fn key(&self, side: &Claims, item: &Item) -> Option<u64> {
        Some(side.key(item))
    }

    fn same(&self, (x, a): (&Claims, &Item), (y, b): (&Claims, &Item)) -> bool {
        SameName.same((x, a), (y, b))
            && a.local == b.local
            && (!a.local || x.object(a) == y.object(b))
    }
}

/// Section class and name.
struct SameName;

impl Rule for SameName {
    fn key(&self, _: &Claims, item: &Item) -> Option<u64> {
        (item.role != Role::Numbered).then(|| item.class_key())
    }

    fn same(&self, (_, a): (&Claims, &Item), (_, b): (&Claims, &Item)) -> bool {
        a.hash == b.hash && a.class == b.class && a.name == b.name
    }
}

fn free(partners: &[u32]) -> Vec<u32> {
    (0..partners.len() as u32).filter(|&i| partners[i as usize] == NONE).collect()
}

struct Matcher<'d, 'a> {
    old: &'d [Item<'a>],
    new: &'d [Item<'a>],
    old_partner: Vec<u32>,
    new_partner: Vec<u32>,
    /// For old and new: whether an item shares its identity with others.
    several: [Vec<bool>; 2],
    /// These items: (is new, item) → (nth, of).
    numbers: FxHashMap<(bool, u32), (u32, u32)>,
}

impl<'a> Matcher<'_, 'a> {
    fn pair(&mut self, old: u32, new: u32) {
        self.old_partner[old as usize] = new;
        self.new_partner[new as usize] = old;
    }

    /// Pairs free items of the same key; `only_unique` leaves groups of more than two alone.
    fn pass(&mut self, rule: &impl Rule, old: &Claims<'a>, new: &Claims<'a>, only_unique: bool) {
        let free = (&self.old_partner[..], &self.new_partner[..]);
        let found = groups::find(rule, (old, free.0), (new, free.1));
        for (was, is) in found.single {
            self.pair(was, is);
        }
        if !only_unique {
            for (olds, news) in found.several {
                self.pair_several(&olds, &news);
            }
        }
    }

    /// Pairs several symbols of one identity: those of equal size first, the rest in their order.
    fn pair_several(&mut self, olds: &[u32], news: &[u32]) {
        self.number(olds, news);
        let by_size = |items: &[Item], list: &[u32]| {
            let mut sorted: Vec<(u64, u32)> =
                list.iter().map(|&i| (items[i as usize].bytes, i)).collect();
            sorted.sort_unstable();
            sorted
        };
        let (old_sorted, new_sorted) = (by_size(self.old, olds), by_size(self.new, news));
        let (mut i, mut j) = (0, 0);
        while let (Some(old), Some(new)) = (old_sorted.get(i), new_sorted.get(j)) {
            match old.0.cmp(&new.0) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    self.pair(old.1, new.1);
                    (i, j) = (i + 1, j + 1);
                }
            }
        }
        let rest_old: Vec<u32> =
            olds.iter().copied().filter(|&i| self.old_partner[i as usize] == NONE).collect();
        let rest_new: Vec<u32> =
            news.iter().copied().filter(|&i| self.new_partner[i as usize] == NONE).collect();
        for (old, new) in rest_old.into_iter().zip(rest_new) {
            self.pair(old, new);
        }
    }

    fn number(&mut self, olds: &[u32], news: &[u32]) {
        for (is_new, list) in [(false, olds), (true, news)] {
            for (nth, &item) in list.iter().enumerate() {
                self.several[usize::from(is_new)][item as usize] = true;
                self.numbers.insert((is_new, item), (nth as u32 + 1, list.len() as u32));
            }
        }
    }

    /// Pairs what shares one of several names: which alias is the first can differ between files.
    fn by_alias(&mut self, old: &Claims, new: &Claims) {
        let mut names: FxHashMap<(&[u8], u8), u32> = FxHashMap::default();
        for (item, alias) in old.aliases.iter().rev() {
            if self.old_partner[*item as usize] == NONE {
                names.insert((alias, self.old[*item as usize].class as u8), *item);
            }
        }
        let has_alias: Vec<u32> = new.aliases.iter().map(|(item, _)| *item).collect();
        if names.is_empty() && has_alias.is_empty() {
            return;
        }
        for number in free(&self.old_partner) {
            let item = &self.old[number as usize];
            if item.role != Role::Numbered {
                names.insert((&item.name, item.class as u8), number);
            }
        }
        let own = free(&self.new_partner).into_iter().map(|i| (i, &self.new[i as usize].name));
        let others = new.aliases.iter().map(|(item, alias)| (*item, alias));
        for (number, name) in own.chain(others) {
            let item = &self.new[number as usize];
            if self.new_partner[number as usize] != NONE || item.role == Role::Numbered {
                continue;
            }
            if let Some(&was) = names.get(&(name.as_ref(), item.class as u8))
                && self.old_partner[was as usize] == NONE
            {
                self.pair(was, number);
            }
        }
    }

    /// The pairs; `renamed` are in the order of old items.
    fn finish(self, renamed: &[(u32, u32)]) -> Vec<Pair> {
        let mut renamed = renamed.iter().map(|&(old, _)| old).peekable();
        let alone = self.new_partner.iter().filter(|&&old| old == NONE).count();
        let mut pairs = Vec::with_capacity(self.old.len() + alone);
        let some = |i: u32| (i != NONE).then_some(i);
        let numbered = |is_new, item: u32| {
            if !self.several[usize::from(is_new)][item as usize] {
                return (1, 1);
            }
            self.numbers.get(&(is_new, item)).copied().unwrap_or((1, 1))
        };
        for (old, &new) in self.old_partner.iter().enumerate() {
            let old = old as u32;
            let (nth, of) = numbered(false, old);
            let of = if new == NONE { of } else { of.max(numbered(true, new).1) };
            let renamed = renamed.next_if_eq(&old).is_some();
            pairs.push(Pair { old: Some(old), new: some(new), renamed, nth, of });
        }
        for (new, &old) in self.new_partner.iter().enumerate() {
            if old == NONE {
                let new = new as u32;
                let (nth, of) = numbered(true, new);
                pairs.push(Pair { old: None, new: Some(new), renamed: false, nth, of });
            }
        }
        pairs
    }
}

/// The numbers of bloat-o-meter's first and last line.
pub fn summary(pairs: &[Pair], old: &Claims, new: &Claims) -> SymbolSummary {
    let mut sum = SymbolSummary::default();
    for pair in pairs {
        let (was, is) = (pair.before(old).unwrap_or(0), pair.after(new).unwrap_or(0));
        sum.before += was;
        sum.after += is;
        sum.up += is.saturating_sub(was);
        sum.down += was.saturating_sub(is);
        let count = match pair.change(old, new) {
            Change::Added => &mut sum.added,
            Change::Removed => &mut sum.removed,
            Change::Grown => &mut sum.grown,
            Change::Shrunk => &mut sum.shrunk,
            Change::Renamed => &mut sum.renamed,
            Change::Same => &mut sum.same,
        };
        *count += 1;
    }
    sum
}

/// Whether a pair is of one of `categories`, by its new side where it has one.
pub fn is_of(pair: &Pair, old: &Claims, new: &Claims, categories: &[Category]) -> bool {
    categories == Category::ALL || categories.contains(&item(pair, old, new).category)
}

/// The object of [`item`]; empty if not known.
pub fn object<'a>(pair: &Pair, old: &Claims<'a>, new: &Claims<'a>) -> &'a [u8] {
    let side = if pair.new.is_some() { new } else { old };
    side.object(item(pair, old, new))
}

/// The item that stands for the pair: the new one where there is one.
pub fn item<'d, 'a>(pair: &Pair, old: &'d Claims<'a>, new: &'d Claims<'a>) -> &'d Item<'a> {
    match (pair.new, pair.old) {
        (Some(item), _) => &new.items[item as usize],
        (None, Some(item)) => &old.items[item as usize],
        (None, None) => unreachable!("a pair has at least one side"),
    }
}
