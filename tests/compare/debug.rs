//! `compare --by unit`, `dir`, `subsystem` and `inline`: what debug information tells of growth.
//!
//! Who knows better: `llvm-symbolizer` for what is inlined at each byte, `nm` for the sizes of functions,
//! and the linker's map for the object of each byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hmmsize::elf::dwarf::Debug;
use hmmsize::elf::{Input, Want};
use serde_json::Value;

use crate::support::{have, hmmsize, run, schema, scratch};

/// Bytes of code whose innermost function must have been compared, for each compiler.
const MINIMUM_BYTES: usize = 2000;

const CALLERS: usize = 12;

/// A header with `put_page` as the seed has it, with and without the special case, or without any of it.
fn header(special: bool) -> String {
    let special = if special { "if (is_device(page)) { put_devmap(page); return; }" } else { "" };
    format!(
        "struct page {{ int flags, count, *map; }};\n\
         extern void free_page(struct page *);\n\
         extern int key;\n\
         static inline int is_device(struct page *page) {{ return key && (page->flags & 7) == 4; }}\n\
         static inline void put_devmap(struct page *page)\n\
         {{ if (--page->map[page->flags & 3] == 1) free_page(page); }}\n\
         static inline void put_page(struct page *page)\n\
         {{ {special}\n if (--page->count == 0) free_page(page); }}\n"
    )
}

/// Callers of `put_page`, if `called`; statics of one name in both files.
fn file(name: &str, called: bool) -> String {
    let put = if called { "put_page(page);" } else { "" };
    let mut text = String::from("#include \"mm.h\"\nstatic int state = 3;\n");
    let _ = writeln!(
        text,
        "static __attribute__((noinline)) int same(struct page *page) {{ {put} return state += page->flags; }}"
    );
    for number in 0..CALLERS {
        let _ = writeln!(
            text,
            "int {name}_{number}(struct page *page, int x)\n\
             {{ if (x > {number}) return same(page) + {number}; {put} return x * {}; }}",
            number + 3
        );
    }
    text
}

/// Builds `out/image` of three files, and its map with whatever linker; returns the image.
fn build(dir: &Path, compiler: &str, special: bool, called: bool, how: &[&str]) -> PathBuf {
    std::fs::create_dir_all(dir.join("mm/sub")).unwrap();
    std::fs::create_dir_all(dir.join("include/linux")).unwrap();
    let main = "struct page; int key; void free_page(struct page *p) { key++; }\nvoid _start(void) { free_page(0); }\n";
    let files = [
        ("init/main.c", main.to_owned()),
        ("mm/swap.c", file("swap", called)),
        ("mm/sub/gup.c", file("gup", called)),
    ];
    std::fs::create_dir_all(dir.join("init")).unwrap();
    std::fs::write(dir.join("include/linux/mm.h"), header(special)).unwrap();
    let mut objects = Vec::new();
    for (name, text) in &files {
        std::fs::write(dir.join(name), text).unwrap();
        let object = name.replace(".c", ".o");
        let flags = [
            "-c",
            "-O2",
            "-g",
            "-Iinclude/linux",
            "-fno-pic",
            "-fno-stack-protector",
            "-fno-asynchronous-unwind-tables",
        ];
        run(dir, compiler, flags.iter().chain(&[*name, "-o", &object]));
        objects.push(object);
    }
    let common = ["-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-o", "image"];
    run(dir, compiler, common.iter().chain(how).copied().chain(objects.iter().map(String::as_str)));
    dir.join("image")
}

fn compare(words: &[&str], old: &Path, new: &Path) -> String {
    let output = hmmsize()
        .arg("compare")
        .args(words)
        .args([old, new])
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn table(words: &[&str], old: &Path, new: &Path) -> Value {
    let text = compare(&[words, &["--format", "json"]].concat(), old, new);
    let report: Value = serde_json::from_str(&text).unwrap();
    schema::check("compare", &report);
    report["comparisons"][0].clone()
}

fn sum(table: &Value, side: &str) -> u64 {
    let rows = table["rows"].as_array().unwrap().iter().chain(table["rest"].as_array().unwrap());
    rows.filter_map(|row| row[side].as_u64()).sum()
}

fn row<'t>(table: &'t Value, name: &str) -> &'t Value {
    let rows = table["rows"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or(&Value::Null)
}

/// Sizes of functions as `nm` prints them, those of one name apart.
fn functions(image: &Path) -> BTreeMap<String, Vec<u64>> {
    let out = run(Path::new("."), "nm", ["-S", image.to_str().unwrap()]);
    let mut sizes: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for line in String::from_utf8(out.stdout).unwrap().lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let [_, size, "t" | "T", name] = fields[..] {
            // `same.isra.0` is `same` still.
            let name = name.split('.').next().unwrap_or(name);
            sizes.entry(name.to_owned()).or_default().push(u64::from_str_radix(size, 16).unwrap());
        }
    }
    sizes
}

/// How many functions differ in size, and the sum of that, of functions that are on both sides.
fn growth(old: &Path, new: &Path) -> (u64, i64) {
    let (old, new) = (functions(old), functions(new));
    let (mut count, mut bytes) = (0, 0);
    for (name, sizes) in &new {
        // Two statics of one name change alike here.
        for (was, is) in old[name].iter().zip(sizes) {
            count += u64::from(was != is);
            bytes += *is as i64 - *was as i64;
        }
    }
    (count, bytes)
}

fn compilers() -> Vec<&'static str> {
    ["gcc", "clang"].into_iter().filter(|compiler| have(compiler)).collect()
}

#[test]
fn growth_is_told_by_what_was_inlined() {
    for compiler in compilers() {
        let dir = scratch();
        let states = [("none", false, false), ("plain", false, true), ("special", true, true)];
        let [none, plain, special] = states.map(|(name, special, called)| {
            let dir = dir.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            build(&dir, compiler, special, called, &[])
        });
        // Introduced, changed, removed.
        for (old, new, was, is) in [
            (&none, &plain, false, true),
            (&plain, &special, true, true),
            (&special, &none, true, false),
        ] {
            let all = table(&["--by", "inline", "--show", "all"], old, new);
            let table = &all["tables"][0];
            for side in ["old", "new"] {
                let dec =
                    all["columns"].as_array().unwrap().iter().find(|row| row["name"] == "dec");
                assert_eq!(sum(table, side), dec.unwrap()[side].as_u64().unwrap(), "{compiler}");
                assert_eq!(sum(table, side), table["total"][side].as_u64().unwrap(), "{compiler}");
            }
            let put_page = row(table, "put_page");
            assert_eq!(put_page["object"], "include/linux/mm.h", "{compiler}: {table}");
            assert_eq!(
                (put_page["old"].is_u64(), put_page["new"].is_u64()),
                (was, is),
                "{compiler}"
            );
            let (count, bytes) = growth(old, new);
            let told = &put_page["inlined"];
            assert!(count >= CALLERS as u64, "{compiler}: only {count} functions differ");
            assert_eq!(told["functions"].as_u64().unwrap(), count, "{compiler}: {put_page}");
            assert_eq!(told["growth"].as_i64().unwrap(), bytes, "{compiler}: {put_page}");
            // What is inlined may be more than the growth where code is shared otherwise, but not
            // of another sign.
            let inlined = told["bytes"].as_i64().unwrap();
            assert_eq!(inlined.signum(), bytes.signum(), "{compiler}: {put_page}");
            let text = compare(&["--by", "inline"], old, new);
            let sentence = text.lines().find(|line| line.ends_with(" inlined put_page"));
            let sentence = sentence.unwrap_or_else(|| panic!("{compiler}: {text}"));
            assert!(sentence.starts_with(&format!("{count} functions ")), "{sentence}");
            if was && is {
                assert_eq!(row(table, "put_devmap")["change"], "added", "{compiler}");
            }
        }
    }
}

/// The innermost inlined function at each byte of code, in bytes by name, as `llvm-symbolizer` says.
fn innermost(image: &Path) -> (BTreeMap<String, u64>, usize) {
    let nm = run(Path::new("."), "nm", ["-S", image.to_str().unwrap()]);
    let mut addresses = Vec::new();
    for line in String::from_utf8(nm.stdout).unwrap().lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if let [start, size, "t" | "T", _] = fields[..] {
            let [start, size] = [start, size].map(|hex| u64::from_str_radix(hex, 16).unwrap());
            addresses.extend((start..start + size).map(|addr| format!("{addr:#x}")));
        }
    }
    let obj = format!("--obj={}", image.display());
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for some in addresses.chunks(500) {
        let words = ["--output-style=LLVM", "--inlining=true", &obj];
        let out = run(
            Path::new("."),
            "llvm-symbolizer",
            words.into_iter().chain(some.iter().map(String::as_str)),
        );
        // A function and its place are two lines, the innermost first; a blank line ends an address.
        for chain in String::from_utf8(out.stdout).unwrap().split("\n\n") {
            let lines: Vec<&str> = chain.trim().lines().collect();
            if lines.len() >= 4 {
                *found.entry(lines[0].to_owned()).or_default() += 1;
            }
        }
    }
    (found, addresses.len())
}

#[test]
fn the_innermost_function_owns_a_byte() {
    if !(have("llvm-symbolizer") && have("nm")) {
        return;
    }
    for compiler in compilers() {
        let dir = scratch();
        let image = build(dir.path(), compiler, true, true, &[]);
        let (theirs, compared) = innermost(&image);
        let input = Input::open(&image).unwrap();
        let image = input.image(Want::SYMBOLS).unwrap();
        let (inlines, diags) = Debug::of(&image).unwrap().unwrap().inlines();
        assert_eq!(diags, [], "{compiler}");
        let mut ours: BTreeMap<String, u64> = BTreeMap::new();
        for used in inlines.uses.iter().filter(|used| used.own > 0) {
            let name = inlines.functions[used.function as usize].name.clone();
            *ours.entry(name).or_default() += u64::from(used.own);
        }
        assert_eq!(ours, theirs, "{compiler}");
        println!("{compiler}: {compared} bytes compared");
        assert!(compared >= MINIMUM_BYTES, "{compiler}: only {compared} bytes compared");
    }
}

#[test]
fn units_directories_and_subsystems_sum_to_the_size() {
    for compiler in compilers() {
        let dir = scratch();
        let [old, new] = [false, true].map(|special| {
            let dir = dir.path().join(if special { "new" } else { "old" });
            std::fs::create_dir(&dir).unwrap();
            build(&dir, compiler, special, true, &[])
        });
        std::fs::write(
            dir.path().join("new/MAINTAINERS"),
            "MEMORY\nF:\tmm/\n\nGUP\nF:\tmm/sub/gup.c\n\nREST\nF:\t*/\n",
        )
        .unwrap();
        for (by, expected) in [
            ("unit", &["init/main.c", "mm/sub/gup.c", "mm/swap.c"][..]),
            ("dir", &["init/", "mm/", "mm/sub/"]),
            ("subsystem", &["GUP", "MEMORY", "REST"]),
        ] {
            let all = table(&["--by", by, "--show", "all"], &old, &new);
            let table = &all["tables"][0];
            let mut names: Vec<&str> = table["rows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["name"].as_str().unwrap())
                .collect();
            names.sort_unstable();
            assert_eq!(names, expected, "{compiler}: {table}");
            let dec = all["columns"].as_array().unwrap().iter().find(|row| row["name"] == "dec");
            for side in ["old", "new"] {
                assert_eq!(
                    sum(table, side),
                    dec.unwrap()[side].as_u64().unwrap(),
                    "{compiler} {by}"
                );
            }
            assert!(table["note"].as_str().unwrap().starts_with("it is known whose "), "{table}");
        }
        let text = compare(&["--by", "unit", "--format", "markdown"], &old, &new);
        assert!(text.contains("`mm/swap.c`"), "{text}");
        let text = compare(&["--by", "inline", "--format", "csv"], &old, &new);
        assert!(text.lines().any(|line| line.contains(",inline,put_page,")), "{text}");
    }
}

#[test]
fn without_debug_information_it_is_said_what_is_missing() {
    if !have("gcc") {
        return;
    }
    let dir = scratch();
    std::fs::write(dir.path().join("a.c"), "void _start(void) {}\n").unwrap();
    run(dir.path(), "gcc", ["-nostdlib", "-static", "a.c", "-o", "a"]);
    for (by, word) in
        [("unit", "debug information"), ("inline", "debug information"), ("subsystem", "-C TREE")]
    {
        let output = hmmsize()
            .current_dir(dir.path())
            .args(["compare", "--by", by, "a", "a"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{by}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(word), "{by}");
    }
}
