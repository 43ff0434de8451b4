//! The table of faults: one row a rule, with what plants them.

use super::text::Files;
use super::{builds, fresh, gating, guards, kconfig};
use crate::kconfig::perturb::Numbers;

/// Chooses sites.
pub type Plant = fn(&Files, &mut Numbers, usize) -> Vec<Planted>;

/// How to plant what a rule must find.
pub struct Fault {
    /// The name of the rule.
    pub rule: &'static str,
    /// Chooses sites.
    pub plant: Plant,
    /// Which faults are planted in the same copy: those that do not change what others are about.
    pub group: Group,
    /// Where a finding has to name the planted line.
    pub shown: Shown,
}

/// Where a finding names what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// At its own line.
    Line,
    /// In its proof, each fact of which is one hop.
    Hop,
}

/// Faults that can be in one tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Lines of Kconfig that are wrong as text.
    Lines,
    /// Options of their own.
    Fresh,
    /// Guards and tests in C.
    Guards,
    /// Makefiles, defconfigs and new files.
    Builds,
    /// Functions.
    Gating,
    /// All of one rule, and of no other.
    Own,
    /// One in each copy: several would hide each other.
    Single,
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
    /// What goes with it in other files.
    pub also: Vec<(String, Change)>,
}

/// A change of a file.
#[derive(Debug, Clone)]
pub enum Change {
    /// Another text for this 1-based line.
    Replace(usize, String),
    /// New lines before this 1-based line.
    Insert(usize, Vec<String>),
    /// A new file of these lines.
    Create(Vec<String>),
}

impl Change {
    /// The 1-based line that is changed, or that new ones come before.
    pub fn at(&self) -> usize {
        match self {
            Self::Replace(at, _) | Self::Insert(at, _) => *at,
            Self::Create(_) => 1,
        }
    }
}

const fn fault(rule: &'static str, group: Group, plant: Plant) -> Fault {
    Fault { rule, plant, group, shown: Shown::Line }
}

/// All of them.
pub const FAULTS: &[Fault] = &[
    fault("duplicate-line", Group::Lines, kconfig::repeated_select),
    fault("duplicate-dependency", Group::Lines, kconfig::repeated_dependency),
    fault("conf-warning", Group::Fresh, fresh::without_type),
    fault("undefined-symbol", Group::Lines, kconfig::misspelt_dependency),
    fault("bad-range", Group::Lines, kconfig::swapped_range),
    fault("select-choice-member", Group::Lines, kconfig::selected_member),
    fault("select-visible", Group::Fresh, fresh::selected_visible),
    fault("missing-help", Group::Fresh, fresh::without_help),
    Fault { shown: Shown::Hop, ..fault("recursive-dependency", Group::Single, kconfig::circle) },
    fault("bad-default", Group::Fresh, fresh::bad_default),
    fault("conflicting-definition", Group::Fresh, fresh::two_prompts),
    fault("empty-choice", Group::Fresh, fresh::empty_choice),
    fault("unmet-select", Group::Own, kconfig::unmet_select),
    fault("dead-symbol", Group::Own, kconfig::contradicted_dependency),
    fault("redundant-dependency", Group::Own, kconfig::implied_dependency),
    fault("constant-condition", Group::Fresh, fresh::constant_condition),
    fault("dead-default", Group::Fresh, fresh::dead_default),
    fault("dead-imply", Group::Fresh, fresh::dead_imply),
    fault("dead-prompt", Group::Fresh, fresh::dead_prompt),
    fault("dead-range", Group::Fresh, fresh::dead_range),
    fault("undefined-option", Group::Guards, guards::misspelt),
    fault("tristate-ifdef", Group::Guards, guards::tristate),
    fault("bare-name", Group::Guards, guards::bare),
    fault("value-of-bool", Group::Guards, guards::value),
    fault("dead-block", Group::Guards, guards::contradicting),
    fault("dead-else", Group::Guards, guards::dead_else),
    fault("always-true-guard", Group::Guards, guards::repeated),
    fault("redundant-operand", Group::Guards, guards::implied_conjunct),
    fault("dead-branch", Group::Guards, guards::dead_branch),
    fault("undefined-in-makefile", Group::Builds, builds::misspelt),
    fault("undefined-in-defconfig", Group::Builds, builds::misspelt_setting),
    fault("unbuilt-source", Group::Builds, builds::unlisted),
    fault("missing-source", Group::Builds, builds::without_source),
    fault("dead-object", Group::Builds, builds::dead),
    fault("empty-object", Group::Builds, builds::empty),
    fault("ineffective-setting", Group::Builds, builds::hidden_setting),
    fault("missing-stub", Group::Gating, gating::dropped_stub),
    fault("builtin-uses-module", Group::Gating, gating::in_module),
    fault("not-exported", Group::Own, gating::between_modules),
    fault("stub-signature", Group::Gating, gating::other_result),
    fault("bloat-leak", Group::Gating, gating::moved_out),
    fault("prototype-outside-guard", Group::Gating, gating::outside_guard),
];
