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
use std::sync::{Mutex, OnceLock};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use self::links::Links;
use self::places::Places;
use self::uses::Known;
use super::context::{ArchSet, Tree};
use crate::kconf::eval::with_stack;
use crate::model::finding::{Fact, Finding};
use crate::model::formula::FormulaId;
use crate::source::symbols::{self, Mention, Symbols};
use crate::source::texts::Texts;

pub use self::missing::What;

/// Everything about the functions of a tree, worked out when it is first asked for.
#[derive(Debug, Default)]
pub struct Gating {
    /// The functions, where they are not to be read from the tree.
    given: Mutex<Option<Symbols>>,
    index: OnceLock<Index>,
    missing: OnceLock<Vec<(What, Finding)>>,
    leaks: OnceLock<Vec<Finding>>,
}

/// Functions, with what is linked into what, and under which conditions.
#[derive(Debug)]
struct Index {
    symbols: Symbols,
    links: Links,
    places: Places,
    known: Vec<Known>,
}

/// The functions of a tree, for those who ask.
#[derive(Debug, Clone, Copy)]
struct View<'t> {
    tree: &'t Tree,
    symbols: &'t Symbols,
    links: &'t Links,
    places: &'t Places,
    known: &'t [Known],
}

impl<'t> View<'t> {
    /// The number of the file that a mention is in.
    fn file(&self, mention: usize) -> u32 {
        self.symbols.mentions[mention].file
    }

    /// The name of the file that a mention is in.
    fn path(&self, mention: usize) -> &'t str {
        self.symbols.path(&self.symbols.mentions[mention])
    }

    /// What has to hold for a mention to be compiled, as far as its file says.
    fn conditions(&self, mention: usize) -> &'t [FormulaId] {
        self.places.conditions(mention)
    }
}

impl Gating {
    /// For these functions only.
    pub fn of(symbols: Symbols) -> Self {
        Self { given: Mutex::new(Some(symbols)), ..Self::default() }
    }

    /// The functions; none where the tree cannot be walked, which was told when its guards were read.
    fn view<'t>(&'t self, tree: &'t Tree) -> View<'t> {
        let index = self.index.get_or_init(|| {
            let given = self.given.lock().ok().and_then(|mut given| given.take());
            let read = || symbols::tree::read(&tree.roots()).unwrap_or_default();
            let symbols = given.unwrap_or_else(read);
            let links = Links::new(tree, &symbols);
            let places = Places::new(tree, &symbols);
            let known = uses::sort(tree, &symbols, &links);
            Index { symbols, links, places, known }
        });
        let Index { symbols, links, places, known } = index;
        View { tree, symbols, links, places, known }
    }

    /// Functions that are called where they are not.
    pub fn missing(&self, tree: &Tree) -> &[(What, Finding)] {
        self.missing.get_or_init(|| missing::find(self.view(tree)))
    }

    /// Functions that are where nobody uses them.
    pub fn leaks(&self, tree: &Tree) -> &[Finding] {
        self.leaks.get_or_init(|| leak::find(self.view(tree)))
    }

    /// Prototypes outside of the guards that their headers have for the option.
    pub fn prototypes(&self, tree: &Tree) -> Vec<Finding> {
        prototypes::find(self.view(tree))
    }

    /// Stubs that have another type than the function.
    pub fn stubs(&self, tree: &Tree) -> Vec<Finding> {
        stubs::find(tree, self.view(tree).symbols)
    }
}

/// So many findings are shown by one solver.
const SHOWN: usize = 256;

/// All architectures, those with the most drivers first: what one of these has is shown with it.
fn in_order(tree: &Tree) -> Vec<usize> {
    let is_small = |index: &usize| !matches!(&*tree.arches[*index].name, "x86" | "arm64");
    let mut order: Vec<usize> = (0..tree.arches.len()).collect();
    order.sort_by_key(is_small);
    order
}

/// What all architectures find, as one finding for all that do, in the order of keys. `confirm` says what an
/// architecture has; `show` makes findings of some of that, with a witness, and is asked of the first
/// architecture that can.
fn over_arches<K: Copy + Ord + Hash + Send + Sync>(
    tree: &Tree,
    confirm: impl Fn(usize) -> Vec<K> + Sync,
    show: impl Fn(usize, &FxHashSet<K>) -> Vec<(K, Finding)> + Sync,
) -> Vec<(K, Finding)> {
    let order = in_order(tree);
    // Without a thread there is no answer, and nothing is found.
    let one = |index: &usize| with_stack(|| confirm(*index)).unwrap_or_default();
    let confirmed: Vec<Vec<K>> = order.par_iter().map(one).collect();
    let mut arches: FxHashMap<K, ArchSet> = FxHashMap::default();
    let mut open: Vec<(usize, Vec<K>)> = Vec::new();
    for (arch, mut keys) in order.iter().copied().zip(confirmed) {
        keys.sort_unstable();
        keys.dedup();
        let is_new = |key: &K| !arches.contains_key(key);
        let new: Vec<K> = keys.iter().copied().filter(is_new).collect();
        open.extend(new.chunks(SHOWN).map(|chunk| (arch, chunk.to_vec())));
        for key in keys {
            *arches.entry(key).or_default() |= 1 << arch;
        }
    }
    let mut out: Vec<(K, Finding)> = Vec::new();
    while !open.is_empty() {
        let shown = open.par_iter().map(|(arch, keys)| {
            let wanted: FxHashSet<K> = keys.iter().copied().collect();
            with_stack(|| show(*arch, &wanted)).unwrap_or_default()
        });
        let shown: Vec<Vec<(K, Finding)>> = shown.collect();
        let mut later: FxHashMap<usize, Vec<K>> = FxHashMap::default();
        for ((arch, keys), shown) in open.iter().zip(shown) {
            let known: FxHashSet<K> = shown.iter().map(|(key, _)| *key).collect();
            for (key, mut finding) in shown {
                if tree.arches.len() > 1 {
                    finding.witness_arch = Some(tree.arches[*arch].name.clone());
                }
                finding.arches = tree.names(arches[&key]);
                finding.arches.sort();
                out.push((key, finding));
            }
            // What cannot be shown here is, on the next one.
            for key in keys.iter().filter(|key| !known.contains(key)) {
                let at = order.iter().position(|index| index == arch).unwrap_or(order.len());
                let next = order[at + 1..].iter().find(|index| has(arches[key], **index));
                if let Some(next) = next {
                    later.entry(*next).or_default().push(*key);
                }
            }
        }
        open = later.into_iter().collect();
        open.sort_unstable();
    }
    out.sort_unstable_by_key(|(key, _)| *key);
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
