//! What stands around a line of a makefile: `ifdef`, `ifeq` and conditional includes.
//!
//! A list's word has one formula, in which the line's own `$(CONFIG_X)` and the conditionals around it are
//! joined. Which of them is nearer to the line is in here.

use rustc_hash::{FxHashMap, FxHashSet};

use super::syntax::Loc;
use crate::model::formula::{FormulaId, Formulas};

/// A branch of a conditional, or an include under a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditional {
    /// The line that begins the branch.
    pub rule: Loc,
    /// The line that begins the conditional, where that is another one.
    pub head: Option<Loc>,
    /// When it is taken, whatever is around it.
    pub when: FormulaId,
}

/// The conditionals around lines, from the inside out; nothing for lines that have none. Of a file that
/// several include, what is around it the first time.
#[derive(Debug, Clone, Default)]
pub struct Around(FxHashMap<Loc, Vec<Conditional>>);

impl Around {
    /// The conditionals around a line, from the inside out.
    pub fn of(&self, rule: &Loc) -> &[Conditional] {
        self.0.get(rule).map_or(&[], Vec::as_slice)
    }

    /// Remembers what is around a line; `open` is given from the outside in.
    pub(super) fn note(&mut self, rule: &Loc, open: &[Conditional]) {
        let decides = |one: &&Conditional| one.when != Formulas::TRUE;
        if open.iter().any(|one| decides(&one)) && !self.0.contains_key(rule) {
            let inside_out = open.iter().rev().filter(decides).cloned().collect();
            self.0.insert(rule.clone(), inside_out);
        }
    }

    /// Leaves out all lines but these.
    pub(super) fn keep<'l>(&mut self, lines: impl Iterator<Item = &'l Loc>) {
        if !self.0.is_empty() {
            let lines: FxHashSet<&Loc> = lines.collect();
            self.0.retain(|line, _| lines.contains(line));
        }
    }

    /// Takes in those of one directory, whose formulas `import` brings over.
    pub(super) fn absorb(&mut self, other: &Self, mut import: impl FnMut(FormulaId) -> FormulaId) {
        let mut lines: Vec<_> = other.0.iter().collect();
        lines.sort_unstable_by_key(|(line, _)| *line);
        for (line, all) in lines {
            if !self.0.contains_key(line) {
                let brought =
                    all.iter().map(|one| Conditional { when: import(one.when), ..one.clone() });
                self.0.insert(line.clone(), brought.collect());
            }
        }
    }
}
