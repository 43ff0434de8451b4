//! What an evaluated configuration says of each input of the circuit.

use super::super::circuit::{Lit, Node};
use super::number::{canonical, number};
use super::{Encoder, Origin};
use crate::kconf::eval::{State, Tristate, compared};
use crate::kconf::model::SymbolId;

impl Encoder<'_> {
    /// The value of every input in the configuration of `state`, by node; gates are false here.
    pub(in crate::logic) fn inputs_of(&self, state: &mut State<'_>) -> Vec<bool> {
        let mut inputs = vec![false; self.circuit.len()];
        for node in 0..self.circuit.len() as u32 {
            if !matches!(self.circuit.node(node), Node::Input) {
                continue;
            }
            let lit = Lit::new(node, false);
            inputs[node as usize] = match self.origin(node) {
                Origin::Symbol(symbol, level) => {
                    // One wire is for y, and for what is m without modules.
                    let value = self.value(symbol);
                    let level = if value.m == value.y { Tristate::Mod } else { level };
                    state.tristate(symbol) >= level
                }
                Origin::Value(symbol) => self.value_wire(state, symbol, lit),
                Origin::Probe(_) => self.probe_wire(state, lit),
                Origin::Opaque => false,
            };
        }
        inputs
    }

    fn value_wire(&self, state: &mut State<'_>, symbol: SymbolId, lit: Lit) -> bool {
        if let Some((cmp, a, b)) = self.comparisons.get(&lit) {
            let (left, right) = (state.value(*a).to_vec(), state.value(*b).to_vec());
            let ty = |symbol: &SymbolId| self.model.symbol(*symbol).ty;
            return compared(self.rules, *cmp, (&left, ty(a)), (&right, ty(b)));
        }
        let Some(values) = self.numbers.get(&symbol) else { return false };
        let text = state.value(symbol).to_vec();
        if let Some((value, _)) = values.least.iter().find(|(_, wire)| **wire == lit) {
            return match number(self.model.symbol(symbol).ty, &text) {
                Some(number) => number >= *value,
                // Compared as texts.
                None => text >= value.to_string().into_bytes(),
            };
        }
        values.texts.iter().any(|(known, wire)| *wire == lit && *known == canonical(&text))
    }

    fn probe_wire(&self, state: &mut State<'_>, lit: Lit) -> bool {
        let wire = self.probe_wires.iter().find(|(wire, ..)| *wire == lit);
        wire.is_some_and(|(_, symbol, yes)| state.tristate(*symbol) == *yes)
    }
}
