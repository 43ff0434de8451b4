//! Whose the entries of the kernel's own symbol table are.
//!
//! `scripts/kallsyms.c` writes all of it as one object, so a map says nothing about it. Each symbol has an
//! address in `kallsyms_offsets` (until 6.14 perhaps in `kallsyms_addresses`), a compressed name in
//! `kallsyms_names` and since 6.2 a number of three bytes in `kallsyms_seqs_of_names`: these bytes belong
//! to the object that the address is in. How long a compressed name is depends on all other names, which
//! is why names are kept apart; see [`settle`].

use bstr::{BStr, ByteSlice};
use rustc_hash::{FxHashMap, FxHashSet};

use super::pieces::{Key, Piece, Pieces};
use crate::analyze::reconcile::{Laid, Owner};
use crate::model::config::ConfigChange;
use crate::model::image::{Bits, Endian, Image, Section};
use crate::model::payload::Run;

/// The input section that entries are said to be of, but for their names.
pub const ENTRIES: &str = "kallsyms";
/// The names of these entries.
pub const NAMES: &str = "kallsyms names";
/// What depends on all names at once: how they are compressed, and where each 256th is.
pub const REST: &str = "kallsyms compression";

const STT_NOTYPE: u8 = 0;
const STB_LOCAL: u8 = 0;

/// Bytes of an entry in `kallsyms_seqs_of_names`.
const SEQ: u64 = 3;
/// An entry counts as found where so many of all are at the address of a symbol, in thousandths.
/// Everything else means that the tables are not what they seem.
const FOUND: usize = 990;

/// What the entries of one object take, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Addresses and numbers.
    pub entries: u64,
    /// Compressed names.
    pub names: u64,
}

/// The tables of an image, as bytes of the section that they are in.
struct Tables<'i> {
    section: &'i Section<'i>,
    endian: Endian,
    /// Where the tables begin, by the rest of their names.
    labels: FxHashMap<&'i [u8], u64>,
}

/// What of `run`, in which the tables are, belongs to which object; the rest belongs to all.
/// Nothing where there are no such tables, or where they cannot be read.
pub fn shares<'a>(
    image: &Image<'_>,
    laid: &[Laid<'_, '_, 'a>],
    section: &Section<'_>,
    run: Run,
) -> Option<FxHashMap<&'a BStr, Share>> {
    let tables = Tables::of(image, section, run)?;
    let text = image.symbols.named("_text").next().map(|symbol| symbol.value);
    let addresses = tables.addresses(image.header.bits, text)?;
    let names = tables.names(addresses.len())?;
    let seqs = tables.labels.get(&b"seqs_of_names"[..]);
    let entry = tables.entry(image.header.bits) + seqs.map_or(0, |_| SEQ);
    if !are_symbols(image, &addresses) {
        return None;
    }
    let owners = Owners::new(laid);
    let labels = Labels::of(image);
    let tokens = tables.tokens()?;
    let mut shares: FxHashMap<&BStr, Share> = FxHashMap::default();
    for (addr, name) in addresses.into_iter().zip(names) {
        let Some((object, inside)) = owners.at(addr) else { continue };
        if !inside && labels.has(addr, &expanded(name, &tokens)) {
            continue;
        }
        let share = shares.entry(object).or_default();
        share.entries += entry;
        share.names += name.len() as u64;
    }
    // They lie in the run, or it is something else.
    let all = shares.values().fold(0u64, |sum, share| sum + share.entries + share.names);
    (all <= run.len()).then_some(shares)
}

impl<'i> Tables<'i> {
    fn of(image: &Image<'i>, section: &'i Section<'i>, run: Run) -> Option<Self> {
        let mut labels = FxHashMap::default();
        image.symbols.each(|_, symbol| {
            if !image.symbols.name_onwards(&symbol).starts_with(b"kallsyms_") {
                return;
            }
            let name: &[u8] = image.symbols.name(&symbol);
            let offset = symbol.value.wrapping_sub(section.addr);
            if (run.start..run.end).contains(&offset) {
                labels.insert(&name["kallsyms_".len()..], offset);
            }
        });
        labels.contains_key(&b"names"[..]).then_some(Self {
            section,
            endian: image.header.endian,
            labels,
        })
    }

    /// What follows a label.
    fn from(&self, label: &str) -> Option<&'i [u8]> {
        self.section.data.get(usize::try_from(*self.labels.get(label.as_bytes())?).ok()?..)
    }

    fn u32(&self, bytes: &[u8]) -> Option<u32> {
        let bytes = *bytes.first_chunk()?;
        Some(match self.endian {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        })
    }

    /// A number of as many bytes as a pointer has.
    fn word(&self, bits: Bits, bytes: &[u8]) -> Option<u64> {
        if bits == Bits::B32 {
            return self.u32(bytes).map(u64::from);
        }
        let bytes = *bytes.first_chunk()?;
        Some(match self.endian {
            Endian::Little => u64::from_le_bytes(bytes),
            Endian::Big => u64::from_be_bytes(bytes),
        })
    }

    /// Bytes of an address.
    fn entry(&self, bits: Bits) -> u64 {
        let whole = self.labels.contains_key(&b"addresses"[..]);
        if whole && bits == Bits::B64 { 8 } else { 4 }
    }

    /// The addresses of all symbols (kernel/kallsyms.c: `kallsyms_sym_address`); `text` is that of `_text`.
    fn addresses(&self, bits: Bits, text: Option<u64>) -> Option<Vec<u64>> {
        let number = self.from("num_syms")?;
        // A long of a big-endian machine until 4.20 has it in its second half.
        let count = match self.u32(number)? {
            0 if bits == Bits::B64 => self.word(bits, number)?,
            count => count.into(),
        };
        let count = usize::try_from(count).ok()?;
        if let Some(table) = self.from("addresses") {
            let size = self.entry(bits) as usize;
            let table = table.get(..count.checked_mul(size)?)?;
            return table.chunks_exact(size).map(|entry| self.word(bits, entry)).collect();
        }
        let table = self.from("offsets")?.get(..count.checked_mul(4)?)?;
        let offsets: Option<Vec<u32>> =
            table.chunks_exact(4).map(|entry| self.u32(entry)).collect();
        let offsets = offsets?;
        let base = self.word(bits, self.from("relative_base")?)?;
        // With KALLSYMS_ABSOLUTE_PERCPU, what is not absolute is negative.
        let absolute = offsets.iter().any(|&offset| (offset as i32) < 0);
        // An image that relocates itself when it starts may have it in a relocation only.
        let found = || {
            let (names, tokens) = (self.names(count)?, self.tokens()?);
            let at = names.iter().position(|name| expanded(name, &tokens) == b"_text")?;
            let offset = i64::from(offsets[at] as i32) as u64;
            let text = text?;
            Some(if absolute {
                text.wrapping_add(1).wrapping_add(offset)
            } else {
                text.wrapping_sub(offsets[at].into())
            })
        };
        let base = if base == 0 { found().unwrap_or(0) } else { base };
        let address = |offset: u32| match offset as i32 {
            signed if absolute && signed >= 0 => u64::from(offset),
            signed if absolute => base.wrapping_sub(1).wrapping_sub(i64::from(signed) as u64),
            _ => base.wrapping_add(offset.into()),
        };
        let mask = if bits == Bits::B32 { u64::from(u32::MAX) } else { u64::MAX };
        Some(offsets.into_iter().map(|offset| address(offset) & mask).collect())
    }

    /// The compressed names, each with its length (`kallsyms_expand_symbol`): ULEB128 of one byte or two
    /// since 6.1, before that a byte.
    fn names(&self, count: usize) -> Option<Vec<&'i [u8]>> {
        let mut rest = self.from("names")?;
        let mut names = Vec::with_capacity(count.min(rest.len()));
        for _ in 0..count {
            let (&first, after) = rest.split_first()?;
            let len = match first {
                0..0x80 => 1 + usize::from(first),
                _ => 2 + (usize::from(first & 0x7f) | usize::from(*after.first()?) << 7),
            };
            let (name, others) = rest.split_at_checked(len)?;
            names.push(name);
            rest = others;
        }
        Some(names)
    }

    /// What each byte of a compressed name stands for.
    fn tokens(&self) -> Option<Vec<&'i [u8]>> {
        let (table, index) = (self.from("token_table")?, self.from("token_index")?.get(..512)?);
        let token = |at: &[u8]| {
            let at = *at.first_chunk()?;
            let at = match self.endian {
                Endian::Little => u16::from_le_bytes(at),
                Endian::Big => u16::from_be_bytes(at),
            };
            let text = table.get(usize::from(at)..)?;
            Some(&text[..text.find_byte(0)?])
        };
        index.chunks_exact(2).map(token).collect()
    }
}

/// Whether these are the addresses of symbols. An image that is relocated when it starts may hold
/// something else.
fn are_symbols(image: &Image<'_>, addresses: &[u64]) -> bool {
    let mut known = Vec::with_capacity(image.symbols.len());
    image.symbols.each(|_, symbol| known.push(symbol.value));
    known.sort_unstable();
    let found = addresses.iter().filter(|addr| known.binary_search(addr).is_ok()).count();
    found >= addresses.len() / 1000 * FOUND && !addresses.is_empty()
}

/// The name of a symbol, without the letter for its kind.
fn expanded(name: &[u8], tokens: &[&[u8]]) -> Vec<u8> {
    let long = name.first().is_some_and(|&first| first >= 0x80);
    let codes = name.get(1 + usize::from(long)..).unwrap_or_default();
    let all = codes.iter().flat_map(|&code| tokens[usize::from(code)]);
    all.copied().skip(1).collect()
}

/// What linker scripts define: a place, not a thing. It belongs to nobody, least of all to the object that
/// happens to come next.
struct Labels<'a> {
    all: FxHashSet<(u64, &'a [u8])>,
}

impl<'a> Labels<'a> {
    fn of(image: &Image<'a>) -> Self {
        let mut all = FxHashSet::default();
        image.symbols.each(|_, symbol| {
            if symbol.size == 0 && symbol.kind == STT_NOTYPE && symbol.bind != STB_LOCAL {
                let name: &[u8] = image.symbols.name(&symbol);
                all.insert((symbol.value, name));
            }
        });
        Self { all }
    }

    fn has(&self, addr: u64, name: &[u8]) -> bool {
        self.all.contains(&(addr, name))
    }
}

/// The objects of an image by address.
struct Owners<'a> {
    starts: Vec<(u64, Option<&'a BStr>)>,
}

impl<'a> Owners<'a> {
    fn new(laid: &[Laid<'_, '_, 'a>]) -> Self {
        let mut starts: Vec<(u64, Option<&BStr>)> = Vec::new();
        for laid in laid {
            starts.extend(laid.runs.iter().map(|(run, owner)| {
                let object = match owner {
                    Owner::Part(part) => Some(part.file),
                    Owner::Padding | Owner::Nobody => None,
                };
                (laid.section.addr.wrapping_add(run.start), object)
            }));
        }
        starts.sort_by_key(|(addr, _)| *addr);
        Self { starts }
    }

    /// The object at an address, and whether the byte before is of the same part.
    fn at(&self, addr: u64) -> Option<(&'a BStr, bool)> {
        let at = self.starts.partition_point(|(start, _)| *start <= addr);
        let (start, object) = *self.starts.get(at.checked_sub(1)?)?;
        Some((object?, start < addr))
    }
}

/// Makes two images' accounts of their tables comparable. Names of objects that have as many symbols in
/// both are taken out of the objects' accounts: if these have another length, then because names are
/// compressed otherwise. Where a changed option decides about the tables, they are not told apart at all.
pub fn settle(old: &mut Pieces, new: &mut Pieces, changed: &[ConfigChange]) {
    let key = |object: &str, name: &str| Key {
        object: object.into(),
        name: format!("({name})").into(),
        bare: true,
    };
    let (entries, names) = (key("", ENTRIES), key("", NAMES));
    let rest = key("", REST);
    if deciding(changed).is_some() {
        for pieces in [old, new] {
            let all = [&entries.name, &names.name, &rest.name];
            let keys = pieces.all.keys().filter(|key| all.contains(&&key.name));
            let keys: Vec<Key> = keys.cloned().collect();
            gather(pieces, &keys, &entries);
        }
        return;
    }
    let bytes = |pieces: &Pieces, key: &Key| pieces.all.get(key).map(|piece| piece.bytes);
    let same: Vec<Key> = (old.all.keys())
        .filter(|one| one.name == names.name)
        .filter(|one| {
            let entries = key(&one.object, ENTRIES);
            bytes(old, &entries) == bytes(new, &entries)
                && bytes(new, one).is_some_and(|new| bytes(old, one) != Some(new))
        })
        .cloned()
        .collect();
    gather(old, &same, &rest);
    gather(new, &same, &rest);
}

/// The changed option that decides which symbols the tables have.
pub fn deciding(changed: &[ConfigChange]) -> Option<&str> {
    let mut names = changed.iter().map(|change| change.symbol.as_str());
    names.find(|name| name.starts_with("KALLSYMS"))
}

/// Moves the bytes of `keys` to one.
fn gather(pieces: &mut Pieces, keys: &[Key], to: &Key) {
    for key in keys.iter().filter(|key| *key != to) {
        let Some(piece) = pieces.all.remove(key) else { continue };
        let all = pieces.all.entry(to.clone()).or_insert(Piece { bytes: 0, ..piece });
        all.bytes = all.bytes.wrapping_add(piece.bytes);
    }
}
