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
    texts: FxHashMap<String, Known>,
}

/// A file.
#[derive(Debug, Default)]
struct Known {
    text: Vec<u8>,
    /// Where each line but the first begins, once somebody has asked.
    starts: Option<Vec<usize>>,
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
            self.texts.insert(file.to_owned(), Known { text, starts: None });
        }
        &self.texts[file].text
    }

    /// A 1-based line of a file, without its end; empty beyond the last.
    pub fn line(&mut self, file: &str, line: u32) -> Cow<'_, str> {
        let (start, end) = (self.offset(file, line), self.offset(file, line.saturating_add(1)));
        let text = &self.texts[file].text[start..end];
        String::from_utf8_lossy(text.strip_suffix(b"\n").unwrap_or(text))
    }

    /// A piece of a C file on one line.
    pub fn written(&mut self, file: &str, at: Span) -> String {
        let text = self.get(file).get(at.start as usize..at.end()).unwrap_or_default();
        let text = String::from_utf8_lossy(text).replace("\\\n", " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The byte where a 1-based line begins; the end of the file beyond the last.
    pub fn offset(&mut self, file: &str, line: u32) -> usize {
        self.get(file);
        let Some(known) = self.texts.get_mut(file) else { return 0 };
        let Some(before) = (line as usize).checked_sub(2) else { return 0 };
        let starts = known.starts.get_or_insert_with(|| {
            memchr::memchr_iter(b'\n', &known.text).map(|newline| newline + 1).collect()
        });
        starts.get(before).copied().unwrap_or(known.text.len())
    }
}
