//! Well-formed ELF files whose sizes would mislead: refused (slim LTO, debug files) or warned about.

use object::elf;

use super::read::{Source, printable};
use crate::exit::Result;
use crate::model::image::{Image, SHF_EXECINSTR, SHT_NOTE, Section};

/// Refuses objects that hold no code of their own but would be measured as if they did.
pub(super) fn unmeasurable(source: &Source<'_>, image: &Image<'_>) -> Result<()> {
    if is_slim_lto(&image.sections) {
        return Err(source.refuse(
            "is a slim GCC LTO object: it holds no machine code yet (measure the linked file, or compile with -ffat-lto-objects)",
        ));
    }
    if is_debug_file(&image.sections) {
        return Err(source.refuse(
            "is a debug file (objcopy --only-keep-debug): its sections have no contents (measure the file it was made from)",
        ));
    }
    Ok(())
}

/// GCC 10 and later say so in the fifth byte of `.gnu.lto_.lto.*` (`struct lto_section`,
/// `slim_object`); before, a file with LTO sections and nothing to load is slim.
fn is_slim_lto(sections: &[Section<'_>]) -> bool {
    let mut any = false;
    for section in sections {
        if section.name.starts_with(b".gnu.lto_.lto.") {
            return section.data.get(4).is_some_and(|slim| *slim != 0);
        }
        any |= section.name.starts_with(b".gnu.lto_");
    }
    any && sections.iter().all(|s| !s.is_alloc() || s.size == 0)
}

/// `--only-keep-debug` makes every loaded section `SHT_NOBITS`, except notes. No compiler or linker
/// makes code or `.rodata` so.
fn is_debug_file(sections: &[Section<'_>]) -> bool {
    let emptied = |s: &Section<'_>| {
        s.flags & SHF_EXECINSTR != 0
            || [".text", ".rodata", ".data", ".eh_frame", ".init"]
                .iter()
                .any(|prefix| s.name.starts_with(prefix.as_bytes()))
    };
    let mut found = false;
    for section in sections.iter().filter(|s| s.is_alloc() && s.size > 0) {
        if section.is_nobits() {
            found |= emptied(section);
        } else if section.sh_type != SHT_NOTE {
            return false;
        }
    }
    found
}

/// Sections that share bytes of the file. `size` counts them twice without a word; so do we, since
/// the totals must be the same, but not silently.
pub(super) fn overlap(sections: &[Section<'_>]) -> Option<String> {
    let mut end = 0;
    let in_order = sections.iter().filter(|s| occupies(s)).all(|s| {
        let fits = s.offset >= end;
        end = s.offset.saturating_add(s.size);
        fits
    });
    if in_order {
        return None;
    }
    let mut sorted: Vec<&Section<'_>> = sections.iter().filter(|s| occupies(s)).collect();
    sorted.sort_by_key(|s| (s.offset, s.index));
    let mut previous = *sorted.first()?;
    for section in sorted.into_iter().skip(1) {
        if section.offset < previous.offset.saturating_add(previous.size) {
            return Some(format!(
                "sections {} ({}) and {} ({}) overlap at offset {:#x} of the file; both are counted, as size does",
                previous.index,
                printable(previous.name),
                section.index,
                printable(section.name),
                section.offset
            ));
        }
        if section.offset.saturating_add(section.size)
            > previous.offset.saturating_add(previous.size)
        {
            previous = section;
        }
    }
    None
}

fn occupies(section: &Section<'_>) -> bool {
    section.size > 0 && !section.is_nobits() && section.sh_type != elf::SHT_NULL.0
}
