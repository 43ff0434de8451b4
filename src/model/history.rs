//! The history file of `gate --record`: what each judged run measured, one JSON object a line.
//!
//! Lines are only ever appended, so a file can be kept in a repository or by CI and grow for years; a
//! report draws it as a line chart. The committed JSON schema of a line is
//! `src/schema/history.schema.json`; a change that old readers would misread raises [`SCHEMA`].

use serde::{Deserialize, Serialize};

use super::run::Target;
use super::size::{Berkeley, Payload};
use super::verdict::Outcome;

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// The word by which a line is told from other JSON.
pub const KIND: &str = "history";

/// One judged run: a line of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// Always [`KIND`].
    pub kind: String,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// When it was judged, UTC: `2026-11-28T01:15:00Z`.
    pub time: String,
    /// The run or the images that were judged.
    pub subject: String,
    /// What the judgements came to.
    pub outcome: Outcome,
    /// Each measured cell.
    pub cells: Vec<Point>,
}

/// What one cell measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The cell's name, which is the same from run to run: `x86_64 with`.
    pub cell: String,
    /// The kernel's ARCH name.
    pub arch: String,
    /// The variant's name; unknown for a bare image.
    pub variant: Option<String>,
    /// What was measured.
    pub target: Target,
    /// The source's label, where it is known.
    pub source: Option<String>,
    /// Kernel release or abbreviated commit, where it is known.
    pub revision: Option<String>,
    /// First line of the compiler's version. Where it changes, numbers cannot be compared.
    pub compiler: Option<String>,
    /// What GNU `size` says, in bytes.
    pub size: Berkeley,
    /// ALLOC bytes without padding.
    pub payload: Option<Payload>,
    /// Spread in bytes seen by `--noise`.
    pub noise: Option<u64>,
}
