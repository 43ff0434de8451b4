//! What the fuzzers kept, through the same code: no panic, and bounded time and memory.
//!
//! The corpora are packed (`fuzz/corpus/NAME.tar.xz`), beside them are inputs that once were findings.
//! Limits are those of the project: 5 s and 512 MB for any input of 10 MB.

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use support::{have, run, scratch};

#[path = "../fuzz/drivers.rs"]
mod drivers;

/// Inputs of a target: plain files and what is packed, with their names.
fn inputs(name: &str, into: &Path) -> Vec<(String, Vec<u8>)> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let packed = corpus.join(format!("{name}.tar.xz"));
    if packed.is_file() {
        run(into, "tar", ["-xJf", packed.to_str().unwrap()]);
    }
    let mut all = Vec::new();
    for dir in [corpus.join(name), into.join(name)] {
        for entry in fs::read_dir(&dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    all.sort();
    all
}

#[test]
fn what_the_fuzzers_kept_is_read_again() {
    if !have("xz") {
        return;
    }
    let mut read = 0;
    for (name, driver) in drivers::ALL {
        let dir = scratch();
        let all = inputs(name, dir.path());
        assert!(!all.is_empty(), "no corpus of {name}");
        for (file, data) in &all {
            let start = Instant::now();
            driver(data);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(5), "{file}: {took:?}");
        }
        read += all.len();
    }
    assert!(read >= 40, "only {read} inputs");
}
