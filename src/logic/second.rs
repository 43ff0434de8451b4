//! A second solver, which is given nothing but the dumped clauses.
//!
//! What [`Logic`] calls impossible was found by a solver of our own, with much around it that keeps it
//! from being asked at all: remembered configurations, dependencies that clash at sight. Here all of
//! that is left out. The clauses go through their text, as another program would read them, into a
//! solver that somebody else wrote.

use rustc_hash::FxHashSet;

use super::circuit::Lit;
use super::solver::{Sat, Verdict};
use super::{Answer, Logic, dimacs};
use crate::exit::Result;

/// Conflicts after which the second solver gives a question up.
const CONFLICTS: u64 = 1_000_000;

/// The second solver, with the clauses of one architecture.
pub struct Second {
    sat: Sat,
}

impl Second {
    /// Reads clauses (DIMACS CNF); nothing if the text is not that.
    pub fn read(text: &str) -> Option<Self> {
        let (variables, clauses) = dimacs::read(text)?;
        let mut sat = Sat::new(CONFLICTS);
        (0..variables).for_each(|_| sat.variable(true));
        for clause in clauses {
            sat.clause(clause);
        }
        Some(Self { sat })
    }

    /// Whether the clauses and all of `lits` hold together.
    pub fn answer(&mut self, lits: &[Lit]) -> Answer {
        match self.sat.solve(lits) {
            Verdict::Sat => Answer::Possible,
            Verdict::Unsat => Answer::Impossible,
            Verdict::Unknown => Answer::Unknown,
        }
    }
}

/// What a program says that solves DIMACS CNF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// There is no model.
    Unsat,
    /// There is one: the variables that are on, if it shows them.
    Sat(Vec<u32>),
    /// Neither.
    Nothing,
}

impl Said {
    /// Reads what such programs print: `s UNSATISFIABLE`, or `s SATISFIABLE` and lines of `v` (with or
    /// without these letters).
    pub fn parse(text: &str) -> Self {
        let bare = |line: &'_ str| line.trim().trim_start_matches("s ").to_owned();
        if text.lines().any(|line| bare(line) == "UNSATISFIABLE") {
            return Self::Unsat;
        }
        if !text.lines().any(|line| bare(line) == "SATISFIABLE") {
            return Self::Nothing;
        }
        let values = text.lines().filter_map(|line| line.strip_prefix("v "));
        let numbers = values.flat_map(str::split_ascii_whitespace).map(str::parse);
        Self::Sat(numbers.filter_map(Result::ok).filter(|number| *number > 0).collect())
    }
}

impl Second {
    /// Asks `program` whether each question is possible. It is asked about all at once, and again
    /// without those that its model answers, until it says that none is left.
    pub fn ask(
        logic: &mut Logic<'_>,
        questions: &[Vec<Lit>],
        program: &dyn Fn(&str) -> Result<Said>,
    ) -> Result<Vec<Answer>> {
        let mut answers = vec![Answer::Unknown; questions.len()];
        let mut open: Vec<usize> = (0..questions.len()).collect();
        while !open.is_empty() {
            let circuit = logic.circuit();
            let all = |at: &usize| questions[*at].iter().copied();
            let each: Vec<Lit> = open.iter().map(|at| circuit.all(all(at))).collect();
            let some = circuit.any(each);
            if some == Lit::FALSE {
                open.drain(..).for_each(|at| answers[at] = Answer::Impossible);
                break;
            }
            let on = match program(&logic.to_dimacs(&[some]))? {
                Said::Unsat => {
                    open.drain(..).for_each(|at| answers[at] = Answer::Impossible);
                    break;
                }
                Said::Sat(on) => on.into_iter().collect::<FxHashSet<u32>>(),
                Said::Nothing => break,
            };
            let holds = |lit: &Lit| on.contains(&(lit.node() + 1)) != lit.is_negated();
            let before = open.len();
            open.retain(|at| {
                let possible = questions[*at].iter().all(holds);
                if possible {
                    answers[*at] = Answer::Possible;
                }
                !possible
            });
            // A model that is not shown, or is none.
            if open.len() == before {
                break;
            }
        }
        Ok(answers)
    }
}

impl Logic<'_> {
    /// The clauses as text, with the gates of all `questions`, none of which is said to hold.
    pub fn dump(&mut self, questions: &[Vec<Lit>]) -> String {
        self.settle();
        let (circuit, clauses) = (&self.encoder.circuit, &self.encoder.clauses);
        dimacs::write(circuit, clauses, &[], questions.iter().flatten().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_understood() {
        assert_eq!(Said::parse("c hello\ns UNSATISFIABLE\n"), Said::Unsat);
        assert_eq!(Said::parse("UNSATISFIABLE\n"), Said::Unsat);
        assert_eq!(Said::parse("s SATISFIABLE\nv 1 -2\nv 3 0\n"), Said::Sat(vec![1, 3]));
        assert_eq!(Said::parse("SATISFIABLE\n"), Said::Sat(vec![]));
        assert_eq!(Said::parse("s UNKNOWN\n"), Said::Nothing);
    }
}
