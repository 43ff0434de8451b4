//! What is possible in a tree: questions about all configurations at once, answered by proof.
//!
//! [`encode`] turns one architecture's Kconfig into clauses, [`formula`] the conditions of code and
//! Makefiles into gates over the same symbols, and [`Logic`] asks a SAT solver. Most questions are
//! answered without it, by configurations that are already known. An answer of "impossible" can be
//! turned into the facts that it follows from ([`proof`]), one of "possible" into a few lines of
//! `.config` ([`witness`]).

use crate::kconf::eval::{State, Tristate};
use crate::kconf::expr::ExprId;
use crate::kconf::model::{Model, SymbolId};
use crate::model::formula::FormulaId;
use rustc_hash::FxHashMap;

pub mod circuit;
pub mod clauses;
pub mod confirm;
pub(crate) mod dimacs;
pub mod encode;
pub mod formula;
mod known;
pub mod probes;
pub mod proof;
mod rounds;
pub mod sample;
mod search;
pub mod second;
mod simulate;
pub mod solver;
#[cfg(test)]
mod tests;
pub mod trial;
pub mod witness;
pub mod words;

use circuit::{Circuit, Lit, Node};
use clauses::{Clauses, Reason, Rule};
use encode::{Encoder, Tri};
use formula::Lowered;
use proof::{Fact, Prover};
use search::Search;
use simulate::Simulator;
use solver::Verdict;
use words::Selectors;

/// Conflicts after which a question is given up. No question about Linux needs a tenth of it.
const CONFLICTS: u64 = 50_000;

/// What is asked for at once, and the number of the question.
type Question = (Vec<Lit>, usize);

/// Whether something is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Some configuration has it.
    Possible,
    /// No configuration has it.
    Impossible,
    /// The solver gave up.
    Unknown,
}

/// How many questions were asked and how they were answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All questions.
    pub asked: usize,
    /// Answered by a configuration that was known.
    pub known: usize,
    /// Asked of the solver.
    pub solved: usize,
    /// Given up.
    pub unknown: usize,
}

/// A configuration that the solver found: the value of every node of the circuit.
#[derive(Debug, Clone)]
pub struct Assignment {
    inputs: Vec<bool>,
}

impl Assignment {
    /// Whether `lit` holds; `circuit` is what the configuration is of.
    pub fn holds(&self, circuit: &Circuit, lit: Lit) -> bool {
        // Gates made later than the configuration have no value yet.
        let value = match circuit.node(lit.node()) {
            Node::And(a, b) if lit.node() as usize >= self.inputs.len() => {
                self.holds(circuit, a) && self.holds(circuit, b)
            }
            _ => self.inputs.get(lit.node() as usize).copied().unwrap_or(false),
        };
        value != lit.is_negated()
    }

    /// The value of a bool or tristate.
    pub fn value(&self, circuit: &Circuit, value: Tri) -> Tristate {
        match (self.holds(circuit, value.m), self.holds(circuit, value.y)) {
            (false, _) => Tristate::No,
            (true, false) => Tristate::Mod,
            (true, true) => Tristate::Yes,
        }
    }
}

/// Asks about all configurations of one architecture.
pub struct Logic<'m> {
    encoder: Encoder<'m>,
    sat: Search,
    /// How many clauses the solver has.
    clauses: usize,
    /// Which gates the solver has.
    loaded: Vec<bool>,
    prover: Option<Prover>,
    simulator: Option<Simulator>,
    turn: usize,
    counts: Counts,
    /// What witnesses are evaluated with.
    evaluated: witness::Evaluated<'m>,
}

impl<'m> Logic<'m> {
    /// The logic of `model`.
    pub fn new(model: &'m Model) -> Self {
        Self::of(Encoder::new(model))
    }

    /// The logic of what decides about some symbols of `model`: for questions about nothing else.
    pub fn about(model: &'m Model, symbols: &[SymbolId]) -> Self {
        Self::of(Encoder::about(model, symbols))
    }

    fn of(encoder: Encoder<'m>) -> Self {
        let counts = Counts::default();
        let mut sat = Search::new(CONFLICTS);
        sat.variable(false);
        sat.clause([Lit::TRUE]);
        Self {
            encoder,
            sat,
            clauses: 0,
            loaded: Vec::new(),
            prover: None,
            simulator: None,
            turn: 0,
            counts,
            evaluated: witness::Evaluated::default(),
        }
    }

    /// The model.
    pub fn model(&self) -> &'m Model {
        self.encoder.model
    }

    /// Makes gates of one's own.
    pub fn circuit(&mut self) -> &mut Circuit {
        &mut self.encoder.circuit
    }

    /// The circuit, to look at.
    pub fn gates(&self) -> &Circuit {
        &self.encoder.circuit
    }

    /// The encoder, for the parts of a symbol.
    pub fn encoder(&mut self) -> &mut Encoder<'m> {
        &mut self.encoder
    }

    /// What the tree says.
    pub fn clauses(&self) -> &Clauses {
        &self.encoder.clauses
    }

    /// How many questions were asked.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The symbol of this name, if the architecture defines it.
    pub fn find(&self, name: &str) -> Option<SymbolId> {
        self.encoder.find(name.as_bytes())
    }

    /// Whether `symbol` is at least `value`.
    pub fn value_at_least(&self, symbol: SymbolId, value: Tristate) -> Lit {
        self.encoder.value(symbol).at_least(value)
    }

    /// Whether the expression is at least `value`; nothing is `y`.
    pub fn expr(&mut self, expr: Option<ExprId>, value: Tristate) -> Lit {
        self.encoder.expr(expr).at_least(value)
    }

    /// A formula of code or Makefiles; `lowered` belongs to what the formula is of.
    pub fn formula(&mut self, lowered: &mut Lowered<'_>, formula: FormulaId) -> Lit {
        lowered.lit(&mut self.encoder, formula)
    }

    /// Whether some configuration has all of `lits`.
    pub fn possible(&mut self, lits: &[Lit]) -> Answer {
        self.counts.asked += 1;
        if lits.contains(&Lit::FALSE) {
            return Answer::Impossible;
        }
        self.settle();
        if self.encoder.circuit.matches(lits) {
            self.counts.known += 1;
            return Answer::Possible;
        }
        if self.encoder.clash(lits) {
            return Answer::Impossible;
        }
        self.solve(lits)
    }

    /// For each question whether some configuration has all of its literals. Asked together, since one
    /// configuration answers many, and much of what they entail is the same.
    pub fn each(&mut self, questions: &[Vec<Lit>]) -> Vec<Answer> {
        self.settle();
        self.seed(questions.len());
        self.counts.asked += questions.len();
        let mut answers = vec![Answer::Unknown; questions.len()];
        let mut open: Vec<Question> = Vec::new();
        for (at, lits) in questions.iter().enumerate() {
            if self.encoder.circuit.matches(lits) {
                self.counts.known += 1;
                answers[at] = Answer::Possible;
            } else if lits.contains(&Lit::FALSE) || self.encoder.clash(lits) {
                answers[at] = Answer::Impossible;
            } else {
                open.push((lits.clone(), at));
            }
        }
        in_common_first(&mut open);
        for (lits, _) in &open {
            self.load(lits);
        }
        self.simulate(&mut open, &mut answers);
        self.models(&mut open, &mut answers);
        answers
    }

    /// Answers what is left of the questions by search, each model for as many as it can.
    fn models(&mut self, open: &mut Vec<Question>, answers: &mut [Answer]) {
        while let Some((first, rest)) = open.split_first() {
            let wishes: Vec<&[Lit]> = rest.iter().map(|(lits, _)| lits.as_slice()).collect();
            let verdict = self.sat.solve(&first.0, &wishes);
            answers[first.1] = self.note(verdict);
            open.remove(0);
            if verdict == Verdict::Sat {
                open.retain(|(lits, at)| {
                    let holds = lits.iter().all(|lit| self.sat.holds(*lit));
                    if holds {
                        answers[*at] = Answer::Possible;
                    }
                    !holds
                });
            }
        }
    }

    /// Counts what the solver said, and remembers the configuration that it found.
    fn note(&mut self, verdict: Verdict) -> Answer {
        self.counts.solved += 1;
        match verdict {
            Verdict::Sat => {
                let sat = &self.sat;
                self.encoder.circuit.remember(|node| sat.value(node));
                Answer::Possible
            }
            Verdict::Unsat => Answer::Impossible,
            Verdict::Unknown => {
                self.counts.unknown += 1;
                Answer::Unknown
            }
        }
    }

    /// Whether every configuration with all of `lits` has `then` too: a proof, not the lack of an
    /// answer.
    pub fn implies(&mut self, lits: &[Lit], then: Lit) -> bool {
        let mut question = lits.to_vec();
        question.push(!then);
        self.possible(&question) == Answer::Impossible
    }

    /// A configuration that has all of `lits`.
    pub fn assignment(&mut self, lits: &[Lit]) -> Option<Assignment> {
        if lits.contains(&Lit::FALSE) {
            return None;
        }
        self.settle();
        if self.solve(lits) != Answer::Possible {
            return None;
        }
        Some(self.found())
    }

    /// The configuration that the solver has just found.
    fn found(&self) -> Assignment {
        let mut inputs: Vec<bool> = Vec::with_capacity(self.encoder.circuit.len());
        for node in 0..self.encoder.circuit.len() as u32 {
            let at = |lit: Lit| inputs[lit.node() as usize] != lit.is_negated();
            inputs.push(match self.encoder.circuit.node(node) {
                Node::True => true,
                Node::Input => self.sat.value(node),
                Node::And(a, b) => at(a) && at(b),
            });
        }
        Assignment { inputs }
    }

    /// Why no configuration has all of `lits`: the facts that it follows from, none of which can be
    /// left out. Nothing if it does not follow.
    pub fn proof(&mut self, lits: &[Lit]) -> Option<Vec<Fact>> {
        self.proof_without(lits, &[])
    }

    /// The same, from facts none of which is about these symbols.
    pub fn proof_without(&mut self, lits: &[Lit], without: &[SymbolId]) -> Option<Vec<Fact>> {
        if lits.contains(&Lit::FALSE) {
            return Some(Vec::new());
        }
        self.prepare(&[]);
        let prover = self.prover.as_mut()?;
        let groups = prover.core(&self.encoder.circuit, &self.encoder.clauses, lits, without)?;
        let selectors = prover.selectors();
        Some(proof::facts(&mut self.encoder, selectors, lits, &groups))
    }

    /// Makes ready to prove that each of these is impossible: faster than one after the other.
    pub fn prepare(&mut self, questions: &[Vec<Lit>]) {
        self.settle();
        let Encoder { circuit, clauses, .. } = &self.encoder;
        let stale = |prover: &Prover| prover.groups() != clauses.groups();
        if self.prover.as_ref().is_none_or(stale) {
            let selectors = Selectors::of(self.encoder.model);
            self.prover = Some(Prover::new(circuit, clauses, selectors));
        }
        if let Some(prover) = &mut self.prover {
            prover.prepare(circuit, questions);
        }
    }

    /// Learns a configuration that an evaluation found: questions that it answers need no solver.
    /// False, and nothing is learnt, where it is none of this model's.
    pub fn learn(&mut self, state: &mut State<'_>) -> bool {
        self.settle();
        let inputs = self.encoder.inputs_of(state);
        if !known::satisfied(&self.encoder.circuit, &self.encoder.clauses, &inputs) {
            return false;
        }
        self.encoder.circuit.remember(|node| inputs[node as usize]);
        true
    }

    /// The rule that the configuration of `state` breaks, if any: none that Kconfig reaches does.
    pub fn contradiction(&mut self, state: &mut State<'_>) -> Option<(Reason, String)> {
        self.settle();
        let inputs = self.encoder.inputs_of(state);
        self.broken_by(&inputs)
    }

    /// The rule that these values of the inputs break, if any, and what it says.
    fn broken_by(&self, inputs: &[bool]) -> Option<(Reason, String)> {
        let group = known::violated(&self.encoder.circuit, &self.encoder.clauses, inputs)?;
        let reason = self.encoder.clauses.reason(group);
        let selectors = Selectors::of(self.model());
        Some((reason, words::fact(self.model(), &selectors, reason, &|_| false).1))
    }

    /// The clauses for another solver, which has to find what `lits` say impossible too (DIMACS).
    pub fn to_dimacs(&mut self, lits: &[Lit]) -> String {
        self.settle();
        dimacs::write(&self.encoder.circuit, &self.encoder.clauses, lits, std::iter::empty())
    }

    fn settle(&mut self) {
        if self.encoder.settle() && self.clauses > 0 {
            // What is known now of some inputs was not when those were found.
            self.encoder.circuit.forget();
        }
    }

    fn solve(&mut self, lits: &[Lit]) -> Answer {
        self.load(lits);
        let verdict = self.sat.solve(lits, &[]);
        self.note(verdict)
    }

    /// Gives the solver what it does not have yet.
    fn load(&mut self, lits: &[Lit]) {
        let circuit = &self.encoder.circuit;
        for node in self.sat.variables()..circuit.len() as u32 {
            self.sat.variable(matches!(circuit.node(node), Node::Input));
        }
        self.loaded.resize(circuit.len(), false);
        let mut todo: Vec<u32> = lits.iter().map(|lit| lit.node()).collect();
        for (clause, group) in self.encoder.clauses.from(self.clauses) {
            match self.encoder.clauses.reason(group).rule {
                Rule::Ceiling | Rule::Choice => self.sat.reasons(clause),
                _ => self.sat.clause(clause.iter().copied()),
            }
            todo.extend(clause.iter().map(|lit| lit.node()));
        }
        self.clauses = self.encoder.clauses.len();
        while let Some(node) = todo.pop() {
            if std::mem::replace(&mut self.loaded[node as usize], true) {
                continue;
            }
            if let Node::And(a, b) = circuit.node(node) {
                self.sat.gate(node, a, b);
                todo.extend([a.node(), b.node()]);
            }
        }
    }
}

/// Puts questions into an order in which much of one follows from what the one before assumes.
fn in_common_first(questions: &mut [Question]) {
    let mut uses: FxHashMap<Lit, usize> = FxHashMap::default();
    for lit in questions.iter().flat_map(|(lits, _)| lits) {
        *uses.entry(*lit).or_default() += 1;
    }
    for (lits, _) in &mut *questions {
        lits.sort_unstable_by_key(|lit| (std::cmp::Reverse(uses[lit]), *lit));
        lits.dedup();
    }
    questions.sort_unstable();
}
