//! Reads a `.config` exactly as the tree's `conf` does: what it takes, what it ignores, and what it
//! says about it (scripts/kconfig/confdata.c: `conf_read_simple`, `conf_read`).
//!
//! ([`super::dotconfig`] is the strict reader of everything that is not `conf`.)

use super::eval::number::valid;
use super::eval::{State, Text, Tristate, flag};
use super::model::{SymbolId, Type};

/// What the environment says about reading (`KCONFIG_WARN_UNKNOWN_SYMBOLS`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    /// Warn about symbols that the tree does not have.
    pub warn_unknown: bool,
}

impl State<'_> {
    /// Takes the user's values from `text`, and only from there; `name` is the file's name in
    /// warnings.
    pub fn read_simple(&mut self, name: &[u8], text: &[u8], reading: Reading) {
        self.read_parts(&[(name, text)], reading);
    }

    /// The same for several files that count as one.
    pub fn read_parts(&mut self, parts: &[(&[u8], &[u8])], reading: Reading) {
        self.config_warnings = 0;
        for (symbol, slot) in self.model.symbols.iter().zip(&mut self.slots).skip(3) {
            slot.flags &= !flag::USER;
            slot.user_text = Text::Unset;
            slot.user_tri = Tristate::No;
            // The newer generation takes choices as they come (`conf_read_simple` of 6.1).
            if self.rules.choice_lists && symbol.is_choice {
                slot.flags |= flag::USER;
            }
        }
        self.invalidate();
        for (name, text) in parts {
            let mut reader = Reader { name, line: 0, reading };
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                reader.line += 1;
                reader.line(self, line);
            }
        }
    }

    /// Reads, computes every value, and finds out whether they agree with what was read.
    pub fn read(&mut self, name: &[u8], text: &[u8], reading: Reading) {
        self.changed = false;
        self.read_simple(name, text, reading);
        self.after_read();
    }

    pub(super) fn after_read(&mut self) {
        self.calc_modules();
        let tables = std::sync::Arc::clone(&self.tables);
        let order = tables.order(self.model);
        let mut unsaved = false;
        for symbol in order {
            self.calc(*symbol);
            let model = self.model.symbol(*symbol);
            if !model.is_choice && !self.never_written(*symbol) && !self.agrees(*symbol) {
                unsaved = true;
            }
        }
        if self.rules.resets_values {
            for symbol in order {
                self.reset_value(*symbol, &mut unsaved);
            }
        }
        if unsaved || self.config_warnings > 0 {
            self.changed = true;
        }
    }

    /// Whether writing the symbol would write what was read.
    fn agrees(&self, symbol: SymbolId) -> bool {
        let slot = self.slot(symbol);
        let (user, write) = (slot.flags & flag::USER != 0, slot.flags & flag::WRITE != 0);
        if !(user && write) {
            return !user && !write;
        }
        match self.model.symbol(symbol).ty {
            Type::Bool | Type::Tristate => slot.user_tri == slot.tri,
            _ => self.text(slot.text) == self.text(slot.user_text),
        }
    }

    /// Until 6.10: forgets values of what is invisible (if nothing else changed) or out of range.
    fn reset_value(&mut self, symbol: SymbolId, unsaved: &mut bool) {
        if !self.has(symbol, flag::USER) || self.is_member(symbol) {
            return;
        }
        if self.slot(symbol).visible == Tristate::No && !*unsaved {
            self.slot_mut(symbol).flags &= !flag::USER;
        }
        if !matches!(self.model.symbol(symbol).ty, Type::String | Type::Int | Type::Hex) {
            return;
        }
        let text = self.text(self.slot(symbol).user_text).to_vec();
        if !self.text_within_range(symbol, &text) {
            let forgotten = if self.rules.forgets_out_of_range { flag::USER } else { 0 };
            self.slot_mut(symbol).flags &= !(flag::VALID | forgotten);
            *unsaved = true;
        }
    }
}

struct Reader<'a> {
    name: &'a [u8],
    line: usize,
    reading: Reading,
}

impl Reader<'_> {
    fn warn(&self, state: &mut State, text: &[&[u8]]) {
        let place = format!(":{}:warning: ", self.line);
        state.output.err([self.name, place.as_bytes(), &text.concat(), b"\n"].concat());
        state.config_warnings += 1;
    }

    fn line(&self, state: &mut State, raw: &[u8]) {
        let strict = state.rules.strict_lines;
        // A line ends at a NUL for everything that follows.
        let stripped = match raw.strip_suffix(b"\n") {
            Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
            None => raw,
        };
        let line = until(if strict { stripped } else { raw }, |byte| byte == 0);
        if strict && line.is_empty() {
            return;
        }
        let (name, value) = if let Some(comment) = line.strip_prefix(b"#") {
            let comment = match (comment.first(), state.rules.unset_is_n) {
                (Some(b' '), _) | (Some(_), false) => &comment[1..],
                _ => return,
            };
            let Some(rest) = comment.strip_prefix(b"CONFIG_") else { return };
            let Some(space) = rest.iter().position(|byte| *byte == b' ') else { return };
            let (name, words) = (&rest[..space], &rest[space + 1..]);
            let unset: &[u8] = b"is not set";
            if !(words == unset || (!strict && words.starts_with(unset))) {
                return;
            }
            (name, None)
        } else if let Some(rest) = line.strip_prefix(b"CONFIG_") {
            let Some(equal) = rest.iter().position(|byte| *byte == b'=') else {
                if strict {
                    self.warn(state, &[b"unexpected data: ", line]);
                }
                return;
            };
            let value = &rest[equal + 1..];
            let value = match value.strip_suffix(b"\n") {
                Some(value) => value.strip_suffix(b"\r").unwrap_or(value),
                None => value,
            };
            (&rest[..equal], Some(value))
        } else {
            if strict {
                self.warn(state, &[b"unexpected data: ", line]);
            } else if !matches!(line.first(), Some(b'\r' | b'\n')) {
                let text = until(line, |byte| byte == b'\r' || byte == b'\n');
                self.warn(state, &[b"unexpected data: ", text]);
            }
            return;
        };
        let Some(symbol) = state.find(name) else {
            if self.reading.warn_unknown && state.rules.obeys_werror {
                self.warn(state, &[b"unknown symbol: ", name]);
            }
            state.changed = true;
            return;
        };
        if state.has(symbol, flag::USER) {
            let name = state.model.symbol(symbol).name.clone();
            self.warn(state, &[b"override: reassigning to symbol ", &name]);
        }
        let taken = match value {
            None if !state.rules.unset_is_n => {
                unset_logical(state, symbol);
                true
            }
            value => self.assign(state, symbol, value.unwrap_or(b"n")),
        };
        if taken {
            self.choice(state, symbol);
        }
    }

    /// Takes a value; false where it is no value of the symbol's type (confdata.c:
    /// `conf_set_sym_val`).
    fn assign(&self, state: &mut State, symbol: SymbolId, value: &[u8]) -> bool {
        let model = state.model.symbol(symbol);
        let ty = model.ty;
        let text = match ty {
            Type::Bool | Type::Tristate => {
                let tri = match value.first() {
                    Some(b'm') if ty == Type::Tristate => Tristate::Mod,
                    Some(b'y') => Tristate::Yes,
                    Some(b'n') => Tristate::No,
                    _ => {
                        self.invalid(state, symbol, value);
                        return false;
                    }
                };
                let slot = state.slot_mut(symbol);
                slot.user_tri = tri;
                slot.flags |= flag::USER;
                return true;
            }
            Type::String => {
                let Some(quoted) = value.strip_prefix(b"\"") else { return true };
                let Some(text) = unescape(quoted) else {
                    self.warn(state, &[b"invalid string found"]);
                    return false;
                };
                text
            }
            Type::Int | Type::Hex => value.to_vec(),
            Type::Unknown => return true,
        };
        if !valid(ty, &text) {
            self.invalid(state, symbol, &text);
            return false;
        }
        let text = state.keep_text(&text);
        let slot = state.slot_mut(symbol);
        slot.user_text = text;
        slot.flags |= flag::USER;
        true
    }

    fn invalid(&self, state: &mut State, symbol: SymbolId, value: &[u8]) {
        let name = state.model.symbol(symbol).name.clone();
        self.warn(state, &[b"symbol value '", value, b"' invalid for ", &name]);
    }

    /// What a member's value means for its choice: the last `y` wins.
    fn choice(&self, state: &mut State, member: SymbolId) {
        let Some(menu) = state.choice_of(member) else { return };
        if !state.rules.choice_lists {
            state.prefer(menu, member);
            return;
        }
        let Some(choice) = state.choice_symbol(member) else { return };
        let value = state.slot(member).user_tri;
        let name = state.model.symbol(member).name.clone();
        let before = state.slot(choice).user_tri;
        match value {
            Tristate::No => {}
            Tristate::Mod => {
                if before == Tristate::Yes {
                    self.warn(state, &[&name, b" creates inconsistent choice state"]);
                    state.slot_mut(choice).flags &= !flag::USER;
                }
            }
            Tristate::Yes => {
                if before != Tristate::No {
                    self.warn(state, &[b"override: ", &name, b" changes choice state"]);
                }
                state.slot_mut(choice).user_text = Text::Name(member);
            }
        }
        state.slot_mut(choice).user_tri = before.or(value);
    }
}

/// Before `# CONFIG_X is not set` was the same as `=n`, it was ignored for what is no bool.
fn unset_logical(state: &mut State, symbol: SymbolId) {
    if matches!(state.model.symbol(symbol).ty, Type::Bool | Type::Tristate) {
        let slot = state.slot_mut(symbol);
        slot.user_tri = Tristate::No;
        slot.flags |= flag::USER;
    }
}

/// The text up to an unescaped quote, without the backslashes; nothing where there is no such quote.
fn unescape(quoted: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return Some(text),
            b'\\' => text.push(*bytes.next()?),
            _ => text.push(*byte),
        }
    }
    None
}

fn until(text: &[u8], end: impl Fn(u8) -> bool) -> &[u8] {
    &text[..text.iter().position(|byte| end(*byte)).unwrap_or(text.len())]
}
