//! One architecture's Kconfig as clauses: every configuration that Kconfig can reach satisfies them.
//!
//! A tristate is two wires, "at least m" and "y", so that AND, OR and NOT of Kconfig are plain gates;
//! a bool is one. The rules are those of [`crate::kconf::eval`], stated as bounds: a user may set
//! anything that a visible prompt allows, so what a value *can* be follows without a variable for
//! what the user says. Where Kconfig depends on what we cannot know (a probe of the compiler, a
//! comparison of numbers that are not written down), the wire is free.

use rustc_hash::FxHashMap;

use super::circuit::{Circuit, Lit};
use super::clauses::{Clauses, Reason, Rule};
use crate::kconf::eval::{Rules, State, Tristate};
use crate::kconf::expr::{Cmp, Expr, ExprId};
use crate::kconf::model::{MOD, MenuId, Model, NO, SymbolId, Type, YES};

mod choice;
mod compare;
mod cone;
mod evaluated;
mod number;
mod probe;
mod symbol;
mod written;

use number::Values;
pub(super) use number::number as number_of;
use symbol::Parts;

/// A tristate: two wires, of which the second implies the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tri {
    /// At least `m`.
    pub m: Lit,
    /// `y`
    pub y: Lit,
}

impl Tri {
    /// Always `n`.
    pub const NO: Self = Self { m: Lit::FALSE, y: Lit::FALSE };
    /// Always `y`.
    pub const YES: Self = Self { m: Lit::TRUE, y: Lit::TRUE };

    /// `y` if `lit`, else `n`.
    pub fn bool(lit: Lit) -> Self {
        Self { m: lit, y: lit }
    }

    /// Whether it is at least `value`.
    pub fn at_least(self, value: Tristate) -> Lit {
        match value {
            Tristate::No => Lit::TRUE,
            Tristate::Mod => self.m,
            Tristate::Yes => self.y,
        }
    }
}

/// What an input of the circuit stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The symbol is at least this (never `n`).
    Symbol(SymbolId, Tristate),
    /// What an open probe of the toolchain says, by its number in the model.
    Probe(u32),
    /// Something about an int, hex or string.
    Value(SymbolId),
    /// Something of a formula that nobody can decide.
    Opaque,
}

/// Builds the circuit and the clauses of one model.
pub struct Encoder<'m> {
    /// The model.
    pub model: &'m Model,
    /// Everything that was asked for, as gates.
    pub circuit: Circuit,
    /// What the tree says.
    pub clauses: Clauses,
    rules: Rules,
    modules: Lit,
    values: Vec<Tri>,
    exprs: Vec<Option<Tri>>,
    choice_of: Vec<Option<MenuId>>,
    origins: FxHashMap<u32, Origin>,
    names: FxHashMap<Box<[u8]>, SymbolId>,
    /// Every word that the tree has, quoted or not.
    words: FxHashMap<(bool, Box<[u8]>), SymbolId>,
    numbers: FxHashMap<SymbolId, Values>,
    opaque: FxHashMap<Box<[u8]>, Lit>,
    /// What a free comparison compares.
    comparisons: FxHashMap<Lit, (Cmp, SymbolId, SymbolId)>,
    /// The wire of a probe, a symbol that has its answer, and the answer when the wire is on.
    probe_wires: Vec<(Lit, SymbolId, Tristate)>,
    changed: Vec<SymbolId>,
    /// What a symbol that is on depends on, where it cannot be on otherwise.
    needs: FxHashMap<Lit, Lit>,
    /// What each symbol that has rules depends on.
    parts: Vec<Option<Parts>>,
    choices: Vec<(SymbolId, Vec<(SymbolId, Lit)>)>,
}

impl<'m> Encoder<'m> {
    /// The clauses of `model`.
    pub fn new(model: &'m Model) -> Self {
        Self::of(model, None)
    }

    /// Those of `model` that decide about some symbols.
    pub fn about(model: &'m Model, roots: &[SymbolId]) -> Self {
        Self::of(model, Some(roots))
    }

    fn of(model: &'m Model, roots: Option<&[SymbolId]>) -> Self {
        let state = State::new(model);
        let symbols = (0..model.symbols.len() as u32).map(SymbolId::new);
        let mut new = Self {
            model,
            circuit: Circuit::default(),
            clauses: Clauses::default(),
            rules: state.rules(),
            modules: Lit::FALSE,
            values: vec![Tri::NO; model.symbols.len()],
            exprs: vec![None; model.exprs.len()],
            choice_of: symbols.map(|symbol| state.choice_of(symbol)).collect(),
            origins: FxHashMap::default(),
            names: FxHashMap::default(),
            words: FxHashMap::default(),
            numbers: FxHashMap::default(),
            opaque: FxHashMap::default(),
            comparisons: FxHashMap::default(),
            probe_wires: Vec::new(),
            changed: Vec::new(),
            needs: FxHashMap::default(),
            parts: vec![None; model.symbols.len()],
            choices: Vec::new(),
        };
        new.declare();
        new.exclude_probes();
        let cone = roots.map(|roots| {
            let choice = |symbol| model.menu(new.choice_of(symbol)?).symbol;
            cone::cone(model, roots.iter().copied(), &choice)
        });
        let all = (3..model.symbols.len() as u32).map(SymbolId::new);
        let decides = |symbol: &SymbolId| cone.as_ref().is_none_or(|cone| cone[symbol.index()]);
        let symbols: Vec<SymbolId> = all.filter(decides).collect();
        for symbol in &symbols {
            new.symbol(*symbol);
        }
        for symbol in symbols {
            if model.symbol(symbol).is_choice {
                new.choice(symbol, &state);
            }
        }
        new.settle();
        new
    }

    /// Whether `lits` clash for all to see, dependencies included.
    pub fn clash(&self, lits: &[Lit]) -> bool {
        self.circuit.clash(lits, |lit| self.needs.get(&lit).copied())
    }

    /// Makes the inputs of all symbols.
    fn declare(&mut self) {
        for symbol in self.least_used_first() {
            let number = symbol.index();
            let data = self.model.symbol(symbol);
            if !data.constant && !data.menus.is_empty() && !data.name.is_empty() {
                self.names.insert(data.name.clone(), symbol);
            }
            if !data.is_choice {
                self.words.insert((data.constant, data.name.clone()), symbol);
            }
            let value = match data.ty {
                // Since 6.11 a choice has no value of its own.
                _ if data.is_choice && !self.rules.choice_lists => Tri::NO,
                Type::Bool => Tri::bool(self.named_input(Origin::Symbol(symbol, Tristate::Yes))),
                Type::Tristate if self.model.modules.is_none() => {
                    Tri::bool(self.named_input(Origin::Symbol(symbol, Tristate::Yes)))
                }
                Type::Tristate => {
                    let m = self.named_input(Origin::Symbol(symbol, Tristate::Mod));
                    let y = self.named_input(Origin::Symbol(symbol, Tristate::Yes));
                    Tri { m, y }
                }
                Type::Unknown => self.probed(symbol),
                Type::Int | Type::Hex | Type::String => Tri::NO,
            };
            self.values[number] = value;
        }
        for (symbol, value) in [(MOD, Tri { m: Lit::TRUE, y: Lit::FALSE }), (YES, Tri::YES)] {
            if let Some(slot) = self.values.get_mut(symbol.index()) {
                *slot = value;
            }
        }
        debug_assert_eq!(self.values[NO.index()], Tri::NO);
        self.modules = self.model.modules.map_or(Lit::FALSE, |modules| self.value(modules).y);
    }

    /// All symbols but the constants, those that most conditions mention last. The solver decides what
    /// was made last first, and what most depends on decides the rest.
    fn least_used_first(&self) -> Vec<SymbolId> {
        let exprs = &self.model.exprs;
        let mut uses = vec![0_u32; self.model.symbols.len()];
        for id in 0..exprs.len() as u32 {
            let operands = match exprs.get(ExprId::new(id)) {
                Expr::Not(a) => [Some(a), None],
                Expr::And(a, b) | Expr::Or(a, b) => [Some(a), Some(b)],
                _ => [None, None],
            };
            for operand in operands.into_iter().flatten() {
                if let Expr::Symbol(symbol) = exprs.get(operand) {
                    uses[symbol.index()] += 1;
                }
            }
        }
        let mut order: Vec<SymbolId> = (3..uses.len() as u32).map(SymbolId::new).collect();
        order.sort_by_key(|symbol| uses[symbol.index()]);
        order
    }

    fn named_input(&mut self, origin: Origin) -> Lit {
        let lit = self.circuit.input();
        self.origins.insert(lit.node(), origin);
        lit
    }

    /// A free wire, the same for the same text.
    pub(super) fn open(&mut self, text: &[u8]) -> Lit {
        if let Some(known) = self.opaque.get(text) {
            return *known;
        }
        let lit = self.circuit.input();
        self.opaque.insert(text.into(), lit);
        lit
    }

    /// What an input stands for.
    pub fn origin(&self, input: u32) -> Origin {
        self.origins.get(&input).copied().unwrap_or(Origin::Opaque)
    }

    /// The symbol of this name, if the architecture defines it.
    pub fn find(&self, name: &[u8]) -> Option<SymbolId> {
        self.names.get(name).copied()
    }

    /// The value of a bool or tristate; what has no such value is `n`.
    pub fn value(&self, symbol: SymbolId) -> Tri {
        self.values[symbol.index()]
    }

    /// Whether there are modules.
    pub fn modules(&self) -> Lit {
        self.modules
    }

    /// The choice that `symbol` is a member of.
    pub fn choice_of(&self, symbol: SymbolId) -> Option<MenuId> {
        self.choice_of[symbol.index()]
    }

    /// What `symbol` depends on, if there are rules about it.
    pub(super) fn known_parts(&self, symbol: SymbolId) -> Option<&Parts> {
        self.parts[symbol.index()].as_ref()
    }

    /// All choices with their members, and when each may be the one that is `y`.
    pub(super) fn choices(&self) -> &[(SymbolId, Vec<(SymbolId, Lit)>)] {
        &self.choices
    }

    /// The value of an expression; nothing is `y`.
    pub fn expr(&mut self, id: Option<ExprId>) -> Tri {
        let Some(id) = id else { return Tri::YES };
        let mut known = std::mem::take(&mut self.exprs);
        let value = self.expr_in(id, &mut |id| known[id.index()], None);
        for (id, value) in value.1 {
            known[id.index()] = Some(value);
        }
        self.exprs = known;
        value.0
    }

    /// The value of an expression if `symbol` had `value`.
    fn expr_if(&mut self, id: Option<ExprId>, symbol: SymbolId, value: Tri) -> Tri {
        let Some(id) = id else { return Tri::YES };
        self.expr_in(id, &mut |_| None, Some((symbol, value))).0
    }

    /// The value of an expression, and of all those within it that `known` does not know. Expressions
    /// nest tens of thousands deep, so there is no recursion.
    fn expr_in(
        &mut self,
        id: ExprId,
        known: &mut dyn FnMut(ExprId) -> Option<Tri>,
        instead: Option<(SymbolId, Tri)>,
    ) -> (Tri, FxHashMap<ExprId, Tri>) {
        let mut new: FxHashMap<ExprId, Tri> = FxHashMap::default();
        if let Some(value) = known(id) {
            return (value, new);
        }
        let mut todo = vec![id];
        while let Some(&next) = todo.last() {
            let node = self.model.exprs.get(next);
            let mut get = |id: ExprId, new: &FxHashMap<ExprId, Tri>| {
                known(id).or_else(|| new.get(&id).copied())
            };
            let value = match node {
                Expr::Symbol(symbol) => match instead {
                    Some((other, value)) if other == symbol => value,
                    _ => self.value(symbol),
                },
                Expr::Not(a) => {
                    let Some(a) = get(a, &new) else {
                        todo.push(a);
                        continue;
                    };
                    Tri { m: !a.y, y: !a.m }
                }
                Expr::And(a, b) | Expr::Or(a, b) => match (get(a, &new), get(b, &new)) {
                    (Some(a), Some(b)) if matches!(node, Expr::And(..)) => self.both(a, b),
                    (Some(a), Some(b)) => self.either(a, b),
                    (left, right) => {
                        todo.extend(left.is_none().then_some(a));
                        todo.extend(right.is_none().then_some(b));
                        continue;
                    }
                },
                Expr::Compare(cmp, a, b) => Tri::bool(self.compare(cmp, a, b)),
                Expr::Range(..) => Tri::NO,
            };
            new.insert(next, value);
            todo.pop();
        }
        (new[&id], new)
    }

    /// The smaller of the two.
    pub fn both(&mut self, a: Tri, b: Tri) -> Tri {
        let m = self.circuit.and(a.m, b.m);
        let y = if a.m == a.y && b.m == b.y { m } else { self.circuit.and(a.y, b.y) };
        Tri { m, y }
    }

    /// The larger of the two.
    pub fn either(&mut self, a: Tri, b: Tri) -> Tri {
        let m = self.circuit.or(a.m, b.m);
        let y = if a.m == a.y && b.m == b.y { m } else { self.circuit.or(a.y, b.y) };
        Tri { m, y }
    }

    /// `m` becomes `y` where `symbol` is a bool, or a tristate without modules.
    pub fn as_type(&mut self, symbol: SymbolId, value: Tri) -> Tri {
        if self.model.symbol(symbol).ty != Type::Tristate || self.model.modules.is_none() {
            return Tri::bool(value.m);
        }
        let raised = self.circuit.and(value.m, !self.modules);
        Tri { m: value.m, y: self.circuit.or(value.y, raised) }
    }

    fn say(&mut self, symbol: SymbolId, rule: Rule, lits: &[Lit]) {
        self.clauses.add(Reason { symbol, rule }, lits);
    }
}
