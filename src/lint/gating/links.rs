//! What the linker makes of a source file: part of the kernel, or of which modules, and when.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::lint::context::{ArchSet, Tree};
use crate::model::formula::{FormulaId, Formulas};
use crate::source::makefile::{Role, is_linked_apart};

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

/// The objects of each source file, by architecture.
#[derive(Debug)]
pub struct Links<'t> {
    tree: &'t Tree,
    by_arch: Vec<FxHashMap<&'t str, Vec<Link>>>,
    somewhere: FxHashMap<&'t str, ArchSet>,
}

impl<'t> Links<'t> {
    /// The objects of `tree`.
    pub fn new(tree: &'t Tree) -> Self {
        let mut somewhere: FxHashMap<&str, ArchSet> = FxHashMap::default();
        let mut by_arch = Vec::new();
        for (index, arch) in tree.arches.iter().enumerate() {
            let mut links: FxHashMap<&str, Vec<Link>> = FxHashMap::default();
            let objects = arch.kbuild.iter().flat_map(|kbuild| &kbuild.objects);
            // A rule of its own may make an object of another directory's source.
            let unseen: FxHashSet<&str> = objects
                .clone()
                .filter(|object| object.source.is_none())
                .flat_map(|object| &object.contributions)
                .filter_map(|one| one.part_of.as_ref().map(|whole| &*whole.path))
                .collect();
            for (number, object) in objects.enumerate() {
                let Some(source) = object.source.as_deref() else { continue };
                let nowhere = (Formulas::FALSE, Formulas::FALSE);
                if (object.built_in, object.module) == nowhere || is_linked_apart(source) {
                    continue;
                }
                let modules = object.contributions.iter().filter(|one| one.role == Role::Module);
                let modules = modules
                    .map(|one| one.part_of.as_ref().map_or(&object.path, |whole| &whole.path))
                    .cloned()
                    .collect();
                let is_partial = object
                    .contributions
                    .iter()
                    .filter_map(|one| one.part_of.as_ref())
                    .any(|whole| unseen.contains(&*whole.path));
                let (built_in, module) = (object.built_in, object.module);
                let link = Link { built_in, module, modules, is_partial, object: number };
                links.entry(source).or_default().push(link);
                *somewhere.entry(source).or_default() |= 1 << index;
            }
            by_arch.push(links);
        }
        Self { tree, by_arch, somewhere }
    }

    /// The objects that `arch` makes of a file.
    pub fn of(&self, arch: usize, file: &str) -> &[Link] {
        self.by_arch[arch].get(file).map_or(&[], Vec::as_slice)
    }

    /// The directories whose makefiles list the objects that `arch` makes of `files`, each once.
    pub fn directories<'f>(
        &self,
        arch: usize,
        files: impl IntoIterator<Item = &'f str>,
    ) -> Vec<String> {
        let Some(kbuild) = &self.tree.arches[arch].kbuild else { return Vec::new() };
        let links = files.into_iter().flat_map(|file| self.of(arch, file));
        let why = links.flat_map(|link| &kbuild.objects[link.object].contributions);
        let mut paths: Vec<String> =
            why.map(|one| kbuild.directories[one.directory].path.clone()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The paths of the objects that `arch` makes of `files`, each once.
    pub fn objects<'f>(
        &self,
        arch: usize,
        files: impl IntoIterator<Item = &'f str>,
    ) -> Vec<String> {
        let Some(kbuild) = &self.tree.arches[arch].kbuild else { return Vec::new() };
        let links = files.into_iter().flat_map(|file| self.of(arch, file));
        let mut paths: Vec<String> =
            links.map(|link| kbuild.objects[link.object].path.to_string()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The objects that `arch` makes of a file, or else those of some architecture that links it.
    pub fn of_any(&self, arch: usize, file: &str) -> (usize, &[Link]) {
        let set = self.arches(file);
        let at =
            if set >> arch & 1 == 1 || set == 0 { arch } else { set.trailing_zeros() as usize };
        (at, self.of(at, file))
    }

    /// The architectures that link a file.
    pub fn arches(&self, file: &str) -> ArchSet {
        self.somewhere.get(file).copied().unwrap_or_default()
    }
}
