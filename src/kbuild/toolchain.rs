//! Compilers: which one an architecture gets, what make must be told, and which one it really is.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::model::words::MakeWords;

/// A compiler and linker that were found, and everything make must be told about them.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// `ARCH=…`, `CROSS_COMPILE=…`, `LLVM=…`, and the user's own words. Without ccache.
    pub words: MakeWords,
    /// First line of the compiler's version.
    pub compiler: String,
    /// First line of the linker's version.
    pub linker: String,
    /// Everything known about the programs, for the identity of cells.
    pub fingerprint: String,
    /// Whether compiling goes through ccache.
    pub ccache: bool,
    /// The whole environment of make.
    pub env: BTreeMap<OsString, OsString>,
}

/// A compiler that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// `aarch64-linux-gnu-gcc: no such program`
    pub reason: String,
    /// The Debian package that has it.
    pub package: Option<String>,
}

impl Toolchain {
    /// The words of make's command line, with ccache where it is used.
    pub fn make_words(&self) -> Vec<String> {
        let mut words = self.words.clone();
        if self.ccache {
            let compiler = self.words.get("CC").map_or_else(
                || format!("{}gcc", self.words.get("CROSS_COMPILE").unwrap_or("")),
                str::to_owned,
            );
            words.set("CC", &format!("ccache {compiler}"));
        }
        words.to_words()
    }
}
