//! `off-costs-nothing` on real ELF files: two sources compiled here, the option off in both, one
//! leak planted. The linker script fills `.text` to a page, as x86's does: `size` sees nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Case, Ran};
use crate::support;

const BASE: &str = "
int table[64];
static const char name[] = \"kernel\";
int used(int x) { return table[x & 63]; }
static int helper(int x) { return x * 3 + name[x & 3]; }
int caller(int x) { return helper(x) + used(x); }
#ifdef CONFIG_HMM
int hmm_range(int x) { return x * x + caller(x); }
#endif
void _start(void) { table[0] = caller(1); }
";

/// What the head adds: with the option off, one function that was forgotten outside of the guard,
/// and one that grew.
const LEAK: &str = "int hmm_leak(int x) { return table[(x + 7) & 63] * 5; }\n";

const SCRIPT: &str = "
ENTRY(_start)
SECTIONS {
  . = 0x100000;
  .text : { *(.text*) . = ALIGN(4096); }
  .rodata : { *(.rodata*) }
  .data : { *(.data*) }
  .bss : { *(.bss*) *(COMMON) }
  /DISCARD/ : { *(.eh_frame) *(.note*) *(.ARM.exidx*) *(.ARM.extab*) }
}
";

/// An architecture to compile for, and its compiler.
struct Machine {
    arch: &'static str,
    gcc: &'static str,
    nm: &'static str,
}

const MACHINES: [Machine; 2] = [
    Machine { arch: "x86_64", gcc: "x86_64-linux-gnu-gcc", nm: "x86_64-linux-gnu-nm" },
    Machine { arch: "arm", gcc: "arm-linux-gnueabi-gcc", nm: "arm-linux-gnueabi-nm" },
];

/// The machines whose compilers are there; all under CI.
fn machines() -> Vec<&'static Machine> {
    MACHINES.iter().filter(|machine| support::have(machine.gcc)).collect()
}

/// Compiles and links `source` in `dir` to `vmlinux` with its map, and measures it.
fn build(dir: &Path, machine: &Machine, source: &str, options: &[&str]) -> Value {
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("main.c"), source).unwrap();
    fs::write(dir.join("kernel.lds"), SCRIPT).unwrap();
    let flags = "-O1 -ffreestanding -fno-pie -fno-inline -fno-asynchronous-unwind-tables -nostdlib \
                 -no-pie -static -Wl,--build-id=none -Wl,-T,kernel.lds -Wl,-Map=vmlinux.map";
    let args = flags.split_whitespace().chain(options.iter().copied());
    support::run(dir, machine.gcc, args.chain(["-o", "vmlinux", "main.c"]));
    let (vmlinux, map) = (dir.join("vmlinux"), dir.join("vmlinux.map"));
    let (measured, _) = hmmsize::commands::measure::linked(&vmlinux, Some(&map)).unwrap();
    serde_json::to_value(measured).unwrap()
}

/// A cell of a run in `root` that was built by [`build`].
fn cell(root: &Path, machine: &Machine, source: &str, variant: &str, text: &str) -> Value {
    let id = format!("{}/{source}/{variant}", machine.arch);
    let options: &[&str] = if variant == "with" { &["-DCONFIG_HMM"] } else { &[] };
    let mut measured = build(&root.join(&id), machine, text, options);
    measured["file"] = json!(format!("{id}/vmlinux"));
    json!({
        "id": id, "arch": machine.arch, "variant": variant, "base_config": "tinyconfig",
        "source": {"label": source, "kernel": null, "digest": null, "revision": null},
        "labels": [], "target": {"kind": "vmlinux"}, "status": {"state": "built"},
        "requests": [], "dragged_in": [], "ours": [], "config_digest": null, "identity": null,
        "compiler": "gcc 12", "linker": "ld 2.40", "make_words": [], "measured": measured,
        "wall_s": 0.0, "cpu_s": 0.0, "objects": null, "reproduce": null, "log": null,
    })
}

/// A run of `base` and `head` on all machines, with and without the option.
fn case(head: &str) -> Case {
    let case = Case::whole("off-costs-nothing = true\n");
    let mut cells = Vec::new();
    for machine in machines() {
        for (source, text) in [("base", BASE), ("head", head)] {
            for variant in ["without", "with"] {
                cells.push(cell(case.dir.path(), machine, source, variant, text));
            }
        }
    }
    let run = json!({
        "schema": 1, "tool": "hmmsize 0.1.0", "command": ["hmmsize", "build"],
        "baseline_variant": "without", "baseline_source": "base", "cells": cells,
    });
    case.write("run.json", &run.to_string());
    case
}

/// The judgements of a verdict in JSON.
fn judgements(ran: &Ran) -> Vec<Value> {
    let verdict: Value = serde_json::from_str(&ran.out).expect("JSON");
    verdict["judgements"].as_array().expect("judgements").clone()
}

/// Symbol → size, as nm has it.
fn nm(machine: &Machine, file: &Path) -> BTreeMap<String, u64> {
    let output = support::run(file.parent().unwrap(), machine.nm, ["-S", "vmlinux"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let sized = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, size, _, name] = words[..] else { return None };
        Some((name.to_owned(), u64::from_str_radix(size, 16).unwrap()))
    });
    sized.collect()
}

/// What GNU `size` says of the vmlinux in `dir`.
fn size_of(dir: &Path) -> String {
    String::from_utf8(support::run(dir, "size", ["vmlinux"]).stdout).unwrap()
}

#[test]
fn exactly_the_leak_is_named_and_nm_agrees() {
    let head =
        format!("{BASE}{LEAK}").replace("return table[x & 63];", "return table[x & 63] / 7;");
    let case = case(&head);
    let ran = case.gate("run.json --policy p.toml --format json");
    assert_eq!(ran.code, i32::from(!machines().is_empty()), "{}{}", ran.out, ran.err);
    let judgements = judgements(&ran);
    assert_eq!(judgements.len(), machines().len());
    for (machine, judgement) in machines().iter().zip(&judgements) {
        assert_eq!(judgement["state"], "over");
        let root = case.path(machine.arch);
        let old = nm(machine, &root.join("base/without/vmlinux"));
        let new = nm(machine, &root.join("head/without/vmlinux"));
        let grown: BTreeMap<&str, (Option<u64>, u64)> = new
            .iter()
            .filter(|(name, size)| old.get(*name).is_none_or(|old| old < *size))
            .map(|(name, size)| (name.as_str(), (old.get(name).copied(), *size)))
            .collect();
        let named: BTreeMap<&str, (Option<u64>, u64)> = judgement["symbols"]
            .as_array()
            .unwrap()
            .iter()
            .map(|symbol| {
                let sizes = (symbol["old"].as_u64(), symbol["new"].as_u64().unwrap());
                (symbol["name"].as_str().unwrap(), sizes)
            })
            .collect();
        assert_eq!(named, grown, "{}", machine.arch);
        assert_eq!(named.keys().copied().collect::<Vec<_>>(), ["hmm_leak", "used"]);
        let size = |source: &str| size_of(&root.join(source).join("without"));
        assert_eq!(size("base"), size("head"), "GNU size sees nothing on {}", machine.arch);
    }
    let table = case.gate("run.json --policy p.toml").out;
    let line =
        table.lines().find(|line| line.contains("hmm_leak  (code")).expect("the leak's line");
    assert!(line.split_whitespace().any(|word| word == "new"), "{line}");
}

#[test]
fn without_the_leak_it_passes_although_the_option_itself_costs_more() {
    // The head's option costs more; with it off, nothing is left.
    let head = BASE.replace("return x * x + caller(x);", "return x * x * caller(x) / 3;");
    let case = case(&head);
    let ran = case.gate("run.json --policy p.toml --format json");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for judgement in judgements(&ran) {
        assert_eq!(judgement["state"], "pass");
        assert_eq!(judgement["base"], judgement["head"]);
        assert_eq!(judgement["symbols"], json!([]));
    }
}

#[test]
fn a_leak_within_the_allowance_passes_and_a_waived_one_is_listed() {
    let case = case(&format!("{BASE}{LEAK}"));
    case.write("p.toml", "[off-costs-nothing]\nmax-growth = 64\n");
    assert_eq!(case.gate("run.json --policy p.toml").code, 0);
    let waiver = |symbol: &str| {
        format!(
            "off-costs-nothing = true\n[[waiver]]\nrule = \"off-costs-nothing\"\nsymbol = \"{symbol}\"\n\
             reason = \"moves in the next patch\"\nexpires = 2030-01-01\n"
        )
    };
    case.write("p.toml", &waiver("^hmm_"));
    let ran = case.gate("run.json --policy p.toml --today 2029-01-01");
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("waived") && ran.out.contains("hmm_leak"), "{}", ran.out);
    case.write("p.toml", &waiver("^other_"));
    assert_eq!(case.gate("run.json --policy p.toml --today 2029-01-01").code, 1);
}

#[test]
fn a_limit_on_symbols_sums_those_that_match() {
    let case = case(&format!("{BASE}{LEAK}"));
    let file = case.path("x86_64/head/without/vmlinux");
    let size = nm(&MACHINES[0], &file)["hmm_leak"];
    for (max, code) in [(size, 0), (size - 1, 1)] {
        let limit = "[[limit]]\nvariant = \"without\"\narch = \"x86_64\"\nsymbol = \"_leak$\"\n";
        case.write("p.toml", &format!("{limit}max = {max}\n"));
        let ran = case.gate("run.json --policy p.toml");
        assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
        case.write("p.toml", &format!("{limit}max-growth = {max}\n"));
        assert_eq!(case.gate("run.json --policy p.toml").code, code);
    }
    // An image that is gone costs the names, and a limit on names cannot be judged without it.
    fs::remove_file(&file).unwrap();
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!(ran.code, 2, "{}", ran.out);
    case.write("p.toml", "off-costs-nothing = true\n");
    let ran = case.gate("run.json --policy p.toml");
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("symbols cannot be named: x86_64 head without"), "{}", ran.out);
}

#[test]
fn images_are_held_against_a_baseline_by_name() {
    let case = case(&format!("{BASE}{LEAK}"));
    let base = "x86_64/base/without/vmlinux";
    let ran = case.gate(&format!("{base} --baseline b.json --update-baseline --record-symbols"));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(case.gate(&format!("{base} --baseline b.json")).code, 0);
    let ran = case.gate("x86_64/head/without/vmlinux --baseline b.json --format json");
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let judgements = judgements(&ran);
    let names: Vec<&Value> =
        judgements[0]["symbols"].as_array().unwrap().iter().map(|symbol| &symbol["name"]).collect();
    assert_eq!(names, ["hmm_leak"]);
    if machines().len() > 1 {
        let ran = case.gate("arm/base/without/vmlinux --baseline b.json --format github");
        assert_eq!(ran.code, 2, "{}", ran.out);
        assert!(ran.out.contains("the baseline has x86_64, not arm"), "{}", ran.out);
    }
}

#[test]
fn what_is_odd_about_an_image_is_said() {
    let case = case(BASE);
    let base = "x86_64/base/without/vmlinux";
    let update = format!("{base} --baseline b.json --update-baseline");
    assert!(!case.gate(&update).err.contains("warning"));
    // The map of another program.
    let map = "Linker script and memory map\n\n.other          0x1000       0x10\n";
    case.write(&format!("{base}.map"), map);
    let ran = case.gate(&format!("{base} --baseline b.json"));
    assert!(ran.err.contains("hmmsize: warning: "), "{}", ran.err);
    assert!(ran.err.contains("section .text is not in the map"), "{}", ran.err);
    assert_eq!(case.gate(&format!("{base} --baseline b.json -q")).err, "");
    // No map at all, which is what `compare` says of it as well.
    case.write(&format!("{base}.map"), "nothing of the kind\n");
    let ran = case.gate(&format!("{base} --baseline b.json"));
    assert!(ran.err.contains("vmlinux.map: "), "{}", ran.err);
    assert!(ran.err.contains("; payload is estimated"), "{}", ran.err);
    // What was recorded is from a map.
    let why = "payload estimated against payload from the";
    assert_eq!((ran.code, ran.out.contains(why)), (2, true), "{}", ran.out);
}

#[test]
fn an_image_that_could_be_several_records_must_be_named() {
    let case = case(BASE);
    let args = "run.json --baseline b.json --update-baseline";
    let mut run: Value = serde_json::from_slice(&fs::read(case.path("run.json")).unwrap()).unwrap();
    let cells = run["cells"].as_array_mut().unwrap();
    cells.retain(|cell| cell["source"]["label"] == "base");
    for cell in cells {
        cell["compiler"] = Value::Null;
        cell["linker"] = Value::Null;
    }
    case.write("run.json", &run.to_string());
    let ran = case.gate(args);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let image = "x86_64/base/with/vmlinux --baseline b.json";
    let ran = case.gate(image);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("x86_64 with, x86_64 without: say --variant NAME"), "{}", ran.err);
    assert_eq!(case.gate(&format!("{image} --variant with")).code, 0);
    let ran = case.gate(&format!("{image} --variant without"));
    assert_eq!(ran.code, 1, "the option costs something\n{}", ran.out);
}

#[test]
fn only_a_linked_kernel_is_judged() {
    let case = case(BASE);
    let dir = case.path("x86_64/base/without");
    support::run(&dir, "x86_64-linux-gnu-gcc", ["-c", "main.c", "-o", "main.o"]);
    support::run(&dir, "x86_64-linux-gnu-ld", ["-r", "main.o", "-o", "vmlinux.o"]);
    case.gate("x86_64/base/without/vmlinux --baseline b.json --update-baseline");
    for (file, words) in
        [("vmlinux.o", "pre-link"), ("main.o", "not a linked kernel"), ("main.c", "main.c")]
    {
        let ran = case.gate(&format!("x86_64/base/without/{file} --baseline b.json"));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{file}: {}", ran.err);
        assert!(ran.err.contains(words), "{file}: {}", ran.err);
    }
    let ran = case.gate("x86_64/base/without/vmlinux");
    assert!(ran.code == 2 && ran.err.contains("give --baseline FILE"), "{}", ran.err);
}
