//! Every mention of an option in a file, and how it is mentioned.
//!
//! The names are found first, in one sweep of the text; only where there are any does the scanner have
//! to remember what is comment and what is literal.

use memchr::memmem;

use super::chars::{in_name, is_space};
use super::lines::Lines;
use super::scan::{Kind, Region, Scan};
use super::types::{Directive, FileGuards, Manner, Mention};
use crate::model::formula::Formulas;

/// A place where an option may be named.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// The name in the file.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The test that it is the argument of: `IS_ENABLED(` and so on.
    pub(super) test: Option<Test>,
}

/// `IS_ENABLED(…)` and its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Test {
    /// The `I`.
    pub(super) start: usize,
    pub(super) manner: Manner,
}

/// All names that begin with `CONFIG_`, and all arguments of the four tests.
pub(super) fn candidates(text: &[u8]) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    for start in memmem::find_iter(text, b"CONFIG_") {
        if start > 0 && in_name(text[start - 1]) && !is_option_of_a_compiler(text, start) {
            continue;
        }
        let end = name_end(text, start);
        if end > start + b"CONFIG_".len() {
            out.push(Candidate { start, end, test: test_before(text, start) });
        }
    }
    for start in memmem::find_iter(text, b"IS_") {
        if start > 0 && in_name(text[start - 1]) {
            continue;
        }
        let Some(manner) = test(&text[start..name_end(text, start)]) else { continue };
        let Some(name) = argument(text, name_end(text, start)) else { continue };
        if !text[name..].starts_with(b"CONFIG_") {
            let test = Some(Test { start, manner });
            out.push(Candidate { start: name, end: name_end(text, name), test });
        }
    }
    out.sort_unstable_by_key(|candidate| candidate.start);
    out
}

/// `-DCONFIG_X`, which a comment may quote.
fn is_option_of_a_compiler(text: &[u8], start: usize) -> bool {
    text[..start].ends_with(b"-D")
}

fn name_end(text: &[u8], start: usize) -> usize {
    start + text[start..].iter().take_while(|byte| in_name(**byte) && byte.is_ascii()).count()
}

fn test(name: &[u8]) -> Option<Manner> {
    match name {
        b"IS_ENABLED" => Some(Manner::IsEnabled),
        b"IS_BUILTIN" => Some(Manner::IsBuiltin),
        b"IS_MODULE" => Some(Manner::IsModule),
        b"IS_REACHABLE" => Some(Manner::IsReachable),
        _ => None,
    }
}

/// Where the name begins that is in the parentheses at `at`.
fn argument(text: &[u8], at: usize) -> Option<usize> {
    let open = at + text[at..].iter().take_while(|byte| is_space(**byte)).count();
    if text.get(open) != Some(&b'(') {
        return None;
    }
    let name = open + 1 + text[open + 1..].iter().take_while(|byte| is_space(**byte)).count();
    text.get(name).filter(|byte| super::chars::starts_name(**byte)).map(|_| name)
}

/// How far back the word before a name is looked for.
const LOOK_BACK: usize = 200;

/// The word before the parenthesis that is before `at`.
fn word_before(text: &[u8], at: usize, parenthesis: bool) -> Option<(usize, &[u8])> {
    let floor = at.saturating_sub(LOOK_BACK);
    let back = |end: usize| {
        end - text[floor..end].iter().rev().take_while(|byte| is_space(**byte)).count()
    };
    let mut end = back(at);
    if parenthesis {
        if text[floor..end].last() != Some(&b'(') {
            return None;
        }
        end = back(end - 1);
    }
    let start = end - text[floor..end].iter().rev().take_while(|byte| in_name(**byte)).count();
    Some((start, &text[start..end]))
}

fn test_before(text: &[u8], at: usize) -> Option<Test> {
    let (start, word) = word_before(text, at, true)?;
    test(word).map(|manner| Test { start, manner })
}

/// The mentions among `candidates`.
pub(super) fn mentions(
    text: &[u8],
    candidates: &[Candidate],
    scan: &Scan,
    lines: &Lines,
    guards: &FileGuards,
    f: &mut Formulas,
) -> Vec<Mention> {
    let mut out = Vec::with_capacity(candidates.len());
    let (mut region, mut directive, mut block) = (0, 0, 0);
    for candidate in candidates {
        let at = candidate.start;
        while scan.regions.get(region).is_some_and(|(_, end, _)| *end as usize <= at) {
            region += 1;
        }
        while scan.directives.get(directive).is_some_and(|found| found.end <= at) {
            directive += 1;
        }
        while guards.blocks.get(block).is_some_and(|b| b.at.start as usize <= at) {
            block += 1;
        }
        let region = scan.regions.get(region).filter(|(start, _, _)| *start as usize <= at);
        let directive = scan.directives.get(directive).filter(|found| found.start <= at);
        let Some(manner) = manner(text, candidate, region.map(|r| r.2), directive) else {
            continue;
        };
        let name = String::from_utf8_lossy(&text[at..candidate.end]);
        let (name, module) = match super::macros::option(&name) {
            Some(option) => match option.strip_suffix("_MODULE") {
                Some(symbol) if !symbol.is_empty() => (symbol, true),
                _ => (option, false),
            },
            None => (&*name, false),
        };
        out.push(Mention {
            name: f.name(name),
            at: lines.span(at, candidate.end),
            manner,
            module,
            block: around(guards, block, at),
        });
    }
    out
}

/// The innermost of the first `before` blocks that a byte is in.
pub(super) fn around(guards: &FileGuards, before: usize, at: usize) -> Option<u32> {
    let mut block = before.checked_sub(1)? as u32;
    loop {
        let found = &guards.blocks[block as usize];
        let open_end = found.end == super::types::Span::default();
        let inside = at >= found.at.end() && (open_end || at < found.end.start as usize);
        if inside {
            return Some(block);
        }
        block = found.parent?;
    }
}

fn manner(
    text: &[u8],
    candidate: &Candidate,
    region: Option<Region>,
    directive: Option<&super::scan::Found>,
) -> Option<Manner> {
    let option = text[candidate.start..].starts_with(b"CONFIG_");
    let rest = &text[candidate.end..];
    match region {
        // `CONFIG_FOO_*` speaks of many.
        Some(Region::Comment) => {
            let many = rest.first() == Some(&b'*') && text[candidate.end - 1] == b'_';
            return (option && !many).then_some(Manner::Comment);
        }
        Some(Region::Literal) => return option.then_some(Manner::Literal),
        None => {}
    }
    if rest.trim_ascii_start().starts_with(b"##") {
        return None;
    }
    if let Some(test) = candidate.test {
        return Some(if option { test.manner } else { Manner::Bare });
    }
    let Some(directive) = directive else { return Some(Manner::Code) };
    // It may be the directive's name, as in `#CONFIG_X`, which some assemblers take for a comment.
    let between = text.get(directive.name_end..candidate.start);
    let first = between.is_some_and(|between| between.iter().all(|byte| is_space(*byte)));
    Some(match directive.kind {
        Kind::Define if first => Manner::Define,
        Kind::Undef => Manner::Undef,
        Kind::Block(Directive::If | Directive::Elif) => {
            let bare = word_before(text, candidate.start, false);
            let called = word_before(text, candidate.start, true);
            let is_defined = |word: Option<(usize, &[u8])>| word.is_some_and(|w| w.1 == b"defined");
            if is_defined(bare) || is_defined(called) { Manner::Defined } else { Manner::Value }
        }
        // Text that is for people.
        Kind::Error | Kind::Block(Directive::Else) | Kind::Endif => Manner::Comment,
        Kind::Block(_) => Manner::Defined,
        _ => Manner::Code,
    })
}
