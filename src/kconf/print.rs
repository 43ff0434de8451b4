//! Expressions as text, as `conf` prints them (scripts/kconfig/expr.c: `expr_print`), plain or with
//! the current value behind every symbol.

use super::eval::{State, Tristate};
use super::expr::{Cmp, Expr, ExprId};
use super::model::{Model, SymbolId, Type};

/// How tightly an operator binds; parentheses go around what binds less tightly than its context.
fn strength(expr: Expr) -> u8 {
    match expr {
        Expr::Or(..) => 1,
        Expr::And(..) => 2,
        Expr::Not(_) => 3,
        Expr::Compare(Cmp::Eq | Cmp::Ne, ..) => 4,
        Expr::Compare(..) => 5,
        Expr::Symbol(_) | Expr::Range(..) => 6,
    }
}

/// The text of `cmp`.
pub fn operator(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Eq => "=",
        Cmp::Ne => "!=",
        Cmp::Lt => "<",
        Cmp::Le => "<=",
        Cmp::Gt => ">",
        Cmp::Ge => ">=",
    }
}

/// What is left to print: an expression in the context of an operator, or a text.
enum Todo {
    Expr(ExprId, u8),
    Text(&'static str),
}

/// `expr` as text; `symbol` writes a symbol's name. Nothing is `y`.
pub fn expr(
    model: &Model,
    expr: Option<ExprId>,
    out: &mut Vec<u8>,
    symbol: &mut dyn FnMut(SymbolId, &mut Vec<u8>),
) {
    let Some(root) = expr else {
        out.push(b'y');
        return;
    };
    // Chains of hundreds of `||` are common, and nesting is the user's choice: no recursion.
    let mut todo = vec![Todo::Expr(root, 0)];
    while let Some(next) = todo.pop() {
        let (id, context) = match next {
            Todo::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                continue;
            }
            Todo::Expr(id, context) => (id, context),
        };
        let node = model.exprs.get(id);
        let strength = strength(node);
        if strength < context {
            out.push(b'(');
            todo.push(Todo::Text(")"));
        }
        match node {
            Expr::Symbol(id) => symbol(id, out),
            Expr::Not(a) => {
                out.push(b'!');
                todo.push(Todo::Expr(a, strength));
            }
            Expr::And(a, b) | Expr::Or(a, b) => {
                let text = if matches!(node, Expr::And(..)) { " && " } else { " || " };
                todo.push(Todo::Expr(b, strength));
                todo.push(Todo::Text(text));
                todo.push(Todo::Expr(a, strength));
            }
            Expr::Compare(cmp, a, b) => {
                symbol(a, out);
                out.extend_from_slice(operator(cmp).as_bytes());
                symbol(b, out);
            }
            Expr::Range(a, b) => {
                out.push(b'[');
                symbol(a, out);
                out.push(b' ');
                symbol(b, out);
                out.push(b']');
            }
        }
    }
}

/// The name of a symbol, `<choice>` for a choice without one.
pub fn name(model: &Model, symbol: SymbolId, out: &mut Vec<u8>) {
    let data = model.symbol(symbol);
    let text: &[u8] = if data.name.is_empty() && data.is_choice { b"<choice>" } else { &data.name };
    out.extend_from_slice(text);
}

/// `expr` with names only.
pub fn plain(model: &Model, id: Option<ExprId>) -> Vec<u8> {
    let mut out = Vec::new();
    expr(model, id, &mut out, &mut |symbol, out| name(model, symbol, out));
    out
}

/// `expr` with ` [=VALUE]` behind every symbol that has a type. Values are those last computed.
pub fn with_values(state: &State, id: Option<ExprId>, out: &mut Vec<u8>) {
    let model = state.model();
    expr(model, id, out, &mut |symbol, out| {
        name(model, symbol, out);
        let data = model.symbol(symbol);
        let unnamed = data.is_choice && data.name.is_empty();
        if data.ty != Type::Unknown && !unnamed {
            out.extend_from_slice(b" [=");
            out.extend_from_slice(state.current(symbol));
            out.push(b']');
        }
    });
}

/// The alternatives of `id` whose value is `value`, a line each, under `title` (expr.c:
/// `expr_gstr_print_revdep`).
pub fn reverse_dependencies(
    state: &mut State,
    id: Option<ExprId>,
    value: Tristate,
    title: &str,
    out: &mut Vec<u8>,
) {
    let mut title = Some(title);
    let mut todo: Vec<ExprId> = id.into_iter().collect();
    while let Some(id) = todo.pop() {
        if let Expr::Or(a, b) = state.model().exprs.get(id) {
            todo.push(b);
            todo.push(a);
        } else if state.expr(Some(id)) == value {
            out.extend_from_slice(title.take().unwrap_or_default().as_bytes());
            out.extend_from_slice(b"  - ");
            with_values(state, Some(id), out);
            out.push(b'\n');
        }
    }
}
