//! Where functions are mentioned: the second pass over a file, which knows all names to look for.

use rustc_hash::FxHashMap;

use super::lexer::{KEYWORDS, Kind, Lexer, Token, directive};
use super::types::{Function, Manner, Mention, NOWHERE, Pasted, SourceFile};
use crate::source::guards::FileKind;

/// The number of each name.
pub(super) type Names = FxHashMap<Box<[u8]>, u32>;

/// After these a name is used, not declared.
const BEFORE_USES: &[&[u8]] = &[b"return", b"else", b"do", b"case", b"sizeof", b"goto"];
/// Names of their own kind.
const TAGS: &[&[u8]] = &[b"struct", b"union", b"enum", b"goto"];
/// What has assembly in its parentheses.
const ASM: &[&[u8]] = &[b"asm", b"__asm__", b"__asm", b"asm_inline"];

struct Finder<'a> {
    text: &'a [u8],
    names: &'a Names,
    functions: &'a [Function],
    file: u32,
    out: Vec<Mention>,
    exports_any: bool,
    pasted: Vec<Pasted>,
}

/// What the second pass finds in a file.
#[derive(Default)]
pub(super) struct Seen {
    /// In order.
    pub(super) mentions: Vec<Mention>,
    /// What it exports cannot be told.
    pub(super) exports_any: bool,
    /// Names that macros make.
    pub(super) pasted: Vec<Pasted>,
}

/// The mentions in a file.
pub(super) fn mentions(text: &[u8], file: &SourceFile, number: u32, names: &Names) -> Seen {
    let functions = &file.functions;
    let mut finder = Finder {
        text,
        names,
        functions,
        file: number,
        out: Vec::new(),
        exports_any: false,
        pasted: Vec::new(),
    };
    match file.kind {
        Some(FileKind::C | FileKind::Header) => finder.code(),
        _ => finder.foreign(0, text.len()),
    }
    Seen { mentions: finder.out, exports_any: finder.exports_any, pasted: finder.pasted }
}

impl Finder<'_> {
    fn find(&self, token: Token) -> Option<u32> {
        self.names.get(token.of(self.text)).copied()
    }

    fn add(&mut self, name: u32, token: Token, within: u32, manner: Manner) {
        self.out.push(Mention { name, file: self.file, at: token.start, within, manner });
    }

    /// Everything that is a name, whatever is around it.
    fn foreign(&mut self, start: usize, end: usize) {
        let bytes = &self.text[..end];
        let mut at = start;
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        while at < end {
            if !in_name(bytes[at]) {
                at += 1;
                continue;
            }
            let len = bytes[at..].iter().position(|byte| !in_name(*byte)).unwrap_or(end - at);
            let mut from = at;
            for part in bytes[at..at + len].split(|byte| *byte == b'.') {
                if let Some(name) = self.names.get(part) {
                    let token = Token {
                        kind: Kind::Name,
                        start: from as u32,
                        end: (from + part.len()) as u32,
                    };
                    self.add(*name, token, NOWHERE, Manner::Foreign);
                }
                from += part.len() + 1;
            }
            at += len;
        }
    }

    /// A directive: what a `#define` names and what it stands for.
    fn directive(&mut self, token: Token) {
        let (word, at) = directive(self.text, token);
        if word != b"define" {
            if word == b"pragma" {
                self.foreign(at, token.end as usize);
            }
            return;
        }
        let mut tokens = Lexer::within(self.text, at, token.end as usize);
        let Some(first) = tokens.next() else { return };
        let own = self.find(first);
        let stands_for = &self.text[at..token.end as usize];
        let pastes = memchr::memmem::find(stands_for, b"##").is_some();
        if pastes || memchr::memchr(b'{', stands_for).is_some() {
            let tokens: Vec<Token> = Lexer::within(self.text, at, token.end as usize).collect();
            if pastes {
                pasted(self.text, &tokens, &mut self.pasted);
            }
            self.pasted.extend(whole(self.text, &tokens));
        }
        let mut body = 0;
        let mut itself = false;
        let mut exports = false;
        let mut previous: Option<Token> = None;
        for token in tokens {
            body += 1;
            let text = token.of(self.text);
            match token.kind {
                Kind::Name => {
                    exports |= is_export(text);
                    itself |= body == 1 && text == first.of(self.text);
                    let member = previous.is_some_and(|previous| previous.is(b'.'));
                    if let Some(name) = self.find(token).filter(|_| !member) {
                        self.add(name, token, NOWHERE, Manner::InMacro);
                    }
                }
                Kind::Literal => self.foreign(token.start as usize, token.end as usize),
                Kind::Punct(b'#') => self.exports_any |= exports,
                _ => {}
            }
            previous = Some(token);
        }
        let Some(name) = own.filter(|_| body > 0) else { return };
        if itself && body == 1 {
            // `#define name name` only says that there is one.
            self.out.pop();
        } else {
            self.add(name, first, NOWHERE, Manner::Macro);
        }
    }

    fn code(&mut self) {
        let text = self.text;
        // Names of declarations, in order; the function that the place is in.
        let mut declared = 0;
        let mut bodies = 0;
        let mut parens = 0_u32;
        // The parenthesis after which a group of EXPORT_SYMBOL or asm ends.
        let (mut export, mut asm) = (None, None);
        let mut before = [None::<Token>; 3];
        let mut tokens = Lexer::new(text).peekable();
        while let Some(token) = tokens.next() {
            match token.kind {
                Kind::Directive => {
                    self.directive(token);
                    continue;
                }
                Kind::Punct(b'(') => parens += 1,
                Kind::Punct(b')') => {
                    parens = parens.saturating_sub(1);
                    export = export.filter(|level| parens > *level);
                    asm = asm.filter(|level| parens > *level);
                }
                Kind::Punct(b'{' | b'}') => (parens, export, asm) = (0, None, None),
                Kind::Literal if asm.is_some() => {
                    self.foreign(token.start as usize, token.end as usize);
                }
                Kind::Punct(b'#') => self.exports_any |= export.is_some(),
                Kind::Name => {
                    let word = token.of(text);
                    if ASM.contains(&word) {
                        asm = Some(parens);
                    } else if is_export(word) {
                        export = Some(parens);
                    }
                    while self
                        .functions
                        .get(bodies)
                        .is_some_and(|f| !f.is_defined() || f.body.1 <= token.start)
                    {
                        bodies += 1;
                    }
                    if let Some(name) = self.find(token) {
                        while self.functions.get(declared).is_some_and(|f| f.name.0 < token.start) {
                            declared += 1;
                        }
                        let here = self.functions.get(bodies);
                        let inside = here.is_some_and(|f| f.body.0 <= token.start);
                        let within = if inside { bodies as u32 } else { NOWHERE };
                        let declared = self.functions.get(declared);
                        let declared = declared.filter(|f| f.name.0 == token.start);
                        let next = tokens.peek().copied();
                        let manner = match declared {
                            Some(function) => Some(declaration(function)),
                            None if export.is_some() => Some(Manner::Exported),
                            None => self.manner(&before, next, inside),
                        };
                        if let Some(manner) = manner {
                            self.add(name, token, within, manner);
                        }
                    }
                }
                _ => {}
            }
            before = [Some(token), before[0], before[1]];
        }
    }

    /// How a name is mentioned that is none of a declaration; nothing where it is another's name.
    fn manner(
        &self,
        before: &[Option<Token>; 3],
        next: Option<Token>,
        inside: bool,
    ) -> Option<Manner> {
        let punct = |at: usize, byte| before[at].is_some_and(|token: Token| token.is(byte));
        if punct(0, b'.') || (punct(0, b'>') && punct(1, b'-')) {
            return None;
        }
        let call = next.is_some_and(|next| next.is(b'('));
        if punct(0, b'*') && punct(1, b'(') && next.is_some_and(|next| next.is(b')')) {
            return Some(Manner::Pointer);
        }
        if let Some(word) = before[0].filter(|token| token.kind == Kind::Name) {
            let word = word.of(self.text);
            if TAGS.contains(&word) {
                return None;
            }
            // A type before a name declares it.
            if !BEFORE_USES.contains(&word) {
                // Outside of functions, it was none that we understand: a macro may make anything of it.
                if call && !inside {
                    return Some(Manner::Macro);
                }
                return Some(if call { Manner::Declared } else { Manner::Pointer });
            }
        }
        Some(if call && inside { Manner::Called } else { Manner::Named })
    }
}

/// The names of functions that a macro pastes together: `pci_##op##_config(` is any that begins and goes
/// on so.
fn pasted(text: &[u8], tokens: &[Token], out: &mut Vec<Pasted>) {
    let open = tokens.get(1).filter(|open| open.is(b'(') && open.start == tokens[0].end);
    let close = tokens.iter().position(|token| token.is(b')'));
    let parameters = match (open, close) {
        (Some(_), Some(close)) => &tokens[2..close],
        _ => &[],
    };
    let is_parameter =
        |token: &Token| parameters.iter().any(|parameter| parameter.of(text) == token.of(text));
    let joined = |at: usize| {
        tokens.get(at).is_some_and(|token| token.is(b'#'))
            && tokens.get(at + 1).is_some_and(|token| token.is(b'#'))
    };
    let mut at = 0;
    while at < tokens.len() {
        let first = at;
        let mut parts: Pasted = Vec::new();
        let mut part = |token: &Token| {
            parts.push((!is_parameter(token)).then(|| token.of(text).into()));
        };
        part(&tokens[at]);
        while joined(at + 1)
            && let Some(next) = tokens.get(at + 3)
        {
            part(next);
            at += 3;
        }
        at += 1;
        let called = tokens.get(at).is_some_and(|next| next.is(b'('));
        let fixed: usize = parts.iter().flatten().map(|part| part.len()).sum();
        if at > first + 1 && called && fixed >= 4 {
            out.push(parts);
        }
    }
}

/// The functions that a macro defines by their whole name: `type name(…) {`, outside of all braces.
fn whole(text: &[u8], tokens: &[Token]) -> Vec<Pasted> {
    let mut out = Vec::new();
    let (mut braces, mut brackets) = (0_i32, 0_i32);
    // The name before the bracket that was opened last outside of others.
    let mut called: Option<&[u8]> = None;
    for (at, token) in tokens.iter().enumerate().skip(1) {
        match token.kind {
            Kind::Punct(b'(') => {
                let name = tokens[at - 1];
                let is_name = at > 1 && name.kind == Kind::Name && brackets == 0;
                if brackets == 0 {
                    called = is_name.then(|| name.of(text)).filter(|n| !KEYWORDS.contains(n));
                }
                brackets += 1;
            }
            Kind::Punct(b')') => brackets -= 1,
            Kind::Punct(b'{') => {
                if braces == 0 && brackets == 0 && tokens[at - 1].is(b')') {
                    out.extend(called.map(|name| vec![Some(name.into())]));
                }
                braces += 1;
            }
            Kind::Punct(b'}') => braces -= 1,
            _ => {}
        }
    }
    out
}

fn declaration(function: &Function) -> Manner {
    match (function.is_defined(), function.is_static, function.is_special) {
        (true, true, _) => Manner::Static,
        // As the alias of something else, it is there without a body.
        (_, false, true) => Manner::DefinedSpecially,
        (true, false, false) => Manner::Defined,
        (false, ..) => Manner::Declared,
    }
}

/// Whether a macro of that name exports what it is given.
fn is_export(word: &[u8]) -> bool {
    word.len() > 6 && memchr::memmem::find(word, b"EXPORT").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_macros_define_whole() {
        let found = |text: &str| -> Vec<String> {
            let tokens: Vec<Token> = Lexer::within(text.as_bytes(), 0, text.len()).collect();
            let name = |parts: Pasted| match parts.as_slice() {
                [Some(name)] => String::from_utf8_lossy(name).into_owned(),
                _ => String::new(),
            };
            whole(text.as_bytes(), &tokens).into_iter().map(name).collect()
        };
        let one =
            "MAKE_PROT prot_t get_prot(unsigned flags) { return map[f(flags)]; } EXPORT(get_prot);";
        assert_eq!(found(one), ["get_prot"]);
        assert_eq!(
            found("MAKE(t) t first(t x) { g(x); } t second(void) { if (h()) { } }"),
            ["first", "second"]
        );
        assert_eq!(found("each(x) for (x = 0; f(x); x++) if (x) {"), [""; 0]);
        assert_eq!(found("is(x) ({ f(x); }) + do { g(x); } while (0)"), [""; 0]);
    }
}
