//! The reader of guards against the real preprocessor: which lines of a file survive?
//!
//! Every line gets a token of its own at its end. For a valuation of the options, GCC says which tokens
//! survive preprocessing; the formulas must say the same. Generated files have everything odd in them
//! that the preprocessor allows; files of a real kernel have what people write.

mod support;

#[path = "guards/compiler.rs"]
mod compiler;
#[path = "guards/generate.rs"]
mod generate;
#[path = "guards/oracle.rs"]
mod oracle;
#[path = "guards/real.rs"]
mod real;

use std::fs;

use generate::Random;
use hmmsize::source::guards::FileKind;
use oracle::{Oracle, Tally};
use support::{fixtures, have};

/// At least so many lines of generated files are compared.
const GENERATED: usize = 20_000;
/// At least so many lines of fixtures are compared.
const FIXTURES: usize = 1_000;

#[test]
fn generated_files_are_read_as_gcc_reads_them() {
    if !have("gcc") {
        return;
    }
    let oracle = Oracle::new();
    let mut random = Random::new(20_261_122);
    let mut tally = Tally::default();
    for file in 0..90 {
        let kind = if file % 5 == 4 { FileKind::Assembly } else { FileKind::C };
        let text = generate::file(&mut random, kind);
        for _ in 0..3 {
            oracle.compare("generated", kind, &text, &mut random, &mut tally);
        }
    }
    eprintln!("generated: {tally:?}");
    assert_eq!(tally.given_up, 0, "{tally:?}");
    assert!(tally.lines >= GENERATED, "only {tally:?}");
    // Neither answer is the rare one.
    assert!(tally.present * 8 > tally.lines && tally.present * 8 < tally.lines * 7, "{tally:?}");
}

#[test]
fn fixtures_are_read_as_gcc_reads_them() {
    if !have("gcc") {
        return;
    }
    let oracle = Oracle::new();
    let mut random = Random::new(7);
    let mut tally = Tally::default();
    let mut paths: Vec<_> =
        fs::read_dir(fixtures("guards")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(kind) = FileKind::of(name) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        for _ in 0..20 {
            oracle.compare(name, kind, &text, &mut random, &mut tally);
        }
    }
    eprintln!("fixtures: {tally:?}");
    assert_eq!(tally.given_up, 0, "{tally:?}");
    assert!(tally.lines >= FIXTURES, "only {tally:?}");
}
