//! What one statement says: `parser.y`'s rules, one line at a time.
//!
//! Which options may follow is decided by the entry they stand in, and an entry never reaches beyond
//! its file; so this is decided here too. Blocks may be opened and closed anywhere: they are the
//! builder's.

use super::expr::Stacks;
use super::token::{Keyword, Kind, Token};
use super::{
    BadLine, Expr, ExprId, ExprKind, Flavor, LineKind, OptionLine, Prompt, Span, Type, Word,
};
use crate::kconf::dialect::Dialect;

/// The entry whose options are being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// None: only the start of a statement may follow.
    None,
    /// `config` or `menuconfig`
    Config,
    /// `choice`
    Choice,
    /// `menu`
    Menu,
    /// `comment`
    Comment,
}

/// The tokens of a statement, read from left to right.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
    at: usize,
    pub(super) dialect: Dialect,
    pub(super) stacks: &'a mut Stacks,
    /// What `option` names that is none, until 4.20: conf ignores it with a warning.
    unknown_options: Vec<Word>,
}

impl Token {
    /// Where it starts, the opening quote included.
    pub(super) fn start(&self) -> u32 {
        self.word.span.start - u32::from(self.word.quoted)
    }
}

impl<'a> Cursor<'a> {
    pub(super) fn new(
        text: &'a [u8],
        tokens: &'a [Token],
        dialect: Dialect,
        stacks: &'a mut Stacks,
    ) -> Self {
        Self { text, tokens, at: 0, dialect, stacks, unknown_options: Vec::new() }
    }

    pub(super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    pub(super) fn next(&mut self) -> Option<&'a Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    fn eat(&mut self, kind: Kind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == kind);
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, keyword: Keyword) -> bool {
        self.eat(Kind::Keyword(keyword))
    }

    /// A word that is not quoted: `nonconst_symbol`.
    fn name(&mut self) -> Result<Word, BadLine> {
        match self.next() {
            Some(&Token { kind: Kind::Word, word, .. }) => Ok(word),
            _ => Err(BadLine::Invalid),
        }
    }

    /// A word, quoted or not: `symbol`.
    pub(super) fn symbol(&mut self) -> Result<&'a Token, BadLine> {
        match self.next() {
            Some(token) if matches!(token.kind, Kind::Word | Kind::Quoted) => Ok(token),
            _ => Err(BadLine::Invalid),
        }
    }

    /// A text: quoted, or a word where the dialect allows that.
    fn text(&mut self) -> Result<Word, BadLine> {
        let token = self.symbol()?;
        let fine = token.kind == Kind::Quoted || self.dialect.has_bare_texts();
        if fine { Ok(token.word) } else { Err(BadLine::Invalid) }
    }

    /// `if_expr`
    fn condition(&mut self, exprs: &mut Vec<Expr>) -> Result<Option<ExprId>, BadLine> {
        if self.keyword(Keyword::If) { self.expr(exprs).map(Some) } else { Ok(None) }
    }

    fn expr(&mut self, exprs: &mut Vec<Expr>) -> Result<ExprId, BadLine> {
        super::expr::parse(self, exprs)
    }

    fn prompt(&mut self, exprs: &mut Vec<Expr>) -> Result<Prompt, BadLine> {
        Ok(Prompt { text: self.text()?, cond: self.condition(exprs)? })
    }

    fn text_of(&self, word: Word) -> &'a [u8] {
        &self.text[word.span.start as usize..(word.span.start + word.span.len) as usize]
    }

    fn rest(&self) -> &'a [Token] {
        self.tokens.get(self.at..).unwrap_or_default()
    }
}

/// What a statement says.
pub(super) struct Said {
    pub(super) kind: LineKind,
    /// See [`Cursor::unknown_options`].
    pub(super) unknown_options: Vec<Word>,
}

/// What the statement at `cursor` says in `entry`, which it changes. A help text is not read yet.
pub(super) fn statement(mut cursor: Cursor, entry: &mut Entry, exprs: &mut Vec<Expr>) -> Said {
    let before = exprs.len();
    let kind = match read(&mut cursor, *entry, exprs) {
        Ok((kind, _)) if !cursor.rest().is_empty() => Err(tail(&kind)),
        Ok((kind, after)) => {
            *entry = after;
            Ok(kind)
        }
        Err(bad) => Err(bad),
    };
    let kind = kind.unwrap_or_else(|bad| {
        exprs.truncate(before);
        if !stays(cursor.tokens, *entry, cursor.dialect) {
            *entry = Entry::None;
        }
        LineKind::Bad(bad)
    });
    Said { kind, unknown_options: cursor.unknown_options }
}

/// What is wrong with a statement that goes on after its end.
fn tail(kind: &LineKind) -> BadLine {
    match kind {
        LineKind::Assign { name, .. } => BadLine::Unknown(*name),
        _ => BadLine::Invalid,
    }
}

/// Whether `entry` goes on after a bad line: it does where `option_error` takes the error.
fn stays(tokens: &[Token], entry: Entry, dialect: Dialect) -> bool {
    dialect.has_option_errors()
        && match tokens.first().map(|token| token.kind) {
            Some(Kind::Keyword(keyword)) => match keyword {
                Keyword::Depends => entry != Entry::None,
                Keyword::Optional => entry == Entry::Choice,
                Keyword::Select | Keyword::Imply | Keyword::Range | Keyword::Option => {
                    entry == Entry::Config
                }
                keyword => is_option(keyword) && matches!(entry, Entry::Config | Entry::Choice),
            },
            // 4.18 to 4.20 take the word for a variable, which ends the entry.
            Some(Kind::Word) => !dialect.has_macros(),
            _ => true,
        }
}

/// Whether `keyword` starts an option that both configs and choices may have.
fn is_option(keyword: Keyword) -> bool {
    use Keyword as K;
    matches!(
        keyword,
        K::Prompt
            | K::Bool
            | K::Tristate
            | K::Int
            | K::Hex
            | K::String
            | K::Help
            | K::Default
            | K::DefBool
            | K::DefTristate
    )
}

type Read = Result<(LineKind, Entry), BadLine>;

fn read(cursor: &mut Cursor, entry: Entry, exprs: &mut Vec<Expr>) -> Read {
    let first = cursor.next().ok_or(BadLine::Invalid)?;
    match first.kind {
        Kind::Keyword(keyword) => keyword_statement(cursor, keyword, first, entry, exprs),
        Kind::Word => word_statement(cursor, first, entry),
        _ => Err(BadLine::Invalid),
    }
}

/// An assignment, a line of macros, or nothing that Kconfig knows.
fn word_statement(cursor: &mut Cursor, first: &Token, entry: Entry) -> Read {
    // From 4.18 to 4.20 any word is a variable until something else follows than an assignment.
    let variable = cursor.dialect.has_macros() && !cursor.dialect.has_flat_lexer();
    let unknown = if variable { BadLine::Invalid } else { BadLine::Unknown(first.word) };
    if let Some(flavor) = cursor.peek().and_then(|token| token.kind.flavor()) {
        let after = cursor.next().map_or(0, |token| token.end);
        let value = match cursor.peek() {
            Some(&Token { kind: Kind::Value, word, .. }) => {
                cursor.skip();
                word.span
            }
            _ => Span { start: after, len: 0 },
        };
        if !cursor.dialect.has_macros() {
            return Err(unknown);
        }
        return Ok((LineKind::Assign { name: first.word, flavor, value }, Entry::None));
    }
    let words = std::iter::once(first).chain(cursor.rest());
    if cursor.dialect.has_macros()
        && words.clone().all(|token| token.kind == Kind::Word && token.word.dollar)
    {
        let words = words.map(|token| token.word).collect();
        cursor.at = cursor.tokens.len();
        return Ok((LineKind::Expand(words), entry));
    }
    Err(unknown)
}

fn keyword_statement(
    cursor: &mut Cursor,
    keyword: Keyword,
    first: &Token,
    entry: Entry,
    exprs: &mut Vec<Expr>,
) -> Read {
    let start = |kind, entry| Ok((kind, entry));
    match keyword {
        Keyword::MainMenu => start(LineKind::MainMenu(cursor.text()?), Entry::None),
        Keyword::Config => {
            start(LineKind::Config { name: cursor.name()?, menu: false }, Entry::Config)
        }
        Keyword::MenuConfig => {
            start(LineKind::Config { name: cursor.name()?, menu: true }, Entry::Config)
        }
        Keyword::Choice => {
            let named = cursor.dialect.has_named_choices() && !cursor.rest().is_empty();
            start(LineKind::Choice(if named { Some(cursor.name()?) } else { None }), Entry::Choice)
        }
        Keyword::EndChoice => start(LineKind::EndChoice, Entry::None),
        Keyword::Menu => start(LineKind::Menu(cursor.text()?), Entry::Menu),
        Keyword::EndMenu => start(LineKind::EndMenu, Entry::None),
        Keyword::If => start(LineKind::If(cursor.expr(exprs)?), Entry::None),
        Keyword::EndIf => start(LineKind::EndIf, Entry::None),
        Keyword::Comment => start(LineKind::Comment(cursor.text()?), Entry::Comment),
        Keyword::Source => start(LineKind::Source(cursor.text()?), Entry::None),
        _ => {
            let kind = option(cursor, keyword, first, exprs)?;
            if allowed(&kind, entry, cursor.dialect, exprs) {
                Ok((kind, entry))
            } else {
                Err(BadLine::Invalid)
            }
        }
    }
}

/// An option of an entry.
fn option(
    cursor: &mut Cursor,
    keyword: Keyword,
    first: &Token,
    exprs: &mut Vec<Expr>,
) -> Result<LineKind, BadLine> {
    let ty = match keyword {
        Keyword::Bool | Keyword::DefBool => Type::Bool,
        Keyword::Tristate | Keyword::DefTristate => Type::Tristate,
        Keyword::Int => Type::Int,
        Keyword::Hex => Type::Hex,
        Keyword::String => Type::String,
        _ => Type::Unknown,
    };
    Ok(match keyword {
        Keyword::Bool | Keyword::Tristate | Keyword::Int | Keyword::Hex | Keyword::String => {
            let prompt = if cursor.rest().is_empty() { None } else { Some(cursor.prompt(exprs)?) };
            LineKind::Type { ty, prompt }
        }
        Keyword::Prompt => LineKind::Prompt(cursor.prompt(exprs)?),
        Keyword::Default | Keyword::DefBool | Keyword::DefTristate => {
            let value = cursor.expr(exprs)?;
            let ty = (ty != Type::Unknown).then_some(ty);
            LineKind::Default { ty, value, cond: cursor.condition(exprs)? }
        }
        Keyword::Select => {
            LineKind::Select { name: cursor.name()?, cond: cursor.condition(exprs)? }
        }
        Keyword::Imply => LineKind::Imply { name: cursor.name()?, cond: cursor.condition(exprs)? },
        Keyword::Range => {
            let (low, high) = (cursor.symbol()?.word, cursor.symbol()?.word);
            LineKind::Range { low, high, cond: cursor.condition(exprs)? }
        }
        Keyword::Depends if cursor.keyword(Keyword::On) => {
            let on = cursor.expr(exprs)?;
            let conditional = cursor.dialect.has_conditional_depends();
            LineKind::Depends {
                on,
                cond: if conditional { cursor.condition(exprs)? } else { None },
            }
        }
        Keyword::Visible => LineKind::Visible(cursor.condition(exprs)?),
        Keyword::Optional => LineKind::Optional,
        Keyword::Transitional => LineKind::Transitional,
        Keyword::Option => return option_line(cursor),
        Keyword::Modules if !cursor.dialect.has_option_lines() => {
            LineKind::Option(OptionLine::Modules)
        }
        Keyword::Help => LineKind::Help(Span { start: first.end, len: 0 }),
        _ => return Err(BadLine::Invalid),
    })
}

/// `option …`. Until 4.20 it is a list, in which conf ignores what it does not know; a list of more
/// than one known option, which no tree has, is none here.
fn option_line(cursor: &mut Cursor) -> Result<LineKind, BadLine> {
    if cursor.dialect.has_flat_lexer() {
        let option = match cursor.next().map(|token| token.kind) {
            Some(Kind::Keyword(Keyword::Modules)) => OptionLine::Modules,
            Some(Kind::Keyword(Keyword::DefconfigList)) => OptionLine::DefconfigList,
            Some(Kind::Keyword(Keyword::AllnoconfigY)) => OptionLine::AllnoconfigY,
            _ => return Err(BadLine::Invalid),
        };
        return Ok(LineKind::Option(option));
    }
    let mut known = None;
    while !cursor.rest().is_empty() {
        let name = cursor.name()?;
        let value = if cursor.eat(Kind::Equal) { Some(cursor.text()?) } else { None };
        let option = match (cursor.text_of(name), value) {
            (b"modules", _) => OptionLine::Modules,
            (b"defconfig_list", _) => OptionLine::DefconfigList,
            (b"allnoconfig_y", _) => OptionLine::AllnoconfigY,
            (b"env", Some(value)) if cursor.dialect.has_option_env() => OptionLine::Env(value),
            _ => {
                cursor.unknown_options.push(name);
                continue;
            }
        };
        if known.replace(option).is_some() {
            return Err(BadLine::Invalid);
        }
    }
    Ok(known.map_or(LineKind::Expand(Vec::new()), LineKind::Option))
}

/// Whether `entry` may have this option.
fn allowed(kind: &LineKind, entry: Entry, dialect: Dialect, exprs: &[Expr]) -> bool {
    match entry {
        Entry::None => false,
        Entry::Config => !matches!(kind, LineKind::Visible(_) | LineKind::Optional),
        Entry::Menu => matches!(kind, LineKind::Visible(_) | LineKind::Depends { .. }),
        Entry::Comment => matches!(kind, LineKind::Depends { .. }),
        Entry::Choice => match kind {
            LineKind::Prompt(_)
            | LineKind::Depends { .. }
            | LineKind::Help(_)
            | LineKind::Optional => true,
            LineKind::Type { .. } if !dialect.has_choice_types() => false,
            LineKind::Type { ty, prompt } => match ty {
                Type::Bool => prompt.is_some() || dialect.has_tristate_choices(),
                Type::Tristate => dialect.has_tristate_choices(),
                _ => false,
            },
            LineKind::Default { ty: None, value, .. } => {
                let value = exprs.get(value.index()).map(|value| value.kind);
                matches!(value, Some(ExprKind::Word(word)) if !word.quoted)
            }
            _ => false,
        },
    }
}

impl Flavor {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Recursive => "=",
            Self::Simple => ":=",
            Self::Append => "+=",
        }
    }
}
