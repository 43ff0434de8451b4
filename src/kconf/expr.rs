//! Expressions of a built tree: hash-consed, so that equal expressions are one number.
//!
//! `conf` of 6.12 keeps them in a hash table for the same reason: a tree's properties repeat the
//! conditions of their menus thousands of times, and simplifying, comparing and evaluating an
//! expression once is enough. Operands always have smaller numbers than what uses them.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::model::SymbolId;
pub use super::syntax::Cmp;

/// Index into [`Exprs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(pub u32);

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
    nodes: Vec<Expr>,
    depths: Vec<u16>,
    known: HashTable<ExprId>,
}

impl Exprs {
    /// The number of `expr`, which is added where it is new.
    pub fn intern(&mut self, expr: Expr) -> ExprId {
        let hash = FxBuildHasher.hash_one(expr);
        let nodes = &self.nodes;
        if let Some(&known) = self.known.find(hash, |&id| nodes[id.0 as usize] == expr) {
            return known;
        }
        let depth = match expr {
            Expr::Not(a) => self.depth(a) + 1,
            Expr::And(a, b) | Expr::Or(a, b) => self.depth(a).max(self.depth(b)) + 1,
            Expr::Symbol(_) | Expr::Compare(..) | Expr::Range(..) => 1,
        };
        let id = ExprId(self.nodes.len() as u32);
        self.nodes.push(expr);
        self.depths.push(u16::try_from(depth).unwrap_or(u16::MAX));
        let nodes = &self.nodes;
        self.known.insert_unique(hash, id, |&id| FxBuildHasher.hash_one(nodes[id.0 as usize]));
        id
    }

    /// How deep `id` nests; 65,535 stands for that and more. A built model has at most some 10,000.
    pub fn depth(&self, id: ExprId) -> u32 {
        u32::from(self.depths[id.0 as usize])
    }

    /// The node of `id`.
    pub fn get(&self, id: ExprId) -> Expr {
        self.nodes[id.0 as usize]
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
