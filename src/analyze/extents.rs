//! Where the symbols of an image lie: section by section, from the lowest address up.
//!
//! Sorting is what costs most in reading a kernel's symbols, so it is done once, for both of the
//! questions that need it: which bytes belong to which symbol, and which are padding.

use crate::model::image::{Image, Kind};
use crate::model::symtab::Place;

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
}

/// The symbols of one section.
#[derive(Debug)]
pub struct SectionExtents {
    /// Position in `Image::sections`.
    pub slot: usize,
    /// By offset, then the longest first, then in table order.
    pub extents: Vec<Extent>,
}

/// The symbols of every ALLOC section that is not empty, in section table order.
pub fn sorted(image: &Image<'_>) -> Vec<SectionExtents> {
    const NONE: u32 = u32::MAX;
    let last = image.sections.iter().map(|section| section.index).max().unwrap_or(0);
    let mut numbers = vec![NONE; last as usize + 1];
    let mut all = Vec::new();
    for (slot, section) in image.sections.iter().enumerate() {
        if section.is_alloc() && section.size > 0 {
            numbers[section.index as usize] = all.len() as u32;
            all.push(SectionExtents { slot, extents: Vec::new() });
        }
    }
    // Growing would touch twice the memory, and memory is what takes the time here.
    let mut counts = vec![0; all.len()];
    for entry in image.symbols.iter() {
        let Place::Section(index) = entry.section else { continue };
        let number = numbers.get(index as usize).copied().unwrap_or(NONE);
        if let Some(count) = counts.get_mut(number as usize) {
            *count += 1;
        }
    }
    for (section, count) in all.iter_mut().zip(counts) {
        section.extents.reserve_exact(count);
    }
    let linked = image.kind == Kind::Linked;
    for (symbol, entry) in image.symbols.iter().enumerate() {
        let Place::Section(index) = entry.section else { continue };
        let number = numbers.get(index as usize).copied().unwrap_or(NONE);
        let Some(SectionExtents { slot, extents }) = all.get_mut(number as usize) else { continue };
        // Thread-local symbols of linked images hold offsets, not addresses.
        if matches!(entry.kind, STT_SECTION | STT_FILE) || (linked && entry.kind == STT_TLS) {
            continue;
        }
        // Mapping symbols of arm and riscv ($a, $d, $x) mark encodings, not things.
        if entry.size == 0 && image.symbols.begins_with(&entry, b'$') {
            continue;
        }
        let section = &image.sections[*slot];
        let mut value = entry.value;
        if image.header.machine == EM_ARM && entry.kind == STT_FUNC {
            value &= !1; // bit 0 says Thumb
        }
        let start = if linked { value.wrapping_sub(section.addr) } else { value };
        if start <= section.size {
            let size = entry.size.min(section.size - start);
            extents.push(Extent { start, size, symbol: symbol as u32 });
        }
    }
    for SectionExtents { slot, extents } in &mut all {
        sort(extents, image.sections[*slot].size);
    }
    all
}

/// Sorts the extents of a section of `size` bytes. Symbols lie about evenly in a section, so dealing
/// them to as many equal parts of it leaves next to nothing to sort.
fn sort(extents: &mut [Extent], size: u64) {
    let order = |extent: &Extent| (extent.start, !extent.size, extent.symbol);
    if extents.len() < 64 {
        extents.sort_unstable_by_key(order);
        return;
    }
    let parts = extents.len().next_power_of_two();
    // No start is larger than `size`, so none is dealt to a part beyond the last.
    let shift = (u64::BITS - size.leading_zeros()).saturating_sub(parts.ilog2());
    let part = |extent: &Extent| (extent.start >> shift) as usize;
    let mut ends = vec![0u32; parts];
    for extent in extents.iter() {
        ends[part(extent)] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    // In place, part by part: what lies here and belongs elsewhere changes places with what lies there.
    let begins = |number: usize| if number == 0 { 0 } else { ends[number - 1] };
    let mut next: Vec<u32> = (0..parts).map(begins).collect();
    for number in 0..parts {
        while next[number] < ends[number] {
            let at = next[number] as usize;
            let home = part(&extents[at]);
            if home != number {
                extents.swap(at, next[home] as usize);
            }
            next[home] += 1;
        }
    }
    let mut from = 0;
    for end in ends {
        if end - from > 1 {
            extents[from as usize..end as usize].sort_unstable_by_key(order);
        }
        from = end;
    }
}
