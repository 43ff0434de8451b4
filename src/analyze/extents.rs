//! Where the symbols of an image lie: section by section, from the lowest address up.
//!
//! Two questions need it: which bytes belong to which symbol, and which are padding. One section is
//! worked out at a time, in the same memory, and nothing of it is kept: with 130,000 symbols it is the
//! memory touched that takes the time.

use crate::model::image::{Image, Kind, Section};
use crate::model::symtab::{Place, Symbol};

const STT_FUNC: u8 = 2;
const STT_SECTION: u8 = 3;
const STT_FILE: u8 = 4;
const STT_TLS: u8 = 6;
const EM_ARM: u16 = 40;

/// A symbol at its place, clipped to its section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Offset of the first byte in the section; at most the section's size.
    pub start: u64,
    /// Bytes, 0 for a label.
    pub size: u64,
    /// Index into `Image::symbols`.
    pub symbol: u32,
}

impl Extent {
    /// Offset after the last byte.
    pub fn end(self) -> u64 {
        self.start + self.size
    }

    /// Where `symbol`, number `number` of its table, lies in `section`; `None` if it marks no place
    /// that would matter for sizes.
    fn new(image: &Image, section: &Section, number: u32, symbol: &Symbol) -> Option<Self> {
        let linked = image.kind == Kind::Linked;
        // Thread-local symbols of linked images hold offsets, not addresses.
        if matches!(symbol.kind, STT_SECTION | STT_FILE) || (linked && symbol.kind == STT_TLS) {
            return None;
        }
        // Mapping symbols of arm and riscv ($a, $d, $x) mark encodings, not things.
        if symbol.size == 0 && image.symbols.begins_with(symbol, b'$') {
            return None;
        }
        let mut value = symbol.value;
        if image.header.machine == EM_ARM && symbol.kind == STT_FUNC {
            value &= !1; // bit 0 says Thumb
        }
        let start = if linked { value.wrapping_sub(section.addr) } else { value };
        (start <= section.size).then(|| {
            let size = symbol.size.min(section.size - start);
            Self { start, size, symbol: number }
        })
    }
}

/// Calls `each` for every ALLOC section that is not empty, in section table order, with its position
/// in `Image::sections` and its symbols: by offset, then the longest first, then in table order.
pub fn each(image: &Image<'_>, mut each: impl FnMut(usize, &[Extent])) {
    let (slots, members) = by_section(image);
    let mut sorter = Sorter::default();
    for (slot, members) in slots.into_iter().zip(members.iter()) {
        let section = &image.sections[slot];
        let extent = |symbol: u32| Extent::new(image, section, symbol, &image.symbols.at(symbol));
        each(slot, sorter.sort(members, extent, section.size));
    }
}

/// Lists of symbols that lie behind each other in one allocation.
struct Members {
    symbols: Vec<u32>,
    ends: Vec<u32>,
}

impl Members {
    fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let mut from = 0;
        self.ends.iter().map(move |&end| {
            let list = &self.symbols[from..end as usize];
            from = end as usize;
            list
        })
    }
}

/// The positions of the ALLOC sections that are not empty, and the symbols in each.
fn by_section(image: &Image<'_>) -> (Vec<usize>, Members) {
    const NONE: u32 = u32::MAX;
    let last = image.sections.iter().map(|section| section.index).max().unwrap_or(0);
    let mut numbers = vec![NONE; last as usize + 1];
    let mut slots = Vec::new();
    for (slot, section) in image.sections.iter().enumerate() {
        if section.is_alloc() && section.size > 0 {
            numbers[section.index as usize] = slots.len() as u32;
            slots.push(slot);
        }
    }
    let number = |symbol: &Symbol| match symbol.section {
        Place::Section(index) => numbers.get(index as usize).copied().filter(|&n| n != NONE),
        _ => None,
    };
    // First how many there are of each, then each to its place: the ends move up to where they belong.
    let mut ends = vec![0u32; slots.len()];
    for symbol in image.symbols.iter() {
        if let Some(number) = number(&symbol) {
            ends[number as usize] += 1;
        }
    }
    let mut sum = 0;
    for end in &mut ends {
        let count = *end;
        *end = sum;
        sum += count;
    }
    let mut symbols = vec![0; sum as usize];
    for (index, symbol) in image.symbols.iter().enumerate() {
        if let Some(number) = number(&symbol) {
            let end = &mut ends[number as usize];
            symbols[*end as usize] = index as u32;
            *end += 1;
        }
    }
    (slots, Members { symbols, ends })
}

/// Sorts the extents of a section in memory that it keeps for the next.
#[derive(Debug, Default)]
struct Sorter {
    extents: Vec<Extent>,
    /// Start and symbol in one number.
    keys: Vec<u64>,
    spare: Vec<u64>,
}

impl Sorter {
    /// The extents of `symbols`, which come in table order, in a section of `size` bytes.
    fn sort(
        &mut self,
        symbols: &[u32],
        extent: impl Fn(u32) -> Option<Extent>,
        size: u64,
    ) -> &[Extent] {
        /// Fewer are sorted faster by comparing them.
        const FEW: usize = 128;
        self.extents.clear();
        let all = symbols.iter().filter_map(|&symbol| extent(symbol));
        if symbols.len() < FEW || size > u64::from(u32::MAX) {
            self.extents.extend(all);
            self.extents.sort_unstable_by_key(|e| (e.start, !e.size, e.symbol));
            return &self.extents;
        }
        self.keys.clear();
        self.keys.extend(all.map(|extent| extent.start << 32 | u64::from(extent.symbol)));
        radix_sort(&mut self.keys, &mut self.spare, 32, u64::BITS - size.leading_zeros());
        // Decoded a second time, as there is no room for them in the keys.
        self.extents.extend(self.keys.iter().filter_map(|&key| extent(key as u32)));
        for same in self.extents.chunk_by_mut(|a, b| a.start == b.start) {
            if same.len() > 1 {
                same.sort_by_key(|extent| !extent.size);
            }
        }
        &self.extents
    }
}

/// Sorts `keys` by `bits` bits from bit `from` up; those equal there keep their order. Every pass deals
/// them out by eight bits, which touches each key once and needs no comparison that could be
/// mispredicted.
fn radix_sort(keys: &mut Vec<u64>, spare: &mut Vec<u64>, from: u32, bits: u32) {
    spare.clear();
    spare.resize(keys.len(), 0);
    for shift in (from..from + bits).step_by(8) {
        let digit = |key: u64| usize::from((key >> shift) as u8);
        let mut places = [0u32; 256];
        for &key in keys.iter() {
            places[digit(key)] += 1;
        }
        let mut sum = 0;
        for place in &mut places {
            sum += std::mem::replace(place, sum);
        }
        for &key in keys.iter() {
            let place = &mut places[digit(key)];
            spare[*place as usize] = key;
            *place += 1;
        }
        std::mem::swap(keys, spare);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Dealing out and comparing give the same order.
        #[test]
        fn both_ways_of_sorting_agree(
            places in prop::collection::vec((0u64..3000, 0u64..4), 100..400),
            wide in any::<bool>(),
        ) {
            let scale = if wide { 1 << 20 } else { 1 };
            let extents: Vec<Extent> = (0u32..)
                .zip(places)
                .map(|(symbol, (start, size))| Extent { start: start * scale, size, symbol })
                .collect();
            let mut expected = extents.clone();
            expected.sort_by_key(|extent| (extent.start, !extent.size, extent.symbol));
            let symbols: Vec<u32> = extents.iter().map(|extent| extent.symbol).collect();
            let extent = |symbol: u32| Some(extents[symbol as usize]);
            let mut sorter = Sorter::default();
            for size in [3000 * scale, u64::MAX, 3000 * scale] {
                prop_assert_eq!(sorter.sort(&symbols, extent, size), &expected[..]);
            }
        }
    }
}
