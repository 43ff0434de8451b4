//! From byte offsets to lines and columns.

use memchr::memchr_iter;

use super::types::Span;

/// Where the lines of a text begin.
pub(super) struct Lines {
    starts: Vec<u32>,
    len: u32,
}

impl Lines {
    pub(super) fn new(text: &[u8]) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr_iter(b'\n', text).map(|newline| newline as u32 + 1));
        Self { starts, len: text.len() as u32 }
    }

    /// How many lines there are; what follows the last newline is one if it is not empty.
    pub(super) fn count(&self) -> u32 {
        let empty = self.starts.last() == Some(&self.len);
        self.starts.len() as u32 - u32::from(empty)
    }

    /// The 1-based line of an offset.
    pub(super) fn line(&self, at: usize) -> u32 {
        self.starts.partition_point(|start| *start as usize <= at) as u32
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let line = self.line(start);
        let column = start as u32 - self.starts[line as usize - 1] + 1;
        Span { start: start as u32, len: (end - start) as u32, line, column }
    }
}
