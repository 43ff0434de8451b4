//! Real objects and archives with damaged bytes: an answer or an error, never a panic, never long.
//!
//! `HMMSIZE_PROPTEST_CASES` sets the number of cases a seed file group gets (default 10,000 in all).
//! Damage is aimed: most of it goes to headers, section headers and symbols, where it does most.

use std::cell::Cell;
use std::path::Path;

use hmmsize::analyze::size;
use hmmsize::elf::{Input, Want};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::corpus::MACHINES;
use crate::support::elf::{File, Section};
use crate::support::fixture::load;
use crate::support::{fixtures, have, rewrite, run, scratch};

/// One piece of damage; positions are fractions of the file, so that they shrink well.
#[derive(Debug, Clone)]
enum Damage {
    /// Overwrite bytes at this position.
    Write(Position, Vec<u8>),
    /// Cut the file off here.
    Truncate(u16),
    /// Move bytes from one position to another.
    Copy(Position, Position, u8),
    /// Append bytes.
    Append(Vec<u8>),
}

#[derive(Debug, Clone)]
enum Position {
    /// In the first 64 bytes.
    Header(u8),
    /// In the last eighth, where the section headers are.
    Tail(u16),
    /// Anywhere.
    Anywhere(u16),
}

impl Position {
    fn resolve(&self, len: usize) -> usize {
        let scale = |part: u16, len: usize| usize::from(part) * len / (usize::from(u16::MAX) + 1);
        match self {
            Self::Header(at) => usize::from(*at).min(len.saturating_sub(1)),
            Self::Tail(part) => len - len / 8 + scale(*part, len / 8),
            Self::Anywhere(part) => scale(*part, len),
        }
    }
}

fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        2 => (0u8..64).prop_map(Position::Header),
        3 => any::<u16>().prop_map(Position::Tail),
        2 => any::<u16>().prop_map(Position::Anywhere),
    ]
}

fn damage() -> impl Strategy<Value = Damage> {
    // What fields look like when they are wrong: small, all ones, sign bits, and anything.
    let value = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        Just(vec![0xff; 4]),
        Just(vec![0xff; 8]),
        Just(vec![0; 8]),
        any::<[u8; 2]>().prop_map(|bytes| bytes.to_vec()),
        any::<[u8; 4]>().prop_map(|bytes| bytes.to_vec()),
        any::<[u8; 8]>().prop_map(|bytes| bytes.to_vec()),
    ];
    prop_oneof![
        10 => (position(), value.clone()).prop_map(|(at, bytes)| Damage::Write(at, bytes)),
        1 => any::<u16>().prop_map(Damage::Truncate),
        2 => (position(), position(), any::<u8>()).prop_map(|(a, b, n)| Damage::Copy(a, b, n)),
        1 => value.prop_map(Damage::Append),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    match damage {
        Damage::Write(at, value) => {
            let at = at.resolve(bytes.len());
            for (byte, value) in bytes.iter_mut().skip(at).zip(value) {
                *byte = *value;
            }
        }
        Damage::Truncate(part) => {
            bytes.truncate((usize::from(*part) * bytes.len() / usize::from(u16::MAX)).max(1));
        }
        Damage::Copy(from, to, count) => {
            let (from, to) = (from.resolve(bytes.len()), to.resolve(bytes.len()));
            let piece: Vec<u8> = bytes.iter().skip(from).take((*count).into()).copied().collect();
            for (byte, value) in bytes.iter_mut().skip(to).zip(piece) {
                *byte = value;
            }
        }
        Damage::Append(value) => bytes.extend_from_slice(value),
    }
}

/// Small files of every kind that is read.
fn seeds(dir: &Path) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let read = |name: &str| std::fs::read(dir.join(name)).expect("a compiled file");
    let source = |name: &str| fixtures("elf/src").join(name).to_string_lossy().into_owned();
    // A compiler of the host, and one of another class and byte order where there is one.
    for machine in MACHINES.iter().filter(|m| ["x86_64", "mips", "arm"].contains(&m.name)) {
        let compilers: Vec<String> =
            machine.prefixes.iter().map(|prefix| format!("{prefix}gcc")).collect();
        let Some(gcc) = compilers.iter().find(|gcc| which(gcc)) else {
            have(&compilers[0]);
            continue;
        };
        let object = format!("{}.o", machine.name);
        run(dir, gcc, ["-O2", "-g1", "-fcommon", "-c", &source("shapes.c"), "-o", &object]);
        seeds.push(read(&object));
    }
    if have("gcc") && have("ar") {
        run(dir, "gcc", ["-c", &source("strings.c"), "-o", "an-object-with-a-long-name.o"]);
        let members = ["x86_64.o", "an-object-with-a-long-name.o"];
        for (name, flags) in [("plain.a", "rcs"), ("thin.a", "rcsT")] {
            run(dir, "ar", [&[flags, name], &members[..]].concat());
            seeds.push(read(name));
        }
    }
    for (_, fixture) in load(&fixtures("elf")) {
        let big = fixture.sections.iter().any(|section| section.count > 1000);
        if fixture.expect.error.is_none() && !big {
            seeds.extend(fixture.variants().into_iter().map(|(_, written)| written.bytes));
        }
    }
    // Few sections, counted in the null header: what is tested there is the extension itself.
    let section = Section { name: ".text".into(), sh_type: 1, flags: 6, ..Section::default() };
    let file = File { class64: true, e_type: 1, sections: vec![section; 3], ..File::default() };
    let mut extended = file.write();
    extended.patch("e_shnum", 0);
    extended.patch("e_shstrndx", 0xffff);
    extended.patch("0 sh_size", 5);
    extended.patch("0 sh_link", 4);
    seeds.push(extended.bytes);
    seeds
}

fn which(tool: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()))
}

/// Reads everything there is to read.
fn digest(path: &Path) -> Result<(), String> {
    let input = Input::open(path).map_err(|err| err.to_string())?;
    let totals = input
        .images(Want::TOTALS)
        .map(|images| images.iter().map(size::berkeley).collect::<Vec<_>>());
    let images = input.images(Want::SYMBOLS).map_err(|err| err.to_string())?;
    let totals = totals.expect("what can be read with symbols can be read without");
    for (image, total) in images.iter().zip(totals) {
        assert_eq!(size::berkeley(image), total);
        size::gnu(image);
        size::sysv(image, true);
        for section in &image.sections {
            assert!(section.is_nobits() || section.data.len() as u64 == section.size);
        }
    }
    Ok(())
}

#[test]
fn damaged_files_give_an_answer_or_an_error() {
    let cases = std::env::var("HMMSIZE_PROPTEST_CASES")
        .map_or(10_000, |cases| cases.parse().expect("HMMSIZE_PROPTEST_CASES is a number"));
    let dir = scratch();
    let seeds = seeds(dir.path());
    for seed in &seeds {
        let path = dir.path().join("seed");
        std::fs::write(&path, seed).expect("a file");
        digest(&path).expect("seeds are good");
    }
    let path = dir.path().join("damaged");
    let name = path.to_string_lossy().into_owned();
    let strategy = (0..seeds.len(), prop::collection::vec(damage(), 1..6));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let (good, bad) = (Cell::new(0u32), Cell::new(0u32));
    let result = TestRunner::new(config).run(&strategy, |(seed, damages)| {
        let mut bytes = seeds[seed].clone();
        for damage in &damages {
            apply(&mut bytes, damage);
        }
        rewrite(&path, &bytes);
        match digest(&path) {
            Ok(()) => good.set(good.get() + 1),
            Err(line) => {
                bad.set(bad.get() + 1);
                prop_assert_eq!(line.lines().count(), 1, "{}", line);
                prop_assert!(!line.contains(|c: char| c.is_control()), "{:?}", line);
                // A damaged thin archive may name another file than the seed's own.
                prop_assert!(line.starts_with(&name), "{}", line);
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|err| panic!("{err}"));
    // Damage that is always noticed, or never, would test little.
    let (good, bad) = (good.get(), bad.get());
    assert!(good > cases / 20 && bad > cases / 20, "{good} were read, {bad} refused");
}
