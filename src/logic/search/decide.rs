//! What is decided next beside the queue: what a wish asks for, or what would be a reason for something.

use super::super::circuit::Lit;
use super::Search;

impl Search {
    /// A literal that would be the reason for something on the trail that has none yet.
    pub(super) fn without_reason(&self, at: &mut usize) -> Option<Lit> {
        *at = self.starts.first().map_or(self.trail.len(), |(start, _)| *start).max(*at);
        while let Some(lit) = self.trail.get(*at) {
            let (a, b) = self.gates[lit.node() as usize];
            if lit.is_negated()
                && a != Lit::TRUE
                && self.value_of(a).is_none()
                && self.value_of(b).is_none()
            {
                // Rather what was so the last time.
                return Some(if self.phase(a) && !self.phase(b) { !b } else { !a });
            }
            if let Some(clause) = self.clauses.get(self.leads[lit.code()] as usize) {
                let lits = &self.lits[clause.start as usize..(clause.start + clause.len) as usize];
                if lits.iter().all(|lit| self.value_of(*lit) != Some(true)) {
                    let mut open = lits.iter().filter(|lit| self.value_of(**lit).is_none());
                    let first = open.clone().find(|lit| self.phase(**lit));
                    if let Some(reason) = first.or_else(|| open.next()) {
                        return Some(*reason);
                    }
                }
            }
            *at += 1;
        }
        None
    }

    fn phase(&self, lit: Lit) -> bool {
        self.phases[lit.node() as usize] != lit.is_negated()
    }

    /// The next literal of a wish that may still come true.
    pub(super) fn wished(&self, wishes: &[&[Lit]], at: &mut usize) -> Option<Lit> {
        while let Some(wish) = wishes.get(*at) {
            let is_false = |lit: &&Lit| self.value_of(**lit) == Some(false);
            if wish.iter().find(is_false).is_none()
                && let Some(open) = wish.iter().find(|lit| self.value_of(**lit).is_none())
            {
                return Some(*open);
            }
            *at += 1;
        }
        None
    }
}
