//! What is known about macros at a place in a file: definedness and value as formulas.
//!
//! A file's `#define` and `#undef` are events, each with the condition it is present under; what holds
//! at a place is the macro's base value changed by the events before it. So `#ifdef CONFIG_A`,
//! `#define X`, `#endif`, `#ifdef X` says `CONFIG_A || defined(X)`, and nothing that was redefined is
//! taken for what it was.
//!
//! The base of `CONFIG_X` is Kconfig's value. The base of other macros is a variable named by its text.
//! An included file may change such a macro, so the variable is a new one after each `#include`,
//! except for those that only the compiler or its command line defines. The new one's name ends in
//! ` @file:line`, so that it is never taken for another.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::condition::Condition;
use super::tokens::Kind;
use crate::model::formula::{Atom, FormulaId, Formulas};

/// Macros that no included file of a kernel changes.
const PREDEFINED: &[&str] = &[
    "MODULE",
    "__ASSEMBLER__",
    "__ASSEMBLY__",
    "__BYTE_ORDER__",
    "__CHECKER__",
    "__COUNTER__",
    "__GENKSYMS__",
    "__GNUC__",
    "__KERNEL__",
    "__LINE__",
    "__LP64__",
    "__OPTIMIZE__",
    "__STDC_VERSION__",
    "__clang__",
    "__cplusplus",
    "__i386__",
    "__x86_64__",
];

/// After this many events a macro's value is forgotten: it becomes a new variable.
const MAX_EVENTS: usize = 24;

/// What a macro stands for.
#[derive(Debug, Clone)]
pub(super) enum Body<'a> {
    /// `#define X` and nothing else.
    Empty,
    /// A macro with parameters.
    Function,
    /// Tokens, parsed as an expression if they are one.
    Tokens(Rc<Condition<'a>>),
}

impl Body<'_> {
    /// Whether it is the one token `1`, which is what `IS_ENABLED` looks for.
    fn is_one(&self) -> bool {
        matches!(self, Self::Tokens(body) if body.tokens.len() == 1 && body.text(0) == "1")
    }
}

#[derive(Debug, Clone)]
struct Event<'a> {
    presence: FormulaId,
    /// `None` for `#undef`.
    body: Option<Body<'a>>,
    line: u32,
}

#[derive(Debug, Default)]
struct Macro<'a> {
    /// The line since which the base is the variable it is; 0 from the beginning.
    base: u32,
    /// The line of the last `#include` that this macro knows of.
    epoch: u32,
    events: Vec<Event<'a>>,
}

/// What a name is worth where only one definition can reach.
pub(super) enum Worth<'a> {
    /// Nothing is known but the base.
    Base,
    /// Certainly this.
    Body(Body<'a>),
    /// Certainly undefined, which counts 0.
    Undefined,
    /// It depends.
    Mixed,
}

/// The macros of a file that its conditions ask for.
#[derive(Debug, Default)]
pub(super) struct Macros<'a> {
    known: FxHashMap<String, Macro<'a>>,
    epoch: u32,
    /// The presence of every block around the place.
    here: FxHashSet<FormulaId>,
    path: String,
}

/// The option of `CONFIG_X`.
pub(super) fn option(name: &str) -> Option<&str> {
    name.strip_prefix("CONFIG_").filter(|option| !option.is_empty())
}

impl<'a> Macros<'a> {
    pub(super) fn new(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// A block with this presence begins; returns whether [`Macros::leave`] has to be told.
    pub(super) fn enter(&mut self, presence: FormulaId) -> bool {
        self.here.insert(presence)
    }

    /// A block for which [`Macros::enter`] returned true ends.
    pub(super) fn leave(&mut self, presence: FormulaId) {
        self.here.remove(&presence);
    }

    /// There is an `#include` at `line`.
    pub(super) fn include(&mut self, line: u32) {
        self.epoch = line;
    }

    /// A `#define` (with a body) or `#undef` of `name`.
    pub(super) fn event(
        &mut self,
        name: &str,
        body: Option<Body<'a>>,
        presence: FormulaId,
        line: u32,
    ) {
        if presence == Formulas::FALSE {
            return;
        }
        let entry = self.entry(name);
        if presence == Formulas::TRUE {
            entry.events.clear();
        } else if entry.events.len() >= MAX_EVENTS {
            entry.events.clear();
            entry.base = line;
            // What this event does is forgotten as well: the new variable stands for all of it.
            return;
        }
        entry.events.push(Event { presence, body, line });
    }

    /// Whatever was known of `name`, an included file changed it at `line`.
    pub(super) fn forget(&mut self, name: &str, line: u32) {
        let entry = self.entry(name);
        entry.events.clear();
        entry.base = line;
    }

    fn entry(&mut self, name: &str) -> &mut Macro<'a> {
        let epoch = self.epoch;
        let entry = self
            .known
            .entry(name.to_owned())
            .or_insert_with(|| Macro { epoch, ..Macro::default() });
        let fixed = name.starts_with("CONFIG_") || PREDEFINED.contains(&name);
        if entry.epoch != epoch && !fixed {
            entry.events.clear();
            entry.base = epoch;
        }
        entry.epoch = epoch;
        entry
    }

    /// An opaque variable; `since` tells it from others of the same text.
    pub(super) fn opaque(&self, f: &mut Formulas, text: &str, since: u32) -> FormulaId {
        match since {
            0 => f.opaque(text),
            line => f.opaque(&format!("{text} @{}:{line}", self.path)),
        }
    }

    /// The base and events of `name`, from the last event on that certainly happened here.
    fn history(&mut self, name: &str) -> (u32, bool, Vec<Event<'a>>) {
        self.entry(name);
        let entry = &self.known[name];
        let certain =
            |event: &Event| event.presence == Formulas::TRUE || self.here.contains(&event.presence);
        let from = entry.events.iter().rposition(certain);
        (entry.base, from.is_some(), entry.events[from.unwrap_or(0)..].to_vec())
    }

    fn fold(
        &mut self,
        f: &mut Formulas,
        name: &str,
        base: impl Fn(&Self, &mut Formulas, u32) -> FormulaId,
        mut value: impl FnMut(&mut Self, &mut Formulas, Option<&Body<'a>>) -> FormulaId,
    ) -> FormulaId {
        let (since, certain, events) = self.history(name);
        let mut at = if certain { Formulas::FALSE } else { base(self, f, since) };
        for (index, event) in events.iter().enumerate() {
            let new = value(self, f, event.body.as_ref());
            at = if certain && index == 0 { new } else { f.choose(event.presence, new, at) };
        }
        at
    }

    /// `defined(name)`
    pub(super) fn defined(&mut self, f: &mut Formulas, name: &str) -> FormulaId {
        let base = |own: &Self, f: &mut Formulas, since| match base_atom(f, name) {
            Some(atom) if since == 0 => f.atom(atom),
            _ => own.opaque(f, &format!("defined({name})"), since),
        };
        self.fold(
            f,
            name,
            base,
            |_, _, body| if body.is_some() { Formulas::TRUE } else { Formulas::FALSE },
        )
    }

    /// Whether `name` stands for `1`, which is what `__is_defined()` of linux/kconfig.h is about.
    pub(super) fn is_one(&mut self, f: &mut Formulas, name: &str) -> FormulaId {
        let base = |own: &Self, f: &mut Formulas, since| match base_atom(f, name) {
            Some(atom) if since == 0 => f.atom(atom),
            _ => own.opaque(f, &format!("IS_BUILTIN({name})"), since),
        };
        self.fold(f, name, base, |own, f, body| match body {
            None | Some(Body::Empty) => Formulas::FALSE,
            Some(body) if body.is_one() => Formulas::TRUE,
            // `#define X Y`: whether Y stands for 1 depends on Y; only numbers are certain.
            Some(Body::Tokens(body)) if body.tokens.iter().all(|t| t.kind == Kind::Number) => {
                Formulas::FALSE
            }
            Some(_) => {
                let since = own.changed(name);
                own.opaque(f, &format!("IS_BUILTIN({name})"), since.max(1))
            }
        })
    }

    /// Whether `name` in a condition is not zero; `value` says so of a body.
    pub(super) fn truth(
        &mut self,
        f: &mut Formulas,
        name: &str,
        mut value: impl FnMut(&mut Self, &mut Formulas, &Body<'a>) -> FormulaId,
    ) -> FormulaId {
        let base = |own: &Self, f: &mut Formulas, since| match base_atom(f, name) {
            Some(Atom::Yes(symbol)) if since == 0 => f.atom(Atom::NonZero(symbol)),
            Some(atom) if since == 0 => f.atom(atom),
            _ => own.opaque(f, name, since),
        };
        self.fold(f, name, base, |own, f, body| match body {
            None => Formulas::FALSE,
            Some(body) => value(own, f, body),
        })
    }

    /// What `name` is worth here.
    pub(super) fn worth(&mut self, name: &str) -> Worth<'a> {
        let (_, certain, mut events) = self.history(name);
        match events.pop() {
            None => Worth::Base,
            Some(event) if certain && events.is_empty() => match event.body {
                Some(body) => Worth::Body(body),
                None => Worth::Undefined,
            },
            Some(_) => Worth::Mixed,
        }
    }

    /// The last line that changed `name` or what its bodies name; 0 if none did.
    pub(super) fn changed(&mut self, name: &str) -> u32 {
        let mut seen = FxHashSet::default();
        let mut wanted = vec![name.to_owned()];
        let mut last = 0;
        while let Some(name) = wanted.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let entry = self.entry(&name);
            last = last.max(entry.base);
            for event in &entry.events {
                last = last.max(event.line);
                if let Some(Body::Tokens(body)) = &event.body {
                    let names = body.tokens.iter().filter(|token| token.kind == Kind::Name);
                    wanted.extend(names.map(|token| token.text.clone().into_owned()));
                }
            }
        }
        last
    }
}

/// The atom of a name that Kconfig and Kbuild decide.
fn base_atom(f: &mut Formulas, name: &str) -> Option<Atom> {
    if name == "MODULE" {
        return Some(Atom::InModule);
    }
    let symbol = option(name)?;
    Some(match symbol.strip_suffix("_MODULE").filter(|symbol| !symbol.is_empty()) {
        Some(symbol) => Atom::Module(f.name(symbol)),
        None => Atom::Yes(f.name(symbol)),
    })
}
