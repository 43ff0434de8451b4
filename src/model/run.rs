//! `run.json`: the result of `hmmsize build`, one [`Cell`] for each point of the matrix.
//!
//! Architectures × sources × variants × base configuration; every cell says what was asked, what
//! the configuration made of it, what was measured, and how to do it again. Sizes are bytes, times
//! seconds, paths relative to the directory `run.json` lies in. The committed JSON schema is
//! `src/schema/run.schema.json`; a change that old readers would misread raises [`SCHEMA`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::class::Class;
use super::config::ConfigChange;
use super::payload::Padding;
use super::size::{Berkeley, Payload};

/// The version of the `run.json` format that this program writes.
pub const SCHEMA: u32 = 1;

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// The words hmmsize was called with.
    pub command: Vec<String>,
    /// The name of the baseline variant (`without`), against which variants are compared.
    pub baseline_variant: Option<String>,
    /// The label of the baseline source, where there are several.
    pub baseline_source: Option<String>,
    /// The plan that this file is a part of, for `hmmsize merge`. Absent in a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<PartOf>,
    /// Sorted by architecture, then source and variant in matrix order.
    pub cells: Vec<Cell>,
}

/// The whole plan of which a run built only some cells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartOf {
    /// Hex digest of everything the plan asks for: sources, configurations, requests, target. The
    /// compilers are not in it: every cell names its own.
    pub digest: String,
    /// The ids of all cells, in the order of the whole run.
    pub cells: Vec<String>,
}

impl Run {
    /// The cells of the plan that this run says nothing of.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        let have: std::collections::BTreeSet<&str> =
            self.cells.iter().map(|cell| cell.id.as_str()).collect();
        let all = self.part_of.iter().flat_map(|whole| &whole.cells).map(String::as_str);
        all.filter(move |id| !have.contains(id))
    }
}

/// One build: an architecture, a source, a variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// `ARCH/SOURCE/VARIANT`, unique in a run; also its directory under the output directory.
    pub id: String,
    /// The kernel's ARCH name.
    pub arch: String,
    /// Which source.
    pub source: SourceInfo,
    /// The variant's name: `with`, `without`, …
    pub variant: String,
    /// The make target or file the base configuration came from: `allyesconfig`, `tinyconfig`, …
    pub base_config: String,
    /// Labels to show wherever the cell is shown: `scope mm/`, `quiet`, `debug-info`, `noise`.
    pub labels: Vec<String>,
    /// What was built.
    pub target: Target,
    /// How it ended.
    pub status: Status,
    /// Every requested option and what became of it.
    pub requests: Vec<Request>,
    /// Options that changed against the baseline variant without being requested.
    pub dragged_in: Vec<ConfigChange>,
    /// Options that hmmsize itself set (`--debug-info`).
    pub ours: Vec<ConfigChange>,
    /// Options that make's `.config` has otherwise than foreseen (old: foreseen, new: made), a bug of
    /// hmmsize. Absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mispredicted: Vec<ConfigChange>,
    /// Hex digest of the `.config`.
    pub config_digest: Option<String>,
    /// Hex digest of source, `.config`, make variables, environment, compiler, target.
    pub identity: Option<String>,
    /// First line of the compiler's version.
    pub compiler: Option<String>,
    /// First line of the linker's version.
    pub linker: Option<String>,
    /// The words for make: `ARCH=arm64`, `CROSS_COMPILE=aarch64-linux-gnu-`, …
    pub make_words: Vec<String>,
    /// What was measured; absent unless the cell was built, reused or proven identical.
    pub measured: Option<Measured>,
    /// Wall-clock seconds of this cell, from configuring to measuring.
    pub wall_s: f64,
    /// CPU seconds (user + system) of this cell, from configuring to measuring.
    pub cpu_s: f64,
    /// Objects compiled.
    pub objects: Option<u64>,
    /// What was foreseen of it before it was compiled. Absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// The script that repeats this cell.
    pub reproduce: Option<String>,
    /// The build's log.
    pub log: Option<String>,
}

impl Cell {
    /// Takes over the result of `of`, whose inputs are the same: its measurements, or its failure.
    pub fn same_as(&mut self, of: &Self) {
        self.measured = None;
        self.status = match &of.status {
            Status::Built | Status::Reused => {
                self.measured.clone_from(&of.measured);
                Status::Identical { of: of.id.clone() }
            }
            Status::Failed { reason } => {
                let reason = format!("same inputs as {}, which failed: {reason}", of.id);
                Status::Failed { reason }
            }
            _ => Status::Pending,
        };
    }
}

/// Where the code of a cell came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceInfo {
    /// Short name, unique in the run.
    pub label: String,
    /// Kernel release from the tree's Makefile (`6.12.117`).
    pub kernel: Option<String>,
    /// Hex digest of the tree's contents.
    pub digest: Option<String>,
    /// The commit, where the source is a git revision.
    pub revision: Option<Revision>,
}

/// A git commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Full hash.
    pub hash: String,
    /// Abbreviated hash as git prints it.
    pub abbrev: String,
    /// First line of the message.
    pub subject: String,
    /// The user's tree had uncommitted changes, which are part of what was built.
    pub dirty: bool,
}

/// How a cell is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Every object is compiled.
    Clean,
    /// Every object is asked of a compiler cache.
    Ccache,
    /// On a copy of the tree of the variant that it is compared with.
    Incremental,
}

impl Way {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Clean => "all of it compiled",
            Self::Ccache => "through ccache",
            Self::Incremental => "incremental",
        }
    }
}

/// What was foreseen of a cell when its configuration was known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// How it is built.
    pub way: Way,
    /// Objects to compile, if they were counted.
    pub objects: Option<u64>,
    /// CPU seconds (user + system) of the whole cell.
    pub cpu_s: f64,
}

/// What a cell builds and measures.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind", content = "path")]
pub enum Target {
    /// The linked kernel.
    Vmlinux,
    /// The boot image (path from `make -s image_name`).
    Image,
    /// Every module.
    Modules,
    /// The members of `built-in.a` below a directory.
    Scope(String),
}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state", deny_unknown_fields)]
pub enum Status {
    /// Built in this run.
    Built,
    /// Built with the same inputs by an earlier run in the same place.
    Reused,
    /// All inputs equal those of cell `of`: measured once, the difference is 0 by proof.
    Identical {
        /// The id of the cell that was built.
        of: String,
    },
    /// Nothing that the variant asks for can be had on this architecture, as the matrix said, and no
    /// other cell has the same inputs: a result, not a failure. Where only some of it cannot be had,
    /// the cell is built and its requests say which.
    Impossible {
        /// Why.
        reason: String,
    },
    /// A request did not survive the configuration; nothing was compiled.
    Dropped {
        /// Which and why.
        reason: String,
    },
    /// Not attempted.
    Skipped {
        /// Why (compiler missing).
        reason: String,
        /// The package that would help.
        package: Option<String>,
    },
    /// The build failed.
    Failed {
        /// The first compiler error, or what happened.
        reason: String,
    },
    /// Never finished: interrupted, or not reached.
    Pending,
}

impl Status {
    /// Whether the cell has a result (sizes, or a proof that there is nothing to build).
    pub fn is_result(&self) -> bool {
        matches!(
            self,
            Self::Built | Self::Reused | Self::Identical { .. } | Self::Impossible { .. }
        )
    }
}

/// A requested option and what the final `.config` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Without `CONFIG_`.
    pub symbol: String,
    /// The value asked for.
    pub wanted: String,
    /// The value in the final `.config` (`n` where it is not mentioned).
    pub got: Option<String>,
    /// Whether it holds.
    pub holds: bool,
    /// Why not: what it depends on, what selects it, or that the matrix said so.
    pub why: Option<String>,
}

/// The sizes of a cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// What GNU `size` says of the linked file, or of the scope's members together.
    pub size: Berkeley,
    /// The measured file as `size` would name it (`x86_64/with/vmlinux`).
    pub file: Option<String>,
    /// Payload of the linked file.
    pub payload: Option<Payload>,
    /// Size of `vmlinux.o` without the sections that never reach vmlinux.
    pub prelink: Option<Berkeley>,
    /// Bytes by class; they sum to `size.dec()`.
    pub classes: BTreeMap<Class, u64>,
    /// Padding by section name, of a linked file: where a change that `size` does not show went.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub padding: BTreeMap<String, Padding>,
    /// Each measured file: modules, scope members, the image.
    pub files: Vec<FileSize>,
    /// Total bytes on disk of what was measured, where that is what counts (image, modules).
    pub bytes: Option<u64>,
    /// The linker map, if there is one.
    pub map: Option<String>,
    /// The final `.config`.
    pub config: Option<String>,
    /// `vmlinux.o`, if kept.
    pub prelink_file: Option<String>,
    /// A scope or file that the configuration does not build: it counts 0.
    pub not_built: Vec<String>,
    /// Spread in bytes seen by `--noise`; smaller differences mean nothing.
    pub noise: Option<u64>,
}

/// One of many measured files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSize {
    /// Path or member name.
    pub name: String,
    /// Its Berkeley totals, where it is ELF.
    pub size: Option<Berkeley>,
    /// Its length on disk in bytes.
    pub bytes: u64,
}
