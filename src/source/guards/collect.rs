//! One file: scan, walk, mentions and code, in that order.

use rustc_hash::FxHashSet;

use super::blocks::{Built, build};
use super::lines::Lines;
use super::scan::{Found, Kind, scan};
use super::skeleton::Skeleton;
use super::types::{FileGuards, FileKind};
use crate::model::diag::Diag;
use crate::model::formula::Formulas;

/// Files of more bytes than this are refused; offsets are kept in 32 bits.
const MAX_BYTES: usize = 1 << 30;

/// `#if` in each other; C promises 63.
const MAX_NESTING: usize = 100_000;

/// Leaves out everything from where conditionals nest deeper than anybody writes them; where that is.
fn cut_nesting(directives: &mut Vec<Found>) -> Option<usize> {
    let mut depth = 0usize;
    let cut = directives.iter().position(|found| {
        match found.kind {
            Kind::Block(directive) if directive.opens() => depth += 1,
            Kind::Endif => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_NESTING
    })?;
    let at = directives[cut].start;
    directives.truncate(cut);
    Some(at)
}

/// Reads the guards of one file into `f`. `path` is relative to the tree.
///
/// What is wrong with the file (a comment or `#if` that does not end, an `#else` of nothing) is in the
/// diagnostics, each with its line; the rest of the file is read all the same.
pub fn read(path: &str, kind: FileKind, text: &[u8], f: &mut Formulas) -> (FileGuards, Vec<Diag>) {
    read_with(path, kind, text, f, &[])
}

/// [`read()`], where the `#include` of a line is known to change an option.
pub(super) fn read_with(
    path: &str,
    kind: FileKind,
    text: &[u8],
    f: &mut Formulas,
    inherited: &[(u32, String)],
) -> (FileGuards, Vec<Diag>) {
    let mut guards = FileGuards {
        path: path.into(),
        kind,
        uapi: path.contains("include/uapi/"),
        lines: 0,
        blocks: Vec::new(),
        operands: Vec::new(),
        code: Vec::new(),
        mentions: Vec::new(),
        overrides: Vec::new(),
        includes: Vec::new(),
    };
    if text.len() > MAX_BYTES {
        return (guards, vec![Diag::new(path, "larger than 1 GiB, not read")]);
    }
    let found = super::mentions::candidates(text);
    let mut scan = scan(text, kind.is_assembly(), !found.is_empty());
    let lines = Lines::new(text);
    let too_deep = cut_nesting(&mut scan.directives);
    let skeleton = Skeleton::new(text, &scan, kind);
    let Built { blocks, operands, overrides, includes, mut diags } =
        build(path, text, &lines, &scan, &skeleton, inherited, f);
    guards.lines = lines.count();
    guards.blocks = blocks;
    guards.operands = operands;
    guards.overrides = overrides;
    guards.includes = includes;
    guards.mentions = super::mentions::mentions(text, &found, &scan, &lines, &guards, f);
    let mut overridden: FxHashSet<String> =
        inherited.iter().map(|(_, option)| option.clone()).collect();
    overridden.extend(guards.overrides.iter().map(|change| f.text(change.name).to_owned()));
    guards.code = super::code::guards(text, &found, &scan, &lines, &guards, &overridden, f);
    if let Some(at) = too_deep {
        let message = format!("more than {MAX_NESTING} #if in each other: the rest is not read");
        diags.push(Diag::at_line(path, lines.line(at) as usize, message));
    }
    if let Some(at) = scan.unterminated {
        let line = lines.line(at) as usize;
        diags.push(Diag::at_line(path, line, "a comment begins here that does not end"));
    }
    diags.sort_by_key(|diag| diag.line);
    (guards, diags)
}
