//! The one path at which everything that hmmsize unpacks is built.
//!
//! Kernels put source paths into the image (`__FILE__`, debug information), and ccache hashes them:
//! revisions built in different directories would differ where their code does not, and share no
//! object. So each revision is moved to the same `…/slot/N/linux` while it is being built. A slot
//! belongs to one hmmsize at a time; a second one gets the next slot.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use crate::exit::{Error, Result};

/// How many revisions stay unpacked beside the one in use. A kernel tree takes 1.5 GB.
const PARKED: usize = 3;
/// Slots have names of one digit, so that their paths have one length.
const SLOTS: usize = 10;

/// A slot, held until it is dropped.
#[derive(Debug)]
pub struct Slot {
    dir: PathBuf,
    _lock: Flock<File>,
}

impl Slot {
    /// Takes the first free slot below the cache directory.
    pub fn take(cache: &Path) -> Result<Self> {
        for number in 0..SLOTS {
            let dir = cache.join("slot").join(number.to_string());
            let io = |e| Error::io(&dir, e);
            fs::create_dir_all(dir.join("parked")).map_err(io)?;
            let file = File::create(dir.join("lock")).map_err(io)?;
            if let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                return Ok(Self { dir, _lock: lock });
            }
        }
        Err(Error::Usage(format!("all {SLOTS} slots below {} are in use", cache.display())))
    }

    /// Where every revision is built.
    pub fn tree(&self) -> PathBuf {
        self.dir.join("linux")
    }

    /// Makes [`Slot::tree`] the tree called `digest`, unpacked by `unpack` into an empty directory
    /// if it is not there any more (it returns the top of what it unpacked). Whatever goes wrong, a half-unpacked tree is never taken for a
    /// whole one: `current` is written last and removed first.
    pub fn enter(&self, digest: &str, unpack: impl FnOnce(&Path) -> Result<PathBuf>) -> Result<()> {
        let current = self.dir.join("current");
        let tree = self.tree();
        let parked = |digest: &str| self.dir.join("parked").join(digest);
        let io = |path: &Path| {
            let path = path.to_owned();
            move |e| Error::io(path, e)
        };
        let now = fs::read_to_string(&current).ok();
        if now.as_deref() == Some(digest) && tree.is_dir() {
            return Ok(());
        }
        if now.is_some() {
            fs::remove_file(&current).map_err(io(&current))?;
        }
        if tree.is_dir() {
            match now.as_deref() {
                Some(old) if !parked(old).exists() => {
                    fs::rename(&tree, parked(old)).map_err(io(&tree))?;
                }
                _ => fs::remove_dir_all(&tree).map_err(io(&tree))?,
            }
        }
        if parked(digest).is_dir() {
            fs::rename(parked(digest), &tree).map_err(io(&tree))?;
        } else {
            let fresh = self.dir.join("unpacking");
            if fresh.exists() {
                fs::remove_dir_all(&fresh).map_err(io(&fresh))?;
            }
            fs::create_dir_all(&fresh).map_err(io(&fresh))?;
            let top = unpack(&fresh)?;
            fs::rename(&top, &tree).map_err(io(&tree))?;
            let _ = fs::remove_dir(&fresh);
        }
        self.evict();
        fs::write(&current, digest).map_err(io(&current))
    }

    /// Removes what was parked longest ago. Failing to costs only space.
    fn evict(&self) {
        let Ok(entries) = fs::read_dir(self.dir.join("parked")) else { return };
        let mut dirs: Vec<_> = entries
            .flatten()
            .filter_map(|entry| {
                let meta = entry.metadata().ok()?;
                Some((meta.ctime(), meta.ctime_nsec(), entry.path()))
            })
            .collect();
        dirs.sort();
        let surplus = dirs.len().saturating_sub(PARKED);
        for (_, _, dir) in dirs.into_iter().take(surplus) {
            let _ = fs::remove_dir_all(dir);
        }
    }
}
