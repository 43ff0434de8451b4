//! The Kconfig files of a tree, read and parsed once and shared by everything that needs them.
//!
//! A file's lines do not depend on an architecture, so all architectures share them.
//! [`Sources::discover`] follows `source` lines in parallel before anything is built; what it could
//! not foresee is read when the builder comes to it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::dialect::Dialect;
use super::syntax::{File, LineKind, parse};
use crate::exit::{Error, Result};

/// The largest file that is read, in bytes; the kernel's largest has some 110 KB.
const MAX_FILE: u64 = 256 << 20;

/// A tree's files, by the names that `source` gives them. Threads may share it.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    current: Option<PathBuf>,
    dialect: Dialect,
    files: Mutex<FxHashMap<String, Arc<File>>>,
}

impl Sources {
    /// The files of the tree at `root`, in the language `dialect`. Names are relative to `root`, as
    /// they are to `conf` with `$(srctree)`.
    pub fn new(root: impl Into<PathBuf>, dialect: Dialect) -> Self {
        Self { root: root.into(), current: None, dialect, files: Mutex::default() }
    }

    /// Looks into `directory` before the tree, as `conf` looks into its current directory, the output
    /// directory of a build with `O=` (`lexer.l`: `zconf_fopen()`).
    #[must_use]
    pub fn with_current_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.current = Some(directory.into());
        self
    }

    /// The file that `source "name"` means, read and parsed unless it was before. It is an error
    /// (exit 2) if there is none, if it is no regular file (a FIFO would keep `conf` waiting for
    /// ever, a directory is an empty file to it), or if it has more than 256 MB.
    pub fn get(&self, name: &str) -> Result<Arc<File>> {
        if let Some(known) = self.known().get(name) {
            return Ok(Arc::clone(known));
        }
        // Two threads may both read it; both get the one that was entered first.
        let file = Arc::new(self.read(name)?);
        Ok(Arc::clone(self.known().entry(name.to_owned()).or_insert(file)))
    }

    /// Reads `first` and all that it sources, in parallel. In paths, `$(SRCARCH)`, `$(HEADER_ARCH)`
    /// (of um) and `$(ARCH)` stand for each of `arches`, and so do `$SRCARCH` and its like until 4.17;
    /// other references are left to [`Sources::get`], and so is saying what cannot be read.
    pub fn discover(&self, first: &str, arches: &[&str]) {
        let mut names = vec![first.to_owned()];
        let mut seen: rustc_hash::FxHashSet<String> = names.iter().cloned().collect();
        while !names.is_empty() {
            let files: Vec<_> = names.par_iter().filter_map(|name| self.get(name).ok()).collect();
            names = files.iter().flat_map(|file| sourced(file, arches)).collect();
            names.retain(|name| seen.insert(name.clone()));
        }
    }

    /// The files read so far, by name.
    pub fn files(&self) -> Vec<Arc<File>> {
        let mut files: Vec<_> = self.known().values().cloned().collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files
    }

    fn known(&self) -> MutexGuard<'_, FxHashMap<String, Arc<File>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, name: &str) -> Result<File> {
        let directories = self.current.iter().chain([&self.root]);
        let mut error = None;
        for directory in directories {
            let path = directory.join(name);
            match read(&path) {
                Ok(text) => return Ok(parse(name.to_owned(), path, text, self.dialect)),
                // conf takes the tree's file whatever keeps it from opening the first one.
                Err(err) => error = Some(err),
            }
        }
        Err(error.unwrap_or_else(|| Error::input(name, "no directory to look into")))
    }
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

/// The names that the file's `source` lines may mean.
fn sourced(file: &File, arches: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for line in &file.lines {
        let LineKind::Source(word) = line.kind else { continue };
        let Ok(path) = std::str::from_utf8(file.text(word.span)) else { continue };
        if !word.dollar && !word.escaped {
            names.push(path.to_owned());
            continue;
        }
        for arch in arches {
            let mut name = path.to_owned();
            for variable in ["SRCARCH", "HEADER_ARCH", "ARCH"] {
                name = name.replace(&format!("$({variable})"), arch);
                name = name.replace(&format!("${variable}"), arch);
            }
            if !name.contains(['$', '\\']) {
                names.push(name);
            }
        }
    }
    names
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
        sources.discover("Kconfig", &["x86", "arm"]);
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
