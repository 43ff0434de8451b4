//! Questions to git. It only ever reads: optional locks are off, nothing is checked out, and
//! revisions leave the repository through `git archive`.
//!
//! A repository's configuration can name programs: monitors, hooks, filters, external diffs, transports.
//! A tree that somebody else packed may carry one, so none of them is run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::environment;
use super::process::{Command, Runner};
use crate::exit::{Error, Result};
use crate::model::run::Revision;

/// A directory in a work tree (or a bare repository) and the runner that asks.
#[derive(Clone, Copy)]
pub struct Repo<'r> {
    /// Where questions are asked; paths are relative to it.
    pub dir: &'r Path,
    /// Runs git.
    pub runner: &'r Runner,
}

/// A file that a work tree has otherwise than a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    /// Relative to [`Repo::dir`].
    pub path: String,
    /// The commit has it.
    pub was_there: bool,
}

/// Nothing that a repository's configuration names is run.
const NO_PROGRAMS: [&str; 3] =
    ["core.fsmonitor=false", "core.hooksPath=/dev/null", "protocol.allow=never"];

impl Repo<'_> {
    fn command<S: Into<OsString>>(self, args: impl IntoIterator<Item = S>) -> Command {
        self.with(&[], args)
    }

    /// git with the repository's programs switched off, and with these settings.
    fn with<S: Into<OsString>>(
        self,
        settings: &[String],
        args: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(["git", "-C"]).arg(self.dir).arg("--no-optional-locks");
        for setting in NO_PROGRAMS.iter().copied().chain(settings.iter().map(String::as_str)) {
            command = command.arg("-c").arg(setting);
        }
        command.argv.extend(args.into_iter().map(Into::into));
        command.env = environment::plain(std::env::vars_os());
        command.env.insert("GIT_NO_LAZY_FETCH".into(), "1".into());
        command.capture()
    }

    /// Settings that make the repository's filters do nothing: they would be run for what is compared
    /// with the work tree, and for what is unpacked.
    fn no_filters(self) -> Result<Vec<String>> {
        let wanted = "^filter[.].*[.](clean|smudge|process|required)$";
        let names = self.ask(["config", "-z", "--name-only", "--get-regexp", wanted])?;
        let names = names.unwrap_or_default();
        let names = names.split('\0').filter(|name| !name.is_empty() && !name.contains('='));
        Ok(names.map(|name| format!("{name}=")).collect())
    }

    /// Output of a command that succeeded, `None` if it failed.
    fn ask<S: Into<OsString>>(self, args: impl IntoIterator<Item = S>) -> Result<Option<String>> {
        let done = self.runner.run(&self.command(args))?;
        Ok(done.ok().then(|| done.text()))
    }

    /// Whether git knows this directory at all.
    pub fn is_repository(self) -> Result<bool> {
        Ok(self.ask(["rev-parse", "--git-dir"])?.is_some())
    }

    /// The commit that `rev` names.
    pub fn commit(self, rev: &str) -> Result<Revision> {
        if !self.is_repository()? {
            let message = format!("is not in a git repository, so revision `{rev}` means nothing");
            return Err(Error::input(self.dir, message));
        }
        let unknown = || Error::Usage(format!("{}: unknown revision `{rev}`", self.dir.display()));
        if rev.starts_with('-') {
            return Err(unknown());
        }
        let peeled = format!("{rev}^{{commit}}");
        let hash = self
            .ask(["rev-parse", "--verify", "--quiet", "--end-of-options", &peeled])?
            .ok_or_else(unknown)?;
        let line = self.ask(["log", "-1", "--no-show-signature", "--format=%h%x09%s", &hash])?;
        let line = line.ok_or_else(unknown)?;
        let (abbrev, subject) = line.split_once('\t').unwrap_or((line.as_str(), ""));
        Ok(Revision {
            hash: hash.clone(),
            abbrev: abbrev.to_owned(),
            subject: subject.to_owned(),
            dirty: false,
        })
    }

    /// `A..B`: A, then every commit after it up to B, oldest first.
    pub fn range(self, range: &str) -> Result<Vec<Revision>> {
        let ends = range.split_once("..").filter(|(a, b)| !a.is_empty() && !b.starts_with('.'));
        let (first, last) = ends.ok_or_else(|| {
            Error::Usage(format!(
                "--range {range}: expected A..B, two revisions of which A is older"
            ))
        })?;
        let last = if last.is_empty() { "HEAD" } else { last };
        let (first, last) = (self.commit(first)?, self.commit(last)?);
        let span = format!("{}..{}", first.hash, last.hash);
        let list = self.ask(["rev-list", "--reverse", "--topo-order", &span])?.unwrap_or_default();
        let mut out = vec![first];
        for hash in list.lines() {
            out.push(self.commit(hash)?);
        }
        if out.len() == 1 {
            return Err(Error::Usage(format!("range {range}: there are no commits in it")));
        }
        Ok(out)
    }

    /// The commit of a work tree, if `dir` belongs to one, and whether it has been changed since.
    pub fn head(self) -> Result<Option<Revision>> {
        // A tree unpacked somewhere inside another project's repository is not that project.
        if self.ask(["ls-files", "--error-unmatch", "Makefile"])?.is_none() {
            return Ok(None);
        }
        let mut revision = self.commit("HEAD")?;
        let status = self.with(&self.no_filters()?, ["status", "--porcelain", "--", "."]);
        let status = self.runner.run(&status)?;
        let status = status.ok().then(|| status.text());
        revision.dirty = status.is_none_or(|text| !text.is_empty());
        Ok(Some(revision))
    }

    /// The hash of the tree object below [`Repo::dir`] at `commit`: it determines every byte.
    pub fn tree_hash(self, commit: &str) -> Result<String> {
        let prefix = self.ask(["rev-parse", "--show-prefix"])?.unwrap_or_default();
        let object = format!("{commit}:{prefix}");
        self.ask(["rev-parse", "--verify", "--quiet", object.trim_end_matches('/')])?
            .ok_or_else(|| Error::input(self.dir, format!("does not exist in revision {commit}")))
    }

    /// The files that differ between two tree objects, or nothing where the repository has not both.
    pub fn between(self, old: &str, new: &str) -> Result<Option<Vec<String>>> {
        let diff = ["diff-tree", "-r", "--name-only", "--no-renames", "-z", old, new];
        let names = |text: String| {
            let names = text.split('\0').filter(|path| !path.is_empty());
            names.map(str::to_owned).collect()
        };
        Ok(self.ask(diff)?.map(names))
    }

    /// The files below [`Repo::dir`] that differ between `commit` and the work tree, and those that are
    /// new there and not ignored.
    pub fn changed(self, commit: &str) -> Result<Vec<Changed>> {
        let how = ["--no-ext-diff", "--no-textconv", "--name-status", "--no-renames"];
        let diff = ["diff"].into_iter().chain(how).chain(["-z", "--relative", commit, "--", "."]);
        let failed = || Error::input(self.dir, format!("git diff {commit} failed"));
        let done = self.runner.run(&self.with(&self.no_filters()?, diff))?;
        let text = done.ok().then(|| done.text()).ok_or_else(failed)?;
        let mut words = text.split('\0').filter(|word| !word.is_empty());
        let mut changed = Vec::new();
        while let (Some(status), Some(path)) = (words.next(), words.next()) {
            changed.push(Changed { path: path.to_owned(), was_there: !status.starts_with('A') });
        }
        let new = self.ask(["ls-files", "--others", "--exclude-standard", "-z"])?;
        let new = new.ok_or_else(failed)?;
        let new = new.split('\0').filter(|path| !path.is_empty());
        changed.extend(new.map(|path| Changed { path: path.to_owned(), was_there: false }));
        changed.sort();
        Ok(changed)
    }

    /// The text of a file at `commit`.
    pub fn show(self, commit: &str, path: &str) -> Result<Option<String>> {
        self.ask(["show", "--no-textconv", &format!("{commit}:./{path}")])
    }

    /// Whether a path exists at `commit`.
    pub fn exists(self, commit: &str, path: &str) -> Result<bool> {
        Ok(self.ask(["cat-file", "-e", &format!("{commit}:./{path}")])?.is_some())
    }

    /// Writes the files of `commit` into the directory `into`, which must exist.
    pub fn unpack(self, commit: &str, into: &Path) -> Result<()> {
        self.unpack_only(commit, &[], into)
    }

    /// Writes these files of `commit`, or all if none is named, into the directory `into`.
    pub fn unpack_only(self, commit: &str, paths: &[&str], into: &Path) -> Result<()> {
        let tar = into.with_extension("tar");
        let mut output = OsString::from("--output=");
        output.push(&tar);
        let archive = [
            OsString::from("archive"),
            OsString::from("--format=tar"),
            output,
            commit.into(),
            "--".into(),
        ];
        let archive = self.with(&self.no_filters()?, archive);
        // A name is a name, whatever characters are in it.
        let literal = paths.iter().map(|path| format!(":(literal){path}").into());
        let archive = literal.fold(archive, |archive, path: OsString| archive.arg(path));
        let done = self.runner.run(&archive);
        let unpacked = done.and_then(|done| {
            if done.ok() {
                return untar(&tar, into, self.runner);
            }
            let message = format!("git archive {commit} {}: {}", done.how(), said(&done.stderr));
            Err(Error::input(self.dir, message))
        });
        let _ = std::fs::remove_file(&tar);
        unpacked
    }
}

/// Unpacks a tarball, compressed or not, into an existing directory.
pub fn untar(tar: &Path, into: &Path, runner: &Runner) -> Result<()> {
    let mut command =
        Command::new(["tar", "--no-same-owner", "-xf"]).arg(tar).arg("-C").arg(into).capture();
    command.env = environment::plain(std::env::vars_os());
    let done = runner.run(&command)?;
    if done.ok() {
        return Ok(());
    }
    Err(Error::input(tar, format!("cannot be unpacked: {}", said(&done.stderr))))
}

/// The last line a program said, for a one-line message.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("no message").trim().to_owned()
}

/// The only directory in `dir`, if it has just one entry: tarballs have a top directory.
pub fn only_child(dir: &Path) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(dir).ok()?;
    let first = entries.next()?.ok()?.path();
    (entries.next().is_none() && first.is_dir()).then_some(first)
}
