//! Looks for small sets of assignments that would make a condition hold.
//!
//! Abduction over AND and OR: what holds already costs nothing, a conjunction joins the sets of its
//! parts, a disjunction offers those of either. Every goal keeps only its few cheapest sets, no goal
//! is asked for below itself, and the whole is bounded, so finding nothing proves nothing. What is
//! found is a guess too, since parts can get in each other's way: [`super::propose`] verifies it.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::values::{Set, Values};
use crate::kconf::eval::{State, Tristate, compared};
use crate::kconf::expr::{Cmp, Expr, ExprId};
use crate::kconf::model::{Model, SymbolId, Type};

/// What to set, by symbol; values as `.config` has them, without quotes.
pub(super) type Changes = BTreeMap<SymbolId, Box<[u8]>>;

/// A set of assignments and its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub changes: Changes,
    /// The price of the changes, and `detours`.
    pub cost: u32,
    /// What the way to them costs beyond that.
    pub detours: u32,
}

/// What a symbol should be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    /// At least this.
    Least(SymbolId, Tristate),
    /// At most this.
    Most(SymbolId, Tristate),
    /// This text or number.
    Text(SymbolId, Box<[u8]>),
}

/// How many sets are kept for each goal.
const KEPT: usize = 8;
/// How many alternatives of a disjunction are looked at closely.
const ALTERNATIVES: usize = 12;
/// Goals in one search.
const STEPS: usize = 6_000;
/// How deeply goals may nest.
const DEPTH: usize = 40;

/// One search in one configuration.
pub(super) struct Search<'s, 'm> {
    pub state: &'s mut State<'m>,
    pub values: &'s mut Values<'m>,
    /// What has been decided already; no candidate contradicts it.
    pub fixed: &'s Changes,
    /// The symbol that all this is for: setting it costs nothing, but only to what is wanted.
    pub target: SymbolId,
    pub wanted: &'s [u8],
    known: FxHashMap<Goal, Vec<Candidate>>,
    path: Vec<Goal>,
    steps: usize,
    /// Whether a goal was cut off since it was asked for below itself or too deep.
    cut: bool,
}

impl<'s, 'm> Search<'s, 'm> {
    pub fn new(
        state: &'s mut State<'m>,
        values: &'s mut Values<'m>,
        fixed: &'s Changes,
        (target, wanted): (SymbolId, &'s [u8]),
    ) -> Self {
        let (known, path) = (FxHashMap::default(), Vec::new());
        Self { state, values, fixed, target, wanted, known, path, steps: 0, cut: false }
    }

    pub fn model(&self) -> &'m Model {
        self.state.model()
    }

    /// The cheapest sets that might reach `goal`, cheapest first.
    pub fn solve(&mut self, goal: &Goal) -> Vec<Candidate> {
        if self.holds(goal) {
            return nothing();
        }
        if !self.possible(goal) {
            return Vec::new();
        }
        if let Some(known) = self.known.get(goal) {
            return known.clone();
        }
        if self.path.contains(goal) || self.path.len() >= DEPTH || self.steps >= STEPS {
            self.cut = true;
            return Vec::new();
        }
        self.steps += 1;
        let cut_before = std::mem::take(&mut self.cut);
        self.path.push(goal.clone());
        let found = match goal {
            Goal::Least(symbol, value) => self.raise(*symbol, *value),
            Goal::Most(symbol, value) => self.lower(*symbol, *value),
            Goal::Text(symbol, text) => self.write(*symbol, text),
        };
        self.path.pop();
        let found = cheapest(found);
        // What was cut off below another goal may be found below a third one.
        if !self.cut || !found.is_empty() {
            self.known.insert(goal.clone(), found.clone());
        }
        self.cut |= cut_before;
        found
    }

    /// Exactly this value of a bool or tristate.
    pub fn exactly(&mut self, symbol: SymbolId, value: Tristate) -> Vec<Candidate> {
        let least = self.solve(&Goal::Least(symbol, value));
        let most = self.solve(&Goal::Most(symbol, value));
        self.both(&least, &most)
    }

    fn holds(&mut self, goal: &Goal) -> bool {
        match goal {
            Goal::Least(symbol, value) => self.state.tristate(*symbol) >= *value,
            Goal::Most(symbol, value) => self.state.tristate(*symbol) <= *value,
            Goal::Text(symbol, text) => *self.state.value(*symbol) == **text,
        }
    }

    fn possible(&mut self, goal: &Goal) -> bool {
        match goal {
            Goal::Least(symbol, value) => self.values.symbol(*symbol).meets(Set::least(*value)),
            Goal::Most(symbol, value) => self.values.symbol(*symbol).meets(Set::most(*value)),
            Goal::Text(symbol, text) => {
                self.values.texts(*symbol).is_none_or(|texts| texts.contains(text))
            }
        }
    }

    /// Sets that raise `expr` to `value`; nothing is `y`.
    pub fn least(&mut self, expr: Option<ExprId>, value: Tristate) -> Vec<Candidate> {
        let Some(id) = expr else { return nothing() };
        if self.state.expr(expr) >= value {
            return nothing();
        }
        if !self.values.expr(expr).meets(Set::least(value)) {
            return Vec::new();
        }
        match self.model().exprs.get(id) {
            Expr::Symbol(symbol) => self.solve(&Goal::Least(symbol, value)),
            Expr::Not(a) => self.most(Some(a), !value),
            Expr::And(..) => self.all(&parts(self.model(), id, true), value, Self::least),
            Expr::Or(..) => self.any(&parts(self.model(), id, false), value, Self::least),
            Expr::Compare(cmp, a, b) => self.compare(cmp, a, b),
            Expr::Range(..) => Vec::new(),
        }
    }

    /// Sets that lower `expr` to `value`.
    pub fn most(&mut self, expr: Option<ExprId>, value: Tristate) -> Vec<Candidate> {
        if self.state.expr(expr) <= value {
            return nothing();
        }
        let Some(id) = expr else { return Vec::new() };
        if !self.values.expr(expr).meets(Set::most(value)) {
            return Vec::new();
        }
        match self.model().exprs.get(id) {
            Expr::Symbol(symbol) => self.solve(&Goal::Most(symbol, value)),
            Expr::Not(a) => self.least(Some(a), !value),
            Expr::And(..) => self.any(&parts(self.model(), id, true), value, Self::most),
            Expr::Or(..) => self.all(&parts(self.model(), id, false), value, Self::most),
            Expr::Compare(cmp, a, b) => self.compare(opposite(cmp), a, b),
            Expr::Range(..) => nothing(),
        }
    }

    fn all(
        &mut self,
        parts: &[ExprId],
        value: Tristate,
        solve: fn(&mut Self, Option<ExprId>, Tristate) -> Vec<Candidate>,
    ) -> Vec<Candidate> {
        let mut found = nothing();
        for part in parts {
            let more = solve(self, Some(*part), value);
            found = self.both(&found, &more);
            if found.is_empty() {
                return found;
            }
        }
        found
    }

    fn any(
        &mut self,
        parts: &[ExprId],
        value: Tristate,
        solve: fn(&mut Self, Option<ExprId>, Tristate) -> Vec<Candidate>,
    ) -> Vec<Candidate> {
        // The order of the source decides between equals: it is stable and usually telling.
        let mut ranked: Vec<(u32, ExprId)> =
            parts.iter().map(|part| (self.distance(*part, 0), *part)).collect();
        ranked.sort_by_key(|(distance, _)| *distance);
        let mut found = Vec::new();
        for (_, part) in ranked.into_iter().take(ALTERNATIVES) {
            found.extend(solve(self, Some(part), value));
        }
        cheapest(found)
    }

    /// A rough guess of how much is missing for `id`.
    fn distance(&mut self, id: ExprId, depth: u32) -> u32 {
        if !self.values.expr(Some(id)).may_hold() {
            return 1_000;
        }
        if self.state.expr(Some(id)) != Tristate::No {
            return 0;
        }
        match self.model().exprs.get(id) {
            Expr::Symbol(symbol) if self.state.visibility(symbol) != Tristate::No => 1,
            Expr::Symbol(_) => 5,
            Expr::And(a, b) if depth < 30 => {
                (self.distance(a, depth + 1) + self.distance(b, depth + 1)).min(999)
            }
            Expr::Or(a, b) if depth < 30 => {
                self.distance(a, depth + 1).min(self.distance(b, depth + 1))
            }
            _ => 3,
        }
    }

    /// Sets that make a comparison hold, where one side is fixed.
    fn compare(&mut self, cmp: Cmp, a: SymbolId, b: SymbolId) -> Vec<Candidate> {
        let model = self.model();
        let fixed =
            |id: SymbolId| model.symbol(id).constant || model.symbol(id).ty == Type::Unknown;
        let (symbol, constant, cmp) = match (fixed(a), fixed(b)) {
            (false, true) => (a, b, cmp),
            (true, false) => (b, a, mirrored(cmp)),
            _ => return Vec::new(),
        };
        let (data, text) = (model.symbol(symbol), &model.symbol(constant).name);
        let rules = self.state.rules();
        let fits = |value: &[u8]| {
            let right = (&**text, model.symbol(constant).ty);
            compared(rules, cmp, (value, data.ty), right)
        };
        let mut found = Vec::new();
        if matches!(data.ty, Type::Bool | Type::Tristate) {
            for value in [Tristate::Yes, Tristate::Mod, Tristate::No] {
                if fits(value.text().as_bytes()) && self.values.symbol(symbol).has(value) {
                    found.extend(self.exactly(symbol, value));
                }
            }
            return cheapest(found);
        }
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
        let near = number.into_iter().flat_map(|n| [Some(n), n.checked_add(1), n.checked_sub(1)]);
        let near = near.flatten().map(|n| n.to_string().into_bytes().into_boxed_slice());
        for value in std::iter::once(text.clone()).chain(near) {
            if fits(&value) {
                found.extend(self.solve(&Goal::Text(symbol, value)));
            }
        }
        cheapest(found)
    }

    /// What both need, for every pair that does not contradict itself.
    pub fn both(&self, left: &[Candidate], right: &[Candidate]) -> Vec<Candidate> {
        let mut found = Vec::new();
        for a in left {
            for b in right {
                let mut changes = a.changes.clone();
                let mut agree = true;
                for (symbol, value) in &b.changes {
                    let old = changes.entry(*symbol).or_insert_with(|| value.clone());
                    agree &= old == value;
                }
                if agree {
                    let detours = a.detours + b.detours;
                    let cost = self.cost(&changes) + detours;
                    found.push(Candidate { changes, cost, detours });
                }
            }
        }
        cheapest(found)
    }

    /// One assignment, unless it contradicts what has been decided.
    pub fn assign(&self, symbol: SymbolId, value: &[u8]) -> Vec<Candidate> {
        let fixed = self.fixed.get(&symbol).is_some_and(|fixed| **fixed != *value);
        if fixed || (symbol == self.target && value != self.wanted) {
            return Vec::new();
        }
        let changes = Changes::from([(symbol, value.into())]);
        vec![Candidate { cost: self.cost(&changes), changes, detours: 0 }]
    }

    pub fn cost(&self, changes: &Changes) -> u32 {
        let new = changes.iter().filter(|(symbol, _)| !self.fixed.contains_key(symbol));
        new.map(|(symbol, value)| self.price(*symbol, value)).sum()
    }

    /// Few changes are better than many, and some are better left alone: what the architecture
    /// chooses for the machine, what is marked as broken, texts.
    fn price(&self, symbol: SymbolId, value: &[u8]) -> u32 {
        if symbol == self.target {
            return 0;
        }
        let data = self.model().symbol(symbol);
        let file = data.menus.first().map(|menu| &self.model().menu(*menu).place);
        let in_arch =
            file.is_some_and(|place| self.model().file(place.file).name.starts_with("arch/"));
        let member = self.state.choice_of(symbol).is_some();
        let mut price = 10;
        price += match (in_arch, member) {
            (true, true) => 40,
            (true, false) => 4,
            (false, true) => 6,
            (false, false) => 0,
        };
        // Much hangs on some options: turning those off is no small change.
        let weight = self.values.uses(symbol).saturating_add(1).ilog2();
        price += if value == b"n" { 2 + 6 * weight } else { weight };
        if !matches!(data.ty, Type::Bool | Type::Tristate) {
            price += 4;
        }
        if matches!(&*data.name, b"COMPILE_TEST" | b"BROKEN" | b"MODULES") {
            price += 20;
        }
        price
    }
}

/// Nothing needs to be done.
pub(super) fn nothing() -> Vec<Candidate> {
    vec![Candidate { changes: Changes::new(), cost: 0, detours: 0 }]
}

/// The cheapest, each once, cheapest first.
pub(super) fn cheapest(mut found: Vec<Candidate>) -> Vec<Candidate> {
    found.sort_by(|a, b| {
        (a.cost, a.changes.len(), &a.changes).cmp(&(b.cost, b.changes.len(), &b.changes))
    });
    let mut seen = BTreeSet::new();
    found.retain(|candidate| seen.insert(candidate.changes.clone()));
    found.truncate(KEPT);
    found
}

/// The operands of a chain of `&&`, or of `||`, from left to right.
pub(super) fn parts(model: &Model, id: ExprId, and: bool) -> Vec<ExprId> {
    let mut out = Vec::new();
    let mut todo = vec![id];
    while let Some(id) = todo.pop() {
        match model.exprs.get(id) {
            Expr::And(a, b) if and => todo.extend([b, a]),
            Expr::Or(a, b) if !and => todo.extend([b, a]),
            _ => out.push(id),
        }
    }
    out
}

fn opposite(cmp: Cmp) -> Cmp {
    match cmp {
        Cmp::Eq => Cmp::Ne,
        Cmp::Ne => Cmp::Eq,
        Cmp::Lt => Cmp::Ge,
        Cmp::Ge => Cmp::Lt,
        Cmp::Gt => Cmp::Le,
        Cmp::Le => Cmp::Gt,
    }
}

/// The comparison with its sides exchanged.
fn mirrored(cmp: Cmp) -> Cmp {
    match cmp {
        Cmp::Lt => Cmp::Gt,
        Cmp::Gt => Cmp::Lt,
        Cmp::Le => Cmp::Ge,
        Cmp::Ge => Cmp::Le,
        same => same,
    }
}
