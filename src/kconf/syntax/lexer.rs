//! The tokens of one statement, exactly as `scripts/kconfig/lexer.l` cuts them since 5.0.
//!
//! The scanner works on one statement at a time: a statement ends at a newline that no backslash
//! escapes. It reads every byte once (what it looks ahead for, it remembers), so a line of any
//! length costs linear time; of a line with more tokens than a statement can use, the rest is read
//! but not kept. Until 4.20 the words of a statement had other rules: see [`super::lexer_old`].

use super::token::{Keyword, Kind, Token};
use super::{Diag, Severity, Span, Word, words};
use crate::kconf::dialect::Dialect;

/// A statement with more tokens than this is [`super::BadLine::TooDeep`]. The longest of a kernel
/// tree has a few hundred.
pub(super) const MAX_TOKENS: usize = 1 << 18;

/// A file with more messages of the lexer than this is not text.
const MAX_DIAGS: usize = 10_000;

/// What ended a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A newline.
    Newline,
    /// The end of the file.
    File,
    /// Something after which `conf` exits.
    Fatal,
}

/// Reads statements from a file's text.
pub(super) struct Lexer<'a> {
    pub(super) text: &'a [u8],
    pub(super) dialect: Dialect,
    /// The next byte to read.
    pub(super) pos: usize,
    /// `yylineno`, counted from 1.
    pub(super) line: u32,
    /// `cur_lineno`: the line of the first token of the statement.
    pub(super) statement_line: u32,
    /// Where the first token of the statement starts, its quote included.
    pub(super) start: usize,
    /// The tokens of the statement.
    pub(super) tokens: Vec<Token>,
    /// There were more tokens than are kept.
    pub(super) overflow: bool,
    /// The last token was a help text, after which `conf` sees no assignment.
    pub(super) after_help: bool,
    /// Bare words, by where they start, that expanded to nothing.
    pub(super) gone: &'a [u32],
    pub(super) diags: Vec<Diag>,
    /// The first NUL and the first newline at or after some byte before `pos`, once looked for.
    next_nul: Option<usize>,
    next_newline: Option<usize>,
    /// What conf loses when it looks for the end of a reference and meets a NUL.
    pub(super) hole: (usize, usize),
}

/// What else bare words may hold until 4.20.
pub(super) const fn is_path(byte: u8) -> bool {
    byte == b'/' || byte == b'.'
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8], dialect: Dialect) -> Self {
        Self {
            text,
            dialect,
            pos: 0,
            line: 1,
            statement_line: 0,
            start: 0,
            tokens: Vec::with_capacity(32),
            overflow: false,
            after_help: false,
            gone: &[],
            diags: Vec::new(),
            next_nul: None,
            next_newline: None,
            hole: (usize::MAX, 0),
        }
    }

    pub(super) fn peek(&self, ahead: usize) -> u8 {
        // A newline stands for the end of the file where only a "no" is asked for.
        self.text.get(self.pos + ahead).copied().unwrap_or(b'\n')
    }

    /// Reads the next statement into `tokens`; none is left at the end of the file.
    pub(super) fn statement(&mut self) -> End {
        self.tokens.clear();
        self.overflow = false;
        if !self.dialect.has_flat_lexer() {
            return self.statement_old();
        }
        loop {
            let Some(&byte) = self.text.get(self.pos) else { return self.end_of_file() };
            let at = self.pos;
            match byte {
                b'\n' => {
                    self.pos += 1;
                    self.line += 1;
                    if !self.tokens.is_empty() {
                        return End::Newline;
                    }
                }
                b' ' | b'\t' => self.pos += 1,
                b'#' => self.pos = self.line_end(at),
                b'\\' if self.text.get(at + 1) == Some(&b'\n') => {
                    self.pos += 2;
                    self.line += 1;
                }
                b'"' | b'\'' => {
                    if self.string(byte).is_none() {
                        return End::Fatal;
                    }
                }
                b'$' => {
                    if self.word().is_none() {
                        return End::Fatal;
                    }
                }
                _ if words::is_word(byte) => {
                    if self.word().is_none() {
                        return End::Fatal;
                    }
                }
                0 if at == self.hole.0 => self.pos = self.hole.1,
                _ => self.operator(byte),
            }
        }
    }

    fn end_of_file(&mut self) -> End {
        if !self.tokens.is_empty() {
            let span = Span { start: self.text.len() as u32, len: 0 };
            self.report(Severity::Warning, span, "warning: no new line at end of file".into());
        }
        End::File
    }

    /// The next newline at or after `from`, or the end of the file.
    pub(super) fn line_end(&self, from: usize) -> usize {
        memchr::memchr(b'\n', &self.text[from..]).map_or(self.text.len(), |at| from + at)
    }

    /// Remembers a message at the line being read.
    pub(super) fn report(&mut self, severity: Severity, span: Span, msg: String) {
        self.report_at(self.line, severity, span, msg);
    }

    pub(super) fn report_at(&mut self, line: u32, severity: Severity, span: Span, msg: String) {
        if self.diags.len() < MAX_DIAGS || severity == Severity::Fatal {
            self.diags.push(Diag { severity, line, span, msg });
        }
    }

    pub(super) fn push(&mut self, kind: Kind, word: Word, start: usize) {
        if self.tokens.is_empty() {
            self.statement_line = self.line;
            self.start = start;
        }
        if self.tokens.len() < MAX_TOKENS {
            self.tokens.push(Token { kind, word, end: self.pos as u32 });
        } else {
            self.overflow = true;
        }
    }

    pub(super) fn operator(&mut self, byte: u8) {
        let at = self.pos;
        let (kind, len) = match (byte, self.peek(1)) {
            (b'|', b'|') => (Kind::Or, 2),
            (b'&', b'&') => (Kind::And, 2),
            (b'=', _) => (Kind::Equal, 1),
            (b'!', b'=') => (Kind::Unequal, 2),
            (b'!', _) => (Kind::Not, 1),
            (b'<', b'=') => (Kind::LessEqual, 2),
            (b'<', _) => (Kind::Less, 1),
            (b'>', b'=') => (Kind::GreaterEqual, 2),
            (b'>', _) => (Kind::Greater, 1),
            (b'(', _) => (Kind::Open, 1),
            (b')', _) => (Kind::Close, 1),
            (b':', b'=') => (Kind::ColonEqual, 2),
            (b'+', b'=') => (Kind::PlusEqual, 2),
            _ => {
                self.unsupported();
                return;
            }
        };
        self.pos += len;
        let first = matches!(self.tokens[..], [Token { kind: Kind::Word, .. }]);
        self.push(kind, Word::bare(at, len), at);
        if first && kind.flavor().is_some() && !self.after_help && self.dialect.has_macros() {
            self.value();
        }
    }

    /// `warn_ignored_character()`
    pub(super) fn unsupported(&mut self) {
        let at = self.pos;
        self.pos += 1;
        let byte = self.text[at];
        // Messages are text; whoever prints this one as conf does prints the byte itself.
        let shown = if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER };
        let span = Span { start: at as u32, len: 1 };
        let msg = format!("warning: ignoring unsupported character '{shown}'");
        let line = if self.dialect.has_lexer_lines() { self.line } else { self.statement_line };
        self.report_at(line, Severity::Warning, span, msg);
    }

    /// `ASSIGN_VAL`: the rest of the line, without the blanks before it.
    pub(super) fn value(&mut self) {
        while matches!(self.text.get(self.pos), Some(b' ' | b'\t')) {
            self.pos += 1;
        }
        let start = self.pos;
        self.pos = self.line_end(start);
        if self.pos > start {
            // A C string ends at a NUL.
            let end = self.pos.min(self.nul_after(start));
            self.push(Kind::Value, Word::bare(start, end - start), start);
        }
    }

    /// A bare word or keyword; nothing where a reference in it has no end.
    fn word(&mut self) -> Option<()> {
        let start = self.pos;
        let rest = &self.text[start..];
        let len = words::length(rest);
        let end = start + len;
        let dollar = self.text.get(end) == Some(&b'$');
        if !dollar {
            self.pos = end;
            let keyword = Keyword::of(&rest[..len], self.dialect);
            let kind = keyword.map_or(Kind::Word, Kind::Keyword);
            self.push(kind, Word::bare(start, end - start), start);
            return Some(());
        }
        self.dollar_word(start)
    }

    /// A word with at least one `$`: `expand_token()`, which looks at the rest of the line, but not
    /// past a NUL, which it swallows.
    pub(super) fn dollar_word(&mut self, start: usize) -> Option<()> {
        let limit = self.newline_after(start).min(self.nul_after(start));
        let paths = !self.dialect.has_flat_lexer();
        let mut end = start;
        while end < limit {
            match self.text[end] {
                b'$' => end = self.reference(end, limit)?,
                byte if words::is_word(byte) || (paths && is_path(byte)) => end += 1,
                _ => break,
            }
        }
        self.pos = end;
        if self.text.get(limit) == Some(&0) {
            self.hole = (limit, limit + 1);
        }
        if !self.gone.contains(&(start as u32)) {
            let word = Word { dollar: true, ..Word::bare(start, end - start) };
            self.push(Kind::Word, word, start);
        }
        Some(())
    }

    /// The first NUL at or after `from`, or the end of the file; looked for once.
    pub(super) fn nul_after(&mut self, from: usize) -> usize {
        let found = self.next_nul.filter(|found| *found >= from);
        let found = found.unwrap_or_else(|| {
            memchr::memchr(0, &self.text[from..]).map_or(self.text.len(), |at| from + at)
        });
        self.next_nul = Some(found);
        found
    }

    /// The first newline at or after `from`, or the end of the file; looked for once.
    pub(super) fn newline_after(&mut self, from: usize) -> usize {
        let found = self.next_newline.filter(|found| *found >= from);
        let found = found.unwrap_or_else(|| self.line_end(from));
        self.next_newline = Some(found);
        found
    }

    /// Where the reference at `at` ends, seen up to `limit`; the `$` alone where no `(` follows it
    /// (preprocess.c: `expand_dollar_with_args()`).
    pub(super) fn reference(&mut self, at: usize, limit: usize) -> Option<usize> {
        if at + 1 >= limit || self.text[at + 1] != b'(' || !self.dialect.has_macros() {
            return Some(at + 1);
        }
        let inside = &self.text[at + 2..limit];
        let mut nest = 0_usize;
        for found in memchr::memchr2_iter(b'(', b')', inside) {
            if inside[found] == b'(' {
                nest += 1;
            } else if nest == 0 {
                return Some(at + 2 + found + 1);
            } else {
                nest -= 1;
            }
        }
        let shown = String::from_utf8_lossy(&inside[..inside.len().min(4096)]).into_owned();
        let span = Span { start: at as u32, len: (limit - at) as u32 };
        self.report(
            Severity::Fatal,
            span,
            format!(" unterminated reference to '{shown}': missing ')'"),
        );
        None
    }
}
