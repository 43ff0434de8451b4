//! A run as `compare run.json` shows it: one block an architecture in the format of `size`, the
//! deltas, one summary, and for a series of commits a row each. All sizes are bytes.

use serde::Serialize;

use super::config::ConfigChange;
use super::size::{Berkeley, Payload};

/// The version of the JSON that this program writes.
pub const SCHEMA: u32 = 1;

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// The `run.json` it is made from.
    pub run: String,
    /// The words the run was made with.
    pub command: Vec<String>,
    /// One for each architecture, base configuration and target.
    pub blocks: Vec<Block>,
    /// One row for each comparison, in the order of the blocks.
    pub summary: Vec<Delta>,
    /// For runs over a series of commits.
    pub series: Vec<Series>,
    /// Whether every cell has a result.
    pub complete: bool,
}

/// The cells of one architecture.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Block {
    /// The kernel's ARCH name.
    pub arch: String,
    /// Base configuration, target, labels, kernel, compiler: what all its cells share.
    pub about: Vec<String>,
    /// Its measured cells, the baseline first.
    pub rows: Vec<Row>,
    /// Its comparisons.
    pub deltas: Vec<Delta>,
    /// What must be said beside the numbers: cells without a result, objects that are not built.
    pub notes: Vec<String>,
}

/// One line of the block that `size` would print.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// `with/vmlinux`
    pub name: String,
    /// Cell id.
    pub cell: String,
    /// What GNU `size` says.
    pub size: Berkeley,
    /// Payload, where there is one.
    pub payload: Option<Payload>,
    /// `vmlinux.o` without what never reaches vmlinux.
    pub prelink: Option<Berkeley>,
    /// Bytes on disk, where that is what counts.
    pub bytes: Option<u64>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delta {
    /// The kernel's ARCH name.
    pub arch: String,
    /// What is compared: `with`, or `v6.13/with` where there are several sources.
    pub head_name: String,
    /// What it is compared with.
    pub base_name: String,
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
    /// `dec` of the base's `vmlinux.o`.
    pub base_prelink: Option<u64>,
    /// `dec` of the head's `vmlinux.o`.
    pub head_prelink: Option<u64>,
    /// Options that changed without being requested.
    pub dragged_in: Vec<ConfigChange>,
    /// Spread in bytes below which differences mean nothing.
    pub noise: Option<u64>,
    /// What it comes to.
    pub word: Word,
    /// Why, where that needs saying.
    pub note: Option<String>,
}

impl Delta {
    /// `with - without`; where there are several sources, what both sides share stands in front:
    /// `v6.13: with - without`, `without: v6.13 - v6.12`.
    pub fn name(&self) -> String {
        let (head, base) = (self.head_name.as_str(), self.base_name.as_str());
        match (head.split_once('/'), base.split_once('/')) {
            (Some((source, head)), Some((other, base))) if source == other => {
                format!("{source}: {head} - {base}")
            }
            (Some((head, variant)), Some((base, other))) if variant == other => {
                format!("{variant}: {head} - {base}")
            }
            _ => format!("{head} - {base}"),
        }
    }
}

/// What a comparison comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// More payload (size, where there is no payload).
    Larger,
    /// Less.
    Smaller,
    /// Equally much.
    Same,
    /// The difference is within the recorded noise.
    Noise,
    /// Padding hides or fakes the change: size and payload say different things.
    SizeMisleads,
    /// 0, proven by identical inputs.
    Proven,
    /// The option cannot be had here, as the matrix said.
    Impossible,
    /// A request did not survive the configuration.
    Dropped,
    /// Not attempted.
    Skipped,
    /// The build failed.
    Failed,
    /// Never finished.
    Pending,
    /// There is nothing to compare with.
    NoBase,
    /// The sides cannot be compared.
    NotComparable,
}

impl Word {
    /// In words, as short as a column bears.
    pub fn name(self) -> &'static str {
        match self {
            Self::Larger => "larger",
            Self::Smaller => "smaller",
            Self::Same => "same",
            Self::Noise => "noise",
            Self::SizeMisleads => "size misleads",
            Self::Proven => "0, proven",
            Self::Impossible => "impossible",
            Self::Dropped => "dropped",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::NoBase => "no base",
            Self::NotComparable => "not comparable",
        }
    }
}

/// A series of commits on one architecture, one variant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// The kernel's ARCH name.
    pub arch: String,
    /// The variant.
    pub variant: String,
    /// Labels to show.
    pub labels: Vec<String>,
    /// In the order of the run, the base first.
    pub commits: Vec<Commit>,
}

/// One commit of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Commit {
    /// Abbreviated hash, or the source's label.
    pub abbrev: String,
    /// First line of the message.
    pub subject: String,
    /// Berkeley totals.
    pub size: Option<Berkeley>,
    /// Payload.
    pub payload: Option<Payload>,
    /// `dec` against the last commit before it that was measured.
    pub dec_delta: Option<i64>,
    /// Payload against the last commit before it that was measured.
    pub payload_delta: Option<i64>,
    /// Payload (`dec`, where there is no payload) against the first commit.
    pub total: Option<i64>,
    /// Why there are no numbers, or how a zero was proven.
    pub note: Option<String>,
    /// The last step is within the recorded noise.
    pub within_noise: bool,
}
