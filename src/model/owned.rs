//! A piece of an image's payload, and whose it is.

/// Some bytes that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// The object, from the top of the build; nothing where that is not known.
    pub object: Option<String>,
    /// The symbol; nothing for what an object has outside of its symbols.
    pub symbol: Option<String>,
    /// How many.
    pub bytes: u64,
}
