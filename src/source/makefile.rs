//! Kbuild's makefiles as presence conditions: which objects a configuration builds, and why.
//!
//! Our own evaluator of the part of GNU make that Kbuild files use. The configuration stays open: every
//! `CONFIG_X` is a variable of a formula, every conditional is followed both ways, and no command is
//! ever run. It begins at the top makefile, as the kernel does, and descends from there. What cannot
//! be known before a build (`$(shell …)`, compiler tests) is an opaque variable and a diagnostic,
//! never dropped.
//!
//! Objects of rules that are not Kbuild's own lists (boot wrappers, vDSOs, hypervisor code) are listed
//! apart: make builds them if something asks for them, which only the rules say. Host programs and
//! what is made before the descent (`asm-offsets.s`, `scripts/`) are not in here.

mod apart;
mod around;
mod compare;
mod defines;
mod descend;
mod eval;
mod expand;
mod expr;
mod files;
mod functions;
mod layer;
mod lists;
pub mod mentions;
mod parse;
mod part;
pub mod syntax;
mod top;
mod value;
mod vars;
pub mod words;

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, RwLock};

use rustc_hash::{FxHashMap, FxHashSet};

pub use self::apart::is_linked_apart;
pub use self::around::{Around, Conditional};
pub use self::compare::Affected;
pub use self::defines::{Define, Scope};
pub use self::lists::{Below, Composite, Directory, Item, Role};
pub use self::parse::parse;
use self::syntax::Loc;
use crate::model::diag::Diag;
use crate::model::formula::{FormulaId, Formulas};

/// The makefiles of one kernel tree; read once, for any number of architectures.
#[derive(Debug)]
pub struct Kbuild {
    files: files::Files,
    texts: FxHashSet<String>,
    only: Option<part::Only>,
    /// Nobody asks what is around a line.
    without_around: bool,
    evaluated: RwLock<FxHashMap<Box<str>, Vec<Arc<descend::Evaluated>>>>,
}

/// Everything that one architecture can build.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    /// The directory under `arch/`.
    pub arch: String,
    /// What is compiled, or made by some other rule, into a `.o`.
    pub objects: Vec<Object>,
    /// Modules and built-in objects that are linked from several.
    pub composites: Vec<Object>,
    /// What a makefile has rules of its own for (named in `targets`), and all objects of directories
    /// that such rules visit (named in `subdir-`). `built` says when it may be built.
    pub special: Vec<Object>,
    /// All directories that are visited.
    pub directories: Vec<Visit>,
    /// Why each object is built, one object after the other: half a million in 21 architectures.
    contributions: Vec<Contribution>,
    /// The conditionals around the lines that list objects and directories.
    pub around: Around,
    /// `-DCONFIG_X` in flags.
    pub defines: Vec<Define>,
    /// For each of `defines`, the index of its directory; beyond all for the top makefile and the
    /// architecture's.
    define_directories: Vec<usize>,
}

/// An object file.
#[derive(Debug, Clone)]
pub struct Object {
    /// From the top of the tree.
    pub path: Arc<str>,
    /// The source file, from the top of the tree; none if the build generates it.
    pub source: Option<Arc<str>>,
    /// It is built at all.
    pub built: FormulaId,
    /// It is part of the kernel image (or of a library that the image is linked with).
    pub built_in: FormulaId,
    /// It is compiled as part of a module, with `MODULE` defined.
    pub module: FormulaId,
    /// Those of [`Presence::contributions`] that are its own.
    contributions: Range<u32>,
}

/// One reason for an object to be built.
#[derive(Debug, Clone)]
pub struct Contribution {
    /// Index into [`Presence::directories`].
    pub directory: usize,
    /// What becomes of the object.
    pub role: Role,
    /// When.
    pub when: FormulaId,
    /// When `rule` does, given that the directory is visited.
    pub listed: FormulaId,
    /// The line of the makefile that lists it, or lists the composite it is part of.
    pub rule: Loc,
    /// The composite.
    pub part_of: Option<Composite>,
}

/// A directory of the build.
#[derive(Debug, Clone)]
pub struct Visit {
    /// From the top of the tree; empty for the top.
    pub path: String,
    /// Make descends into it.
    pub visited: FormulaId,
    /// What is in `obj-y` there becomes part of the kernel. Where this does not hold although the
    /// directory is visited, it was reached by `obj-m` or `subdir-y`, and `obj-y` is not built.
    pub built_in: FormulaId,
    /// How it is reached.
    pub ways: Vec<Way>,
}

/// A line that leads to a directory.
#[derive(Debug, Clone)]
pub struct Way {
    /// Index of the directory above; none for the top makefile.
    pub from: Option<usize>,
    /// [`Role::BuiltIn`], [`Role::Module`], [`Role::Always`] for `subdir-y`, or [`Role::Special`].
    pub role: Role,
    /// Given that the directory above is visited.
    pub when: FormulaId,
    /// The line.
    pub rule: Loc,
}

impl Kbuild {
    /// The tree at `root`. `texts` are the symbols (without `CONFIG_`) that are int, hex or string;
    /// one that is missing there is taken for a tristate unless it is compared with something else.
    pub fn new(root: &Path, texts: FxHashSet<String>) -> Self {
        let files = files::Files::new(root, None);
        let evaluated = RwLock::default();
        Self { files, texts, only: None, without_around: false, evaluated }
    }

    /// Of all objects, only those that are made, or would be, of these files (from the top of the tree;
    /// what is called so, whatever its ending), and those that one of these options (without `CONFIG_`)
    /// decides about. Of the directories, those that lead there.
    #[must_use]
    pub fn only<'a>(
        self,
        files: impl IntoIterator<Item = &'a str>,
        options: &FxHashSet<Box<str>>,
    ) -> Self {
        let stems = files.into_iter().map(|file| part::stem(file).to_owned()).collect();
        Self { only: Some(part::Only { stems, options: options.clone() }), ..self }
    }

    /// Leaves [`Presence::around`] empty, for those who do not ask.
    #[must_use]
    pub fn without_around(self) -> Self {
        Self { without_around: true, ..self }
    }

    /// The tree with the files of `overlay` in place of its own.
    #[must_use]
    pub fn with_overlay(self, root: &Path, overlay: &Path) -> Self {
        Self { files: files::Files::new(root, Some(overlay)), ..self }
    }

    /// What `arch` (a directory of `arch/`) can build, with formulas of `formulas`.
    pub fn presence(&self, arch: &str, formulas: &mut Formulas) -> (Presence, Vec<Diag>) {
        self.presences(&[arch], formulas).pop().unwrap_or_default()
    }

    /// The same for several architectures; formulas that they share are brought over once.
    pub fn presences(
        &self,
        arches: &[&str],
        formulas: &mut Formulas,
    ) -> Vec<(Presence, Vec<Diag>)> {
        let (mut known, mut parts) = (FxHashMap::default(), FxHashMap::default());
        let all = descend::directories(self, arches).into_iter();
        all.map(|one| descend::presence(self, one, formulas, (&mut known, &mut parts))).collect()
    }

    /// What the makefile of the directory `dir` lists, where the makefiles above hand down `given`.
    pub fn directory_alone(&self, dir: &str, given: &[(&str, &str)]) -> Directory {
        let mut layer = layer::Layer::default();
        for (name, text) in given {
            layer.put(name, &Formulas::default(), &value::Value::text(*text));
        }
        lists::read(&self.files, &self.texts, &layer, dir)
    }
}

impl Presence {
    /// Why an object of this presence is built: [`Object::built`] is the disjunction of these. One that
    /// never holds is listed under conditions that contradict each other.
    pub fn contributions(&self, object: &Object) -> &[Contribution] {
        let Range { start, end } = object.contributions;
        &self.contributions[start as usize..end as usize]
    }

    /// The lines that lead to an object: the first contribution's own, then those of each directory
    /// upwards (of several ways, the first).
    pub fn chain(&self, contribution: &Contribution) -> Vec<Loc> {
        let mut chain = Vec::new();
        chain.extend(contribution.part_of.as_ref().map(|composite| composite.rule.clone()));
        chain.push(contribution.rule.clone());
        let mut at = Some(contribution.directory);
        while let Some(way) = at.and_then(|at| self.directories[at].ways.first()) {
            chain.push(way.rule.clone());
            at = way.from.filter(|_| chain.len() < 64);
        }
        chain
    }

    /// The symbols that flags define for an object.
    pub fn defines_for<'a>(&'a self, object: &'a Object) -> impl Iterator<Item = &'a Define> {
        self.defines
            .iter()
            .zip(&self.define_directories)
            .filter(|(define, from)| self.reaches(&define.scope, **from, object))
            .map(|(define, _)| define)
    }
}
