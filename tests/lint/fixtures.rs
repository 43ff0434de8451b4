//! The fixtures of the rules. What is expected stands beside each `bad` tree, in `expected`: the lines
//! of `--format short`. `HMMSIZE_BLESS=1` writes them anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use hmmsize::lint::rules::RULES;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint")
}

fn lint(tree: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("hmmsize").expect("the binary");
    let output = command.arg("lint").arg("-C").arg(tree).args(args).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("a code"), text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_rule_finds_what_is_bad_and_nothing_that_is_good() {
    let mut checked = 0;
    for rule in RULES {
        let dir = root().join(rule.name);
        let args = ["--rule", rule.name, "--format", "short", "--deny", "note"];
        let (code, good, err) = lint(&dir.join("good"), &args);
        assert_eq!((code, &*good, &*err), (0, "", ""), "{}: good", rule.name);
        let (code, bad, err) = lint(&dir.join("bad"), &args);
        assert_eq!((code, &*err), (1, ""), "{}: bad", rule.name);
        assert!(bad.lines().all(|line| line.ends_with(&format!("[{}]", rule.code))), "{bad}");
        let expected = dir.join("expected");
        if std::env::var_os("HMMSIZE_BLESS").is_some() {
            std::fs::write(&expected, &bad).expect("written");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(bad, expected, "{}", rule.name);
        checked += 1;
    }
    assert_eq!(checked, RULES.len());
}

#[test]
fn every_directory_is_a_rule() {
    let dirs = std::fs::read_dir(root())
        .expect("fixtures")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.name.to_owned()).collect();
    assert_eq!(dirs.collect::<BTreeSet<_>>(), rules);
}

#[test]
fn codes_are_unique_sorted_and_say_what_is_read() {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    let sorted: BTreeSet<&str> = codes.iter().copied().collect();
    assert_eq!(codes.len(), sorted.len());
    for group in ["K", "G", "B", "S"] {
        let of = codes.iter().filter(|code| code.starts_with(group)).collect::<Vec<_>>();
        assert!(of.is_sorted(), "{of:?}");
    }
    assert!(codes.iter().all(|code| {
        code.len() == 4 && "KGBS".contains(&code[..1]) && code[1..].parse::<u32>().is_ok()
    }));
}

#[test]
fn fixes_apply_with_git_and_leave_nothing_behind() {
    let mut checked = 0;
    for rule in RULES {
        let bad = root().join(rule.name).join("bad");
        let (_, patch, _) = lint(&bad, &["--rule", rule.name, "--fix", "-"]);
        if patch.is_empty() {
            continue;
        }
        let copy = tempfile::tempdir().expect("a directory");
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .arg(format!("{}/.", bad.display()))
            .arg(copy.path())
            .status();
        assert!(copied.expect("cp").success());
        let file = copy.path().join("fix.patch");
        std::fs::write(&file, &patch).expect("written");
        let git = std::process::Command::new("git")
            .current_dir(copy.path())
            .args(["apply", "--whitespace=nowarn", "fix.patch"])
            .output()
            .expect("git");
        assert!(git.status.success(), "{}: {git:?}\n{patch}", rule.name);
        let (_, again, _) = lint(copy.path(), &["--rule", rule.name, "--fix", "-"]);
        assert_eq!(again, "", "{}: something is left to fix", rule.name);
        checked += 1;
    }
    assert!(checked >= 1, "only {checked} rules have fixes");
}
