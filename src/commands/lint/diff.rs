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
use crate::lint::{Rule, Tree};
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
    let touched = Some(Touched::of(&changed));
    let was = What { overlay: Some(overlay.path()), only, touched, ..What::default() };
    let is = What { overlay: None, ..was };
    let before = apply(was)?.1;
    let (tree, mut findings) = apply(is)?;
    let known: FxHashSet<&str> = before.iter().map(|finding| &*finding.fingerprint).collect();
    findings.retain(|finding| !known.contains(&*finding.fingerprint));
    Ok((tree, findings))
}

/// Whether a file decides about others.
fn has_effects_elsewhere(changed: &Changed) -> bool {
    let name = changed.path.rsplit('/').next().unwrap_or_default();
    name.starts_with("Kconfig") || is_makefile(name) || is_configuration(name)
}

fn is_makefile(name: &str) -> bool {
    name.starts_with("Makefile") || name.starts_with("Kbuild")
}

fn is_configuration(name: &str) -> bool {
    name.ends_with("_defconfig") || name.ends_with(".config")
}

/// Which kinds of files a patch touches that whole families of rules look at, and at nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Touched {
    /// Kconfig files.
    kconfig: bool,
    /// Makefiles.
    kbuild: bool,
    /// Configurations of the tree.
    configurations: bool,
}

impl Touched {
    fn of(changed: &[Changed]) -> Self {
        let names = || changed.iter().map(|one| one.path.rsplit('/').next().unwrap_or_default());
        Self {
            kconfig: names().any(|name| name.starts_with("Kconfig")),
            kbuild: names().any(is_makefile),
            configurations: names().any(is_configuration),
        }
    }

    /// Whether a rule can say something else than before.
    pub fn may_change(self, rule: &Rule) -> bool {
        match rule.code {
            // They read configurations and what Kconfig makes of them.
            "B002" | "B007" => self.kconfig || self.configurations,
            // They read makefiles and what Kconfig makes of them.
            "B001" | "B005" => self.kconfig || self.kbuild,
            code => self.kconfig || !code.starts_with('K'),
        }
    }
}
