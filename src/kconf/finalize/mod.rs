//! From what was written to what is evaluated (menu.c: `menu_finalize`).
//!
//! Dependencies go from every node to what is in it, and into each property's condition; `select`s
//! and `imply`s are collected at their targets; what follows a symbol and depends on it becomes its
//! submenu; `if`s are flattened. The order of all that decides the order of `.config` and how
//! dependencies are printed, so it is `conf`'s.

mod check;
mod choice;

use super::expr::{Expr, ExprId};
use super::model::{
    MenuId, Message, Model, Place, PropKind, ROOT, Severity, Symbol, SymbolId, Type,
};
use super::simplify::{
    Simplify, contains_symbol, depends_symbol, rewrite_m, trans_bool, trans_compare,
};

use check::choice_menu;

/// How deep entries may depend on each other, one after the other; `conf` has stack for as many.
const MAX_MENU_DEPTH: u32 = 50_000;
/// How deep the expressions of a model may nest: `select`s of one symbol are one long `||`.
const MAX_DEPTH: u32 = 60_000;

/// Finalizes `model`, which has been read without an error.
pub fn finalize(model: &mut Model) {
    main_prompt(model);
    let rules = Simplify::new(model);
    let warned = vec![false; model.symbols.len()];
    let (lost, choices) = (None, Vec::new());
    let mut finalizer = Finalizer { model, rules, warned, depth: 0, lost, choices };
    finalizer.menu(ROOT, false);
    if finalizer.rules.exhausted() {
        finalizer.lost.get_or_insert((ROOT, "conditions are too large"));
    }
    let Finalizer { lost, choices, .. } = finalizer;
    if let Some((menu, text)) = lost {
        fatal(model, model.menu(menu).place, text);
    }
    let is_too_deep = |symbol: &Symbol| {
        let depth = |e: Option<ExprId>| e.map_or(0, |e| model.exprs.depth(e));
        depth(symbol.dir_dep).max(depth(symbol.rev_dep)).max(depth(symbol.implied)) > MAX_DEPTH
    };
    // Symbols are megabytes, which need not be looked at where nothing is so deep.
    let deepest = model.exprs.deepest();
    let too_deep =
        model.symbols.iter().position(|symbol| deepest > MAX_DEPTH && is_too_deep(symbol));
    if let Some(symbol) = too_deep {
        let menu = model.symbols[symbol].menus.first().copied().unwrap_or(ROOT);
        let name = String::from_utf8_lossy(&model.symbols[symbol].name).into_owned();
        fatal(model, model.menu(menu).place, &format!("the dependencies of {name} nest too deep"));
    }
    choice::link(model, &choices);
}

/// What `conf` has no words for.
fn fatal(model: &mut Model, place: Place, text: &str) {
    let file = &model.file(place.file).name;
    let text = format!("{file}:{}: {text}", place.line);
    let (severity, place) = (Severity::Fatal, Some(place));
    model.messages.push(Message { severity, place, text, stdout: false });
}

/// A tree without `mainmenu` has a title too.
fn main_prompt(model: &mut Model) {
    if model.menus[0].prompt.is_some() {
        return;
    }
    let old = !model.dialect.since(4, 18);
    let title: &[u8] = if old { b"Linux Kernel Configuration" } else { b"Main menu" };
    let prompt = super::model::PropId::new(model.props.len() as u32);
    model.props.push(super::model::Property {
        kind: PropKind::Menu,
        text: Some(super::model::Text::Own(model.texts.len() as u32)),
        visible: None,
        cond: None,
        expr: None,
        menu: ROOT,
        place: model.menus[0].place,
    });
    model.texts.push(title.into());
    model.menus[0].prompt = Some(prompt);
}

struct Finalizer<'a> {
    model: &'a mut Model,
    rules: Simplify,
    /// `SYMBOL_WARNED`
    warned: Vec<bool>,
    /// How deep [`Finalizer::menu`] is in itself.
    depth: u32,
    /// What could not be followed.
    lost: Option<(MenuId, &'static str)>,
    /// The nodes of choices.
    choices: Vec<MenuId>,
}

impl Finalizer<'_> {
    fn menu(&mut self, parent: MenuId, inside_choice: bool) {
        if self.depth >= MAX_MENU_DEPTH {
            self.lost.get_or_insert((parent, "entries depend on each other too deep"));
            return;
        }
        self.depth += 1;
        self.node(parent, inside_choice);
        self.depth -= 1;
    }

    fn node(&mut self, parent: MenuId, inside_choice: bool) {
        let symbol = self.model.menu(parent).symbol;
        let is_choice = symbol.is_some_and(|symbol| self.model.symbol(symbol).is_choice);
        if is_choice {
            self.choices.push(parent);
        }
        let menus = self.model.dialect.choices_are_menus();
        let early = !self.model.dialect.since(4, 18);
        if self.model.menu(parent).list.is_some() {
            let mut dep = self.model.menu(parent).dep;
            if let Some(choice) = symbol.filter(|_| is_choice && !menus) {
                self.choice_types(parent, choice);
                // The mode of the choice bounds what its members may be.
                dep = Some(self.model.exprs.intern(Expr::Symbol(choice)));
            } else if let Some(prompt) = self.model.menu(parent).prompt.filter(|_| early) {
                dep = self.model.prop(prompt).visible;
            }
            let mut child = self.model.menu(parent).list;
            while let Some(menu) = child {
                self.propagate(menu, dep);
                child = self.model.menu(menu).next;
            }
            let mut child = self.model.menu(parent).list;
            while let Some(menu) = child {
                self.menu(menu, is_choice && menus);
                child = self.model.menu(menu).next;
            }
        } else if let Some(symbol) = symbol.filter(|_| !inside_choice) {
            self.submenu(parent, symbol);
            let (own, dep) = (self.model.symbol(symbol).dir_dep, self.model.menu(parent).dep);
            let dir_dep = self.model.exprs.or(own, dep);
            self.model.symbols[symbol.index()].dir_dep = dir_dep;
        }
        self.flatten(parent, symbol.filter(|_| is_choice && !menus));
        let Some(symbol) = symbol else { return };
        if !self.warned[symbol.index()] {
            self.warned[symbol.index()] = true;
            let place = self.model.menu(parent).place;
            if self.model.symbol(symbol).ty == Type::Unknown {
                self.warn(place, "config symbol defined without type");
            }
            if is_choice && !menus && self.model.menu(parent).prompt.is_none() {
                self.warn(place, "choice must have a prompt");
            }
            self.check_props(symbol);
        }
        if is_choice && !menus && !self.model.symbol(symbol).optional {
            self.choice_mode(parent, symbol);
        }
    }

    /// Hands `dep` down to `menu` and all that is written there.
    fn propagate(&mut self, menu: MenuId, dep: Option<ExprId>) {
        let own = self.model.menu(menu).dep;
        let base = self.inherit(dep, own);
        self.model.menus[menu.index()].dep = base;
        let Some(symbol) = self.model.menu(menu).symbol else {
            if let Some(prompt) = self.model.menu(menu).prompt {
                let own = self.model.prop(prompt).visible;
                let visible = self.inherit(base, own);
                self.model.props[prompt.index()].visible = visible;
            }
            return;
        };
        for at in 0..self.model.symbol(symbol).props.len() {
            let id = self.model.symbol(symbol).props[at];
            let prop = self.model.prop(id);
            if prop.menu != menu {
                continue;
            }
            let (kind, target) = (prop.kind, prop.expr);
            let own = prop.visible;
            let mut visible = self.inherit(base, own);
            let condition = self.model.dialect.has_bool_conditions();
            if condition && self.model.symbol(symbol).ty != Type::Tristate {
                visible = visible.map(|visible| trans_bool(self.model, visible));
            }
            self.model.props[id.index()].visible = visible;
            if matches!(kind, PropKind::Select | PropKind::Imply) {
                self.reverse(kind, symbol, target, visible);
            }
        }
    }

    /// `dep && own`, `own` rewritten first.
    fn inherit(&mut self, dep: Option<ExprId>, own: Option<ExprId>) -> Option<ExprId> {
        let own = own.map(|own| {
            let own = rewrite_m(self.model, own);
            let own = self.rules.transform(self.model, own);
            self.heard();
            own
        });
        let both = self.model.exprs.and(dep, own)?;
        Some(self.rules.eliminate_dups(self.model, both))
    }

    /// What `transform` had to say goes to standard output.
    #[inline]
    fn heard(&mut self) {
        if self.rules.said.is_empty() {
            return;
        }
        for text in self.rules.said.drain(..) {
            let severity = Severity::Warning;
            self.model.messages.push(Message { severity, place: None, text, stdout: true });
        }
    }

    /// `symbol && cond` joins the reverse dependencies of what it selects or implies.
    fn reverse(
        &mut self,
        kind: PropKind,
        symbol: SymbolId,
        target: Option<ExprId>,
        cond: Option<ExprId>,
    ) {
        let Some(Expr::Symbol(target)) = target.map(|target| self.model.exprs.get(target)) else {
            return;
        };
        let selector = self.model.exprs.intern(Expr::Symbol(symbol));
        let one = self.model.exprs.and(Some(selector), cond);
        let select = kind == PropKind::Select;
        let known = self.model.symbol(target);
        let before = if select { known.rev_dep } else { known.implied };
        let all = self.model.exprs.or(before, one);
        let target = &mut self.model.symbols[target.index()];
        if select {
            target.rev_dep = all;
        } else {
            target.implied = all;
        }
    }

    /// Puts what follows `parent` and depends on its symbol into it.
    fn submenu(&mut self, parent: MenuId, symbol: SymbolId) {
        let mut base = None;
        let mut last = None;
        let mut next = self.model.menu(parent).next;
        while let Some(menu) = next {
            let node = self.model.menu(menu);
            let dep = match node.prompt {
                Some(prompt) => self.model.prop(prompt).visible,
                None => node.dep,
            };
            let Some(dep) = dep.filter(|&dep| contains_symbol(&self.model.exprs, dep, symbol))
            else {
                break;
            };
            if !depends_symbol(&self.model.exprs, dep, symbol)
                && !self.superset(parent, dep, &mut base)
            {
                break;
            }
            self.menu(menu, false);
            self.model.menus[menu.index()].parent = Some(parent);
            last = Some(menu);
            next = self.model.menu(menu).next;
        }
        if let Some(last) = last {
            let next = self.model.menus[last.index()].next.take();
            let node = &mut self.model.menus[parent.index()];
            node.list = node.next;
            node.next = next;
        }
    }

    /// Whether `dep` asks for all that `parent`'s prompt asks for, and more.
    fn superset(&mut self, parent: MenuId, dep: ExprId, base: &mut Option<ExprId>) -> bool {
        let base = *base.get_or_insert_with(|| {
            let prompt = self.model.menu(parent).prompt;
            let visible = prompt.and_then(|prompt| self.model.prop(prompt).visible);
            let visible = trans_compare(&mut self.model.exprs, visible, false);
            let visible = self.rules.transform(self.model, visible);
            self.rules.eliminate_dups(self.model, visible)
        });
        let dep = trans_compare(&mut self.model.exprs, Some(dep), false);
        let dep = self.rules.transform(self.model, dep);
        let mut dep = self.rules.eliminate_dups(self.model, dep);
        self.heard();
        let mut rest = base;
        self.rules.eliminate_eq(self.model, &mut dep, &mut rest);
        self.model.exprs.get(rest) == Expr::Symbol(super::model::YES)
    }

    /// Takes what is in `if`s and below symbols without a prompt out to their own level; for a choice
    /// of old, also makes the entries its members.
    fn flatten(&mut self, parent: MenuId, choice: Option<SymbolId>) {
        let mut child = self.model.menu(parent).list;
        while let Some(menu) = child {
            if let Some(choice) = choice {
                self.choice_member(parent, choice, menu);
            }
            let node = self.model.menu(menu);
            if let (Some(first), None) = (node.list, node.prompt) {
                let mut last = first;
                loop {
                    self.model.menus[last.index()].parent = Some(parent);
                    match self.model.menu(last).next {
                        Some(next) => last = next,
                        None => break,
                    }
                }
                let next = self.model.menu(menu).next;
                self.model.menus[last.index()].next = next;
                let node = &mut self.model.menus[menu.index()];
                node.next = Some(first);
                node.list = None;
            }
            child = self.model.menu(menu).next;
        }
    }

    fn warn(&mut self, place: Place, text: &str) {
        let file = &self.model.file(place.file).name;
        let text = format!("{file}:{}:warning: {text}", place.line);
        let (severity, place) = (Severity::Warning, Some(place));
        self.model.messages.push(Message { severity, place, text, stdout: false });
    }
}
