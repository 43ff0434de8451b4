//! What Kbuild makes of `obj-y`, `obj-m`, `lib-y` and the like once a directory's makefile is read:
//! `scripts/Makefile.lib`, in formulas.
//!
//! The rules that matter: what is in `obj-y` leaves `obj-m` and `lib-y`; `foo.o` with any of
//! `foo-objs`, `foo-y`, `foo-` (and `foo-m`, in a module) is composed of those instead of compiled;
//! a name with a slash at its end is a directory to descend into.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::around::Around;
use super::defines::{self, Define};
use super::eval::Evaluator;
use super::files::{Files, normal};
use super::layer::Layer;
use super::syntax::Loc;
use super::value::{self, Word};
use crate::model::diag::Diag;
use crate::model::formula::{FormulaId, Formulas};

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// `obj-y`: linked into the kernel, if all directories on the way are.
    BuiltIn,
    /// `obj-m`: a module, or part of one.
    Module,
    /// `lib-y`: in the directory's `lib.a`, from which the linker takes what is needed.
    Library,
    /// `extra-y`: made whenever the directory is visited for the kernel.
    Extra,
    /// `always-y`: made whenever the directory is visited.
    Always,
    /// `targets`: the makefile has a rule of its own for it. A directory in `subdir-`: visited by such
    /// a rule.
    Special,
}

/// A composite object that another is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composite {
    /// Its path from the top of the tree.
    pub path: Arc<str>,
    /// The line that lists the part.
    pub rule: Loc,
    /// When that line does.
    pub when: FormulaId,
}

/// An object as one line of a makefile lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// From the top of the tree.
    pub path: Arc<str>,
    /// The source file, from the top of the tree; none if the build generates it.
    pub source: Option<Arc<str>>,
    /// What becomes of it.
    pub role: Role,
    /// Given that the directory is visited.
    pub when: FormulaId,
    /// When `rule` lists it, or the composite.
    pub listed: FormulaId,
    /// The line that lists it, or the composite that it is part of.
    pub rule: Loc,
    /// The composite.
    pub part_of: Option<Composite>,
    /// It is linked from parts, not compiled.
    pub composite: bool,
}

/// A directory below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Below {
    /// From the top of the tree.
    pub path: String,
    /// How it is reached.
    pub role: Role,
    /// Given that this one is visited.
    pub when: FormulaId,
    /// The line.
    pub rule: Loc,
}

/// What one directory's makefile says, by itself: its own condition is left out.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Where the conditions below belong.
    pub formulas: Formulas,
    /// The objects, once for each line that lists them.
    pub items: Vec<Item>,
    /// The directories that it leads to.
    pub below: Vec<Below>,
    /// The conditionals around the lines of `items` and `below`.
    pub around: Around,
    /// `-DCONFIG_X` in its flags.
    pub defines: Vec<Define>,
    /// What could not be evaluated.
    pub diags: Vec<Diag>,
    /// What it asked of the makefiles above.
    pub(super) used: Vec<Box<str>>,
    /// The makefiles that were read, from the top of the tree.
    pub(super) read: Vec<Box<str>>,
}

/// `name` in `dir`, normalised.
pub(super) fn path(dir: &str, name: &str) -> String {
    normal(&format!("{dir}/{name}"))
}

/// What `Makefile.build` and `Kbuild.include` have set before the directory's makefile is read.
const BEFORE: &[&str] = &[
    "obj-y",
    "obj-m",
    "lib-y",
    "lib-m",
    "always-y",
    "always-m",
    "extra-y",
    "targets",
    "subdir-y",
    "subdir-m",
    "EXTRA_AFLAGS",
    "EXTRA_CFLAGS",
    "EXTRA_CPPFLAGS",
    "asflags-y",
    "ccflags-y",
    "cppflags-y",
    "subdir-asflags-y",
    "subdir-ccflags-y",
    "empty",
];

/// Makes the evaluator ready for the makefile of `dir`.
pub(super) fn prepare(eval: &mut Evaluator, dir: &str) {
    for name in BEFORE {
        eval.set(name, "");
    }
    // Everything is relative to the top of the tree, wherever the build is.
    let dir = if dir.is_empty() { "." } else { dir };
    for (name, text) in [
        ("srctree", "."),
        ("objtree", "."),
        ("src", dir),
        ("obj", dir),
        ("comma", ","),
        ("space", " "),
        ("quote", "\""),
        ("squote", "'"),
        ("pound", "#"),
    ] {
        eval.set(name, text);
    }
}

/// The makefile of `dir`: `Kbuild` goes first.
pub(super) fn kbuild_file(files: &Files, dir: &str) -> Option<String> {
    ["Kbuild", "Makefile"].iter().map(|name| path(dir, name)).find(|name| files.exists(name))
}

/// Reads the makefile of `dir`.
pub(super) fn read(
    files: &Files,
    texts: &FxHashSet<String>,
    layer: &Layer,
    dir: &str,
) -> Directory {
    let mut eval = Evaluator::new(files, texts, layer);
    prepare(&mut eval, dir);
    let found = kbuild_file(files, dir).is_some_and(|name| eval.read(&name));
    if !found {
        eval.diags.push(Diag::new(dir, "there is no Kbuild or Makefile in this directory"));
    }
    let mut lists = Lists { dir, files, items: Vec::new(), below: Vec::new() };
    lists.collect(&mut eval);
    let defines = defines::collect(&mut eval, dir);
    let mut used: Vec<Box<str>> = eval.used.into_iter().collect();
    used.sort_unstable();
    let Lists { items, below, .. } = lists;
    let mut around = eval.around;
    let parts = items.iter().filter_map(|item| item.part_of.as_ref()).map(|whole| &whole.rule);
    let rules = items.iter().map(|item| &item.rule).chain(below.iter().map(|below| &below.rule));
    around.keep(parts.chain(rules));
    let read = eval.seen.into_iter().collect();
    Directory { formulas: eval.f, items, below, around, defines, diags: eval.diags, used, read }
}

struct Lists<'a> {
    dir: &'a str,
    files: &'a Files,
    items: Vec<Item>,
    below: Vec<Below>,
}

type Listed = Vec<(Word, Loc)>;

impl Lists<'_> {
    fn collect(&mut self, eval: &mut Evaluator) {
        let obj_y = known(eval, "obj-y");
        let mut built_in: FxHashMap<String, FormulaId> = FxHashMap::default();
        for (word, _) in &obj_y {
            let any = built_in.entry(word.text.clone()).or_insert(Formulas::FALSE);
            *any = eval.f.or(*any, word.when);
        }
        let others = |eval: &mut Evaluator, list: &mut Listed| {
            for (word, _) in list.iter_mut() {
                if let Some(in_kernel) = built_in.get(&word.text) {
                    let not = eval.f.not(*in_kernel);
                    word.when = eval.f.and(word.when, not);
                }
            }
            list.retain(|(word, _)| word.when != Formulas::FALSE);
        };
        let mut obj_m = known(eval, "obj-m");
        others(eval, &mut obj_m);
        let mut lib = known(eval, "lib-y");
        lib.extend(known(eval, "lib-m"));
        others(eval, &mut lib);
        self.objects(eval, obj_y, Role::BuiltIn, &["-objs", "-y"]);
        self.objects(eval, obj_m, Role::Module, &["-objs", "-y", "-m"]);
        self.plain(lib, Role::Library);
        for (name, role) in
            [("extra-y", Role::Extra), ("always-y", Role::Always), ("always-m", Role::Always)]
        {
            let list = known(eval, name);
            self.plain(list, role);
        }
        let targets = known(eval, "targets");
        self.plain(targets, Role::Special);
        for (name, role) in
            [("subdir-y", Role::Always), ("subdir-m", Role::Always), ("subdir-", Role::Special)]
        {
            for (word, rule) in known(eval, name) {
                self.descend(&word, rule, role);
            }
        }
    }

    fn descend(&mut self, word: &Word, rule: Loc, role: Role) {
        let path = path(self.dir, &word.text);
        self.below.push(Below { path, role, when: word.when, rule });
    }

    fn item(&mut self, name: &str, role: Role, when: FormulaId, rule: Loc) -> &mut Item {
        let path: Arc<str> = path(self.dir, name).into();
        let source = source(self.files, &path);
        let (listed, part_of, composite) = (when, None, false);
        self.items.push(Item { path, source, role, when, listed, rule, part_of, composite });
        let last = self.items.len() - 1;
        &mut self.items[last]
    }

    fn plain(&mut self, list: Listed, role: Role) {
        for (word, rule) in list {
            // Where a directory's own rules are, `$(obj)/` is now and then written out.
            let name = word.text.strip_prefix(self.dir).and_then(|name| name.strip_prefix('/'));
            let name = name.unwrap_or(&word.text);
            if is_object(name) {
                self.item(name, role, word.when, rule);
            }
        }
    }

    fn objects(&mut self, eval: &mut Evaluator, list: Listed, role: Role, suffixes: &[&str]) {
        let mut known: FxHashMap<String, (FormulaId, Listed)> = FxHashMap::default();
        for (word, rule) in list {
            if word.text.ends_with('/') {
                self.descend(&word, rule, role);
                continue;
            }
            let Some(base) = word.text.strip_suffix(".o") else { continue };
            let (composed, parts) =
                known.entry(word.text.clone()).or_insert_with(|| parts(eval, base, suffixes));
            let alone = eval.f.not(*composed);
            let compiled = eval.f.and(word.when, alone);
            if compiled != Formulas::FALSE {
                self.item(&word.text, role, compiled, rule.clone());
            }
            let linked = eval.f.and(word.when, *composed);
            if linked != Formulas::FALSE {
                self.item(&word.text, role, linked, rule.clone()).composite = true;
            }
            for (part, part_rule) in parts {
                let when = eval.f.and(word.when, part.when);
                if when == Formulas::FALSE || !is_object(&part.text) {
                    continue;
                }
                let composite = path(self.dir, &word.text).into();
                let item = self.item(&part.text, role, when, rule.clone());
                item.listed = word.when;
                let (rule, when) = (part_rule.clone(), part.when);
                item.part_of = Some(Composite { path: composite, rule, when });
            }
        }
    }
}

/// Whether the name is that of an object file; make knows no other case.
#[allow(clippy::case_sensitive_file_extension_comparisons, reason = "make compares bytes")]
pub(super) fn is_object(name: &str) -> bool {
    name.ends_with(".o")
}

/// The words of a list that are names.
fn known(eval: &mut Evaluator, name: &str) -> Listed {
    let mut list = eval.words_of(name);
    list.retain(|(word, rule)| {
        let known = !value::is_unknown(&word.text);
        if !known {
            let message = format!("{name} has the unknown {}", value::shown(&word.text));
            eval.diags.push(Diag::at_line(&*rule.file, rule.line as usize, message));
        }
        known
    });
    list
}

fn source(files: &Files, object: &str) -> Option<Arc<str>> {
    let base = object.strip_suffix(".o")?;
    let find = |base: &str| {
        let mut candidates = ["c", "S", "rs"].iter().map(|ext| format!("{base}.{ext}"));
        candidates.find(|path| files.exists(path)).map(Arc::from)
    };
    // `memcpy.nvhe.o`, `lib-cmdline.pi.o`: the same source once more, in another way.
    find(base).or_else(|| {
        let (base, variant) = base.rsplit_once('.')?;
        (!variant.contains('/')).then(|| find(base)).flatten()
    })
}

/// When `base.o` is a composite object, and of what.
fn parts(eval: &mut Evaluator, base: &str, suffixes: &[&str]) -> (FormulaId, Listed) {
    let mut any = Formulas::FALSE;
    let mut list = Vec::new();
    for suffix in suffixes.iter().chain(&["-"]) {
        let name = format!("{base}{suffix}");
        if !eval.vars.contains_key(name.as_str()) {
            continue;
        }
        let value = eval.lookup(&name);
        let some = value.nonempty(&mut eval.f);
        any = eval.f.or(any, some);
        if *suffix != "-" {
            list.extend(eval.words_of(&name));
        }
    }
    list.retain(|(word, _)| !value::is_unknown(&word.text));
    (any, list)
}
