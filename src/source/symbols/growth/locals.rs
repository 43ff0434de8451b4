//! Names that a piece of code declares itself: they are not what others of that name are.

use super::entities::word;
use crate::source::symbols::lexer::{KEYWORDS, Kind as Token, Lexer, Token as Lexed};

/// Finds the names that a text declares: one that follows a type's, as in `unsigned long flags;` and
/// `struct page *page,`.
#[derive(Default)]
pub(super) struct Locals {
    /// Without bits.
    pub(super) found: Vec<u64>,
    state: Declares,
    /// The name that is declared, if what follows it says so.
    name: Option<u64>,
}

/// What a name would be that follows.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Declares {
    #[default]
    Nothing,
    /// A tag: `struct` stands before.
    Tag,
    /// A variable: a type stands before, with stars or without.
    Variable,
}

impl Locals {
    /// Looks at the next token.
    pub(super) fn look(&mut self, text: &[u8], token: Lexed) {
        if let Some(name) = self.name.take() {
            let declares =
                matches!(token.kind, Token::Punct(b';' | b',' | b'=' | b')' | b'[' | b':'));
            if declares && !self.found.contains(&name) {
                self.found.push(name);
            }
        }
        self.state = match token.kind {
            Token::Name => match token.of(text) {
                b"struct" | b"union" | b"enum" => Declares::Tag,
                b"return" | b"goto" | b"else" | b"case" | b"sizeof" | b"do" | b"if" | b"while"
                | b"for" | b"switch" | b"default" | b"break" | b"continue" | b"typeof" => {
                    Declares::Nothing
                }
                _ if self.state == Declares::Tag => Declares::Variable,
                of => {
                    if self.state == Declares::Variable && !KEYWORDS.contains(&of) {
                        self.name = Some(word(of));
                    }
                    Declares::Variable
                }
            },
            // `a * b` may be a product, `struct a *b` is none; which `type_t *b` is, its name says.
            Token::Punct(b'*') if self.state == Declares::Variable => {
                let before = text[..token.start as usize].trim_ascii_end();
                let is_type =
                    before.ends_with(b"_t") || before.ends_with(b"*") || is_tagged(before);
                if is_type { Declares::Variable } else { Declares::Nothing }
            }
            _ => Declares::Nothing,
        };
    }
}

/// Whether a text ends with `struct name`, or with a type of C's own.
fn is_tagged(text: &[u8]) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let start = text.iter().rposition(|byte| !is_name(byte)).map_or(0, |at| at + 1);
    let (before, name) = (text[..start].trim_ascii_end(), &text[start..]);
    let own = [
        &b"char"[..],
        b"void",
        b"int",
        b"long",
        b"short",
        b"unsigned",
        b"u8",
        b"u16",
        b"u32",
        b"u64",
    ];
    own.contains(&name)
        || [&b"struct"[..], b"union", b"enum"].iter().any(|key| before.ends_with(key))
}

/// The names in the parentheses right behind a macro's name.
pub(super) fn parameters(text: &[u8], end: u32) -> Vec<u64> {
    let rest = &text[end as usize..];
    if rest.first() != Some(&b'(') {
        return Vec::new();
    }
    let close = memchr::memchr(b')', rest).unwrap_or(0);
    let names = Lexer::within(text, end as usize, end as usize + close);
    names.filter(|token| token.kind == Token::Name).map(|token| word(token.of(text))).collect()
}
