//! Which items of two files have the same identity, whatever that is.
//!
//! A linker writes the symbols of two builds of one source in nearly the same order. So both lists are
//! walked side by side, and what is unique in either and stands where it is expected is paired at once;
//! looking up a hundred thousand names in a table would mean as many cache misses. Only the rest goes
//! through a table. What is found is the same with or without the walk.

use rayon::prelude::*;

use super::claims::{Claims, Item};
use super::diff::NONE;

/// What makes two items the same.
pub(super) trait Rule: Sync {
    /// Equal for items that are the same; `None` for what this rule leaves alone.
    fn key(&self, side: &Claims, item: &Item) -> Option<u64>;

    /// Whether two items of equal keys really are the same.
    fn same(&self, a: (&Claims, &Item), b: (&Claims, &Item)) -> bool;
}

/// Groups of items that are the same, by their positions among those that were looked at.
#[derive(Default)]
pub(super) struct Groups {
    /// One old and one new item.
    pub single: Vec<(u32, u32)>,
    /// Several of either (none of the new ones, perhaps), each in their order: where they end in `members`.
    several: Vec<(u32, u32)>,
    members: Vec<u32>,
}

impl Groups {
    /// The groups of several.
    pub fn several(&self) -> impl Iterator<Item = (&[u32], &[u32])> {
        let starts = std::iter::once(0).chain(self.several.iter().map(|&(_, end)| end as usize));
        starts.zip(&self.several).map(|(start, &(olds, news))| {
            let (olds, news) = (olds as usize, news as usize);
            (&self.members[start..olds], &self.members[olds..news])
        })
    }
}

/// Items that are the same: the first old and the first new one, or `NONE`, by their positions among
/// those that have no partner.
#[derive(Clone, Copy)]
struct Slot {
    /// The upper half of the key, which spares most looks at an item that is another.
    upper: u32,
    old: u32,
    new: u32,
}

/// For each new item the old one that stands in the same order, among keys that occur once on either
/// side; `NONE` for what was not found this way.
///
/// Where the next item is not among the next few, a driver may have come or gone: then the walk goes on
/// where it finds a landmark. That makes it possible to walk through several parts at once.
pub(super) fn walk(rule: &impl Rule, old: &Claims, new: &Claims) -> Vec<u32> {
    /// How far to look for the next item.
    const NEAR: usize = 16;
    /// Items that are worth a thread.
    const PART: usize = 16 * 1024;
    let size = Repeated::size(old.items.len().max(new.items.len()));
    let ((in_old, landmarks), in_new) = rayon::join(
        || {
            let in_old = Repeated::new(rule, old, size);
            let landmarks = Landmarks::new(rule, old, &in_old);
            (in_old, landmarks)
        },
        || Repeated::new(rule, new, size),
    );
    let repeated = in_old.or(&in_new);
    let part = |(items, partners): (&[Item], &mut [u32])| {
        let mut at = 0;
        for (item, partner) in items.iter().zip(partners) {
            let Some(key) = rule.key(new, item) else { continue };
            if repeated.contains(key) {
                continue;
            }
            let is_it = |was: &Item| was.hash == item.hash && rule.same((old, was), (new, item));
            let ahead = &old.items[at..(at + NEAR).min(old.items.len())];
            let found = ahead.iter().position(is_it).map(|steps| at + steps);
            let found =
                found.or_else(|| landmarks.find(key, |was| is_it(&old.items[was as usize])));
            if let Some(found) = found {
                *partner = found as u32;
                at = found + 1;
            }
        }
    };
    let mut partners = vec![NONE; new.items.len()];
    new.items.par_chunks(PART).zip(partners.par_chunks_mut(PART)).for_each(part);
    partners
}

/// One of eight items, chosen by what they are and not by where they stand, and so the same on both
/// sides: few enough for the table to stay in the cache.
struct Landmarks {
    slots: Vec<u32>,
}

impl Landmarks {
    fn new(rule: &impl Rule, side: &Claims, repeated: &Repeated) -> Self {
        let mut slots = vec![NONE; (side.items.len() / 4 + 1).next_power_of_two()];
        // Half of the table stays free.
        let mut room = slots.len() / 2;
        for (number, item) in (0..).zip(&side.items) {
            let Some(key) = rule.key(side, item) else { continue };
            if !Self::is_one(key) || repeated.contains(key) || room == 0 {
                continue;
            }
            room -= 1;
            let mut at = Self::place(key, slots.len());
            while slots[at] != NONE {
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = number;
        }
        Self { slots }
    }

    /// The item of this key for which `is_it` holds.
    fn find(&self, key: u64, is_it: impl Fn(u32) -> bool) -> Option<usize> {
        if !Self::is_one(key) {
            return None;
        }
        let mut at = Self::place(key, self.slots.len());
        // Half of the table is free, so that there is an end.
        while self.slots[at] != NONE {
            if is_it(self.slots[at]) {
                return Some(self.slots[at] as usize);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }

    fn is_one(key: u64) -> bool {
        key.trailing_zeros() >= 3
    }

    fn place(key: u64, slots: usize) -> usize {
        (key >> 24) as usize & (slots - 1)
    }
}

/// Keys that may occur more than once: never misses one that does, and takes few others for one.
struct Repeated {
    words: Vec<u64>,
}

impl Repeated {
    /// How many words are enough for so many items.
    fn size(items: usize) -> usize {
        (items / 4 + 1).next_power_of_two()
    }

    fn new(rule: &impl Rule, side: &Claims, size: usize) -> Self {
        // Bits of keys that occur, and of those that occur again; side by side, so that a look at both is
        // one at memory.
        let mut words = vec![[0u64; 2]; size];
        for key in side.items.iter().filter_map(|item| rule.key(side, item)) {
            let (word, bit) = Self::place(key, words.len());
            let [once, again] = &mut words[word];
            *again |= *once & bit;
            *once |= bit;
        }
        Self { words: words.into_iter().map(|[_, again]| again).collect() }
    }

    /// What either has, of the same size.
    fn or(&self, other: &Self) -> Self {
        Self { words: self.words.iter().zip(&other.words).map(|(a, b)| a | b).collect() }
    }

    fn contains(&self, key: u64) -> bool {
        let (word, bit) = Self::place(key, self.words.len());
        self.words[word] & bit != 0
    }

    fn place(key: u64, words: usize) -> (usize, u64) {
        ((key >> 6) as usize & (words - 1), 1 << (key & 63))
    }
}

/// All groups among those of `olds` and `news`, which have no partner yet.
pub(super) fn find(
    rule: &impl Rule,
    old: (&Claims, &[u32]),
    new: (&Claims, &[u32]),
) -> [Groups; 2] {
    // Either half of all keys is a thread's.
    let half = |upper| move || groups(rule, old, new, |key| key >> 63 == upper);
    rayon::join(half(0), half(1)).into()
}

/// The groups whose keys are `mine`.
fn groups(
    rule: &impl Rule,
    (old, olds): (&Claims, &[u32]),
    (new, news): (&Claims, &[u32]),
    mine: impl Fn(u64) -> bool,
) -> Groups {
    // From here on an item is its position among these.
    let old_item = |at: u32| &old.items[olds[at as usize] as usize];
    let new_item = |at: u32| &new.items[news[at as usize] as usize];
    let key = |side: &Claims, item: &Item| rule.key(side, item).filter(|&key| mine(key));
    let empty = Slot { upper: 0, old: NONE, new: NONE };
    // About half of them are ours; there is room for all.
    let mut slots = vec![empty; (olds.len() * 5 / 4 + 1).next_power_of_two()];
    // What follows an item in its group.
    let (mut old_next, mut new_next) = (vec![NONE; olds.len()], vec![NONE; news.len()]);
    // From the back, so that every group is in the order of the items.
    for number in (0..olds.len() as u32).rev() {
        let item = old_item(number);
        let Some(key) = key(old, item) else { continue };
        let at = place(&slots, key, |head| rule.same((old, old_item(head)), (old, item)));
        old_next[number as usize] = slots[at].old;
        slots[at] = Slot { upper: (key >> 32) as u32, old: number, new: NONE };
    }
    for number in (0..news.len() as u32).rev() {
        let item = new_item(number);
        let Some(key) = key(new, item) else { continue };
        let at = place(&slots, key, |head| rule.same((old, old_item(head)), (new, item)));
        let slot = &mut slots[at];
        if slot.old != NONE {
            new_next[number as usize] = slot.new;
            slot.new = number;
        }
    }
    let valid = |at: u32| (at != NONE).then_some(at);
    let is_one = |at: u32, next: &[u32]| next.get(at as usize).is_none_or(|&next| next == NONE);
    let mut groups = Groups::default();
    for Slot { old, new, .. } in slots.into_iter().filter(|slot| slot.old != NONE) {
        if !is_one(old, &old_next) || !is_one(new, &new_next) {
            let mut list = |first: u32, next: &[u32]| {
                let all = std::iter::successors(valid(first), |&at| valid(next[at as usize]));
                groups.members.extend(all);
                groups.members.len() as u32
            };
            let ends = (list(old, &old_next), list(new, &new_next));
            groups.several.push(ends);
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

#[cfg(test)]
mod tests {
    use bstr::BStr;
    use proptest::prelude::*;
    use rustc_hash::FxHashMap;

    use super::*;
    use crate::analyze::claims::claims;
    use crate::analyze::class::of_section;
    use crate::model::image::{
        Bits, Endian, Header, Image, Kind, SHF_ALLOC, SHF_EXECINSTR, Section,
    };
    use crate::model::symtab::{Place, Symbol, Symbols};

    struct ByName;

    impl Rule for ByName {
        fn key(&self, _: &Claims, item: &Item) -> Option<u64> {
            Some(item.class_key())
        }

        fn same(&self, (x, a): (&Claims, &Item), (y, b): (&Claims, &Item)) -> bool {
            x.name(a) == y.name(b)
        }
    }

    /// An image with a function of 16 bytes for each number, which is its name.
    fn image(numbers: &[u16]) -> Image<'static> {
        let (bits, endian) = (Bits::B64, Endian::Little);
        let names: Vec<String> = numbers.iter().map(|number| format!("f{number}")).collect();
        let symbol = |at: usize| {
            let (value, section) = (at as u64 * 16, Place::Section(1));
            Symbol { name: 0, value, size: 16, section, kind: 2, bind: 1 }
        };
        let section = Section {
            index: 1,
            name: BStr::new(".text"),
            sh_type: 1,
            flags: SHF_ALLOC | SHF_EXECINSTR,
            addr: 0,
            offset: 0,
            align: 16,
            size: numbers.len() as u64 * 16,
            link: 0,
            info: 0,
            data: &[],
        };
        Image {
            path: "x".into(),
            member: None,
            name: "x".into(),
            archive: None,
            kind: Kind::Object,
            header: Header { bits, endian, machine: 62, e_type: 1, flags: 0, shstrndx: 0 },
            sections: vec![section],
            symbols: Symbols::of(names.iter().enumerate().map(|(at, n)| (n.as_str(), symbol(at)))),
            has_symtab: true,
            idents: Vec::new(),
            banner: None,
            warnings: Vec::new(),
        }
    }

    /// How many items the walk pairs; all of them must be what the table says.
    fn walked(old: &[u16], new: &[u16]) -> usize {
        let (old, new) = ([image(old)], [image(new)]);
        let (old, new) = (claims(&old, of_section), claims(&new, of_section));
        let all = |side: &Claims| (0..side.items.len() as u32).collect::<Vec<_>>();
        let groups = find(&ByName, (&old, &all(&old)), (&new, &all(&new)));
        let single = groups.iter().flat_map(|groups| &groups.single);
        let single: FxHashMap<u32, u32> = single.map(|&(a, b)| (b, a)).collect();
        let partners = walk(&ByName, &old, &new);
        let found = (0u32..).zip(partners).filter(|&(_, partner)| partner != NONE);
        found.map(|(item, partner)| assert_eq!(single.get(&item), Some(&partner))).count()
    }

    proptest! {
        #[test]
        fn the_walk_pairs_what_the_table_pairs(
            old in prop::collection::vec(0u16..300, 0..300),
            new in prop::collection::vec(0u16..300, 0..300),
        ) {
            walked(&old, &new);
        }
    }

    #[test]
    fn the_walk_goes_on_after_what_came_and_went() {
        let old: Vec<u16> = (0..1000).chain(3000..6000).collect();
        let new: Vec<u16> = (0..500).chain(7000..9000).chain(500..1000).chain(4000..6000).collect();
        let both = 3000;
        let found = walked(&old, &new);
        assert!(found > both * 9 / 10 && found <= both, "{found}");
    }
}
