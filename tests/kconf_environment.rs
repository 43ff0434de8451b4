//! The environment of `conf` as we compute it, against the one that make really gives it.
//!
//! Any tree of any version can be asked: the variable `Kconfig` of scripts/kconfig/Makefile is the
//! last word of the recipe that starts `conf`, so that a shell command smuggled in there runs in
//! `conf`'s own environment.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use hmmsize::kbuild::environment;
use hmmsize::kbuild::kconfenv;
use hmmsize::kbuild::process::Runner;
use hmmsize::model::words::MakeWords;
use support::{have, run, scratch};

/// Fewer variables compared than this mean that something was lost.
const MIN_VARIABLES: usize = 200;

/// Make's words for each architecture; the compilers need not be there, then both say so.
const COMMANDS: &[&[&str]] = &[
    &["ARCH=x86_64", "CROSS_COMPILE="],
    &["ARCH=i386", "CROSS_COMPILE=i686-linux-gnu-"],
    &["ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-"],
    &["ARCH=sparc64", "CROSS_COMPILE=sparc64-linux-gnu-"],
    &["ARCH=um", "CROSS_COMPILE="],
    &["ARCH=alpha", "CROSS_COMPILE=alpha-linux-gnu-"],
    &["ARCH=powerpc", "CROSS_COMPILE=powerpc64le-linux-gnu-"],
    &["ARCH=x86", "CROSS_COMPILE=", "CC=clang"],
    &["ARCH=arm", "CROSS_COMPILE=arm-linux-gnueabi-", "LLVM=1"],
];

/// The trees in the cache, or the one the user names.
fn trees() -> Vec<PathBuf> {
    let Some(tree) = support::linux_tree() else { return Vec::new() };
    let siblings = tree.parent().and_then(|dir| std::fs::read_dir(dir).ok());
    let mut trees: Vec<PathBuf> = siblings
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path != &tree && path.join("scripts/kconfig/conf.c").is_file())
        .collect();
    trees.push(tree);
    trees
}

/// What make gives `conf`.
fn of_make(tree: &Path, out: &Path, words: &[&str]) -> BTreeMap<String, String> {
    let file = out.join("environment");
    let smuggled = format!("Kconfig=--help >/dev/null; env -0 >{}", file.display());
    let mut args = vec!["-s".to_owned(), format!("O={}", out.display())];
    args.extend(words.iter().map(|&word| word.to_owned()));
    args.extend([smuggled, "allnoconfig".to_owned()]);
    run(tree, "make", &args);
    std::fs::read_to_string(&file)
        .unwrap()
        .split_terminator('\0')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Whether there is a clang, which `cargo xtask setup` does not install.
fn answers(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The names of all `$(NAME)` in the Kconfig files of a tree.
fn referred(tree: &Path) -> Vec<String> {
    let names = r"\$\([A-Za-z_0-9]+\)";
    let args = ["-rhoE", "--include=Kconfig*", names, "."];
    let text = String::from_utf8(run(tree, "grep", args).stdout).unwrap();
    let mut names: Vec<String> =
        text.lines().map(|word| word[2..word.len() - 1].to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn conf_sees_what_make_would_give_it() {
    if !["make", "gcc", "flex", "bison", "grep"].iter().all(|tool| have(tool)) {
        return;
    }
    let mut compared = 0;
    let trees = trees();
    for tree in &trees {
        let out = scratch();
        let referred = referred(tree);
        assert!(referred.len() > 20, "{referred:?}");
        for words in COMMANDS {
            let clang = words.iter().any(|word| ["CC=clang", "LLVM=1"].contains(word));
            if clang && !answers("clang") {
                continue;
            }
            let theirs = of_make(tree, out.path(), words);
            let words = MakeWords::parse(*words).unwrap();
            let env = environment::reproducible(std::env::vars_os());
            let makefile = kconfenv::TopMakefile::read(tree);
            let versions = makefile.versions(&words, &env, &Runner::quiet()).unwrap();
            let ours: BTreeMap<String, String> =
                makefile.environment(&words, &versions).unwrap().into_iter().collect();
            for (name, value) in &ours {
                // A Makefile below arch/ may change it for the configuration there is; no Kconfig
                // file reads it.
                if ["UTS_MACHINE", "CPP"].contains(&name.as_str()) && !referred.contains(name) {
                    continue;
                }
                assert_eq!(Some(value), theirs.get(name), "{} {words:?} {name}", tree.display());
                compared += 1;
            }
            for name in &referred {
                let (ours, theirs) = (ours.get(name), theirs.get(name));
                let (ours, theirs) = (ours.map_or("", |v| v), theirs.map_or("", |v| v));
                // Variables that Kconfig files set themselves are also in this list.
                if std::env::var(name).is_err() {
                    assert_eq!(ours, theirs, "{} {words:?} {name}", tree.display());
                    compared += 1;
                }
            }
        }
    }
    assert!(trees.is_empty() || compared >= MIN_VARIABLES, "only {compared} variables");
    eprintln!("{compared} variables of {} trees", trees.len());
}
