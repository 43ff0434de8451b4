//! The cells of a matrix dealt out to jobs that know nothing of each other: what `hmmsize plan` prints.
//!
//! The committed JSON schema is `src/schema/plan.schema.json`.

use serde::{Deserialize, Serialize};

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// A matrix in shards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shards {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// One a job, none empty.
    pub shards: Vec<Shard>,
    /// What each cell is expected to cost, in the order of the run.
    pub costs: Vec<Cost>,
}

/// What one job builds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// `1-of-4`
    pub name: String,
    /// Ids for `build --cells`, in the order of the run.
    pub cells: Vec<String>,
    /// Expected CPU seconds.
    pub cpu_s: f64,
}

/// What a cell is expected to cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// `ARCH/SOURCE/VARIANT`
    pub id: String,
    /// Expected CPU seconds.
    pub cpu_s: f64,
    /// Objects to compile, where it is known.
    pub objects: Option<u64>,
    /// Where that comes from.
    pub from: Origin,
    /// The cell with the same inputs that stands for it, as far as is foreseen.
    pub same_as: Option<String>,
}

/// Where an expectation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The same configuration has been built or counted here before: its objects, at the measured
    /// CPU seconds an object of such configurations.
    Counted,
    /// The table of cells that were measured, for this architecture and base configuration.
    Measured,
    /// The table, from other architectures.
    Guessed,
    /// Another cell has the same inputs.
    Same,
}
