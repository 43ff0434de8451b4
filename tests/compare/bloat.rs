//! `--compat bloat-o-meter` against the kernel's script, byte for byte.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::build::{Toolchain, pair};
use crate::support::{have, hmmsize, linux_tree, scratch};

/// Fewer comparisons than this mean that the test has lost its inputs.
const MIN_COMPARISONS: usize = 40;

const OPTIONS: [(&[&str], &[&str]); 4] =
    [(&[], &[]), (&["-c"], &["--categorize"]), (&["-d"], &["--data"]), (&["-t"], &["--text"])];

fn compare(tree: &Path, old: &Path, new: &Path) -> usize {
    for (theirs, ours) in OPTIONS {
        let expected = Command::new("python3")
            .arg(tree.join("scripts/bloat-o-meter"))
            .args(theirs)
            .args([old, new])
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("python3 runs");
        assert!(expected.status.success(), "{}", String::from_utf8_lossy(&expected.stderr));
        let got = hmmsize()
            .args(["compare", "--compat", "bloat-o-meter"])
            .args(ours)
            .args([old, new])
            .output()
            .unwrap();
        assert!(got.status.success(), "{}", String::from_utf8_lossy(&got.stderr));
        let (expected, got) =
            (String::from_utf8_lossy(&expected.stdout), String::from_utf8_lossy(&got.stdout));
        assert!(expected.contains("Total: Before="), "{expected}");
        if let Some((want, have)) = expected.lines().zip(got.lines()).find(|(a, b)| a != b) {
            panic!("{} {} {theirs:?}:\n{want}\n{have}", old.display(), new.display());
        }
        assert_eq!(expected, got);
    }
    OPTIONS.len()
}

#[test]
fn output_is_that_of_the_kernels_script() {
    let (Some(tree), true) = (linux_tree(), have("python3") && have("nm") && have("gcc")) else {
        return;
    };
    let dir = scratch();
    let mut count = 0;
    let gcc = |flags| Toolchain { compiler: "gcc", flags };
    let build = |name: &str, flags, seed| pair(&dir.path().join(name), gcc(flags), seed);
    let (old, new) = build("o2", &["-O2"], 5);
    for (old, new) in old.iter().zip(&new) {
        count += compare(&tree, old, new);
    }
    count += compare(&tree, &new[3], &old[3]);
    let (old, new) = build("os", &["-Os", "-ffunction-sections", "-fdata-sections"], 6);
    for (old, new) in old.iter().zip(&new).skip(3) {
        count += compare(&tree, old, new);
    }
    // Of objects for link-time optimisation only the linked image has code.
    let (old, new) = build("lto", &["-O3", "-g", "-flto=1"], 99);
    count += compare(&tree, &old[3], &new[3]);
    // A stripped file, and the same file twice.
    let image = dir.path().join("o2/old/image");
    let stripped = dir.path().join("stripped");
    crate::support::run(dir.path(), "strip", ["-o".as_ref(), stripped.as_os_str(), image.as_ref()]);
    count += compare(&tree, &image, &image);
    count += compare(&tree, &image, &stripped);
    count += more_pairs().iter().map(|(old, new)| compare(&tree, old, new)).sum::<usize>();
    println!("{count} comparisons with scripts/bloat-o-meter");
    assert!(count >= MIN_COMPARISONS, "only {count} comparisons");
}

/// `HMMSIZE_ORACLE_PAIRS=OLD:NEW[,OLD:NEW…]`
fn more_pairs() -> Vec<(PathBuf, PathBuf)> {
    let pairs = std::env::var("HMMSIZE_ORACLE_PAIRS").unwrap_or_default();
    pairs
        .split(',')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (old, new) = pair.split_once(':').expect("HMMSIZE_ORACLE_PAIRS is OLD:NEW,…");
            (PathBuf::from(old), PathBuf::from(new))
        })
        .collect()
}

#[test]
fn foreign_machines_read_like_their_own_nm() {
    let Some(tree) = linux_tree() else { return };
    let dir = scratch();
    let mut count = 0;
    for compiler in ["aarch64-linux-gnu-gcc", "arm-linux-gnueabi-gcc"] {
        if !(have("python3") && have(compiler)) {
            continue;
        }
        let tools = Toolchain { compiler, flags: &["-O2"] };
        let (old, new) = pair(&dir.path().join(compiler), tools, 42);
        for (old, new) in old.iter().zip(&new).skip(3) {
            count += compare(&tree, old, new);
        }
    }
    println!("{count} comparisons with scripts/bloat-o-meter");
}
