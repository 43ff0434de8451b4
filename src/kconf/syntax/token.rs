//! The tokens of the Kconfig language: `parser.y`'s terminals.
//!
//! All dialects share them; which words are keywords is the dialect's to say.

use super::{Flavor, Span, Word};
use crate::kconf::dialect::Dialect;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `T_WORD`
    Word,
    /// `T_WORD_QUOTE`
    Quoted,
    /// A keyword; which one follows from its text.
    Keyword(Keyword),
    /// `&&`
    And,
    /// `||`
    Or,
    /// `!`
    Not,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `=`, also of an assignment
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `:=`
    ColonEqual,
    /// `+=`
    PlusEqual,
    /// `T_ASSIGN_VAL`: the rest of the line of an assignment
    Value,
}

impl Kind {
    /// The assignment that this operator makes.
    pub(super) fn flavor(self) -> Option<Flavor> {
        match self {
            Self::Equal => Some(Flavor::Recursive),
            Self::ColonEqual => Some(Flavor::Simple),
            Self::PlusEqual => Some(Flavor::Append),
            _ => None,
        }
    }
}

/// The keywords of all dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the word it is named after")]
pub(super) enum Keyword {
    Bool,
    Choice,
    Comment,
    Config,
    DefBool,
    DefTristate,
    Default,
    Depends,
    EndChoice,
    EndIf,
    EndMenu,
    Help,
    Hex,
    If,
    Imply,
    Int,
    MainMenu,
    Menu,
    MenuConfig,
    Modules,
    On,
    Option,
    Optional,
    Prompt,
    Range,
    Select,
    Source,
    String,
    Transitional,
    Tristate,
    Visible,
    AllnoconfigY,
    DefconfigList,
}

impl Keyword {
    /// The keyword that `word` is in `dialect`, until 4.20 at the start of a statement only, where
    /// the options of `option` are none.
    pub(super) fn of(word: &[u8], dialect: Dialect) -> Option<Self> {
        // Most words are names of symbols.
        if !matches!(word.first(), Some(b'a'..=b'z' | b'-')) {
            return None;
        }
        Some(match word {
            b"bool" => Self::Bool,
            b"boolean" if dialect.has_boolean() => Self::Bool,
            b"choice" => Self::Choice,
            b"comment" => Self::Comment,
            b"config" => Self::Config,
            b"def_bool" => Self::DefBool,
            b"def_tristate" => Self::DefTristate,
            b"default" => Self::Default,
            b"depends" => Self::Depends,
            b"endchoice" => Self::EndChoice,
            b"endif" => Self::EndIf,
            b"endmenu" => Self::EndMenu,
            b"help" => Self::Help,
            b"---help---" if dialect.has_dashed_help() => Self::Help,
            b"hex" => Self::Hex,
            b"if" => Self::If,
            b"imply" => Self::Imply,
            b"int" => Self::Int,
            b"mainmenu" => Self::MainMenu,
            b"menu" => Self::Menu,
            b"menuconfig" => Self::MenuConfig,
            b"modules" => Self::Modules,
            b"on" => Self::On,
            b"option" if dialect.has_option_lines() => Self::Option,
            b"optional" if dialect.has_optional_choices() => Self::Optional,
            b"prompt" => Self::Prompt,
            b"range" => Self::Range,
            b"select" => Self::Select,
            b"source" => Self::Source,
            b"string" => Self::String,
            b"transitional" if dialect.has_transitional() => Self::Transitional,
            b"tristate" => Self::Tristate,
            b"visible" => Self::Visible,
            b"allnoconfig_y" if dialect.has_option_lines() => Self::AllnoconfigY,
            b"defconfig_list" if dialect.has_option_lines() => Self::DefconfigList,
            _ => return None,
        })
    }
}

impl Word {
    /// A word without quotes or references.
    pub(super) const fn bare(start: usize, len: usize) -> Self {
        Self {
            span: Span { start: start as u32, len: len as u32 },
            quoted: false,
            dollar: false,
            escaped: false,
        }
    }
}

/// A token and its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its text; of a quoted one without the quotes.
    pub word: Word,
    /// Where it ends, the closing quote included.
    pub end: u32,
}
