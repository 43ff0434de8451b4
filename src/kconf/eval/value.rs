//! A symbol's value (scripts/kconfig/symbol.c: `sym_calc_value`, `sym_calc_visibility`,
//! `sym_validate_range`).
//!
//! In order: visibility and dependencies; then the user's value as far as it is visible, else the
//! first default that applies and what is implied; then what is selected, which beats everything; at
//! last the range.

use super::number::strtoll;
use super::{Slot, State, Text, Tristate, flag};
use crate::kconf::expr::Expr;
use crate::kconf::model::{PropId, PropKind, SymbolId, Type};
use crate::kconf::warn;

impl State<'_> {
    /// Computes the value of `symbol` unless it is known.
    pub(crate) fn calc(&mut self, symbol: SymbolId) {
        if self.has(symbol, flag::VALID) {
            return;
        }
        if !self.enter() {
            return;
        }
        self.calc_now(symbol);
        self.leave();
    }

    fn calc_now(&mut self, symbol: SymbolId) {
        if self.is_member(symbol) && self.has(symbol, flag::NEEDS_CHOICE) {
            self.slot_mut(symbol).flags &= !flag::NEEDS_CHOICE;
            if let Some(choice) = self.choice_symbol(symbol) {
                self.calc(choice);
            }
        }
        self.slot_mut(symbol).flags |= flag::VALID;
        let ty = self.model.symbol(symbol).ty;
        let unset = match ty {
            Type::Int if self.rules.zero_numbers => Text::Zero,
            Type::Hex if self.rules.zero_numbers => Text::HexZero,
            Type::Int | Type::Hex | Type::String => Text::Empty,
            Type::Bool | Type::Tristate => Text::No,
            Type::Unknown => {
                let slot = self.slot_mut(symbol);
                (slot.text, slot.tri) = (Text::Name(symbol), Tristate::No);
                return;
            }
        };
        if !self.rules.members_stay_written || !self.is_member(symbol) {
            self.slot_mut(symbol).flags &= !flag::WRITE;
        }
        self.calc_visibility(symbol);
        let visible = self.slot(symbol).visible;
        if visible != Tristate::No {
            self.slot_mut(symbol).flags |= flag::WRITE;
        }
        // What a recursive evaluation sees.
        let slot = self.slot_mut(symbol);
        (slot.text, slot.tri) = (unset, Tristate::No);

        let (mut text, mut tri) = (unset, Tristate::No);
        match self.type_of(symbol) {
            Type::Bool | Type::Tristate => tri = self.logical(symbol),
            _ if visible != Tristate::No && self.has(symbol, flag::USER) => {
                text = self.slot(symbol).user_text;
            }
            _ => {
                if let Some(from) = self.default_symbol(symbol) {
                    self.slot_mut(symbol).flags |= flag::WRITE;
                    self.calc(from);
                    text = self.slot(from).text;
                }
            }
        }
        let slot = self.slot_mut(symbol);
        (slot.text, slot.tri) = (text, tri);
        let is_choice = self.model.symbol(symbol).is_choice;
        if is_choice && self.rules.choice_lists && tri == Tristate::Yes {
            let chosen = self.calc_choice_list(symbol);
            self.slot_mut(symbol).text = chosen.map_or(Text::Unset, Text::Name);
        }
        self.clamp(symbol);
        if self.model.modules == Some(symbol) {
            self.modules = self.slot(symbol).tri;
        }
        if is_choice {
            self.finish_choice(symbol);
        }
        if self.never_written(symbol) {
            self.slot_mut(symbol).flags &= !flag::WRITE;
        }
        if self.has(symbol, flag::NEEDS_CHOICE) {
            self.settle_members(symbol);
        }
    }

    /// The value of a bool or tristate.
    fn logical(&mut self, symbol: SymbolId) -> Tristate {
        if let Some(chosen) = self.member_value(symbol) {
            return self.as_type(symbol, chosen);
        }
        let Slot { visible, user_tri, flags, .. } = *self.slot(symbol);
        let mut value = Tristate::No;
        if visible != Tristate::No && flags & flag::USER != 0 {
            value = user_tri.and(visible);
        } else {
            if self.slot(symbol).reverse != Tristate::No {
                self.slot_mut(symbol).flags |= flag::WRITE;
            }
            if !self.model.symbol(symbol).is_choice {
                if let Some((prop, condition)) = self.default_prop(symbol) {
                    value = self.expr(self.model.prop(prop).expr).and(condition);
                    if value != Tristate::No || !self.rules.silent_n_defaults {
                        self.slot_mut(symbol).flags |= flag::WRITE;
                    }
                }
                let Slot { implied, direct, .. } = *self.slot(symbol);
                if implied != Tristate::No {
                    self.slot_mut(symbol).flags |= flag::WRITE;
                    value = value.or(implied);
                    if !self.rules.strong_imply {
                        value = value.and(direct);
                    }
                }
            }
        }
        let Slot { direct, reverse, implied, .. } = *self.slot(symbol);
        let unmet = if self.rules.modular_dependencies {
            direct < reverse
        } else {
            direct == Tristate::No && reverse != Tristate::No
        };
        if unmet {
            warn::unmet_dependency(self, symbol);
        }
        value = value.or(reverse);
        if self.rules.strong_imply && value == Tristate::Mod && implied == Tristate::Yes {
            value = Tristate::Yes;
        }
        self.as_type(symbol, value)
    }

    /// `m` becomes `y` for what is a bool now.
    pub(super) fn as_type(&self, symbol: SymbolId, value: Tristate) -> Tristate {
        let raise = value == Tristate::Mod && self.type_of(symbol) == Type::Bool;
        if raise { Tristate::Yes } else { value }
    }

    /// Whether the symbol is not of the user's making (`SYMBOL_NO_WRITE`; choices are looked at apart).
    pub(crate) fn never_written(&self, symbol: SymbolId) -> bool {
        let data = self.model.symbol(symbol);
        data.env.is_some() || (data.defconfig_list && self.rules.hides_defconfig_list)
    }

    pub(super) fn calc_visibility(&mut self, symbol: SymbolId) {
        let model = self.model;
        let data = model.symbol(symbol);
        // Until 6.10 a tristate member that is only visible as `m` is invisible in a choice of `y`.
        let choice = if self.rules.choice_lists && data.ty == Type::Tristate {
            self.choice_symbol(symbol)
        } else {
            None
        };
        let mut visible = Tristate::No;
        for prop in &data.props {
            let property = model.prop(*prop);
            if property.text.is_none() {
                continue;
            }
            let mut value = self.expr(property.visible);
            if let Some(choice) = choice
                && value == Tristate::Mod
                && self.slot(choice).tri == Tristate::Yes
            {
                value = Tristate::No;
            }
            self.prompts[prop.index()] = value;
            visible = visible.or(value);
        }
        if visible == Tristate::Mod && (data.ty != Type::Tristate || self.modules == Tristate::No) {
            visible = Tristate::Yes;
        }
        self.slot_mut(symbol).visible = visible;
        if self.is_member(symbol) {
            return;
        }
        let mut direct = self.expr(data.dir_dep);
        direct = if !self.rules.modular_dependencies && direct == Tristate::Mod {
            Tristate::Yes
        } else {
            self.as_type(symbol, direct)
        };
        self.slot_mut(symbol).direct = direct;
        let reverse = data.rev_dep.map_or(Tristate::No, |expr| self.expr(Some(expr)));
        self.slot_mut(symbol).reverse = self.as_type(symbol, reverse);
        let implied = match data.implied {
            Some(_) if self.rules.strong_imply && direct == Tristate::No => Tristate::No,
            Some(expr) => self.expr(Some(expr)),
            None => Tristate::No,
        };
        self.slot_mut(symbol).implied = self.as_type(symbol, implied);
    }

    /// The first property of this kind whose condition holds, and the condition's value.
    pub(crate) fn first_prop(
        &mut self,
        symbol: SymbolId,
        kind: PropKind,
    ) -> Option<(PropId, Tristate)> {
        let model = self.model;
        for prop in &model.symbol(symbol).props {
            let property = model.prop(*prop);
            if property.kind == kind {
                let condition = self.expr(property.visible);
                if condition != Tristate::No {
                    return Some((*prop, condition));
                }
            }
        }
        None
    }

    /// The default that applies (symbol.c: `sym_get_default_prop`).
    pub(super) fn default_prop(&mut self, symbol: SymbolId) -> Option<(PropId, Tristate)> {
        self.first_prop(symbol, PropKind::Default)
    }

    /// The symbol that the default of an int, hex or string takes its value from.
    pub(super) fn default_symbol(&mut self, symbol: SymbolId) -> Option<SymbolId> {
        let (prop, _) = self.default_prop(symbol)?;
        self.prop_symbol(prop)
    }

    /// The symbol that a property names (symbol.c: `prop_get_symbol`).
    pub(crate) fn prop_symbol(&self, prop: PropId) -> Option<SymbolId> {
        match self.model.exprs.get(self.model.prop(prop).expr?) {
            Expr::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    /// The bounds that apply.
    pub(super) fn range(&mut self, symbol: SymbolId) -> Option<(SymbolId, SymbolId)> {
        let (prop, _) = self.first_prop(symbol, PropKind::Range)?;
        match self.model.exprs.get(self.model.prop(prop).expr?) {
            Expr::Range(low, high) => Some((low, high)),
            _ => None,
        }
    }

    /// A bound's number: in its own type's base, or in the base of what it bounds.
    pub(super) fn bound(&mut self, bound: SymbolId, base: u32) -> i64 {
        self.calc(bound);
        let base = match self.model.symbol(bound).ty {
            Type::Int => 10,
            Type::Hex => 16,
            _ => base,
        };
        strtoll(self.text(self.slot(bound).text), base).value
    }

    fn clamp(&mut self, symbol: SymbolId) {
        let base = match self.model.symbol(symbol).ty {
            Type::Int => 10,
            Type::Hex => 16,
            _ => return,
        };
        let Some((low, high)) = self.range(symbol) else { return };
        let value = strtoll(self.text(self.slot(symbol).text), base).value;
        let mut bound = low;
        let mut limit = self.bound(low, base);
        if value >= limit {
            bound = high;
            limit = self.bound(high, base);
            if value <= limit {
                return;
            }
        }
        let text = if self.rules.prints_bounds {
            let text = if base == 10 { format!("{limit}") } else { format!("{limit:#x}") };
            self.keep_text(text.as_bytes())
        } else {
            self.slot(bound).text
        };
        self.slot_mut(symbol).text = text;
    }
}
