//! `--diff REV`: what is new since a revision, in the files that changed and in those that did not.
//!
//! The tree is looked at twice, once with the changed files as the revision has them (taken out of the
//! repository into a directory of their own), and what is found both times is left out. Only where
//! Kconfig or a makefile changed can something change elsewhere; otherwise just the changed files'
//! guards are read.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::load::What;
use crate::cli::lint::Lint;
use crate::exit::{Error, Result};
use crate::kbuild::git::{Changed, Repo};
use crate::kbuild::process::Runner;
use crate::lint::Tree;
use crate::model::finding::Finding;

/// The tree, and its findings that were not there in `revision`.
pub fn new_since(
    args: &Lint,
    revision: &str,
    apply: &mut impl FnMut(What<'_>) -> Result<(Tree, Vec<Finding>)>,
) -> Result<(Tree, Vec<Finding>)> {
    let dir = args.tree.as_deref().unwrap_or(Path::new("."));
    let runner = Runner::quiet();
    let repo = Repo { dir, runner: &runner };
    let commit = repo.commit(revision)?.hash;
    let changed = repo.changed(&commit)?;
    let old: Vec<&str> = changed.iter().filter(|c| c.was_there).map(|c| &*c.path).collect();
    let overlay = tempfile::tempdir().map_err(|err| Error::io(std::env::temp_dir(), err))?;
    if !old.is_empty() {
        repo.unpack_only(&commit, &old, overlay.path())?;
    }
    let names: Vec<&str> = changed.iter().map(|changed| &*changed.path).collect();
    let only = (!changed.iter().any(has_effects_elsewhere)).then_some(&*names);
    let before = apply(What { overlay: Some(overlay.path()), only, ..What::default() })?.1;
    let (tree, mut findings) = apply(What { only, ..What::default() })?;
    let known: FxHashSet<&str> = before.iter().map(|finding| &*finding.fingerprint).collect();
    findings.retain(|finding| !known.contains(&*finding.fingerprint));
    Ok((tree, findings))
}

/// Whether a file decides about others.
fn has_effects_elsewhere(changed: &Changed) -> bool {
    let name = changed.path.rsplit('/').next().unwrap_or_default();
    ["Kconfig", "Makefile", "Kbuild"].iter().any(|word| name.starts_with(word))
        || name.ends_with("_defconfig")
        || name.ends_with(".config")
}
