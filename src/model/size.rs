//! Berkeley totals: what GNU `size` prints and what kernel commit messages quote. All in bytes.

use bstr::BString;
use serde::{Deserialize, Serialize};

use super::image::{SHF_EXECINSTR, SHF_WRITE, Section};

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

    /// Counts `bytes` of `section` in the column `size` puts that section in. Wraps around like
    /// `size` does: nothing bounds the size of a NOBITS section.
    pub fn add(&mut self, section: &Section<'_>, bytes: u64) {
        let column = if section.flags & (SHF_EXECINSTR | SHF_WRITE) != SHF_WRITE {
            &mut self.text
        } else if section.is_nobits() {
            &mut self.bss
        } else {
            &mut self.data
        };
        *column = column.wrapping_add(bytes);
    }
}

impl std::ops::AddAssign for Berkeley {
    fn add_assign(&mut self, other: Self) {
        self.text = self.text.wrapping_add(other.text);
        self.data = self.data.wrapping_add(other.data);
        self.bss = self.bss.wrapping_add(other.bss);
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

/// One line of `size`'s Berkeley or GNU table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeRow {
    /// The file as the user gave it, or a member as `size` names it.
    pub name: BString,
    /// The archive of a member, shown as ` (ex ARCHIVE)`.
    pub archive: Option<BString>,
    /// The numbers.
    pub size: Berkeley,
}

/// What `size -A` says of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysvTable {
    /// The file as the user gave it, or a member as `size` names it.
    pub name: BString,
    /// The archive of a member.
    pub archive: Option<BString>,
    /// The sections in table order, non-ALLOC ones included; at the end `*COM*` where asked for.
    pub rows: Vec<SysvRow>,
}

/// One section of a [`SysvTable`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysvRow {
    /// Section name.
    pub name: BString,
    /// Bytes.
    pub size: u64,
    /// Address (0 in relocatable files).
    pub addr: u64,
}

/// In which base `size` prints numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Radix {
    /// `--radix=8`, with a leading `0`.
    Octal,
    /// `--radix=10`
    #[default]
    Decimal,
    /// `--radix=16`, with a leading `0x`.
    Hex,
}
