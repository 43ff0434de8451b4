//! A model in which open probes have said something, for the evaluator.
//!
//! What the logic finds may hold only where a probe of the compiler says `y`. The evaluator takes an
//! open probe for `n`, so to confirm such a finding it is given a model in which the symbols that
//! stand for probes are bools that something selects.

use crate::kconf::eval::Tristate;
use crate::kconf::expr::Expr;
use crate::kconf::model::{MOD, Model, SymbolId, Type, YES};
use crate::kconf::probe::placeholders;

/// The symbols that stand for an open probe.
pub fn open(model: &Model) -> impl Iterator<Item = SymbolId> + '_ {
    let symbols = model.symbols.iter().enumerate().skip(3);
    let probed = symbols
        .filter(|(_, data)| data.ty == Type::Unknown && placeholders(&data.name).next().is_some());
    probed.map(|(number, _)| SymbolId::new(number as u32))
}

/// `model` with the values that `value` gives to the symbols of open probes.
pub fn decided(model: &Model, value: impl Fn(SymbolId) -> Tristate) -> Model {
    let mut new = model.clone();
    for symbol in open(model) {
        let forced = match value(symbol) {
            Tristate::No => continue,
            Tristate::Mod => MOD,
            Tristate::Yes => YES,
        };
        let forced = new.exprs.intern(Expr::Symbol(forced));
        let data = &mut new.symbols[symbol.index()];
        data.ty = Type::Tristate;
        data.constant = false;
        data.rev_dep = Some(forced);
    }
    new
}
