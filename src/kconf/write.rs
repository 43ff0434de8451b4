//! Writes configurations as `conf` does: `.config`, a minimal `defconfig`, the list of new symbols
//! (scripts/kconfig/confdata.c: `conf_write`, `conf_write_defconfig`; conf.c: `check_conf`).

use super::eval::{State, Tristate, flag};
use super::expr::ExprId;
use super::helpnew::HelpNew;
use super::model::{MenuId, PropKind, ROOT, SymbolId, Type};

impl State<'_> {
    /// The text of `.config`.
    pub fn dotconfig(&mut self) -> Vec<u8> {
        let mut out = self.heading();
        if !self.changed {
            self.recompute();
        }
        let model = self.model;
        let mut need_newline = false;
        let mut at = model.menu(ROOT).list;
        while let Some(id) = at {
            let menu = model.menu(id);
            match menu.symbol {
                None => {
                    if self.menu_visible(id) {
                        out.extend_from_slice(b"\n#\n# ");
                        out.extend_from_slice(self.prompt_text(id));
                        out.extend_from_slice(b"\n#\n");
                        need_newline = false;
                    }
                }
                Some(symbol)
                    if !model.symbol(symbol).is_choice && !self.has(symbol, flag::WRITTEN) =>
                {
                    self.calc(symbol);
                    if self.has(symbol, flag::WRITE) {
                        if need_newline {
                            out.push(b'\n');
                            need_newline = false;
                        }
                        self.slot_mut(symbol).flags |= flag::WRITTEN;
                        self.print_symbol(symbol, true, &mut out);
                    }
                }
                Some(_) => {}
            }
            if menu.list.is_some() {
                at = menu.list;
                continue;
            }
            at = self.after(id, &mut out, &mut need_newline);
        }
        for slot in &mut self.slots {
            slot.flags &= !flag::WRITTEN;
        }
        self.changed = false;
        out
    }

    /// The next menu behind `id` and everything in it; menus that end on the way are closed.
    fn after(&mut self, id: MenuId, out: &mut Vec<u8>, need_newline: &mut bool) -> Option<MenuId> {
        let model = self.model;
        let mut at = id;
        loop {
            let menu = model.menu(at);
            let is_menu =
                menu.prompt.is_some_and(|prompt| model.prop(prompt).kind == PropKind::Menu);
            let ends = if at == id { self.rules.ends_empty_menus } else { self.rules.ends_menus };
            if ends && menu.symbol.is_none() && is_menu && at != ROOT && self.menu_visible(at) {
                out.extend_from_slice(b"# end of ");
                out.extend_from_slice(self.prompt_text(at));
                out.push(b'\n');
                *need_newline = true;
            }
            if menu.next.is_some() {
                return menu.next;
            }
            at = menu.parent?;
        }
    }

    fn heading(&self) -> Vec<u8> {
        let title = self.prompt_text(ROOT);
        [b"#\n# Automatically generated file; DO NOT EDIT.\n# ", title, b"\n#\n"].concat()
    }

    fn prompt_text(&self, menu: MenuId) -> &[u8] {
        let prompt = self.model.menu(menu).prompt;
        prompt.and_then(|prompt| self.model.text(self.model.prop(prompt))).unwrap_or_default()
    }

    /// Only what differs from the defaults: the text of a `defconfig`.
    pub fn defconfig(&mut self) -> Vec<u8> {
        self.recompute();
        let model = self.model;
        let mut out = Vec::new();
        for id in model.menus_in_order() {
            let Some(symbol) = model.menu(id).symbol else {
                if self.rules.choice_lists {
                    self.menu_visible(id);
                }
                continue;
            };
            if model.symbol(symbol).is_choice {
                continue;
            }
            self.calc(symbol);
            if !self.has(symbol, flag::WRITE) {
                continue;
            }
            self.slot_mut(symbol).flags &= !flag::WRITE;
            if !self.is_changeable(symbol) {
                continue;
            }
            let default = self.default_text(symbol);
            if self.current(symbol) != default.as_slice() && !self.is_chosen_default(symbol) {
                self.print_symbol(symbol, true, &mut out);
            }
        }
        out
    }

    /// Whether a member is on because its choice is on by default.
    fn is_chosen_default(&mut self, symbol: SymbolId) -> bool {
        let Some(menu) = self.choice_of(symbol) else { return false };
        let default = self.choice_default(menu);
        if default != Some(symbol) || self.slot(symbol).tri != Tristate::Yes {
            return false;
        }
        if !self.rules.choice_lists {
            return true;
        }
        let optional = self.choice_symbol(symbol).is_some_and(|c| self.model.symbol(c).optional);
        !optional && self.model.symbol(symbol).ty == Type::Bool
    }

    /// What the user has not decided yet, as `listnewconfig` prints it.
    pub fn new_symbols(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.each_new(|state, _, symbol| state.list_new(symbol, &mut out));
        out
    }

    /// The same as `helpnewconfig` prints it.
    pub fn new_help(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut help = HelpNew::new(self.model);
        self.each_new(|state, id, _| help.entry(state, id, &mut out));
        out
    }

    /// Depth first, but only into visible menus (conf.c: `check_conf`).
    fn each_new(&mut self, mut new: impl FnMut(&mut Self, MenuId, SymbolId)) {
        let mut todo = vec![ROOT];
        while let Some(id) = todo.pop() {
            if !self.menu_visible(id) {
                continue;
            }
            let menu = self.model.menu(id);
            if let Some(symbol) = menu.symbol
                && self.is_new(symbol)
            {
                new(self, id, symbol);
            }
            let mut children = Vec::new();
            let mut at = menu.list;
            while let Some(child) = at {
                children.push(child);
                at = self.model.menu(child).next;
            }
            todo.extend(children.into_iter().rev());
        }
    }

    fn is_new(&self, symbol: SymbolId) -> bool {
        let choice = self.rules.choice_lists && self.model.symbol(symbol).is_choice;
        !self.has(symbol, flag::USER)
            && (self.is_changeable(symbol) || (choice && self.slot(symbol).tri == Tristate::Yes))
    }

    fn list_new(&self, symbol: SymbolId, out: &mut Vec<u8>) {
        let name = &self.model.symbol(symbol).name;
        if name.is_empty() {
            return;
        }
        if self.rules.lists_values {
            self.print_symbol(symbol, false, out);
        } else if !self.is_member(symbol) {
            out.extend_from_slice(b"CONFIG_");
            out.extend_from_slice(name);
            out.push(b'\n');
        }
    }

    /// Whether a menu would be shown: its prompt is visible, or that of something inside it
    /// (menu.c: `menu_is_visible`).
    pub fn menu_visible(&mut self, id: MenuId) -> bool {
        let model = self.model;
        let menu = model.menu(id);
        let Some(prompt) = menu.prompt else { return false };
        let hidden = |expr: Option<ExprId>, state: &mut Self| {
            expr.is_some() && state.expr(expr) == Tristate::No
        };
        if hidden(menu.visibility, self) {
            return false;
        }
        let Some(symbol) = menu.symbol else {
            return self.expr(model.prop(prompt).visible) != Tristate::No;
        };
        self.calc(symbol);
        if self.prompts[prompt.index()] != Tristate::No {
            return true;
        }
        if self.slot(symbol).tri == Tristate::No || self.rules.hides_below_hidden {
            return false;
        }
        let mut child = menu.list;
        while let Some(id) = child {
            if self.menu_visible(id) {
                if self.rules.choice_lists {
                    self.slot_mut(symbol).flags |= flag::USER;
                }
                return true;
            }
            child = model.menu(id).next;
        }
        false
    }

    /// A symbol's line; `n` as `is not set` where asked for.
    fn print_symbol(&self, symbol: SymbolId, n_is_unset: bool, out: &mut Vec<u8>) {
        let model = self.model.symbol(symbol);
        if model.ty == Type::Unknown {
            return;
        }
        let value = self.current(symbol);
        let logical = matches!(model.ty, Type::Bool | Type::Tristate);
        if logical && value == b"n" && n_is_unset {
            out.extend_from_slice(b"# CONFIG_");
            out.extend_from_slice(&model.name);
            out.extend_from_slice(b" is not set\n");
            return;
        }
        out.extend_from_slice(b"CONFIG_");
        out.extend_from_slice(&model.name);
        out.push(b'=');
        if model.ty == Type::String {
            out.push(b'"');
            for byte in value {
                if matches!(byte, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(*byte);
            }
            out.push(b'"');
        } else {
            out.extend_from_slice(value);
        }
        out.push(b'\n');
    }
}
