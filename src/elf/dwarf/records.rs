//! How structures are laid out: `DW_TAG_structure_type` and its members, of those that are asked for.
//!
//! Every unit that includes a header has its structures once more, so that equal ones are told once.

use gimli::{UnitHeader, UnitOffset, constants as dw};
use rustc_hash::FxHashSet;

use super::Reader;
use super::entry::{Entry, Read, Unit as DwarfUnit};
use super::files::{Files, Interner};
use super::places::{entry_at, skip};
use super::sections::Slice;
use super::width::{self, Width};
use crate::model::record::{Member, Record, Tag};

/// Anonymous structures in structures: no kernel has them deeper.
const DEEPEST: usize = 8;
/// A damaged file may have one member again and again.
const MOST_MEMBERS: usize = 10_000;

/// Reads a chunk of units. What cannot be read is left out: the same structure is in other units too.
pub(super) fn read<'d>(
    reader: &Reader<'d>,
    headers: &[UnitHeader<Slice<'d>>],
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Vec<Record> {
    let mut found = FxHashSet::default();
    let mut files = Interner::default();
    for header in headers {
        let _ = unit(reader, header, wanted, &mut files, &mut found);
    }
    found.into_iter().collect()
}

fn unit<'d>(
    reader: &Reader<'d>,
    header: &UnitHeader<Slice<'d>>,
    wanted: &(dyn Fn(&str) -> bool + Sync),
    files: &mut Interner,
    found: &mut FxHashSet<Record>,
) -> Read<()> {
    let unit = reader.dwarf.unit(*header)?;
    let mut here = Here { reader, unit: &unit, files: Files::new(), paths: files };
    let mut raw = unit.entries_raw(None)?;
    while !raw.is_empty() {
        let at = raw.next_offset();
        let Some(abbreviation) = raw.read_abbreviation()? else { continue };
        let is_record =
            matches!(abbreviation.tag(), dw::DW_TAG_structure_type | dw::DW_TAG_union_type);
        // Functions have structures of their own within, but none that anybody asks for.
        let passed =
            matches!(abbreviation.tag(), dw::DW_TAG_subprogram | dw::DW_TAG_enumeration_type);
        if !is_record && !passed {
            raw.skip_attributes(abbreviation.attributes())?;
            continue;
        }
        let entry = Entry::read(&reader.dwarf, &unit, &mut raw, abbreviation)?;
        skip(&unit, &mut raw, abbreviation, entry.sibling)?;
        if !is_record || entry.declaration {
            continue;
        }
        let name = entry.name.and_then(|name| reader.dwarf.attr_string(&unit, name).ok());
        let Some(name) = name.map(|name| name.to_string_lossy().into_owned()) else { continue };
        if !wanted(&name) {
            continue;
        }
        let (file, line) = here.decl(&entry);
        let mut members = Vec::new();
        here.members(at, (0, ""), DEEPEST, &mut members)?;
        let is_union = abbreviation.tag() == dw::DW_TAG_union_type;
        found.insert(Record {
            name,
            file,
            line,
            is_union,
            bytes: entry.bytes.unwrap_or(0),
            members,
        });
    }
    Ok(())
}

/// The tags of a chunk of units with the sizes that they have there.
pub(super) fn tags<'d>(reader: &Reader<'d>, headers: &[UnitHeader<Slice<'d>>]) -> FxHashSet<Tag> {
    let mut found: FxHashSet<(&'d [u8], bool, u64)> = FxHashSet::default();
    for header in headers {
        // What is before damage counts.
        let _ = tags_of(reader, header, &mut found);
    }
    let tag = |(name, is_union, bytes): (&[u8], bool, u64)| {
        let name = String::from_utf8_lossy(name).into_owned();
        Tag { name, is_union, bytes }
    };
    found.into_iter().map(tag).collect()
}

fn tags_of<'d>(
    reader: &Reader<'d>,
    header: &UnitHeader<Slice<'d>>,
    found: &mut FxHashSet<(&'d [u8], bool, u64)>,
) -> Read<()> {
    let unit = reader.dwarf.unit(*header)?;
    let mut raw = unit.entries_raw(None)?;
    while !raw.is_empty() {
        let Some(abbreviation) = raw.read_abbreviation()? else { continue };
        match abbreviation.tag() {
            dw::DW_TAG_structure_type | dw::DW_TAG_union_type => {
                let entry = Entry::read(&reader.dwarf, &unit, &mut raw, abbreviation)?;
                skip(&unit, &mut raw, abbreviation, entry.sibling)?;
                if let (false, Some(name), Some(bytes)) =
                    (entry.declaration, entry.name, entry.bytes)
                    && let Ok(name) = reader.dwarf.attr_string(&unit, name)
                {
                    let is_union = abbreviation.tag() == dw::DW_TAG_union_type;
                    found.insert((name.slice(), is_union, bytes));
                }
            }
            dw::DW_TAG_subprogram | dw::DW_TAG_enumeration_type => {
                let sibling = Entry::read_sibling(&mut raw, abbreviation)?;
                skip(&unit, &mut raw, abbreviation, sibling)?;
            }
            _ => raw.skip_attributes(abbreviation.attributes())?,
        }
    }
    Ok(())
}

struct Here<'h, 'd> {
    reader: &'h Reader<'d>,
    unit: &'h DwarfUnit<'d>,
    files: Files,
    paths: &'h mut Interner,
}

impl<'d> Here<'_, 'd> {
    fn decl(&mut self, entry: &Entry<'d>) -> (String, u32) {
        let place = (&self.reader.dwarf, self.unit, &self.reader.roots);
        let number = entry.file.and_then(|file| self.files.number(place, file, self.paths));
        let path = number.and_then(|number| self.paths.strings.get(number as usize));
        (path.cloned().unwrap_or_default(), entry.line as u32)
    }

    /// The tag of a structure.
    fn tag(&self, width: Width) -> Option<String> {
        let name = entry_at(&self.reader.dwarf, self.unit, width.record?)?.name?;
        let name = self.reader.dwarf.attr_string(self.unit, name).ok()?;
        Some(name.to_string_lossy().into_owned())
    }

    /// The members of the structure at `at`, which begins at a bit of the outermost one and is a member of
    /// that name in it.
    fn members(
        &mut self,
        at: UnitOffset,
        (bit, within): (u64, &str),
        depth: usize,
        into: &mut Vec<Member>,
    ) -> Read<()> {
        let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
        let (dwarf, unit) = (&self.reader.dwarf, self.unit);
        let mut raw = unit.entries_raw(Some(at))?;
        let Some(abbreviation) = raw.read_abbreviation()? else { return Ok(()) };
        raw.skip_attributes(abbreviation.attributes())?;
        // Its children are one deeper than where this reader began; it ends where that does.
        while !raw.is_empty() && raw.next_depth() > 0 && into.len() < MOST_MEMBERS {
            let depth_here = raw.next_depth();
            let Some(abbreviation) = raw.read_abbreviation()? else { continue };
            let entry = Entry::read(dwarf, unit, &mut raw, abbreviation)?;
            if abbreviation.tag() != dw::DW_TAG_member || depth_here != 1 {
                continue;
            }
            let start = entry.bit_at.unwrap_or(entry.member_at.unwrap_or(0).wrapping_mul(8));
            let start = bit.wrapping_add(start);
            let name = entry.name.and_then(|name| dwarf.attr_string(unit, name).ok());
            match (name, entry.kind) {
                (Some(name), kind) => {
                    let (file, line) = self.decl(&entry);
                    let name = format!("{within}{}", name.to_string_lossy());
                    let width = kind.and_then(|kind| width::of(dwarf, unit, kind));
                    let bits = width.map_or(0, |width| width.bytes.wrapping_mul(8));
                    let bits = entry.bits.unwrap_or(bits);
                    let of = width.and_then(|width| self.tag(width)).unwrap_or_default();
                    let untagged = width.filter(|width| width.is_plain && of.is_empty());
                    let inside = format!("{name}.");
                    into.push(Member { name, bit: start, bits, of, file, line });
                    if let Some(record) = untagged.and_then(|width| width.record) {
                        self.members(record, (start, &inside), depth, into)?;
                    }
                }
                (None, Some(kind)) if entry_at(dwarf, unit, kind).is_some() => {
                    self.members(kind, (start, within), depth, into)?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}
