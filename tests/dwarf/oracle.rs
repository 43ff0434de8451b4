//! `llvm-dwarfdump` says of every function and variable where it is declared; so do we, by its symbol.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hmmsize::elf::dwarf::{Debug, Want as How};
use hmmsize::elf::{Input, Want};

use super::sources::{COMPILERS, Compiler, compile, link, write};
use crate::support::{have, run, scratch};

/// Places that must have been compared for each compiler.
const MINIMUM: usize = 50;

/// What the dump says of an entry.
#[derive(Debug, Default, Clone)]
struct Entry {
    tag: String,
    name: Option<String>,
    origin: Option<String>,
    file: Option<String>,
    line: Option<String>,
    placed: bool,
    unit: String,
}

type Declared = BTreeMap<String, BTreeSet<(String, String, String)>>;

/// Unit, file and line of what has an address, by name.
fn declared(file: &Path) -> Declared {
    let dump =
        run(file.parent().unwrap(), "llvm-dwarfdump", ["--debug-info", file.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&dump.stdout).into_owned();
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let (mut at, mut unit) = (String::new(), String::new());
    let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    for line in text.lines() {
        if let Some((offset, tag)) = line.split_once(':').filter(|(at, _)| at.starts_with("0x")) {
            offset.clone_into(&mut at);
            let tag = tag.trim().to_owned();
            entries.insert(at.clone(), Entry { tag, unit: unit.clone(), ..Entry::default() });
            continue;
        }
        let Some((name, value)) = line.trim().split_once('\t') else { continue };
        let value = value.trim_matches(['(', ')']);
        let Some(entry) = entries.get_mut(&at) else { continue };
        let text = value.trim_matches('"').to_owned();
        match name {
            "DW_AT_name" => entry.name = Some(text),
            "DW_AT_decl_file" => entry.file = Some(base(&text)),
            "DW_AT_decl_line" => entry.line = Some(text),
            "DW_AT_abstract_origin" | "DW_AT_specification" => {
                entry.origin = value.split(' ').next().map(str::to_owned);
            }
            "DW_AT_low_pc" | "DW_AT_ranges" if entry.tag == "DW_TAG_subprogram" => {
                entry.placed = true;
            }
            "DW_AT_location" if entry.tag == "DW_TAG_variable" => {
                entry.placed |= value.starts_with("DW_OP_addr") && !value.contains(',');
            }
            _ => {}
        }
        if entry.tag == "DW_TAG_compile_unit" && name == "DW_AT_name" {
            unit = base(value.trim_matches('"'));
        }
    }
    let mut found = Declared::new();
    for entry in entries.values().filter(|entry| entry.placed) {
        let mut whole = entry.clone();
        while let Some(origin) = whole.origin.take().and_then(|origin| {
            entries.iter().find(|(at, _)| {
                at.trim_start_matches("0x").ends_with(origin.trim_start_matches("0x"))
            })
        }) {
            let origin = origin.1;
            whole.name = whole.name.or(origin.name.clone());
            // File and line go together: what is not written is that of the origin.
            whole.file = whole.file.or(origin.file.clone());
            whole.line = whole.line.or(origin.line.clone());
            whole.origin.clone_from(&origin.origin);
        }
        if let (Some(name), Some(file), Some(line)) = (whole.name, whole.file, whole.line) {
            found.entry(name).or_default().insert((entry.unit.clone(), file, line));
        }
    }
    found
}

/// Compares all symbols of `file`, and returns how many.
fn compare(file: &Path, what: &str) -> usize {
    let declared = declared(file);
    let input = Input::open(file).unwrap();
    let image = input.image(Want::SYMBOLS).unwrap();
    let debug =
        Debug::of(&image).unwrap().unwrap_or_else(|| panic!("{what}: no debug information"));
    let origins = debug.origins(How::ALL);
    assert_eq!(origins.diags, [], "{what}");
    let mut found = Declared::new();
    let mut compared = 0;
    for symbol in image.symbols.iter().filter(|symbol| matches!(symbol.kind, 1 | 2)) {
        let name = image.symbols.name(&symbol).to_string();
        // gcc numbers statics of functions (`calls.0`), clang puts the function before (`local.calls`).
        let is_name = |part: &&str| !part.bytes().all(|byte| byte.is_ascii_digit());
        let mut parts = name.split('.');
        let name = if symbol.kind == 1 { parts.rfind(is_name) } else { parts.next() };
        let name = name.unwrap_or_default().to_owned();
        let Some(origin) = origins.of(&symbol) else { continue };
        let Some(decl) = origin.decl else { continue };
        let unit = origins.unit_name(origin.unit).to_owned();
        let file = origins.file(decl).to_owned();
        found.entry(name).or_default().insert((unit, file, decl.line.to_string()));
        compared += 1;
    }
    assert!(found == declared, "{what}\nours   {found:?}\ntheirs {declared:?}");
    compared
}

fn check(compiler: &Compiler) {
    if !have("llvm-dwarfdump") {
        return;
    }
    let mut compared = 0;
    let pic: &[&str] = &["-fno-pie"];
    let ways: &[&[&str]] = &[
        &["-gdwarf-5"],
        &["-gdwarf-4"],
        &["-gdwarf-5", "-ffunction-sections", "-fdata-sections"],
        &["-gdwarf-5", "-gz=zlib"],
    ];
    for flags in ways {
        let dir = scratch();
        write(dir.path());
        let flags: Vec<&str> = pic.iter().chain(*flags).copied().collect();
        let Some(objects) = compile(dir.path(), compiler, &flags) else { return };
        for object in &objects {
            compared += compare(object, &format!("{compiler:?} {flags:?} {}", object.display()));
        }
        let linked = link(dir.path(), compiler, &["-no-pie"]);
        compared += compare(&linked, &format!("{compiler:?} {flags:?} linked"));
    }
    println!("{}: {compared} places compared", compiler.name);
    assert!(compared >= MINIMUM, "{}: only {compared} places compared", compiler.name);
}

#[test]
fn every_compiler_and_machine() {
    for compiler in COMPILERS {
        check(compiler);
    }
}
