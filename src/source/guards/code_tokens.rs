//! The code of a file as tokens: what is neither comment nor directive. Enough of C to find the
//! extents of statements, and no more.

use super::chars::{in_name, is_space, starts_name};
use super::scan::{Kind as DirectiveKind, Region, Scan};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    /// A number or literal.
    Value,
    AndAnd,
    OrOr,
    Punct(u8),
    Directive(DirectiveKind),
}

/// A token of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A file's code.
#[derive(Debug)]
pub(super) struct Code<'a> {
    pub(super) text: &'a [u8],
    /// Comments, literals and directives, in order and apart.
    skips: Vec<(usize, usize, Option<Kind>)>,
}

/// A place in the code; cloned to look ahead.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'c, 'a> {
    code: &'c Code<'a>,
    at: usize,
    /// The first skip that ends after `at`.
    skip: usize,
}

impl<'a> Code<'a> {
    pub(super) fn new(text: &'a [u8], scan: &Scan) -> Self {
        let mut skips: Vec<(usize, usize, Option<Kind>)> = scan
            .directives
            .iter()
            .map(|found| (found.start, found.end, Some(Kind::Directive(found.kind))))
            .collect();
        let mut directive = 0;
        for (start, end, region) in &scan.regions {
            let (start, end) = (*start as usize, *end as usize);
            while scan.directives.get(directive).is_some_and(|found| found.end <= start) {
                directive += 1;
            }
            if scan.directives.get(directive).is_some_and(|found| found.start <= start) {
                continue;
            }
            let literal = *region == Region::Literal;
            skips.push((start, end, literal.then_some(Kind::Value)));
        }
        skips.sort_unstable_by_key(|skip| skip.0);
        Self { text, skips }
    }

    /// A cursor at `at`, which is in code.
    pub(super) fn cursor(&self, at: usize) -> Cursor<'_, 'a> {
        Cursor { code: self, at, skip: self.skips.partition_point(|skip| skip.1 <= at) }
    }

    /// Whether a byte is code.
    pub(super) fn is_code(&self, at: usize) -> bool {
        let skip = self.skips.partition_point(|skip| skip.1 <= at);
        self.skips.get(skip).is_none_or(|skip| skip.0 > at)
    }

    /// The bytes before `at` that are code, backwards, with their places; ends at a directive, unless
    /// it is to go `over` them.
    pub(super) fn backwards(&self, at: usize, over: bool) -> impl Iterator<Item = (usize, u8)> {
        let mut skip = self.skips.partition_point(|skip| skip.1 <= at);
        let mut at = at;
        std::iter::from_fn(move || {
            while let Some(before) = skip.checked_sub(1).map(|index| self.skips[index])
                && before.1 == at
            {
                if !over && matches!(before.2, Some(Kind::Directive(_))) {
                    return None;
                }
                at = before.0;
                skip -= 1;
            }
            at = at.checked_sub(1)?;
            Some((at, self.text[at]))
        })
    }

    pub(super) fn of(&self, token: Token) -> &'a [u8] {
        &self.text[token.start..token.end]
    }
}

impl<'a> Cursor<'_, 'a> {
    /// The text of a token.
    pub(super) fn of(&self, token: Token) -> &'a [u8] {
        self.code.of(token)
    }

    /// The next token, without taking it.
    pub(super) fn peek(&self) -> Option<Token> {
        let mut ahead = self.clone();
        ahead.next()
    }
}

impl Iterator for Cursor<'_, '_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let text = self.code.text;
        loop {
            if let Some((start, end, kind)) = self.code.skips.get(self.skip)
                && *start <= self.at
            {
                (self.at, self.skip) = (*end, self.skip + 1);
                if let Some(kind) = kind {
                    return Some(Token { kind: *kind, start: *start, end: *end });
                }
                continue;
            }
            let byte = *text.get(self.at)?;
            if !is_space(byte) && byte != b'\\' {
                break;
            }
            self.at += 1;
        }
        let start = self.at;
        let run = || text[start..].iter().take_while(|byte| in_name(**byte)).count();
        let (kind, len) = match text[start] {
            byte if starts_name(byte) => (Kind::Name, run()),
            byte if byte.is_ascii_digit() => (Kind::Value, run()),
            b'&' if text.get(start + 1) == Some(&b'&') => (Kind::AndAnd, 2),
            b'|' if text.get(start + 1) == Some(&b'|') => (Kind::OrOr, 2),
            byte => (Kind::Punct(byte), 1),
        };
        self.at = start + len;
        Some(Token { kind, start, end: self.at })
    }
}
