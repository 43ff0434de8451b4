//! Errors of the grammar: what bison says, pops and discards (parser.y, and bison's skeleton).
//!
//! After an error the parser goes back to the innermost list of statements and discards tokens up to
//! the end of the line. It says `syntax error` only where the last error is three tokens away; one
//! good statement is always far enough.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Builder, Open};
use crate::kconf::macros::Stop;
use crate::kconf::model::{Message, Place, Severity};
use crate::kconf::syntax::{self, File, Line, LineKind};

impl Builder<'_, '_> {
    /// `file:line: text` about the current statement (parser.y: `zconf_error`, `zconfprint`).
    pub(super) fn say(&mut self, severity: Severity, text: &str) {
        let late = self.model.dialect.since(6, 9);
        // `zconf_curname`; since 6.9 the parser knows only where the lexer is.
        let place = if late && !self.ended { self.entry_place } else { self.place };
        if self.ended && !late {
            let text = format!("<none>:{}: {text}", place.line);
            let place = Some(place);
            self.model.messages.push(Message { severity, place, text, stdout: false });
        } else {
            self.say_at(place, severity, text);
        }
    }

    pub(super) fn say_at(&mut self, place: Place, severity: Severity, text: &str) {
        let file = &self.model.file(place.file).name;
        let text = format!("{file}:{}: {text}", place.line);
        self.model.messages.push(Message { severity, place: Some(place), text, stdout: false });
    }

    pub(super) fn error(&mut self, text: &str) {
        self.say(Severity::Error, text);
    }

    /// What ends everything at the current statement.
    pub(super) fn stop(&mut self, text: &str) -> Stop {
        self.say(Severity::Fatal, text);
        Stop
    }

    pub(super) fn fatal_nowhere(&mut self, text: String) {
        let severity = Severity::Fatal;
        self.model.messages.push(Message { severity, place: None, text, stdout: false });
    }

    /// bison's `syntax error`, after so many tokens of the statement were accepted.
    fn syntax_error(&mut self, accepted: u8) {
        self.recovering = self.recovering.saturating_sub(accepted);
        if self.recovering == 0 {
            // Until 6.8, `yyerror` named the next line.
            let (place, late) = (self.place, u32::from(!self.model.dialect.since(6, 9)));
            self.place.line += late;
            self.error("syntax error");
            self.place = place;
        }
        // The rest of the line is read to be discarded. (What makes `conf` exit is no line.)
        if let Some(frame) = self.frames.last() {
            let file = Arc::clone(&frame.file);
            let _ = self.lexer_messages(&file, self.line_end);
        }
        // Three tokens to go, and the end of the line is one.
        self.recovering = 2;
        self.open = None;
    }

    /// A line that the grammar does not have.
    pub(super) fn invalid(&mut self, accepted: u8) {
        self.syntax_error(accepted);
        self.error("invalid statement");
    }

    /// A line that starts with a word that is no keyword.
    pub(super) fn unknown(&mut self, word: &[u8]) {
        self.close();
        if self.in_choice() {
            self.invalid(0);
        } else {
            self.syntax_error(1);
            let word = String::from_utf8_lossy(word).into_owned();
            self.error(&format!("unknown statement \"{word}\""));
        }
    }

    /// A line that starts with a keyword and cannot be read. If the keyword is an option of the open
    /// entry, or may start a statement, the error is behind it, and what is open is popped unread.
    pub(super) fn bad(&mut self, file: &File) {
        let keyword = first_word(file, self.place.span.start as usize);
        if self.open.is_some_and(|open| self.is_option(open, keyword)) {
            self.invalid(2);
            return;
        }
        self.close();
        let starts: &[&[u8]] = if self.in_choice() {
            &[b"config", b"if", b"comment"]
        } else {
            &[b"config", b"menuconfig", b"if", b"comment", b"choice", b"menu", b"source"]
        };
        let ends = !self.blocks.is_empty() && keyword.starts_with(b"end");
        self.invalid(if ends || starts.contains(&keyword) { 2 } else { 0 });
    }

    /// Whether `keyword` may start an option of `open`.
    fn is_option(&self, open: Open, keyword: &[u8]) -> bool {
        let dialect = self.model.dialect;
        let common = matches!(keyword, b"depends" | b"help" | b"prompt" | b"default" | b"bool");
        match open {
            Open::Comment => keyword == b"depends",
            Open::Menu => matches!(keyword, b"depends" | b"visible"),
            Open::Choice => {
                common
                    || (keyword == b"tristate" && dialect.has_tristate_choices())
                    || (keyword == b"optional" && dialect.has_optional_choices())
            }
            Open::Config | Open::MenuConfig => {
                common
                    || matches!(
                        keyword,
                        b"tristate"
                            | b"int"
                            | b"hex"
                            | b"string"
                            | b"def_bool"
                            | b"def_tristate"
                            | b"select"
                            | b"imply"
                            | b"range"
                    )
                    || (keyword == b"modules" && !dialect.has_option_lines())
                    || (keyword == b"option" && dialect.has_option_lines())
                    || (keyword == b"transitional" && dialect.has_transitional())
            }
        }
    }

    /// The end of the input, wherever it stands.
    pub(super) fn end_of_input(&mut self) {
        self.close();
        if !self.blocks.is_empty() {
            self.unclosed();
        }
    }

    /// What bison has on its stack when it gives up: every block that was not closed.
    pub(super) fn unclosed(&mut self) {
        self.syntax_error(0);
        while let Some(block) = self.blocks.pop() {
            let place = self.model.menu(block.menu).place;
            self.say_at(place, Severity::Error, "missing end statement for this entry");
            if self.current_menu == block.menu {
                self.end_menu();
            }
        }
    }

    /// Whether a bad line is fine up to the first thing that the lexer has to say of it: then that is
    /// said before `syntax error`, else after it.
    pub(super) fn fine_so_far(&self, file: &File, line: &Line) -> bool {
        let next = self.frames.last().and_then(|frame| file.diags.get(frame.diag));
        let Some(diag) = next.filter(|diag| diag.span.start < self.line_end) else { return true };
        let entry: &[u8] = match self.open {
            None => b"",
            Some(Open::Config | Open::MenuConfig) => b"config X\n",
            Some(Open::Choice) => b"choice\n",
            Some(Open::Menu) => b"menu \"\"\n",
            Some(Open::Comment) => b"comment \"\"\n",
        };
        let start = file.text.get(line.span.start as usize..diag.span.start as usize);
        let text = [entry, start.unwrap_or_default(), b"\n"].concat();
        let start = syntax::parse(String::new(), PathBuf::new(), text, self.model.dialect);
        !start.lines.iter().any(|line| matches!(line.kind, LineKind::Bad(_)))
    }

    /// Says what the lexer had to say before byte `end` of the file on top.
    pub(super) fn lexer_messages(&mut self, file: &File, end: u32) -> Result<(), Stop> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        while let Some(diag) = file.diags.get(frame.diag).filter(|diag| diag.span.start < end) {
            frame.diag += 1;
            let place = Place { file: frame.id, line: diag.line, span: diag.span };
            self.model.messages.push(Message {
                severity: diag.severity,
                place: Some(place),
                text: format!("{}:{}:{}", file.name, diag.line, diag.msg),
                stdout: false,
            });
            if diag.severity == Severity::Fatal {
                return Err(Stop);
            }
        }
        Ok(())
    }
}

/// The word at `from`.
fn first_word(file: &File, from: usize) -> &[u8] {
    let rest = file.text.get(from..).unwrap_or_default();
    let end = rest.iter().position(|&c| !(c.is_ascii_alphanumeric() || c == b'_' || c == b'-'));
    &rest[..end.unwrap_or(rest.len())]
}
