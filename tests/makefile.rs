//! Our evaluator of Kbuild's makefiles, held against GNU make: on fixtures in every configuration, on
//! the makefiles of a real tree under random values, and on what real configurations build.

#[path = "makefile/builds.rs"]
mod builds;
#[path = "makefile/oracle.rs"]
mod oracle;
mod support;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use hmmsize::source::makefile::{Directory, Kbuild, Object, Role, Scope};
use oracle::{Question, Values, of_make, ours, symbols};
use rayon::prelude::*;
use support::have;

/// All values of up to four symbols.
fn all_values(symbols: &BTreeSet<String>) -> Vec<Values> {
    assert!(symbols.len() <= 4, "too many symbols for a fixture: {symbols:?}");
    let mut all = vec![Values::new()];
    for symbol in symbols {
        let with = |value: &'static str| {
            let add = move |values: &Values| {
                let mut values = values.clone();
                values.insert(symbol.clone(), value);
                values
            };
            all.iter().map(add).collect::<Vec<_>>()
        };
        let (yes, module) = (with("y"), with("m"));
        all.extend(yes);
        all.extend(module);
    }
    all
}

#[test]
fn fixtures_list_what_make_lists_in_every_configuration() {
    if !have("make") {
        return;
    }
    let root = support::fixtures("makefile");
    let kbuild = Kbuild::new(&root, rustc_hash::FxHashSet::default());
    let mut compared = 0;
    for dir in ["lists", "conditions", "functions", "variables", "include", "nearest"] {
        let directory = kbuild.directory_alone(dir, &[]);
        assert_eq!(directory.diags, [], "{dir}");
        let question = Question {
            root: &root,
            dir,
            given: &[],
            around: ["", "lib.mk"],
            names: ["objects-y", "objects-m", "lib-y", "dirs"],
        };
        let file = format!("{dir}/Makefile");
        let values = all_values(&symbols(&directory.formulas));
        let names: usize = values
            .par_iter()
            .map(|values| {
                let make = of_make(&question, &file, values).unwrap();
                assert_eq!(ours(&directory, values, false), make, "{dir} with {values:?}");
                make.len()
            })
            .sum();
        assert!(names > values.len(), "{dir} lists next to nothing");
        compared += values.len();
    }
    assert!(compared >= 90, "only {compared} comparisons");
}

#[test]
fn flags_that_define_symbols_are_recorded_with_their_scope() {
    let kbuild = Kbuild::new(&support::fixtures("makefile"), rustc_hash::FxHashSet::default());
    let defines = kbuild.directory_alone("include", &[]).defines;
    let seen: Vec<_> =
        defines.iter().map(|one| (one.symbol.as_str(), one.value.as_deref(), &one.scope)).collect();
    let base = Scope::Object("include/base.o".into());
    let want = [
        ("ONE", Some("2"), &base),
        ("TWO", None, &base),
        ("INCLUDED", Some("1"), &Scope::Directory),
    ];
    assert_eq!(seen, want);
    assert_eq!((&*defines[0].rule.file, defines[0].rule.line), ("include/Makefile", 10));
}

#[test]
fn bad_makefiles_are_diagnosed_and_read_to_the_end() {
    let scratch = support::scratch();
    let text = "obj-y += a.o\nifeq (a\nobj-y += b.o\nendif\nendif\nelse\nnonsense\nx = $(x)\n\
        obj-y += $(x) $(shell rm -rf /) c.o\nobj-$(shell id) += d.o\ninclude none.mk\n\
        d := $(d)$(d)\nifdef A\nobj-y += e.o \\";
    fs::write(scratch.path().join("Makefile"), text).unwrap();
    let kbuild = Kbuild::new(scratch.path(), rustc_hash::FxHashSet::default());
    let directory = kbuild.directory_alone("", &[]);
    let lines: BTreeSet<_> = directory.diags.iter().filter_map(|diag| diag.line).collect();
    assert_eq!(lines, BTreeSet::from([2, 5, 6, 7, 9, 10, 11, 13]), "{:#?}", directory.diags);
    let paths: BTreeSet<_> = directory.items.iter().map(|item| &*item.path).collect();
    assert_eq!(paths, BTreeSet::from(["a.o", "c.o", "d.o"]));
}

/// Doubling values, endless loops and deep nesting end in time, and a panic nowhere.
#[test]
fn work_is_bounded() {
    let scratch = support::scratch();
    let mut double = "x := 0123456789\n".to_owned();
    double.push_str(&"x := $(x)$(x)\n".repeat(1000));
    let mut choices = String::from("x :=\n");
    for n in 0..200 {
        writeln!(choices, "x := $(x)$(CONFIG_A{n})").unwrap();
    }
    choices.push_str("obj-$(x) += a.o\nifeq ($(x),yy)\nobj-y += b.o\nendif\n");
    let itself = "include Makefile\n".repeat(3);
    let mutual = "a = $(b)$(b)\nb = $(a)$(a)\nobj-y += $(a)\n".to_owned();
    let nested = "ifdef A\n".repeat(10_000) + &"$(".repeat(100_000);
    for text in [double, choices, itself, mutual, nested] {
        let start = std::time::Instant::now();
        fs::write(scratch.path().join("Makefile"), &text).unwrap();
        let kbuild = Kbuild::new(scratch.path(), rustc_hash::FxHashSet::default());
        let directory = kbuild.directory_alone("", &[]);
        assert!(!directory.diags.is_empty(), "{}", &text[..40]);
        assert!(start.elapsed().as_secs() < 60, "{} took {:?}", &text[..40], start.elapsed());
    }
}

/// Whatever the bytes are, reading ends and says where it stopped making sense; never a panic.
#[test]
fn broken_makefiles_do_no_harm() {
    let mut texts = Vec::new();
    for dir in ["lists", "conditions", "functions", "variables", "include", "nearest"] {
        let file = support::fixtures("makefile").join(dir).join("Makefile");
        texts.push(fs::read(file).unwrap());
    }
    let scratch = support::scratch();
    let file = scratch.path().join("Makefile");
    let mut random = Random(0x1234_5678_9abc_def1);
    let pieces: [&[u8]; 12] = [
        b"$(",
        b")",
        b"ifeq (",
        b"endif\n",
        b"\n",
        b"%",
        b"define x\n",
        b"$",
        b"\\\n",
        b"\xff",
        b"\x01",
        b"\x02",
    ];
    let mut items = 0;
    for round in 0..2000 {
        let mut text = texts[round % texts.len()].clone();
        for _ in 0..=random.next(8) {
            let at = random.next(text.len() as u64 + 1) as usize;
            let to = (at + random.next(12) as usize).min(text.len());
            let piece = pieces[random.next(pieces.len() as u64) as usize];
            text.splice(at..to, piece.iter().copied());
        }
        fs::write(&file, text).unwrap();
        let kbuild = Kbuild::new(scratch.path(), rustc_hash::FxHashSet::default());
        items += kbuild.directory_alone("", &[]).items.len();
    }
    assert!(items > 10_000, "hardly anything was read: {items}");
}

/// A small random number generator (xorshift), so that runs can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// The Kbuild directories of a tree.
fn directories(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(dir) = waiting.pop() {
        let mut any = false;
        for entry in fs::read_dir(root.join(&dir)).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            let outside = ["tools", "Documentation", "scripts", "debian"];
            let top = dir.as_os_str().is_empty();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let skip = name.starts_with('.') || top && outside.contains(&name.as_str());
                if !skip {
                    waiting.push(dir.join(name));
                }
            } else if name == "Makefile" || name == "Kbuild" {
                any = true;
            }
        }
        let path = dir.to_str().unwrap().to_owned();
        // What is right under `arch/x86` is no Kbuild makefile, unless it is called Kbuild.
        let arch = path.starts_with("arch/") && path.matches('/').count() == 1;
        if any && !path.is_empty() && !arch {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What make cannot read without the rest of the build, or reads from the machine: left out, each for
/// a reason that was looked at.
fn explained(message: &str, directory: &Directory) -> bool {
    // A makefile that stops by `$(error …)` or includes what the build writes.
    message.contains("***") && !directory.diags.is_empty() || message.contains("No such file")
}

/// Every makefile of the tree (a sample unless `HMMSIZE_MAKEFILES=all`), random values of its symbols:
/// after the kernel's own `Makefile.lib`, GNU make has the objects that our formulas say.
#[test]
fn makefiles_of_a_real_tree_list_what_make_lists_under_random_values() {
    let Some(tree) = builds::tree() else { return };
    let whole = std::env::var("HMMSIZE_MAKEFILES").is_ok_and(|which| which == "all");
    let (step, rounds) = if whole { (1, 4) } else { (8, 2) };
    let kbuild = Kbuild::new(&tree, rustc_hash::FxHashSet::default());
    let lib = fs::read_to_string(tree.join("scripts/Makefile.lib")).unwrap();
    let old = lib.contains("real-objs-y");
    let objects = if old { ["real-objs-y", "real-objs-m"] } else { ["real-obj-y", "real-obj-m"] };
    let names = [objects[0], objects[1], "lib-y", "subdir-ym"];
    let given = [("SRCARCH", "x86"), ("ARCH", "x86"), ("BITS", "64")];
    let dirs: Vec<_> = directories(&tree).into_iter().step_by(step).collect();
    let results: Vec<Result<(usize, usize), String>> = dirs
        .par_iter()
        .enumerate()
        .flat_map_iter(|(seed, dir)| {
            let directory = kbuild.directory_alone(dir, &given);
            let asked = symbols(&directory.formulas);
            let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (seed as u64 + 1));
            let question = Question {
                root: &tree,
                dir,
                given: &given,
                around: ["scripts/Kbuild.include", "scripts/Makefile.lib"],
                names,
            };
            let file = ["Kbuild", "Makefile"].map(|name| format!("{dir}/{name}"));
            let file = file.into_iter().find(|file| tree.join(file).is_file()).unwrap();
            let mut out = Vec::new();
            for _ in 0..rounds {
                let mut values = Values::new();
                for name in &asked {
                    match random.next(5) {
                        0 | 1 => drop(values.insert(name.clone(), "y")),
                        2 => drop(values.insert(name.clone(), "m")),
                        _ => {}
                    }
                }
                let mine = ours(&directory, &values, old);
                out.push(match of_make(&question, &file, &values) {
                    Ok(make) if make == mine => Ok((1, make.len())),
                    Ok(make) => Err(format!("{dir} {values:?}\nmake {make:?}\nours {mine:?}")),
                    Err(message) if explained(&message, &directory) => Ok((0, 0)),
                    Err(message) => Err(format!("{dir}: {message}")),
                });
            }
            out
        })
        .collect();
    let wrong: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    let (compared, names) =
        results.iter().flatten().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    eprintln!(
        "{} directories, {compared} comparisons, {names} names, {} differ",
        dirs.len(),
        wrong.len()
    );
    for message in wrong.iter().take(20) {
        eprintln!("{message}");
    }
    let least = if whole { 9_000 } else { 550 };
    assert!(compared >= least && names >= least * 5, "{compared} comparisons of {names} names");
    assert!(wrong.is_empty(), "{} of {compared} differ", wrong.len());
}

/// Which lines lead to an object, and what it is part of.
#[test]
fn the_chain_of_rules_leads_to_the_top() {
    let scratch = support::scratch();
    let write = |name: &str, text: &str| {
        let path = scratch.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Makefile", "build-dir := .\nexport EXTRA := lib/\nas := $(call try,x,-DCONFIG_AS=1)\n");
    write("Kbuild", "obj-y += init/\nobj-$(CONFIG_D) += drivers/\nobj-y += $(EXTRA)\n");
    write("init/Makefile", "obj-y := main.o\nsubdir- := boot\n");
    write("init/boot/Makefile", "targets += start.o\n");
    write("init/main.c", "");
    write("drivers/Makefile", "obj-$(CONFIG_E) += e/\n");
    write("drivers/e/Makefile", "obj-y += in.o\nobj-m += mod.o\nmod-y := x.o y.o\n");
    write("lib/Makefile", "lib-y := l.o\n");
    let kbuild = Kbuild::new(scratch.path(), rustc_hash::FxHashSet::default());
    let mut f = hmmsize::model::formula::Formulas::default();
    let (presence, diags) = kbuild.presence("x86", &mut f);
    assert_eq!(diags, []);
    let both = kbuild.presences(&["x86", "arm"], &mut f);
    for (other, _) in &both {
        let same = |(a, b): (&Object, &Object)| a.path == b.path && a.built == b.built;
        assert!(other.objects.iter().zip(&presence.objects).all(same));
        assert_eq!(other.objects.len(), presence.objects.len());
    }
    let find = |path: &str| presence.objects.iter().find(|one| *one.path == *path).unwrap();
    assert_eq!(find("init/main.o").source.as_deref(), Some("init/main.c"));
    assert_eq!(find("init/main.o").built_in, hmmsize::model::formula::Formulas::TRUE);
    // obj-y below a directory that is only a module's is not built.
    let [d, e] = ["D", "E"].map(|name| f.yes(name));
    let both = f.and(d, e);
    assert_eq!(find("drivers/e/in.o").built, both);
    let x = find("drivers/e/x.o");
    assert_eq!((x.built, x.built_in), (x.module, hmmsize::model::formula::Formulas::FALSE));
    let why = presence.contributions(x);
    // Each has its own reasons.
    for object in presence.objects.iter().chain(&presence.composites).chain(&presence.special) {
        let all = presence.contributions(object).iter();
        let any =
            all.fold(hmmsize::model::formula::Formulas::FALSE, |any, one| f.or(any, one.when));
        assert!(any == object.built, "{}", object.path);
    }
    let visit = &presence.directories[why[0].directory];
    assert_eq!(x.module, visit.visited);
    let chain = presence.chain(&why[0]);
    let chain: Vec<_> = chain.iter().map(|loc| format!("{}:{}", loc.file, loc.line)).collect();
    let want = [
        "drivers/e/Makefile:3",
        "drivers/e/Makefile:2",
        "drivers/Makefile:1",
        "Kbuild:2",
        "Makefile:1",
    ];
    assert_eq!(chain, want);
    assert_eq!(why[0].part_of.as_ref().unwrap().path.to_string(), "drivers/e/mod.o");
    assert_eq!(presence.composites.len(), 1);
    assert_eq!(presence.contributions(find("lib/l.o"))[0].role, Role::Library);
    // What the top makefile's flags define holds everywhere, if the compiler says so.
    let defines: Vec<_> = presence.defines_for(x).map(|one| (&*one.symbol, one.when)).collect();
    let asked = f.opaque("$(call try,x,-DCONFIG_AS=1)");
    assert_eq!(defines, [("AS", asked)]);
    let special: Vec<_> = presence.special.iter().map(|one| &*one.path).collect();
    assert_eq!(special, ["init/boot/start.o"]);
}
