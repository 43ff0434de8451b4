//! Choices, of both generations ([`crate::kconf::eval`], `choice.rs`).
//!
//! Since 6.11: of the visible members, if there are any, exactly one is `y`. Until 6.10 a choice has
//! a value: at `y` exactly one of its members is, at `m` each is what it likes, and unless it is
//! `optional` it is at least `m` while its prompt and a member are visible.

use super::super::circuit::Lit;
use super::super::clauses::Rule;
use super::{Encoder, Tri};
use crate::kconf::eval::State;
use crate::kconf::expr::Expr;
use crate::kconf::model::{MenuId, PropKind, SymbolId};

impl Encoder<'_> {
    /// Says what the members of `choice` can be.
    pub(super) fn choice(&mut self, choice: SymbolId, state: &State<'_>) {
        let data = self.model.symbol(choice);
        let menus: Vec<MenuId> = data.menus.to_vec();
        let mut members: Vec<SymbolId> = Vec::new();
        for menu in &menus {
            for member in state.choice_members(*menu) {
                if !members.contains(&member) {
                    members.push(member);
                }
            }
        }
        // What stands in a choice without being a member of it, or in several, is left free.
        let plain = |member: &SymbolId| {
            self.choice_of(*member).is_some_and(|menu| menus.contains(&menu))
                && !self.model.symbol(*member).is_choice
        };
        // A default that is no member may be chosen all the same, and then no member is.
        let defaults = data.props.iter().map(|prop| self.model.prop(*prop));
        let mut defaults = defaults.filter(|prop| prop.kind == PropKind::Default);
        let inside = defaults.all(|prop| match prop.expr.map(|id| self.model.exprs.get(id)) {
            Some(Expr::Symbol(default)) => members.contains(&default),
            _ => true,
        });
        let whole = menus.len() == 1
            && inside
            && members.iter().all(plain)
            && data.members.iter().all(|member| members.contains(member));
        if self.rules.choice_lists {
            self.list(choice, &members, whole);
        } else {
            self.menu(choice, &members, whole);
        }
    }

    /// Since 6.11.
    fn menu(&mut self, choice: SymbolId, members: &[SymbolId], whole: bool) {
        let (mut chosen, mut seen, mut known) = (Vec::new(), Vec::new(), Vec::new());
        for member in members {
            if self.choice_of(*member).is_none() {
                continue;
            }
            let visible = self.visible(*member).m;
            let value = self.value(*member).y;
            self.say(choice, Rule::Choice, &[!value, visible]);
            chosen.push(value);
            seen.push(visible);
            known.push((*member, visible));
        }
        self.choices.push((choice, known));
        if whole {
            self.at_most_one(choice, &chosen);
            for visible in seen {
                let lits: Vec<Lit> =
                    std::iter::once(!visible).chain(chosen.iter().copied()).collect();
                self.say(choice, Rule::Choice, &lits);
            }
        }
    }

    /// Until 6.10.
    fn list(&mut self, choice: SymbolId, members: &[SymbolId], whole: bool) {
        let value = self.value(choice);
        let (mut chosen, mut known) = (Vec::new(), Vec::new());
        let mut hypothetical = Lit::FALSE;
        for member in members {
            let visible = self.visible(*member);
            let visible = self.as_type(*member, visible);
            let on = self.value(*member).y;
            chosen.push(self.circuit.and(on, visible.y));
            let if_on = self.visible_if(*member, choice);
            hypothetical = self.circuit.or(hypothetical, if_on);
            if self.choice_of(*member).is_some() {
                known.push((*member, visible.y));
            }
        }
        self.choices.push((choice, known));
        if !whole {
            return;
        }
        self.at_most_one(choice, &chosen);
        let lits: Vec<Lit> = std::iter::once(!value.y).chain(chosen).collect();
        self.say(choice, Rule::Choice, &lits);
        // A choice of `y` none of whose members is visible becomes `n`.
        let reverse = self.parts(choice).reverse;
        self.say(choice, Rule::Floor, &[!reverse.m, !hypothetical, value.m]);
        if value.m != value.y {
            self.say(choice, Rule::Floor, &[!reverse.y, !hypothetical, value.y]);
        }
    }

    /// Whether `member` would be visible if `choice` were `y`.
    fn visible_if(&mut self, member: SymbolId, choice: SymbolId) -> Lit {
        let model = self.model;
        let mut seen = Lit::FALSE;
        for prop in &model.symbol(member).props {
            let prop = model.prop(*prop);
            if prop.text.is_some() {
                let value = self.expr_if(prop.visible, choice, Tri::YES);
                seen = self.circuit.or(seen, value.y);
            }
        }
        seen
    }

    fn at_most_one(&mut self, choice: SymbolId, lits: &[Lit]) {
        for (at, lit) in lits.iter().enumerate() {
            for other in &lits[..at] {
                self.say(choice, Rule::Choice, &[!*lit, !*other]);
            }
        }
    }
}
