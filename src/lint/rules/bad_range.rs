//! K005: a `range` that nothing is in, or that never applies.

use crate::kconf::syntax::{File, LineKind, Word};
use crate::lint::statements::{defined, entries, fact, files, finding, text};
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K005",
    name: "bad-range",
    severity: Severity::Warning,
    default: true,
    what: "Reports a `range` whose lower bound is above the upper one, and one that comes after a \
           `range` without a condition in the same definition: Kconfig takes the first that applies.",
    why: "Of an inverted range, every value is out of bounds. A range that never applies allows what \
          its author wanted to forbid.",
    example: "
config A
	int \"a\"
	range 1 100
	range 1 200 if 64BIT
",
    fix: "Swap the bounds; put the range without a condition last.",
    needs: Needs::KCONFIG,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    for read in files(cx.tree) {
        let file = &read.0;
        for entry in entries(file) {
            let mut whole: Option<usize> = None;
            for index in entry.lines.clone() {
                let line = &file.lines[index];
                let LineKind::Range { low, high, cond } = line.kind else { continue };
                let mut report = |message: String, proof| {
                    let mut found = finding(cx.tree, &read, line.span, message);
                    found.symbol = defined(file, entry.head);
                    found.proof = proof;
                    cx.report(found);
                };
                if let (Some(from), Some(to)) = (number(file, low), number(file, high))
                    && from > to
                {
                    let (from, to) = (text(file, low.span), text(file, high.span));
                    report(format!("no value is in the range from {from} to {to}"), None);
                }
                if let Some(first) = whole {
                    let at = &file.lines[first];
                    let here = file.position(at.span.start).0;
                    let message = format!("line {here} comes first and always applies, this never");
                    report(message, Some(vec![fact(file, at.span)]));
                } else if cond.is_none() {
                    whole = Some(index);
                }
            }
        }
    }
}

/// The number that a bound is.
fn number(file: &File, word: Word) -> Option<i128> {
    let text = std::str::from_utf8(file.text(word.span)).ok()?;
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
