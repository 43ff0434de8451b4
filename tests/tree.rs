//! That `fixtures/tree` behaves as a kernel tree does, with real make, compilers and linkers.
//!
//! Tests of `hmmsize build` stand on it, so what they rely on is checked here without hmmsize: that
//! requests are dropped and come back silently, that padding hides what was added, that a source is
//! never written, and that broken builds break.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{fixtures, have, scratch};

/// Architectures of the tree, the prefixes of their compilers, and what they need besides.
const ARCHES: &[(&str, &str, &[&str])] = &[
    (
        "arm",
        "arm-linux-gnueabihf-",
        &["ARCH_MULTIPLATFORM", "ARCH_MULTI_V7", "ARM_LPAE", "ARCH_VIRT"],
    ),
    ("arm64", "aarch64-linux-gnu-", &[]),
    ("i386", "i686-linux-gnu-", &[]),
    ("mips", "mips-linux-gnu-", &[]),
    ("powerpc", "powerpc64le-linux-gnu-", &["PPC64", "PPC_BOOK3S_64", "CPU_LITTLE_ENDIAN"]),
    ("riscv", "riscv64-linux-gnu-", &["ARCH_RV64I"]),
    ("s390", "s390x-linux-gnu-", &[]),
    ("x86_64", "x86_64-linux-gnu-", &[]),
];

/// What makes `ZONE_DEVICE` reachable where the machine allows it.
const REACHABLE: &[&str] = &[
    "64BIT",
    "MMU",
    "SMP",
    "SPARSEMEM_MANUAL",
    "SPARSEMEM_VMEMMAP",
    "MIGRATION",
    "MEMORY_HOTPLUG",
    "MEMORY_HOTREMOVE",
    "TRANSPARENT_HUGEPAGE",
    "RUNTIME_TESTING_MENU",
];

/// A build directory of the tree for one architecture.
struct Build {
    dir: tempfile::TempDir,
    words: Vec<String>,
}

impl Build {
    fn new(arch: &str, cross: &str) -> Self {
        let words = vec![format!("ARCH={arch}"), format!("CROSS_COMPILE={cross}")];
        Self { dir: scratch(), words }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn make_in(&self, tree: &Path, words: &[&str]) -> Output {
        let mut make = Command::new("make");
        for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "KBUILD_OUTPUT", "KCONFIG_ALLCONFIG"] {
            make.env_remove(name);
        }
        make.arg("-C").arg(tree).arg(format!("O={}", self.dir.path().display()));
        make.args(&self.words).args(words).env("LC_ALL", "C");
        make.output().expect("make")
    }

    fn make(&self, words: &[&str]) -> Output {
        self.make_in(&fixtures("tree"), words)
    }

    /// make, which must succeed; its standard output.
    fn made(&self, words: &[&str]) -> String {
        let output = self.make(words);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "make {words:?}: {}\n{stderr}", output.status);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// tinyconfig, then the options, then olddefconfig: as hmmsize does it.
    fn configure(&self, yes: &[&str], no: &[&str]) {
        self.made(&["-s", "tinyconfig"]);
        let yes = yes.iter().map(|name| format!("CONFIG_{name}=y\n"));
        let no = no.iter().map(|name| format!("# CONFIG_{name} is not set\n"));
        fs::write(self.path("fragment"), yes.chain(no).collect::<String>()).unwrap();
        let script = fixtures("tree/scripts/kconfig/merge_config.sh");
        let dir = self.dir.path().to_str().unwrap();
        support::run(
            self.dir.path(),
            script.to_str().unwrap(),
            ["-Q", "-m", "-O", dir, ".config", "fragment"],
        );
        self.made(&["-s", "olddefconfig"]);
    }

    fn config(&self, option: &str) -> String {
        let text = fs::read_to_string(self.path(".config")).unwrap();
        let prefix = format!("CONFIG_{option}=");
        text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or("n").to_owned()
    }

    /// text, data and bss as `size` says.
    fn size(&self, file: &str) -> [i64; 3] {
        let output = support::run(self.dir.path(), "size", [file]);
        let text = String::from_utf8(output.stdout).unwrap();
        let row = text.lines().nth(1).unwrap();
        let mut numbers = row.split_whitespace().map(|word| word.parse().unwrap());
        [(); 3].map(|()| numbers.next().unwrap())
    }
}

fn ready(cross: &str) -> bool {
    have("make") && have("gcc") && have(&format!("{cross}gcc")) && have(&format!("{cross}ld"))
}

#[test]
fn every_architecture_builds_with_and_without_zone_device() {
    let mut built = 0;
    for &(arch, cross, more) in ARCHES {
        if !ready(cross) {
            continue;
        }
        let options = ["ZONE_DEVICE", "DEVICE_PRIVATE", "TEST_HMM"];
        let base = [REACHABLE, more].concat();
        let without = Build::new(arch, cross);
        without.configure(&base, &options);
        let with = Build::new(arch, cross);
        with.configure(&[&base[..], &options].concat(), &[]);
        let possible = ["arm64", "powerpc", "riscv", "x86_64"].contains(&arch);
        for option in options {
            assert_eq!(without.config(option), "n", "{arch} {option}");
            assert_eq!(with.config(option), if possible { "y" } else { "n" }, "{arch} {option}");
        }
        let configs = [&without, &with].map(|build| fs::read(build.path(".config")).unwrap());
        assert_eq!(configs[0] == configs[1], !possible, "{arch}: equal configurations");
        // Dragged in, not asked for.
        assert_eq!(with.config("DEVICE_MIGRATION"), if possible { "y" } else { "n" }, "{arch}");
        for build in [&without, &with] {
            build.made(&["-j2", "-s", "vmlinux"]);
            assert!(build.path("vmlinux.o").is_file() && build.path("System.map").is_file());
        }
        let delta = |file| {
            let (old, new) = (without.size(file), with.size(file));
            [new[0] - old[0], new[1] - old[1], new[2] - old[2]]
        };
        if !possible {
            assert_eq!(delta("vmlinux"), [0; 3], "{arch}");
        } else if arch == "x86_64" {
            // The code grew by far more than the linked file shows: the gap behind it swallowed it.
            assert!(delta("vmlinux")[0] * 3 < delta("vmlinux.o")[0], "{:?}", delta("vmlinux"));
        } else {
            assert!(delta("vmlinux")[0] > 1000, "{arch}: {:?}", delta("vmlinux"));
        }
        built += 1;
    }
    assert!(!support::ci() || built == ARCHES.len(), "only {built} architectures");
}

#[test]
fn requests_are_dropped_and_come_back_without_a_word() {
    if !ready("") {
        return;
    }
    let build = Build::new("x86_64", "");
    // HMM_MIRROR has no prompt and is selected; DEAD_* can never hold.
    let dead = ["DEAD_BY_CONTRADICTION", "DEAD_BY_UNDEFINED"];
    build.configure(&["DRIVER_A", dead[0], dead[1]], &["HMM_MIRROR"]);
    assert_eq!(build.config("DRIVER_A"), "y");
    assert_eq!(build.config("HMM_MIRROR"), "y");
    assert_eq!(dead.map(|option| build.config(option)), ["n", "n"]);

    // allyesconfig takes a fragment through make's command line.
    fs::write(
        build.path("all"),
        "# CONFIG_ZONE_DEVICE is not set\n# CONFIG_HMM_MIRROR is not set\n",
    )
    .unwrap();
    let seed = format!("KCONFIG_ALLCONFIG={}", build.path("all").display());
    build.made(&["allyesconfig"]);
    assert_eq!(build.config("ZONE_DEVICE"), "y");
    build.made(&[&seed, "allyesconfig"]);
    assert_eq!(build.config("ZONE_DEVICE"), "n");
    assert_eq!(build.config("HMM_MIRROR"), "y");
    // With tinyconfig it takes the place of the tiny base.
    build.made(&["tinyconfig"]);
    assert_eq!(build.config("EXPERT"), "y");
    build.made(&[&seed, "tinyconfig"]);
    assert_eq!(build.config("EXPERT"), "n");
    build.made(&["allmodconfig"]);
    assert_eq!(build.config("DRIVER_A"), "m");
}

#[test]
fn a_scope_is_the_members_of_its_archive() {
    if !ready("") {
        return;
    }
    let build = Build::new("x86_64", "");
    build.made(&["-s", "tinyconfig"]);
    let said = build.made(&["mm/"]);
    assert!(said.contains("  CC      mm/gup.o\n"), "{said}");
    // What the configuration excludes is compiled when asked for, but is no member.
    build.made(&["mm/hmm.o"]);
    assert!(build.path("mm/hmm.o").is_file());
    let members = support::run(build.dir.path(), "ar", ["t", "mm/built-in.a"]).stdout;
    let members = String::from_utf8(members).unwrap();
    assert!(members.contains("mm/gup.o") && !members.contains("hmm.o"), "{members}");
    assert!(fs::read(build.path("mm/built-in.a")).unwrap().starts_with(b"!<thin>\n"));
    let recorded = fs::read_to_string(build.path("mm/.gup.o.cmd")).unwrap();
    assert!(recorded.starts_with("savedcmd_mm/gup.o := gcc "), "{recorded}");
}

#[test]
fn modules_and_the_boot_image_are_made_and_nothing_twice() {
    if !ready("") {
        return;
    }
    let build = Build::new("x86_64", "");
    build.made(&["-s", "defconfig"]);
    let forecast = build.made(&["-s", "prepare"]) + &build.made(&["-n", "modules"]);
    let objects = forecast.matches("echo '  CC ").count();
    let said = build.made(&["-j2"]);
    let compiled = said.lines().filter(|line| line.starts_with("  CC ")).count();
    assert!(objects > 20 && compiled >= objects, "{objects} forecast, {compiled} compiled");
    assert_eq!(build.made(&["-s", "kernelrelease"]), "6.12.0-fixture\n");
    let image = build.made(&["-s", "image_name"]);
    assert!(build.path(image.trim()).is_file(), "{image}");
    assert!(build.path("drivers/demo/driver_a.ko").is_file());
    // Another date in the banner compiles one file; the same again, nothing.
    let again = build.made(&["KBUILD_BUILD_TIMESTAMP=1", "vmlinux"]);
    assert!(again.contains("init/version.o") && !again.contains("mm/gup.o"), "{again}");
    let again = build.made(&["KBUILD_BUILD_TIMESTAMP=1", "vmlinux"]);
    assert!(!again.lines().any(|line| line.starts_with("  ")), "{again}");
}

#[test]
fn broken_drivers_break_the_build() {
    if !ready("") {
        return;
    }
    for (option, message) in [
        ("BROKEN_DRIVER", "error: 'struct page' has no member named 'no_such_member'"),
        ("BROKEN_LINK", "undefined reference to `no_such_function'"),
        ("KILLED_DRIVER", "Killed"),
    ] {
        let build = Build::new("x86_64", "");
        build.configure(&[option], &[]);
        assert_eq!(build.config(option), "y");
        let output = build.make(&["vmlinux"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(message), "{option}: {stderr}");
        assert!(!build.path("vmlinux").exists());
    }
}

/// Every file below `dir` with its time.
fn listing(dir: &Path, found: &mut BTreeMap<PathBuf, std::time::SystemTime>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        found.insert(path.clone(), meta.modified().unwrap());
        if meta.is_dir() {
            listing(&path, found);
        }
    }
}

#[test]
fn the_source_is_not_written_and_must_be_clean() {
    if !ready("") {
        return;
    }
    let copy = scratch();
    let tree = copy.path().join("tree");
    let from = fixtures("tree");
    support::run(copy.path(), "cp", ["-r", from.to_str().unwrap(), tree.to_str().unwrap()]);
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    listing(&tree, &mut before);
    let build = Build::new("x86_64", "");
    for words in [&["-s", "defconfig"][..], &["-s", "-j2"], &["-s", "mm/"], &["-s", "mrproper"]] {
        let output = build.make_in(&tree, words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    listing(&tree, &mut after);
    assert!(before.len() > 100 && before == after);

    // Built in place, it is refused until it is cleaned.
    let here = |words: &[&str]| support::run(&tree, "make", words.iter().copied());
    here(&["-s", "ARCH=x86_64", "tinyconfig"]);
    build.make_in(&tree, &["-s", "tinyconfig"]);
    let output = build.make_in(&tree, &["vmlinux"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("mrproper"), "{stderr}");
    here(&["-s", "ARCH=x86_64", "mrproper"]);
    assert!(build.make_in(&tree, &["-s", "vmlinux"]).status.success());
}
