//! A `struct` or `union` as the compiler laid it out: for whoever asks why data grew.

/// A structure or union.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Record {
    /// Its tag.
    pub name: String,
    /// Where it is declared: path relative to the kernel tree.
    pub file: String,
    /// 1-based line there; 0 if not known.
    pub line: u32,
    /// Whether it is a union.
    pub is_union: bool,
    /// `sizeof`, in bytes.
    pub bytes: u64,
    /// By offset as the file has them; those of anonymous structures and unions within are members here.
    pub members: Vec<Member>,
}

/// A member of a [`Record`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where it begins, in bits from the beginning of the outermost structure.
    pub bit: u64,
    /// Where it is declared: path relative to the kernel tree.
    pub file: String,
    /// 1-based line there; 0 if not known.
    pub line: u32,
}
