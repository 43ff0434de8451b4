//! Relocations of debug sections in relocatable files, without which every address and string is the first.
//!
//! Only what assemblers emit into debug sections is known: absolute words, and on RISC-V and `LoongArch`,
//! whose linkers shorten code, differences of labels written as an addition and a subtraction.

use std::borrow::Cow;

use crate::model::image::{Bits, Endian, Image, Section};
use crate::model::origin::Bases;
use crate::model::symtab::{Place, Symbols};

const SHT_RELA: u32 = 4;
const SHT_REL: u32 = 9;

const EM_MIPS: u16 = 8;
const EM_RISCV: u16 = 243;
const EM_LOONGARCH: u16 = 258;

/// What a relocation does to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The value, in so many bytes.
    Set(usize),
    /// Plus the value.
    Add(usize),
    /// Minus the value.
    Sub(usize),
    /// The value as a ULEB128 of the length that is there.
    SetLeb,
    /// That minus the value.
    SubLeb,
    /// Only a hint to the linker.
    Nothing,
}

/// For each `e_machine` the numbers of its absolute relocations of 4 and of 8 bytes (0: there is none), as
/// in the psABI of each.
#[rustfmt::skip]
const ABSOLUTE: &[(u16, &[u32], &[u32])] = &[
    (2, &[3, 23], &[32, 54]),         // SPARC
    (3, &[1], &[]),                   // 386
    (4, &[1], &[]),                   // 68K
    (EM_MIPS, &[2], &[18]),
    (15, &[1], &[80]),                // PA-RISC
    (18, &[3, 23], &[32, 54]),        // SPARC32PLUS
    (20, &[1], &[]),                  // PPC
    (21, &[1], &[38]),                // PPC64
    (22, &[4], &[22]),                // S390
    (40, &[2], &[]),                  // ARM
    (42, &[1], &[]),                  // SH
    (43, &[3, 23], &[32, 54]),        // SPARCV9
    (62, &[10, 11], &[1]),            // X86_64
    (92, &[1], &[]),                  // OPENRISC
    (93, &[4], &[]),                  // ARC_COMPACT
    (94, &[1], &[]),                  // XTENSA
    (113, &[12], &[]),                // NIOS2
    (164, &[6], &[]),                 // HEXAGON
    (183, &[258], &[257]),            // AARCH64
    (189, &[1], &[]),                 // MICROBLAZE
    (195, &[4], &[]),                 // ARC_COMPACT2
    (EM_RISCV, &[1], &[2]),
    (252, &[1], &[]),                 // CSKY
    (EM_LOONGARCH, &[1], &[2]),
    (0x9026, &[1], &[2]),             // ALPHA
];

fn act(machine: u16, kind: u32) -> Option<Act> {
    let (_, words, doubles) = ABSOLUTE.iter().find(|(known, ..)| *known == machine)?;
    if words.contains(&kind) {
        return Some(Act::Set(4));
    }
    if doubles.contains(&kind) {
        return Some(Act::Set(8));
    }
    Some(match (machine, kind) {
        (EM_RISCV, 33..=36) => Act::Add(1 << (kind - 33)),
        (EM_RISCV, 37..=40) => Act::Sub(1 << (kind - 37)),
        (EM_RISCV, 54..=56) => Act::Set(1 << (kind - 54)),
        // LoongArch's adds to the 0 that is there.
        (EM_RISCV, 60) | (EM_LOONGARCH, 107) => Act::SetLeb,
        (EM_RISCV, 61) | (EM_LOONGARCH, 108) => Act::SubLeb,
        (EM_LOONGARCH, 47 | 48) => Act::Add(1 << (kind - 47)),
        (EM_LOONGARCH, 50 | 51) => Act::Add(4 << (kind - 50)),
        (EM_LOONGARCH, 52 | 53) => Act::Sub(1 << (kind - 52)),
        (EM_LOONGARCH, 55 | 56) => Act::Sub(4 << (kind - 55)),
        (EM_RISCV, 51) | (EM_LOONGARCH, 100) | (_, 0) => Act::Nothing,
        _ => return None,
    })
}

/// One entry of a relocation section.
struct Entry {
    offset: u64,
    symbol: u32,
    kind: u32,
    /// `None` of `SHT_REL`: what is at the place.
    addend: Option<u64>,
}

/// Applies what the file says of `section` to its `data`. Returns what could not be applied.
pub(super) fn apply(
    image: &Image<'_>,
    section: &Section<'_>,
    data: &mut Cow<'_, [u8]>,
    bases: &Bases,
) -> Option<String> {
    let mut unknown = Vec::new();
    let mut missed = 0u64;
    let of_it = |s: &&Section| {
        matches!(s.sh_type, SHT_REL | SHT_RELA) && s.info == section.index && s.flags & 0x800 == 0
    };
    for relocations in image.sections.iter().filter(of_it) {
        let data = data.to_mut();
        for entry in entries(image, relocations) {
            let Some(act) = act(image.header.machine, entry.kind) else {
                missed += 1;
                if !unknown.contains(&entry.kind) && unknown.len() < 8 {
                    unknown.push(entry.kind);
                }
                continue;
            };
            let value = symbol_value(&image.symbols, entry.symbol, bases);
            patch(image.header.endian, data, &entry, act, value);
        }
    }
    (missed > 0).then(|| {
        let kinds: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        format!(
            "section {}: {missed} relocations of types not known here ({}) are not applied",
            section.name,
            kinds.join(", ")
        )
    })
}

/// The value of a symbol: an address in what is loaded, an offset in other sections.
fn symbol_value(symbols: &Symbols<'_>, number: u32, bases: &Bases) -> u64 {
    let Some(index) = number.checked_sub(1).filter(|&index| (index as usize) < symbols.len())
    else {
        return 0;
    };
    let symbol = symbols.at(index);
    match symbol.section {
        Place::Section(section) => {
            let base = bases.sections.get(section as usize).copied().unwrap_or(0);
            base.wrapping_add(symbol.value)
        }
        Place::Absolute => symbol.value,
        _ => 0,
    }
}

fn entries<'a>(image: &Image<'_>, relocations: &Section<'a>) -> impl Iterator<Item = Entry> + 'a {
    let (wide, big) = (image.header.bits == Bits::B64, image.header.endian == Endian::Big);
    let mips64 = wide && image.header.machine == EM_MIPS;
    let with_addend = relocations.sh_type == SHT_RELA;
    let word = if wide { 8 } else { 4 };
    let length = word * if with_addend { 3 } else { 2 };
    relocations.data.chunks_exact(length).map(move |entry| {
        let field = |number: usize| read(&entry[number * word..][..word], big);
        let info = field(1);
        // On MIPS a word and four bytes: r_sym, r_ssym, r_type3, r_type2, r_type.
        let (symbol, kind) = if mips64 && big {
            ((info >> 32) as u32, (info & 0xff) as u32)
        } else if mips64 {
            (info as u32, (info >> 56) as u32)
        } else if wide {
            ((info >> 32) as u32, info as u32)
        } else {
            ((info >> 8) as u32, (info & 0xff) as u32)
        };
        let addend = with_addend.then(|| {
            let addend = field(2);
            if wide { addend } else { i64::from(addend as u32 as i32) as u64 }
        });
        Entry { offset: field(0), symbol, kind, addend }
    })
}

fn patch(endian: Endian, data: &mut [u8], entry: &Entry, act: Act, value: u64) {
    let big = endian == Endian::Big;
    let Some(rest) = usize::try_from(entry.offset).ok().and_then(|at| data.get_mut(at..)) else {
        return;
    };
    let (size, negative, keep) = match act {
        Act::Nothing => return,
        Act::SetLeb | Act::SubLeb => {
            let value = value.wrapping_add(entry.addend.unwrap_or(0));
            return patch_leb(rest, value, act == Act::SubLeb);
        }
        Act::Set(size) => (size, false, entry.addend.is_none()),
        Act::Add(size) => (size, false, true),
        Act::Sub(size) => (size, true, true),
    };
    let Some(place) = rest.get_mut(..size) else { return };
    let value = value.wrapping_add(entry.addend.unwrap_or(0));
    let there = if keep { read(place, big) } else { 0 };
    let sum = if negative { there.wrapping_sub(value) } else { there.wrapping_add(value) };
    if big {
        place.copy_from_slice(&sum.to_be_bytes()[8 - size..]);
    } else {
        place.copy_from_slice(&sum.to_le_bytes()[..size]);
    }
}

/// Writes a ULEB128 over one, of the same length.
fn patch_leb(rest: &mut [u8], value: u64, subtract: bool) {
    let Some(last) = rest.iter().take(10).position(|byte| byte & 0x80 == 0) else { return };
    let place = &mut rest[..=last];
    let there = place.iter().rev().fold(0u64, |sum, byte| sum << 7 | u64::from(byte & 0x7f));
    let mut value = if subtract { there.wrapping_sub(value) } else { value };
    for byte in place.iter_mut() {
        *byte = (*byte & 0x80) | (value & 0x7f) as u8;
        value >>= 7;
    }
}

/// An unsigned number of up to 8 bytes.
fn read(bytes: &[u8], big: bool) -> u64 {
    let step = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    if big { bytes.iter().fold(0, step) } else { bytes.iter().rev().fold(0, step) }
}
