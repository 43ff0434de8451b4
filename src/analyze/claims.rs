//! Which symbol owns which bytes: an image's symbols as a list in which every byte counts once.
//!
//! A symbol table is not a partition: aliases name the same bytes, symbols nest and overlap, clones
//! and cold parts of a function are symbols of their own. Here symbols are laid over their section
//! from the lowest address up, the longest first, and claim what is not claimed yet; then the parts
//! of a function are folded into it. The sum of all [`Item`]s is exactly the bytes that symbols cover.

use std::borrow::Cow;
use std::hash::Hasher as _;

use rustc_hash::{FxHashMap, FxHasher};

use super::extents::{self, Extent, SectionExtents};
use super::names::{self, Role};
use crate::model::class::Class;
use crate::model::image::{Image, SHF_EXECINSTR, SHF_WRITE, Section};
use crate::model::symtab::Place;

const STT_FILE: u8 = 4;
const STB_LOCAL: u8 = 0;
const STB_GLOBAL: u8 = 1;
const NONE: u32 = u32::MAX;

/// What bloat-o-meter's categories are to us, from the flags of the section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Executable.
    Text,
    /// Writable.
    Data,
    /// The rest.
    Rodata,
}

impl Category {
    /// Every category.
    pub const ALL: &[Self] = &[Self::Text, Self::Data, Self::Rodata];
}

/// A symbol with all that is folded into it. 48 bytes: a kernel has a hundred thousand, and the memory
/// they take is what costs most.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    /// Normalised, not demangled.
    pub name: Cow<'a, [u8]>,
    /// Half a hash of `name`.
    pub hash: u32,
    /// Bytes claimed, parts included.
    pub bytes: u64,
    /// Index into [`Claims::units`]; that of the whole image for global symbols.
    unit: u32,
    /// Class of the section.
    pub class: Class,
    /// Category of the section.
    pub category: Category,
    /// Whether it is visible only in its translation unit.
    pub local: bool,
    /// What the symbol is to its name.
    pub role: Role,
    /// Index into the symbols of its image.
    pub symbol: u32,
}

/// A translation unit, or all that is global in one image.
#[derive(Debug)]
struct Unit<'a> {
    /// The archive member, else the source file (`STT_FILE`); empty if not known.
    object: &'a [u8],
    /// Hash of `object`.
    hash: u64,
    /// Index into the images the items were made from.
    image: u32,
}

impl<'a> Unit<'a> {
    fn new(object: &'a [u8], image: u32) -> Self {
        Self { object, hash: hash(object).rotate_left(20), image }
    }
}

/// The items of one file, and what they cover.
#[derive(Debug, Default)]
pub struct Claims<'a> {
    /// In the order of images and of their symbol tables.
    pub items: Vec<Item<'a>>,
    /// Where the items come from, in the same order.
    units: Vec<Unit<'a>>,
    /// Other names of the same bytes: item index and name.
    pub aliases: Vec<(u32, Cow<'a, [u8]>)>,
    /// For each image, for each section (in the order of `Image::sections`), the bytes claimed.
    pub covered: Vec<Vec<u64>>,
}

impl<'a> Claims<'a> {
    /// The archive member, else the source file (`STT_FILE`) of a local symbol; empty if not known.
    pub fn object(&self, item: &Item<'a>) -> &'a [u8] {
        self.units[item.unit as usize].object
    }

    /// Index of the item's image into the images the items were made from.
    pub fn image(&self, item: &Item) -> usize {
        self.units[item.unit as usize].image as usize
    }

    /// Hash of name, class and, if local, object.
    pub fn key(&self, item: &Item<'a>) -> u64 {
        let place = if item.local { self.units[item.unit as usize].hash } else { 1 };
        item.class_key() ^ place
    }
}

impl Item<'_> {
    /// Hash of name and class.
    pub fn class_key(&self) -> u64 {
        // An odd number spreads the bits over the whole word.
        let spread = u64::from(self.hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        spread ^ ((self.class as u64 + 1) << 56)
    }
}

/// Lays the symbols of all `images` (one file, or the members of one archive) over their sections.
pub fn claims<'a>(images: &'a [Image<'a>], classify: impl Fn(&Section) -> Class) -> Claims<'a> {
    let sorted: Vec<_> = images.iter().map(extents::sorted).collect();
    claims_from(images, &sorted, classify)
}

/// As [`claims`], with the symbols of each image sorted already.
pub fn claims_from<'a>(
    images: &'a [Image<'a>],
    sorted: &[Vec<SectionExtents>],
    classify: impl Fn(&Section) -> Class,
) -> Claims<'a> {
    let mut all = Claims::default();
    for (number, (image, sorted)) in images.iter().zip(sorted).enumerate() {
        let classes: Vec<Class> = image.sections.iter().map(&classify).collect();
        let first = all.items.len();
        let laid = lay(image, sorted);
        add_items(image, number as u32, &classes, &laid, &mut all);
        all.covered.push(laid.covered);
        fold(&mut all, first);
    }
    all
}

/// Whether a symbol without size stands for an entry of a table, whose size is the distance to the
/// next symbol but not more than the number returned: assembler and `EXPORT_SYMBOL` set no sizes.
fn entry_limit(name: &[u8]) -> Option<u64> {
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

/// Which symbol claims how much of one image.
struct Laid {
    /// Bytes claimed, for each symbol.
    bytes: Vec<u64>,
    /// Bytes claimed, for each section.
    covered: Vec<u64>,
    /// Symbols that name the same bytes as another one: (that one, this one).
    aliases: Vec<(u32, u32)>,
}

fn lay(image: &Image<'_>, sorted: &[SectionExtents]) -> Laid {
    let mut laid = Laid {
        bytes: vec![0; image.symbols.len()],
        covered: vec![0; image.sections.len()],
        aliases: Vec::new(),
    };
    for SectionExtents { slot, extents } in sorted {
        let section = &image.sections[*slot];
        let (mut at, mut claimed, mut covered) = (0, 0, 0);
        while let Some(&Extent { start, mut size, .. }) = extents.get(at) {
            // Aliases have the same start and size.
            let same = |e: &&Extent| e.start == start && e.size == size;
            let group = &extents[at..at + extents[at..].iter().take_while(same).count()];
            at += group.len();
            let Some(first) = primary(image, section, group) else { continue };
            if size == 0 {
                let next = extents.get(at).map_or(section.size, |next| next.start);
                let limit = entry_limit(image.symbols.name(&image.symbols.at(first))).unwrap_or(0);
                size = (next - start).min(limit);
            }
            let end = start + size;
            let bytes = end.saturating_sub(claimed.max(start));
            if bytes == 0 {
                continue;
            }
            claimed = end;
            covered += bytes;
            laid.bytes[first as usize] = bytes;
            let others = group.iter().map(|other| other.symbol).filter(|&other| other != first);
            laid.aliases.extend(others.map(|other| (first, other)));
        }
        laid.covered[*slot] = covered;
    }
    laid
}

/// Makes an item of every symbol that claims anything, in the order of the symbol table, in which
/// their names lie in memory and files announce their symbols.
fn add_items<'a>(
    image: &'a Image<'a>,
    number: u32,
    classes: &[Class],
    laid: &Laid,
    all: &mut Claims<'a>,
) {
    let mut slots = Vec::new();
    for (slot, section) in image.sections.iter().enumerate() {
        let index = section.index as usize;
        slots.resize(slots.len().max(index + 1), 0);
        slots[index] = slot;
    }
    let member: &[u8] = image.member.as_ref().map_or(&[], |member| member.as_bytes());
    let claiming = laid.bytes.iter().filter(|&&bytes| bytes > 0).count();
    all.items.reserve_exact(claiming);
    let first = all.items.len();
    let whole = all.units.len() as u32;
    all.units.push(Unit::new(member, number));
    for (index, (symbol, &bytes)) in image.symbols.iter().zip(&laid.bytes).enumerate() {
        if symbol.kind == STT_FILE {
            // ld ends the local symbols with a nameless one for what belongs to no file.
            let object =
                if member.is_empty() { image.symbols.name(&symbol).as_ref() } else { member };
            all.units.push(Unit::new(object, number));
        }
        let Place::Section(section) = symbol.section else { continue };
        if bytes == 0 {
            continue;
        }
        let slot = slots[section as usize];
        let normal = names::normalise(image.symbols.name(&symbol));
        let local = symbol.bind == STB_LOCAL;
        all.items.push(Item {
            hash: hash(&normal.name) as u32,
            name: normal.name,
            bytes,
            unit: if local { all.units.len() as u32 - 1 } else { whole },
            class: classes[slot],
            category: category(&image.sections[slot]),
            local,
            role: normal.role,
            symbol: index as u32,
        });
    }
    let items = &all.items[first..];
    for &(symbol, other) in &laid.aliases {
        let Ok(item) = items.binary_search_by_key(&symbol, |item| item.symbol) else { continue };
        let alias = names::normalise(image.symbols.name(&image.symbols.at(other))).name;
        if alias != items[item].name {
            all.aliases.push(((first + item) as u32, alias));
        }
    }
}

/// The alias that names the bytes: a global one before a weak before a local, a whole thing before a
/// part, then the first in the table. `None` where only labels without meaning for size are left.
fn primary(image: &Image, section: &Section, group: &[Extent]) -> Option<u32> {
    let symbol = |extent: &Extent| image.symbols.at(extent.symbol);
    let rank = |extent: &&Extent| {
        let bind = match symbol(extent).bind {
            STB_GLOBAL => 0,
            STB_LOCAL => 2,
            _ => 1,
        };
        (bind, extent.symbol)
    };
    match group {
        [only] if only.size > 0 => Some(only.symbol),
        [first, ..] if first.size > 0 => group.iter().min_by_key(rank).map(|e| e.symbol),
        // Labels in code are places, not things.
        _ if section.flags & SHF_EXECINSTR != 0 => None,
        labels => {
            let entries =
                labels.iter().filter(|e| entry_limit(image.symbols.name(&symbol(e))).is_some());
            entries.min_by_key(rank).map(|e| e.symbol)
        }
    }
}

fn category(section: &Section) -> Category {
    if section.flags & SHF_EXECINSTR != 0 {
        Category::Text
    } else if section.flags & SHF_WRITE != 0 {
        Category::Data
    } else {
        Category::Rodata
    }
}

/// The hash by which names are found again.
fn hash(name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(name);
    hasher.finish()
}

/// Folds parts into the function they belong to: one of the same name in the same translation unit,
/// else the global one. Parts without it (only `foo.isra.0` is left of `foo`) become the function.
fn fold(all: &mut Claims, first: usize) {
    let items = &mut all.items[first..];
    let parts: Vec<u32> =
        (0..items.len() as u32).filter(|&i| items[i as usize].role == Role::Part).collect();
    if parts.is_empty() {
        return;
    }
    let mut by_hash: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for &part in &parts {
        by_hash.entry(items[part as usize].hash).or_default().push(part);
    }
    // Functions that may have parts, those of the same unit first. Few have, so a small table that
    // fits in the cache answers for most of them.
    let place = |hash: u32| (hash >> 16) as usize;
    let mut may_have = vec![false; 1 << 16];
    for &hash in by_hash.keys() {
        may_have[place(hash)] = true;
    }
    let is_main = |item: &Item| item.role != Role::Part && may_have[place(item.hash)];
    let (local, global): (Vec<u32>, Vec<u32>) = (0..items.len() as u32)
        .filter(|&i| is_main(&items[i as usize]))
        .partition(|&i| items[i as usize].local);
    // The item each item goes into.
    let mut into = vec![NONE; items.len()];
    for main in local.into_iter().chain(global) {
        let item = &items[main as usize];
        for &part in by_hash.get(&item.hash).map_or(&[][..], |parts| parts) {
            let other = &items[part as usize];
            let belongs = other.unit == item.unit || !item.local;
            if belongs && into[part as usize] == NONE && other.name == item.name {
                into[part as usize] = main;
            }
        }
    }
    let mut orphans: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    for &part in &parts {
        if into[part as usize] == NONE {
            let item = &items[part as usize];
            let head = *orphans.entry((item.hash, item.unit)).or_insert(part);
            if head != part && items[head as usize].name == item.name {
                into[part as usize] = head;
            }
        }
    }
    for &part in &parts {
        let target = into[part as usize];
        let item = &mut items[part as usize];
        if target == NONE {
            item.role = Role::Whole;
        } else {
            let bytes = std::mem::take(&mut item.bytes);
            items[target as usize].bytes += bytes;
        }
    }
    drop_folded(all, first, &into);
}

/// Removes folded items and follows the aliases to where their items now are.
fn drop_folded(all: &mut Claims, first: usize, into: &[u32]) {
    let mut moved = vec![0; into.len()];
    let mut kept = first as u32;
    for (old, &target) in into.iter().enumerate() {
        moved[old] = kept;
        if target == NONE {
            kept += 1;
        }
    }
    let mut number = 0;
    all.items.retain(|_| {
        let keep = number < first || into[number - first] == NONE;
        number += 1;
        keep
    });
    all.aliases.retain_mut(|(item, _)| {
        let Some(old) = (*item as usize).checked_sub(first) else { return true };
        *item = moved[old];
        into[old] == NONE
    });
}
