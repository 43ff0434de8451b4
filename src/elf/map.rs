//! Files mapped into memory: the only unsafe code of hmmsize.
//!
//! A vmlinux with debug information is 600 MB of which totals need a few kilobytes, so files are
//! mapped, not read. Small files (objects of an archive, thousands of them) are read instead: that
//! is cheaper than a mapping and the page faults it causes.

use std::fs::File;
use std::io::Read;
use std::ops::Deref;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::exit::{Error, Result};

/// Files up to this many bytes are read, larger ones mapped.
const READ_BELOW: u64 = 64 * 1024;

/// The bytes of a file.
#[derive(Debug)]
pub(super) enum Map {
    /// Mapped, private and read-only.
    Mapped(memmap2::Mmap),
    /// Read into memory.
    Read(Vec<u8>),
}

impl Map {
    /// Maps or reads a regular file that isn't empty; anything else (a FIFO would block, a device
    /// never end) is refused before it is opened.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let meta = std::fs::metadata(path).map_err(|err| Error::io(path, err))?;
        let kind = meta.file_type();
        let what = if kind.is_dir() {
            "is a directory, not an ELF file or archive"
        } else if kind.is_fifo() {
            "is a pipe; sizes need a regular file (write it to one first)"
        } else if kind.is_socket() {
            "is a socket, not an ELF file or archive"
        } else if kind.is_block_device() || kind.is_char_device() {
            "is a device, not an ELF file or archive"
        } else if meta.len() == 0 {
            "is empty"
        } else {
            ""
        };
        if !what.is_empty() {
            return Err(Error::input(path, what));
        }
        let file = File::open(path).map_err(|err| Error::io(path, err))?;
        if meta.len() <= READ_BELOW {
            let bytes = read(file, meta.len() as usize).map_err(|err| Error::io(path, err))?;
            return Ok(Self::Read(bytes));
        }
        map(&file).map(Self::Mapped).map_err(|err| Error::io(path, err))
    }
}

/// Up to `len` bytes: fewer if the file was truncated meanwhile, no more if it grew. One system call
/// for most files, where `read_to_end` needs three.
fn read(mut file: File, len: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while filled < len {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(err) if err.kind() == std::io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

#[allow(unsafe_code)]
fn map(file: &File) -> std::io::Result<memmap2::Mmap> {
    // SAFETY: the mapping is read-only and private, and nothing in this process writes the file.
    // What this cannot promise is that no *other* process does. One that writes it in place makes
    // us see changed bytes: every reader checks each offset against the slice's length when it uses
    // it and keeps no "already checked" state in the mapped bytes themselves, so that gives wrong
    // numbers at worst. One that truncates it makes the next access fail with SIGBUS, which ends
    // hmmsize with no message of its own. Linkers replace their output rather than truncate it, so
    // in practice this needs a file system error or a deliberate `truncate`.
    unsafe { memmap2::Mmap::map(file) }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
        }
    }
}
