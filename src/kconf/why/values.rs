//! Which values a symbol can have at all: an over-approximation over every configuration.
//!
//! "Impossible" is only said of what is outside of this set, so it errs on one side alone: parts of
//! an expression count as independent of each other, a visible prompt allows everything of its type,
//! and what is met again while it is being computed may be anything. What remains impossible is so by
//! structure: no prompt, no default and no selector can give the value, whatever is set.

use super::words;
use crate::kconf::eval::rules::Rules;
use crate::kconf::eval::{State, Tristate, compared};
use crate::kconf::expr::{Cmp, Expr, ExprId};
use crate::kconf::model::{Model, PropKind, SymbolId, Type};

/// A set of tristate values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Set(u8);

impl Set {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(7);

    pub fn of(value: Tristate) -> Self {
        Self(1 << value as u8)
    }

    /// `value` and everything above.
    pub fn least(value: Tristate) -> Self {
        Self(7 & (7 << value as u8))
    }

    /// `value` and everything below.
    pub fn most(value: Tristate) -> Self {
        Self(7 >> (2 - value as u8))
    }

    pub fn has(self, value: Tristate) -> bool {
        self.0 & Self::of(value).0 != 0
    }

    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether something other than `n` is in it.
    pub fn may_hold(self) -> bool {
        self.meets(Self::least(Tristate::Mod))
    }

    fn pairs(self, other: Self, op: fn(Tristate, Tristate) -> Tristate) -> Self {
        let mut out = Self::NONE;
        for a in VALUES.into_iter().filter(|a| self.has(*a)) {
            for b in VALUES.into_iter().filter(|b| other.has(*b)) {
                out = out.union(Self::of(op(a, b)));
            }
        }
        out
    }
}

const VALUES: [Tristate; 3] = [Tristate::No, Tristate::Mod, Tristate::Yes];

/// Deeper than any tree nests; below that everything is possible.
const MAX_DEPTH: u32 = 20_000;
/// More different texts than this are taken for any.
const MAX_TEXTS: usize = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Not,
    Busy,
    Is(Set),
}

/// What every symbol and expression of a model can be.
pub(super) struct Values<'m> {
    model: &'m Model,
    rules: Rules,
    /// Who is a member of a choice.
    members: Vec<bool>,
    symbols: Vec<Known>,
    exprs: Vec<Known>,
    depth: u32,
    uses: Vec<u32>,
}

/// The texts that a symbol can have; nothing where they are not known.
type Texts = Option<Vec<Box<[u8]>>>;

impl<'m> Values<'m> {
    pub fn new(state: &State<'m>) -> Self {
        let model = state.model();
        Self {
            model,
            rules: state.rules(),
            members: state.tables.choice_of.iter().map(Option::is_some).collect(),
            symbols: vec![Known::Not; model.symbols.len()],
            exprs: vec![Known::Not; model.exprs.len()],
            depth: 0,
            uses: uses(model),
        }
    }

    /// How many symbols depend on this one.
    pub fn uses(&self, symbol: SymbolId) -> u32 {
        self.uses[symbol.index()]
    }

    /// What `expr` can be; nothing is `y`.
    pub fn expr(&mut self, expr: Option<ExprId>) -> Set {
        expr.map_or(Set::of(Tristate::Yes), |expr| self.node(expr))
    }

    fn node(&mut self, id: ExprId) -> Set {
        self.once(
            |this| &mut this.exprs[id.index()],
            |this| match this.model.exprs.get(id) {
                Expr::Symbol(symbol) => this.symbol(symbol),
                Expr::Not(a) => {
                    let set = this.node(a);
                    set.pairs(set, |a, _| !a)
                }
                Expr::And(a, b) => this.node(a).pairs(this.node(b), Tristate::and),
                Expr::Or(a, b) => this.node(a).pairs(this.node(b), Tristate::or),
                Expr::Compare(cmp, a, b) => this.compare(cmp, a, b),
                Expr::Range(..) => Set::of(Tristate::No),
            },
        )
    }

    /// What `slot` knows, or else what `compute` finds; anything where that leads back to itself or
    /// too deep.
    fn once(
        &mut self,
        slot: impl Fn(&mut Self) -> &mut Known,
        compute: impl FnOnce(&mut Self) -> Set,
    ) -> Set {
        match *slot(self) {
            Known::Is(set) => return set,
            Known::Busy => return Set::ALL,
            Known::Not => {}
        }
        if self.depth > MAX_DEPTH {
            return Set::ALL;
        }
        self.depth += 1;
        *slot(self) = Known::Busy;
        let set = compute(self);
        self.depth -= 1;
        *slot(self) = Known::Is(set);
        set
    }

    /// What the symbol can be as a tristate; texts and numbers are `n`.
    pub fn symbol(&mut self, symbol: SymbolId) -> Set {
        self.once(|this| &mut this.symbols[symbol.index()], |this| this.compute(symbol))
    }

    fn compute(&mut self, symbol: SymbolId) -> Set {
        let data = self.model.symbol(symbol);
        if symbol.number() < 3 {
            return Set::of(VALUES[symbol.index()]);
        }
        if is_open(&data.name) || data.env.is_some() {
            return Set::ALL;
        }
        match data.ty {
            Type::Bool | Type::Tristate => {}
            _ => return Set::of(Tristate::No),
        }
        let everything = if data.ty == Type::Bool {
            Set::of(Tristate::No).union(Set::of(Tristate::Yes))
        } else {
            Set::ALL
        };
        // Choices and their members follow rules of their own; a choice of the older generation has
        // a value that its members make.
        if data.is_choice || (self.members[symbol.index()] && self.is_visible(symbol)) {
            return everything;
        }
        let mut set = self.by_default(symbol);
        if self.is_visible(symbol) {
            set = everything;
        }
        if let Some(implied) = data.implied {
            let implied = self.node(implied).pairs(self.expr(data.dir_dep), Tristate::and);
            set = set.pairs(implied.union(Set::of(Tristate::No)), Tristate::or);
        }
        if let Some(reverse) = data.rev_dep {
            let reverse = self.node(reverse);
            set = set.pairs(reverse, Tristate::or);
        }
        // `m` is `y` for a bool, and for a tristate while modules are off.
        if set.has(Tristate::Mod) {
            let rest = if data.ty == Type::Bool { Set(set.0 & !2) } else { set };
            set = rest.union(Set::of(Tristate::Yes));
        }
        set
    }

    /// Whether a prompt can be visible.
    fn is_visible(&mut self, symbol: SymbolId) -> bool {
        let model = self.model;
        let prompts = model.symbol(symbol).props.iter().map(|prop| model.prop(*prop));
        let mut prompts = prompts.filter(|property| property.text.is_some());
        prompts.any(|property| self.expr(property.visible).may_hold())
    }

    /// What the defaults of a bool or tristate can give.
    fn by_default(&mut self, symbol: SymbolId) -> Set {
        let mut set = Set::NONE;
        for prop in &self.model.symbol(symbol).props {
            let property = self.model.prop(*prop);
            if property.kind != PropKind::Default {
                continue;
            }
            let condition = self.expr(property.visible);
            if condition.may_hold() {
                let holding = Set(condition.0 & Set::least(Tristate::Mod).0);
                set = set.union(self.expr(property.expr).pairs(holding, Tristate::and));
            }
            if !condition.has(Tristate::No) {
                return set;
            }
        }
        set.union(Set::of(Tristate::No))
    }

    fn compare(&mut self, cmp: Cmp, a: SymbolId, b: SymbolId) -> Set {
        let both = Set::of(Tristate::No).union(Set::of(Tristate::Yes));
        let (Some(left), Some(right)) = (self.texts(a), self.texts(b)) else { return both };
        let (left_type, right_type) = (self.model.symbol(a).ty, self.model.symbol(b).ty);
        let mut set = Set::NONE;
        for l in &left {
            for r in &right {
                let holds = compared(self.rules, cmp, (l, left_type), (r, right_type));
                set = set.union(Set::of(Tristate::from_bool(holds)));
            }
        }
        set
    }

    /// Every text that the symbol can have.
    pub fn texts(&mut self, symbol: SymbolId) -> Texts {
        let data = self.model.symbol(symbol);
        if is_open(&data.name) || data.env.is_some() || self.depth > MAX_DEPTH {
            return None;
        }
        if data.constant || data.ty == Type::Unknown {
            return Some(vec![data.name.clone()]);
        }
        if matches!(data.ty, Type::Bool | Type::Tristate) {
            let set = self.symbol(symbol);
            let values = VALUES.into_iter().filter(|value| set.has(*value));
            return Some(values.map(|value| value.text().as_bytes().into()).collect());
        }
        match self.symbols[symbol.index()] {
            Known::Busy => return None,
            _ => self.symbols[symbol.index()] = Known::Busy,
        }
        self.depth += 1;
        let texts = self.default_texts(symbol);
        self.depth -= 1;
        self.symbols[symbol.index()] = Known::Is(Set::of(Tristate::No));
        texts
    }

    fn default_texts(&mut self, symbol: SymbolId) -> Texts {
        let data = self.model.symbol(symbol);
        let mut texts: Vec<Box<[u8]>> = Vec::new();
        let mut certain = false;
        for prop in &data.props {
            let property = self.model.prop(*prop);
            match property.kind {
                PropKind::Range => return None,
                _ if property.text.is_some() && self.expr(property.visible).may_hold() => {
                    return None;
                }
                PropKind::Default if !certain => {}
                _ => continue,
            }
            let condition = self.expr(property.visible);
            if condition.may_hold() {
                let Some(Expr::Symbol(from)) = property.expr.map(|e| self.model.exprs.get(e))
                else {
                    return None;
                };
                texts.extend(self.texts(from)?);
            }
            certain = !condition.has(Tristate::No);
        }
        if !certain {
            texts.extend([b"".as_slice().into(), b"0".as_slice().into(), b"0x0".as_slice().into()]);
        }
        texts.sort();
        texts.dedup();
        (texts.len() <= MAX_TEXTS).then_some(texts)
    }
}

/// For every symbol, how many others have it in their direct dependency.
fn uses(model: &Model) -> Vec<u32> {
    let mut uses = vec![0; model.symbols.len()];
    for symbol in &model.symbols {
        for used in words::mentioned(model, symbol.dir_dep) {
            uses[used.index()] += 1;
        }
    }
    uses
}

/// Whether a name stands for a probe that nobody ran.
pub(super) fn is_open(name: &[u8]) -> bool {
    name.windows(7).any(|part| part == b"<probe ")
}
