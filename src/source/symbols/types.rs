//! What is known about the functions of a tree: plain data, with offsets instead of text.

use super::constant::Expression;
use super::flags::Flag;
use crate::source::guards::FileKind;

/// A function that a file defines or declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Where its name is, in bytes.
    pub name: (u32, u32),
    /// Where its declaration begins.
    pub start: u32,
    /// From the opening brace to beyond the closing one; empty for a declaration.
    pub body: (u32, u32),
    /// `static`, also where `inline` makes it so in the kernel's dialect.
    pub is_static: bool,
    /// There may be another definition that the linker prefers, or something other than C calls it:
    /// `__weak`, `asmlinkage`, `__used` and the like.
    pub is_special: bool,
}

impl Function {
    /// Whether there is a body.
    pub fn is_defined(&self) -> bool {
        self.body.1 > self.body.0
    }
}

/// How a function is mentioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Manner {
    /// Defined, for the linker to see.
    Defined,
    /// Defined so that another definition may replace it, or for others than C.
    DefinedSpecially,
    /// Defined as `static`: a stub, if it is in a header.
    Static,
    /// Declared.
    Declared,
    /// `EXPORT_SYMBOL(name)` and its kin.
    Exported,
    /// A macro has this name and stands for something else.
    Macro,
    /// Called.
    Called,
    /// Its address is taken, or a variable has the same name.
    Named,
    /// `(*name)`: something in the file that is no function has the name.
    Pointer,
    /// In what a macro stands for.
    InMacro,
    /// In assembly, a linker script, Rust, or what an `asm` says.
    Foreign,
}

/// A mention of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// Index into [`Symbols::names`].
    pub name: u32,
    /// Index into [`Symbols::files`].
    pub file: u32,
    /// Where the name is, in bytes.
    pub at: u32,
    /// The function that it is in, an index into the file's functions; [`NOWHERE`] for none.
    pub within: u32,
    /// How.
    pub manner: Manner,
}

/// The parts of a name that a macro pastes together; nothing for a parameter.
pub type Pasted = Vec<Option<Box<[u8]>>>;

/// No function.
pub const NOWHERE: u32 = u32::MAX;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path, relative to the tree.
    pub path: Box<str>,
    /// What it is; nothing for Rust.
    pub kind: Option<FileKind>,
    /// Its functions with a body, and its declarations, in order.
    pub functions: Vec<Function>,
    /// There is an `EXPORT_SYMBOL(a##b)`: what is exported cannot be told.
    pub exports_any: bool,
    /// Of a header, functions and macros that have a constant value, and where they are.
    pub constants: Vec<(Box<[u8]>, u32)>,
    /// Of a header, functions and macros that stand for an expression.
    pub expressions: Vec<Expression>,
    /// Of a header, the bits that masks have only under guards.
    pub flags: Vec<Flag>,
}

/// The functions of a tree that the linker sees, and everything that mentions one.
#[derive(Debug, Default)]
pub struct Symbols {
    /// Every C, header, assembly, linker script and Rust file, by path.
    pub files: Vec<SourceFile>,
    /// The names of all functions that a `.c` file defines for the linker, sorted.
    pub names: Vec<Box<str>>,
    /// Sorted by name, file and place.
    pub mentions: Vec<Mention>,
    /// The names of functions that macros of headers make, each once, sorted.
    pub pasted: Vec<Pasted>,
}

impl Symbols {
    /// All mentions, by name.
    pub fn by_name(&self) -> impl Iterator<Item = &[Mention]> {
        self.mentions.chunk_by(|a, b| a.name == b.name)
    }

    /// The file that a mention is in.
    pub fn path(&self, mention: &Mention) -> &str {
        &self.files[mention.file as usize].path
    }

    /// Whether some macro may make a function of that name. Looked at are macros that give the first
    /// letters: those that give only the last would make anything.
    pub fn is_pasted(&self, name: &str) -> bool {
        let Some(start) = name.as_bytes().get(..PASTED) else { return false };
        let first = |parts: &Pasted| match parts.first() {
            Some(Some(part)) => part.len().min(PASTED),
            _ => 0,
        };
        let start_of = |parts: &Pasted| match parts.first() {
            Some(Some(part)) => part[..first(parts)].to_vec(),
            _ => Vec::new(),
        };
        let from = self.pasted.partition_point(|parts| start_of(parts).as_slice() < start);
        let candidates = self.pasted[from..].iter().take_while(|parts| start_of(parts) == start);
        candidates.into_iter().any(|parts| matches(parts, name.as_bytes()))
    }
}

/// So many first letters a macro has to give.
const PASTED: usize = 4;

/// Whether a name is made of these parts.
fn matches(parts: &Pasted, mut rest: &[u8]) -> bool {
    let mut free = false;
    for part in parts {
        let Some(part) = part else {
            free = true;
            continue;
        };
        let found = memchr::memmem::find(rest, part).filter(|at| free || *at == 0);
        let Some(at) = found else { return false };
        rest = &rest[at + part.len()..];
        free = false;
    }
    free || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_names_are_recognised() {
        let part = |text: &str| Some(text.as_bytes().into());
        let pasted =
            vec![vec![None, part("_end")], vec![part("pci_"), None, part("_config_"), None]];
        let symbols = Symbols { pasted, ..Symbols::default() };
        assert!(symbols.is_pasted("pci_read_config_word"));
        assert!(!symbols.is_pasted("pci_config") && !symbols.is_pasted("the_end"));
    }
}
