//! The lines that findings are about, read from a tree that the user named.
//!
//! The names of files come from a JSON file that may be anybody's: an absolute one, one with `..`, or a
//! symbolic link that leads out of the tree is not followed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::exit::{Error, Result};
use crate::model::finding::Report;
use crate::model::report::Excerpt;

/// Lines before and after the one that a finding is about.
const AROUND: usize = 2;

/// A line is cut after so many characters.
const LONGEST: usize = 160;

/// No source file comes near this; a larger one is not read.
const MAX_BYTES: u64 = 16 << 20;

/// For each finding its lines, where there are such.
///
/// # Errors
///
/// A tree that is not there.
pub fn read(tree: &Path, report: &Report) -> Result<Vec<Option<Excerpt>>> {
    let root = tree.canonicalize().map_err(|err| Error::io(tree, err))?;
    if !root.is_dir() {
        return Err(Error::input(tree, "is no directory"));
    }
    // By file, so that only one is in memory at a time.
    let mut by_file: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, finding) in report.findings.iter().enumerate() {
        by_file.entry(&finding.file).or_default().push(number);
    }
    let mut excerpts = vec![None; report.findings.len()];
    for (file, numbers) in by_file {
        let Some(text) = contents(&root, file) else { continue };
        let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
        for number in numbers {
            excerpts[number] = cut(&lines, report.findings[number].line as usize);
        }
    }
    Ok(excerpts)
}

/// The text of a file of the tree.
fn contents(root: &Path, file: &str) -> Option<Vec<u8>> {
    let path = inside(root, file)?;
    let meta = fs::metadata(&path).ok()?;
    (meta.is_file() && meta.len() <= MAX_BYTES).then(|| fs::read(path).ok()).flatten()
}

/// Where `file` is, if that is in the tree.
fn inside(root: &Path, file: &str) -> Option<PathBuf> {
    let plain = |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(file).components().all(plain) {
        return None;
    }
    let path = root.join(file).canonicalize().ok()?;
    path.starts_with(root).then_some(path)
}

/// The lines around `line`, which counts from 1.
fn cut(lines: &[&[u8]], line: usize) -> Option<Excerpt> {
    // What ends with a newline has nothing behind it that would be a line.
    let count = lines.len() - usize::from(lines.last().is_some_and(|last| last.is_empty()));
    if line == 0 || line > count {
        return None;
    }
    let (from, to) = (line.saturating_sub(1 + AROUND), (line + AROUND).min(count));
    let shown = |line: &&[u8]| {
        let text = String::from_utf8_lossy(line);
        text.trim_end().chars().take(LONGEST).collect()
    };
    Some(Excerpt { first: from as u32 + 1, lines: lines[from..to].iter().map(shown).collect() })
}

#[cfg(test)]
mod tests {
    use super::{cut, inside};

    #[test]
    fn nothing_outside_of_the_tree_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("tree").canonicalize().unwrap_or_else(|_| {
            std::fs::create_dir(dir.path().join("tree")).unwrap();
            dir.path().join("tree").canonicalize().unwrap()
        });
        std::fs::write(dir.path().join("secret"), "x\n").unwrap();
        std::fs::write(root.join("Kconfig"), "config A\n").unwrap();
        std::os::unix::fs::symlink("../secret", root.join("link")).unwrap();
        std::os::unix::fs::symlink("Kconfig", root.join("fine")).unwrap();
        assert_eq!(inside(&root, "Kconfig"), Some(root.join("Kconfig")));
        assert_eq!(inside(&root, "fine"), Some(root.join("Kconfig")));
        for file in ["../secret", "link", "/etc/passwd", "a/../../secret", "missing", "x\0y"] {
            assert_eq!(inside(&root, file), None, "{file}");
        }
    }

    #[test]
    fn lines_are_numbered_from_one() {
        let lines: Vec<&[u8]> = b"a\nb\nc\nd\n".split(|&byte| byte == b'\n').collect();
        assert_eq!(cut(&lines, 1).map(|it| (it.first, it.lines.join(""))), Some((1, "abc".into())));
        assert_eq!(cut(&lines, 4).map(|it| (it.first, it.lines.join(""))), Some((2, "bcd".into())));
        assert_eq!((cut(&lines, 0), cut(&lines, 5)), (None, None));
    }
}
