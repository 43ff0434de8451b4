//! Payload and padding of an image: from its linker map, or estimated from its bytes.
//!
//! The definitions bind (DESIGN.md, *Definitions*). The linker pads sections and functions to
//! alignments, so a section's size can stay the same while its contents grow; on x86 with SRSO
//! mitigations three gaps of megabytes lie inside `.text`. Payload is what is left without fill.
//!
//! The estimate looks only at the bytes between sized symbols and only as far as they are fill,
//! so a vmlinux with 130,000 symbols takes milliseconds.

use rayon::prelude::*;

use crate::model::diag::Diag;
use crate::model::image::{Image, Kind, Place, SHF_EXECINSTR, Section};
use crate::model::linkmap::LinkMap;
use crate::model::payload::{PayloadMap, Run, SectionPayload};
use crate::model::size::PayloadKind;

use super::fill::Fill;
use super::reconcile::{self, Laid, Owner};

const EM_ARM: u16 = 40;
const STT_FUNC: u8 = 2;
const STT_SECTION: u8 = 3;
const STT_FILE: u8 = 4;
const STT_TLS: u8 = 6;

/// Payload from the linker map: the bytes placed from input sections, without fill.
///
/// What the map does not explain counts as payload and is unattributed, and is reported.
pub fn from_map(image: &Image<'_>, map: &LinkMap<'_>) -> (PayloadMap, Vec<Diag>) {
    let (laid, diags) = reconcile::lay(image, map);
    (of_laid(&laid), diags)
}

/// Payload of an image whose map has been laid over it already.
pub fn of_laid(laid: &[Laid<'_, '_, '_>]) -> PayloadMap {
    let sections = laid.iter().map(|laid| {
        let runs = |wanted: fn(&Owner<'_, '_>) -> bool| {
            laid.runs.iter().filter(|(_, owner)| wanted(owner)).map(|&(run, _)| run).collect()
        };
        SectionPayload {
            index: laid.section.index,
            size: laid.section.size,
            padding: runs(|owner| matches!(owner, Owner::Padding)),
            unattributed: runs(|owner| matches!(owner, Owner::Nobody)),
        }
    });
    PayloadMap { kind: PayloadKind::Map, sections: sections.collect() }
}

/// Payload estimated without a map: ALLOC bytes minus runs of fill outside every sized symbol that
/// reach a symbol or section boundary.
///
/// Sections without sized symbols count whole. Bytes that are neither fill nor in a symbol are
/// payload, but unattributed.
pub fn estimate(image: &Image<'_>) -> PayloadMap {
    let code = Fill::code(image.header);
    let data = Fill::data();
    let work: Vec<(&Section<'_>, Vec<Run>)> = symbol_extents(image);
    let sections = work
        .into_par_iter()
        .map(|(section, symbols)| {
            let fill = if section.flags & SHF_EXECINSTR != 0 { &code } else { &data };
            estimate_section(section, symbols, fill)
        })
        .collect();
    PayloadMap { kind: PayloadKind::Estimated, sections }
}

/// The ALLOC sections that are not empty, each with the extents of its symbols as section offsets,
/// clipped to the section; unsized symbols are empty runs.
fn symbol_extents<'i, 'a>(image: &'i Image<'a>) -> Vec<(&'i Section<'a>, Vec<Run>)> {
    const NONE: u32 = u32::MAX;
    let last = image.sections.iter().map(|section| section.index).max().unwrap_or(0);
    let mut slots = vec![NONE; last as usize + 1];
    let mut work = Vec::new();
    for section in image.sections.iter().filter(|section| section.is_alloc() && section.size > 0) {
        slots[section.index as usize] = work.len() as u32;
        work.push((section, Vec::new()));
    }
    let linked = image.kind == Kind::Linked;
    for symbol in &image.symbols {
        let Place::Section(index) = symbol.section else { continue };
        let slot = slots.get(index as usize).copied().unwrap_or(NONE);
        let Some((section, extents)) = work.get_mut(slot as usize) else { continue };
        if matches!(symbol.kind, STT_SECTION | STT_FILE) || (linked && symbol.kind == STT_TLS) {
            continue;
        }
        // Mapping symbols of arm and riscv ($a, $d, $x) mark encodings, not things.
        if symbol.size == 0 && symbol.name.first() == Some(&b'$') {
            continue;
        }
        let mut value = symbol.value;
        if image.header.machine == EM_ARM && symbol.kind == STT_FUNC {
            value &= !1; // bit 0 says Thumb
        }
        let start = if linked { value.wrapping_sub(section.addr) } else { value };
        if start <= section.size {
            let end = start.saturating_add(symbol.size).min(section.size);
            extents.push(Run { start, end });
        }
    }
    work
}

fn estimate_section(section: &Section<'_>, mut symbols: Vec<Run>, fill: &Fill) -> SectionPayload {
    let (index, size) = (section.index, section.size);
    if symbols.iter().all(|run| run.is_empty()) {
        let unattributed = vec![Run { start: 0, end: size }];
        return SectionPayload { index, size, padding: Vec::new(), unattributed };
    }
    symbols.par_sort_unstable();
    let mut gaps = Gaps { section, fill, padding: Vec::new(), unattributed: Vec::new() };
    let mut at = 0;
    for run in symbols {
        if run.start >= at {
            gaps.gap(at, run.start);
        }
        at = at.max(run.end);
    }
    gaps.gap(at, size);
    SectionPayload { index, size, padding: gaps.padding, unattributed: gaps.unattributed }
}

/// Sorts what lies between symbols into padding and unattributed payload.
struct Gaps<'s> {
    section: &'s Section<'s>,
    fill: &'s Fill,
    padding: Vec<Run>,
    unattributed: Vec<Run>,
}

impl Gaps<'_> {
    /// A gap with a symbol or section boundary at either end.
    fn gap(&mut self, start: u64, end: u64) {
        if start >= end {
            return;
        }
        if self.section.is_nobits() {
            push(&mut self.padding, start, end);
            return;
        }
        let Some(bytes) = self.section.data.get(start as usize..end as usize) else {
            push(&mut self.unattributed, start, end);
            return;
        };
        let (lead, trail) = self.fill.around(bytes, start);
        let (from, to) = (start + lead as u64, end - trail as u64);
        push(&mut self.padding, start, from);
        push(&mut self.unattributed, from, to);
        push(&mut self.padding, to, end);
    }
}

/// Appends `start..end`, joining it to the last run where they touch.
fn push(runs: &mut Vec<Run>, start: u64, end: u64) {
    if start >= end {
        return;
    }
    match runs.last_mut() {
        Some(last) if last.end == start => last.end = end,
        _ => runs.push(Run { start, end }),
    }
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
