//! `--diff REV`: what is new since a revision, in the files that changed and in those that did not.
//!
//! A finding is new if the tree has it and the revision does not; both are looked at, the revision with
//! its own version of the changed files (taken out of the repository into a directory of their own). What
//! is the same for both is worked out once, and what cannot have changed not at all: the revision is
//! asked only the rules that have found something which it may have too, and a patch of code is asked
//! about its own files, with what the rest of the tree has to say about them ([`super::reach`]).

use std::path::Path;
use std::time::Instant;

use rustc_hash::FxHashSet;

use super::load::{Kconfig, Session, What};
use super::reach::{self, Patch, Reach};
use crate::commands::config::tree;
use crate::exit::{Error, Result};
use crate::kbuild::git::{Changed, Repo};
use crate::kbuild::process::Runner;
use crate::lint::focus::Focus;
use crate::lint::{Rule, Tree, rules};
use crate::model::finding::Finding;

/// The tree, and its findings that were not there in `revision`.
pub fn new_since(
    session: &mut Session<'_>,
    revision: &str,
    rules: &[&'static Rule],
) -> Result<(Tree, Vec<Finding>)> {
    let start = Instant::now();
    let dir = session.args.tree.as_deref().unwrap_or(Path::new("."));
    let overlay = tempfile::tempdir().map_err(|err| Error::io(std::env::temp_dir(), err))?;
    let dialect = tree::dialect(session.args.dialect.as_deref())?;
    let dialect = tree::Tree::open(dir, dialect)?.dialect;
    // Whatever the patch is, Kconfig is read.
    let (args, color) = (session.args, session.color);
    let ask = || {
        let (changed, tree_hash) = ask_git(dir, revision, overlay.path())?;
        let patch = Patch { dir, overlay: overlay.path(), dialect, changed: &changed };
        let rules: Vec<&'static Rule> =
            rules.iter().copied().filter(|rule| patch.may_change(rule)).collect();
        // Whether a function is there is decided by files that did not change, too.
        let whole = rules.iter().any(|rule| rules::GATING.contains(&rule.code));
        let reach = if whole { Reach::Everything } else { reach::of(&patch, &tree_hash)? };
        Ok((changed, rules, reach))
    };
    let (asked, kconfig): (Result<_>, _) = rayon::join(ask, || Kconfig::read(args, color, None));
    let ((changed, rules, reach), kconfig) = (asked?, kconfig?);
    let patch = Patch { dir, overlay: overlay.path(), dialect, changed: &changed };
    session.phases.push(("ask git, read Kconfig".to_owned(), start.elapsed()));
    let now = What { kconfig: Some(&kconfig), ..What::default() };
    let is = match &reach {
        Reach::Everything => now,
        Reach::Files(only) => What { only: Some(only), ..now },
        Reach::Options(changes) => What { changes: Some(changes), ..now },
    };
    let (tree, mut findings) = session.apply(is, &rules)?;
    // Where what changed may make anything otherwise, everything was looked at.
    let is = if tree.focus.is_some() { is } else { What { changes: None, ..is } };
    if let Some(focus) = &tree.focus {
        retain_concerned(&tree, &patch, focus, &mut findings);
    }
    let doubtful: FxHashSet<String> = maybe_known(&tree, &patch, &findings);
    if !doubtful.is_empty() {
        let rules: Vec<&'static Rule> =
            rules.into_iter().filter(|rule| doubtful.contains(rule.code)).collect();
        let was = What { overlay: Some(overlay.path()), focus: tree.focus.as_ref(), ..is };
        let kconfig = was.kconfig.filter(|_| !patch.touches_kconfig());
        let was = What { kconfig, ..was };
        let mut before = match is.only {
            // The makefiles and Kconfig say the same.
            Some(only) if only.same_build => {
                let roots = [overlay.path(), &*tree.root];
                let read = |formulas: &mut _| only.read(&roots, formulas);
                session.ask(&tree.with_guards(overlay.path(), read), &rules)?
            }
            _ => session.apply(was, &rules)?.1,
        };
        // The overlay has the files as they were, and cannot take away what is new.
        before.retain(|finding| !patch.is_new(&finding.file));
        let known: FxHashSet<&str> = before.iter().map(|finding| &*finding.fingerprint).collect();
        findings.retain(|finding| !known.contains(&*finding.fingerprint));
    }
    Ok((tree, findings))
}

/// What changed since a revision, and the hash of its tree; the files as they were go into `overlay`.
fn ask_git(dir: &Path, revision: &str, overlay: &Path) -> Result<(Vec<Changed>, String)> {
    let runner = Runner::quiet();
    let repo = Repo { dir, runner: &runner };
    let commit = repo.commit(revision)?.hash;
    let changed = repo.changed(&commit)?;
    let old: Vec<&str> = changed.iter().filter(|c| c.was_there).map(|c| &*c.path).collect();
    if !old.is_empty() {
        repo.unpack_only(&commit, &old, overlay)?;
    }
    Ok((changed, repo.tree_hash(&commit)?))
}

/// Leaves what is about an option that the patch concerns, or at a line that it has made. Of guards,
/// just the files were read that are.
fn retain_concerned(tree: &Tree, patch: &Patch<'_>, focus: &Focus, findings: &mut Vec<Finding>) {
    let mut texts = tree.source_texts();
    // Of objects, only those were asked about that are; the line that lists one need not name an option.
    let was_concerned = |code: &str| {
        matches!(code, "B004" | "B005") || rules::find(code).is_some_and(|rule| rule.needs.guards)
    };
    findings.retain(|finding| {
        if focus.asked.contains(&*finding.file) {
            return true;
        }
        let line = texts.line(&finding.file, finding.line).into_owned();
        let symbol = finding.symbol.as_deref().unwrap_or_default();
        let names = [symbol, &finding.message, &line].into_iter().any(|text| {
            let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.any(|word| focus.concerned.contains(word.strip_prefix("CONFIG_").unwrap_or(word)))
        });
        let words: Vec<&str> = line.split_whitespace().collect();
        names || was_concerned(&finding.code) || !patch.had_line(&finding.file, &words)
    });
}

/// The rules, by code, that found something which the revision may have too: a fingerprint has the file
/// and the words of the line in it, and where the revision's file has no such line, the finding is new.
fn maybe_known(tree: &Tree, patch: &Patch<'_>, findings: &[Finding]) -> FxHashSet<String> {
    let mut texts = tree.source_texts();
    let mut codes = FxHashSet::default();
    for finding in findings {
        let line = texts.line(&finding.file, finding.line);
        let words: Vec<&str> = line.split_whitespace().collect();
        if !codes.contains(&finding.code) && patch.had_line(&finding.file, &words) {
            codes.insert(finding.code.clone());
        }
    }
    codes
}

impl Patch<'_> {
    /// Whether the patch makes the file.
    fn is_new(&self, file: &str) -> bool {
        self.changed.iter().any(|one| one.path == file && !one.was_there)
    }

    /// Whether the file has, before the patch, a line of these words.
    fn had_line(&self, file: &str, words: &[&str]) -> bool {
        let Some(Changed { was_there, .. }) = self.changed.iter().find(|one| one.path == file)
        else {
            return true;
        };
        let text = was_there.then(|| std::fs::read(self.overlay.join(file)).ok()).flatten();
        let text = text.unwrap_or_default();
        // What cannot be told apart may be the same.
        String::from_utf8_lossy(&text)
            .lines()
            .any(|line| line.split_whitespace().eq(words.iter().copied()))
    }
}
