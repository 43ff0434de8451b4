//! The syntax of one Kconfig file: a list of lines with spans, before any macro is expanded.
//!
//! Kconfig is line-oriented and its blocks are closed by the parser across `source`d files, so a file
//! is a flat list of statements here; [`super::build`] nests them. Nothing in this layer depends on
//! an architecture, a macro's value or the environment: a file is read and parsed once, and shared by
//! all architectures and threads.
//!
//! A `$(…)` reference always ends inside the word or string it stands in, whatever it expands to
//! (scripts/kconfig/lexer.l: `expand_token`, `append_expanded_string`), which is what makes parsing
//! before expanding possible. The only exception, a bare word that expands to nothing, is the
//! builder's to report.

use std::path::PathBuf;
use std::sync::Arc;

use super::dialect::Dialect;
use super::id::id;

mod expr;
mod help;
mod lexer;
mod lexer_old;
mod parse;
mod print;
mod statement;
mod strings;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod words;

pub use help::help_text;
pub use parse::{parse, reparse};
pub use print::print;
pub use statement::Entry;
pub use text::Text;

/// A piece of one file's text: byte offset and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte, counted from 0.
    pub start: u32,
    /// Length in bytes.
    pub len: u32,
}

/// A Kconfig file: its text and its lines.
#[derive(Debug, Default)]
pub struct File {
    /// The name as `conf` prints it: as written in `source`, relative to the tree.
    pub name: String,
    /// Where it was read.
    pub path: PathBuf,
    /// The file's bytes; comments and help may be any encoding.
    pub text: Arc<Text>,
    /// The statements in order.
    pub lines: Vec<Line>,
    /// The expressions that lines refer to; operands stand before what uses them.
    pub exprs: Vec<Expr>,
    /// What the lexer had to say, in order of position (`ignoring unsupported character`, …).
    pub diags: Vec<Diag>,
    /// The language it was read in.
    pub dialect: Dialect,
    /// The last statement has no newline after it. In the first file that `conf` reads, this is a
    /// syntax error in some versions: see [`super::dialect::Dialect::has_final_newline`].
    pub no_newline: bool,
    /// Reading stopped at a [`Severity::Fatal`] message.
    pub unterminated: bool,
}

id! {
    /// Index into [`File::exprs`].
    ExprId
}

/// A word: a symbol's name, a quoted string, a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The text without its quotes. It ends where a NUL ends a C string; a NUL that it still holds is
    /// one that `conf` loses when it looks for the end of a reference: leave it out.
    pub span: Span,
    /// Whether it was quoted; a quoted symbol is a constant.
    pub quoted: bool,
    /// Whether it holds a `$` that a macro expansion has to look at.
    pub dollar: bool,
    /// Whether it holds a backslash escape.
    pub escaped: bool,
}

/// A statement and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The 1-based line number that `conf` names in messages about this statement: that of its first
    /// token; of a help text, since 5.0, that where the text ends.
    pub line: u32,
    /// The statement's text from its first to its last token; for help, keyword and text.
    pub span: Span,
    /// What it says.
    pub kind: LineKind,
}

/// The types of symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Type {
    /// Never given a type.
    #[default]
    Unknown,
    /// `bool` (and `boolean` until 4.19 or so).
    Bool,
    /// `tristate`
    Tristate,
    /// `int`
    Int,
    /// `hex`
    Hex,
    /// `string`
    String,
}

impl Type {
    /// The keyword, for people; `unknown` where there is none.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Bool => "bool",
            Self::Tristate => "tristate",
            Self::Int => "int",
            Self::Hex => "hex",
            Self::String => "string",
        }
    }
}

/// A prompt and its condition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prompt {
    /// The text shown to the user.
    pub text: Word,
    /// `if …`
    pub cond: Option<ExprId>,
}

/// `=`, `:=` and `+=` of a macro definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// `=`: expanded when used.
    Recursive,
    /// `:=`: expanded when defined.
    Simple,
    /// `+=`: appended; keeps the flavour the variable has.
    Append,
}

/// `option …` of older dialects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptionLine {
    /// `option modules`, and `modules` since 5.13 or so.
    Modules,
    /// `option defconfig_list`
    DefconfigList,
    /// `option env="NAME"`
    Env(Word),
    /// `option allnoconfig_y`
    AllnoconfigY,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub enum LineKind {
    /// `mainmenu "text"`
    MainMenu(Word),
    /// `config NAME` or `menuconfig NAME`
    Config {
        /// The symbol.
        name: Word,
        /// Whether it is `menuconfig`.
        menu: bool,
    },
    /// `choice`, with a name until 6.8.
    Choice(Option<Word>),
    /// `endchoice`
    EndChoice,
    /// `menu "text"`
    Menu(Word),
    /// `endmenu`
    EndMenu,
    /// `if EXPR`
    If(ExprId),
    /// `endif`
    EndIf,
    /// `comment "text"`
    Comment(Word),
    /// `source "path"`
    Source(Word),
    /// `bool`, `tristate`, `int`, `hex`, `string`, with or without a prompt.
    Type {
        /// The type.
        ty: Type,
        /// `bool "prompt" if …`
        prompt: Option<Prompt>,
    },
    /// `prompt "text" if …`
    Prompt(Prompt),
    /// `default VALUE if …`, `def_bool`, `def_tristate`
    Default {
        /// The type that `def_bool` and `def_tristate` give.
        ty: Option<Type>,
        /// The value.
        value: ExprId,
        /// `if …`
        cond: Option<ExprId>,
    },
    /// `select NAME if …`
    Select {
        /// The selected symbol.
        name: Word,
        /// `if …`
        cond: Option<ExprId>,
    },
    /// `imply NAME if …`
    Imply {
        /// The implied symbol.
        name: Word,
        /// `if …`
        cond: Option<ExprId>,
    },
    /// `range LOW HIGH if …`
    Range {
        /// The lower bound.
        low: Word,
        /// The upper bound.
        high: Word,
        /// `if …`
        cond: Option<ExprId>,
    },
    /// `depends on EXPR`, in newer trees with `if …`
    Depends {
        /// What is depended on.
        on: ExprId,
        /// `if …`
        cond: Option<ExprId>,
    },
    /// `visible if EXPR`
    Visible(Option<ExprId>),
    /// `optional` of a choice, until 6.8.
    Optional,
    /// `transitional` of newer trees.
    Transitional,
    /// `option …`, and `modules`
    Option(OptionLine),
    /// `help` and its text (raw, with its indentation; see [`super::build`] for what `conf` makes of it).
    Help(Span),
    /// `NAME = value` and its kin.
    Assign {
        /// The variable.
        name: Word,
        /// Which assignment.
        flavor: Flavor,
        /// The text to the right, raw.
        value: Span,
    },
    /// A line of bare words that hold macros, such as `$(warning-if,…)`: nothing must remain of it.
    Expand(Vec<Word>),
    /// A line that is no statement.
    Bad(BadLine),
}

/// Why a line is no statement; the builder says it in `conf`'s words, where `conf` would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLine {
    /// Starts with a word that is no keyword (the builder names it).
    Unknown(Word),
    /// Anything else that the grammar does not have: `conf` says `syntax error`, then `invalid statement`.
    Invalid,
    /// Expressions or parentheses nested deeper than we follow.
    TooDeep,
}

/// An expression with its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expr {
    /// From its first to its last token, parentheses included.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cmp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// Kinds of expressions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExprKind {
    /// A symbol or a constant.
    Word(Word),
    /// `!a`
    Not(ExprId),
    /// `a && b`
    And(ExprId, ExprId),
    /// `a || b`
    Or(ExprId, ExprId),
    /// `a = b` and its kin.
    Compare(Cmp, Word, Word),
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `conf` goes on.
    Warning,
    /// `conf` goes on parsing and exits with 1 at the end.
    Error,
    /// `conf` exits at once.
    Fatal,
}

/// One message about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diag {
    /// How bad it is.
    pub severity: Severity,
    /// The 1-based line that `conf` names; 0 for a broken string that starts a file, where `conf`
    /// names the line of `source`.
    pub line: u32,
    /// What the message is about, for the snippet.
    pub span: Span,
    /// `conf`'s words after `file:line:`, with the space or without it, as `conf` writes them
    /// (`warning: …`, ` syntax error`), or ours where `conf` has none.
    pub msg: String,
}

impl File {
    /// The text of `span`.
    pub fn text(&self, span: Span) -> &[u8] {
        &self.text[span.start as usize..(span.start + span.len) as usize]
    }

    /// Line and byte column, both counted from 1, of a byte offset.
    pub fn position(&self, offset: u32) -> (u32, u32) {
        let starts = self.text.line_starts();
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0);
        (line as u32, offset - start + 1)
    }
}
