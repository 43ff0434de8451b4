//! Which symbol owns which bytes: an image's symbols as a list in which every byte counts once.
//!
//! A symbol table is not a partition: aliases name the same bytes, symbols nest and overlap, clones
//! and cold parts of a function are symbols of their own. So symbols are laid over their section
//! first (`lay`), and the parts of a function then folded into it (`parts`). The sum of all [`Item`]s
//! is exactly the bytes that symbols cover.

use std::borrow::Cow;

use super::extents;
use super::lay::Laid;
use super::names::{self, Role};
use super::parts;
use crate::model::bytes;
use crate::model::class::Class;
use crate::model::image::{Image, SHF_EXECINSTR, SHF_WRITE, Section};
use crate::model::symtab::Place;

const STT_FILE: u8 = 4;
const STB_LOCAL: u8 = 0;

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

/// A symbol with all that is folded into it. 32 bytes: a kernel has a hundred thousand, and the memory
/// they take is what costs most.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    /// Bytes claimed, parts included.
    pub bytes: u64,
    /// Its name; see [`Claims::name`].
    name: Name,
    /// Half a hash of its name.
    pub hash: u32,
    /// Index into [`Claims::units`]; that of the whole image for global symbols.
    pub(super) unit: u32,
    /// Index into the symbols of its image.
    pub symbol: u32,
    /// Class of the section.
    pub class: Class,
    /// Whether it is visible only in its translation unit.
    pub local: bool,
    /// What the symbol is to its name.
    pub role: Role,
}

/// A name, normalised but not demangled: a piece of the string table of its image, or one that was made.
#[derive(Debug, Clone, Copy)]
struct Name {
    at: u32,
    /// With [`MADE`]. No name is two gigabytes long.
    len: u32,
}

/// A bit of [`Name::len`]: the name is in [`Claims::made`].
const MADE: u32 = 1 << 31;

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
        Self { object, hash: bytes::hash(object).rotate_left(20), image }
    }
}

/// The items of one file, and what they cover.
#[derive(Debug, Default)]
pub struct Claims<'a> {
    /// In the order of images and of their symbol tables.
    pub items: Vec<Item>,
    /// Where the items come from, in the same order.
    units: Vec<Unit<'a>>,
    /// Other names of the same bytes, for each image: the symbol of the item, the other symbol.
    aliases: Vec<Vec<(u32, u32)>>,
    /// For each image, for each section (in the order of `Image::sections`), the bytes claimed.
    pub covered: Vec<Vec<u64>>,
    images: Vec<&'a Image<'a>>,
    /// Names that are in no file as they are, one behind the other.
    made: Vec<u8>,
}

impl<'a> Claims<'a> {
    /// The name of an item, normalised, not demangled.
    pub fn name(&self, item: &Item) -> &[u8] {
        let name = item.name;
        let from =
            if name.len & MADE != 0 { &self.made } else { self.image(item).symbols.strings() };
        let (at, len) = (name.at as usize, (name.len & !MADE) as usize);
        from.get(at..at + len).unwrap_or_default()
    }

    /// The archive member, else the source file (`STT_FILE`) of a local symbol; empty if not known.
    pub fn object(&self, item: &Item) -> &'a [u8] {
        self.units[item.unit as usize].object
    }

    /// The item's image.
    pub fn image(&self, item: &Item) -> &'a Image<'a> {
        match self.images[..] {
            [only] => only,
            _ => self.images[self.units[item.unit as usize].image as usize],
        }
    }

    /// The item's category, by the flags of its section.
    pub fn category(&self, item: &Item) -> Category {
        let image = self.image(item);
        match image.symbols.at(item.symbol).section {
            Place::Section(index) => image.section(index).map_or(Category::Rodata, category),
            _ => Category::Rodata,
        }
    }

    /// Hash of name, class and, if local, object.
    pub fn key(&self, item: &Item) -> u64 {
        let place = if item.local { self.units[item.unit as usize].hash } else { 1 };
        item.class_key() ^ place
    }

    /// Adds the symbols of the next image, which were laid over its sections.
    pub fn add(&mut self, image: &'a Image<'a>, laid: Laid, classify: impl Fn(&Section) -> Class) {
        let classes: Vec<Class> = image.sections.iter().map(classify).collect();
        self.images.push(image);
        let first = self.items.len();
        self.add_items(image, &classes, &laid.bytes);
        self.covered.push(laid.covered);
        self.aliases.push(laid.aliases);
        parts::fold(self, first);
    }

    /// Makes an item of every symbol that claims anything, in the order of the symbol table, in which
    /// their names lie in memory and files announce their symbols.
    fn add_items(&mut self, image: &'a Image<'a>, classes: &[Class], claimed: &[u64]) {
        let mut class_of = Vec::new();
        for (section, &class) in image.sections.iter().zip(classes) {
            let index = section.index as usize;
            class_of.resize(class_of.len().max(index + 1), Class::Rodata);
            class_of[index] = class;
        }
        let number = self.covered.len() as u32;
        let member: &[u8] = image.member.as_ref().map_or(&[], |member| member.as_bytes());
        let claiming = claimed.iter().filter(|&&bytes| bytes > 0).count();
        self.items.reserve_exact(claiming);
        let whole = self.units.len() as u32;
        self.units.push(Unit::new(member, number));
        image.symbols.each(|index, symbol| {
            if symbol.kind == STT_FILE {
                // ld ends the local symbols with a nameless one for what belongs to no file.
                let name: &[u8] = image.symbols.name(&symbol);
                self.units.push(Unit::new(if member.is_empty() { name } else { member }, number));
            }
            let bytes = claimed[index as usize];
            let Place::Section(section) = symbol.section else { return };
            if bytes == 0 {
                return;
            }
            let (raw, normal, hash) = names::scan(image.symbols.name_onwards(&symbol));
            let local = symbol.bind == STB_LOCAL;
            let name = self.keep(symbol.name, raw, normal.name);
            self.items.push(Item {
                bytes,
                name,
                hash: (hash >> 32) as u32,
                unit: if local { self.units.len() as u32 - 1 } else { whole },
                symbol: index,
                class: class_of[section as usize],
                local,
                role: normal.role,
            });
        });
    }

    /// Whether any symbol has another name.
    pub fn has_aliases(&self) -> bool {
        self.aliases.iter().any(|aliases| !aliases.is_empty())
    }

    /// The other names of the bytes of those `items` (in ascending order), normalised, with the item. Made
    /// for few: nearly all symbols are found again by their own names.
    pub fn aliases(&self, items: &[u32]) -> Vec<(u32, Cow<'a, [u8]>)> {
        let key = |&number: &u32| {
            let item = &self.items[number as usize];
            (self.units[item.unit as usize].image, item.symbol)
        };
        // Bits of the symbols that are asked for: nearly all others are ruled out by them, from the cache.
        let mut wanted: Vec<Vec<u64>> = vec![Vec::new(); self.aliases.len()];
        for (image, symbol) in items.iter().map(key) {
            let image = image as usize;
            if wanted[image].is_empty() && !self.aliases[image].is_empty() {
                wanted[image].resize(self.images[image].symbols.len() / 64 + 1, 0);
            }
            if let Some(word) = wanted[image].get_mut(symbol as usize / 64) {
                *word |= 1 << (symbol % 64);
            }
        }
        let is_wanted = |image: usize, symbol: u32| {
            wanted[image]
                .get(symbol as usize / 64)
                .is_some_and(|word| word >> (symbol % 64) & 1 != 0)
        };
        let all = (0u32..).zip(&self.aliases).flat_map(|(image, aliases)| {
            aliases.iter().map(move |&(symbol, other)| (image, symbol, other))
        });
        all.filter(|&(image, symbol, _)| is_wanted(image as usize, symbol))
            .filter_map(|(image, symbol, other)| {
                // Items are in the order of images and symbols.
                let at = items.binary_search_by_key(&(image, symbol), key).ok()?;
                let symbols = &self.images[image as usize].symbols;
                let name: &'a [u8] = symbols.name(&symbols.at(other));
                let name = names::normalise(name).name;
                let differs = *name != *self.name(&self.items[items[at] as usize]);
                differs.then_some((items[at], name))
            })
            .collect()
    }

    /// Where `name` is kept, which is what became of `raw`, the string at `at`.
    fn keep(&mut self, at: u32, raw: &[u8], name: Cow<'_, [u8]>) -> Name {
        match name {
            Cow::Borrowed(part) => {
                let skipped = part.as_ptr().addr() - raw.as_ptr().addr();
                Name { at: at.saturating_add(skipped as u32), len: part.len() as u32 & !MADE }
            }
            Cow::Owned(text) => {
                let at = self.made.len() as u32;
                self.made.extend_from_slice(&text);
                Name { at, len: text.len() as u32 | MADE }
            }
        }
    }
}

impl Item {
    /// Hash of name and class.
    pub fn class_key(&self) -> u64 {
        // An odd number spreads the bits over the whole word.
        let spread = u64::from(self.hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        spread ^ ((self.class as u64 + 1) << 56)
    }
}

/// Lays the symbols of all `images` (one file, or the members of one archive) over their sections.
pub fn claims<'a>(images: &'a [Image<'a>], classify: impl Fn(&Section) -> Class) -> Claims<'a> {
    let mut all = Claims::default();
    for image in images {
        let mut laid = Laid::new(image);
        extents::each(image, |slot, extents| laid.add(image, slot, extents));
        all.add(image, laid, &classify);
    }
    all
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
