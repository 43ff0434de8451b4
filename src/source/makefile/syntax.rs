//! What a makefile says, before anything is known about values: statements and expressions.
//!
//! Only what Kbuild files use has a shape of its own; rules and their recipes are left out, because a
//! presence condition never depends on them.

use std::sync::Arc;

/// Where a statement stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Loc {
    /// The file, from the top of the tree.
    pub file: Arc<str>,
    /// 1-based line of the statement's first line.
    pub line: u32,
}

/// Text with references in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expr(pub Vec<Part>);

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it is.
    Text(Box<str>),
    /// `$(name)`
    Var(Expr),
    /// `$(name:from=to)`
    Substitute(Box<[Expr; 3]>),
    /// `$(function arguments)`, with its text for what cannot be evaluated.
    Call(Function, Vec<Expr>, Box<str>),
}

/// Functions of GNU make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "they are make's own names")]
pub enum Function {
    Subst,
    Patsubst,
    Filter,
    FilterOut,
    If,
    Or,
    And,
    AddPrefix,
    AddSuffix,
    Wildcard,
    Sort,
    Strip,
    NotDir,
    Dir,
    BaseName,
    Suffix,
    ForEach,
    FindString,
    Word,
    Words,
    WordList,
    FirstWord,
    LastWord,
    Join,
    Call,
    Origin,
    AbsPath,
    /// `error`, `warning`, `info`: nothing comes of them.
    Message,
    /// `shell`, `eval`, `value` and all others: never evaluated here.
    Opaque,
}

impl Function {
    /// The function called `name`, and how many commas divide its arguments (later ones belong to
    /// the last argument).
    pub(super) fn named(name: &str) -> Option<(Self, usize)> {
        Some(match name {
            "subst" => (Self::Subst, 2),
            "patsubst" => (Self::Patsubst, 2),
            "filter" => (Self::Filter, 1),
            "filter-out" => (Self::FilterOut, 1),
            "if" => (Self::If, 2),
            "or" => (Self::Or, usize::MAX),
            "and" => (Self::And, usize::MAX),
            "addprefix" => (Self::AddPrefix, 1),
            "addsuffix" => (Self::AddSuffix, 1),
            "wildcard" => (Self::Wildcard, 0),
            "sort" => (Self::Sort, 0),
            "strip" => (Self::Strip, 0),
            "notdir" => (Self::NotDir, 0),
            "dir" => (Self::Dir, 0),
            "basename" => (Self::BaseName, 0),
            "suffix" => (Self::Suffix, 0),
            "foreach" => (Self::ForEach, 2),
            "findstring" => (Self::FindString, 1),
            "word" => (Self::Word, 1),
            "words" => (Self::Words, 0),
            "wordlist" => (Self::WordList, 2),
            "firstword" => (Self::FirstWord, 0),
            "lastword" => (Self::LastWord, 0),
            "join" => (Self::Join, 1),
            "call" => (Self::Call, usize::MAX),
            "origin" => (Self::Origin, 0),
            "abspath" | "realpath" => (Self::AbsPath, 0),
            "error" | "warning" | "info" => (Self::Message, 0),
            "shell" | "eval" | "value" | "flavor" | "file" | "guile" => (Self::Opaque, 0),
            _ => return None,
        })
    }
}

/// How a variable is given a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Recursive,
    /// `:=` and `::=`
    Simple,
    /// `+=`
    Append,
    /// `?=`
    IfUnset,
    /// `!=`
    Shell,
}

/// `name op value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assign {
    /// 1-based line.
    pub line: u32,
    /// The variable.
    pub name: Expr,
    /// The operator.
    pub op: Op,
    /// What comes after the operator.
    pub value: Arc<Expr>,
    /// `export` stands before it.
    pub export: bool,
    /// `targets: name op value`: for these targets only.
    pub targets: Option<Expr>,
}

/// What a branch of a conditional asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `ifeq`, or `ifneq` if the last is true.
    Equal(Expr, Expr, bool),
    /// `ifdef`, or `ifndef` if the last is true.
    Defined(Expr, bool),
    /// `else`
    Else,
    /// A test that make would not accept.
    Bad,
}

/// `ifeq … ` to the next `else` or `endif`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// 1-based line.
    pub line: u32,
    /// When it is taken, if no earlier one is.
    pub test: Test,
    /// What it holds.
    pub body: Vec<Statement>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// A variable gets a value.
    Assign(Assign),
    /// A conditional.
    If(Vec<Branch>),
    /// `include`; the last says that a missing file is fine.
    Include(u32, Expr, bool),
    /// `export NAMES`, without names: all.
    Export(u32, Expr),
    /// `define NAME`, whose text is not read.
    Define(u32, Expr),
    /// `undefine NAME`
    Undefine(u32, Expr),
    /// Text that stands alone, as `$(eval …)`.
    Bare(u32, Expr),
}

/// A makefile.
#[derive(Debug, Clone)]
pub struct Makefile {
    /// From the top of the tree.
    pub name: Arc<str>,
    /// In order.
    pub body: Vec<Statement>,
}
