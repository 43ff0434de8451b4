//! Sources: kernel trees, tarballs and git revisions, all turned into a tree that make can read.
//!
//! A user's tree is used where it lies and never written. What hmmsize unpacks itself is built at
//! one and the same path (see [`super::slot`]), so that paths in the image do not differ between
//! revisions.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::git::{self, Repo};
use super::matrix::{self, SourceSpec};
use super::process::Runner;
use super::slot::Slot;
use super::{digest, matrix::is_name};
use crate::exit::{Error, Result};
use crate::model::run::{Revision, SourceInfo};

/// A source that is ready to be built.
#[derive(Debug, Clone)]
pub struct Source {
    /// Short name, unique in a plan.
    pub label: String,
    /// Where make finds it. Absolute; all that hmmsize unpacks shares one path.
    pub tree: PathBuf,
    /// Hex digest of the contents.
    pub digest: String,
    /// Kernel version from the tree's Makefile.
    pub kernel: Option<String>,
    /// The commit, where there is one.
    pub revision: Option<Revision>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a source comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The user's tree, used where it lies.
    Tree {
        /// Where the hashes of its files are remembered.
        index: PathBuf,
        /// When it was read.
        seen: SystemTime,
        /// When its files were written, see [`digest::Found`].
        stamps: String,
    },
    /// A commit, unpacked when it is needed.
    Commit {
        /// The user's repository, or a directory in it.
        repo: PathBuf,
        /// Where it is unpacked.
        slot: Arc<Slot>,
    },
    /// A tarball, unpacked when it is needed.
    Tarball {
        /// The user's file.
        file: PathBuf,
        /// Where it is unpacked.
        slot: Arc<Slot>,
    },
}

/// What all sources of a plan are prepared with.
pub struct Sources<'r> {
    /// Starts git and tar.
    pub runner: &'r Runner,
    /// The cache directory.
    pub cache: PathBuf,
    /// The tree or repository that is meant where none is named.
    pub default: PathBuf,
    slot: Option<Arc<Slot>>,
}

impl Source {
    /// Puts the source at [`Source::tree`]. Nothing to do for a user's own tree. No cell of another
    /// source with the same tree may be at work.
    pub fn enter(&self, runner: &Runner) -> Result<()> {
        match &self.origin {
            Origin::Tree { .. } => Ok(()),
            Origin::Commit { repo, slot } => slot.enter(&self.digest, |dir| {
                let hash = self.revision.as_ref().map_or("HEAD", |r| r.hash.as_str());
                Repo { dir: repo, runner }.unpack(hash, dir)?;
                Ok(dir.to_owned())
            }),
            Origin::Tarball { file, slot } => slot.enter(&self.digest, |dir| {
                git::untar(file, dir, runner)?;
                Ok(git::only_child(dir).unwrap_or_else(|| dir.to_owned()))
            }),
        }
    }

    /// Fails if the user's tree is no longer what was planned: somebody edited it meanwhile, and
    /// what is compiled from now on, or was since, is neither the one nor the other. What hmmsize
    /// unpacked is nobody's to edit. A second for a kernel, thanks to the index.
    pub fn check_unchanged(&self) -> Result<()> {
        let Origin::Tree { index, seen, stamps } = &self.origin else { return Ok(()) };
        let found = digest::find(&self.tree, index)?;
        let what = match (found.digest == self.digest, found.stamps == *stamps) {
            (true, true) => return Ok(()),
            // What was compiled in between may be neither the one nor the other.
            (true, false) => "changed and changed back",
            (false, _) => "changed",
        };
        let file = digest::changed_since(&self.tree, *seen)?;
        let file = file.map_or(String::new(), |file| format!(" ({})", file.display()));
        let tree = self.tree.display();
        Err(Error::Cell(format!(
            "{tree}: the source was {what} during the run{file}: start it again"
        )))
    }

    /// What tells this state of a user's tree from one with the same contents: half a build is only
    /// gone on with if the files are those that it has compiled.
    pub fn stamps(&self) -> &str {
        match &self.origin {
            Origin::Tree { stamps, .. } => stamps,
            Origin::Commit { .. } | Origin::Tarball { .. } => "",
        }
    }

    /// Whether the source has `path`. A tarball must have been entered.
    pub fn has(&self, path: &str, runner: &Runner) -> Result<bool> {
        match (&self.origin, &self.revision) {
            (Origin::Commit { repo, .. }, Some(revision)) => {
                Repo { dir: repo, runner }.exists(&revision.hash, path)
            }
            _ => Ok(self.tree.join(path).exists()),
        }
    }

    /// The source as `run.json` records it.
    pub fn info(&self) -> SourceInfo {
        SourceInfo {
            label: self.label.clone(),
            kernel: self.kernel.clone(),
            digest: Some(self.digest.clone()),
            revision: self.revision.clone(),
        }
    }
}

impl<'r> Sources<'r> {
    /// Nothing is unpacked or locked yet.
    pub fn new(runner: &'r Runner, cache: PathBuf, default: PathBuf) -> Self {
        Self { runner, cache, default, slot: None }
    }

    /// Prepares what one entry of a matrix names: a tree, a tarball, a revision, or for `rev =
    /// "A..B"` A and every commit after it up to B.
    pub fn prepare(&mut self, spec: &SourceSpec) -> Result<Vec<Source>> {
        let path = spec.path.clone().unwrap_or_else(|| self.default.clone());
        let real = path.canonicalize().map_err(|e| Error::io(&path, e))?;
        let repo = Repo { dir: &real, runner: self.runner };
        let one = match &spec.rev {
            Some(range) if range.contains("..") => {
                let label = |abbrev: &str| spec.label.as_ref().map(|l| format!("{l}-{abbrev}"));
                return repo
                    .range(range)?
                    .into_iter()
                    .map(|commit| self.commit(label(&commit.abbrev), real.clone(), commit))
                    .collect();
            }
            Some(rev) => {
                let revision = repo.commit(rev)?;
                self.commit(spec.label.clone(), real, revision)
            }
            None if real.is_dir() => self.tree(spec, &path, real),
            None => self.tarball(spec, &path, real),
        };
        Ok(vec![one?])
    }

    /// Prepares a commit of a repository.
    pub fn commit(
        &mut self,
        label: Option<String>,
        repo: PathBuf,
        revision: Revision,
    ) -> Result<Source> {
        let git = Repo { dir: &repo, runner: self.runner };
        let hash = &revision.hash;
        let tree_hash = git.tree_hash(hash)?;
        let makefile = git.show(hash, "Makefile")?;
        if makefile.is_none() || !git.exists(hash, "Kconfig")? {
            let message = format!("revision {} is not a kernel tree", revision.abbrev);
            return Err(Error::input(&repo, message));
        }
        let slot = self.slot()?;
        Ok(Source {
            label: label.unwrap_or_else(|| revision.abbrev.clone()),
            tree: slot.tree(),
            digest: blake3::hash(format!("git tree {tree_hash}").as_bytes()).to_hex().to_string(),
            kernel: makefile.as_deref().and_then(kernel_version),
            revision: Some(revision),
            origin: Origin::Commit { repo, slot },
        })
    }

    fn tree(&self, spec: &SourceSpec, named: &Path, tree: PathBuf) -> Result<Source> {
        check_tree(&tree, named)?;
        let text = std::fs::read_to_string(tree.join("Makefile")).unwrap_or_default();
        let (index, seen) = (self.cache.join("digests"), SystemTime::now());
        let found = digest::find(&tree, &index)?;
        Ok(Source {
            label: spec.label.clone().unwrap_or_else(|| label_of(&tree)),
            digest: found.digest,
            kernel: kernel_version(&text),
            revision: Repo { dir: &tree, runner: self.runner }.head()?,
            origin: Origin::Tree { index, seen, stamps: found.stamps },
            tree,
        })
    }

    fn tarball(&mut self, spec: &SourceSpec, named: &Path, file: PathBuf) -> Result<Source> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = name.find(".tar").map(|at| &name[..at]).or(name.strip_suffix(".tgz"));
        let stem = stem.ok_or_else(|| {
            Error::input(named, "is neither a kernel tree nor a tarball (.tar, .tar.xz, .tgz, …)")
        })?;
        let contents = digest::file(&file)?;
        let slot = self.slot()?;
        let mut source = Source {
            label: spec.label.clone().unwrap_or_else(|| label_of(Path::new(stem))),
            tree: slot.tree(),
            digest: blake3::hash(format!("tar {contents}").as_bytes()).to_hex().to_string(),
            kernel: None,
            revision: None,
            origin: Origin::Tarball { file, slot },
        };
        source.enter(self.runner)?;
        check_tree(&source.tree, named)?;
        let text = std::fs::read_to_string(source.tree.join("Makefile")).unwrap_or_default();
        source.kernel = kernel_version(&text);
        Ok(source)
    }

    fn slot(&mut self) -> Result<Arc<Slot>> {
        if self.slot.is_none() {
            self.slot = Some(Arc::new(Slot::take(&self.cache)?));
        }
        self.slot.clone().ok_or_else(|| Error::Usage("no slot".into()))
    }
}

/// A kernel tree that nobody has built in.
fn check_tree(tree: &Path, named: &Path) -> Result<()> {
    for needed in ["Makefile", "Kconfig"] {
        if !tree.join(needed).is_file() {
            return Err(Error::input(
                named,
                format!("is not a kernel tree: no {needed}; -C names one"),
            ));
        }
    }
    if tree.to_string_lossy().contains([' ', '\t', ':']) {
        return Err(Error::input(named, "make cannot build a path with spaces or colons"));
    }
    // The same test as the kernel's own `outputmakefile`, for every architecture.
    let built = [".config", "include/config", "include/generated"]
        .into_iter()
        .map(PathBuf::from)
        .chain(arch_dirs(tree).map(|dir| dir.join("include/generated")))
        .find(|path| tree.join(path).exists());
    match built {
        Some(path) => {
            let message = format!(
                "was built in place ({} is there): run `make mrproper` in it first, or build a \
                 revision of it",
                path.display()
            );
            Err(Error::input(named, message))
        }
        None => Ok(()),
    }
}

fn arch_dirs(tree: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(tree.join("arch")).into_iter().flatten().flatten();
    entries.map(|entry| Path::new("arch").join(entry.file_name()))
}

/// A name for a tree: that of its directory.
fn label_of(tree: &Path) -> String {
    let name = tree.file_name().unwrap_or_default().to_string_lossy();
    let clean: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-+".contains(c) { c } else { '_' })
        .collect();
    let clean = clean.trim_start_matches(['.', '-']).to_owned();
    if is_name(&clean) { clean } else { "tree".to_owned() }
}

/// `6.12.117` from the first lines of the Makefile.
/// `6.12.117` from the text of the top Makefile.
pub fn kernel_version(makefile: &str) -> Option<String> {
    let value = |key: &str| {
        makefile.lines().take(20).find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().to_owned())
        })
    };
    let (version, patch) = (value("VERSION")?, value("PATCHLEVEL")?);
    let level = value("SUBLEVEL").filter(|level| !level.is_empty());
    let extra = value("EXTRAVERSION").unwrap_or_default();
    Some(format!("{version}.{patch}{}{extra}", level.map_or(String::new(), |l| format!(".{l}"))))
}

/// Where hmmsize keeps what it can make again: `HMMSIZE_CACHE`, or `hmmsize` in the user's cache.
pub fn cache_dir() -> Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let dir = set("HMMSIZE_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|dir| dir.join("hmmsize")))
        .or_else(|| set("HOME").map(|dir| dir.join(".cache/hmmsize")))
        .ok_or_else(|| Error::Usage("HOME is not set: say HMMSIZE_CACHE=DIR".into()))?;
    std::path::absolute(&dir).map_err(|e| Error::io(&dir, e))
}

/// Reads `label=path` or `path` as `-C` takes it.
pub fn parse_word(word: &str) -> SourceSpec {
    match word.split_once('=') {
        Some((label, path)) if is_name(label) => {
            SourceSpec { label: Some(label.to_owned()), path: Some(matrix::home(path)), rev: None }
        }
        _ => SourceSpec { label: None, path: Some(matrix::home(word)), rev: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_makefile() {
        let text = "# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\n";
        assert_eq!(kernel_version(text).as_deref(), Some("6.12.117"));
        let text = "VERSION = 4\nPATCHLEVEL = 14\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n";
        assert_eq!(kernel_version(text).as_deref(), Some("4.14.0-rc3"));
        assert_eq!(kernel_version("all:\n"), None);
    }

    #[test]
    fn a_source_may_have_a_label() {
        assert_eq!(parse_word("old=/x/y").label.as_deref(), Some("old"));
        assert_eq!(parse_word("/x/a=b").label, None);
        assert_eq!(label_of(Path::new("/x/linux source-6.12")), "linux_source-6.12");
        assert_eq!(label_of(Path::new("/")), "tree");
    }
}
