//! Symbols found again under other names, and every byte accounted for.

use std::path::Path;

use serde_json::Value;

use super::build::{Toolchain, build, pair};
use crate::support::{have, hmmsize, schema, scratch};

fn json(words: &[&str], old: &Path, new: &Path) -> Value {
    let output = hmmsize()
        .args(["compare", "--format", "json"])
        .args(words)
        .args([old, new])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = serde_json::from_slice(&output.stdout).expect("JSON");
    schema::check("compare", &report);
    report
}

/// (name, change, old, new) of the rows of the table of symbols.
fn symbols(report: &Value) -> Vec<(String, String, u64, u64)> {
    let tables = report["comparisons"][0]["tables"].as_array().unwrap();
    let table = tables.iter().find(|table| table["by"] == "symbol").unwrap();
    let bytes = |value: &Value| value.as_u64().unwrap_or(0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    table["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (text(&row["name"]), text(&row["change"]), bytes(&row["old"]), bytes(&row["new"]))
        })
        .collect()
}

const GCC: Toolchain = Toolchain { compiler: "gcc", flags: &["-O2"] };

fn object(dir: &Path, name: &str, source: &str) -> std::path::PathBuf {
    let main = ("main".to_owned(), super::build::MAIN.to_owned());
    build(&dir.join(name), GCC, &[main, ("file".to_owned(), source.to_owned())])[2].clone()
}

/// The same source as assembly text, with symbols where we want them.
fn assembled(dir: &Path, name: &str, source: &str) -> std::path::PathBuf {
    let (s, o) = (format!("{name}.s"), format!("{name}.o"));
    std::fs::write(dir.join(&s), source).unwrap();
    crate::support::run(dir, "as", ["-o", &o, &s]);
    dir.join(o)
}

/// A symbol of `size` bytes in the current section.
fn symbol(name: &str, size: usize) -> String {
    let bytes =
        (0..size).map(|at| ((at * 7 + size) % 251).to_string()).collect::<Vec<_>>().join(",");
    format!("\"{name}\":\n.byte {bytes}\n.size \"{name}\", {size}\n.type \"{name}\", @object\n")
}

#[test]
fn clones_and_parts_count_with_their_function() {
    if !have("as") {
        return;
    }
    let dir = scratch();
    let text = |symbols: &[(&str, usize)]| {
        let all: String = symbols.iter().map(|(name, size)| symbol(name, *size)).collect();
        format!(".file \"core.c\"\n.section .text\n{all}")
    };
    let old = text(&[("foo", 100), ("bar.isra.0", 50), ("baz", 40), ("gone.cold", 9)]);
    let new = text(&[
        ("foo", 60),
        ("foo.cold", 30),
        ("foo.part.0", 10),
        ("bar", 50),
        ("baz.constprop.0", 30),
        ("baz.constprop.0.cold", 11),
    ]);
    let report = json(
        &["--show", "all", "--sort", "name"],
        &assembled(dir.path(), "old", &old),
        &assembled(dir.path(), "new", &new),
    );
    let row = |name: &str, change: &str, old, new| (name.to_owned(), change.to_owned(), old, new);
    assert_eq!(
        symbols(&report),
        [
            row("bar", "same", 50, 50),
            row("baz", "grown", 40, 41),
            row("foo", "same", 100, 100),
            row("gone", "removed", 9, 0),
        ]
    );
}

#[test]
fn names_made_by_macros_match_and_renames_are_renames() {
    if !have("as") {
        return;
    }
    let dir = scratch();
    let old = [
        ".data\n",
        &symbol("__UNIQUE_ID_author412", 20),
        &symbol("__initcall__kmod_clk__100_77_clk_init4", 8),
        &symbol("_ZN4core3fmt5write17h0123456789abcdefE", 33),
        &symbol("vma_merge_all_things", 71),
        &symbol("stays", 5),
    ]
    .concat();
    let new = [
        ".data\n",
        &symbol("__UNIQUE_ID_author99", 20),
        &symbol("__initcall__kmod_clk__3_1234_clk_init4", 8),
        &symbol("_ZN4core3fmt5write17hffffffffffffffffE", 44),
        &symbol("vma_merge_all_thing", 71),
        &symbol("stays", 5),
    ]
    .concat();
    let report = json(
        &["--show", "all", "--sort", "name"],
        &assembled(dir.path(), "old", &old),
        &assembled(dir.path(), "new", &new),
    );
    let changes: Vec<(String, String)> =
        symbols(&report).into_iter().map(|(name, change, ..)| (name, change)).collect();
    let pair = |name: &str, change: &str| (name.to_owned(), change.to_owned());
    assert_eq!(
        changes,
        [
            pair("core::fmt::write", "grown"),
            pair("__UNIQUE_ID_author", "same"),
            pair("__initcall__kmod_clk__clk_init4", "same"),
            pair("stays", "same"),
            pair("vma_merge_all_thing", "renamed"),
        ]
    );
    let summary = &report["comparisons"][0]["symbols"];
    assert_eq!((&summary["renamed"], &summary["added"]), (&1.into(), &0.into()));
}

#[test]
fn equal_names_stay_apart_and_aliases_count_once() {
    if !have("gcc") {
        return;
    }
    let dir = scratch();
    let source = |first: &str, second: &str| {
        format!(
            "int sink(int, ...); int f(void) {{ static char buffer[{first}] = {{1}}; \
             return sink(1, buffer); }}\n\
             int g(void) {{ static char buffer[{second}] = {{1}}; return sink(2, buffer); }}\n\
             extern int other(void) __attribute__((alias(\"f\")));\n\
             int zzz_new_name(void) __attribute__((alias(\"g\")));\n"
        )
    };
    let old = object(dir.path(), "old", &source("100", "200"));
    let new = object(dir.path(), "new", &source("200", "140"));
    let report = json(&["--filter", "^buffer$"], &old, &new);
    // 200 is still there, so 100 became 140, whichever of the two is which.
    assert_eq!(symbols(&report), [("buffer".to_owned(), "grown".to_owned(), 100, 140)]);
    let row = &report["comparisons"][0]["tables"][2]["rows"][0];
    assert_eq!(row["nth"][1], 2);
    assert_eq!(row["object"], "file.c");
    let report = json(&["--show", "all"], &old, &old);
    let names: Vec<String> = symbols(&report).into_iter().map(|(name, ..)| name).collect();
    let of = |group: [&str; 2]| names.iter().filter(|n| group.contains(&n.as_str())).count();
    assert_eq!((of(["f", "other"]), of(["g", "zzz_new_name"])), (1, 1), "{names:?}");
}

#[test]
fn every_byte_of_every_section_is_accounted_for() {
    if !have("gcc") {
        return;
    }
    let dir = scratch();
    let (old, new) = pair(dir.path(), GCC, 77);
    let mut sections = 0;
    for (old, new) in old.iter().zip(&new) {
        let report = json(&["--show", "all", "--by", "class,section,symbol"], old, new);
        let comparison = &report["comparisons"][0];
        for section in comparison["sections"].as_array().unwrap() {
            for side in ["old", "new"] {
                let bytes = &section[side];
                let number = |name: &str| bytes[name].as_u64().unwrap();
                if !bytes.is_null() {
                    let parts = number("symbols") + number("padding") + number("unattributed");
                    assert_eq!(parts, number("size"), "{section}");
                    sections += 1;
                }
            }
        }
        let dec = &comparison["columns"][3];
        assert_eq!(dec["name"], "dec");
        for table in comparison["tables"].as_array().unwrap() {
            let rows = || {
                let rest = table["rest"].as_array().unwrap();
                table["rows"].as_array().unwrap().iter().chain(rest)
            };
            for side in ["old", "new"] {
                let sum: u64 = rows().map(|row| row[side].as_u64().unwrap_or(0)).sum();
                assert_eq!(sum, dec[side].as_u64().unwrap(), "{} {side}", table["by"]);
                assert_eq!(table["total"][side], dec[side], "{} {side}", table["by"]);
            }
        }
    }
    assert!(sections >= 40, "only {sections} sections");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    if !have("gcc") {
        return;
    }
    let dir = scratch();
    let (old, new) = pair(dir.path(), GCC, 31);
    let output = |threads: &str| {
        let output = hmmsize()
            .env("RAYON_NUM_THREADS", threads)
            .args(["compare", "--format", "json", "--show", "all"])
            .args([&old[3], &new[3]])
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    };
    let one = output("1");
    assert!(["2", "7", "1"].iter().all(|threads| output(threads) == one));
}
