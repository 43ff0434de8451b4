//! The only place that imports the SAT solver.
//!
//! A question has three answers: there is a model, there is none (and which assumptions clash), or
//! the budget is used up. The budget counts conflicts, not seconds, so that a run says the same on
//! every machine.

use std::cell::Cell;

use batsat::{Callbacks, ClauseKind, Solver, SolverInterface, SolverOpts, lbool};

use super::circuit::Lit;

/// An answer of the solver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is a model.
    Sat,
    /// There is none.
    Unsat,
    /// Nobody knows: the budget is used up.
    Unknown,
}

/// Counts conflicts and steps, and stops after so many. A step is a decision or an assumption.
#[derive(Debug, Clone)]
struct Budget {
    learnt: u64,
    limit: u64,
    steps: Cell<u64>,
    step_limit: u64,
}

impl Callbacks for Budget {
    fn on_start(&mut self) {
        self.learnt = 0;
        self.steps.set(0);
    }

    fn on_new_clause(&mut self, _: &[batsat::Lit], kind: ClauseKind) {
        self.learnt += u64::from(kind == ClauseKind::Learnt);
    }

    fn stop(&self) -> bool {
        self.steps.set(self.steps.get() + 1);
        self.learnt >= self.limit || self.steps.get() > self.step_limit
    }
}

/// An incremental solver whose variables are the nodes of a circuit.
pub struct Sat {
    solver: Solver<Budget>,
    variables: u32,
    clause: Vec<batsat::Lit>,
}

impl Sat {
    /// A solver that gives up after `conflicts` conflicts per question.
    pub fn new(conflicts: u64) -> Self {
        let options = SolverOpts { min_learnts_lim: 2000, ..SolverOpts::default() };
        let budget =
            Budget { learnt: 0, limit: conflicts, steps: Cell::new(0), step_limit: u64::MAX };
        let solver = Solver::new(options, budget);
        Self { solver, variables: 0, clause: Vec::new() }
    }

    /// Makes a variable for the next node. Only inputs need to be decided: the rest follows.
    pub fn variable(&mut self, decide: bool) {
        self.solver.new_var(lbool::UNDEF, decide);
        self.variables += 1;
    }

    /// How many variables there are.
    pub fn variables(&self) -> u32 {
        self.variables
    }

    /// Asks for at least one of `lits`.
    pub fn clause(&mut self, lits: impl IntoIterator<Item = Lit>) {
        self.clause.clear();
        self.clause.extend(lits.into_iter().map(outside));
        self.solver.add_clause_reuse(&mut self.clause);
    }

    /// Whether all clauses and `assumptions` hold together.
    pub fn solve(&mut self, assumptions: &[Lit]) -> Verdict {
        let assumptions: Vec<batsat::Lit> = assumptions.iter().copied().map(outside).collect();
        match self.solver.solve_limited(&assumptions) {
            answer if answer == lbool::TRUE => Verdict::Sat,
            answer if answer == lbool::FALSE => Verdict::Unsat,
            _ => Verdict::Unknown,
        }
    }

    /// Whether `assumptions` clash as soon as they are followed up, without any decision: cheap, and
    /// false says nothing.
    pub fn clashes(&mut self, assumptions: &[Lit]) -> bool {
        self.solver.cb_mut().step_limit = assumptions.len() as u64 + 2;
        let verdict = self.solve(assumptions);
        self.solver.cb_mut().step_limit = u64::MAX;
        verdict == Verdict::Unsat
    }

    /// The value of a node in the last model.
    pub fn value(&self, node: u32) -> bool {
        self.solver.value_lit(outside(Lit::new(node, false))) == lbool::TRUE
    }

    /// Those of `assumptions` that the last proof needed.
    pub fn core(&self, assumptions: &[Lit]) -> Vec<Lit> {
        let needed = self.solver.unsat_core();
        // The core has the negations or the assumptions themselves, by the solver's fashion.
        let mut nodes: Vec<u32> = needed.iter().map(|lit| lit.var().idx()).collect();
        nodes.sort_unstable();
        assumptions.iter().copied().filter(|lit| nodes.binary_search(&lit.node()).is_ok()).collect()
    }
}

fn outside(lit: Lit) -> batsat::Lit {
    batsat::Lit::new(batsat::Var::unsafe_from_idx(lit.node()), !lit.is_negated())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(node: u32) -> Lit {
        Lit::new(node, false)
    }

    #[test]
    fn models_cores_and_increments() {
        let mut sat = Sat::new(1000);
        (0..4).for_each(|_| sat.variable(true));
        sat.clause([lit(0)]);
        sat.clause([!lit(1), lit(2)]);
        assert_eq!(sat.solve(&[lit(1)]), Verdict::Sat);
        assert!(sat.value(1) && sat.value(2) && sat.value(0));
        let assumptions = [lit(3), !lit(2), lit(1)];
        assert_eq!(sat.solve(&assumptions), Verdict::Unsat);
        assert_eq!(sat.core(&assumptions), [!lit(2), lit(1)]);
        assert!(sat.clashes(&assumptions) && !sat.clashes(&[lit(1)]));
        assert_eq!(sat.solve(&[!lit(2)]), Verdict::Sat);
        sat.clause([lit(1)]);
        sat.clause([!lit(2)]);
        assert_eq!(sat.solve(&[]), Verdict::Unsat);
    }

    #[test]
    fn the_budget_makes_an_answer_unknown() {
        // Nine pigeons, eight holes: many conflicts.
        let mut sat = Sat::new(10);
        let at = |pigeon: u32, hole: u32| lit(pigeon * 8 + hole);
        (0..72).for_each(|_| sat.variable(true));
        for pigeon in 0..9 {
            sat.clause((0..8).map(|hole| at(pigeon, hole)));
            for other in 0..pigeon {
                (0..8).for_each(|hole| sat.clause([!at(pigeon, hole), !at(other, hole)]));
            }
        }
        assert_eq!(sat.solve(&[]), Verdict::Unknown);
    }
}
