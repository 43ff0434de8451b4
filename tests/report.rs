//! `hmmsize report`, end to end: what it reads and refuses, what the page contains, and what a real
//! browser makes of it.

mod support;

#[path = "report/browser.rs"]
mod browser;
#[path = "report/hostile.rs"]
mod hostile;
#[path = "report/input.rs"]
mod input;
#[path = "report/large.rs"]
mod large;
#[path = "report/page.rs"]
mod page;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// What a run of the program left.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs `hmmsize` in `dir`.
fn run<S: AsRef<std::ffi::OsStr>>(dir: &Path, args: impl IntoIterator<Item = S>) -> Ran {
    let output = support::hmmsize().current_dir(dir).args(args).output().expect("hmmsize starts");
    Ran {
        code: output.status.code().expect("no signal"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Makes `page.html` of these inputs in `dir`.
fn page(dir: &Path, args: &[&str]) -> PathBuf {
    let ran = run(dir, [&["report", "-o", "page.html"], args].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    dir.join("page.html")
}

/// A file of `tests/samples`.
fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

/// A row of symbols: its name, object, bytes before and after.
type Symbol<'a> = (&'a str, &'a str, Option<u64>, Option<u64>);

/// The JSON of `compare` with these symbols.
fn comparison(symbols: &[Symbol<'_>]) -> Value {
    let row = |&(name, unit, old, new): &Symbol<'_>| {
        let delta = new.unwrap_or(0) as i64 - old.unwrap_or(0) as i64;
        let change = match (old, new) {
            (None, _) => "added",
            (_, None) => "removed",
            _ if delta > 0 => "grown",
            _ if delta < 0 => "shrunk",
            _ => "same",
        };
        json!({
            "name": name, "unit": unit, "old": old, "new": new, "delta": delta, "percent": null,
            "change": change, "class": "code",
        })
    };
    let sum = |pick: fn(&Symbol<'_>) -> Option<u64>| symbols.iter().filter_map(pick).sum::<u64>();
    let (old, new) = (sum(|symbol| symbol.2), sum(|symbol| symbol.3));
    let total = row(&("total", "", Some(old), Some(new)));
    let file = |name: &str, text: u64| {
        json!({
            "name": name, "kind": "linked", "arch": "x86_64",
            "size": { "text": text, "data": 0, "bss": 0 }, "payload": null, "prelink": null,
            "compilers": ["gcc 12.2.0"], "linkers": ["GNU ld 2.40"], "has_symtab": true,
        })
    };
    let mut dec = total.clone();
    dec["name"] = "dec".into();
    json!({
        "schema": 1, "tool": "hmmsize 0.1.0", "baseline": 0,
        "files": [file("without/vmlinux", old), file("with/vmlinux", new)],
        "comparisons": [{
            "file": 1, "columns": [dec], "symbols": null, "sections": [], "config": null, "warnings": [],
            "tables": [{
                "by": "symbol", "title": "Symbol", "hidden": 0, "rest": [], "total": total,
                "rows": symbols.iter().map(row).collect::<Vec<_>>(),
            }],
        }],
    })
}

/// The JSON of `lint` with these findings: file, line and message.
fn lint(findings: &[(&str, u32, &str)]) -> Value {
    let finding = |(number, &(file, line, message)): (usize, &(&str, u32, &str))| {
        json!({
            "code": if number % 2 == 0 { "K101" } else { "G007" },
            "rule": if number % 2 == 0 { "unmet-select" } else { "redundant-operand" },
            "severity": if number % 2 == 0 { "error" } else { "warning" },
            "file": file, "line": line, "column": 1, "length": 0, "symbol": "A", "arches": ["arm", "x86"],
            "message": message, "proof": [{ "file": file, "line": line, "text": "A depends on B" }],
            "witness": { "A": "y", "B": "n" }, "witness_arch": "arm", "verified": "conf", "probes": [],
            "fingerprint": format!("{number:016x}"),
        })
    };
    json!({
        "schema": 1, "tool": "hmmsize 0.1.0", "tree": "linux", "arches": ["arm", "x86"],
        "rules": ["K101", "G007"], "hidden": 0,
        "findings": findings.iter().enumerate().map(finding).collect::<Vec<_>>(),
    })
}

/// The JSON of `audit`: one architecture that has the option, and one that cannot.
fn audit() -> Value {
    let gate = json!({ "kind": "object", "place": "mm/Makefile:127", "text": "obj-$(CONFIG_HMM_MIRROR) += hmm.o" });
    let row = |name: &str, object: &str, old: Option<u64>, new: u64, why: &str| {
        json!({
            "name": name, "object": object, "class": "code", "old": old, "new": new,
            "delta": new as i64 - old.unwrap_or(0) as i64, "why": why, "option": "ZONE_DEVICE",
        })
    };
    let mut direct = row("hmm_range_fault", "mm/hmm.o", None, 1340, "direct");
    direct["defined"] = "mm/hmm.c:577".into();
    direct["gate"] = gate;
    let mut ungated = row("zap_pte_range", "mm/memory.o", Some(1000), 1091, "ungated");
    ungated["growth"] = "inline".into();
    ungated["through"] = json!(["put_page"]);
    let group = |why: &str, growth: Option<&str>, bytes: i64| {
        let mut group = json!({ "why": why, "option": "ZONE_DEVICE", "bytes": bytes, "up": bytes, "down": 0, "rows": 1 });
        if let Some(growth) = growth {
            group["growth"] = growth.into();
        }
        group
    };
    let side = |file: &str, text: u64| json!({ "file": file, "size": { "text": text, "data": 0, "bss": 0 }, "payload": { "bytes": text, "kind": "map" } });
    let cost = json!({
        "old": side("without/vmlinux", 9000), "new": side("with/vmlinux", 10431), "identical": false,
        "requested": [], "dragged_in": [], "payload": 1431, "dec": 1431, "moved": 1431,
        "groups": [group("direct", None, 1340), group("ungated", Some("inline"), 91)],
        "rows": [direct, ungated], "warnings": [],
        "types": [{
            "name": "struct page", "defined": "include/linux/mm_types.h:72", "old": 56, "new": 64,
            "fields": [{
                "name": "pgmap", "old": null, "new": 64, "option": "ZONE_DEVICE", "through": ["dev_pagemap"],
                "gate": { "kind": "guard", "place": "include/linux/mm_types.h:90", "text": "#ifdef CONFIG_ZONE_DEVICE" },
            }],
        }],
        "inlined": [{ "name": "put_page", "functions": 72, "growth": 1234, "bytes": 812 }],
    });
    json!({
        "schema": 1, "tool": "hmmsize 0.1.0", "tree": "linux", "kernel": "6.12.0", "options": ["ZONE_DEVICE"],
        "verdict": "broken", "reasons": ["x86_64: 91 bytes are ungated"], "functions": [], "findings": [],
        "commit_message": "Size of it",
        "arches": [
            {
                "arch": "arm", "on": null, "off": null, "missing": [],
                "possible": [{
                    "option": "ZONE_DEVICE", "state": "impossible",
                    "chain": [{ "symbol": "ZONE_DEVICE", "place": "mm/Kconfig:1105", "says": "needs ARCH_HAS_PTE_DEVMAP" }],
                }],
            },
            {
                "arch": "x86_64", "on": cost, "off": null, "missing": [],
                "possible": [{ "option": "ZONE_DEVICE", "state": "possible" }],
            },
        ],
    })
}

/// A directory with these files.
fn case(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = support::scratch();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).expect("a directory");
        fs::write(path, text).expect("written");
    }
    dir
}
