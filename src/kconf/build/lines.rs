//! One statement after the other (parser.y's actions).

use super::words::Halt;
use super::{BlockKind, Builder, Open};
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::macros::{Site, Stop};
use crate::kconf::model::{FileId, Place, PropKind, Severity, SymbolId};
use crate::kconf::syntax::{BadLine, File, Line, LineKind, OptionLine, Prompt, Span, Word};

impl Builder<'_, '_> {
    /// Does what `line` of `file` says.
    pub(super) fn statement(&mut self, file: &File, place: Place, line: &Line) -> Result<(), Stop> {
        let id = place.file;
        if let LineKind::Expand(words) = &line.kind {
            return self.expand_only(file, id, words, place);
        }
        self.place = place;
        self.entry_place = self.entry_place(file, place);
        match self.carry_out(file, id, &line.kind) {
            Ok(()) => {}
            Err(Halt::Gone) => self.invalid(2),
            Err(Halt::Stop) => return Err(Stop),
        }
        self.started = true;
        Ok(())
    }

    fn carry_out(&mut self, file: &File, id: FileId, kind: &LineKind) -> Result<(), Halt> {
        match kind {
            LineKind::Bad(BadLine::Unknown(word)) => match self.word(file, id, *word) {
                Ok(text) => self.unknown(&text),
                Err(Halt::Gone) => self.bad(file),
                Err(Halt::Stop) => return Err(Halt::Stop),
            },
            LineKind::Bad(BadLine::Invalid) => self.bad(file),
            LineKind::Bad(BadLine::TooDeep) => return Err(self.stop("memory exhausted").into()),
            kind if is_option(kind) => {
                // The syntax knows which options an entry has; here it may have been popped.
                if self.open.is_none() {
                    self.invalid(0);
                } else {
                    self.option(file, id, kind)?;
                    self.recovering = 0;
                }
            }
            kind => {
                self.close();
                let fine = matches!(
                    kind,
                    LineKind::Config { menu: false, .. }
                        | LineKind::If(_)
                        | LineKind::Comment(_)
                        | LineKind::EndIf
                        | LineKind::EndMenu
                        | LineKind::EndChoice
                );
                // `choice_block`: in a choice of old, menus and choices only are not allowed.
                let open = self.model.dialect.has_open_choices()
                    && !matches!(kind, LineKind::Menu(_) | LineKind::Choice(_));
                if self.in_choice() && !fine && !open {
                    self.invalid(0);
                } else {
                    self.start(file, id, kind)?;
                }
            }
        }
        Ok(())
    }

    /// A line of macros of which nothing should remain. What remains is a statement nobody knows.
    fn expand_only(
        &mut self,
        file: &File,
        id: FileId,
        words: &[Word],
        place: Place,
    ) -> Result<(), Stop> {
        for &word in words {
            match self.word(file, id, word) {
                Ok(text) => {
                    self.place = place;
                    self.entry_place = place;
                    self.started = true;
                    self.unknown(&text);
                    break;
                }
                Err(Halt::Gone) => {}
                Err(Halt::Stop) => return Err(Stop),
            }
        }
        Ok(())
    }

    /// A statement that is no option of an entry.
    fn start(&mut self, file: &File, id: FileId, kind: &LineKind) -> Result<(), Halt> {
        match *kind {
            LineKind::MainMenu(text) => {
                if self.started {
                    self.invalid(0);
                    return Ok(());
                }
                let words = self.word(file, id, text)?;
                self.add_prompt(PropKind::Menu, words, text, None);
            }
            LineKind::Config { name, menu } => {
                let symbol = self.symbol(file, id, name)?;
                self.add_entry(Some(symbol));
                self.open = Some(if menu { Open::MenuConfig } else { Open::Config });
            }
            LineKind::Choice(name) => {
                self.check_depth()?;
                let name = match name {
                    Some(name) => Some(self.word(file, id, name)?),
                    None => None,
                };
                self.choice(name.as_deref());
            }
            LineKind::Menu(text) => {
                self.check_depth()?;
                let words = self.word(file, id, text)?;
                self.add_entry(None);
                self.add_prompt(PropKind::Menu, words, text, None);
                self.open = Some(Open::Menu);
            }
            LineKind::Comment(text) => {
                let words = self.word(file, id, text)?;
                self.add_entry(None);
                self.add_prompt(PropKind::Comment, words, text, None);
                self.open = Some(Open::Comment);
            }
            LineKind::If(cond) => {
                self.check_depth()?;
                let cond = self.expr(file, id, cond)?;
                self.begin_if(cond);
            }
            LineKind::EndIf => self.end(BlockKind::If),
            LineKind::EndMenu => self.end(BlockKind::Menu),
            LineKind::EndChoice => self.end(BlockKind::Choice),
            LineKind::Source(name) => {
                let name = self.word(file, id, name)?;
                self.recovering = 0;
                self.source(&name)?;
            }
            LineKind::Assign { name, flavor, value } => {
                let name = self.word(file, id, name)?;
                // The parser assigns when the lexer is past the end of the line.
                let line = file.position(value.start).0 + 1;
                let messages = &mut self.model.messages;
                let mut site = Site { file: &file.name, line, place: self.place, messages };
                self.macros.assign(&name, file.text(value), flavor, &mut site)?;
            }
            _ => {}
        }
        self.recovering = 0;
        Ok(())
    }

    /// An option of the open entry.
    fn option(&mut self, file: &File, id: FileId, kind: &LineKind) -> Result<(), Halt> {
        match *kind {
            LineKind::Type { ty, prompt } => {
                if let Some(prompt) = prompt {
                    self.prompt(file, id, prompt)?;
                }
                // Since 6.11 a choice is bool, and says so only to have a prompt.
                if self.open != Some(Open::Choice) || !self.model.dialect.choices_are_menus() {
                    self.set_type(ty);
                }
            }
            LineKind::Prompt(prompt) => return self.prompt(file, id, prompt),
            LineKind::Default { ty, value, cond } => {
                let value = self.expr(file, id, value)?;
                let cond = self.cond(file, id, cond)?;
                self.add_prop(PropKind::Default, Some(value), cond);
                if let Some(ty) = ty {
                    self.set_type(ty);
                }
            }
            LineKind::Select { name, cond } | LineKind::Imply { name, cond } => {
                let symbol = self.symbol(file, id, name)?;
                let cond = self.cond(file, id, cond)?;
                let select = matches!(kind, LineKind::Select { .. });
                let kind = if select { PropKind::Select } else { PropKind::Imply };
                self.add_symbol_prop(kind, symbol, cond);
            }
            LineKind::Range { low, high, cond } => {
                let (low, high) = (self.symbol(file, id, low)?, self.symbol(file, id, high)?);
                let cond = self.cond(file, id, cond)?;
                let range = self.model.exprs.intern(Expr::Range(low, high));
                self.add_prop(PropKind::Range, Some(range), cond);
            }
            LineKind::Depends { on, cond } => {
                let on = self.expr(file, id, on)?;
                let cond = self.cond(file, id, cond)?;
                let on = match cond {
                    None => on,
                    // `depends on A if B` is `A || !B` (newer trees' menu_add_dep).
                    Some(cond) => {
                        let unless = self.model.exprs.intern(Expr::Not(cond));
                        self.model.exprs.intern(Expr::Or(on, unless))
                    }
                };
                self.add_dep(on);
                self.check_nesting(on)?;
            }
            LineKind::Visible(cond) => {
                let cond = self.cond(file, id, cond)?;
                self.add_visibility(cond);
                // There is none yet where nothing but `visible` was said.
                if let Some(visibility) = self.entry().visibility {
                    self.check_nesting(visibility)?;
                }
            }
            LineKind::Optional => {
                if let Some(choice) = self.entry_symbol() {
                    self.model.symbols[choice.index()].optional = true;
                }
            }
            LineKind::Transitional => {
                if let Some(symbol) = self.entry_symbol() {
                    self.model.symbols[symbol.index()].transitional = true;
                }
            }
            LineKind::Option(option) => self.symbol_option(file, id, option)?,
            LineKind::Help(text) => self.help(file, text),
            _ => {}
        }
        Ok(())
    }

    fn prompt(&mut self, file: &File, id: FileId, prompt: Prompt) -> Result<(), Halt> {
        let text = self.word(file, id, prompt.text)?;
        let cond = self.cond(file, id, prompt.cond)?;
        self.add_prompt(PropKind::Prompt, text, prompt.text, cond);
        Ok(())
    }

    fn entry_symbol(&self) -> Option<SymbolId> {
        self.model.menu(self.current_entry).symbol
    }

    /// `modules`, and what `option` had until 5.12.
    fn symbol_option(&mut self, file: &File, id: FileId, option: OptionLine) -> Result<(), Halt> {
        let Some(symbol) = self.entry_symbol() else { return Ok(()) };
        match option {
            OptionLine::Modules => {
                if let Some(before) = self.model.modules {
                    let name =
                        |id| String::from_utf8_lossy(&self.model.symbol(id).name).into_owned();
                    let (name, before) = (name(symbol), name(before));
                    self.error(&format!(
                        "symbol '{name}' redefines option 'modules' already defined by symbol '{before}'"
                    ));
                }
                self.model.modules = Some(symbol);
            }
            OptionLine::DefconfigList => {
                let before = self.model.symbols.iter().position(|symbol| symbol.defconfig_list);
                if before.is_some_and(|before| before != symbol.index()) {
                    self.error("trying to redefine defconfig symbol");
                } else {
                    self.model.symbols[symbol.index()].defconfig_list = true;
                }
            }
            OptionLine::AllnoconfigY => {
                self.model.symbols[symbol.index()].allnoconfig_y = true;
            }
            OptionLine::Env(name) => {
                let name = self.word(file, id, name)?;
                self.symbol_env(symbol, &name);
            }
        }
        Ok(())
    }

    /// `help`: the last one of an entry counts.
    fn help(&mut self, file: &File, text: Span) {
        let before = self.entry().help.replace(text);
        if !self.model.dialect.since(5, 0) {
            return;
        }
        let blank = |&c: &u8| c.is_ascii_whitespace() || c == 0x0b;
        let blank = file.text(text).iter().all(blank);
        if before.is_none() && !blank {
            return;
        }
        let name = self.entry_symbol().map(|symbol| self.model.symbol(symbol).name.clone());
        let name = name.unwrap_or_default();
        let name = super::entry::shown(&name);
        if before.is_some() {
            let text = "defined with more than one help text -- only the last one will be used";
            self.say(Severity::Warning, &format!("warning: '{name}' {text}"));
        }
        if blank {
            self.say(Severity::Warning, &format!("warning: '{name}' defined with blank help text"));
        }
    }

    /// Expressions grow with every `depends on`; what walks them needs a bound.
    fn check_nesting(&mut self, e: ExprId) -> Result<(), Stop> {
        let own = self.entry().dep.unwrap_or(e);
        let depth = self.model.exprs.depth(own).max(self.model.exprs.depth(e));
        if depth > super::words::MAX_DEPTH {
            return Err(self.stop("expressions nest too deep"));
        }
        Ok(())
    }
}

/// Whether a line is an option of an entry.
fn is_option(kind: &LineKind) -> bool {
    matches!(
        kind,
        LineKind::Type { .. }
            | LineKind::Prompt(_)
            | LineKind::Default { .. }
            | LineKind::Select { .. }
            | LineKind::Imply { .. }
            | LineKind::Range { .. }
            | LineKind::Depends { .. }
            | LineKind::Visible(_)
            | LineKind::Optional
            | LineKind::Transitional
            | LineKind::Option(_)
            | LineKind::Help(_)
    )
}
