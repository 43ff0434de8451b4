//! A file's bytes and where its lines start.
//!
//! Whoever reads part of a file again shares the bytes. Where lines start is asked of few files, for
//! messages and macros, so it is found when it is.

use std::ops::Deref;
use std::sync::OnceLock;

/// The bytes of a file.
#[derive(Debug, Default)]
pub struct Text {
    bytes: Vec<u8>,
    line_starts: OnceLock<Vec<u32>>,
}

impl Text {
    /// Byte offset of the start of every line.
    pub fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let newlines = memchr::memchr_iter(b'\n', &self.bytes);
            std::iter::once(0).chain(newlines.map(|at| at as u32 + 1)).collect()
        })
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, line_starts: OnceLock::new() }
    }
}

impl Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}
