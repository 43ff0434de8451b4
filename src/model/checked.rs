//! What a run of `build --configure-only` found: every cell's configuration, nothing compiled.

use super::run::Request;

/// One configured cell, or why it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// ARCH name.
    pub arch: String,
    /// Label of the source.
    pub source: String,
    /// Variant.
    pub variant: String,
    /// How many options are `y` and `m` in the final `.config`; absent if there is none.
    pub options: Option<(usize, usize)>,
    /// The requests of the variant, and lines of fragments that do not hold.
    pub requests: Vec<Request>,
    /// The cell with the very same inputs that came first (`without`, or `base/without` of another
    /// source): there is nothing to build twice.
    pub same_as: Option<String>,
    /// What came of it.
    pub verdict: Outcome,
}

/// What came of configuring a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every request holds.
    Holds,
    /// What does not hold is impossible, as the matrix says.
    Impossible(String),
    /// A request does not hold.
    Dropped(String),
    /// No compiler.
    Skipped(String),
    /// make failed.
    Failed(String),
}

impl Outcome {
    /// One word for a table.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Impossible(_) => "impossible",
            Self::Dropped(_) => "dropped",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether a build would go on from here.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Holds | Self::Impossible(_))
    }
}
