//! A file that somebody truncates while it is mapped. Alone in its process: that it happened is kept.

mod support;

use std::fs;

use hmmsize::analyze::{payload, size};
use hmmsize::elf::{Input, Want, whole};

#[test]
fn a_file_that_is_truncated_meanwhile_is_an_error_and_no_crash() {
    if !support::have("gcc") {
        return;
    }
    let dir = support::scratch();
    let source = "int table[100000] = { 1 }; int used(int x) { return table[x]; }\n";
    fs::write(dir.path().join("a.c"), source).unwrap();
    support::run(dir.path(), "gcc", ["-c", "-O1", "a.c", "-o", "a.o"]);
    let path = dir.path().join("a.o");
    let length = fs::metadata(&path).unwrap().len();
    assert!(length > 300_000, "{length} bytes are mapped, not read");

    let input = Input::open(&path).unwrap();
    let images = input.images(Want::SYMBOLS).unwrap();
    let before = size::berkeley(&images[0]);
    whole().unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(4096).unwrap();
    // Everything that was mapped is read: the headers again, symbols, the bytes of sections.
    let sum: u64 = images[0].sections.iter().flat_map(|s| s.data).map(|&b| u64::from(b)).sum();
    assert!(sum < 300_000, "zeroes, mostly: {sum}");
    let _ = input.images(Want::SYMBOLS).map(|images| images.len());
    let _ = payload::estimate(&images[0]);
    assert_eq!(size::berkeley(&images[0]), before, "what was decoded stays");
    let said = whole().unwrap_err().to_string();
    assert!(said.ends_with("a.o: was truncated while it was read; is something still writing it?"));
    let written = hmmsize::commands::output::write(None, "nothing of it is printed");
    assert!(written.is_err());
}
