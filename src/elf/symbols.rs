//! Symbol tables: 130,000 symbols of a vmlinux in a few milliseconds, names borrowed.

use bstr::{BStr, ByteSlice};
use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, SectionHeader, Sym};

use super::read::{Source, Table, contents, printable, string};
use crate::exit::Result;
use crate::model::image::{Image, Place, Symbol};

/// COMMON of the large model (x86-64).
const SHN_X86_64_LCOMMON: u16 = 0xff02;
/// COMMON within reach of `$gp`.
const SHN_MIPS_SCOMMON: u16 = 0xff03;

/// Reads the first `SHT_SYMTAB` into `image`, and finds `linux_banner`.
pub(super) fn read<'a, Elf>(
    source: &Source<'a>,
    table: &Table<'a, Elf>,
    image: &mut Image<'a>,
) -> Result<()>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let endian = table.endian;
    let headers = table.headers;
    let Some(index) = headers.iter().position(|h| h.sh_type(endian) == elf::SHT_SYMTAB) else {
        return Ok(());
    };
    let header = &headers[index];
    let entry = size_of::<Elf::Sym>();
    let claimed: u64 = header.sh_entsize(endian).into();
    if claimed != entry as u64 {
        return Err(source.error(
            table.at(index),
            format!("symbol table with entries of {claimed} bytes, expected {entry}"),
        ));
    }
    let bytes = contents(source, table, index)?;
    if bytes.len() % entry != 0 {
        return Err(source.error(
            table.at(index),
            format!("symbol table of {} bytes is no multiple of {entry}", bytes.len()),
        ));
    }
    let count = bytes.len() / entry;
    // Cannot fail: the length is exact and the type has no alignment.
    let entries = object::pod::slice_from_bytes::<Elf::Sym>(bytes, count).map_or(&[][..], |s| s.0);
    let names = symbol_names(source, table, index)?;
    let extended = extended_indices(source, table, index)?;
    let machine = elf::Machine(image.header.machine);

    let mut symbols = Vec::with_capacity(count.saturating_sub(1));
    let start: u64 = header.sh_offset(endian).into();
    let mut banner = None;
    for (i, symbol) in entries.iter().enumerate().skip(1) {
        let at = start + (i * entry) as u64;
        let st_name = symbol.st_name(endian);
        let name = string(names, st_name).ok_or_else(|| {
            source.error(
                at,
                format!("name of symbol {i} at {st_name:#x} lies outside its string table ({:#x} bytes)", names.len()),
            )
        })?;
        let shndx = symbol.st_shndx(endian).0;
        let section = if shndx == elf::SHN_XINDEX.0 {
            let Some(word) = extended.get(i * 4..i * 4 + 4) else {
                return Err(source.error(
                    at,
                    format!("symbol {i} ({}) has an extended section index, but there is no table of those (SHT_SYMTAB_SHNDX) or it is too short", printable(name)),
                ));
            };
            let word = [word[0], word[1], word[2], word[3]];
            Place::Section(match endian {
                Endianness::Little => u32::from_le_bytes(word),
                Endianness::Big => u32::from_be_bytes(word),
            })
        } else {
            place(shndx, machine)
        };
        if let Place::Section(section) = section {
            if section as usize >= headers.len() {
                return Err(source.error(
                    at,
                    format!(
                        "symbol {i} ({}) is in section {section}, but there are {} sections",
                        printable(name),
                        headers.len()
                    ),
                ));
            }
            if name == "linux_banner" {
                banner = Some((section, symbol.st_value(endian).into()));
            }
        }
        symbols.push(Symbol {
            name,
            value: symbol.st_value(endian).into(),
            size: symbol.st_size(endian).into(),
            section,
            kind: symbol.st_type().0,
            bind: symbol.st_bind().0,
        });
    }
    image.symbols = symbols;
    image.banner = banner.and_then(|(section, value)| banner_text(image, section, value));
    Ok(())
}

fn place(shndx: u16, machine: elf::Machine) -> Place {
    match shndx {
        0 => Place::Undefined,
        index if index < elf::SHN_LORESERVE => Place::Section(u32::from(index)),
        index if index == elf::SHN_ABS.0 => Place::Absolute,
        index if index == elf::SHN_COMMON.0 => Place::Common,
        SHN_X86_64_LCOMMON if machine == elf::EM_X86_64 => Place::Common,
        SHN_MIPS_SCOMMON if machine == elf::EM_MIPS => Place::Common,
        index => Place::Other(index),
    }
}

fn symbol_names<'a, Elf>(
    source: &Source<'a>,
    table: &Table<'a, Elf>,
    symtab: usize,
) -> Result<&'a [u8]>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let link = table.headers[symtab].sh_link(table.endian);
    match table.headers.get(link as usize) {
        Some(header) if header.sh_type(table.endian) == elf::SHT_STRTAB => {
            contents(source, table, link as usize)
        }
        _ => Err(source.error(
            table.at(symtab),
            format!(
                "the symbol table's string table (section {link}) is missing or not a string table"
            ),
        )),
    }
}

/// The bytes of the `SHT_SYMTAB_SHNDX` section that belongs to `symtab`; empty if there is none.
fn extended_indices<'a, Elf>(
    source: &Source<'a>,
    table: &Table<'a, Elf>,
    symtab: usize,
) -> Result<&'a [u8]>
where
    Elf: FileHeader<Endian = Endianness>,
{
    let endian = table.endian;
    let found = table.headers.iter().position(|h| {
        h.sh_type(endian) == elf::SHT_SYMTAB_SHNDX && h.sh_link(endian) as usize == symtab
    });
    found.map_or(Ok(&[]), |index| contents(source, table, index))
}

/// The string `linux_banner` points to.
fn banner_text<'a>(image: &Image<'a>, section: u32, value: u64) -> Option<&'a BStr> {
    let section = image.sections.iter().find(|s| s.index == section)?;
    // In relocatable files values are offsets, and section addresses are 0.
    let offset = usize::try_from(value.checked_sub(section.addr)?).ok()?;
    let rest = section.data.get(offset..)?;
    let end = rest.find_byte(0)?;
    Some(BStr::new(rest[..end].trim_end()))
}
