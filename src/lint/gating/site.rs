//! Whether a call is sure to reach the linker: the compiler removes what it can see is never run.
//!
//! A `static` function is only there if something that is there holds on to it; code after a test is
//! only there if the test's value is not known. Followed are the ways from a call up to what the linker
//! sees, within the file. On each, the guards are noted, and what is mentioned before the call
//! and may have a constant value in some configuration: where it has, nothing is said.

use std::sync::Mutex;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::lint::context::Tree;
use crate::model::formula::FormulaId;
use crate::source::guards::FileGuards;
use crate::source::symbols::constant::hash;
use crate::source::symbols::reach::{Holder, enclosing, holders, names};
use crate::source::symbols::{SourceFile, Symbols};

/// A way that leads to a call.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// What has to hold on it.
    pub conditions: Vec<FormulaId>,
    /// What must not have a constant value: each the header (an index) and its guards there.
    pub constants: Vec<(u32, Vec<FormulaId>)>,
}

/// A header (an index) and its guards where something has a constant value.
type Constant = (u32, Vec<FormulaId>);

/// What an expression mentions decides about it: so many times over.
const ROUNDS: usize = 3;
/// More ways than this for one to be constant are not told apart.
const MAX_CONSTANTS: usize = 12;

/// Adds what is made of constants.
fn derive(symbols: &Symbols, constants: &mut FxHashMap<u32, Vec<Constant>>) {
    let mut done: FxHashSet<(u32, u32)> = FxHashSet::default();
    for _ in 0..ROUNDS {
        let mut new: Vec<(u32, Vec<Constant>)> = Vec::new();
        for expression in symbols.files.iter().flat_map(|file| &file.expressions) {
            let name = hash(&expression.name);
            for part in &expression.names {
                if *part != name
                    && let Some(places) = constants.get(part)
                    && done.insert((name, *part))
                {
                    new.push((name, places.clone()));
                }
            }
        }
        for (name, places) in new {
            let known = constants.entry(name).or_default();
            for place in places {
                if known.len() < MAX_CONSTANTS && !known.contains(&place) {
                    known.push(place);
                }
            }
        }
    }
}

/// What needs its arguments and is no function.
const KEEPERS: &[&[u8]] = &[
    b"if",
    b"while",
    b"switch",
    b"return",
    b"likely",
    b"unlikely",
    b"WARN_ON",
    b"WARN_ON_ONCE",
    b"BUG_ON",
    b"IS_ERR",
    b"IS_ERR_OR_NULL",
    b"PTR_ERR",
    b"PTR_ERR_OR_ZERO",
    b"ERR_PTR",
    b"ERR_CAST",
];

/// Ways are followed through so many functions.
const MAX_DEPTH: usize = 6;
/// A function of no more bytes may be a test of something.
const SHORT: u32 = 300;
/// And so many at most are looked at.
const MAX_WAYS: usize = 24;

/// Looks at the places of calls.
pub struct Sites<'t> {
    tree: &'t Tree,
    symbols: &'t Symbols,
    guards: FxHashMap<&'t str, &'t FileGuards>,
    constants: FxHashMap<u32, Vec<Constant>>,
    known: Mutex<FxHashMap<usize, Option<Way>>>,
}

impl<'t> Sites<'t> {
    /// Nothing is looked at yet.
    pub fn new(tree: &'t Tree, symbols: &'t Symbols) -> Self {
        let guards: FxHashMap<&str, &FileGuards> =
            tree.guards.files.iter().map(|file| (&*file.path, file)).collect();
        let mut constants: FxHashMap<&[u8], Vec<(u32, Vec<FormulaId>)>> = FxHashMap::default();
        for (number, file) in symbols.files.iter().enumerate() {
            let guards = guards.get(&*file.path);
            for (name, at) in &file.constants {
                let conditions =
                    guards.map_or(Vec::new(), |guards| guards.conditions_at(*at, false));
                constants.entry(name).or_default().push((number as u32, conditions));
            }
        }
        let mut by_hash: FxHashMap<u32, Vec<Constant>> = FxHashMap::default();
        for (name, places) in constants {
            by_hash.entry(hash(name)).or_default().extend(places);
        }
        derive(symbols, &mut by_hash);
        Self { tree, symbols, guards, constants: by_hash, known: Mutex::default() }
    }

    /// How the call is reached; nothing where that is not sure.
    pub fn way(&self, call: usize) -> Option<Way> {
        if let Ok(known) = self.known.lock()
            && let Some(way) = known.get(&call)
        {
            return way.clone();
        }
        let mention = &self.symbols.mentions[call];
        let file = &self.symbols.files[mention.file as usize];
        let mut texts = self.tree.source_texts();
        let text = texts.get(&file.path);
        let mut search =
            Search { sites: self, file, text, seen: FxHashSet::default(), budget: MAX_WAYS };
        let way = search.code(mention.at, mention.within as usize, 0);
        if let Ok(mut known) = self.known.lock() {
            known.insert(call, way.clone());
        }
        way
    }
}

struct Search<'s, 't> {
    sites: &'s Sites<'t>,
    file: &'s SourceFile,
    text: &'s [u8],
    seen: FxHashSet<Vec<u8>>,
    budget: usize,
}

impl Search<'_, '_> {
    /// The way to a place in a function.
    fn code(&mut self, at: u32, function: usize, depth: usize) -> Option<Way> {
        self.budget = self.budget.checked_sub(1)?;
        let within = *self.file.functions.get(function)?;
        // A macro may drop what it is given.
        if !enclosing(self.text, within.body.0, at).iter().all(|name| self.keeps(name)) {
            return None;
        }
        let mut way = Way::default();
        if let Some(guards) = self.sites.guards.get(&*self.file.path) {
            way.conditions = guards.conditions_at(at, true);
        }
        let mut mentioned = names(self.text, within.body.0, at);
        // A short function of this very file may be what decides.
        for function in self.file.functions.iter().filter(|f| f.is_static && f.is_defined()) {
            let name = &self.text[function.name.0 as usize..function.name.1 as usize];
            let (start, end) = function.body;
            if end - start <= SHORT && mentioned.contains(&name) {
                mentioned.extend(names(self.text, start, end));
            }
        }
        mentioned.sort_unstable();
        mentioned.dedup();
        for name in mentioned {
            if let Some(constants) = self.sites.constants.get(&hash(name)) {
                way.constants.extend(constants.iter().cloned());
            }
            // What a macro makes may be anything.
            let all = &self.sites.symbols.names;
            let is_known = all.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok();
            if !is_known && self.sites.symbols.is_pasted(&String::from_utf8_lossy(name)) {
                return None;
            }
            // A function of this very file may have the value of another, or test an option.
            if self.is_short_test(name) {
                return None;
            }
        }
        if !within.is_static {
            return Some(way);
        }
        let name = &self.text[within.name.0 as usize..within.name.1 as usize];
        let above = self.held(name, depth + 1)?;
        way.conditions.extend(above.conditions);
        way.constants.extend(above.constants);
        Some(way)
    }

    /// Whether what is called so needs its arguments: it is a function, or part of the language.
    fn keeps(&self, name: &[u8]) -> bool {
        let is_own = |f: &crate::source::symbols::Function| {
            &self.text[f.name.0 as usize..f.name.1 as usize] == name
        };
        let names = &self.sites.symbols.names;
        KEEPERS.contains(&name)
            || names.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
            || self.file.functions.iter().any(is_own)
    }

    /// Whether a `static` function of this file tests an option in its body.
    fn is_short_test(&self, name: &[u8]) -> bool {
        let of = |f: &&crate::source::symbols::Function| {
            &self.text[f.name.0 as usize..f.name.1 as usize] == name
        };
        let Some(function) = self.file.functions.iter().filter(|f| f.is_defined()).find(of) else {
            return false;
        };
        let body = &self.text[function.body.0 as usize..function.body.1 as usize];
        memchr::memmem::find(body, b"IS_ENABLED").is_some()
            || memchr::memmem::find(body, b"IS_REACHABLE").is_some()
            || memchr::memmem::find(body, b"#if").is_some()
    }

    /// The best way to something `static`.
    fn held(&mut self, name: &[u8], depth: usize) -> Option<Way> {
        if depth > MAX_DEPTH || !self.seen.insert(name.to_vec()) {
            return None;
        }
        let mut best: Option<Way> = None;
        for (at, holder) in holders(self.text, &self.file.functions, name) {
            let way = match holder {
                Holder::Function(function) => {
                    let of = self.file.functions[function].name;
                    let own = &self.text[of.0 as usize..of.1 as usize] == name;
                    if own { None } else { self.code(at, function, depth) }
                }
                Holder::Variable { name: variable, is_static } => {
                    let above = if is_static {
                        self.held(&variable, depth + 1)
                    } else {
                        Some(Way::default())
                    };
                    above.map(|way| self.also(at, way))
                }
                Holder::Macro(name) if is_entry(&name) => Some(self.also(at, Way::default())),
                Holder::Macro(_) | Holder::Dropped => None,
            };
            let Some(way) = way else { continue };
            if way.constants.is_empty() && way.conditions.is_empty() {
                return Some(way);
            }
            if best.as_ref().is_none_or(|best| way.constants.len() < best.constants.len()) {
                best = Some(way);
            }
        }
        best
    }

    /// The way, under the guards of a place too.
    fn also(&self, at: u32, mut way: Way) -> Way {
        if let Some(guards) = self.sites.guards.get(&*self.file.path) {
            way.conditions.extend(guards.conditions_at(at, false));
        }
        way
    }
}

/// Whether a macro makes something that is always there of what it is given.
fn is_entry(name: &[u8]) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(name, part).is_some();
    name.starts_with(b"module_")
        || name.starts_with(b"builtin_")
        || has(b"initcall")
        || has(b"EXPORT_SYMBOL")
        || name == b"__setup"
        || name == b"early_param"
}
