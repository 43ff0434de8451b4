//! Why an option has its value, and what would change that: what `hmmsize config why` finds out.
//!
//! One [`Answer`] for each architecture. Places are `file:line` relative to the tree; values are as
//! `.config` has them: a string has its quotes. The committed JSON schema is `src/schema/why.schema.json`; a
//! change that old readers would misread raises [`SCHEMA`].

use serde::{Deserialize, Serialize};

use super::words::Assignment;

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// The answers of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// The tree as the user named it.
    pub tree: String,
    /// The configuration that the values are those of: a file, a goal such as `tinyconfig`, or
    /// `defaults`.
    pub config: String,
    /// In the order of the architectures' names.
    pub answers: Vec<Answer>,
}

/// What is known of one option on one architecture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The architecture.
    pub arch: String,
    /// The option, without `CONFIG_`.
    pub symbol: String,
    /// The value asked for; absent if only an explanation was.
    pub wanted: Option<String>,
    /// `bool`, `tristate`, `int`, `hex`, `string`; absent where it is not defined.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The value it has; absent where it is not defined.
    pub value: Option<String>,
    /// What the user asked for, whether or not it counts.
    pub user: Option<String>,
    /// Where it is defined.
    pub definitions: Vec<String>,
    /// The rule that gave it its value.
    pub decided: Decided,
    /// The direct dependency is not met, but something selects it all the same.
    pub unmet: bool,
    /// Its prompts.
    pub prompts: Vec<Prompt>,
    /// Its direct dependency: the OR over its definitions; absent where there is none.
    pub depends: Option<Condition>,
    /// Its defaults, in the order in which they are tried.
    pub defaults: Vec<Default>,
    /// What selects it now.
    pub selected_by: Vec<Selector>,
    /// How many other lines could select it.
    pub selectors_off: usize,
    /// What implies it now.
    pub implied_by: Vec<Selector>,
    /// The range that applies.
    pub range: Option<Range>,
    /// The choice that it is a member of.
    pub choice: Option<Choice>,
    /// What came of the value asked for.
    pub outcome: Outcome,
}

/// An option and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The option.
    pub symbol: String,
    /// Its value.
    pub value: String,
}

/// The rule that gave an option its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule", deny_unknown_fields)]
pub enum Decided {
    /// Nothing defines it on this architecture.
    Undefined {
        /// The name most like it.
        similar: Option<String>,
    },
    /// The user's value, as far as the prompt's visibility allows.
    User {
        /// Set if the user asked for more than is visible.
        limited: bool,
    },
    /// A default.
    Default {
        /// Where it stands.
        place: String,
    },
    /// What selects it (see [`Answer::selected_by`]).
    Selected,
    /// What implies it (see [`Answer::implied_by`]).
    Implied,
    /// Its choice (see [`Answer::choice`]).
    Choice,
    /// The range: the value was out of it.
    Range,
    /// No rule gives it a value: it is off, zero or empty.
    Nothing,
}

/// A condition and what it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// As an expression, in the words of Kconfig.
    pub text: String,
    /// `y`, `m` or `n`.
    pub value: String,
    /// The options in it, each with its value.
    pub symbols: Vec<Setting>,
}

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// Where it stands.
    pub place: String,
    /// What it asks.
    pub text: String,
    /// How far it lets the user choose: `y`, `m`, or `n` for not at all.
    pub visible: String,
    /// Its condition with everything inherited; absent where it is always visible.
    pub condition: Option<Condition>,
}

/// A default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Default {
    /// Where it stands.
    pub place: String,
    /// What it says, in the words of Kconfig.
    pub text: String,
    /// What it would give now.
    pub value: String,
    /// Whether it is the one that applies: the first whose condition holds.
    pub applies: bool,
    /// Its condition with everything inherited; absent where it always holds.
    pub condition: Option<Condition>,
}

/// A `select` or `imply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// The option that selects.
    pub symbol: String,
    /// Where.
    pub place: String,
    /// The value it gives.
    pub value: String,
    /// `if …` as written.
    pub condition: Option<String>,
}

/// A range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Where it stands.
    pub place: String,
    /// The lower bound.
    pub low: String,
    /// The upper bound.
    pub high: String,
}

/// A choice, seen from a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Where it stands.
    pub place: String,
    /// Its prompt.
    pub text: String,
    /// The member that is on.
    pub chosen: Option<String>,
}

/// What came of the value asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", deny_unknown_fields)]
pub enum Outcome {
    /// Nothing was asked for.
    NotAsked,
    /// It has that value already.
    Holds,
    /// These changes, verified, give it that value.
    Possible {
        /// What to set. None of them can be left out.
        changes: Vec<Change>,
        /// How many other options change with them.
        dragged_in: usize,
        /// The first of those, in the order of their names.
        examples: Vec<Setting>,
    },
    /// It cannot be had on this architecture, in whatever configuration.
    Impossible {
        /// Why, hop by hop; the last one is where it ends.
        chain: Vec<Hop>,
    },
    /// No changes were found. There may be some.
    NoWayFound {
        /// How many sets of changes were tried.
        tried: usize,
    },
    /// It is no value for an option of this type.
    NoValue {
        /// Why.
        reason: String,
    },
}

/// One proposed assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The option.
    pub symbol: String,
    /// What to set it to.
    pub value: String,
    /// What it is now.
    pub old: String,
    /// Where it is defined.
    pub place: Option<String>,
    /// Its prompt.
    pub text: Option<String>,
}

impl Change {
    /// As a line of `.config`.
    pub fn assignment(&self) -> Assignment {
        Assignment { symbol: self.symbol.clone(), value: self.value.clone() }
    }
}

/// One step of a proof that something is impossible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// The option, or an expression.
    pub symbol: String,
    /// Where what is said of it stands.
    pub place: Option<String>,
    /// What is said of it: `needs ARCH_HAS_PTE_DEVMAP`.
    pub says: String,
}
