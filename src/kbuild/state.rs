//! What lies in the output directory, and how it survives a crash: a lock, so that two hmmsize do
//! not work in one directory; files that are either whole or not there; and the finished cells of
//! earlier runs, which are used again if their inputs are the same.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::fcntl::{Flock, FlockArg};
use nix::unistd::Pid;

use crate::exit::{Error, Result};
use crate::model::run::{Cell, Measured, Status};

/// The lock file in the output directory.
const LOCK: &str = ".hmmsize.lock";
/// A finished cell, in its directory.
const CELL: &str = "cell.json";
/// Which run, in the output directory; and which run finished a cell, in its directory.
const RUN_NAME: &str = ".hmmsize.run";
/// From where the run was started, in the output directory.
const DIRECTORY: &str = ".hmmsize.directory";
/// The result of the run, in the output directory.
pub const RUN: &str = "run.json";

/// An output directory that is ours until this is dropped (or the process ends, however it ends).
#[derive(Debug)]
pub struct OutDir {
    path: PathBuf,
    /// The name of the run, which a run that is gone on with keeps.
    run: String,
    _locks: Vec<Flock<File>>,
}

impl OutDir {
    /// Creates the directory if need be and locks it.
    pub fn open(path: &Path) -> Result<Self> {
        let lock = lock(path, FlockArg::LockExclusiveNonblock)?;
        Ok(Self { path: path.to_owned(), run: new_name(), _locks: vec![lock] })
    }

    /// As [`OutDir::open`], for some cells only: others may be built there at the same time. Whoever
    /// builds the same cells may take that long to end: a task that is started again elsewhere can be
    /// ahead of the end of the first.
    pub fn open_part<'a>(
        path: &Path,
        ids: impl Iterator<Item = &'a str>,
        patience: Duration,
    ) -> Result<Self> {
        let until = Instant::now() + patience;
        let take = |path: &Path, how| loop {
            match lock(path, how) {
                Err(Error::Input { .. }) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(500));
                }
                taken => return taken,
            }
        };
        let mut locks = vec![take(path, FlockArg::LockSharedNonblock)?];
        for id in ids {
            locks.push(take(&path.join(id), FlockArg::LockExclusiveNonblock)?);
        }
        Ok(Self { path: path.to_owned(), run: new_name(), _locks: locks })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the run its name: that of the interrupted run, if it is gone on with.
    pub fn name_run(&mut self, resume: bool) -> Result<()> {
        let file = self.path.join(RUN_NAME);
        match fs::read_to_string(&file) {
            Ok(name) if resume => self.run = name,
            _ => write_whole(&file, self.run.as_bytes())?,
        }
        Ok(())
    }

    /// Notes that this run builds a cell, before [`OutDir::finish`].
    pub fn claim(&self, id: &str) -> Result<()> {
        write_whole(&self.path.join(id).join(RUN_NAME), self.run.as_bytes())
    }

    /// Whether a finished cell was built by this run, before it was interrupted.
    pub fn is_of_this_run(&self, id: &str) -> bool {
        let name = fs::read_to_string(self.path.join(id).join(RUN_NAME));
        name.is_ok_and(|name| name == self.run)
    }

    /// Notes the working directory, which relative paths of the command line start from.
    pub fn remember_directory(&self) -> Result<()> {
        let file = self.path.join(DIRECTORY);
        let dir = std::env::current_dir().map_err(|e| Error::io(".", e))?;
        write_whole(&file, dir.as_os_str().as_encoded_bytes())
    }

    /// The directory of a cell, created.
    pub fn cell_dir(&self, id: &str) -> Result<PathBuf> {
        let dir = self.path.join(id);
        fs::create_dir_all(&dir).map_err(|e| Error::io(&dir, e))?;
        Ok(dir)
    }

    /// A path below the directory as `run.json` names it.
    pub fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.path).unwrap_or(path).display().to_string()
    }

    /// The finished cell `id` of an earlier run, if it was built from the same inputs and its
    /// files still lie there. A file that is damaged or from another version is as good as none.
    pub fn finished(&self, id: &str, identity: &str) -> Option<Cell> {
        let cell = self.record(id)?;
        let same = cell.id == id && cell.identity.as_deref() == Some(identity);
        let built = matches!(cell.status, Status::Built | Status::Reused);
        let whole = cell.measured.as_ref().is_some_and(|m| self.has_files(m));
        (same && built && whole).then_some(cell)
    }

    /// What was recorded of a cell that is finished, whatever its inputs were.
    pub fn record(&self, id: &str) -> Option<Cell> {
        let text = fs::read_to_string(self.path.join(id).join(CELL)).ok()?;
        serde_json::from_str(&text).ok()
    }

    fn has_files(&self, measured: &Measured) -> bool {
        [&measured.file, &measured.map, &measured.config, &measured.prelink_file]
            .into_iter()
            .flatten()
            .all(|name| self.path.join(name).exists())
    }

    /// Records a finished cell.
    pub fn finish(&self, cell: &Cell) -> Result<()> {
        write_json(&self.path.join(&cell.id).join(CELL), cell)
    }

    /// Forgets what an earlier run said of a cell, before it is built again.
    pub fn forget(&self, id: &str) -> Result<()> {
        let path = self.path.join(id).join(CELL);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io(&path, e)),
            _ => Ok(()),
        }
    }
}

/// A name that no other run has.
fn new_name() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{} {}", now.as_nanos(), std::process::id())
}

/// Creates the directory if need be and takes its lock.
fn lock(path: &Path, how: FlockArg) -> Result<Flock<File>> {
    fs::create_dir_all(path).map_err(|e| Error::io(path, e))?;
    let name = path.join(LOCK);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&name)
        .map_err(|e| Error::io(&name, e))?;
    let mut lock = match Flock::lock(file, how) {
        Ok(lock) => lock,
        Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
            let mut owner = String::new();
            let _ = file.read_to_string(&mut owner);
            let msg = format!("another hmmsize (process {}) works here", owner.trim());
            return Err(Error::input(path, msg));
        }
        Err((_, errno)) => return Err(Error::io(&name, errno.into())),
    };
    let told = lock
        .set_len(0)
        .and_then(|()| lock.rewind())
        .and_then(|()| writeln!(lock, "{}", std::process::id()));
    told.map_err(|e| Error::io(&name, e))?;
    Ok(lock)
}

/// The process that builds a whole run in `out`, if one does.
pub fn owner(out: &Path) -> Option<Pid> {
    let mut file = File::open(out.join(LOCK)).ok()?;
    let mut owner = String::new();
    file.read_to_string(&mut owner).ok()?;
    match Flock::lock(file, FlockArg::LockSharedNonblock) {
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => owner.trim().parse().ok().map(Pid::from_raw),
        _ => None,
    }
}

/// From where the run in `out` was started, if that is still a directory.
pub fn started_in(out: &Path) -> Option<PathBuf> {
    let bytes = fs::read(out.join(DIRECTORY)).ok()?;
    let dir = PathBuf::from(std::ffi::OsStr::from_bytes(&bytes));
    dir.is_dir().then_some(dir)
}

/// Writes `value` as JSON, see [`write_whole`].
pub fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|e| Error::io(path, io::Error::other(e)))?;
    text.push(b'\n');
    write_whole(path, &text)
}

/// Writes a file so that it is either whole or as it was before: to a temporary name beside it,
/// synced, then renamed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let error = |e| Error::io(path, e);
    let dir = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".hmmsize-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(dir)
        .map_err(|e| Error::io(dir, strip_path(&e)))?;
    file.write_all(bytes).map_err(error)?;
    file.as_file().sync_all().map_err(error)?;
    file.persist(path).map_err(|e| error(e.error))?;
    Ok(())
}

/// `tempfile` puts the random name of the file that it could not create into its errors.
fn strip_path(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

/// Makes `to` the same file as `from`, without copying where the file system allows it.
pub fn keep(from: &Path, to: &Path) -> Result<()> {
    match fs::remove_file(to) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(Error::io(to, e)),
        _ => {}
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let mut part = to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    fs::copy(from, &part).and_then(|_| fs::rename(&part, to)).map_err(|e| Error::io(to, e))
}

#[cfg(test)]
mod tests;
