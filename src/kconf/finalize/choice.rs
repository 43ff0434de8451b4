//! Choices: how they were symbols that their members depend on (menu.c until 6.10), and who is a
//! member of which.

use super::{Finalizer, choice_menu};
use crate::kconf::expr::{Cmp, Expr};
use crate::kconf::model::{MOD, MenuId, Model, PropKind, SymbolId, Type, YES};

impl Finalizer<'_> {
    /// A choice without a type takes that of its first member with one; members without a type take
    /// the choice's.
    pub(super) fn choice_types(&mut self, parent: MenuId, choice: SymbolId) {
        let members: Vec<SymbolId> =
            children(self.model, parent).filter_map(|menu| self.model.menu(menu).symbol).collect();
        let ty = |model: &Model, symbol: SymbolId| model.symbol(symbol).ty;
        if ty(self.model, choice) == Type::Unknown {
            let first = members.iter().map(|&member| ty(self.model, member));
            if let Some(first) = first.into_iter().find(|&ty| ty != Type::Unknown) {
                self.model.symbols[choice.index()].ty = first;
                self.rules.forget();
            }
        }
        for member in members {
            if ty(self.model, member) == Type::Unknown {
                self.model.symbols[member.index()].ty = ty(self.model, choice);
                self.rules.forget();
            }
        }
    }

    /// Makes `menu` a member of `choice`, whose node is `parent`.
    pub(super) fn choice_member(&mut self, parent: MenuId, choice: SymbolId, menu: MenuId) {
        let Some(member) = self.model.menu(menu).symbol else { return };
        // `SYMBOL_CHOICEVAL`: the first choice that a symbol is in has it.
        if self.model.symbol(member).choice.is_some() {
            return;
        }
        if self.model.menu(menu).prompt.is_none() {
            let place = self.model.menu(menu).place;
            self.warn(place, "choice value must have a prompt");
        }
        let props = self.model.symbol(member).props.clone();
        for &id in &props {
            let prop = self.model.prop(id);
            let (kind, at, place) = (prop.kind, prop.menu, prop.place);
            if kind == PropKind::Default {
                self.warn(place, "defaults for choice values not supported");
            }
            let outside = at != menu
                && kind == PropKind::Prompt
                && self.model.menu(at).parent.and_then(|parent| self.model.menu(parent).symbol)
                    != Some(choice);
            if outside {
                self.warn(place, "choice value used outside its choice group");
            }
        }
        let (ty, of) = (self.model.symbol(member).ty, self.model.symbol(choice).ty);
        if of == Type::Tristate && ty != Type::Tristate {
            // Such a member can be y only, when the choice is.
            let base = self.model.exprs.intern(Expr::Compare(Cmp::Eq, choice, YES));
            let dep = self.model.menu(menu).dep;
            self.model.menus[menu.index()].dep = self.model.exprs.and(Some(base), dep);
            for id in props {
                if self.model.prop(id).menu == menu {
                    let visible = self.model.prop(id).visible;
                    let visible = self.model.exprs.and(Some(base), visible);
                    self.model.props[id.index()].visible = visible;
                }
            }
        }
        self.model.symbols[member.index()].choice = Some(parent);
        self.model.symbols[choice.index()].members.push(member);
    }

    /// A choice that is not optional cannot be n while its prompt is visible.
    pub(super) fn choice_mode(&mut self, parent: MenuId, choice: SymbolId) {
        let Some(prompt) = self.model.menu(parent).prompt else { return };
        let visible = self.model.prop(prompt).visible;
        let m = self.model.exprs.intern(Expr::Symbol(MOD));
        let mode = self.model.exprs.and(visible, Some(m));
        let before = self.model.symbol(choice).rev_dep;
        self.model.symbols[choice.index()].rev_dep = self.model.exprs.or(before, mode);
    }
}

fn children(model: &Model, parent: MenuId) -> impl Iterator<Item = MenuId> + '_ {
    std::iter::successors(model.menu(parent).list, |&menu| model.menu(menu).next)
}

/// Notes at every member which choice it is in, now that the tree has its shape (since 6.11). Members are
/// what is somewhere below the `choices`.
pub(super) fn link(model: &mut Model, choices: &[MenuId]) {
    if !model.dialect.choices_are_menus() {
        return;
    }
    for &choice in choices {
        for menu in model.menus_below(choice) {
            if let Some(symbol) = model.menu(menu).symbol {
                model.symbols[symbol.index()].choice = choice_menu(model, symbol);
            }
        }
    }
}
