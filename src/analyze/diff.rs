//! Which symbol of one file is which symbol of another.
//!
//! Matched in passes, each over what the passes before left: section class, name and object; class
//! and name, where only one thing is left of that name on either side; other names of the same bytes; and
//! last renames. A pass only ever pairs, it never sums: two statics of one name stay two symbols.
//! The result does not depend on the number of threads.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::claims::{Category, Claims, Item};
use super::groups::{self, Groups, Rule};
use super::names::Role;
use super::renames;
use crate::model::bytes;
use crate::model::class::Class;
use crate::model::delta::Change;
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

/// All pairs of two files: every item is in exactly one.
///
/// Kept as the partner of each item. A list of pairs would be most of the memory, and nearly all of it about
/// what did not change.
#[derive(Debug)]
pub struct Pairs {
    /// For each old item the new one, or [`NONE`].
    pub(super) old_partner: Vec<u32>,
    /// For each new item the old one, or [`NONE`].
    pub(super) new_partner: Vec<u32>,
    /// Old items whose partner has another name, in ascending order.
    pub(super) renamed: Vec<u32>,
    /// Items that share their identity with others, on either side.
    numbers: [Numbers; 2],
}

/// Which one of how many of the same identity an item is.
#[derive(Debug, Default)]
struct Numbers {
    /// The items that were asked about, in ascending order.
    items: Vec<u32>,
    /// For each of them.
    places: Vec<(u32, u32)>,
}

impl Numbers {
    /// Which one (from 1) of how many; 1 of 1 for what was never asked about.
    fn of(&self, item: Option<u32>) -> (u32, u32) {
        let at = item.and_then(|item| self.items.binary_search(&item).ok());
        at.map_or((1, 1), |at| self.places[at])
    }
}

impl Pairs {
    /// In the order of old items, then what is new in the order of new items.
    pub fn iter(&self) -> impl Iterator<Item = Pair> {
        let mut renamed = self.renamed.iter().copied().peekable();
        let old = (0u32..).zip(&self.old_partner).map(move |(old, &new)| Pair {
            old: Some(old),
            new: (new != NONE).then_some(new),
            renamed: renamed.next_if_eq(&old).is_some(),
        });
        let alone = (0u32..).zip(&self.new_partner).filter(|&(_, &old)| old == NONE);
        old.chain(alone.map(|(new, _)| Pair { old: None, new: Some(new), renamed: false }))
    }

    /// Which one (from 1) of how many symbols of the same identity a pair is; 1 of 1 for nearly all.
    pub fn number(&self, pair: &Pair) -> (u32, u32) {
        let [old, new] = &self.numbers;
        let (was, is) = (old.of(pair.old), new.of(pair.new));
        if pair.old.is_some() { (was.0, was.1.max(is.1)) } else { is }
    }
}

/// Pairs the symbols of two files.
pub fn pairs(old: Side, new: Side) -> Pairs {
    let (was, is) = (old.claims, new.claims);
    let new_partner = groups::walk(&SameObject, was, is);
    let mut old_partner = vec![NONE; was.items.len()];
    for (new, &old) in (0..).zip(&new_partner) {
        if let Some(partner) = old_partner.get_mut(old as usize) {
            *partner = new;
        }
    }
    let (old_free, new_free) = rayon::join(|| free(&old_partner), || free(&new_partner));
    let mut matcher = Matcher {
        old: &was.items,
        new: &is.items,
        old_partner,
        new_partner,
        old_free,
        new_free,
        numbers: Default::default(),
    };
    matcher.pass(&SameObject, was, is, false);
    matcher.pass(&SameName, was, is, true);
    matcher.by_alias(was, is);
    let renamed = renames::find(old, new, &matcher.old_free, &matcher.new_free);
    for &(was, is) in &renamed {
        matcher.pair(was, is);
    }
    let Matcher { old_partner, new_partner, numbers, .. } = matcher;
    let renamed = renamed.into_iter().map(|(old, _)| old).collect();
    Pairs { old_partner, new_partner, renamed, numbers }
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
            && (!a.local || bytes::equal(x.object(a), y.object(b)))
    }
}

/// Section class and name.
struct SameName;

impl Rule for SameName {
    fn key(&self, _: &Claims, item: &Item) -> Option<u64> {
        (item.role != Role::Numbered).then(|| item.class_key())
    }

    fn same(&self, (x, a): (&Claims, &Item), (y, b): (&Claims, &Item)) -> bool {
        a.hash == b.hash && a.class == b.class && bytes::equal(x.name(a), y.name(b))
    }
}

fn free(partners: &[u32]) -> Vec<u32> {
    (0..partners.len() as u32).filter(|&i| partners[i as usize] == NONE).collect()
}

struct Matcher<'d> {
    old: &'d [Item],
    new: &'d [Item],
    old_partner: Vec<u32>,
    new_partner: Vec<u32>,
    /// Items that had no partner when the last pass ended.
    old_free: Vec<u32>,
    new_free: Vec<u32>,
    numbers: [Numbers; 2],
}

impl Matcher<'_> {
    fn forget_paired(&mut self) {
        self.old_free.retain(|&item| self.old_partner[item as usize] == NONE);
        self.new_free.retain(|&item| self.new_partner[item as usize] == NONE);
    }

    fn pair(&mut self, old: u32, new: u32) {
        self.old_partner[old as usize] = new;
        self.new_partner[new as usize] = old;
    }

    /// Pairs free items of the same key; `only_unique` leaves groups of more than two alone.
    fn pass(&mut self, rule: &impl Rule, old: &Claims, new: &Claims, only_unique: bool) {
        let found = groups::find(rule, (old, &self.old_free), (new, &self.new_free));
        for &(was, is) in found.iter().flat_map(|groups| &groups.single) {
            self.pair(self.old_free[was as usize], self.new_free[is as usize]);
        }
        if !only_unique {
            self.pair_several(&found);
        }
        self.forget_paired();
    }

    /// Pairs several symbols of one identity, and numbers them.
    fn pair_several(&mut self, found: &[Groups]) {
        let numbers =
            |free: &[u32]| Numbers { items: free.to_vec(), places: vec![(1, 1); free.len()] };
        let (mut old_numbers, mut new_numbers) = (numbers(&self.old_free), numbers(&self.new_free));
        let (mut olds, mut news) = (Vec::new(), Vec::new());
        for (old, new) in found.iter().flat_map(Groups::several) {
            for (list, numbers) in [(old, &mut old_numbers), (new, &mut new_numbers)] {
                for (nth, &at) in (1..).zip(list) {
                    numbers.places[at as usize] = (nth, list.len() as u32);
                }
            }
            // Bytes and item.
            let sized = |items: &[Item], free: &[u32], at: u32| {
                let item = free[at as usize];
                (items[item as usize].bytes, item)
            };
            olds.clear();
            olds.extend(old.iter().map(|&at| sized(self.old, &self.old_free, at)));
            news.clear();
            news.extend(new.iter().map(|&at| sized(self.new, &self.new_free, at)));
            self.pair_by_size(&mut olds, &mut news);
        }
        self.numbers = [old_numbers, new_numbers];
    }

    /// Pairs those of equal size first, the rest in their order.
    fn pair_by_size(&mut self, olds: &mut Vec<(u64, u32)>, news: &mut Vec<(u64, u32)>) {
        olds.sort_unstable();
        news.sort_unstable();
        let (mut i, mut j) = (0, 0);
        while let (Some(old), Some(new)) = (olds.get(i), news.get(j)) {
            match old.0.cmp(&new.0) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    self.pair(old.1, new.1);
                    (i, j) = (i + 1, j + 1);
                }
            }
        }
        olds.retain(|&(_, item)| self.old_partner[item as usize] == NONE);
        news.retain(|&(_, item)| self.new_partner[item as usize] == NONE);
        olds.sort_unstable_by_key(|&(_, item)| item);
        news.sort_unstable_by_key(|&(_, item)| item);
        for (&(_, old), &(_, new)) in olds.iter().zip(news.iter()) {
            self.pair(old, new);
        }
    }

    /// Pairs what shares one of several names: which alias is the first can differ between files.
    fn by_alias(&mut self, old: &Claims, new: &Claims) {
        if !old.has_aliases() && !new.has_aliases() {
            return;
        }
        let (old_others, new_others) = (old.aliases(&self.old_free), new.aliases(&self.new_free));
        let room = old_others.len() + self.old_free.len();
        let mut names: FxHashMap<Named, u32> =
            FxHashMap::with_capacity_and_hasher(room, FxBuildHasher);
        for (number, alias) in old_others.iter().rev() {
            names.insert(Named::new(&self.old[*number as usize], alias), *number);
        }
        for &number in &self.old_free {
            let item = &self.old[number as usize];
            if item.role != Role::Numbered {
                names.insert(Named::own(old, item), number);
            }
        }
        let new_free = std::mem::take(&mut self.new_free);
        let own =
            new_free.iter().map(|&number| (number, Named::own(new, &new.items[number as usize])));
        let others = new_others
            .iter()
            .map(|(number, alias)| (*number, Named::new(&new.items[*number as usize], alias)));
        for (number, named) in own.chain(others) {
            let item = &new.items[number as usize];
            if self.new_partner[number as usize] != NONE || item.role == Role::Numbered {
                continue;
            }
            if let Some(&was) = names.get(&named)
                && self.old_partner[was as usize] == NONE
            {
                self.pair(was, number);
            }
        }
        self.new_free = new_free;
        self.forget_paired();
    }
}

/// A name in a class, whose hash is known.
#[derive(Clone, Copy)]
struct Named<'n> {
    name: &'n [u8],
    hash: u32,
    class: Class,
}

impl<'n> Named<'n> {
    /// The item's own name.
    fn own(side: &'n Claims, item: &Item) -> Self {
        Self { name: side.name(item), hash: item.hash, class: item.class }
    }

    /// Another name of the same bytes.
    fn new(item: &Item, name: &'n [u8]) -> Self {
        Self { name, hash: (bytes::hash(name) >> 32) as u32, class: item.class }
    }
}

impl Hash for Named<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.hash) << 8 | self.class as u64);
    }
}

impl PartialEq for Named<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.hash, self.class) == (other.hash, other.class) && bytes::equal(self.name, other.name)
    }
}

impl Eq for Named<'_> {}

/// Whether a pair is of one of `categories`, by its new side where it has one.
pub fn is_of(pair: &Pair, old: &Claims, new: &Claims, categories: &[Category]) -> bool {
    let category = || side(pair, old, new).category(item(pair, old, new));
    categories == Category::ALL || categories.contains(&category())
}

/// The name of [`item`], normalised, not demangled.
pub fn name<'d>(pair: &Pair, old: &'d Claims, new: &'d Claims) -> &'d [u8] {
    side(pair, old, new).name(item(pair, old, new))
}

/// The old name of a renamed symbol.
pub fn old_name<'d>(pair: &Pair, old: &'d Claims) -> Option<&'d [u8]> {
    pair.old.filter(|_| pair.renamed).map(|was| old.name(&old.items[was as usize]))
}

fn side<'d, 'a>(pair: &Pair, old: &'d Claims<'a>, new: &'d Claims<'a>) -> &'d Claims<'a> {
    if pair.new.is_some() { new } else { old }
}

/// The object of [`item`]; empty if not known.
pub fn object<'a>(pair: &Pair, old: &Claims<'a>, new: &Claims<'a>) -> &'a [u8] {
    side(pair, old, new).object(item(pair, old, new))
}

/// The item that stands for the pair: the new one where there is one.
pub fn item<'d>(pair: &Pair, old: &'d Claims, new: &'d Claims) -> &'d Item {
    match (pair.new, pair.old) {
        (Some(item), _) => &new.items[item as usize],
        (None, Some(item)) => &old.items[item as usize],
        (None, None) => unreachable!("a pair has at least one side"),
    }
}
