//! What `conf` finds wrong with properties (menu.c: `sym_check_prop`; symbol.c: `sym_string_valid`).

use super::Finalizer;
use crate::kconf::build::shown;
use crate::kconf::expr::Expr;
use crate::kconf::model::{MenuId, Model, PropKind, SymbolId, Type};
use crate::kconf::probe::placeholders;

/// The choice that `symbol` is in: that around its first definition with a prompt, if what is
/// around it is a choice (symbol.c of 6.11: `sym_get_choice_menu`).
pub(super) fn choice_menu(model: &Model, symbol: SymbolId) -> Option<MenuId> {
    let menus = &model.symbol(symbol).menus;
    let mut at = *menus.iter().find(|&&menu| model.menu(menu).prompt.is_some())?;
    loop {
        at = model.menu(at).parent?;
        if let Some(above) = model.menu(at).symbol {
            return model.symbol(above).is_choice.then_some(at);
        }
    }
}

impl Finalizer<'_> {
    pub(super) fn check_props(&mut self, symbol: SymbolId) {
        for at in 0..self.model.symbol(symbol).props.len() {
            let prop = self.model.prop(self.model.symbol(symbol).props[at]);
            let (kind, place, expr) = (prop.kind, prop.place, prop.expr);
            let Some(expr) = expr.map(|expr| self.model.exprs.get(expr)) else { continue };
            let text = match kind {
                PropKind::Default => self.check_default(symbol, expr, place),
                PropKind::Select | PropKind::Imply => self.check_select(symbol, kind, expr),
                PropKind::Range => {
                    let number = matches!(self.model.symbol(symbol).ty, Type::Int | Type::Hex);
                    if !number {
                        self.warn(place, "range is only allowed for int or hex symbols");
                    }
                    let Expr::Range(low, high) = expr else { continue };
                    let valid = |bound| valid_number(self.model, symbol, bound);
                    (!(valid(low) && valid(high))).then(|| "range is invalid".to_owned())
                }
                _ => None,
            };
            if let Some(text) = text {
                self.warn(place, &text);
            }
        }
    }

    fn check_default(
        &mut self,
        symbol: SymbolId,
        value: Expr,
        place: crate::kconf::model::Place,
    ) -> Option<String> {
        let of = self.model.symbol(symbol);
        let (ty, is_choice) = (of.ty, of.is_choice);
        let number = matches!(ty, Type::Int | Type::Hex);
        let name =
            if number || ty == Type::String { shown(&of.name).into_owned() } else { String::new() };
        let Expr::Symbol(value) = value else {
            return (number || ty == Type::String)
                .then(|| format!("default for config symbol '{name}' must be a single symbol"));
        };
        if number && !valid_number(self.model, symbol, value) {
            self.warn(place, &format!("'{name}': number is invalid"));
        }
        if !is_choice || !self.model.dialect.since(5, 0) {
            return None;
        }
        let choice = if self.model.dialect.choices_are_menus() {
            choice_menu(self.model, value)
        } else {
            self.model.symbol(value).choice
        };
        let contained = choice.and_then(|menu| self.model.menu(menu).symbol) == Some(symbol);
        (!contained).then(|| {
            let value = shown(&self.model.symbol(value).name);
            format!("choice default symbol '{value}' is not contained in the choice")
        })
    }

    fn check_select(&self, symbol: SymbolId, kind: PropKind, target: Expr) -> Option<String> {
        let Expr::Symbol(target) = target else { return None };
        let (of, target) = (self.model.symbol(symbol), self.model.symbol(target));
        let fine = matches!(of.ty, Type::Bool | Type::Tristate);
        if fine && matches!(target.ty, Type::Unknown | Type::Bool | Type::Tristate) {
            return None;
        }
        let (name, other) = (shown(&of.name), shown(&target.name));
        let verb = if kind == PropKind::Select { "select" } else { "imply" };
        let bool = if self.model.dialect.since(4, 19) { "bool" } else { "boolean" };
        Some(if fine {
            format!(
                "'{other}' has wrong type. '{verb}' only accept arguments of {bool} and tristate type"
            )
        } else {
            format!("config symbol '{name}' uses {verb}, but is not {bool} or tristate")
        })
    }
}

/// Whether `value` may be a value of `symbol`, an int or hex.
fn valid_number(model: &Model, symbol: SymbolId, value: SymbolId) -> bool {
    let (ty, value) = (model.symbol(symbol).ty, model.symbol(value));
    match value.ty {
        Type::Int | Type::Hex => true,
        // What an open probe says is not known.
        Type::Unknown => {
            valid_string(ty, &value.name) || placeholders(&value.name).next().is_some()
        }
        _ => false,
    }
}

/// Whether `text` may be the value of a symbol of type `ty` (symbol.c: `sym_string_valid`).
pub(in crate::kconf) fn valid_string(ty: Type, text: &[u8]) -> bool {
    match ty {
        Type::String => true,
        Type::Int => {
            let digits = text.strip_prefix(b"-").unwrap_or(text);
            let plain = digits.len() == 1 || digits.first() != Some(&b'0');
            !digits.is_empty() && plain && digits.iter().all(u8::is_ascii_digit)
        }
        Type::Hex => {
            let digits = text.strip_prefix(b"0x").or(text.strip_prefix(b"0X")).unwrap_or(text);
            !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
        }
        Type::Bool | Type::Tristate => {
            matches!(text.first(), Some(b'y' | b'Y' | b'm' | b'M' | b'n' | b'N'))
        }
        Type::Unknown => false,
    }
}
