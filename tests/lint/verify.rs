//! `--verify`: the kernel's own `conf`, a second solver, random configurations, the compiler. Trees are
//! not written, and directories of our own go away.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;

use crate::support;

/// A copy of `fixtures/NAME` in a new directory.
fn copy(name: &str) -> tempfile::TempDir {
    let dir = support::scratch();
    let from = format!("{}/.", support::fixtures(name).display());
    support::run(dir.path(), "cp", ["-r", &from, "."]);
    dir
}

type Files = BTreeMap<PathBuf, (Option<Vec<u8>>, SystemTime)>;

/// Everything in a directory, with contents and times.
fn everything(dir: &Path) -> Files {
    let mut files = Files::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(path) = todo.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            todo.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let bytes = meta.is_file().then(|| fs::read(&path).unwrap());
        files.insert(path, (bytes, meta.modified().unwrap()));
    }
    files
}

struct Said {
    code: i32,
    report: Value,
    err: String,
}

impl Said {
    /// The code and judge of each finding.
    fn verified(&self) -> Vec<(&str, &str)> {
        let findings = self.report["findings"].as_array().unwrap();
        let text = |value: &'_ Value| value.as_str().unwrap().to_owned().leak() as &str;
        findings.iter().map(|one| (text(&one["code"]), text(&one["verified"]))).collect()
    }
}

/// Lints with `--verify`; nothing may be left of it but what it prints.
fn lint(tree: &Path, args: &[&str]) -> Said {
    let temporary = support::scratch();
    let before = everything(tree);
    let mut command = support::hmmsize();
    command.args(["lint", "--verify", "--format", "json", "-C"]).arg(tree).args(args);
    let output = command.env("TMPDIR", temporary.path()).output().unwrap();
    assert!(before == everything(tree), "the tree was written");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "something is left");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Said { code: output.status.code().unwrap(), report, err }
}

/// A copy of a fixture, with the sources of a kernel's `conf` in it; nothing where they cannot be built.
fn with_conf(fixture: &str) -> Option<tempfile::TempDir> {
    let linux = support::linux_tree()?;
    if !["cc", "flex", "bison"].iter().all(|tool| support::have(tool)) {
        return None;
    }
    let tree = copy(fixture);
    fs::create_dir(tree.path().join("scripts")).unwrap();
    for dir in ["scripts/kconfig", "scripts/include"] {
        let from = linux.join(dir);
        if from.is_dir() {
            let to = tree.path().join("scripts");
            support::run(tree.path(), "cp", ["-r".as_ref(), from.as_os_str(), to.as_os_str()]);
        }
    }
    Some(tree)
}

#[test]
fn other_witnesses_about_kconfig_are_shown_to_the_kernel_s_conf() {
    for (rule, shown) in [("tristate-ifdef", 3), ("empty-choice", 1), ("conflicting-definition", 2)]
    {
        let Some(tree) = with_conf(&format!("lint/{rule}/bad")) else { return };
        let said = lint(tree.path(), &["--rule", rule, "--deny", "note", "-v"]);
        let by_conf = said.verified().iter().filter(|(_, by)| *by == "conf").count();
        assert_eq!(by_conf, shown, "{rule}: {:?}\n{}", said.verified(), said.err);
        let count = format!("{rule}: {shown} confirmed by conf\n");
        assert!(said.err.ends_with(&count), "{}", said.err);
    }
}

#[test]
fn unmet_selects_are_shown_to_the_kernel_s_conf() {
    let Some(tree) = with_conf("lint/unmet-select/bad") else { return };
    let said = lint(tree.path(), &["--rule", "unmet-select"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert_eq!(said.verified(), [("K101", "conf")]);
    assert_eq!(said.err, "lint: K101 unmet-select: 1 confirmed by conf\n");
    // Without the sources of conf, nobody can be asked, and the alarms stand as they were.
    fs::remove_dir_all(tree.path().join("scripts")).unwrap();
    let said = lint(tree.path(), &["--rule", "unmet-select", "-v"]);
    assert_eq!(said.verified(), [("K101", "evaluator")]);
    assert!(said.err.starts_with("lint: K101 unmet-select: 1 undecided\nKconfig:"), "{}", said.err);
    assert!(said.err.contains("has no sources of conf"), "{}", said.err);
}

#[test]
fn a_second_solver_and_random_configurations_agree_with_every_universal_rule() {
    let mut checked = 0;
    let rules = [
        "dead-symbol",
        "redundant-dependency",
        "constant-condition",
        "dead-default",
        "dead-imply",
        "dead-prompt",
        "dead-block",
        "dead-else",
        "always-true-guard",
        "redundant-operand",
    ];
    for rule in rules {
        let tree = support::fixtures("lint").join(rule).join("bad");
        let said = lint(&tree, &["--rule", rule, "--deny", "note"]);
        let expected = fs::read_to_string(tree.with_file_name("expected")).unwrap();
        let verified = said.verified();
        assert_eq!(verified.len(), expected.lines().count(), "{rule}: {}", said.err);
        assert!(verified.iter().all(|(_, by)| *by == "solver2"), "{rule}: {verified:?}");
        let count = format!(" {rule}: {} confirmed by a second solver\n", verified.len());
        assert!(said.err.ends_with(&count), "{}", said.err);
        support::schema::check("lint", &said.report);
        checked += verified.len();
    }
    assert!(checked >= 25, "only {checked}");
}

#[test]
fn another_program_can_be_the_second_solver() {
    let dir = support::scratch();
    let tree = support::fixtures("lint/dead-symbol/bad");
    let with = |text: &str| {
        let program = dir.path().join("solver");
        support::rewrite(&program, format!("#!/bin/sh\n{text}\n").as_bytes());
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        lint(&tree, &["--rule", "dead-symbol", "--solver2", program.to_str().unwrap()])
    };
    let is = |said: &Said, by: &str| said.verified().iter().all(|(_, verified)| *verified == by);
    let said = with("head -1 \"$1\" | grep -q '^p cnf ' && echo 's UNSATISFIABLE'");
    assert!(is(&said, "solver2") && !said.verified().is_empty(), "{}", said.err);
    // A model is claimed, and none is shown.
    let said = with("echo 's SATISFIABLE'");
    assert!(is(&said, "none") && said.err.contains(" undecided\n"), "{}", said.err);
    let said = with("exit 3");
    assert!(said.code == 2 && said.err.contains("as a solver, it exited with 3"));
    let said = lint(&tree, &["--rule", "dead-symbol", "--solver2", "/no/such/solver"]);
    assert!(said.code == 2 && said.err.contains("no such program"), "{}", said.err);
}

/// The small Kbuild-shaped tree, with functions that are not where they are called.
fn small_tree() -> tempfile::TempDir {
    let tree = copy("tree");
    let append = |name: &str, text: &str| {
        let file = tree.path().join(name);
        let old = fs::read_to_string(&file).unwrap_or_default();
        fs::write(file, old + text).unwrap();
    };
    append(
        "lib/Kconfig",
        "\nconfig CALLEE\n\ttristate \"callee\"\n\nconfig USER\n\tbool \"user\"\n",
    );
    append("kernel/Makefile", "obj-y += caller.o\nobj-$(CONFIG_CALLEE) += callee.o\n");
    append("lib/Makefile", "obj-y += leak.o\nobj-$(CONFIG_USER) += user.o\n");
    append(
        "kernel/caller.c",
        "int callee(int x);\nint caller(int x);\nint caller(int x)\n{\n\treturn callee(x) + 1;\n}\n",
    );
    append("kernel/callee.c", "int callee(int x);\nint callee(int x)\n{\n\treturn x + 1;\n}\n");
    append("lib/leak.c", "int leak(int x);\nint leak(int x)\n{\n\treturn x + 1;\n}\n");
    append(
        "lib/user.c",
        "int leak(int x);\nint user(int x);\nint user(int x)\n{\n\treturn leak(x);\n}\n",
    );
    tree
}

#[test]
fn functions_are_compiled_under_their_witnesses() {
    if !["make", "gcc"].iter().all(|tool| support::have(tool)) {
        return;
    }
    let tree = small_tree();
    let args = ["--arch", "x86", "--path", "kernel/**", "--path", "lib/**", "-v"];
    let with = |more: &[&str]| lint(tree.path(), &[args.as_slice(), more].concat());
    let gating = ["--rule", "missing-stub,builtin-uses-module,bloat-leak"];
    let said = with(&gating);
    assert_eq!(said.verified(), [("S001", "compiler"), ("S005", "compiler")], "{}", said.err);
    let confirmed = "lint: S001 missing-stub: 1 confirmed by the compiler\n\
                     lint: S005 bloat-leak: 1 confirmed by the compiler\n";
    assert_eq!(said.err, confirmed);
    // There can be too many.
    let said = with(&[gating.as_slice(), &["--verify-limit", "0"]].concat());
    assert_eq!(said.verified(), [("S001", "evaluator"), ("S005", "evaluator")]);
    let unasked = "lint: S001 missing-stub: 1 not compiled (--verify-limit)\n\
                   lint: S005 bloat-leak: 1 not compiled (--verify-limit)\n";
    assert_eq!(said.err, unasked);
    // An object of which the compiler drops the call: the alarm goes.
    let caller = tree.path().join("kernel/caller.c");
    let text = fs::read_to_string(&caller).unwrap();
    let dead =
        text.replace("return callee(x) + 1;", "if (x != x)\n\t\treturn callee(x);\n\treturn 1;");
    fs::write(&caller, dead).unwrap();
    let said = with(&["--rule", "missing-stub"]);
    assert_eq!((said.code, said.verified()), (0, vec![]), "{}", said.err);
    assert!(said.err.starts_with("lint: S001 missing-stub: 1 refuted by the compiler\n"));
    assert!(said.err.contains("kernel/caller.o is built and does not refer to it"), "{}", said.err);
    // A tree that somebody has built in cannot be built elsewhere.
    fs::write(&caller, text).unwrap();
    fs::write(tree.path().join(".config"), "").unwrap();
    let said = with(&["--rule", "missing-stub"]);
    assert_eq!(said.verified(), [("S001", "evaluator")]);
    assert!(said.err.contains("The source tree is not clean"), "{}", said.err);
}

/// A `conf` that never ends: Ctrl-C ends it, and what was written goes away.
#[test]
fn an_interrupt_leaves_nothing_behind() {
    if !support::have("cc") {
        return;
    }
    let (tree, temporary) = (copy("lint/unmet-select/bad"), support::scratch());
    let sources = tree.path().join("scripts/kconfig");
    fs::create_dir_all(&sources).unwrap();
    let main = "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n";
    fs::write(sources.join("conf.c"), main).unwrap();
    let mut command = support::hmmsize();
    command.args(["lint", "--rule", "unmet-select", "--verify", "-C"]).arg(tree.path());
    let mut child = command.env("TMPDIR", temporary.path()).spawn().unwrap();
    // Once there is a log, conf runs.
    let is_running = || everything(temporary.path()).keys().any(|path| path.ends_with("conf.log"));
    for _ in 0..600 {
        if is_running() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(is_running());
    support::run(tree.path(), "kill", ["-INT", &child.id().to_string()]);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "something is left");
}

#[test]
fn its_options_need_it() {
    for args in [["--verify-limit", "3"], ["--solver2", "minisat"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_hmmsize")).arg("lint").args(args).output();
        let output = output.unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && err.contains("--verify"), "{err}");
    }
}
