//! Berkeley totals: what GNU `size` prints and what kernel commit messages quote. All in bytes.

use serde::{Deserialize, Serialize};

/// text, data and bss of a file as GNU `size` counts them, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Berkeley {
    /// ALLOC sections that are executable or not writable (read-only data and notes included).
    pub text: u64,
    /// Writable ALLOC sections with contents.
    pub data: u64,
    /// Writable ALLOC sections without contents (`SHT_NOBITS`).
    pub bss: u64,
}

impl Berkeley {
    /// `text + data + bss`: the sizes of all ALLOC sections.
    pub fn dec(&self) -> u64 {
        self.text.wrapping_add(self.data).wrapping_add(self.bss)
    }
}

/// How a payload was obtained. Two payloads are compared only if of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayloadKind {
    /// From the linker map: bytes placed from input sections, without fill.
    Map,
    /// ALLOC bytes minus the padding that can be told from the bytes: "payload (estimated)".
    Estimated,
}

/// ALLOC bytes without padding (DESIGN.md, *Definitions*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Bytes.
    pub bytes: u64,
    /// Where the number comes from.
    pub kind: PayloadKind,
}
