//! Stubs in headers whose type is not the function's: S004.
//!
//! Compared are the two branches of one header. Where the types of both are the same but for a
//! `typedef`, this cannot know, so what differs by a name that may be one is only told apart by
//! what all of the kernel agrees on.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::lint::context::Tree;
use crate::lint::places::in_source;
use crate::model::finding::{Fact, Finding};
use crate::source::guards::{FileGuards, FileKind, Span};
use crate::source::symbols::signature::{Signature, signature};
use crate::source::symbols::{Function, SourceFile, Symbols};

/// All findings.
pub fn find(tree: &Tree, symbols: &Symbols) -> Vec<Finding> {
    let guards: FxHashMap<&str, &FileGuards> =
        tree.guards.files.iter().map(|file| (&*file.path, file)).collect();
    let headers = symbols.files.par_iter().filter(|file| {
        file.kind == Some(FileKind::Header)
            && file.functions.iter().any(|f| f.is_static)
            && file.functions.iter().any(|f| !f.is_defined())
    });
    let one = |file: &SourceFile| match guards.get(&*file.path) {
        Some(guards) => header(tree, file, guards),
        None => Vec::new(),
    };
    headers.flat_map(one).collect()
}

/// The innermost conditional block around a place that is not the guard against double inclusion.
fn block(guards: &FileGuards, at: u32) -> Option<usize> {
    let before = guards.blocks.partition_point(|block| block.at.start <= at);
    let mut index = before.checked_sub(1)?;
    loop {
        let block = &guards.blocks[index];
        if (block.end.len == 0 || at < block.end.start) && !block.include_guard {
            return Some(index);
        }
        index = block.parent? as usize;
    }
}

/// Whether two blocks are, or are within, different branches of one chain.
fn exclude_each_other(guards: &FileGuards, a: usize, b: usize) -> bool {
    let up = |from: usize| {
        std::iter::successors(Some(from), |at| guards.blocks[*at].parent.map(|p| p as usize))
    };
    up(a).any(|a| up(b).any(|b| a != b && guards.blocks[a].head == guards.blocks[b].head))
}

fn header(tree: &Tree, file: &SourceFile, guards: &FileGuards) -> Vec<Finding> {
    let mut texts = tree.source_texts();
    let text = texts.get(&file.path);
    let name = |f: &Function| &text[f.name.0 as usize..f.name.1 as usize];
    let mut declared: FxHashMap<&[u8], Vec<&Function>> = FxHashMap::default();
    for function in file.functions.iter().filter(|f| !f.is_defined() && !f.is_static) {
        declared.entry(name(function)).or_default().push(function);
    }
    let mut out = Vec::new();
    for stub in file.functions.iter().filter(|f| f.is_defined() && f.is_static) {
        let Some(here) = block(guards, stub.name.0) else { continue };
        let others = declared.get(name(stub)).into_iter().flatten().filter(|other| {
            block(guards, other.name.0).is_some_and(|there| exclude_each_other(guards, here, there))
        });
        // One that agrees is enough: the others are for other configurations again.
        let others: Vec<_> = others.filter_map(|other| Some((*other, of(text, other)?))).collect();
        let Some(own) = of(text, stub) else { continue };
        if others.iter().any(|(_, signature)| *signature == own) {
            continue;
        }
        let Some((other, signature)) = others.into_iter().next() else { continue };
        let Some(difference) = difference(&own, &signature) else { continue };
        let shown = String::from_utf8_lossy(name(stub)).into_owned();
        let at = Span { start: stub.name.0, len: shown.len() as u32, ..Span::default() };
        let message = format!("the stub of {shown}() {difference}");
        let mut finding = in_source(&file.path, text, at, message);
        let upto = &text[..other.name.0 as usize];
        let line = memchr::memchr_iter(b'\n', upto).count() as u32 + 1;
        let declaration = String::from_utf8_lossy(head(text, other));
        let declaration = declaration.split_whitespace().collect::<Vec<_>>().join(" ");
        finding.proof = Some(vec![Fact { file: file.path.to_string(), line, text: declaration }]);
        finding.arches = tree.names(tree.domain(&file.path));
        out.push(finding);
    }
    out
}

/// The declaration's text, up to its brace or semicolon.
fn head<'a>(text: &'a [u8], function: &Function) -> &'a [u8] {
    let start = function.start as usize;
    let end = if function.is_defined() {
        function.body.0 as usize
    } else {
        memchr::memchr(b';', &text[start..]).map_or(text.len(), |found| start + found)
    };
    &text[start..end]
}

fn of(text: &[u8], function: &Function) -> Option<Signature> {
    let start = function.start;
    let name = ((function.name.0 - start) as usize, (function.name.1 - start) as usize);
    signature(head(text, function), name)
}

/// In what the stub differs, if that is sure.
fn difference(stub: &Signature, function: &Signature) -> Option<String> {
    if stub.result != function.result {
        return Some(format!("returns `{}`, the function `{}`", stub.result, function.result));
    }
    if stub.parameters.len() != function.parameters.len() {
        let (stub, function) = (stub.parameters.len(), function.parameters.len());
        let word = if stub == 1 { "parameter" } else { "parameters" };
        return Some(format!("has {stub} {word}, the function {function}"));
    }
    let mut pairs = stub.parameters.iter().zip(&function.parameters).enumerate();
    let (at, (a, b)) = pairs.find(|(_, (a, b))| a != b)?;
    Some(format!("takes `{a}` as parameter {}, the function `{b}`", at + 1))
}
