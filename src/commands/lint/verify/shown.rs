//! Whether the `.config` that the tree's `conf` wrote has what a finding says of its witness.
//!
//! Read are the values that stand in the file, and nothing is evaluated anew but the conditions that the
//! finding is about: whoever writes the file decides. What only a probe of the compiler can tell is not in
//! the file, and leaves it open.

use rustc_hash::FxHashMap;

use crate::kconf::eval::Tristate;
use crate::kconf::expr::{Cmp, Expr, ExprId};
use crate::kconf::model::{MOD, Model, NO, SymbolId, Type, YES};
use crate::kconf::probe::placeholders;
use crate::lint::gating::ask::{Reading, holds_where};
use crate::model::confirm::Held;
use crate::model::formula::{Atom, Formulas};

/// A `.config` as text.
pub struct Values<'a> {
    model: &'a Model,
    values: FxHashMap<&'a str, String>,
}

impl<'a> Values<'a> {
    /// Of a `.config` that belongs to `model`.
    pub fn new(model: &'a Model, config: &'a str) -> Self {
        let value = |line: &'a str| {
            let (name, value) = line.strip_prefix("CONFIG_")?.split_once('=')?;
            let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let plain = |text: &str| text.replace("\\\"", "\"").replace("\\\\", "\\");
            Some((name, quoted.map_or_else(|| value.to_owned(), plain)))
        };
        Self { model, values: config.lines().filter_map(value).collect() }
    }

    /// Whether it has all of this; nothing where it does not say.
    pub fn have(&self, formulas: &Formulas, held: &[Held]) -> Option<bool> {
        let mut open = false;
        for one in held {
            let said = match one {
                Held::Value(name, value) => Some(self.values.get(&**name) == Some(value)),
                Held::InModule(formula) => {
                    let decided = &mut |atom| self.atom(formulas, atom);
                    Some(holds_where(formulas, *formula, Reading::most(true), decided))
                }
                Held::On(expr) => self.expr(ExprId::new(*expr)).map(|value| value != Tristate::No),
                Held::Off(expr) => self.expr(ExprId::new(*expr)).map(|value| value == Tristate::No),
            };
            match said {
                Some(false) => return Some(false),
                Some(true) => {}
                None => open = true,
            }
        }
        (!open).then_some(true)
    }

    /// What code or a makefile asks about an option.
    fn atom(&self, formulas: &Formulas, atom: Atom) -> bool {
        let of = |name| self.values.get(formulas.text(name)).map_or("", String::as_str);
        match atom {
            Atom::Yes(name) => !matches!(of(name), "" | "n" | "m"),
            Atom::Module(name) => of(name) == "m",
            Atom::NonZero(name) => !matches!(of(name), "" | "n" | "m" | "0" | "0x0"),
            Atom::Equals(name, value) => of(name) == formulas.text(value),
            Atom::InModule | Atom::Opaque(_) => false,
        }
    }

    /// An expression of Kconfig.
    fn expr(&self, expr: ExprId) -> Option<Tristate> {
        use Tristate::{No, Yes};
        match self.model.exprs.get(expr) {
            Expr::Symbol(symbol) => self.symbol(symbol),
            Expr::Not(a) => Some(!self.expr(a)?),
            Expr::And(a, b) => match (self.expr(a), self.expr(b)) {
                (Some(No), _) | (_, Some(No)) => Some(No),
                (a, b) => Some(a?.and(b?)),
            },
            Expr::Or(a, b) => match (self.expr(a), self.expr(b)) {
                (Some(Yes), _) | (_, Some(Yes)) => Some(Yes),
                (a, b) => Some(a?.or(b?)),
            },
            Expr::Compare(cmp, a, b) => {
                let (left, right) = (self.text(a)?, self.text(b)?);
                let order = match (self.number(a, &left), self.number(b, &right)) {
                    (Some(left), Some(right)) => left.cmp(&right),
                    _ => left.cmp(&right),
                };
                let holds = match cmp {
                    Cmp::Eq => order.is_eq(),
                    Cmp::Ne => order.is_ne(),
                    Cmp::Lt => order.is_lt(),
                    Cmp::Le => order.is_le(),
                    Cmp::Gt => order.is_gt(),
                    Cmp::Ge => order.is_ge(),
                };
                Some(if holds { Yes } else { No })
            }
            Expr::Range(..) => None,
        }
    }

    /// The value of a symbol as a condition. A choice is on if a member is; else it may be all the same.
    fn symbol(&self, symbol: SymbolId) -> Option<Tristate> {
        let data = self.model.symbol(symbol);
        match symbol {
            NO => return Some(Tristate::No),
            MOD => return Some(Tristate::Mod),
            YES => return Some(Tristate::Yes),
            _ => {}
        }
        if data.is_choice {
            let on = |member: &SymbolId| self.symbol(*member) == Some(Tristate::Yes);
            return data.members.iter().any(on).then_some(Tristate::Yes);
        }
        if placeholders(&data.name).next().is_some() {
            return None;
        }
        let value = self.values.get(&*String::from_utf8_lossy(&data.name)).map(String::as_str);
        Some(match (data.ty, value) {
            (Type::Bool | Type::Tristate, Some("y")) => Tristate::Yes,
            (Type::Tristate, Some("m")) => Tristate::Mod,
            _ => Tristate::No,
        })
    }

    /// What is compared.
    fn text(&self, symbol: SymbolId) -> Option<String> {
        let data = self.model.symbol(symbol);
        if placeholders(&data.name).next().is_some() || data.is_choice {
            return None;
        }
        let name = String::from_utf8_lossy(&data.name).into_owned();
        if data.constant || data.ty == Type::Unknown {
            return Some(name);
        }
        let is_logical = matches!(data.ty, Type::Bool | Type::Tristate);
        let none = if is_logical { "n" } else { "" };
        Some(self.values.get(&*name).map_or(none, String::as_str).to_owned())
    }

    /// The number that a text is, for a symbol of that type.
    fn number(&self, symbol: SymbolId, text: &str) -> Option<i128> {
        let hex = |text: &str| i128::from_str_radix(text, 16).ok();
        match self.model.symbol(symbol).ty {
            Type::Bool | Type::Tristate => match text {
                "n" => Some(0),
                "m" => Some(1),
                "y" => Some(2),
                _ => None,
            },
            Type::Int => text.parse().ok(),
            Type::Hex => hex(text.trim_start_matches("0x")),
            Type::String => None,
            Type::Unknown => match text.strip_prefix("0x") {
                Some(digits) => hex(digits),
                None => text.parse().ok(),
            },
        }
    }
}
