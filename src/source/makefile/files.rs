//! The tree as the evaluator sees it: makefiles read once for all architectures, and which files are
//! there. Nothing is written and nothing is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::parse::parse;
use super::syntax::Makefile;
use crate::model::diag::Diag;

/// Makefiles larger than this are not read.
const MAX_SIZE: u64 = 4 << 20;

type Listing = Arc<FxHashSet<Box<str>>>;
type Parsed = Option<Arc<(Makefile, Vec<Diag>)>>;

/// What has been read so far.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    overlay: Option<PathBuf>,
    parsed: RwLock<FxHashMap<Box<str>, Parsed>>,
    listings: RwLock<FxHashMap<Box<str>, Listing>>,
}

impl Files {
    pub(super) fn new(root: &Path, overlay: Option<&Path>) -> Self {
        Self {
            root: root.to_owned(),
            overlay: overlay.map(Path::to_owned),
            parsed: RwLock::default(),
            listings: RwLock::default(),
        }
    }

    /// The makefile at `name` (from the top, normalised), if there is one.
    pub(super) fn makefile(&self, name: &str) -> Parsed {
        if let Some(known) = lock(self.parsed.read()).get(name) {
            return known.clone();
        }
        let above = self.overlay.iter().map(|dir| dir.join(name)).find(|path| path.is_file());
        let path = above.unwrap_or_else(|| self.root.join(name));
        let fits = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_SIZE);
        let text = if fits { fs::read(&path).ok() } else { None };
        let parsed = text.map(|text| Arc::new(parse(name, &text)));
        lock(self.parsed.write()).entry(name.into()).or_insert(parsed).clone()
    }

    /// Whether there is a file or directory at `path` (from the top, normalised).
    pub(super) fn exists(&self, path: &str) -> bool {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        name.is_empty() || self.listing(dir).contains(name)
    }

    /// What is in the directory; nothing if there is no such directory.
    pub(super) fn listing(&self, dir: &str) -> Listing {
        if let Some(known) = lock(self.listings.read()).get(dir) {
            return known.clone();
        }
        let roots = self.overlay.iter().chain([&self.root]);
        let entries = roots.flat_map(|root| fs::read_dir(root.join(dir))).flatten().flatten();
        let names = entries.filter_map(|entry| Some(entry.file_name().to_str()?.into()));
        let listing = Arc::new(names.collect());
        lock(self.listings.write()).entry(dir.into()).or_insert(listing).clone()
    }

    /// The paths that match a pattern of the shell (`*` and `?`; no brackets), sorted.
    pub(super) fn glob(&self, pattern: &str) -> Vec<String> {
        let mut found = vec![String::new()];
        for piece in pattern.split('/') {
            let mut next = Vec::new();
            for dir in &found {
                let join = |name: &str| match dir.as_str() {
                    "" => name.to_owned(),
                    dir => format!("{dir}/{name}"),
                };
                if !piece.contains(['*', '?']) {
                    next.push(join(piece));
                    continue;
                }
                let listing = self.listing(&normal(dir));
                let hidden = piece.starts_with('.');
                let names = listing.iter().filter(|name| hidden || !name.starts_with('.'));
                let mut names: Vec<&str> =
                    names.map(AsRef::as_ref).filter(|name| matches(piece, name)).collect();
                names.sort_unstable();
                next.extend(names.into_iter().map(join));
            }
            found = next;
        }
        found.retain(|path| self.exists(&normal(path)));
        found
    }
}

fn lock<T>(result: Result<T, std::sync::PoisonError<T>>) -> T {
    result.unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// `path` without `.` and, where something comes before it, `..`.
pub(super) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether the shell's pattern matches the name: greedy, with one place to come back to.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while n < name.len() {
        if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == name[n]) && pattern[p] != b'*'
        {
            p += 1;
            n += 1;
        } else if p < pattern.len() && pattern[p] == b'*' {
            back = Some((p, n));
            p += 1;
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            p = star + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_the_shells() {
        assert!(matches("*.c", "a.c") && matches("a*b*c", "aXbbYc") && matches("?", "x"));
        assert!(!matches("*.c", "a.h") && !matches("a", "ab") && !matches("?", ""));
    }

    #[test]
    fn paths_are_made_normal() {
        assert_eq!(normal("./a//b/../c/."), "a/c");
        assert_eq!(normal("../a"), "../a");
        assert_eq!(normal("."), "");
    }
}
