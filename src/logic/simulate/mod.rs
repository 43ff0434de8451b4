//! Configurations without a search, 64 at a time: what Kconfig makes of what a user would like.
//!
//! Every node has a word, a bit of which is its value in one of 64 configurations, so that one pass over
//! the gates evaluates them all (parallel-pattern simulation, as for the faults of circuits). Symbols
//! are evaluated after what they depend on ([`order`]), as [`crate::kconf::eval`] does: selected, or
//! wanted and visible, or else the default. What comes out satisfies the clauses as a rule; where it
//! does not, the bit is not valid. What the user has to like for a question to be answered is found by
//! going backwards from it ([`aim`]).
//!
//! This is for witnesses only: what is not found by it may be possible all the same.

use super::circuit::{Circuit, Lit, Node};
use super::clauses::Clauses;
use super::encode::{Encoder, Tri};
use crate::kconf::model::SymbolId;

mod aim;
mod order;

use order::{Plan, Step, Unit};

/// Makes configurations of one model.
pub(super) struct Simulator {
    plan: Plan,
    /// What the user would like, by input.
    user: Vec<u64>,
    /// The value of each node.
    values: Vec<u64>,
    random: Random,
    /// By node: when it was last aimed at.
    stamps: Vec<u32>,
    clock: u32,
}

impl Simulator {
    /// A simulator of what `encoder` has.
    pub fn new(encoder: &Encoder<'_>) -> Self {
        let plan = Plan::new(encoder);
        let nodes = encoder.circuit.len();
        let (user, mut values) = (vec![0; nodes], vec![0; nodes]);
        values[0] = !0;
        let (stamps, random) = (vec![0; nodes], Random(0x9e37_79b9_7f4a_7c15));
        Self { plan, user, values, random, stamps, clock: 0 }
    }

    /// Whether something has been said since it was made.
    pub fn is_stale(&self, encoder: &Encoder<'_>) -> bool {
        self.plan.clauses != encoder.clauses.len()
    }

    /// Takes over nodes that were made since.
    pub fn grow(&mut self, encoder: &Encoder<'_>) {
        self.plan.grow(encoder);
        let nodes = encoder.circuit.len();
        self.user.resize(nodes, 0);
        self.values.resize(nodes, 0);
        self.stamps.resize(nodes, 0);
    }

    /// Users of all kinds, from those who want nothing to those who want everything.
    pub fn anything(&mut self, encoder: &Encoder<'_>) {
        for node in 1..encoder.circuit.len() as u32 {
            if encoder.circuit.node(node) == Node::Input {
                self.user[node as usize] = self.random.mixed();
            }
        }
    }

    /// What the user would like is what the configurations of a column have.
    pub fn begin_with(&mut self, column: &[u64]) {
        self.values.copy_from_slice(column);
        self.user.copy_from_slice(column);
    }

    /// The value of each node.
    pub fn values(&self) -> &[u64] {
        &self.values
    }

    /// In which configurations all of `lits` hold.
    pub fn holding(&self, lits: &[Lit]) -> u64 {
        lits.iter().fold(!0, |all, lit| all & self.word(*lit))
    }

    #[inline]
    fn word(&self, lit: Lit) -> u64 {
        self.values[lit.node() as usize] ^ lit.mask()
    }

    /// Evaluates everything. Returns which of the 64 satisfy all clauses.
    pub fn run(&mut self, encoder: &Encoder<'_>) -> u64 {
        let circuit = &encoder.circuit;
        let inputs = self.values.iter_mut().zip(&self.user).enumerate().skip(1);
        for (node, (value, user)) in inputs {
            if circuit.node(node as u32) == Node::Input {
                *value = *user;
            }
        }
        for at in 0..self.plan.steps.len() {
            match self.plan.steps[at] {
                Step::Gate(node) => self.gate(circuit, node),
                Step::Unit(unit) => self.unit(encoder, unit),
            }
        }
        // In a cycle, a gate may have been evaluated before what it is made of.
        for node in 0..self.values.len() as u32 {
            self.gate(circuit, node);
        }
        self.valid(&encoder.clauses)
    }

    #[inline]
    fn gate(&mut self, circuit: &Circuit, node: u32) {
        if let Node::And(a, b) = circuit.node(node) {
            self.values[node as usize] = self.word(a) & self.word(b);
        }
    }

    fn valid(&self, clauses: &Clauses) -> u64 {
        let mut valid = !0;
        for (lits, _) in clauses.from(0) {
            valid &= lits.iter().fold(0, |any, lit| any | self.word(*lit));
        }
        valid
    }

    fn unit(&mut self, encoder: &Encoder<'_>, unit: u32) {
        // Taken out for as long as it is evaluated.
        let unit_now = std::mem::replace(&mut self.plan.units[unit as usize], Unit::None);
        match &unit_now {
            Unit::None => {}
            Unit::Symbol(symbol) => self.symbol(encoder, *symbol),
            Unit::Menu(members) => self.menu(encoder, members),
            Unit::List(choice, members) => self.list(encoder, *choice, members),
            Unit::Bounded { clauses, .. } => self.bounded(&encoder.clauses, clauses),
        }
        self.plan.units[unit as usize] = unit_now;
    }

    fn set(&mut self, value: Tri, m: u64, y: u64) {
        self.values[value.m.node() as usize] = m;
        self.values[value.y.node() as usize] = if value.m == value.y { m } else { y & m };
    }

    /// What the user would like of a symbol, as `m` and `y`.
    fn wish(&self, value: Tri) -> (u64, u64) {
        let y = self.user[value.y.node() as usize];
        (self.user[value.m.node() as usize] | y, y)
    }

    fn symbol(&mut self, encoder: &Encoder<'_>, symbol: SymbolId) {
        let value = encoder.value(symbol);
        let (wish_m, wish_y) = self.wish(value);
        let Some(parts) = encoder.known_parts(symbol) else {
            return self.set(value, wish_m, wish_y);
        };
        let tri = |part: Tri| (self.word(part.m), self.word(part.y));
        let (visible, weak, reverse) = (tri(parts.visible), tri(parts.weak), tri(parts.reverse));
        let m = reverse.0 | visible.0 & wish_m | !visible.0 & weak.0;
        let y = reverse.1 | visible.1 & wish_y | !visible.0 & weak.1;
        self.set(value, m, y | m & !self.word(encoder.modules()));
    }

    /// Exactly one of the visible members: the first that is wanted, or else the first.
    fn menu(&mut self, encoder: &Encoder<'_>, members: &[(SymbolId, Lit)]) {
        let mut free = !0;
        for (member, visible) in members {
            let value = encoder.value(*member);
            let chosen = self.wish(value).0 & self.word(*visible) & free;
            self.set(value, chosen, chosen);
            free &= !chosen;
        }
        for (member, visible) in members {
            let value = encoder.value(*member);
            let chosen = self.word(*visible) & free;
            let known = self.word(value.m) | chosen;
            self.set(value, known, known);
            free &= !chosen;
        }
    }

    /// Until 6.10: the same where the choice is `y`; where it is not, each is what it likes.
    fn list(&mut self, encoder: &Encoder<'_>, choice: SymbolId, members: &[(SymbolId, Lit)]) {
        let is_y = self.word(encoder.value(choice).y);
        for (member, _) in members {
            self.symbol(encoder, *member);
        }
        let mut free = is_y;
        for wanted in [true, false] {
            for (member, visible) in members {
                let value = encoder.value(*member);
                let wish = if wanted { self.wish(value).0 } else { !0 };
                let chosen = wish & self.word(*visible) & free;
                let (m, y) = (self.word(value.m), self.word(value.y));
                // What is not visible has its default.
                let keep = if wanted { !is_y | !self.word(*visible) } else { !0 };
                self.set(value, m & keep | chosen, y & keep | chosen);
                free &= !chosen;
            }
        }
    }

    /// Wires that are free but for clauses, the last literal of which gives way.
    fn bounded(&mut self, clauses: &Clauses, numbers: &[u32]) {
        for _ in 0..2 {
            for number in numbers {
                let (lits, _) = clauses.get(*number as usize);
                let broken = !lits.iter().fold(0, |any, lit| any | self.word(*lit));
                if let Some(last) = lits.last() {
                    self.values[last.node() as usize] ^= broken;
                }
            }
        }
    }
}

/// Numbers that are the same in every run (Marsaglia, Xorshift RNGs).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Of each eight bits, some are rarely set, some mostly.
    fn mixed(&mut self) -> u64 {
        let [a, b, c] = [self.next(), self.next(), self.next()];
        let levels = [0, a & b & c, a & b, a, a | b, a | b | c, !0, !(a & b & c)];
        levels.into_iter().enumerate().fold(0, |all, (at, word)| all | word & 0xff << (8 * at))
    }
}
