//! Whose the strings are that the linker merged.
//!
//! Where a kernel is linked from `vmlinux.o` as a whole, strings are merged in the second link only, and its map
//! says no more than how many bytes are left. What is left is whole strings (bfd/merge.c: one that another ends
//! with is a part of that), each of which some object has in `vmlinux.o`: it belongs to the first that does.

use bstr::{BStr, ByteSlice};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;

use super::pieces::{Key, Pieces};
use crate::model::image::{Image, SHF_MERGE, SHF_STRINGS, Section};
use crate::model::linkmap::LinkMap;
use crate::model::payload::Run;

/// The strings of `vmlinux.o`, by input section.
#[derive(Debug, Default)]
pub struct Merged<'a> {
    owners: FxHashMap<&'a BStr, FxHashMap<&'a [u8], &'a BStr>>,
}

/// A string that was kept: a hash of it and of its section, its object, and the bytes it takes, fill included.
pub type Kept<'a> = (u64, &'a BStr, Run);

impl<'a> Merged<'a> {
    /// Of `vmlinux.o` and the map of the link that made it.
    pub fn new(image: &Image<'a>, map: &LinkMap<'a>) -> Self {
        let mut owners: FxHashMap<&BStr, FxHashMap<&[u8], &BStr>> = FxHashMap::default();
        let wanted = SHF_MERGE | SHF_STRINGS;
        let is_strings = |section: &&Section<'a>| {
            // Of one byte each: the names that compilers give say so.
            section.flags & wanted == wanted && section.name.find(b".str1.").is_some()
        };
        for section in image.sections.iter().filter(is_strings) {
            let of = map.sections.iter().filter(|out| out.name == section.name);
            let known = owners.entry(section.name).or_default();
            for part in of.flat_map(|out| map.parts_of(out)).filter(|part| !part.file.is_empty()) {
                let range = usize::try_from(part.addr).ok().zip(usize::try_from(part.size).ok());
                let text = range.and_then(|(at, len)| section.data.get(at..at.checked_add(len)?));
                for string in text.unwrap_or_default().split(|&byte| byte == 0) {
                    if !string.is_empty() {
                        known.entry(string).or_insert(part.file);
                    }
                }
            }
        }
        Self { owners }
    }

    /// The strings in `run` of a section of the image, if they came from the input section `name`. Nothing
    /// where one of them is in no object: then they are not what they seem.
    pub fn split(&self, section: &Section<'_>, run: Run, name: &BStr) -> Option<Vec<Kept<'a>>> {
        let known = self.owners.get(name)?;
        let range = usize::try_from(run.start).ok()?..usize::try_from(run.end).ok()?;
        let text = section.data.get(range)?;
        let mut kept: Vec<Kept<'a>> = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let len = text[at..].find_byte(0)?;
            let string = &text[at..at + len];
            let zeros = text[at + len..].iter().take_while(|&&byte| byte == 0).count();
            let end = at + len + zeros;
            let file = *known.get(string)?;
            let mut hash = FxHasher::default();
            hash.write(name.as_bytes());
            hash.write(string);
            let bytes = Run { start: run.start + at as u64, end: run.start + end as u64 };
            kept.push((hash.finish(), file, bytes));
            at = end;
        }
        Some(kept)
    }
}

/// Gives strings that both images have to the same object in both: which is the first to have one may depend
/// on an object that only one image has.
pub fn settle(old: &Pieces, new: &mut Pieces) {
    let moved: Vec<(Key, Key, u64)> = (new.strings.iter())
        .filter_map(|(hash, (key, bytes))| {
            let (was, _) = old.strings.get(hash)?;
            (was != key).then(|| (key.clone(), was.clone(), *bytes))
        })
        .collect();
    for (from, to, bytes) in moved {
        let Some(piece) = new.all.get_mut(&from) else { continue };
        let mut moved = *piece;
        piece.bytes = piece.bytes.saturating_sub(bytes);
        moved.bytes = 0;
        if piece.bytes == 0 {
            new.all.remove(&from);
        }
        new.all.entry(to).or_insert(moved).bytes += bytes;
    }
}
