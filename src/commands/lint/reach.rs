//! How far a patch reaches: what of a tree has to be looked at to find what is new.
//!
//! Where only code changed, Kconfig and the makefiles say what they said, and no guard elsewhere can
//! mean anything else, with two exceptions that the text of the files shows: a source that another file
//! includes, and a `#define` of an option in a file that another includes. What the rest of the tree has
//! to say about the changed files (who includes them, who defines the options that they name) is in an
//! index of all files, which is kept for each revision.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::entries;
use super::kept;
use super::load::{Changes, Only};
use crate::exit::Result;
use crate::kbuild::git::Changed;
use crate::kconf::dialect::Dialect;
use crate::lint::Rule;
use crate::lint::focus::Names;
use crate::source::guards::FileKind;
use crate::source::guards::index::{Facts, Index};
use crate::source::guards::tree::join;

/// A patch: the tree has it.
#[derive(Debug, Clone, Copy)]
pub struct Patch<'a> {
    /// The tree.
    pub dir: &'a Path,
    /// The changed files as they were.
    pub overlay: &'a Path,
    /// The language of its Kconfig.
    pub dialect: Dialect,
    /// What changed.
    pub changed: &'a [Changed],
}

/// What has to be looked at.
#[derive(Debug)]
pub enum Reach {
    /// The whole tree.
    Everything,
    /// The guards of some files.
    Files(Only),
    /// What follows from some options, makefiles and configurations.
    Options(Box<Changes>),
}

/// The reach of a patch to a tree that was `tree_hash`.
pub fn of(patch: &Patch<'_>, tree_hash: &str) -> Result<Reach> {
    let names: Vec<&str> = patch.changed.iter().map(|one| &*one.path).collect();
    let set = |is_one: fn(&str) -> bool| -> FxHashSet<Box<str>> {
        names.iter().filter(|name| is_one(name)).map(|name| Box::from(*name)).collect()
    };
    let (makefiles, configurations) = (set(is_makefile), set(is_configuration));
    let kconfig: Vec<&str> = names.iter().copied().filter(|name| is_kconfig(name)).collect();
    let same_files = !patch.moves_files();
    let changes = Changes {
        makefiles,
        configurations,
        before: patch.overlay.to_owned(),
        same_names: true,
        ..Changes::default()
    };
    let before = kept::index(patch, tree_hash)?;
    let (before, after) = (before.only(&names), before.with(&[patch.dir], &names));
    let nothing = Facts::default();
    let facts = |index: &'_ Index, name: &str| index.get(name).unwrap_or(&nothing).clone();
    let mut included_otherwise = false;
    for name in &names {
        let (old, new) = (facts(&before, name), facts(&after, name));
        // What it does to others.
        if old.included != new.included || !old.overrides.is_empty() || !new.overrides.is_empty() {
            return Ok(Reach::Everything);
        }
        let includes = |root: &Path| -> FxHashSet<String> {
            let text = std::fs::read(root.join(name)).unwrap_or_default();
            quoted(&text).map(str::to_owned).collect()
        };
        let is_header = FileKind::of(name) == Some(FileKind::Header);
        included_otherwise |= is_header && includes(patch.overlay) != includes(patch.dir);
    }
    let files: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let files = context(&[patch.overlay, patch.dir], &[&before, &after], files);
    let overrides =
        |file: &String| after.get(file).is_some_and(|facts| !facts.overrides.is_empty());
    if included_otherwise && files.iter().any(overrides) {
        return Ok(Reach::Everything);
    }
    let same_build = same_files && kconfig.is_empty() && changes.makefiles.is_empty();
    let only = Only { files, included: after.included(), same_build };
    if kconfig.is_empty() && changes.makefiles.is_empty() && changes.configurations.is_empty() {
        return Ok(Reach::Files(only));
    }
    let (mut options, mut same_names) = (Names::default(), true);
    for name in kconfig {
        let text = |root: &Path| std::fs::read(root.join(name)).unwrap_or_default();
        let (old, new) = (text(patch.overlay), text(patch.dir));
        match entries::changed(name, &old, &new, patch.dialect) {
            Some(names) => options.extend(names),
            None => return Ok(Reach::Everything),
        }
        let defined = |text| entries::defined(name, text, patch.dialect);
        same_names &= defined(&old) == defined(&new);
    }
    Ok(Reach::Options(Box::new(Changes { options, same_names, index: after, only, ..changes })))
}

/// The files, those that give a value to an option which they name, and all that these include by a name
/// in quotes: what decides about their guards beside Kconfig and the makefiles.
pub fn context(roots: &[&Path], indexes: &[&Index], mut files: Vec<String>) -> Vec<String> {
    let mut wanted: FxHashSet<&str> = FxHashSet::default();
    for facts in indexes.iter().flat_map(|index| files.iter().map(|file| index.get(file))).flatten()
    {
        wanted.extend(facts.options.iter().map(|name| &**name));
    }
    let given = |facts: &Facts| facts.overrides.iter().any(|one| wanted.contains(&**one));
    for index in indexes {
        let giving = index.files().filter(|(_, facts)| given(facts));
        files.extend(giving.map(|(path, _)| path.to_owned()));
    }
    let is_known = |path: &String| indexes.iter().any(|index| index.get(path).is_some());
    let mut seen: FxHashSet<String> = FxHashSet::default();
    files.retain(|file| seen.insert(file.clone()));
    let mut at = 0;
    while at < files.len() {
        for root in roots {
            let text = std::fs::read(root.join(&files[at])).unwrap_or_default();
            let from = files[at].clone();
            for path in quoted(&text).filter_map(|name| join(&from, name)).filter(is_known) {
                if seen.insert(path.clone()) {
                    files.push(path);
                }
            }
        }
        at += 1;
    }
    files
}

/// The headers that a text includes by a name in quotes.
fn quoted(text: &[u8]) -> impl Iterator<Item = &str> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = line.trim_ascii_start().strip_prefix(b"#")?.trim_ascii_start();
        let name = line.strip_prefix(b"include")?.trim_ascii_start().strip_prefix(b"\"")?;
        std::str::from_utf8(name.split(|byte| *byte == b'"').next()?).ok()
    })
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_kconfig(path: &str) -> bool {
    last(path).starts_with("Kconfig")
}

fn is_makefile(path: &str) -> bool {
    let name = last(path);
    let is_part = || name == "Platform" || name.strip_suffix(".mk").is_some();
    name.starts_with("Makefile") || name.starts_with("Kbuild") || is_part()
}

fn is_configuration(path: &str) -> bool {
    path.ends_with("_defconfig") || path.ends_with(".config")
}

impl Patch<'_> {
    /// Whether there are other files than before.
    fn moves_files(&self) -> bool {
        self.changed.iter().any(|one| !one.was_there || !self.dir.join(&one.path).exists())
    }

    /// Whether Kconfig is another one than before.
    pub fn touches_kconfig(&self) -> bool {
        self.changed.iter().any(|one| is_kconfig(&one.path))
    }

    /// Whether a rule can say something else than before.
    pub fn may_change(&self, rule: &Rule) -> bool {
        let touches = |is_one: fn(&str) -> bool| self.changed.iter().any(|one| is_one(&one.path));
        let kconfig = self.touches_kconfig();
        match rule.code {
            // They read configurations and what Kconfig makes of them.
            "B002" | "B007" => kconfig || touches(is_configuration),
            // They read makefiles and what Kconfig makes of them.
            "B001" => kconfig || touches(is_makefile),
            "B003" | "B004" => touches(is_makefile) || self.moves_files(),
            "B005" => kconfig || touches(is_makefile) || self.moves_files(),
            code if code.starts_with('K') => kconfig,
            _ => !self.changed.iter().all(|one| is_configuration(&one.path)),
        }
    }
}
