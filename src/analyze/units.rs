//! Which object or source file each symbol of an image came from: `mm/hmm.o` by the linker map, `mm/hmm.c`
//! by debug information.
//!
//! A symbol table knows the names of source files at best, without their directories and only for
//! statics. A map has the address of every input section.

use bstr::{BStr, ByteSlice};
use rustc_hash::FxHashMap;

use super::claims::{Claims, Item};
use super::compare::Analysed;
use super::reconcile::{self, Owner};
use crate::model::origin::Origins;

/// Where the bytes of one image are from, by address.
#[derive(Debug, Default)]
pub struct Units<'a> {
    /// Where a run of bytes begins and ends, and index into `names`; sorted.
    runs: Vec<(u64, u64, u32)>,
    names: Vec<&'a BStr>,
    /// Where there is no map.
    origins: Option<Origins>,
}

impl<'a> Units<'a> {
    /// By the linker map of a file; empty without one. Where the map has but one object, it says nothing.
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

    /// By debug information.
    pub fn of_origins(origins: Origins) -> Self {
        Self { origins: Some(origins), ..Self::default() }
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.origins.is_none()
    }

    /// The object or source file of a symbol, if it is known.
    pub fn name(&self, claims: &Claims, item: &Item) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let symbol = claims.image(item).symbols.at(item.symbol);
        if let Some(origins) = &self.origins {
            let name = origins.unit_name(origins.of(&symbol)?.unit);
            return (!name.is_empty()).then(|| name.to_owned());
        }
        let after = self.runs.partition_point(|&(start, ..)| start <= symbol.value);
        let &(_, end, number) = self.runs.get(after.checked_sub(1)?)?;
        (symbol.value < end).then(|| self.names[number as usize].to_str_lossy().into_owned())
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
