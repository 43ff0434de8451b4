//! Ints, hexes and strings, as far as comparisons ask about them.
//!
//! A number is a row of wires "at least c", one for each constant that it is compared with, each of
//! which implies those below; a string is a wire "is c" for each text, of which one holds at most. A
//! default that is a constant decides them while no prompt is visible; an active range of constants
//! bounds them always. What has a default that is no number is compared as a text by Kconfig, and is
//! left alone ([`Encoder::is_wild`]).

use std::collections::BTreeMap;

use super::super::circuit::Lit;
use super::super::clauses::Rule;
use super::{Encoder, Origin};
use crate::kconf::eval::number::{strtoll, strtoull};
use crate::kconf::expr::Expr;
use crate::kconf::model::{PropKind, SymbolId, Type, YES};

/// The wires of one symbol.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) least: BTreeMap<i128, Lit>,
    pub(super) texts: Vec<(Box<[u8]>, Lit)>,
}

/// What a default gives.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    Number(i128),
    Text(Box<[u8]>),
    /// The empty text, which is less than every number.
    Empty,
    Open,
    /// No number where one should be.
    Wild,
}

impl Encoder<'_> {
    /// Whether the symbol may have a text that is no number, so that nothing is known of comparisons.
    pub(in crate::logic) fn is_wild(&self, symbol: SymbolId) -> bool {
        let data = self.model.symbol(symbol);
        let props = data.props.iter().map(|prop| self.model.prop(*prop));
        let mut defaults = props.filter(|prop| prop.kind == PropKind::Default);
        data.env.is_some() || defaults.any(|prop| self.given(symbol, prop.expr) == Given::Wild)
    }

    fn given(&self, symbol: SymbolId, expr: Option<crate::kconf::expr::ExprId>) -> Given {
        let Some(Expr::Symbol(from)) = expr.map(|id| self.model.exprs.get(id)) else {
            return Given::Open;
        };
        let (ty, from_type) = (self.model.symbol(symbol).ty, self.model.symbol(from).ty);
        let text = &self.model.symbol(from).name;
        match from_type {
            Type::Unknown if self.is_probed(from) => Given::Open,
            _ if ty == Type::String && from <= YES => Given::Text(text.clone()),
            Type::Unknown if ty == Type::String => Given::Text(text.clone()),
            Type::Unknown if text.is_empty() => Given::Empty,
            Type::Unknown => number(ty, text).map_or(Given::Wild, Given::Number),
            Type::Int | Type::Hex if from_type == ty => Given::Open,
            _ if ty == Type::String => Given::Open,
            _ => Given::Wild,
        }
    }

    /// Whether the number is at least `value`.
    pub(in crate::logic) fn at_least(&mut self, symbol: SymbolId, value: i128) -> Lit {
        if let Some(known) = self.numbers.get(&symbol).and_then(|v| v.least.get(&value)) {
            return *known;
        }
        let lit = self.named_input(Origin::Value(symbol));
        self.numbers.entry(symbol).or_default().least.insert(value, lit);
        self.changed.push(symbol);
        lit
    }

    /// Whether the string is `text`. Texts that are the same number are the same for Kconfig.
    pub(in crate::logic) fn is_text(&mut self, symbol: SymbolId, text: &[u8]) -> Lit {
        let key = canonical(text);
        let values = self.numbers.entry(symbol).or_default();
        if let Some((_, known)) = values.texts.iter().find(|(text, _)| *text == key) {
            return *known;
        }
        let lit = self.named_input(Origin::Value(symbol));
        self.numbers.entry(symbol).or_default().texts.push((key, lit));
        self.changed.push(symbol);
        lit
    }

    /// Says what the new wires mean. Returns whether there was anything to say.
    pub(in crate::logic) fn settle(&mut self) -> bool {
        let mut any = false;
        // Conditions of defaults may compare other numbers.
        while !self.changed.is_empty() {
            any = true;
            let mut changed = std::mem::take(&mut self.changed);
            changed.sort_unstable();
            changed.dedup();
            for symbol in changed {
                if self.model.symbol(symbol).ty == Type::String {
                    self.string(symbol);
                } else {
                    self.number(symbol);
                }
            }
        }
        any
    }

    /// The conditions under which each property of this kind is the first that applies, and last the
    /// one under which none is.
    fn firsts(&mut self, symbol: SymbolId, kind: PropKind) -> Vec<(Lit, Option<Expr>)> {
        let model = self.model;
        let mut firsts = Vec::new();
        let mut none = Lit::TRUE;
        for prop in &model.symbol(symbol).props {
            let prop = model.prop(*prop);
            if prop.kind == kind {
                let condition = self.expr(prop.visible).m;
                let first = self.circuit.and(none, condition);
                firsts.push((first, prop.expr.map(|id| model.exprs.get(id))));
                none = self.circuit.and(none, !condition);
            }
        }
        firsts.push((none, None));
        firsts
    }

    /// What each default gives and when; last, nothing.
    fn defaults(&mut self, symbol: SymbolId) -> Vec<(Lit, Given)> {
        let model = self.model;
        let props = model.symbol(symbol).props.iter().map(|prop| model.prop(*prop));
        let exprs = props.filter(|prop| prop.kind == PropKind::Default).map(|prop| prop.expr);
        let mut given: Vec<Given> = exprs.map(|expr| self.given(symbol, expr)).collect();
        given.push(match model.symbol(symbol).ty {
            Type::Int | Type::Hex if self.rules.zero_numbers => Given::Number(0),
            Type::Int | Type::Hex => Given::Empty,
            _ => Given::Text(Box::default()),
        });
        let firsts = self.firsts(symbol, PropKind::Default);
        firsts.into_iter().map(|(first, _)| first).zip(given).collect()
    }

    /// A text that has the wires as `holds` says, where there are any wires.
    pub(in crate::logic) fn some_text(
        &self,
        symbol: SymbolId,
        holds: impl Fn(Lit) -> bool,
    ) -> Option<Box<[u8]>> {
        let values = self.numbers.get(&symbol)?;
        if let Some((text, _)) = values.texts.iter().find(|(_, lit)| holds(*lit)) {
            return Some(text.clone());
        }
        let reached =
            values.least.iter().rev().find(|(_, lit)| holds(**lit)).map(|(value, _)| *value);
        let value = reached.or_else(|| values.least.keys().next().map(|least| least - 1))?;
        Some(match self.model.symbol(symbol).ty {
            Type::Hex => format!("{value:#x}").into_bytes().into(),
            _ => value.to_string().into_bytes().into(),
        })
    }

    fn string(&mut self, symbol: SymbolId) {
        let texts = self.numbers[&symbol].texts.clone();
        for (at, (_, lit)) in texts.iter().enumerate() {
            for (_, other) in &texts[..at] {
                self.say(symbol, Rule::Number, &[!*lit, !*other]);
            }
        }
        if self.model.symbol(symbol).env.is_some() {
            return;
        }
        let seen = self.visible(symbol).m;
        for (first, given) in self.defaults(symbol) {
            let Given::Text(given) = given else { continue };
            let given = canonical(&given);
            for (text, lit) in &texts {
                let is = if *text == given { *lit } else { !*lit };
                self.say(symbol, Rule::Number, &[seen, !first, is]);
            }
        }
    }

    fn number(&mut self, symbol: SymbolId) {
        let ty = self.model.symbol(symbol).ty;
        let least: Vec<(i128, Lit)> =
            self.numbers[&symbol].least.iter().map(|(value, lit)| (*value, *lit)).collect();
        for pair in least.windows(2) {
            self.say(symbol, Rule::Number, &[!pair[1].1, pair[0].1]);
        }
        let seen = self.visible(symbol).m;
        let defaults = self.defaults(symbol);
        let sure = if self.rules.zero_numbers && defaults.iter().all(|(_, g)| *g != Given::Open) {
            Lit::TRUE
        } else {
            let known = defaults.iter().filter(|(_, given)| matches!(given, Given::Number(_)));
            let known: Vec<Lit> = known.map(|(first, _)| *first).collect();
            self.circuit.any(known)
        };
        for (active, range) in self.firsts(symbol, PropKind::Range) {
            let bounds = match range {
                Some(Expr::Range(low, high)) => {
                    let bound = |id: SymbolId| {
                        let data = self.model.symbol(id);
                        (data.ty == Type::Unknown).then(|| number(ty, &data.name))?
                    };
                    let (Some(low), Some(high)) = (bound(low), bound(high)) else { continue };
                    Some((low, high))
                }
                _ => None,
            };
            if let Some((low, high)) = bounds.filter(|(low, high)| low <= high) {
                for (value, lit) in &least {
                    if *value <= low {
                        self.say(symbol, Rule::Number, &[!active, !sure, *lit]);
                    } else if *value > high {
                        self.say(symbol, Rule::Number, &[!active, !sure, !*lit]);
                    }
                }
            }
            for (first, given) in &defaults {
                let is = match (given, bounds) {
                    (Given::Number(is), _) => Some(clamped(*is, bounds)),
                    (Given::Empty, None) => None,
                    (Given::Empty, Some((low, high))) if (low..=high).contains(&0) => None,
                    (Given::Empty, Some(_)) => Some(clamped(0, bounds)),
                    _ => continue,
                };
                for (value, lit) in &least {
                    let holds = is.is_some_and(|is| is >= *value);
                    let lit = if holds { *lit } else { !*lit };
                    self.say(symbol, Rule::Number, &[seen, !*first, !active, lit]);
                }
            }
        }
    }
}

fn clamped(value: i128, bounds: Option<(i128, i128)>) -> i128 {
    match bounds {
        Some((low, _)) if value < low => low,
        Some((_, high)) if value > high => high,
        _ => value,
    }
}

/// The number that `text` is for a symbol of this type, if it is one to its end.
pub(in crate::logic) fn number(ty: Type, text: &[u8]) -> Option<i128> {
    let parsed = if ty == Type::Hex { strtoull(text, 16) } else { strtoll(text, 10) };
    let whole = parsed.used == text.len() && parsed.used > 0 && !parsed.overflow;
    whole.then(|| match ty {
        Type::Hex => i128::from(parsed.value as u64),
        _ => i128::from(parsed.value),
    })
}

/// One text for all that are the same number.
pub(super) fn canonical(text: &[u8]) -> Box<[u8]> {
    let parsed = strtoll(text, 0);
    let whole = parsed.used == text.len() && parsed.used > 0 && !parsed.overflow;
    if whole { parsed.value.to_string().into_bytes().into() } else { text.into() }
}
