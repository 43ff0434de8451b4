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
        if symbol.size == 0 && image.symbols.name_onwards(symbol).first() == Some(&b'$') {
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
    let BySection { mut keys, parts } = by_section(image);
    let mut sorter = Sorter::default();
    for Part { slot, begin, end } in parts {
        let section = &image.sections[slot];
        let extent = |symbol: u32| Extent::new(image, section, symbol, &image.symbols.at(symbol));
        each(slot, sorter.sort(&mut keys[begin..end], extent, section.size));
    }
}

/// The symbols of every ALLOC section that is not empty.
struct BySection {
    /// Section by section, each in table order; see [`key`].
    keys: Vec<u64>,
    parts: Vec<Part>,
}

/// The symbols of one section.
struct Part {
    /// Its position in `Image::sections`.
    slot: usize,
    /// Where its keys begin.
    begin: usize,
    /// Where they end.
    end: usize,
}

/// What sorts extents by offset and says which they are. For offsets of 32 bits, see [`Sorter::sort`].
fn key(extent: &Extent) -> u64 {
    (extent.start << 32) | u64::from(extent.symbol)
}

fn by_section(image: &Image<'_>) -> BySection {
    const NONE: u32 = u32::MAX;
    let last = image.sections.iter().map(|section| section.index).max().unwrap_or(0);
    let mut numbers = vec![NONE; last as usize + 1];
    let mut parts = Vec::new();
    for (slot, section) in image.sections.iter().enumerate() {
        if section.is_alloc() && section.size > 0 {
            numbers[section.index as usize] = parts.len() as u32;
            parts.push(Part { slot, begin: 0, end: 0 });
        }
    }
    let number = |symbol: &Symbol| match symbol.section {
        Place::Section(index) => numbers.get(index as usize).copied().filter(|&n| n != NONE),
        _ => None,
    };
    // First how much room each section needs, at most; then each symbol to its section.
    for number in image.symbols.iter().filter_map(|symbol| number(&symbol)) {
        parts[number as usize].end += 1;
    }
    let mut sum = 0;
    for part in &mut parts {
        part.begin = sum;
        sum += std::mem::replace(&mut part.end, sum);
    }
    let mut keys = vec![0; sum];
    for (symbol, entry) in (0u32..).zip(image.symbols.iter()) {
        let Some(number) = number(&entry) else { continue };
        let part = &mut parts[number as usize];
        if let Some(extent) = Extent::new(image, &image.sections[part.slot], symbol, &entry) {
            keys[part.end] = key(&extent);
            part.end += 1;
        }
    }
    BySection { keys, parts }
}

/// Sorts the extents of a section in memory that it keeps for the next.
#[derive(Debug, Default)]
struct Sorter {
    extents: Vec<Extent>,
    spare: Vec<u64>,
}

impl Sorter {
    /// The extents of those `keys`, which come in table order, in a section of `size` bytes; `extent`
    /// is that of a symbol.
    fn sort(
        &mut self,
        keys: &mut [u64],
        extent: impl Fn(u32) -> Option<Extent>,
        size: u64,
    ) -> &[Extent] {
        /// Fewer are sorted faster by comparing them.
        const FEW: usize = 128;
        let few = keys.len() < FEW || size > u64::from(u32::MAX);
        if !few {
            radix_sort(keys, &mut self.spare, 32, u64::BITS - size.leading_zeros());
        }
        self.extents.clear();
        // Decoded a second time: there is no room in the keys for all of it.
        self.extents.extend(keys.iter().filter_map(|&key| extent(key as u32)));
        if few {
            self.extents.sort_unstable_by_key(|e| (e.start, !e.size, e.symbol));
            return &self.extents;
        }
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
fn radix_sort(keys: &mut [u64], spare: &mut Vec<u64>, from: u32, bits: u32) {
    spare.resize(spare.len().max(keys.len()), 0);
    let spare = &mut spare[..keys.len()];
    let mut shifts = (from..from + bits).step_by(8);
    while let Some(shift) = shifts.next() {
        deal(keys, spare, shift);
        match shifts.next() {
            Some(shift) => deal(spare, keys, shift),
            None => keys.copy_from_slice(spare),
        }
    }
}

/// Moves the keys of `from` to `to`, ordered by the eight bits from bit `shift` up.
fn deal(from: &[u64], to: &mut [u64], shift: u32) {
    let digit = |key: u64| usize::from((key >> shift) as u8);
    let mut places = [0u32; 256];
    for &key in from {
        places[digit(key)] += 1;
    }
    let mut sum = 0;
    for place in &mut places {
        sum += std::mem::replace(place, sum);
    }
    for &key in from {
        let place = &mut places[digit(key)];
        to[*place as usize] = key;
        *place += 1;
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
            let extent = |symbol: u32| Some(extents[symbol as usize]);
            let mut sorter = Sorter::default();
            for size in [3000 * scale, u64::MAX, 3000 * scale] {
                let mut keys: Vec<u64> = extents.iter().map(key).collect();
                prop_assert_eq!(sorter.sort(&mut keys, extent, size), &expected[..]);
            }
        }
    }
}
