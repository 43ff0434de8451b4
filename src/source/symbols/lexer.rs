//! C as tokens, fast and without the preprocessor: names, literals, directives as a whole, punctuation.
//!
//! A gigabyte goes through here, so this knows no more than it has to. Comments are skipped, macros
//! are not expanded, and a directive is one token that ends where its last spliced line does.

use memchr::{memchr, memmem};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or a keyword.
    Name,
    /// A number.
    Number,
    /// A string or a character.
    Literal,
    /// A line that begins with `#`, with the lines that are spliced to it.
    Directive,
    /// Any other byte.
    Punct(u8),
}

/// A token and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Token {
    /// Its bytes.
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end as usize]
    }

    pub(super) fn is(self, byte: u8) -> bool {
        self.kind == Kind::Punct(byte)
    }
}

/// Goes over a text once.
#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    end: usize,
    /// Nothing but blanks since the line began.
    fresh: bool,
}

const NAME: u8 = 1;
const DIGIT: u8 = 2;

/// What each byte can be part of.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        if byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' || byte >= 0x80 {
            table[at] = NAME;
        } else if byte.is_ascii_digit() {
            table[at] = DIGIT;
        }
        at += 1;
    }
    table
}

/// Where the line of `at` ends, spliced lines and comments within included.
fn end_of_directive(text: &[u8], mut at: usize) -> usize {
    loop {
        let end = memchr(b'\n', &text[at..]).map_or(text.len(), |found| at + found);
        // A comment that goes on over the end of the line.
        if let Some(open) = memmem::find(&text[at..end], b"/*") {
            let inside = at + open + 2;
            at =
                memmem::find(&text[inside..], b"*/").map_or(text.len(), |found| inside + found + 2);
            continue;
        }
        let line = &text[at..end];
        let spliced = line.strip_suffix(b"\r").unwrap_or(line).ends_with(b"\\");
        if !spliced || end == text.len() {
            return end;
        }
        at = end + 1;
    }
}

/// The end of a literal whose quote is at `at`: at the end of the line at the latest.
fn end_of_literal(text: &[u8], at: usize) -> usize {
    let quote = text[at];
    let mut next = at + 1;
    while let Some(found) = text[next.min(text.len())..]
        .iter()
        .position(|byte| matches!(*byte, b'\\' | b'\n') || *byte == quote)
    {
        let here = next + found;
        match text[here] {
            b'\\' => next = here + 2,
            b'\n' => return here,
            _ => return here + 1,
        }
    }
    text.len()
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, end: text.len(), fresh: true }
    }

    /// From the beginning of a line, where nothing but blanks is before `start`.
    pub(super) fn within_line(text: &'a [u8], start: usize) -> Self {
        Self { text, at: start, end: text.len(), fresh: true }
    }

    /// Only the bytes of a range, which begins in the middle of a line.
    pub(super) fn within(text: &'a [u8], start: usize, end: usize) -> Self {
        Self { text, at: start, end: end.min(text.len()), fresh: false }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let text = &self.text[..self.end];
        loop {
            let byte = *text.get(self.at)?;
            let start = self.at;
            let (kind, end) = match byte {
                b'\n' => {
                    self.fresh = true;
                    self.at += 1;
                    continue;
                }
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c => {
                    self.at += 1;
                    continue;
                }
                b'\\' if matches!(text.get(start + 1), Some(b'\n' | b'\r')) => {
                    self.at += 2;
                    continue;
                }
                b'/' if text.get(start + 1) == Some(&b'*') => {
                    let rest = &text[start + 2..];
                    let close = memmem::find(rest, b"*/");
                    self.at = close.map_or(text.len(), |found| start + 2 + found + 2);
                    continue;
                }
                b'/' if text.get(start + 1) == Some(&b'/') => {
                    let close = memchr(b'\n', &text[start..]);
                    self.at = close.map_or(text.len(), |found| start + found);
                    continue;
                }
                b'#' if self.fresh => (Kind::Directive, end_of_directive(text, start)),
                b'"' | b'\'' => (Kind::Literal, end_of_literal(text, start)),
                _ if CLASS[byte as usize] == NAME => {
                    let rest = &text[start..];
                    let len = rest.iter().position(|byte| CLASS[*byte as usize] == 0);
                    (Kind::Name, len.map_or(text.len(), |len| start + len))
                }
                _ if CLASS[byte as usize] == DIGIT => {
                    let rest = &text[start..];
                    let len =
                        rest.iter().position(|byte| CLASS[*byte as usize] == 0 && *byte != b'.');
                    (Kind::Number, len.map_or(text.len(), |len| start + len))
                }
                _ => (Kind::Punct(byte), start + 1),
            };
            self.at = end.min(text.len()).max(start + 1);
            self.fresh = false;
            return Some(Token { kind, start: start as u32, end: self.at as u32 });
        }
    }
}

/// The word of a directive and what comes after it, with the place of the latter.
pub(super) fn directive(text: &[u8], token: Token) -> (&[u8], usize) {
    let mut at = token.start as usize + 1;
    let end = token.end as usize;
    while at < end && matches!(text[at], b' ' | b'\t') {
        at += 1;
    }
    let start = at;
    while at < end && CLASS[text[at] as usize] != 0 {
        at += 1;
    }
    (&text[start..at], at)
}

/// Whether braces on one branch of a conditional count: the depth at the beginning of a chain is the
/// depth of each of its branches.
#[derive(Debug, Default)]
pub(super) struct Depth {
    /// Open braces.
    pub(super) now: u32,
    chains: Vec<u32>,
}

impl Depth {
    /// A directive, by its word.
    pub(super) fn directive(&mut self, word: &[u8]) {
        match word {
            b"if" | b"ifdef" | b"ifndef" => self.chains.push(self.now),
            b"elif" | b"else" | b"elifdef" | b"elifndef" => {
                self.now = self.chains.last().copied().unwrap_or(self.now);
            }
            b"endif" => drop(self.chains.pop()),
            _ => {}
        }
    }
}

/// Tells members from other names, token by token: a `.` stands before, or a `-` and then a `>`.
#[derive(Debug, Default)]
pub(super) struct Members {
    dash: bool,
    next: bool,
}

impl Members {
    /// Whether `token`, which follows the one that was asked about before, is a member's name if it is
    /// a name.
    pub(super) fn is_member(&mut self, token: Token) -> bool {
        let next = token.is(b'.') || (self.dash && token.is(b'>'));
        self.dash = token.is(b'-');
        std::mem::replace(&mut self.next, next)
    }
}

/// Words of the language that are no names.
pub(super) const KEYWORDS: &[&[u8]] = &[
    b"struct",
    b"union",
    b"enum",
    b"static",
    b"extern",
    b"const",
    b"volatile",
    b"unsigned",
    b"signed",
    b"int",
    b"long",
    b"short",
    b"char",
    b"void",
    b"return",
    b"if",
    b"else",
    b"for",
    b"while",
    b"do",
    b"switch",
    b"case",
    b"break",
    b"continue",
    b"goto",
    b"sizeof",
    b"inline",
    b"typedef",
    b"default",
    b"bool",
    b"__always_inline",
    b"likely",
    b"unlikely",
    b"true",
    b"false",
    b"NULL",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        let of = |token: Token| &text[token.start as usize..token.end as usize];
        Lexer::new(text.as_bytes()).map(of).collect()
    }

    #[test]
    fn comments_go_and_directives_stay_whole() {
        assert_eq!(
            texts("a /* b\n */ c // d\n# define X \\\n y\nf(0x1f, \"g\\\"h\", '\"');\n"),
            [
                "a",
                "c",
                "# define X \\\n y",
                "f",
                "(",
                "0x1f",
                ",",
                "\"g\\\"h\"",
                ",",
                "'\"'",
                ")",
                ";"
            ]
        );
        assert_eq!(texts("#if A /* x\n y */ && B\nz"), ["#if A /* x\n y */ && B", "z"]);
        assert_eq!(texts("a # b"), ["a", "#", "b"]);
    }

    #[test]
    fn what_does_not_end_ends_with_the_text() {
        for text in ["\"", "'\\", "/*", "#if \\", "a\\\n", "/", "\"a\\", "#/*"] {
            assert!(texts(text).len() <= 2, "{text}");
        }
    }
}
