//! What real configurations build: `make -n` after `make prepare`, beside the objects that our
//! formulas predict under the `.config` that make wrote.
//!
//! Runs `x86_64` tinyconfig on the tree of `HMMSIZE_LINUX`. `HMMSIZE_KBUILD_CONFIGS` names others, as
//! `ARCH:TARGET[:CROSS_COMPILE]` with blanks between; `HMMSIZE_KBUILD_DIR` keeps the builds there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hmmsize::model::formula::{Atom, FormulaId, Formulas};
use hmmsize::source::makefile::{Kbuild, Object};

use crate::oracle::{is_object, normal};
use crate::support::{self, have};

/// The tree, or `None` with a word about it; under CI it must be there.
pub fn tree() -> Option<PathBuf> {
    let tree = std::env::var_os("HMMSIZE_LINUX").map(PathBuf::from);
    assert!(!support::ci() || tree.is_some(), "CI needs HMMSIZE_LINUX (cargo xtask test sets it)");
    if tree.is_none() {
        eprintln!("SKIPPED: HMMSIZE_LINUX names no kernel tree (cargo xtask test does)");
    }
    tree.filter(|_| ["make", "gcc", "flex", "bison", "bc"].iter().all(|tool| have(tool)))
}

fn make(tree: &Path, build: &Path, arch: &str, cross: &str, goals: &[&str]) -> String {
    let output = Command::new("make")
        .arg("-C")
        .arg(tree)
        .arg(format!("O={}", build.display()))
        .args([format!("ARCH={arch}"), format!("CROSS_COMPILE={cross}")])
        .args(goals)
        .env("LC_ALL", "C")
        .env_remove("MAKEFLAGS")
        .env_remove("MFLAGS")
        .output()
        .unwrap();
    // `-n` fails where a recipe was needed for the next step; what it said so far is whole.
    let fine = output.status.success() || goals[0] == "-nk";
    assert!(fine, "make {goals:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The objects that make would compile, and whether for a module; what is copied from another object
/// does not say. Host and user programs and what `prepare` has
/// made (`asm-offsets.s`) are not among them.
fn built(dry: &str) -> BTreeMap<String, Option<bool>> {
    let mut objects = BTreeMap::new();
    for line in dry.lines() {
        for quoted in line.split("echo ").skip(1) {
            let Some(quoted) = quoted.strip_prefix(['\'', '"']) else { continue };
            let text = quoted.split(['\'', '"']).next().unwrap_or_default();
            let words: Vec<_> = text.split_ascii_whitespace().collect();
            if let [kind, rest @ .., object] = &words[..]
                && ["CC", "AS", "RUSTC", "OBJCOPY", "STUBCPY", "HYPCOPY"].contains(kind)
                && is_object(object)
                && !rest.contains(&"[U]")
            {
                let module = rest.contains(&"[M]");
                objects.insert(
                    normal(object),
                    (!kind.ends_with("CPY") && !kind.ends_with("COPY")).then_some(module),
                );
            }
        }
    }
    objects
}

/// The values of `auto.conf`, strings without their quotes (until 5.17 it has them).
fn values(build: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(build.join("include/config/auto.conf")).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("CONFIG_")?.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

struct Case<'a> {
    arch: &'a str,
    target: &'a str,
    cross: &'a str,
}

/// Compares one configuration; at least `least` objects must be built.
fn check(tree: &Path, base: &Path, case: &Case, least: usize) {
    let Case { arch, target, cross } = case;
    let build = base.join(format!("{arch}-{target}"));
    fs::create_dir_all(&build).unwrap();
    if !build.join("include/config/auto.conf").is_file() {
        make(tree, &build, arch, cross, &[target]);
        make(tree, &build, arch, cross, &["-j2", "prepare", "modules_prepare"]);
    }
    let built = built(&make(tree, &build, arch, cross, &["-nk", "vmlinux", "modules"]));
    let values = values(&build);
    let texts = values.iter().filter(|(_, value)| !matches!(value.as_str(), "y" | "m"));
    let texts = texts.map(|(name, _)| name.clone()).collect();
    let srcarch = if matches!(*arch, "x86_64" | "i386") { "x86" } else { arch };
    let mut f = Formulas::default();
    let start = std::time::Instant::now();
    let (presence, _) = Kbuild::new(tree, texts).presence(srcarch, &mut f);
    let took = start.elapsed();
    let value = |name| values.get(f.text(name)).map_or("", String::as_str);
    let valuation = f.values(FormulaId(f.len() as u32 - 1), |atom| match atom {
        Atom::Yes(name) => !matches!(value(name), "" | "m"),
        Atom::Module(name) => value(name) == "m",
        Atom::Equals(name, text) => value(name) == f.text(text),
        _ => false,
    });
    let holds = |id: FormulaId| valuation[id.0 as usize];
    let here = |list: &'_ [Object]| {
        let here = list.iter().filter(|object| holds(object.built));
        here.map(|object| (object.path.to_string(), holds(object.module)))
            .collect::<BTreeMap<_, _>>()
    };
    let (predicted, special) = (here(&presence.objects), here(&presence.special));
    let both = built.keys().filter(|path| predicted.contains_key(*path)).count();
    // Made by a makefile's own rules: counted apart, and known.
    let own: BTreeSet<_> = built
        .keys()
        .filter(|path| !predicted.contains_key(*path) && special.contains_key(*path))
        .collect();
    let missed: Vec<_> = built
        .keys()
        .filter(|path| !predicted.contains_key(*path) && !special.contains_key(*path))
        .collect();
    let extra: Vec<_> = predicted.keys().filter(|path| !built.contains_key(*path)).collect();
    let kind: Vec<_> = built
        .iter()
        .filter(|(path, module)| {
            predicted.get(*path).is_some_and(|ours| module.is_some_and(|module| *ours != module))
        })
        .collect();
    eprintln!(
        "{arch} {target}: {} built, {} predicted, {both} both, {} of special rules, missed {missed:?}, \
         too many {extra:?}, module or not differs {kind:?}; {took:?}",
        built.len(),
        predicted.len(),
        own.len(),
    );
    assert!(built.len() >= least, "make -n shows {} objects only", built.len());
    assert!(own.len() * 20 <= built.len(), "special rules: {own:?}");
    let percent = |part: usize, whole: usize| part as f64 * 100.0 / whole as f64;
    let (precision, recall) =
        (percent(both, predicted.len()), percent(both, built.len() - own.len()));
    assert!(precision >= 99.5 && recall >= 99.5, "precision {precision} %, recall {recall} %");
    assert!(kind.is_empty(), "module or not: {kind:?}");
}

#[test]
fn real_configurations_build_what_is_predicted() {
    let Some(tree) = tree() else { return };
    let scratch = support::scratch();
    let base = std::env::var_os("HMMSIZE_KBUILD_DIR")
        .map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let more = std::env::var("HMMSIZE_KBUILD_CONFIGS").unwrap_or_default();
    let cases = more.split_ascii_whitespace().map(|case| {
        let mut parts = case.split(':');
        let mut next = || parts.next().unwrap_or_default();
        Case { arch: next(), target: next(), cross: next() }
    });
    let tiny = Case { arch: "x86_64", target: "tinyconfig", cross: "" };
    for case in std::iter::once(tiny).chain(cases) {
        check(&tree, &base, &case, 400);
    }
}
