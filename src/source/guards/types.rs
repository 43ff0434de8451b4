//! What is known about the guards of one file: plain data, with spans instead of text.
//!
//! A kernel has 57,000 such files, so nothing here holds a file's text; the few names that are needed
//! are in the [`Formulas`](crate::model::formula::Formulas) that the file was read into.

use crate::model::formula::{FormulaId, NameId};

/// A piece of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// Byte offset of the first byte.
    pub start: u32,
    /// Length in bytes, spliced lines and comments within included.
    pub len: u32,
    /// 1-based line of the first byte.
    pub line: u32,
    /// 1-based column of the first byte, in bytes.
    pub column: u32,
}

impl Span {
    /// The first byte after it.
    pub fn end(self) -> usize {
        self.start as usize + self.len as usize
    }

    /// Its bytes in the file's text.
    pub fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..self.end()]
    }
}

/// What language a file is in, which decides some of the preprocessor's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// `.c`
    C,
    /// `.h` and other files that are included; read as C.
    Header,
    /// `.S`
    Assembly,
    /// `.lds.S`
    LinkerScript,
}

impl FileKind {
    /// The kind of the file of this name; `None` for what is no C, assembly or linker script.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.rsplit('/').next().unwrap_or(name);
        let (stem, extension) = name.rsplit_once('.')?;
        match extension {
            "c" => Some(Self::C),
            "h" | "inc" | "h_shipped" => Some(Self::Header),
            "S" if stem.rsplit('.').next() == Some("lds") => Some(Self::LinkerScript),
            "S" => Some(Self::Assembly),
            _ => None,
        }
    }

    /// Whether the preprocessor treats it as assembly: no raw strings and no digraphs.
    pub fn is_assembly(self) -> bool {
        matches!(self, Self::Assembly | Self::LinkerScript)
    }
}

/// The directives that begin a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the directive it is named after")]
pub enum Directive {
    If,
    Ifdef,
    Ifndef,
    Elif,
    Elifdef,
    Elifndef,
    Else,
}

impl Directive {
    /// Whether it begins a chain: `#if`, `#ifdef` or `#ifndef`.
    pub fn opens(self) -> bool {
        matches!(self, Self::If | Self::Ifdef | Self::Ifndef)
    }

    /// Its name in a file, without the `#`.
    pub fn name(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::Ifdef => "ifdef",
            Self::Ifndef => "ifndef",
            Self::Elif => "elif",
            Self::Elifdef => "elifdef",
            Self::Elifndef => "elifndef",
            Self::Else => "else",
        }
    }
}

/// One branch of a chain `#if … #elif … #else … #endif`. Blocks are in order of their directives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What begins it.
    pub directive: Directive,
    /// The directive, from the `#` to the end of its last token.
    pub at: Span,
    /// Where the condition is; empty for `#else`.
    pub condition: Span,
    /// The condition's operands in [`FileGuards::operands`], the whole condition first; empty for
    /// `#else` and for a condition that could not be understood.
    pub operands: std::ops::Range<u32>,
    /// The block that this one's chain is in.
    pub parent: Option<u32>,
    /// The first block of its chain.
    pub head: u32,
    /// The first line after the directive and the last line before the directive that ends the block,
    /// 1-based; the last is smaller than the first when there is no line between.
    pub lines: (u32, u32),
    /// The directive that ends the block (`#elif`, `#else`, `#endif`); empty at the end of the file
    /// where that is missing.
    pub end: Span,
    /// What its own condition says; for `#else`, true.
    pub own: FormulaId,
    /// Where the chain is present.
    pub outer: FormulaId,
    /// That no earlier branch of the chain was taken.
    pub previous: FormulaId,
    /// Where its lines are present: `outer && previous && own`.
    pub presence: FormulaId,
    /// There is an `#error` (or `#warning`) and nothing else: it is there to never be compiled.
    pub only_error: bool,
    /// It is the guard of a header against being included twice; `own` is true.
    pub include_guard: bool,
    /// Its condition names an option (`CONFIG_…`).
    pub names_option: bool,
}

/// What an operand is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperandKind {
    /// `a && b && c`; its operands are the conjuncts.
    And,
    /// `a || b || c`; its operands are the disjuncts.
    Or,
    /// `!a`
    Not,
    /// `a ? b : c`
    Choice,
    /// Anything else.
    Leaf,
}

/// A part of a condition, in preorder: an operand stands before its own operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    /// With its parentheses, if it has any.
    pub at: Span,
    /// How it is made up.
    pub kind: OperandKind,
    /// What it is an operand of; an index into [`FileGuards::operands`].
    pub parent: Option<u32>,
    /// What it says where the directive stands.
    pub formula: FormulaId,
}

/// How an option is mentioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Manner {
    /// `#ifdef`, `#ifndef` or `defined()`.
    Defined,
    /// By its value in a condition: `#if CONFIG_X`, `#if CONFIG_X > 3`.
    Value,
    /// `IS_ENABLED(CONFIG_X)`, in a condition or in code.
    IsEnabled,
    /// `IS_BUILTIN(CONFIG_X)`
    IsBuiltin,
    /// `IS_MODULE(CONFIG_X)`
    IsModule,
    /// `IS_REACHABLE(CONFIG_X)`
    IsReachable,
    /// Any of these four with a name that does not begin with `CONFIG_`.
    Bare,
    /// `#define CONFIG_X`
    Define,
    /// `#undef CONFIG_X`
    Undef,
    /// In code, or in what another macro stands for: a use of its value.
    Code,
    /// In a string or character literal.
    Literal,
    /// In a comment.
    Comment,
}

/// A mention of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mention {
    /// The name without `CONFIG_`, and without `_MODULE` where `module` says so.
    pub name: NameId,
    /// The name in the file, with `CONFIG_`.
    pub at: Span,
    /// How.
    pub manner: Manner,
    /// It was `CONFIG_…_MODULE`.
    pub module: bool,
    /// The innermost block around it; a directive's own names are in the block around the directive.
    pub block: Option<u32>,
}

/// A `#define` or `#undef` of an option: from here on, Kconfig's value does not count in this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Override {
    /// The name without `CONFIG_`.
    pub name: NameId,
    /// The name in the file, with `CONFIG_`.
    pub at: Span,
    /// `#define`, not `#undef`.
    pub define: bool,
    /// Where it is present.
    pub presence: FormulaId,
}

/// An `#include` of a file by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Include {
    /// The name between the quotes or brackets.
    pub name: NameId,
    /// 1-based line.
    pub line: u32,
    /// `<…>`
    pub angled: bool,
    /// Where it is present.
    pub presence: FormulaId,
}

/// Which code a [`CodeGuard`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodePart {
    /// What runs where the condition holds.
    Then,
    /// The `else` of it.
    Else,
    /// What follows `if (…) return;` to the end of the block of code.
    After,
    /// The right side of `IS_ENABLED(CONFIG_X) && …`, or a branch of `… ? … : …`.
    Operand,
}

/// Code that is compiled away unless options hold: `if (IS_ENABLED(CONFIG_X)) …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeGuard {
    /// The condition, without the parentheses of `if`.
    pub condition: Span,
    /// The guarded code.
    pub body: Span,
    /// Its lines, first and last, 1-based.
    pub lines: (u32, u32),
    /// Which code that is.
    pub part: CodePart,
    /// What must hold for the code to run, as far as options go: other operands count as true.
    pub formula: FormulaId,
    /// What must hold for it not to run, if that is a matter of the condition alone: other operands count
    /// as true there too.
    pub otherwise: FormulaId,
    /// The innermost preprocessor block around it.
    pub block: Option<u32>,
}

/// The guards of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileGuards {
    /// The path, relative to the tree, with `/`.
    pub path: Box<str>,
    /// What it is.
    pub kind: FileKind,
    /// It is part of the interface to user space, which is compiled without Kconfig as well.
    pub uapi: bool,
    /// How many lines it has.
    pub lines: u32,
    /// The blocks, in order of their directives; blocks nest and never overlap otherwise.
    pub blocks: Vec<Block>,
    /// The operands of all conditions.
    pub operands: Vec<Operand>,
    /// Guards in code, in order of their conditions.
    pub code: Vec<CodeGuard>,
    /// All mentions of options, in order.
    pub mentions: Vec<Mention>,
    /// `#define` and `#undef` of options.
    pub overrides: Vec<Override>,
    /// What is included.
    pub includes: Vec<Include>,
}

impl FileGuards {
    /// Gives back memory that was reserved while reading.
    pub(super) fn shrink(&mut self) {
        self.blocks.shrink_to_fit();
        self.operands.shrink_to_fit();
        self.code.shrink_to_fit();
        self.mentions.shrink_to_fit();
        self.overrides.shrink_to_fit();
        self.includes.shrink_to_fit();
    }

    /// Replaces formulas and names by what they are called elsewhere, by number.
    pub(super) fn carry_over(&mut self, ids: &[FormulaId], names: &[NameId]) {
        let id = |old: &mut FormulaId| *old = ids[old.0 as usize];
        let name = |old: &mut NameId| *old = names[old.0 as usize];
        for block in &mut self.blocks {
            id(&mut block.own);
            id(&mut block.outer);
            id(&mut block.previous);
            id(&mut block.presence);
        }
        self.operands.iter_mut().for_each(|operand| id(&mut operand.formula));
        for guard in &mut self.code {
            id(&mut guard.formula);
            id(&mut guard.otherwise);
        }
        self.mentions.iter_mut().for_each(|mention| name(&mut mention.name));
        for change in &mut self.overrides {
            name(&mut change.name);
            id(&mut change.presence);
        }
        for include in &mut self.includes {
            name(&mut include.name);
            id(&mut include.presence);
        }
    }

    /// The innermost block around a 1-based line; `None` where no guard is, and for the lines of the
    /// directives of an outermost chain.
    pub fn block_at(&self, line: u32) -> Option<u32> {
        let before = self.blocks.partition_point(|block| block.lines.0 <= line);
        let mut at = before.checked_sub(1)? as u32;
        loop {
            let block = &self.blocks[at as usize];
            if line <= block.lines.1 {
                return Some(at);
            }
            at = block.parent?;
        }
    }

    /// Where a 1-based line is present, as far as this file says.
    pub fn presence_at(&self, line: u32) -> FormulaId {
        match self.block_at(line) {
            Some(block) => self.blocks[block as usize].presence,
            None => crate::model::formula::Formulas::TRUE,
        }
    }
}
