//! Choices, of both generations.
//!
//! Until 6.10 a choice is a symbol with a value (`y`: one member is on; `m`: members may be `m`) and
//! a list of its members. Since 6.11 it only groups bools, which have priorities: what was set last
//! comes first (scripts/kconfig/symbol.c: `sym_calc_choice` of either version).

use super::{State, Text, Tristate, flag};
use crate::kconf::model::{MenuId, PropKind, SymbolId};

impl State<'_> {
    /// The choice that `symbol` is a member of, as a symbol.
    pub(crate) fn choice_symbol(&self, symbol: SymbolId) -> Option<SymbolId> {
        self.model.menu(self.tables.choice_of[symbol.index()]?).symbol
    }

    /// The members of a choice in the order of its menu.
    pub(crate) fn members(&self, choice: MenuId) -> Vec<SymbolId> {
        self.tables.entries.get(&choice).cloned().unwrap_or_default()
    }

    /// The value that its choice gives a member; nothing where it has a value of its own.
    pub(super) fn member_value(&mut self, symbol: SymbolId) -> Option<Tristate> {
        let menu = self.tables.choice_of[symbol.index()]?;
        if !self.rules.choice_lists {
            self.calc_choice(menu);
            return Some(self.slot(symbol).tri);
        }
        if self.slot(symbol).visible != Tristate::Yes {
            return None;
        }
        let choice = self.model.menu(menu).symbol?;
        Some(Tristate::from_bool(self.slot(choice).text == Text::Name(symbol)))
    }

    /// Since 6.11: by priority the first visible member that the user wants; else the default unless
    /// the user does not want it; else the first that the user has not mentioned; else the least
    /// important of the unwanted.
    pub(crate) fn calc_choice(&mut self, menu: MenuId) -> Option<SymbolId> {
        let priority = self.priorities.get(&menu).cloned().unwrap_or_default();
        let entries = self.members(menu);
        let mut chosen = None;
        for member in &priority {
            self.calc_visibility(*member);
            if self.is_visible(*member)
                && self.has(*member, flag::USER)
                && self.slot(*member).user_tri == Tristate::Yes
            {
                chosen = Some(*member);
                break;
            }
        }
        if chosen.is_none() {
            chosen = self.choice_default(menu).filter(|member| {
                !self.has(*member, flag::USER) || self.slot(*member).user_tri != Tristate::No
            });
        }
        let unmentioned =
            |member: &&SymbolId| self.is_visible(**member) && !self.has(**member, flag::USER);
        chosen = chosen
            .or_else(|| entries.iter().find(unmentioned).copied())
            .or_else(|| priority.iter().rev().find(|member| self.is_visible(**member)).copied());
        for member in entries {
            if self.is_visible(member) {
                let slot = self.slot_mut(member);
                slot.tri = Tristate::from_bool(chosen == Some(member));
                slot.flags |= flag::VALID | flag::WRITE;
            }
        }
        chosen
    }

    pub(super) fn is_visible(&self, symbol: SymbolId) -> bool {
        self.slot(symbol).visible != Tristate::No
    }

    /// The first default of the choice whose condition holds and that is visible, else the first
    /// visible member (symbol.c: `sym_choice_default`).
    pub(crate) fn choice_default(&mut self, menu: MenuId) -> Option<SymbolId> {
        let model = self.model;
        let choice = model.menu(menu).symbol?;
        for prop in &model.symbol(choice).props {
            let property = model.prop(*prop);
            if property.kind != PropKind::Default || self.expr(property.visible) == Tristate::No {
                continue;
            }
            if let Some(member) = self.prop_symbol(*prop)
                && self.is_visible(member)
            {
                return Some(member);
            }
        }
        self.members(menu).into_iter().find(|member| self.is_visible(*member))
    }

    /// Until 6.10: the member that a choice of `y` has. A choice counts as set by the user only while
    /// all its visible members are.
    pub(super) fn calc_choice_list(&mut self, choice: SymbolId) -> Option<SymbolId> {
        let menu = *self.model.symbol(choice).menus.first()?;
        let mut flags = self.slot(choice).flags;
        for member in self.members(menu) {
            self.calc_visibility(member);
            if self.is_visible(member) {
                flags &= self.slot(member).flags;
            }
        }
        self.slot_mut(choice).flags &= flags | !flag::USER;
        if let Text::Name(member) = self.slot(choice).user_text
            && self.is_visible(member)
        {
            return Some(member);
        }
        let member = self.choice_default(menu);
        if member.is_none() {
            self.slot_mut(choice).tri = Tristate::No;
        }
        member
    }

    /// What follows once a choice has its value.
    pub(super) fn finish_choice(&mut self, choice: SymbolId) {
        if self.rules.choice_lists && self.has(choice, flag::WRITE) {
            for menu in &self.model.symbol(choice).menus {
                for member in self.members(*menu) {
                    if self.is_visible(member) {
                        self.slot_mut(member).flags |= flag::WRITE;
                    }
                }
            }
        }
        self.slot_mut(choice).flags &= !flag::WRITE;
    }

    /// Until 6.10: members that the user has not set become `n`, and the choice counts as set
    /// (confdata.c: `set_all_choice_values`).
    pub(crate) fn settle_members(&mut self, choice: SymbolId) {
        for menu in &self.model.symbol(choice).menus {
            for member in self.members(*menu) {
                if !self.has(member, flag::USER) {
                    self.slot_mut(member).user_tri = Tristate::No;
                }
            }
        }
        let slot = self.slot_mut(choice);
        slot.flags |= flag::USER;
        slot.flags &= !(flag::VALID | flag::NEEDS_CHOICE);
    }
}
