//! A symbol table as it lies in its file, decoded entry by entry where it is looked at.
//!
//! A kernel has 130,000 symbols. To copy them out takes fresh memory of several megabytes for each
//! file, and touching that for the first time costs more than all that is then done with it;
//! decoding an entry takes a nanosecond. The reader in `elf/` has checked every entry. As the file may
//! change under its mapping, what no longer makes sense here is a symbol without name or section.

use bstr::{BStr, ByteSlice};

use super::bytes;
use super::image::{Bits, Endian, Header};

const SHN_LORESERVE: u16 = 0xff00;
const SHN_ABS: u16 = 0xfff1;
const SHN_COMMON: u16 = 0xfff2;
const SHN_XINDEX: u16 = 0xffff;
/// COMMON of the large model (x86-64).
const SHN_X86_64_LCOMMON: u16 = 0xff02;
/// COMMON within reach of `$gp`.
const SHN_MIPS_SCOMMON: u16 = 0xff03;
const EM_MIPS: u16 = 8;
const EM_X86_64: u16 = 62;

/// The symbols of an image in table order, without the null symbol at the beginning of the table.
#[derive(Debug, Clone, Copy, Default)]
pub struct Symbols<'a> {
    entries: &'a [u8],
    names: &'a [u8],
    extended: &'a [u8],
    layout: Layout,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Layout {
    wide: bool,
    big_endian: bool,
    machine: u16,
}

/// One symbol; [`Symbols::name`] has its name.
#[derive(Debug, Clone, Copy)]
pub struct Symbol {
    /// `st_name`: where its name begins in the string table.
    pub name: u32,
    /// `st_value`: an address in linked images, a section offset in relocatable ones.
    pub value: u64,
    /// `st_size`, in bytes.
    pub size: u64,
    /// Section header index with `SHN_XINDEX` already resolved.
    pub section: Place,
    /// `st_info` type nibble (`STT_*`).
    pub kind: u8,
    /// `st_info` binding nibble (`STB_*`).
    pub bind: u8,
}

/// Where a symbol lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Undefined: a reference.
    Undefined,
    /// An absolute value.
    Absolute,
    /// COMMON, not yet allocated.
    Common,
    /// The section with this header index.
    Section(u32),
    /// A reserved index of the processor or operating system.
    Other(u16),
}

impl<'a> Symbols<'a> {
    /// The symbols of a file with this `header`: `entries` is the whole `SHT_SYMTAB`, `names` its
    /// string table and `extended` its `SHT_SYMTAB_SHNDX`, empty if there is none.
    pub fn new(header: Header, entries: &'a [u8], names: &'a [u8], extended: &'a [u8]) -> Self {
        let layout = Layout {
            wide: header.bits == Bits::B64,
            big_endian: header.endian == Endian::Big,
            machine: header.machine,
        };
        let entries = entries.get(layout.entry()..).unwrap_or_default();
        Self { entries, names, extended: extended.get(4..).unwrap_or_default(), layout }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len() / self.layout.entry()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Symbol number `index`, which counts from 0 and without the null symbol.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[inline]
    pub fn at(&self, index: u32) -> Symbol {
        let from = index as usize * self.layout.entry();
        self.decode(&self.entries[from..from + self.layout.entry()], index as usize)
    }

    /// All of them.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Symbol> + use<'a> {
        let this = *self;
        let entries = this.entries.chunks_exact(this.layout.entry());
        entries.enumerate().map(move |(index, entry)| this.decode(entry, index))
    }

    /// Calls `each` with every symbol and its number. As [`Symbols::iter`], but what nearly all kernels
    /// have is decoded in a loop of its own, which has the size of an entry fixed: a third of the
    /// instructions.
    #[inline]
    pub fn each(&self, mut each: impl FnMut(u32, Symbol)) {
        if self.layout.wide && !self.layout.big_endian {
            let (entries, _) = self.entries.as_chunks::<24>();
            for (number, entry) in (0u32..).zip(entries) {
                let fields = fields_of_64_le(entry);
                if fields.shndx.wrapping_sub(1) < SHN_LORESERVE - 1 {
                    each(number, fields.symbol(Place::Section(u32::from(fields.shndx))));
                } else {
                    each(number, self.special(&fields, number as usize));
                }
            }
        } else {
            for (number, symbol) in (0..).zip(self.iter()) {
                each(number, symbol);
            }
        }
    }

    /// The name of one of these symbols.
    #[inline]
    pub fn name(&self, symbol: &Symbol) -> &'a BStr {
        let rest = self.name_onwards(symbol);
        BStr::new(&rest[..bytes::find(rest, 0).unwrap_or(0)])
    }

    /// The name of a symbol with a NUL and whatever follows in the string table: enough to see how it
    /// begins, without looking for its end.
    #[inline]
    pub fn name_onwards(&self, symbol: &Symbol) -> &'a [u8] {
        self.names.get(symbol.name as usize..).unwrap_or_default()
    }

    /// The string table that the names are in.
    pub fn strings(&self) -> &'a [u8] {
        self.names
    }

    /// The values of `st_name` that mean `name`.
    pub fn offsets_of(&self, name: &str) -> Vec<u32> {
        let mut text = name.as_bytes().to_vec();
        text.push(0);
        // A name can also be the end of a longer one.
        self.names.find_iter(&text).map(|at| at as u32).collect()
    }

    /// All symbols of this name. Most kernels have none of those that are asked for, and then it is
    /// enough to look through the string table.
    pub fn named(&self, name: &str) -> impl Iterator<Item = Symbol> + use<'a> {
        let found = self.offsets_of(name);
        let this = if found.is_empty() { Self::default() } else { *self };
        // The name is the first field in files of either class, and few have a name that is wanted.
        let mut numbers = Vec::new();
        let mut look = |number: usize, name: [u8; 4]| {
            let big_endian = this.layout.big_endian;
            let name = if big_endian { u32::from_be_bytes(name) } else { u32::from_le_bytes(name) };
            if found.contains(&name) {
                numbers.push(number as u32);
            }
        };
        if this.layout.wide {
            let (entries, _) = this.entries.as_chunks::<24>();
            entries.iter().enumerate().for_each(|(at, e)| look(at, [e[0], e[1], e[2], e[3]]));
        } else {
            let (entries, _) = this.entries.as_chunks::<16>();
            entries.iter().enumerate().for_each(|(at, e)| look(at, [e[0], e[1], e[2], e[3]]));
        }
        numbers.into_iter().map(move |number| this.at(number))
    }

    /// Decodes an entry. What nearly all kernels have is decoded in place, so that of a symbol only
    /// what is looked at costs anything.
    #[inline]
    fn decode(&self, entry: &[u8], index: usize) -> Symbol {
        if self.layout.wide
            && !self.layout.big_endian
            && let Some(entry) = entry.first_chunk::<24>()
        {
            let fields = fields_of_64_le(entry);
            if fields.shndx.wrapping_sub(1) < SHN_LORESERVE - 1 {
                return fields.symbol(Place::Section(u32::from(fields.shndx)));
            }
            return self.special(&fields, index);
        }
        self.decode_other(entry, index)
    }

    #[inline(never)]
    fn decode_other(&self, entry: &[u8], index: usize) -> Symbol {
        let fields = match (entry.first_chunk::<24>(), entry.first_chunk::<16>()) {
            (Some(entry), _) if self.layout.big_endian => {
                fields_of_64(entry, u16::from_be_bytes, u32::from_be_bytes, u64::from_be_bytes)
            }
            (Some(entry), _) => {
                fields_of_64(entry, u16::from_le_bytes, u32::from_le_bytes, u64::from_le_bytes)
            }
            (None, Some(entry)) if self.layout.big_endian => {
                fields_of_32(entry, u16::from_be_bytes, u32::from_be_bytes)
            }
            (None, Some(entry)) => fields_of_32(entry, u16::from_le_bytes, u32::from_le_bytes),
            (None, None) => Fields::default(),
        };
        self.special(&fields, index)
    }

    /// The symbol with these fields, whatever its section index means.
    #[inline(never)]
    fn special(&self, fields: &Fields, index: usize) -> Symbol {
        let place = match fields.shndx {
            SHN_XINDEX => self.extended(index),
            shndx => self.layout.place(shndx),
        };
        fields.symbol(place)
    }

    fn extended(&self, index: usize) -> Place {
        let word = self.extended.get(index * 4..).and_then(<[u8]>::first_chunk);
        word.map_or(Place::Other(SHN_XINDEX), |word| {
            let big_endian = self.layout.big_endian;
            let number =
                if big_endian { u32::from_be_bytes(*word) } else { u32::from_le_bytes(*word) };
            Place::Section(number)
        })
    }
}

impl Layout {
    /// Bytes of an entry.
    fn entry(self) -> usize {
        if self.wide { 24 } else { 16 }
    }

    fn place(self, shndx: u16) -> Place {
        match shndx {
            0 => Place::Undefined,
            index if index < SHN_LORESERVE => Place::Section(u32::from(index)),
            SHN_ABS => Place::Absolute,
            SHN_COMMON => Place::Common,
            SHN_X86_64_LCOMMON if self.machine == EM_X86_64 => Place::Common,
            SHN_MIPS_SCOMMON if self.machine == EM_MIPS => Place::Common,
            index => Place::Other(index),
        }
    }
}

/// The fields of an entry.
#[derive(Default)]
struct Fields {
    name: u32,
    info: u8,
    shndx: u16,
    value: u64,
    size: u64,
}

impl Fields {
    #[inline]
    fn symbol(&self, section: Place) -> Symbol {
        let &Self { name, info, value, size, .. } = self;
        Symbol { name, value, size, section, kind: info & 0xf, bind: info >> 4 }
    }
}

/// [`fields_of_64`] of what nearly all kernels have.
#[inline]
fn fields_of_64_le(entry: &[u8; 24]) -> Fields {
    let (words, _) = entry.as_chunks::<8>();
    let word = |at: usize| u64::from_le_bytes(words[at]);
    let (head, value, size) = (word(0), word(1), word(2));
    let (name, info, shndx) = (head as u32, (head >> 32) as u8, (head >> 48) as u16);
    Fields { name, info, shndx, value, size }
}

/// `Elf64_Sym`: name, info, other, shndx, value, size.
#[inline]
fn fields_of_64(
    entry: &[u8; 24],
    half: fn([u8; 2]) -> u16,
    word: fn([u8; 4]) -> u32,
    long: fn([u8; 8]) -> u64,
) -> Fields {
    let [n0, n1, n2, n3, info, _, s0, s1, rest @ ..] = *entry;
    let [v0, v1, v2, v3, v4, v5, v6, v7, size @ ..] = rest;
    let value = long([v0, v1, v2, v3, v4, v5, v6, v7]);
    Fields { name: word([n0, n1, n2, n3]), info, shndx: half([s0, s1]), value, size: long(size) }
}

/// `Elf32_Sym`: name, value, size, info, other, shndx.
fn fields_of_32(entry: &[u8; 16], half: fn([u8; 2]) -> u16, word: fn([u8; 4]) -> u32) -> Fields {
    let [n0, n1, n2, n3, v0, v1, v2, v3, z0, z1, z2, z3, info, _, s0, s1] = *entry;
    let (value, size) = (word([v0, v1, v2, v3]), word([z0, z1, z2, z3]));
    let shndx = half([s0, s1]);
    Fields { name: word([n0, n1, n2, n3]), info, shndx, value: value.into(), size: size.into() }
}

#[cfg(test)]
impl Symbols<'static> {
    /// A table of 64-bit little-endian symbols for tests, which is never freed.
    pub(crate) fn of<'n>(symbols: impl IntoIterator<Item = (&'n str, Symbol)>) -> Self {
        let (mut entries, mut names) = (vec![0; 24], vec![0]);
        for (name, symbol) in symbols {
            let shndx = match symbol.section {
                Place::Undefined => 0,
                Place::Absolute => SHN_ABS,
                Place::Common => SHN_COMMON,
                Place::Section(index) => index as u16,
                Place::Other(index) => index,
            };
            entries.extend((names.len() as u32).to_le_bytes());
            entries.extend([symbol.bind << 4 | symbol.kind, 0]);
            entries.extend(shndx.to_le_bytes());
            entries.extend(symbol.value.to_le_bytes());
            entries.extend(symbol.size.to_le_bytes());
            names.extend(name.as_bytes());
            names.push(0);
        }
        let layout = Layout { wide: true, ..Layout::default() };
        Self { entries: &entries.leak()[24..], names: names.leak(), extended: &[], layout }
    }
}
