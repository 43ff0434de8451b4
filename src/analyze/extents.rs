//! Where the symbols of an image lie: section by section, from the lowest address up.
//!
//! Two questions need it: which bytes belong to which symbol, and which are padding. With 130,000 symbols
//! it is the memory touched that takes the time, so all that is asked of a symbol is read here, in the
//! order in which the file has it, and carried along.

use crate::model::image::{Image, Kind};
use crate::model::symtab::{Place, Symbol};

const STB_LOCAL: u8 = 0;
const STB_GLOBAL: u8 = 1;
const STT_FUNC: u8 = 2;
const STT_SECTION: u8 = 3;
const STT_FILE: u8 = 4;
const STT_TLS: u8 = 6;
const EM_ARM: u16 = 40;

/// A symbol at its place, clipped to its section. 16 bytes: what is sorted is mostly memory that is moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Offset, and the upper bits of the size.
    place: u64,
    /// The lower bits of the size, the symbol, the limit of an entry, the rank.
    rest: u64,
}

/// Bits of an offset and of a size: sections of a terabyte.
const BITS: u32 = 40;
/// Bits of a size that are in [`Extent::place`].
const UPPER: u32 = 64 - BITS;
/// Bits of a size that are in [`Extent::rest`].
const LOWER: u32 = BITS - UPPER;
/// Bits of [`Extent::entry`].
const ENTRY: u32 = 12;
/// Bits of [`Extent::rank`].
const RANK: u32 = 4;

impl Extent {
    /// Offset and size have at most [`BITS`] bits, the limit of an entry at most [`ENTRY`], the rank [`RANK`].
    fn new(start: u64, size: u64, symbol: u32, entry: u16, rank: u8) -> Self {
        Self {
            place: start << UPPER | size >> LOWER,
            rest: size << (64 - LOWER)
                | u64::from(symbol) << (ENTRY + RANK)
                | u64::from(entry) << RANK
                | u64::from(rank),
        }
    }

    /// Offset of the first byte in the section; at most the section's size.
    pub fn start(self) -> u64 {
        self.place >> UPPER
    }

    /// Bytes, 0 for a label.
    pub fn size(self) -> u64 {
        (self.place << (64 - UPPER) >> (64 - BITS)) | self.rest >> (64 - LOWER)
    }

    /// Offset after the last byte.
    pub fn end(self) -> u64 {
        self.start() + self.size()
    }

    /// Index into `Image::symbols`.
    pub fn symbol(self) -> u32 {
        (self.rest >> (ENTRY + RANK)) as u32
    }

    /// How large a symbol without size is at most if it is an entry of a table; 0 for other labels.
    pub fn entry(self) -> u16 {
        (self.rest >> RANK) as u16 & ((1 << ENTRY) - 1)
    }

    /// Of several names of the same bytes, which comes first: 0 for global, 1 for weak, 2 for local ones.
    pub fn rank(self) -> u8 {
        self.rest as u8 & ((1 << RANK) - 1)
    }
}

/// Calls `each` for every ALLOC section that is not empty, in section table order, with its position
/// in `Image::sections` and its symbols: by offset, then the longest first, then in table order.
pub fn each(image: &Image<'_>, mut each: impl FnMut(usize, &[Extent])) {
    let sites = Sites::of(image);
    let mut extents = sites.sorted(image);
    let mut rest = &mut extents[..];
    for (number, site) in sites.list.iter().enumerate() {
        let beyond = sites.list.get(number + 1).map_or(u64::MAX, |next| next.first);
        let count = rest.iter().take_while(|extent| extent.start() < beyond).count();
        let here;
        (here, rest) = rest.split_at_mut(count);
        for extent in &mut *here {
            extent.place -= site.first << UPPER;
        }
        for same in here.chunk_by_mut(|a, b| a.start() == b.start()) {
            if same.len() > 1 {
                same.sort_by_key(|extent| !extent.size());
            }
        }
        each(site.slot, here);
    }
}

/// Every ALLOC section that is not empty. The symbols of all of them are sorted at once: by their offset
/// as if these sections stood one behind the other.
struct Sites {
    /// In section table order.
    list: Vec<Site>,
    /// For each section header index, the position in `list`; [`NONE`] for other sections.
    numbers: Vec<u32>,
    linked: bool,
    arm: bool,
}

/// An ALLOC section.
struct Site {
    /// Its position in `Image::sections`.
    slot: usize,
    /// What is subtracted from the value of a symbol to get its offset.
    addr: u64,
    size: u64,
    /// The offset of its first byte.
    first: u64,
}

const NONE: u32 = u32::MAX;

impl Sites {
    fn of(image: &Image<'_>) -> Self {
        let linked = image.kind == Kind::Linked;
        let last = image.sections.iter().map(|section| section.index).max().unwrap_or(0);
        let mut numbers = vec![NONE; last as usize + 1];
        let mut list = Vec::new();
        let mut first = 0u64;
        for (slot, section) in image.sections.iter().enumerate() {
            if section.is_alloc() && section.size > 0 {
                // A label may stand at the end. Sections that together are larger than a terabyte,
                // which only a broken file claims, do not fit; their symbols are left out.
                let next = first.checked_add(section.size).and_then(|end| end.checked_add(1));
                let Some(next) = next.filter(|&next| next < 1 << BITS) else {
                    list.push(Site { slot, addr: 0, size: 0, first });
                    continue;
                };
                numbers[section.index as usize] = list.len() as u32;
                let addr = if linked { section.addr } else { 0 };
                list.push(Site { slot, addr, size: section.size, first });
                first = next;
            }
        }
        Self { list, numbers, linked, arm: image.header.machine == EM_ARM }
    }

    /// Where `symbol`, number `number` of its table, lies; `None` if it marks no place that would matter
    /// for sizes.
    #[inline]
    fn extent(&self, image: &Image, number: u32, symbol: &Symbol) -> Option<Extent> {
        let Place::Section(index) = symbol.section else { return None };
        let site = self.list.get(*self.numbers.get(index as usize)? as usize)?;
        // Thread-local symbols of linked images hold offsets, not addresses.
        if matches!(symbol.kind, STT_SECTION | STT_FILE) || (self.linked && symbol.kind == STT_TLS)
        {
            return None;
        }
        let thumb = self.arm && symbol.kind == STT_FUNC; // bit 0 says Thumb
        let value = if thumb { symbol.value & !1 } else { symbol.value };
        let start = value.wrapping_sub(site.addr);
        if start > site.size {
            return None;
        }
        let mut entry = 0;
        if symbol.size == 0 {
            let name = image.symbols.name_onwards(symbol);
            // Mapping symbols of arm and riscv ($a, $d, $x) mark encodings, not things.
            if name.first() == Some(&b'$') {
                return None;
            }
            entry = entry_limit(name).unwrap_or(0);
        }
        let rank = match symbol.bind {
            STB_GLOBAL => 0,
            STB_LOCAL => 2,
            _ => 1,
        };
        let size = symbol.size.min(site.size - start);
        Some(Extent::new(site.first + start, size, number, entry, rank))
    }

    /// All extents, by their offset as if all sections stood one behind the other, those of one offset in
    /// table order.
    fn sorted(&self, image: &Image) -> Vec<Extent> {
        /// Fewer are sorted faster by comparing them.
        const FEW: usize = 2048;
        let mut extents = Vec::with_capacity(image.symbols.len());
        image.symbols.each(|number, symbol| {
            if let Some(extent) = self.extent(image, number, &symbol) {
                extents.push(extent);
            }
        });
        if extents.len() < FEW {
            extents.sort_unstable_by_key(|extent| (extent.start(), extent.symbol()));
        } else {
            radix_sort(&mut extents);
        }
        extents
    }
}

/// Sorts by offset; those of one offset keep their order.
///
/// Every pass deals the extents out by 13 bits, which touches each of them once and needs no comparison
/// that could be mispredicted. A kernel takes two passes.
fn radix_sort(extents: &mut Vec<Extent>) {
    const DIGIT: u32 = 13;
    const DIGITS: usize = 1 << DIGIT;
    // How often each value of the first two digits occurs: nearly always, these are all there are.
    let mut counts = [vec![0u32; DIGITS], vec![0u32; DIGITS]];
    let mut used = 0;
    for extent in &*extents {
        let start = extent.start();
        used |= start;
        counts[0][start as usize % DIGITS] += 1;
        counts[1][(start >> DIGIT) as usize % DIGITS] += 1;
    }
    let mut counts = counts.into_iter();
    let mut spare = vec![Extent::default(); extents.len()];
    for shift in (0..u64::BITS - used.leading_zeros()).step_by(DIGIT as usize) {
        let digit = |extent: &Extent| (extent.start() >> shift) as usize % DIGITS;
        let mut places = counts.next().unwrap_or_else(|| {
            let mut places = vec![0; DIGITS];
            for extent in &*extents {
                places[digit(extent)] += 1;
            }
            places
        });
        let mut sum = 0;
        for place in &mut places {
            sum += std::mem::replace(place, sum);
        }
        for &extent in &*extents {
            let place = &mut places[digit(&extent)];
            spare[*place as usize] = extent;
            *place += 1;
        }
        std::mem::swap(extents, &mut spare);
    }
}

/// Whether a symbol without size stands for an entry of a table, whose size is the distance to the
/// next symbol but not more than the number returned: assembler and `EXPORT_SYMBOL` set no sizes.
fn entry_limit(name: &[u8]) -> Option<u16> {
    let rest = name.strip_prefix(b"__")?;
    match rest.first()? {
        b'i' if rest.starts_with(b"initcall__") => Some(8),
        b'k' if rest.starts_with(b"ksymtab_") => Some(24),
        b'k' if rest.starts_with(b"kstrtab") => Some(512),
        b'k' if rest.starts_with(b"kcrctab_") => Some(4),
        b'c' if rest.starts_with(b"crc_") => Some(4),
        _ => None,
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
            places in prop::collection::vec(any::<u64>(), 0..4000),
            shift in 64 - BITS..64,
        ) {
            let extent = |(symbol, start)| Extent::new(start >> shift, 0, symbol, 0, 0);
            let mut dealt: Vec<Extent> = (0u32..).zip(places).map(extent).collect();
            let mut compared = dealt.clone();
            radix_sort(&mut dealt);
            compared.sort_unstable_by_key(|extent| (extent.start(), extent.symbol()));
            prop_assert_eq!(dealt, compared);
        }

        /// Nothing of an extent gets lost where it is kept.
        #[test]
        fn an_extent_keeps_its_parts(
            start in 0u64..1 << BITS,
            size in 0u64..1 << BITS,
            symbol: u32,
            entry in 0u16..1 << ENTRY,
            rank in 0u8..1 << RANK,
        ) {
            let extent = Extent::new(start, size, symbol, entry, rank);
            let parts = (extent.start(), extent.size(), extent.symbol());
            prop_assert_eq!(parts, (start, size, symbol));
            prop_assert_eq!((extent.entry(), extent.rank()), (entry, rank));
            prop_assert_eq!(extent.end(), start + size);
        }
    }
}
