//! ELF headers and section tables into [`Image`]s, with every offset checked.
//!
//! `object`'s low-level structs decode the fields of both classes and byte orders; the checks are
//! ours, as its own messages name neither file nor offset. Nothing is allocated from a count that
//! the file claims before that many bytes are known to be there.

use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader};

use super::{Want, reject, symbols};
use crate::exit::{At, Error, Result};
use crate::model::bytes;
use crate::model::image::{Bits, Endian, Header, Image, Kind, Section};
use crate::model::symtab::Symbols;

/// The bytes of one ELF file, and how to name it in an error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub file: &'a Path,
    /// The member of an ordinary archive.
    pub member: Option<&'a str>,
    /// Where `data` begins in `file`.
    pub base: u64,
    pub data: &'a [u8],
}

impl<'a> Source<'a> {
    pub(super) fn file(path: &'a Path, data: &'a [u8]) -> Self {
        Self { file: path, member: None, base: 0, data }
    }

    pub(super) fn len(&self) -> u64 {
        self.data.len() as u64
    }

    fn message(&self, msg: String) -> String {
        match self.member {
            None => msg,
            Some(member) => format!("member {}: {msg}", printable(member.as_bytes())),
        }
    }

    /// An error of the file as a whole.
    pub(super) fn refuse(&self, msg: impl Into<String>) -> Error {
        Error::input(self.file, self.message(msg.into()))
    }

    /// An error at `offset` of the ELF file (of an archive member: shown as the archive's offset).
    pub(super) fn error(&self, offset: u64, msg: impl Into<String>) -> Error {
        let offset = self.base.saturating_add(offset);
        Error::input_at(self.file, At::Offset(offset), self.message(msg.into()))
    }

    /// `size` bytes at `offset`, if they are all there.
    pub(super) fn bytes(&self, offset: u64, size: u64) -> Option<&'a [u8]> {
        let end = offset.checked_add(size)?;
        self.data.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)
    }
}

/// A section table that has been checked: names resolved, contents inside the file.
pub(super) struct Table<'a, Elf: FileHeader> {
    pub endian: Endianness,
    pub headers: &'a [Elf::SectionHeader],
    /// File offset of the first header.
    pub offset: u64,
}

impl<Elf: FileHeader> Table<'_, Elf> {
    /// File offset of header `index`.
    pub(super) fn at(&self, index: usize) -> u64 {
        self.offset + (index * size_of::<Elf::SectionHeader>()) as u64
    }
}

/// Reads one image. Names (`path`, `name`, …) are left to the caller.
pub(super) fn image<'a>(source: &Source<'a>, want: Want) -> Result<Image<'a>> {
    let data = source.data;
    if data.len() < 16 {
        return Err(source.error(
            source.len(),
            format!("truncated: the ELF identification needs 16 bytes, there are {}", data.len()),
        ));
    }
    if !matches!(data[5], 1 | 2) {
        return Err(source.error(5, format!("unknown ELF byte order {}", data[5])));
    }
    if data[6] != 1 {
        return Err(source.error(6, format!("unknown ELF version {}", data[6])));
    }
    match data[4] {
        1 => parse::<FileHeader32<Endianness>>(source, want),
        2 => parse::<FileHeader64<Endianness>>(source, want),
        class => Err(source.error(4, format!("unknown ELF class {class}"))),
    }
}

fn parse<'a, Elf>(source: &Source<'a>, want: Want) -> Result<Image<'a>>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let data = source.data;
    let Ok(file) = Elf::parse(data) else {
        let (have, need) = (source.len(), size_of::<Elf>());
        return Err(source.error(
            have,
            format!("truncated: the ELF header needs {need} bytes, there are {have}"),
        ));
    };
    let endian = if file.is_big_endian() { Endianness::Big } else { Endianness::Little };
    let e_type = file.e_type(endian);
    if e_type == elf::ET_CORE {
        return Err(source.refuse("is a core dump, not a program or object"));
    }
    let table = section_table(source, file, endian)?;
    let shstrndx = shstrndx(source, file, &table)?;
    let mut image = Image {
        path: String::new(),
        member: None,
        name: BString::default(),
        archive: None,
        kind: Kind::Object,
        header: Header {
            bits: if file.is_type_64() { Bits::B64 } else { Bits::B32 },
            endian: if file.is_big_endian() { Endian::Big } else { Endian::Little },
            machine: file.e_machine(endian).0,
            e_type: e_type.0,
            flags: file.e_flags(endian).0,
            shstrndx,
        },
        sections: sections(source, &table, shstrndx)?,
        symbols: Symbols::default(),
        has_symtab: false,
        idents: Vec::new(),
        banner: None,
        warnings: Vec::new(),
    };
    image.kind = kind(source, &image);
    reject::unmeasurable(source, &image)?;
    image.warnings.extend(reject::overlap(&image.sections));
    image.has_symtab = image.sections.iter().any(|s| s.sh_type == elf::SHT_SYMTAB.0);
    if want.symbols {
        symbols::read(source, &table, &mut image)?;
    }
    if want.data {
        image.idents = idents(&image.sections);
    }
    Ok(image)
}

fn section_table<'a, Elf>(
    source: &Source<'a>,
    file: &Elf,
    endian: Endianness,
) -> Result<Table<'a, Elf>>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let entry = size_of::<Elf::SectionHeader>();
    // Offsets of fields of the ELF header, for errors.
    let (shoff_at, shentsize_at) = if file.is_type_64() { (0x28, 0x3a) } else { (0x20, 0x2e) };
    let offset: u64 = file.e_shoff(endian).into();
    if offset == 0 {
        return Err(source.error(
            shoff_at,
            "no section header table (removed by sstrip or strip --strip-section-headers?): sizes can't be measured",
        ));
    }
    let shentsize = usize::from(file.e_shentsize(endian));
    if shentsize != entry {
        return Err(source.error(
            shentsize_at,
            format!("section headers of {shentsize} bytes (e_shentsize), expected {entry}"),
        ));
    }
    let beyond = |count: u64| {
        source.error(
            offset,
            format!(
                "section header table of {count} entries reaches beyond the end of the file ({} bytes): truncated?",
                source.len()
            ),
        )
    };
    // With 65,280 sections or more e_shnum is 0 and the count stands in the first header.
    let mut count = u64::from(file.e_shnum(endian));
    if count == 0 {
        let first = file.section_0(endian, source.data).ok().flatten().ok_or_else(|| beyond(1))?;
        count = first.sh_size(endian).into();
        if count == 0 {
            return Err(source.error(offset, "a section header table without sections"));
        }
    }
    let size = count.checked_mul(entry as u64).ok_or_else(|| beyond(count))?;
    let bytes = source.bytes(offset, size).ok_or_else(|| beyond(count))?;
    let (headers, _) = object::pod::slice_from_bytes::<Elf::SectionHeader>(bytes, count as usize)
        .map_err(|()| beyond(count))?;
    Ok(Table { endian, headers, offset })
}

fn shstrndx<Elf>(source: &Source<'_>, file: &Elf, table: &Table<'_, Elf>) -> Result<u32>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let at = if file.is_type_64() { 0x3e } else { 0x32 };
    let index = match file.e_shstrndx(table.endian) {
        elf::SHN_XINDEX => table.headers[0].sh_link(table.endian),
        index => u32::from(index.0),
    };
    if index == 0 {
        return Err(source.error(at, "no section name table (e_shstrndx is 0)"));
    }
    let Some(header) = table.headers.get(index as usize) else {
        let count = table.headers.len();
        return Err(source.error(
            at,
            format!("section name table index {index} is out of range: there are {count} sections"),
        ));
    };
    if header.sh_type(table.endian) != elf::SHT_STRTAB {
        return Err(source.error(
            table.at(index as usize),
            format!("section {index} holds the section names but is not a string table"),
        ));
    }
    Ok(index)
}

fn sections<'a, Elf>(
    source: &Source<'a>,
    table: &Table<'a, Elf>,
    shstrndx: u32,
) -> Result<Vec<Section<'a>>>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let endian = table.endian;
    let names = contents(source, table, shstrndx as usize)?;
    let mut sections = Vec::with_capacity(table.headers.len().saturating_sub(1));
    for (index, header) in table.headers.iter().enumerate().skip(1) {
        let sh_type = header.sh_type(endian);
        let sh_name = header.sh_name(endian);
        // A null header is no section, whatever else it says.
        if sh_type == elf::SHT_NULL {
            continue;
        }
        let name = string(names, sh_name).ok_or_else(|| {
            source.error(
                table.at(index),
                format!(
                    "name of section {index} at {sh_name:#x} lies outside the section name table ({:#x} bytes)",
                    names.len()
                ),
            )
        })?;
        sections.push(Section {
            index: index as u32,
            name,
            sh_type: sh_type.0,
            flags: header.sh_flags(endian).0,
            addr: header.sh_addr(endian).into(),
            offset: header.sh_offset(endian).into(),
            align: header.sh_addralign(endian).into(),
            size: header.sh_size(endian).into(),
            link: header.sh_link(endian),
            info: header.sh_info(endian),
            data: contents(source, table, index)?,
        });
    }
    Ok(sections)
}

/// The contents of section `index`, all inside the file; empty for `SHT_NOBITS`.
pub(super) fn contents<'a, Elf>(
    source: &Source<'a>,
    table: &Table<'a, Elf>,
    index: usize,
) -> Result<&'a [u8]>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let header = &table.headers[index];
    let endian = table.endian;
    if matches!(header.sh_type(endian), elf::SHT_NOBITS | elf::SHT_NULL) {
        return Ok(&[]);
    }
    let (offset, size): (u64, u64) =
        (header.sh_offset(endian).into(), header.sh_size(endian).into());
    if size == 0 {
        return Ok(&[]);
    }
    source.bytes(offset, size).ok_or_else(|| {
        source.error(
            table.at(index),
            format!(
                "section {index} ({size:#x} bytes at {offset:#x}) reaches beyond the end of the file ({:#x} bytes): truncated?",
                source.len()
            ),
        )
    })
}

/// A name from a file, fit for one line of a terminal.
pub(super) fn printable(name: &[u8]) -> String {
    name.escape_bytes().to_string()
}

/// The NUL-terminated string at `offset` of a string table.
pub(super) fn string(table: &[u8], offset: u32) -> Option<&BStr> {
    let rest = table.get(offset as usize..)?;
    let end = bytes::find(rest, 0)?;
    Some(BStr::new(&rest[..end]))
}

fn kind(source: &Source<'_>, image: &Image<'_>) -> Kind {
    let e_type = image.header.e_type;
    if e_type == elf::ET_EXEC.0 || e_type == elf::ET_DYN.0 {
        Kind::Linked
    } else if image.sections.iter().any(|s| s.name == ".gnu.linkonce.this_module") {
        Kind::Module
    } else if source.member.is_none() && source.file.file_name().is_some_and(|n| n == "vmlinux.o") {
        Kind::Prelink
    } else {
        Kind::Object
    }
}

/// The distinct strings of `.comment`, in order.
fn idents<'a>(sections: &[Section<'a>]) -> Vec<&'a BStr> {
    let mut idents: Vec<&BStr> = Vec::new();
    for section in sections.iter().filter(|s| s.name == ".comment") {
        for ident in section.data.split(|byte| *byte == 0) {
            let ident = BStr::new(ident);
            // A linked file has one per compiler; `vmlinux.o` of old linkers thousands of equals.
            if !ident.is_empty() && !idents.contains(&ident) && idents.len() < 64 {
                idents.push(ident);
            }
        }
    }
    idents
}
