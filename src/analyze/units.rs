//! Which object each symbol of a linked image came from, by its linker map: `mm/hmm.o`.
//!
//! A symbol table knows the names of source files at best, without their directories and only for
//! statics. A map has the address of every input section.

use bstr::{BStr, ByteSlice};
use rustc_hash::FxHashMap;

use super::claims::{Claims, Item};
use super::compare::Analysed;
use super::reconcile::{self, Owner};

/// The objects of one image, by address.
#[derive(Debug, Default)]
pub struct Units<'a> {
    /// Where a run of bytes begins and ends, and index into `names`; sorted.
    runs: Vec<(u64, u64, u32)>,
    names: Vec<&'a BStr>,
}

impl<'a> Units<'a> {
    /// Of a file; empty without a map. Where the map has but one object, it says nothing.
    pub fn of(file: &Analysed<'a>) -> Self {
        let (Some(map), [image]) = (file.map, file.images) else { return Self::default() };
        let (laid, _) = reconcile::lay(image, map);
        let mut units = Self::default();
        let mut known: FxHashMap<&BStr, u32> = FxHashMap::default();
        for laid in &laid {
            for (run, owner) in &laid.runs {
                let Owner::Part(part) = owner else { continue };
                let name = path(part.file);
                if name.is_empty() {
                    continue;
                }
                let number = *known.entry(name).or_insert_with(|| {
                    units.names.push(name);
                    units.names.len() as u32 - 1
                });
                let start = laid.section.addr.wrapping_add(run.start);
                units.runs.push((start, start.wrapping_add(run.len()), number));
            }
        }
        if units.names.len() < 2 {
            return Self::default();
        }
        units.runs.sort_unstable();
        units
    }

    /// The object of a symbol, if it is known.
    pub fn name(&self, claims: &Claims, item: &Item) -> Option<String> {
        if self.runs.is_empty() {
            return None;
        }
        let addr = claims.image(item).symbols.at(item.symbol).value;
        let after = self.runs.partition_point(|&(start, ..)| start <= addr);
        let &(_, end, number) = self.runs.get(after.checked_sub(1)?)?;
        (addr < end).then(|| self.names[number as usize].to_str_lossy().into_owned())
    }
}

/// The path of an object in the tree; of members of thin archives their own.
fn path(file: &BStr) -> &BStr {
    let member = file.strip_suffix(b")").and_then(|rest| {
        let member = &rest[rest.find_byte(b'(')? + 1..];
        member.contains(&b'/').then_some(member)
    });
    let path = member.unwrap_or(file);
    path.strip_prefix(b"./").unwrap_or(path).as_bstr()
}
