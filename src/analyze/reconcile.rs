//! Lays a linker map over the image it belongs to and gives every ALLOC byte exactly one owner.
//!
//! The ELF file decides how large a section is, the map says who owns its bytes. Where the two do
//! not agree (a section that grew after the link, merged strings whose sizes are those before the
//! merge, a map of another build) no byte is lost or counted twice: what the map does not explain
//! is unattributed, and a [`Diag`] says so.

use std::collections::HashMap;

use bstr::BStr;

use crate::model::diag::Diag;
use crate::model::image::{Image, Section};
use crate::model::linkmap::{LinkMap, MapFormat, OutSection, Part, PartKind, is_prelink};
use crate::model::payload::Run;

/// Who owns a run of bytes.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'m, 'a> {
    /// An input section of an object file, or bytes of the linker's own.
    Part(&'m Part<'a>),
    /// Alignment fill.
    Padding,
    /// Nothing in the map.
    Nobody,
}

/// One ALLOC section with its owners: runs in order, without gaps or overlaps, from 0 to its size.
#[derive(Debug)]
pub struct Laid<'i, 'm, 'a> {
    /// The section of the image.
    pub section: &'i Section<'i>,
    /// Who owns what.
    pub runs: Vec<(Run, Owner<'m, 'a>)>,
}

/// Lays `map` over the ALLOC sections of `image` that are not empty, in section table order.
pub fn lay<'i, 'm, 'a>(
    image: &'i Image<'i>,
    map: &'m LinkMap<'a>,
) -> (Vec<Laid<'i, 'm, 'a>>, Vec<Diag>) {
    let mut by_name: HashMap<&BStr, Vec<&OutSection<'a>>> = HashMap::new();
    for section in &map.sections {
        by_name.entry(section.name).or_default().push(section);
    }
    let mut diags = Vec::new();
    let laid = image
        .sections
        .iter()
        .filter(|section| section.is_alloc() && section.size > 0)
        .map(|section| {
            let out = by_name.get(section.name).and_then(|found| best(found, section));
            Laid { section, runs: lay_section(section, out, map, &mut diags) }
        })
        .collect();
    (laid, diags)
}

/// Whether a kernel was linked from `vmlinux.o` as a whole (IBT or LTO), so that its map says nothing.
pub fn is_merged(laid: &[Laid<'_, '_, '_>]) -> bool {
    let (mut all, mut merged) = (0u64, 0u64);
    for (run, owner) in laid.iter().flat_map(|laid| &laid.runs) {
        if let Owner::Part(part) = owner {
            all = all.saturating_add(run.len());
            if is_prelink(part.file) {
                merged = merged.saturating_add(run.len());
            }
        }
    }
    merged > all / 2
}

/// Of the map's sections of this name the one at the right address, or the only one.
fn best<'m, 'a>(found: &[&'m OutSection<'a>], section: &Section<'_>) -> Option<&'m OutSection<'a>> {
    let exact = found.iter().find(|out| out.addr == section.addr && out.size == section.size);
    let near = found.iter().find(|out| out.addr == section.addr);
    let only = if let [only] = found { Some(only) } else { None };
    exact.or(near).or(only).copied()
}

/// Collects runs in order; neighbours of the same sort are joined.
struct Runs<'m, 'a> {
    runs: Vec<(Run, Owner<'m, 'a>)>,
    at: u64,
}

impl<'m, 'a> Runs<'m, 'a> {
    /// The bytes from the end of the last run to `end` belong to `owner`.
    fn until(&mut self, end: u64, owner: Owner<'m, 'a>) {
        if end <= self.at {
            return;
        }
        let run = Run { start: self.at, end };
        self.at = end;
        match (self.runs.last_mut(), owner) {
            (Some((last, Owner::Padding)), Owner::Padding)
            | (Some((last, Owner::Nobody)), Owner::Nobody) => last.end = end,
            _ => self.runs.push((run, owner)),
        }
    }
}

fn lay_section<'m, 'a>(
    section: &Section<'_>,
    out: Option<&'m OutSection<'a>>,
    map: &'m LinkMap<'a>,
    diags: &mut Vec<Diag>,
) -> Vec<(Run, Owner<'m, 'a>)> {
    let mut runs = Runs { runs: Vec::new(), at: 0 };
    let Some(out) = out else {
        diags.push(Diag::new(
            &map.path,
            format!(
                "section {} is not in the map: {} bytes unattributed",
                section.name, section.size
            ),
        ));
        runs.until(section.size, Owner::Nobody);
        return runs.runs;
    };
    let mut parts: Vec<&Part<'a>> = map.parts_of(out).iter().collect();
    // Stable: parts at one address keep the order of the map, which is the order of placement.
    parts.sort_by_key(|part| part.addr);
    for (i, part) in parts.iter().enumerate() {
        let start = part.addr.saturating_sub(out.addr).min(section.size);
        let next = parts.get(i + 1).map_or(u64::MAX, |next| next.addr.saturating_sub(out.addr));
        // GNU ld shows merged sections with a size they no longer have; the next part's address
        // is where they really end.
        let end = start.saturating_add(part.size).min(next).min(section.size);
        runs.until(start, gap_owner(map.format));
        match part.kind {
            PartKind::Fill => runs.until(end, Owner::Padding),
            PartKind::Input | PartKind::Linker => runs.until(end, Owner::Part(part)),
        }
    }
    let tail = section.size.min(out.size);
    if !parts.is_empty() {
        runs.until(tail, gap_owner(map.format));
    }
    runs.until(section.size, Owner::Nobody);
    explain(section, out, map, &runs.runs, diags);
    runs.runs
}

/// ld.lld does not write alignment fill down; GNU ld does, so a gap in its map is unexplained.
fn gap_owner<'m, 'a>(format: MapFormat) -> Owner<'m, 'a> {
    match format {
        MapFormat::Gnu => Owner::Nobody,
        MapFormat::Lld => Owner::Padding,
    }
}

/// Says which bytes of a section the map does not explain, and where map and image disagree.
fn explain(
    section: &Section<'_>,
    out: &OutSection<'_>,
    map: &LinkMap<'_>,
    runs: &[(Run, Owner<'_, '_>)],
    diags: &mut Vec<Diag>,
) {
    let nobody: u64 =
        runs.iter().filter(|(_, o)| matches!(o, Owner::Nobody)).map(|(r, _)| r.len()).sum();
    let name = section.name;
    if out.size != section.size {
        let message = format!(
            "section {name} has {} bytes in the map, {} in the image: {nobody} unattributed",
            out.size, section.size
        );
        diags.push(Diag::at_line(&map.path, out.line, message));
    } else if out.addr != section.addr {
        let message = format!(
            "section {name} is at {:#x} in the map, at {:#x} in the image: is this its map?",
            out.addr, section.addr
        );
        diags.push(Diag::at_line(&map.path, out.line, message));
    } else if nobody > 0 {
        let message = format!("section {name}: the map does not say whose {nobody} bytes are");
        diags.push(Diag::at_line(&map.path, out.line, message));
    }
}
