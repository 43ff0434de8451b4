//! An ELF image as plain data, borrowed from the mapped file it was read from.

use bstr::{BStr, BString};
use serde::{Deserialize, Serialize};

use super::symtab::Symbols;

/// 32- or 64-bit ELF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bits {
    /// `ELFCLASS32`
    B32,
    /// `ELFCLASS64`
    B64,
}

/// Byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// What sort of kernel file an image is; decides what may be compared with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A linked image (`ET_EXEC` or `ET_DYN`): vmlinux.
    Linked,
    /// `vmlinux.o`: everything, before the final link.
    Prelink,
    /// A module (`.ko`).
    Module,
    /// Any other relocatable object.
    Object,
}

/// The fields of the ELF header that others need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// ELF class.
    pub bits: Bits,
    /// Byte order.
    pub endian: Endian,
    /// `e_machine`.
    pub machine: u16,
    /// `e_type`.
    pub e_type: u16,
    /// `e_flags`.
    pub flags: u32,
    /// The section header index of the section name table, extension already resolved.
    pub shstrndx: u32,
}

/// One ELF file, or one member of an archive.
#[derive(Debug, Clone)]
pub struct Image<'a> {
    /// The file name as the user gave it (for an archive member: the archive's).
    pub path: String,
    /// The member's name as its archive stores it (in a thin archive, a path relative to it).
    pub member: Option<String>,
    /// What GNU `size` calls it: the path as given, or the member's name, or in a thin archive the
    /// path of the member's file.
    pub name: BString,
    /// The archive's path as given, which `size` shows as ` (ex ARCHIVE)`.
    pub archive: Option<BString>,
    /// What sort of file it is.
    pub kind: Kind,
    /// From the ELF header.
    pub header: Header,
    /// In table order, without the null section; see [`Section::index`].
    pub sections: Vec<Section<'a>>,
    /// In table order; empty if there is no symbol table or none was asked for.
    pub symbols: Symbols<'a>,
    /// False for a stripped file: totals still work, symbols do not.
    pub has_symtab: bool,
    /// The strings of `.comment`: which compilers and linkers made this.
    pub idents: Vec<&'a BStr>,
    /// `linux_banner` ("Linux version … (gcc …) …"), where there is one.
    pub banner: Option<&'a BStr>,
    /// What is odd about the file without keeping it from being measured, one sentence each.
    pub warnings: Vec<String>,
}

impl<'a> Image<'a> {
    /// The section with this header index.
    pub fn section(&self, index: u32) -> Option<&Section<'a>> {
        // Sections stand in the order of their indices, nearly always without a gap from 1 on.
        let guess = (index as usize).checked_sub(1).and_then(|at| self.sections.get(at));
        guess
            .filter(|section| section.index == index)
            .or_else(|| self.sections.iter().find(|section| section.index == index))
    }
}

/// One section header and its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Section<'a> {
    /// Its index in the section header table.
    pub index: u32,
    /// Its name.
    pub name: &'a BStr,
    /// `sh_type`.
    pub sh_type: u32,
    /// `sh_flags`.
    pub flags: u64,
    /// `sh_addr`.
    pub addr: u64,
    /// `sh_offset`: where its contents lie in the file.
    pub offset: u64,
    /// `sh_addralign`.
    pub align: u64,
    /// `sh_size`, in bytes.
    pub size: u64,
    /// `sh_link`.
    pub link: u32,
    /// `sh_info`.
    pub info: u32,
    /// The contents; empty for `SHT_NOBITS`.
    pub data: &'a [u8],
}

/// `SHF_WRITE`
pub const SHF_WRITE: u64 = 1;
/// `SHF_ALLOC`
pub const SHF_ALLOC: u64 = 2;
/// `SHF_EXECINSTR`
pub const SHF_EXECINSTR: u64 = 4;
/// `SHF_MERGE`
pub const SHF_MERGE: u64 = 0x10;
/// `SHF_STRINGS`
pub const SHF_STRINGS: u64 = 0x20;
/// `SHT_NOBITS`
pub const SHT_NOBITS: u32 = 8;
/// `SHT_NOTE`
pub const SHT_NOTE: u32 = 7;

impl Section<'_> {
    /// Whether it occupies memory in the running image.
    pub fn is_alloc(&self) -> bool {
        self.flags & SHF_ALLOC != 0
    }

    /// Whether it has no contents in the file.
    pub fn is_nobits(&self) -> bool {
        self.sh_type == SHT_NOBITS
    }
}
