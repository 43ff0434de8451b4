//! Formulas as a circuit: inputs, conjunctions, negation on the wires.
//!
//! Everything that is asked about a tree is built here before a solver sees it, so that equal
//! conditions are one node whether they come from Kconfig, a Makefile or a guard, and constants fold
//! away. Each node also carries its value in some known configurations ([`Circuit::matches`]): most
//! questions "is this possible" are answered by looking there.

use std::hash::BuildHasher;
use std::ops::Not;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashSet};

/// A node or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lit(u32);

impl Lit {
    /// Always.
    pub const TRUE: Self = Self(0);
    /// Never.
    pub const FALSE: Self = Self(1);

    /// `node`, or its negation.
    pub fn new(node: u32, negated: bool) -> Self {
        Self(node << 1 | u32::from(negated))
    }

    /// The constant `value`.
    pub fn constant(value: bool) -> Self {
        if value { Self::TRUE } else { Self::FALSE }
    }

    /// The node.
    #[inline]
    pub fn node(self) -> u32 {
        self.0 >> 1
    }

    /// Whether it is the node's negation.
    #[inline]
    pub fn is_negated(self) -> bool {
        self.0 & 1 == 1
    }

    /// A number of its own: twice the node's, and one more for the negation.
    #[inline]
    pub fn code(self) -> usize {
        self.0 as usize
    }

    /// All ones if it is the node's negation.
    #[inline]
    pub fn mask(self) -> u64 {
        u64::from(self.0 & 1).wrapping_neg()
    }

    /// Whether it is always or never.
    #[inline]
    pub fn is_constant(self) -> bool {
        self.node() == 0
    }
}

impl Not for Lit {
    type Output = Self;

    #[inline]
    fn not(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// Always: node 0.
    True,
    /// Free.
    Input,
    /// Both operands hold.
    And(Lit, Lit),
}

/// As many columns of configurations are remembered. Those that were found one by one fill the first.
const COLUMNS: usize = 16;
/// As many of them are for configurations that were found one by one.
const SINGLES: usize = 2;
/// How many configurations that were found one by one are remembered.
pub const PATTERNS: usize = 64 * SINGLES;

/// The value of each node in 64 configurations; a bit is one of them.
#[derive(Debug, Clone, Default)]
struct Column {
    values: Vec<u64>,
    /// Which of the bits are configurations.
    valid: u64,
}

impl Column {
    fn word(&self, lit: Lit) -> u64 {
        self.values[lit.node() as usize] ^ lit.mask()
    }
}

/// How many gates [`Circuit::clash`] looks at.
const GLANCES: u32 = 200;

/// A circuit and its value in some configurations.
#[derive(Debug, Clone)]
pub struct Circuit {
    nodes: Vec<Node>,
    known: HashTable<u32>,
    /// The first [`SINGLES`] are there from the start, without values until they are needed.
    columns: Vec<Column>,
    /// The next configuration that is found alone replaces this one.
    next: usize,
    /// The next column replaces this one, once there are enough.
    oldest: usize,
}

impl Default for Circuit {
    fn default() -> Self {
        Self {
            nodes: vec![Node::True],
            known: HashTable::new(),
            columns: vec![Column::default(); SINGLES],
            next: 0,
            oldest: SINGLES,
        }
    }
}

impl Circuit {
    /// How many nodes there are.
    #[allow(clippy::len_without_is_empty, reason = "the constant is always there")]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The node of this number.
    pub fn node(&self, node: u32) -> Node {
        self.nodes[node as usize]
    }

    /// A new free input.
    pub fn input(&mut self) -> Lit {
        self.nodes.push(Node::Input);
        for column in self.columns.iter_mut().filter(|column| column.valid != 0) {
            column.values.push(0);
        }
        Lit::new(self.nodes.len() as u32 - 1, false)
    }

    /// `a && b`
    pub fn and(&mut self, a: Lit, b: Lit) -> Lit {
        if a == Lit::FALSE || b == Lit::FALSE || a == !b {
            return Lit::FALSE;
        }
        if a == Lit::TRUE || a == b {
            return b;
        }
        if b == Lit::TRUE {
            return a;
        }
        if let Some(simple) = self.absorbed(a, b).or_else(|| self.absorbed(b, a)) {
            return simple;
        }
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        let node = Node::And(a, b);
        let hash = FxBuildHasher.hash_one((a, b));
        let nodes = &self.nodes;
        if let Some(known) = self.known.find(hash, |&id| nodes[id as usize] == node) {
            return Lit::new(*known, false);
        }
        let id = self.nodes.len() as u32;
        self.nodes.push(node);
        for column in self.columns.iter_mut().filter(|column| column.valid != 0) {
            column.values.push(column.word(a) & column.word(b));
        }
        let nodes = &self.nodes;
        let rehash = |&id: &u32| match nodes[id as usize] {
            Node::And(a, b) => FxBuildHasher.hash_one((a, b)),
            _ => 0,
        };
        self.known.insert_unique(hash, id, rehash);
        Lit::new(id, false)
    }

    /// `a && b` where `b` is a conjunction, or the negation of one, that has `a` in it.
    fn absorbed(&self, a: Lit, b: Lit) -> Option<Lit> {
        let Node::And(x, y) = self.node(b.node()) else { return None };
        if b.is_negated() {
            // a && !(!a && y) = a
            (x == !a || y == !a).then_some(a)
        } else if x == a || y == a {
            Some(b)
        } else {
            (x == !a || y == !a).then_some(Lit::FALSE)
        }
    }

    /// `a || b`
    pub fn or(&mut self, a: Lit, b: Lit) -> Lit {
        !self.and(!a, !b)
    }

    /// `a ? b : c`
    pub fn choose(&mut self, a: Lit, b: Lit, c: Lit) -> Lit {
        if b == c {
            return b;
        }
        let (yes, no) = (self.and(a, b), self.and(!a, c));
        self.or(yes, no)
    }

    /// The conjunction of all.
    pub fn all(&mut self, lits: impl IntoIterator<Item = Lit>) -> Lit {
        lits.into_iter().fold(Lit::TRUE, |all, lit| self.and(all, lit))
    }

    /// The disjunction of all.
    pub fn any(&mut self, lits: impl IntoIterator<Item = Lit>) -> Lit {
        lits.into_iter().fold(Lit::FALSE, |any, lit| self.or(any, lit))
    }

    /// Remembers a configuration: `value` says what each input is.
    pub fn remember(&mut self, value: impl Fn(u32) -> bool) {
        let (at, bit) = (self.next / 64, self.next % 64);
        self.next = (self.next + 1) % PATTERNS;
        let column = &mut self.columns[at];
        if column.valid == 0 {
            column.values = vec![0; self.nodes.len()];
            column.values[0] = !0;
        }
        column.valid |= 1 << bit;
        for (number, node) in self.nodes.iter().enumerate().skip(1) {
            let value = match *node {
                Node::True => 1,
                Node::Input => u64::from(value(number as u32)),
                Node::And(a, b) => (column.word(a) & column.word(b)) >> bit & 1,
            };
            let known = &mut column.values[number];
            *known = *known & !(1 << bit) | value << bit;
        }
    }

    /// Remembers 64 configurations at once: the values of all nodes, and which bits are to be trusted.
    pub fn remember_all(&mut self, values: Vec<u64>, valid: u64) {
        debug_assert_eq!(values.len(), self.nodes.len());
        if valid == 0 {
            return;
        }
        let column = Column { values, valid };
        if self.columns.len() < COLUMNS {
            self.columns.push(column);
            return;
        }
        self.columns[self.oldest] = column;
        self.oldest = if self.oldest + 1 == COLUMNS { SINGLES } else { self.oldest + 1 };
    }

    /// The columns of configurations that were found together, by number: which of their bits count.
    pub fn columns(&self) -> impl Iterator<Item = (usize, u64)> {
        let columns = self.columns.iter().enumerate().skip(SINGLES);
        columns.map(|(number, column)| (number, column.valid))
    }

    /// The values of all nodes in a column.
    pub fn column(&self, number: usize) -> &[u64] {
        &self.columns[number].values
    }

    /// Forgets all configurations: something new has been said about inputs.
    pub fn forget(&mut self) {
        self.columns.truncate(SINGLES);
        self.columns.fill(Column::default());
        (self.next, self.oldest) = (0, SINGLES);
    }

    /// Whether all of `lits` hold in a remembered configuration.
    pub fn matches(&self, lits: &[Lit]) -> bool {
        self.columns.iter().any(|column| {
            let mut found = column.valid;
            for lit in lits {
                if found == 0 {
                    return false;
                }
                found &= column.word(*lit);
            }
            found != 0
        })
    }

    /// Whether `lits` clash for all to see: by the operands of their conjunctions. False where it takes
    /// more than a glance.
    ///
    /// `needs` says what else holds where an input does.
    pub fn clash(&self, lits: &[Lit], needs: impl Fn(Lit) -> Option<Lit>) -> bool {
        let mut holds: FxHashSet<Lit> = FxHashSet::default();
        let mut todo = lits.to_vec();
        let mut rest = Vec::new();
        while let Some(lit) = todo.pop() {
            if holds.contains(&!lit) {
                return true;
            }
            if !holds.insert(lit) {
                continue;
            }
            match self.node(lit.node()) {
                Node::And(a, b) if !lit.is_negated() => todo.extend([a, b]),
                Node::And(..) => rest.push(lit),
                Node::Input => todo.extend(needs(lit)),
                Node::True => {}
            }
        }
        let mut glances = GLANCES;
        rest.iter().any(|lit| self.known(!*lit, &holds, &mut glances) == Some(true))
    }

    /// The value of `lit` where all of `holds` do, as far as that is seen.
    fn known(&self, lit: Lit, holds: &FxHashSet<Lit>, glances: &mut u32) -> Option<bool> {
        if lit.is_constant() {
            return Some(lit == Lit::TRUE);
        }
        // What is asked about is in `holds` itself: look into it first.
        if let Node::And(a, b) = self.node(lit.node()) {
            *glances = glances.checked_sub(1)?;
            let value = match self.known(a, holds, glances) {
                Some(false) => Some(false),
                Some(true) => self.known(b, holds, glances),
                None => self.known(b, holds, glances).filter(|value| !value),
            };
            if let Some(value) = value {
                return Some(value != lit.is_negated());
            }
            return None;
        }
        if holds.contains(&lit) {
            return Some(true);
        }
        holds.contains(&!lit).then_some(false)
    }

    /// The inputs that `lits` depend on, by number, in order.
    pub fn support(&self, lits: &[Lit]) -> Vec<u32> {
        let mut seen = FxHashSet::default();
        let mut todo: Vec<u32> = lits.iter().map(|lit| lit.node()).collect();
        let mut inputs = Vec::new();
        while let Some(node) = todo.pop() {
            if !seen.insert(node) {
                continue;
            }
            match self.node(node) {
                Node::True => {}
                Node::Input => inputs.push(node),
                Node::And(a, b) => todo.extend([a.node(), b.node()]),
            }
        }
        inputs.sort_unstable();
        inputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_conditions_are_one_node_and_constants_fold() {
        let mut c = Circuit::default();
        let (a, b) = (c.input(), c.input());
        let both = c.and(a, b);
        assert_eq!(c.and(b, a), both);
        assert_eq!(c.and(a, both), both);
        assert_eq!(c.and(!a, both), Lit::FALSE);
        assert_eq!(c.and(a, !a), Lit::FALSE);
        let either = c.or(a, b);
        assert_eq!(c.and(a, either), a);
        assert_eq!(c.or(either, Lit::TRUE), Lit::TRUE);
        assert_eq!(c.choose(a, b, b), b);
        assert_eq!(c.support(&[both]), [a.node(), b.node()]);
        let third = c.input();
        let all = c.and(both, third);
        let clash = |lits: &[Lit]| c.clash(lits, |_| None);
        assert!(clash(&[all, !b]) && clash(&[all, !either]) && clash(&[!either, a]));
        assert!(!clash(&[either, !b]) && !clash(&[both, !third]));
        let needs = |lit: Lit| (lit == third).then_some(both);
        assert!(c.clash(&[third, !b], needs) && !c.clash(&[!third, !b], needs));
    }

    #[test]
    fn remembered_configurations_answer_for_old_and_new_nodes() {
        let mut c = Circuit::default();
        let (a, b) = (c.input(), c.input());
        let both = c.and(a, b);
        assert!(!c.matches(&[]), "nothing is known at first");
        c.remember(|input| input == a.node());
        assert!(c.matches(&[a, !b]) && !c.matches(&[a, b]) && !c.matches(&[both]));
        let later = c.and(a, !b);
        assert!(c.matches(&[later]) && !c.matches(&[!later]));
        for _ in 0..PATTERNS {
            c.remember(|_| true);
        }
        assert!(c.matches(&[both]) && !c.matches(&[later]), "the oldest is replaced");
        c.forget();
        assert!(!c.matches(&[both]));
    }
}
