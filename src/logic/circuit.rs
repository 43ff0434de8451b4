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

/// How many configurations are remembered.
pub const PATTERNS: usize = 64 * WORDS;
const WORDS: usize = 16;

/// How many gates [`Circuit::clash`] looks at.
const GLANCES: u32 = 200;

/// The value of a node in every remembered configuration.
type Word = [u64; WORDS];

/// A circuit and its value in some configurations.
#[derive(Debug, Clone)]
pub struct Circuit {
    nodes: Vec<Node>,
    known: HashTable<u32>,
    words: Vec<Word>,
    /// Which of the patterns are configurations.
    valid: Word,
    next: usize,
}

impl Default for Circuit {
    fn default() -> Self {
        Self {
            nodes: vec![Node::True],
            known: HashTable::new(),
            words: vec![[!0; WORDS]],
            valid: [0; WORDS],
            next: 0,
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
        self.words.push([0; WORDS]);
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
        let (left, right) = (self.word(a), self.word(b));
        self.words.push(std::array::from_fn(|at| left[at] & right[at]));
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

    fn word(&self, lit: Lit) -> Word {
        let word = self.words[lit.node() as usize];
        if lit.is_negated() { word.map(|bits| !bits) } else { word }
    }

    /// Remembers a configuration: `value` says what each input is.
    pub fn remember(&mut self, value: impl Fn(u32) -> bool) {
        let (word, bit) = (self.next / 64, self.next % 64);
        self.next = (self.next + 1) % PATTERNS;
        self.valid[word] |= 1 << bit;
        for at in 1..self.nodes.len() {
            let value = match self.nodes[at] {
                Node::True => true,
                Node::Input => value(at as u32),
                Node::And(a, b) => self.bit(a, word, bit) && self.bit(b, word, bit),
            };
            let known = &mut self.words[at][word];
            *known = *known & !(1 << bit) | u64::from(value) << bit;
        }
    }

    fn bit(&self, lit: Lit, word: usize, bit: usize) -> bool {
        (self.words[lit.node() as usize][word] >> bit & 1 == 1) != lit.is_negated()
    }

    /// Forgets all configurations: something new has been said about inputs.
    pub fn forget(&mut self) {
        (self.valid, self.next) = ([0; WORDS], 0);
    }

    /// Whether all of `lits` hold in a remembered configuration.
    pub fn matches(&self, lits: &[Lit]) -> bool {
        let mut found = self.valid;
        for lit in lits {
            let word = self.word(*lit);
            for (bits, more) in found.iter_mut().zip(word) {
                *bits &= more;
            }
        }
        found.iter().any(|bits| *bits != 0)
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
