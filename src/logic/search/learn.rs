//! What a conflict teaches: a clause, and which assumptions are to blame.

use super::super::circuit::Lit;
use super::{Clause, GLUE, Next, Reason, Search, TWO, Watch};

impl Search {
    /// The other literals of the clause that made `lit` hold.
    fn because(&self, lit: Lit) -> &[Lit] {
        match &self.reasons[lit.node() as usize] {
            Reason::None => &[],
            Reason::Two(other) => std::slice::from_ref(other),
            Reason::Clause(clause) => {
                let Clause { start, len, .. } = self.clauses[*clause as usize];
                &self.lits[start as usize + 1..(start + len) as usize]
            }
        }
    }

    /// Learns the clause that a conflict shows (the first unique implication point), goes back to
    /// where it says something new, and says it. Returns what was to be done next there.
    pub(super) fn learn(&mut self, conflict: Vec<Lit>) -> Next {
        let level = self.starts.len() as u32;
        let mut learnt: Vec<Lit> = vec![Lit::TRUE];
        let mut touched: Vec<u32> = Vec::new();
        let (mut open, mut at, mut clause) = (0, self.trail.len(), conflict);
        let point = loop {
            for lit in clause {
                let node = lit.node() as usize;
                if self.seen[node] || self.levels[node] == 0 {
                    continue;
                }
                self.seen[node] = true;
                touched.push(lit.node());
                if self.levels[node] == level {
                    open += 1;
                } else {
                    learnt.push(lit);
                }
            }
            at -= 1;
            while !self.seen[self.trail[at].node() as usize] {
                at -= 1;
            }
            let lit = self.trail[at];
            open -= 1;
            if open == 0 {
                break lit;
            }
            clause = self.because(lit).to_vec();
        };
        learnt[0] = !point;
        // What the others entail is said by them.
        let needless = |lit: &Lit| {
            let because = self.because(*lit);
            let covered = |lit: &Lit| self.seen[lit.node() as usize] || self.level(*lit) == 0;
            !because.is_empty() && because.iter().all(covered)
        };
        let rest: Vec<Lit> = learnt[1..].iter().copied().filter(|lit| !needless(lit)).collect();
        learnt.truncate(1);
        learnt.extend(rest);
        for node in &touched {
            self.seen[*node as usize] = false;
        }
        self.queue.prefer(touched);
        // The second literal is one of the highest level, so that it is watched.
        let highest = (1..learnt.len()).max_by_key(|at| self.level(learnt[*at]));
        let mut back = 0;
        if let Some(highest) = highest {
            learnt.swap(1, highest);
            back = self.level(learnt[1]);
        }
        let mut levels: Vec<u32> = learnt.iter().map(|lit| self.level(*lit)).collect();
        levels.sort_unstable();
        levels.dedup();
        let next = self.starts[back as usize].1;
        self.back_to(back as usize);
        let reason = match learnt.len() {
            1 => Reason::None,
            _ => self.attach(&learnt, levels.len() as u32),
        };
        self.set(learnt[0], reason);
        next
    }

    pub(super) fn level(&self, lit: Lit) -> u32 {
        self.levels[lit.node() as usize]
    }

    /// Keeps the assumptions for which `failed`, the next one, cannot hold.
    pub(super) fn blame(&mut self, failed: Lit) {
        self.core.push(failed);
        let mut todo = vec![failed];
        let mut touched = Vec::new();
        while let Some(lit) = todo.pop() {
            let node = lit.node() as usize;
            if self.level(lit) == 0 || std::mem::replace(&mut self.seen[node], true) {
                continue;
            }
            touched.push(node);
            let holds = if self.value_of(lit) == Some(true) { lit } else { !lit };
            let because = self.because(holds);
            todo.extend_from_slice(because);
            if because.is_empty() {
                self.core.push(holds);
            }
        }
        for node in touched {
            self.seen[node] = false;
        }
    }

    /// Throws away the learnt clauses that span many levels.
    pub(super) fn forget(&mut self) {
        self.back_to(0);
        if !self.settled() {
            return;
        }
        let (mut lits, mut clauses) = (Vec::new(), Vec::new());
        for watches in &mut self.watches {
            watches.retain(|watch| watch.clause == TWO);
        }
        let (old_lits, old) = (std::mem::take(&mut self.lits), std::mem::take(&mut self.clauses));
        let mut moved = vec![TWO; old.len()];
        for (at, clause) in old.into_iter().enumerate().filter(|(_, clause)| clause.glue <= GLUE) {
            let all = &old_lits[clause.start as usize..(clause.start + clause.len) as usize];
            let number = clauses.len() as u32;
            moved[at] = number;
            clauses.push(Clause { start: lits.len() as u32, ..clause });
            lits.extend_from_slice(all);
            self.watches[all[0].code()].push(Watch { other: all[1], clause: number });
            self.watches[all[1].code()].push(Watch { other: all[0], clause: number });
        }
        for lead in &mut self.leads {
            *lead = moved.get(*lead as usize).copied().unwrap_or(TWO);
        }
        self.learnt = clauses.iter().filter(|clause| clause.glue > 0).count();
        (self.lits, self.clauses) = (lits, clauses);
    }
}
