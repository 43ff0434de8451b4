//! What a file declares and defines, each with its bytes and the names that it mentions.

use super::given::Given;
use super::locals::{Locals, parameters};
use crate::model::bytes;
use crate::source::symbols::declare::functions;
use crate::source::symbols::lexer::{
    Depth, KEYWORDS, Kind as Token, Lexer, Members, Token as Lexed, directive,
};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A function with a body.
    Function,
    /// A function's declaration.
    Prototype,
    /// `#define`, or a constant that is made for assembly.
    Macro,
    /// An enumerator: what stands before it decides its value.
    Constant,
    /// `struct`, `union` or `enum`, or a `typedef`.
    Type,
    /// A variable, or what a macro makes of the name.
    Variable,
}

/// A named piece of a file.
#[derive(Debug, Clone)]
pub struct Entity {
    /// Where its name is.
    pub name: (u32, u32),
    /// Its bytes.
    pub from: u32,
    /// The first byte after it.
    pub to: u32,
    /// What it is.
    pub kind: Kind,
    /// Its words in [`Parsed::words`].
    pub words: std::ops::Range<u32>,
}

/// A file taken apart.
#[derive(Debug, Default)]
pub struct Parsed {
    /// In no order.
    pub entities: Vec<Entity>,
    /// The names that entities mention: [`word`], with [`POINTER`] and [`CALL`]. Members of structures are
    /// none.
    pub words: Vec<u64>,
}

/// A bit of a word: a `*` follows.
pub const POINTER: u64 = 1;
/// A bit of a word: a `(` follows.
pub const CALL: u64 = 2;

/// A bit of a word: `struct`, `union` or `enum` stands before it.
pub const TAG: u64 = 4;

/// What a name is looked up by; three bits are free.
pub fn word(name: &[u8]) -> u64 {
    bytes::hash(name) << 3
}

/// Takes a file apart. In the files that make constants for assembly, `DEFINE(NAME, …)` is a macro.
pub fn parse(text: &[u8], makes_constants: bool) -> Parsed {
    let mut out = Parsed::default();
    for function in functions(text) {
        if function.is_defined() {
            out.add(text, function.name, (function.start, function.body.1), Kind::Function);
        } else {
            // Up to the end of its parameters, more or less: only what changes it matters.
            let rest = &text[function.name.1 as usize..];
            let end =
                memchr::memchr(b';', rest).map_or(text.len(), |end| function.name.1 as usize + end);
            let words = out.words.len() as u32;
            let (from, to) = (function.start, end as u32);
            let (name, kind) = (function.name, Kind::Prototype);
            out.entities.push(Entity { name, from, to, kind, words: words..words });
        }
    }
    statements(text, &mut out);
    if makes_constants {
        constants(text, &mut out);
    }
    out
}

impl Parsed {
    fn add(&mut self, text: &[u8], name: (u32, u32), (from, to): (u32, u32), kind: Kind) {
        let first = self.words.len() as u32;
        self.mention(text, name, (from, to));
        self.entities.push(Entity { name, from, to, kind, words: first..self.words.len() as u32 });
    }

    /// Adds the names of a range but one, and but those that are declared in it: parameters, local variables,
    /// members.
    pub(super) fn mention(&mut self, text: &[u8], name: (u32, u32), (from, to): (u32, u32)) {
        let first = self.words.len();
        let mut last: Option<usize> = None;
        let (mut members, mut tag) = (Members::default(), 0);
        let mut locals = Locals::default();
        for token in Lexer::within(text, from as usize, to as usize) {
            let is_member = members.is_member(token);
            let is_tag = std::mem::take(&mut tag);
            locals.look(text, token);
            match token.kind {
                Token::Name if (token.start, token.end) != name => {
                    let of = token.of(text);
                    last = None;
                    if matches!(of, b"struct" | b"union" | b"enum") {
                        tag = TAG;
                    } else if !is_member && !KEYWORDS.contains(&of) {
                        last = Some(self.words.len());
                        self.words.push(word(of) | is_tag);
                    }
                }
                Token::Punct(b'*') => {
                    if let Some(at) = last.take() {
                        self.words[at] |= POINTER;
                    }
                }
                Token::Punct(b'(') => {
                    if let Some(at) = last.take() {
                        self.words[at] |= CALL;
                    }
                }
                // A macro within a structure, say.
                Token::Directive => {}
                _ => last = None,
            }
        }
        self.forget(first, &locals.found);
    }

    /// Takes words back, from the one at `first` on; not where they are tags of types or called.
    fn forget(&mut self, first: usize, words: &[u64]) {
        if words.is_empty() {
            return;
        }
        let mut at = 0;
        self.words.retain(|word| {
            at += 1;
            at <= first
                || word & (TAG | CALL) != 0
                || !words.contains(&(word & !(TAG | CALL | POINTER)))
        });
    }
}

/// `#define`s, types and variables at the top level.
fn statements(text: &[u8], out: &mut Parsed) {
    let mut depth = Depth::default();
    let mut head: Vec<Lexed> = Vec::new();
    // Where the outermost brace of a statement opens.
    let mut body: Option<u32> = None;
    // What a macro is given may be statements, as the assignments of a trace event.
    let mut given = Given::default();
    for token in Lexer::new(text) {
        if depth.now == 0 && given.ends(text, token) {
            head.clear();
        }
        if depth.now == 0 && given.takes(token) {
            if head.len() < 400 {
                head.push(token);
            }
            continue;
        }
        match token.kind {
            Token::Directive => {
                let (what, after) = directive(text, token);
                depth.directive(what);
                if what == b"define" {
                    define(text, token, after, out);
                } else if depth.now == 0 && body.is_none() && what != b"include" {
                    head.clear();
                }
            }
            Token::Punct(b'{') => {
                if depth.now == 0 {
                    body = Some(token.start);
                }
                depth.now += 1;
            }
            Token::Punct(b'}') => {
                depth.now = depth.now.saturating_sub(1);
                if depth.now == 0 {
                    let is_type = aggregate(text, &head).is_some();
                    let has_value = head.iter().any(|token| token.is(b'='));
                    if !is_type && !has_value {
                        // A function.
                        head.clear();
                        body = None;
                    } else if let Some(open) = body {
                        types(text, &head, (open, token.end), out);
                    }
                }
            }
            Token::Punct(b';') if depth.now == 0 => {
                statement(text, &head, body, token.end, out);
                head.clear();
                body = None;
            }
            _ if depth.now == 0 && head.len() < 400 => head.push(token),
            _ => {}
        }
    }
}

fn define(text: &[u8], token: Lexed, after: usize, out: &mut Parsed) {
    let mut tokens = Lexer::within(text, after, token.end as usize);
    let Some(name) = tokens.next().filter(|name| name.kind == Token::Name) else { return };
    let span = (name.start, name.end);
    let first = out.words.len() as u32;
    let parameters = parameters(text, name.end);
    out.mention(text, span, (name.end, token.end));
    out.forget(first as usize, &parameters);
    let words = first..out.words.len() as u32;
    let (from, to) = (token.start, token.end);
    out.entities.push(Entity { name: span, from, to, kind: Kind::Macro, words });
}

/// The keyword of the aggregate whose body follows `head`, and its tag.
fn aggregate<'t>(text: &[u8], head: &'t [Lexed]) -> Option<(&'t Lexed, Option<&'t Lexed>)> {
    if head.iter().any(|token| token.is(b'=') || token.is(b')')) {
        // Attributes have parentheses, too.
        let plain = head.iter().all(|token| !token.is(b'='));
        let attribute = head.iter().any(|token| token.of(text).starts_with(b"__"));
        if !(plain && attribute) {
            return None;
        }
    }
    let is_key = |token: &Lexed| matches!(token.of(text), b"struct" | b"union" | b"enum");
    let at = head.iter().rposition(is_key)?;
    // Not of a parameter, nor of what a function returns.
    let open = |tokens: &[Lexed], c: u8| tokens.iter().filter(|token| token.is(c)).count();
    if open(&head[..at], b'(') > open(&head[..at], b')') {
        return None;
    }
    let mut names = head[at + 1..]
        .iter()
        .take_while(|token| !token.is(b'('))
        .filter(|token| token.kind == Token::Name && !token.of(text).starts_with(b"__"));
    let tag = names.next();
    names.next().is_none().then_some((&head[at], tag))
}

/// A type with its body, and its enumerators.
fn types(text: &[u8], head: &[Lexed], (open, end): (u32, u32), out: &mut Parsed) {
    let Some((key, tag)) = aggregate(text, head) else { return };
    if let Some(tag) = tag {
        out.add(text, (tag.start, tag.end), (key.start, end), Kind::Type);
    }
    if key.of(text) != b"enum" {
        return;
    }
    let mut from = open + 1;
    let mut next: Option<Lexed> = None;
    let mut expects = true;
    let mut done = |name: Lexed, from: &mut u32, upto: u32, is_set: bool| {
        if is_set {
            *from = name.start;
        }
        out.add(text, (name.start, name.end), (*from, upto), Kind::Constant);
    };
    let mut is_set = false;
    for token in Lexer::within(text, open as usize + 1, end as usize) {
        match token.kind {
            Token::Name if expects => {
                next = Some(token);
                (expects, is_set) = (false, false);
            }
            Token::Punct(b'=') => is_set = true,
            Token::Punct(b',' | b'}') => {
                if let Some(name) = next.take() {
                    done(name, &mut from, token.start, is_set);
                }
                expects = true;
            }
            _ => {}
        }
    }
}

/// What a statement at the top level declares.
fn statement(text: &[u8], head: &[Lexed], body: Option<u32>, end: u32, out: &mut Parsed) {
    let Some(first) = head.first() else { return };
    let is_name = |token: &&Lexed| token.kind == Token::Name;
    let begins = first.of(text);
    if begins == b"typedef" {
        if let Some(name) = head.iter().rfind(is_name) {
            out.add(text, (name.start, name.end), (first.start, end), Kind::Type);
        }
        return;
    }
    let value = head.iter().position(|token| token.is(b'='));
    let declared = &head[..value.unwrap_or(head.len())];
    let brackets = declared.iter().position(|token| token.is(b'('));
    // `DEFINE_MUTEX(name)`, `DEFINE_PER_CPU(int, name)`: what a macro is given. Nearly all have the name
    // first; what follows may be anything, as the parameters of a trace event.
    let made = begins.iter().all(|byte| !byte.is_ascii_lowercase())
        || declared
            .iter()
            .take(3)
            .any(|token| token.kind == Token::Name && token.of(text).starts_with(b"DEFINE_"));
    let name = match brackets {
        Some(at) if made => {
            let given = &declared[at..];
            let has_type = declared[..at]
                .iter()
                .any(|token| memchr::memmem::find(token.of(text), b"PER_CPU").is_some());
            if has_type { given.iter().rfind(is_name) } else { given.iter().find(is_name) }
        }
        Some(_) => None,
        None => {
            let array = declared.iter().position(|token| token.is(b'['));
            let before = &declared[..array.unwrap_or(declared.len())];
            // Neither the tag of its type nor an attribute.
            let mut tag = false;
            let names = before.iter().filter(is_name).filter(|token| {
                let of = token.of(text);
                let is_tag =
                    std::mem::replace(&mut tag, matches!(of, b"struct" | b"union" | b"enum"));
                !is_tag && !KEYWORDS.contains(&of)
            });
            let names: Vec<&Lexed> = names.collect();
            let plain = names.iter().copied().rfind(|token| !token.of(text).starts_with(b"__"));
            plain.or_else(|| names.first().copied())
        }
    };
    // The initial value says nothing about the size, but its type does; without one there may be a body
    // of a type.
    let upto = if value.is_some() { end } else { body.map_or(end, |_| end) };
    if let Some(name) = name {
        out.add(text, (name.start, name.end), (first.start, upto), Kind::Variable);
    }
}

/// `DEFINE(NAME, expression)`, `OFFSET(NAME, …)` in functions.
fn constants(text: &[u8], out: &mut Parsed) {
    let tokens: Vec<Lexed> =
        Lexer::new(text).filter(|token| token.kind != Token::Directive).collect();
    for (at, window) in tokens.windows(3).enumerate() {
        let [call, open, name] = window else { continue };
        let makes = matches!(call.of(text), b"DEFINE" | b"OFFSET") && open.is(b'(');
        if makes && name.kind == Token::Name {
            let close = tokens[at..].iter().find(|token| token.is(b';'));
            let end = close.map_or(text.len() as u32, |token| token.start);
            out.add(text, (name.start, name.end), (name.end, end), Kind::Macro);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_with_a_name_is_found() {
        let text = "
#define SIZE(x) \\
	(LENGTH * (x))
struct page { int flags; struct list *next; struct pgmap map; };
enum zone { NORMAL, DEVICE, MAX };
typedef struct { int x; } thing_t;
extern struct zone zones[MAX];
static inline int get(struct page *page) { return look(page); }
int put(struct page *page);
DEFINE_STATIC_KEY_FALSE(key);
static DEFINE_PER_CPU(struct page *, cached);
TRACE_EVENT(mm_event,
	TP_PROTO(struct page *page, int pfn),
	TP_fast_assign(
		__entry->pfn = pfn;
		if (page) {
			__entry->mapping = page->mapping;
		}
	)
);
static int __init unbalanced((int x);
static struct ops table = { .get = get };
";
        let parsed = parse(text.as_bytes(), false);
        let mut found: Vec<(&str, Kind)> = parsed
            .entities
            .iter()
            .map(|one| (&text[one.name.0 as usize..one.name.1 as usize], one.kind))
            .collect();
        found.sort();
        let expected = [
            ("DEVICE", Kind::Constant),
            ("MAX", Kind::Constant),
            ("NORMAL", Kind::Constant),
            ("SIZE", Kind::Macro),
            ("cached", Kind::Variable),
            ("get", Kind::Function),
            ("key", Kind::Variable),
            ("mm_event", Kind::Variable),
            ("page", Kind::Type),
            ("put", Kind::Prototype),
            ("table", Kind::Variable),
            ("thing_t", Kind::Type),
            ("zone", Kind::Type),
            ("zones", Kind::Variable),
        ];
        assert_eq!(found, expected);
        let page = parsed.entities.iter().find(|one| one.kind == Kind::Type).unwrap();
        let words = &parsed.words[page.words.start as usize..page.words.end as usize];
        assert!(words.contains(&(word(b"list") | TAG | POINTER)), "a pointer");
        assert!(words.contains(&(word(b"pgmap") | TAG)), "by value");
    }

    #[test]
    fn what_is_declared_inside_is_not_mentioned() {
        let text = "
static int f(struct page *page, unsigned long flags, pte_t *pte)
{
	int size = PAGE_SIZE * nr;
	u8 *at;
	return look(page, flags, size * order, at, pte);
}
#define m(vma, pfn) use(vma, pfn, other)
struct s { unsigned long flags; struct page *page; };
static inline void g(enum level level, struct page *p) { }
";
        let parsed = parse(text.as_bytes(), false);
        let mentions = |name: &str, what: &str| {
            let is_it = |one: &&Entity| text[one.name.0 as usize..one.name.1 as usize] == *name;
            let entity = parsed.entities.iter().find(is_it).unwrap();
            let words = &parsed.words[entity.words.start as usize..entity.words.end as usize];
            words.iter().find(|found| **found & !7 == word(what.as_bytes())).map(|found| found & 7)
        };
        for name in ["PAGE_SIZE", "nr", "order"] {
            assert!(mentions("f", name).is_some(), "{name}");
        }
        for name in ["flags", "size", "at", "pte"] {
            assert_eq!(mentions("f", name), None, "{name}");
        }
        assert_eq!(mentions("f", "page"), Some(TAG | POINTER), "the type");
        assert_eq!(mentions("f", "look"), Some(CALL));
        assert_eq!((mentions("m", "vma"), mentions("m", "pfn")), (None, None), "parameters");
        assert_eq!(mentions("m", "use"), Some(CALL));
        assert!(mentions("m", "other").is_some());
        assert_eq!(mentions("s", "flags"), None);
        assert_eq!(parsed.entities.iter().filter(|one| one.kind == Kind::Constant).count(), 0);
    }
}
