//! Quoted strings (`lexer.l`, state STRING).
//!
//! A string ends at its quote or, with a warning, at the end of its line. Escapes and references stay
//! in the text: their value is the builder's.

use super::lexer::Lexer;
use super::token::Kind;
use super::{Severity, Span, Word};

impl Lexer<'_> {
    /// A quoted string, whose opening quote is at `pos`.
    pub(super) fn string(&mut self, quote: u8) -> Option<()> {
        let open = self.pos;
        let start = open + 1;
        let (mut dollar, mut escaped) = (false, false);
        // What a C string loses after a NUL is not part of the word, but is read all the same.
        let mut cut = None;
        // Until 4.20, what stands right before a newline decides whether the string is seen at all.
        let mut plain = false;
        let mut at = start;
        let end = loop {
            let Some(found) = self.text[at..]
                .iter()
                .position(|byte| matches!(byte, b'$' | b'"' | b'\'' | b'\\' | b'\n' | 0))
            else {
                self.pos = self.text.len();
                if self.dialect.loses_last_string() {
                    return Some(());
                }
                break self.pos;
            };
            at += found;
            plain = (plain && found == 0) || found > 0;
            match self.text[at] {
                b'\n' => {
                    // The newline stays: it ends the statement too.
                    self.pos = at;
                    let span = Span { start: open as u32, len: (at - open) as u32 };
                    let msg = "warning: multi-line strings not supported".to_owned();
                    // conf names cur_lineno, which a first token sets only later.
                    self.report_at(self.statement_line, Severity::Warning, span, msg);
                    if !plain && !self.dialect.has_flat_lexer() {
                        return Some(());
                    }
                    break at;
                }
                b'\\' => {
                    plain = true;
                    escaped = true;
                    let next = if at + 1 == self.hole.0 { self.hole.1 } else { at + 1 };
                    let alone = matches!(self.text.get(next), None | Some(b'\n'));
                    at = if alone { next } else { next + 1 };
                }
                b'$' if !self.dialect.has_macros() => {
                    (dollar, plain) = (true, true);
                    at += 1;
                }
                b'$' => {
                    (dollar, plain) = (true, false);
                    let line_end = self.newline_after(at);
                    let limit = line_end.min(self.nul_after(at));
                    at = self.reference(at, limit)?;
                    if limit < line_end {
                        // append_expanded_string() gives back only what comes before the NUL.
                        cut = cut.or(Some(limit));
                        self.hole = (limit, line_end);
                    }
                }
                0 if at == self.hole.0 => at = self.hole.1,
                0 => {
                    cut = cut.or(Some(at));
                    plain = true;
                    at += 1;
                }
                byte if byte == quote => {
                    self.pos = at + 1;
                    break at;
                }
                _ => {
                    plain = false;
                    at += 1;
                }
            }
        };
        let span =
            Span { start: start as u32, len: (cut.map_or(end, |cut| end.min(cut)) - start) as u32 };
        let word = Word { span, quoted: true, dollar, escaped };
        self.push(Kind::Quoted, word, open);
        Some(())
    }
}
