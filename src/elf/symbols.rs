//! Symbol tables: found, checked entry by entry, and lent as they lie in the file.

use bstr::{BStr, ByteSlice};
use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, SectionHeader};

use super::read::{Source, Table, contents, printable};
use crate::exit::Result;
use crate::model::image::Image;
use crate::model::symtab::{Place, Symbol, Symbols};

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
    let entries = contents(source, table, index)?;
    if entries.len() % entry != 0 {
        return Err(source.error(
            table.at(index),
            format!("symbol table of {} bytes is no multiple of {entry}", entries.len()),
        ));
    }
    let names = symbol_names(source, table, index)?;
    let extended = extended_indices(source, table, index)?;
    let symbols = Symbols::new(image.header, entries, names, extended);
    // Whatever begins before the last NUL ends there at the latest.
    let ends = names.iter().rposition(|&byte| byte == 0).map_or(0, |last| last + 1);
    let is_fine = |symbol: &Symbol| {
        let section = match symbol.section {
            Place::Section(section) => section as usize,
            Place::Other(index) if index == elf::SHN_XINDEX.0 => usize::MAX,
            _ => 0,
        };
        (symbol.name as usize) < ends && section < headers.len()
    };
    let banners = symbols.offsets_of("linux_banner");
    // In ascending order: nearly all names are ruled out by where they are.
    let near = banners.first().copied().unwrap_or(u32::MAX)..=banners.last().copied().unwrap_or(0);
    let (mut all_fine, mut banner) = (true, None);
    symbols.each(|_, symbol| {
        all_fine &= is_fine(&symbol);
        if near.contains(&symbol.name)
            && banners.contains(&symbol.name)
            && let Place::Section(section) = symbol.section
        {
            banner = Some((section, symbol.value));
        }
    });
    if !all_fine
        && let Some((number, symbol)) = (1..).zip(symbols.iter()).find(|(_, s)| !is_fine(s))
    {
        let start: u64 = header.sh_offset(endian).into();
        let at = start + (number * entry) as u64;
        return Err(source.error(at, fault(number, &symbol, &symbols, ends, headers.len())));
    }
    image.banner = banner.and_then(|(section, value)| banner_text(image, section, value));
    image.symbols = symbols;
    Ok(())
}

/// What is wrong with a symbol, where names must begin before `ends` and there are `sections` headers.
fn fault(
    number: usize,
    symbol: &Symbol,
    symbols: &Symbols<'_>,
    ends: usize,
    sections: usize,
) -> String {
    let st_name = symbol.name;
    if st_name as usize >= ends {
        let len = symbols.strings().len();
        return format!(
            "name of symbol {number} at {st_name:#x} lies outside its string table ({len:#x} bytes)"
        );
    }
    let name = printable(symbols.name(symbol));
    match symbol.section {
        Place::Section(section) => format!(
            "symbol {number} ({name}) is in section {section}, but there are {sections} sections"
        ),
        _ => format!(
            "symbol {number} ({name}) has an extended section index, but there is no table of those (SHT_SYMTAB_SHNDX) or it is too short"
        ),
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
