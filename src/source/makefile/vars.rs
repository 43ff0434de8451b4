//! Variables of make whose value depends on the configuration.
//!
//! A variable is a list of pieces, each there under a condition: `+=` adds one, any other operator
//! under a condition takes the earlier ones away where that condition holds.

use std::sync::Arc;

use super::syntax::{Expr, Loc, Op};
use super::value::Value;
use crate::model::formula::{FormulaId, Formulas};

/// Text that is part of a variable.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Expanded where it is used.
    Deferred(Arc<Expr>),
    /// Expanded where it was assigned.
    Done(Value),
}

/// What one assignment adds.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) when: FormulaId,
    pub(super) content: Content,
    pub(super) loc: Loc,
    /// It takes the place of the earlier pieces: where it is there, they are not.
    pub(super) instead: bool,
}

/// A variable.
#[derive(Debug, Clone, Default)]
pub(super) struct Variable {
    pub(super) pieces: Vec<Piece>,
    /// `+=` expands at once.
    pub(super) simple: bool,
    /// Where any assignment was made, even of nothing.
    pub(super) set: Option<FormulaId>,
}

impl Variable {
    /// A variable that has a fixed value.
    pub(super) fn fixed(value: Value, loc: Loc) -> Self {
        let piece =
            Piece { when: Formulas::TRUE, content: Content::Done(value), loc, instead: true };
        Self { pieces: vec![piece], simple: true, set: Some(Formulas::TRUE) }
    }

    /// Adds what is assigned under `when`.
    pub(super) fn assign(
        &mut self,
        f: &mut Formulas,
        op: Op,
        when: FormulaId,
        content: Content,
        loc: Loc,
    ) {
        let set = self.set.unwrap_or(Formulas::FALSE);
        let mut when = when;
        match op {
            Op::Append => {}
            Op::IfUnset => {
                let unset = f.not(set);
                when = f.and(when, unset);
            }
            Op::Recursive | Op::Simple | Op::Shell => {
                let not = f.not(when);
                for piece in &mut self.pieces {
                    piece.when = f.and(piece.when, not);
                }
                self.pieces.retain(|piece| piece.when != Formulas::FALSE);
                self.simple = op != Op::Recursive;
            }
        }
        self.set = Some(f.or(set, when));
        if when != Formulas::FALSE {
            self.pieces.push(Piece { when, content, loc, instead: op != Op::Append });
        }
    }

    /// When it has a value that is not empty, as `ifdef` asks: without expanding it.
    pub(super) fn defined(&self, f: &mut Formulas) -> FormulaId {
        let mut any = Formulas::FALSE;
        for piece in &self.pieces {
            let here = match &piece.content {
                Content::Deferred(expr) if expr.0.is_empty() => Formulas::FALSE,
                Content::Deferred(_) => Formulas::TRUE,
                Content::Done(value) => value.nonempty(f),
            };
            let here = f.and(piece.when, here);
            any = f.or(any, here);
        }
        any
    }
}
