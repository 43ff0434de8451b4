//! A SAT solver for thousands of easy questions about the same clauses.
//!
//! It learns from conflicts as all such solvers do (Marques-Silva and Sakallah, GRASP; Eén and Sörensson,
//! `MiniSat`). Three things are made for what is asked here: what the first assumptions of a question
//! entail is kept for the next question that begins with them; a question can be followed up without
//! any decision ([`Search::clashes`]); and a model is made so that it answers as many of the other
//! questions as it can ([`Search::solve`], `wishes`), since finding a model takes longer than
//! checking a thousand questions against it.
//!
//! The budget counts conflicts, not seconds, so that a run says the same on every machine.

use self::queue::Queue;
use super::circuit::Lit;
use super::solver::Verdict;

mod decide;
mod learn;
mod queue;
#[cfg(test)]
mod tests;

/// Why a literal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// It was assumed or decided.
    None,
    /// The other literal of a clause of two does not hold.
    Two(Lit),
    /// None of the other literals of this clause does; the literal is the first.
    Clause(u32),
}

/// A clause that has to be looked at when a literal no longer holds.
#[derive(Debug, Clone, Copy)]
struct Watch {
    /// Another literal of the clause: where it holds, there is nothing to do.
    other: Lit,
    /// The clause, or [`TWO`] where `other` is all that is left of it.
    clause: u32,
}

const TWO: u32 = u32::MAX;

/// What is to be done next.
#[derive(Debug, Clone, Copy, Default)]
struct Next {
    /// The wish that may come true next.
    wish: usize,
    /// The place of the trail up to which everything has its reasons.
    open: usize,
}

#[derive(Debug, Clone, Copy)]
struct Clause {
    start: u32,
    len: u32,
    /// On how many levels its literals were when it was learnt; 0 for what was given.
    glue: u32,
}

/// Conflicts after which it starts again from the assumptions; times Luby's series.
const RESTART: u64 = 128;
/// Conflicts of a question after which wishes are forgotten.
const PATIENCE: u64 = 100;
/// As many learnt clauses are kept before those that span many levels are thrown away.
const LEARNT: usize = 20_000;
/// Learnt clauses on at most so many levels are always kept.
const GLUE: u32 = 3;

/// The solver; its variables are the nodes of a circuit.
pub struct Search {
    lits: Vec<Lit>,
    clauses: Vec<Clause>,
    watches: Vec<Vec<Watch>>,
    /// By literal: whether it holds.
    values: Vec<Option<bool>>,
    levels: Vec<u32>,
    reasons: Vec<Reason>,
    phases: Vec<bool>,
    trail: Vec<Lit>,
    /// Where each level starts in the trail, and what was to be done next.
    starts: Vec<(usize, Next)>,
    head: usize,
    /// The assumptions of the first levels.
    assumed: Vec<Lit>,
    /// By node: the operands of a gate; for inputs, the constant.
    gates: Vec<(Lit, Lit)>,
    /// By literal: a clause that begins with its negation, or [`TWO`].
    leads: Vec<u32>,
    queue: Queue,
    seen: Vec<bool>,
    core: Vec<Lit>,
    learnt: usize,
    budget: u64,
    contradictory: bool,
}

impl Search {
    /// A solver that gives a question up after `conflicts` conflicts.
    pub fn new(conflicts: u64) -> Self {
        Self {
            lits: Vec::new(),
            clauses: Vec::new(),
            watches: Vec::new(),
            values: Vec::new(),
            levels: Vec::new(),
            reasons: Vec::new(),
            phases: Vec::new(),
            trail: Vec::new(),
            starts: Vec::new(),
            head: 0,
            assumed: Vec::new(),
            gates: Vec::new(),
            leads: Vec::new(),
            queue: Queue::default(),
            seen: Vec::new(),
            core: Vec::new(),
            learnt: 0,
            budget: conflicts,
            contradictory: false,
        }
    }

    /// Makes a variable for the next node. Only inputs need to be decided: the rest follows.
    pub fn variable(&mut self, decide: bool) {
        self.watches.extend([Vec::new(), Vec::new()]);
        self.values.extend([None, None]);
        self.levels.push(0);
        self.reasons.push(Reason::None);
        self.phases.push(false);
        self.seen.push(false);
        self.gates.push((Lit::TRUE, Lit::TRUE));
        self.leads.extend([TWO, TWO]);
        self.queue.push(decide);
    }

    /// Makes a node the conjunction of `a` and `b`.
    pub fn gate(&mut self, node: u32, a: Lit, b: Lit) {
        let gate = Lit::new(node, false);
        self.clause([!gate, a]);
        self.clause([!gate, b]);
        self.clause([gate, !a, !b]);
        self.gates[node as usize] = (a, b);
    }

    /// Asks for at least one of `lits`. Where the first does not hold, one of the others is the reason for
    /// it, and is looked for first ([`Search::refute`]).
    pub fn reasons(&mut self, lits: &[Lit]) {
        let before = self.clauses.len();
        self.clause(lits.iter().copied());
        if self.clauses.len() > before
            && let Some(first) = lits.first()
        {
            self.leads[(!*first).code()] = before as u32;
        }
    }

    /// How many variables there are.
    pub fn variables(&self) -> u32 {
        self.levels.len() as u32
    }

    /// Asks for at least one of `lits`.
    pub fn clause(&mut self, lits: impl IntoIterator<Item = Lit>) {
        self.back_to(0);
        let mut clause: Vec<Lit> = lits.into_iter().collect();
        clause.sort_unstable();
        clause.dedup();
        if clause.iter().any(|lit| self.value_of(*lit) == Some(true))
            || clause.windows(2).any(|pair| pair[0] == !pair[1])
        {
            return;
        }
        clause.retain(|lit| self.value_of(*lit).is_none());
        match clause.as_slice() {
            [] => self.contradictory = true,
            [one] => {
                self.set(*one, Reason::None);
                self.contradictory |= self.propagate().is_some();
            }
            _ => {
                self.attach(&clause, 0);
            }
        }
    }

    /// Whether `lits` clash as soon as they are followed up, without any decision: cheap, and false
    /// says nothing.
    pub fn clashes(&mut self, lits: &[Lit]) -> bool {
        self.keep(lits);
        if self.contradictory || !self.settled() {
            return true;
        }
        for lit in &lits[self.assumed.len()..] {
            if self.value_of(*lit) == Some(false) {
                return true;
            }
            self.assume(*lit);
            if self.propagate().is_some() {
                self.back_to(self.assumed.len() - 1);
                return true;
            }
        }
        false
    }

    /// Whether all clauses and `assumptions` hold together. On the way, as many of `wishes`, in their
    /// order, are made true as go together without a search.
    pub fn solve(&mut self, assumptions: &[Lit], wishes: &[&[Lit]]) -> Verdict {
        self.run(assumptions, wishes, false)
    }

    /// The same, but only as far as what holds has its reasons: a conjunction that does not hold, an
    /// operand that does not; what is on, something that turns it on (the justification frontier of
    /// test generation). If that goes well, or takes many conflicts, nothing is known.
    pub fn refute(&mut self, assumptions: &[Lit]) -> Verdict {
        self.run(assumptions, &[], true)
    }

    /// What holds beyond what always does: the assumptions and what follows from them.
    pub fn trail(&self) -> &[Lit] {
        let start = self.starts.first().map_or(self.trail.len(), |(start, _)| *start);
        &self.trail[start..]
    }

    /// The value of a node in the last model.
    pub fn value(&self, node: u32) -> bool {
        self.value_of(Lit::new(node, false)) == Some(true)
    }

    /// Whether a literal holds in the last model.
    pub fn holds(&self, lit: Lit) -> bool {
        self.value_of(lit) == Some(true)
    }

    /// Those of the assumptions that the last proof needed.
    pub fn core(&self) -> &[Lit] {
        &self.core
    }

    fn run(&mut self, assumptions: &[Lit], mut wishes: &[&[Lit]], reasons: bool) -> Verdict {
        self.core.clear();
        if self.learnt > LEARNT {
            self.forget();
        }
        self.keep(assumptions);
        if self.contradictory {
            return Verdict::Unsat;
        }
        let (mut conflicts, mut since, mut round) = (0_u64, 0_u64, 1);
        let mut next = Next::default();
        loop {
            if let Some(conflict) = self.propagate() {
                (conflicts, since) = (conflicts + 1, since + 1);
                if self.starts.is_empty() {
                    self.contradictory = true;
                    return Verdict::Unsat;
                }
                next = self.learn(conflict);
                if conflicts >= self.budget || (reasons && conflicts >= PATIENCE) {
                    self.back_to(0);
                    return Verdict::Unknown;
                }
                if conflicts == PATIENCE {
                    wishes = &[];
                }
                if since >= RESTART * luby(round) || conflicts == PATIENCE {
                    (since, round, next) = (0, round + 1, Next::default());
                    self.back_to(assumptions.len().min(self.starts.len()));
                }
                continue;
            }
            if self.assumed.len() < assumptions.len() {
                let lit = assumptions[self.assumed.len()];
                if self.value_of(lit) == Some(false) {
                    self.blame(lit);
                    return Verdict::Unsat;
                }
                self.assume(lit);
                continue;
            }
            let decision = if reasons {
                let Some(open) = self.without_reason(&mut next.open) else {
                    return Verdict::Unknown;
                };
                Some(open)
            } else {
                self.wished(wishes, &mut next.wish).or_else(|| {
                    let node = self.queue.next(|node| self.values[node as usize * 2].is_none())?;
                    Some(Lit::new(node, !self.phases[node as usize]))
                })
            };
            let Some(decision) = decision else { return Verdict::Sat };
            self.starts.push((self.trail.len(), next));
            self.set(decision, Reason::None);
        }
    }

    /// Goes back to the levels of assumptions that `lits` begin with too.
    fn keep(&mut self, lits: &[Lit]) {
        let same = self.assumed.iter().zip(lits).take_while(|(old, new)| old == new).count();
        self.back_to(same);
    }

    /// Follows up what holds without assumptions, and says whether that goes well.
    fn settled(&mut self) -> bool {
        if self.starts.is_empty() {
            self.contradictory |= self.propagate().is_some();
        }
        !self.contradictory
    }

    fn assume(&mut self, lit: Lit) {
        self.starts.push((self.trail.len(), Next::default()));
        self.assumed.push(lit);
        if self.value_of(lit).is_none() {
            self.set(lit, Reason::None);
        }
    }

    #[inline]
    fn value_of(&self, lit: Lit) -> Option<bool> {
        self.values[lit.code()]
    }

    #[inline]
    fn set(&mut self, lit: Lit, reason: Reason) {
        self.values[lit.code()] = Some(true);
        self.values[(!lit).code()] = Some(false);
        self.levels[lit.node() as usize] = self.starts.len() as u32;
        self.reasons[lit.node() as usize] = reason;
        self.trail.push(lit);
    }

    fn back_to(&mut self, level: usize) {
        let Some(&(start, _)) = self.starts.get(level) else { return };
        for lit in self.trail.drain(start..) {
            let node = lit.node() as usize;
            self.values[node * 2] = None;
            self.values[node * 2 + 1] = None;
            self.phases[node] = !lit.is_negated();
            self.queue.reopen(lit.node());
        }
        self.starts.truncate(level);
        self.assumed.truncate(level);
        self.head = start;
    }

    fn attach(&mut self, lits: &[Lit], glue: u32) -> Reason {
        if let [a, b] = *lits {
            self.watches[a.code()].push(Watch { other: b, clause: TWO });
            self.watches[b.code()].push(Watch { other: a, clause: TWO });
            return Reason::Two(b);
        }
        let clause = self.clauses.len() as u32;
        let (start, len) = (self.lits.len() as u32, lits.len() as u32);
        self.clauses.push(Clause { start, len, glue });
        self.lits.extend_from_slice(lits);
        self.watches[lits[0].code()].push(Watch { other: lits[1], clause });
        self.watches[lits[1].code()].push(Watch { other: lits[0], clause });
        self.learnt += usize::from(glue > 0);
        Reason::Clause(clause)
    }

    /// Follows up what holds. Returns the literals of a clause none of which does, if there is one.
    fn propagate(&mut self) -> Option<Vec<Lit>> {
        while let Some(&lit) = self.trail.get(self.head) {
            self.head += 1;
            let failed = !lit;
            let mut watches = std::mem::take(&mut self.watches[failed.code()]);
            let mut conflict = None;
            let (mut from, mut to) = (0, 0);
            while let Some(&watch) = watches.get(from) {
                from += 1;
                let kept = if conflict.is_some() {
                    Some(watch)
                } else {
                    self.visit(failed, watch, &mut conflict)
                };
                if let Some(kept) = kept {
                    watches[to] = kept;
                    to += 1;
                }
            }
            watches.truncate(to);
            self.watches[failed.code()] = watches;
            if conflict.is_some() {
                return conflict;
            }
        }
        None
    }

    /// Looks at a clause that `failed` is watched of. Nothing is returned if another literal is now.
    #[inline]
    fn visit(
        &mut self,
        failed: Lit,
        watch: Watch,
        conflict: &mut Option<Vec<Lit>>,
    ) -> Option<Watch> {
        let other = self.value_of(watch.other);
        if other == Some(true) {
            return Some(watch);
        }
        if watch.clause == TWO {
            match other {
                None => self.set(watch.other, Reason::Two(failed)),
                _ => *conflict = Some(vec![watch.other, failed]),
            }
            return Some(watch);
        }
        let Clause { start, len, .. } = self.clauses[watch.clause as usize];
        let lits = &mut self.lits[start as usize..(start + len) as usize];
        if lits[0] == failed {
            lits.swap(0, 1);
        }
        let first = lits[0];
        let kept = Watch { other: first, clause: watch.clause };
        let value = self.values[first.code()];
        if value == Some(true) {
            return Some(kept);
        }
        let free = lits[2..].iter().position(|lit| self.values[lit.code()] != Some(false));
        if let Some(at) = free {
            lits.swap(1, at + 2);
            let watched = lits[1];
            self.watches[watched.code()].push(kept);
            return None;
        }
        match value {
            None => self.set(first, Reason::Clause(watch.clause)),
            _ => *conflict = Some(lits.to_vec()),
        }
        Some(kept)
    }
}

/// Luby's series: 1, 1, 2, 1, 1, 2, 4, …
fn luby(mut round: u64) -> u64 {
    loop {
        let power = (round + 1).next_power_of_two();
        if power == round + 1 {
            return power / 2;
        }
        round -= power / 2 - 1;
    }
}
