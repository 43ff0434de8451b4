//! Symbols that only changed their name.
//!
//! Of what no name could match, two symbols of one class and exactly one size are the same thing if
//! their contents are equal and occur once on either side, or if their names are similar and nothing
//! else could be meant. Bounded on
//! purpose: names are compared only where they begin or end alike, so that two quite different kernels
//! cost no more than two similar ones.

use std::cmp::Reverse;

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::xxh3_64;

use super::claims::Item;
use super::diff::Side;
use super::names::Role;
use crate::model::class::Class;
use crate::model::image::Kind;
use crate::model::symtab::Place;

/// Contents shorter than this are equal by chance.
const MIN_CONTENT: u64 = 32;
/// Symbols shorter than this are too common for names to tell.
const MIN_NAMED: u64 = 16;
/// Names at least this similar (0 to 1) are a rename, if no other symbol of the class that came or
/// went has that size. Kernels are full of families (`dev_attr_…`, `trace_event_…`) whose members
/// have one size and similar names.
const SIMILAR: f64 = 0.7;
/// Functions at least this similar are a rename even among others of the size.
const VERY_SIMILAR: f64 = 0.9;
/// No more name comparisons than this in a bucket.
const MAX_BUCKET: usize = 4096;

/// How many sizes and classes are told from each other before they are compared.
const SIZES: usize = 1 << 16;

/// Bytes and class of an item, and its number.
type BySize = (u64, u8, u32);

/// Pairs of item indices (old, new), among the `old_free` and `new_free` ones, in ascending order.
pub fn find(old: Side, new: Side, old_free: &[u32], new_free: &[u32]) -> Vec<(u32, u32)> {
    if old_free.is_empty() || new_free.is_empty() {
        return Vec::new();
    }
    // Only sizes that occur on both sides can match, which leaves little of a large difference.
    let by_size = |side: Side, free: &[u32], other: Side, others: &[u32]| {
        let key = |side: Side, i: u32| {
            let item = &side.claims.items[i as usize];
            (item.bytes, item.class as u8, i)
        };
        // A few bits of each size: some that do not occur look as if they did.
        let mut sizes = vec![0u64; SIZES / 64];
        let bit = |(bytes, class, _): BySize| {
            (bytes as usize).wrapping_mul(16).wrapping_add(usize::from(class)) % SIZES
        };
        for &i in others {
            let bit = bit(key(other, i));
            sizes[bit / 64] |= 1 << (bit % 64);
        }
        let mut sorted: Vec<BySize> = free.iter().map(|&i| key(side, i)).collect();
        sorted.retain(|&one| sizes[bit(one) / 64] >> (bit(one) % 64) & 1 != 0);
        sorted.sort_unstable();
        sorted
    };
    let (olds, news) = rayon::join(
        || by_size(old, old_free, new, new_free),
        || by_size(new, new_free, old, old_free),
    );
    let size = |a: &BySize, b: &BySize| (a.0, a.1) == (b.0, b.1);
    let mut by_size = Vec::new();
    let mut others = news.chunk_by(size).peekable();
    for olds in olds.chunk_by(size) {
        let (bytes, class, _) = olds[0];
        while others.next_if(|news| (news[0].0, news[0].1) < (bytes, class)).is_some() {}
        if let Some(news) = others.next_if(|news| (news[0].0, news[0].1) == (bytes, class)) {
            by_size.push((class, bytes, olds, news));
        }
    }
    let numbers = |sorted: &[BySize]| sorted.iter().map(|&(_, _, i)| i).collect::<Vec<_>>();
    let find = |(class, size, olds, news): (u8, u64, &[BySize], &[BySize])| {
        let (mut olds, mut news) = (numbers(olds), numbers(news));
        let mut found = Vec::new();
        if size < MIN_NAMED {
            return found;
        }
        let single = olds.len() == 1 && news.len() == 1;
        if size >= MIN_CONTENT {
            by_content(old, new, &mut olds, &mut news, &mut found);
        }
        for (list, side) in [(&mut olds, old), (&mut news, new)] {
            // The number of a static local says nothing, and its name occurs in many functions.
            list.retain(|&i| side.claims.items[i as usize].role != Role::Numbered);
        }
        let threshold = if single { SIMILAR } else { VERY_SIMILAR };
        if single || class == Class::Code as u8 {
            by_name(old, new, &olds, &news, threshold, &mut found);
        }
        found
    };
    let mut found: Vec<(u32, u32)> = by_size.into_par_iter().flat_map_iter(find).collect();
    found.sort_unstable();
    found
}

/// Takes out of `olds` and `news` what has contents that occur once on either side.
fn by_content(
    old: Side,
    new: Side,
    olds: &mut Vec<u32>,
    news: &mut Vec<u32>,
    found: &mut Vec<(u32, u32)>,
) {
    // Most sizes are those of one thing on either side: then there is nothing to look up.
    if let (&[was], &[is]) = (&olds[..], &news[..]) {
        let (one, other) = (&old.claims.items[was as usize], &new.claims.items[is as usize]);
        if content(old, one).is_some_and(|bytes| content(new, other) == Some(bytes)) {
            found.push((was, is));
            olds.clear();
            news.clear();
        }
        return;
    }
    // By hash.
    let hashes = |side: Side, list: &[u32]| {
        let hash = |&i: &u32| {
            content(side, &side.claims.items[i as usize]).map(|bytes| (xxh3_64(bytes), i))
        };
        let mut hashes: Vec<(u64, u32)> = list.iter().filter_map(hash).collect();
        hashes.sort_unstable();
        hashes
    };
    let old_hashes = hashes(old, olds);
    if old_hashes.is_empty() {
        return;
    }
    let new_hashes = hashes(new, news);
    let same = |a: &(u64, u32), b: &(u64, u32)| a.0 == b.0;
    let mut others = new_hashes.chunk_by(same).peekable();
    let (mut was_matched, mut is_matched) = (Vec::new(), Vec::new());
    for olds in old_hashes.chunk_by(same) {
        let hash = olds[0].0;
        while others.next_if(|news| news[0].0 < hash).is_some() {}
        if let (&[(_, was)], Some(&[(_, is)])) = (olds, others.next_if(|news| news[0].0 == hash)) {
            found.push((was, is));
            was_matched.push(was);
            is_matched.push(is);
        }
    }
    for (list, matched) in [(olds, &mut was_matched), (news, &mut is_matched)] {
        matched.sort_unstable();
        list.retain(|i| matched.binary_search(i).is_err());
    }
}

/// The bytes of an item, unless it has none or all are zero (then they say nothing).
fn content<'a>(side: Side<'_, 'a>, item: &Item) -> Option<&'a [u8]> {
    let image = side.claims.image(item);
    let symbol = image.symbols.at(item.symbol);
    let Place::Section(index) = symbol.section else { return None };
    let section = image.section(index)?;
    let linked = image.kind == Kind::Linked;
    let start = if linked { symbol.value.wrapping_sub(section.addr) } else { symbol.value };
    let end = start.checked_add(symbol.size)?;
    let bytes = section.data.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
    bytes.iter().any(|&byte| byte != 0).then_some(bytes)
}

fn by_name(
    old: Side,
    new: Side,
    olds: &[u32],
    news: &[u32],
    threshold: f64,
    found: &mut Vec<(u32, u32)>,
) {
    // Names that are alike nearly always share their first or their last letters.
    let mut ends: Vec<(bool, [u8; 4], bool, u32)> = Vec::new();
    for (side, list, is_new) in [(old, olds, false), (new, news, true)] {
        for &i in list {
            let name = name(side, i);
            let chunks = [name.first_chunk::<4>(), name.last_chunk::<4>()];
            for (chunk, at_end) in chunks.into_iter().zip([false, true]) {
                ends.extend(chunk.map(|&chunk| (at_end, chunk, is_new, i)));
            }
        }
    }
    ends.sort_unstable();
    let mut candidates = Vec::new();
    for alike in ends.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (olds, news) = alike.split_at(alike.partition_point(|&(_, _, is_new, _)| !is_new));
        if olds.len() * news.len() > MAX_BUCKET {
            continue;
        }
        for &(_, _, _, was) in olds {
            for &(_, _, _, is) in news {
                let similarity = similarity(name(old, was), name(new, is), threshold);
                if similarity >= threshold {
                    candidates.push((Reverse((similarity * 1e6) as u64), was, is));
                }
            }
        }
    }
    // The most similar first; ties in the order of the items, so that the result is determined.
    candidates.sort_unstable();
    candidates.dedup();
    let (mut old_taken, mut new_taken) = (FxHashSet::default(), FxHashSet::default());
    for (_, was, is) in candidates {
        if !old_taken.contains(&was) && !new_taken.contains(&is) {
            old_taken.insert(was);
            new_taken.insert(is);
            found.push((was, is));
        }
    }
}

fn name<'d>(side: Side<'d, '_>, item: u32) -> &'d [u8] {
    side.claims.name(&side.claims.items[item as usize])
}

/// How similar two names are; 0 if it is certainly less than `threshold`.
fn similarity(a: &[u8], b: &[u8], threshold: f64) -> f64 {
    let (shorter, longer) = if a.len() < b.len() { (a, b) } else { (b, a) };
    // What the lengths alone rule out need not be compared. (A byte less than that, for rounding.)
    if longer.is_empty() || ((shorter.len() + 1) as f64) < threshold * longer.len() as f64 {
        return 0.0;
    }
    // What both begin and end with does not count, and with names of one family it is most of them.
    let alike = |(x, y): &(&u8, &u8)| x == y;
    let head = shorter.iter().zip(longer).take_while(alike).count();
    let (shorter, rest) = (&shorter[head..], &longer[head..]);
    let tail = shorter.iter().rev().zip(rest.iter().rev()).take_while(alike).count();
    let text = |name: &'_ [u8]| String::from_utf8_lossy(&name[..name.len() - tail]).into_owned();
    let distance = strsim::levenshtein(&text(shorter), &text(rest));
    1.0 - distance as f64 / longer.len() as f64
}
