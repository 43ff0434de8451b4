//! What probes of the toolchain said when a `.config` was made, as far as that shows in it.
//!
//! Nothing of the tree is run to find out. An option that is on, and whose defaults or dependencies
//! mention a probe, had a `y` from it; a number or text without a prompt is what its probe printed.

use rustc_hash::FxHashSet;

use crate::kconf::eval::Tristate;
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, PropKind, SymbolId, Type};
use crate::logic::probes;
use crate::model::config::Config;
use crate::model::valuation;

/// `model` with the answers that probes gave for `config`.
pub fn decided(model: &Model, config: &Config) -> Model {
    let open: FxHashSet<SymbolId> = probes::open(model).collect();
    let mut yes: FxHashSet<SymbolId> = FxHashSet::default();
    let mut printed: Vec<(SymbolId, Box<[u8]>)> = Vec::new();
    for symbol in model.symbols.iter().skip(3).filter(|symbol| !symbol.constant) {
        let Ok(name) = std::str::from_utf8(&symbol.name) else { continue };
        let Some(value) = config.values.get(name) else { continue };
        let props = || symbol.props.iter().map(|prop| model.prop(*prop));
        if matches!(symbol.ty, Type::Bool | Type::Tristate) {
            if value != "n" {
                let exprs = props().flat_map(|prop| [prop.visible, prop.expr]);
                for expr in exprs.chain([symbol.dir_dep]).flatten() {
                    mentioned(model, expr, &open, &mut yes);
                }
            }
            continue;
        }
        let value =
            value.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(value);
        for prop in props().filter(|prop| prop.kind == PropKind::Default) {
            if let Some(Expr::Symbol(probe)) = prop.expr.map(|expr| model.exprs.get(expr))
                && open.contains(&probe)
                && prop.visible.is_none_or(|cond| on(model, cond, config) != Some(false))
            {
                printed.push((probe, value.as_bytes().into()));
            }
        }
    }
    let answer = |probe| if yes.contains(&probe) { Tristate::Yes } else { Tristate::No };
    let mut model = probes::decided(model, answer);
    for (probe, text) in printed {
        let symbol = &mut model.symbols[probe.index()];
        (symbol.name, symbol.ty, symbol.constant) = (text, Type::Unknown, true);
    }
    model
}

/// Whether a condition holds, as far as the configuration says.
fn on(model: &Model, expr: ExprId, config: &Config) -> Option<bool> {
    match model.exprs.get(expr) {
        Expr::Symbol(symbol) => {
            let symbol = model.symbol(symbol);
            let name = std::str::from_utf8(&symbol.name).ok()?;
            matches!(symbol.ty, Type::Bool | Type::Tristate).then(|| config.value(name) != "n")
        }
        Expr::Not(a) => on(model, a, config).map(|a| !a),
        Expr::And(a, b) => valuation::and(on(model, a, config), on(model, b, config)),
        Expr::Or(a, b) => valuation::or(on(model, a, config), on(model, b, config)),
        Expr::Compare(..) | Expr::Range(..) => None,
    }
}

/// The open probes in an expression that help it to hold.
fn mentioned(
    model: &Model,
    expr: ExprId,
    open: &FxHashSet<SymbolId>,
    found: &mut FxHashSet<SymbolId>,
) {
    let mut waiting = vec![(expr, true)];
    while let Some((expr, helps)) = waiting.pop() {
        match model.exprs.get(expr) {
            Expr::Symbol(symbol) if helps && open.contains(&symbol) => {
                found.insert(symbol);
            }
            Expr::Not(a) => waiting.push((a, !helps)),
            Expr::And(a, b) | Expr::Or(a, b) => waiting.extend([(a, helps), (b, helps)]),
            Expr::Symbol(_) | Expr::Compare(..) | Expr::Range(..) => {}
        }
    }
}
