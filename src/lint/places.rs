//! Places in files: from a span to file, line and column, and to the text of a line.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::context::{Arch, Tree};
use crate::kconf::model::{Place, PropId};
use crate::kconf::syntax::{File, Span};
use crate::model::finding::{Fact, Finding};
use crate::source::guards;

impl Arch {
    /// A finding at a place of this architecture's Kconfig.
    pub fn at(&self, place: Place, message: impl Into<String>) -> Finding {
        self.at_span(place, place.span, message)
    }

    /// A finding at a part of `place`'s file.
    pub fn at_span(&self, place: Place, span: Span, message: impl Into<String>) -> Finding {
        in_kconfig(self.model.file(place.file), span, message)
    }

    /// A fact at a place of this architecture's Kconfig.
    pub fn fact(&self, place: Place, text: impl Into<String>) -> Fact {
        let file = self.model.file(place.file);
        let (line, _) = file.position(place.span.start);
        Fact { file: file.name.clone(), line, text: text.into() }
    }

    /// The line of Kconfig that a property is, as it is written.
    pub fn written(&self, prop: PropId) -> Cow<'_, str> {
        let place = self.model.prop(prop).place;
        String::from_utf8_lossy(self.model.file(place.file).text(place.span))
    }

    /// The name of a symbol.
    pub fn name_of(&self, id: crate::kconf::model::SymbolId) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.model.symbol(id).name)
    }
}

/// A finding at a place of a Kconfig file.
pub fn in_kconfig(file: &File, span: Span, message: impl Into<String>) -> Finding {
    let (line, column) = file.position(span.start);
    Finding {
        file: file.name.clone(),
        line,
        column,
        length: span.len,
        message: message.into(),
        ..Finding::default()
    }
}

/// A finding at a place of a C file, assembly or linker script; `text` is the file's.
pub fn in_source(path: &str, text: &[u8], at: guards::Span, message: impl Into<String>) -> Finding {
    let start = (at.start as usize).min(text.len());
    let line_start = memchr::memrchr(b'\n', &text[..start]).map_or(0, |newline| newline + 1);
    Finding {
        file: path.to_owned(),
        line: memchr::memchr_iter(b'\n', &text[..start]).count() as u32 + 1,
        column: (start - line_start) as u32 + 1,
        length: at.len,
        message: message.into(),
        ..Finding::default()
    }
}

/// A finding at a span of a C file, assembly or linker script, as the reader of guards gives it.
pub fn at_span(path: &str, at: guards::Span, message: impl Into<String>) -> Finding {
    Finding {
        file: path.to_owned(),
        line: at.line,
        column: at.column,
        length: at.len,
        message: message.into(),
        ..Finding::default()
    }
}

/// The texts of the tree's files, read when they are first asked for. A file that cannot be read is
/// empty: what is said about it was found when it could.
#[derive(Debug)]
pub struct Texts<'a> {
    tree: &'a Tree,
    texts: FxHashMap<String, Vec<u8>>,
}

impl<'a> Texts<'a> {
    /// No text yet.
    pub fn new(tree: &'a Tree) -> Self {
        Self { tree, texts: FxHashMap::default() }
    }

    /// The bytes of a file.
    pub fn get(&mut self, file: &str) -> &[u8] {
        if !self.texts.contains_key(file) {
            let mut roots = self.tree.overlay.iter().chain([&self.tree.root]);
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
    pub fn written(&mut self, file: &str, at: guards::Span) -> String {
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
