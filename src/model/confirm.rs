//! What somebody else has to be asked, so that a finding of `lint` is not only our own word.

use super::formula::FormulaId;

/// A question for another tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Given the witness, `conf` warns that `target` has unmet dependencies, and names `selector`.
    Unmet {
        /// Who selects.
        selector: String,
        /// Who is selected.
        target: String,
    },
    /// Given the witness, `conf` makes a configuration in which all of this is so.
    Config(Vec<Held>),
    /// A claim about Kconfig, by its number: nothing that it says is impossible is possible.
    Claim(u64),
    /// A verdict about guards, by its number: the same.
    Guard(usize),
    /// Given the witness, these objects are as the finding says.
    Objects(Objects),
}

/// Something about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// An option (without `CONFIG_`) has this value.
    Value(String, String),
    /// A condition holds in a module, or may, where nobody knows.
    InModule(FormulaId),
    /// An expression of the Kconfig that the witness is for, by its number, is not `n`.
    On(u32),
    /// It is `n`.
    Off(u32),
}

/// What is wrong with a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is called, and nothing defines it.
    Missing,
    /// The kernel calls it, and a module defines it.
    InModule,
    /// A module calls it, and it is not exported.
    NotExported,
    /// It is compiled, and nothing calls it.
    Unused,
}

/// A function, and the objects that decide whether it is where it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objects {
    /// What is wrong.
    pub fault: Fault,
    /// The function.
    pub function: String,
    /// The objects that call it, from the top of the tree.
    pub users: Vec<String>,
    /// The objects that may define it.
    pub definers: Vec<String>,
    /// The directories whose makefiles list these objects.
    pub directories: Vec<String>,
    /// Whether the calling object is part of a module.
    pub in_module: bool,
    /// The option that is off, where that is what is wrong.
    pub option: Option<String>,
}
