//! Expressions of a built tree: hash-consed, so that equal expressions are one number.
//!
//! `conf` of 6.12 keeps them in a hash table for the same reason: a tree's properties repeat the
//! conditions of their menus thousands of times, and simplifying, comparing and evaluating an
//! expression once is enough. Operands always have smaller numbers than what uses them.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

use super::id::id;
use super::model::{SymbolId, YES};
pub use super::syntax::Cmp;

id! {
    /// Index into [`Exprs`].
    ExprId
}

/// One node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expr {
    /// A symbol's value; `y`, `m` and `n` are symbols too.
    Symbol(SymbolId),
    /// `!a`
    Not(ExprId),
    /// `a && b`
    And(ExprId, ExprId),
    /// `a || b`
    Or(ExprId, ExprId),
    /// `a = b` and its kin.
    Compare(Cmp, SymbolId, SymbolId),
    /// The two bounds of `range`.
    Range(SymbolId, SymbolId),
}

/// All expressions of a tree.
#[derive(Debug, Clone, Default)]
pub struct Exprs {
    nodes: Vec<Node>,
    /// All but the bare symbols.
    known: HashTable<ExprId>,
    /// The bare symbols, by their numbers.
    bare: Vec<Option<ExprId>>,
    deepest: u16,
}

/// A node and what is asked of it most.
#[derive(Debug, Clone, Copy)]
struct Node {
    expr: Expr,
    depth: u16,
    symbols: Symbols,
}

/// Which symbols occur in an expression, of 64 that share a bit each. What has no bit does not occur;
/// most questions about two expressions end there. Constants count where they stand alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbols(u64);

impl Symbols {
    /// One symbol.
    #[inline]
    pub const fn of(symbol: SymbolId) -> Self {
        Self(1 << (symbol.number() % 64))
    }

    /// Whether no symbol occurs in both.
    #[inline]
    pub const fn disjoint(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }

    /// The symbols of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Exprs {
    /// Makes room for `more` expressions.
    pub fn reserve(&mut self, more: usize) {
        let nodes = &self.nodes;
        self.known.reserve(more, |id| hash(nodes[id.index()].expr));
        self.nodes.reserve(more);
    }

    /// The number of `expr`, which is added where it is new.
    pub fn intern(&mut self, expr: Expr) -> ExprId {
        let id = ExprId::new(self.nodes.len() as u32);
        if let Expr::Symbol(symbol) = expr {
            let at = symbol.index();
            if at >= self.bare.len() {
                self.bare.resize(at + 1, None);
            }
            if let Some(known) = self.bare[at] {
                return known;
            }
            self.bare[at] = Some(id);
        } else {
            let nodes = &self.nodes;
            let same = |id: &ExprId| nodes[id.index()].expr == expr;
            let entry = self.known.entry(hash(expr), same, |id| hash(nodes[id.index()].expr));
            match entry {
                Entry::Occupied(known) => return *known.get(),
                Entry::Vacant(vacant) => drop(vacant.insert(id)),
            }
        }
        let (depth, symbols) = match expr {
            Expr::Not(a) => (self.depth(a) + 1, self.symbols(a)),
            Expr::And(a, b) | Expr::Or(a, b) => {
                (self.depth(a).max(self.depth(b)) + 1, self.symbols(a).and(self.symbols(b)))
            }
            Expr::Compare(_, a, b) | Expr::Range(a, b) if b > YES => {
                (1, Symbols::of(a).and(Symbols::of(b)))
            }
            Expr::Symbol(a) | Expr::Compare(_, a, _) | Expr::Range(a, _) => (1, Symbols::of(a)),
        };
        let depth = u16::try_from(depth).unwrap_or(u16::MAX);
        self.deepest = self.deepest.max(depth);
        self.nodes.push(Node { expr, depth, symbols });
        id
    }

    /// Which symbols occur in `id`.
    #[inline]
    pub fn symbols(&self, id: ExprId) -> Symbols {
        self.nodes[id.index()].symbols
    }

    /// How deep `id` nests; 65,535 stands for that and more. A built model has at most some 10,000.
    pub fn depth(&self, id: ExprId) -> u32 {
        u32::from(self.nodes[id.index()].depth)
    }

    /// The greatest depth of all.
    pub fn deepest(&self) -> u32 {
        self.deepest.into()
    }

    /// The node of `id`.
    #[inline]
    pub fn get(&self, id: ExprId) -> Expr {
        self.nodes[id.index()].expr
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// `a && b`, where nothing stands for `y` (as `conf`'s `expr_alloc_and`).
    pub fn and(&mut self, a: Option<ExprId>, b: Option<ExprId>) -> Option<ExprId> {
        match (a, b) {
            (None, other) | (other, None) => other,
            (Some(a), Some(b)) => Some(self.intern(Expr::And(a, b))),
        }
    }

    /// `a || b`, where nothing is left out (as `conf`'s `expr_alloc_or`).
    pub fn or(&mut self, a: Option<ExprId>, b: Option<ExprId>) -> Option<ExprId> {
        match (a, b) {
            (None, other) | (other, None) => other,
            (Some(a), Some(b)) => Some(self.intern(Expr::Or(a, b))),
        }
    }
}

/// The hash of a node, of its parts in one word.
fn hash(expr: Expr) -> u64 {
    let (kind, a, b) = match expr {
        Expr::Symbol(a) => (0, a.number(), 0),
        Expr::Not(a) => (1, a.number(), 0),
        Expr::And(a, b) => (2, a.number(), b.number()),
        Expr::Or(a, b) => (3, a.number(), b.number()),
        Expr::Range(a, b) => (4, a.number(), b.number()),
        Expr::Compare(cmp, a, b) => (5 + cmp as u32, a.number(), b.number()),
    };
    FxBuildHasher.hash_one((u64::from(kind) << 58) ^ (u64::from(a) << 32) ^ u64::from(b))
}
