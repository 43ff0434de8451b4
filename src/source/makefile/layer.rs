//! What the top makefile and the architecture's hand down to every directory: exported variables.
//!
//! Each keeps the formulas it needs, so that two architectures can be compared: a directory that asks
//! for nothing that differs is evaluated once for both.

use rustc_hash::FxHashMap;

use super::value::{Seg, Value};
use crate::model::formula::Formulas;

/// A value with formulas of its own.
#[derive(Debug, Clone)]
struct Portable {
    formulas: Formulas,
    value: Value,
    /// Equal texts mean equal values.
    key: String,
}

/// Exported variables.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    vars: FxHashMap<String, Portable>,
}

impl Layer {
    /// Adds `name`; `value` uses formulas of `f`.
    pub(super) fn put(&mut self, name: &str, f: &Formulas, value: &Value) {
        let mut formulas = Formulas::default();
        let value = carry(f, &mut formulas, value);
        let key = format!("{value:?} {formulas:?}");
        self.vars.insert(name.to_owned(), Portable { formulas, value, key });
    }

    /// The value of `name` in formulas of `f`; empty if it is not exported.
    pub(super) fn get(&self, name: &str, f: &mut Formulas) -> Value {
        self.vars
            .get(name)
            .map_or_else(Value::default, |known| carry(&known.formulas, f, &known.value))
    }

    /// What tells two values apart; nothing if `name` is not exported.
    pub(super) fn key(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(|known| known.key.as_str())
    }
}

fn carry(from: &Formulas, to: &mut Formulas, value: &Value) -> Value {
    let mut known = FxHashMap::default();
    let mut segs = Vec::new();
    for seg in &value.0 {
        segs.push(match seg {
            Seg::Text(text) => Seg::Text(text.clone()),
            Seg::Either(options) => Seg::Either(
                options
                    .iter()
                    .map(|(id, text)| (to.import(from, *id, &mut known), text.clone()))
                    .collect(),
            ),
        });
    }
    Value(segs)
}
