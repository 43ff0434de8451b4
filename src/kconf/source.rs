//! The Kconfig files of a tree, read and parsed once and shared by everything that needs them.
//!
//! A file's lines do not depend on an architecture, so all architectures share them.
//! [`Sources::reading_ahead`] follows `source` lines in parallel, before anything is built or while it
//! is; what it could not foresee is read when the builder comes to it.

use std::fs;
use std::hash::BuildHasher;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hashbrown::HashTable;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::SFlag;
use rustc_hash::FxBuildHasher;

use super::dialect::Dialect;
use super::syntax::{File, LineKind, parse};
use crate::exit::{Error, Result};

/// The largest file that is read, in bytes; the kernel's largest has some 110 KB.
const MAX_FILE: u64 = 256 << 20;

/// The threads that read have this much stack, as builders run on them.
const STACK: usize = super::build::STACK;
/// Reading is done before more threads than these could help.
const THREADS: usize = 8;

/// A tree's files, by the names that `source` gives them. Threads may share it.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    /// `root`, open: below it, names are short to look up.
    opened: Option<OwnedFd>,
    current: Option<PathBuf>,
    /// Nothing outside of the tree is read, whatever a `source` line or a link says.
    confined: bool,
    dialect: Dialect,
    /// What each thread does before it reads.
    prepare: fn(),
    files: Mutex<Files>,
}

/// Files by their names.
type Files = HashTable<Arc<Known>>;

/// A file that somebody has asked for.
#[derive(Debug)]
struct Known {
    name: String,
    /// Somebody is reading it.
    taken: AtomicBool,
    /// Nothing where it cannot be read.
    file: OnceLock<Option<Arc<File>>>,
}

/// What is to be read ahead.
struct Ahead<'a> {
    arches: &'a [&'a str],
    /// The last is next: in the order in which the builder will ask, whoever found them. It would
    /// otherwise have to read what is near itself, while others read what is far.
    files: Mutex<Vec<Arc<Known>>>,
}

impl Ahead<'_> {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Known>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sources {
    /// The files of the tree at `root`, in the language `dialect`. Names are relative to `root`, as
    /// they are to `conf` with `$(srctree)`.
    pub fn new(root: impl Into<PathBuf>, dialect: Dialect) -> Self {
        let root = root.into();
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let opened = nix::fcntl::open(&root, flags, nix::sys::stat::Mode::empty()).ok();
        let (current, confined, prepare) = (None, false, || ());
        Self { root, opened, current, confined, dialect, prepare, files: Mutex::default() }
    }

    /// Has each thread that reads do this first.
    #[must_use]
    pub fn with_threads(mut self, prepare: fn()) -> Self {
        self.prepare = prepare;
        self
    }

    /// Looks into `directory` before the tree, as `conf` looks into its current directory, the output
    /// directory of a build with `O=` (`lexer.l`: `zconf_fopen()`).
    #[must_use]
    pub fn with_current_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.current = Some(directory.into());
        self
    }

    /// Reads nothing outside of the tree (or of the directory that is looked into before it). `conf`
    /// does: a `source` line may name any file. Who only looks at somebody else's tree does not want
    /// that.
    #[must_use]
    pub fn confined(mut self) -> Self {
        self.confined = true;
        self
    }

    /// The file that `source "name"` means, read and parsed unless it was before. It is an error
    /// (exit 2) if there is none, if it is no regular file (a FIFO would keep `conf` waiting for
    /// ever, a directory is an empty file to it), or if it has more than 256 MB.
    pub fn get(&self, name: &str) -> Result<Arc<File>> {
        self.wait(name, |_| ())
    }

    /// Does `work` while `first` and all that it sources is read, in parallel. In paths, `$(SRCARCH)`,
    /// `$(HEADER_ARCH)` (of um) and `$(ARCH)` stand for each of `arches`, and so do `$SRCARCH` and its
    /// like until 4.17; other references are left to [`Sources::get`], and so is saying what cannot be
    /// read. `work` is given a `get` that has what it reads itself followed too, and helps with the
    /// others' files instead of waiting for one; it has the stack that building needs.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn reading_ahead<T: Send>(
        &self,
        first: &str,
        arches: &[&str],
        work: impl FnOnce(&(dyn Fn(&str) -> Result<Arc<File>> + Sync)) -> T + Send,
    ) -> Result<T> {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(THREADS));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK);
        let prepare = self.prepare;
        let pool = pool.start_handler(move |_| prepare()).build();
        let pool = pool.map_err(|err| Error::io("a thread", std::io::Error::other(err)))?;
        let ahead = &Ahead { arches, files: Mutex::new(vec![self.known(first)]) };
        Ok(pool.scope(|scope| {
            scope.spawn(move |scope| self.follow(scope, ahead));
            work(&|name| self.wait(name, |file| self.spawn(scope, ahead, file)))
        }))
    }

    /// Reads the next file and has what it sources followed.
    fn follow<'s>(&'s self, scope: &rayon::Scope<'s>, ahead: &'s Ahead<'s>) {
        let Some(known) = ahead.lock().pop() else { return };
        if !known.taken.swap(true, Ordering::Relaxed) {
            let _ = self.init(&known, |file| self.spawn(scope, ahead, file));
        }
    }

    fn spawn<'s>(&'s self, scope: &rayon::Scope<'s>, ahead: &'s Ahead<'s>, file: &File) {
        let mut found = Vec::new();
        {
            let mut files = self.lock();
            sourced(file, ahead.arches, |name| found.push(known(&mut files, name)));
        }
        let count = found.len();
        ahead.lock().extend(found.into_iter().rev());
        // Which of the files a thread will take is not said here: it is the first then.
        for _ in 0..count {
            scope.spawn(move |scope| self.follow(scope, ahead));
        }
    }

    /// The file `name`; if nobody has read it, `first` is done with it.
    fn wait(&self, name: &str, first: impl FnOnce(&File)) -> Result<Arc<File>> {
        let known = self.known(name);
        if known.taken.swap(true, Ordering::Relaxed) {
            let helped = || rayon::yield_now() == Some(rayon::Yield::Executed);
            while known.file.get().is_none() && helped() {}
        }
        self.init(&known, first)
    }

    /// Reads the file unless it was; whoever comes meanwhile waits.
    fn init(&self, known: &Known, first: impl FnOnce(&File)) -> Result<Arc<File>> {
        let (name, mut error) = (&known.name, None);
        let file = known.file.get_or_init(|| match self.read(name) {
            Ok(file) => {
                first(&file);
                Some(Arc::new(file))
            }
            Err(err) => {
                error = Some(err);
                None
            }
        });
        match (file, error) {
            (Some(file), _) => Ok(Arc::clone(file)),
            (None, Some(error)) => Err(error),
            // What is wrong with it was said to another thread.
            (None, None) => self.read(name).map(Arc::new),
        }
    }

    /// The files read so far, by name.
    pub fn files(&self) -> Vec<Arc<File>> {
        let mut files: Vec<_> =
            self.lock().iter().filter_map(|known| known.file.get()?.clone()).collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files
    }

    fn lock(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, name: &str) -> Arc<Known> {
        known(&mut self.lock(), name)
    }

    fn read(&self, name: &str) -> Result<File> {
        if self.current.is_none()
            && let Some(text) = self.opened.as_ref().and_then(|root| read_below(root, name))
        {
            return Ok(parse(name.to_owned(), self.root.join(name), text, self.dialect));
        }
        let directories = self.current.iter().chain([&self.root]);
        let mut error = None;
        for directory in directories {
            let path = directory.join(name);
            if self.confined && !is_inside(directory, &path) {
                let msg = "this is outside of the tree: not read";
                error = error.or(Some(Error::input(&path, msg)));
                continue;
            }
            match read(&path) {
                Ok(text) => return Ok(parse(name.to_owned(), path, text, self.dialect)),
                // conf takes the tree's file whatever keeps it from opening the first one.
                Err(err) => error = Some(err),
            }
        }
        Err(error.unwrap_or_else(|| Error::input(name, "no directory to look into")))
    }
}

/// Whether a path, once all links are followed, is below `directory`; so is what does not exist.
fn is_inside(directory: &Path, path: &Path) -> bool {
    match (directory.canonicalize(), path.canonicalize()) {
        (Ok(directory), Ok(path)) => path.starts_with(directory),
        _ => !path.exists(),
    }
}

/// Reads a regular file below `root` with few system calls; nothing where [`read`] has to find out
/// what `name` is. The path may not leave the tree nor its file system, so that no device is opened.
fn read_below(root: &OwnedFd, name: &str) -> Option<Vec<u8>> {
    let how = OpenHow::new()
        .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY)
        .resolve(
            ResolveFlag::RESOLVE_BENEATH
                | ResolveFlag::RESOLVE_NO_MAGICLINKS
                | ResolveFlag::RESOLVE_NO_XDEV,
        );
    let file = fs::File::from(openat2(root, name, how).ok()?);
    // A third of what `File::metadata` takes: it asks for more (statx).
    let stat = nix::sys::stat::fstat(&file).ok()?;
    let is_file = SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFREG;
    let size = u64::try_from(stat.st_size).ok()?;
    if !is_file || size == 0 || size > MAX_FILE {
        return None;
    }
    let mut text = vec![0; size as usize];
    // Less than its size means that it is being changed.
    ((&file).read(&mut text).ok()? == text.len()).then_some(text)
}

/// Reads a regular file of bounded size; never waits for anything else.
fn read(path: &Path) -> Result<Vec<u8>> {
    let io = |err| Error::io(path, err);
    let meta = fs::metadata(path).map_err(io)?;
    if !meta.is_file() {
        let what = if meta.is_dir() { "a directory" } else { "no regular file" };
        return Err(Error::input(path, format!("this is {what}, not a Kconfig file")));
    }
    let too_large = |size: u64| {
        let msg = format!("{size} bytes are too much for a Kconfig file; {MAX_FILE} is the limit");
        Err(Error::input(path, msg))
    };
    if meta.len() > MAX_FILE {
        return too_large(meta.len());
    }
    let mut text = Vec::with_capacity(meta.len() as usize);
    let file = fs::File::open(path).map_err(io)?;
    // It may grow, or be one of the files that have no size before they are read.
    file.take(MAX_FILE + 1).read_to_end(&mut text).map_err(io)?;
    if text.len() as u64 > MAX_FILE { too_large(text.len() as u64) } else { Ok(text) }
}

/// The file of this name, of which nobody may have heard yet.
fn known(files: &mut Files, name: &str) -> Arc<Known> {
    let hash = |name: &str| FxBuildHasher.hash_one(name);
    let entry = files.entry(hash(name), |known| known.name == name, |known| hash(&known.name));
    let new = || {
        let (name, taken, file) = (name.to_owned(), AtomicBool::new(false), OnceLock::new());
        Arc::new(Known { name, taken, file })
    };
    Arc::clone(entry.or_insert_with(new).get())
}

/// The names that the file's `source` lines may mean.
fn sourced(file: &File, arches: &[&str], mut each: impl FnMut(&str)) {
    for line in &file.lines {
        let LineKind::Source(word) = line.kind else { continue };
        let Ok(path) = std::str::from_utf8(file.text(word.span)) else { continue };
        if !word.dollar && !word.escaped {
            each(path);
            continue;
        }
        for arch in arches {
            let mut name = path.to_owned();
            for variable in ["SRCARCH", "HEADER_ARCH", "ARCH"] {
                name = name.replace(&format!("$({variable})"), arch);
                name = name.replace(&format!("${variable}"), arch);
            }
            if !name.contains(['$', '\\']) {
                each(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(dir.path().join("arch/x86")).expect("arch");
        fs::create_dir_all(dir.path().join("arch/arm")).expect("arch");
        let root =
            "source \"a\"\nsource \"arch/$(SRCARCH)/Kconfig\"\nsource \"gone\"\nsource \"arch\"\n";
        fs::write(dir.path().join("Kconfig"), root).expect("Kconfig");
        fs::write(dir.path().join("a"), "source \"Kconfig\"\nconfig A\n").expect("a");
        fs::write(dir.path().join("arch/x86/Kconfig"), "config X86\n").expect("x86");
        fs::write(dir.path().join("arch/arm/Kconfig"), "config ARM\n").expect("arm");
        dir
    }

    #[test]
    fn discovers_every_architecture_and_survives_what_is_missing_or_goes_in_circles() {
        let dir = tree();
        let sources = Sources::new(dir.path(), Dialect::default());
        sources.reading_ahead("Kconfig", &["x86", "arm"], |_| ()).expect("threads");
        let names: Vec<_> = sources.files().iter().map(|file| file.name.clone()).collect();
        assert_eq!(names, ["Kconfig", "a", "arch/arm/Kconfig", "arch/x86/Kconfig"]);
        let (first, again) = (sources.get("a").expect("a"), sources.get("a").expect("a"));
        assert!(Arc::ptr_eq(&first, &again), "read once");
    }

    #[test]
    fn what_is_no_file_is_an_error_and_never_waited_for() {
        let dir = tree();
        nix::unistd::mkfifo(&dir.path().join("fifo"), nix::sys::stat::Mode::S_IRWXU).expect("FIFO");
        let sources = Sources::new(dir.path(), Dialect::default());
        let said = |name: &str| sources.get(name).expect_err("no file").to_string();
        assert!(said("fifo").ends_with("fifo: this is no regular file, not a Kconfig file"));
        assert!(said("arch").ends_with("arch: this is a directory, not a Kconfig file"));
        assert!(said("gone").ends_with("gone: No such file or directory (os error 2)"));
        let large = fs::File::create(dir.path().join("large")).expect("a file");
        large.set_len(MAX_FILE + 1).expect("a sparse file");
        assert!(said("large").contains("are too much for a Kconfig file"));
    }

    #[test]
    fn the_current_directory_comes_first() {
        let (dir, out) = (tree(), tempfile::tempdir().expect("a directory"));
        fs::write(out.path().join("a"), "config FROM_OUTPUT\n").expect("a");
        fs::create_dir(out.path().join("Kconfig")).expect("a directory");
        let sources =
            Sources::new(dir.path(), Dialect::default()).with_current_directory(out.path());
        assert_eq!(sources.get("a").expect("a").path, out.path().join("a"));
        assert_eq!(sources.get("Kconfig").expect("Kconfig").path, dir.path().join("Kconfig"));
        let absolute = dir.path().join("a").display().to_string();
        assert_eq!(sources.get(&absolute).expect("a").lines.len(), 2);
    }
}
