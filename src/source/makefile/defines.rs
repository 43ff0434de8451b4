//! `-DCONFIG_X` in compiler flags: a makefile that says what Kconfig does not.
//!
//! Guards in the files compiled with such a flag see the symbol as defined whatever `.config` says.

use super::eval::Evaluator;
use super::syntax::{Expr, Loc, Part};
use super::vars::Content;
use crate::model::formula::FormulaId;

/// Whose compilation a flag is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every object of the directory.
    Directory,
    /// Every object of the directory and of those below.
    Tree,
    /// One object, from the top of the tree.
    Object(String),
}

/// A symbol that a flag defines or undefines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Define {
    /// Without `CONFIG_`.
    pub symbol: String,
    /// What it is defined to (`1` without a value); nothing for `-U`.
    pub value: Option<String>,
    /// For which objects.
    pub scope: Scope,
    /// Under which condition, given that the directory is visited.
    pub when: FormulaId,
    /// The assignment.
    pub rule: Loc,
}

/// Whether the text has such a flag in it.
pub(super) fn mentions(expr: &Expr) -> bool {
    expr.0.iter().any(|part| match part {
        Part::Text(text) => flags(text),
        Part::Var(inner) => mentions(inner),
        Part::Substitute(parts) => parts.iter().any(mentions),
        Part::Call(_, arguments, _) => arguments.iter().any(mentions),
    })
}

fn flags(text: &str) -> bool {
    text.contains("-DCONFIG_") || text.contains("-UCONFIG_")
}

fn scope(variable: &str, dir: &str) -> Option<Scope> {
    Some(match variable {
        "ccflags-y" | "asflags-y" | "cppflags-y" | "EXTRA_CFLAGS" | "EXTRA_AFLAGS"
        | "EXTRA_CPPFLAGS" => Scope::Directory,
        "subdir-ccflags-y" | "subdir-asflags-y" | "KBUILD_CFLAGS" | "KBUILD_CPPFLAGS"
        | "KBUILD_AFLAGS" => Scope::Tree,
        _ => {
            let object = ["CFLAGS_", "AFLAGS_"]
                .iter()
                .find_map(|prefix| variable.strip_prefix(prefix))
                .filter(|object| {
                    !object.starts_with("REMOVE_") && super::lists::is_object(object)
                })?;
            Scope::Object(super::lists::path(dir, object))
        }
    })
}

/// All such flags that the directory's makefile sets.
pub(super) fn collect(eval: &mut Evaluator, dir: &str) -> Vec<Define> {
    let mut names: Vec<(Scope, Box<str>)> = Vec::new();
    for (name, variable) in &eval.vars {
        let any = variable.pieces.iter().any(|piece| match &piece.content {
            Content::Deferred(expr) => mentions(expr),
            Content::Done(value) => value.mentions(flags),
        });
        if any && let Some(scope) = scope(name, dir) {
            names.push((scope, name.clone()));
        }
    }
    names.sort_by(|a, b| a.1.cmp(&b.1));
    let mut out = Vec::new();
    for (scope, name) in names {
        for (word, rule) in eval.words_of(&name) {
            // What is inherited (line 0) has been recorded where it was set.
            if rule.line > 0 {
                out.extend(define(&word.text, scope.clone(), word.when, rule));
            }
        }
    }
    for (targets, piece) in std::mem::take(&mut eval.for_targets) {
        let value = eval.content(piece.content);
        for word in value.words(&mut eval.f) {
            for target in &targets {
                let when = eval.f.and(word.when, piece.when);
                let when = eval.f.and(when, target.when);
                let scope = Scope::Object(super::files::normal(&target.text));
                out.extend(define(&word.text, scope, when, piece.loc.clone()));
            }
        }
    }
    out
}

/// Such flags in the makefiles above all directories: they end up in everybody's flags, by way of
/// variables like `cfi := $(call as-instr,…,-DCONFIG_AS_CFI=1)`. Within a call, that it answers with
/// the flag is an opaque condition.
pub(super) fn above(eval: &mut Evaluator) -> Vec<Define> {
    let mut out = Vec::new();
    for piece in std::mem::take(&mut eval.mentioned) {
        let Content::Deferred(expr) = piece.content else { continue };
        let mut waiting: Vec<(&Expr, FormulaId)> = vec![(&expr, piece.when)];
        while let Some((expr, when)) = waiting.pop() {
            for part in &expr.0 {
                match part {
                    Part::Text(text) => {
                        let words = text.split_ascii_whitespace();
                        let defines = words
                            .filter_map(|word| define(word, Scope::Tree, when, piece.loc.clone()));
                        out.extend(defines);
                    }
                    Part::Call(_, arguments, source) => {
                        let answer = eval.f.opaque(source);
                        let when = eval.f.and(when, answer);
                        waiting.extend(arguments.iter().map(|argument| (argument, when)));
                    }
                    Part::Var(_) | Part::Substitute(_) => {}
                }
            }
        }
    }
    out
}

fn define(flag: &str, scope: Scope, when: FormulaId, rule: Loc) -> Option<Define> {
    let flag = flag.trim_matches(['\'', '"']);
    if let Some(symbol) = flag.strip_prefix("-UCONFIG_") {
        return Some(Define { symbol: symbol.to_owned(), value: None, scope, when, rule });
    }
    let text = flag.strip_prefix("-DCONFIG_")?;
    let (symbol, value) = text.split_once('=').unwrap_or((text, "1"));
    Some(Define { symbol: symbol.to_owned(), value: Some(value.to_owned()), scope, when, rule })
}
