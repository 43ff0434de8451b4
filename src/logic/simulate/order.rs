//! In which order nodes are evaluated: operands before gates, and what a symbol depends on before it.
//!
//! Kconfig refuses what depends on itself, but not everything that looks so to us. Where there is a
//! cycle, some node has the value of the last time; then the clauses may not hold, which is checked.

use rustc_hash::FxHashMap;

use super::super::circuit::{Lit, Node};
use super::super::clauses::Rule;
use super::super::encode::{Encoder, Tri};
use crate::kconf::model::{SymbolId, Type};

/// No unit.
const NONE: u32 = u32::MAX;

/// Inputs that are evaluated together.
#[derive(Debug)]
pub(super) enum Unit {
    /// Nothing.
    None,
    /// A bool or tristate.
    Symbol(SymbolId),
    /// The members of a choice, with when they are visible.
    Menu(Box<[(SymbolId, Lit)]>),
    /// The members of a choice that has a value, with when they are visible as `y`.
    List(SymbolId, Box<[(SymbolId, Lit)]>),
    /// Wires that these clauses (by number) bound.
    Bounded { clauses: Box<[u32]>, wires: Box<[u32]> },
}

/// A step of the evaluation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A gate, by its node.
    Gate(u32),
    /// A unit, by its number.
    Unit(u32),
}

/// The order.
#[derive(Debug)]
pub(super) struct Plan {
    pub steps: Vec<Step>,
    pub units: Vec<Unit>,
    /// By node: the unit that an input is part of, or [`NONE`].
    unit_of: Vec<u32>,
    /// For how many clauses it was made.
    pub clauses: usize,
}

impl Plan {
    /// The order of all nodes.
    pub fn new(encoder: &Encoder<'_>) -> Self {
        let nodes = encoder.circuit.len();
        let clauses = encoder.clauses.len();
        let mut new =
            Self { steps: Vec::new(), units: Vec::new(), unit_of: vec![NONE; nodes], clauses };
        new.units(encoder);
        new.sort(encoder);
        new
    }

    /// Appends nodes that were made since; nothing is said about new inputs.
    pub fn grow(&mut self, encoder: &Encoder<'_>) {
        let nodes = self.unit_of.len() as u32..encoder.circuit.len() as u32;
        self.unit_of.resize(encoder.circuit.len(), NONE);
        let gates = nodes.filter(|node| matches!(encoder.circuit.node(*node), Node::And(..)));
        self.steps.extend(gates.map(Step::Gate));
    }

    /// The unit that an input is part of.
    pub fn unit_of(&self, input: u32) -> Option<&Unit> {
        self.units.get(self.unit_of[input as usize] as usize)
    }

    fn add(&mut self, unit: Unit, wires: impl IntoIterator<Item = u32>) {
        let number = self.units.len() as u32;
        for wire in wires {
            self.unit_of[wire as usize] = number;
        }
        self.units.push(unit);
    }

    fn units(&mut self, encoder: &Encoder<'_>) {
        for (choice, members) in encoder.choices() {
            let is_free = |(member, _): &&(SymbolId, Lit)| {
                let value = encoder.value(*member);
                value != Tri::NO && self.unit_of[value.m.node() as usize] == NONE
            };
            let free: Box<[(SymbolId, Lit)]> = members.iter().filter(is_free).copied().collect();
            let list = encoder.value(*choice) != Tri::NO;
            let wires: Vec<u32> = free
                .iter()
                .map(|(member, _)| encoder.value(*member))
                .flat_map(|value| [value.m.node(), value.y.node()])
                .collect();
            let unit = if list { Unit::List(*choice, free) } else { Unit::Menu(free) };
            self.add(unit, wires);
        }
        let model = encoder.model;
        for number in 3..model.symbols.len() as u32 {
            let symbol = SymbolId::new(number);
            let data = model.symbol(symbol);
            let value = encoder.value(symbol);
            let logical = matches!(data.ty, Type::Bool | Type::Tristate) && !data.constant;
            if logical && !value.m.is_constant() && self.unit_of[value.m.node() as usize] == NONE {
                self.add(Unit::Symbol(symbol), [value.m.node(), value.y.node()]);
            }
        }
        self.bounded(encoder);
    }

    /// The wires of numbers, texts and probes.
    fn bounded(&mut self, encoder: &Encoder<'_>) {
        let mut lists: FxHashMap<(Rule, SymbolId), Vec<u32>> = FxHashMap::default();
        let mut order = Vec::new();
        for number in 0..encoder.clauses.len() {
            let (_, group) = encoder.clauses.get(number);
            let reason = encoder.clauses.reason(group);
            // What is known of probes is about several of them.
            let key = match reason.rule {
                Rule::Number => (Rule::Number, reason.symbol),
                Rule::Probe => (Rule::Probe, SymbolId::new(0)),
                _ => continue,
            };
            lists.entry(key).or_insert_with(|| {
                order.push(key);
                Vec::new()
            });
            lists.entry(key).or_default().push(number as u32);
        }
        for key in order {
            let clauses: Box<[u32]> = lists.remove(&key).unwrap_or_default().into();
            let lasts = clauses.iter().filter_map(|number| {
                let (lits, _) = encoder.clauses.get(*number as usize);
                lits.last().map(|lit| lit.node())
            });
            let is_input = |node: &u32| encoder.circuit.node(*node) == Node::Input;
            let mut wires: Vec<u32> =
                lasts.filter(is_input).filter(|n| self.unit_of[*n as usize] == NONE).collect();
            wires.sort_unstable();
            wires.dedup();
            let unit = Unit::Bounded { clauses, wires: wires.clone().into() };
            self.add(unit, wires);
        }
    }

    /// What has to be evaluated before a unit.
    fn needs(&self, encoder: &Encoder<'_>, unit: u32, out: &mut Vec<u32>) {
        let parts = |symbol: SymbolId, out: &mut Vec<u32>| {
            if let Some(parts) = encoder.known_parts(symbol) {
                let all = [parts.visible, parts.weak, parts.reverse];
                out.extend(all.iter().flat_map(|part| [part.m.node(), part.y.node()]));
            }
        };
        match &self.units[unit as usize] {
            Unit::None => {}
            Unit::Symbol(symbol) => {
                parts(*symbol, out);
                out.push(encoder.modules().node());
            }
            Unit::Menu(members) => out.extend(members.iter().map(|(_, visible)| visible.node())),
            Unit::List(choice, members) => {
                let value = encoder.value(*choice);
                out.extend([value.m.node(), value.y.node(), encoder.modules().node()]);
                members.iter().for_each(|(member, _)| parts(*member, out));
            }
            Unit::Bounded { clauses, wires } => {
                for number in clauses {
                    let (lits, _) = encoder.clauses.get(*number as usize);
                    let others = lits.iter().map(|lit| lit.node());
                    out.extend(others.filter(|node| wires.binary_search(node).is_err()));
                }
            }
        }
    }

    /// Depth first, without recursion.
    fn sort(&mut self, encoder: &Encoder<'_>) {
        /// What is to be done: begin with a node, or take a step after what it needs.
        enum Todo {
            Begin(u32),
            Take(Step),
        }
        let circuit = &encoder.circuit;
        let mut seen = vec![false; circuit.len()];
        let mut begun = vec![false; self.units.len()];
        let mut todo = Vec::new();
        let mut needs = Vec::new();
        let mut steps = Vec::with_capacity(circuit.len());
        for root in 0..circuit.len() as u32 {
            todo.push(Todo::Begin(root));
            while let Some(next) = todo.pop() {
                let node = match next {
                    Todo::Take(step) => {
                        steps.push(step);
                        continue;
                    }
                    Todo::Begin(node) => node,
                };
                if std::mem::replace(&mut seen[node as usize], true) {
                    continue;
                }
                match circuit.node(node) {
                    Node::True => {}
                    Node::And(a, b) => {
                        todo.push(Todo::Take(Step::Gate(node)));
                        todo.extend([b, a].map(|lit| Todo::Begin(lit.node())));
                    }
                    Node::Input => {
                        let unit = self.unit_of[node as usize];
                        if unit == NONE || std::mem::replace(&mut begun[unit as usize], true) {
                            continue;
                        }
                        todo.push(Todo::Take(Step::Unit(unit)));
                        self.needs(encoder, unit, &mut needs);
                        todo.extend(needs.drain(..).map(Todo::Begin));
                    }
                }
            }
        }
        self.steps = steps;
    }
}
