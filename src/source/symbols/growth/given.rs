//! What a macro is given at the top level: it may be statements, as the assignments of a trace event are.

use crate::source::symbols::lexer::{Kind as Token, Token as Lexed};

/// Within parentheses at the top level.
#[derive(Default)]
pub(super) struct Given {
    parentheses: u32,
    braces: u32,
}

impl Given {
    /// Whether they end with `token` although none closes them: a name stands in the first column. One that
    /// `#if` has twice may be closed once.
    pub(super) fn ends(&mut self, text: &[u8], token: Lexed) -> bool {
        let first = token.start as usize;
        let is_first = first == 0 || text[first - 1] == b'\n';
        let ends = self.parentheses > 0 && is_first && token.kind == Token::Name;
        if ends {
            *self = Self::default();
        }
        ends
    }

    /// Whether `token` is inside of parentheses, or closes them.
    pub(super) fn takes(&mut self, token: Lexed) -> bool {
        let was_inside = self.parentheses > 0;
        match token.kind {
            Token::Punct(b'(') if self.braces == 0 => self.parentheses += 1,
            Token::Punct(b')') if self.braces == 0 => {
                self.parentheses = self.parentheses.saturating_sub(1);
            }
            Token::Punct(b'{') if was_inside => self.braces += 1,
            Token::Punct(b'}') if was_inside => self.braces = self.braces.saturating_sub(1),
            Token::Directive => return false,
            _ => {}
        }
        was_inside
    }
}
