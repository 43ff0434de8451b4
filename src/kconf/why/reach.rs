//! The ways in which one symbol can get another value, each as what would have to hold: a visible
//! prompt, a selector, a default, another member of its choice.

use super::search::{Candidate, Goal, Search, nothing};
use crate::kconf::eval::Tristate;
use crate::kconf::eval::number::strtoll;
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{PropKind, Property, SymbolId, Type};

/// The price of turning on a selector of what has a prompt of its own.
const DETOUR: u32 = 10;

impl<'m> Search<'_, 'm> {
    /// Sets that raise a bool or tristate to `value`.
    pub(super) fn raise(&mut self, symbol: SymbolId, value: Tristate) -> Vec<Candidate> {
        let model = self.model();
        let data = model.symbol(symbol);
        if data.is_choice {
            let mut found = Vec::new();
            for prompt in self.prompts(symbol) {
                found.extend(self.least(prompt.visible, value));
            }
            return found;
        }
        let mut found = Vec::new();
        for prompt in self.prompts(symbol) {
            for wanted in self.settable(symbol, |v| v >= value) {
                found.extend(self.by_user(symbol, prompt.visible, wanted));
            }
        }
        // Others can set it too, which is roundabout where it has a prompt.
        let mut others = data.rev_dep.map(|id| self.least(Some(id), value)).unwrap_or_default();
        if !self.is_visible(symbol) {
            found.extend(self.by_default(symbol, |search, expr| search.least(expr, value)));
            if let Some(implied) = data.implied {
                let implied = self.least(Some(implied), value);
                let direct = self.least(data.dir_dep, value);
                others.extend(self.both(&implied, &direct));
            }
        }
        let detour = match self.prompts(symbol).is_empty() {
            true => 0,
            false if symbol == self.target => 3 * DETOUR,
            false => DETOUR,
        };
        for candidate in &mut others {
            candidate.cost += detour;
            candidate.detours += detour;
        }
        found.extend(others);
        found
    }

    /// Sets that lower a bool or tristate to `value`.
    pub(super) fn lower(&mut self, symbol: SymbolId, value: Tristate) -> Vec<Candidate> {
        let data = self.model().symbol(symbol);
        let selected = match data.rev_dep {
            Some(reverse) => self.most(Some(reverse), value),
            None => nothing(),
        };
        if selected.is_empty() {
            return selected;
        }
        let mut found = Vec::new();
        if let Some(choice) = self.state.choice_of(symbol) {
            for other in self.state.choice_members(choice) {
                if other != symbol {
                    found.extend(self.solve(&Goal::Least(other, Tristate::Yes)));
                }
            }
        } else {
            for prompt in self.prompts(symbol) {
                for wanted in self.settable(symbol, |v| v <= value) {
                    found.extend(self.by_user(symbol, prompt.visible, wanted));
                }
            }
        }
        // Where no prompt is visible, what defaults and `imply` give must be low enough.
        let mut unasked = nothing();
        for prompt in self.prompts(symbol) {
            let hidden = self.most(prompt.visible, Tristate::No);
            unasked = self.both(&unasked, &hidden);
        }
        if !unasked.is_empty() {
            let mut given = self.by_default(symbol, |search, expr| search.most(expr, value));
            given.extend(self.no_default(symbol));
            unasked = self.both(&unasked, &given);
            if let Some(implied) = data.implied {
                let mut without = self.most(Some(implied), value);
                without.extend(self.most(data.dir_dep, value));
                unasked = self.both(&unasked, &without);
            }
            found.extend(unasked);
        }
        self.both(&found, &selected)
    }

    /// Sets that give an int, hex or string this text.
    pub(super) fn write(&mut self, symbol: SymbolId, text: &[u8]) -> Vec<Candidate> {
        let mut found = Vec::new();
        for prompt in self.prompts(symbol) {
            let seen = self.least(prompt.visible, Tristate::Mod);
            let set = self.assign(symbol, text);
            found.extend(self.both(&set, &seen));
        }
        if !found.is_empty() {
            let allowed = self.in_range(symbol, text);
            found = self.both(&found, &allowed);
        }
        if !self.is_visible(symbol) {
            let model = self.model();
            let wanted = |search: &mut Self, expr: Option<ExprId>| {
                let Some(Expr::Symbol(from)) = expr.map(|id| model.exprs.get(id)) else {
                    return Vec::new();
                };
                search.solve(&Goal::Text(from, text.into()))
            };
            found.extend(self.by_default(symbol, wanted));
        }
        found
    }

    fn prompts(&self, symbol: SymbolId) -> Vec<&'m Property> {
        let model = self.model();
        let props = model.symbol(symbol).props.iter().map(|prop| model.prop(*prop));
        props.filter(|property| property.text.is_some()).collect()
    }

    fn is_visible(&mut self, symbol: SymbolId) -> bool {
        self.state.visibility(symbol) != Tristate::No
    }

    /// The values of its type that satisfy `fits`, those that turn most on first.
    fn settable(&self, symbol: SymbolId, fits: impl Fn(Tristate) -> bool) -> Vec<Tristate> {
        let tristate = self.model().symbol(symbol).ty == Type::Tristate;
        let values = [Tristate::Yes, Tristate::Mod, Tristate::No].into_iter();
        values.filter(|v| fits(*v) && (tristate || *v != Tristate::Mod)).collect()
    }

    /// The user sets it to `value`, under a prompt with this condition.
    fn by_user(
        &mut self,
        symbol: SymbolId,
        visible: Option<ExprId>,
        value: Tristate,
    ) -> Vec<Candidate> {
        let tristate = self.model().symbol(symbol).ty == Type::Tristate;
        let needed = if tristate && value == Tristate::Yes { value } else { Tristate::Mod };
        let mut found = self.assign(symbol, value.text().as_bytes());
        if found.is_empty() {
            return found;
        }
        let seen = self.least(visible, needed);
        found = self.both(&found, &seen);
        if value == Tristate::Mod
            && let Some(modules) = self.model().modules
        {
            let modular = self.solve(&Goal::Least(modules, Tristate::Yes));
            found = self.both(&found, &modular);
        }
        found
    }

    /// Some default applies, and `wanted` holds of its expression.
    fn by_default(
        &mut self,
        symbol: SymbolId,
        wanted: impl Fn(&mut Self, Option<ExprId>) -> Vec<Candidate>,
    ) -> Vec<Candidate> {
        let model = self.model();
        let mut found = Vec::new();
        // What keeps the earlier defaults from applying.
        let mut earlier = nothing();
        for prop in &model.symbol(symbol).props {
            let property = model.prop(*prop);
            if property.kind != PropKind::Default || earlier.is_empty() {
                continue;
            }
            let applies = self.least(property.visible, Tristate::Mod);
            if !applies.is_empty() {
                let value = wanted(self, property.expr);
                let both = self.both(&applies, &value);
                found.extend(self.both(&both, &earlier));
            }
            let off = self.most(property.visible, Tristate::No);
            earlier = self.both(&earlier, &off);
        }
        found
    }

    /// The first range that applies has `text` in it, or none applies.
    fn in_range(&mut self, symbol: SymbolId, text: &[u8]) -> Vec<Candidate> {
        let model = self.model();
        let base = if model.symbol(symbol).ty == Type::Hex { 16 } else { 10 };
        let value = strtoll(text, base).value;
        let (mut found, mut earlier) = (Vec::new(), nothing());
        for prop in &model.symbol(symbol).props {
            let property = model.prop(*prop);
            if property.kind != PropKind::Range || earlier.is_empty() {
                continue;
            }
            let Some(Expr::Range(low, high)) = property.expr.map(|id| model.exprs.get(id)) else {
                continue;
            };
            let mut bound = |id: SymbolId| strtoll(self.state.value(id), base).value;
            if (bound(low)..=bound(high)).contains(&value) {
                let applies = self.least(property.visible, Tristate::Mod);
                found.extend(self.both(&applies, &earlier));
            }
            let off = self.most(property.visible, Tristate::No);
            earlier = self.both(&earlier, &off);
        }
        found.extend(earlier);
        found
    }

    /// No default applies.
    fn no_default(&mut self, symbol: SymbolId) -> Vec<Candidate> {
        let model = self.model();
        let mut found = nothing();
        for prop in &model.symbol(symbol).props {
            let property = model.prop(*prop);
            if property.kind == PropKind::Default && !found.is_empty() {
                let off = self.most(property.visible, Tristate::No);
                found = self.both(&found, &off);
            }
        }
        found
    }
}
