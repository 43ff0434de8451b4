//! The debug sections of an image: decompressed and relocated where they must be, else as they lie mapped.
//!
//! A linked kernel's are used in place. Those of a relocatable file are copied and patched; its sections are
//! given addresses first (see [`Bases`]).

use std::borrow::Cow;
use std::io::Read;

use flate2::read::ZlibDecoder;
use gimli::{EndianSlice, RunTimeEndian, SectionId};

use super::relocate;
use crate::exit::{Error, Result};
use crate::model::image::{Bits, Endian, Image, Kind, Section};
use crate::model::origin::Bases;

/// What is read: the parts of DWARF that say where things are.
const READ: [SectionId; 10] = [
    SectionId::DebugAbbrev,
    SectionId::DebugAddr,
    SectionId::DebugInfo,
    SectionId::DebugLine,
    SectionId::DebugLineStr,
    SectionId::DebugRanges,
    SectionId::DebugRngLists,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
    SectionId::DebugTypes,
];

const SHF_COMPRESSED: u64 = 0x800;
const ELFCOMPRESS_ZLIB: u32 = 1;
const ELFCOMPRESS_ZSTD: u32 = 2;
const EM_ARM: u16 = 40;

pub(super) type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// Section contents by [`SectionId`].
#[derive(Debug)]
pub(super) struct Sections<'a> {
    found: Vec<(SectionId, Cow<'a, [u8]>)>,
    endian: RunTimeEndian,
    pub bases: Bases,
    /// Relocations that were not applied, one sentence a section.
    pub oddities: Vec<String>,
}

impl<'a> Sections<'a> {
    /// `None` if there is no `.debug_info`.
    pub fn of(image: &'a Image<'a>) -> Result<Option<Self>> {
        let endian = match image.header.endian {
            Endian::Little => RunTimeEndian::Little,
            Endian::Big => RunTimeEndian::Big,
        };
        let mut sections =
            Self { found: Vec::new(), endian, bases: bases(image), oddities: Vec::new() };
        for id in READ {
            let Some(section) = find(image, id) else { continue };
            let mut data = contents(image, section)?;
            if image.kind != Kind::Linked {
                let odd = relocate::apply(image, section, &mut data, &sections.bases);
                sections.oddities.extend(odd);
            }
            sections.found.push((id, data));
        }
        let any =
            sections.found.iter().any(|(id, data)| *id == SectionId::DebugInfo && !data.is_empty());
        Ok(any.then_some(sections))
    }

    /// The contents of a section; empty if it is not there.
    pub fn slice(&self, id: SectionId) -> Slice<'_> {
        let found = self.found.iter().find(|(found, _)| *found == id);
        EndianSlice::new(found.map_or(&[], |(_, data)| data), self.endian)
    }
}

/// Whether an image has debug information at all, compressed or not.
pub(super) fn any(image: &Image<'_>) -> bool {
    find(image, SectionId::DebugInfo).is_some_and(|section| section.size > 0)
}

fn find<'i>(image: &'i Image<'i>, id: SectionId) -> Option<&'i Section<'i>> {
    let name = id.name();
    let is = |section: &&Section| {
        section.name == name
            || section.name.strip_prefix(b".z") == name.strip_prefix('.').map(str::as_bytes)
    };
    image.sections.iter().find(is)
}

/// Every ALLOC section of a relocatable file gets an address, one behind the other; not 0, which means
/// "nowhere" in debug information.
fn bases(image: &Image<'_>) -> Bases {
    let thumb = image.header.machine == EM_ARM;
    if image.kind == Kind::Linked {
        return Bases { sections: Vec::new(), thumb };
    }
    let last = image.sections.iter().map(|section| section.index).max().unwrap_or(0);
    let mut sections = vec![0; last as usize + 1];
    let mut next = 0x1000u64;
    for section in image.sections.iter().filter(|section| section.is_alloc()) {
        sections[section.index as usize] = next;
        // One byte more, so that the end of a section is not the beginning of the next.
        let end = next.saturating_add(section.size).saturating_add(1);
        next = end.checked_next_multiple_of(0x1000).unwrap_or(end);
    }
    Bases { sections, thumb }
}

/// The bytes of a section, decompressed.
fn contents<'a>(image: &Image<'_>, section: &Section<'a>) -> Result<Cow<'a, [u8]>> {
    let refuse = |what: &str| {
        let msg = format!("section {}: {what}", section.name);
        Err(Error::input(&image.path, msg))
    };
    if section.flags & SHF_COMPRESSED != 0 {
        let Some((kind, size, body)) = header(image, section.data) else {
            return refuse("its compression header is truncated");
        };
        return match kind {
            ELFCOMPRESS_ZLIB => match inflate(body, size) {
                Some(data) => Ok(Cow::Owned(data)),
                None => refuse("its zlib data is damaged"),
            },
            ELFCOMPRESS_ZSTD => refuse(
                "is compressed with zstd, which is not read here (objcopy --decompress-debug-sections)",
            ),
            kind => refuse(&format!("is compressed in a way not known here ({kind})")),
        };
    }
    // Before there was a flag, the name said it.
    if section.name.starts_with(b".z") {
        let Some((size, body)) =
            section.data.strip_prefix(b"ZLIB").and_then(<[u8]>::split_first_chunk)
        else {
            return refuse("is not compressed as its name says");
        };
        return match inflate(body, u64::from_be_bytes(*size)) {
            Some(data) => Ok(Cow::Owned(data)),
            None => refuse("its zlib data is damaged"),
        };
    }
    Ok(Cow::Borrowed(section.data))
}

/// `Elf32_Chdr` or `Elf64_Chdr`: kind, size, and what follows.
fn header<'a>(image: &Image<'_>, data: &'a [u8]) -> Option<(u32, u64, &'a [u8])> {
    let big = image.header.endian == Endian::Big;
    let word = |at: usize| {
        let bytes = *data.get(at..)?.first_chunk::<4>()?;
        Some(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    };
    match image.header.bits {
        Bits::B32 => Some((word(0)?, u64::from(word(4)?), data.get(12..)?)),
        Bits::B64 => {
            let (low, high) = if big { (word(12)?, word(8)?) } else { (word(8)?, word(12)?) };
            Some((word(0)?, u64::from(high) << 32 | u64::from(low), data.get(24..)?))
        }
    }
}

/// Exactly `size` bytes, which cannot be more than deflate makes of so few.
fn inflate(body: &[u8], size: u64) -> Option<Vec<u8>> {
    const BEST_RATIO: u64 = 1032;
    if size > (body.len() as u64).saturating_mul(BEST_RATIO) {
        return None;
    }
    let mut data = Vec::with_capacity(size as usize);
    let read = ZlibDecoder::new(body).take(size).read_to_end(&mut data).ok()?;
    (read as u64 == size).then_some(data)
}
