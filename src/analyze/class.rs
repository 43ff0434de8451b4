//! Which class every ALLOC byte of an image belongs to.
//!
//! The rules come from the kernel's linker scripts (include/asm-generic/vmlinux.lds.h and the
//! vmlinux.lds.S of each architecture): first the section's name, then the marker symbols the
//! scripts put around tables that have no output section of their own (kallsyms, jump labels and
//! static calls inside `.rodata`), then whether it lies between `__init_begin` and `__init_end`,
//! and at last the section's flags. Every byte has exactly one class; the sum is Berkeley's `dec`.

use std::collections::BTreeMap;

use bstr::BStr;

use crate::model::class::Class;
use crate::model::image::{Image, Kind, SHF_EXECINSTR, SHF_WRITE, SHT_NOTE, Section};
use crate::model::payload::{PayloadMap, Run};
use crate::model::size::{Berkeley, PayloadKind};
use crate::model::symtab::{Place, Symbol};

/// Sections whose name alone says what they are for; a trailing `*` matches any rest.
/// The first match counts.
const BY_NAME: &[(&str, Class)] = &[
    (".BTF*", Class::Btf),
    (".note*", Class::Notes),
    // `___ksymtab+foo` is what they are called in objects.
    ("__ksymtab*", Class::Ksymtab),
    ("___ksymtab*", Class::Ksymtab),
    ("__kcrctab*", Class::Ksymtab),
    ("___kcrctab*", Class::Ksymtab),
    ("__kallsyms", Class::Ksymtab),
    (".export_symbol", Class::Ksymtab),
    (".orc_*", Class::Unwind),
    (".eh_frame*", Class::Unwind),
    (".sframe", Class::Unwind),
    (".gcc_except_table*", Class::Unwind),
    (".ARM.exidx*", Class::Unwind),
    (".ARM.extab*", Class::Unwind),
    (".ARM.unwind_*", Class::Unwind),
    (".PARISC.unwind", Class::Unwind),
    (".IA_64.unwind*", Class::Unwind),
    (".xt.prop", Class::Unwind),
    (".data..percpu*", Class::Percpu),
    (".data.percpu*", Class::Percpu),
    (".alt*", Class::Tables), // .altinstructions, .altinstr_replacement, .alternative, .alt.smp.init
    ("__ex_table", Class::Tables),
    ("__dbe_table", Class::Tables),
    ("__bug_table", Class::Tables),
    (".bugs", Class::Tables),
    ("__jump_table", Class::Tables),
    (".static_call_sites", Class::Tables),
    (".static_call_tramp_key", Class::Tables),
    (".smp_locks*", Class::Tables),
    (".parainstructions", Class::Tables),
    (".retpoline_sites", Class::Tables),
    (".return_sites", Class::Tables),
    (".call_sites", Class::Tables),
    (".cfi_sites", Class::Tables),
    (".ibt_endbr_seal", Class::Tables),
    (".kcfi_traps", Class::Tables),
    ("__kcfi_traps", Class::Tables),
    (".nospec_*_table", Class::Tables),
    ("__nospec_*", Class::Tables),
    (".s390_*", Class::Tables),
    ("__mcount_loc", Class::Tables),
    ("__patchable_function_entries", Class::Tables),
    ("__tracepoints_ptrs", Class::Tables),
    ("runtime_*", Class::Tables),
    (".init.smpalt", Class::Tables),
    (".init.pv_table", Class::Tables),
    (".pv_table", Class::Tables),
    // powerpc: code patched at boot, by CPU feature or mitigation; .discard. aside.
    ("__*_fixup", Class::Tables),
    (".fixup_*", Class::Tables),
    ("__ftr_alt_*", Class::Tables),
    ("__soft_mask_table", Class::Tables),
    ("__restart_table", Class::Tables),
    // sparc
    (".*_patch", Class::Tables),
    (".init.*", Class::Init),
    (".initcall*", Class::Init),
    (".con_initcall*", Class::Init),
    (".exit.*", Class::Init),
    (".exitcall*", Class::Init),
    (".devinit.*", Class::Init),
    (".devexit.*", Class::Init),
    (".cpuinit.*", Class::Init),
    (".cpuexit.*", Class::Init),
    (".meminit.*", Class::Init),
    (".memexit.*", Class::Init),
    (".*.init", Class::Init), // .x86_cpu_dev.init, .machvec.init, .lsm_info.init
    (".taglist", Class::Init),
    (".apicdrivers", Class::Init),
    (".iommu_table", Class::Init),
    // Writable by flag since RO_AFTER_INIT data is merged into it, constant by meaning.
    (".rodata*", Class::Rodata),
    (".data.rel.ro*", Class::Rodata),
    (".pci_fixup*", Class::Rodata),
    ("__param", Class::Rodata),
    ("__modver", Class::Rodata),
    (".modinfo", Class::Rodata),
];

/// Tables inside other sections, from the symbol that begins them to the one that ends them.
const MARKED: &[(&str, &str, Class)] = &[
    ("__start___jump_table", "__stop___jump_table", Class::Tables),
    ("__start_static_call_sites", "__stop_static_call_sites", Class::Tables),
    ("__start_static_call_tramp_key", "__stop_static_call_tramp_key", Class::Tables),
    ("__start___tracepoints_ptrs", "__stop___tracepoints_ptrs", Class::Tables),
    ("__start_mcount_loc", "__stop_mcount_loc", Class::Tables),
    ("__start___ex_table", "__stop___ex_table", Class::Tables),
    ("__start___bug_table", "__stop___bug_table", Class::Tables),
    ("__alt_instructions", "__alt_instructions_end", Class::Tables),
    ("__start___ksymtab", "__stop___ksymtab", Class::Ksymtab),
    ("__start___ksymtab_gpl", "__stop___ksymtab_gpl", Class::Ksymtab),
    ("__start_notes", "__stop_notes", Class::Notes),
    ("__start_BTF", "__stop_BTF", Class::Btf),
    ("__per_cpu_start", "__per_cpu_end", Class::Percpu),
    ("__start_unwind_idx", "__stop_unwind_idx", Class::Unwind),
    ("__start_unwind_tab", "__stop_unwind_tab", Class::Unwind),
];

/// The labels of scripts/kallsyms.c: assembler data without sizes, each up to the next symbol.
const KALLSYMS: &[&str] = &[
    "kallsyms_addresses",
    "kallsyms_offsets",
    "kallsyms_relative_base",
    "kallsyms_num_syms",
    "kallsyms_names",
    "kallsyms_markers",
    "kallsyms_token_table",
    "kallsyms_token_index",
    "kallsyms_seqs_of_names",
];

/// Sections that the kernel's linker scripts discard (`COMMON_DISCARDS` in vmlinux.lds.h), so that
/// they are in `vmlinux.o` but never reach vmlinux.
const NEVER_LINKED: &[&str] = &[
    ".discard",
    ".discard.*",
    ".export_symbol",
    ".modinfo",
    ".gnu.version*",
    ".note.GNU-stack",
    ".note.gnu.property",
    "__ksymtab_strings",
    ".exitcall.exit",
];

/// The class of a section as a whole, by its name and flags.
pub fn of_section(section: &Section<'_>) -> Class {
    let exec = section.flags & SHF_EXECINSTR != 0;
    let named = BY_NAME.iter().find(|(pattern, _)| matches(pattern, section.name));
    if let Some(&(_, class)) = named
        // arm64's .rodata.text is code that is mapped read-only.
        && !(exec && class == Class::Rodata)
    {
        return class;
    }
    if section.sh_type == SHT_NOTE {
        Class::Notes
    } else if exec {
        Class::Code
    } else if section.is_nobits() {
        Class::Bss
    } else if section.flags & SHF_WRITE != 0 {
        Class::Data
    } else {
        Class::Rodata
    }
}

/// What `size` would say of a `vmlinux.o` without the sections that never reach vmlinux.
pub fn prelink(image: &Image<'_>) -> Berkeley {
    let mut sum = Berkeley::default();
    for section in image.sections.iter().filter(|s| s.is_alloc() && !never_linked(s.name)) {
        sum.add(section, section.size);
    }
    sum
}

/// Whether a section of `vmlinux.o` never reaches vmlinux.
pub fn never_linked(name: &BStr) -> bool {
    NEVER_LINKED.iter().any(|pattern| matches(pattern, name))
}

/// The bytes of each class; they sum to the image's `dec`.
///
/// With a payload, padding is [`Class::Padding`]; if it comes from a linker map, bytes the map does
/// not explain are [`Class::Unattributed`]. (Without a map, bytes outside symbols still have the
/// class of their section: a string literal is read-only data.)
pub fn classify(image: &Image<'_>, payload: Option<&PayloadMap>) -> BTreeMap<Class, u64> {
    by_column(image, payload).into_iter().map(|(class, size)| (class, size.dec())).collect()
}

/// As [`classify`], in the columns of Berkeley `size`.
pub fn by_column(image: &Image<'_>, payload: Option<&PayloadMap>) -> BTreeMap<Class, Berkeley> {
    let markers = Markers::find(image);
    let mut sums: BTreeMap<Class, Berkeley> = BTreeMap::new();
    for section in image.sections.iter().filter(|section| section.is_alloc()) {
        let mut add = |class: Class, bytes: u64| {
            if bytes > 0 {
                sums.entry(class).or_default().add(section, bytes);
            }
        };
        let parts = payload.and_then(|payload| payload.section(section.index));
        let padding = parts.map_or(&[][..], |parts| &parts.padding);
        let nobody = match (payload, parts) {
            (Some(payload), Some(parts)) if payload.kind == PayloadKind::Map => {
                &parts.unattributed[..]
            }
            _ => &[],
        };
        let whole = Run { start: 0, end: section.size };
        let (fill, lost) = (inside(padding, whole), inside(nobody, whole));
        let mut rest = section.size - fill - lost;
        add(Class::Padding, fill);
        add(Class::Unattributed, lost);
        let base = of_section(section);
        for (run, class) in markers.within(section, base) {
            let bytes = run.len() - inside(padding, run) - inside(nobody, run);
            rest -= bytes;
            add(class, bytes);
        }
        add(if markers.is_init(section, base) { Class::Init } else { base }, rest);
    }
    sums
}

/// How many bytes of the sorted, disjoint `runs` lie within `range`.
fn inside(runs: &[Run], range: Run) -> u64 {
    let first = runs.partition_point(|run| run.end <= range.start);
    runs[first..]
        .iter()
        .take_while(|run| run.start < range.end)
        .map(|run| run.end.min(range.end) - run.start.max(range.start))
        .sum()
}

/// Whether `name` is `pattern`, whose one `*`, if it has one, stands for anything.
fn matches(pattern: &str, name: &BStr) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((head, tail)) => {
            name.len() >= head.len() + tail.len()
                && name.starts_with(head.as_bytes())
                && name.ends_with(tail.as_bytes())
        }
    }
}

/// What the marker symbols of the linker scripts say.
#[derive(Default)]
struct Markers {
    /// Runs of addresses (linked) in the section with this index, sorted and disjoint.
    runs: Vec<(u32, Run, Class)>,
    /// `__init_begin..__init_end`
    init: Option<Run>,
}

impl Markers {
    fn find(image: &Image<'_>) -> Self {
        if image.kind != Kind::Linked {
            return Self::default();
        }
        let mut named: BTreeMap<&[u8], Symbol> = BTreeMap::new();
        let mut kallsyms = Vec::new();
        for symbol in image.symbols.iter() {
            let name: &[u8] = image.symbols.name(&symbol);
            if name.starts_with(b"kallsyms_") {
                if KALLSYMS.iter().any(|k| k.as_bytes() == name) {
                    kallsyms.push(symbol);
                }
            } else if name.starts_with(b"__") && is_marker(name) {
                named.insert(name, symbol);
            }
        }
        let mut found = Self::default();
        for &(from, to, class) in MARKED {
            if let (Some(from), Some(to)) = (named.get(from.as_bytes()), named.get(to.as_bytes()))
                && let Place::Section(index) = from.section
            {
                found.runs.push((index, Run { start: from.value, end: to.value }, class));
            }
        }
        if let (Some(from), Some(to)) =
            (named.get(&b"__init_begin"[..]), named.get(&b"__init_end"[..]))
        {
            found.init = Some(Run { start: from.value, end: to.value });
        }
        found.add_kallsyms(image, &kallsyms);
        found.runs.retain(|(_, run, _)| !run.is_empty());
        found.runs.sort_unstable();
        // Tables nest on no architecture; if symbols lie, the first one wins.
        found.runs.dedup_by(|b, a| a.0 == b.0 && b.1.start < a.1.end);
        found
    }

    /// Each label extends to the next symbol of any name, or to the end of its section.
    fn add_kallsyms(&mut self, image: &Image<'_>, labels: &[Symbol]) {
        for label in labels {
            let Place::Section(index) = label.section else { continue };
            let Some(section) = image.sections.iter().find(|s| s.index == index) else { continue };
            if section.flags & SHF_EXECINSTR != 0 {
                continue;
            }
            let next = image
                .symbols
                .iter()
                .filter(|symbol| symbol.section == label.section && symbol.value > label.value)
                .map(|symbol| symbol.value)
                .min()
                .unwrap_or(u64::MAX);
            let end = next.min(section.addr.saturating_add(section.size));
            self.runs.push((index, Run { start: label.value, end }, Class::Ksymtab));
        }
    }

    /// The marked runs of `section` as offsets, unless its own name already says more.
    fn within<'m>(
        &'m self,
        section: &'m Section<'_>,
        base: Class,
    ) -> impl Iterator<Item = (Run, Class)> + 'm {
        let generic = is_generic(base) || base == Class::Init;
        self.runs
            .iter()
            .filter(move |(index, ..)| generic && *index == section.index)
            .map(|&(_, run, class)| {
                let offset = |addr: u64| addr.saturating_sub(section.addr).min(section.size);
                (Run { start: offset(run.start), end: offset(run.end) }, class)
            })
            .filter(|(run, _)| !run.is_empty())
    }

    /// Whether the section lies in the memory that is freed after boot.
    fn is_init(&self, section: &Section<'_>, base: Class) -> bool {
        is_generic(base)
            && self.init.is_some_and(|init| {
                section.addr >= init.start
                    && section.addr.checked_add(section.size).is_some_and(|end| end <= init.end)
            })
    }
}

/// Classes that come from flags or from a name that says little.
fn is_generic(class: Class) -> bool {
    matches!(class, Class::Code | Class::Rodata | Class::Data | Class::Bss)
}

fn is_marker(name: &[u8]) -> bool {
    name == b"__init_begin"
        || name == b"__init_end"
        || MARKED.iter().any(|(from, to, _)| from.as_bytes() == name || to.as_bytes() == name)
}

#[cfg(test)]
#[path = "class_tests.rs"]
mod tests;
