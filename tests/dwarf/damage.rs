//! Damaged debug information: an answer with a word about it, never a panic, never long.
//!
//! `HMMSIZE_PROPTEST_CASES` sets the number of cases (default 4,000).

use std::path::Path;
use std::time::{Duration, Instant};

use hmmsize::elf::dwarf::{Debug, Want as How};
use hmmsize::elf::{Input, Want};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::sources::{COMPILERS, compile, link, write};
use crate::support::{rewrite, scratch};

/// No file of these takes longer than this, however it was damaged.
const LONGEST: Duration = Duration::from_secs(5);

/// Files of both byte orders and widths, relocatable, linked, compressed.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (compiler, flags) in
        [(0, "-gdwarf-5"), (0, "-gdwarf-4"), (0, "-gz=zlib"), (5, "-gdwarf-5"), (7, "-g")]
    {
        let dir = scratch();
        write(dir.path());
        let compiler = &COMPILERS[compiler];
        let Some(objects) = compile(dir.path(), compiler, &["-g", "-fno-pie", flags]) else {
            continue;
        };
        seeds.push(std::fs::read(&objects[0]).unwrap());
        seeds.push(std::fs::read(link(dir.path(), compiler, &["-no-pie"])).unwrap());
    }
    seeds
}

/// Where the debug sections of a file lie.
fn debug_bytes(dir: &Path, seed: &[u8]) -> Vec<(usize, usize)> {
    let file = dir.join("seed");
    rewrite(&file, seed);
    let input = Input::open(&file).unwrap();
    let image = input.image(Want::SYMBOLS).unwrap();
    let sections = image.sections.iter().filter(|section| section.name.starts_with(b".debug"));
    sections.map(|s| (s.offset as usize, s.data.len())).filter(|(_, len)| *len > 0).collect()
}

fn ask(file: &Path) -> Result<(), TestCaseError> {
    let start = Instant::now();
    let Ok(input) = Input::open(file) else { return Ok(()) };
    let Ok(images) = input.images(Want::SYMBOLS) else { return Ok(()) };
    for image in &images {
        let Ok(Some(debug)) = Debug::of(image) else { continue };
        let origins = debug.origins(How::ALL);
        for symbol in image.symbols.iter() {
            if let Some(origin) = origins.of(&symbol) {
                let _ =
                    (origins.unit_name(origin.unit), origin.decl.map(|decl| origins.file(decl)));
            }
        }
        prop_assert!(
            origins.code.is_sorted() && origins.things.is_sorted_by_key(|thing| thing.addr)
        );
    }
    prop_assert!(start.elapsed() < LONGEST, "{:?}", start.elapsed());
    Ok(())
}

#[test]
fn damaged_files_get_an_answer() {
    let cases = std::env::var("HMMSIZE_PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    let dir = scratch();
    let seeds = seeds();
    assert!(seeds.len() >= 6, "only {} files", seeds.len());
    let places: Vec<_> = seeds.iter().map(|seed| debug_bytes(dir.path(), seed)).collect();
    let file = dir.path().join("damaged");
    let value = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        Just(vec![0xff; 4]),
        Just(vec![0xff; 9]),
        Just(vec![0; 8]),
        any::<[u8; 4]>().prop_map(|bytes| bytes.to_vec()),
    ];
    // Section, place in it as a fraction (the beginning is where headers are), what is written there.
    let damage = (any::<u8>(), prop_oneof![0u16..600, any::<u16>()], value);
    let many = (0..seeds.len(), prop::collection::vec(damage, 1..6));
    let config =
        Config { cases: cases.unwrap_or(4000), failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&many, |(seed, damages)| {
            let mut bytes = seeds[seed].clone();
            for (section, part, value) in damages {
                let (offset, len) = places[seed][usize::from(section) % places[seed].len()];
                let at = offset + usize::from(part) * len / (usize::from(u16::MAX) + 1);
                for (byte, value) in bytes.iter_mut().skip(at).zip(value) {
                    *byte = value;
                }
            }
            rewrite(&file, &bytes);
            ask(&file)
        })
        .unwrap_or_else(|err| panic!("{err}"));
}

#[test]
fn files_that_end_early_get_an_answer() {
    let dir = scratch();
    let file = dir.path().join("cut");
    for seed in seeds() {
        for (offset, len) in debug_bytes(dir.path(), &seed) {
            // The section ends early: what is behind it is zero.
            for keep in [0, 1, 3, len / 3, len - 1] {
                let mut bytes = seed.clone();
                bytes[offset + keep..offset + len].fill(0);
                rewrite(&file, &bytes);
                ask(&file).unwrap();
            }
        }
    }
}
