//! Which files have which name: for every function and option of a tree, the files that mention it.
//!
//! A record is the files' numbers in the list that the index was made of, each with whether the file
//! has a function of that name, defined or declared. Names that are no function's are left out, so a
//! function that a changed file begins to define may be in files that have no record of it.

use std::path::Path;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::source::symbols::functions;
use crate::source::symbols::words::words;

/// Files of more bytes than this are not looked into; offsets are kept in 32 bits.
const MAX_BYTES: usize = 1 << 30;

/// So many files are read at once: what is found in them is kept until all of them are.
const PIECE: usize = 2048;

/// A file that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// Its number.
    pub file: u32,
    /// It defines or declares a function of that name.
    pub has_function: bool,
}

/// The records of all names, each with its file numbers.
pub fn records(root: &Path, files: &[&str]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let read = |path: &str| {
        let text = std::fs::read(root.join(path)).unwrap_or_default();
        if text.len() > MAX_BYTES { Vec::new() } else { text }
    };
    let own = |path: &&str| -> Vec<Box<[u8]>> {
        let text = read(path);
        let mut names: Vec<Box<[u8]>> = functions(&text)
            .iter()
            .map(|f| text[f.name.0 as usize..f.name.1 as usize].into())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let owned: Vec<Vec<Box<[u8]>>> = files.par_iter().map(own).collect();
    let mut numbers: FxHashMap<&[u8], u32> = FxHashMap::default();
    for name in owned.iter().flatten() {
        let next = numbers.len() as u32;
        numbers.entry(name).or_insert(next);
    }
    let mentioned = |(file, path): (usize, &&str)| {
        let text = read(path);
        let mut seen: FxHashSet<u32> = FxHashSet::default();
        let mut options: FxHashSet<Box<[u8]>> = FxHashSet::default();
        words(&text, |word| {
            if let Some(number) = numbers.get(word) {
                seen.insert(*number);
            } else if word.starts_with(b"CONFIG_") && !options.contains(word) {
                options.insert(word.into());
            }
        });
        let own: FxHashSet<u32> = owned[file].iter().map(|name| numbers[&**name]).collect();
        let seen = seen.into_iter().map(|name| (name, own.contains(&name)));
        (file, seen.collect::<Vec<(u32, bool)>>(), options)
    };
    let mut names: Vec<&[u8]> = vec![b""; numbers.len()];
    for (name, number) in &numbers {
        names[*number as usize] = name;
    }
    let mut of_names: Vec<Encoded> = vec![Encoded::default(); names.len()];
    let mut of_options: FxHashMap<Box<[u8]>, Encoded> = FxHashMap::default();
    // Files are dealt out in order, so that the numbers of each name ascend.
    for (at, some) in files.chunks(PIECE).enumerate() {
        let numbered = some.par_iter().enumerate();
        let found: Vec<_> =
            numbered.map(|(below, path)| mentioned((at * PIECE + below, path))).collect();
        for (file, seen, options) in found {
            for (name, is_own) in seen {
                of_names[name as usize].push((file as u64) << 1 | u64::from(is_own));
            }
            for option in options {
                of_options.entry(option).or_default().push((file as u64) << 1);
            }
        }
    }
    let of_names = names.into_iter().map(<[u8]>::to_vec).zip(of_names);
    let of_options = of_options.into_iter().map(|(option, found)| (option.into_vec(), found));
    let all = of_names.chain(of_options).filter(|(_, found)| !found.bytes.is_empty());
    all.map(|(name, found)| (name, found.bytes)).collect()
}

/// Ascending numbers as their differences, seven bits a byte.
#[derive(Debug, Clone, Default)]
struct Encoded {
    bytes: Vec<u8>,
    last: u64,
}

impl Encoded {
    fn push(&mut self, number: u64) {
        let mut left = number - self.last;
        self.last = number;
        while left >= 0x80 {
            self.bytes.push(left as u8 | 0x80);
            left >>= 7;
        }
        self.bytes.push(left as u8);
    }
}

/// The files of a record; what makes no sense in it is left out.
pub fn postings(record: &[u8]) -> Vec<Posting> {
    let mut out = Vec::new();
    let (mut number, mut left, mut shift) = (0_u64, 0_u64, 0);
    for byte in record {
        left |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        shift += 7;
        if byte & 0x80 == 0 {
            number = number.wrapping_add(left);
            if let Ok(file) = u32::try_from(number >> 1) {
                out.push(Posting { file, has_function: number & 1 == 1 });
            }
            (left, shift) = (0, 0);
        }
    }
    out
}

/// Whether a text has the name as a whole word, comments and literals aside.
pub fn has(text: &[u8], name: &str) -> bool {
    let mut found = false;
    if memchr::memmem::find(text, name.as_bytes()).is_some() {
        words(text, |word| found |= word == name.as_bytes());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("a.c", "int f(void) { return g(\"h\"); } /* h */\n#ifdef CONFIG_A\n#endif\n");
        write("b.c", "int g(const char *s) { return s == h; }\n");
        write("c.h", "int g(const char *s);\nstatic inline int h(void) { return CONFIG_A; }\n");
        let records = records(dir.path(), &["a.c", "b.c", "c.h", "gone.c"]);
        let of = |name: &str| -> Vec<(u32, bool)> {
            let record = records.iter().find(|(known, _)| known == name.as_bytes());
            let all = record.map_or(Vec::new(), |record| postings(&record.1));
            all.into_iter().map(|one| (one.file, one.has_function)).collect()
        };
        assert_eq!(of("f"), [(0, true)]);
        assert_eq!(of("g"), [(0, false), (1, true), (2, true)]);
        assert_eq!(of("h"), [(1, false), (2, true)]);
        assert_eq!(of("CONFIG_A"), [(0, false), (2, false)]);
        assert_eq!(of("s"), []);
    }

    #[test]
    fn any_bytes_are_a_record() {
        for record in [&b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"[..], b"\x80", b""] {
            assert!(postings(record).len() <= 1);
        }
    }
}
