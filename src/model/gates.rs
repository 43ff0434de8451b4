//! The chain of gates between an option and a byte: the guards around a place, and the rules of the
//! makefiles that build the object it is in.
//!
//! Formulas are those of the [`Formulas`] that guards and makefiles were read into. A chain is made by
//! [`crate::source::gates`]; what it comes to under a `.config` is asked here.

use super::formula::{FormulaId, Formulas};
use super::tristate::Tristate;
use super::valuation::{self, Valuation};

/// What a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GateKind {
    /// A branch of `#if … #endif`.
    Guard,
    /// A test in code, without which the compiler drops what is there: `if (IS_ENABLED(CONFIG_X))`.
    Code,
    /// The line of a makefile that makes the object part of a composite: `foo-$(CONFIG_X) += bar.o`.
    Part,
    /// The line that lists the object or its composite: `obj-$(CONFIG_X) += foo.o`.
    Object,
    /// The line that leads to the makefile's directory: `obj-$(CONFIG_X) += dir/`.
    Directory,
    /// A conditional of a makefile around such a line: `ifdef CONFIG_X`.
    Conditional,
}

impl GateKind {
    /// The word for it, in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Guard => "guard",
            Self::Code => "code",
            Self::Part => "part",
            Self::Object => "object",
            Self::Directory => "directory",
            Self::Conditional => "conditional",
        }
    }
}

/// One gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// What it is.
    pub kind: GateKind,
    /// From the top of the tree.
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// As written, on one line. For `#else` with the directive that it belongs to.
    pub text: String,
    /// All of these hold where it is open; for a line of a makefile, given that its directory is
    /// visited, with what is around it.
    pub holds: Vec<FormulaId>,
    /// The options that it names, without `CONFIG_`, in the order in which it does. A line of a makefile
    /// does not name those of the conditionals around it, which are gates of their own.
    pub options: Vec<String>,
}

/// One way in which an object is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// `obj-y`, `obj-m`, `lib-y`, …: what becomes of the object.
    pub role: &'static str,
    /// The composite that it becomes part of.
    pub part_of: Option<String>,
    /// When, all in all.
    pub when: FormulaId,
    /// The rules: nearest first, the line that leads to the topmost directory last, each followed by the
    /// conditionals around it from the inside out. Of several lines that lead to a directory, the first.
    pub rules: Vec<Gate>,
}

/// An object of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectGates {
    /// From the top of the tree.
    pub object: String,
    /// It is part of the kernel's image.
    pub built_in: FormulaId,
    /// It is part of a module.
    pub module: FormulaId,
    /// It is linked apart (boot loader, vDSO), so that the kernel carries it as data at most.
    pub apart: bool,
    /// Why it is built: `built_in` or `module` holds if one of these does.
    pub ways: Vec<Way>,
}

/// All gates of a place in a source file, on one architecture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// From the top of the tree.
    pub file: String,
    /// 1-based; 0 for the file as a whole.
    pub line: u32,
    /// Around the place, innermost first.
    pub guards: Vec<Gate>,
    /// The objects that are made of the file. None for a header, and for a file that no makefile builds.
    pub objects: Vec<ObjectGates>,
    /// Whether the file is compiled by itself. A header is where it is included.
    pub is_source: bool,
}

/// A presence condition under a `.config`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value {
    /// At least this, whatever is unknown.
    pub least: Tristate,
    /// At most this.
    pub most: Tristate,
}

impl Value {
    /// The value, if the configuration decides it.
    pub fn known(self) -> Option<Tristate> {
        (self.least == self.most).then_some(self.most)
    }
}

impl Chain {
    /// What all guards together say.
    pub fn guards_hold(&self) -> Vec<FormulaId> {
        self.guards.iter().flat_map(|gate| gate.holds.iter().copied()).collect()
    }

    /// The objects that count: those that are linked apart only where there are no others.
    pub fn linked(&self) -> impl Iterator<Item = &ObjectGates> {
        let any = self.objects.iter().any(|object| !object.apart);
        self.objects.iter().filter(move |object| !object.apart || !any)
    }

    /// The presence condition's value. A header counts as included in the kernel.
    pub fn value(&self, under: &Valuation) -> Value {
        let guards = self.guards_hold();
        let (built_in, module) = if self.is_source {
            self.linked().fold((Some(false), Some(false)), |(built_in, module), object| {
                let in_kernel = under.get(object.built_in, false);
                let as_module = under.get(object.module, true);
                (valuation::or(built_in, in_kernel), valuation::or(module, as_module))
            })
        } else {
            (Some(true), Some(false))
        };
        let in_kernel = valuation::and(built_in, under.all(&guards, false));
        let as_module = valuation::and(module, under.all(&guards, true));
        let level =
            |unknown: bool| match (in_kernel.unwrap_or(unknown), as_module.unwrap_or(unknown)) {
                (true, _) => Tristate::Yes,
                (false, true) => Tristate::Mod,
                (false, false) => Tristate::No,
            };
        Value { least: level(false), most: level(true) }
    }

    /// The presence condition in the kernel and in a module.
    pub fn presence(&self, formulas: &mut Formulas) -> (FormulaId, FormulaId) {
        let guards = self.guards_hold().into_iter();
        let guards = guards.fold(Formulas::TRUE, |all, one| formulas.and(all, one));
        if !self.is_source {
            return (guards, Formulas::FALSE);
        }
        let (mut built_in, mut module) = (Formulas::FALSE, Formulas::FALSE);
        for object in self.linked() {
            built_in = formulas.or(built_in, object.built_in);
            module = formulas.or(module, object.module);
        }
        (formulas.and(built_in, guards), formulas.and(module, guards))
    }

    /// All gates in the order of attribution: guards from the innermost, then for each way in which an
    /// object is built the rules from the nearest.
    pub fn gates(&self) -> impl Iterator<Item = &Gate> {
        let ways = self.linked().flat_map(|object| &object.ways);
        self.guards.iter().chain(ways.flat_map(|way| &way.rules))
    }

    /// The options that the gates name, in the order of attribution, each once.
    pub fn options(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for option in self.gates().flat_map(|gate| &gate.options) {
            if !out.contains(&option.as_str()) {
                out.push(option);
            }
        }
        out
    }
}
