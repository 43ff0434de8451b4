//! What the rules look at: the Kconfig of every architecture, and the guards and makefiles of the tree.

use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::focus::Focus;
use super::gating::Gating;
use super::verdicts::Verdicts;
use crate::kconf::model::{Model, SymbolId, Type};
use crate::kconf::syntax::{File, LineKind};
use crate::model::formula::{Atom, FormulaId, Formulas};
use crate::source::guards::{FileGuards, FileKind, tree as guards};
use crate::source::makefile::{Presence, Role};
use crate::source::texts::Texts;

/// The most architectures that there may be; Linux has 21.
pub const MAX_ARCHES: usize = 64;

/// A set of architectures: bit N is [`Tree::arches`]`[N]`.
pub type ArchSet = u64;

/// Everything that was read.
#[derive(Debug)]
pub struct Tree {
    /// Where it is.
    pub root: PathBuf,
    /// Where files are that count in place of those of `root`.
    pub overlay: Option<PathBuf>,
    /// By name. A tree without architectures has one without a name.
    pub arches: Vec<Arch>,
    /// All formulas of `guards` and of every [`Arch::kbuild`].
    pub formulas: Formulas,
    /// That an object is compiled as part of a module.
    pub in_module: FormulaId,
    /// The guards; empty if no rule needs them.
    pub guards: guards::Tree,
    /// What is defined on which architectures.
    pub symbols: Arc<Symbols>,
    /// What the makefiles compile.
    sources: Arc<Sources>,
    /// The architectures that each Kconfig file is read for.
    kconfig: Arc<FxHashMap<Box<str>, ArchSet>>,
    /// The sources that others include, as they name them, by the last part of the name.
    included: FxHashMap<Box<str>, Vec<Box<str>>>,
    /// What a change may have made otherwise, where nothing else is asked.
    pub focus: Option<Arc<Focus>>,
    verdicts: OnceLock<Verdicts>,
    /// Functions: where they are, and where they are used.
    pub gating: Gating,
}

/// One architecture.
#[derive(Debug, Clone)]
pub struct Arch {
    /// The name of its directory below arch/, empty in a tree without any.
    pub name: String,
    /// Its Kconfig.
    pub model: Arc<Model>,
    /// What its makefiles build; nothing if no rule needs it.
    pub kbuild: Option<Arc<Presence>>,
    /// The symbols by the hash of their names, which the model has.
    names: Arc<HashTable<SymbolId>>,
    /// When each source file is compiled, and whether as part of a module; by its number in
    /// [`Tree::sources`]. What is beyond the end, or never is, is not compiled.
    compiled: Arc<Vec<FormulaId>>,
}

/// The source files that some architecture's makefiles compile. Their names are kept once: 21
/// architectures have half a million of them.
#[derive(Debug, Default)]
struct Sources {
    numbers: FxHashMap<Arc<str>, u32>,
    /// By number: the architectures that compile it.
    arches: Vec<ArchSet>,
}

impl Sources {
    /// The number of a file, which is added where it is new.
    fn number(&mut self, path: &Arc<str>) -> usize {
        let next = self.numbers.len() as u32;
        *self.numbers.entry(path.clone()).or_insert(next) as usize
    }

    /// The architectures that compile it; none if no makefile does.
    fn arches(&self, path: &str) -> Option<ArchSet> {
        let number = *self.numbers.get(path)?;
        self.arches.get(number as usize).copied().filter(|set| *set != 0)
    }
}

/// An option over all architectures.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defined {
    /// Where it is defined; none if that is only on architectures that are not looked at.
    pub arches: ArchSet,
    /// Its type; of several, the first architecture's.
    pub ty: Type,
    /// Where it is a tristate.
    pub tristate: ArchSet,
}

/// All options that are defined anywhere, by name (without `CONFIG_`).
pub type Symbols = FxHashMap<Box<str>, Defined>;

impl Arch {
    /// An architecture with its Kconfig and what its makefiles build.
    pub fn new(name: String, model: impl Into<Arc<Model>>, kbuild: Option<Presence>) -> Self {
        let model = model.into();
        // conf looks a name up among what is not a constant.
        let named = (0..model.symbols.len() as u32).map(SymbolId::new).filter(|id| {
            let symbol = model.symbol(*id);
            !symbol.constant && !symbol.name.is_empty() && !symbol.is_choice
        });
        let mut names = HashTable::with_capacity(model.symbols.len());
        let hash = |id: &SymbolId| FxBuildHasher.hash_one(&*model.symbol(*id).name);
        for id in named {
            let same = |other: &SymbolId| model.symbol(*other).name == model.symbol(id).name;
            // Of several, the last counts.
            names.entry(hash(&id), same, hash).insert(id);
        }
        let names = Arc::new(names);
        Self { name, model, kbuild: kbuild.map(Arc::new), names, compiled: Arc::default() }
    }

    /// Works out when each source file is compiled. `MODULE` is defined where an object is part of a
    /// module, and only there.
    fn compile(&mut self, formulas: &mut Formulas, sources: &mut Sources) {
        let Some(kbuild) = &self.kbuild else { return };
        let in_module = formulas.atom(Atom::InModule);
        let in_kernel = formulas.not(in_module);
        let mut compiled = Vec::new();
        for object in kbuild.objects.iter().chain(&kbuild.special) {
            let Some(source) = &object.source else { continue };
            let others = kbuild.contributions(object).iter().filter(|one| one.role != Role::Module);
            let whens: Vec<FormulaId> = others.map(|one| one.when).collect();
            let other = whens.into_iter().fold(Formulas::FALSE, |any, when| formulas.or(any, when));
            let (as_module, as_other) =
                (formulas.and(in_module, object.module), formulas.and(in_kernel, other));
            let built = formulas.or(as_module, as_other);
            let number = sources.number(source);
            if number >= compiled.len() {
                compiled.resize(number + 1, Formulas::FALSE);
            }
            compiled[number] = formulas.or(compiled[number], built);
        }
        compiled.shrink_to_fit();
        self.compiled = Arc::new(compiled);
    }

    /// The symbol of that name, if something defines or mentions it.
    pub fn find(&self, name: &[u8]) -> Option<SymbolId> {
        let same = |id: &SymbolId| &*self.model.symbol(*id).name == name;
        self.names.find(FxBuildHasher.hash_one(name), same).copied()
    }

    /// Whether the symbol has a definition here, not only mentions.
    pub fn defines(&self, id: SymbolId) -> bool {
        !self.model.symbol(id).menus.is_empty()
    }
}

/// The last part of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The sources that others include, by the last part of the name.
fn by_last(guards: &guards::Tree) -> FxHashMap<Box<str>, Vec<Box<str>>> {
    let mut included: FxHashMap<Box<str>, Vec<Box<str>>> = FxHashMap::default();
    for name in &guards.included {
        let rooted = name.trim_start_matches("../").trim_start_matches("./");
        included.entry(last(name).into()).or_default().push(rooted.into());
    }
    included
}

impl Tree {
    /// Joins what was read. `elsewhere` are Kconfig files, of other architectures too.
    pub fn new(
        root: PathBuf,
        mut arches: Vec<Arch>,
        elsewhere: &[Arc<File>],
        (mut formulas, guards): (Formulas, guards::Tree),
    ) -> Self {
        let mut sources = Sources::default();
        for arch in &mut arches {
            arch.compile(&mut formulas, &mut sources);
        }
        sources.arches = vec![0; sources.numbers.len()];
        let in_module = formulas.atom(Atom::InModule);
        let mut symbols = Symbols::default();
        let mut kconfig: FxHashMap<Box<str>, ArchSet> = FxHashMap::default();
        for (index, arch) in arches.iter().enumerate() {
            let bit = 1 << index;
            let named =
                arch.model.symbols.iter().filter(|symbol| {
                    !symbol.constant && !symbol.is_choice && !symbol.menus.is_empty()
                });
            for symbol in named {
                let Ok(name) = std::str::from_utf8(&symbol.name) else { continue };
                let tristate = if symbol.ty == Type::Tristate { bit } else { 0 };
                // Most are on every architecture, and known after the first.
                if let Some(known) = symbols.get_mut(name) {
                    known.arches |= bit;
                    known.tristate |= tristate;
                } else {
                    let known = Defined { arches: bit, ty: symbol.ty, tristate };
                    symbols.insert(name.into(), known);
                }
            }
            for file in &arch.model.files {
                *kconfig.entry(file.name.as_str().into()).or_default() |= bit;
            }
            for (set, when) in sources.arches.iter_mut().zip(&*arch.compiled) {
                *set |= if *when == Formulas::FALSE { 0 } else { bit };
            }
        }
        for file in elsewhere {
            let names = file.lines.iter().filter_map(|line| match &line.kind {
                LineKind::Config { name, .. } => std::str::from_utf8(file.text(name.span)).ok(),
                _ => None,
            });
            for name in names {
                symbols.entry(name.into()).or_default();
            }
        }
        let included = by_last(&guards);
        let (verdicts, gating) = (OnceLock::new(), Gating::default());
        Self {
            root,
            overlay: None,
            focus: None,
            arches,
            formulas,
            in_module,
            guards,
            symbols: Arc::new(symbols),
            sources: Arc::new(sources),
            kconfig: Arc::new(kconfig),
            included,
            verdicts,
            gating,
        }
    }

    /// The tree as it is with other files of `overlay`, of which only the guards are others: `read` reads
    /// them.
    #[must_use]
    pub fn with_guards(
        &self,
        overlay: &Path,
        read: impl FnOnce(&mut Formulas) -> guards::Tree,
    ) -> Self {
        let mut formulas = self.formulas.clone();
        let guards = read(&mut formulas);
        Self {
            root: self.root.clone(),
            overlay: Some(overlay.to_owned()),
            focus: self.focus.clone(),
            arches: self.arches.clone(),
            formulas,
            in_module: self.in_module,
            included: by_last(&guards),
            guards,
            symbols: Arc::clone(&self.symbols),
            sources: Arc::clone(&self.sources),
            kconfig: Arc::clone(&self.kconfig),
            verdicts: OnceLock::new(),
            gating: Gating::default(),
        }
    }

    /// Where files are looked for, in this order.
    pub fn roots(&self) -> Vec<&Path> {
        self.overlay.iter().chain([&self.root]).map(PathBuf::as_path).collect()
    }

    /// The texts of the files.
    pub fn source_texts(&self) -> Texts {
        Texts::new(&self.roots())
    }

    /// All architectures.
    pub fn all(&self) -> ArchSet {
        if self.arches.len() >= MAX_ARCHES { ArchSet::MAX } else { (1 << self.arches.len()) - 1 }
    }

    /// Whether a source file of that name is included by another: one whose path ends as it is named
    /// there.
    pub fn is_included(&self, file: &str) -> bool {
        let named = self.included.get(last(file)).into_iter().flatten();
        let ends = |name: &str| {
            file.strip_suffix(name).is_some_and(|dir| dir.is_empty() || dir.ends_with('/'))
        };
        named.into_iter().any(|name| ends(name))
    }

    /// When the file is compiled by an architecture (an index), as the makefiles say; for what is
    /// included, nobody knows better than always.
    pub fn built(&self, arch: usize, file: &FileGuards) -> FormulaId {
        let source = matches!(file.kind, FileKind::C | FileKind::Assembly);
        let number = self.sources.numbers.get(&*file.path).filter(|_| source);
        let built = number.and_then(|number| self.arches[arch].compiled.get(*number as usize));
        let built = built.copied().filter(|built| *built != Formulas::FALSE);
        built.filter(|_| !self.is_included(&file.path)).unwrap_or(Formulas::TRUE)
    }

    /// Whether the file may be compiled for the kernel: some makefile builds it, or it is included. Host
    /// programs are not; they have directories of that name, and include each other too.
    pub fn is_kernel(&self, file: &FileGuards) -> bool {
        let source = matches!(file.kind, FileKind::C | FileKind::Assembly);
        let host = || file.path.split('/').any(|part| matches!(part, "tools" | "scripts"));
        !source
            || self.sources.arches(&file.path).is_some()
            || (self.is_included(&file.path) && !host())
    }

    /// What no configuration can have; nothing if no rule needs it.
    pub fn verdicts(&self) -> &Verdicts {
        self.verdicts.get_or_init(Verdicts::default)
    }

    /// Says what no configuration can have, once.
    pub(super) fn set_verdicts(&self, verdicts: Verdicts) {
        // Another run over the same tree found the same.
        drop(self.verdicts.set(verdicts));
    }

    /// The architectures that a file is read for: by Kconfig; by the compiler, as the makefiles say;
    /// else, as for headers, all, or the one whose directory it is in. None for a file that nothing
    /// compiles.
    pub fn domain(&self, file: &str) -> ArchSet {
        let compiled = || self.sources.arches(file).filter(|_| !self.is_included(file));
        if let Some(set) = self.kconfig.get(file).copied().or_else(compiled) {
            return set;
        }
        let below = file.strip_prefix("arch/").and_then(|rest| rest.split('/').next());
        match below.and_then(|name| self.arches.iter().position(|arch| arch.name == name)) {
            // User-mode Linux is made of another architecture's files, and arm64 of some of arm's.
            Some(index) => self.arches.iter().enumerate().fold(1 << index, |set, (at, arch)| {
                let guest = matches!((&*arch.name, below), ("um", _) | ("arm64", Some("arm")));
                if guest { set | 1 << at } else { set }
            }),
            None if below.is_some_and(|name| name != "Kconfig") => 0,
            None => self.all(),
        }
    }

    /// The names of a set of architectures, sorted; none for the one that has no name.
    pub fn names(&self, set: ArchSet) -> Vec<String> {
        let named = self
            .arches
            .iter()
            .enumerate()
            .filter(|(index, arch)| set & (1 << index) != 0 && !arch.name.is_empty());
        named.map(|(_, arch)| arch.name.clone()).collect()
    }

    /// The names (without `CONFIG_`) of what is int, hex or string anywhere: what
    /// [`crate::source::makefile::Kbuild::new`] wants to know.
    pub fn texts<'a>(models: impl Iterator<Item = &'a Model>) -> FxHashSet<String> {
        let typed = models.flat_map(|model| &model.symbols).filter(|symbol| {
            matches!(symbol.ty, Type::Int | Type::Hex | Type::String) && !symbol.constant
        });
        typed.map(|symbol| String::from_utf8_lossy(&symbol.name).into_owned()).collect()
    }
}
