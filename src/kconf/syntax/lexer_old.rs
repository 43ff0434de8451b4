//! The tokens of one statement until 4.20: `zconf.l`'s states COMMAND and PARAM.
//!
//! Keywords are keywords at the start of a statement only; after it, only `if` and `on` are, words
//! may hold `.` and `/`, and an unknown word is an option's name or a prompt. From 4.18 on words may
//! hold references, and what starts with an unknown word is an assignment.

use super::Word;
use super::lexer::{End, Lexer, is_path};
use super::token::{Keyword, Kind};
use super::words::is_word;

impl Lexer<'_> {
    /// As [`Lexer::statement`], which has cleared the tokens.
    pub(super) fn statement_old(&mut self) -> End {
        // Whether the first word was read that is not a variable: PARAM.
        let mut param = false;
        // Whether only blanks were read of the line: INITIAL.
        let mut fresh = true;
        loop {
            let Some(&byte) = self.text.get(self.pos) else { return End::File };
            let at = self.pos;
            let initial = fresh && !param;
            fresh &= matches!(byte, b' ' | b'\t' | b'\n');
            match byte {
                b'\n' => {
                    fresh = true;
                    self.pos += 1;
                    self.line += 1;
                    if !self.tokens.is_empty() {
                        return End::Newline;
                    }
                }
                b' ' | b'\t' if param || self.dialect.has_macros() => self.pos += 1,
                b' ' | b'\t' if initial => self.pos += 1,
                b'#' if param || initial => self.pos = self.line_end(at),
                b'\\' if param && self.text.get(at + 1) == Some(&b'\n') => {
                    self.pos += 2;
                    self.line += 1;
                }
                b'"' | b'\'' if param => {
                    if self.string(byte).is_none() {
                        return End::Fatal;
                    }
                }
                0 if at == self.hole.0 => self.pos = self.hole.1,
                _ if is_word(byte)
                    || (param && is_path(byte))
                    || (byte == b'$' && self.dialect.has_macros()) =>
                {
                    match self.word_old(param) {
                        Some(next) => param = next,
                        None => return End::Fatal,
                    }
                }
                _ if param && !matches!(byte, b':' | b'+') => self.operator(byte),
                b'=' | b':' | b'+' if !param && self.dialect.has_macros() => {
                    // ASSIGN_VAL, whatever stands before it.
                    let before = self.tokens.len();
                    self.operator(byte);
                    let assigns = self.tokens.len() == before + 1;
                    if assigns && before != 1 {
                        self.value();
                    }
                }
                _ => self.unsupported(),
            }
        }
    }

    /// A word or keyword; returns whether PARAM follows.
    fn word_old(&mut self, param: bool) -> Option<bool> {
        let start = self.pos;
        let rest = self.text[start..].iter();
        let len = rest.take_while(|byte| is_word(**byte) || (param && is_path(**byte))).count();
        if self.dialect.has_macros() && self.text.get(start + len) == Some(&b'$') {
            self.dollar_word(start)?;
            return Some(param);
        }
        self.pos = start + len;
        let text = &self.text[start..start + len];
        let keyword = match Keyword::of(text, self.dialect) {
            Some(found @ (Keyword::If | Keyword::On)) if param => Some(found),
            Some(
                Keyword::On | Keyword::Modules | Keyword::AllnoconfigY | Keyword::DefconfigList,
            ) => None,
            found if !param => found,
            _ => None,
        };
        self.push(keyword.map_or(Kind::Word, Kind::Keyword), Word::bare(start, len), start);
        Some(param || keyword.is_some() || !self.dialect.has_macros())
    }
}
