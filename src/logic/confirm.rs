//! Many questions whose answers the evaluator has to confirm, where nobody wants to see a witness of each.
//!
//! One configuration confirms what it can of all of them, so that few have to be found and evaluated.

use super::circuit::Lit;
use super::witness::Check;
use super::{Answer, Assignment, Logic};
use crate::kconf::eval::State;

/// A configuration is looked for that has as many as possible of so many further questions.
const WISHES: usize = 64;

/// A question.
pub struct Ask<'a> {
    /// What a configuration must have.
    pub lits: Vec<Lit>,
    /// What the evaluator has to say about it.
    pub check: Box<Check<'a>>,
    /// Of questions of one group, only the first that is confirmed matters.
    pub group: usize,
}

impl Logic<'_> {
    /// Which questions some configuration confirms, as [`Logic::shown`] would for each: true for the first of
    /// each group. Groups are numbered in the order of the questions.
    pub fn confirmed(&mut self, asks: &[Ask<'_>]) -> Vec<bool> {
        let mut confirmed: Vec<Option<bool>> = vec![None; asks.len()];
        let mut settled = None;
        for at in 0..asks.len() {
            let ask = &asks[at];
            if settled == Some(ask.group) {
                confirmed[at] = Some(false);
            } else if confirmed[at].is_none() {
                let said = self.one(asks, at, &mut confirmed);
                confirmed[at] = Some(said);
            }
            if confirmed[at] == Some(true) {
                settled = Some(ask.group);
            }
        }
        confirmed.into_iter().map(|said| said == Some(true)).collect()
    }

    /// Whether question `at` is confirmed; what else is on the way.
    fn one(&mut self, asks: &[Ask<'_>], at: usize, confirmed: &mut [Option<bool>]) -> bool {
        let ask = &asks[at];
        if self.possible(&ask.lits) != Answer::Possible {
            return false;
        }
        let open: Vec<usize> =
            (at + 1..asks.len()).filter(|other| confirmed[*other].is_none()).collect();
        let answers = self.encoder.probe_answers();
        for says_yes in [true, false] {
            let mut assumed = ask.lits.clone();
            assumed.extend(answers.iter().map(|yes| if says_yes { *yes } else { !*yes }));
            if let Some(found) = self.with_wishes(&assumed, asks, &open) {
                let mut mine = false;
                self.evaluate(&found, |state: &mut State<'_>| {
                    mine = (ask.check)(state);
                    for other in &open {
                        if (asks[*other].check)(state) {
                            confirmed[*other] = Some(true);
                        }
                    }
                });
                if mine {
                    return true;
                }
            }
            if answers.is_empty() {
                break;
            }
        }
        self.shown(&ask.lits, &ask.check).is_some()
    }

    /// A configuration that has all of `lits`, and what it can of some questions.
    fn with_wishes(
        &mut self,
        lits: &[Lit],
        asks: &[Ask<'_>],
        open: &[usize],
    ) -> Option<Assignment> {
        if lits.contains(&Lit::FALSE) {
            return None;
        }
        self.settle();
        let wishes: Vec<&[Lit]> =
            open.iter().take(WISHES).map(|other| asks[*other].lits.as_slice()).collect();
        self.load(lits);
        for wish in &wishes {
            self.load(wish);
        }
        let verdict = self.sat.solve(lits, &wishes);
        (self.note(verdict) == Answer::Possible).then(|| self.found())
    }
}
