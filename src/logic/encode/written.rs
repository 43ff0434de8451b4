//! Expressions as they stand in a file, before macros are expanded and menus add their conditions.
//!
//! Rules about single operands of a `depends on` need them: in the model, an operand may have been
//! joined with others.

use rustc_hash::FxHashMap;

use super::{Encoder, Tri};
use crate::kconf::model::{MOD, NO, SymbolId, YES};
use crate::kconf::syntax::{ExprId, ExprKind, File, Word};

impl Encoder<'_> {
    /// The value of an expression of `file`; nothing where it has macros or words that this
    /// architecture has never heard of.
    pub fn written(&mut self, file: &File, expr: ExprId) -> Option<Tri> {
        // Operands come before what uses them in a file, but not all are of this expression.
        let mut known: FxHashMap<ExprId, Tri> = FxHashMap::default();
        let mut todo = vec![expr];
        while let Some(&next) = todo.last() {
            let kind = file.exprs[next.index()].kind;
            let operands = match kind {
                ExprKind::Not(a) => [Some(a), None],
                ExprKind::And(a, b) | ExprKind::Or(a, b) => [Some(a), Some(b)],
                _ => [None, None],
            };
            let missing = operands.into_iter().flatten().filter(|id| !known.contains_key(id));
            let missing: Vec<ExprId> = missing.collect();
            if !missing.is_empty() {
                todo.extend(missing);
                continue;
            }
            let value = match kind {
                ExprKind::Word(word) => {
                    let symbol = self.word(file, word)?;
                    // A bare m counts only with modules.
                    let m = Tri { m: self.modules, y: super::Lit::FALSE };
                    if symbol == MOD { m } else { self.value(symbol) }
                }
                ExprKind::Not(a) => Tri { m: !known[&a].y, y: !known[&a].m },
                ExprKind::And(a, b) => self.both(known[&a], known[&b]),
                ExprKind::Or(a, b) => self.either(known[&a], known[&b]),
                ExprKind::Compare(cmp, a, b) => {
                    let (a, b) = (self.word(file, a)?, self.word(file, b)?);
                    Tri::bool(self.compare(cmp, a, b))
                }
            };
            known.insert(next, value);
            todo.pop();
        }
        known.get(&expr).copied()
    }

    fn word(&self, file: &File, word: Word) -> Option<SymbolId> {
        let text = file.text(word.span);
        match text {
            b"n" => return Some(NO),
            b"m" => return Some(MOD),
            b"y" => return Some(YES),
            _ if word.dollar || word.escaped => return None,
            _ => {}
        }
        self.words.get(&(word.quoted, Box::from(text))).copied()
    }
}
