//! `hmmsize config` as a user calls it: which files it reads and writes, what it prints, how it ends.
//! What it computes is held against the kernel's `conf` in `kconf_micro.rs` and by
//! `cargo xtask oracle kconfig`.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::{hmmsize, scratch};

const KCONFIG: &str = "\
mainmenu \"Toy\"
config MODULES
\tbool \"modules\"
\tmodules
config A
\ttristate \"a\"
config B
\tbool \"b\"
\tdefault $(shell,echo y)
config T
\tbool
\tdepends on A
config S
\tbool \"s\"
\tselect T
config N
\tint \"n\"
\tdefault 3
";

/// A tree that is not Linux.
fn tree() -> tempfile::TempDir {
    let dir = scratch();
    fs::write(dir.path().join("Kconfig"), KCONFIG).unwrap();
    dir
}

fn command(tree: &Path, dir: &Path) -> Command {
    let mut command = hmmsize();
    for (name, _) in std::env::vars() {
        if name.starts_with("KCONFIG_") || name == "ARCH" {
            command.env_remove(name);
        }
    }
    command.env("HMMSIZE_CACHE", dir.join("cache"));
    command.current_dir(dir).arg("config").arg("-C").arg(tree);
    command
}

fn config(tree: &Path, dir: &Path, words: &[&str]) -> Output {
    command(tree, dir).args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn read(dir: &Path, name: &str) -> Option<String> {
    fs::read_to_string(dir.join(name)).ok()
}

#[test]
fn probes_run_only_when_asked_for() {
    let (tree, dir) = (tree(), scratch());
    let (tree, dir) = (tree.path(), dir.path());
    let output = config(tree, dir, &["alldefconfig"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("--probe=run"), "{output:?}");
    assert_eq!(read(dir, ".config"), None);
    let output = config(tree, dir, &["--probe=run", "alldefconfig"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let first = read(dir, ".config").unwrap();
    assert!(first.contains("CONFIG_B=y\n"), "{first}");
    // What was recorded is enough from now on.
    let output = config(tree, dir, &["-o", "-", "alldefconfig"]);
    assert_eq!(text(&output.stdout), first);
    let output = config(tree, dir, &["--probe=never", "-o", "never", "alldefconfig"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(read(dir, "never").unwrap().contains("# CONFIG_B is not set\n"));
}

#[test]
fn files_are_written_as_conf_writes_them() {
    let (tree, dir) = (tree(), scratch());
    let (tree, dir) = (tree.path(), dir.path());
    let run = |words: &[&str]| {
        let output = config(tree, dir, &[&["--probe=run"], words].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stdout)
    };
    assert_eq!(run(&["allnoconfig"]), "#\n# configuration written to .config\n#\n");
    assert_eq!(read(dir, ".config.old"), None);
    let no = read(dir, ".config").unwrap();
    assert_eq!(run(&["allnoconfig"]), "#\n# No change to .config\n#\n");
    assert_eq!(run(&["-q", "allyesconfig"]), "");
    assert_eq!(read(dir, ".config.old").as_deref(), Some(no.as_str()));
    let yes = read(dir, ".config").unwrap();
    assert!(yes.starts_with("#\n# Automatically generated file; DO NOT EDIT.\n# Toy\n#\n"));
    assert_eq!(run(&["savedefconfig"]), "");
    let minimal = read(dir, "defconfig").unwrap();
    assert!(minimal.contains("CONFIG_A=y\n") && !minimal.contains("CONFIG_N="), "{minimal}");
    fs::write(dir.join(".config"), "CONFIG_A=y\n").unwrap();
    let new = run(&["listnewconfig"]);
    assert_eq!(new, "CONFIG_MODULES=n\nCONFIG_B=y\nCONFIG_S=n\nCONFIG_N=3\n");
    assert_eq!(read(dir, ".config").as_deref(), Some("CONFIG_A=y\n"));
    // Another file leaves everything else alone.
    run(&["-o", "other", "--config", "defconfig", "olddefconfig"]);
    assert_eq!(read(dir, "other").as_deref(), Some(yes.as_str()));
    assert_eq!(read(dir, ".config").as_deref(), Some("CONFIG_A=y\n"));
    fs::create_dir(dir.join("out")).unwrap();
    run(&["O=out", "KCONFIG_CONFIG=sub/name", "allyesconfig"]);
    assert_eq!(read(dir, "out/sub/name").as_deref(), Some(yes.as_str()));
}

#[test]
fn warnings_and_bad_input_have_their_exit_codes() {
    let (tree, dir) = (tree(), scratch());
    let (tree, dir) = (tree.path(), dir.path());
    let run = |words: &[&str]| {
        let output = config(tree, dir, &[&["--probe=run", "-o", "x"], words].concat());
        (output.status.code(), text(&output.stderr))
    };
    fs::write(dir.join("in"), "CONFIG_S=y\n# CONFIG_A is not set\nCONFIG_GONE=y\njunk\n").unwrap();
    let (code, said) = run(&["--config", "in", "olddefconfig"]);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("in:4:warning: unexpected data: junk\n"), "{said}");
    assert!(said.contains("WARNING: unmet direct dependencies detected for T\n"), "{said}");
    for werror in ["KCONFIG_WERROR=1", "W=e"] {
        assert_eq!(run(&["--config", "in", werror, "olddefconfig"]).0, Some(1), "{werror}");
    }
    let (_, said) = run(&["--config", "in", "W=c", "olddefconfig"]);
    assert!(said.contains("in:3:warning: unknown symbol: GONE\n"), "{said}");
    for (words, clause) in [
        (&["noconfig"][..], "no configuration target"),
        (&["--config", "missing", "olddefconfig"], "missing: No such file"),
        (&["--config", ".", "olddefconfig"], "directory"),
        (&["KCONFIG_ALLCONFIG=missing", "allyesconfig"], "can't read seed configuration"),
        (&["KCONFIG_ALLCONFIG=1", "allyesconfig"], "no \"allyes.config\" or \"all.config\""),
        (&["KCONFIG_PROBABILITY=101", "randconfig"], "Numerical result out of range"),
        (&["--seed", "x", "randconfig"], "expected a number"),
        (&["--dialect", "new", "allyesconfig"], "expected a version"),
        (&["--arch", "a,b", "-o", "-", "allyesconfig"], "need -o DIR"),
        (&["x.config"], "no such fragment"),
        (&["KEY=VALUE"], "say a target"),
    ] {
        let output = config(tree, dir, &[&["--probe=run"], words].concat());
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text(&output.stderr).contains(clause), "{words:?}: {output:?}");
    }
}

#[test]
fn a_check_reads_and_writes_nothing() {
    let (tree, dir) = (tree(), scratch());
    let (tree, dir) = (tree.path(), dir.path());
    let check = |words: &[&str]| {
        let output = config(tree, dir, &[&["--check", "--probe=never"], words].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    assert_eq!(check(&["O=out"]), (Some(0), String::new(), String::new()));
    assert_eq!(fs::read_dir(dir).unwrap().count(), 0);
    let (code, _, said) = check(&["allyesconfig"]);
    assert!(code == Some(2) && said.contains("--check makes no allyesconfig"), "{said}");
    let file = tree.join("Kconfig");
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, whole.clone() + "config WITHOUT_TYPE\n").unwrap();
    let (code, _, said) = check(&[]);
    assert_eq!(code, Some(0));
    assert!(said.ends_with(":warning: config symbol defined without type\n"), "{said}");
    fs::write(&file, whole + "endif\n").unwrap();
    let (code, _, said) = check(&[]);
    assert!(code == Some(2) && said.contains("the tree's Kconfig cannot be used"), "{said}");
}

#[test]
fn fragments_count_before_and_after() {
    let (tree, dir) = (tree(), scratch());
    let (tree, dir) = (tree.path(), dir.path());
    fs::write(dir.join("f"), "CONFIG_N=7\n# CONFIG_A is not set").unwrap();
    fs::write(dir.join("g"), "CONFIG_N=8\n").unwrap();
    fs::write(dir.join("base"), "CONFIG_N=5\nCONFIG_S=y\nCONFIG_A=y\n").unwrap();
    let run = |words: &[&str]| {
        let fragments = ["--probe=run", "--fragment", "f", "--fragment", "g", "-o", "-"];
        text(&config(tree, dir, &[&fragments, words].concat()).stdout)
    };
    let all = run(&["allyesconfig"]);
    assert!(all.contains("CONFIG_N=8\n") && all.contains("# CONFIG_A is not set\n"), "{all}");
    let old = run(&["--config", "base", "olddefconfig"]);
    assert!(old.contains("CONFIG_N=8\n") && old.contains("CONFIG_S=y\n"), "{old}");
    assert!(old.contains("# CONFIG_A is not set\n"), "{old}");
}

#[test]
fn a_rule_of_the_makefile_goes_before_a_file_of_its_name() {
    // As make prefers an explicit rule to `%_defconfig`; 6.1's riscv has both for one name.
    let (tree, dir) = (tree(), scratch());
    let (tree, dir) = (tree.path(), dir.path());
    let configs = tree.join("arch/toy/configs");
    fs::create_dir_all(&configs).unwrap();
    let makefile =
        "small_defconfig:\n\t$(Q)$(MAKE) -f $(srctree)/Makefile big_defconfig s.config\n";
    fs::write(tree.join("arch/toy/Makefile"), makefile).unwrap();
    fs::write(configs.join("small_defconfig"), "CONFIG_N=1\n").unwrap();
    fs::write(configs.join("big_defconfig"), "CONFIG_N=2\n").unwrap();
    fs::write(configs.join("s.config"), "CONFIG_S=y\n").unwrap();
    let run = |name| {
        let ran = config(tree, dir, &["--probe=run", "-o", "-", "SRCARCH=toy", name]);
        assert!(ran.status.success(), "{}", text(&ran.stderr));
        text(&ran.stdout)
    };
    let small = run("small_defconfig");
    assert!(small.contains("CONFIG_N=2\n") && small.contains("CONFIG_S=y\n"), "{small}");
    let big = run("big_defconfig");
    assert!(big.contains("CONFIG_N=2\n") && big.contains("# CONFIG_S is not set\n"), "{big}");
}

#[test]
fn a_seed_gives_the_same_configuration_again() {
    let (tree, dir) = (tree(), scratch());
    let (tree, dir) = (tree.path(), dir.path());
    let run = |words: &[&str]| {
        let output = config(tree, dir, &[&["--probe=run"], words, &["randconfig"]].concat());
        (read(dir, ".config").unwrap(), text(&output.stdout))
    };
    let (first, said) = run(&["--seed", "0x10"]);
    assert!(said.starts_with("KCONFIG_SEED=0x10\n"), "{said}");
    assert_eq!(run(&["KCONFIG_SEED=16"]).0, first);
    let seeds = (0..20).map(|seed| run(&["--seed", &seed.to_string()]).0);
    assert!(seeds.collect::<std::collections::BTreeSet<_>>().len() > 5);
}

/// The Kconfig files of a real tree, printed from what was read of them, configure as the files do.
#[test]
fn a_real_tree_printed_anew_is_the_same_tree() {
    use hmmsize::kconf::dialect::Dialect;
    use hmmsize::kconf::source::Sources;
    use hmmsize::kconf::syntax::{parse, print};
    let Some(linux) = support::linux_tree() else { return };
    let (copy, here) = (scratch(), scratch());
    let dialect = Dialect::new(6, 12);
    let sources = Sources::new(&linux, dialect);
    sources.reading_ahead("Kconfig", &["arm", "x86"], |_| ()).unwrap();
    let files = sources.files();
    assert!(files.len() > 1_000, "{}", files.len());
    for file in files {
        let printed = print(&file);
        let again = parse(file.name.clone(), file.path.clone(), printed.clone(), dialect);
        assert_eq!(again.lines.len(), file.lines.len(), "{}", file.name);
        assert!(print(&again) == printed, "{}", file.name);
        let path = copy.path().join(&file.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, printed).unwrap();
    }
    for name in ["Makefile", "scripts/subarch.include", "arch/arm/Makefile", "arch/x86/Makefile"] {
        if linux.join(name).is_file() {
            fs::copy(linux.join(name), copy.path().join(name)).unwrap();
        }
    }
    for arch in ["arm", "x86_64"] {
        let make = |tree: &Path| {
            let words = ["--probe=never", "--arch", arch, "-o", "-", "allmodconfig"];
            let output = config(tree, here.path(), &words);
            assert!(output.status.success(), "{}", text(&output.stderr));
            text(&output.stdout)
        };
        let (first, second) = (make(&linux), make(copy.path()));
        assert!(first.lines().count() > 5_000);
        assert!(first == second, "{arch}");
    }
}
