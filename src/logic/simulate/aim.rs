//! What a user has to like for something to hold: backwards from it through the gates, as a generator
//! of test patterns does (Goel, PODEM), with a configuration at hand that is near to it.

use super::super::circuit::{Lit, Node};
use super::super::encode::Encoder;
use super::Simulator;
use super::order::Unit;
use crate::kconf::model::SymbolId;

/// As many nodes are looked at for one configuration.
const STEPS: usize = 4000;

impl Simulator {
    /// Changes what the user of configuration `bit` would like so that `wanted` come to hold, if the
    /// rest stays as it is. Where there are several ways, one is taken at random.
    pub fn aim(&mut self, encoder: &Encoder<'_>, bit: u32, wanted: &[Lit]) {
        self.clock += 1;
        let mut todo: Vec<Lit> = wanted.iter().rev().copied().collect();
        for _ in 0..STEPS {
            let Some(lit) = todo.pop() else { return };
            let node = lit.node();
            if lit.is_constant()
                || std::mem::replace(&mut self.stamps[node as usize], self.clock) == self.clock
            {
                continue;
            }
            let holds = self.has(lit, bit);
            match encoder.circuit.node(node) {
                Node::True => {}
                Node::Input => {
                    self.like(lit, bit);
                    if !holds {
                        self.cause(encoder, bit, lit, &mut todo);
                    }
                }
                Node::And(..) if holds => {}
                Node::And(a, b) if !lit.is_negated() => todo.extend([a, b]),
                Node::And(a, b) => {
                    // What is an input can be changed at once.
                    let input = |lit: Lit| encoder.circuit.node(lit.node()) == Node::Input;
                    let first = match (input(a), input(b)) {
                        (true, false) => true,
                        (false, true) => false,
                        _ => self.random.next() & 1 == 0,
                    };
                    todo.push(if first { !a } else { !b });
                }
            }
        }
    }

    fn has(&self, lit: Lit, bit: u32) -> bool {
        self.word(lit) >> bit & 1 == 1
    }

    /// The user would like this input to be so.
    fn like(&mut self, lit: Lit, bit: u32) {
        let user = &mut self.user[lit.node() as usize];
        *user = *user & !(1 << bit) | u64::from(!lit.is_negated()) << bit;
    }

    /// What else has to hold for an input to be so.
    fn cause(&mut self, encoder: &Encoder<'_>, bit: u32, lit: Lit, todo: &mut Vec<Lit>) {
        match self.plan.unit_of(lit.node()) {
            Some(Unit::Symbol(symbol)) => {
                let symbol = *symbol;
                self.symbol_is(encoder, bit, symbol, lit, todo);
            }
            Some(Unit::Menu(members) | Unit::List(_, members)) => {
                let members = members.clone();
                self.member_is(encoder, bit, &members, lit, todo);
            }
            _ => {}
        }
    }

    fn symbol_is(
        &mut self,
        encoder: &Encoder<'_>,
        bit: u32,
        symbol: SymbolId,
        lit: Lit,
        todo: &mut Vec<Lit>,
    ) {
        let value = encoder.value(symbol);
        let Some(parts) = encoder.known_parts(symbol) else { return };
        let is_m = lit.node() == value.m.node();
        let level = |part: super::Tri| if is_m { part.m } else { part.y };
        let (visible, weak, reverse) =
            (level(parts.visible), level(parts.weak), level(parts.reverse));
        if lit.is_negated() {
            if is_m && value.y != value.m {
                self.like(!value.y, bit);
            }
            todo.push(!reverse);
            if !self.has(parts.visible.m, bit) {
                todo.push(!weak);
            }
            return;
        }
        if self.has(visible, bit) {
            return;
        }
        let mut ways = [visible, weak, reverse];
        let can = ways.iter().filter(|lit| **lit != Lit::FALSE).count();
        ways.sort_by_key(|lit| *lit == Lit::FALSE);
        if can == 0 {
            return;
        }
        // What the user can set is the way that was meant.
        let random = self.random.next();
        let way = if visible != Lit::FALSE && random & 3 != 0 {
            visible
        } else {
            ways[(random >> 8) as usize % can]
        };
        todo.push(way);
    }

    /// Of a choice, one member is wanted at a time.
    fn member_is(
        &mut self,
        encoder: &Encoder<'_>,
        bit: u32,
        members: &[(SymbolId, Lit)],
        lit: Lit,
        todo: &mut Vec<Lit>,
    ) {
        let is = |symbol: SymbolId| {
            let value = encoder.value(symbol);
            [value.m.node(), value.y.node()].contains(&lit.node())
        };
        let chosen = if lit.is_negated() {
            let others = members.iter().filter(|(member, _)| !is(*member));
            let others: Vec<&(SymbolId, Lit)> = others.collect();
            let Some(last) = others.len().checked_sub(1) else { return };
            others[self.random.next() as usize % (last + 1)]
        } else {
            let Some(chosen) = members.iter().find(|(member, _)| is(*member)) else { return };
            chosen
        };
        for (member, _) in members {
            let value = encoder.value(*member);
            let on = *member == chosen.0;
            for wire in [value.m, value.y] {
                self.like(if on { wire } else { !wire }, bit);
            }
        }
        todo.push(chosen.1);
    }
}
