//! Something a reader or an analysis has to say about its input without giving up on it.
//!
//! Readers return `(T, Vec<Diag>)`: what could be used, and what could not be explained. Whether a
//! diagnostic is shown, or turns into an error under `--strict`, is the command's decision.

use std::fmt;

/// One finding about an input file, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diag {
    /// The file as the user named it.
    pub file: String,
    /// 1-based line, where the file has lines.
    pub line: Option<usize>,
    /// What is odd, in words; without a full stop.
    pub message: String,
}

impl Diag {
    /// A finding about the whole of `file`.
    pub fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, message: message.into() }
    }

    /// A finding at a 1-based line of `file`.
    pub fn at_line(file: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: Some(line), message: message.into() }
    }
}

impl fmt::Display for Diag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}
