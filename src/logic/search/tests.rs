//! Held against another solver, on clauses made by a generator: every answer, model and core.

use super::super::circuit::Lit;
use super::super::solver::{Sat, Verdict};
use super::{Search, luby};

/// Knuth's generator, so that a run is like every other.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as u32) % bound
    }

    fn lits(&mut self, count: u32, variables: u32) -> Vec<Lit> {
        (0..count).map(|_| Lit::new(self.below(variables), self.below(2) == 1)).collect()
    }
}

#[test]
fn answers_models_and_cores_are_those_of_another_solver() {
    let mut random = Random(7);
    let (mut sat, mut unsat, mut clashes, mut wished) = (0, 0, 0, 0);
    for round in 0..120 {
        let variables = 20 + random.below(60);
        let mut ours = Search::new(100_000);
        let mut theirs = Sat::new(100_000);
        (0..variables).for_each(|_| {
            ours.variable(true);
            theirs.variable(true);
        });
        let mut given: Vec<Vec<Lit>> = Vec::new();
        // Clauses come in between the questions.
        for part in 0..5 {
            for _ in 0..variables * if part == 0 { 3 } else { 1 } / 2 + round % 3 {
                let count = 2 + random.below(2);
                let clause = random.lits(count, variables);
                ours.clause(clause.iter().copied());
                theirs.clause(clause.iter().copied());
                given.push(clause);
            }
            for _ in 0..12 {
                let count = random.below(5);
                let question = random.lits(count, variables);
                let wishes: Vec<Vec<Lit>> = (0..4).map(|_| random.lits(2, variables)).collect();
                let wishes: Vec<&[Lit]> = wishes.iter().map(Vec::as_slice).collect();
                let expected = theirs.solve(&question);
                if ours.clashes(&question) {
                    clashes += 1;
                    assert_eq!(expected, Verdict::Unsat);
                }
                let quick = ours.refute(&question);
                assert!(quick == Verdict::Unknown || quick == expected);
                assert_eq!(ours.solve(&question, &wishes), expected);
                if expected == Verdict::Sat {
                    sat += 1;
                    let holds = |lit: &Lit| ours.holds(*lit);
                    assert!(question.iter().all(holds));
                    assert!(given.iter().all(|clause| clause.iter().any(holds)));
                    wished += wishes.iter().filter(|wish| wish.iter().all(holds)).count();
                } else {
                    unsat += 1;
                    let core = ours.core().to_vec();
                    assert!(core.iter().all(|lit| question.contains(lit)));
                    assert_eq!(theirs.solve(&core), Verdict::Unsat);
                }
            }
            if part == 3 {
                ours.forget();
            }
        }
    }
    assert!(
        sat > 500 && unsat > 500 && clashes > 300 && wished > 500,
        "{sat} {unsat} {clashes} {wished}"
    );
}

#[test]
fn the_budget_makes_an_answer_unknown() {
    // One pigeon more than holes: many conflicts.
    let pigeons = |holes: u32, budget| {
        let mut sat = Search::new(budget);
        let at = |pigeon: u32, hole: u32| Lit::new(pigeon * holes + hole, false);
        (0..holes * (holes + 1)).for_each(|_| sat.variable(true));
        for pigeon in 0..=holes {
            sat.clause((0..holes).map(|hole| at(pigeon, hole)));
            for other in 0..pigeon {
                (0..holes).for_each(|hole| sat.clause([!at(pigeon, hole), !at(other, hole)]));
            }
        }
        sat.solve(&[], &[])
    };
    assert_eq!(pigeons(8, 10), Verdict::Unknown);
    assert_eq!(pigeons(5, 100_000), Verdict::Unsat);
}

#[test]
fn lubys_series() {
    let series: Vec<u64> = (1..16).map(luby).collect();
    assert_eq!(series, [1, 1, 2, 1, 1, 2, 4, 1, 1, 2, 1, 1, 2, 4, 8]);
}
