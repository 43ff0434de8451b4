//! What the goals decide about symbols that the user has not: `y`, `m`, `n`, the default, or at random
//! (scripts/kconfig/conf.c: `conf_set_all_new_symbols`, `randomize_choice_values`).

use std::sync::Arc;

use super::eval::number::strtoll;
use super::eval::{State, Text, Tristate, flag};
use super::model::{MenuId, Symbol, SymbolId, Type};
use super::random::Random;

/// How often `randconfig` says `y` and `m`, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probability {
    bool_y: i64,
    tristate_y: i64,
    tristate_m: i64,
}

impl Default for Probability {
    fn default() -> Self {
        Self { bool_y: 50, tristate_y: 33, tristate_m: 33 }
    }
}

impl Probability {
    /// `KCONFIG_PROBABILITY`: `Y`, `Y:M` or `BOOL_Y:TRISTATE_Y:TRISTATE_M`, in percent; nothing is
    /// the usual 50:33:33.
    pub fn parse(text: &str) -> Result<Self, String> {
        let out_of_range = || "KCONFIG_PROBABILITY: Numerical result out of range".to_owned();
        let mut numbers = Vec::new();
        let mut rest = text.as_bytes();
        while !rest.is_empty() && numbers.len() < 3 {
            let parsed = strtoll(rest, 10);
            let number = i64::from(parsed.value as i32);
            if !(0..=100).contains(&number) {
                return Err(out_of_range());
            }
            numbers.push(number);
            rest = &rest[parsed.used..];
            rest = rest.strip_prefix(b":").unwrap_or(rest);
        }
        let chosen = match *numbers {
            [y] => Self { bool_y: y, tristate_y: y - y / 2, tristate_m: y / 2 },
            [y, m] => Self { bool_y: y + m, tristate_y: y, tristate_m: m },
            [b, y, m] => Self { bool_y: b, tristate_y: y, tristate_m: m },
            _ => Self::default(),
        };
        if chosen.tristate_y + chosen.tristate_m > 100 { Err(out_of_range()) } else { Ok(chosen) }
    }
}

impl State<'_> {
    /// Gives every symbol that the user could set, and has not, the value `mode` (nothing: its
    /// default).
    pub(crate) fn set_new(&mut self, mode: Option<Tristate>) {
        if self.rules.choice_lists {
            self.set_new_lists(|symbol| match mode {
                Some(Tristate::No) if symbol.allnoconfig_y => Some((Tristate::Yes, true)),
                mode => mode.map(|value| (value, true)),
            });
            self.settle_choices();
            return;
        }
        let model = self.model;
        for id in model.menus_in_order() {
            if let (Some(symbol), Some(value)) = (self.settable(id), mode)
                && !model.symbol(symbol).is_choice
            {
                let slot = self.slot_mut(symbol);
                slot.user_tri = value;
                slot.flags |= flag::USER;
            }
        }
        self.recompute();
    }

    /// Since 6.11: the symbol of a menu with a prompt, if it is a bool or tristate without a user's
    /// value that is no member of a choice.
    fn settable(&self, id: MenuId) -> Option<SymbolId> {
        let menu = self.model.menu(id);
        let symbol = menu.symbol?;
        let ty = self.model.symbol(symbol).ty;
        (menu.prompt.is_some()
            && !self.has(symbol, flag::USER)
            && matches!(ty, Type::Bool | Type::Tristate)
            && !self.is_member(symbol))
        .then_some(symbol)
    }

    /// Until 6.10: all bools and tristates that have no value, in the order of the hash table. `value`
    /// says the value and whether it counts as the user's. Returns whether there was any symbol.
    fn set_new_lists(
        &mut self,
        mut value: impl FnMut(&Symbol) -> Option<(Tristate, bool)>,
    ) -> bool {
        let tables = Arc::clone(&self.tables);
        let mut any = false;
        for symbol in tables.order(self.model) {
            let model = self.model.symbol(*symbol);
            if self.has(*symbol, flag::USER | flag::VALID)
                || !matches!(model.ty, Type::Bool | Type::Tristate)
            {
                continue;
            }
            any = true;
            if let Some((value, is_user)) = value(model) {
                let slot = self.slot_mut(*symbol);
                slot.user_tri = value;
                slot.flags |= if is_user { flag::USER } else { 0 };
            }
        }
        self.recompute();
        any
    }

    /// Until 6.10, not for `randconfig`: choices without a user's value settle their members.
    fn settle_choices(&mut self) {
        let tables = Arc::clone(&self.tables);
        let order = tables.order(self.model);
        for symbol in order {
            let open_choice =
                self.model.symbol(*symbol).is_choice && !self.has(*symbol, flag::USER);
            if open_choice || self.is_member(*symbol) {
                self.slot_mut(*symbol).flags |= flag::NEEDS_CHOICE;
            }
        }
        for symbol in order {
            if self.model.symbol(*symbol).is_choice && !self.has(*symbol, flag::USER) {
                self.calc(*symbol);
                self.settle_members(*symbol);
            }
        }
    }

    pub(super) fn randomize(&mut self, random: &mut Random, probability: Probability) {
        if self.rules.choice_lists {
            while self.randomize_lists(random, probability) {}
            return;
        }
        let model = self.model;
        for id in model.menus_in_order() {
            let Some(symbol) = self.settable(id) else { continue };
            if model.symbol(symbol).is_choice {
                self.randomize_choice(id, random);
                continue;
            }
            let value = draw(random, probability, model.symbol(symbol).ty);
            let slot = self.slot_mut(symbol);
            slot.user_tri = value;
            slot.flags |= flag::USER;
        }
        self.recompute();
    }

    /// Since 6.11: all open members get `y`, the first drawn being the most important.
    fn randomize_choice(&mut self, choice: MenuId, random: &mut Random) {
        let members = self.members(choice);
        let mut open = members.iter().filter(|member| !self.has(**member, flag::USER)).count();
        while open > 0 {
            let mut at = random.draw() as usize % open;
            for member in &members {
                if self.has(*member, flag::USER) {
                    continue;
                }
                if at > 0 {
                    at -= 1;
                    continue;
                }
                let slot = self.slot_mut(*member);
                slot.user_tri = Tristate::Yes;
                slot.flags |= flag::USER;
                if let Some(priority) = self.priorities.get_mut(&choice)
                    && let Some(from) = priority.iter().position(|other| other == member)
                {
                    priority[from..].rotate_left(1);
                }
                break;
            }
            open -= 1;
        }
    }

    /// Until 6.10. Returns whether another round is needed.
    fn randomize_lists(&mut self, random: &mut Random, probability: Probability) -> bool {
        // A choice is drawn, too, but decided by its members.
        let mut changed = self.set_new_lists(|symbol| {
            Some((draw(random, probability, symbol.ty), !symbol.is_choice))
        });
        let tables = Arc::clone(&self.tables);
        let order = tables.order(self.model);
        for symbol in order {
            if !self.model.symbol(*symbol).is_choice || self.has(*symbol, flag::USER) {
                continue;
            }
            self.calc(*symbol);
            if self.slot(*symbol).tri == Tristate::Yes {
                changed = true;
                self.randomize_list(*symbol, random);
            }
        }
        changed
    }

    fn randomize_list(&mut self, choice: SymbolId, random: &mut Random) {
        let Some(menu) = self.model.symbol(choice).menus.first() else { return };
        let members = self.members(*menu);
        let chosen = random.draw() as usize % members.len().max(1);
        for (number, member) in members.iter().enumerate() {
            let slot = self.slot_mut(*member);
            slot.user_tri = Tristate::from_bool(number == chosen);
            slot.flags |= flag::USER;
            slot.flags &= !flag::VALID;
        }
        if let Some(member) = members.get(chosen) {
            self.slot_mut(choice).user_text = Text::Name(*member);
        }
        let slot = self.slot_mut(choice);
        slot.flags |= flag::USER;
        slot.flags &= !flag::VALID;
    }

    /// Turns the user's values of tristates from `old` into `new`.
    pub(super) fn rewrite(&mut self, old: Tristate, new: Tristate) {
        for number in 3..self.slots.len() as u32 {
            let symbol = SymbolId::new(number);
            if self.type_of(symbol) == Type::Tristate && self.slot(symbol).user_tri == old {
                self.slot_mut(symbol).user_tri = new;
            }
        }
        self.recompute();
    }
}

fn draw(random: &mut Random, probability: Probability, ty: Type) -> Tristate {
    let number = i64::from(random.draw() % 100);
    let Probability { bool_y, tristate_y, tristate_m } = probability;
    if ty != Type::Tristate {
        Tristate::from_bool(number < bool_y)
    } else if number < tristate_y {
        Tristate::Yes
    } else if number < tristate_y + tristate_m {
        Tristate::Mod
    } else {
        Tristate::No
    }
}
