//! A linker map as plain data: which object file each byte of the linked image came from.
//!
//! Borrowed from the text of the map; a kernel's `vmlinux.map` is tens of megabytes and has
//! hundreds of thousands of placed parts. What the sizes in a map mean differs between linkers
//! (see `elf::linkmap`), so nobody but `analyze::payload` should add them up.

use std::ops::Range;

use bstr::{BStr, ByteSlice};

/// The object that a kernel with IBT or LTO is linked from as a whole.
pub const PRELINK: &str = "vmlinux.o";
/// The map of the link that made [`PRELINK`], beside that of vmlinux.
pub const PRELINK_MAP: &str = "vmlinux.o.map";
/// The same in a build directory, where files of ours do not show.
pub const HIDDEN_PRELINK_MAP: &str = ".hmmsize.vmlinux.o.map";

/// Whether the object file of a part is [`PRELINK`].
pub fn is_prelink(file: &BStr) -> bool {
    let name = file.rfind_byte(b'/').map_or(file.as_bytes(), |at| &file[at + 1..]);
    name == PRELINK.as_bytes()
}

/// Which linker's format a map is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapFormat {
    /// GNU ld (BFD): alignment fill is written down as `*fill*`.
    Gnu,
    /// LLVM's ld.lld: alignment fill is what lies between two parts.
    Lld,
}

/// A whole linker map.
#[derive(Debug, Clone)]
pub struct LinkMap<'a> {
    /// The map's file name, for messages.
    pub path: String,
    /// Whose format it is.
    pub format: MapFormat,
    /// Output sections that have an address, in the order of the map.
    pub sections: Vec<OutSection<'a>>,
    /// The parts of all output sections; see [`OutSection::parts`].
    pub parts: Vec<Part<'a>>,
}

/// An output section: what becomes a section header of the image.
#[derive(Debug, Clone)]
pub struct OutSection<'a> {
    /// Its name.
    pub name: &'a BStr,
    /// Its address.
    pub addr: u64,
    /// Its size as the map says, in bytes.
    pub size: u64,
    /// 1-based line of the map.
    pub line: usize,
    /// Its parts in [`LinkMap::parts`], in map order.
    pub parts: Range<usize>,
}

/// Something placed in an output section.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// What it is.
    pub kind: PartKind,
    /// The input section (`.text.unlikely`, `COMMON`); empty for fill and linker-made bytes.
    pub name: &'a BStr,
    /// Its address.
    pub addr: u64,
    /// Its size as the map says, in bytes; merged sections may claim more than they occupy.
    pub size: u64,
    /// The object file, `archive.a(member.o)` for a member; empty where there is none.
    pub file: &'a BStr,
}

/// What a [`Part`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// An input section of an object file.
    Input,
    /// Alignment fill, or a step of the location counter.
    Fill,
    /// Bytes made by the linker or its script (`QUAD(0)`, stubs, merged strings).
    Linker,
}

impl<'a> LinkMap<'a> {
    /// The parts of `section`, in map order.
    pub fn parts_of(&self, section: &OutSection<'_>) -> &[Part<'a>] {
        self.parts.get(section.parts.clone()).unwrap_or_default()
    }
}
