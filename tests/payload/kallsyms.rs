//! The kernel's own symbol table against `scripts/kallsyms` of real trees, which writes it: each object
//! has the entries of its symbols, to the byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hmmsize::analyze::attribute::kallsyms::{ENTRIES, NAMES, REST};
use hmmsize::analyze::attribute::pieces::{self, Pieces};
use hmmsize::elf::{Input, Want, linkmap};

use crate::support::{ci, have, linux_tree, run, scratch};

const FIRST: &str = "
int second(int); static int data[3] = { 1, 2, 3 };
static __attribute__((noinline)) int helper(int x) { return second(x) + data[x & 1]; }
int a_function_with_a_long_name(int x) { return helper(x) * 3; }
int _start(void) { return a_function_with_a_long_name(data[2]); }
";
const SECOND: &str = "
int counter; int table[4] = { 4, 3, 2, 1 };
static __attribute__((noinline)) int helper(int x) { return table[x & 3] + counter; }
int second(int x) { counter++; return helper(x); }
";
/// What link-vmlinux.sh wants to know, and labels at the edges of objects.
const SCRIPT: &str = "
ENTRY(_start)
SECTIONS
{
    . = 0x100000;
    _text = .; _stext = .;
    .text : { *first.o(.text) edge_of_second = .; *second.o(.text) _etext = .; }
    .init : { _sinittext = .; . = . + 16; _einittext = .; }
    .rodata : { *(.rodata .rodata.*) }
    .data : { *(.data .data.*) }
    .bss : { *(.bss .bss.*) }
    /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) *(.ARM.*) *(.gnu.attributes) }
}
";
const COMPILERS: [&str; 4] =
    ["gcc", "aarch64-linux-gnu-gcc", "arm-linux-gnueabihf-gcc", "s390x-linux-gnu-gcc"];
/// What a `scripts/kallsyms` is told, before 6.2 and 6.9 more than since.
const WAYS: [&[&str]; 4] = [
    &["--all-symbols"],
    &["--all-symbols", "--absolute-percpu"],
    &["--all-symbols", "--base-relative"],
    &["--all-symbols", "--base-relative", "--absolute-percpu"],
];

/// The trees at hand, the one that tests are run with first.
fn trees() -> Vec<PathBuf> {
    let Some(first) = linux_tree() else { return Vec::new() };
    let beside = first.parent().and_then(|dir| std::fs::read_dir(dir).ok());
    let mut trees: Vec<PathBuf> =
        beside.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    trees.retain(|tree| *tree != first && tree.join("scripts/kallsyms.c").is_file());
    trees.sort();
    trees.insert(0, first);
    trees
}

/// Links twice, as link-vmlinux.sh does: with a table of the right size, then with the right one. The
/// text of the last table; nothing where this version does not know the way.
fn link(dir: &Path, gcc: &str, way: &[&str]) -> Option<String> {
    for (name, text) in [("first.c", FIRST), ("second.c", SECOND), ("script.lds", SCRIPT)] {
        std::fs::write(dir.join(name), text).unwrap();
    }
    std::fs::create_dir_all(dir.join("asm")).unwrap();
    let bits =
        "#ifdef __LP64__\n#define BITS_PER_LONG 64\n#else\n#define BITS_PER_LONG 32\n#endif\n";
    std::fs::write(dir.join("asm/bitsperlong.h"), bits).unwrap();
    std::fs::write(dir.join("asm/types.h"), bits).unwrap();
    let flags = ["-O1", "-fno-pic", "-fno-asynchronous-unwind-tables", "-fno-stack-protector"];
    for name in ["first", "second"] {
        let files = ["-c".to_owned(), format!("{name}.c"), "-o".to_owned(), format!("{name}.o")];
        run(dir, gcc, flags.iter().map(|&flag| flag.to_owned()).chain(files));
    }
    let ld = |out: &str, table: Option<&str>| {
        // arm64 relocates itself, and has addresses in relocations only.
        let kind: &[&str] = match gcc {
            "aarch64-linux-gnu-gcc" => {
                &["-shared", "-Wl,-Bsymbolic,-z,notext,--no-apply-dynamic-relocs"]
            }
            _ => &["-static", "-no-pie"],
        };
        let flags = ["-nostdlib", "-Wl,-T,script.lds", "-Wl,--build-id=none"];
        let files = ["-Wl,-Map=out.map", "-o", out, "first.o", "second.o"];
        run(dir, gcc, kind.iter().chain(&flags).chain(&files).copied().chain(table));
    };
    ld("out", None);
    let prefix = gcc.strip_suffix("gcc").unwrap();
    let mut text = String::new();
    for _ in 0..3 {
        let symbols = run(dir, &format!("{prefix}nm"), ["-n", "out"]).stdout;
        let listed = String::from_utf8(symbols).unwrap();
        // scripts/mksysmap
        let kept =
            listed.lines().filter(|line| !line.contains(" kallsyms_") && !line.contains('$'));
        std::fs::write(dir.join("syms"), kept.collect::<Vec<_>>().join("\n") + "\n").unwrap();
        let mut command = std::process::Command::new(dir.join("kallsyms"));
        let syms = std::fs::File::open(dir.join("syms")).unwrap();
        // Until 6.1 the symbols come from standard input; since then from a file.
        let from_file =
            std::fs::read_to_string(dir.join("kallsyms.c")).unwrap().contains("read_map(argv");
        command.args(way).args(from_file.then_some("syms")).current_dir(dir).stdin(syms);
        let output = command.output().unwrap();
        if !output.status.success() {
            return None;
        }
        text = String::from_utf8(output.stdout).unwrap();
        std::fs::write(dir.join("table.S"), &text).unwrap();
        run(dir, gcc, ["-I.", "-c", "table.S", "-o", "table.o"]);
        ld("out", Some("table.o"));
    }
    Some(text)
}

/// The names that the table has in its own order, with the bytes that each takes.
fn listed(text: &str) -> Vec<u64> {
    let (_, names) = text.split_once("kallsyms_names:").unwrap();
    let (names, _) = names.split_once("kallsyms_markers:").unwrap();
    let lines = names.lines().filter(|line| line.contains(".byte"));
    lines.map(|line| line.split("/*").next().unwrap().matches("0x").count() as u64).collect()
}

/// What each object has by our account: entries and names, and what is left.
fn ours(dir: &Path) -> (BTreeMap<String, (u64, u64)>, u64, Pieces) {
    let text = std::fs::read(dir.join("out.map")).unwrap();
    let (map, _) = linkmap::parse(&text, "out.map").unwrap();
    let input = Input::open(&dir.join("out")).unwrap();
    let image = input.image(Want::SYMBOLS).unwrap();
    let dealt = pieces::of(&image, Some(&map), None);
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut rest = 0;
    for (key, piece) in &dealt.all {
        match key.name.trim_matches(['(', ')']) {
            ENTRIES => found.entry(key.object.to_string()).or_default().0 += piece.bytes,
            NAMES => found.entry(key.object.to_string()).or_default().1 += piece.bytes,
            REST => rest += piece.bytes,
            _ => {}
        }
    }
    (found, rest, dealt)
}

/// What each object should have: nm says which symbols the image has, in the order of the table, and which
/// each object defines.
fn theirs(dir: &Path, gcc: &str, text: &str) -> BTreeMap<String, (u64, u64)> {
    let prefix = gcc.strip_suffix("gcc").unwrap();
    let entry = if text.contains("kallsyms_seqs_of_names") { 3 } else { 0 };
    let wide = text.contains("kallsyms_addresses:") && !gcc.starts_with("arm");
    let entry = entry + if wide { 8 } else { 4 };
    let symbols =
        String::from_utf8(run(dir, &format!("{prefix}nm"), ["-n", "out"]).stdout).unwrap();
    let symbols: Vec<(&str, &str)> = symbols
        .lines()
        .filter(|line| !line.contains(" kallsyms_") && !line.contains('$'))
        .map(|line| line.split_once(' ').unwrap())
        .map(|(addr, rest)| (addr, rest.split_once(' ').unwrap()))
        // Absolute ones are left out (`is_ignored_symbol`).
        .filter(|(_, (kind, _))| !kind.eq_ignore_ascii_case("a"))
        .map(|(addr, (_, name))| (addr, name))
        .collect();
    // The table is sorted by address, and at one address by rules of its own; no two functions or
    // variables of ours share one, but labels of the script do share those of functions.
    let names = listed(text);
    assert_eq!(names.len(), symbols.len(), "{gcc}");
    let of_name = decoded(text);
    let mut expected = BTreeMap::new();
    for object in ["first.o", "second.o"] {
        let nm = run(dir, &format!("{prefix}nm"), ["--defined-only", object]).stdout;
        let nm = String::from_utf8(nm).unwrap();
        let defined: Vec<&str> = nm
            .lines()
            .filter_map(|line| line.rsplit(' ').next())
            .filter(|name| !name.contains('$') && !name.starts_with('.'))
            .collect();
        let mut sum = (entry * defined.len() as u64, 0);
        for name in defined {
            let number = usize::from(object != "first.o");
            let same: Vec<u64> = of_name
                .iter()
                .filter(|(known, _)| known == name)
                .map(|(_, bytes)| *bytes)
                .collect();
            assert!(!same.is_empty(), "{name} of {object} in {of_name:?}");
            // Both objects have a `helper`.
            sum.1 += if same.len() == 1 { same[0] } else { same[number] };
        }
        expected.insert(object.to_owned(), sum);
    }
    expected
}

/// The names of the table, decoded here from its text, and the bytes that each takes.
fn decoded(text: &str) -> Vec<(String, u64)> {
    let part = |from: &str| {
        let (_, rest) = text.split_once(&format!("{from}:")).unwrap();
        rest.split_once("\n.globl").map_or(rest, |(part, _)| part)
    };
    let tokens: Vec<String> = part("kallsyms_token_table")
        .lines()
        .filter_map(|line| Some(line.split_once(".asciz\t\"")?.1.trim_end_matches('"').to_owned()))
        .collect();
    assert_eq!(tokens.len(), 256);
    let names = part("kallsyms_names").lines().filter(|line| line.contains(".byte"));
    names
        .map(|line| {
            let bytes = line.split("/*").next().unwrap().split("0x").skip(1);
            let codes: Vec<usize> =
                bytes.map(|byte| usize::from_str_radix(&byte[..2], 16).unwrap()).collect();
            let name: String = codes[1..].iter().map(|&code| tokens[code].as_str()).collect();
            (name[1..].to_owned(), codes.len() as u64)
        })
        .collect()
}

#[test]
fn each_object_has_the_entries_of_its_symbols() {
    let mut compared = 0;
    for tree in trees() {
        for gcc in COMPILERS {
            if !have(gcc) {
                continue;
            }
            for way in WAYS {
                let dir = scratch();
                let source = tree.join("scripts/kallsyms.c");
                std::fs::copy(&source, dir.path().join("kallsyms.c")).unwrap();
                let include = format!("-I{}", tree.join("scripts/include").display());
                run(dir.path(), "gcc", ["-w", "-O1", &include, "kallsyms.c", "-o", "kallsyms"]);
                let Some(text) = link(dir.path(), gcc, way) else { continue };
                let (found, rest, dealt) = ours(dir.path());
                let what = format!("{} {gcc} {way:?}", tree.display());
                if gcc.starts_with("aarch64") && text.contains("kallsyms_addresses:") {
                    // Every address is in a relocation: what cannot be read is nobody's.
                    assert!(found.is_empty(), "{what}");
                    continue;
                }
                assert_eq!(found, theirs(dir.path(), gcc, &text), "{what}");
                let prefix = gcc.strip_suffix("gcc").unwrap();
                let sizes = run(dir.path(), &format!("{prefix}size"), ["-A", "table.o"]).stdout;
                let sizes = String::from_utf8(sizes).unwrap();
                let line = sizes.lines().find(|line| line.starts_with(".rodata")).unwrap();
                let whole: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
                let sum: u64 = found.values().map(|(entries, names)| entries + names).sum();
                assert_eq!(sum + rest, whole, "{what}: every byte of the table");
                let total = dealt.payload() + dealt.padding;
                let size = run(dir.path(), &format!("{prefix}size"), ["out"]).stdout;
                let size = String::from_utf8(size).unwrap();
                let dec = size.lines().nth(1).unwrap().split_whitespace().nth(3).unwrap();
                assert_eq!(total.to_string(), dec, "{what}: as size says");
                compared += 1;
            }
        }
    }
    if linux_tree().is_some() && have("gcc") {
        eprintln!("kallsyms: {compared} tables");
        assert!(compared >= if ci() { 6 } else { 2 }, "only {compared}");
    }
}
