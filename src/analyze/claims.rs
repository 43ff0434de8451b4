//! Which symbol owns which bytes: an image's symbols as a list in which every byte counts once.
//!
//! A symbol table is not a partition: aliases name the same bytes, symbols nest and overlap, clones
//! and cold parts of a function are symbols of their own. Here symbols are laid over their section
//! from the lowest address up, the longest first, and claim what is not claimed yet; then the parts
//! of a function are folded into it. The sum of all [`Item`]s is exactly the bytes that symbols cover.

use std::borrow::Cow;
use std::hash::Hasher as _;

use rustc_hash::{FxHashMap, FxHasher};

use super::names::{self, Role};
use crate::model::class::Class;
use crate::model::image::{Image, Kind, Place, SHF_EXECINSTR, SHF_WRITE, Section, Symbol};

const STT_FUNC: u8 = 2;
const STT_SECTION: u8 = 3;
const STT_FILE: u8 = 4;
const STT_TLS: u8 = 6;
const STB_LOCAL: u8 = 0;
const STB_GLOBAL: u8 = 1;
const EM_ARM: u16 = 40;
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

/// A symbol with all that is folded into it.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    /// Normalised, not demangled.
    pub name: Cow<'a, [u8]>,
    /// Hash of `name`.
    pub hash: u64,
    /// Bytes claimed, parts included.
    pub bytes: u64,
    /// The archive member, else the source file (`STT_FILE`) of a local symbol; empty if not known.
    pub object: &'a [u8],
    /// The translation unit, numbered from 1 in table order; 0 for global symbols.
    unit: u32,
    /// Class of the section.
    pub class: Class,
    /// Category of the section.
    pub category: Category,
    /// Whether it is visible only in its translation unit.
    pub local: bool,
    /// What the symbol is to its name.
    pub role: Role,
    /// Index into the images the items were made from.
    pub image: u32,
    /// Index into the symbols of that image.
    pub symbol: u32,
}

/// The items of one file, and what they cover.
#[derive(Debug, Default)]
pub struct Claims<'a> {
    /// In the order of image, section and address.
    pub items: Vec<Item<'a>>,
    /// Other names of the same bytes: item index and name.
    pub aliases: Vec<(u32, Cow<'a, [u8]>)>,
    /// For each image, for each section (in the order of `Image::sections`), the bytes claimed.
    pub covered: Vec<Vec<u64>>,
}

/// A symbol at its place.
#[derive(Clone, Copy)]
struct Extent {
    /// Position in `Image::sections`.
    slot: u32,
    symbol: u32,
    start: u64,
    size: u64,
    unit: u32,
    file: u32,
}

/// Lays the symbols of all `images` (one file, or the members of one archive) over their sections.
pub fn claims<'a>(images: &'a [Image<'a>], classify: impl Fn(&Section) -> Class) -> Claims<'a> {
    let mut all = Claims::default();
    for (number, image) in images.iter().enumerate() {
        let classes: Vec<Class> = image.sections.iter().map(&classify).collect();
        let first = all.items.len();
        let covered = lay(image, number as u32, &classes, &mut all);
        all.covered.push(covered);
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

fn extents(image: &Image) -> Vec<Extent> {
    let mut slots = Vec::new();
    for (slot, section) in image.sections.iter().enumerate() {
        let index = section.index as usize;
        if slots.len() <= index {
            slots.resize(index + 1, NONE);
        }
        if section.is_alloc() {
            slots[index] = slot as u32;
        }
    }
    let linked = image.kind == Kind::Linked;
    let mut extents = Vec::with_capacity(image.symbols.len());
    let (mut unit, mut file) = (0, NONE);
    for (number, symbol) in image.symbols.iter().enumerate() {
        if symbol.kind == STT_FILE {
            // ld ends the local symbols with a nameless one for what belongs to no file.
            (unit, file) = (unit + 1, number as u32);
            continue;
        }
        let Place::Section(index) = symbol.section else { continue };
        let slot = slots.get(index as usize).copied().unwrap_or(NONE);
        // Thread-local symbols of linked images hold offsets, not addresses.
        if slot == NONE || symbol.kind == STT_SECTION || (linked && symbol.kind == STT_TLS) {
            continue;
        }
        let section = &image.sections[slot as usize];
        if symbol.size == 0 && section.flags & SHF_EXECINSTR != 0 {
            continue;
        }
        let mut value = symbol.value;
        if image.header.machine == EM_ARM && symbol.kind == STT_FUNC {
            value &= !1; // bit 0 says Thumb
        }
        let start = if linked { value.wrapping_sub(section.addr) } else { value };
        if start >= section.size {
            continue;
        }
        let size = symbol.size.min(section.size - start);
        let local = symbol.bind == STB_LOCAL;
        let (unit, file) = if local { (unit, file) } else { (0, NONE) };
        extents.push(Extent { slot, symbol: number as u32, start, size, unit, file });
    }
    extents.sort_unstable_by_key(|e| (e.slot, e.start, !e.size, e.symbol));
    extents
}

/// Adds the items of `image` to `all`; the bytes claimed for each section are returned.
fn lay<'a>(image: &'a Image<'a>, number: u32, classes: &[Class], all: &mut Claims<'a>) -> Vec<u64> {
    let extents = extents(image);
    let mut covered = vec![0; image.sections.len()];
    all.items.reserve(extents.len());
    let member = image.member.as_ref().map(String::as_bytes);
    let (mut slot, mut claimed) = (NONE, 0);
    let mut at = 0;
    while at < extents.len() {
        let Extent { slot: this, start, mut size, .. } = extents[at];
        if this != slot {
            (slot, claimed) = (this, 0);
        }
        // Aliases: the same start and size.
        let same = extents[at..]
            .iter()
            .take_while(|e| e.slot == this && e.start == start && e.size == size)
            .count();
        let group = &extents[at..at + same];
        at += same;
        let section = &image.sections[slot as usize];
        let Some(first) = primary(image, group) else { continue };
        if size == 0 {
            let next = extents.get(at).filter(|e| e.slot == slot).map_or(section.size, |e| e.start);
            let limit = entry_limit(image.symbols[first.symbol as usize].name).unwrap_or(0);
            size = next.saturating_sub(start).min(limit);
        }
        let end = start + size;
        let bytes = end.saturating_sub(start.max(claimed));
        if bytes == 0 {
            continue;
        }
        claimed = end;
        covered[slot as usize] += bytes;
        let symbol = &image.symbols[first.symbol as usize];
        let normal = names::normalise(symbol.name);
        let object = match (member, first.file) {
            (Some(member), _) => member,
            (None, NONE) => &[],
            (None, file) => image.symbols[file as usize].name.as_ref(),
        };
        let item = all.items.len() as u32;
        for other in group.iter().filter(|other| other.symbol != first.symbol) {
            let alias = names::normalise(image.symbols[other.symbol as usize].name).name;
            if alias != normal.name {
                all.aliases.push((item, alias));
            }
        }
        all.items.push(Item {
            hash: hash(&normal.name),
            name: normal.name,
            bytes,
            object,
            unit: first.unit,
            class: classes[slot as usize],
            category: category(section),
            local: symbol.bind == STB_LOCAL,
            role: normal.role,
            image: number,
            symbol: first.symbol,
        });
    }
    covered
}

/// The alias that names the bytes: a global one before a weak before a local, a whole thing before a
/// part, then the first in the table. `None` where only labels without meaning for size are left.
fn primary<'e>(image: &Image, group: &'e [Extent]) -> Option<&'e Extent> {
    let rank = |extent: &&Extent| {
        let symbol: &Symbol = &image.symbols[extent.symbol as usize];
        let bind = match symbol.bind {
            STB_GLOBAL => 0,
            STB_LOCAL => 2,
            _ => 1,
        };
        (bind, extent.symbol)
    };
    if group[0].size > 0 {
        if let [only] = group {
            return Some(only);
        }
        return group.iter().min_by_key(rank);
    }
    group
        .iter()
        .filter(|extent| entry_limit(image.symbols[extent.symbol as usize].name).is_some())
        .min_by_key(rank)
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
pub fn hash(name: &[u8]) -> u64 {
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
    let mut by_hash: FxHashMap<u64, Vec<u32>> = FxHashMap::default();
    for &part in &parts {
        by_hash.entry(items[part as usize].hash).or_default().push(part);
    }
    // The item each item goes into.
    let mut into = vec![NONE; items.len()];
    for wants_local in [true, false] {
        for (main, item) in items.iter().enumerate() {
            if item.role == Role::Part || item.local != wants_local {
                continue;
            }
            let Some(candidates) = by_hash.get(&item.hash) else { continue };
            for &part in candidates {
                let other = &items[part as usize];
                let belongs = other.unit == item.unit || !item.local;
                if belongs && into[part as usize] == NONE && other.name == item.name {
                    into[part as usize] = main as u32;
                }
            }
        }
    }
    let mut orphans: FxHashMap<(u64, u32), u32> = FxHashMap::default();
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
