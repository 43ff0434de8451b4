//! Lays the symbols of an image over its sections, so that every byte counts once.
//!
//! From the lowest address up, the longest first, each symbol claims what is not claimed yet.

use super::extents::Extent;
use crate::model::image::{Image, SHF_EXECINSTR, Section};

/// Which symbol claims how much of one image.
#[derive(Debug)]
pub struct Laid {
    /// Bytes claimed, for each symbol.
    pub bytes: Vec<u64>,
    /// Bytes claimed, for each section.
    pub covered: Vec<u64>,
    /// Symbols that name the same bytes as another one: (that one, this one).
    pub aliases: Vec<(u32, u32)>,
    /// What each claims, by section and offset; kept only for who asks for it.
    pub segments: Option<Vec<Segment>>,
}

/// A run of bytes that one symbol claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Position in `Image::sections`.
    pub slot: u32,
    /// Index into `Image::symbols`.
    pub symbol: u32,
    /// Offset of the first byte in the section.
    pub start: u64,
    /// Offset after the last byte.
    pub end: u64,
}

impl Laid {
    /// Of `image`, of which nothing is claimed yet.
    pub fn new(image: &Image<'_>) -> Self {
        Self {
            bytes: vec![0; image.symbols.len()],
            covered: vec![0; image.sections.len()],
            aliases: Vec::new(),
            segments: None,
        }
    }

    /// The same, with [`Laid::segments`].
    pub fn with_segments(image: &Image<'_>) -> Self {
        Self { segments: Some(Vec::new()), ..Self::new(image) }
    }

    /// Adds the section at position `slot`, with its symbols in the order of `extents::each`.
    pub fn add(&mut self, image: &Image<'_>, slot: usize, extents: &[Extent]) {
        let section = &image.sections[slot];
        let (mut at, mut claimed, mut covered) = (0, 0, 0);
        while let Some(extent) = extents.get(at) {
            let (start, mut size) = (extent.start(), extent.size());
            // Aliases have the same start and size.
            let same = |e: &&Extent| e.start() == start && e.size() == size;
            let group = &extents[at..at + extents[at..].iter().take_while(same).count()];
            at += group.len();
            let Some(primary) = primary(section, group) else { continue };
            if size == 0 {
                let next = extents.get(at).map_or(section.size, |next| next.start());
                size = (next - start).min(u64::from(primary.entry()));
            }
            let end = start + size;
            let bytes = end.saturating_sub(claimed.max(start));
            if bytes == 0 {
                continue;
            }
            claimed = end;
            covered += bytes;
            let first = primary.symbol();
            if let Some(segments) = &mut self.segments {
                segments.push(Segment {
                    slot: slot as u32,
                    symbol: first,
                    start: end - bytes,
                    end,
                });
            }
            self.bytes[first as usize] = bytes;
            if group.len() > 1 {
                let others =
                    group.iter().map(|other| other.symbol()).filter(|&other| other != first);
                self.aliases.extend(others.map(|other| (first, other)));
            }
        }
        self.covered[slot] = covered;
    }
}

/// The alias that names the bytes: a global one before a weak before a local, a whole thing before a
/// part, then the first in the table. `None` where only labels without meaning for size are left.
fn primary<'e>(section: &Section, group: &'e [Extent]) -> Option<&'e Extent> {
    let rank = |extent: &&Extent| (extent.rank(), extent.symbol());
    match group {
        [only] if only.size() > 0 => Some(only),
        [first, ..] if first.size() > 0 => group.iter().min_by_key(rank),
        // Labels in code are places, not things.
        _ if section.flags & SHF_EXECINSTR != 0 => None,
        labels => labels.iter().filter(|extent| extent.entry() > 0).min_by_key(rank),
    }
}
