//! The one table of exit codes, and the one error type.
//!
//! Expected errors (bad input, a cell that failed, a signal) are values of [`Error`] and each kind
//! has its documented exit code. A panic is a bug of hmmsize: it is caught in `main`, reported as
//! such, and exits with 2, never with 101, so that no script takes a crash for a verdict.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Everything is fine.
    Ok = 0,
    /// The tool's verdict is negative: over budget, findings, differences where asked.
    Verdict = 1,
    /// Bad usage or input, or things that cannot be compared.
    Input = 2,
    /// A cell failed, was skipped or is missing.
    Cell = 3,
    /// In place of 3 with `--bisect`: `git bisect run` skips the revision.
    Bisect = 125,
    /// After SIGINT.
    SigInt = 130,
    /// After SIGTERM.
    SigTerm = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Where in a file something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Byte offset, 0-based.
    Offset(u64),
    /// Line, 1-based.
    Line(usize),
    /// Line and byte column, both 1-based.
    LineColumn(usize, usize),
}

/// Every expected error. Its `Display` is one line that names the file and the offset or line.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An input file that cannot be used (exit 2).
    #[error("{}{}: {msg}", .file.display(), At::suffix(.at.as_ref()))]
    Input {
        /// The file as the user named it.
        file: PathBuf,
        /// Where in it.
        at: Option<At>,
        /// What is wrong and, where possible, what to do.
        msg: String,
    },
    /// The operating system refused something (exit 2).
    #[error("{}: {source}", .file.display())]
    Io {
        /// The file or directory.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Words on the command line that make no sense together (exit 2).
    #[error("{0}")]
    Usage(String),
    /// Two things that must not be compared (exit 2).
    #[error("not comparable: {0}")]
    NotComparable(String),
    /// A cell failed, was skipped or is missing (exit 3).
    #[error("{0}")]
    Cell(String),
    /// A signal ended the work (exit 128 + signal).
    #[error("interrupted by signal {0}")]
    Signal(i32),
}

/// The result of everything fallible in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl At {
    fn suffix(at: Option<&Self>) -> String {
        match at {
            None => String::new(),
            Some(at) => at.to_string(),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(offset) => write!(f, ": offset {offset:#x}"),
            Self::Line(line) => write!(f, ":{line}"),
            Self::LineColumn(line, column) => write!(f, ":{line}:{column}"),
        }
    }
}

impl Error {
    /// Bad input in `file`, nowhere in particular.
    pub fn input(file: impl AsRef<Path>, msg: impl Into<String>) -> Self {
        Self::Input { file: file.as_ref().to_owned(), at: None, msg: msg.into() }
    }

    /// Bad input in `file` at `at`.
    pub fn input_at(file: impl AsRef<Path>, at: At, msg: impl Into<String>) -> Self {
        Self::Input { file: file.as_ref().to_owned(), at: Some(at), msg: msg.into() }
    }

    /// A failed system call on `file`.
    pub fn io(file: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io { file: file.as_ref().to_owned(), source }
    }

    /// The exit code of this kind of error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Io { .. } if self.is_broken_pipe() => Exit::Ok,
            Self::Input { .. } | Self::Io { .. } | Self::Usage(_) | Self::NotComparable(_) => {
                Exit::Input
            }
            Self::Cell(_) => Exit::Cell,
            Self::Signal(15) => Exit::SigTerm,
            Self::Signal(_) => Exit::SigInt,
        }
    }

    /// Whether the reader of our output simply went away (`hmmsize … | head`).
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// A line on standard error. That nobody reads it is no reason to stop, as `eprintln!` would.
pub fn say(line: &dyn fmt::Display) {
    let line = format!("{line}\n");
    let _ = io::Write::write_all(&mut io::stderr().lock(), line.as_bytes());
}

/// Replaces the panic message with one that says it is our bug.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        say(&format_args!(
            "hmmsize: internal error, this is a bug in hmmsize, please report it: {info}"
        ));
    }));
}
