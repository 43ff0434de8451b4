//! `expr_eliminate_dups` up to 6.11: every operand is joined with every other, in place.
//!
//! `conf` hands the same tree twice to its recursion, so that each operand meets all others, the
//! ones before it as well; a join makes the first `y` (or `n`) and leaves the result at the second.
//! An operand of the other operator is rewritten itself before it is joined. The shape of the tree
//! stays until `expr_eliminate_yn` has taken the constants out.

use super::{Simplify, connect, operands, same};
use crate::kconf::expr::{Expr, ExprId, Exprs};
use crate::kconf::model::{Model, NO, YES};

pub(super) fn eliminate_dups(rules: &mut Simplify, model: &mut Model, mut e: ExprId) -> ExprId {
    loop {
        let (next, joined) = pass(rules, model, e);
        if !joined && !model.dialect.trims_constants() {
            return next;
        }
        e = rules.eliminate_yn(model, next);
        if !joined {
            return e;
        }
    }
}

/// One pass over the operands of `e`, and whether anything was joined.
fn pass(rules: &mut Simplify, model: &mut Model, e: ExprId) -> (ExprId, bool) {
    let Some((and, ..)) = operands(&model.exprs, e) else { return (e, false) };
    let mut leaves = Vec::new();
    collect(&model.exprs, and, e, &mut leaves);
    let mut joined = false;
    for i in 0..leaves.len() {
        for j in 0..leaves.len() {
            if i == j || rules.exhausted() {
                continue;
            }
            let (inner, changed) = pass(rules, model, leaves[i]);
            leaves[i] = inner;
            joined |= changed;
            if let Some(one) = rules.join(model, and, leaves[i], leaves[j]) {
                leaves[i] = model.exprs.intern(Expr::Symbol(if and { YES } else { NO }));
                leaves[j] = one;
                joined = true;
            }
        }
    }
    if !joined {
        return (e, false);
    }
    (rebuild(&mut model.exprs, and, e, &mut leaves.into_iter()), true)
}

fn collect(exprs: &Exprs, and: bool, e: ExprId, leaves: &mut Vec<ExprId>) {
    match same(exprs, and, e) {
        Some((a, b)) => {
            collect(exprs, and, a, leaves);
            collect(exprs, and, b, leaves);
        }
        None => leaves.push(e),
    }
}

/// `e` with other leaves.
fn rebuild(
    exprs: &mut Exprs,
    and: bool,
    e: ExprId,
    leaves: &mut impl Iterator<Item = ExprId>,
) -> ExprId {
    match same(exprs, and, e) {
        Some((a, b)) => {
            let a = rebuild(exprs, and, a, leaves);
            let b = rebuild(exprs, and, b, leaves);
            connect(exprs, and, a, b)
        }
        None => leaves.next().unwrap_or(e),
    }
}
