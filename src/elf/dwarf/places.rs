//! Functions and variables of units, with the lines where they are declared.

use gimli::{Abbreviation, DebugInfoOffset, UnitHeader, UnitOffset, constants as dw};
use rustc_hash::FxHashMap;

use super::entry::{Dwarf, Entry, Raw, Read, Target, Unit as DwarfUnit};
use super::files::{Files, Interner};
use super::sections::Slice;
use super::{Reader, Want};
use crate::model::diag::Diag;
use crate::model::origin::{Code, Decl, Kind, Origins, Thing, Unit};

/// What was found in a chunk of units; numbers are those of this chunk.
#[derive(Default)]
pub(super) struct Part {
    units: Vec<Unit>,
    files: Interner,
    things: Vec<Thing>,
    code: Vec<Code>,
    diags: Vec<Diag>,
}

/// Reads a chunk of units.
pub(super) fn read<'d>(reader: &Reader<'d>, headers: &[UnitHeader<Slice<'d>>], want: Want) -> Part {
    let mut part = Part::default();
    for header in headers {
        if let Err(err) = unit(reader, header, want, &mut part) {
            part.diags.push(reader.damaged(header, err));
        }
    }
    part
}

/// Puts chunks together.
pub(super) fn merge(parts: Vec<Part>) -> Origins {
    let mut origins = Origins::default();
    let mut files = Interner::default();
    for mut part in parts {
        let first = origins.units.len() as u32;
        let numbers = files.merge(part.files);
        for thing in &mut part.things {
            thing.unit += first;
            thing.decl.file = numbers.get(thing.decl.file as usize).copied().unwrap_or(0);
        }
        for code in &mut part.code {
            code.unit += first;
        }
        origins.units.append(&mut part.units);
        origins.things.append(&mut part.things);
        origins.code.append(&mut part.code);
        origins.diags.append(&mut part.diags);
    }
    origins.files = files.strings;
    // Stable: of one address the order of the file, but what has a line comes first.
    origins.things.sort_by_key(|thing| (thing.addr, thing.decl.line == 0));
    origins.things.shrink_to_fit();
    origins.code = disjoint(origins.code);
    origins
}

/// Code in order, each byte once: what two units claim is of the one that begins first.
fn disjoint(mut code: Vec<Code>) -> Vec<Code> {
    code.sort();
    let mut end = 0;
    code.retain_mut(|piece| {
        piece.start = piece.start.max(end);
        end = end.max(piece.end);
        piece.start < piece.end
    });
    code
}

fn unit<'d>(
    reader: &Reader<'d>,
    header: &UnitHeader<Slice<'d>>,
    want: Want,
    part: &mut Part,
) -> Read<()> {
    let dwarf = &reader.dwarf;
    let unit = dwarf.unit(*header)?;
    let mut raw = unit.entries_raw(None)?;
    let Some(abbreviation) = raw.read_abbreviation()? else { return Ok(()) };
    if !matches!(abbreviation.tag(), dw::DW_TAG_compile_unit | dw::DW_TAG_skeleton_unit) {
        return Ok(());
    }
    let root = Entry::read(dwarf, &unit, &mut raw, abbreviation)?;
    let name = unit.name.map_or(&[][..], |name| name.slice());
    let comp_dir = unit.comp_dir.map_or(&[][..], |dir| dir.slice());
    let number = part.units.len() as u32;
    part.units.push(Unit {
        name: reader.roots.relative(b"", name, comp_dir),
        assembly: root.language == u64::from(dw::DW_LANG_Mips_Assembler.0),
    });
    let mut ranges = Vec::new();
    root.ranges(dwarf, &unit, &mut ranges)?;
    let code = ranges.iter().filter(|(start, _)| !reader.linked || *start > 0);
    part.code.extend(code.map(|&(start, end)| Code { start, end, unit: number }));
    if want.things {
        let places = Places {
            reader,
            unit: &unit,
            number,
            number_of_unit: reader.number_of(header),
            files: Files::new(),
            decls: FxHashMap::default(),
            empty: FxHashMap::default(),
            elsewhere: Vec::new(),
            ranges,
            part,
        };
        places.read(raw)?;
    }
    Ok(())
}

/// Reads the entries of one unit.
struct Places<'p, 'd> {
    reader: &'p Reader<'d>,
    unit: &'p DwarfUnit<'d>,
    /// Its number in this chunk.
    number: u32,
    /// Its number in the file.
    number_of_unit: usize,
    files: Files,
    /// Declarations that others refer to.
    decls: FxHashMap<UnitOffset, Decl>,
    /// Whether types have no bytes.
    empty: FxHashMap<UnitOffset, bool>,
    /// Other units that were referred to, by number.
    elsewhere: Vec<(usize, DwarfUnit<'d>)>,
    ranges: Vec<(u64, u64)>,
    part: &'p mut Part,
}

impl<'p, 'd> Places<'p, 'd> {
    fn read(mut self, mut raw: Raw<'p, 'd>) -> Read<()> {
        let dwarf = &self.reader.dwarf;
        while !raw.is_empty() {
            let Some(abbreviation) = raw.read_abbreviation()? else { continue };
            match abbreviation.tag() {
                dw::DW_TAG_subprogram => {
                    let entry = Entry::read(dwarf, self.unit, &mut raw, abbreviation)?;
                    self.function(&entry)?;
                    // A declaration has only parameters.
                    if entry.declaration {
                        skip(self.unit, &mut raw, abbreviation, entry.sibling)?;
                    }
                }
                dw::DW_TAG_variable => {
                    let entry = Entry::read(dwarf, self.unit, &mut raw, abbreviation)?;
                    self.variable(&entry);
                }
                dw::DW_TAG_structure_type
                | dw::DW_TAG_union_type
                | dw::DW_TAG_class_type
                | dw::DW_TAG_enumeration_type
                | dw::DW_TAG_array_type
                | dw::DW_TAG_subroutine_type => {
                    let sibling = Entry::read_sibling(&mut raw, abbreviation)?;
                    skip(self.unit, &mut raw, abbreviation, sibling)?;
                }
                _ => raw.skip_attributes(abbreviation.attributes())?,
            }
        }
        Ok(())
    }

    fn function(&mut self, entry: &Entry<'d>) -> Read<()> {
        let mut ranges = std::mem::take(&mut self.ranges);
        entry.ranges(&self.reader.dwarf, self.unit, &mut ranges)?;
        if !ranges.is_empty() {
            let decl = self.decl(entry);
            for &(start, end) in
                ranges.iter().filter(|(start, _)| !self.reader.linked || *start > 0)
            {
                self.add(start, end - start, decl, Kind::Function);
            }
        }
        self.ranges = ranges;
        Ok(())
    }

    fn variable(&mut self, entry: &Entry<'d>) {
        let Some(address) = entry.address(&self.reader.dwarf, self.unit) else { return };
        // What the linker threw away is at 0.
        if address == 0 || self.unit.header.is_tombstone_address(address) {
            return;
        }
        // The type of what was declared before is in the declaration.
        let kind = entry.kind.or_else(|| match entry.origin {
            Some(Target::Here(at)) => entry_at(&self.reader.dwarf, self.unit, at)?.kind,
            _ => None,
        });
        if kind.is_some_and(|kind| self.is_empty(kind)) {
            return;
        }
        let decl = self.decl(entry);
        self.add(address, 0, decl, Kind::Variable);
    }

    /// Whether a type has no bytes, as a `struct lock_class_key` without lockdep. A variable of it lies where the
    /// next object's first one does, which is not its.
    fn is_empty(&mut self, kind: UnitOffset) -> bool {
        if let Some(&known) = self.empty.get(&kind) {
            return known;
        }
        let mut at = kind;
        let mut found = false;
        for _ in 0..MOST_TYPES {
            let Some((tag, entry)) = tagged(&self.reader.dwarf, self.unit, at) else { break };
            found = match tag {
                dw::DW_TAG_structure_type | dw::DW_TAG_union_type => {
                    !entry.declaration && entry.bytes == Some(0)
                }
                _ => false,
            };
            let is_other = matches!(
                tag,
                dw::DW_TAG_typedef
                    | dw::DW_TAG_const_type
                    | dw::DW_TAG_volatile_type
                    | dw::DW_TAG_array_type
            );
            match entry.kind {
                Some(next) if is_other => at = next,
                _ => break,
            }
        }
        self.empty.insert(kind, found);
        found
    }

    fn add(&mut self, addr: u64, size: u64, decl: Decl, kind: Kind) {
        self.part.things.push(Thing { addr, size, unit: self.number, decl, kind });
    }

    /// Where something is declared; line 0 if that is not known. What the entry itself says is of its
    /// definition; what it leaves out is as in the declaration it refers to, of file and line each.
    fn decl(&mut self, entry: &Entry<'d>) -> Decl {
        let origin = match entry.origin {
            Some(_) if entry.file.is_some() && entry.line != 0 => NOWHERE,
            Some(Target::Here(at)) => {
                if let Some(&decl) = self.decls.get(&at) {
                    decl
                } else {
                    let decl = self.declared(self.number_of_unit, at, MOST_HOPS);
                    self.decls.insert(at, decl);
                    decl
                }
            }
            Some(Target::Anywhere(at)) => self.declared_elsewhere(at, MOST_HOPS),
            None => NOWHERE,
        };
        let files = (&self.reader.dwarf, self.unit, &self.reader.roots);
        let file = entry.file.and_then(|file| self.files.number(files, file, &mut self.part.files));
        over(origin, file, entry.line)
    }

    /// The declaration that the entry at `at` of any unit has.
    fn declared_elsewhere(&mut self, at: DebugInfoOffset, hops: usize) -> Decl {
        let found = self.reader.unit_with(at);
        found.map_or(NOWHERE, |(unit, at)| self.declared(unit, at, hops))
    }

    /// The declaration that the entry at `at` of unit `number` has, or what it refers to.
    fn declared(&mut self, number: usize, at: UnitOffset, hops: usize) -> Decl {
        let Some(hops) = hops.checked_sub(1) else { return NOWHERE };
        let reader = self.reader;
        let is_this = number == self.number_of_unit;
        let unit =
            if is_this { Some(self.unit) } else { look_up(&mut self.elsewhere, reader, number) };
        let Some(unit) = unit else { return NOWHERE };
        let Some(entry) = entry_at(&reader.dwarf, unit, at) else { return NOWHERE };
        let place = (&reader.dwarf, unit, &reader.roots);
        let mut fresh = Files::new();
        let into = &mut self.part.files;
        let file = entry.file.and_then(|file| {
            // Numbers of files are of their unit.
            let files = if is_this { &mut self.files } else { &mut fresh };
            files.number(place, file, into)
        });
        let origin = match entry.origin {
            Some(Target::Here(next)) => self.declared(number, next, hops),
            Some(Target::Anywhere(next)) => self.declared_elsewhere(next, hops),
            None => NOWHERE,
        };
        over(origin, file, entry.line)
    }
}

/// Looks another unit up and keeps it for a while.
pub(super) fn look_up<'e, 'd>(
    elsewhere: &'e mut Vec<(usize, DwarfUnit<'d>)>,
    reader: &Reader<'d>,
    number: usize,
) -> Option<&'e DwarfUnit<'d>> {
    if !elsewhere.iter().any(|(known, _)| *known == number) {
        let unit = reader.dwarf.unit(*reader.headers.get(number)?).ok()?;
        if elsewhere.len() == MOST_ELSEWHERE {
            elsewhere.remove(0);
        }
        elsewhere.push((number, unit));
    }
    elsewhere.iter().find(|(known, _)| *known == number).map(|(_, unit)| unit)
}

/// A declaration with what an entry says that refers to it.
fn over(origin: Decl, file: Option<u32>, line: u64) -> Decl {
    let line = if line == 0 { origin.line } else { line as u32 };
    match file {
        Some(file) => Decl { file, line },
        None if origin.line == 0 => NOWHERE,
        None => Decl { file: origin.file, line },
    }
}

/// Other units are kept while one is read: link time optimisation takes functions from few.
const MOST_ELSEWHERE: usize = 8;

/// An abstract instance may be of a declaration; no compiler goes further.
const MOST_HOPS: usize = 4;

const NOWHERE: Decl = Decl { file: 0, line: 0 };

/// Typedefs and arrays of a type: a damaged file may have them in a circle.
const MOST_TYPES: usize = 16;

/// The entry at an offset.
pub(super) fn entry_at<'d>(
    dwarf: &Dwarf<'d>,
    unit: &DwarfUnit<'d>,
    at: UnitOffset,
) -> Option<Entry<'d>> {
    tagged(dwarf, unit, at).map(|(_, entry)| entry)
}

/// The entry at an offset, and what it is.
fn tagged<'d>(
    dwarf: &Dwarf<'d>,
    unit: &DwarfUnit<'d>,
    at: UnitOffset,
) -> Option<(dw::DwTag, Entry<'d>)> {
    let mut raw = unit.entries_raw(Some(at)).ok()?;
    let abbreviation = raw.read_abbreviation().ok()??;
    let entry = Entry::read(dwarf, unit, &mut raw, abbreviation).ok()?;
    Some((abbreviation.tag(), entry))
}

/// Goes on at the sibling of an entry that was just read, if it has children and says where; whether it did.
pub(super) fn skip<'p, 'd>(
    unit: &'p DwarfUnit<'d>,
    raw: &mut Raw<'p, 'd>,
    abbreviation: &Abbreviation,
    sibling: Option<UnitOffset>,
) -> Read<bool> {
    // Only forwards, or a damaged file could go round for ever.
    if let Some(sibling) = sibling
        && abbreviation.has_children()
        && sibling.0 > raw.next_offset().0
    {
        *raw = unit.entries_raw(Some(sibling))?;
        return Ok(true);
    }
    Ok(false)
}
