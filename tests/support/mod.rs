//! What every integration test needs: the program, other programs, and the rule about missing ones.
//!
//! A test that needs a tool calls [`have`]. Where the tool is missing, the test fails under CI and
//! says that it was skipped elsewhere; it never passes without a word.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod elf;
pub mod fixture;
pub mod schema;
pub mod small;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Whether nothing may be skipped: the environment says CI=true.
pub fn ci() -> bool {
    std::env::var("CI").is_ok_and(|ci| ci == "true")
}

/// Whether `tool` is on PATH; if not, panics when the environment says CI=true.
pub fn have(tool: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()));
    if !found {
        assert!(!ci(), "CI needs {tool}, which is not on PATH (cargo xtask setup installs it)");
        eprintln!("SKIPPED in part: {tool} is not on PATH (cargo xtask setup installs it)");
    }
    found
}

/// The program under test, in the C locale.
pub fn hmmsize() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hmmsize"));
    command.env("LC_ALL", "C");
    command
}

/// Runs `tool` in `dir` and panics with its messages unless it succeeds.
pub fn run<S: AsRef<OsStr>>(dir: &Path, tool: &str, args: impl IntoIterator<Item = S>) -> Output {
    let mut command = Command::new(tool);
    command.current_dir(dir).env("LC_ALL", "C").args(args);
    let output = command.output().unwrap_or_else(|err| panic!("{command:?}: {err}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A directory under `fixtures/`.
pub fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A new directory that goes away with the value.
pub fn scratch() -> tempfile::TempDir {
    tempfile::TempDir::with_prefix("hmmsize-test-").expect("a temporary directory")
}

/// Replaces a file. Removed first: file systems flush a file that is truncated and written again,
/// which a test that does it ten thousand times would notice.
pub fn rewrite(path: &Path, bytes: &[u8]) {
    let _ = std::fs::remove_file(path);
    std::fs::write(path, bytes).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
}

/// The Linux tree whose scripts are oracles: `$HMMSIZE_LINUX` (which `cargo xtask test` sets), or what
/// `cargo xtask setup` left in the cache. Without one, panics when the environment says CI=true.
pub fn linux_tree() -> Option<PathBuf> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = var("HMMSIZE_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").map(|dir| dir.join("hmmsize")))
        .or_else(|| var("HOME").map(|dir| dir.join(".cache/hmmsize")));
    let cached = || {
        let entries = std::fs::read_dir(cache?.join("src")).ok()?;
        let mut trees: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        trees.sort();
        trees.into_iter().rev().find(|tree| tree.join("scripts/bloat-o-meter").is_file())
    };
    let tree = var("HMMSIZE_LINUX").or_else(cached);
    if tree.is_none() {
        assert!(!ci(), "CI needs a Linux tree: set HMMSIZE_LINUX or run cargo xtask setup");
        eprintln!("SKIPPED: no Linux tree (set HMMSIZE_LINUX or run cargo xtask setup)");
    }
    tree
}
