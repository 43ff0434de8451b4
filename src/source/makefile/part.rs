//! A part of what is built: the objects of some files, and what some options decide about.
//!
//! All makefiles are evaluated, once for all architectures; but of what they say, only the directories
//! that lead to something in the part are followed, which is most of the work for each architecture.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::descend::{Node, ROOT};
use super::lists::Item;
use super::top::Top;
use crate::model::formula::{FormulaId, Formulas};
use crate::model::valuation;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Only {
    /// Paths up to the first dot of their last part.
    pub(super) stems: FxHashSet<String>,
    /// Options without `CONFIG_`.
    pub(super) options: FxHashSet<Box<str>>,
}

/// What a directory's makefile has of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Has {
    /// An object of the files.
    files: bool,
    /// One of the options is named.
    options: bool,
}

/// What is known of directories, by the address of what was evaluated.
pub(super) type Parts = FxHashMap<usize, Has>;

impl Only {
    /// What there is of it in each of the directories.
    fn in_directories(&self, nodes: &[Node], known: &mut Parts) -> Vec<Has> {
        let in_one = |node: &Node| {
            let directory = &node.evaluated.directory;
            let has = || Has {
                files: directory.items.iter().any(|item| self.is_of_files(item)),
                options: self.is_named_at_all(&directory.formulas),
            };
            *known.entry(address(node)).or_insert_with(has)
        };
        nodes.iter().map(in_one).collect()
    }

    fn is_of_files(&self, item: &Item) -> bool {
        let is_one = |path: &str| self.stems.contains(stem(path));
        is_one(&item.path) || item.source.as_deref().is_some_and(is_one)
    }

    fn is_named_at_all(&self, formulas: &Formulas) -> bool {
        !self.options.is_empty() && formulas.names().any(|name| self.options.contains(name))
    }

    /// By formula: whether it names one of the options.
    fn naming(&self, formulas: &Formulas) -> Vec<bool> {
        valuation::naming(formulas, |name| self.options.contains(name))
    }
}

/// What of one architecture belongs to the part.
pub(super) struct Wanted<'o> {
    only: &'o Only,
    /// The stems of what one of the options decides about. Whoever else lists it counts, too.
    stems: FxHashSet<Box<str>>,
    /// What the wanted objects are parts of.
    wholes: FxHashSet<Arc<str>>,
}

impl<'o> Wanted<'o> {
    /// Finds it, and leaves just the directories that are needed.
    pub(super) fn of(only: &'o Only, top: &Top, nodes: &mut Vec<Node>, known: &mut Parts) -> Self {
        let has = only.in_directories(nodes, known);
        let mut naming: FxHashMap<usize, Vec<bool>> = FxHashMap::default();
        for (node, _) in nodes.iter().zip(&has).filter(|(_, has)| has.options) {
            let known = naming.entry(address(node));
            known.or_insert_with(|| only.naming(&node.evaluated.directory.formulas));
        }
        let at_top = only.is_named_at_all(&top.formulas).then(|| only.naming(&top.formulas));
        let mut wanted = Self { only, stems: FxHashSet::default(), wholes: FxHashSet::default() };
        let below = below_options(nodes, &naming, at_top.as_deref());
        for (node, below) in nodes.iter().zip(&below) {
            let naming = naming.get(&address(node));
            if !*below && naming.is_none() {
                continue;
            }
            let names = |id: FormulaId| naming.is_some_and(|naming| naming[id.0 as usize]);
            for item in &node.evaluated.directory.items {
                let whole = item.part_of.as_ref();
                let by_option = *below
                    || names(item.when)
                    || names(item.listed)
                    || whole.is_some_and(|whole| names(whole.when));
                if by_option {
                    wanted.stems.insert(stem(&item.path).into());
                }
            }
        }
        let mut needed = below;
        for ((needed, node), has) in needed.iter_mut().zip(nodes.iter()).zip(&has) {
            let directory = &node.evaluated.directory;
            // What flags define is asked for by name, wherever that is.
            *needed |= !directory.defines.is_empty();
            if !has.files && wanted.stems.is_empty() {
                continue;
            }
            for item in &directory.items {
                if wanted.is_wanted(item) {
                    *needed = true;
                    wanted.wholes.extend(item.part_of.as_ref().map(|whole| whole.path.clone()));
                }
            }
        }
        // What a wanted object is part of need not be listed where the object is.
        for (needed, node) in needed.iter_mut().zip(nodes.iter()).filter(|(needed, _)| !**needed) {
            let mut items = node.evaluated.directory.items.iter();
            *needed = !wanted.wholes.is_empty() && items.any(|item| wanted.is_whole(item));
        }
        leave(nodes, needed);
        wanted
    }

    pub(super) fn has(&self, item: &Item) -> bool {
        self.is_wanted(item) || self.is_whole(item)
    }

    fn is_wanted(&self, item: &Item) -> bool {
        self.only.is_of_files(item)
            || (!self.stems.is_empty() && self.stems.contains(stem(&item.path)))
    }

    fn is_whole(&self, item: &Item) -> bool {
        item.composite && self.wholes.contains(&item.path)
    }
}

fn address(node: &Node) -> usize {
    Arc::as_ptr(&node.evaluated) as usize
}

/// By directory: whether one of the options decides if it is visited.
fn below_options(
    nodes: &[Node],
    naming: &FxHashMap<usize, Vec<bool>>,
    at_top: Option<&[bool]>,
) -> Vec<bool> {
    let mut below = vec![false; nodes.len()];
    loop {
        let before = below.iter().filter(|below| **below).count();
        for at in 0..nodes.len() {
            let by_option = nodes[at].ways.iter().any(|way| {
                let named = |naming: &[bool]| naming[way.when.0 as usize];
                match way.from {
                    ROOT => at_top.is_some_and(named),
                    from => {
                        let naming = naming.get(&address(&nodes[from])).map(Vec::as_slice);
                        below[from] || naming.is_some_and(named)
                    }
                }
            });
            below[at] |= by_option;
        }
        if below.iter().filter(|below| **below).count() == before {
            return below;
        }
    }
}

/// Leaves the needed directories and those that lead to them.
fn leave(nodes: &mut Vec<Node>, mut needed: Vec<bool>) {
    let mut todo: Vec<usize> = (0..nodes.len()).filter(|at| needed[*at]).collect();
    while let Some(at) = todo.pop() {
        for way in nodes[at].ways.iter().filter(|way| way.from != ROOT) {
            if !std::mem::replace(&mut needed[way.from], true) {
                todo.push(way.from);
            }
        }
    }
    let mut number = vec![0; nodes.len()];
    let mut count = 0;
    for (at, needed) in needed.iter().enumerate() {
        number[at] = count;
        count += usize::from(*needed);
    }
    let mut needed = needed.into_iter();
    nodes.retain(|_| needed.next().unwrap_or(true));
    for way in nodes.iter_mut().flat_map(|node| &mut node.ways) {
        if way.from != ROOT {
            way.from = number[way.from];
        }
    }
}

/// A path up to the first dot of its last part.
pub(super) fn stem(path: &str) -> &str {
    let name = memchr::memrchr(b'/', path.as_bytes()).map_or(0, |slash| slash + 1);
    memchr::memchr(b'.', &path.as_bytes()[name..]).map_or(path, |dot| &path[..name + dot])
}
