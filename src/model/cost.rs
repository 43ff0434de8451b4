//! What the options of a build cost: what `hmmsize cost` finds out.
//!
//! [`OptionCost::own`] is a partition: every payload byte belongs to the one option that decides it, or
//! to none. [`OptionCost::removes`] is what would go if the option were set n, with everything that goes
//! with it; one byte counts for several options there, so that these are never summed. Sizes are bytes.
//! The committed JSON schema is `src/schema/cost.schema.json`; a change that old readers would misread
//! raises [`SCHEMA`].

use serde::{Deserialize, Serialize};

use super::size::{Berkeley, Payload};

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
    /// The builds, as they were named.
    pub builds: Vec<Build>,
}

/// The options of one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The file as it was named.
    pub image: String,
    /// The kernel's ARCH name.
    pub arch: String,
    /// What GNU `size` says.
    pub size: Berkeley,
    /// What all [`OptionCost::own`], [`Build::always`] and [`Build::unknown`] sum to.
    pub payload: Payload,
    /// Bytes that are there whatever any single option says.
    pub always: u64,
    /// Bytes of no object that the makefiles list: what the linker makes, what is generated.
    pub unknown: u64,
    /// The options that own something, or whose removal removes something; the largest `own` first.
    pub options: Vec<OptionCost>,
    /// What to know before believing the numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// One option.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionCost {
    /// Its name, without `CONFIG_`.
    pub option: String,
    /// Its value in the build, as `.config` has it.
    pub value: String,
    /// What the prompt says; absent for an option without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// `file:line` of its first definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The bytes that it decides.
    pub own: u64,
    /// The bytes that would go if it were set n; absent where it cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removes: Option<u64>,
    /// Why it cannot be set n: what selects it, or that it has no prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// What else would go off if it were set n, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// What would come on in its place, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instead: Vec<String>,
    /// What a build without it measured: payload with it minus payload without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<i64>,
}

impl OptionCost {
    /// How far off [`OptionCost::removes`] was, in percent of what was measured; of nothing it is
    /// absent.
    pub fn off_by(&self) -> Option<f64> {
        let (estimate, exact) = (self.removes? as f64, self.exact? as f64);
        (exact != 0.0).then(|| (estimate - exact) / exact * 100.0)
    }
}
