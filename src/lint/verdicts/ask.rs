//! One architecture, to be asked about formulas of guards and makefiles.

use rustc_hash::FxHashSet;

use crate::lint::context::Tree;
use crate::logic::circuit::Lit;
use crate::logic::formula::Lowered;
use crate::logic::{Answer, Logic};
use crate::model::formula::FormulaId;

/// Answers questions.
pub(super) struct Asker<'l, 't> {
    pub logic: &'l mut Logic<'t>,
    lowered: Lowered<'t>,
    /// What is known to be impossible; what is possible is remembered by the logic.
    impossible: FxHashSet<Vec<Lit>>,
}

impl<'l, 't> Asker<'l, 't> {
    /// With the solver of an architecture.
    pub fn new(tree: &'t Tree, logic: &'l mut Logic<'t>) -> Self {
        let lowered = Lowered::new(&tree.formulas);
        Self { logic, lowered, impossible: FxHashSet::default() }
    }

    pub fn lit(&mut self, formula: FormulaId) -> Lit {
        self.logic.formula(&mut self.lowered, formula)
    }

    /// Whether no configuration has all of `lits`: a proof, not the lack of an answer.
    pub fn is_impossible(&mut self, lits: &[Lit]) -> bool {
        let mut key: Vec<Lit> = lits.iter().copied().filter(|lit| *lit != Lit::TRUE).collect();
        key.sort_unstable();
        key.dedup();
        if key.contains(&Lit::FALSE)
            || self.impossible.contains(&key)
            || key.windows(2).any(|pair| pair[0] == !pair[1])
        {
            return true;
        }
        let impossible = self.logic.possible(&key) == Answer::Impossible;
        if impossible {
            self.impossible.insert(key);
        }
        impossible
    }
}
