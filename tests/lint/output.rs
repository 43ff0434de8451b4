//! Formats, baselines, suppressions and exit codes.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use hmmsize::lint::rules::RULES;
use serde_json::Value;

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint/duplicate-line/bad")
}

fn lint(args: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("hmmsize").expect("the binary");
    let output = command.args(["lint", "--rule", "K001"]).args(args).output().expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("a code"), text(&output.stdout), text(&output.stderr))
}

fn on_tree(args: &[&str]) -> (i32, String, String) {
    let tree = tree();
    lint(&[&["-C", tree.to_str().expect("UTF-8")], args].concat())
}

#[test]
fn for_people() {
    let (code, text, err) = on_tree(&[]);
    assert_eq!((code, &*err), (1, ""));
    let expected = "\
warning[K001]: `select B` repeats line 9 of this file
  --> Kconfig:11:2
   |
11 |     select B
   |     ^^^^^^^^
   |
   = note: because of Kconfig:9: select B

1 warning
";
    assert_eq!(text, expected);
}

#[test]
fn the_tree_may_be_named_by_a_link() {
    let dir = tempfile::tempdir().expect("a directory");
    let link = dir.path().join("linux");
    std::os::unix::fs::symlink(tree(), &link).expect("a link");
    let (code, text, err) = lint(&["-C", link.to_str().expect("UTF-8"), "--format", "short"]);
    let expected = "Kconfig:11:2: warning: `select B` repeats line 9 of this file [K001]\n";
    assert_eq!((code, &*text, &*err), (1, expected, ""));
    let file = tree().join("Kconfig");
    let (code, _, err) = lint(&["-C", file.to_str().expect("UTF-8")]);
    assert!(code == 2 && err.ends_with("directory\n"), "{err}");
}

#[test]
fn json_has_what_the_schema_says() {
    let (_, text, _) = on_tree(&["--format", "json"]);
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let finding = &report["findings"][0];
    for (key, value) in [
        ("code", Value::from("K001")),
        ("rule", "duplicate-line".into()),
        ("severity", "warning".into()),
        ("file", "Kconfig".into()),
        ("line", 11.into()),
        ("column", 2.into()),
        ("symbol", "A".into()),
        ("verified", "none".into()),
        ("witness", Value::Null),
    ] {
        assert_eq!(finding[key], value, "{key}");
    }
    assert_eq!(finding["proof"][0]["line"], 9);
    let read: hmmsize::model::finding::Report = serde_json::from_str(&text).expect("our own");
    assert_eq!(read.findings.len(), 1);
}

#[test]
fn annotations_and_a_summary() {
    let (_, text, _) = on_tree(&["--format", "github"]);
    let expected = "::warning file=Kconfig,line=11,col=2,title=K001 duplicate-line::\
                    `select B` repeats line 9 of this file\n";
    assert_eq!(text, expected);
    let (_, text, _) = on_tree(&["--format", "summary"]);
    assert!(text.ends_with("  warning       1\n1 warning\n"), "{text}");
    let (_, text, _) = on_tree(&["--format", "markdown"]);
    assert!(text.starts_with("1 warning\n\n| code |"), "{text}");
    let expected = "- `Kconfig:11:2` `select B` repeats line 9 of this file\n  - because select B (`Kconfig:9`)\n";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn a_baseline_hides_what_is_known_though_lines_move() {
    let dir = tempfile::tempdir().expect("a directory");
    let kconfig = dir.path().join("Kconfig");
    let text = std::fs::read_to_string(tree().join("Kconfig")).expect("the fixture");
    std::fs::write(&kconfig, &text).expect("written");
    let tree = dir.path().to_str().expect("UTF-8");
    let baseline = dir.path().join("baseline.json");
    let baseline = baseline.to_str().expect("UTF-8");
    assert_eq!(lint(&["-C", tree, "--write-baseline", baseline]).0, 1);
    assert_eq!(lint(&["-C", tree, "--baseline", baseline]).1, "no findings, 1 hidden\n");
    std::fs::write(&kconfig, format!("# one more line\n{text}\tselect C\n")).expect("written");
    let (code, out, _) = lint(&["-C", tree, "--baseline", baseline, "--format", "short"]);
    let expected = "Kconfig:14:2: warning: `select C` repeats line 13 of this file [K001]\n";
    assert_eq!((code, &*out), (1, expected));
    std::fs::write(dir.path().join("newer"), "{\"schema\": 99}").expect("written");
    let newer = dir.path().join("newer");
    let (code, _, err) = lint(&["-C", tree, "--baseline", newer.to_str().expect("UTF-8")]);
    assert!(code == 2 && err.contains("of a newer hmmsize"), "{err}");
}

#[test]
fn suppressions_need_a_reason_and_a_rule() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("lint.toml");
    let name = file.to_str().expect("UTF-8");
    let with = |text: &str| {
        std::fs::write(&file, text).expect("written");
        on_tree(&["--suppress", name])
    };
    let (code, out, _) = with("[[suppress]]\ncode = \"K001\"\npath = \"Kc*\"\nreason = \"r\"\n");
    assert_eq!((code, &*out), (0, "no findings, 1 hidden\n"));
    let (code, ..) = with("[[suppress]]\ncode = \"K001\"\npath = \"drivers/**\"\nreason = \"r\"\n");
    assert_eq!(code, 1);
    let (code, ..) = with("[[suppress]]\ncode = \"K001\"\nsymbol = \"B\"\nreason = \"r\"\n");
    assert_eq!(code, 1);
    let (code, _, err) = with("[[suppress]]\ncode = \"K001\"\n");
    assert!(code == 2 && err.contains("lint.toml:1: missing field `reason`"), "{err}");
    let (code, _, err) = with("[[suppress]]\ncode = \"K999\"\nreason = \"r\"\n");
    assert!(code == 2 && err.contains("K999: no such rule"), "{err}");
}

#[test]
fn a_comment_in_the_tree_suppresses() {
    let dir = tempfile::tempdir().expect("a directory");
    let text = std::fs::read_to_string(tree().join("Kconfig")).expect("the fixture");
    let text = text.replacen("\tselect C\n", "\t# hmmsize: allow(K001)\n\tselect B\n", 1);
    std::fs::write(dir.path().join("Kconfig"), text).expect("written");
    let (_, out, _) = lint(&["-C", dir.path().to_str().expect("UTF-8")]);
    assert!(out.ends_with("1 warning, 1 hidden\n"), "{out}");
}

#[test]
fn scopes() {
    assert_eq!(on_tree(&["--path", "drivers/**"]).0, 0);
    assert_eq!(on_tree(&["--path", "Kconfig"]).0, 1);
    assert_eq!(on_tree(&["--symbol", "CONFIG_A"]).0, 1);
    assert_eq!(on_tree(&["--symbol", "B"]).0, 1, "it is in the evidence");
    assert_eq!(on_tree(&["--symbol", "C"]).0, 0);
    assert_eq!(on_tree(&["--deny", "error"]).0, 0);
    assert_eq!(on_tree(&["--deny", "never"]).0, 0);
    // Said before anything is read: there is no such tree.
    let (code, _, err) = lint(&["-C", "no/such/tree", "CONFIG_A"]);
    let hint = "`CONFIG_A` is not a KEY=VALUE word (what is about an option is asked for with --symbol CONFIG_A)";
    assert!(code == 2 && err.contains(hint), "{err}");
}

#[test]
fn the_short_help_fits_a_screen() {
    let mut command = Command::cargo_bin("hmmsize").expect("the binary");
    let output = command.env("COLUMNS", "80").args(["lint", "-h"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert!((20..=52).contains(&lines.len()), "{} lines:\n{text}", lines.len());
    for topic in ["verify", "suppress"] {
        let (code, page, _) = lint(&["--explain", topic]);
        assert!(code == 0 && page.contains(&format!("--{topic}")), "{topic}: {page}");
    }
}

#[test]
fn rules_are_explained() {
    let (code, page, _) = lint(&["--explain", "K001"]);
    assert_eq!(code, 0);
    assert!(page.starts_with("## K001 duplicate-line\n"), "{page}");
    let (code, _, err) = lint(&["--explain", "duplicate-lines"]);
    assert!(code == 2 && err.contains("did you mean duplicate-line?"), "{err}");
    let (_, book, _) = lint(&["--explain", "all"]);
    assert!(RULES.iter().all(|rule| book.contains(&format!("## {} {}\n", rule.code, rule.name))));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/rules.md");
    if std::env::var_os("HMMSIZE_BLESS").is_some() {
        std::fs::write(&file, &book).expect("written");
    }
    let committed = std::fs::read_to_string(&file).expect("rules.md");
    assert!(book == committed, "hmmsize lint --explain all -o src/lint/rules.md");
}
