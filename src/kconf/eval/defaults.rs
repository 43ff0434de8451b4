//! What a symbol would be if the user said nothing: what a minimal configuration leaves out
//! (scripts/kconfig/symbol.c: `sym_get_string_default`, `sym_is_changeable`).

use super::{State, Text, Tristate};
use crate::kconf::model::{SymbolId, Type};

impl State<'_> {
    /// The value without the user's, as `savedefconfig` computes it: ranges and visibility do not
    /// count.
    pub(crate) fn default_text(&mut self, symbol: SymbolId) -> Vec<u8> {
        self.calc_visibility(symbol);
        self.calc_modules();
        let ty = self.model.symbol(symbol).ty;
        let logical = matches!(ty, Type::Bool | Type::Tristate);
        let (mut value, mut text) = (Tristate::No, Text::Empty);
        if let Some((prop, condition)) = self.default_prop(symbol) {
            if logical {
                value = self.expr(self.model.prop(prop).expr).and(condition);
            } else if let Some(from) = self.prop_symbol(prop) {
                self.calc(from);
                text = self.slot(from).text;
            }
        }
        let slot = *self.slot(symbol);
        value = value.or(slot.reverse);
        let no_modules =
            self.model.modules.is_none_or(|modules| self.slot(modules).tri == Tristate::No);
        if value == Tristate::Mod && (ty == Type::Bool || (no_modules && !self.is_member(symbol))) {
            value = Tristate::Yes;
        }
        value = value.or(slot.implied);
        if logical {
            return value.text().into();
        }
        let text = self.text(text);
        match ty {
            Type::Unknown => Vec::new(),
            Type::Int if text.is_empty() && self.rules.zero_numbers => b"0".into(),
            Type::Hex if text.is_empty() && self.rules.zero_numbers => b"0x0".into(),
            _ => text.into(),
        }
    }

    /// Whether the user could change it: its visibility is above what selects it. Choices of the
    /// newer generation never are.
    pub fn is_changeable(&self, symbol: SymbolId) -> bool {
        let slot = self.slot(symbol);
        let choice = self.model.symbol(symbol).is_choice && !self.rules.choice_lists;
        !choice && slot.visible > slot.reverse
    }

    /// `text` with the values of symbols in place of `$NAME`, as older dialects write them
    /// (symbol.c: `sym_expand_string_value`).
    pub(crate) fn expand(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut parts = text.split(|byte| *byte == b'$');
        out.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let end = part.iter().position(|byte| !word(byte)).unwrap_or(part.len());
            if let Some(symbol) = self.find(&part[..end]) {
                self.calc(symbol);
                out.extend_from_slice(self.current(symbol));
            }
            out.extend_from_slice(&part[end..]);
        }
        out
    }
}
