//! Boolean formulas over configuration symbols: what guards, Makefiles and Kconfig have in common.
//!
//! A presence condition is a formula: the lines of a file are there where it is true. Nodes are
//! hash-consed, so that equal formulas are one number and a tree's hundred thousand nested guards
//! stay small. Operands always have smaller numbers than what uses them.

use rustc_hash::FxHashMap;

/// Index of a formula in its [`Formulas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FormulaId(pub u32);

/// Index of a name in its [`Formulas`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub u32);

/// What cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Atom {
    /// The symbol is `y`; for int, hex and string: it has a value that is not `n`.
    Yes(NameId),
    /// The symbol is `m`.
    Module(NameId),
    /// The symbol's value as the preprocessor's `#if CONFIG_X` sees it is not zero. For bool and tristate
    /// this is [`Atom::Yes`]; for int and hex `0` is a value, but not true; undefined is zero.
    NonZero(NameId),
    /// The symbol (int, hex or string) has this very value, written without quotes.
    Equals(NameId, NameId),
    /// The object is compiled as part of a module (`MODULE` is defined).
    InModule,
    /// Something that nobody here can decide: an unknown macro, a comparison of numbers, a variable of
    /// make. The name is its text, so that equal texts are one variable.
    Opaque(NameId),
}

/// One node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Formula {
    /// Always or never.
    Const(bool),
    /// An atom.
    Atom(Atom),
    /// `!a`
    Not(FormulaId),
    /// `a && b`
    And(FormulaId, FormulaId),
    /// `a || b`
    Or(FormulaId, FormulaId),
}

/// All formulas of an analysis.
#[derive(Debug, Clone)]
pub struct Formulas {
    nodes: Vec<Formula>,
    known: FxHashMap<Formula, FormulaId>,
    names: Vec<Box<str>>,
    by_name: FxHashMap<Box<str>, NameId>,
}

impl Default for Formulas {
    fn default() -> Self {
        let mut new = Self {
            nodes: Vec::new(),
            known: FxHashMap::default(),
            names: Vec::new(),
            by_name: FxHashMap::default(),
        };
        new.intern(Formula::Const(false));
        new.intern(Formula::Const(true));
        new
    }
}

impl Formulas {
    /// Never.
    pub const FALSE: FormulaId = FormulaId(0);
    /// Always.
    pub const TRUE: FormulaId = FormulaId(1);

    fn intern(&mut self, formula: Formula) -> FormulaId {
        *self.known.entry(formula).or_insert_with(|| {
            self.nodes.push(formula);
            FormulaId(self.nodes.len() as u32 - 1)
        })
    }

    /// The node of `id`.
    pub fn get(&self, id: FormulaId) -> Formula {
        self.nodes[id.0 as usize]
    }

    /// How many nodes there are; never none.
    #[allow(clippy::len_without_is_empty, reason = "the two constants are always there")]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The number of `name` (a symbol without `CONFIG_`, or the text of something opaque).
    pub fn name(&mut self, name: &str) -> NameId {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let id = NameId(self.names.len() as u32);
        self.names.push(name.into());
        self.by_name.insert(name.into(), id);
        id
    }

    /// The text of `id`.
    pub fn text(&self, id: NameId) -> &str {
        &self.names[id.0 as usize]
    }

    /// All names, in the order of their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// An atom.
    pub fn atom(&mut self, atom: Atom) -> FormulaId {
        self.intern(Formula::Atom(atom))
    }

    /// The symbol `name` is `y`.
    pub fn yes(&mut self, name: &str) -> FormulaId {
        let name = self.name(name);
        self.atom(Atom::Yes(name))
    }

    /// The symbol `name` is `m`.
    pub fn module(&mut self, name: &str) -> FormulaId {
        let name = self.name(name);
        self.atom(Atom::Module(name))
    }

    /// The symbol `name` is `y` or `m`.
    pub fn enabled(&mut self, name: &str) -> FormulaId {
        let yes = self.yes(name);
        let module = self.module(name);
        self.or(yes, module)
    }

    /// `#if CONFIG_name`: the symbol's value is not zero.
    pub fn non_zero(&mut self, name: &str) -> FormulaId {
        let name = self.name(name);
        self.atom(Atom::NonZero(name))
    }

    /// Something opaque.
    pub fn opaque(&mut self, text: &str) -> FormulaId {
        let name = self.name(text);
        self.atom(Atom::Opaque(name))
    }

    /// `!a`
    pub fn not(&mut self, a: FormulaId) -> FormulaId {
        match self.get(a) {
            Formula::Const(value) => FormulaId(u32::from(!value)),
            Formula::Not(inner) => inner,
            _ => self.intern(Formula::Not(a)),
        }
    }

    /// `a && b`
    pub fn and(&mut self, a: FormulaId, b: FormulaId) -> FormulaId {
        match (a, b) {
            (Self::FALSE, _) | (_, Self::FALSE) => Self::FALSE,
            (Self::TRUE, other) | (other, Self::TRUE) => other,
            _ if a == b => a,
            _ => {
                if let Some(known) = self.known.get(&Formula::And(a, b)) {
                    return *known;
                }
                match self.meet(a, b) {
                    Some(simple) => simple,
                    None => self.intern(Formula::And(a, b)),
                }
            }
        }
    }

    /// `a || b`
    pub fn or(&mut self, a: FormulaId, b: FormulaId) -> FormulaId {
        match (a, b) {
            (Self::TRUE, _) | (_, Self::TRUE) => Self::TRUE,
            (Self::FALSE, other) | (other, Self::FALSE) => other,
            _ if a == b => a,
            _ if self.complement(a, b) => Self::TRUE,
            _ => self.intern(Formula::Or(a, b)),
        }
    }

    /// `a ? b : c`
    pub fn choose(&mut self, a: FormulaId, b: FormulaId, c: FormulaId) -> FormulaId {
        let not_a = self.not(a);
        let (yes, no) = (self.and(a, b), self.and(not_a, c));
        self.or(yes, no)
    }

    /// Takes in all formulas of `other` and returns what each is called here, by its number there.
    /// Readers make formulas in parallel, each its own, and bring them together in a fixed order.
    pub fn absorb(&mut self, other: &Self) -> Vec<FormulaId> {
        let mut here: Vec<FormulaId> = Vec::with_capacity(other.nodes.len());
        let mut names: Vec<Option<NameId>> = vec![None; other.names.len()];
        for node in &other.nodes {
            let new = match *node {
                Formula::Const(value) => FormulaId(u32::from(value)),
                Formula::Not(a) => self.not(here[a.0 as usize]),
                Formula::And(a, b) => self.and(here[a.0 as usize], here[b.0 as usize]),
                Formula::Or(a, b) => self.or(here[a.0 as usize], here[b.0 as usize]),
                Formula::Atom(atom) => {
                    let mut name = |there: NameId| {
                        *names[there.0 as usize].get_or_insert_with(|| self.name(other.text(there)))
                    };
                    let atom = match atom {
                        Atom::Yes(there) => Atom::Yes(name(there)),
                        Atom::Module(there) => Atom::Module(name(there)),
                        Atom::NonZero(there) => Atom::NonZero(name(there)),
                        Atom::Equals(there, value) => {
                            let there = name(there);
                            Atom::Equals(there, name(value))
                        }
                        Atom::Opaque(there) => Atom::Opaque(name(there)),
                        Atom::InModule => Atom::InModule,
                    };
                    self.atom(atom)
                }
            };
            here.push(new);
        }
        here
    }

    /// The conjunction where it is seen at a glance: a part of one is the negation of a part of the
    /// other, or all of one is a part of the other.
    fn meet(&self, a: FormulaId, b: FormulaId) -> Option<FormulaId> {
        let (parts_a, parts_b) = (self.conjuncts(a), self.conjuncts(b));
        for x in parts_a.iter().flatten() {
            if parts_b.iter().flatten().any(|y| self.exclude(*x, *y)) {
                return Some(Self::FALSE);
            }
        }
        if parts_a.contains(&Some(b)) {
            return Some(a);
        }
        parts_b.contains(&Some(a)).then_some(b)
    }

    /// Some of the operands of a conjunction: the last few, which is where conditions repeat.
    fn conjuncts(&self, id: FormulaId) -> [Option<FormulaId>; 8] {
        let mut parts = [None; 8];
        let (mut taken, mut open) = (1, 0);
        parts[0] = Some(id);
        while open < taken {
            if let Some(Formula::And(a, b)) = parts[open].map(|id| self.get(id))
                && taken < parts.len()
            {
                parts[open] = Some(a);
                parts[taken] = Some(b);
                taken += 1;
            } else {
                open += 1;
            }
        }
        parts
    }

    /// Whether `a` and `b` cannot both hold, seen at a glance: a formula and its negation, or one
    /// symbol that is `y` and `m`.
    fn exclude(&self, a: FormulaId, b: FormulaId) -> bool {
        match (self.get(a), self.get(b)) {
            (Formula::Atom(Atom::Yes(x)), Formula::Atom(Atom::Module(y)))
            | (Formula::Atom(Atom::Module(x)), Formula::Atom(Atom::Yes(y))) => x == y,
            _ => self.complement(a, b),
        }
    }

    fn complement(&self, a: FormulaId, b: FormulaId) -> bool {
        self.get(a) == Formula::Not(b) || self.get(b) == Formula::Not(a)
    }

    /// The symbol `name` has `value` as its text.
    pub fn equals(&mut self, name: &str, value: &str) -> FormulaId {
        let (name, value) = (self.name(name), self.name(value));
        self.atom(Atom::Equals(name, value))
    }

    /// The same formula as `id` of `other`, without anything that it does not need. `known` remembers
    /// what came over; keep it with `other`.
    pub fn import(
        &mut self,
        other: &Self,
        id: FormulaId,
        known: &mut FxHashMap<FormulaId, FormulaId>,
    ) -> FormulaId {
        let mut waiting = vec![id];
        while let Some(&next) = waiting.last() {
            let node = other.get(next);
            let operands = match node {
                Formula::Not(a) => [Some(a), None],
                Formula::And(a, b) | Formula::Or(a, b) => [Some(a), Some(b)],
                _ => [None, None],
            };
            let before = waiting.len();
            if !known.contains_key(&next) {
                waiting.extend(operands.into_iter().flatten().filter(|id| !known.contains_key(id)));
            }
            if waiting.len() > before {
                continue;
            }
            waiting.pop();
            let new = match node {
                Formula::Const(value) => FormulaId(u32::from(value)),
                Formula::Atom(atom) => {
                    let atom = match atom {
                        Atom::Yes(name) => Atom::Yes(self.name(other.text(name))),
                        Atom::Module(name) => Atom::Module(self.name(other.text(name))),
                        Atom::NonZero(name) => Atom::NonZero(self.name(other.text(name))),
                        Atom::Opaque(name) => Atom::Opaque(self.name(other.text(name))),
                        Atom::Equals(name, value) => {
                            let name = self.name(other.text(name));
                            Atom::Equals(name, self.name(other.text(value)))
                        }
                        Atom::InModule => Atom::InModule,
                    };
                    self.atom(atom)
                }
                Formula::Not(a) => self.not(known[&a]),
                Formula::And(a, b) => self.and(known[&a], known[&b]),
                Formula::Or(a, b) => self.or(known[&a], known[&b]),
            };
            known.insert(next, new);
        }
        known[&id]
    }

    /// The value of every node up to `top` under a valuation of the atoms, by number. Nodes are in
    /// order of dependence, so no recursion is needed.
    pub fn values(&self, top: FormulaId, atom: impl Fn(Atom) -> bool) -> Vec<bool> {
        let mut values: Vec<bool> = Vec::with_capacity(top.0 as usize + 1);
        for node in &self.nodes[..=top.0 as usize] {
            let value = match *node {
                Formula::Const(value) => value,
                Formula::Atom(a) => atom(a),
                Formula::Not(a) => !values[a.0 as usize],
                Formula::And(a, b) => values[a.0 as usize] && values[b.0 as usize],
                Formula::Or(a, b) => values[a.0 as usize] || values[b.0 as usize],
            };
            values.push(value);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_fold_and_equal_formulas_are_one() {
        let mut f = Formulas::default();
        let (a, b) = (f.yes("A"), f.enabled("B"));
        assert_eq!(f.and(a, Formulas::TRUE), a);
        assert_eq!(f.or(a, Formulas::TRUE), Formulas::TRUE);
        let not = f.not(a);
        assert_eq!(f.not(not), a);
        assert_eq!(f.and(a, b), f.and(a, b));
        assert_eq!(f.enabled("B"), b);
    }

    #[test]
    fn formulas_of_others_keep_their_meaning() {
        let (mut here, mut there) = (Formulas::default(), Formulas::default());
        let known = here.yes("B");
        let (a, b) = (there.module("A"), there.yes("B"));
        let opaque = there.opaque("X > 3");
        let (number, in_module) = (there.non_zero("N"), there.atom(Atom::InModule));
        let chosen = there.choose(a, b, number);
        let both = there.and(opaque, in_module);
        let top = there.or(chosen, both);
        let map = here.absorb(&there);
        assert_eq!(map[b.0 as usize], known);
        let text = |f: &Formulas, atom| match atom {
            Atom::Yes(n) | Atom::Module(n) | Atom::NonZero(n) | Atom::Opaque(n) => {
                f.text(n).to_owned()
            }
            Atom::Equals(n, value) => format!("{}={}", f.text(n), f.text(value)),
            Atom::InModule => "MODULE".to_owned(),
        };
        let names = ["A", "B", "N", "X > 3", "MODULE"];
        for valuation in 0..32_u32 {
            let holds = |f: &Formulas, atom| {
                let name = text(f, atom);
                valuation >> names.iter().position(|known| *known == name).unwrap() & 1 == 1
            };
            let moved = map[top.0 as usize];
            let new = here.values(moved, |atom| holds(&here, atom))[moved.0 as usize];
            assert_eq!(new, there.values(top, |atom| holds(&there, atom))[top.0 as usize]);
        }
    }

    #[test]
    fn values_follow_the_atoms() {
        let mut f = Formulas::default();
        let (a, b) = (f.yes("A"), f.module("B"));
        let not_b = f.not(b);
        let both = f.and(a, not_b);
        let value = |f: &Formulas, module: bool| {
            let values = f.values(both, |atom| matches!(atom, Atom::Yes(_)) || module);
            values[both.0 as usize]
        };
        assert!(value(&f, false));
        assert!(!value(&f, true));
    }

    #[test]
    fn what_excludes_itself_folds() {
        let mut f = Formulas::default();
        let (yes, module) = (f.yes("A"), f.module("A"));
        let not = f.not(yes);
        assert_eq!(f.and(yes, module), Formulas::FALSE);
        assert_eq!(f.and(not, yes), Formulas::FALSE);
        assert_eq!(f.or(not, yes), Formulas::TRUE);
        let b = f.enabled("B");
        let long = f.and(not, b);
        assert_eq!(f.and(long, yes), Formulas::FALSE);
        assert_eq!(f.and(b, long), long);
        let level = f.equals("LEVELS", "4");
        let both = f.and(not, level);
        let mut other = Formulas::default();
        let carried = other.import(&f, both, &mut FxHashMap::default());
        assert_eq!(f.import(&other, carried, &mut FxHashMap::default()), both);
        assert!(other.len() < f.len());
        let map = Formulas::default().absorb(&f);
        assert_eq!(map.len(), f.len());
        assert_eq!(f.absorb(&f.clone())[level.0 as usize], level);
    }
}
