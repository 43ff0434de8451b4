//! Whose bytes are these? Deals an image out to the compile units that its bytes were written in.
//!
//! Who knows best is asked first: a symbol whose place debug information names; then what is only
//! alignment; then the code ranges of units, for code without symbols; last the object that a linker map
//! names for the rest: literals, tables, what has no debug information. What nobody claims is unattributed. The
//! rows sum to the image's totals, always.

use bstr::{BStr, ByteSlice};
use rustc_hash::FxHashMap;

use super::breakdown::{self, LINKER, Rows};
use super::extents::{self, Extent};
use super::reconcile::{self, Owner};
use crate::model::breakdown::{Breakdown, PADDING, UNATTRIBUTED};
use crate::model::image::{Image, Kind, Section};
use crate::model::linkmap::{LinkMap, is_prelink};
use crate::model::origin::Origins;
use crate::model::payload::{PayloadMap, Run};

/// What is known of one image.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// The image.
    pub image: &'k Image<'k>,
    /// Its debug information.
    pub origins: Option<&'k Origins>,
    /// The map of the link that made it.
    pub map: Option<&'k LinkMap<'k>>,
    /// Its padding.
    pub payload: Option<&'k PayloadMap>,
}

/// A row for each compile unit of a linked image or module; objects that no unit is known of are rows by
/// their own name.
pub fn by_unit(known: &Known<'_>) -> Breakdown {
    let mut rows = Rows::default();
    let image = known.image;
    // An object is one unit, whatever is in it.
    if image.kind == Kind::Object
        && let Some([only]) = known.origins.map(|origins| &origins.units[..])
    {
        for section in image.sections.iter().filter(|section| section.is_alloc()) {
            rows.add(&only.name, section, section.size);
        }
        return rows.finish(None);
    }
    // A member of an archive without debug information is known by its name.
    if image.kind == Kind::Object && known.origins.is_none() && known.map.is_none() {
        let name = breakdown::object_name(image);
        for section in image.sections.iter().filter(|section| section.is_alloc()) {
            rows.add(&name, section, section.size);
        }
        return rows.finish(None);
    }
    let objects = Objects::of(known);
    let laid = known.map.filter(|_| objects.tell_apart).map(|map| reconcile::lay(image, map).0);
    let none = Origins::default();
    let origins = known.origins.unwrap_or(&none);
    let mut claims: Vec<Vec<Claim>> = vec![Vec::new(); image.sections.len()];
    if known.origins.is_some() {
        extents::each(image, |slot, extents| claims[slot] = of_symbols(image, origins, extents));
    }
    for (slot, section) in image.sections.iter().enumerate().filter(|(_, s)| s.is_alloc()) {
        let padding = known.payload.and_then(|payload| payload.section(section.index));
        let padding = padding.map_or(&[][..], |padding| &padding.padding);
        let padding =
            padding.iter().map(|run| Claim { run: *run, owner: Whose::Padding }).collect();
        let from_map = laid
            .as_ref()
            .and_then(|laid| laid.iter().find(|laid| laid.section.index == section.index));
        let from_map = from_map.map_or(Vec::new(), |laid| {
            let claim = |(run, owner): &(Run, Owner<'_, '_>)| {
                let owner = match owner {
                    Owner::Part(part) if part.file.is_empty() => Whose::Linker,
                    Owner::Part(part) => Whose::Object(objects.number(part.file)),
                    Owner::Padding => Whose::Padding,
                    Owner::Nobody => return None,
                };
                Some(Claim { run: *run, owner })
            };
            laid.runs.iter().filter_map(claim).collect()
        });
        let layers =
            [std::mem::take(&mut claims[slot]), padding, of_code(section, origins), from_map];
        deal(section.size, &layers, |bytes, owner| {
            let name = match owner {
                Whose::Unit(unit) => origins.unit_name(unit),
                Whose::Object(object) => objects.name(object),
                Whose::Linker => LINKER,
                Whose::Padding => PADDING,
                Whose::Nobody => UNATTRIBUTED,
            };
            rows.add(name, section, bytes);
        });
    }
    rows.finish(known.payload.map(|payload| payload.kind))
}

/// Whether a map names single objects, not only the `vmlinux.o` that a kernel with IBT or LTO is linked
/// from as a whole.
pub fn tells_apart(map: &LinkMap<'_>) -> bool {
    let (mut all, mut merged) = (0u64, 0u64);
    for part in map.parts.iter().filter(|part| !part.file.is_empty()) {
        all = all.saturating_add(part.size);
        if is_prelink(part.file) {
            merged = merged.saturating_add(part.size);
        }
    }
    merged <= all / 2
}

/// The rows of several images together.
pub fn together(mut all: Vec<Breakdown>) -> Breakdown {
    if all.len() == 1
        && let Some(only) = all.pop()
    {
        return only;
    }
    let mut rows = Rows::default();
    for row in all.iter().flat_map(|units| &units.rows) {
        *rows.of(&row.name) += row.size;
    }
    rows.finish(None)
}

/// As rows of another kind: what each unit is part of.
pub fn grouped(units: &Breakdown, group: impl Fn(&str) -> String) -> Breakdown {
    let mut rows = Rows::default();
    for row in &units.rows {
        let special = [LINKER, PADDING, UNATTRIBUTED].contains(&row.name.as_str());
        let name = if special { row.name.clone() } else { group(&row.name) };
        *rows.of(&name) += row.size;
    }
    rows.finish(units.kind)
}

/// The directory of a source or object file.
pub fn directory(path: &str) -> String {
    breakdown::directory(BStr::new(path), None)
}

/// How much of an image is known to be somebody's, in bytes: what is neither padding nor unattributed.
pub fn covered(units: &Breakdown) -> u64 {
    let is_known = |name: &str| name != PADDING && name != UNATTRIBUTED;
    units.rows.iter().filter(|row| is_known(&row.name)).map(|row| row.size.dec()).sum()
}

/// Who owns a run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Unit(u32),
    Object(u32),
    Linker,
    Padding,
    Nobody,
}

/// A run of bytes of a section, and whose it is.
#[derive(Debug, Clone, Copy)]
struct Claim {
    run: Run,
    owner: Whose,
}

/// The symbols whose unit is known, each byte once.
fn of_symbols(image: &Image<'_>, origins: &Origins, extents: &[Extent]) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    let mut end = 0;
    for extent in extents {
        if extent.size() == 0 || extent.end() <= end {
            continue;
        }
        let Some(origin) = origins.of(&image.symbols.at(extent.symbol())) else { continue };
        let run = Run { start: extent.start().max(end), end: extent.end() };
        end = run.end;
        let owner = Whose::Unit(origin.unit);
        match claims.last_mut() {
            Some(last) if last.owner == owner && last.run.end == run.start => {
                last.run.end = run.end;
            }
            _ => claims.push(Claim { run, owner }),
        }
    }
    claims
}

/// The code ranges of units in a section.
fn of_code(section: &Section<'_>, origins: &Origins) -> Vec<Claim> {
    let Some(base) = origins.bases.address(section.index, section.addr) else { return Vec::new() };
    // In a relocatable file the section's own address is 0.
    let end = base.saturating_add(section.size);
    let first = origins.code.partition_point(|code| code.end <= base);
    let here = origins.code[first..].iter().take_while(|code| code.start < end);
    here.map(|code| Claim {
        run: Run { start: code.start.max(base) - base, end: code.end.min(end) - base },
        owner: Whose::Unit(code.unit),
    })
    .collect()
}

/// Gives every byte of a section of `size` bytes to the first layer that claims it. A layer is in order and
/// claims no byte twice.
fn deal(size: u64, layers: &[Vec<Claim>], mut give: impl FnMut(u64, Whose)) {
    let mut next = vec![0; layers.len()];
    let mut at = 0;
    while at < size {
        let (mut end, mut owner) = (size, Whose::Nobody);
        for (layer, next) in layers.iter().zip(&mut next) {
            while layer.get(*next).is_some_and(|claim| claim.run.end <= at) {
                *next += 1;
            }
            let Some(claim) = layer.get(*next) else { continue };
            if claim.run.start <= at {
                (end, owner) = (end.min(claim.run.end), claim.owner);
                break;
            }
            // Up to here it is whose a lower layer says.
            end = end.min(claim.run.start);
        }
        give(end - at, owner);
        at = end;
    }
}

/// The object files of a linker map, under the names of their units.
struct Objects<'k> {
    names: Vec<String>,
    numbers: FxHashMap<&'k BStr, u32>,
    /// False for a kernel that was linked from `vmlinux.o` as a whole.
    tell_apart: bool,
}

impl<'k> Objects<'k> {
    fn of(known: &Known<'k>) -> Self {
        let mut objects =
            Self { names: Vec::new(), numbers: FxHashMap::default(), tell_apart: false };
        let Some(map) = known.map else { return objects };
        let units = known.origins.map_or(&[][..], |origins| &origins.units);
        let units: FxHashMap<&str, &str> =
            units.iter().map(|unit| (stem(&unit.name), unit.name.as_str())).collect();
        objects.tell_apart = tells_apart(map);
        for part in map.parts.iter().filter(|part| !part.file.is_empty()) {
            if objects.numbers.contains_key(part.file) {
                continue;
            }
            let path = breakdown::path_of(part.file).to_str_lossy();
            let name = units.get(stem(&path)).map_or_else(|| path.to_string(), ToString::to_string);
            objects.numbers.insert(part.file, objects.names.len() as u32);
            objects.names.push(name);
        }
        objects
    }

    fn number(&self, file: &BStr) -> u32 {
        self.numbers.get(file).copied().unwrap_or(u32::MAX)
    }

    fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or(UNATTRIBUTED, String::as_str)
    }
}

/// A path without the `.c`, `.S` or `.o` at its end.
fn stem(path: &str) -> &str {
    match path.rfind('.') {
        Some(dot) if !path[dot..].contains('/') => &path[..dot],
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(runs: &[(u64, u64, u32)]) -> Vec<Claim> {
        runs.iter()
            .map(|&(start, end, unit)| Claim { run: Run { start, end }, owner: Whose::Unit(unit) })
            .collect()
    }

    #[test]
    fn every_byte_goes_to_the_first_who_claims_it() {
        let layers = [claims(&[(10, 20, 1), (30, 31, 2)]), claims(&[(0, 15, 3), (18, 40, 4)])];
        let mut given = Vec::new();
        deal(50, &layers, |bytes, owner| given.push((bytes, owner)));
        let unit = Whose::Unit;
        let expected = [
            (10, unit(3)),
            (10, unit(1)),
            (10, unit(4)),
            (1, unit(2)),
            (9, unit(4)),
            (10, Whose::Nobody),
        ];
        assert_eq!(given, expected);
    }

    #[test]
    fn a_section_is_dealt_out_whole_whatever_is_claimed() {
        for layers in
            [vec![], vec![claims(&[(0, 99, 1)])], vec![claims(&[(5, 5, 1)]), claims(&[(3, 60, 2)])]]
        {
            let mut sum = 0;
            deal(50, &layers, |bytes, _| sum += bytes);
            assert_eq!(sum, 50);
        }
    }
}
