//! A kernel that is linked from `vmlinux.o` as a whole, against the same kernel linked at once.
//!
//! Real linkers do both. A third object stands for what objtool writes into `vmlinux.o`, where entries
//! that the assembler made say which code they are about.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hmmsize::analyze::attribute::pieces::{self, Pieces};
use hmmsize::analyze::attribute::strings::Merged;
use hmmsize::elf::{Input, MapFile, Want};

use crate::linkers;
use crate::support::{have, run, scratch};

/// Objects with functions, data, padding between them, and sections that only one has.
const OBJECTS: [(&str, &str); 3] = [
    (
        "init/main.o",
        ".globl _start\n_start: call hot\n ret\n.type _start,@function\n.size _start,.-_start\n\
         .section .init.text,\"ax\",@progbits\nbegin: .skip 40,0x90\n.type begin,@function\n\
         .size begin,40\n.data\n.balign 64\ntable: .skip 100,1\n.size table,100\n",
    ),
    (
        "mm/hmm.o",
        ".globl hot\n.balign 64\nhot: .skip 77,0x90\n ret\n.type hot,@function\n.size hot,.-hot\n\
         .section .rodata,\"a\"\nlimits: .long 1,2,3\n.size limits,12\n",
    ),
    (
        "mm/swap.o",
        ".globl put\n.balign 16\nput: .skip 33,0x90\n.type put,@function\n.size put,33\n\
         .bss\nseen: .skip 24\n.size seen,24\n",
    ),
];
/// Two entries about `hot`, one about `put`, two about `_start`; and what the unwinder does there.
const TABLES: &str = ".section .return_sites,\"a\"\n.long hot - .\n.long hot + 77 - .\n.long put - .\n\
     .section .orc_unwind_ip,\"a\"\n.long _start - .\n.long _start + 2 - .\n.long hot - .\n\
     .section .orc_unwind,\"a\"\n.skip 18,5\n";
const SCRIPT: &str = "ENTRY(_start)\nSECTIONS {\n . = 0x100000;\n .text : { *(.text) }\n .init.text : { *(.init.text) }\n \
     .rodata : { *(.rodata) }\n .return_sites : { *(.return_sites) }\n \
     .orc_unwind_ip : { *(.orc_unwind_ip) }\n .orc_unwind : { *(.orc_unwind) }\n \
     .data : { *(.data) }\n .bss : { *(.bss) }\n}\n";

/// Writes the objects, and a kernel in each of both ways: `direct/vmlinux` and `whole/vmlinux`.
fn build(dir: &Path, linker: &Path) {
    for name in ["init", "mm", "direct", "whole"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
    let assemble = |name: &str, text: &str| {
        fs::write(dir.join("a.s"), text).unwrap();
        run(dir, "as", ["a.s", "-o", name]);
    };
    for (name, text) in OBJECTS {
        assemble(name, text);
    }
    assemble("tables.o", TABLES);
    fs::write(dir.join("script.lds"), SCRIPT).unwrap();
    let names = OBJECTS.map(|(name, _)| name);
    let link = |args: &[&str]| drop(run(dir, linker.to_str().unwrap(), args));
    let last = ["-T", "script.lds", "-static"];
    let direct = ["-Map=direct/vmlinux.map", "-o", "direct/vmlinux"];
    link(&[&last[..], &direct, &names, &["tables.o"]].concat());
    link(&[&["-r", "-Map=whole/vmlinux.o.map", "-o", "linked.o"][..], &names].concat());
    link(&["-r", "-o", "vmlinux.o", "linked.o", "tables.o"]);
    link(&[&last[..], &["-Map=whole/vmlinux.map", "-o", "whole/vmlinux", "vmlinux.o"]].concat());
}

fn dealt(vmlinux: &Path) -> Pieces {
    let input = Input::open(vmlinux).unwrap();
    let image = input.image(Want::SYMBOLS).unwrap();
    let map = MapFile::beside(vmlinux).unwrap().expect("a map");
    let (map, diags) = map.parse().unwrap();
    assert!(diags.is_empty(), "{diags:?}");
    pieces::of(&image, Some(&map), None)
}

/// Bytes by object and name. Fill is fill wherever it is; what the tables are in is told apart.
fn by_object(pieces: &Pieces) -> BTreeMap<(String, String), u64> {
    let rows = pieces.all.iter();
    rows.map(|(key, piece)| ((key.object.to_string(), key.name.to_string()), piece.bytes)).collect()
}

#[test]
fn a_kernel_linked_as_a_whole_is_dealt_out_as_one_linked_at_once() {
    if !have("as") || !cfg!(target_arch = "x86_64") {
        return;
    }
    let mut compared = 0;
    for (name, linker) in linkers() {
        let dir = scratch();
        build(dir.path(), &linker);
        let direct = dealt(&dir.path().join("direct/vmlinux"));
        let whole = dealt(&dir.path().join("whole/vmlinux"));
        assert!(whole.has_objects, "{name}");
        let (mut was, mut is) = (by_object(&direct), by_object(&whole));
        // A link with -r keeps fill between sections of one name, which is no section's of its own.
        assert_eq!(direct.payload() + direct.padding, whole.payload() + whole.padding, "{name}");
        // In the direct link the tables are an object's; in the whole one each entry is about one.
        let mut entries = BTreeMap::new();
        for (table, of) in [
            (".return_sites", [("mm/hmm.o", 8), ("mm/swap.o", 4)]),
            (".orc_unwind_ip", [("init/main.o", 8), ("mm/hmm.o", 4)]),
            (".orc_unwind", [("init/main.o", 12), ("mm/hmm.o", 6)]),
        ] {
            let table = format!("({table})");
            assert!(
                was.remove(&("tables.o".to_owned(), table.clone())).is_some(),
                "{name} {was:?}"
            );
            for (object, bytes) in of {
                let found = is.remove(&(object.to_owned(), table.clone()));
                entries.insert((object, table.clone()), (bytes, found));
            }
        }
        assert!(
            entries.values().all(|(bytes, found)| *found == Some(*bytes)),
            "{name} {entries:?}"
        );
        assert_eq!(was, is, "{name}");
        compared += is.len() + entries.len();
    }
    assert!(compared >= 26, "only {compared} compared");
}

#[test]
fn a_map_of_another_vmlinux_o_loses_no_byte() {
    if !have("as") || !cfg!(target_arch = "x86_64") {
        return;
    }
    let dir = scratch();
    build(dir.path(), Path::new("ld"));
    let vmlinux = dir.path().join("whole/vmlinux");
    let all = dealt(&vmlinux).payload();
    let beside = dir.path().join("whole/vmlinux.o.map");
    // Of another link: sizes are others, and what has another size stays whole.
    let text = fs::read_to_string(&beside).unwrap();
    let other: String = text.replace("0x64", "0x65");
    assert_ne!(text, other);
    fs::write(&beside, other).unwrap();
    assert_eq!(dealt(&vmlinux).payload(), all);
    // Cut off, and none at all: said, and nothing lost.
    fs::write(&beside, "no map\n").unwrap();
    let map = MapFile::beside(&vmlinux).unwrap().expect("a map");
    let (map, diags) = map.parse().unwrap();
    assert!(diags[0].to_string().contains("vmlinux.o.map: is not a linker map"), "{diags:?}");
    assert!(map.parts.iter().all(|part| part.file.ends_with(b"vmlinux.o") || part.file.is_empty()));
}

/// Strings that two objects have, one that another ends with, and one of each object's own.
const STRINGS: [(&str, &[&str]); 3] = [
    ("init/main.o", &["common tail", "of main"]),
    ("mm/hmm.o", &["tail", "of hmm alone"]),
    ("mm/swap.o", &["common tail", "of swap"]),
];

#[test]
fn merged_strings_belong_to_the_first_object_that_has_them() {
    if !have("as") || !cfg!(target_arch = "x86_64") {
        return;
    }
    // ld.lld's map calls what it merged its own, of no input section.
    for (name, linker) in linkers().into_iter().filter(|(name, _)| *name == "ld") {
        let dir = scratch();
        let dir = dir.path();
        for sub in ["init", "mm"] {
            fs::create_dir_all(dir.join(sub)).unwrap();
        }
        for (object, strings) in STRINGS {
            let mut text = ".globl _start\n.weak _start\n_start: ret\n.skip 100,0x90\n".to_owned();
            text += ".section .rodata.str1.1,\"aMS\",@progbits,1\n";
            text.extend(strings.iter().map(|string| format!(".string \"{string}\"\n")));
            fs::write(dir.join("a.s"), text).unwrap();
            run(dir, "as", ["a.s", "-o", object]);
        }
        let script = "ENTRY(_start)\nSECTIONS {\n . = 0x100000;\n .text : { *(.text) }\n \
                      .rodata : { *(.rodata .rodata.*) }\n}\n";
        fs::write(dir.join("script.lds"), script).unwrap();
        let names = STRINGS.map(|(name, _)| name);
        let link = |args: &[&str]| drop(run(dir, linker.to_str().unwrap(), args));
        link(&[&["-r", "-Map=vmlinux.o.map", "-o", "vmlinux.o"][..], &names].concat());
        let whole = ["-T", "script.lds", "-static", "-Map=vmlinux.map", "-o", "vmlinux"];
        link(&[&whole[..], &["vmlinux.o"]].concat());

        let vmlinux = dir.join("vmlinux");
        let input = Input::open(&vmlinux).unwrap();
        let image = input.image(Want::SYMBOLS).unwrap();
        let file = MapFile::beside(&vmlinux).unwrap().expect("a map");
        let (map, _) = file.parse().unwrap();
        let (inner, path) = file.prelink().expect("a map of vmlinux.o");
        let object = Input::open(&path).unwrap();
        let object = object.image(Want::TOTALS).unwrap();
        let strings = Merged::new(&object, &inner);
        let found = by_object(&pieces::of(&image, Some(&map), Some(&strings)));
        let bytes =
            |object: &str| found.get(&(object.to_owned(), "(.rodata.str1.1)".to_owned())).copied();
        assert_eq!(bytes("init/main.o"), Some(12 + 8), "{name}: {found:?}");
        assert_eq!(bytes("mm/hmm.o"), Some(13), "{name}: {found:?}");
        assert_eq!(bytes("mm/swap.o"), Some(8), "{name}: {found:?}");
        assert!(!found.keys().any(|(object, _)| object == "vmlinux.o"), "{name}: {found:?}");
    }
}
