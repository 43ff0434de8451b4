//! What `explain` says: definitions, gates, callers and bytes of an option, a function or a place.
//!
//! The index keeps pieces of this as they are printed. Places are `file:line`, from the top of the
//! tree, lines 1-based; options are written without `CONFIG_`; sizes are bytes. A list of architectures
//! that is absent means all that the thing is read for. The committed JSON schema is
//! `src/schema/explain.schema.json`; a change that old readers would misread raises [`SCHEMA`].

use serde::{Deserialize, Serialize};

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// All answers to one question: several where a name is several things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Format version, see [`SCHEMA`].
    pub schema: u32,
    /// `hmmsize 0.1.0`
    pub tool: String,
    /// The tree.
    pub tree: String,
    /// What was asked.
    pub question: String,
    /// The architectures that were looked at, sorted.
    pub arches: Vec<String>,
    /// At least one.
    pub answers: Vec<Answer>,
}

/// One thing that the name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Answer {
    /// An option of Kconfig.
    Option(Box<OptionAnswer>),
    /// A function, or another name that the linker sees.
    Function(Box<FunctionAnswer>),
    /// A file, or a line of one.
    File(Box<FileAnswer>),
}

/// An option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionAnswer {
    /// What Kconfig says.
    pub facts: OptionFacts,
    /// A configuration for each architecture that was asked for one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<Witness>,
    /// The lines of makefiles that name it.
    pub rules: Vec<RuleOf>,
    /// The guards and tests in code that name it.
    pub guards: Vec<GuardOf>,
    /// The functions that are there only with it: in files that it builds, or behind its guards.
    pub functions: Vec<FunctionOf>,
    /// Its bytes in the images that were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bytes: Vec<Bytes>,
}

/// What Kconfig says about an option.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionFacts {
    /// Its name.
    pub name: String,
    /// Where it is defined, in the order of places.
    pub definitions: Vec<DefinitionOf>,
    /// What it selects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selects: Vec<Selector>,
    /// What selects it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selected_by: Vec<Selector>,
    /// What implies it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub implied_by: Vec<Selector>,
    /// Where it can be on.
    pub reach: Reach,
}

/// Where an option can be on, by architecture. One that is neither bool nor tristate is `other`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Some configuration has it `y`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub yes: Vec<String>,
    /// It can be `m`, and no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub module: Vec<String>,
    /// It is `n` in every configuration, by proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<String>,
    /// The solver gave up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// It has a text or a number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other: Vec<String>,
    /// Nothing defines it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undefined: Vec<String>,
}

/// A definition of an option.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionOf {
    /// Where.
    pub place: String,
    /// `bool`, `tristate`, `int`, `hex`, `string`.
    #[serde(rename = "type")]
    pub ty: String,
    /// What it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The menus that lead to it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub menu: Vec<String>,
    /// What it depends on, with what is inherited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depends: Option<String>,
    /// Its defaults, as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defaults: Vec<String>,
    /// The architectures that read it; absent where all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arches: Vec<String>,
}

/// A `select` or `imply`, from either side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// The other option.
    pub option: String,
    /// Where.
    pub place: String,
    /// `if …` as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// The architectures that read it; absent where all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arches: Vec<String>,
}

/// A configuration in which the option is on, confirmed by evaluating it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    /// The architecture.
    pub arch: String,
    /// Lines of a `.config` on top of allnoconfig; nothing where none was found.
    pub config: Option<Vec<String>>,
    /// What the compiler must be able to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<String>,
}

/// A line of a makefile that names an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleOf {
    /// Where.
    pub place: String,
    /// As written.
    pub text: String,
    /// `object`, `part`, `directory` or `conditional`; what is around a `directory` is one, too.
    pub controls: String,
    /// When it applies, as a formula.
    pub holds: String,
    /// The objects that it builds, sorted; at most a hundred.
    pub objects: Vec<String>,
    /// How many it builds, or that are built in and below the directory that it leads to.
    pub count: usize,
    /// The architectures that read it; absent where all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arches: Vec<String>,
}

/// A guard that names an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardOf {
    /// Where.
    pub place: String,
    /// As written.
    pub text: String,
    /// `guard` or `code`.
    pub controls: String,
    /// When what is in it is there, as a formula.
    pub holds: String,
    /// The lines in it, first and last.
    pub lines: (u32, u32),
}

/// A function, shortly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionOf {
    /// Its name.
    pub name: String,
    /// Where.
    pub place: String,
    /// Not seen outside of its file.
    #[serde(rename = "static", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_static: bool,
    /// The options of the guards around it, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// A function or another symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionAnswer {
    /// Its name.
    pub name: String,
    /// Its definitions; several where files have a `static` one each, or branches of conditionals do.
    pub definitions: Vec<Definition>,
    /// `static inline` definitions and macros of that name in headers, where there is a real one too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stubs: Vec<Definition>,
    /// Where it is declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prototypes: Vec<Definition>,
    /// Where it is exported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exported: Vec<String>,
    /// Who uses it, with their own gates, in the order of files.
    pub callers: Vec<Caller>,
    /// How many more files mention it that were not looked into (`--all` does).
    pub more_files: usize,
    /// Its bytes in the images that were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bytes: Vec<Bytes>,
}

/// A place where something is defined or declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Where.
    pub place: String,
    /// Not seen outside of its file.
    #[serde(rename = "static", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_static: bool,
    /// What decides whether it is there.
    pub chain: Chain,
}

/// Somebody who uses a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// Where.
    pub place: String,
    /// The function that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// `calls`, `names` (takes its address) or `in macro`.
    pub manner: String,
    /// What its guards and makefiles say, innermost first, as formulas.
    pub gates: Vec<String>,
}

/// Everything that decides whether a place is in the kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Guards, innermost first.
    pub guards: Vec<Gate>,
    /// The objects that are made of the file.
    pub objects: Vec<ObjectOf>,
}

/// A gate: a guard or a line of a makefile.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// `guard`, `code`, `part`, `object`, `directory`, `conditional`.
    #[serde(rename = "gate")]
    pub kind: String,
    /// Where.
    pub place: String,
    /// As written.
    pub text: String,
    /// When it is open, as a formula.
    pub holds: String,
    /// The options that it names, in the order in which it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// An object of a source file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectOf {
    /// From the top of the tree.
    pub object: String,
    /// It is linked apart: boot loader, vDSO.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    /// The ways in which it is built.
    pub ways: Vec<Way>,
    /// The architectures that build it so; absent where all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arches: Vec<String>,
}

/// A way in which an object is built.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// `obj-y`, `obj-m`, `lib-y`, …
    pub role: String,
    /// The composite that it becomes part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// When, all in all.
    pub when: String,
    /// The rules, nearest first.
    pub rules: Vec<Gate>,
}

/// A file, or a line of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAnswer {
    /// From the top of the tree.
    pub file: String,
    /// The line; absent for the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The function that the line is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// What decides whether the place is there.
    pub chain: Chain,
    /// The functions that it defines.
    pub functions: Vec<FunctionOf>,
    /// Its bytes in the images that were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bytes: Vec<Bytes>,
}

/// Bytes in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bytes {
    /// The image, or the cell of a run.
    pub image: String,
    /// The architecture, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// The sum of the symbols' sizes.
    pub bytes: u64,
    /// How many symbols.
    pub symbols: usize,
    /// The option's value there, or what the function's presence condition comes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}
