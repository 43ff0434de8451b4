//! Lines that cannot be judged before macros are expanded.
//!
//! A bare word whose macros expand to nothing is no token (lexer.l: `expand_token`): `depends on A
//! $(nothing)` is fine. And an entry may go on behind the `source` that it began in. A line that is
//! bad on its face is read again with what is known by then, and so is what follows it.

use std::sync::Arc;

use super::words::Halt;
use super::{Builder, Open};
use crate::kconf::macros::{Stop, closing};
use crate::kconf::model::FileId;
use crate::kconf::syntax::{Entry, File, LineKind, Span, Word, reparse};

/// Bytes of files that may be parsed again in one tree; beyond, such lines are errors.
const MAX_AGAIN: usize = 64 << 20;

impl Builder<'_, '_> {
    /// Reads the current line of the file on top again, and all that follows it. Says whether it is a
    /// good line now, and next.
    pub(super) fn read_again(&mut self, file: &File, id: FileId) -> Result<bool, Stop> {
        let Some(at) = self.frames.last().and_then(|frame| frame.next.checked_sub(1)) else {
            return Ok(false);
        };
        let gone = if self.model.dialect.has_macros() {
            self.gone(file, id, file.lines[at].span.start)?
        } else {
            Vec::new()
        };
        let before = at.checked_sub(1).map(|before| &file.lines[before].kind);
        let continued = self.open.is_some() && matches!(before, None | Some(LineKind::Source(_)));
        self.again = self.again.saturating_add(file.text.len());
        if (gone.is_empty() && !continued) || self.again > MAX_AGAIN {
            return Ok(false);
        }
        let entry = match self.open {
            None => Entry::None,
            Some(Open::Config | Open::MenuConfig) => Entry::Config,
            Some(Open::Choice) => Entry::Choice,
            Some(Open::Menu) => Entry::Menu,
            Some(Open::Comment) => Entry::Comment,
        };
        let rest = reparse(file, at, entry, &gone, self.model.dialect);
        if matches!(rest.lines.first().map(|line| &line.kind), None | Some(LineKind::Bad(_))) {
            return Ok(false);
        }
        let said = file.diags[..self.frames.last().map_or(0, |frame| frame.diag)].last();
        let said = said.map_or(0, |diag| diag.span.start + 1);
        if let Some(frame) = self.frames.last_mut() {
            frame.diag = rest.diags.partition_point(|diag| diag.span.start < said);
            frame.next = 0;
            frame.file = Arc::new(rest);
        }
        Ok(true)
    }

    /// The bare words from `from` to the end of the line that expand to nothing.
    fn gone(&mut self, file: &File, id: FileId, from: u32) -> Result<Vec<u32>, Stop> {
        let mut gone = Vec::new();
        let line = &file.text[from as usize..self.line_end as usize];
        let mut at = 0;
        while let Some(&c) = line.get(at) {
            let start = at;
            at = match c {
                b'#' => break,
                b'"' | b'\'' => string_end(line, at),
                _ => word_end(line, at),
            };
            if at == start {
                at += 1;
            } else if !matches!(c, b'"' | b'\'') && line[start..at].contains(&b'$') {
                let span = Span { start: from + start as u32, len: (at - start) as u32 };
                let word = Word { span, quoted: false, dollar: true, escaped: false };
                match self.word(file, id, word) {
                    Ok(_) => {}
                    Err(Halt::Gone) => gone.push(span.start),
                    Err(Halt::Stop) => return Err(Stop),
                }
            }
        }
        Ok(gone)
    }
}

/// Behind the string that starts at `at`.
fn string_end(line: &[u8], at: usize) -> usize {
    let quote = line[at];
    let mut end = at + 1;
    while let Some(&c) = line.get(end) {
        end = match c {
            b'\\' => end + 2,
            b'$' => reference_end(line, end),
            _ if c == quote => return end + 1,
            _ => end + 1,
        };
    }
    end.min(line.len())
}

/// Behind the word that starts at `at`, if one does.
fn word_end(line: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(&c) = line.get(end) {
        end = match c {
            b'$' => reference_end(line, end),
            _ if c.is_ascii_alphanumeric() || c == b'_' || c == b'-' => end + 1,
            _ => break,
        };
    }
    end
}

/// Behind the `$` at `at` and what is in parentheses after it.
fn reference_end(line: &[u8], at: usize) -> usize {
    if line.get(at + 1) != Some(&b'(') {
        return at + 1;
    }
    closing(line, at + 2).map_or(line.len(), |end| end + 1)
}
