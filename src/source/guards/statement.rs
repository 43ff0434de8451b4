//! Where statements of C end.
//!
//! A guard that is believed to reach too far is a lie, one that stops early is merely less: where
//! conditionals of the preprocessor cut through a statement, or a label lets the flow of control in,
//! there is no answer.

use super::code_tokens::{Cursor, Kind, Token};
use super::scan::Kind as DirectiveKind;

/// How deep statements may nest.
const MAX_DEPTH: u32 = 60;
/// How many tokens a guarded statement may have.
const MAX_TOKENS: usize = 50_000;
/// How many tokens a condition may have, or what a call is given. Looked for at each test of an option, of
/// which a file may have a hundred thousand that never end.
const MAX_GROUP: usize = 1_000;

/// A statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement {
    pub(super) start: usize,
    pub(super) end: usize,
    /// It ends by leaving: `return`, `goto`, `break`, `continue`.
    pub(super) leaves: bool,
}

/// Checks that conditionals and braces nest in each other.
#[derive(Default)]
struct Nesting {
    /// The depth of brackets at each open conditional.
    conditionals: Vec<usize>,
    depth: usize,
}

impl Nesting {
    /// Takes a token; `None` where things do not nest.
    fn take(&mut self, kind: Kind) -> Option<()> {
        let begun = match kind {
            Kind::Punct(b'(' | b'[' | b'{') => {
                self.depth += 1;
                return Some(());
            }
            Kind::Punct(b')' | b']' | b'}') => {
                self.depth = self.depth.checked_sub(1)?;
                return Some(());
            }
            Kind::Directive(DirectiveKind::Block(directive)) if directive.opens() => {
                self.conditionals.push(self.depth);
                return Some(());
            }
            Kind::Directive(DirectiveKind::Block(_)) => *self.conditionals.last()?,
            Kind::Directive(DirectiveKind::Endif) => self.conditionals.pop()?,
            _ => return Some(()),
        };
        (begun == self.depth).then_some(())
    }
}

fn leaves(word: &[u8]) -> bool {
    matches!(word, b"return" | b"goto" | b"break" | b"continue")
}

/// The statement at `cursor`, which is moved behind it.
pub(super) fn statement(cursor: &mut Cursor) -> Option<Statement> {
    nested(cursor, 0)
}

fn nested(cursor: &mut Cursor, depth: u32) -> Option<Statement> {
    if depth > MAX_DEPTH {
        return None;
    }
    let first = cursor.peek()?;
    match (first.kind, cursor.of(first)) {
        (Kind::Punct(b'{'), _) => block(cursor),
        (Kind::Name, b"if") => {
            cursor.next();
            group(cursor, b'(')?;
            let mut end = nested(cursor, depth + 1)?.end;
            if let Some(word) = cursor.peek().filter(|token| cursor.of(*token) == b"else") {
                cursor.next().filter(|token| *token == word)?;
                end = nested(cursor, depth + 1)?.end;
            }
            Some(Statement { start: first.start, end, leaves: false })
        }
        (Kind::Name, b"for" | b"while" | b"switch") => {
            cursor.next();
            group(cursor, b'(')?;
            let end = nested(cursor, depth + 1)?.end;
            Some(Statement { start: first.start, end, leaves: false })
        }
        (Kind::Name, b"do") => {
            cursor.next();
            nested(cursor, depth + 1)?;
            let end = simple(cursor)?.end;
            Some(Statement { start: first.start, end, leaves: false })
        }
        (Kind::Name, word) => {
            let leaves = leaves(word);
            // Macros that loop: `for_each_thing(…) {`.
            let mut ahead = cursor.clone();
            ahead.next();
            if ahead.peek().is_some_and(|token| token.kind == Kind::Punct(b'('))
                && group(&mut ahead, b'(').is_some()
                && ahead.peek().is_some_and(|token| token.kind == Kind::Punct(b'{'))
            {
                *cursor = ahead;
                let end = block(cursor)?.end;
                return Some(Statement { start: first.start, end, leaves: false });
            }
            let statement = simple(cursor)?;
            Some(Statement { leaves, ..statement })
        }
        (Kind::Directive(_), _) => None,
        _ => simple(cursor),
    }
}

/// Everything up to a semicolon.
fn simple(cursor: &mut Cursor) -> Option<Statement> {
    let start = cursor.peek()?.start;
    let mut nesting = Nesting::default();
    for token in cursor.by_ref().take(MAX_TOKENS) {
        nesting.take(token.kind)?;
        if matches!(token.kind, Kind::Directive(DirectiveKind::Block(_) | DirectiveKind::Endif)) {
            return None;
        }
        if token.kind == Kind::Punct(b';') && nesting.depth == 0 {
            return Some(Statement { start, end: token.end, leaves: false });
        }
    }
    None
}

/// A group in brackets; returns what is inside.
pub(super) fn group(cursor: &mut Cursor, open: u8) -> Option<Vec<Token>> {
    if cursor.next()?.kind != Kind::Punct(open) {
        return None;
    }
    let mut nesting = Nesting { depth: 1, ..Nesting::default() };
    let mut inside = Vec::new();
    for token in cursor.by_ref().take(MAX_GROUP) {
        nesting.take(token.kind)?;
        if nesting.depth == 0 {
            return Some(inside);
        }
        inside.push(token);
    }
    None
}

/// Watches where statements begin.
struct Begin<'a> {
    /// The next token begins a statement.
    here: bool,
    /// The word that the last statement of the outermost block begins with.
    word: &'a [u8],
    /// That statement is in a conditional of the preprocessor.
    conditional: bool,
}

impl<'a> Begin<'a> {
    fn new() -> Self {
        Self { here: true, word: b"", conditional: false }
    }

    /// Takes a token, which `cursor` is just behind; whether it is a label.
    fn is_label(
        &mut self,
        token: Token,
        cursor: &Cursor<'_, 'a>,
        nesting: &Nesting,
        top: usize,
    ) -> bool {
        let mut label = false;
        match token.kind {
            Kind::Directive(_) => return false,
            Kind::Name if self.here => {
                let word = cursor.of(token);
                let colon = cursor.peek().is_some_and(|next| next.kind == Kind::Punct(b':'));
                label = colon && word != b"default";
                if nesting.depth == top {
                    self.word = word;
                    self.conditional = !nesting.conditionals.is_empty();
                }
            }
            _ => {}
        }
        self.here = matches!(token.kind, Kind::Punct(b';' | b'{' | b'}' | b':'));
        label
    }
}

/// A block in braces without a label that control could come in by.
fn block(cursor: &mut Cursor) -> Option<Statement> {
    let open = cursor.next()?;
    let mut nesting = Nesting { depth: 1, ..Nesting::default() };
    let mut begin = Begin::new();
    for _ in 0..MAX_TOKENS {
        let token = cursor.next()?;
        nesting.take(token.kind)?;
        if nesting.depth == 0 {
            let leaves = leaves(begin.word) && !begin.conditional;
            let clean = nesting.conditionals.is_empty();
            return clean.then_some(Statement { start: open.start, end: token.end, leaves });
        }
        if begin.is_label(token, cursor, &nesting, 1) {
            return None;
        }
    }
    None
}

/// Where that ends which only runs if control comes from `cursor`: at the end of the block around it,
/// at a label, or where a conditional of the preprocessor ends that began before.
pub(super) fn rest(mut cursor: Cursor) -> Option<(usize, usize)> {
    let mut nesting = Nesting::default();
    let mut begin = Begin::new();
    let start = cursor.peek()?.start;
    let mut end = start;
    for _ in 0..MAX_TOKENS {
        let Some(token) = cursor.next() else { break };
        let closes = token.kind == Kind::Punct(b'}') && nesting.depth == 0;
        let case =
            begin.here && nesting.depth == 0 && matches!(cursor.of(token), b"case" | b"default");
        if closes || case || begin.is_label(token, &cursor, &nesting, 0) {
            break;
        }
        if nesting.take(token.kind).is_none() {
            break;
        }
        end = token.end;
    }
    (end > start).then_some((start, end))
}
