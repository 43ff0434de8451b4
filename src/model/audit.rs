//! What an option costs whom: what `hmmsize audit` finds out.
//!
//! For each architecture: whether the option can be on; what it costs when it is on, as a partition of
//! the difference between an image without and one with it; and what it costs when it is off, against
//! an earlier source. All sizes are bytes, places `file:line` from the top of the tree, lines 1-based.
//! The committed JSON schema is `src/schema/audit.schema.json`; a change that old readers would misread
//! raises [`SCHEMA`].

use serde::{Deserialize, Serialize};

use super::class::Class;
use super::config::ConfigChange;
use super::delta::Inlined;
use super::size::{Berkeley, Payload};
use super::why::{Change, Hop};

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// The result of one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// The tree as the user named it.
    pub tree: String,
    /// Kernel release from the tree's Makefile (`6.12.117`).
    pub kernel: Option<String>,
    /// The options in question, without `CONFIG_`, in the order in which they were named.
    pub options: Vec<String>,
    /// All in all.
    pub verdict: Verdict,
    /// The reasons for that, the worst first; one sentence each.
    pub reasons: Vec<String>,
    /// In the order of their names.
    pub arches: Vec<Arch>,
    /// The functions that the options gate, by name; what is said about them comes from source alone.
    pub functions: Vec<Function>,
    /// What the gating rules of `lint` say about the options.
    pub findings: Vec<Finding>,
    /// What to paste into a commit message: lines of at most 75 columns, none of which git drops.
    pub commit_message: String,
}

/// The answer to "no bloat for whoever does not use it".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing speaks against it, and something was looked at.
    Holds,
    /// It costs something where it is off, or more than was allowed.
    Broken,
    /// It cannot be said: cells without a result.
    Unknown,
}

/// One architecture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arch {
    /// Its name.
    pub arch: String,
    /// One for each option.
    pub possible: Vec<Possible>,
    /// The cost of the option that is on: without against with it.
    pub on: Option<Cost>,
    /// The cost of the option that is off: the base source against this one.
    pub off: Option<Cost>,
    /// Cells of the run that have no result, one sentence each.
    pub missing: Vec<String>,
}

/// Whether an option can be on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Possible {
    /// The option.
    pub option: String,
    /// Whether it can.
    pub state: PossibleState,
    /// If it can: what has to be set beside the defaults, for example.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub changes: Vec<Change>,
    /// If it cannot: why, hop by hop.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub chain: Vec<Hop>,
}

/// Whether an option can be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PossibleState {
    /// Some configuration has it.
    Possible,
    /// No configuration has it; that is proven.
    Impossible,
    /// No configuration was found that has it.
    Unknown,
}

/// The difference of two images, taken apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The image before, as named.
    pub old: Side,
    /// The image after.
    pub new: Side,
    /// All inputs of the two are the same, so that they were not built twice: the difference is 0 by
    /// proof, and there are no groups and rows.
    pub identical: bool,
    /// What changed between the configurations because it was asked for.
    pub requested: Vec<ConfigChange>,
    /// What else changed.
    pub dragged_in: Vec<ConfigChange>,
    /// How many bytes of payload more; the sum of all groups but padding.
    pub payload: i64,
    /// How many bytes more `size` says (its `dec`); the sum of all groups.
    pub dec: i64,
    /// The sum of the absolute changes of all rows, padding aside.
    pub moved: u64,
    /// The partition, in the order of attribution.
    pub groups: Vec<Group>,
    /// Every symbol, and what has none, that changed in size; the largest change first.
    pub rows: Vec<Row>,
    /// Types that both images have in different sizes, from debug information; the largest change first.
    pub types: Vec<TypeChange>,
    /// Growth by inlining, told by the inlined function, from debug information; the most bytes first.
    #[serde(default)]
    pub inlined: Vec<InlinedGrowth>,
    /// What to know before believing the numbers.
    pub warnings: Vec<String>,
}

/// One of two images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// The file as it was named.
    pub file: String,
    /// What GNU `size` says.
    pub size: Berkeley,
    /// Bytes without padding.
    pub payload: Option<Payload>,
}

/// Why bytes are there. In the order in which the first match counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// One of the two configurations does not have it, because of an option in question.
    Direct,
    /// One of them does not have it, because of another option that changed.
    DraggedIn,
    /// Both have it, and it has another size: no gate of its own keeps it away.
    Ungated,
    /// Alignment fill.
    Padding,
    /// What changes with the time, the place or the length of a name.
    Noise,
    /// Nothing says whose it is.
    Unattributed,
}

impl Why {
    /// The word in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::DraggedIn => "dragged-in",
            Self::Ungated => "ungated",
            Self::Padding => "padding",
            Self::Noise => "noise",
            Self::Unattributed => "unattributed",
        }
    }
}

/// What grew although it has no gate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Growth {
    /// Code has more (or other) code inlined, or gated code in its own body.
    Inline,
    /// Data whose type changed.
    Data,
    /// Code that the compiler keeps in a function of its own, and had in its callers before; or the
    /// other way round.
    Moved,
    /// Tables and strings that belong to such code.
    Tables,
    /// Anything else.
    Other,
}

impl Growth {
    /// The word in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Data => "data",
            Self::Moved => "moved",
            Self::Tables => "tables",
            Self::Other => "other",
        }
    }
}

/// A part of the partition: rows of one reason, option and kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The reason.
    pub why: Why,
    /// The option that decides; of ungated growth the one whose gates made it, if that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub option: Option<String>,
    /// Of ungated growth, the kind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub growth: Option<Growth>,
    /// Bytes more (or less).
    pub bytes: i64,
    /// Bytes of what grew or came.
    pub up: u64,
    /// Bytes of what shrank or went.
    pub down: u64,
    /// How many rows.
    pub rows: u64,
}

/// A symbol of an object, or what of the object has no symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The symbol; of bytes without one, the input section in parentheses.
    pub name: String,
    /// The object file from the linker map, from the top of the tree, or what else is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// The class of its section.
    pub class: Class,
    /// Bytes before; absent if it is not there.
    pub old: Option<u64>,
    /// Bytes after; absent if it is not there.
    pub new: Option<u64>,
    /// Bytes more (or less).
    pub delta: i64,
    /// The reason.
    pub why: Why,
    /// The option that decides.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub option: Option<String>,
    /// Of ungated growth, the kind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub growth: Option<Growth>,
    /// Where the source defines it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub defined: Option<String>,
    /// The gate that decides; of ungated growth the one that it comes through.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate: Option<Gate>,
    /// Of ungated growth, what leads from the symbol to that gate: names of functions, macros or types,
    /// the symbol's own mention first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub through: Vec<String>,
    /// Of growth by inlining, and of callers of what moved, how many bytes debug information says were
    /// inlined.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inlined: Option<InlinedBytes>,
    /// Where the option is off: the line of the source that leaks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub leak: Option<Leak>,
}

/// What a function has more of another that is inlined into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InlinedBytes {
    /// The inlined function: the first of [`Row::through`] that was inlined.
    pub name: String,
    /// Bytes more (or less), with all that is inlined into it in turn.
    pub bytes: i64,
}

/// 72 functions +1,234 bytes, of which +812 inlined `put_page`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InlinedGrowth {
    /// The inlined function.
    pub name: String,
    /// How many rows it was inlined into.
    pub functions: u64,
    /// Bytes that these have more (or less).
    pub growth: i64,
    /// Bytes of that which are its own code.
    pub bytes: i64,
}

/// A gate in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// `guard`, `code`, `part`, `object`, `directory` or `conditional`, see [`super::gates::GateKind`].
    pub kind: String,
    /// `file:line`
    pub place: String,
    /// As written, on one line.
    pub text: String,
}

/// A line that is compiled although the option is off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leak {
    /// `file:line`
    pub place: String,
    /// The line.
    pub text: String,
    /// What would keep it away, as it would be written.
    pub guard: String,
    /// Where that would stand: `file:line`, or `file:first-last`.
    pub at: String,
}

/// A type that both images have in different sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeChange {
    /// `struct page`
    pub name: String,
    /// Where it is declared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub defined: Option<String>,
    /// Bytes before.
    pub old: u64,
    /// Bytes after.
    pub new: u64,
    /// The members that came, went or have another width. None, where only the alignment is another.
    pub fields: Vec<FieldChange>,
}

/// A member of a structure or union that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChange {
    /// Its name; `lock.owner` where a structure without a tag has it.
    pub name: String,
    /// Bits before; absent if it is not there.
    pub old: Option<u64>,
    /// Bits after; absent if it is not there.
    pub new: Option<u64>,
    /// Where it is declared.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub defined: Option<String>,
    /// The option that makes the difference, if that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub option: Option<String>,
    /// The gate around it, or the one that it comes through.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate: Option<Gate>,
    /// What leads from it to that gate: the type that it is of, or the constant that makes it longer.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub through: Vec<String>,
}

/// A function that an option gates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The option that gates it.
    pub option: String,
    /// Where it is defined.
    pub defined: String,
    /// The gate that needs the option.
    pub gate: Gate,
    /// Where it is declared.
    pub prototypes: Vec<String>,
    /// Where a stub stands in for it.
    pub stubs: Vec<String>,
    /// Whether files other than its own use it.
    pub used: bool,
    /// What is missing.
    pub lacks: Lacks,
}

/// What a gated function lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lacks {
    /// Nothing: there is a stub, or nobody needs one.
    Nothing,
    /// There is no stub; every use is behind the option, or would not link without it.
    Stub,
    /// Other files use it, and no header declares it.
    Prototype,
}

/// A finding of a gating rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The rule's code.
    pub code: String,
    /// The rule's name.
    pub rule: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// `file:line`
    pub place: String,
    /// One sentence.
    pub message: String,
    /// The architectures for which it was found; empty in a tree without any.
    pub arches: Vec<String>,
}

impl InlinedGrowth {
    /// The numbers, as `compare --by inline` has them.
    pub fn told(&self) -> Inlined {
        let Self { functions, growth, bytes, .. } = *self;
        Inlined { functions, growth, bytes }
    }
}

impl Cost {
    /// The bytes of a reason.
    pub fn bytes(&self, why: Why) -> i64 {
        self.groups.iter().filter(|group| group.why == why).map(|group| group.bytes).sum()
    }

    /// What nobody can be blamed for, in percent of what moved.
    pub fn unattributed_percent(&self) -> f64 {
        let of = self.rows.iter().filter(|row| row.why == Why::Unattributed);
        let bytes: u64 = of.map(|row| row.delta.unsigned_abs()).sum();
        if self.moved == 0 { 0.0 } else { bytes as f64 * 100.0 / self.moved as f64 }
    }
}
