//! Payload and padding of an image: from its linker map, or estimated from its bytes.
//!
//! The definitions bind (DESIGN.md, *Definitions*). The linker pads sections and functions to
//! alignments, so a section's size can stay the same while its contents grow; on x86 with SRSO
//! mitigations three gaps of megabytes lie inside `.text`. Payload is what is left without fill.
//!
//! The estimate looks only at the bytes between sized symbols and only as far as they are fill,
//! so a vmlinux with 130,000 symbols takes milliseconds.

use crate::model::diag::Diag;
use crate::model::image::{Image, SHF_EXECINSTR, Section};
use crate::model::linkmap::LinkMap;
use crate::model::payload::{PayloadMap, Run, SectionPayload};
use crate::model::size::PayloadKind;

use super::extents::{self, Extent};
use super::fill::{self, Fill};
use super::reconcile::{self, Laid, Owner};

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
    let mut estimate = Estimate::new(image);
    extents::each(image, |slot, extents| estimate.add(&image.sections[slot], extents));
    estimate.finish()
}

/// The estimate of an image section by section, for who has sorted the symbols for something else too.
#[derive(Debug)]
pub struct Estimate {
    code: Fill,
    data: Fill,
    sections: Vec<SectionPayload>,
}

impl Estimate {
    /// Of `image`, of which nothing has been looked at yet.
    pub fn new(image: &Image<'_>) -> Self {
        Self { code: Fill::code(image.header), data: Fill::data(), sections: Vec::new() }
    }

    /// Adds the next section of the section table, with its symbols in the order of [`extents::each`].
    pub fn add(&mut self, section: &Section<'_>, extents: &[Extent]) {
        let fill = if section.flags & SHF_EXECINSTR != 0 { &self.code } else { &self.data };
        self.sections.push(estimate_section(section, extents, fill));
    }

    /// The estimate of what was added.
    pub fn finish(self) -> PayloadMap {
        PayloadMap { kind: PayloadKind::Estimated, sections: self.sections }
    }
}

fn estimate_section(section: &Section<'_>, symbols: &[Extent], fill: &Fill) -> SectionPayload {
    let (index, size) = (section.index, section.size);
    if symbols.iter().all(|symbol| symbol.size() == 0) {
        let unattributed = vec![Run { start: 0, end: size }];
        return SectionPayload { index, size, padding: Vec::new(), unattributed };
    }
    let mut gaps = Gaps {
        section,
        fill,
        read: Vec::with_capacity(TOGETHER),
        // Rather than grow, which takes fresh memory again and again: most functions are followed by fill.
        padding: Vec::with_capacity(symbols.len()),
        unattributed: Vec::new(),
    };
    let mut at = 0;
    for symbol in symbols {
        if symbol.start() >= at {
            gaps.gap(at, symbol.start());
        }
        at = at.max(symbol.end());
    }
    gaps.gap(at, size);
    gaps.decide();
    SectionPayload { index, size, padding: gaps.padding, unattributed: gaps.unattributed }
}

/// How many gaps are read together.
const TOGETHER: usize = 32;

/// Sorts what lies between symbols into padding and unattributed payload.
struct Gaps<'s> {
    section: &'s Section<'s>,
    fill: &'s Fill,
    /// Gaps whose first bytes are read, and no more. A kernel's lie in a hundred thousand places, none of
    /// which is in a cache: read one behind the other, they are waited for together.
    read: Vec<(Run, u128)>,
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
        if end > self.section.data.len() as u64 {
            self.decide();
            push(&mut self.unattributed, start, end);
            return;
        }
        self.read.push((Run { start, end }, fill::word(self.section.data, start as usize)));
        if self.read.len() == TOGETHER {
            self.decide();
        }
    }

    /// Looks at what was read.
    fn decide(&mut self) {
        for (Run { start, end }, first) in self.read.drain(..) {
            let (lead, trail) =
                self.fill.around(self.section.data, start as usize, end as usize, first);
            let (from, to) = (start + lead as u64, end - trail as u64);
            push(&mut self.padding, start, from);
            push(&mut self.unattributed, from, to);
            push(&mut self.padding, to, end);
        }
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
