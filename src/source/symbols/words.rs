//! The names in a file, wherever they stand but in comments and literals, and the mentions of one name.

use std::path::Path;

use super::declare::functions;
use super::lexer::{Kind, Lexer, directive};
use super::mentions::{Names, mentions};
use super::types::{Mention, SourceFile};
use crate::source::guards::FileKind;

/// Calls `each` with every name in a text, directives included.
pub fn words(text: &[u8], mut each: impl FnMut(&[u8])) {
    for token in Lexer::new(text) {
        match token.kind {
            Kind::Name => each(token.of(text)),
            Kind::Directive => {
                let (word, at) = directive(text, token);
                // What is included has a file's name.
                if word != b"include" {
                    let inside = Lexer::within(text, at, token.end as usize);
                    let names = inside.filter(|token| token.kind == Kind::Name);
                    names.for_each(|token| each(token.of(text)));
                }
            }
            _ => {}
        }
    }
}

/// The functions of a file, and all mentions of `name` in it.
pub fn mentions_of(path: &str, text: &[u8], name: &str) -> (SourceFile, Vec<Mention>) {
    let kind = FileKind::of(path);
    let is_c = matches!(kind, Some(FileKind::C | FileKind::Header));
    let file = SourceFile {
        path: path.into(),
        kind,
        functions: if is_c { functions(text) } else { Vec::new() },
        exports_any: false,
        constants: Vec::new(),
        expressions: Vec::new(),
        flags: Vec::new(),
    };
    let names: Names = [(name.as_bytes().into(), 0)].into_iter().collect();
    let seen = mentions(text, &file, 0, &names);
    (file, seen.mentions)
}

/// Whether a file of that path is looked into.
pub fn is_source(path: &str) -> bool {
    FileKind::of(path).is_some() || Path::new(path).extension().is_some_and(|ext| ext == "rs")
}
