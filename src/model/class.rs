//! What a byte of a kernel image is for. Every ALLOC byte belongs to exactly one class.

use serde::{Deserialize, Serialize};

/// The class of an ALLOC byte. The classes of an image sum to Berkeley's `dec`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Executable code that stays.
    Code,
    /// Constant data.
    Rodata,
    /// Initialised writable data.
    Data,
    /// Zero-initialised data.
    Bss,
    /// Per-CPU data (one copy a CPU at run time, counted once here).
    Percpu,
    /// Code and data freed after boot.
    Init,
    /// Unwind tables (ORC, `.eh_frame`, `.ARM.exidx`).
    Unwind,
    /// BTF type information.
    Btf,
    /// Exported-symbol tables and kallsyms.
    Ksymtab,
    /// Alternatives, static-call, jump-label, exception and bug tables.
    Tables,
    /// ELF notes.
    Notes,
    /// Alignment fill.
    Padding,
    /// Payload no symbol or object claims.
    Unattributed,
}

impl Class {
    /// Every class, in the order in which tables show them.
    pub const ALL: [Self; 13] = [
        Self::Code,
        Self::Rodata,
        Self::Data,
        Self::Bss,
        Self::Percpu,
        Self::Init,
        Self::Unwind,
        Self::Btf,
        Self::Ksymtab,
        Self::Tables,
        Self::Notes,
        Self::Padding,
        Self::Unattributed,
    ];

    /// The name used in tables, JSON and policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Rodata => "rodata",
            Self::Data => "data",
            Self::Bss => "bss",
            Self::Percpu => "percpu",
            Self::Init => "init",
            Self::Unwind => "unwind",
            Self::Btf => "btf",
            Self::Ksymtab => "ksymtab",
            Self::Tables => "tables",
            Self::Notes => "notes",
            Self::Padding => "padding",
            Self::Unattributed => "unattributed",
        }
    }
}
