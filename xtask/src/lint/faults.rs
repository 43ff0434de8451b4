//! The table of faults: one row a rule, with what plants them.

use super::text::Files;
use super::{gating, guards, kconfig};
use crate::kconfig::perturb::Numbers;

/// How to plant what a rule must find.
pub struct Fault {
    /// The name of the rule.
    pub rule: &'static str,
    /// Chooses sites.
    pub plant: fn(&Files, &mut Numbers, usize) -> Vec<Planted>,
    /// Several in one tree would hide each other.
    pub one_at_a_time: bool,
}

/// A fault at its site.
#[derive(Debug, Clone)]
pub struct Planted {
    /// The file.
    pub file: String,
    /// The 1-based line that must be named, counted as if nothing else were planted.
    pub line: usize,
    /// What it is, for people.
    pub what: String,
    /// The change.
    pub change: Change,
}

/// A change of a file.
#[derive(Debug, Clone)]
pub enum Change {
    /// Another text for this 1-based line.
    Replace(usize, String),
    /// New lines before this 1-based line.
    Insert(usize, Vec<String>),
}

impl Planted {
    /// The 1-based line that is changed, or that new ones come before.
    pub fn at(&self) -> usize {
        match self.change {
            Change::Replace(at, _) | Change::Insert(at, _) => at,
        }
    }
}

const fn fault(
    rule: &'static str,
    plant: fn(&Files, &mut Numbers, usize) -> Vec<Planted>,
) -> Fault {
    Fault { rule, plant, one_at_a_time: false }
}

/// All of them.
pub const FAULTS: &[Fault] = &[
    fault("duplicate-line", kconfig::repeated_select),
    fault("duplicate-dependency", kconfig::repeated_dependency),
    fault("undefined-symbol", kconfig::misspelt_dependency),
    fault("bad-range", kconfig::swapped_range),
    fault("select-choice-member", kconfig::selected_member),
    Fault { one_at_a_time: true, ..fault("recursive-dependency", kconfig::circle) },
    fault("redundant-dependency", kconfig::implied_dependency),
    fault("dead-symbol", kconfig::contradicted_dependency),
    fault("unmet-select", kconfig::unmet_select),
    fault("undefined-option", guards::misspelt),
    fault("dead-block", guards::contradicting),
    fault("always-true-guard", guards::repeated),
    fault("redundant-operand", guards::implied_conjunct),
    fault("missing-stub", gating::dropped_stub),
    fault("stub-signature", gating::other_result),
    fault("bloat-leak", gating::moved_out),
];
