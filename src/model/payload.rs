//! Where the payload and the padding of an image lie: the result of `analyze::payload`.
//!
//! Every ALLOC byte is in exactly one of three states: padding, unattributed payload, or payload
//! that something claims. Only the first two are stored, as sorted runs; the rest is the rest.

use serde::{Deserialize, Serialize};

use super::size::{Payload, PayloadKind};

/// Gaps of at least this many bytes are worth naming one by one.
pub const BIG_GAP: u64 = 4096;

/// Payload, padding and unattributed bytes of one image.
#[derive(Debug, Clone)]
pub struct PayloadMap {
    /// How it is known.
    pub kind: PayloadKind,
    /// One entry for each ALLOC section that is not empty, in section table order.
    pub sections: Vec<SectionPayload>,
}

/// The parts of one ALLOC section.
#[derive(Debug, Clone)]
pub struct SectionPayload {
    /// Section header index.
    pub index: u32,
    /// `sh_size`, in bytes.
    pub size: u64,
    /// Alignment fill, sorted, not touching or overlapping; offsets into the section.
    pub padding: Vec<Run>,
    /// Payload that no symbol (estimated) or object (map) claims, in the same form.
    pub unattributed: Vec<Run>,
}

/// The padding of one section, or of all of one name, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Padding {
    /// All of it.
    pub bytes: u64,
    /// How many gaps of at least [`BIG_GAP`] bytes it has.
    pub big_gaps: u64,
    /// The bytes of those gaps.
    pub big_bytes: u64,
}

/// A run of bytes in a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Run {
    /// Offset of its first byte in the section.
    pub start: u64,
    /// Offset after its last byte.
    pub end: u64,
}

/// A gap of at least [`BIG_GAP`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Section header index.
    pub index: u32,
    /// Where in the section.
    pub run: Run,
}

impl Run {
    /// Length in bytes.
    pub fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

/// The bytes of several runs.
pub fn total(runs: &[Run]) -> u64 {
    runs.iter().map(|run| run.len()).sum()
}

impl SectionPayload {
    /// Bytes of fill.
    pub fn padding(&self) -> u64 {
        total(&self.padding)
    }

    /// Bytes that nothing claims.
    pub fn unattributed(&self) -> u64 {
        total(&self.unattributed)
    }

    /// `size` without padding.
    pub fn payload(&self) -> u64 {
        self.size.saturating_sub(self.padding())
    }
}

impl PayloadMap {
    /// ALLOC bytes without padding.
    pub fn payload(&self) -> Payload {
        let bytes = self.sections.iter().map(SectionPayload::payload).sum();
        Payload { bytes, kind: self.kind }
    }

    /// All padding, in bytes.
    pub fn padding(&self) -> u64 {
        self.sections.iter().map(SectionPayload::padding).sum()
    }

    /// All bytes that nothing claims.
    pub fn unattributed(&self) -> u64 {
        self.sections.iter().map(SectionPayload::unattributed).sum()
    }

    /// The entry of the section with this header index; `None` unless it is ALLOC and not empty.
    pub fn section(&self, index: u32) -> Option<&SectionPayload> {
        let at = self.sections.binary_search_by_key(&index, |s| s.index).ok()?;
        self.sections.get(at)
    }

    /// The paddings of at least [`BIG_GAP`] bytes, largest first.
    pub fn big_gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = self
            .sections
            .iter()
            .flat_map(|s| s.padding.iter().map(|&run| Gap { index: s.index, run }))
            .filter(|gap| gap.run.len() >= BIG_GAP)
            .collect();
        gaps.sort_by_key(|gap| (std::cmp::Reverse(gap.run.len()), gap.index, gap.run));
        gaps
    }
}
