//! Kconfig as it is written: the definitions of a file with their lines and what they stand in.
//!
//! Most rules ask the model, which has every menu's conditions in every property. What is written
//! twice, or not defined at all, can only be seen here.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::context::{ArchSet, Tree};
use super::places;
use crate::kconf::syntax::{ExprId, ExprKind, File, LineKind, Span, Word};
use crate::model::finding::{Edit, Fact, Finding};

/// A definition, choice, menu or comment, with the lines that belong to it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Index of its first line in [`File::lines`].
    pub head: usize,
    /// The lines after it that belong to it.
    pub lines: Range<usize>,
    /// The entries and `if`s around it in this file, by their first lines, the outermost first.
    pub around: Vec<usize>,
}

/// All Kconfig files of a tree, each once, by name, with the architectures that read them.
pub fn files(tree: &Tree) -> Vec<(Arc<File>, ArchSet)> {
    let mut seen = FxHashSet::default();
    let mut files: Vec<(Arc<File>, ArchSet)> = Vec::new();
    for arch in &tree.arches {
        for file in &arch.model.files {
            if seen.insert(file.name.as_str()) {
                files.push((Arc::clone(file), tree.domain(&file.name)));
            }
        }
    }
    files.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    files
}

/// Every line of a file that does not end something, with the entries and `if`s around it in this file, by
/// their first lines, the outermost first.
pub fn nested(file: &File) -> impl Iterator<Item = (usize, Vec<usize>)> {
    let mut around: Vec<usize> = Vec::new();
    file.lines.iter().enumerate().filter_map(move |(index, line)| {
        match line.kind {
            LineKind::EndMenu | LineKind::EndChoice | LineKind::EndIf => {
                around.pop();
                return None;
            }
            _ => {}
        }
        let here = around.clone();
        if matches!(line.kind, LineKind::Menu(_) | LineKind::Choice(_) | LineKind::If(_)) {
            around.push(index);
        }
        Some((index, here))
    })
}

/// The entries of a file, in order.
pub fn entries(file: &File) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (index, around) in nested(file) {
        match file.lines[index].kind {
            LineKind::Menu(_)
            | LineKind::Choice(_)
            | LineKind::Config { .. }
            | LineKind::Comment(_) => {
                entries.push(Entry { head: index, lines: index + 1..index + 1, around });
            }
            LineKind::If(_) | LineKind::Source(_) | LineKind::MainMenu(_) => {}
            _ => {
                if let Some(last) = entries.last_mut().filter(|last| last.lines.end == index) {
                    last.lines.end = index + 1;
                }
            }
        }
    }
    entries
}

/// The operands of a chain of `&&`, from left to right.
pub fn conjuncts(file: &File, expr: ExprId, out: &mut Vec<ExprId>) {
    match file.exprs[expr.index()].kind {
        ExprKind::And(a, b) => {
            conjuncts(file, a, out);
            conjuncts(file, b, out);
        }
        _ => out.push(expr),
    }
}

/// An expression without regard to blanks and parentheses.
pub fn canonical(file: &File, expr: ExprId) -> Vec<u8> {
    let mut out = Vec::new();
    canonical_to(file, expr, &mut out);
    out
}

fn canonical_to(file: &File, expr: ExprId, out: &mut Vec<u8>) {
    let word = |word: &Word, out: &mut Vec<u8>| {
        let quote: &[u8] = if word.quoted { b"\"" } else { b"" };
        out.extend([quote, file.text(word.span), quote].concat());
    };
    let mut both = |a, sign: &[u8], b| {
        out.push(b'(');
        canonical_to(file, a, out);
        out.extend(sign);
        canonical_to(file, b, out);
        out.push(b')');
    };
    match &file.exprs[expr.index()].kind {
        ExprKind::Word(w) => word(w, out),
        ExprKind::Not(a) => {
            out.push(b'!');
            canonical_to(file, *a, out);
        }
        ExprKind::And(a, b) => both(*a, b"&&", *b),
        ExprKind::Or(a, b) => both(*a, b"||", *b),
        ExprKind::Compare(op, a, b) => {
            word(a, out);
            out.extend(format!("{op:?}").as_bytes());
            word(b, out);
        }
    }
}

/// Every word of an expression, with whether it is compared with something.
pub fn words(file: &File, expr: ExprId, out: &mut Vec<(Word, bool)>) {
    match file.exprs[expr.index()].kind {
        ExprKind::Word(word) => out.push((word, false)),
        ExprKind::Not(a) => words(file, a, out),
        ExprKind::And(a, b) | ExprKind::Or(a, b) => {
            words(file, a, out);
            words(file, b, out);
        }
        ExprKind::Compare(_, a, b) => out.extend([(a, true), (b, true)]),
    }
}

/// A finding at a place of a Kconfig file that these architectures read.
pub fn finding(
    tree: &Tree,
    (file, arches): &(Arc<File>, ArchSet),
    span: Span,
    message: impl Into<String>,
) -> Finding {
    Finding { arches: tree.names(*arches), ..places::in_kconfig(file, span, message) }
}

/// What a line of a file says, as a fact.
pub fn fact(file: &File, span: Span) -> Fact {
    Fact { file: file.name.clone(), line: file.position(span.start).0, text: text(file, span) }
}

/// A piece of a file as text.
pub fn text(file: &File, span: Span) -> String {
    String::from_utf8_lossy(file.text(span)).into_owned()
}

/// The name that a `config` line defines.
pub fn defined(file: &File, head: usize) -> Option<String> {
    match &file.lines[head].kind {
        LineKind::Config { name, .. } => Some(text(file, name.span)),
        _ => None,
    }
}

/// The removal of the whole lines that `span` is on.
pub fn whole_line(file: &File, span: Span) -> Edit {
    let (start, end) = (span.start as usize, (span.start + span.len) as usize);
    let from = memchr::memrchr(b'\n', &file.text[..start]).map_or(0, |newline| newline + 1);
    let to = memchr::memchr(b'\n', &file.text[end..]).map_or(file.text.len(), |n| end + n + 1);
    Edit {
        file: file.name.clone(),
        start: from as u32,
        len: (to - from) as u32,
        text: String::new(),
    }
}
