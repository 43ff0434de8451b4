//! Every file of `fixtures/elf` is read as its description says, by the library and the program,
//! and where it is good GNU `size` says the same.

use std::path::Path;

use hmmsize::analyze::size;
use hmmsize::elf::{Input, Want};
use hmmsize::exit::{At, Error, Exit};

use crate::support::elf::Written;
use crate::support::fixture::{Expect, Fixture, load};
use crate::support::{fixtures, have, hmmsize, run, scratch};

/// Fixture files that must have been read (both classes and byte orders are four).
const MINIMUM: usize = 150;
/// Of these, files that GNU size must have measured to the same text.
const MINIMUM_ORACLE: usize = 20;

#[test]
fn every_fixture_is_read_as_it_says() {
    let dir = scratch();
    let oracle = have("size");
    let (mut files, mut compared) = (0, 0);
    for (name, fixture) in load(&fixtures("elf")) {
        for (variant, written) in fixture.variants() {
            let path = dir.path().join(format!("{name}.{variant}.o"));
            std::fs::write(&path, &written.bytes).expect("a file");
            files += 1;
            let expect = &fixture.expect;
            if expect.error.is_some() {
                refused(&path, &written, expect);
            } else {
                measured(&path, &fixture);
                if oracle && expect.no_oracle.is_none() {
                    compared += same_as_size(dir.path(), &path);
                }
            }
        }
    }
    assert!(files >= MINIMUM, "only {files} fixture files");
    assert!(!oracle || compared >= MINIMUM_ORACLE, "only {compared} comparisons with size");
}

fn refused(path: &Path, written: &Written, expect: &Expect) {
    let input = Input::open(path);
    let error = match &input {
        Err(err) => err,
        Ok(input) => {
            if expect.only_symbols {
                input.images(Want::TOTALS).expect("totals don't need symbols");
            } else {
                input.images(Want::TOTALS).expect_err(&path.to_string_lossy());
            }
            &input.images(Want::SYMBOLS).expect_err(&path.to_string_lossy())
        }
    };
    let text = error.to_string();
    assert_eq!(error.exit(), Exit::Input, "{text}");
    let part = expect.error.as_deref().unwrap_or_default();
    assert!(text.contains(part), "{text:?} lacks {part:?}");
    assert!(text.starts_with(&*path.to_string_lossy()), "{text:?} does not name the file");
    assert_eq!(text.lines().count(), 1, "{text:?}");
    if let Some(at) = &expect.at {
        let Error::Input { at: Some(At::Offset(offset)), .. } = error else {
            panic!("no offset in {text:?}");
        };
        assert_eq!(*offset, written.place(at).0, "{text}");
    }
    let mut command = hmmsize();
    // Totals with COMMON symbols read symbols, too.
    command.args(["compare", "--format", "berkeley", "--common"]).arg(path);
    let output = command.output().expect("hmmsize runs");
    assert_eq!(output.status.code(), Some(2), "{}", path.display());
    assert!(output.stdout.is_empty(), "partial output for {}", path.display());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(stderr, format!("hmmsize: error: {text}\n"));
}

fn measured(path: &Path, fixture: &Fixture) {
    let expect = &fixture.expect;
    let input = Input::open(path).expect("a good fixture");
    let images = input.images(Want::SYMBOLS).unwrap_or_else(|err| panic!("{err}"));
    let [image] = &images[..] else { panic!("one image, not {}", images.len()) };
    let total = size::berkeley(image);
    let name = path.display();
    if let Some(size) = expect.size {
        assert_eq!([total.text, total.data, total.bss], size, "{name}");
    }
    if let Some(count) = expect.sections {
        assert_eq!(image.sections.len(), count, "{name}");
    }
    if let Some(count) = expect.symbols {
        assert_eq!(image.symbols.len(), count, "{name}");
    }
    assert_eq!(image.has_symtab, fixture.symbols.is_some(), "{name}");
    match &expect.warning {
        None => assert!(image.warnings.is_empty(), "{name}: {:?}", image.warnings),
        Some(part) => {
            assert!(image.warnings.iter().any(|w| w.contains(part)), "{:?}", image.warnings);
        }
    }
}

fn same_as_size(dir: &Path, path: &Path) -> usize {
    let modes = [
        (&["berkeley", "-t", "--common"][..], &["-t", "--common"][..]),
        (&["gnu", "-t"], &["-G", "-t"]),
        (&["sysv", "--common"], &["-A", "--common"]),
    ];
    for (ours, theirs) in modes {
        let expected = run(dir, "size", theirs.iter().map(AsRef::as_ref).chain([path.as_os_str()]));
        let mut command = hmmsize();
        command.args(["compare", "--format"]).args(ours).arg(path);
        let output = command.output().expect("hmmsize runs");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&expected.stdout),
            "{} {theirs:?}",
            path.display()
        );
    }
    modes.len()
}
