//! The texts of a tree's files, by path and line: what is shown of a place is read when it is shown.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::guards::Span;

/// The texts of the tree's files, read when they are first asked for. A file that cannot be read is
/// empty: what is said about it was found when it could.
#[derive(Debug, Default)]
pub struct Texts {
    roots: Vec<PathBuf>,
    texts: FxHashMap<String, Vec<u8>>,
}

impl Texts {
    /// No text yet. A file is in the first of `roots` that has it.
    pub fn new(roots: &[&Path]) -> Self {
        let roots = roots.iter().map(|root| (*root).to_owned()).collect();
        Self { roots, texts: FxHashMap::default() }
    }

    /// The bytes of a file.
    pub fn get(&mut self, file: &str) -> &[u8] {
        if !self.texts.contains_key(file) {
            let mut roots = self.roots.iter();
            let text = roots.find_map(|root| std::fs::read(root.join(file)).ok());
            let text = text.unwrap_or_default();
            self.texts.insert(file.to_owned(), text);
        }
        &self.texts[file]
    }

    /// A 1-based line of a file, without its end; empty beyond the last.
    pub fn line(&mut self, file: &str, line: u32) -> Cow<'_, str> {
        let mut lines = self.get(file).split(|byte| *byte == b'\n');
        String::from_utf8_lossy(lines.nth((line as usize).saturating_sub(1)).unwrap_or_default())
    }

    /// A piece of a C file on one line.
    pub fn written(&mut self, file: &str, at: Span) -> String {
        let text = self.get(file).get(at.start as usize..at.end()).unwrap_or_default();
        let text = String::from_utf8_lossy(text).replace("\\\n", " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The byte where a 1-based line begins; the end of the file beyond the last.
    pub fn offset(&mut self, file: &str, line: u32) -> usize {
        let text = self.get(file);
        let mut starts = memchr::memchr_iter(b'\n', text).map(|newline| newline + 1);
        let Some(before) = (line as usize).checked_sub(2) else { return 0 };
        starts.nth(before).unwrap_or(text.len())
    }
}
