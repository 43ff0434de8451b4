//! What the linker makes of a source file: part of the kernel, or of which modules, and when.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::lint::context::{ArchSet, Tree};
use crate::model::formula::{FormulaId, Formulas};
use crate::source::makefile::{Presence, Role, is_linked_apart};
use crate::source::symbols::Symbols;

/// An object of a source file.
#[derive(Debug, Clone)]
pub struct Link {
    /// It is part of the kernel.
    pub built_in: FormulaId,
    /// It is part of a module.
    pub module: FormulaId,
    /// The modules that it can be part of.
    pub modules: Vec<Arc<str>>,
    /// Something that we do not see is linked with it.
    pub is_partial: bool,
    /// Index into the architecture's objects.
    pub object: usize,
}

/// The objects of each source file (its index into [`Symbols::files`]), by architecture.
#[derive(Debug)]
pub struct Links {
    by_arch: Vec<FxHashMap<u32, Vec<Link>>>,
    somewhere: FxHashMap<u32, ArchSet>,
}

impl Links {
    /// The objects of `tree`.
    pub fn new(tree: &Tree, symbols: &Symbols) -> Self {
        let numbered = symbols.files.iter().enumerate();
        let files: FxHashMap<&str, u32> =
            numbered.map(|(number, file)| (&*file.path, number as u32)).collect();
        let mut somewhere: FxHashMap<u32, ArchSet> = FxHashMap::default();
        let mut by_arch = Vec::new();
        for (index, arch) in tree.arches.iter().enumerate() {
            let mut links: FxHashMap<u32, Vec<Link>> = FxHashMap::default();
            let Some(kbuild) = &arch.kbuild else {
                by_arch.push(links);
                continue;
            };
            let objects = kbuild.objects.iter();
            // A rule of its own may make an object of another directory's source.
            let unseen: FxHashSet<&str> = objects
                .clone()
                .filter(|object| object.source.is_none())
                .flat_map(|object| kbuild.contributions(object))
                .filter_map(|one| one.part_of.as_ref().map(|whole| &*whole.path))
                .collect();
            for (number, object) in objects.enumerate() {
                let Some(source) = object.source.as_deref() else { continue };
                let nowhere = (Formulas::FALSE, Formulas::FALSE);
                if (object.built_in, object.module) == nowhere || is_linked_apart(source) {
                    continue;
                }
                // What nothing is known of is not asked about either.
                let Some(&file) = files.get(source) else { continue };
                let modules = kbuild.contributions(object).iter();
                let modules = modules
                    .filter(|one| one.role == Role::Module)
                    .map(|one| one.part_of.as_ref().map_or(&object.path, |whole| &whole.path))
                    .cloned()
                    .collect();
                let is_partial = kbuild
                    .contributions(object)
                    .iter()
                    .filter_map(|one| one.part_of.as_ref())
                    .any(|whole| unseen.contains(&*whole.path));
                let (built_in, module) = (object.built_in, object.module);
                let link = Link { built_in, module, modules, is_partial, object: number };
                links.entry(file).or_default().push(link);
                *somewhere.entry(file).or_default() |= 1 << index;
            }
            by_arch.push(links);
        }
        Self { by_arch, somewhere }
    }

    /// The objects that `arch` makes of a file.
    pub fn of(&self, arch: usize, file: u32) -> &[Link] {
        self.by_arch[arch].get(&file).map_or(&[], Vec::as_slice)
    }

    /// The directories whose makefiles list the objects that `arch` makes of `files`, each once.
    pub fn directories(
        &self,
        tree: &Tree,
        arch: usize,
        files: impl IntoIterator<Item = u32>,
    ) -> Vec<String> {
        self.paths(tree, arch, files, |kbuild, link| {
            let why = kbuild.contributions(&kbuild.objects[link.object]).iter();
            why.map(|one| kbuild.directories[one.directory].path.clone()).collect()
        })
    }

    /// The paths of the objects that `arch` makes of `files`, each once.
    pub fn objects(
        &self,
        tree: &Tree,
        arch: usize,
        files: impl IntoIterator<Item = u32>,
    ) -> Vec<String> {
        self.paths(tree, arch, files, |kbuild, link| {
            vec![kbuild.objects[link.object].path.to_string()]
        })
    }

    /// What `of` says of the objects that `arch` makes of `files`, sorted, each once.
    fn paths(
        &self,
        tree: &Tree,
        arch: usize,
        files: impl IntoIterator<Item = u32>,
        of: impl Fn(&Presence, &Link) -> Vec<String>,
    ) -> Vec<String> {
        let Some(kbuild) = &tree.arches[arch].kbuild else { return Vec::new() };
        let links = files.into_iter().flat_map(|file| self.of(arch, file));
        let mut paths: Vec<String> = links.flat_map(|link| of(kbuild, link)).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The objects that `arch` makes of a file, or else those of some architecture that links it.
    pub fn of_any(&self, arch: usize, file: u32) -> (usize, &[Link]) {
        let set = self.arches(file);
        let at =
            if set >> arch & 1 == 1 || set == 0 { arch } else { set.trailing_zeros() as usize };
        (at, self.of(at, file))
    }

    /// The architectures that link a file.
    pub fn arches(&self, file: u32) -> ArchSet {
        self.somewhere.get(&file).copied().unwrap_or_default()
    }
}
