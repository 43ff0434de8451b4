//! From the top down: directories first, each under the conditions of all ways that lead to it, then
//! the objects that they list.
//!
//! A directory's makefile is evaluated once for all architectures to which it says the same.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::lists::{self, Composite, Directory, Item, Role};
use super::part::{Parts, Wanted};
use super::syntax::Loc;
use super::top::{self, Top};
use super::{Contribution, Define, Kbuild, Object, Presence, Scope, Visit, Way};
use crate::model::diag::Diag;
use crate::model::formula::{FormulaId, Formulas};

/// Directories within each other; only a loop of symbolic links could be deeper.
const MAX_DIRS: usize = 100_000;

/// A directory's makefile as some architecture sees it.
#[derive(Debug)]
pub(super) struct Evaluated {
    pub(super) directory: Directory,
    /// What it asked for and what it got.
    asked: Vec<(Box<str>, Option<String>)>,
}

/// Where directories begin.
pub(super) const ROOT: usize = usize::MAX;

/// A line that leads to a directory.
pub(super) struct Edge {
    pub(super) from: usize,
    role: Role,
    /// In the formulas of the directory that it is from, and then in those of the analysis.
    pub(super) when: FormulaId,
    rule: Loc,
}

/// A directory.
pub(super) struct Node {
    pub(super) path: String,
    pub(super) evaluated: Arc<Evaluated>,
    pub(super) ways: Vec<Edge>,
}

/// An architecture, and the directories that its makefiles lead to.
pub(super) struct Directories {
    arch: String,
    pub(super) top: Top,
    pub(super) nodes: Vec<Node>,
}

/// The directories of each architecture. The first one goes ahead: the others find most of what they need
/// evaluated.
pub(super) fn directories(kbuild: &Kbuild, arches: &[&str]) -> Vec<Directories> {
    let one = |arch: &&str| {
        let top = top::read(&kbuild.files, &kbuild.texts, arch);
        let nodes = discover(kbuild, &top);
        Directories { arch: (*arch).to_owned(), top, nodes }
    };
    let (first, others) = arches.split_at(arches.len().min(1));
    let mut all: Vec<Directories> = first.iter().map(one).collect();
    all.par_extend(others.par_iter().map(one));
    all
}

/// Everything that an architecture can build.
pub(super) fn presence(
    kbuild: &Kbuild,
    Directories { arch, top, mut nodes }: Directories,
    f: &mut Formulas,
    (known, parts): (&mut Known, &mut Parts),
) -> (Presence, Vec<Diag>) {
    let mut diags = top.diags.clone();
    let wanted = kbuild.only.as_ref().map(|only| Wanted::of(only, &top, &mut nodes, parts));
    let memos = connect(&mut nodes, &top, f, known);
    if nodes.len() >= MAX_DIRS {
        diags.push(Diag::new(".", "too many directories; the rest is left out"));
    }
    let conditions = conditions(&nodes, f);
    let mut out = Presence { arch, ..Presence::default() };
    let mut memo = Memo::default();
    for define in &top.defines {
        let when = f.import(&top.formulas, define.when, &mut memo);
        out.defines.push(Define { when, ..define.clone() });
        out.define_directories.push(ROOT);
    }
    let mut lists = [Collected::default(), Collected::default(), Collected::default()];
    for (at, (node, mut memo)) in nodes.iter().zip(memos).enumerate() {
        let conditions = conditions[at];
        let directory = &node.evaluated.directory;
        diags.extend(directory.diags.iter().cloned());
        let is_wanted = |item: &&Item| wanted.as_ref().is_none_or(|wanted| wanted.has(item));
        for item in directory.items.iter().filter(is_wanted) {
            let own = f.import(&directory.formulas, item.when, &mut memo);
            let listed = f.import(&directory.formulas, item.listed, &mut memo);
            let part_of = item.part_of.as_ref().map(|whole| {
                let when = f.import(&directory.formulas, whole.when, &mut memo);
                Composite { when, ..whole.clone() }
            });
            let given = match item.role {
                Role::BuiltIn => conditions.built_in,
                Role::Special => Formulas::FALSE,
                _ => conditions.visited,
            };
            let special = match item.role {
                Role::Special => f.or(conditions.visited, conditions.special),
                _ => conditions.special,
            };
            for (list, given) in [(usize::from(item.composite), given), (SPECIAL, special)] {
                // What is listed under a contradiction is listed, and never built.
                if given != Formulas::FALSE && own != Formulas::FALSE {
                    let when = f.and(given, own);
                    let (rule, part_of) = (item.rule.clone(), part_of.clone());
                    let (role, directory) = (item.role, at);
                    let why = Contribution { directory, role, when, listed, rule, part_of };
                    lists[list].add(f, item, why);
                }
            }
        }
        if !kbuild.without_around {
            let mut import = |when| f.import(&directory.formulas, when, &mut memo);
            out.around.absorb(&directory.around, &mut import);
        }
        for define in &directory.defines {
            let when = f.import(&directory.formulas, define.when, &mut memo);
            let when = f.and(conditions.visited, when);
            if when != Formulas::FALSE {
                out.defines.push(Define { when, ..define.clone() });
                out.define_directories.push(at);
            }
        }
        out.directories.push(Visit {
            path: node.path.clone(),
            visited: conditions.visited,
            built_in: conditions.built_in,
            ways: node.ways.iter().map(Way::from).collect(),
        });
        known.insert(Arc::as_ptr(&node.evaluated) as usize, memo);
    }
    let [objects, composites, special] = lists;
    let count = objects.whys.len() + composites.whys.len() + special.whys.len();
    let mut all = Vec::with_capacity(count);
    out.special = special.finish(&mut all, |path| {
        !objects.index.contains_key(path) && !composites.index.contains_key(path)
    });
    out.objects = objects.finish(&mut all, |_| true);
    out.composites = composites.finish(&mut all, |_| true);
    all.shrink_to_fit();
    out.contributions = all;
    (out, diags)
}

/// The list of what is made by rules that are not Kbuild's.
const SPECIAL: usize = 2;

/// Objects, each once.
#[derive(Default)]
struct Collected {
    objects: Vec<Object>,
    index: FxHashMap<Arc<str>, usize>,
    /// Each with the number of its object.
    whys: Vec<(usize, Contribution)>,
}

impl Collected {
    fn add(&mut self, f: &mut Formulas, item: &Item, why: Contribution) {
        let when = why.when;
        let at = self.index.get(&item.path).copied().unwrap_or_else(|| {
            self.objects.push(Object {
                path: item.path.clone(),
                source: item.source.clone(),
                built: Formulas::FALSE,
                built_in: Formulas::FALSE,
                module: Formulas::FALSE,
                contributions: 0..0,
            });
            self.index.insert(item.path.clone(), self.objects.len() - 1);
            self.objects.len() - 1
        });
        let object = &mut self.objects[at];
        object.built = f.or(object.built, when);
        match item.role {
            Role::BuiltIn | Role::Library | Role::Extra => {
                object.built_in = f.or(object.built_in, when);
            }
            Role::Module => object.module = f.or(object.module, when),
            Role::Always | Role::Special => {}
        }
        self.whys.push((at, why));
    }

    /// The objects whose paths are to be kept; why each is built becomes part of `all`.
    fn finish(self, all: &mut Vec<Contribution>, keep: impl Fn(&str) -> bool) -> Vec<Object> {
        let Self { mut objects, mut whys, .. } = self;
        whys.sort_by_key(|(object, _)| *object);
        let mut whys = whys.into_iter().peekable();
        let mut number = 0;
        objects.retain_mut(|object| {
            let start = all.len();
            while let Some((_, why)) = whys.next_if(|(of, _)| *of == number) {
                all.push(why);
            }
            number += 1;
            let kept = keep(&object.path);
            if !kept {
                all.truncate(start);
            }
            object.contributions = start as u32..all.len() as u32;
            kept
        });
        objects.shrink_to_fit();
        objects
    }
}

impl From<&Edge> for Way {
    fn from(edge: &Edge) -> Self {
        let from = (edge.from != ROOT).then_some(edge.from);
        Self { from, role: edge.role, when: edge.when, rule: edge.rule.clone() }
    }
}

type Memo = FxHashMap<FormulaId, FormulaId>;

/// What has come over from each directory's formulas, by its address; `Kbuild` keeps them all.
pub(super) type Known = FxHashMap<usize, Memo>;

/// All directories that can be reached, in order of discovery. The conditions of their ways are in the
/// formulas of the directory that each comes from.
fn discover(kbuild: &Kbuild, top: &Top) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut index: FxHashMap<String, usize> = FxHashMap::default();
    let mut wave: Vec<(String, Vec<Edge>)> = Vec::new();
    for (path, when, rule) in &top.roots {
        let edge = Edge { from: ROOT, role: Role::BuiltIn, when: *when, rule: rule.clone() };
        wave.push((super::files::normal(path), vec![edge]));
    }
    while !wave.is_empty() && nodes.len() < MAX_DIRS {
        let read = |(path, _): &(String, Vec<Edge>)| kbuild.directory(path, top);
        let evaluated: Vec<Arc<Evaluated>> = wave.par_iter().map(read).collect();
        let first = nodes.len();
        for ((path, ways), evaluated) in wave.drain(..).zip(evaluated) {
            index.insert(path.clone(), nodes.len());
            nodes.push(Node { path, evaluated, ways });
        }
        let mut next: FxHashMap<String, usize> = FxHashMap::default();
        for at in first..nodes.len() {
            let evaluated = nodes[at].evaluated.clone();
            for below in &evaluated.directory.below {
                let when = below.when;
                if when == Formulas::FALSE {
                    continue;
                }
                let edge = Edge { from: at, role: below.role, when, rule: below.rule.clone() };
                if let Some(&known) = index.get(&below.path) {
                    nodes[known].ways.push(edge);
                } else if let Some(&known) = next.get(&below.path) {
                    wave[known].1.push(edge);
                } else {
                    next.insert(below.path.clone(), wave.len());
                    wave.push((below.path.clone(), vec![edge]));
                }
            }
        }
    }
    nodes
}

/// Brings the conditions of all ways into the formulas of the analysis.
fn connect(nodes: &mut [Node], top: &Top, f: &mut Formulas, known: &mut Known) -> Vec<Memo> {
    let evaluated: Vec<Arc<Evaluated>> = nodes.iter().map(|node| node.evaluated.clone()).collect();
    let of = |one: &Arc<Evaluated>| known.remove(&(Arc::as_ptr(one) as usize)).unwrap_or_default();
    let mut memos: Vec<Memo> = evaluated.iter().map(of).collect();
    let mut memo = Memo::default();
    for way in nodes.iter_mut().flat_map(|node| &mut node.ways) {
        way.when = match way.from {
            ROOT => f.import(&top.formulas, way.when, &mut memo),
            from => f.import(&evaluated[from].directory.formulas, way.when, &mut memos[from]),
        };
    }
    memos
}

/// When a directory is visited, and when what is `obj-y` there gets into the kernel.
#[derive(Clone, Copy)]
struct Conditions {
    visited: FormulaId,
    built_in: FormulaId,
    /// By a rule that is not Kbuild's.
    special: FormulaId,
}

impl Conditions {
    const NEVER: Self =
        Self { visited: Formulas::FALSE, built_in: Formulas::FALSE, special: Formulas::FALSE };
    const ROOT: Self = Self { visited: Formulas::TRUE, built_in: Formulas::TRUE, ..Self::NEVER };

    /// Adds a way from a directory that has the conditions `above`.
    fn add(&mut self, above: Self, way: &Edge, f: &mut Formulas) {
        let visited = f.and(above.visited, way.when);
        let special = f.and(above.special, way.when);
        self.special = f.or(self.special, special);
        if way.role == Role::Special {
            self.special = f.or(self.special, visited);
            return;
        }
        self.visited = f.or(self.visited, visited);
        if way.role == Role::BuiltIn {
            let built_in = f.and(above.built_in, way.when);
            self.built_in = f.or(self.built_in, built_in);
        }
    }
}

/// The conditions of every directory: the disjunction over the ways that lead to it.
fn conditions(nodes: &[Node], f: &mut Formulas) -> Vec<Conditions> {
    let mut done: Vec<Option<Conditions>> = vec![None; nodes.len()];
    let mut open = vec![false; nodes.len()];
    for start in 0..nodes.len() {
        let mut stack = vec![start];
        while let Some(&at) = stack.last() {
            let ways = &nodes[at].ways;
            let waits = |from: usize| from != ROOT && done[from].is_none() && !open[from];
            let missing = ways.iter().map(|way| way.from).find(|&from| from != at && waits(from));
            if let (None, Some(missing)) = (done[at], missing) {
                open[at] = true;
                stack.push(missing);
                continue;
            }
            stack.pop();
            open[at] = false;
            if done[at].is_none() {
                let mut all = Conditions::NEVER;
                for way in ways {
                    // A directory that leads to itself adds nothing.
                    let above = match way.from {
                        ROOT => Conditions::ROOT,
                        from => done[from].unwrap_or(Conditions::NEVER),
                    };
                    all.add(above, way, f);
                }
                done[at] = Some(all);
            }
        }
    }
    done.into_iter().map(|all| all.unwrap_or(Conditions::NEVER)).collect()
}

impl Kbuild {
    /// The makefile of `path`, evaluated for this architecture or for one to which it says the same.
    fn directory(&self, path: &str, top: &Top) -> Arc<Evaluated> {
        let same = |known: &&Arc<Evaluated>| {
            known.asked.iter().all(|(name, got)| top.layer.key(name) == got.as_deref())
        };
        let read = self.evaluated.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = read.get(path).and_then(|list| list.iter().find(same)) {
            return known.clone();
        }
        drop(read);
        let mut directory = lists::read(&self.files, &self.texts, &top.layer, path);
        let used = std::mem::take(&mut directory.used);
        let asked = used.into_iter().map(|name| {
            let got = top.layer.key(&name).map(str::to_owned);
            (name, got)
        });
        let new = Arc::new(Evaluated { asked: asked.collect(), directory });
        let mut write = self.evaluated.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        write.entry(path.into()).or_default().push(new.clone());
        new
    }
}

impl Presence {
    /// Whether a define holds for an object of the directory `directory` (an index).
    pub(super) fn reaches(&self, scope: &Scope, from: usize, object: &Object) -> bool {
        let Some(Visit { path: dir, .. }) = self.directories.get(from) else { return true };
        match scope {
            Scope::Object(path) => **path == *object.path,
            Scope::Directory => self.contributions(object).iter().any(|one| one.directory == from),
            Scope::Tree => dir.is_empty() || object.path.starts_with(&format!("{dir}/")),
        }
    }
}
