//! How code is reached, from the text of one file: what is mentioned before a place of a function, and
//! who holds on to a name.

use super::lexer::{Depth, KEYWORDS, Kind, Lexer, Members, Token, directive};
use super::types::Function;

/// Who mentions a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A function, an index into the file's.
    Function(usize),
    /// The value of a variable of the file, and whether only this file sees that.
    Variable {
        /// Its name.
        name: Vec<u8>,
        /// `static`
        is_static: bool,
    },
    /// A macro that stands outside of functions, by its name.
    Macro(Vec<u8>),
    /// A macro within a function or a value that may drop what it is given (`pm_ptr`).
    Dropped,
}

/// The names in a range that stand for a value or a function, in order, with repetitions: no words of the
/// language, members, tags and labels, whatever else has the same name.
pub fn names(text: &[u8], start: u32, end: u32) -> Vec<&[u8]> {
    const NAMERS: [&[u8]; 4] = [b"struct", b"union", b"enum", b"goto"];
    let mut out = Vec::new();
    let mut members = Members::default();
    let mut before: Option<Token> = None;
    let mut tokens = Lexer::within(text, start as usize, end as usize).peekable();
    while let Some(token) = tokens.next() {
        let is_member = members.is_member(token);
        let last = before.replace(token);
        if is_member || token.kind != Kind::Name || KEYWORDS.contains(&token.of(text)) {
            continue;
        }
        let is_named = last.is_some_and(|token| NAMERS.contains(&token.of(text)));
        // A statement's beginning, or that of all.
        let begins = last.is_none_or(|token| [b';', b'{', b'}'].iter().any(|c| token.is(*c)));
        let is_label = begins && tokens.peek().is_some_and(|next| next.is(b':'));
        if !is_named && !is_label {
            out.push(token.of(text));
        }
    }
    out
}

/// What the place `at` is an argument of, in a function whose body begins at `start`: the names before
/// the parentheses that are open there.
pub fn enclosing(text: &[u8], start: u32, at: u32) -> Vec<&[u8]> {
    let mut open: Vec<Option<Token>> = Vec::new();
    let mut before: Option<Token> = None;
    for token in Lexer::within(text, start as usize, at as usize) {
        match token.kind {
            Kind::Punct(b'(') => open.push(before.filter(|token| token.kind == Kind::Name)),
            Kind::Punct(b')') => drop(open.pop()),
            Kind::Punct(b'{' | b'}' | b';') => open.clear(),
            _ => {}
        }
        before = Some(token);
    }
    open.into_iter().flatten().map(|token| token.of(text)).collect()
}

/// Whether a macro gives what it is given only where an option is on.
fn drops(word: &[u8]) -> bool {
    word.ends_with(b"_ptr")
        || word == b"PTR_IF"
        || word.ends_with(b"_PM_OPS")
        || word.ends_with(b"_PM_SLEEP_OPS")
}

/// Where `name` is mentioned, outside of its own declaration, and by whom.
pub fn holders(text: &[u8], functions: &[Function], name: &[u8]) -> Vec<(u32, Holder)> {
    let mut out = Vec::new();
    let mut depth = Depth::default();
    let mut head: Vec<Token> = Vec::new();
    let mut calls: Vec<Option<Token>> = Vec::new();
    let mut before: Option<Token> = None;
    let mut next = 0;
    for token in Lexer::new(text) {
        while functions.get(next).is_some_and(|f| f.body.1 <= token.start) {
            next += 1;
        }
        let inside = functions.get(next).is_some_and(|f| f.is_defined() && f.body.0 <= token.start);
        match token.kind {
            Kind::Directive => {
                depth.directive(directive(text, token).0);
                continue;
            }
            Kind::Punct(b'(') => calls.push(before.filter(|token| token.kind == Kind::Name)),
            Kind::Punct(b')') => drop(calls.pop()),
            Kind::Punct(b'{') => {
                depth.now += 1;
                calls.clear();
            }
            Kind::Punct(b'}') => {
                depth.now = depth.now.saturating_sub(1);
                calls.clear();
                if depth.now == 0 && inside {
                    head.clear();
                }
            }
            Kind::Punct(b';') if depth.now == 0 => {
                head.clear();
                calls.clear();
            }
            Kind::Name if token.of(text) == name => {
                let is_own = functions.iter().any(|f| f.name.0 == token.start);
                let member = before.is_some_and(|before| before.is(b'.'));
                if !is_own && !member {
                    out.push((token.start, holder(text, &head, &calls, inside.then_some(next))));
                }
            }
            _ => {}
        }
        if depth.now == 0 && !token.is(b';') && head.len() < 64 {
            if before.is_some_and(|before| before.is(b'}')) && inside {
                head.clear();
            }
            head.push(token);
        }
        before = Some(token);
    }
    out
}

fn holder(text: &[u8], head: &[Token], calls: &[Option<Token>], function: Option<usize>) -> Holder {
    if calls.iter().flatten().any(|call| drops(call.of(text))) {
        return Holder::Dropped;
    }
    if let Some(function) = function {
        return Holder::Function(function);
    }
    let equals = head.iter().position(|token| token.is(b'='));
    let Some(equals) = equals else {
        let name = calls.iter().flatten().next().or(head.first());
        return Holder::Macro(name.map_or(Vec::new(), |token| token.of(text).to_vec()));
    };
    // In a value, anything may stand behind a macro.
    if calls.iter().flatten().next().is_some() {
        return Holder::Dropped;
    }
    let declared = &head[..equals];
    let is_static = declared.iter().any(|token| token.of(text) == b"static");
    let mut open = 0_i32;
    let mut name: &[u8] = b"";
    for (at, token) in declared.iter().enumerate() {
        match token.kind {
            Kind::Punct(b'[' | b'(') => open += 1,
            Kind::Punct(b']' | b')') => open -= 1,
            Kind::Name if open == 0 => {
                let word = token.of(text);
                let attribute = word.starts_with(b"__") && at > 0;
                if !attribute {
                    name = word;
                }
            }
            _ => {}
        }
    }
    Holder::Variable { name: name.to_vec(), is_static }
}

#[cfg(test)]
mod tests {
    use super::super::declare::functions;
    use super::*;

    #[test]
    fn names_are_of_values() {
        let text =
            b"{ const struct s *p = q->r.t; if (f(p)) goto out; a ? b : c; out: g(); v.w = x; }";
        let found: Vec<&[u8]> = names(text, 0, text.len() as u32);
        let want: [&[u8]; 10] = [b"p", b"q", b"f", b"p", b"a", b"b", b"c", b"g", b"v", b"x"];
        assert_eq!(found, want);
    }

    #[test]
    fn holders_of_a_function() {
        let text = b"
static int f(void) { return 0; }
static const struct ops a = { .f = f, .g = pm_ptr(f) };
struct ops b[] __initdata = { { f } };
module_init(f);
DEFINE_OPS(c, f, f);
static int h(void) { return f() + g(pm_ptr(f)); }
";
        let found: Vec<Holder> =
            holders(text, &functions(text), b"f").into_iter().map(|(_, holder)| holder).collect();
        let variable = |name: &[u8], is_static| Holder::Variable { name: name.to_vec(), is_static };
        let makro = |name: &[u8]| Holder::Macro(name.to_vec());
        assert_eq!(
            found,
            [
                variable(b"a", true),
                Holder::Dropped,
                variable(b"b", false),
                makro(b"module_init"),
                makro(b"DEFINE_OPS"),
                makro(b"DEFINE_OPS"),
                Holder::Function(1),
                Holder::Dropped,
            ]
        );
    }
}
