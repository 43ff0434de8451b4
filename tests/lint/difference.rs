//! `--diff` says what the difference of two whole runs is, for one patch of each kind.

use std::collections::BTreeMap;
use std::path::Path;

use assert_cmd::Command;

use crate::support;

/// The findings of a run by their fingerprints.
fn findings(dir: &Path, cache: &Path, args: &[&str]) -> BTreeMap<String, String> {
    let mut command = Command::cargo_bin("hmmsize").expect("the binary");
    command.env("HMMSIZE_CACHE", cache).args(["lint", "--format", "json", "--deny", "never", "-C"]);
    let output = command.arg(dir).args(args).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let one = |finding: &serde_json::Value| {
        let what = ["code", "file", "message"].map(|key| text(&finding[key]));
        let arches = &finding["arches"];
        (text(&finding["fingerprint"]), format!("{}: {} {arches}", what.join(" "), finding["line"]))
    };
    report["findings"].as_array().expect("an array").iter().map(one).collect()
}

/// A patch: a file, what stands there and what comes in its place. Of an empty text, a new file or the
/// end of a file; without a new text, the file goes.
type Patch = (&'static str, &'static str, Option<&'static str>);

const PATCHES: &[(&str, &[Patch], &[&str])] = &[
    (
        "a guard of a C file",
        &[(
            "mm/sparse.c",
            "int section_online",
            Some(
                "#ifdef CONFIG_SPARSEMEM\n#ifndef CONFIG_SPARSEMEM\nint a;\n#endif\n#endif\n\
                 #ifdef CONFIG_TYPO\n#endif\nint section_online",
            ),
        )],
        &["G001", "G005", "G007"],
    ),
    (
        "a header that others read",
        &[(
            "include/linux/hmm.h",
            "",
            Some("#ifdef CONFIG_MMU\n#ifndef CONFIG_MMU\nint b;\n#endif\n#endif\n"),
        )],
        &["G005"],
    ),
    (
        "a header that begins to define an option",
        &[("include/linux/mm.h", "", Some("#define CONFIG_TYPO 1\n#ifdef CONFIG_TYPO\n#endif\n"))],
        &[],
    ),
    (
        "a source that another includes",
        &[("mm/gup.c", "", Some("#include \"../lib/unused.c\"\n"))],
        &[],
    ),
    (
        "a new file",
        &[("mm/new.c", "", Some("#ifdef CONFIG_TYPO\nint c;\n#endif\n"))],
        &["B003", "G001"],
    ),
    ("a file that goes", &[("mm/sparse.c", "", None)], &["B004"]),
    (
        "an option that depends on itself twice",
        &[(
            "mm/Kconfig",
            "endmenu",
            Some("config NEW\n\tbool \"new\"\n\tdepends on HMM && HMM\n\nendmenu"),
        )],
        &["K002"],
    ),
    (
        "a dependency that kills options",
        &[(
            "mm/Kconfig",
            "depends on MEMORY_HOTREMOVE\n",
            Some("depends on MEMORY_HOTREMOVE && !MMU\n"),
        )],
        &["K102"],
    ),
    (
        "a dependency that goes",
        &[(
            "mm/Kconfig",
            "depends on MEMORY_HOTPLUG && MIGRATION",
            Some("depends on MEMORY_HOTPLUG"),
        )],
        &[],
    ),
    (
        "a dependency that a selected option gets",
        &[(
            "mm/Kconfig",
            "config GET_FREE_REGION\n\tbool\n",
            Some("config GET_FREE_REGION\n\tbool\n\tdepends on HMM\n"),
        )],
        &["K101"],
    ),
    (
        "an option that goes",
        &[(
            "mm/Kconfig",
            "config SHRINK_BSS\n\tbool \"Smaller emergency pool\"\n\thelp\n\t  Makes bss smaller when it is set: a negative difference in a column.\n",
            Some(""),
        )],
        &["G001"],
    ),
    (
        "a menu that gets a condition",
        &[(
            "mm/Kconfig",
            "menu \"Memory\"\n",
            Some("menu \"Memory\"\n\tdepends on !MMU || !64BIT\n"),
        )],
        &[],
    ),
    (
        "a rule of a makefile",
        &[(
            "mm/Makefile",
            "",
            Some("obj-$(CONFIG_NOWHERE) += gone.o\nobj-$(CONFIG_DEAD_BY_CONTRADICTION) += gup.o\n"),
        )],
        &["B001"],
    ),
    (
        "a rule that takes another option",
        &[(
            "mm/Makefile",
            "obj-$(CONFIG_ZONE_DEVICE) += memremap.o",
            Some("obj-$(CONFIG_DEAD_BY_CONTRADICTION) += memremap.o"),
        )],
        &["B005"],
    ),
    (
        "a rule that goes",
        &[("mm/Makefile", "obj-$(CONFIG_HMM_MIRROR) += hmm.o\n", Some(""))],
        &["B003"],
    ),
    (
        "a file that goes with its rule",
        &[("mm/hmm.c", "", None), ("mm/Makefile", "obj-$(CONFIG_HMM_MIRROR) += hmm.o\n", Some(""))],
        &[],
    ),
    (
        "a directory that gets another condition",
        &[(
            "drivers/Makefile",
            "obj-y := demo/ bad/",
            Some("obj-y := demo/\nobj-$(CONFIG_DEAD_BY_CONTRADICTION) += bad/"),
        )],
        &["B005"],
    ),
    ("the top makefile", &[("Makefile", "", Some("\n# a comment\n"))], &[]),
    (
        "a flag that defines an option",
        &[("mm/Makefile", "", Some("ccflags-y += -DCONFIG_NO_SUCH_OPTION\n"))],
        &[],
    ),
    (
        "a driver: an option, a rule and a file",
        &[
            (
                "mm/Kconfig",
                "endmenu",
                Some("config NEW\n\tbool \"new\"\n\tdepends on HMM\n\nendmenu"),
            ),
            ("mm/Makefile", "", Some("obj-$(CONFIG_NEW) += new.o\n")),
            (
                "mm/new.c",
                "",
                Some(
                    "#ifdef CONFIG_NEW\nint new;\n#endif\n#ifdef CONFIG_NEWER\nint newer;\n#endif\n",
                ),
            ),
        ],
        &["G001", "G007"],
    ),
    (
        "an option that gets another name, but not in its makefile",
        &[("mm/Kconfig", "config HMM_MIRROR\n", Some("config HMM_MIRRORED\n"))],
        &["B001"],
    ),
    (
        "an option that gets another name everywhere",
        &[
            ("mm/Kconfig", "config HMM_MIRROR\n", Some("config HMM_MIRRORED\n")),
            ("mm/Makefile", "CONFIG_HMM_MIRROR)", Some("CONFIG_HMM_MIRRORED)")),
        ],
        &[],
    ),
    (
        "a defconfig that loses what another line needs",
        &[("arch/x86/configs/x86_64_defconfig", "CONFIG_MEMORY_HOTPLUG=y\n", Some(""))],
        &["B007"],
    ),
    (
        "a line of a defconfig",
        &[(
            "arch/x86/configs/x86_64_defconfig",
            "",
            Some("CONFIG_NOWHERE=y\nCONFIG_DEVICE_PRIVATE=y\n"),
        )],
        &["B002", "B007"],
    ),
];

fn apply(dir: &Path, patch: &Patch) {
    let (file, old, new) = *patch;
    let path = dir.join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let Some(new) = new else { return std::fs::remove_file(path).expect("removed") };
    assert!(text.contains(old), "{file} has {old}");
    let changed = if old.is_empty() { format!("{text}{new}") } else { text.replacen(old, new, 1) };
    std::fs::write(path, changed).expect("written");
}

#[test]
fn what_is_new_is_the_difference_of_two_whole_runs() {
    if !support::have("git") {
        return;
    }
    let dir = support::scratch();
    let cache = support::scratch();
    let tree = dir.path().join("tree");
    let fixture = support::fixtures("tree");
    support::run(dir.path(), "cp", ["-r", &*fixture.to_string_lossy(), "tree"]);
    let git = |args: &[&str]| {
        let name =
            ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        support::run(&tree, "git", name.iter().chain(args).copied());
    };
    git(&["init", "-q"]);
    git(&["add", "-A", "-f"]);
    git(&["commit", "-q", "-m", "base"]);
    let before = findings(&tree, cache.path(), &[]);
    assert!(before.len() > 5, "the fixture has faults that are not new: {}", before.len());
    for (what, patches, expected) in PATCHES {
        patches.iter().for_each(|patch| apply(&tree, patch));
        let mut whole = findings(&tree, cache.path(), &[]);
        whole.retain(|fingerprint, _| !before.contains_key(fingerprint));
        for code in *expected {
            assert!(whole.values().any(|one| one.starts_with(code)), "{what}: {code}: {whole:#?}");
        }
        // The first time nothing is kept of the revision, the second time what was worked out.
        for turn in ["first", "second"] {
            let diff = findings(&tree, cache.path(), &["--diff", "HEAD"]);
            assert_eq!(diff, whole, "{what}, {turn} run");
        }
        git(&["add", "-A", "-f"]);
        git(&["reset", "-q", "--hard"]);
    }
}

/// All findings of a tree.
fn all(dir: &Path, cache: &Path, args: &[&str]) -> Vec<serde_json::Value> {
    let mut command = Command::cargo_bin("hmmsize").expect("the binary");
    command.env("HMMSIZE_CACHE", cache).args(["lint", "--format", "json", "--deny", "never", "-C"]);
    let output = command.arg(dir).args(args).output().expect("it runs");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report["findings"].as_array().expect("an array").clone()
}

#[test]
fn what_is_asked_of_a_part_is_what_the_whole_has_there() {
    let cache = support::scratch();
    let tree = support::fixtures("tree");
    let names = |text: &str, name: &str| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.map(|word| word.strip_prefix("CONFIG_").unwrap_or(word)).any(|word| word == name)
    };
    let whole = all(&tree, cache.path(), &[]);
    let mut found = 0;
    for name in ["MMU", "NO_SUCH_OPTION", "ZONE_DEVICE", "DEAD_BY_CONTRADICTION"] {
        let about = |finding: &&serde_json::Value| {
            let proof = finding["proof"].as_array().into_iter().flatten();
            let texts = proof.map(|fact| &fact["text"]);
            let mut texts = texts.chain([&finding["symbol"], &finding["message"]]);
            texts.any(|text| names(text.as_str().unwrap_or_default(), name))
        };
        let expected: Vec<_> = whole.iter().filter(about).cloned().collect();
        found += expected.len();
        assert_eq!(all(&tree, cache.path(), &["--symbol", name]), expected, "{name}");
    }
    for (glob, begin) in [("mm/**", "mm/"), ("arch/**", "arch/"), ("drivers/**", "drivers/")] {
        let below = |finding: &&serde_json::Value| {
            finding["file"].as_str().is_some_and(|file| file.starts_with(begin))
        };
        let expected: Vec<_> = whole.iter().filter(below).cloned().collect();
        found += expected.len();
        assert_eq!(all(&tree, cache.path(), &["--path", glob]), expected, "{glob}");
    }
    assert!(found > 5, "only {found} findings were compared");
}
