//! `--compat bloat-o-meter`: what the kernel's `scripts/bloat-o-meter` of 6.12 says, for people who
//! compare with old reports, and as an oracle for our own reading of symbol tables.
//!
//! The script adds up what `nm --size-sort` prints: every sized, defined, non-absolute symbol by nm's
//! type letter, aliases each; `.NUMBER` is cut out of names anywhere, equal names are summed, and six
//! kinds of names are left out. Its weaknesses are reproduced on purpose; `analyze::diff` has ours.

use std::borrow::Cow;
use std::cmp::Ordering;

use rustc_hash::FxHashMap;

use crate::model::bloat::{Bloat, BloatRow};
use crate::model::image::{Image, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, Section};
use crate::model::symtab::{Place, Symbol};

/// Which symbols a report is about: the script's `-c`, `-d`, `-t`, or none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// Everything in one report.
    #[default]
    All,
    /// `-c`: functions, data and read-only data in a report each.
    Categorize,
    /// `-d`: data, writable or not.
    Data,
    /// `-t`: functions.
    Text,
}

impl Selection {
    /// Titles and nm type letters of the reports, as in the script.
    fn reports(self) -> &'static [(&'static str, &'static [u8])] {
        match self {
            Self::All => &[("Function", b"tTdDbBrRvVwW")],
            Self::Categorize => &[("Function", b"tTwW"), ("Data", b"dDbBvV"), ("RO Data", b"rR")],
            Self::Data => &[("Data", b"dDbBrRvV")],
            Self::Text => &[("Function", b"tTwW")],
        }
    }
}

/// The script's reports on two files; an archive is several images.
pub fn compare(old: &[Image], new: &[Image], selection: Selection) -> Vec<Bloat> {
    selection
        .reports()
        .iter()
        .map(|&(title, letters)| report(title, &sizes(old, letters), &sizes(new, letters)))
        .collect()
}

type Sizes<'a> = FxHashMap<Cow<'a, [u8]>, u128>;

fn sizes<'a>(images: &[Image<'a>], letters: &[u8]) -> Sizes<'a> {
    let mut sizes = Sizes::default();
    for image in images {
        let mut sections: Vec<Option<&Section>> = Vec::new();
        for section in &image.sections {
            let index = section.index as usize;
            if sections.len() <= index {
                sections.resize(index + 1, None);
            }
            sections[index] = Some(section);
        }
        for symbol in image.symbols.iter().filter(|symbol| symbol.size != 0) {
            let letter = match symbol.section {
                Place::Section(index) => {
                    let section = sections.get(index as usize).copied().flatten();
                    section.map_or(0, |section| nm_type(image.header.machine, &symbol, section))
                }
                _ => 0,
            };
            let name = image.symbols.name(&symbol);
            if letters.contains(&letter) && !is_left_out(name) {
                *sizes.entry(without_numbers(name)).or_default() += u128::from(symbol.size);
            }
        }
    }
    sizes
}

const STT_OBJECT: u8 = 1;
const STT_SECTION: u8 = 3;
const STT_FILE: u8 = 4;
const STT_COMMON: u8 = 5;
const STT_GNU_IFUNC: u8 = 10;
const STB_LOCAL: u8 = 0;
const STB_GLOBAL: u8 = 1;
const STB_WEAK: u8 = 2;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const EM_MIPS: u16 = 8;
const EM_ALPHA: u16 = 0x9026;
/// `SHF_MIPS_GPREL` and `SHF_ALPHA_GPREL`: reached from the global pointer, `g` and `s` to nm.
const SHF_GPREL: u64 = 0x1000_0000;

/// The letter nm prints for a sized symbol defined in `section`; 0 where nm hides it.
/// From BFD's `bfd_decode_symclass` and the section flags its ELF reader sets.
fn nm_type(machine: u16, symbol: &Symbol, section: &Section) -> u8 {
    // Section and file symbols are debugging symbols, which nm leaves out. A symbol in a table that
    // BFD makes no section of counts as absolute, and `--size-sort` leaves these out.
    if matches!(symbol.kind, STT_SECTION | STT_FILE)
        || matches!(section.sh_type, SHT_SYMTAB | SHT_STRTAB)
    {
        return 0;
    }
    if symbol.kind == STT_GNU_IFUNC {
        return b'i';
    }
    if symbol.bind == STB_WEAK {
        let object = matches!(symbol.kind, STT_OBJECT | STT_COMMON);
        return if object { b'V' } else { b'W' };
    }
    let small = matches!(machine, EM_MIPS | EM_ALPHA) && section.flags & SHF_GPREL != 0;
    let loaded = section.flags & SHF_ALLOC != 0 && section.sh_type != SHT_NOBITS;
    let read_only = section.flags & SHF_WRITE == 0;
    let letter = if section.flags & SHF_EXECINSTR != 0 {
        b't'
    } else if loaded {
        match (read_only, small) {
            (true, _) => b'r',
            (false, true) => b'g',
            (false, false) => b'd',
        }
    } else if section.sh_type == SHT_NOBITS {
        if small { b's' } else { b'b' }
    } else {
        // Not loaded: debugging or comment, which the script does not count.
        b'n'
    };
    match symbol.bind {
        STB_LOCAL => letter,
        STB_GLOBAL => letter.to_ascii_uppercase(),
        _ => 0,
    }
}

/// What the script takes for generated, and lines its parser stumbles over (`:` ends a file's name).
fn is_left_out(name: &[u8]) -> bool {
    name.starts_with(b"__mod_")
        || name.starts_with(b"__se_sys")
        || name.starts_with(b"__se_compat_sys")
        || name.starts_with(b"__addressable_")
        || name == b"linux_banner"
        || name == b"vermagic"
        || name.contains(&b':')
}

/// Cuts every `.` that digits follow, with the digits, anywhere in the name.
fn without_numbers(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.windows(2).any(|pair| pair[0] == b'.' && pair[1].is_ascii_digit()) {
        return Cow::Borrowed(name);
    }
    let mut kept = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.iter().take_while(|c| c.is_ascii_digit()).count();
        if first == b'.' && digits > 0 {
            rest = &tail[digits..];
        } else {
            kept.push(first);
            rest = tail;
        }
    }
    Cow::Owned(kept)
}

fn report(title: &'static str, old: &Sizes, new: &Sizes) -> Bloat {
    let mut bloat = Bloat {
        title,
        added: 0,
        removed: 0,
        grown: 0,
        shrunk: 0,
        up: 0,
        down: 0,
        before: old.values().sum(),
        after: new.values().sum(),
        rows: Vec::new(),
    };
    for (name, &was) in old {
        match new.get(name) {
            None => {
                bloat.removed += 1;
                bloat.down += was;
                bloat.rows.push(row(name, Some(was), None));
            }
            Some(&is) => {
                match is.cmp(&was) {
                    Ordering::Greater => {
                        bloat.grown += 1;
                        bloat.up += is - was;
                    }
                    Ordering::Less => {
                        bloat.shrunk += 1;
                        bloat.down += was - is;
                    }
                    Ordering::Equal => continue,
                }
                bloat.rows.push(row(name, Some(was), Some(is)));
            }
        }
    }
    for (name, &is) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        bloat.added += 1;
        bloat.up += is;
        bloat.rows.push(row(name, None, Some(is)));
    }
    // As the script's `sort(reverse=True)` of (delta, name); names are unique, so this is total.
    bloat.rows.sort_unstable_by(|a, b| (b.delta, &b.name).cmp(&(a.delta, &a.name)));
    bloat
}

fn row(name: &[u8], old: Option<u128>, new: Option<u128>) -> BloatRow {
    let delta = new.unwrap_or(0) as i128 - old.unwrap_or(0) as i128;
    BloatRow { name: String::from_utf8_lossy(name).into_owned(), old, new, delta }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_anywhere() {
        for (name, want) in
            [("a.1", "a"), ("a.1.isra.22", "a.isra"), ("a.b", "a.b"), (".5", ""), ("a.", "a.")]
        {
            assert_eq!(without_numbers(name.as_bytes()), want.as_bytes(), "{name}");
        }
    }

    #[test]
    fn generated_names_are_left_out_with_the_scripts_mistakes() {
        for name in ["__mod_timer", "__se_sys_read", "vermagic", "linux_banner", "a:b"] {
            assert!(is_left_out(name.as_bytes()), "{name}");
        }
        for name in ["mod_timer", "linux_banner2", "__addressable"] {
            assert!(!is_left_out(name.as_bytes()), "{name}");
        }
    }
}
