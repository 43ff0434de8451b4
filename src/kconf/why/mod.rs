//! Why a symbol has its value, and what to change so that it has another one.
//!
//! Three questions, each with its own means: [`now`] reads the rules in force out of a configuration;
//! [`values`] and [`proof`] show what no configuration can do, by structure alone; [`search`],
//! [`reach`] and [`propose`] find changes, and say nothing that was not tried. Where neither a proof
//! nor a proposal is found, that is what the answer says.

use std::collections::BTreeMap;

use crate::kconf::eval::{State, Tristate};
use crate::kconf::model::{Model, SymbolId, Type};
use crate::model::why::{Answer, Change, Hop, Outcome, Setting};
use crate::model::words::Assignment;

mod now;
mod proof;
mod propose;
mod reach;
mod search;
#[cfg(test)]
mod tests;
mod values;
mod words;

use propose::{Proposal, Question};
use values::Values;

/// Makes the configuration in question with these values in place of its own, as `.config` has them
/// without quotes.
pub type Apply<'a, 'm> = dyn Fn(&BTreeMap<SymbolId, Box<[u8]>>) -> State<'m> + 'a;

/// How many dragged-in options are named.
const EXAMPLES: usize = 20;

/// Answers for one architecture.
pub struct Why<'a, 'm> {
    /// The configuration in question.
    pub state: State<'m>,
    /// Makes others of it.
    pub apply: &'a Apply<'a, 'm>,
    /// The name of the architecture, for the words of the answer.
    pub arch: &'a str,
    values: Values<'m>,
}

impl<'a, 'm> Why<'a, 'm> {
    /// Questions about the configuration that `apply` makes without changes.
    pub fn new(apply: &'a Apply<'a, 'm>, arch: &'a str) -> Self {
        let state = apply(&BTreeMap::new());
        let values = Values::new(&state);
        Self { state, apply, arch, values }
    }

    /// Why `name` has its value.
    pub fn explain(&mut self, name: &str) -> Answer {
        match self.defined(name) {
            Some(symbol) => now::explain(&mut self.state, symbol, self.arch),
            None => now::undefined(name, self.arch, self.similar(name)),
        }
    }

    /// The same, and what to do so that it becomes `wanted` (as `.config` has it).
    pub fn ask(&mut self, name: &str, wanted: &str) -> Answer {
        let mut answer = self.explain(name);
        answer.wanted = Some(wanted.to_owned());
        answer.outcome = match self.defined(name) {
            Some(symbol) => self.outcome(symbol, wanted),
            None if wanted == "n" => Outcome::Holds,
            None => {
                let says = format!("is not defined on {}", self.arch);
                let chain = vec![Hop { symbol: name.to_owned(), place: None, says }];
                Outcome::Impossible { chain }
            }
        };
        answer
    }

    /// The symbol of this name, if it has a definition.
    fn defined(&self, name: &str) -> Option<SymbolId> {
        let symbol = self.state.find(name.as_bytes())?;
        let data = self.state.model().symbol(symbol);
        (!data.menus.is_empty() && data.ty != Type::Unknown).then_some(symbol)
    }

    fn similar(&self, name: &str) -> Option<String> {
        let symbols = self.state.model().symbols.iter();
        let defined = symbols.filter(|symbol| !symbol.menus.is_empty() && !symbol.is_choice);
        let names = defined.map(|symbol| words::text(&symbol.name));
        let scored = names.map(|other| (strsim::jaro_winkler(name, &other), other));
        let near = scored.filter(|(score, _)| *score > 0.9);
        near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
    }

    fn outcome(&mut self, symbol: SymbolId, wanted: &str) -> Outcome {
        let ty = self.state.model().symbol(symbol).ty;
        let value = match value(ty, wanted) {
            Ok(value) => value,
            Err(reason) => return Outcome::NoValue { reason },
        };
        if propose::same_value(&mut self.state, symbol, &value) {
            return Outcome::Holds;
        }
        if let Some(chain) = self.impossible(symbol, &value) {
            return Outcome::Impossible { chain };
        }
        let question = Question::new(symbol, &value, self.apply);
        match question.propose(&mut self.state, &mut self.values) {
            Proposal::Nothing(tried) => Outcome::NoWayFound { tried },
            Proposal::Works(changes, mut new) => {
                let mut dragged = propose::dragged_in(&mut self.state, &mut new, &changes);
                dragged.retain(|(other, _)| *other != symbol);
                let dragged_in = dragged.len();
                let model = self.state.model();
                let mut examples: Vec<Setting> = dragged
                    .into_iter()
                    .map(|(symbol, value)| Setting { symbol: words::name(model, symbol), value })
                    .collect();
                examples.sort_by(|a, b| a.symbol.cmp(&b.symbol));
                examples.truncate(EXAMPLES);
                // What is asked for comes last, after what it needs.
                let mut changes: Vec<_> = changes.into_iter().collect();
                changes.sort_by_key(|(changed, _)| *changed == symbol);
                let changes = changes.into_iter();
                let changes = changes.map(|(symbol, value)| self.change(symbol, &value)).collect();
                Outcome::Possible { changes, dragged_in, examples }
            }
        }
    }

    fn change(&mut self, symbol: SymbolId, value: &[u8]) -> Change {
        let model = self.state.model();
        let data = model.symbol(symbol);
        let text = data.props.iter().find_map(|prop| model.text(model.prop(*prop)));
        Change {
            symbol: words::name(model, symbol),
            value: words::quoted(data.ty, value),
            old: words::spelled(&mut self.state, symbol),
            place: words::defined(model, symbol),
            text: text.map(words::text),
        }
    }

    /// The proof that the symbol never has the value, if there is one.
    fn impossible(&mut self, symbol: SymbolId, value: &[u8]) -> Option<Vec<Hop>> {
        let model = self.state.model();
        if matches!(model.symbol(symbol).ty, Type::Bool | Type::Tristate) {
            let value = Tristate::parse(value)?;
            if self.values.symbol(symbol).has(value) {
                return None;
            }
            let mut proof = proof::Proof::new(model, &mut self.values, self.arch);
            return Some(proof.chain(symbol, value));
        }
        let texts = self.values.texts(symbol)?;
        if texts.iter().any(|text| **text == *value) {
            return None;
        }
        let mut proof = proof::Proof::new(model, &mut self.values, self.arch);
        Some(proof.texts(symbol))
    }
}

/// Changes as assignments.
pub fn assignments(model: &Model, changes: &BTreeMap<SymbolId, Box<[u8]>>) -> Vec<Assignment> {
    let changes = changes.iter().map(|(symbol, value)| {
        let ty = model.symbol(*symbol).ty;
        Assignment::new(words::name(model, *symbol), words::quoted(ty, value))
    });
    changes.collect()
}

/// Changes as lines of `.config`.
pub fn fragment(model: &Model, changes: &BTreeMap<SymbolId, Box<[u8]>>) -> Vec<u8> {
    let lines: String = assignments(model, changes).iter().map(|a| a.line() + "\n").collect();
    lines.into_bytes()
}

/// The bytes of `wanted` for a symbol of this type.
fn value(ty: Type, wanted: &str) -> Result<Box<[u8]>, String> {
    let text = words::unquoted(ty, wanted);
    let digits = |text: &str, radix| !text.is_empty() && u64::from_str_radix(text, radix).is_ok();
    let hex = text.strip_prefix("0x").or(text.strip_prefix("0X")).unwrap_or(&text);
    let fits = match ty {
        Type::Bool => matches!(&*text, "y" | "n"),
        Type::Tristate => matches!(&*text, "y" | "m" | "n"),
        Type::Int => digits(text.strip_prefix('-').unwrap_or(&text), 10),
        Type::Hex => digits(hex, 16),
        Type::String | Type::Unknown => true,
    };
    if !fits {
        let name = ty.name();
        return Err(match ty {
            Type::Bool if text == "m" => "it is a bool: y or n, never m".to_owned(),
            _ => format!("{wanted} is no value of {} {name}", article(name)),
        });
    }
    Ok(match ty {
        Type::Hex if hex.len() == text.len() => format!("0x{text}").into_bytes().into(),
        _ => text.into_bytes().into(),
    })
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
