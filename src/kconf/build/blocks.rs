//! Blocks, and the files between their ends: `if`, `menu`, `choice`, `source`.

use std::fmt::Write;

use super::{Block, BlockKind, Builder, MAX_SOURCED, Open};
use crate::kconf::macros::Stop;
use crate::kconf::model::{Menu, PropKind, Severity, Symbol, SymbolId, Type};

/// bison's stack holds 10,000 states (`YYMAXDEPTH`), and a block takes two.
const MAX_BLOCKS: usize = 4_998;

impl BlockKind {
    const fn name(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Menu => "menu",
            Self::Choice => "choice",
        }
    }
}

impl Builder<'_, '_> {
    /// Whether only what a choice may hold is allowed here (`stmt_list_in_choice`).
    pub(super) fn in_choice(&self) -> bool {
        self.blocks.last().is_some_and(|block| block.in_choice)
    }

    /// What the parser does with an entry once it sees a token that is none of its options. The
    /// current statement is that token's.
    pub(super) fn close(&mut self) {
        match self.open.take() {
            None | Some(Open::Comment) => {}
            Some(Open::Config) => self.close_config(),
            Some(Open::MenuConfig) => match self.entry().prompt {
                Some(prompt) => self.model.props[prompt.index()].kind = PropKind::Menu,
                None => {
                    self.say(Severity::Warning, "warning: menuconfig statement without prompt");
                }
            },
            Some(Open::Choice) => {
                if self.model.dialect.choices_are_menus() && self.entry().prompt.is_none() {
                    let place = self.entry().place;
                    self.say_at(place, Severity::Error, "error: choice must have a prompt");
                }
                let menu = self.begin_menu();
                self.current_choice = Some(menu);
                self.blocks.push(Block { kind: BlockKind::Choice, menu, in_choice: true });
            }
            Some(Open::Menu) => {
                let menu = self.begin_menu();
                self.blocks.push(Block { kind: BlockKind::Menu, menu, in_choice: false });
            }
        }
    }

    /// A member of a choice has to be a bool with a prompt, and joins it once (since 6.11).
    fn close_config(&mut self) {
        let Some(choice) = self.current_choice else { return };
        if !self.model.dialect.choices_are_menus() {
            return;
        }
        let &Menu { symbol: Some(member), prompt, place, .. } = &*self.entry() else { return };
        if prompt.is_none() {
            self.say_at(place, Severity::Error, "error: choice member must have a prompt");
        }
        if self.model.symbol(member).ty != Type::Bool {
            self.say_at(place, Severity::Error, "error: choice member must be bool");
        }
        let Some(of) = self.model.menu(choice).symbol else { return };
        let member_of = &mut self.model.symbols[member.index()].choice;
        if member_of.is_none() {
            *member_of = Some(choice);
            self.model.symbols[of.index()].members.push(member);
        }
    }

    /// `choice`; with a name that it had before, it is the same choice again (until 6.8).
    pub(super) fn choice(&mut self, name: Option<&[u8]>) {
        let known = name.and_then(|name| self.choices.get(name).copied());
        let symbol = known.unwrap_or_else(|| {
            let symbol = SymbolId::new(self.model.symbols.len() as u32);
            self.model.symbols.push(Symbol {
                name: name.unwrap_or_default().into(),
                is_choice: true,
                ..Symbol::default()
            });
            if let Some(name) = name {
                self.choices.insert(name.into(), symbol);
            }
            symbol
        });
        self.add_entry(Some(symbol));
        if self.model.dialect.choices_are_menus() {
            self.set_type(Type::Bool);
        }
        self.open = Some(Open::Choice);
    }

    /// `if EXPR`, its condition already known.
    pub(super) fn begin_if(&mut self, cond: crate::kconf::expr::ExprId) {
        let in_choice = self.in_choice() && !self.model.dialect.has_open_choices();
        self.add_entry(None);
        self.add_dep(cond);
        let menu = self.begin_menu();
        self.blocks.push(Block { kind: BlockKind::If, menu, in_choice });
    }

    /// Whether one more block is one too many.
    pub(super) fn check_depth(&mut self) -> Result<(), Stop> {
        if self.blocks.len() >= MAX_BLOCKS { Err(self.stop("memory exhausted")) } else { Ok(()) }
    }

    /// `endif`, `endmenu`, `endchoice`: any of them ends the innermost block for the parser, but only
    /// the right one in the right file ends its menu (parser.y: `zconf_endtoken`).
    pub(super) fn end(&mut self, kind: BlockKind) {
        let Some(block) = self.blocks.pop() else {
            self.invalid(0);
            return;
        };
        let (found, expected) = (kind.name(), block.kind.name());
        if block.kind == BlockKind::Choice {
            self.current_choice = None;
        }
        let found_name =
            if self.model.dialect.since(5, 0) { found.to_owned() } else { format!("end{found}") };
        if kind != block.kind {
            self.error(&format!("unexpected '{found_name}' within {expected} block"));
        } else if self.model.menu(self.current_menu).place.file != self.entry_place.file {
            self.error(&format!("'{found_name}' in different file than '{expected}'"));
            let place = self.model.menu(self.current_menu).place;
            self.say_at(place, Severity::Error, &format!("location of the '{expected}'"));
        } else {
            self.end_menu();
        }
    }

    /// `source "name"`
    pub(super) fn source(&mut self, name: &[u8]) -> Result<(), Stop> {
        let name = if self.model.dialect.has_macros() {
            String::from_utf8_lossy(name).into_owned()
        } else {
            String::from_utf8_lossy(&self.expand_symbols(name)).into_owned()
        };
        let Ok(file) = (self.sources)(&name) else {
            return Err(self.stop(&format!("can't open file \"{name}\"")));
        };
        if let Some(frame) = self.frames.last_mut() {
            frame.source_line = self.place.line;
        }
        if self.frames.iter().any(|frame| frame.file.name == file.name) {
            self.recursion(&file.name);
            return Err(Stop);
        }
        if self.sourced >= MAX_SOURCED {
            return Err(self.stop("more files than a tree may have"));
        }
        self.enter(file);
        Ok(())
    }

    /// The chain from `name` to itself. Until 6.8 it ended at `name`; since then, at the first file.
    fn recursion(&mut self, name: &str) {
        let mut text =
            "Recursive inclusion detected.\nInclusion path:\n  current file : ".to_owned();
        text.push_str(name);
        for frame in self.frames.iter().rev() {
            let (file, line) = (&frame.file.name, frame.source_line);
            let _ = write!(text, "\n  included from: {file}:{line}");
            if file == name && !self.model.dialect.since(6, 9) {
                break;
            }
        }
        let message = crate::kconf::model::Message {
            severity: Severity::Fatal,
            place: Some(self.place),
            text,
            stdout: false,
        };
        self.model.messages.push(message);
    }
}
