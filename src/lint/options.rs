//! Which names after `CONFIG_` mean something, and what a name that means nothing may have been.
//!
//! A name is known if any architecture's Kconfig defines it, a file gives it by `#define`, or a makefile
//! by `-D` or by an assignment. Those that differ by a slip are found among the options of Kconfig.

use rustc_hash::FxHashSet;

use super::context::Tree;
use super::similar::Names;

/// The names that are known in a tree, without `CONFIG_`.
#[derive(Debug)]
pub struct Known<'a> {
    tree: &'a Tree,
    others: FxHashSet<Box<str>>,
    names: Names<'a>,
}

/// What options are often called beside their name, without `HAVE_` and the like.
const PREFIXES: &[&str] =
    &["HAVE_", "ARCH_HAS_", "ARCH_HAVE_", "HAVE_ARCH_", "ARCH_", "HAS_", "X86_"];

impl<'a> Known<'a> {
    /// All that the tree has; `assigned` are the variables `CONFIG_…` that makefiles set.
    pub fn new(tree: &'a Tree, assigned: impl IntoIterator<Item = Box<str>>) -> Self {
        let mut others: FxHashSet<Box<str>> = assigned.into_iter().collect();
        for change in tree.guards.files.iter().flat_map(|file| &file.overrides) {
            others.insert(tree.formulas.text(change.name).into());
        }
        for kbuild in tree.arches.iter().filter_map(|arch| arch.kbuild.as_ref()) {
            others.extend(kbuild.defines.iter().map(|define| define.symbol.as_str().into()));
        }
        others.extend(tree.focus.iter().flat_map(|focus| focus.given.iter().cloned()));
        let names = Names::new(tree.symbols.keys().map(|name| &**name));
        Self { tree, others, names }
    }

    /// Whether anything gives the name a meaning: as it is, or as the module of an option.
    pub fn has(&self, name: &str) -> bool {
        let one = |name: &str| self.tree.symbols.contains_key(name) || self.others.contains(name);
        one(name) || name.strip_suffix("_MODULE").is_some_and(one)
    }

    /// The option that was probably meant.
    pub fn near(&self, name: &str) -> Option<&'a str> {
        let symbols = &self.tree.symbols;
        let exact = |name: &str| symbols.get_key_value(name).map(|(name, _)| &**name);
        let upper = name.to_ascii_uppercase();
        let rewritten = upper
            .strip_prefix("CONFIG_")
            .and_then(exact)
            .or_else(|| exact(&upper))
            .or_else(|| upper.strip_suffix("_MODULE").and_then(exact))
            .or_else(|| PREFIXES.iter().find_map(|prefix| exact(&format!("{prefix}{name}"))))
            .or_else(|| PREFIXES.iter().find_map(|prefix| exact(name.strip_prefix(prefix)?)));
        if rewritten.is_some() {
            return rewritten;
        }
        self.names.like(name).filter(|near| !differ_in_number(name, near))
    }

    /// `; did you mean CONFIG_X?`, if there is such an option.
    pub fn hint(&self, name: &str) -> String {
        self.near(name).map_or(String::new(), |near| format!("; did you mean CONFIG_{near}?"))
    }
}

/// Whether two names are the same but for their digits: two models of one thing, not a slip.
fn differ_in_number(a: &str, b: &str) -> bool {
    let letters = |name: &str| -> String { name.chars().filter(|c| !c.is_ascii_digit()).collect() };
    letters(a) == letters(b)
}
