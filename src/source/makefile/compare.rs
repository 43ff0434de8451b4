//! Which objects a patch of makefiles may concern: what is listed, reached or named otherwise than before.
//!
//! Both versions are evaluated, and what the changed makefiles say is compared item by item: a file whose
//! rule stands as it stood is built as it was. Where a makefile changes that all others are read with, or
//! what flags define, anything may be otherwise, and there is no answer.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Kbuild;
use super::descend::{Directories, Evaluated, Node, directories};
use super::lists::{Directory, Role};
use super::part::stem;
use super::syntax::Loc;
use super::words;
use crate::model::formula::{FormulaId, Formulas};
use crate::source::texts::Texts;

/// What makefiles may have made otherwise.
#[derive(Debug, Clone, Default)]
pub struct Affected {
    /// Objects and sources, from the top of the tree.
    pub files: FxHashSet<Box<str>>,
    /// The makefiles that list them.
    pub makefiles: FxHashSet<Box<str>>,
}

/// Both versions of the tree.
struct Versions<'k> {
    old: Side,
    new: Side,
    changed: &'k FxHashSet<Box<str>>,
    /// For the directory of each changed makefile, the stems that it names otherwise; nothing if it may
    /// name anything below.
    named: Vec<(&'k str, Option<FxHashSet<Box<str>>>)>,
    done: FxHashSet<(usize, usize)>,
    out: Affected,
}

struct Side {
    texts: Texts,
}

/// The directories of one architecture, by path.
struct Found(FxHashMap<String, Arc<Evaluated>>);

impl Kbuild {
    /// What the makefiles `changed` may make otherwise than they were in `old`, on any of these
    /// architectures; nothing where that may be anything. `roots` are those of `old` and of this one.
    pub fn affected(
        &self,
        old: &Self,
        arches: &[&str],
        changed: &FxHashSet<Box<str>>,
        roots: [&[&Path]; 2],
    ) -> Option<Affected> {
        let [old_texts, new_texts] = roots.map(Texts::new);
        let mut both = Versions {
            old: Side { texts: old_texts },
            new: Side { texts: new_texts },
            changed,
            named: Vec::new(),
            done: FxHashSet::default(),
            out: Affected { makefiles: changed.clone(), ..Affected::default() },
        };
        for makefile in changed {
            let dir = makefile.rsplit_once('/').map_or("", |(dir, _)| dir);
            let names = words::changed(both.old.texts.get(makefile), both.new.texts.get(makefile));
            both.named.push((dir, names));
        }
        let (before, after) =
            rayon::join(|| directories(old, arches), || directories(self, arches));
        for (before, after) in before.into_iter().zip(after) {
            both.arch(before, after)?;
        }
        both.unlisted(roots[1])?;
        Some(both.out)
    }
}

impl Versions<'_> {
    fn arch(&mut self, before: Directories, after: Directories) -> Option<()> {
        let decides =
            |one: &Directories| one.top.read.iter().any(|read| self.changed.contains(read));
        if decides(&before) || decides(&after) {
            return None;
        }
        let (before, after) = (Found::of(before.nodes), Found::of(after.nodes));
        let paths: FxHashSet<&String> = before.0.keys().chain(after.0.keys()).collect();
        let reads = |found: &Found, path: &String| {
            let directory = &found.0.get(path)?.directory;
            Some(directory.read.iter().any(|read| self.changed.contains(read)))
        };
        let touched: Vec<&String> = paths
            .into_iter()
            .filter(|path| reads(&before, path) == Some(true) || reads(&after, path) == Some(true))
            .collect();
        for path in touched {
            self.compare(path, &before, &after)?;
        }
        self.named(&before);
        self.named(&after);
        Some(())
    }

    /// Compares what a directory's makefile says.
    fn compare(&mut self, path: &str, before: &Found, after: &Found) -> Option<()> {
        let address = |one: Option<&Arc<Evaluated>>| one.map_or(0, |one| Arc::as_ptr(one) as usize);
        let (old, new) = (before.0.get(path), after.0.get(path));
        if !self.done.insert((address(old), address(new))) {
            return Some(());
        }
        let nothing = Directory::default();
        let mut f = Formulas::default();
        let old = old.map_or(&nothing, |one| &one.directory);
        let new = new.map_or(&nothing, |one| &one.directory);
        let (old, new) = (self.old.said(old, &mut f), self.new.said(new, &mut f));
        if old.defines != new.defines {
            return None;
        }
        for item in old.items.symmetric_difference(&new.items) {
            self.add(&item.path, item.source.as_deref());
        }
        let ways = old.below.symmetric_difference(&new.below).map(|below| below.path.clone());
        let ways: Vec<String> = ways.collect();
        for found in [before, after] {
            self.below(found, ways.clone());
        }
        Some(())
    }

    /// Everything in these directories and below.
    fn below(&mut self, found: &Found, mut todo: Vec<String>) {
        let mut seen = FxHashSet::default();
        while let Some(path) = todo.pop() {
            let Some(one) = found.0.get(&path).filter(|_| seen.insert(path.clone())) else {
                continue;
            };
            self.out.makefiles.extend(one.directory.read.iter().cloned());
            for item in &one.directory.items {
                self.add(&item.path, item.source.as_deref());
            }
            todo.extend(one.directory.below.iter().map(|below| below.path.clone()));
        }
    }

    /// What is listed and named otherwise by a changed makefile.
    fn named(&mut self, found: &Found) {
        for (path, one) in &found.0 {
            let above: Vec<usize> =
                (0..self.named.len()).filter(|at| is_below(path, self.named[*at].0)).collect();
            for item in one.directory.items.iter().filter(|_| !above.is_empty()) {
                if above.iter().any(|at| is_named(self.named[*at].1.as_ref(), &item.path)) {
                    self.add(&item.path, item.source.as_deref());
                }
            }
        }
    }

    /// Sources that no list may have, and that a changed makefile names otherwise.
    fn unlisted(&mut self, roots: &[&Path]) -> Option<()> {
        for (dir, names) in &self.named {
            for root in roots {
                let below = root.join(dir);
                if !below.is_dir() {
                    continue;
                }
                for path in crate::source::guards::tree::paths(&below).ok()? {
                    if is_named(names.as_ref(), &path) {
                        let path = if dir.is_empty() { path } else { format!("{dir}/{path}") };
                        self.out.files.insert(path.into());
                    }
                }
            }
        }
        Some(())
    }

    fn add(&mut self, object: &str, source: Option<&str>) {
        self.out.files.insert(object.into());
        self.out.files.extend(source.map(Box::from));
    }
}

impl Found {
    fn of(nodes: Vec<Node>) -> Self {
        Self(nodes.into_iter().map(|node| (node.path, node.evaluated)).collect())
    }
}

fn is_below(path: &str, dir: &str) -> bool {
    dir.is_empty()
        || path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_named(names: Option<&FxHashSet<Box<str>>>, path: &str) -> bool {
    let Some(names) = names else { return true };
    let stem = stem(path);
    names.contains(stem.rsplit('/').next().unwrap_or(stem))
}

/// What one version says, so that it can be compared.
#[derive(Default)]
struct Said {
    items: FxHashSet<Listed>,
    below: FxHashSet<Way>,
    defines: Vec<(String, Option<String>, String, FormulaId)>,
}

#[derive(PartialEq, Eq, Hash)]
struct Listed {
    path: Arc<str>,
    source: Option<Arc<str>>,
    role: Role,
    when: [FormulaId; 2],
    rule: String,
    part_of: Option<(Arc<str>, FormulaId, String)>,
    composite: bool,
}

#[derive(PartialEq, Eq, Hash)]
struct Way {
    path: String,
    role: Role,
    when: FormulaId,
    rule: String,
}

impl Side {
    fn said(&mut self, directory: &Directory, f: &mut Formulas) -> Said {
        let mut known = FxHashMap::default();
        let mut here = |f: &mut Formulas, id| f.import(&directory.formulas, id, &mut known);
        let mut said = Said::default();
        for item in &directory.items {
            let when = [here(f, item.when), here(f, item.listed)];
            let part_of = item
                .part_of
                .as_ref()
                .map(|whole| (whole.path.clone(), here(f, whole.when), self.line(&whole.rule)));
            said.items.insert(Listed {
                path: item.path.clone(),
                source: item.source.clone(),
                role: item.role,
                when,
                rule: self.line(&item.rule),
                part_of,
                composite: item.composite,
            });
        }
        for below in &directory.below {
            said.below.insert(Way {
                path: below.path.clone(),
                role: below.role,
                when: here(f, below.when),
                rule: self.line(&below.rule),
            });
        }
        for one in &directory.defines {
            let scope = format!("{:?}", one.scope);
            said.defines.push((one.symbol.clone(), one.value.clone(), scope, here(f, one.when)));
        }
        said
    }

    /// The words of a line, which a finding there is known by, and its file.
    fn line(&mut self, rule: &Loc) -> String {
        let line = self.texts.line(&rule.file, rule.line);
        let words: Vec<&str> = line.split_whitespace().collect();
        format!("{}: {}", rule.file, words.join(" "))
    }
}
