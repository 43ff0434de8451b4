//! What a tree's rules look at, read in parallel: Kconfig once for each architecture, guards, makefiles.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ignore::overrides::Override;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::cli::lint::Lint;
use crate::commands::config::host_arch;
use crate::commands::config::tree::{self, ProbeSource};
use crate::elf::HugePages;
use crate::exit::{Error, Result};
use crate::kconf::eval::with_stack;
use crate::kconf::model::{Message, Model, Severity};
use crate::lint::context::{Arch, MAX_ARCHES, Tree};
use crate::lint::focus::{Focus, Names};
use crate::lint::rules::recursive_dependency::CONF_SAYS;
use crate::lint::watch::Watch;
use crate::lint::{Needs, Phase, Rule};
use crate::model::finding::Finding;
use crate::model::formula::Formulas;
use crate::model::words::MakeWords;
use crate::render;
use crate::source::guards::index::Index;
use crate::source::guards::tree as guards;
use crate::source::makefile::{Kbuild, Presence};

/// What of a tree is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct What<'a> {
    /// A directory whose files count in place of the tree's.
    pub overlay: Option<&'a Path>,
    /// Only these files' guards.
    pub only: Option<&'a Only>,
    /// Only what follows from some options.
    pub changes: Option<&'a Changes>,
    /// What that is, if it has been found out before.
    pub focus: Option<&'a Arc<Focus>>,
    /// What its Kconfig says, if that has been read before.
    pub kconfig: Option<&'a Kconfig>,
}

/// The Kconfig of a tree.
pub struct Kconfig {
    source: tree::Tree,
    /// By architecture, with the name of its directory.
    models: Vec<(String, Arc<Model>)>,
}

/// What make would be told. Who names an option there means something else.
pub fn words(args: &Lint) -> Result<MakeWords> {
    MakeWords::parse(&args.words).map_err(|message| {
        let word = args.words.iter().find(|word| !MakeWords::is_word(word));
        let hint = match word {
            Some(word) => format!(" (what is about an option is asked for with --symbol {word})"),
            None => String::new(),
        };
        Error::Usage(format!("lint: {message}{hint}"))
    })
}

impl std::fmt::Debug for Kconfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kconfig").field("dir", &self.source.dir).finish_non_exhaustive()
    }
}

impl Kconfig {
    /// Reads that of the tree which `args` names, with files of `overlay` in place of its own; `color` is
    /// for errors.
    pub fn read(args: &Lint, color: bool, overlay: Option<&Path>) -> Result<Self> {
        let words = words(args)?;
        let dialect = tree::dialect(args.dialect.as_deref())?;
        let dir = args.tree.as_deref().unwrap_or(Path::new("."));
        let mut source = tree::Tree::open(dir, dialect)?;
        if let Some(overlay) = overlay {
            source = source.with_overlay(overlay);
        }
        let source = source.confined();
        let arches = arches(args, &words, &source)?;
        let models = models(args, color, &words, &source, &arches)?;
        let models = models.into_iter().map(|(name, model)| (name, Arc::new(model))).collect();
        Ok(Self { source, models })
    }

    /// The names of the architectures' directories.
    fn names(&self) -> Vec<&str> {
        self.models.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// What is int, hex or string.
    fn texts(&self) -> FxHashSet<String> {
        Tree::texts(self.models.iter().map(|(_, model)| &**model))
    }

    /// The architectures with what their makefiles build.
    fn arches(&self, built: Vec<Option<Presence>>) -> Vec<Arch> {
        let all = self.models.iter().zip(built);
        all.map(|((name, model), built)| Arch::new(name.clone(), model.clone(), built)).collect()
    }
}

/// What a run is about, where it is not the whole tree.
#[derive(Debug, Default)]
pub struct Changes {
    /// Options that a patch defines otherwise than before, or that are asked about.
    pub options: Names,
    /// Files that are asked about, and no options.
    pub on: Option<Override>,
    /// What the files of the tree name.
    pub index: Index,
    /// The files of the patch, and what belongs to them.
    pub only: Only,
    /// The makefiles of the patch.
    pub makefiles: FxHashSet<Box<str>>,
    /// The patch defines no option that was not there, and takes none away.
    pub same_names: bool,
    /// The configurations of the patch.
    pub configurations: FxHashSet<Box<str>>,
    /// What the revision has in place of the tree's files.
    pub before: PathBuf,
}

/// Of the guards, those of some files.
#[derive(Debug, Default)]
pub struct Only {
    /// The files.
    pub files: Vec<String>,
    /// The sources that any file of the tree includes, as it names them.
    pub included: FxHashSet<Box<str>>,
    /// Kconfig and the makefiles say what they said, and no file came or went.
    pub same_build: bool,
}

impl Only {
    /// Reads the guards.
    pub fn read(&self, roots: &[&Path], formulas: &mut Formulas) -> guards::Tree {
        let names: Vec<&str> = self.files.iter().map(String::as_str).collect();
        let mut tree = guards::read_only(roots, &names, formulas);
        tree.included.extend(self.included.iter().cloned());
        tree
    }
}

/// A run of the command: what was asked for, and how long its phases took.
pub struct Session<'a> {
    /// The arguments.
    pub args: &'a Lint,
    /// Errors of the tree's Kconfig are coloured.
    pub color: bool,
    /// The phases so far.
    pub phases: Vec<Phase>,
    /// Who waits for them.
    pub watch: &'a dyn Watch,
}

impl Session<'_> {
    /// Reads the tree and asks the rules.
    pub fn apply(
        &mut self,
        what: What<'_>,
        rules: &[&'static Rule],
    ) -> Result<(Tree, Vec<Finding>)> {
        let needs = rules.iter().fold(Needs::KCONFIG, |needs, rule| needs.and(rule.needs));
        self.watch.phase("reading", 0);
        let tree = load(self.args, self.color, (what, needs), &mut self.phases)?;
        let findings = self.ask(&tree, rules)?;
        Ok((tree, findings))
    }

    /// Asks the rules about a tree.
    pub fn ask(&mut self, tree: &Tree, rules: &[&'static Rule]) -> Result<Vec<Finding>> {
        let (findings, times) = crate::lint::run_watched(tree, rules, self.watch)?;
        self.phases.extend(times);
        Ok(findings)
    }
}

/// Reads the tree that `args` names; `color` is for errors of its Kconfig.
pub fn load(
    args: &Lint,
    color: bool,
    (what, needs): (What<'_>, Needs),
    phases: &mut Vec<Phase>,
) -> Result<Tree> {
    let dir = args.tree.as_deref().unwrap_or(Path::new("."));
    if !dir.is_dir() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotADirectory);
        return Err(Error::io(dir, dir.metadata().err().unwrap_or(missing)));
    }
    let roots: Vec<&Path> = what.overlay.into_iter().chain([dir]).collect();
    let start = Instant::now();
    let read = || Kconfig::read(args, color, what.overlay);
    if let Some(changes) = what.changes {
        let own = if what.kconfig.is_none() { Some(read()?) } else { None };
        let Some(kconfig) = what.kconfig.or(own.as_ref()) else { unreachable!("one of them") };
        phases.push(("read Kconfig".to_owned(), start.elapsed()));
        if let Some(tree) = focused(kconfig, (what, changes, needs), &roots, phases) {
            return Ok(tree);
        }
        let what = What { changes: None, kconfig: Some(kconfig), ..what };
        return load(args, color, (what, needs), phases);
    }
    let ((guarded, mut formulas), own) = rayon::join(
        || {
            let mut formulas = Formulas::default();
            let guarded = match (needs.guards, what.only) {
                (false, _) => Ok(guards::Tree::default()),
                (true, Some(only)) => Ok(only.read(&roots, &mut formulas)),
                (true, None) => match what.overlay {
                    Some(overlay) => guards::read_over(overlay, dir, &mut formulas),
                    None => guards::read(dir, &mut formulas),
                },
            };
            (guarded, formulas)
        },
        || if what.kconfig.is_none() { read().map(Some) } else { Ok(None) },
    );
    let (guarded, own) = (guarded?, own?);
    let Some(kconfig) = what.kconfig.or(own.as_ref()) else { unreachable!("one of them") };
    phases.push(("read Kconfig and guards".to_owned(), start.elapsed()));
    let start = Instant::now();
    let mut built = vec![None; kconfig.models.len()];
    if needs.kbuild {
        let root = &kconfig.source.dir;
        let mut kbuild = Kbuild::new(root, kconfig.texts()).without_around();
        if let Some(overlay) = what.overlay {
            kbuild = kbuild.with_overlay(root, overlay);
        }
        if let Some(only) = what.only {
            let files = only.files.iter().map(String::as_str);
            kbuild = kbuild.only(files, &Names::default());
        }
        let all = kbuild.presences(&kconfig.names(), &mut formulas);
        built = all.into_iter().map(|(presence, _)| Some(presence)).collect();
        phases.push(("read makefiles".to_owned(), start.elapsed()));
    }
    let elsewhere = kconfig.source.files();
    let arches = kconfig.arches(built);
    let mut tree = Tree::new(kconfig.source.dir.clone(), arches, &elsewhere, (formulas, guarded));
    tree.overlay = what.overlay.map(Path::to_owned);
    // To ask takes as much again, on each processor.
    HugePages::give_back();
    Ok(tree)
}

/// Reads what follows from some options: the guards of files that name one of them, or that makefiles
/// build by one. Nothing where a makefile changed that may make anything otherwise.
fn focused(
    kconfig: &Kconfig,
    (what, changes, needs): (What<'_>, &Changes, Needs),
    roots: &[&Path],
    phases: &mut Vec<Phase>,
) -> Option<Tree> {
    let start = Instant::now();
    let root = &kconfig.source.dir;
    let mut kbuild = Kbuild::new(root, kconfig.texts()).without_around();
    if let Some(overlay) = what.overlay {
        kbuild = kbuild.with_overlay(root, overlay);
    }
    let focus = match what.focus {
        Some(focus) => focus.clone(),
        None => match follow(changes, kconfig, &kbuild) {
            Some(focus) => Arc::new(focus),
            None => return None,
        },
    };
    let mut files = changes.only.files.clone();
    files.extend(focus.built.iter().map(ToString::to_string));
    let naming = changes.index.files().filter(|(_, facts)| facts.names_any(&focus.values));
    files.extend(naming.map(|(path, _)| path.to_owned()));
    phases.push(("follow what changed".to_owned(), start.elapsed()));
    let start = Instant::now();
    let mut formulas = Formulas::default();
    let mut built = vec![None; kconfig.models.len()];
    if needs.kbuild {
        if changes.on.is_none() {
            kbuild = kbuild.only(files.iter().map(String::as_str), &focus.values);
        }
        let all = kbuild.presences(&kconfig.names(), &mut formulas);
        let named = focus.formulas(&formulas);
        for (presence, _) in &all {
            let objects = presence.objects.iter().chain(&presence.special);
            let by_one = objects.filter(|object| named[object.built.0 as usize]);
            files.extend(by_one.filter_map(|object| object.source.as_deref().map(str::to_owned)));
        }
        built = all.into_iter().map(|(presence, _)| Some(presence)).collect();
        phases.push(("read makefiles".to_owned(), start.elapsed()));
    }
    let start = Instant::now();
    let guarded = if needs.guards {
        let files = super::reach::context(roots, &[&changes.index], files);
        let included = changes.only.included.clone();
        Only { files, included, same_build: true }.read(roots, &mut formulas)
    } else {
        guards::Tree::default()
    };
    phases.push(("read guards".to_owned(), start.elapsed()));
    let arches = kconfig.arches(built);
    let elsewhere = kconfig.source.files();
    let mut tree = Tree::new(root.clone(), arches, &elsewhere, (formulas, guarded));
    tree.overlay = what.overlay.map(Path::to_owned);
    tree.focus = Some(focus);
    Some(tree)
}

/// What a patch can reach; nothing where that may be anything. `kbuild` has the makefiles as they are.
fn follow(changes: &Changes, kconfig: &Kconfig, kbuild: &Kbuild) -> Option<Focus> {
    let models: Vec<&Model> = kconfig.models.iter().map(|(_, model)| &**model).collect();
    if let Some(on) = &changes.on {
        return Some(Focus::on(&models, on.clone()));
    }
    let mut focus = Focus::new(&models, &changes.options);
    focus.same_names = changes.same_names;
    focus.asked.extend(changes.configurations.iter().cloned());
    let given = changes.index.files().flat_map(|(_, facts)| facts.overrides.iter().cloned());
    focus.given.extend(given);
    if changes.makefiles.is_empty() {
        return Some(focus);
    }
    let (root, before) = (&*kconfig.source.dir, &*changes.before);
    let old = Kbuild::new(root, kconfig.texts()).with_overlay(root, before);
    let roots = [&[before, root][..], &[root][..]];
    let affected = kbuild.affected(&old, &kconfig.names(), &changes.makefiles, roots)?;
    focus.asked.extend(affected.makefiles);
    focus.built = affected.files;
    Some(focus)
}

/// The architectures that are meant: all unless named; nothing for a tree that has none.
fn arches(args: &Lint, words: &MakeWords, source: &tree::Tree) -> Result<Vec<Option<String>>> {
    let named: Vec<String> = match words.get("ARCH") {
        Some(arch) if args.arch.is_empty() => vec![arch.to_owned()],
        _ => args.arch.clone(),
    };
    let arches: Vec<Option<String>> = if !named.is_empty() && !named.contains(&"all".to_owned()) {
        named.into_iter().map(Some).collect()
    } else if source.dir.join("arch").is_dir() {
        source.archs()?.into_iter().map(Some).collect()
    } else {
        vec![None]
    };
    if arches.len() > MAX_ARCHES {
        let msg = format!("{} architectures; {MAX_ARCHES} are the limit", arches.len());
        return Err(Error::input(source.dir.join("arch"), msg));
    }
    Ok(arches)
}

/// The Kconfig of every architecture, with the name of its directory.
fn models(
    args: &Lint,
    color: bool,
    words: &MakeWords,
    source: &tree::Tree,
    arches: &[Option<String>],
) -> Result<Vec<(String, Model)>> {
    // All of them, whichever are asked for: what is defined elsewhere is defined.
    let mut all: Vec<String> = arches.iter().flatten().cloned().collect();
    all.extend(source.archs().unwrap_or_default());
    source.read(&all.iter().map(String::as_str).collect::<Vec<_>>())?;
    let one = |arch: &Option<String>| -> Result<(String, Model)> {
        let mut words = words.clone();
        if let Some(arch) = arch {
            words.set("ARCH", arch);
        }
        // User-mode Linux runs on another architecture, and asks which.
        if arch.as_deref() == Some("um") && words.get("SUBARCH").is_none() {
            words.set("SUBARCH", host_arch());
        }
        let probes = ProbeSource { mode: args.probe, file: None, dir: Path::new("."), env: None };
        let loaded = source.load(&words, &probes)?;
        if is_unusable(&loaded.model) {
            let bad = |m: &&Message| m.severity > Severity::Warning && m.place.is_none();
            for message in loaded.model.messages.iter().filter(bad) {
                crate::exit::say(&format_args!("{}", message.text));
            }
            for snippet in tree::snippets(&loaded.model) {
                let text = render::snippet::render(&snippet, color);
                crate::exit::say(&text.trim_end_matches('\n'));
            }
            return Err(tree::rejected(source, &loaded.model));
        }
        Ok((loaded.srcarch, loaded.model))
    };
    let one = |arch| with_stack(|| one(arch)).map_err(|err| Error::io("a thread", err))?;
    arches.par_iter().map(one).collect()
}

/// Whether `conf` refuses the tree for anything but recursive dependencies, which are findings.
fn is_unusable(model: &Model) -> bool {
    let mut bad = model.messages.iter().filter(|message| message.severity > Severity::Warning);
    bad.any(|message| !message.text.contains(CONF_SAYS))
}
