//! Whose the entries of objtool's tables are: unwind entries, call sites, return sites.
//!
//! Where a kernel is linked from `vmlinux.o` as a whole, objtool writes these tables for all of it at
//! once (`tools/objtool/check.c`, `orc_gen.c`), and no map says which object an entry is for. The entry
//! does: it holds the distance to the code it is about (`R_X86_64_PC32` against itself, as
//! `arch/x86/kernel/unwind_orc.c:orc_ip()` and `alternative.c:apply_retpolines()` read it).

use bstr::{BStr, ByteSlice};

use crate::analyze::reconcile::{Laid, Owner};
use crate::model::image::{Endian, Image, SHF_EXECINSTR, Section};
use crate::model::linkmap::{Part, is_prelink};
use crate::model::payload::Run;

/// A table whose entries begin with a signed distance of 32 bits, and how many bytes an entry has.
const TABLES: [(&[u8], u64); 7] = [
    (b".orc_unwind_ip", 4),
    (b".return_sites", 4),
    (b".call_sites", 4),
    (b".retpoline_sites", 4),
    (b".ibt_endbr_seal", 4),
    (b".cfi_sites", 4),
    // struct static_call_site: the address, and its key.
    (b".static_call_sites", 8),
];
/// What the unwinder does at each address of `.orc_unwind_ip`, in the same order.
const UNWIND: &[u8] = b".orc_unwind";
/// `sizeof(struct orc_entry)`: packed, two offsets and 16 bits.
const ORC_ENTRY: u64 = 6;

/// The code of an image by address, and its tables.
pub struct Sites<'m, 'a> {
    /// Address, and what of the map is there.
    code: Vec<(u64, &'m Part<'a>)>,
    /// The targets of `.orc_unwind_ip`, for `.orc_unwind`.
    unwind: Vec<u64>,
    endian: Endian,
}

impl<'m, 'a> Sites<'m, 'a> {
    /// Of an image, over which its map was laid.
    pub fn new(image: &Image<'_>, laid: &[Laid<'_, 'm, 'a>]) -> Self {
        let mut code = Vec::new();
        for section in laid.iter().filter(|laid| laid.section.flags & SHF_EXECINSTR != 0) {
            code.extend(section.runs.iter().filter_map(|(run, owner)| match owner {
                Owner::Part(part) => Some((section.section.addr.wrapping_add(run.start), *part)),
                _ => None,
            }));
        }
        code.sort_by_key(|(addr, _)| *addr);
        let endian = image.header.endian;
        let ips = laid.iter().find(|laid| laid.section.name.as_bytes() == b".orc_unwind_ip");
        let unwind = ips.map_or_else(Vec::new, |laid| {
            let whole = Run { start: 0, end: laid.section.size };
            targets(laid.section, whole, 4, endian).collect()
        });
        Self { code, unwind, endian }
    }

    /// The runs that a run of `vmlinux.o` falls into, each with the object that its entries are about;
    /// nothing where it is no such table, or where that cannot be known.
    pub fn split(
        &self,
        section: &Section<'_>,
        run: Run,
        part: &Part<'_>,
    ) -> Option<Vec<(Run, &'a BStr)>> {
        if !is_prelink(part.file) {
            return None;
        }
        let name = part.name.as_bytes();
        if name == UNWIND {
            let (first, count) = (run.start / ORC_ENTRY, run.len() / ORC_ENTRY);
            let all = first.checked_add(count).and_then(|end| usize::try_from(end).ok())?;
            let known = self.unwind.get(first as usize..all)?;
            return self.runs(run, ORC_ENTRY, known.iter().copied());
        }
        let (_, size) = TABLES.iter().find(|(table, _)| *table == name)?;
        self.runs(run, *size, targets(section, run, *size, self.endian))
    }

    /// Joins neighbours that are about one object.
    fn runs(
        &self,
        run: Run,
        size: u64,
        targets: impl Iterator<Item = u64>,
    ) -> Option<Vec<(Run, &'a BStr)>> {
        let mut runs: Vec<(Run, &'a BStr)> = Vec::new();
        let mut at = run.start;
        for target in targets {
            let file = self.object(target)?;
            let end = at + size;
            match runs.last_mut() {
                Some((last, of)) if *of == file => last.end = end,
                _ => runs.push((Run { start: at, end }, file)),
            }
            at = end;
        }
        // Entries are whole, or it is no such table.
        (at == run.end).then_some(runs)
    }

    /// The object whose code is at `addr`, or last before it: an entry may say where a function ends.
    fn object(&self, addr: u64) -> Option<&'a BStr> {
        let at = self.code.partition_point(|(start, _)| *start <= addr);
        Some(self.code.get(at.checked_sub(1)?)?.1.file)
    }
}

/// What the entries of a table are about.
fn targets<'s>(
    section: &'s Section<'_>,
    run: Run,
    size: u64,
    endian: Endian,
) -> impl Iterator<Item = u64> + 's {
    let range = usize::try_from(run.start).ok().zip(usize::try_from(run.end).ok());
    let bytes = range.and_then(|(start, end)| section.data.get(start..end)).unwrap_or_default();
    let base = section.addr.wrapping_add(run.start);
    bytes.chunks_exact(size as usize).zip(0u64..).filter_map(move |(entry, index)| {
        let distance = entry.first_chunk::<4>()?;
        let distance = match endian {
            Endian::Little => i32::from_le_bytes(*distance),
            Endian::Big => i32::from_be_bytes(*distance),
        };
        Some(base.wrapping_add(index * size).wrapping_add_signed(distance.into()))
    })
}
