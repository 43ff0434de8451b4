//! Values of expressions (scripts/kconfig/expr.c: `expr_calc_value`).
//!
//! Both sides of an operator are always evaluated, left first: that order decides the order of
//! warnings. Since 6.12 a value is kept until everything is invalidated; before, it is computed
//! whenever it is asked for.

use super::number::{Parsed, strtoll, strtoull};
use super::{MAX_DEPTH, Rules, State, Tristate, UNKNOWN};
use crate::kconf::expr::{Cmp, Expr, ExprId};
use crate::kconf::model::{SymbolId, Type};

/// What a value is for a comparison.
enum Kind {
    Text,
    Signed(i64),
    Unsigned(i64),
}

impl State<'_> {
    /// The value of `expr`; nothing is `y`.
    pub fn expr(&mut self, expr: Option<ExprId>) -> Tristate {
        match expr {
            None => Tristate::Yes,
            Some(expr) => self.node(expr),
        }
    }

    fn node(&mut self, id: ExprId) -> Tristate {
        match self.exprs.get(id.index()).copied().unwrap_or(UNKNOWN) {
            0 => return Tristate::No,
            1 => return Tristate::Mod,
            2 => return Tristate::Yes,
            _ => {}
        }
        if !self.enter() {
            return Tristate::No;
        }
        let value = match self.model.exprs.get(id) {
            Expr::Symbol(symbol) => {
                self.calc(symbol);
                self.slot(symbol).tri
            }
            Expr::Not(a) => !self.node(a),
            Expr::And(a, b) => {
                let left = self.node(a);
                left.and(self.node(b))
            }
            Expr::Or(a, b) => {
                let left = self.node(a);
                left.or(self.node(b))
            }
            Expr::Compare(cmp, a, b) => self.compare(cmp, a, b),
            // The bounds of a range are no condition; conf says so on standard output.
            Expr::Range(..) => Tristate::No,
        };
        self.leave();
        if let Some(kept) = self.exprs.get_mut(id.index()) {
            *kept = value as u8;
        }
        value
    }

    /// One level deeper; false where it goes too deep.
    pub(super) fn enter(&mut self) -> bool {
        if self.depth >= MAX_DEPTH {
            self.too_deep = true;
            return false;
        }
        self.depth += 1;
        true
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    fn compare(&mut self, cmp: Cmp, a: SymbolId, b: SymbolId) -> Tristate {
        self.calc(a);
        self.calc(b);
        let left = (self.current(a), self.model.symbol(a).ty);
        let right = (self.current(b), self.model.symbol(b).ty);
        Tristate::from_bool(compared(self.rules, cmp, left, right))
    }
}

/// Whether `left cmp right` holds for two values, each with the type of its symbol.
pub(crate) fn compared(
    rules: Rules,
    cmp: Cmp,
    (left, left_type): (&[u8], Type),
    (right, right_type): (&[u8], Type),
) -> bool {
    let tristate = |ty| matches!(ty, Type::Bool | Type::Tristate);
    let as_texts = (left_type == Type::String && right_type == Type::String)
        || (!rules.compares_tristates && (tristate(left_type) || tristate(right_type)));
    let kinds = (!as_texts).then(|| (kind(left, left_type), kind(right, right_type)));
    let order = match kinds {
        None | Some((Kind::Text, _) | (_, Kind::Text)) => left.cmp(right),
        Some((Kind::Signed(l), Kind::Signed(r))) => l.cmp(&r),
        Some((Kind::Signed(l) | Kind::Unsigned(l), Kind::Signed(r) | Kind::Unsigned(r))) => {
            (l as u64).cmp(&(r as u64))
        }
    };
    match cmp {
        Cmp::Eq => order.is_eq(),
        Cmp::Ne => order.is_ne(),
        Cmp::Lt => order.is_lt(),
        Cmp::Le => order.is_le(),
        Cmp::Gt => order.is_gt(),
        Cmp::Ge => order.is_ge(),
    }
}

/// Bool and tristate are 0, 1, 2; int is signed and decimal, hex unsigned; what has no type is
/// whatever its prefix says. What is no number to its end is a text (expr.c: `expr_parse_string`).
fn kind(text: &[u8], ty: Type) -> Kind {
    let number = |parsed: Parsed, kind: fn(i64) -> Kind| {
        let whole = parsed.used == text.len() && parsed.used > 0 && !parsed.overflow;
        if whole { kind(parsed.value) } else { Kind::Text }
    };
    match ty {
        Type::Bool | Type::Tristate => Kind::Signed(match text {
            b"n" => 0,
            b"m" => 1,
            b"y" => 2,
            _ => -1,
        }),
        Type::Int => number(strtoll(text, 10), Kind::Signed),
        Type::Hex => number(strtoull(text, 16), Kind::Unsigned),
        Type::Unknown | Type::String => number(strtoll(text, 0), Kind::Signed),
    }
}
