//! What a file's text has that matters to others, found without reading it properly: the sources that it
//! includes, the options that it gives a value, and those that it names.
//!
//! Who lints a patch reads the guards of few files, and has to know which. The index is coarse on the
//! safe side: what stands in comments counts too. It is the same for the same text, so that one of a
//! revision can be kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::tree::{included, is_kernel, paths};
use super::types::FileKind;
use crate::exit::Result;

/// What the text of one file has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The `.c` and `.S` files that it includes, as it names them, sorted.
    pub included: Vec<Box<str>>,
    /// The options (without `CONFIG_`) that it defines or undefines, sorted.
    pub overrides: Vec<Box<str>>,
    /// All names after `CONFIG_` and in `IS_ENABLED(…)` and the like, sorted; of one that ends in
    /// `_MODULE`, what is before that too.
    pub options: Vec<Box<str>>,
}

/// The facts of all files that have any, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    files: BTreeMap<Box<str>, Facts>,
}

impl Facts {
    /// Those of a text.
    pub fn of(text: &[u8]) -> Self {
        let mut names = FxHashSet::default();
        included(text, &mut names);
        let (mut overrides, mut options) = (FxHashSet::default(), FxHashSet::default());
        for at in memmem::find_iter(text, b"CONFIG_") {
            let Some(name) = name_at(text, at + b"CONFIG_".len()) else { continue };
            if at.checked_sub(1).is_some_and(|before| in_name(text[before])) {
                continue;
            }
            let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
            let directive = text[line..at].trim_ascii();
            if directive.ends_with(b"define") || directive.ends_with(b"undef") {
                overrides.insert(name);
            }
            options.insert(name);
        }
        for at in memmem::find_iter(text, b"IS_") {
            let open = text[at..].iter().take(16).position(|byte| *byte == b'(');
            options.extend(open.and_then(|open| {
                let inside = text[at + open + 1..].trim_ascii_start();
                name_at(text, text.len() - inside.len())
            }));
        }
        let of_modules: Vec<&str> =
            options.iter().filter_map(|name| name.strip_suffix("_MODULE")).collect();
        options.extend(of_modules);
        let mut included: Vec<Box<str>> = names.into_iter().collect();
        included.sort_unstable();
        Self { included, overrides: sorted(overrides), options: sorted(options) }
    }

    fn is_empty(&self) -> bool {
        self.included.is_empty() && self.overrides.is_empty() && self.options.is_empty()
    }

    /// Whether it names one of these options.
    pub fn names_any(&self, names: &FxHashSet<Box<str>>) -> bool {
        self.options.iter().any(|name| names.contains(name))
    }
}

fn sorted(names: FxHashSet<&str>) -> Vec<Box<str>> {
    let mut names: Vec<Box<str>> = names.into_iter().map(Box::from).collect();
    names.sort_unstable();
    names
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn name_at(text: &[u8], start: usize) -> Option<&str> {
    let len = text[start..].iter().take_while(|byte| in_name(**byte)).count();
    std::str::from_utf8(&text[start..start + len]).ok().filter(|name| !name.is_empty())
}

impl Index {
    /// Reads the tree that is in `roots`: a file is in the first that has it. What cannot be read has no
    /// facts; a tree that cannot be walked is an error.
    pub fn read(roots: &[&Path]) -> Result<Self> {
        let mut names = Vec::new();
        for root in roots {
            names.extend(paths(root)?);
        }
        names.sort_unstable();
        names.dedup();
        let files = names.into_par_iter().filter_map(|path| {
            let facts = read(roots, &path)?;
            (!facts.is_empty()).then(|| (path.into(), facts))
        });
        let files: Vec<(Box<str>, Facts)> = files.collect();
        Ok(Self { files: files.into_iter().collect() })
    }

    /// The same index where these files, relative to the first of `roots` that has them, may be others.
    #[must_use]
    pub fn with(mut self, roots: &[&Path], names: &[&str]) -> Self {
        let names = names.par_iter().copied().filter(|name| is_kernel(name));
        let all: Vec<(&str, Option<Facts>)> =
            names.map(|name| (name, read(roots, name).filter(|facts| !facts.is_empty()))).collect();
        for (name, facts) in all {
            match facts {
                Some(facts) => drop(self.files.insert(name.into(), facts)),
                None => drop(self.files.remove(name)),
            }
        }
        self
    }

    /// Just these files.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        let known = names.iter().filter_map(|name| self.files.get_key_value(*name));
        Self { files: known.map(|(name, facts)| (name.clone(), facts.clone())).collect() }
    }

    /// The files and their facts.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Facts)> {
        self.files.iter().map(|(path, facts)| (&**path, facts))
    }

    /// The facts of a file; nothing if it has none.
    pub fn get(&self, path: &str) -> Option<&Facts> {
        self.files.get(path)
    }

    /// The sources that others include, as the `#include` names them.
    pub fn included(&self) -> FxHashSet<Box<str>> {
        self.files.values().flat_map(|facts| facts.included.iter().cloned()).collect()
    }

    /// As text: for each file a line of its path and one for each kind of fact, by tabs.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for (path, facts) in &self.files {
            let parts = [&facts.included, &facts.overrides, &facts.options];
            let [included, overrides, options] = parts.map(|names| names.join("\t"));
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{path}\n{included}\n{overrides}\n{options}");
        }
        let _ = writeln!(out, "{END}");
        out
    }

    /// What [`Index::to_text`] made; nothing if it is something else, or cut off.
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.strip_suffix(END_LINE)?;
        let words = |line: &str| -> Vec<Box<str>> {
            line.split('\t').filter(|word| !word.is_empty()).map(Box::from).collect()
        };
        let mut files = BTreeMap::new();
        let mut lines = text.lines();
        while let Some(path) = lines.next() {
            let (included, overrides, options) = (lines.next()?, lines.next()?, lines.next()?);
            let facts = Facts {
                included: words(included),
                overrides: words(overrides),
                options: words(options),
            };
            files.insert(path.into(), facts);
        }
        Some(Self { files })
    }
}

/// The last line of an index that is whole.
const END: &str = "end";
const END_LINE: &str = "end\n";

fn read(roots: &[&Path], path: &str) -> Option<Facts> {
    FileKind::of(path)?;
    let text = roots.iter().find_map(|root| std::fs::read(root.join(path)).ok())?;
    Some(Facts::of(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_to_others_is_found_and_kept() {
        let text = b"#include \"b.c\"\n#  define CONFIG_A 1\n#undef CONFIG_B\n\
            #if defined(CONFIG_C_MODULE) || IS_ENABLED( D)\nMY_CONFIG_E\n";
        let facts = Facts::of(text);
        assert_eq!(facts.included, ["b.c".into()]);
        assert_eq!(facts.overrides, ["A".into(), "B".into()]);
        assert_eq!(facts.options, ["A", "B", "C", "C_MODULE", "D"].map(Box::from));
        let index = Index { files: [("a.c".into(), facts), ("z.h".into(), Facts::of(b""))].into() };
        let text = index.to_text();
        assert_eq!(Index::from_text(&text), Some(index));
        assert_eq!(Index::from_text(&text[..text.len() / 2]), None, "cut off");
    }
}
