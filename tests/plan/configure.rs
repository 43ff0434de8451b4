//! Configurations: requests hold or are said not to, the printed commands are the ones that are run,
//! and two cells are one only if everything is equal.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Place, err, fixtures, out, snapshot};
use crate::support::have;

/// The assignments of a `.config`, comments but "is not set" dropped.
fn assignments(path: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut all = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, value)) = line.split_once('=').filter(|_| line.starts_with("CONFIG_")) {
            all.insert(name.to_owned(), value.to_owned());
        } else if let Some(name) = line.strip_suffix(" is not set") {
            all.insert(name[2..].to_owned(), "n".to_owned());
        }
    }
    all
}

/// The commands of a dry run, cell by cell, with continuation lines joined.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace(" \\\n", " ");
    let lines = joined.lines().filter_map(|line| line.trim_start().strip_prefix("$ "));
    lines.map(str::to_owned).collect()
}

/// Bases of each kind, with something asked beyond them.
const ASKED: &[&[&str]] = &[
    &["--arch", "x86_64"],
    &["--arch", "x86_64", "--base-config", "allyesconfig", "--option", "ZONE_DEVICE"],
    &["--arch", "x86_64", "--base-config", "allnoconfig", "--option", "SMP"],
    &["--arch", "x86_64", "--base-config", "defconfig", "--option", "SMP"],
    &["--arch", "x86_64", "--base-config", "./my.config", "--option", "SMP"],
];

#[test]
fn the_printed_commands_make_the_configuration_that_is_built() {
    let place = Place::new();
    fs::write(place.path("my.config"), "CONFIG_MMU=y\n").unwrap();
    let mut compared = 0;
    for (number, asked) in ASKED.iter().enumerate() {
        // The same output directory twice, one after the other: its path is in the commands.
        let words = format!("O=out{number}");
        let mut args = vec!["-C", "linux", &words];
        args.extend(*asked);
        let real = place.build(&[args.as_slice(), &["--configure-only"]].concat());
        assert_eq!(real.status.code(), Some(0), "{asked:?}: {}{}", out(&real), err(&real));
        let top = place.path(&format!("out{number}/x86_64/linux"));
        let mut made = BTreeMap::new();
        for variant in ["with", "without"] {
            let config = top.join(variant).join("build/.config");
            made.insert(variant, assignments(&config));
            fs::remove_file(config).unwrap();
        }
        assert_ne!(made["with"], made["without"], "{asked:?}");
        let dry = place.build(&[args.as_slice(), &["--dry-run"]].concat());
        assert!(out(&dry).lines().all(|l| l.chars().count() <= 80 || l.contains('/')));
        for line in commands(&out(&dry)) {
            if line.contains(" prepare") || line.ends_with(" vmlinux") {
                continue;
            }
            let mut shell = Command::new("sh");
            shell.args(["-ec", &line]).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
            let output = shell.output().unwrap();
            assert!(output.status.success(), "{line}: {}", err(&output));
        }
        for variant in ["with", "without"] {
            let config = top.join(variant).join("build/.config");
            assert_eq!(made[variant], assignments(&config), "{asked:?} {variant}");
            compared += 1;
        }
    }
    assert_eq!(compared, 10);
}

#[test]
fn a_dropped_request_says_what_selects_it_and_nothing_is_compiled() {
    let place = Place::new();
    let before = snapshot(&place.tree());
    let args = ["-C", "linux", "O=out", "--arch", "x86_64", "--option", "HMM_MIRROR=n"];
    let output = place.build(&args);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let text = format!("{}{}", out(&output), err(&output));
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("HMM_MIRROR=n became y: still selected by"), "{text}");
    assert!(flat.contains("DRIVER_A (drivers/Kconfig:"), "{text}");
    assert!(flat.contains(": turn those off ("), "{text}");
    assert!(flat.contains("DRIVER_A=n"), "{text}");
    assert!(!place.path("out/x86_64/linux/without/build/.config").exists(), "make was started");
    assert!(!place.path("out/x86_64/linux/without/build/vmlinux").exists());
    assert_eq!(before, snapshot(&place.tree()), "the source was written");
}

#[test]
fn what_a_request_depends_on_is_named() {
    if !have("arm-linux-gnueabihf-gcc") {
        return;
    }
    let place = Place::new();
    let args = ["-C", "linux", "O=out", "--arch", "arm", "--option", "ZONE_DEVICE,NO_SUCH"];
    let output = place.build(&[args.as_slice(), &["--configure-only"]].concat());
    assert_eq!(output.status.code(), Some(3));
    let text = out(&output);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let proof = "ZONE_DEVICE=y became n: impossible on this architecture: ZONE_DEVICE needs \
                 ARCH_HAS_ZONE_DEVICE, which nothing on arm selects (mm/Kconfig:";
    assert!(flat.contains(proof), "{text}");
    assert!(flat.contains("NO_SUCH=y became n: not defined in this tree"), "{text}");
    let bisect = place.build(&[args.as_slice(), &["--configure-only", "--bisect"]].concat());
    assert_eq!(bisect.status.code(), Some(125));
}

#[test]
fn an_impossible_request_is_a_result_and_its_configuration_the_same() {
    if !have("arm-linux-gnueabihf-gcc") {
        return;
    }
    let place = Place::new();
    let output = place.build(&["-C", "linux", "O=out", "--arch", "arm", "--configure-only"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    let flat = out(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("impossible"), "{flat}");
    assert!(flat.contains("needs ARCH_HAS_PTE_DEVMAP, which arm does not select"), "{flat}");
    let config = |variant: &str| place.path(&format!("out/arm/linux/{variant}/build/.config"));
    assert_eq!(assignments(&config("with")), assignments(&config("without")));
}

#[test]
fn a_missing_compiler_skips_its_cells_and_names_the_package() {
    let place = Place::new();
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    // A machine with gcc and make, but no cross compiler.
    for tool in ["make", "gcc", "ld", "sh", "git"] {
        let output = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
        let path = String::from_utf8(output.unwrap().stdout).unwrap();
        std::os::unix::fs::symlink(path.trim(), bin.join(tool)).unwrap();
    }
    let mut command = super::hmmsize();
    command.current_dir(place.dir.path()).env("HMMSIZE_CACHE", place.path("cache"));
    command.env("PATH", &bin);
    let output = command.args(["build", "-C", "linux", "--arch", "riscv", "--dry-run"]).output();
    let text = out(&output.unwrap());
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("riscv64-linux-gnu-gcc or riscv64-linux-gcc: no such program"), "{text}");
    assert!(flat.contains("apt-get install gcc-riscv64-linux-gnu"), "{text}");
}

#[test]
fn an_architecture_that_the_table_does_not_know_is_configured() {
    let place = Place::new();
    let arch = place.tree().join("arch");
    super::run(&arch, "cp", ["-r", "x86", "hurd"]);
    let args = ["-C", "linux", "O=out", "--arch", "hurd", "CROSS_COMPILE=", "--configure-only"];
    let output = place.build(&[&args[..], &["--base-config", "allnoconfig"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(place.path("out/hurd/linux/default/build/.config").exists());
}

#[test]
fn cells_are_one_only_if_every_input_is_equal() {
    let place = Place::new();
    let same = ["-C", "a=linux", "-C", "b=linux", "O=out", "--configure-only", "--arch", "x86_64"];
    let text = out(&place.build(&[&same[..], &["--option", "SMP"]].concat()));
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("holds")).collect();
    assert_eq!(rows.len(), 4, "{text}");
    assert!(!rows[0].contains("same as") && !rows[1].contains("same as"), "{text}");
    assert!(rows[2].ends_with("same as a/without"), "{text}");
    assert!(rows[3].ends_with("same as a/with"), "{text}");
    fs::create_dir(place.path("other")).unwrap();
    super::run(place.dir.path(), "cp", ["-r", "linux", "other/linux"]);
    fs::write(place.path("other/linux/mm/extra.c"), "int extra;\n").unwrap();
    let differ = ["-C", "a=linux", "-C", "b=other/linux", "O=out2", "--configure-only"];
    let text = out(&place.build(&[&differ[..], &["--arch", "x86_64"]].concat()));
    assert!(!text.contains("same as"), "one .config, but two sources: {text}");
}

#[test]
fn a_directory_that_is_not_ours_is_left_alone() {
    let place = Place::new();
    let theirs = place.path("out/x86_64/linux/without/build");
    fs::create_dir_all(&theirs).unwrap();
    fs::write(theirs.join("thesis.tex"), "x").unwrap();
    let output = place.build(&["-C", "linux", "O=out", "--arch", "x86_64", "--configure-only"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(out(&output).contains("is not empty and not"), "{}", out(&output));
    assert!(theirs.join("thesis.tex").exists());
}

#[test]
fn the_embedded_matrix_names_only_files_that_are_carried() {
    let top = fixtures("..");
    let matrix = fs::read_to_string(top.join("kconfig/matrix.toml")).unwrap();
    let mut checked = 0;
    for dir in ["arch", "options"] {
        for entry in fs::read_dir(top.join("kconfig").join(dir)).unwrap() {
            let name = format!("{dir}/{}", entry.unwrap().file_name().to_string_lossy());
            let text = hmmsize::kbuild::embedded::fragment(&name);
            assert!(text.is_some(), "{name} is in kconfig/ but not carried");
            checked += usize::from(matrix.contains(&name));
        }
    }
    assert!(checked >= 8, "{checked}");
}

#[test]
fn the_allyesconfig_matrix_is_for_every_architecture_of_debian() {
    let file = fixtures("..").join("kconfig/allyesconfig.toml");
    let matrix = hmmsize::kbuild::matrix::Matrix::open(&file).unwrap();
    let names: Vec<&str> = hmmsize::kbuild::arches::all().map(|a| a.name.as_ref()).collect();
    assert_eq!(matrix.architectures, names);
    assert_eq!(matrix.variants.len(), 3);
    // Impossible everywhere but where 6.12 selects ARCH_HAS_PTE_DEVMAP.
    let possible: Vec<&str> =
        names.into_iter().filter(|name| matrix.arch_spec(name).is_none()).collect();
    assert_eq!(possible, ["arm64", "powerpc", "riscv", "x86_64"]);
}

#[test]
fn debug_info_is_asked_for_as_ours_and_is_there() {
    let place = Place::new();
    let args = ["-C", "linux", "O=out", "--arch", "x86_64", "--debug-info"];
    let dry = out(&place.build(&[&args[..], &["--dry-run"]].concat()));
    assert!(dry.contains("  ours       DEBUG_KERNEL=y DEBUG_INFO=y"), "{dry}");
    assert!(dry.contains("  labels     debug-info"), "{dry}");
    let output = place.build(&[&args[..], &["--configure-only"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    let config = assignments(&place.path("out/x86_64/linux/with/build/.config"));
    assert_eq!(config["CONFIG_DEBUG_INFO"], "y");
}

#[test]
fn a_quiet_configuration_is_opt_in_and_labelled() {
    let place = Place::new();
    let args = ["-C", "linux", "O=out", "--arch", "x86_64", "--base-config", "allyesconfig"];
    let config = || assignments(&place.path("out/x86_64/linux/default/build/.config"));
    place.build(&[&args[..], &["--configure-only"]].concat());
    let loud = config();
    let dry = out(&place.build(&[&args[..], &["--quiet-config", "--dry-run"]].concat()));
    assert!(dry.contains("allyesconfig + options/quiet.config"), "{dry}");
    assert!(dry.contains("  labels     quiet"), "{dry}");
    let output = place.build(&[&args[..], &["--quiet-config", "--configure-only"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    let quiet = config();
    let mut turned_off = 0;
    for name in ["WERROR", "KASAN", "UBSAN", "KCOV", "GCOV_KERNEL", "IKCONFIG", "IKHEADERS"] {
        let name = format!("CONFIG_{name}");
        let value = |config: &BTreeMap<String, String>| config.get(&name).cloned();
        assert_ne!(value(&quiet).as_deref(), Some("y"), "{name}");
        turned_off += usize::from(value(&loud).as_deref() == Some("y"));
    }
    assert!(turned_off >= 1, "the tree has none of the options that quiet.config is about");
}

#[test]
fn a_configuration_that_was_not_foreseen_is_our_bug_and_built_all_the_same() {
    let place = Place::new();
    let foreseen = place.build(&["-C", "linux", "O=fine", "--arch", "x86_64", "--configure-only"]);
    assert!(!err(&foreseen).contains("foresaw"), "{}", err(&foreseen));
    // A conf that knows no modules, although the tree's Kconfig has them.
    let file = place.tree().join("scripts/kconfig/conf.c");
    let text = fs::read_to_string(&file).unwrap();
    let changed = text.replace("lookup(\"MODULES\", 0)", "lookup(\"NO_MODULES\", 0)");
    assert_ne!(changed, text);
    fs::write(&file, changed).unwrap();
    let args = ["-C", "linux", "O=out", "--arch", "x86_64", "--base-config", "allmodconfig"];
    let output = place.build(&[args.as_slice(), &["--option", "MIGRATION"]].concat());
    assert!(output.status.success(), "{}", err(&output));
    let json = fs::read(place.path("out/run.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    crate::support::schema::check("run", &json);
    for cell in json["cells"].as_array().unwrap() {
        let differences = cell["mispredicted"].as_array().expect("what was not foreseen");
        let driver = differences.iter().find(|change| change["symbol"] == "DRIVER_A").unwrap();
        assert_eq!((&driver["old"], &driver["new"]), (&"m".into(), &"y".into()), "{driver}");
    }
}
