//! Why a value is impossible, hop by hop: `ZONE_DEVICE` needs `ARCH_HAS_PTE_DEVMAP`, which nothing
//! selects.
//!
//! Only asked where [`super::values`] has shown that it is; this finds a short way to say so. Of the
//! parts of a conjunction that cannot hold, the one with the shortest chain is named.

use rustc_hash::FxHashMap;

use super::search::parts;
use super::values::{Set, Values};
use super::words;
use crate::kconf::eval::Tristate;
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, PropKind, Property, SymbolId, Type};
use crate::model::why::Hop;

/// What cannot be: the symbol at least (or at most) this.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Claim {
    Least(SymbolId, Tristate),
    Most(SymbolId, Tristate),
}

/// Steps after which the next best chain is good enough.
const STEPS: usize = 20_000;
/// Selectors that are looked at for the shortest chain.
const SELECTORS: usize = 30;

/// Finds chains.
pub(super) struct Proof<'v, 'm> {
    model: &'m Model,
    values: &'v mut Values<'m>,
    arch: &'v str,
    known: FxHashMap<Claim, Vec<Hop>>,
    path: Vec<Claim>,
    steps: usize,
}

impl<'v, 'm> Proof<'v, 'm> {
    pub fn new(model: &'m Model, values: &'v mut Values<'m>, arch: &'v str) -> Self {
        Self { model, values, arch, known: FxHashMap::default(), path: Vec::new(), steps: 0 }
    }

    /// Why the symbol cannot have `value`.
    pub fn chain(&mut self, symbol: SymbolId, value: Tristate) -> Vec<Hop> {
        let set = self.values.symbol(symbol);
        if !set.meets(Set::least(value)) {
            self.least(symbol, value)
        } else if !set.meets(Set::most(value)) {
            self.most(symbol, value)
        } else {
            vec![self.hop(symbol, None, format!("is never {value}"))]
        }
    }

    fn hop(&self, symbol: SymbolId, place: Option<String>, says: String) -> Hop {
        let place = place.or_else(|| words::defined(self.model, symbol));
        Hop { symbol: words::name(self.model, symbol), place, says }
    }

    fn claim(
        &mut self,
        claim: Claim,
        find: fn(&mut Self, SymbolId, Tristate) -> Vec<Hop>,
    ) -> Vec<Hop> {
        if let Some(known) = self.known.get(&claim) {
            return known.clone();
        }
        let (Claim::Least(symbol, value) | Claim::Most(symbol, value)) = claim;
        self.steps += 1;
        if self.path.contains(&claim) || self.steps > STEPS {
            return Vec::new();
        }
        self.path.push(claim);
        let found = find(self, symbol, value);
        self.path.pop();
        if !found.is_empty() {
            self.known.insert(claim, found.clone());
        }
        found
    }

    fn least(&mut self, symbol: SymbolId, value: Tristate) -> Vec<Hop> {
        self.claim(Claim::Least(symbol, value), Self::never)
    }

    fn most(&mut self, symbol: SymbolId, value: Tristate) -> Vec<Hop> {
        self.claim(Claim::Most(symbol, value), Self::always)
    }

    /// Why `symbol` is never at least `value`.
    fn never(&mut self, symbol: SymbolId, value: Tristate) -> Vec<Hop> {
        let model = self.model;
        let data = model.symbol(symbol);
        let end = |says: String| vec![self.hop(symbol, None, says)];
        if data.menus.is_empty() && data.ty == Type::Unknown {
            return end(format!("is not defined on {}", self.arch));
        }
        if !matches!(data.ty, Type::Bool | Type::Tristate) {
            return end("is neither bool nor tristate, so it never counts as set".to_owned());
        }
        let mut chains: Vec<Vec<Hop>> = Vec::new();
        let props: Vec<&Property> = data.props.iter().map(|prop| model.prop(*prop)).collect();
        let prompts = props.iter().filter(|p| p.text.is_some() && p.kind != PropKind::Comment);
        let prompts: Vec<&&Property> = prompts.collect();
        for prompt in &prompts {
            chains.push(self.needs(symbol, prompt.visible, value.min(Tristate::Mod)));
        }
        let selectors = data.rev_dep.map(|id| parts(model, id, false)).unwrap_or_default();
        if !prompts.is_empty() {
            return shortest(chains);
        }
        let defaults: Vec<&&Property> =
            props.iter().filter(|p| p.kind == PropKind::Default).collect();
        for default in &defaults {
            if !self.values.expr(default.visible).may_hold() {
                chains.push(self.needs(symbol, default.visible, Tristate::Mod));
            } else if let Some(id) = default.expr
                && self.model.exprs.get(id) != Expr::Symbol(crate::kconf::model::NO)
            {
                let place = words::place(model, default.place);
                let says = format!("is only set by default {}", words::expr(model, default.expr));
                chains.push(self.broken(symbol, Some(place), id, value, &says));
            }
        }
        for selector in selectors.iter().take(SELECTORS) {
            chains.push(self.selector(symbol, *selector, value, selectors.len()));
        }
        let found = shortest(chains);
        if !found.is_empty() {
            return found;
        }
        // A default of `n` is usually what a probe of the toolchain came to, so its line is shown.
        let Some(default) = defaults.first() else {
            return vec![self.hop(symbol, None, format!("nothing on {} selects", self.arch))];
        };
        let place = words::place(model, default.place);
        let line = words::line(model, default.place);
        vec![self.hop(symbol, Some(place), format!("is always n here: `{line}`"))]
    }

    /// One selector cannot be on.
    fn selector(&mut self, symbol: SymbolId, id: ExprId, value: Tristate, all: usize) -> Vec<Hop> {
        let model = self.model;
        let by = parts(model, id, true).into_iter().find_map(|part| match model.exprs.get(part) {
            Expr::Symbol(by) => Some(by),
            _ => None,
        });
        let others = match all {
            1 => String::new(),
            2 => " and one other that cannot be on either".to_owned(),
            n => format!(" and {} others that cannot be on either", n - 1),
        };
        let name = by.map_or_else(|| words::expr(model, Some(id)), |by| words::name(model, by));
        let says = format!("is only selected by {name}{others}");
        self.broken(symbol, None, id, value, &says)
    }

    /// `symbol` needs `cond`, which cannot be at least `value`.
    fn needs(&mut self, symbol: SymbolId, cond: Option<ExprId>, value: Tristate) -> Vec<Hop> {
        let Some(cond) = cond else { return Vec::new() };
        let mut best: Vec<Hop> = Vec::new();
        for part in parts(self.model, cond, true) {
            if self.values.expr(Some(part)).meets(Set::least(value)) {
                continue;
            }
            let says = format!("needs {}", words::expr(self.model, Some(part)));
            let place = words::written(self.model, symbol, part);
            let chain = self.broken(symbol, place, part, value, &says);
            if best.is_empty() || (!chain.is_empty() && chain.len() < best.len()) {
                best = chain;
            }
        }
        best
    }

    /// A hop that says `says` of `symbol`, and why `part` is never at least `value`.
    fn broken(
        &mut self,
        symbol: SymbolId,
        place: Option<String>,
        part: ExprId,
        value: Tristate,
        says: &str,
    ) -> Vec<Hop> {
        let rest = self.expr(part, value, true);
        if rest.is_empty() && self.is_busy(part) {
            return Vec::new();
        }
        let mut chain = vec![self.hop(symbol, place, says.to_owned())];
        chain.extend(rest);
        chain
    }

    /// Whether `part` is about something that is being explained already.
    fn is_busy(&self, part: ExprId) -> bool {
        let about = words::mentioned(self.model, Some(part));
        self.path.iter().any(|claim| {
            let (Claim::Least(symbol, _) | Claim::Most(symbol, _)) = claim;
            about.contains(symbol)
        })
    }

    /// Why `id` is never at least (`up`) or at most `value`.
    fn expr(&mut self, id: ExprId, value: Tristate, up: bool) -> Vec<Hop> {
        let model = self.model;
        let bound = if up { Set::least(value) } else { Set::most(value) };
        if self.values.expr(Some(id)).meets(bound) {
            return Vec::new();
        }
        match (model.exprs.get(id), up) {
            (Expr::Symbol(symbol), _) if symbol.number() < 3 => Vec::new(),
            (Expr::Symbol(symbol), true) => self.least(symbol, value),
            (Expr::Symbol(symbol), false) => self.most(symbol, value),
            (Expr::Not(a), up) => self.expr(a, !value, !up),
            (Expr::And(..), true) | (Expr::Or(..), false) => {
                let parts = parts(model, id, up);
                shortest(parts.into_iter().map(|part| self.expr(part, value, up)).collect())
            }
            // Every alternative fails; one of them is followed.
            (Expr::Or(..), true) | (Expr::And(..), false) => {
                let parts = parts(model, id, !up);
                let chains = parts.into_iter().take(SELECTORS);
                shortest(chains.map(|part| self.expr(part, value, up)).collect())
            }
            (Expr::Compare(_, a, b), _) => {
                let symbol = if model.symbol(a).constant { b } else { a };
                self.fixed(symbol)
            }
            (Expr::Range(..), _) => Vec::new(),
        }
    }

    /// The only values that an int, hex or string can have.
    pub fn texts(&mut self, symbol: SymbolId) -> Vec<Hop> {
        self.fixed(symbol)
    }

    /// The only values that a compared symbol can have.
    fn fixed(&mut self, symbol: SymbolId) -> Vec<Hop> {
        let data = self.model.symbol(symbol);
        if data.constant {
            return Vec::new();
        }
        if data.menus.is_empty() {
            return vec![self.hop(symbol, None, format!("is not defined on {}", self.arch))];
        }
        let texts = self.values.texts(symbol).unwrap_or_default();
        let texts: Vec<String> =
            texts.iter().take(4).map(|text| words::quoted(data.ty, text)).collect();
        vec![self.hop(symbol, None, format!("is always {}", texts.join(" or ")))]
    }

    /// Why `symbol` is never at most `value`.
    fn always(&mut self, symbol: SymbolId, value: Tristate) -> Vec<Hop> {
        let model = self.model;
        let data = model.symbol(symbol);
        if let Some(reverse) = data.rev_dep {
            for part in parts(model, reverse, false) {
                if self.values.expr(Some(part)).meets(Set::most(value)) {
                    continue;
                }
                let conjuncts = parts(model, part, true);
                let by = conjuncts.iter().find_map(|part| match model.exprs.get(*part) {
                    Expr::Symbol(by) => Some(by),
                    _ => None,
                });
                let text = words::expr(model, Some(part));
                let name = by.map_or(text, |by| words::name(model, by));
                let place = by.and_then(|by| select_place(model, by, symbol));
                let mut chain =
                    vec![self.hop(symbol, place, format!("is always selected by {name}"))];
                chain.extend(by.map(|by| self.most(by, value)).unwrap_or_default());
                return chain;
            }
        }
        for prop in &data.props {
            let property = model.prop(*prop);
            if property.kind == PropKind::Default {
                let place = words::place(model, property.place);
                let line = words::line(model, property.place);
                let says = format!("cannot be turned off and is always y here: `{line}`");
                let mut chain = vec![self.hop(symbol, Some(place), says)];
                if let Some(id) = property.expr {
                    chain.extend(self.expr(id, value, false));
                }
                return chain;
            }
        }
        Vec::new()
    }
}

/// Where `by` selects `symbol`.
fn select_place(model: &Model, by: SymbolId, symbol: SymbolId) -> Option<String> {
    let props = model.symbol(by).props.iter().map(|prop| model.prop(*prop));
    let mut selects = props.filter(|property| property.kind == PropKind::Select);
    let names = |property: &&Property| {
        property.expr.is_some_and(|id| model.exprs.get(id) == Expr::Symbol(symbol))
    };
    selects.find(names).map(|property| words::place(model, property.place))
}

/// The shortest that says anything; the first of equals.
fn shortest(chains: Vec<Vec<Hop>>) -> Vec<Hop> {
    chains.into_iter().filter(|chain| !chain.is_empty()).min_by_key(Vec::len).unwrap_or_default()
}
