//! K010: a `default` that is no value of its option.

use std::sync::Arc;

use crate::kconf::model::Type;
use crate::kconf::syntax::{ExprId, ExprKind, File, LineKind, Word};
use crate::lint::context::{ArchSet, Tree};
use crate::lint::statements::{Entry, canonical, defined, entries, fact, files, finding, text};
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::{Fact, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    code: "K010",
    name: "bad-default",
    severity: Severity::Warning,
    default: true,
    what: "Reports a number as `default` that is outside of the `range` that applies then; for a bool or \
           tristate, a `default` that is a constant other than `y`, `m` and `n`, or an option that is a \
           number or a string; and `m` for a bool. Of what depends on conditions, only what goes wrong in \
           any case is reported.",
    why: "Kconfig takes the nearest bound, `n`, or `y` instead, without a word.",
    example: "
config NODES_SHIFT
	int
	range 1 10
	default 12

config ZONE_DEVICE
	bool \"device memory\"
	default 1
",
    fix: "Correct the default or the range.",
    needs: Needs::KCONFIG,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    for read in files(cx.tree) {
        for entry in entries(&read.0) {
            definition(cx, &read, &entry);
        }
    }
}

/// The defaults of one definition.
fn definition(cx: &mut TreeCx<'_>, read: &(Arc<File>, ArchSet), entry: &Entry) {
    let file = &read.0;
    let Some(name) = defined(file, entry.head) else { return };
    let Some(ty) = type_of(cx.tree, file, entry, &name) else { return };
    for index in entry.lines.clone() {
        let LineKind::Default { value, cond, .. } = file.lines[index].kind else { continue };
        let wrong = match ty {
            Type::Bool | Type::Tristate => {
                logical(cx.tree, file, ty, value).map(|says| (says, None))
            }
            Type::Int | Type::Hex => outside(file, entry, ty, value, cond),
            _ => None,
        };
        let Some((message, proof)) = wrong else { continue };
        let span = file.exprs[value.index()].span;
        let mut found = finding(cx.tree, read, span, message);
        found.symbol = Some(name.clone());
        found.proof = proof.map(|fact| vec![fact]);
        cx.report(found);
    }
}

/// The type that the definition gives, or another one does.
fn type_of(tree: &Tree, file: &File, entry: &Entry, name: &str) -> Option<Type> {
    let own = entry.lines.clone().find_map(|index| match file.lines[index].kind {
        LineKind::Type { ty, .. } | LineKind::Default { ty: Some(ty), .. } => Some(ty),
        _ => None,
    });
    own.or_else(|| tree.symbols.get(name).map(|known| known.ty))
}

/// What is wrong with the default of a bool or tristate.
fn logical(tree: &Tree, file: &File, ty: Type, value: ExprId) -> Option<String> {
    let ExprKind::Word(word) = file.exprs[value.index()].kind else { return None };
    let written = text(file, word.span);
    if matches!(&*written, "y" | "n") || written.contains('$') {
        return None;
    }
    if written == "m" {
        return (ty == Type::Bool).then(|| "`m` counts as `y` for a bool".to_owned());
    }
    let kind = if ty == Type::Bool { "bool" } else { "tristate" };
    let is_constant = word.quoted || number(file, Type::Int, word).is_some();
    let known = tree.symbols.get(&*written).filter(|_| !word.quoted);
    match known.map(|known| known.ty) {
        Some(Type::Int | Type::Hex) => {
            Some(format!("{written} is a number, which counts as `n` for a {kind}"))
        }
        Some(Type::String) => {
            Some(format!("{written} is a string, which counts as `n` for a {kind}"))
        }
        None if is_constant => {
            Some(format!("`{written}` is no value of a {kind}, and counts as `n`"))
        }
        _ => None,
    }
}

/// What is wrong with the default of a number: it is outside of every range that may be the one to
/// apply when it does, and one does.
fn outside(
    file: &File,
    entry: &Entry,
    ty: Type,
    value: ExprId,
    cond: Option<ExprId>,
) -> Option<(String, Option<Fact>)> {
    let ExprKind::Word(word) = file.exprs[value.index()].kind else { return None };
    let default = number(file, ty, word)?;
    let same =
        |other: ExprId| cond.is_some_and(|cond| canonical(file, other) == canonical(file, cond));
    for index in entry.lines.clone() {
        let LineKind::Range { low, high, cond } = file.lines[index].kind else { continue };
        let bound = |word: Word| number(file, ty, word);
        let below = bound(low).is_some_and(|low| default < low);
        let above = bound(high).is_some_and(|high| default > high);
        if !below && !above {
            return None;
        }
        if cond.is_none_or(same) {
            let (low, high) = (text(file, low.span), text(file, high.span));
            let message = format!(
                "the default {} is not in the range from {low} to {high}",
                text(file, word.span)
            );
            return Some((message, Some(fact(file, file.lines[index].span))));
        }
    }
    None
}

/// The number that a word is for an option of this type.
fn number(file: &File, ty: Type, word: Word) -> Option<i128> {
    let text = std::str::from_utf8(file.text(word.span)).ok()?;
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match (ty, hex) {
        (_, Some(digits)) => i128::from_str_radix(digits, 16).ok(),
        (Type::Hex, None) => i128::from_str_radix(text, 16).ok(),
        _ => text.parse().ok(),
    }
}
