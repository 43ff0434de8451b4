//! A `struct` or `union` as the compiler laid it out: for whoever asks why data grew.

/// The sizes that a structure or union has in an image, whatever it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// Its tag.
    pub name: String,
    /// Whether it is a union.
    pub is_union: bool,
    /// `sizeof`, in bytes.
    pub bytes: u64,
}

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
    /// As the file has them; those of anonymous structures and unions within are members here. Those of a
    /// named member whose structure has no tag are, too: `lock.owner`.
    pub members: Vec<Member>,
}

/// A member of a [`Record`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where it begins, in bits from the beginning of the outermost structure.
    pub bit: u64,
    /// How wide it is, in bits; 0 if that is not known, as of a flexible array.
    pub bits: u64,
    /// The tag of the structure or union that it is, or is an array of; empty if it has none.
    pub of: String,
    /// Where it is declared: path relative to the kernel tree.
    pub file: String,
    /// 1-based line there; 0 if not known.
    pub line: u32,
}
