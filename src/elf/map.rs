//! Files mapped into memory: with [`bus`], the only unsafe code of hmmsize.
//!
//! A vmlinux with debug information is 600 MB of which totals need a few kilobytes, so files are
//! mapped, not read. Small files (objects of an archive, thousands of them) are read instead: that
//! is cheaper than a mapping and the page faults it causes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};

use crate::exit::{Error, Result};

mod bus;

/// An error if a file was truncated while it was read: nothing that was found out about it is worth
/// anything then.
///
/// # Errors
///
/// Names the file.
pub fn whole() -> Result<()> {
    let msg = "was truncated while it was read; is something still writing it?";
    bus::cut().map_or(Ok(()), |path| Err(Error::input(&path, msg)))
}

/// Files up to this many bytes are read, larger ones mapped.
const READ_BELOW: u64 = 64 * 1024;

/// The bytes of a file.
#[derive(Debug)]
pub(super) enum Map {
    /// Mapped, private and read-only.
    Mapped(bus::Mapping),
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
        // The kernel refuses more than 65,530 mappings, and an archive can have more members.
        map(&file)
            .map(|bytes| Self::Mapped(bus::Mapping::new(bytes, path)))
            .or_else(|_| read(file, meta.len() as usize).map(Self::Read))
            .map_err(|err| Error::io(path, err))
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
    // numbers at worst. One that truncates it makes the next access fail with SIGBUS, which `bus` turns
    // into an error.
    unsafe { memmap2::Mmap::map(file) }
}

impl Map {
    /// Gives back what was looked at of a mapped file. Its bytes stay readable.
    ///
    /// When a process ends, its pages are taken from it one by one: for 60 MB of two kernels that takes
    /// four milliseconds of one thread. Done before that, each thread can do its part.
    pub(super) fn give_back(&self) {
        if let Self::Mapped(map) = self {
            map.give_back();
        }
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map.bytes(),
            Self::Read(bytes) => bytes,
        }
    }
}

/// An allocator that takes large blocks in huge pages, where the system has them to give.
///
/// Two kernels have a quarter of a million symbols, and what is known about them takes a few blocks of
/// megabytes that live for milliseconds. To touch a fresh page of 4 KiB takes about two microseconds, of
/// 2 MiB about a hundred: this is a fifth of the time of `compare --by symbol`. Some of what is freed is
/// kept for who needs a block next. Everything else is left to the system's allocator.
#[derive(Debug)]
pub struct HugePages;

/// Blocks from this size on are mapped. Smaller ones are not worth a huge page, which has to be cleared.
/// (To map small pages all at once for those below a megabyte took a tenth more time.)
const HUGE_FROM: usize = 256 * 1024;
const HUGE: usize = 2 * 1024 * 1024;

/// What a block of this size takes. Whole huge pages, so that the kernel aligns it to them.
fn mapped_len(size: usize) -> Option<NonZeroUsize> {
    NonZeroUsize::new(size.checked_next_multiple_of(HUGE)?)
}

/// Freed blocks of one and of two huge pages: 24 MiB at most.
static SPARE: [[AtomicPtr<u8>; 4]; 2] = [const { [const { AtomicPtr::new(null_mut()) }; 4] }; 2];

/// Where freed blocks of this length are kept; nowhere if they are too large for that.
fn spare(len: NonZeroUsize) -> &'static [AtomicPtr<u8>] {
    SPARE.get(len.get() / HUGE - 1).map_or(&[], |slots| slots)
}

/// A block that was freed.
fn used(len: NonZeroUsize) -> Option<*mut u8> {
    let taken = |slot: &AtomicPtr<u8>| slot.swap(null_mut(), Ordering::Acquire);
    spare(len).iter().map(taken).find(|block| !block.is_null())
}

/// Whether memory matters more than time; see [`HugePages::save`].
static SAVING: AtomicBool = AtomicBool::new(false);

/// A block of zeros, of which `size` bytes will be used.
fn fresh(len: NonZeroUsize, size: usize) -> *mut u8 {
    let (access, kind) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_PRIVATE);
    // SAFETY: a new mapping is nobody else's, and advice about it changes none of its bytes.
    #[allow(unsafe_code)]
    unsafe {
        let Ok(block) = mmap_anonymous(None, len, access, kind) else { return null_mut() };
        // Refused where the kernel knows no huge pages: then it has small ones.
        if size > len.get() / 4 * 3 || !SAVING.load(Ordering::Relaxed) {
            let _ = madvise(block, len.get(), MmapAdvise::MADV_HUGEPAGE);
        }
        block.as_ptr().cast()
    }
}

impl HugePages {
    /// Has the system's allocator take memory in large steps. glibc lets the heap of a thread grow by a
    /// page at a time, with a system call each; to read Linux's Kconfig files takes a thousand.
    #[allow(unsafe_code)]
    pub fn large_steps() {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        // SAFETY: mallopt changes two numbers of the allocator, under its lock. Both are within the bounds
        // that malloc.h gives; a value that glibc does not like is refused.
        unsafe {
            nix::libc::mallopt(nix::libc::M_TOP_PAD, 32 << 20);
            // Larger blocks are ours; and to set the first number stops glibc from raising this one.
            nix::libc::mallopt(nix::libc::M_MMAP_THRESHOLD, HUGE_FROM as i32);
        }
    }

    /// From now on, huge pages are for blocks only that fill them. To know 21 architectures takes hundreds of
    /// blocks of half a megabyte, each of which would have two.
    pub fn save() {
        SAVING.store(true, Ordering::Relaxed);
    }

    /// Gives back what the system's allocator holds of memory that was freed, wherever it is. To read a tree
    /// leaves a hundred megabytes between what is kept of it.
    #[allow(unsafe_code)]
    pub fn give_back() {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        // SAFETY: malloc_trim only gives pages back in which nothing is allocated, each arena under its lock.
        unsafe {
            nix::libc::malloc_trim(0);
        }
    }

    /// Asks for huge pages for what the calling thread will take from the system's allocator next, up to 24
    /// MiB, as someone does who will fill most of it. It is a hint: the kernel changes no byte for it.
    #[allow(unsafe_code)]
    pub fn for_this_thread() {
        const AHEAD: NonZeroUsize = NonZeroUsize::new(12 * HUGE).unwrap();
        // glibc gives each of the first threads a heap of its own, aligned to more than this. Where it is
        // only a block tells that is too large to come from what other threads have freed.
        let block = std::hint::black_box(vec![0_u8; 4096]);
        let start = block.as_ptr().map_addr(|at| at & !(HUGE - 1));
        let Some(start) = NonNull::new(start.cast_mut()) else { return };
        // SAFETY: this changes how memory is backed, not what is in it nor whether it is there. Where
        // there is no memory, the kernel says so.
        let _ = unsafe { madvise(start.cast(), AHEAD.get(), MmapAdvise::MADV_HUGEPAGE) };
        // A huge page of which a small one is in use already stays as it is: the rest of it is left out.
        let mut block = block;
        while block.as_ptr().addr() & !(HUGE - 1) == start.addr().get() {
            let next = Vec::with_capacity(HUGE_FROM / 2);
            std::mem::forget(std::mem::replace(&mut block, std::hint::black_box(next)));
        }
    }
}

// SAFETY: a block belongs to the system's allocator or is a mapping of its own, which of both its layout
// decides, and a layout is the same in both calls. Mappings are aligned to pages, and layouts that want
// more go to the system. A freed block is in one slot of `SPARE` at most, and who takes it out empties the
// slot in the same step.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for HugePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() < HUGE_FROM || layout.align() > 4096 {
            return unsafe { System.alloc(layout) };
        }
        let Some(len) = mapped_len(layout.size()) else { return null_mut() };
        used(len).unwrap_or_else(|| fresh(len, layout.size()))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size() < HUGE_FROM || layout.align() > 4096 {
            return unsafe { System.dealloc(block, layout) };
        }
        if let (Some(len), Some(mapped)) = (mapped_len(layout.size()), NonNull::new(block)) {
            let keep = |slot: &AtomicPtr<u8>| {
                slot.compare_exchange(null_mut(), block, Ordering::Release, Ordering::Relaxed)
            };
            if !spare(len).iter().any(|slot| keep(slot).is_ok()) {
                let _ = unsafe { munmap(mapped.cast(), len.get()) };
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() < HUGE_FROM || layout.align() > 4096 {
            return unsafe { System.alloc_zeroed(layout) };
        }
        let Some(len) = mapped_len(layout.size()) else { return null_mut() };
        match used(len) {
            Some(block) => {
                unsafe { block.write_bytes(0, layout.size()) };
                block
            }
            None => fresh(len, layout.size()),
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.size().max(size) < HUGE_FROM || layout.align() > 4096 {
            return unsafe { System.realloc(block, layout, size) };
        }
        let large = layout.size().min(size) >= HUGE_FROM;
        if large && mapped_len(layout.size()) == mapped_len(size) {
            return block;
        }
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_back_is_still_there() {
        let bytes: Vec<u8> = (0u32..100_000).flat_map(u32::to_le_bytes).collect();
        let path = std::env::temp_dir().join(format!("hmmsize-map-{}", std::process::id()));
        std::fs::write(&path, &bytes).unwrap();
        let map = Map::open(&path);
        std::fs::remove_file(&path).unwrap();
        let map = map.unwrap();
        assert!(matches!(map, Map::Mapped(_)));
        for _ in 0..2 {
            assert!(*map == bytes[..]);
            map.give_back();
        }
        assert!(*map == bytes[..]);
    }
}
