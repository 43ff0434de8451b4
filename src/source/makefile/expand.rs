//! Expressions into values: what a reference stands for, given what has been read so far.

use std::sync::Arc;

use super::eval::Evaluator;
use super::syntax::{Expr, Loc, Part};
use super::value::{self, Value, Word};
use super::vars::{Content, Piece, Variable};
use crate::model::formula::Formulas;

/// References nested deeper than this are given up on.
pub(super) const MAX_DEPTH: u32 = 60;
/// Work for one directory: statements, and references expanded plus bytes of text over 64.
pub(super) const MAX_STEPS: usize = 2_000_000;
/// A value longer than this is unknown.
const MAX_LENGTH: usize = 1 << 20;

impl Evaluator<'_> {
    /// The value of a name that no makefile here has set.
    pub(super) fn outside(&mut self, name: &str) -> Value {
        if let Some(symbol) = name.strip_prefix("CONFIG_") {
            if self.texts.contains(symbol) {
                return Value::unknown(&format!("$({name})"));
            }
            let (yes, module) = (self.f.yes(symbol), self.f.module(symbol));
            let options = vec![(yes, "y".to_owned()), (module, "m".to_owned())];
            return Value::either(&mut self.f, options);
        }
        if name.len() == 1 && "@<^*?+|%".contains(name) {
            return Value::unknown(&format!("${name}"));
        }
        self.used.insert(name.into());
        self.layer.get(name, &mut self.f)
    }

    /// The value of the variable `name`.
    pub(super) fn lookup(&mut self, name: &str) -> Value {
        let Some(variable) = self.vars.get(name) else { return self.outside(name) };
        let pieces = variable.pieces.clone();
        let mut out = Value::default();
        for piece in pieces {
            let value = self.content(piece.content);
            if piece.instead && !out.0.is_empty() {
                // The one or the other, so that it can still be part of a word: `head_$(BITS).o`.
                out = self.either(piece.when, value, out);
                continue;
            }
            let value = value.only(&mut self.f, piece.when);
            if !out.0.is_empty() {
                out.push_text(" ");
            }
            out.push(value);
        }
        out
    }

    pub(super) fn content(&mut self, content: Content) -> Value {
        match content {
            Content::Done(value) => value,
            Content::Deferred(expr) => self.expand(&expr),
        }
    }

    /// The words of the variable `name`, each with the assignment that it comes from.
    pub(super) fn words_of(&mut self, name: &str) -> Vec<(Word, Loc)> {
        let Some(variable) = self.vars.get(name) else { return Vec::new() };
        let pieces = variable.pieces.clone();
        let mut out = Vec::new();
        for piece in pieces {
            self.loc = piece.loc.clone();
            let value = self.content(piece.content);
            for mut word in value.words(&mut self.f) {
                word.when = self.f.and(word.when, piece.when);
                if word.when != Formulas::FALSE {
                    out.push((word, piece.loc.clone()));
                }
            }
        }
        out
    }

    /// The value of an expression, here and now.
    pub(super) fn expand(&mut self, expr: &Expr) -> Value {
        if self.depth >= MAX_DEPTH || self.steps >= MAX_STEPS {
            self.odd("references without end, or too much work; the value is unknown");
            return Value::unknown("too deep");
        }
        self.depth += 1;
        let mut out = Value::default();
        for part in &expr.0 {
            match part {
                Part::Text(text) => out.push_text(text),
                Part::Var(name) => {
                    let value = self.reference(name);
                    out.push(value);
                }
                Part::Substitute(parts) => {
                    let value = self.substitution(parts);
                    out.push(value);
                }
                Part::Call(function, arguments, source) => {
                    let value = self.call(*function, arguments, source);
                    out.push(value);
                }
            }
        }
        self.depth -= 1;
        let length = out.length();
        self.steps += 1 + length / 64;
        if length > MAX_LENGTH {
            self.odd("a value of more than a megabyte counts as unknown");
            return Value::unknown("too long");
        }
        out
    }

    fn reference(&mut self, name: &Expr) -> Value {
        if let [Part::Text(name)] = &name.0[..] {
            return self.lookup(name);
        }
        let name = self.expand(name);
        let Some(options) = name.options(&mut self.f) else {
            self.odd("the name of the variable has too many possible values");
            return Value::unknown("too many");
        };
        let mut out = Value::default();
        for (when, name) in options {
            let value = if value::is_unknown(&name) {
                Value::unknown(&format!("$({})", value::shown(&name)))
            } else {
                self.lookup(name.trim())
            };
            let value = value.only(&mut self.f, when);
            out.push(value);
        }
        out
    }

    pub(super) fn with<T>(
        &mut self,
        names: Vec<(String, Value)>,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let loc = self.loc.clone();
        let mut before = Vec::new();
        for (name, value) in names {
            let variable = Variable::fixed(value, loc.clone());
            let old = self.vars.insert(name.as_str().into(), variable);
            before.push((name, old));
        }
        let result = run(self);
        for (name, old) in before.into_iter().rev() {
            match old {
                Some(old) => self.vars.insert(name.as_str().into(), old),
                None => self.vars.remove(name.as_str()),
            };
        }
        result
    }
}

/// The body of a user's function, if there is one.
pub(super) fn body(variable: &Variable) -> Option<Arc<Expr>> {
    match &variable.pieces[..] {
        [Piece { when: Formulas::TRUE, content: Content::Deferred(expr), .. }] => {
            Some(expr.clone())
        }
        _ => None,
    }
}
