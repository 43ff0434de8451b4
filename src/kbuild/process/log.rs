//! A log of bounded length for what a child says.
//!
//! A compiler in a loop prints gigabytes a minute, and a build log that fills the disk takes other
//! people's work with it. So a child writes into a pipe; what fits goes to the file at once, of the
//! rest the end is kept in memory and added when the child has ended: a cause stands at the start of a
//! log, or at its end.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::exit::{Error, Result};

/// Bytes of a log; the log of an allyesconfig kernel without warnings is two million.
pub const LIMIT: u64 = 64 << 20;
/// Bytes of the end that are kept beyond that.
const TAIL: usize = 32 << 10;
/// The line that stands in the place of what is left out ends so.
const CUT: &str = "bytes are left out here\n";
/// For how long the pipe is read after the child and its group have ended: a server that one of them
/// started may hold it open.
const LINGER: Duration = Duration::from_secs(1);

/// An open log.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    /// How many bytes may still be written.
    room: u64,
    tail: VecDeque<u8>,
    left_out: u64,
    error: Option<io::Error>,
}

impl Log {
    /// Opens the log to append to it.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let opened = OpenOptions::new().create(true).append(true).open(path);
        let file = opened.map_err(|e| Error::io(path, e))?;
        let length = file.metadata().map_err(|e| Error::io(path, e))?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            room: LIMIT.saturating_sub(length),
            tail: VecDeque::new(),
            left_out: 0,
            error: None,
        })
    }

    /// Reads the pipe to its end, or until the child is `over` and nothing more comes: a full pipe
    /// would stop the child.
    ///
    /// # Errors
    /// Not everything could be written.
    pub fn fill(mut self, mut pipe: PipeReader, over: &AtomicBool) -> Result<()> {
        let mut buffer = vec![0; 64 << 10];
        let mut last = None;
        loop {
            if over.load(Ordering::SeqCst) {
                let last = last.get_or_insert_with(|| Instant::now() + LINGER);
                if Instant::now() > *last || !is_readable(&pipe) {
                    break;
                }
            } else if !is_readable(&pipe) {
                continue;
            }
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => self.take(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.error.get_or_insert(e);
                    break;
                }
            }
        }
        self.close()
    }

    fn take(&mut self, bytes: &[u8]) {
        let fits = bytes.len().min(usize::try_from(self.room).unwrap_or(usize::MAX));
        let (head, rest) = bytes.split_at(fits);
        self.write(head);
        self.room -= fits as u64;
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(TAIL);
        self.left_out += excess as u64;
        self.tail.drain(..excess);
    }

    /// What cannot be written is read all the same, so that the child does not wait for us.
    fn write(&mut self, bytes: &[u8]) {
        if self.error.is_none()
            && let Err(error) = self.file.write_all(bytes)
        {
            self.error = Some(error);
        }
    }

    fn close(mut self) -> Result<()> {
        if self.left_out > 0 {
            let line = format!("\nhmmsize: {} {CUT}", self.left_out);
            self.write(line.as_bytes());
        }
        let tail: Vec<u8> = std::mem::take(&mut self.tail).into();
        self.write(&tail);
        self.error.map_or(Ok(()), |error| Err(Error::io(&self.path, error)))
    }
}

/// Waits a moment for something to read, or for the end of the pipe.
fn is_readable(pipe: &PipeReader) -> bool {
    let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::from(40u8)).is_ok_and(|ready| ready > 0)
}

/// Whether something is left out of a log: what is counted in it is not everything.
pub fn is_cut(log: &Path) -> bool {
    log.metadata().is_ok_and(|meta| meta.len() > LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_and_the_end_of_what_is_too_much_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = Log::open(&path).unwrap();
        log.room = 10;
        log.take(b"0123456");
        log.take(b"789abc");
        let long = vec![b'.'; 100_000];
        log.take(&long);
        log.take(b"the end\n");
        log.close().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let left_out = 3 + 100_000 + 8 - TAIL;
        assert!(
            text.starts_with(&format!("0123456789\nhmmsize: {left_out} {CUT}...")),
            "{left_out}"
        );
        assert!(text.ends_with("...the end\n"));
        assert_eq!(text.len(), 10 + 1 + format!("hmmsize: {left_out} {CUT}").len() + TAIL);
        assert!(!is_cut(&path));
    }

    #[test]
    fn a_log_that_cannot_be_written_is_an_error_and_the_pipe_is_read_all_the_same() {
        let mut log = Log::open(Path::new("/dev/full")).unwrap();
        log.room = 1 << 20;
        let (reader, mut writer) = io::pipe().unwrap();
        let filler = std::thread::spawn(move || log.fill(reader, &AtomicBool::new(false)));
        writer.write_all(&vec![b'x'; 1 << 18]).unwrap();
        drop(writer);
        let error = filler.join().unwrap().unwrap_err();
        assert!(error.to_string().contains("/dev/full: No space left on device"), "{error}");
    }

    #[test]
    fn a_server_that_holds_the_pipe_does_not_hold_us() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"said").unwrap();
        Log::open(&path).unwrap().fill(reader, &AtomicBool::new(true)).unwrap();
        drop(writer);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "said");
    }
}
