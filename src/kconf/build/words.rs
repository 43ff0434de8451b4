//! Words, symbols and expressions: from the spans of a file to what the model holds.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use super::Builder;
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::macros::{Site, Stop, closing};
use crate::kconf::model::{FileId, Place, PropKind, Symbol, SymbolId, Type};
use crate::kconf::syntax::{self, ExprKind, File, Word};

/// `&&` and `||` may nest this deep, counted from the leaves.
pub(in crate::kconf) const MAX_DEPTH: u32 = 10_000;

/// Why a statement is not carried out.
pub(super) enum Halt {
    /// `conf` exits here.
    Stop,
    /// A bare word's macros expand to nothing, and the lexer drops the token: bison meets something
    /// that does not belong there.
    Gone,
}

impl From<Stop> for Halt {
    fn from(_: Stop) -> Self {
        Self::Stop
    }
}

impl Builder<'_, '_> {
    /// The text of `word` with macros expanded and escapes resolved.
    pub(super) fn word<'f>(
        &mut self,
        file: &'f File,
        id: FileId,
        word: Word,
    ) -> Result<Cow<'f, [u8]>, Halt> {
        let text = file.text(word.span);
        if !word.dollar && !word.escaped {
            return Ok(Cow::Borrowed(text));
        }
        if !self.model.dialect.has_macros() {
            return Ok(Cow::Owned(unescape(text)));
        }
        let out = self.expand(file, id, word, text)?;
        if out.is_empty() && !word.quoted {
            return Err(Halt::Gone);
        }
        Ok(Cow::Owned(out))
    }

    /// lexer.l: `expand_token` for bare words, the STRING state for quoted ones. A reference ends at
    /// its parenthesis, whatever quotes or backslashes are in it.
    fn expand(
        &mut self,
        file: &File,
        id: FileId,
        word: Word,
        text: &[u8],
    ) -> Result<Vec<u8>, Stop> {
        let name = file.name.as_str();
        let line = file.position(word.span.start).0;
        let place = Place { file: id, line, span: word.span };
        let messages = &mut self.model.messages;
        let mut site = Site { file: name, line, place, messages };
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(&c) = text.get(at) {
            match c {
                b'$' => {
                    let open = text.get(at + 1) == Some(&b'(');
                    if open && closing(text, at + 2).is_none() {
                        // `conf` looks for the parenthesis up to the end of the line.
                        let rest = rest_of_line(file, word.span.start as usize + at + 1);
                        return Err(self
                            .macros
                            .expand_dollar(rest, 0, &mut site)
                            .err()
                            .unwrap_or(Stop));
                    }
                    let (expansion, next) = self.macros.expand_dollar(text, at + 1, &mut site)?;
                    out.extend_from_slice(&expansion);
                    at = next;
                }
                b'\\' if word.quoted => {
                    out.extend(text.get(at + 1));
                    at += 2;
                }
                _ => {
                    out.push(c);
                    at += 1;
                }
            }
        }
        Ok(out)
    }

    /// `$NAME` for the value that the symbol has so far (symbol.c until 4.17:
    /// `sym_expand_string_value`): its environment's, or its first unconditional default.
    pub(super) fn expand_symbols(&self, text: &[u8]) -> Vec<u8> {
        let mut parts = text.split(|&c| c == b'$');
        let mut out = parts.next().unwrap_or_default().to_vec();
        for part in parts {
            let end = part.iter().position(|&c| !(c.is_ascii_alphanumeric() || c == b'_'));
            let (name, rest) = part.split_at(end.unwrap_or(part.len()));
            if let Ok(symbol) = self.symbols.find(name) {
                let symbol = self.model.symbol(symbol);
                let value = symbol.props.iter().find_map(|&prop| {
                    let prop = self.model.prop(prop);
                    let plain = prop.kind == PropKind::Default && prop.visible.is_none();
                    prop.expr.filter(|_| plain).map(|value| self.model.exprs.get(value))
                });
                match value {
                    Some(Expr::Symbol(value)) if symbol.ty == Type::String => {
                        out.extend_from_slice(&self.model.symbol(value).name);
                    }
                    _ if symbol.ty == Type::Unknown => out.extend_from_slice(&symbol.name),
                    _ => {}
                }
            }
            out.extend_from_slice(rest);
        }
        out
    }

    /// The symbol of `name`, made where it is new (symbol.c: `sym_lookup`).
    pub(super) fn lookup(&mut self, name: &[u8], constant: bool) -> SymbolId {
        let known = if constant { &mut self.constants } else { &mut self.symbols };
        match known.find(name) {
            Ok(symbol) => symbol,
            Err(hash) => {
                let symbol = SymbolId::new(self.model.symbols.len() as u32);
                self.model.symbols.push(Symbol {
                    name: name.into(),
                    constant,
                    ..Symbol::default()
                });
                known.insert(name, hash, symbol);
                symbol
            }
        }
    }

    /// The symbol that `word` names.
    pub(super) fn symbol(&mut self, file: &File, id: FileId, word: Word) -> Result<SymbolId, Halt> {
        let name = self.word(file, id, word)?;
        Ok(self.lookup(&name, word.quoted))
    }

    /// The expression `at` of `file`.
    pub(super) fn expr(
        &mut self,
        file: &File,
        id: FileId,
        at: syntax::ExprId,
    ) -> Result<ExprId, Halt> {
        let node = match file.exprs[at.index()].kind {
            ExprKind::Word(word) => Expr::Symbol(self.symbol(file, id, word)?),
            ExprKind::Not(a) => Expr::Not(self.expr(file, id, a)?),
            ExprKind::And(a, b) => Expr::And(self.expr(file, id, a)?, self.expr(file, id, b)?),
            ExprKind::Or(a, b) => Expr::Or(self.expr(file, id, a)?, self.expr(file, id, b)?),
            ExprKind::Compare(cmp, a, b) => {
                Expr::Compare(cmp, self.symbol(file, id, a)?, self.symbol(file, id, b)?)
            }
        };
        Ok(self.model.exprs.intern(node))
    }

    /// The expression of an optional `if …`.
    pub(super) fn cond(
        &mut self,
        file: &File,
        id: FileId,
        cond: Option<syntax::ExprId>,
    ) -> Result<Option<ExprId>, Halt> {
        cond.map(|cond| self.expr(file, id, cond)).transpose()
    }
}

/// Symbols by their names, which are kept here once more, in one piece: to look at a symbol and then
/// at its name, each somewhere in megabytes, costs more than all the rest.
#[derive(Default)]
pub(super) struct Names {
    table: HashTable<Name>,
    text: Vec<u8>,
}

struct Name {
    hash: NameHash,
    symbol: SymbolId,
    /// Where the name is in [`Names::text`].
    start: u32,
    len: u32,
}

/// The hash of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct NameHash(u32);

impl NameHash {
    fn of(name: &[u8]) -> Self {
        Self((FxBuildHasher.hash_one(name) >> 32) as u32)
    }

    /// What the table wants: it looks at the upper bits and at the lower ones.
    fn wide(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.0)
    }
}

impl Names {
    /// The symbol of `name`, else the hash to insert it with.
    pub(super) fn find(&self, name: &[u8]) -> Result<SymbolId, NameHash> {
        let hash = NameHash::of(name);
        let text = |known: &Name| &self.text[known.start as usize..][..known.len as usize];
        let same = |known: &Name| known.hash == hash && text(known) == name;
        self.table.find(hash.wide(), same).map(|known| known.symbol).ok_or(hash)
    }

    /// Adds a name that is not there.
    pub(super) fn insert(&mut self, name: &[u8], hash: NameHash, symbol: SymbolId) {
        let (start, len) = (self.text.len() as u32, name.len() as u32);
        self.text.extend_from_slice(name);
        let name = Name { hash, symbol, start, len };
        self.table.insert_unique(hash.wide(), name, |name| name.hash.wide());
    }

    /// Makes room for `more` names.
    pub(super) fn reserve(&mut self, more: usize) {
        self.table.reserve(more, |name| name.hash.wide());
        self.text.reserve(more * 24);
    }
}

/// What follows `from` on its line.
fn rest_of_line(file: &File, from: usize) -> &[u8] {
    let rest = &file.text[from..];
    &rest[..rest.iter().position(|&c| c == b'\n').unwrap_or(rest.len())]
}

/// `\x` → `x`
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut escaped = false;
    for &c in text {
        if c == b'\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            out.push(c);
        }
    }
    out
}
