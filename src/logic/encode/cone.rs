//! What symbols follow from: all that a question about them can depend on.
//!
//! The rules about what nothing in a question depends on can always be kept, whatever is asked: a value
//! of Kconfig follows from others, and takes none of them away. Few questions are answered faster
//! without them.

use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, PropKind, SymbolId};

/// By symbol: whether it is one of `roots` or decides about one. `choice_of` is the choice's symbol.
pub(super) fn cone(
    model: &Model,
    roots: impl IntoIterator<Item = SymbolId>,
    choice_of: &dyn Fn(SymbolId) -> Option<SymbolId>,
) -> Vec<bool> {
    let mut walk = Walk {
        model,
        symbols: vec![false; model.symbols.len()],
        exprs: vec![false; model.exprs.len()],
        todo: Vec::new(),
    };
    for root in roots.into_iter().chain(model.modules) {
        walk.symbol(root);
    }
    while let Some(symbol) = walk.todo.pop() {
        let data = model.symbol(symbol);
        for expr in [data.dir_dep, data.rev_dep, data.implied] {
            walk.expr(expr);
        }
        for menu in &data.menus {
            walk.expr(model.menu(*menu).dep);
        }
        for prop in data.props.iter().map(|prop| model.prop(*prop)) {
            // What it selects does not decide about it.
            if !matches!(prop.kind, PropKind::Select | PropKind::Imply) {
                walk.expr(prop.visible);
                walk.expr(prop.expr);
            }
        }
        for symbol in choice_of(symbol).iter().chain(&data.members) {
            walk.symbol(*symbol);
        }
    }
    walk.symbols
}

struct Walk<'m> {
    model: &'m Model,
    symbols: Vec<bool>,
    exprs: Vec<bool>,
    todo: Vec<SymbolId>,
}

impl Walk<'_> {
    fn symbol(&mut self, symbol: SymbolId) {
        if !std::mem::replace(&mut self.symbols[symbol.index()], true) {
            self.todo.push(symbol);
        }
    }

    fn expr(&mut self, expr: Option<ExprId>) {
        let mut waiting: Vec<ExprId> = expr.into_iter().collect();
        while let Some(next) = waiting.pop() {
            if std::mem::replace(&mut self.exprs[next.index()], true) {
                continue;
            }
            match self.model.exprs.get(next) {
                Expr::Symbol(symbol) => self.symbol(symbol),
                Expr::Not(a) => waiting.push(a),
                Expr::And(a, b) | Expr::Or(a, b) => waiting.extend([a, b]),
                Expr::Compare(_, a, b) | Expr::Range(a, b) => {
                    self.symbol(a);
                    self.symbol(b);
                }
            }
        }
    }
}
