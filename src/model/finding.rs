//! What `hmmsize lint` finds: a rule that is broken at a place, on some architectures, with evidence.
//!
//! An existential verdict (some configuration goes wrong) carries a witness, a universal one (no
//! configuration can …) a proof. The committed JSON schema is `src/schema/lint.schema.json`; a change
//! that old readers would misread raises [`SCHEMA`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::confirm::Test;
use super::snippet::Snippet;

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// The findings of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// The tree as the user named it.
    pub tree: String,
    /// The architectures that were looked at, by the names of their directories; empty for a tree
    /// without any.
    pub arches: Vec<String>,
    /// The codes of the rules that were applied, in the order of the table.
    pub rules: Vec<String>,
    /// In the order of file, line, column and code.
    pub findings: Vec<Finding>,
    /// How many more there are that a baseline or a suppression hides.
    pub hidden: usize,
}

/// How bad it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Something says more than it needs to, or nothing at all.
    #[default]
    Warning,
    /// Some configuration is wrong: it warns, does not build, or is not what was meant.
    Error,
}

impl Severity {
    /// `note`, `warning` or `error`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Who else says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Verified {
    /// Nobody: it can be read off the text, or was derived once.
    #[default]
    None,
    /// Our own evaluator of Kconfig, given the witness.
    Evaluator,
    /// The tree's own `conf`, given the witness.
    Conf,
    /// A second solver, given the same clauses.
    Solver2,
    /// A compiler, given the witness.
    Compiler,
}

impl Verified {
    /// What a reader is told; nothing where nobody else was asked.
    pub const fn words(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Evaluator => Some("evaluated"),
            Self::Conf => Some("confirmed by conf"),
            Self::Solver2 => Some("confirmed by a second solver"),
            Self::Compiler => Some("confirmed by the compiler"),
        }
    }
}

/// One rule broken at one place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The stable code of the rule, such as `K101`.
    pub code: String,
    /// The name of the rule, such as `unmet-select`.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The file, relative to the tree.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in bytes.
    pub column: u32,
    /// How many bytes the place has; 0 for the whole line.
    pub length: u32,
    /// The option that it is about, without `CONFIG_`.
    pub symbol: Option<String>,
    /// The architectures it holds for, sorted; empty for a tree without any.
    pub arches: Vec<String>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Why that is so in every configuration, fact by fact.
    pub proof: Option<Vec<Fact>>,
    /// A configuration that shows it: what the user has to set, without what follows from it.
    pub witness: Option<BTreeMap<String, String>>,
    /// The architecture that the witness is for, where there are several.
    pub witness_arch: Option<String>,
    /// Who else says so.
    pub verified: Verified,
    /// The commands of Kconfig's `$(shell …)` that it depends on: it holds for the outcomes that make
    /// it so.
    pub probes: Vec<String>,
    /// Its name in a baseline: stays the same when lines move.
    pub fingerprint: String,
    /// What another tool can be asked about it.
    #[serde(skip)]
    pub test: Option<Test>,
    /// What would mend it mechanically; all of it or nothing.
    #[serde(skip)]
    pub fix: Vec<Edit>,
    /// The place with its line, for people.
    #[serde(skip)]
    pub excerpt: Option<Snippet>,
}

/// One fact of a proof.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// The file, relative to the tree.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// What stands there and means: `ZONE_DEVICE depends on SPARSEMEM_VMEMMAP`.
    pub text: String,
}

/// A piece of a file to be replaced.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edit {
    /// The file, relative to the tree.
    pub file: String,
    /// The first byte, counted from 0.
    pub start: u32,
    /// How many bytes go.
    pub len: u32,
    /// What comes instead.
    pub text: String,
}

/// What there is to know about a rule, for formats that describe them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// What it does.
    pub what: &'static str,
    /// Its page, as Markdown.
    pub page: String,
}
