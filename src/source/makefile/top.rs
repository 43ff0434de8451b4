//! The top makefile and the architecture's: where to begin, and what every directory inherits.
//!
//! Up to 6.0 the top makefile lists the directories (`core-y`, `drivers-y`, …); since 6.1 it visits `.`
//! and the top `Kbuild` lists them, with `ARCH_CORE` and the like handed down from the architecture's.
//! Both are read as they are.

use rustc_hash::FxHashSet;

use super::defines::{self, Define};
use super::eval::Evaluator;
use super::files::Files;
use super::layer::Layer;
use super::syntax::Loc;
use super::value;
use crate::model::diag::Diag;
use crate::model::formula::{FormulaId, Formulas};

/// Set on make's command line, or before the makefile proper begins: a plain `make` in the tree.
const GIVEN: &[(&str, &str)] = &[
    ("sub_make_done", "1"),
    ("need-sub-make", ""),
    ("skip-makefile", ""),
    ("need-config", "1"),
    ("dot-config", "1"),
    ("config-targets", ""),
    ("mixed-targets", ""),
    ("mixed-build", ""),
    ("config-build", ""),
    ("single-build", ""),
    ("KBUILD_EXTMOD", ""),
    ("KBUILD_SRC", ""),
    ("KBUILD_OUTPUT", ""),
    ("srctree", "."),
    ("objtree", "."),
    ("MAKECMDGOALS", ""),
    ("CURDIR", "."),
];

/// A tree as one architecture begins it.
pub(super) struct Top {
    pub(super) layer: Layer,
    pub(super) formulas: Formulas,
    /// Directories, each with its condition and the line that lists it.
    pub(super) roots: Vec<(String, FormulaId, Loc)>,
    /// `-DCONFIG_X` in flags for all directories.
    pub(super) defines: Vec<Define>,
    pub(super) diags: Vec<Diag>,
    /// The makefiles that were read.
    pub(super) read: FxHashSet<Box<str>>,
}

/// Reads the top makefile for `arch` (a directory of `arch/`).
pub(super) fn read(files: &Files, texts: &FxHashSet<String>, arch: &str) -> Top {
    let nothing = Layer::default();
    let mut eval = Evaluator::new(files, texts, &nothing);
    // User-mode Linux is built for some machine; x86 is the only one there is.
    let sub = if arch == "um" { "x86" } else { arch };
    let given = [("ARCH", arch), ("SRCARCH", arch), ("SUBARCH", sub)];
    for (name, text) in given.into_iter().chain(GIVEN.iter().copied()) {
        eval.set(name, text);
        eval.fixed.insert(name);
    }
    if !eval.read("Makefile") {
        eval.diags.push(Diag::new("Makefile", "cannot be read; is this a kernel tree?"));
    }
    let mut roots = Vec::new();
    for name in ["build-dir", "build-dirs", "vmlinux-dirs"] {
        for (word, rule) in eval.words_of(name) {
            let known = !value::is_unknown(&word.text);
            let new = roots.iter().all(|(dir, _, _)| *dir != word.text);
            if known && new {
                roots.push((word.text, word.when, rule));
            }
        }
    }
    // A tree that is not a whole kernel, as an external module, has lists at its top.
    if let (true, Some(file)) = (roots.is_empty(), super::lists::kbuild_file(files, "")) {
        roots.push((String::new(), Formulas::TRUE, Loc { file: file.into(), line: 1 }));
    }
    let mut layer = Layer::default();
    let mut names: Vec<String> = eval.exported.iter().cloned().collect();
    names.extend(["ARCH", "SRCARCH", "SUBARCH"].map(str::to_owned));
    names.sort_unstable();
    for name in names {
        let value = eval.lookup(&name);
        if !value.0.is_empty() {
            layer.put(&name, &eval.f, &value);
        }
    }
    let defines = defines::above(&mut eval);
    Top { layer, formulas: eval.f, roots, defines, diags: eval.diags, read: eval.seen }
}
