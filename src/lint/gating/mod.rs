//! Whether functions are there where they are used, and only there: what the rules about symbols ask.
//!
//! For each function: where the linker finds it (objects and guards), where headers have a stub for
//! it, where it is called. All of these are conditions with three values, since an object is absent,
//! in a module, or in the kernel. A question is put to the solver only where the text does not
//! already answer it. A macro is not looked into, so a function that may come from one is left alone.

pub mod ask;
mod leak;
mod links;
mod missing;
mod places;
mod prototypes;
mod site;
mod stubs;
mod uses;

use std::hash::Hash;
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::context::{ArchSet, Tree};
use crate::kconf::eval::with_stack;
use crate::model::finding::{Fact, Finding};
use crate::source::symbols::{self, Mention, Symbols};
use crate::source::texts::Texts;

pub use self::missing::What;

/// Everything about the functions of a tree, worked out when it is first asked for.
#[derive(Debug, Default)]
pub struct Gating {
    symbols: OnceLock<Symbols>,
    missing: OnceLock<Vec<(What, Finding)>>,
    leaks: OnceLock<Vec<Finding>>,
}

impl Gating {
    /// The functions; none where the tree cannot be walked, which was told when its guards were read.
    fn symbols(&self, tree: &Tree) -> &Symbols {
        self.symbols.get_or_init(|| symbols::tree::read(&tree.roots()).unwrap_or_default())
    }

    /// Functions that are called where they are not.
    pub fn missing(&self, tree: &Tree) -> &[(What, Finding)] {
        self.missing.get_or_init(|| missing::find(tree, self.symbols(tree)))
    }

    /// Functions that are where nobody uses them.
    pub fn leaks(&self, tree: &Tree) -> &[Finding] {
        self.leaks.get_or_init(|| leak::find(tree, self.symbols(tree)))
    }

    /// Prototypes outside of the guards that their headers have for the option.
    pub fn prototypes(&self, tree: &Tree) -> Vec<Finding> {
        prototypes::find(tree, self.symbols(tree))
    }

    /// Stubs that have another type than the function.
    pub fn stubs(&self, tree: &Tree) -> Vec<Finding> {
        stubs::find(tree, self.symbols(tree))
    }
}

/// The architectures that are asked about everything: those with the most drivers, if there are any
/// others. Twenty more would say the same again about nearly all.
fn asked_all(tree: &Tree) -> ArchSet {
    let known = |index: &usize| matches!(&*tree.arches[*index].name, "x86" | "arm64");
    let set = (0..tree.arches.len()).filter(known).fold(0, |set, index| set | 1 << index);
    if set == 0 { tree.all() } else { set }
}

/// Asks all architectures, those first that are asked about everything.
fn each_arch<T: Send>(tree: &Tree, ask: impl Fn(usize) -> Vec<T> + Sync) -> Vec<(usize, T)> {
    let all = asked_all(tree);
    let (first, others): (Vec<usize>, Vec<usize>) =
        (0..tree.arches.len()).partition(|index| has(all, *index));
    let mut out = Vec::new();
    for wave in [first, others] {
        // Without a thread there is no answer, and nothing is found.
        let one = |index: usize| -> Vec<(usize, T)> {
            let found = with_stack(|| ask(index)).unwrap_or_default();
            found.into_iter().map(|found| (index, found)).collect()
        };
        let found: Vec<Vec<(usize, T)>> = wave.into_par_iter().map(one).collect();
        out.extend(found.into_iter().flatten());
    }
    out
}

/// What several architectures found is one finding, for all of them: those of one key, in the order of the
/// first ones. The witness is that of the first architecture.
fn merged<K: Clone + Eq + Hash>(
    tree: &Tree,
    found: impl IntoIterator<Item = (usize, (K, Finding))>,
) -> Vec<(K, Finding)> {
    let mut known: FxHashMap<K, usize> = FxHashMap::default();
    let mut out: Vec<(K, Finding)> = Vec::new();
    for (arch, (key, mut finding)) in found {
        let names = tree.names(1 << arch);
        if let Some(&at) = known.get(&key) {
            out[at].1.arches.extend(names);
            continue;
        }
        if tree.arches.len() > 1 {
            finding.witness_arch = Some(tree.arches[arch].name.clone());
        }
        finding.arches = names;
        known.insert(key.clone(), out.len());
        out.push((key, finding));
    }
    for (_, finding) in &mut out {
        finding.arches.sort();
    }
    out
}

/// The text of a mention's line as a fact.
fn fact(symbols: &Symbols, texts: &mut Texts, mention: &Mention, what: &str) -> Fact {
    let file = symbols.path(mention);
    let text = texts.get(file);
    let upto = &text[..(mention.at as usize).min(text.len())];
    let line = memchr::memchr_iter(b'\n', upto).count() as u32 + 1;
    Fact { file: file.to_string(), line, text: what.to_owned() }
}

/// Bit `index` of a set.
fn has(set: ArchSet, index: usize) -> bool {
    set >> index & 1 == 1
}
