//! The difference of two files as plain data: what `compare` works out and the renderers print.
//!
//! All sizes are bytes. `old` and `new` are `None` where a thing does not exist on that side, which is
//! not the same as existing with 0 bytes. A [`Report`] is also the JSON document that
//! `hmmsize compare --format json` prints; its schema is `src/schema/compare.schema.json`, and a change
//! that old readers would misread raises [`SCHEMA`].

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::class::Class;
use super::config::ConfigChange;
use super::size::{Berkeley, Payload, PayloadKind};

/// The version of the JSON that `compare` writes.
pub const SCHEMA: u32 = 1;

/// Everything `compare` has to say: the files, and one comparison for each file but the baseline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// In command-line order.
    pub files: Vec<FileInfo>,
    /// Index into `files` of the file the others are compared with.
    pub baseline: usize,
    /// One for every other file.
    pub comparisons: Vec<Comparison>,
}

/// One compared file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileInfo {
    /// As the user gave it.
    pub name: String,
    /// `linked`, `prelink`, `module`, `object`, or `archive`.
    pub kind: String,
    /// The kernel's ARCH name, with width and byte order where it leaves them open.
    pub arch: String,
    /// What GNU `size` says; for an archive, of all members together.
    pub size: Berkeley,
    /// Bytes without padding.
    pub payload: Option<Payload>,
    /// Size without the sections that never reach vmlinux; of pre-link files only.
    pub prelink: Option<Berkeley>,
    /// Compilers as they name themselves in `linux_banner` or `.comment`.
    pub compilers: Vec<String>,
    /// Linkers, likewise.
    pub linkers: Vec<String>,
    /// Whether it has a symbol table.
    pub has_symtab: bool,
}

/// The difference of one file against the baseline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comparison {
    /// Index into [`Report::files`].
    pub file: usize,
    /// text, data, bss, dec, and payload where both sides have one.
    pub columns: Vec<Row>,
    /// One table for each kind asked for with `--by`.
    pub tables: Vec<Table>,
    /// The symbol difference in numbers; absent if a side has no symbols.
    pub symbols: Option<SymbolSummary>,
    /// How padding is known, of both sides: from linker maps, or estimated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub padding: Option<PayloadKind>,
    /// Every section: symbols + padding + unattributed = size, on both sides.
    pub sections: Vec<SectionDelta>,
    /// Configuration changes, where both configurations are known.
    pub config: Option<ConfigDelta>,
    /// What to know before believing the numbers.
    pub warnings: Vec<Warning>,
}

/// Rows of one kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    /// What the rows are.
    pub by: By,
    /// bloat-o-meter's heading for tables of symbols: `Symbol` (all), `Function`, `Data`, `RO Data`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// The numbers of the symbols this table is about: of its category, and matching `--filter`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub summary: Option<SymbolSummary>,
    /// Sorted and cut as asked.
    pub rows: Vec<Row>,
    /// How many rows `--top` cut off.
    pub hidden: usize,
    /// What to know about the rows: how much of the files they cover.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// What is in no row but belongs to the total: padding and unattributed bytes beside symbols.
    pub rest: Vec<Row>,
    /// Of all rows, before `--filter`, `--show` and `--top`, and the rest.
    pub total: Row,
}

/// What a table's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// [`Class`] of bytes.
    Class,
    /// ELF section.
    Section,
    /// Symbol, after normalising names and folding parts into their parent.
    Symbol,
    /// Object file or archive member.
    Object,
    /// Directory of object files.
    Dir,
    /// Compile unit.
    Unit,
    /// Section of the tree's MAINTAINERS.
    Subsystem,
    /// Function that was inlined into others.
    Inline,
    /// Configuration option that decides.
    Option,
    /// Gate that decides: a guard, or a line of a makefile.
    Guard,
}

impl By {
    /// The word used on the command line and in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Section => "section",
            Self::Symbol => "symbol",
            Self::Object => "object",
            Self::Dir => "dir",
            Self::Unit => "unit",
            Self::Subsystem => "subsystem",
            Self::Inline => "inline",
            Self::Option => "option",
            Self::Guard => "guard",
        }
    }
}

/// How a thing changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only on the new side.
    Added,
    /// Only on the old side.
    Removed,
    /// Larger.
    Grown,
    /// Smaller.
    Shrunk,
    /// Same size (the contents may differ).
    Same,
    /// Same thing under another name.
    Renamed,
}

impl Change {
    /// The change from `old` to `new`, where nothing was renamed.
    pub fn of(old: Option<u64>, new: Option<u64>) -> Self {
        match (old, new) {
            (None, None) => Self::Same,
            (None, Some(_)) => Self::Added,
            (Some(_), None) => Self::Removed,
            (Some(old), Some(new)) => match new.cmp(&old) {
                std::cmp::Ordering::Less => Self::Shrunk,
                std::cmp::Ordering::Equal => Self::Same,
                std::cmp::Ordering::Greater => Self::Grown,
            },
        }
    }

    /// The word used on the command line and in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Grown => "grown",
            Self::Shrunk => "shrunk",
            Self::Same => "same",
            Self::Renamed => "renamed",
        }
    }
}

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it is called; of a renamed symbol, the new name.
    pub name: String,
    /// Bytes before.
    pub old: Option<u64>,
    /// Bytes after.
    pub new: Option<u64>,
    /// `new - old`.
    pub delta: i64,
    /// `delta` in percent of `old`; absent if there was nothing before.
    pub percent: Option<f64>,
    /// How it changed.
    pub change: Change,
    /// The class of a symbol or section.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class: Option<Class>,
    /// The source file or archive member of a symbol, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// The object (by a linker map) or source file (by debug information) of a symbol, with its directory.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unit: Option<String>,
    /// The old name of a renamed symbol.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub was: Option<String>,
    /// Several symbols share this name: which one of how many.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub nth: Option<(u32, u32)>,
    /// Of an inlined function: what it did to those it is inlined into.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inlined: Option<Inlined>,
}

/// What an inlined function did to functions that are on both sides, and have more or less of it now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inlined {
    /// How many functions.
    pub functions: u64,
    /// How many bytes these grew, for whatever reason.
    pub growth: i64,
    /// How many of them are of the inlined function, with what is inlined into that in turn.
    pub bytes: i64,
}

impl Row {
    /// A row with the given sizes, everything else following from them.
    pub fn new(name: impl Into<String>, old: Option<u64>, new: Option<u64>) -> Self {
        let delta = delta(old.unwrap_or(0), new.unwrap_or(0));
        Self {
            name: name.into(),
            old,
            new,
            delta,
            percent: percent(delta, old.unwrap_or(0)),
            change: Change::of(old, new),
            class: None,
            object: None,
            unit: None,
            was: None,
            nth: None,
            inlined: None,
        }
    }
}

/// `new - old` in bytes. Sizes beyond 2^63, which only a broken file claims, wrap.
pub fn delta(old: u64, new: u64) -> i64 {
    new.wrapping_sub(old) as i64
}

/// `delta` in percent of `old`, `None` if `old` is 0.
pub fn percent(delta: i64, old: u64) -> Option<f64> {
    (old != 0).then(|| delta as f64 * 100.0 / old as f64)
}

/// The symbol difference in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolSummary {
    /// Symbols only on the new side.
    pub added: u64,
    /// Symbols only on the old side.
    pub removed: u64,
    /// Symbols that grew.
    pub grown: u64,
    /// Symbols that shrank.
    pub shrunk: u64,
    /// Symbols of the same size under another name.
    pub renamed: u64,
    /// Symbols of the same name and size.
    pub same: u64,
    /// Bytes of what was added or grew.
    pub up: u64,
    /// Bytes of what was removed or shrank.
    pub down: u64,
    /// Bytes of all symbols before, each byte once.
    pub before: u64,
    /// Bytes of all symbols after, each byte once.
    pub after: u64,
}

impl AddAssign for SymbolSummary {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
        self.grown += other.grown;
        self.shrunk += other.shrunk;
        self.renamed += other.renamed;
        self.same += other.same;
        self.up += other.up;
        self.down += other.down;
        self.before += other.before;
        self.after += other.after;
    }
}

/// Where the bytes of one section are. `symbols + padding + unattributed = size`, exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionBytes {
    /// `sh_size`.
    pub size: u64,
    /// Claimed by symbols, each byte once.
    pub symbols: u64,
    /// Alignment fill.
    pub padding: u64,
    /// Payload that no symbol claims.
    pub unattributed: u64,
}

/// One ALLOC section (or all of that name) on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionDelta {
    /// Section name.
    pub name: String,
    /// Before.
    pub old: Option<SectionBytes>,
    /// After.
    pub new: Option<SectionBytes>,
}

impl SectionDelta {
    /// How many bytes more (or less) symbols claim.
    pub fn symbols(&self) -> i64 {
        self.part(|bytes| bytes.symbols)
    }

    /// How many bytes more (or less) are padding.
    pub fn padding(&self) -> i64 {
        self.part(|bytes| bytes.padding)
    }

    /// How many bytes more (or less) nothing claims.
    pub fn unattributed(&self) -> i64 {
        self.part(|bytes| bytes.unattributed)
    }

    fn part(&self, part: fn(&SectionBytes) -> u64) -> i64 {
        delta(self.old.as_ref().map_or(0, part), self.new.as_ref().map_or(0, part))
    }
}

/// What changed between two configurations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigDelta {
    /// The file (or `IKCONFIG of FILE`) the old values are from.
    pub old: String,
    /// The file (or `IKCONFIG of FILE`) the new values are from.
    pub new: String,
    /// Changes that were asked for.
    pub requested: Vec<ConfigChange>,
    /// All others.
    pub changes: Vec<ConfigChange>,
}

/// Something to know before believing the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Which.
    pub code: WarningCode,
    /// One line in plain words.
    pub message: String,
}

/// The kinds of [`Warning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarningCode {
    /// `size` and payload say different things: padding hid or faked a change.
    PayloadDisagrees,
    /// Different machine, ELF class or byte order.
    Architecture,
    /// Different compilers.
    Compiler,
    /// Different linkers.
    Linker,
    /// One is linked and the other is not, or one is an archive.
    Kind,
    /// A file without symbol table: totals only.
    NoSymbols,
    /// The two payloads were obtained in different ways.
    PayloadKind,
}

impl WarningCode {
    /// Whether the two files should not be compared at all (`--strict` refuses).
    pub fn not_comparable(self) -> bool {
        matches!(self, Self::Architecture | Self::Compiler | Self::Linker | Self::Kind)
    }
}
