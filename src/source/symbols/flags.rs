//! Bits that a mask has only under guards: a test of such a bit is a constant without them.
//!
//! Kernels with features that a processor may have (`cpu_has_feature(F)`) test a bit of two masks first,
//! which the headers put together: what may be there, and what always is. The compiler sees both, and takes
//! away what comes after a test whose result they decide.

use super::constant::hash;
use super::lexer::{Kind, Lexer, Token, directive};

/// What a guard does to a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A mask of what is possible has it here: where no such place is compiled, the bit is 0.
    Offered,
    /// A macro has it here, alone or with others: a test of it may be decided where this is compiled.
    Decided,
}

/// A bit under a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// Its name, as [`hash`] has it.
    pub name: u32,
    /// Where it is mentioned, in bytes.
    pub at: u32,
    /// What that says.
    pub effect: Effect,
}

/// A macro of more tokens is no mask.
const MAX_TOKENS: usize = 40;

/// The bits that masks of a header have under guards.
pub fn flags(text: &[u8]) -> Vec<Flag> {
    let mut out = Vec::new();
    if memchr::memmem::find(text, b"#if").is_none() {
        return out;
    }
    let mut state = State::default();
    // `enum x f(…)` and `enum x v;` have no list; `enum x {` and `enum {` do.
    let mut since_enum = None;
    for token in Lexer::new(text) {
        let since = since_enum.take();
        match token.kind {
            Kind::Directive => {
                let (word, at) = directive(text, token);
                if word == b"define" {
                    decided(text, at, token.end as usize, &mut out);
                } else {
                    state.directive(word);
                }
            }
            Kind::Punct(b'{') if since.is_some() => state.open(),
            Kind::Punct(b'}') => state.close(&mut out),
            Kind::Punct(b',') => state.next(&mut out),
            Kind::Punct(b'=') if state.in_enum => state.in_value = true,
            Kind::Name if token.of(text) == b"enum" => since_enum = Some(0),
            Kind::Name if state.in_value => state.name(token, text),
            Kind::Name if since == Some(0) => since_enum = Some(1),
            _ => {}
        }
    }
    out
}

/// Where in an enumeration we are.
#[derive(Default)]
struct State {
    in_enum: bool,
    in_value: bool,
    /// Conditionals that are open within this value.
    open: u32,
    /// The value has conditionals.
    has_guards: bool,
    found: Vec<Flag>,
    /// Names that the value has without a guard.
    free: Vec<u32>,
}

impl State {
    fn open(&mut self) {
        *self = Self { in_enum: true, ..Self::default() };
    }

    fn directive(&mut self, word: &[u8]) {
        if self.in_value {
            match word {
                b"if" | b"ifdef" | b"ifndef" => {
                    self.open += 1;
                    self.has_guards = true;
                }
                b"endif" => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn name(&mut self, token: Token, text: &[u8]) {
        let word = token.of(text);
        if !is_upper(word) {
            return;
        }
        let name = hash(word);
        if self.open > 0 {
            self.found.push(Flag { name, at: token.start, effect: Effect::Offered });
        } else {
            self.free.push(name);
        }
    }

    /// The value has ended.
    fn next(&mut self, out: &mut Vec<Flag>) {
        // One whose conditional goes on beyond it is only one of several values.
        if self.in_value && self.has_guards && self.open == 0 {
            let free = &self.free;
            out.extend(self.found.iter().filter(|flag| !free.contains(&flag.name)));
        }
        *self = Self { in_enum: self.in_enum, ..Self::default() };
    }

    fn close(&mut self, out: &mut Vec<Flag>) {
        self.next(out);
        self.in_enum = false;
    }
}

/// The names in what a macro without parameters stands for, if that is a mask.
fn decided(text: &[u8], from: usize, end: usize, out: &mut Vec<Flag>) {
    let mut tokens = Lexer::within(text, from, end);
    let Some(name) = tokens.next() else { return };
    if !is_upper(name.of(text)) || text.get(name.end as usize) == Some(&b'(') {
        return;
    }
    let body: Vec<Token> = tokens.take(MAX_TOKENS + 1).collect();
    let is_mask = |token: &Token| match token.kind {
        Kind::Name => is_upper(token.of(text)),
        Kind::Number => true,
        Kind::Punct(byte) => matches!(byte, b'(' | b')' | b'|' | b'&' | b'<' | b'~'),
        _ => false,
    };
    if body.len() > MAX_TOKENS || !body.iter().all(is_mask) {
        return;
    }
    let names = body.iter().filter(|token| token.kind == Kind::Name);
    out.extend(names.map(|token| Flag {
        name: hash(token.of(text)),
        at: name.start,
        effect: Effect::Decided,
    }));
}

fn is_upper(word: &[u8]) -> bool {
    word.len() > 3 && !word.iter().any(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_masks_under_guards() {
        let text = b"
#ifndef H
#define H
#define FTR_ALL (FTR_X | 1 << (FTR_Y & 31))
#define FTR_CALL(x) FTR_X
#define FTR_TEXT FTR_X[0]
enum kind plain(enum kind a, enum kind b);
enum { FTR_PLAIN = FTR_Z, FTR_POSSIBLE =
#ifdef A
	FTR_X | FTR_FREE |
#elif B
	FTR_X | FTR_Y |
#endif
	FTR_FREE,
#ifdef C
	FTR_OTHER = FTR_Z,
#endif
};
#endif
";
        let found = flags(text);
        let name = |flag: &Flag| {
            let names = ["FTR_X", "FTR_Y", "FTR_Z", "FTR_FREE"];
            names.into_iter().find(|name| hash(name.as_bytes()) == flag.name)
        };
        let shown: Vec<_> = found.iter().map(|flag| (name(flag), flag.effect)).collect();
        let (x, y) = (Some("FTR_X"), Some("FTR_Y"));
        assert_eq!(
            shown,
            [
                (x, Effect::Decided),
                (y, Effect::Decided),
                (x, Effect::Offered),
                (x, Effect::Offered),
                (y, Effect::Offered)
            ]
        );
    }
}
