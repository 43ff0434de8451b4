//! What a tree says about its symbols: clauses over a circuit, each with the rule it comes from.
//!
//! Gates only define; whatever can be true or false of a configuration is in a clause, and every
//! clause belongs to a group. A proof is a set of groups, which name their symbol and with it a file
//! and a line.

use super::circuit::Lit;
use crate::kconf::model::SymbolId;

/// Which rule of Kconfig a group of clauses states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// `y` is more than `m`, and there is no `m` without modules.
    Type,
    /// What a `select` forces.
    Floor,
    /// No more than what a prompt, a default, an `imply` or a `select` allows.
    Ceiling,
    /// While no prompt is visible, the default and what is implied are the value.
    Unasked,
    /// A choice has one member, and one that is visible.
    Choice,
    /// The value of an int, hex or string: its order, its defaults, its range.
    Number,
    /// What is known of open probes.
    Probe,
}

/// What a group of clauses is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason {
    /// The symbol whose definition says it; a choice has one too.
    pub symbol: SymbolId,
    /// Which rule.
    pub rule: Rule,
}

/// Index of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u32);

/// Clauses in groups.
#[derive(Debug, Clone, Default)]
pub struct Clauses {
    lits: Vec<Lit>,
    /// Where each clause ends in `lits`, and its group.
    ends: Vec<(u32, GroupId)>,
    reasons: Vec<Reason>,
}

impl Clauses {
    /// Says that at least one of `lits` holds, because of `reason`. What is true anyhow is left out.
    pub fn add(&mut self, reason: Reason, lits: &[Lit]) {
        if lits.contains(&Lit::TRUE)
            || lits.iter().enumerate().any(|(at, lit)| lits[..at].contains(&!*lit))
        {
            return;
        }
        if self.reasons.last() != Some(&reason) {
            self.reasons.push(reason);
        }
        let group = GroupId(self.reasons.len() as u32 - 1);
        self.lits.extend(lits.iter().filter(|lit| **lit != Lit::FALSE));
        self.ends.push((self.lits.len() as u32, group));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The clause of this number.
    pub fn get(&self, clause: usize) -> (&[Lit], GroupId) {
        let start = if clause == 0 { 0 } else { self.ends[clause - 1].0 as usize };
        let (end, group) = self.ends[clause];
        (&self.lits[start..end as usize], group)
    }

    /// All clauses from number `first` on.
    pub fn from(&self, first: usize) -> impl Iterator<Item = (&[Lit], GroupId)> {
        (first..self.len()).map(|clause| self.get(clause))
    }

    /// How many groups there are.
    pub fn groups(&self) -> u32 {
        self.reasons.len() as u32
    }

    /// What a group is about.
    pub fn reason(&self, group: GroupId) -> Reason {
        self.reasons[group.0 as usize]
    }
}
