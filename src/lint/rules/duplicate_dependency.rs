//! K002: a dependency that stands in the same definition, or in what it stands in, already.

use rustc_hash::FxHashMap;

use crate::kconf::syntax::{ExprId, File, LineKind};
use crate::lint::statements::{
    Entry, canonical, conjuncts, defined, entries, fact, files, finding, text, whole_line,
};
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::{Edit, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: "K002",
    name: "duplicate-dependency",
    severity: Severity::Warning,
    default: true,
    what: "Reports an operand of `depends on` that another `depends on` of the same definition says \
           already, word for word, or the `menu`, `choice` or `if` around it in the same file. (What \
           follows from other options is K102.)",
    why: "It has no effect, and whoever changes the dependency has to find and change both.",
    example: "
if NET

config A
	bool \"a\"
	depends on NET && PCI

endif
",
    fix: "Remove the inner one; `--fix` does.",
    needs: Needs::KCONFIG,
    check: Check::Tree(check),
};

/// What a condition says first, and on which line that stands.
type Known = FxHashMap<Vec<u8>, usize>;

fn check(cx: &mut TreeCx<'_>) {
    for read in files(cx.tree) {
        let file = &read.0;
        for entry in entries(file) {
            let mut known = Known::default();
            for &head in &entry.around {
                for (line, condition) in conditions_of(file, head) {
                    let mut operands = Vec::new();
                    conjuncts(file, condition, &mut operands);
                    for operand in operands {
                        known.entry(canonical(file, operand)).or_insert(line);
                    }
                }
            }
            for line in entry.lines.clone() {
                own(cx, &read, &entry, line, &mut known);
            }
        }
    }
}

/// Reports what a line of the entry repeats.
fn own(
    cx: &mut TreeCx<'_>,
    read: &(std::sync::Arc<File>, u64),
    entry: &Entry,
    line: usize,
    known: &mut Known,
) {
    let file = &read.0;
    let LineKind::Depends { on, cond: None } = file.lines[line].kind else { return };
    let mut operands = Vec::new();
    conjuncts(file, on, &mut operands);
    for (index, &operand) in operands.iter().enumerate() {
        let first = *known.entry(canonical(file, operand)).or_insert(line);
        let span = file.exprs[operand.0 as usize].span;
        let here = |other: usize| file.position(file.lines[other].span.start).0;
        let is_first = first == line
            && operands[..index].iter().all(|o| canonical(file, *o) != canonical(file, operand));
        if is_first {
            continue;
        }
        let written = text(file, span);
        let message = if first == line {
            format!("`{written}` stands in this dependency twice")
        } else {
            format!("`{written}` is a dependency already, by line {}", here(first))
        };
        let mut found = finding(cx.tree, read, span, message);
        found.symbol = defined(file, entry.head);
        found.proof = Some(vec![fact(file, file.lines[first].span)]);
        found.fix = vec![removal(file, line, &operands, index)];
        cx.report(found);
    }
}

/// The conditions that hold for everything inside of `head`, with their lines.
fn conditions_of(file: &File, head: usize) -> Vec<(usize, ExprId)> {
    if let LineKind::If(condition) = file.lines[head].kind {
        return vec![(head, condition)];
    }
    let mut conditions = Vec::new();
    for (index, line) in file.lines.iter().enumerate().skip(head + 1) {
        match line.kind {
            LineKind::Depends { on, cond: None } => conditions.push((index, on)),
            // Prompts, defaults, types, help of a choice or menu.
            LineKind::Type { .. }
            | LineKind::Prompt(_)
            | LineKind::Default { .. }
            | LineKind::Depends { .. }
            | LineKind::Visible(_)
            | LineKind::Optional
            | LineKind::Option(_)
            | LineKind::Help(_) => {}
            _ => break,
        }
    }
    conditions
}

/// The removal of one operand of a chain of `&&`, or of the whole line.
pub(super) fn removal(file: &File, line: usize, operands: &[ExprId], index: usize) -> Edit {
    let span = |i: usize| file.exprs[operands[i].0 as usize].span;
    if operands.len() == 1 {
        return whole_line(file, file.lines[line].span);
    }
    let (start, end) = if index == 0 {
        (span(0).start, span(1).start)
    } else {
        (span(index - 1).start + span(index - 1).len, span(index).start + span(index).len)
    };
    Edit { file: file.name.clone(), start, len: end - start, text: String::new() }
}
