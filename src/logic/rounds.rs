//! Many questions at once, in rounds: each is followed up, first without any decision and then as far as
//! everything has its reasons, which shows that most of what is impossible is; the rest is simulated, 64
//! questions in one pass, which shows that most of what is possible is.

use super::circuit::Lit;
use super::simulate::Simulator;
use super::solver::Verdict;
use super::{Answer, Logic, Question};

/// Fewer questions than this are not worth a simulation.
const FEW: usize = 16;
/// As many columns of configurations are made before anything is asked.
const SEEDS: usize = 4;
/// As often questions are simulated.
const ROUNDS: usize = 4;
/// As often what came out is aimed at again.
const REPAIRS: usize = 3;

impl Logic<'_> {
    /// Makes some configurations without regard to any question, if there is none.
    pub(super) fn seed(&mut self, questions: usize) {
        if questions < FEW {
            return;
        }
        let stale = |simulator: &Simulator| simulator.is_stale(&self.encoder);
        if self.simulator.as_ref().is_none_or(stale) {
            let mut simulator = Simulator::new(&self.encoder);
            for _ in 0..SEEDS {
                simulator.anything(&self.encoder);
                let valid = simulator.run(&self.encoder);
                self.encoder.circuit.remember_all(simulator.values().to_vec(), valid);
            }
            self.simulator = Some(simulator);
        }
    }

    /// Answers questions by following them up, which shows that many are impossible, and by simulation,
    /// which shows that others are possible. Those that remain are hard.
    pub(super) fn simulate(&mut self, open: &mut Vec<Question>, answers: &mut [Answer]) {
        if open.is_empty() {
            return;
        }
        let Some(mut simulator) = self.simulator.take() else { return };
        simulator.grow(&self.encoder);
        for round in 0..ROUNDS {
            let before = open.len();
            self.round(round, &mut simulator, open, answers);
            open.retain(|(_, at)| answers[*at] == Answer::Unknown);
            if open.is_empty() || (round > 0 && before - open.len() < before / 8) {
                break;
            }
        }
        self.simulator = Some(simulator);
    }

    fn round(
        &mut self,
        round: usize,
        simulator: &mut Simulator,
        open: &[Question],
        answers: &mut [Answer],
    ) {
        let mut at = 0;
        while at < open.len() {
            let columns: Vec<(usize, u64)> = self.encoder.circuit.columns().collect();
            let Some((column, valid)) = columns.get(self.turn % columns.len().max(1)).copied()
            else {
                return;
            };
            self.turn += 1;
            simulator.begin_with(self.encoder.circuit.column(column));
            let mut free = !0_u64;
            let mut lanes: Vec<(u32, &[Lit], Vec<Lit>)> = Vec::new();
            while at < open.len() && free != 0 {
                let (lits, number) = &open[at];
                at += 1;
                if answers[*number] != Answer::Unknown {
                    continue;
                }
                let clash = if round == 0 {
                    self.sat.clashes(lits)
                } else {
                    self.sat.refute(lits) == Verdict::Unsat
                };
                if clash {
                    answers[*number] = Answer::Impossible;
                    continue;
                }
                // The configuration that is nearest to it.
                let mut near = if free & valid == 0 { free } else { free & valid };
                for lit in lits {
                    let both = near & simulator.holding(&[*lit]);
                    near = if both == 0 { near } else { both };
                }
                let bit = near.trailing_zeros();
                free &= !(1 << bit);
                let mut wanted = lits.clone();
                wanted.extend_from_slice(self.sat.trail());
                simulator.aim(&self.encoder, bit, &wanted);
                lanes.push((bit, lits, wanted));
            }
            for again in 0..REPAIRS {
                let valid = simulator.run(&self.encoder);
                lanes.retain(|(bit, lits, wanted)| {
                    let there = (simulator.holding(lits) & valid) >> bit & 1 == 1;
                    if !there && again + 1 < REPAIRS {
                        simulator.aim(&self.encoder, *bit, wanted);
                    }
                    !there
                });
                let mut found = 0;
                for (lits, number) in open {
                    if answers[*number] == Answer::Unknown && simulator.holding(lits) & valid != 0 {
                        answers[*number] = Answer::Possible;
                        found += 1;
                    }
                }
                if found > 0 {
                    self.encoder.circuit.remember_all(simulator.values().to_vec(), valid);
                }
                if lanes.is_empty() {
                    break;
                }
            }
        }
    }
}
