//! Files that something else made, kernels above all: the same tables as GNU `size`.
//!
//! `HMMSIZE_ORACLE_FILES` lists files and directories, separated by colons; every ELF file and
//! archive in them is compared. The tests that build kernels set it to their build trees.

use std::path::{Path, PathBuf};

use super::corpus::MACHINES;
use crate::support::{hmmsize, run};

#[test]
fn listed_files_are_counted_as_size_counts_them() {
    let Some(list) = std::env::var_os("HMMSIZE_ORACLE_FILES") else {
        eprintln!("HMMSIZE_ORACLE_FILES is not set: no other files than the tests' own");
        return;
    };
    let mut files = Vec::new();
    for path in std::env::split_paths(&list) {
        collect(&path, &mut files);
    }
    assert!(!files.is_empty(), "HMMSIZE_ORACLE_FILES lists no ELF file or archive");
    let mut compared = 0;
    for file in &files {
        let Some(tool) = size_tool(file) else { continue };
        for (ours, theirs) in [("berkeley", "-B"), ("sysv", "-A"), ("gnu", "-G")] {
            let expected = run(Path::new("."), &tool, [theirs.as_ref(), file.as_os_str()]);
            let mut command = hmmsize();
            command.args(["compare", "--format", ours]).arg(file);
            let output = command.output().expect("hmmsize runs");
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&expected.stdout),
                "{} {theirs}: {}",
                file.display(),
                String::from_utf8_lossy(&output.stderr)
            );
            compared += 1;
        }
    }
    eprintln!("{compared} tables of {} files are those of size", files.len());
    assert!(compared >= files.len(), "no size for most of {} files", files.len());
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_symlink() {
        return;
    }
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("a readable directory") {
            collect(&entry.expect("an entry").path(), files);
        }
    } else if path.is_file() && magic(path).is_some() {
        files.push(path.to_owned());
    }
}

/// The first 20 bytes of an ELF file or archive.
fn magic(path: &Path) -> Option<[u8; 20]> {
    let mut head = [0; 20];
    std::io::Read::read_exact(&mut std::fs::File::open(path).ok()?, &mut head).ok()?;
    let known = [&b"\x7fELF"[..], b"!<arch>\n", b"!<thin>\n"];
    known.iter().any(|magic| head.starts_with(magic)).then_some(head)
}

/// The `size` for a file's machine. For an archive, and for machines whose binutils aren't there,
/// the host's, which counts any ELF file by its generic targets.
fn size_tool(path: &Path) -> Option<String> {
    let head = magic(path)?;
    let number = if head[5] == 2 { [head[19], head[18]] } else { [head[18], head[19]] };
    let number = u16::from_le_bytes(number);
    let on_path = |tool: &str| {
        std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file()))
    };
    let machine = MACHINES.iter().find(|m| head[0] == 0x7f && m.number == number);
    let own = machine.into_iter().flat_map(|m| m.prefixes).map(|prefix| format!("{prefix}size"));
    own.chain(["size".to_owned()]).find(|tool| on_path(tool))
}
