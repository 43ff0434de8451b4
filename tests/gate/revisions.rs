//! `gate --base REV --head REV` from the repository to the verdict, on the fixture tree: git, make,
//! compiler and linker are real.

use std::path::{Path, PathBuf};

use super::{Ran, gate};
use crate::support;

/// What the fixture tree needs to be built for this machine.
fn tools() -> bool {
    let tools = ["git", "make", "gcc", "ld", "bc", "flex", "bison"];
    tools.iter().all(|tool| support::have(tool))
}

/// A git repository of the fixture tree, and a directory for results.
struct Repository {
    dir: tempfile::TempDir,
}

impl Repository {
    fn new() -> Self {
        let dir = support::scratch();
        let tree = dir.path().join("tree");
        let fixture = support::fixtures("tree");
        support::run(dir.path(), "cp", [Path::new("-r"), &fixture, &tree]);
        let repository = Self { dir };
        repository.git(&["init", "-q"]);
        repository.commit("the base");
        repository
    }

    fn tree(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    fn git(&self, args: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
        support::run(&self.tree(), "git", identity.iter().chain(args));
    }

    fn commit(&self, subject: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", subject]);
    }

    fn append(&self, file: &str, text: &str) {
        let file = self.tree().join(file);
        let old = std::fs::read_to_string(&file).expect("a file of the fixture tree");
        support::rewrite(&file, format!("{old}{text}").as_bytes());
    }

    fn gate(&self, more: &str) -> Ran {
        let out = self.dir.path().join("out");
        // Nothing is taken from, or left in, the caches of this machine.
        let cache = self.dir.path().join("cache");
        let args = format!(
            "HMMSIZE_CACHE={} {} gate -C {} --arch x86_64 --option ZONE_DEVICE --variant without \
             --base-config defconfig O={} {more}",
            cache.display(),
            env!("CARGO_BIN_EXE_hmmsize"),
            self.tree().display(),
            out.display(),
        );
        let output = std::process::Command::new("env")
            .args(args.split_whitespace())
            .output()
            .expect("hmmsize starts");
        Ran {
            code: output.status.code().expect("no signal"),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

#[test]
fn a_leak_between_two_revisions_is_named_and_its_repair_passes() {
    if !tools() {
        return;
    }
    let repository = Repository::new();
    repository.append(
        "mm/page_alloc.c",
        "int hmm_leak(int x);\nint hmm_leak(int x) { return x * 7 + 1; }\n",
    );
    repository.commit("mm: forget a guard");
    let ran = repository.gate("--base HEAD~1 --head HEAD");
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let named: Vec<&str> = ran.out.lines().filter(|line| line.contains("  new  ")).collect();
    assert_eq!(named.len(), 1, "{}", ran.out);
    assert!(named[0].contains("hmm_leak  (code"), "{}", ran.out);

    // A waiver for the symbol covers what it drags along: alignment, kallsyms.
    let policy = repository.dir.path().join("p.toml");
    let waiver = "off-costs-nothing = true\n[[waiver]]\nrule = \"off-costs-nothing\"\nsymbol = \
                  \"^hmm_leak$\"\nreason = \"known\"\nexpires = 2030-01-01\n";
    std::fs::write(&policy, waiver).unwrap();
    let args =
        format!("--base HEAD~1 --head HEAD --today 2029-01-01 --policy {}", policy.display());
    let ran = repository.gate(&args);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("waived"), "{}", ran.out);

    let file = repository.tree().join("mm/page_alloc.c");
    let text = std::fs::read_to_string(&file).unwrap();
    let guarded =
        text.replace("int hmm_leak(int x);", "#ifdef CONFIG_ZONE_DEVICE\nint hmm_leak(int x);");
    support::rewrite(&file, format!("{guarded}#endif\n").as_bytes());
    repository.commit("mm: put the guard back");
    let ran = repository.gate("--base HEAD~2 --head HEAD");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.starts_with("gate: PASS"), "{}", ran.out);
}

#[test]
fn a_revision_that_does_not_build_is_3_and_125_for_bisect() {
    if !tools() {
        return;
    }
    let repository = Repository::new();
    repository.append("mm/page_alloc.c", "this is not C\n");
    repository.commit("mm: break it");
    for (args, code) in
        [("--base HEAD~1 --head HEAD", 3), ("--base HEAD~1 --head HEAD --bisect", 125)]
    {
        let ran = repository.gate(args);
        assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("page_alloc.c"), "the first error is named: {}", ran.out);
    }
    let ran = repository.gate("--base HEAD~1 --head no-such-revision");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert!(ran.err.contains("no-such-revision"), "{}", ran.err);
}

#[test]
fn nothing_to_build_from_is_said() {
    let ran = gate(Path::new("."), "--policy p.toml");
    assert!(ran.code == 2 && ran.err.contains("gate needs a run.json"), "{}", ran.err);
    let ran = gate(Path::new("."), "ARCH=arm run.json --policy p.toml");
    assert!(ran.code == 2 && ran.err.contains("words for make"), "{}", ran.err);
}
