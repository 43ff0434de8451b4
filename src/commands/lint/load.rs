//! What a tree's rules look at, read in parallel: Kconfig once for each architecture, guards, makefiles.

use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;

use crate::cli::lint::Lint;
use crate::commands::config::host_arch;
use crate::commands::config::tree::{self, ProbeSource};
use crate::exit::{Error, Result};
use crate::kconf::eval::with_stack;
use crate::kconf::model::{Message, Model, Severity};
use crate::lint::context::{Arch, MAX_ARCHES, Tree};
use crate::lint::rules::recursive_dependency::CONF_SAYS;
use crate::lint::{Needs, Phase};
use crate::model::formula::Formulas;
use crate::model::words::MakeWords;
use crate::render;
use crate::source::guards::tree as guards;
use crate::source::makefile::Kbuild;

/// What of a tree is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct What<'a> {
    /// A directory whose files count in place of the tree's.
    pub overlay: Option<&'a Path>,
    /// Of the guards, only those of these files.
    pub only: Option<&'a [&'a str]>,
    /// What the rules need.
    pub needs: Needs,
    /// What has changed, where only rules are asked that can say something new.
    pub touched: Option<super::diff::Touched>,
}

/// Reads the tree that `args` names; `color` is for errors of its Kconfig.
pub fn load(args: &Lint, color: bool, what: What<'_>, phases: &mut Vec<Phase>) -> Result<Tree> {
    let words = MakeWords::parse(&args.words).map_err(Error::Usage)?;
    let dialect = tree::dialect(args.dialect.as_deref())?;
    let mut source = tree::Tree::open(args.tree.as_deref().unwrap_or(Path::new(".")), dialect)?;
    if let Some(overlay) = what.overlay {
        source = source.with_overlay(overlay);
    }
    let source = source.confined();
    let roots: Vec<&Path> = what.overlay.into_iter().chain([&*source.dir]).collect();
    let arches = arches(args, &words, &source)?;
    let start = Instant::now();
    let ((guarded, formulas), models) = rayon::join(
        || {
            let mut formulas = Formulas::default();
            let guarded = match (what.needs.guards, what.only) {
                (false, _) => Ok(guards::Tree::default()),
                (true, Some(only)) => Ok(guards::read_only(&roots, only, &mut formulas)),
                (true, None) => match what.overlay {
                    Some(overlay) => guards::read_over(overlay, &source.dir, &mut formulas),
                    None => guards::read(&source.dir, &mut formulas),
                },
            };
            (guarded, formulas)
        },
        || models(args, color, &words, &source, &arches),
    );
    let (guarded, mut formulas, models) = (guarded?, formulas, models?);
    phases.push(("read Kconfig and guards".to_owned(), start.elapsed()));
    let start = Instant::now();
    let mut built = vec![None; models.len()];
    if what.needs.kbuild {
        let texts = Tree::texts(models.iter().map(|(_, model)| model));
        let mut kbuild = Kbuild::new(&source.dir, texts);
        if let Some(overlay) = what.overlay {
            kbuild = kbuild.with_overlay(&source.dir, overlay);
        }
        let names: Vec<&str> = models.iter().map(|(name, _)| name.as_str()).collect();
        let all = kbuild.presences(&names, &mut formulas);
        built = all.into_iter().map(|(presence, _)| Some(presence)).collect();
        phases.push(("read makefiles".to_owned(), start.elapsed()));
    }
    let arches = models.into_iter().zip(built);
    let arches = arches.map(|((name, model), built)| Arch::new(name, model, built)).collect();
    let elsewhere = source.files();
    let mut tree = Tree::new(source.dir.clone(), arches, &elsewhere, (formulas, guarded));
    tree.overlay = what.overlay.map(Path::to_owned);
    Ok(tree)
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
                eprintln!("{}", message.text);
            }
            for snippet in tree::snippets(&loaded.model) {
                eprint!("{}", render::snippet::render(&snippet, color));
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
