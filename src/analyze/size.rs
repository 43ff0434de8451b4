//! Totals as GNU `size` counts them: Berkeley, GNU and System V.
//!
//! GNU `size` is the oracle (`tests/elf.rs` runs it beside ours on hundreds of files). The rules are
//! those of its `size.c` and of how BFD turns section headers into flags: `SEC_READONLY` is a
//! missing `SHF_WRITE`, `SEC_CODE` is `SHF_EXECINSTR`, `SEC_HAS_CONTENTS` is "not `SHT_NOBITS`".

use bstr::BString;

use crate::model::image::{Image, SHF_EXECINSTR, SHF_WRITE, Section};
use crate::model::size::{Berkeley, SizeRow, SysvRow, SysvTable};
use crate::model::symtab::Place;

const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHT_RELA: u32 = 4;
const SHT_REL: u32 = 9;
const SHT_GROUP: u32 = 17;
const SHT_SYMTAB_SHNDX: u32 = 18;
const SHF_GROUP: u64 = 0x200;
const SHF_COMPRESSED: u64 = 0x800;
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const STT_SECTION: u8 = 3;

/// Berkeley totals (`size`, `size -B`): executable or read-only is text, the rest data where it has
/// contents and bss where not. In bytes; COMMON symbols are not in it, see [`common`].
pub fn berkeley(image: &Image<'_>) -> Berkeley {
    sum(image, |section| section.flags & (SHF_EXECINSTR | SHF_WRITE) != SHF_WRITE)
}

/// GNU totals (`size -G`): only executable sections are text; read-only ones are data where they
/// have contents, and bss where not.
pub fn gnu(image: &Image<'_>) -> Berkeley {
    sum(image, |section| section.flags & SHF_EXECINSTR != 0)
}

fn sum(image: &Image<'_>, is_text: impl Fn(&Section<'_>) -> bool) -> Berkeley {
    let mut total = Berkeley::default();
    for section in image.sections.iter().filter(|s| s.is_alloc()) {
        let column = if is_text(section) {
            &mut total.text
        } else if section.is_nobits() {
            &mut total.bss
        } else {
            &mut total.data
        };
        // Sizes of NOBITS sections are bounded by nothing; `size` wraps around as well.
        *column = column.wrapping_add(section.size);
    }
    total
}

/// Bytes of COMMON symbols, which `size --common` adds to bss. The image needs its symbols.
///
/// In a linked file none are left, so `size` doesn't look for any there, and neither does this.
pub fn common(image: &Image<'_>) -> u64 {
    if matches!(image.header.e_type, ET_EXEC | ET_DYN) {
        return 0;
    }
    image
        .symbols
        .iter()
        .filter(|s| s.section == Place::Common && s.kind != STT_SECTION)
        .fold(0, |sum, symbol| sum.wrapping_add(symbol.size))
}

/// A row of the Berkeley table.
pub fn berkeley_row(image: &Image<'_>, with_common: bool) -> SizeRow {
    row(image, berkeley(image), with_common)
}

/// A row of the GNU table.
pub fn gnu_row(image: &Image<'_>, with_common: bool) -> SizeRow {
    row(image, gnu(image), with_common)
}

fn row(image: &Image<'_>, mut size: Berkeley, with_common: bool) -> SizeRow {
    if with_common {
        size.bss = size.bss.wrapping_add(common(image));
    }
    SizeRow { name: image.name.clone(), archive: image.archive.clone(), size }
}

/// The sum of many totals (`size -t`).
pub fn totals<'a>(sizes: impl IntoIterator<Item = &'a Berkeley>) -> Berkeley {
    sizes.into_iter().fold(Berkeley::default(), |sum, size| Berkeley {
        text: sum.text.wrapping_add(size.text),
        data: sum.data.wrapping_add(size.data),
        bss: sum.bss.wrapping_add(size.bss),
    })
}

/// The table of `size -A`: sections in table order, without those that only serve the linker.
pub fn sysv(image: &Image<'_>, with_common: bool) -> SysvTable {
    let symtab = image.sections.iter().find(|s| s.sh_type == SHT_SYMTAB);
    let listed = image.sections.iter().filter(|section| is_listed(image, symtab, section));
    let mut rows: Vec<SysvRow> = groups_together(listed.collect())
        .into_iter()
        .map(|s| SysvRow { name: s.name.into(), size: s.size, addr: s.addr })
        .collect();
    if with_common {
        rows.push(SysvRow { name: BString::from("*COM*"), size: common(image), addr: 0 });
    }
    SysvTable { name: image.name.clone(), archive: image.archive.clone(), rows }
}

/// BFD reads all section groups when it meets the first member of one, so `size` shows them there.
/// The assembler puts groups in front of everything; clang puts each in front of its members.
fn groups_together<'a>(sections: Vec<&'a Section<'a>>) -> Vec<&'a Section<'a>> {
    let is_member = |s: &&Section<'_>| s.flags & SHF_GROUP != 0 && s.sh_type != SHT_GROUP;
    let Some(first) = sections.iter().position(is_member) else { return sections };
    let (before, after) = sections.split_at(first + 1);
    let (groups, rest): (Vec<_>, Vec<_>) = after.iter().partition(|s| s.sh_type == SHT_GROUP);
    before.iter().copied().chain(groups).chain(rest).collect()
}

/// Whether BFD makes a section of a header (`bfd_section_from_shdr`). Symbol tables, their strings
/// and indices, and relocations that belong to a section are attributes of others there.
fn is_listed(image: &Image<'_>, symtab: Option<&Section<'_>>, section: &Section<'_>) -> bool {
    match section.sh_type {
        SHT_SYMTAB => section.is_alloc() && image.header.e_type != ET_DYN,
        SHT_SYMTAB_SHNDX => false,
        SHT_STRTAB => {
            section.index != image.header.shstrndx && symtab.is_none_or(|s| s.link != section.index)
        }
        SHT_REL | SHT_RELA => !is_relocation_of_another(image, symtab, section),
        _ => true,
    }
}

/// Relocations of a linked file that stay in memory (`.rela.dyn`), or that BFD can't connect to a
/// section and the symbol table, are shown as sections of their own.
fn is_relocation_of_another(
    image: &Image<'_>,
    symtab: Option<&Section<'_>>,
    section: &Section<'_>,
) -> bool {
    let linked = matches!(image.header.e_type, ET_EXEC | ET_DYN);
    let target = image.sections.iter().find(|s| s.index == section.info);
    !(linked && section.is_alloc())
        && section.flags & SHF_COMPRESSED == 0
        && symtab.is_some_and(|symtab| symtab.index == section.link)
        && target.is_some_and(|t| !matches!(t.sh_type, SHT_REL | SHT_RELA))
}
