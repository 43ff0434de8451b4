//! Files of a real kernel, copied without their includes, against GCC.

use std::fs;
use std::path::{Path, PathBuf};

use hmmsize::source::guards::FileKind;

use crate::generate::Random;
use crate::oracle::{Oracle, Tally};
use crate::support::{have, linux_tree};

/// Where people write many guards, and all kinds of files are.
const DIRS: &[&str] = &[
    "arch/arm/include/asm",
    "arch/arm/kernel",
    "arch/arm64/kernel",
    "arch/powerpc/kernel",
    "arch/x86/entry",
    "arch/x86/include/asm",
    "arch/x86/kernel",
    "arch/x86/mm",
    "drivers/base",
    "fs",
    "include/asm-generic",
    "include/linux",
    "init",
    "kernel",
    "kernel/sched",
    "lib",
    "mm",
    "net/core",
    "net/ipv4",
    "security",
];

/// At least so many lines are compared.
const LINES: usize = 700_000;

/// The files directly in `dir`, by name.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

/// The text without its includes (what is in other files is not what is tested), and with macros that
/// have parameters turned into macros that have none, since the former may swallow a line's token.
fn prepared(text: &str) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        let directive = line.trim_start().strip_prefix('#').map_or("", str::trim_start);
        if let Some(rest) = directive.strip_prefix("define") {
            let start = rest.trim_start();
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let name = &start[..start.find(|c| !is_name(c)).unwrap_or(start.len())];
            let body = &start[name.len()..];
            let blank = if body.starts_with('(') { " " } else { "" };
            out.extend(["#define ", name, blank, body]);
        } else if !directive.starts_with("include") {
            out.push_str(line);
        }
        out.push('\n');
        out
    })
}

#[test]
fn files_of_linux_are_read_as_gcc_reads_them() {
    let Some(tree) = linux_tree().filter(|_| have("gcc")) else { return };
    let oracle = Oracle::new();
    let mut random = Random::new(612);
    let mut tally = Tally::default();
    let mut blocks = 0;
    for path in DIRS.iter().flat_map(|dir| files(&tree.join(dir))) {
        let name = path.strip_prefix(&tree).unwrap().to_str().unwrap();
        let Some(kind) = FileKind::of(name) else { continue };
        let text = prepared(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        let directives = text.lines().filter(|line| line.starts_with("#if")).count();
        if directives < 4 {
            continue;
        }
        blocks += directives;
        oracle.compare(name, kind, &text, &mut random, &mut tally);
    }
    eprintln!("linux: {blocks} conditionals, {tally:?}");
    assert!(tally.lines >= LINES, "only {tally:?}");
    assert!(tally.given_up * 20 < tally.files, "{tally:?}");
}
