//! Two operands of `&&` or `||` that are one together (expr.c: `expr_join_and`, `expr_join_or`).

use super::Simplify;
use crate::kconf::expr::{Cmp, Expr, ExprId};
use crate::kconf::model::{MOD, Model, NO, SymbolId, Type, YES};

/// What the rules look at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operand {
    Symbol,
    NotSymbol,
    NotCompare,
    Equal(SymbolId),
    Unequal(SymbolId),
}

/// The symbol that an operand is about, and how. The right one may not be the negation of a
/// comparison: `conf` looks at the two differently.
fn operand(model: &Model, e: ExprId, left: bool) -> Option<(SymbolId, Operand)> {
    match model.exprs.get(e) {
        Expr::Symbol(a) => Some((a, Operand::Symbol)),
        Expr::Compare(Cmp::Eq, a, b) => Some((a, Operand::Equal(b))),
        Expr::Compare(Cmp::Ne, a, b) => Some((a, Operand::Unequal(b))),
        Expr::Not(inner) => match model.exprs.get(inner) {
            Expr::Symbol(a) => Some((a, Operand::NotSymbol)),
            Expr::Compare(Cmp::Eq | Cmp::Ne, a, _) if left => Some((a, Operand::NotCompare)),
            _ => None,
        },
        _ => None,
    }
}

/// The third of `n`, `m`, `y`, given two different ones.
fn third(a: SymbolId, b: SymbolId) -> Option<SymbolId> {
    (a != b && a <= YES && b <= YES).then(|| SymbolId::new(3 - a.number() - b.number()))
}

impl Simplify {
    /// What `a && b` (or `a || b`) is as one operand.
    pub(super) fn join(
        &self,
        model: &mut Model,
        and: bool,
        a: ExprId,
        b: ExprId,
    ) -> Option<ExprId> {
        if model.exprs.symbols(a).disjoint(model.exprs.symbols(b)) {
            self.count();
            return None;
        }
        if self.equal(model, a, b) {
            return Some(a);
        }
        let (symbol, left) = operand(model, a, true)?;
        let (other, right) = operand(model, b, false)?;
        let ty = model.symbol(symbol).ty;
        if symbol != other || !matches!(ty, Type::Bool | Type::Tristate) {
            return None;
        }
        let joined = if and {
            join_and(model, symbol, ty, left, right)
        } else {
            join_or(symbol, ty, left, right)
        }?;
        Some(model.exprs.intern(joined))
    }
}

fn join_or(symbol: SymbolId, ty: Type, left: Operand, right: Operand) -> Option<Expr> {
    match (left, right) {
        // (a='y') || (a='m') -> (a!='n'), and so on
        (Operand::Equal(x), Operand::Equal(y)) if ty == Type::Tristate => {
            third(x, y).map(|rest| Expr::Compare(Cmp::Ne, symbol, rest))
        }
        // a || !a -> y
        (Operand::Symbol, Operand::NotSymbol) | (Operand::NotSymbol, Operand::Symbol)
            if ty == Type::Bool =>
        {
            Some(Expr::Symbol(YES))
        }
        _ => None,
    }
}

fn join_and(
    model: &Model,
    symbol: SymbolId,
    ty: Type,
    left: Operand,
    right: Operand,
) -> Option<Expr> {
    use Operand::{Equal, Symbol, Unequal};
    match (left, right) {
        // (a) && (a='y') -> (a='y'); (a) && (a!='m') -> (a='y')
        (Symbol, Equal(YES) | Unequal(MOD)) | (Equal(YES) | Unequal(MOD), Symbol) => {
            Some(Expr::Compare(Cmp::Eq, symbol, YES))
        }
        // (a) && (a!='n') -> (a)
        (Symbol, Unequal(NO)) | (Unequal(NO), Symbol) => Some(Expr::Symbol(symbol)),
        // (a='b') && (a!='c') -> 'b'='c' ? 'n' : a='b'
        (Equal(is), Unequal(not)) | (Unequal(not), Equal(is)) if ty == Type::Tristate => {
            if !(model.symbol(is).constant && model.symbol(not).constant) {
                None
            } else if is == not {
                Some(Expr::Symbol(NO))
            } else {
                Some(Expr::Compare(Cmp::Eq, symbol, is))
            }
        }
        // (a!='y') && (a!='n') -> (a='m'), and so on
        (Unequal(x), Unequal(y)) if ty == Type::Tristate => {
            third(x, y).map(|rest| Expr::Compare(Cmp::Eq, symbol, rest))
        }
        _ => None,
    }
}
