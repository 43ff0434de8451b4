//! Conditions of code and Makefiles as gates over one architecture's symbols.
//!
//! What the architecture does not define is off. Opaque atoms are free wires, one for each text;
//! so is whether an object is compiled as part of a module, which is the asker's to constrain.

use crate::kconf::model::{SymbolId, Type};
use crate::model::formula::{Atom, Formula, FormulaId, Formulas};

use super::circuit::Lit;
use super::encode::Encoder;
use super::encode::number_of as number;

/// The gates of one set of formulas on one architecture.
pub struct Lowered<'f> {
    formulas: &'f Formulas,
    known: Vec<Option<Lit>>,
}

impl<'f> Lowered<'f> {
    /// No gates yet.
    pub fn new(formulas: &'f Formulas) -> Self {
        Self { formulas, known: vec![None; formulas.len()] }
    }

    /// The gate of `formula`. Operands come before what uses them, and formulas nest deep, so there
    /// is no recursion.
    pub(super) fn lit(&mut self, encoder: &mut Encoder<'_>, formula: FormulaId) -> Lit {
        let mut todo = vec![formula];
        while let Some(&next) = todo.last() {
            let known = |id: FormulaId| self.known[id.0 as usize];
            if known(next).is_some() {
                todo.pop();
                continue;
            }
            let lit = match self.formulas.get(next) {
                Formula::Const(value) => Lit::constant(value),
                Formula::Atom(atom) => self.atom(encoder, atom),
                Formula::Not(a) => {
                    let Some(lit) = known(a) else {
                        todo.push(a);
                        continue;
                    };
                    !lit
                }
                node @ (Formula::And(a, b) | Formula::Or(a, b)) => match (known(a), known(b)) {
                    (Some(a), Some(b)) if matches!(node, Formula::And(..)) => {
                        encoder.circuit.and(a, b)
                    }
                    (Some(a), Some(b)) => encoder.circuit.or(a, b),
                    (left, right) => {
                        todo.extend(left.is_none().then_some(a));
                        todo.extend(right.is_none().then_some(b));
                        continue;
                    }
                },
            };
            self.known[next.0 as usize] = Some(lit);
            todo.pop();
        }
        self.known[formula.0 as usize].unwrap_or(Lit::FALSE)
    }

    fn atom(&self, encoder: &mut Encoder<'_>, atom: Atom) -> Lit {
        let text = |name| self.formulas.text(name);
        match atom {
            Atom::Yes(name) => yes(encoder, text(name)),
            Atom::Module(name) => match encoder.find(text(name).as_bytes()) {
                Some(symbol) => {
                    let value = encoder.value(symbol);
                    encoder.circuit.and(value.m, !value.y)
                }
                None => Lit::FALSE,
            },
            Atom::NonZero(name) => non_zero(encoder, text(name)),
            Atom::Equals(name, value) => equals(encoder, text(name), text(value)),
            Atom::InModule => encoder.open(b"in module"),
            Atom::Opaque(name) => encoder.open(format!("opaque {}", text(name)).as_bytes()),
        }
    }
}

/// What the architecture defines under this name, and its type.
fn defined(encoder: &Encoder<'_>, name: &str) -> Option<(SymbolId, Type)> {
    let symbol = encoder.find(name.as_bytes())?;
    let ty = encoder.model.symbol(symbol).ty;
    (ty != Type::Unknown).then_some((symbol, ty))
}

/// The symbol is `y`, or has a value.
fn yes(encoder: &mut Encoder<'_>, name: &str) -> Lit {
    match defined(encoder, name) {
        None => Lit::FALSE,
        Some((symbol, Type::Bool | Type::Tristate)) => encoder.value(symbol).y,
        Some(_) => encoder.open(format!("defined {name}").as_bytes()),
    }
}

fn non_zero(encoder: &mut Encoder<'_>, name: &str) -> Lit {
    match defined(encoder, name) {
        None => Lit::FALSE,
        Some((symbol, Type::Int | Type::Hex)) if !encoder.is_wild(symbol) => {
            let (zero, one) = (encoder.at_least(symbol, 0), encoder.at_least(symbol, 1));
            let is_zero = encoder.circuit.and(zero, !one);
            // Without a value there is no macro, and the preprocessor takes it for zero.
            let defined = encoder.open(format!("defined {name}").as_bytes());
            encoder.circuit.and(defined, !is_zero)
        }
        Some((_, Type::Bool | Type::Tristate)) => yes(encoder, name),
        Some(_) => encoder.open(format!("nonzero {name}").as_bytes()),
    }
}

fn equals(encoder: &mut Encoder<'_>, name: &str, value: &str) -> Lit {
    let Some((symbol, ty)) = defined(encoder, name) else {
        return Lit::constant(value.is_empty());
    };
    match ty {
        Type::Bool | Type::Tristate => {
            let is = encoder.value(symbol);
            match value {
                "y" => is.y,
                "m" => encoder.circuit.and(is.m, !is.y),
                // make sees nothing, `.config` an `n`.
                "n" | "" => !is.m,
                _ => Lit::FALSE,
            }
        }
        Type::Int if !encoder.is_wild(symbol) => match number(ty, value.as_bytes()) {
            Some(number) if number.to_string() == value => {
                let least = encoder.at_least(symbol, number);
                let more = encoder.at_least(symbol, number + 1);
                let is = encoder.circuit.and(least, !more);
                let defined = encoder.open(format!("defined {name}").as_bytes());
                encoder.circuit.and(defined, is)
            }
            _ => encoder.open(format!("text {name} {value}").as_bytes()),
        },
        _ => encoder.open(format!("text {name} {value}").as_bytes()),
    }
}
