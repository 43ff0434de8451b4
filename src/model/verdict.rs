//! What the gate found: one [`Judgement`] for each rule and pair, and what they come to.
//!
//! Precedence of the outcome: *not comparable* (2) over *incomplete* (3) over *over budget* (1)
//! over *pass* (0). A question that was put wrongly must be put right before its answer counts,
//! and an answer from half of the cells is no verdict; everything that was found is reported
//! whatever the outcome is. The JSON of this struct is `src/schema/verdict.schema.json`.

use serde::{Deserialize, Serialize};

use super::class::Class;
use super::run::Target;
use super::size::{Berkeley, Payload};

/// The version of the JSON that this program writes.
pub const SCHEMA: u32 = 1;

/// The rule of judgements about cells that have no result.
pub const COMPLETE: &str = "complete";

/// The rule of judgements about sides that cannot be compared.
pub const COMPARABLE: &str = "comparable";

/// The result of a gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// What it comes to.
    pub outcome: Outcome,
    /// What was judged: the run or the images.
    pub subject: String,
    /// The policy file, or what stands in for one.
    pub policy: String,
    /// Every pair that was looked at, in order.
    pub pairs: Vec<PairRow>,
    /// One for each rule and pair, and one for each pair that could not be judged.
    pub judgements: Vec<Judgement>,
    /// Things the user should know that change nothing.
    pub warnings: Vec<String>,
}

/// What the judgements come to, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Within every limit. Exit 0.
    Pass,
    /// Over a limit. Exit 1.
    OverBudget,
    /// A cell failed, was skipped or is missing. Exit 3.
    Incomplete,
    /// Things that cannot be compared, or nothing judged. Exit 2.
    NotComparable,
}

impl Outcome {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::OverBudget => "over budget",
            Self::Incomplete => "incomplete",
            Self::NotComparable => "not comparable",
        }
    }
}

/// How one judgement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Within the limit.
    Pass,
    /// Over it.
    Over,
    /// Over it, excused.
    Waived,
    /// A side failed, was skipped or is missing.
    Missing,
    /// The sides cannot be compared.
    NotComparable,
}

impl State {
    /// The outcome it forces.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Pass | Self::Waived => Outcome::Pass,
            Self::Over => Outcome::OverBudget,
            Self::Missing => Outcome::Incomplete,
            Self::NotComparable => Outcome::NotComparable,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Over => "over",
            Self::Waived => "waived",
            Self::Missing => "missing",
            Self::NotComparable => "not comparable",
        }
    }
}

/// One rule on one pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// The rule's name; `comparable` and `complete` where no rule could be asked.
    pub rule: String,
    /// How it ended.
    pub state: State,
    /// The cell's name, as in [`PairRow::cell`]; empty for a rule that judged nothing.
    pub cell: String,
    /// The cell's architecture.
    pub arch: String,
    /// What was limited: `payload`, `class code`, …
    pub quantity: Option<String>,
    /// Bytes on the base side.
    pub base: Option<u64>,
    /// Bytes on the head side.
    pub head: Option<u64>,
    /// The limit as text: `+0`, `+1.5%`, `max 4,096`.
    pub limit: Option<String>,
    /// The difference is within the recorded noise.
    pub within_noise: bool,
    /// One sentence.
    pub message: String,
    /// Symbols that are new or larger (those that match, for a symbol limit), largest first.
    pub symbols: Vec<SymbolChange>,
    /// Classes that grew, largest first.
    pub classes: Vec<ClassChange>,
    /// The excuse, if there is one.
    pub waiver: Option<WaiverNote>,
}

/// One comparison, for the summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairRow {
    /// `x86_64 with`, unique in a verdict.
    pub cell: String,
    /// What it is compared with: `baseline`, `without`, `v6.12`.
    pub against: String,
    /// The cell's architecture.
    pub arch: String,
    /// What was measured.
    pub target: Target,
    /// Labels to show.
    pub labels: Vec<String>,
    /// Berkeley totals of the base.
    pub base: Option<Berkeley>,
    /// Berkeley totals of the head.
    pub head: Option<Berkeley>,
    /// Payload of the base.
    pub base_payload: Option<Payload>,
    /// Payload of the head.
    pub head_payload: Option<Payload>,
    /// Spread in bytes below which differences mean nothing.
    pub noise: Option<u64>,
    /// The worst of its judgements.
    pub state: State,
    /// Why there are no numbers, or how a zero was proven.
    pub note: Option<String>,
}

/// A symbol in both images; `None` where it is not in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SymbolChange {
    /// Normalised name.
    pub name: String,
    /// Its old name, if it was renamed.
    pub was: Option<String>,
    /// The source file of a local symbol, where known.
    pub object: Option<String>,
    /// The class of its section, where known.
    pub class: Option<Class>,
    /// Bytes in the base.
    pub old: Option<u64>,
    /// Bytes in the head.
    pub new: Option<u64>,
}

impl SymbolChange {
    /// Bytes gained (positive) or lost.
    pub fn delta(&self) -> i64 {
        delta(self.old.unwrap_or(0), self.new.unwrap_or(0))
    }
}

/// A class that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClassChange {
    /// Which.
    pub class: Class,
    /// Bytes in the base.
    pub old: u64,
    /// Bytes in the head.
    pub new: u64,
}

/// The excuse of a judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaiverNote {
    /// Why.
    pub reason: String,
    /// Its last day, `YYYY-MM-DD`.
    pub expires: String,
    /// Symbols it is restricted to.
    pub symbol: Option<String>,
}

/// `new - old`, which never overflows, whatever a hostile file claims.
pub fn delta(old: u64, new: u64) -> i64 {
    let difference = i128::from(new) - i128::from(old);
    difference.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}
