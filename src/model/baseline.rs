//! The baseline file of `gate`: what was measured when somebody last agreed to it.
//!
//! One [`Recorded`] a cell, found again by architecture, base configuration, target, variant and,
//! where several were recorded, source. It also keeps what makes two numbers comparable at all
//! (compiler, linker), so that a change of toolchain is never taken for a change of code. The same
//! struct describes either side of every comparison of the gate. All sizes are bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::class::Class;
use super::payload::Padding;
use super::run::{Cell, Measured, Target};
use super::size::{Berkeley, Payload};

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// A whole baseline file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// Sorted by [`Recorded::key`].
    pub cells: Vec<Recorded>,
}

/// One measured cell or image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The kernel's ARCH name.
    pub arch: String,
    /// Where the configuration came from; unknown for a bare image.
    pub base_config: Option<String>,
    /// What was measured.
    pub target: Target,
    /// The variant's name; unknown for a bare image.
    pub variant: Option<String>,
    /// The source's label, only where several sources were recorded.
    pub source: Option<String>,
    /// Labels of the cell: `quiet`, `scope mm/`, …
    pub labels: Vec<String>,
    /// First line of the compiler's version.
    pub compiler: Option<String>,
    /// First line of the linker's version.
    pub linker: Option<String>,
    /// What GNU `size` says.
    pub size: Berkeley,
    /// ALLOC bytes without padding.
    pub payload: Option<Payload>,
    /// Bytes by class; they sum to `size.dec()`.
    pub classes: BTreeMap<Class, u64>,
    /// Padding by section name, where it is at hand. A baseline file, which people review, does not
    /// keep it: it is only there to explain.
    #[serde(skip)]
    pub padding: BTreeMap<String, Padding>,
    /// Bytes on disk, where that is what counts.
    pub bytes: Option<u64>,
    /// Spread in bytes seen by `--noise`.
    pub noise: Option<u64>,
    /// Symbols by normalised name, so that a later image can be compared by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbols: Option<BTreeMap<String, Named>>,
}

/// What has one name: nearly always one symbol, but functions of many files have a static `__func__`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Named {
    /// The bytes of the only one. Of all of them, in a record without any [`Named::Several`]: the first
    /// versions of hmmsize added them up.
    One(u64),
    /// Each of them, in the order of the symbol table.
    Several(Vec<Static>),
}

/// One of several symbols of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Static {
    /// The source file or archive member, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Bytes.
    pub bytes: u64,
}

impl Recorded {
    /// What identifies a cell across runs. `source` only counts where it was recorded.
    pub fn key(&self) -> (&str, Option<&str>, String, Option<&str>, Option<&str>) {
        (
            &self.arch,
            self.base_config.as_deref(),
            target_name(&self.target),
            self.variant.as_deref(),
            self.source.as_deref(),
        )
    }

    /// The measured cell of a run, without its source label.
    pub fn of_cell(cell: &Cell, measured: &Measured) -> Self {
        Self {
            arch: cell.arch.clone(),
            base_config: Some(cell.base_config.clone()),
            target: cell.target.clone(),
            variant: Some(cell.variant.clone()),
            source: None,
            labels: cell.labels.clone(),
            compiler: cell.compiler.clone(),
            linker: cell.linker.clone(),
            size: measured.size,
            payload: measured.payload,
            classes: measured.classes.clone(),
            padding: measured.padding.clone(),
            bytes: measured.bytes,
            noise: measured.noise,
            symbols: None,
        }
    }

    /// `x86_64 without`, `arm scope mm/ with`: the short name in messages.
    pub fn name(&self) -> String {
        let mut name = self.arch.clone();
        if self.target != Target::Vmlinux {
            name = format!("{name} {}", target_name(&self.target));
        }
        for part in [&self.source, &self.variant].into_iter().flatten() {
            name = format!("{name} {part}");
        }
        name
    }
}

/// `vmlinux`, `image`, `modules` or `scope mm/`.
pub fn target_name(target: &Target) -> String {
    match target {
        Target::Vmlinux => "vmlinux".into(),
        Target::Image => "image".into(),
        Target::Modules => "modules".into(),
        Target::Scope(path) => format!("scope {path}"),
    }
}
