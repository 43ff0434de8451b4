//! Entries and their properties (menu.c: `menu_add_entry`, `menu_add_prop`, `menu_add_prompt`, …).

use std::borrow::Cow;

use super::{Builder, Slot};
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{
    Menu, MenuId, Message, Place, PropId, PropKind, Property, Severity, SymbolId, Text, Type,
};
use crate::kconf::syntax::{Span, Word};

/// A type's name in messages (symbol.c: `sym_type_name`; `boolean` until 4.19).
pub(in crate::kconf) fn type_name(ty: Type, boolean: bool) -> &'static str {
    match ty {
        Type::Unknown => "unknown",
        Type::Bool if boolean => "boolean",
        Type::Bool => "bool",
        Type::Tristate => "tristate",
        Type::Int => "integer",
        Type::Hex => "hex",
        Type::String => "string",
    }
}

impl Builder<'_, '_> {
    /// A new node after the last one.
    pub(super) fn add_entry(&mut self, symbol: Option<SymbolId>) -> MenuId {
        let menu = MenuId::new(self.model.menus.len() as u32);
        self.model.menus.push(Menu {
            next: None,
            parent: Some(self.current_menu),
            list: None,
            symbol,
            prompt: None,
            visibility: None,
            dep: None,
            own_dep: None,
            written_parent: Some(self.current_menu),
            help: None,
            place: self.entry_place,
        });
        match self.slot {
            Slot::Next(before) => self.model.menus[before.index()].next = Some(menu),
            Slot::List(parent) => self.model.menus[parent.index()].list = Some(menu),
        }
        self.slot = Slot::Next(menu);
        self.current_entry = menu;
        if let Some(symbol) = symbol {
            self.model.symbols[symbol.index()].menus.push(menu);
        }
        menu
    }

    /// The current entry holds what follows.
    pub(super) fn begin_menu(&mut self) -> MenuId {
        self.slot = Slot::List(self.current_entry);
        self.current_menu = self.current_entry;
        self.current_menu
    }

    pub(super) fn end_menu(&mut self) {
        self.slot = Slot::Next(self.current_menu);
        if let Some(parent) = self.model.menu(self.current_menu).parent {
            self.current_menu = parent;
        }
    }

    pub(super) fn entry(&mut self) -> &mut Menu {
        &mut self.model.menus[self.current_entry.index()]
    }

    pub(super) fn add_dep(&mut self, dep: ExprId) {
        let own = self.entry().dep;
        let dep = self.model.exprs.and(own, Some(dep));
        let entry = self.entry();
        entry.dep = dep;
        entry.own_dep = dep;
    }

    pub(super) fn add_visibility(&mut self, cond: Option<ExprId>) {
        let own = self.entry().visibility;
        self.entry().visibility = self.model.exprs.and(own, cond);
    }

    pub(super) fn set_type(&mut self, ty: Type) {
        let entry = self.model.menu(self.current_entry);
        let Some(symbol) = entry.symbol else { return };
        let place = entry.place;
        let boolean = !self.model.dialect.since(4, 19);
        let symbol = &mut self.model.symbols[symbol.index()];
        if symbol.ty == ty {
            return;
        }
        if symbol.ty == Type::Unknown {
            symbol.ty = ty;
            return;
        }
        let name = shown(&symbol.name);
        let (from, to) = (type_name(symbol.ty, boolean), type_name(ty, boolean));
        let text = format!("ignoring type redefinition of '{name}' from '{from}' to '{to}'");
        self.warn_at(place, &text);
    }

    pub(super) fn add_prop(
        &mut self,
        kind: PropKind,
        expr: Option<ExprId>,
        cond: Option<ExprId>,
    ) -> PropId {
        let prop = PropId::new(self.model.props.len() as u32);
        self.model.props.push(Property {
            kind,
            text: None,
            visible: cond,
            cond,
            expr,
            menu: self.current_entry,
            place: self.entry_place,
        });
        if let Some(symbol) = self.model.menu(self.current_entry).symbol {
            self.model.symbols[symbol.index()].props.push(prop);
        }
        prop
    }

    pub(super) fn add_symbol_prop(
        &mut self,
        kind: PropKind,
        symbol: SymbolId,
        cond: Option<ExprId>,
    ) {
        let symbol = self.model.exprs.intern(Expr::Symbol(symbol));
        self.add_prop(kind, Some(symbol), cond);
    }

    /// A prompt of `text`, which stands at `word` of the current file.
    pub(super) fn add_prompt(
        &mut self,
        kind: PropKind,
        text: Cow<'_, [u8]>,
        word: Word,
        cond: Option<ExprId>,
    ) {
        let prop = self.add_prop(kind, None, cond);
        let start = text.iter().position(|&c| !is_space(c)).unwrap_or(text.len());
        if start > 0 {
            self.warn_at(self.entry_place, "leading whitespace ignored");
        }
        if self.entry().prompt.is_some() {
            self.warn_at(self.entry_place, "prompt redefined");
        }
        let mut visible = cond;
        if kind == PropKind::Prompt {
            let mut above = self.entry().parent;
            while let Some(menu) = above {
                let menu = self.model.menu(menu);
                above = menu.parent;
                let visibility = menu.visibility;
                visible = self.model.exprs.and(visible, visibility);
            }
        }
        self.entry().prompt = Some(prop);
        let same_file = self.entry_place.file == self.place.file;
        let text = match text {
            Cow::Borrowed(_) if same_file => {
                let (from, len) = (word.span.start + start as u32, word.span.len - start as u32);
                Text::Source(Span { start: from, len })
            }
            text => {
                self.model.texts.push(text[start..].into());
                Text::Own(self.model.texts.len() as u32 - 1)
            }
        };
        let prop = &mut self.model.props[prop.index()];
        prop.visible = visible;
        prop.text = Some(text);
    }

    /// `option env="NAME"` (until 4.17): a default that no dependency touches (`prop_add_env`).
    pub(super) fn symbol_env(&mut self, symbol: SymbolId, name: &[u8]) {
        let place = self.entry().place;
        if let Some(before) = self.model.symbol(symbol).env.clone() {
            if *before != *name {
                let before = String::from_utf8_lossy(&before).into_owned();
                self.warn_at(place, &format!("redefining environment symbol from {before}"));
            }
            return;
        }
        self.model.symbols[symbol.index()].env = Some(name.into());
        let name = String::from_utf8_lossy(name).into_owned();
        match self.macros.env(&name) {
            Some(value) => {
                let value = self.lookup(value.as_bytes(), true);
                let value = self.model.exprs.intern(Expr::Symbol(value));
                let prop = self.add_prop(PropKind::Default, Some(value), None);
                self.model.props[prop.index()].menu = crate::kconf::model::ROOT;
            }
            None => self.warn_at(place, &format!("environment variable {name} undefined")),
        }
    }

    /// `file:line:warning: …`, without the space that other messages have (menu.c: `prop_warn`).
    pub(super) fn warn_at(&mut self, place: Place, text: &str) {
        let file = &self.model.file(place.file).name;
        let text = format!("{file}:{}:warning: {text}", place.line);
        self.model.messages.push(Message {
            severity: Severity::Warning,
            place: Some(place),
            text,
            stdout: false,
        });
    }
}

/// A symbol's name in a message.
pub(in crate::kconf) fn shown(name: &[u8]) -> Cow<'_, str> {
    if name.is_empty() { "<choice>".into() } else { String::from_utf8_lossy(name) }
}

/// C's `isspace`.
fn is_space(c: u8) -> bool {
    c.is_ascii_whitespace() || c == 0x0b
}
