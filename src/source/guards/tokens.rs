//! The preprocessing tokens of a directive, with their places in the file.
//!
//! Slow and careful where the scanner is fast: comments and splices may stand anywhere in a
//! directive, even a splice within a name. Only directives that matter are ever tokenised.

use std::borrow::Cow;

use super::chars::{in_name, is_space, skip_splices, starts_name};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Number,
    /// A character constant.
    Char,
    /// A string.
    Text,
    Open,
    Close,
    Comma,
    Question,
    Colon,
    Not,
    Tilde,
    AndAnd,
    OrOr,
    /// A binary operator other than `&&` and `||`; `+` and `-` are unary as well.
    Binary(Binary),
    /// What no condition can contain.
    Other,
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    Xor,
    And,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Left,
    Right,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A token.
#[derive(Debug, Clone)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// Byte offset of its first byte.
    pub(super) start: usize,
    /// Byte offset after its last byte.
    pub(super) end: usize,
    /// Without splices.
    pub(super) text: Cow<'a, str>,
}

const PUNCTUATION: &[(&[u8], Kind)] = &[
    (b"&&", Kind::AndAnd),
    (b"||", Kind::OrOr),
    (b"==", Kind::Binary(Binary::Equal)),
    (b"!=", Kind::Binary(Binary::Unequal)),
    (b"<=", Kind::Binary(Binary::LessEqual)),
    (b">=", Kind::Binary(Binary::GreaterEqual)),
    (b"<<", Kind::Binary(Binary::Left)),
    (b">>", Kind::Binary(Binary::Right)),
    (b"(", Kind::Open),
    (b")", Kind::Close),
    (b",", Kind::Comma),
    (b"?", Kind::Question),
    (b":", Kind::Colon),
    (b"!", Kind::Not),
    (b"~", Kind::Tilde),
    (b"|", Kind::Binary(Binary::Or)),
    (b"^", Kind::Binary(Binary::Xor)),
    (b"&", Kind::Binary(Binary::And)),
    (b"<", Kind::Binary(Binary::Less)),
    (b">", Kind::Binary(Binary::Greater)),
    (b"+", Kind::Binary(Binary::Add)),
    (b"-", Kind::Binary(Binary::Subtract)),
    (b"*", Kind::Binary(Binary::Multiply)),
    (b"/", Kind::Binary(Binary::Divide)),
    (b"%", Kind::Binary(Binary::Remainder)),
];

/// The tokens of `text[from..to]`, which is within one directive; at most `limit` of them.
pub(super) fn tokens(text: &[u8], from: usize, to: usize, limit: usize) -> Vec<Token<'_>> {
    let text = &text[..to];
    let mut out = Vec::new();
    let mut at = from;
    while out.len() < limit {
        at = skip_space(text, at);
        let Some(first) = text.get(at).copied() else { break };
        let (kind, end) = if starts_name(first) {
            (Kind::Name, run(text, at, |_, byte| in_name(byte)))
        } else if first.is_ascii_digit() {
            (Kind::Number, number(text, at))
        } else if matches!(first, b'"' | b'\'') {
            let kind = if first == b'"' { Kind::Text } else { Kind::Char };
            (kind, literal(text, at))
        } else {
            punctuation(text, at)
        };
        out.push(Token { kind, start: at, end, text: unspliced(text, at, end) });
        at = end;
    }
    out
}

/// The first position from `at` on that is no blank, newline, comment or splice. A newline can only
/// be one within a comment or a splice here.
fn skip_space(text: &[u8], mut at: usize) -> usize {
    loop {
        at = skip_splices(text, at);
        match text.get(at) {
            Some(byte) if is_space(*byte) => at += 1,
            Some(b'/') => {
                let second = skip_splices(text, at + 1);
                match text.get(second) {
                    Some(b'/') => return text.len(),
                    Some(b'*') => at = comment_end(text, second + 1),
                    _ => return at,
                }
            }
            _ => return at,
        }
    }
}

fn comment_end(text: &[u8], mut at: usize) -> usize {
    while let Some(star) = memchr::memchr(b'*', &text[at..]).map(|found| at + found) {
        let next = skip_splices(text, star + 1);
        if text.get(next) == Some(&b'/') {
            return next + 1;
        }
        at = star + 1;
    }
    text.len()
}

/// The end of the run of bytes from `at` on that `fits`, which gets the byte before and the byte.
fn run(text: &[u8], at: usize, fits: impl Fn(u8, u8) -> bool) -> usize {
    let mut end = at + 1;
    let mut last = text[at];
    loop {
        let next = skip_splices(text, end);
        match text.get(next) {
            Some(byte) if fits(last, *byte) => {
                last = *byte;
                end = next + 1;
            }
            _ => return end,
        }
    }
}

fn number(text: &[u8], at: usize) -> usize {
    run(text, at, |last, byte| {
        let sign = matches!(byte, b'+' | b'-') && matches!(last, b'e' | b'E' | b'p' | b'P');
        in_name(byte) || byte == b'.' || sign
    })
}

fn literal(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        at = skip_splices(text, at);
        match text.get(at) {
            None => return text.len(),
            Some(byte) if *byte == text[start] => return at + 1,
            Some(b'\\') => at = skip_splices(text, at + 1) + 1,
            Some(_) => at += 1,
        }
    }
}

fn punctuation(text: &[u8], at: usize) -> (Kind, usize) {
    let second = skip_splices(text, at + 1);
    for (spelling, kind) in PUNCTUATION {
        match *spelling {
            [only] if *only == text[at] => return (*kind, at + 1),
            [first, last] if *first == text[at] && text.get(second) == Some(last) => {
                return (*kind, second + 1);
            }
            _ => {}
        }
    }
    (Kind::Other, at + 1)
}

fn unspliced(text: &[u8], start: usize, end: usize) -> Cow<'_, str> {
    let piece = &text[start..end];
    if memchr::memchr(b'\n', piece).is_none() {
        return String::from_utf8_lossy(piece);
    }
    let mut whole = Vec::with_capacity(piece.len());
    let mut at = skip_splices(text, start);
    while at < end {
        whole.push(text[at]);
        at = skip_splices(text, at + 1);
    }
    Cow::Owned(String::from_utf8_lossy(&whole).into_owned())
}
