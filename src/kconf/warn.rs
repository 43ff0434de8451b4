//! The warning about unmet direct dependencies, in the words of the tree's version.

use super::eval::{State, Tristate};
use super::expr::{Expr, ExprId};
use super::model::{Model, SymbolId};
use super::print;

/// Warns that something selects `symbol` though its direct dependency is lower (scripts/kconfig/
/// symbol.c: `sym_warn_unmet_dep`).
pub(crate) fn unmet_dependency(state: &mut State, symbol: SymbolId) {
    let model = state.model();
    let data = model.symbol(symbol);
    if !state.rules().long_warnings {
        let mut text = b"warning: (".to_vec();
        short(model, data.rev_dep, data.dir_dep, &mut text);
        text.extend_from_slice(b") selects ");
        text.extend_from_slice(&data.name);
        text.extend_from_slice(b" which has unmet direct dependencies (");
        text.append(&mut print::plain(model, data.dir_dep));
        text.extend_from_slice(b")\n");
        state.output.err(text);
        state.unmet += 1;
        return;
    }
    let mut text = b"\nWARNING: unmet direct dependencies detected for ".to_vec();
    text.extend_from_slice(&data.name);
    let direct = if state.slot(symbol).direct == Tristate::Mod { 'm' } else { 'n' };
    text.extend_from_slice(format!("\n  Depends on [{direct}]: ").as_bytes());
    print::with_values(state, data.dir_dep, &mut text);
    text.push(b'\n');
    for (value, title) in
        [(Tristate::Yes, "  Selected by [y]:\n"), (Tristate::Mod, "  Selected by [m]:\n")]
    {
        print::reverse_dependencies(state, data.rev_dep, value, title, &mut text);
    }
    state.output.err(text);
    state.unmet += 1;
}

/// Until 4.17: of every selector only its leftmost symbol, joined by `&&`, without those that share
/// the dependency (expr.c: `expr_simplify_unmet_dep`).
fn short(model: &Model, reverse: Option<ExprId>, direct: Option<ExprId>, out: &mut Vec<u8>) {
    let mut leaves = Vec::new();
    let mut todo: Vec<ExprId> = reverse.into_iter().collect();
    while let Some(id) = todo.pop() {
        match model.exprs.get(id) {
            Expr::Or(a, b) => todo.extend([b, a]),
            Expr::And(a, b) if Some(a) != direct && Some(b) != direct => {
                leaves.push(leftmost(model, a));
            }
            Expr::And(..) => {}
            _ => leaves.push(leftmost(model, id)),
        }
    }
    for (number, leaf) in leaves.into_iter().flatten().enumerate() {
        if number > 0 {
            out.extend_from_slice(b" && ");
        }
        print::name(model, leaf, out);
    }
}

fn leftmost(model: &Model, mut id: ExprId) -> Option<SymbolId> {
    loop {
        match model.exprs.get(id) {
            Expr::Symbol(symbol) | Expr::Compare(_, symbol, _) => return Some(symbol),
            Expr::Not(a) | Expr::And(a, _) | Expr::Or(a, _) => id = a,
            Expr::Range(..) => return None,
        }
    }
}
