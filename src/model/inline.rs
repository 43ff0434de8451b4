//! What was inlined where, in bytes: data of the debug information of one image.

/// The inlined functions of an image.
#[derive(Debug, Clone, Default)]
pub struct Inlines {
    /// The functions that were inlined, each once: of one name and file.
    pub functions: Vec<Function>,
    /// The functions with code of their own.
    pub hosts: Vec<Host>,
    /// Who was inlined into whom, in the order of `hosts`.
    pub uses: Vec<Use>,
}

/// A function that was inlined.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The file it is declared in, relative to the kernel tree.
    pub file: String,
    /// 1-based line of its declaration, 0 if not known. Not part of what makes it itself: lines move.
    pub line: u32,
}

/// A function with code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// Address of its first byte; see `model::origin::Bases`.
    pub addr: u64,
    /// Bytes of all its pieces.
    pub bytes: u64,
    /// How many entries of [`Inlines::uses`] are about it.
    pub uses: u32,
}

/// All that one function inlines of another.
/// Twelve bytes: a kernel has half a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Index into [`Inlines::functions`].
    pub function: u32,
    /// Bytes that are its own: not of what is inlined into it in turn. Of all functions inlined into a host
    /// they are disjoint.
    pub own: u32,
    /// Bytes with all that is inlined into it.
    pub whole: u32,
}
