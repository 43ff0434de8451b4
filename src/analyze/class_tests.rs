//! Tests of `class`: which class the bytes of each section belong to.

use proptest::prelude::*;

use super::*;
use crate::analyze::{payload, size};
use crate::model::image::{Bits, Endian, Header, SHF_ALLOC, SHT_NOBITS};
use crate::model::payload::total;
use crate::model::symtab::Symbols;

fn section(index: u32, name: &str, flags: u64, sh_type: u32, addr: u64, size: u64) -> Section<'_> {
    Section {
        index,
        name: BStr::new(name),
        sh_type,
        flags,
        addr,
        offset: 0,
        align: 1,
        size,
        link: 0,
        info: 0,
        data: &[],
    }
}

fn image<'a>(kind: Kind, sections: Vec<Section<'a>>, symbols: Vec<(&str, Symbol)>) -> Image<'a> {
    let (bits, endian) = (Bits::B64, Endian::Little);
    Image {
        path: "x".into(),
        member: None,
        name: "x".into(),
        archive: None,
        kind,
        header: Header { bits, endian, machine: 62, e_type: 2, flags: 0, shstrndx: 0 },
        sections,
        symbols: Symbols::of(symbols),
        has_symtab: true,
        idents: Vec::new(),
        banner: None,
        warnings: Vec::new(),
    }
}

fn label(name: &str, index: u32, value: u64, size: u64) -> (&str, Symbol) {
    (name, Symbol { name: 0, value, size, section: Place::Section(index), kind: 1, bind: 1 })
}

const A: u64 = SHF_ALLOC;
const W: u64 = SHF_WRITE;
const X: u64 = SHF_EXECINSTR;

#[test]
fn names_of_the_kernel_linker_scripts() {
    let class = |name: &str, flags: u64| of_section(&section(1, name, A | flags, 1, 0, 8));
    for (name, flags, expected) in [
        (".text", X, Class::Code),
        (".head.text", X, Class::Code),
        (".rodata.text", X, Class::Code),
        (".init.text", X, Class::Init),
        (".exit.text", X, Class::Init),
        (".x86_cpu_dev.init", 0, Class::Init),
        (".init.scratch", W, Class::Init),
        (".initcall6.init", 0, Class::Init),
        (".init_array", W, Class::Data),
        (".init", X, Class::Code),
        (".altinstructions", 0, Class::Tables),
        (".altinstr_replacement", X, Class::Tables),
        (".alternative", 0, Class::Tables),
        ("__ex_table", 0, Class::Tables),
        ("__bug_table", W, Class::Tables),
        ("__jump_table", W, Class::Tables),
        (".static_call_sites", W, Class::Tables),
        (".static_call.text", X, Class::Code),
        ("__ftr_fixup", 0, Class::Tables),
        ("runtime_ptr_USER_PTR_MAX", 0, Class::Tables),
        (".orc_unwind_ip", 0, Class::Unwind),
        (".eh_frame", 0, Class::Unwind),
        (".ARM.unwind_idx", 0, Class::Unwind),
        (".ARM.exidx.init.text", 0, Class::Unwind),
        (".BTF", 0, Class::Btf),
        (".BTF_ids", 0, Class::Btf),
        ("__ksymtab_gpl", 0, Class::Ksymtab),
        ("___ksymtab+hmm_range_fault", 0, Class::Ksymtab),
        ("__kcrctab", 0, Class::Ksymtab),
        (".data..percpu", W, Class::Percpu),
        (".data..read_mostly", W, Class::Data),
        (".rodata", W, Class::Rodata),
        (".rodata.str1.1", 0, Class::Rodata),
        ("__param", 0, Class::Rodata),
        (".notes", 0, Class::Notes),
        (".data", W, Class::Data),
        ("orphan", W, Class::Data),
    ] {
        assert_eq!(class(name, flags), expected, "{name}");
    }
    let bss = section(1, ".bss", A | W, SHT_NOBITS, 0, 8);
    assert_eq!(of_section(&bss), Class::Bss);
}

#[test]
fn what_never_reaches_vmlinux() {
    for name in [".discard.addressable", ".discard", ".export_symbol", ".modinfo"] {
        assert!(never_linked(BStr::new(name)), "{name}");
    }
    for name in [".text", ".discarded", "__ksymtab", ".init.text"] {
        assert!(!never_linked(BStr::new(name)), "{name}");
    }
    let sections = vec![
        section(1, ".text", A | X, 1, 0, 100),
        section(2, ".discard.reachable", A, 1, 0, 30),
        section(3, ".modinfo", A, 1, 0, 7),
    ];
    let image = image(Kind::Prelink, sections, Vec::new());
    assert_eq!(prelink(&image), Berkeley { text: 100, data: 0, bss: 0 });
}

#[test]
fn tables_inside_rodata_are_found_by_their_labels() {
    let sections = vec![section(1, ".rodata", A | W, 1, 0x1000, 0x100)];
    let symbols = vec![
        label("__start___jump_table", 1, 0x1010, 0),
        label("__stop___jump_table", 1, 0x1020, 0),
        label("kallsyms_names", 1, 0x1080, 0),
        label("kallsyms_markers", 1, 0x10a0, 0),
        label("after", 1, 0x10b0, 16),
    ];
    let classes = classify(&image(Kind::Linked, sections, symbols), None);
    let expected =
        [(Class::Rodata, 0x100 - 0x10 - 0x30), (Class::Ksymtab, 0x30), (Class::Tables, 0x10)];
    assert_eq!(classes, BTreeMap::from(expected));
}

#[test]
fn what_is_freed_after_boot_is_init_whatever_its_name() {
    let sections = vec![
        section(1, ".rela.dyn", A, 1, 0x2000, 0x100),
        section(2, ".altinstructions", A, 1, 0x2100, 0x40),
        section(3, ".data", A | W, 1, 0x4000, 0x100),
    ];
    let symbols = vec![label("__init_begin", 1, 0x2000, 0), label("__init_end", 2, 0x3000, 0)];
    let classes = classify(&image(Kind::Linked, sections, symbols), None);
    let expected = [(Class::Init, 0x100), (Class::Tables, 0x40), (Class::Data, 0x100)];
    assert_eq!(classes, BTreeMap::from(expected));
}

fn any_section(index: u32) -> impl Strategy<Value = Section<'static>> {
    let name = prop::sample::select(vec![
        ".text",
        ".rodata",
        ".data",
        ".bss",
        ".init.text",
        ".BTF",
        "__ex_table",
        ".data..percpu",
    ]);
    let bytes: &'static [u8] =
        &[0, 0, 0x90, 0xcc, 0xc3, 0, 0, 0x0f, 0x1f, 0x00, 0, 0xc3, 1, 2, 0, 0];
    (name, 0u64..8, any::<bool>(), 0u64..64, 0usize..16).prop_map(
        move |(name, flags, nobits, size, len)| {
            let mut section = section(index, name, flags, 1, 0x1000 * u64::from(index), size);
            if nobits {
                section.sh_type = SHT_NOBITS;
                section.size = size << 58; // sizes of NOBITS are bounded by nothing
            } else {
                // Contents shorter than the section are what a damaged file has.
                section.data = &bytes[..len];
            }
            section
        },
    )
}

fn any_symbol() -> impl Strategy<Value = (&'static str, Symbol)> {
    let name = prop::sample::select(vec![
        "f",
        "$d",
        "kallsyms_names",
        "__start___jump_table",
        "__stop___jump_table",
        "__init_begin",
        "__init_end",
    ]);
    let value = prop_oneof![0u64..0x5000, any::<u64>()];
    let size = prop_oneof![0u64..32, any::<u64>()];
    (name, 0u32..6, value, size).prop_map(|(n, i, value, size)| label(n, i, value, size))
}

proptest! {
    /// Whatever sections and symbols claim, no byte is lost or counted twice.
    #[test]
    fn every_byte_has_one_class(
        sections in (any_section(1), any_section(2), any_section(3), any_section(4)),
        symbols in prop::collection::vec(any_symbol(), 0..12),
        linked in any::<bool>(),
    ) {
        let sections = vec![sections.0, sections.1, sections.2, sections.3];
        let kind = if linked { Kind::Linked } else { Kind::Object };
        let image = image(kind, sections, symbols);
        let estimate = payload::estimate(&image);
        for section in &estimate.sections {
            prop_assert!(total(&section.padding) + total(&section.unattributed) <= section.size);
            for runs in [&section.padding, &section.unattributed] {
                prop_assert!(runs.iter().all(|run| !run.is_empty() && run.end <= section.size));
                prop_assert!(runs.windows(2).all(|pair| pair[0].end < pair[1].start));
            }
        }
        for payload in [None, Some(&estimate)] {
            let columns = by_column(&image, payload);
            let mut sum = Berkeley::default();
            for size in columns.values() {
                sum += *size;
            }
            prop_assert_eq!(sum, size::berkeley(&image));
        }
    }
}
