//! Functions and macros in headers that are the same value whatever they are given: stubs, and tests of
//! options. What depends on one is not compiled where the compiler sees the value.

use std::hash::BuildHasher as _;

use rustc_hash::FxBuildHasher;

use super::lexer::{Kind, Lexer, Token, directive};
use super::types::Function;

/// Tests of options: their value is one of two constants.
const TESTS: &[&[u8]] = &[b"IS_ENABLED", b"IS_BUILTIN", b"IS_REACHABLE", b"IS_MODULE"];

/// How a constant of a header begins.
const STATIC_CONST: &[u8] = b"\nstatic const ";

/// More names than this, and an expression is none that decides something.
const MAX_NAMES: usize = 24;

/// More bytes than this, and a body is none of a stub.
const MAX_BODY: u32 = 600;

/// The names and places of what has a constant value.
pub fn constants(text: &[u8], functions: &[Function]) -> Vec<(Box<[u8]>, u32)> {
    let mut out = Vec::new();
    for function in functions.iter().filter(|f| f.is_defined() && f.is_static) {
        let (start, end) = function.body;
        if end - start <= MAX_BODY && returns_constant(text, start as usize, end as usize) {
            let name = &text[function.name.0 as usize..function.name.1 as usize];
            out.push((name.into(), function.name.0));
        }
    }
    let mut nested = 0_u32;
    for at in memchr::memchr_iter(b'#', text) {
        if !text[..at].iter().rev().take_while(|b| **b != b'\n').all(|b| matches!(b, b' ' | b'\t'))
        {
            continue;
        }
        let word = text[at + 1..].trim_ascii_start();
        if word.starts_with(b"if") {
            nested += 1;
        } else if word.starts_with(b"endif") {
            nested = nested.saturating_sub(1);
        } else if nested > 0 && word.starts_with(b"define") {
            let Some(token) = Lexer::within_line(text, at).next() else { continue };
            out.extend(constant_macro(text, token));
        }
    }
    let starts = memchr::memmem::find_iter(text, STATIC_CONST);
    out.extend(starts.filter_map(|at| constant_variable(text, at + STATIC_CONST.len())));
    out
}

/// The variable after `static const`, if it is one of a number: its value is known.
fn constant_variable(text: &[u8], from: usize) -> Option<(Box<[u8]>, u32)> {
    let mut names = Vec::new();
    for token in Lexer::within(text, from, text.len()).take(8) {
        match token.kind {
            Kind::Name => names.push(token),
            Kind::Punct(b';' | b'=') => {
                // What comes after its name are attributes.
                let is_attribute = |token: &Token| {
                    let word = token.of(text);
                    word.starts_with(b"__") || !word.iter().any(u8::is_ascii_lowercase)
                };
                let last = names.iter().rposition(|token| !is_attribute(token))?;
                let name =
                    names.get(last).filter(|_| last > 0 && names[0].of(text) != b"struct")?;
                return Some((name.of(text).into(), name.start));
            }
            _ => return None,
        }
    }
    None
}

/// A short expression in a header that has a name, and the names in it (as [`hash`] has them).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The function or macro.
    pub name: Box<[u8]>,
    /// What it is made of.
    pub names: Vec<u32>,
}

/// A number for a name. Two names may have the same, so that it can only rule out.
pub fn hash(name: &[u8]) -> u32 {
    FxBuildHasher.hash_one(name) as u32
}

/// The functions and macros of a header that stand for nothing but an expression.
pub(super) fn expressions(text: &[u8], functions: &[Function]) -> Vec<Expression> {
    let mut out = Vec::new();
    let mut add = |name: &[u8], parameters: &[Token], tokens: &[Token]| {
        // What it is given is not what it is made of.
        let is_given = |word: &[u8]| parameters.iter().any(|token| token.of(text) == word);
        let names = tokens.iter().filter(|token| token.kind == Kind::Name);
        let names = names.map(|token| token.of(text)).filter(|word| !is_given(word));
        let names: Vec<u32> = names.map(hash).collect();
        if !names.is_empty() && names.len() <= MAX_NAMES {
            out.push(Expression { name: name.into(), names });
        }
    };
    for function in functions.iter().filter(|f| f.is_defined() && f.is_static) {
        let (start, end) = function.body;
        if end - start <= MAX_BODY {
            let tokens: Vec<Token> = Lexer::within(text, start as usize, end as usize).collect();
            let statements = tokens.iter().filter(|token| token.is(b';')).count();
            if statements == 1 && tokens.get(1).is_some_and(|token| token.of(text) == b"return") {
                let (from, to) = (function.name.1 as usize, start as usize);
                let parameters: Vec<Token> = Lexer::within(text, from, to).collect();
                let name = &text[function.name.0 as usize..from];
                add(name, &parameters, &tokens[2..]);
            }
        }
    }
    for at in memchr::memmem::find_iter(text, b"define") {
        let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
        if text[line..at].trim_ascii() != b"#" {
            continue;
        }
        let Some(token) = Lexer::within_line(text, line).next() else { continue };
        let (_, from) = directive(text, token);
        let tokens: Vec<Token> = Lexer::within(text, from, token.end as usize).take(80).collect();
        let Some(name) = tokens.first() else { continue };
        if text.get(name.end as usize) != Some(&b'(') {
            continue;
        }
        let Some(close) = tokens.iter().position(|token| token.is(b')')) else { continue };
        // `({ …; value; })` is an expression, too.
        let body = match &tokens[close + 1..] {
            [open, brace, inside @ .., last, _] if open.is(b'(') && brace.is(b'{') => {
                let inside = if last.is(b'}') { inside } else { &[] };
                let mut statements = inside.split(|token| token.is(b';')).rev();
                statements.find(|statement| !statement.is_empty()).unwrap_or_default()
            }
            body => body,
        };
        if !body.iter().any(|token| token.is(b'{') || token.is(b';')) {
            add(name.of(text), &tokens[1..close], body);
        }
    }
    out
}

/// Whether what a body returns is a constant, or a test of options.
fn returns_constant(text: &[u8], start: usize, end: usize) -> bool {
    let tokens: Vec<Token> = Lexer::within(text, start, end).collect();
    if tokens.iter().any(|token| TESTS.contains(&token.of(text))) {
        return true;
    }
    let Some(last) = tokens.iter().rposition(|token| token.of(text) == b"return") else {
        return false;
    };
    let value: Vec<Token> =
        tokens[last + 1..].iter().take_while(|token| !token.is(b';')).copied().collect();
    !value.is_empty() && value.iter().all(|token| is_constant(text, *token))
}

fn is_constant(text: &[u8], token: Token) -> bool {
    match token.kind {
        Kind::Name => {
            let word = token.of(text);
            matches!(
                word,
                b"true" | b"false" | b"struct" | b"void" | b"int" | b"unsigned" | b"long"
            ) || !word.iter().any(u8::is_ascii_lowercase)
        }
        Kind::Number => true,
        Kind::Punct(byte) => matches!(byte, b'(' | b')' | b'-' | b'*' | b'!'),
        _ => false,
    }
}

/// The macro of a `#define`, where it is a constant, or a test of options.
fn constant_macro(text: &[u8], token: Token) -> Option<(Box<[u8]>, u32)> {
    let (word, at) = directive(text, token);
    if word != b"define" {
        return None;
    }
    let end = token.end as usize;
    let mut tokens: Vec<Token> = Lexer::within(text, at, end).take(200).collect();
    let name = *tokens.first()?;
    let mut from = 1;
    let called = text.get(name.end as usize) == Some(&b'(');
    if called {
        from = tokens.iter().position(|token| token.is(b')'))? + 1;
    }
    let body = tokens.split_off(from.min(tokens.len()));
    let tests = body.iter().any(|token| TESTS.contains(&token.of(text)));
    let constant = match body.len() {
        0 => false,
        _ if called => {
            // `({ 0; })` and `(NULL)`; what does something is none, nor is `a == 0`.
            let last = body.iter().rposition(|token| !matches!(token.kind, Kind::Punct(_)));
            body[0].of(text) != b"do"
                && last.is_some_and(|at| {
                    let word = body[at].of(text);
                    let is_value = body[at].kind == Kind::Number
                        || matches!(word, b"NULL" | b"false" | b"true")
                        || word.starts_with(b"E");
                    let before = at.checked_sub(1).map(|before| body[before].kind);
                    let is_alone = |before| {
                        matches!(before, Kind::Punct(b'(' | b')' | b'{' | b'-' | b',' | b';'))
                    };
                    is_value && before.is_none_or(is_alone)
                })
        }
        1 if body[0].kind == Kind::Name => is_constant(text, body[0]),
        _ => body.iter().all(|token| {
            matches!(token.of(text), b"0" | b"1" | b"(" | b")" | b"false" | b"true" | b"NULL")
        }),
    };
    (tests || constant).then(|| (name.of(text).into(), name.start))
}

#[cfg(test)]
mod tests {
    use super::super::declare::functions;
    use super::*;

    #[test]
    fn an_expression_is_made_of_names_but_not_of_what_it_is_given() {
        let text = b"
#define a(x) f(x, K)
#define b(x) ({ int y = g(x); h(y); })
#define c(x) do { f(x); } while (0)
static inline int d(int x) { return f(x) && K; }
";
        let found = expressions(text, &functions(text));
        let names = |of: &[&str]| of.iter().map(|name| hash(name.as_bytes())).collect::<Vec<_>>();
        let shown: Vec<(&[u8], Vec<u32>)> =
            found.iter().map(|one| (&*one.name, one.names.clone())).collect();
        assert_eq!(
            shown,
            [
                (&b"d"[..], names(&["f", "K"])),
                (b"a", names(&["f", "K"])),
                (b"b", names(&["h", "y"]))
            ]
        );
    }

    #[test]
    fn stubs_and_tests_of_options_are_constant() {
        let text = b"
#ifdef A
static inline int a(void) { return -ENODEV; }
static inline bool b(int x) { return IS_ENABLED(CONFIG_B) && x; }
static inline int c(int x) { return x; }
static inline void d(void) { }
#define e(x) (NULL)
#define f false
#define g(x) do { } while (0)
#define h 16
static const bool j UNUSED;
static const struct k k = { 0 };
static const int l[2] = { 0 };
static const unsigned int m __unused = 3;
#endif
#define i 0
#ifdef B
#define n(id) ({ int _id = (id); _id == 0x21; })
#define o(id) ({ (void)(id); 0; })
#endif
";
        let found = constants(text, &functions(text));
        let names: Vec<&[u8]> = found.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, [&b"a"[..], b"b", b"e", b"f", b"o", b"j", b"m"]);
    }
}
