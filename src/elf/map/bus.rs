//! A mapped file that somebody truncates meanwhile: an error that names it, not a crash.
//!
//! A page beyond the new end of the file is SIGBUS (mmap(2)). The handler puts zeroes in the place of what
//! is gone and notes it; every reader copes with zeroes, since a file may hold them anyway. Nothing is
//! printed from such a file: [`cut`] is asked before. Any other SIGBUS is left to who had it before.

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Where a mapping is. The handler walks the list of all, so none is ever freed, only used again.
#[derive(Debug)]
struct Place {
    /// Zero where there is none.
    start: AtomicUsize,
    len: AtomicUsize,
    cut: AtomicBool,
    path: Mutex<PathBuf>,
    next: AtomicPtr<Place>,
}

static PLACES: AtomicPtr<Place> = AtomicPtr::new(null_mut());
static FREE: Mutex<Vec<&'static Place>> = Mutex::new(Vec::new());
static PREVIOUS: OnceLock<SigAction> = OnceLock::new();
static PAGE: AtomicUsize = AtomicUsize::new(0);

/// A mapping that may be cut off. One type owns both, so none is unmapped while it is still in the list.
#[derive(Debug)]
pub(in crate::elf) struct Mapping {
    bytes: memmap2::Mmap,
    place: &'static Place,
}

impl Mapping {
    /// Watches over `bytes`, the mapped file at `path`.
    pub(super) fn new(bytes: memmap2::Mmap, path: &Path) -> Self {
        install();
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let place = free.unwrap_or_else(new_place);
        path.clone_into(&mut place.path.lock().unwrap_or_else(PoisonError::into_inner));
        place.len.store(bytes.len(), Ordering::Release);
        place.start.store(bytes.as_ptr() as usize, Ordering::Release);
        Self { bytes, place }
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives back the pages that were looked at. Who looks again gets them again from the file.
    #[allow(unsafe_code)]
    pub(super) fn give_back(&self) {
        // SAFETY: the mapping is of a file and read-only, so that the kernel loses nothing that is not in
        // the file; zeroes in the place of what was cut off are zeroes again.
        let _ = unsafe { self.bytes.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.place.start.store(0, Ordering::Release);
        // What was cut off stays in the list, to be told.
        if !self.place.cut.load(Ordering::Acquire) {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.place);
        }
    }
}

/// A file that was truncated while it was read, if there is one.
pub(in crate::elf) fn cut() -> Option<PathBuf> {
    let mut at = first(&PLACES);
    while let Some(place) = at {
        if place.cut.load(Ordering::Acquire) {
            return Some(place.path.lock().unwrap_or_else(PoisonError::into_inner).clone());
        }
        at = first(&place.next);
    }
    None
}

#[allow(unsafe_code)]
fn first(list: &AtomicPtr<Place>) -> Option<&'static Place> {
    // SAFETY: the list holds nothing but leaked places, which are never freed or moved.
    unsafe { list.load(Ordering::Acquire).as_ref() }
}

fn new_place() -> &'static Place {
    let place: &'static mut Place = Box::leak(Box::new(Place {
        start: AtomicUsize::new(0),
        len: AtomicUsize::new(0),
        cut: AtomicBool::new(false),
        path: Mutex::default(),
        next: AtomicPtr::new(null_mut()),
    }));
    let address: *mut Place = place;
    let place: &'static Place = place;
    let mut head = PLACES.load(Ordering::Acquire);
    loop {
        place.next.store(head, Ordering::Relaxed);
        match PLACES.compare_exchange_weak(head, address, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return place,
            Err(now) => head = now,
        }
    }
}

#[allow(unsafe_code)]
fn install() {
    PREVIOUS.get_or_init(|| {
        // SAFETY: reads a constant of the system.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        PAGE.store(usize::try_from(page).unwrap_or(4096), Ordering::Release);
        let flags = SaFlags::SA_SIGINFO | SaFlags::SA_ONSTACK;
        let action = SigAction::new(SigHandler::SigAction(on_bus), flags, SigSet::empty());
        // SAFETY: the handler does nothing but atomic loads and stores, mmap and sigaction.
        let previous = unsafe { sigaction(Signal::SIGBUS, &action) };
        previous.unwrap_or(SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty()))
    });
}

#[allow(unsafe_code)]
extern "C" fn on_bus(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: with SA_SIGINFO, the kernel hands over its siginfo, whose address is that of the fault.
    let address = unsafe { (*info).si_addr() } as usize;
    let mut at = first(&PLACES);
    while let Some(place) = at {
        let (start, len) = (place.start.load(Ordering::Acquire), place.len.load(Ordering::Acquire));
        if start != 0 && address.wrapping_sub(start) < len {
            let page = address & !(PAGE.load(Ordering::Acquire) - 1);
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
            // What is behind this page is gone too.
            let rest = start + len - page;
            // SAFETY: these pages are of a mapping of ours that its owner has not given up, and nobody can
            // have read what they held, since they hold nothing.
            let made = unsafe { libc::mmap(page as _, rest, libc::PROT_READ, flags, -1, 0) };
            if made as usize == page {
                place.cut.store(true, Ordering::Release);
                return;
            }
        }
        at = first(&place.next);
    }
    if let Some(previous) = PREVIOUS.get() {
        // SAFETY: puts back what was there. The access is tried again and goes to that.
        let _ = unsafe { sigaction(Signal::SIGBUS, previous) };
    }
}
