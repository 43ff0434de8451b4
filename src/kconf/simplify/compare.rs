//! What decides about automatic submenus: whether a condition is about a symbol, depends on it, and
//! what it is when every operand is compared with `n` (expr.c).

use crate::kconf::expr::{Cmp, Expr, ExprId, Exprs, Symbols};
use crate::kconf::model::{MOD, Model, NO, SymbolId, Type, YES};

/// Whether `symbol` occurs in `e` (`expr_contains_symbol`).
pub fn contains_symbol(exprs: &Exprs, e: ExprId, symbol: SymbolId) -> bool {
    if exprs.symbols(e).disjoint(Symbols::of(symbol)) {
        return false;
    }
    match exprs.get(e) {
        Expr::And(a, b) | Expr::Or(a, b) => {
            contains_symbol(exprs, a, symbol) || contains_symbol(exprs, b, symbol)
        }
        Expr::Symbol(a) => a == symbol,
        Expr::Compare(_, a, b) => a == symbol || b == symbol,
        Expr::Not(a) => contains_symbol(exprs, a, symbol),
        Expr::Range(..) => false,
    }
}

/// Whether `e` cannot hold without `symbol`, as far as `conf` sees (`expr_depends_symbol`).
pub fn depends_symbol(exprs: &Exprs, e: ExprId, symbol: SymbolId) -> bool {
    match exprs.get(e) {
        Expr::And(a, b) => depends_symbol(exprs, a, symbol) || depends_symbol(exprs, b, symbol),
        Expr::Symbol(a) => a == symbol,
        Expr::Compare(Cmp::Eq, a, b) => a == symbol && matches!(b, YES | MOD),
        Expr::Compare(Cmp::Ne, a, b) => a == symbol && b == NO,
        _ => false,
    }
}

/// `A!=n` of a tristate as `A`, as 4.14 has it in conditions of what is no tristate itself (expr.c:
/// `expr_trans_bool`; 6.1 does not have it).
pub fn trans_bool(model: &mut Model, e: ExprId) -> ExprId {
    let node = match model.exprs.get(e) {
        Expr::And(a, b) => Expr::And(trans_bool(model, a), trans_bool(model, b)),
        Expr::Or(a, b) => Expr::Or(trans_bool(model, a), trans_bool(model, b)),
        Expr::Not(a) => Expr::Not(trans_bool(model, a)),
        Expr::Compare(Cmp::Ne, a, NO) if model.symbol(a).ty == Type::Tristate => Expr::Symbol(a),
        _ => return e,
    };
    model.exprs.intern(node)
}

/// `e` with every operand compared with `n`: `equal` says to which of `=n` and `!=n` it is compared
/// (`expr_trans_compare` with `symbol_no`, the only one it is used with). Nothing stands for `y`.
pub fn trans_compare(exprs: &mut Exprs, e: Option<ExprId>, equal: bool) -> ExprId {
    let Some(e) = e else {
        let no = exprs.intern(Expr::Symbol(NO));
        return if equal { no } else { exprs.intern(Expr::Not(no)) };
    };
    let node = match exprs.get(e) {
        Expr::And(a, b) | Expr::Or(a, b) => {
            let left = trans_compare(exprs, Some(a), true);
            let right = trans_compare(exprs, Some(b), true);
            let and = matches!(exprs.get(e), Expr::And(..));
            let inverse = if and { Expr::Or(left, right) } else { Expr::And(left, right) };
            let inverse = exprs.intern(inverse);
            return if equal { inverse } else { exprs.intern(Expr::Not(inverse)) };
        }
        Expr::Not(a) => return trans_compare(exprs, Some(a), !equal),
        Expr::Symbol(a) => Expr::Compare(if equal { Cmp::Eq } else { Cmp::Ne }, a, NO),
        Expr::Compare(..) if equal => Expr::Not(e),
        Expr::Compare(..) | Expr::Range(..) => return e,
    };
    exprs.intern(node)
}
