//! Whether a call is sure to reach the linker: the compiler removes what it can see is never run.
//!
//! A `static` function is only there if something that is there holds on to it; code after a test is
//! only there if the test's value is not known. Followed are the ways from a call up to what the linker
//! sees, within the file. On each, the guards are noted, and what is mentioned before the call
//! and may have a constant value in some configuration: where it has, nothing is said.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rustc_hash::{FxHashMap, FxHashSet};

use super::ask::{Asker, Reading};
use crate::lint::context::Tree;
use crate::logic::circuit::Lit;
use crate::model::formula::FormulaId;
use crate::source::guards::{FileGuards, FileKind};
use crate::source::symbols::constant::{constants, hash};
use crate::source::symbols::flags::{Effect, Flag};
use crate::source::symbols::reach::{Holder, enclosing, holders, names};
use crate::source::symbols::{SourceFile, Symbols};

/// A way that leads to a call.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// What has to hold on it.
    pub conditions: Vec<FormulaId>,
    /// What must not have a constant value.
    pub constants: Vec<Constant>,
}

/// Where something has a constant value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// The file that says so, an index.
    pub file: u32,
    /// Under which guards.
    pub when: When,
}

/// When it is constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// All of these hold.
    All(Vec<FormulaId>),
    /// None of these holds as a whole: places that would make it something else.
    Unless(Vec<Vec<FormulaId>>),
}

impl When {
    /// The gate of being constant, read so that this may be.
    pub fn lit(&self, asker: &mut Asker<'_>, in_module: bool) -> Lit {
        match self {
            Self::All(conditions) => asker.all(conditions, Reading::most(in_module)),
            Self::Unless(places) => {
                let least = Reading::least(in_module);
                let places: Vec<Lit> = places.iter().map(|all| asker.all(all, least)).collect();
                !asker.logic.circuit().any(places)
            }
        }
    }

    /// The same where `every` says whether all of some conditions hold: at most, or else at least.
    pub fn holds(&self, every: &mut dyn FnMut(&[FormulaId], bool) -> bool) -> bool {
        match self {
            Self::All(conditions) => every(conditions, true),
            Self::Unless(places) => !places.iter().any(|all| every(all, false)),
        }
    }
}

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

/// When tests of bits are constant, as the masks of a header say.
fn decisions(
    flags: &[Flag],
    bits: &FxHashSet<u32>,
    guards: impl Fn(u32) -> Vec<FormulaId>,
) -> Vec<(u32, When)> {
    let mut out = Vec::new();
    let mut offered: BTreeMap<u32, Vec<Vec<FormulaId>>> = BTreeMap::new();
    for flag in flags {
        let conditions = guards(flag.at);
        match flag.effect {
            Effect::Offered => offered.entry(flag.name).or_default().push(conditions),
            // Without a guard, this is only a name for the bit; of others than bits of masks (an error, a
            // flag for an allocation), a macro decides nothing.
            Effect::Decided if conditions.is_empty() || !bits.contains(&flag.name) => {}
            Effect::Decided => out.push((flag.name, When::All(conditions))),
        }
    }
    out.extend(offered.into_iter().map(|(name, places)| (name, When::Unless(places))));
    out
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
    /// What headers define in so many words.
    expressions: FxHashSet<&'t [u8]>,
    known: Mutex<FxHashMap<usize, Option<Way>>>,
}

impl<'t> Sites<'t> {
    /// Nothing is looked at yet.
    pub fn new(tree: &'t Tree, symbols: &'t Symbols) -> Self {
        let guards: FxHashMap<&str, &FileGuards> =
            tree.guards.files.iter().map(|file| (&*file.path, file)).collect();
        let mut constants: FxHashMap<u32, Vec<Constant>> = FxHashMap::default();
        let flags = symbols.files.iter().flat_map(|file| &file.flags);
        let offered = flags.filter(|flag| flag.effect == Effect::Offered);
        let bits: FxHashSet<u32> = offered.map(|flag| flag.name).collect();
        for (number, source) in symbols.files.iter().enumerate() {
            let guards = guards.get(&*source.path);
            let file = number as u32;
            let at = |at| guards.map_or(Vec::new(), |guards| guards.conditions_at(at, false));
            for (name, place) in &source.constants {
                let when = When::All(at(*place));
                constants.entry(hash(name)).or_default().push(Constant { file, when });
            }
            for (name, when) in decisions(&source.flags, &bits, at) {
                constants.entry(name).or_default().push(Constant { file, when });
            }
        }
        derive(symbols, &mut constants);
        let expressions = symbols.files.iter().flat_map(|file| &file.expressions);
        let expressions = expressions.map(|expression| &*expression.name).collect();
        Self { tree, symbols, guards, constants, expressions, known: Mutex::default() }
    }

    /// What a `.c` file makes a constant under a guard of its own.
    fn local(&self, number: u32, text: &[u8]) -> FxHashMap<u32, Vec<Constant>> {
        let file = &self.symbols.files[number as usize];
        let mut out: FxHashMap<u32, Vec<Constant>> = FxHashMap::default();
        let Some(guards) = self.guards.get(&*file.path) else { return out };
        if file.kind != Some(FileKind::C) {
            return out;
        }
        for (name, at) in constants(text, &file.functions) {
            let conditions = guards.conditions_at(at, false);
            // What does more than return 0 is no stub, and what does so everywhere has no other side.
            let function = file.functions.iter().find(|f| f.name.0 == at);
            let does_more = function.is_some_and(|f| {
                let body = &text[f.body.0 as usize..f.body.1 as usize];
                memchr::memchr_iter(b';', body).count() > 1
            });
            if !conditions.is_empty() && !does_more {
                let constant = Constant { file: number, when: When::All(conditions) };
                out.entry(hash(&name)).or_default().push(constant);
            }
        }
        out
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
        let mut search = Search {
            sites: self,
            file,
            text,
            local: self.local(mention.file, text),
            seen: FxHashSet::default(),
            budget: MAX_WAYS,
        };
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
    /// What the file itself makes a constant under a guard.
    local: FxHashMap<u32, Vec<Constant>>,
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
        // What needs its arguments has no value of its own.
        mentioned.retain(|name| !KEEPERS.contains(name));
        for name in mentioned {
            let key = hash(name);
            let known = [&self.sites.constants, &self.local].map(|all| all.get(&key));
            way.constants.extend(known.into_iter().flatten().flatten().cloned());
            // What a macro makes may be anything.
            let all = &self.sites.symbols.names;
            let is_known = all.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
                || self.sites.expressions.contains(name);
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
