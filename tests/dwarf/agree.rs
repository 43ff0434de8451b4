//! Linker map and debug information know of each other's bytes: they agree wherever both say something.

use std::path::{Path, PathBuf};

use hmmsize::analyze::dealt::{self, Known};
use hmmsize::analyze::{payload, reconcile, size};
use hmmsize::elf::dwarf::{Debug, Want as How};
use hmmsize::elf::{Input, Want, linkmap};
use hmmsize::model::symtab::Place;

use super::sources::{COMPILERS, compile, write};
use crate::support::{have, run, scratch};

/// Symbols that must have been compared for each linker; two files have about twenty.
const MINIMUM: usize = 30;

/// A path without directory and without what is behind its last dot.
fn stem(path: &str) -> &str {
    let name = path.trim_end_matches(')').rsplit(['/', '(']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Compares both for an image and its map; returns how many symbols were compared.
fn compare(image: &Path, map: &Path, what: &str) -> usize {
    let text = std::fs::read(map).unwrap();
    let (map, _) = linkmap::parse(&text, "map").unwrap();
    let input = Input::open(image).unwrap();
    let image = input.image(Want::SYMBOLS).unwrap();
    let debug = Debug::of(&image).unwrap().expect("debug information");
    let origins = debug.origins(How::ALL);
    let (laid, _) = reconcile::lay(&image, &map);
    let (mut compared, mut weak) = (0, 0);
    for symbol in image.symbols.iter().filter(|symbol| symbol.size > 0) {
        let Place::Section(section) = symbol.section else { continue };
        let Some(origin) = origins.of(&symbol) else { continue };
        let Some(laid) = laid.iter().find(|laid| laid.section.index == section) else { continue };
        let at = origins.bases.of(&symbol).unwrap() - laid.section.addr;
        let owner = laid.runs.iter().find(|(run, _)| run.start <= at && at < run.end);
        if let Some((_, reconcile::Owner::Part(part))) = owner
            && !part.file.is_empty()
        {
            let (unit, object) = (origins.unit_name(origin.unit), part.file.to_string());
            let name = image.symbols.name(&symbol);
            // A weak definition that another file's overrides has the other's address.
            let overridden = stem(unit) != stem(&object)
                && origins.things.iter().any(|thing| {
                    Some(thing.addr) == origins.bases.of(&symbol)
                        && stem(origins.unit_name(thing.unit)) == stem(&object)
                });
            weak += usize::from(overridden);
            let fine = overridden || stem(unit) == stem(&object);
            assert!(fine, "{what}: {name} is of {unit}, but in {object}");
            compared += 1;
        }
    }
    assert!(weak * 1000 <= compared, "{what}: {weak} of {compared} are weak");
    // Each alone, and both together: every byte is somewhere, and together nothing is known worse.
    let (by_map, _) = payload::from_map(&image, &map);
    let known = |origins, map| {
        let units = dealt::by_unit(&Known { image: &image, origins, map, payload: Some(&by_map) });
        assert_eq!(units.total(), size::berkeley(&image), "{what}");
        dealt::covered(&units)
    };
    let (both, debug, map_alone) =
        (known(Some(&origins), Some(&map)), known(Some(&origins), None), known(None, Some(&map)));
    assert!(both >= debug && both >= map_alone, "{what}: {both} {debug} {map_alone}");
    compared
}

fn linkers() -> Vec<(&'static str, Vec<&'static str>)> {
    let gnu = ("ld", vec!["-fuse-ld=bfd"]);
    let lld = have("ld.lld").then(|| ("ld.lld", vec!["-fuse-ld=lld"]));
    std::iter::once(gnu).chain(lld).collect()
}

#[test]
fn map_and_debug_information_agree() {
    for (linker, words) in linkers() {
        let mut compared = 0;
        // The host's compilers: others have linkers of their own.
        for compiler in &COMPILERS[..2] {
            let dir = scratch();
            write(dir.path());
            let flags = ["-g", "-fno-pie", "-ffunction-sections", "-fdata-sections"];
            if compile(dir.path(), compiler, &flags).is_none() {
                continue;
            }
            let common = [
                "-nostdlib",
                "-static",
                "-no-pie",
                "-Wl,-Map=out.map",
                "main.o",
                "other.o",
                "-o",
                "out",
            ];
            run(dir.path(), compiler.name, words.iter().chain(&common));
            let what = format!("{} with {linker}", compiler.name);
            compared += compare(&dir.path().join("out"), &dir.path().join("out.map"), &what);
        }
        println!("{linker}: {compared} symbols compared");
        assert!(compared >= MINIMUM, "{linker}: only {compared} symbols compared");
    }
}

/// With `HMMSIZE_DEBUG_VMLINUX` naming a kernel with debug information and a map of its objects
/// (`hmmsize build --debug-info`), both are held against each other for all of its symbols.
#[test]
fn map_and_debug_information_of_a_kernel_agree() {
    let Some(image) = std::env::var_os("HMMSIZE_DEBUG_VMLINUX").map(PathBuf::from) else {
        eprintln!("SKIPPED: HMMSIZE_DEBUG_VMLINUX names no kernel");
        return;
    };
    let mut map = image.clone().into_os_string();
    map.push(".map");
    let compared = compare(&image, Path::new(&map), "vmlinux");
    println!("{compared} symbols compared");
    assert!(compared > 1000, "only {compared} symbols compared");
}
