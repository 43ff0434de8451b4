//! `A = B` and its kin ([`crate::kconf::eval`], `expr.rs`).
//!
//! Comparisons of constants are decided here; those of a bool or tristate are gates; those of a number
//! with a constant are wires "at least c", those of a string with a constant "is c"
//! ([`super::number`]). Everything else is a free wire, the same for the same comparison.

use super::super::circuit::Lit;
use super::{Encoder, Origin, Tri};
use crate::kconf::eval::number::strtoll;
use crate::kconf::eval::{Tristate, compared};
use crate::kconf::expr::Cmp;
use crate::kconf::model::{SymbolId, Type};

/// One side of a comparison.
enum Side {
    /// A text that is always the same.
    Fixed,
    /// A bool or tristate.
    Logical,
    /// An int or hex.
    Number,
    /// A string.
    Text,
    /// What nobody knows.
    Open,
}

impl Encoder<'_> {
    fn side(&self, symbol: SymbolId) -> Side {
        match self.model.symbol(symbol).ty {
            Type::Bool | Type::Tristate => Side::Logical,
            Type::Int | Type::Hex => Side::Number,
            Type::String => Side::Text,
            Type::Unknown if self.is_probed(symbol) => Side::Open,
            Type::Unknown => Side::Fixed,
        }
    }

    /// Whether `a cmp b`.
    pub(super) fn compare(&mut self, cmp: Cmp, a: SymbolId, b: SymbolId) -> Lit {
        match (self.side(a), self.side(b)) {
            (Side::Fixed | Side::Logical, Side::Fixed | Side::Logical) => {
                self.compare_values(cmp, a, b)
            }
            (Side::Number, Side::Fixed) => self.compare_number(cmp, a, b),
            (Side::Fixed, Side::Number) => self.compare_number(mirrored(cmp), b, a),
            (Side::Text, Side::Fixed) if matches!(cmp, Cmp::Eq | Cmp::Ne) => {
                self.compare_text(cmp, a, b)
            }
            (Side::Fixed, Side::Text) if matches!(cmp, Cmp::Eq | Cmp::Ne) => {
                self.compare_text(cmp, b, a)
            }
            _ => self.compare_open(cmp, a, b),
        }
    }

    /// The values that a side can have, and when.
    fn cases(&mut self, symbol: SymbolId) -> Vec<(Box<[u8]>, Lit)> {
        let data = self.model.symbol(symbol);
        if data.ty == Type::Unknown {
            return vec![(data.name.clone(), Lit::TRUE)];
        }
        let Tri { m, y } = self.value(symbol);
        let only_m = self.circuit.and(m, !y);
        let text = |value: Tristate| value.text().as_bytes().into();
        vec![(text(Tristate::No), !m), (text(Tristate::Mod), only_m), (text(Tristate::Yes), y)]
    }

    fn compare_values(&mut self, cmp: Cmp, a: SymbolId, b: SymbolId) -> Lit {
        let (left, right) = (self.cases(a), self.cases(b));
        let (left_type, right_type) = (self.model.symbol(a).ty, self.model.symbol(b).ty);
        // Both ways to say it, so that a negated comparison is the negation of the comparison.
        let mut holds = Lit::FALSE;
        for (x, if_x) in &left {
            for (y, if_y) in &right {
                if a == b && x != y {
                    continue;
                }
                if compared(self.rules, cmp, (x, left_type), (y, right_type)) {
                    let both = self.circuit.and(*if_x, *if_y);
                    holds = self.circuit.or(holds, both);
                }
            }
        }
        holds
    }

    fn compare_number(&mut self, cmp: Cmp, number: SymbolId, fixed: SymbolId) -> Lit {
        let text = &self.model.symbol(fixed).name;
        let parsed = strtoll(text, 0);
        let whole = parsed.used == text.len() && parsed.used > 0 && !parsed.overflow;
        if !whole || self.is_wild(number) {
            return self.compare_open(cmp, number, fixed);
        }
        let value = match self.model.symbol(number).ty {
            Type::Hex => i128::from(parsed.value as u64),
            _ => i128::from(parsed.value),
        };
        let least = self.at_least(number, value);
        match cmp {
            Cmp::Ge => least,
            Cmp::Lt => !least,
            _ => {
                let more = self.at_least(number, value + 1);
                match cmp {
                    Cmp::Gt => more,
                    Cmp::Le => !more,
                    Cmp::Eq => self.circuit.and(least, !more),
                    _ => !self.circuit.and(least, !more),
                }
            }
        }
    }

    fn compare_text(&mut self, cmp: Cmp, string: SymbolId, fixed: SymbolId) -> Lit {
        let text = self.model.symbol(fixed).name.clone();
        let equal = self.is_text(string, &text);
        if cmp == Cmp::Eq { equal } else { !equal }
    }

    /// What cannot be decided; but `!=` is the negation of `=`, and so on.
    fn compare_open(&mut self, cmp: Cmp, a: SymbolId, b: SymbolId) -> Lit {
        let (kind, negated) = match cmp {
            Cmp::Eq => ('=', false),
            Cmp::Ne => ('=', true),
            Cmp::Lt => ('<', false),
            Cmp::Ge => ('<', true),
            Cmp::Gt => ('>', false),
            Cmp::Le => ('>', true),
        };
        let (a, b, kind) = match kind {
            '>' => (b, a, '<'),
            '=' if a > b => (b, a, '='),
            _ => (a, b, kind),
        };
        let key = format!("compare {}{kind}{}", a.number(), b.number());
        let lit = match self.opaque.get(key.as_bytes()) {
            Some(known) => *known,
            None => self.named_input(Origin::Value(a)),
        };
        let plain = if kind == '=' { Cmp::Eq } else { Cmp::Lt };
        self.comparisons.insert(lit, (plain, a, b));
        self.opaque.insert(key.into_bytes().into(), lit);
        if negated { !lit } else { lit }
    }
}

fn mirrored(cmp: Cmp) -> Cmp {
    match cmp {
        Cmp::Lt => Cmp::Gt,
        Cmp::Le => Cmp::Ge,
        Cmp::Gt => Cmp::Lt,
        Cmp::Ge => Cmp::Le,
        same => same,
    }
}
