//! Why something is impossible: the facts that it follows from, as few as may be.
//!
//! A second solver has a switch for every group of clauses. What clashes under all switches names the
//! groups that were used; those go into a solver of their own, small enough to try without each.

use rustc_hash::{FxHashMap, FxHashSet};

use super::circuit::{Circuit, Lit, Node};
use super::clauses::{Clauses, GroupId};
use super::encode::{Encoder, Origin};
use super::search::Search;
use super::solver::Verdict;
use super::words::{self, Selectors};
use crate::kconf::model::{Place, SymbolId};

/// One step of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The symbol that it is about.
    pub symbol: SymbolId,
    /// Where the tree says so.
    pub place: Option<Place>,
    /// What it says.
    pub text: String,
}

/// Conflicts after which a proof is given up.
const CONFLICTS: u64 = 100_000;

/// Some clauses with switches in a solver. Switches come first, nodes after them in the order in which
/// they are needed.
struct Switched {
    sat: Search,
    switches: u32,
    nodes: FxHashMap<u32, u32>,
}

impl Switched {
    fn new(switches: u32) -> Self {
        let mut sat = Search::new(CONFLICTS);
        (0..switches).for_each(|_| sat.variable(false));
        Self { sat, switches, nodes: FxHashMap::default() }
    }

    /// The literal here of a literal of the circuit; its gates come with it.
    fn lit(&mut self, circuit: &Circuit, lit: Lit) -> Lit {
        let mut todo = vec![lit.node()];
        while let Some(&node) = todo.last() {
            if self.nodes.contains_key(&node) {
                todo.pop();
                continue;
            }
            let gate = circuit.node(node);
            if let Node::And(a, b) = gate {
                let missing = |lit: Lit| !self.nodes.contains_key(&lit.node());
                let before = todo.len();
                todo.extend([a, b].into_iter().filter(|lit| missing(*lit)).map(Lit::node));
                if todo.len() > before {
                    continue;
                }
            }
            todo.pop();
            let new = Lit::new(self.sat.variables(), false);
            self.sat.variable(gate == Node::Input);
            self.nodes.insert(node, new.node());
            match gate {
                Node::True => self.sat.clause([new]),
                Node::Input => {}
                Node::And(a, b) => {
                    let (a, b) = (self.known(a), self.known(b));
                    self.sat.clause([!new, a]);
                    self.sat.clause([!new, b]);
                    self.sat.clause([new, !a, !b]);
                }
            }
        }
        self.known(lit)
    }

    fn known(&self, lit: Lit) -> Lit {
        Lit::new(self.nodes[&lit.node()], lit.is_negated())
    }

    fn clause(&mut self, circuit: &Circuit, switch: u32, lits: &[Lit]) {
        let mut clause = vec![Lit::new(switch, true)];
        clause.extend(lits.iter().map(|lit| self.lit(circuit, *lit)));
        self.sat.clause(clause);
    }

    /// The switches that clash with `lits`, out of `on`; nothing if they do not.
    fn clash(&mut self, on: &[u32], lits: &[Lit]) -> Option<Vec<u32>> {
        // The switches first: what they entail is the same for the next question.
        let mut assumed: Vec<Lit> = on.iter().map(|switch| Lit::new(*switch, false)).collect();
        assumed.extend_from_slice(lits);
        if self.sat.solve(&assumed, &[]) != Verdict::Unsat {
            return None;
        }
        let core = self.sat.core();
        Some(core.iter().map(|lit| lit.node()).filter(|node| *node < self.switches).collect())
    }
}

/// Finds cores.
pub(super) struct Prover {
    all: Switched,
    groups: u32,
    /// The clauses of each group.
    members: Vec<Vec<u32>>,
    selectors: Selectors,
}

impl Prover {
    pub fn new(circuit: &Circuit, clauses: &Clauses, selectors: Selectors) -> Self {
        let mut members = vec![Vec::new(); clauses.groups() as usize];
        for clause in 0..clauses.len() {
            members[clauses.get(clause).1.0 as usize].push(clause as u32);
        }
        let groups = clauses.groups();
        let mut all = Switched::new(groups);
        for clause in 0..clauses.len() {
            let (lits, group) = clauses.get(clause);
            all.clause(circuit, group.0, lits);
        }
        Self { all, groups, members, selectors }
    }

    /// Makes the gates of questions to come: new ones undo what the switches entail.
    pub fn prepare(&mut self, circuit: &Circuit, questions: &[Vec<Lit>]) {
        for lit in questions.iter().flatten() {
            self.all.lit(circuit, *lit);
        }
    }

    pub fn selectors(&self) -> &Selectors {
        &self.selectors
    }

    pub fn groups(&self) -> u32 {
        self.groups
    }

    /// The groups that clash with `lits`, none of which can be left out, nor is about `without`.
    pub fn core(
        &mut self,
        circuit: &Circuit,
        clauses: &Clauses,
        lits: &[Lit],
        without: &[SymbolId],
    ) -> Option<Vec<GroupId>> {
        let here: Vec<Lit> = lits.iter().map(|lit| self.all.lit(circuit, *lit)).collect();
        let allowed = |group: &u32| !without.contains(&clauses.reason(GroupId(*group)).symbol);
        let every: Vec<u32> = (0..self.groups).filter(allowed).collect();
        let first = self.all.clash(&every, &here)?;
        Some(self.shrink(circuit, clauses, lits, &first))
    }

    /// Leaves out what can be left out of `groups`.
    fn shrink(
        &self,
        circuit: &Circuit,
        clauses: &Clauses,
        lits: &[Lit],
        groups: &[u32],
    ) -> Vec<GroupId> {
        let mut small = Switched::new(groups.len() as u32);
        for (switch, group) in groups.iter().enumerate() {
            for clause in &self.members[*group as usize] {
                let (lits, _) = clauses.get(*clause as usize);
                small.clause(circuit, switch as u32, lits);
            }
        }
        let here: Vec<Lit> = lits.iter().map(|lit| small.lit(circuit, *lit)).collect();
        let mut on: Vec<u32> = (0..groups.len() as u32).collect();
        let mut tried = FxHashSet::default();
        while let Some(next) = on.iter().copied().find(|switch| !tried.contains(switch)) {
            tried.insert(next);
            let without: Vec<u32> = on.iter().copied().filter(|switch| *switch != next).collect();
            if let Some(fewer) = small.clash(&without, &here) {
                on = fewer;
            }
        }
        on.into_iter().map(|switch| GroupId(groups[switch as usize])).collect()
    }
}

/// `groups` as facts, in the order in which they lead away from what was asked.
pub(super) fn facts(
    encoder: &mut Encoder<'_>,
    selectors: &Selectors,
    lits: &[Lit],
    groups: &[GroupId],
) -> Vec<Fact> {
    let model = encoder.model;
    let reasons: Vec<_> = groups.iter().map(|group| encoder.clauses.reason(*group)).collect();
    let mut about: Vec<SymbolId> = Vec::new();
    for input in encoder.circuit.support(lits) {
        if let Origin::Symbol(symbol, _) | Origin::Value(symbol) = encoder.origin(input)
            && !about.contains(&symbol)
        {
            about.push(symbol);
        }
    }
    let named: FxHashSet<SymbolId> =
        about.iter().copied().chain(reasons.iter().map(|reason| reason.symbol)).collect();
    // Nearest first: a symbol that was asked about, then what its facts mention.
    let mut order: Vec<usize> = Vec::new();
    let mut at = 0;
    while order.len() < reasons.len() {
        let Some(symbol) = about.get(at).copied() else {
            order.extend((0..reasons.len()).filter(|n| !order.contains(n)).collect::<Vec<_>>());
            break;
        };
        at += 1;
        for (number, reason) in reasons.iter().enumerate() {
            if reason.symbol == symbol && !order.contains(&number) {
                order.push(number);
                let parts = encoder.parts(symbol);
                let lits = [parts.visible, parts.weak, parts.reverse].map(|part| part.m);
                for input in encoder.circuit.support(&lits) {
                    if let Origin::Symbol(next, _) | Origin::Value(next) = encoder.origin(input)
                        && named.contains(&next)
                        && !about.contains(&next)
                    {
                        about.push(next);
                    }
                }
            }
        }
    }
    let fact = |number: &usize| {
        let reason = reasons[*number];
        let (place, text) =
            words::fact(model, selectors, reason, &|symbol| named.contains(&symbol));
        Fact { symbol: reason.symbol, place, text }
    };
    order.iter().map(fact).collect()
}
