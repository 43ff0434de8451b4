//! What the kernel's `scripts/bloat-o-meter` computes, as data; see `analyze::bloat` for the rules.

/// One of the script's reports: `-c` has three of them, everything else one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bloat {
    /// `Function`, `Data` or `RO Data`.
    pub title: &'static str,
    /// Names only in the new file.
    pub added: u64,
    /// Names only in the old file.
    pub removed: u64,
    /// Names whose size grew.
    pub grown: u64,
    /// Names whose size shrank.
    pub shrunk: u64,
    /// Bytes added or grown.
    pub up: u128,
    /// Bytes removed or shrunk.
    pub down: u128,
    /// Bytes of all counted symbols of the old file (aliases count each, as in the script).
    pub before: u128,
    /// Bytes of all counted symbols of the new file.
    pub after: u128,
    /// Every name whose size differs, in the script's order.
    pub rows: Vec<BloatRow>,
}

/// One line of the script's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BloatRow {
    /// The name as the script shows it.
    pub name: String,
    /// Bytes before, `None` if the name is new.
    pub old: Option<u128>,
    /// Bytes after, `None` if the name is gone.
    pub new: Option<u128>,
    /// `new - old`
    pub delta: i128,
}
