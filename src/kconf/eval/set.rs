//! Setting the user's value of a symbol, as a configurator does (scripts/kconfig/symbol.c:
//! `sym_set_tristate_value`, `sym_set_string_value`, `choice_set_value`).

use super::number::{strtoll, valid};
use super::{Slot, State, Text, Tristate, flag};
use crate::kconf::model::{MenuId, SymbolId, Type};

/// What [`State::undo`] needs.
#[derive(Debug, Clone)]
pub struct Snapshot {
    slots: Vec<(SymbolId, Slot)>,
    priority: Option<(MenuId, Vec<SymbolId>)>,
}

impl State<'_> {
    /// Gives `symbol` the user's value `text`, as `.config` has it without quotes, where it is
    /// visible and within range; everything is then computed anew. Returns what [`State::undo`]
    /// needs, or nothing where the value is refused.
    pub fn set(&mut self, symbol: SymbolId, text: &[u8]) -> Option<Snapshot> {
        self.calc(symbol);
        let snapshot = self.snapshot(symbol);
        let set = match self.model.symbol(symbol).ty {
            Type::Bool | Type::Tristate => {
                Tristate::parse(text).is_some_and(|value| self.set_tristate(symbol, value))
            }
            _ => self.set_text(symbol, text),
        };
        set.then_some(snapshot)
    }

    /// Takes back the last [`State::set`].
    pub fn undo(&mut self, snapshot: Snapshot) {
        for (symbol, slot) in snapshot.slots {
            *self.slot_mut(symbol) = slot;
        }
        if let Some((menu, members)) = snapshot.priority {
            self.priorities.insert(menu, members);
        }
        self.recompute();
    }

    /// Gives the user's value without asking whether it is visible, as reading a `.config` does.
    /// False where the text is no value of the symbol's type. [`State::recompute`] is up to the
    /// caller.
    pub fn assign(&mut self, symbol: SymbolId, text: &[u8]) -> bool {
        let ty = self.model.symbol(symbol).ty;
        if !valid(ty, text) {
            return false;
        }
        match Tristate::parse(text) {
            Some(value) if matches!(ty, Type::Bool | Type::Tristate) => {
                self.slot_mut(symbol).user_tri = value;
                self.note_in_choice(symbol, value);
            }
            _ => {
                let text = self.keep_text(text);
                self.slot_mut(symbol).user_text = text;
            }
        }
        self.slot_mut(symbol).flags |= flag::USER;
        true
    }

    /// The user has no value for `symbol` any more. [`State::recompute`] is up to the caller.
    pub fn forget(&mut self, symbol: SymbolId) {
        let slot = self.slot_mut(symbol);
        slot.flags &= !flag::USER;
        (slot.user_tri, slot.user_text) = (Tristate::No, Text::Unset);
    }

    fn note_in_choice(&mut self, symbol: SymbolId, value: Tristate) {
        let Some(menu) = self.tables.choice_of[symbol.index()] else { return };
        if !self.rules.choice_lists {
            self.prefer(menu, symbol);
        } else if let Some(choice) = self.model.menu(menu).symbol {
            let slot = self.slot_mut(choice);
            if value == Tristate::Yes {
                slot.user_text = Text::Name(symbol);
            }
            slot.user_tri = slot.user_tri.or(value);
        }
    }

    /// Makes `member` the most important one of its choice.
    pub(crate) fn prefer(&mut self, menu: MenuId, member: SymbolId) {
        if let Some(priority) = self.priorities.get_mut(&menu)
            && let Some(at) = priority.iter().position(|other| *other == member)
        {
            priority[..=at].rotate_right(1);
        }
    }

    fn snapshot(&self, symbol: SymbolId) -> Snapshot {
        let mut symbols = vec![symbol];
        let menu = self.tables.choice_of[symbol.index()];
        if let Some(menu) = menu {
            symbols.extend(self.members(menu));
            symbols.extend(self.model.menu(menu).symbol);
        }
        let slots = symbols.into_iter().map(|symbol| (symbol, *self.slot(symbol))).collect();
        let priority = menu.and_then(|menu| Some((menu, self.priorities.get(&menu)?.clone())));
        Snapshot { slots, priority }
    }

    /// Whether the user may give this value now (symbol.c: `sym_tristate_within_range`).
    pub fn allows(&self, symbol: SymbolId, value: Tristate) -> bool {
        let ty = self.type_of(symbol);
        let Slot { visible, reverse, implied, .. } = *self.slot(symbol);
        if visible == Tristate::No
            || !matches!(ty, Type::Bool | Type::Tristate)
            || (ty == Type::Bool && value == Tristate::Mod)
            || visible <= reverse
            || (self.rules.strong_imply && implied == Tristate::Yes && value == Tristate::Mod)
        {
            return false;
        }
        if self.rules.choice_lists && self.is_member(symbol) && visible == Tristate::Yes {
            return value == Tristate::Yes;
        }
        value >= reverse && value <= visible
    }

    fn set_tristate(&mut self, symbol: SymbolId, value: Tristate) -> bool {
        let old = self.slot(symbol).tri;
        if let Some(menu) = self.tables.choice_of[symbol.index()]
            && !self.rules.choice_lists
        {
            // A configurator sets the whole choice; a member cannot be turned off by itself.
            if value != Tristate::Yes || !self.allows(symbol, value) {
                return old == value;
            }
            self.set_choice(menu, symbol);
            return true;
        }
        let unchanged = self.rules.choice_lists && old == value;
        if !unchanged && !self.allows(symbol, value) {
            return false;
        }
        self.slot_mut(symbol).flags |= flag::USER;
        if value == Tristate::Yes
            && let Some(choice) = self.choice_symbol(symbol)
        {
            let slot = self.slot_mut(choice);
            slot.user_text = Text::Name(symbol);
            slot.flags |= flag::USER;
            for menu in &self.model.symbol(choice).menus {
                for member in self.members(*menu) {
                    if self.is_visible(member) {
                        self.slot_mut(member).flags |= flag::USER;
                    }
                }
            }
        }
        self.slot_mut(symbol).user_tri = value;
        if old != value {
            self.recompute();
        }
        true
    }

    fn set_choice(&mut self, menu: MenuId, chosen: SymbolId) {
        for member in self.members(menu) {
            if !self.is_visible(member) {
                continue;
            }
            let slot = self.slot_mut(member);
            slot.user_tri = Tristate::from_bool(member == chosen);
            slot.flags |= flag::USER;
            self.prefer(menu, member);
        }
        self.recompute();
    }

    fn set_text(&mut self, symbol: SymbolId, text: &[u8]) -> bool {
        if !self.text_within_range(symbol, text) {
            return false;
        }
        let prefixed = matches!(text, [b'0', b'x' | b'X', ..]);
        let text = if self.model.symbol(symbol).ty == Type::Hex && !prefixed {
            self.keep_text(&[b"0x", text].concat())
        } else {
            self.keep_text(text)
        };
        let slot = self.slot_mut(symbol);
        slot.user_text = text;
        slot.flags |= flag::USER;
        self.recompute();
        true
    }

    /// Whether `text` is a value of the symbol's type and within its range (symbol.c:
    /// `sym_string_within_range`).
    pub(crate) fn text_within_range(&mut self, symbol: SymbolId, text: &[u8]) -> bool {
        let ty = self.model.symbol(symbol).ty;
        let base = match ty {
            Type::Int => 10,
            Type::Hex => 16,
            Type::String => return true,
            Type::Bool | Type::Tristate => {
                return Tristate::parse(text).is_some_and(|value| self.allows(symbol, value));
            }
            Type::Unknown => return false,
        };
        if !valid(ty, text) {
            return false;
        }
        let Some((low, high)) = self.range(symbol) else { return true };
        let value = strtoll(text, base).value;
        value >= self.bound(low, base) && value <= self.bound(high, base)
    }
}
