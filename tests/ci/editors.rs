//! What the README tells editors, held against what `lint --format short` really prints: vim's `errorformat`
//! where vim is, VS Code's problem matcher as the regular expression that it is.

use std::fs;
use std::path::PathBuf;

use regex::Regex;
use serde_json::Value;

use super::{readme, support};

/// A finding as a line says it: file, line, column, severity, message with code.
type Found = (String, u64, u64, String, String);

/// A tree of findings of all severities, and the lines.
fn lines() -> (PathBuf, String) {
    let tree = support::fixtures("lint");
    let mut all = String::new();
    for rule in
        ["unmet-select", "value-of-bool", "duplicate-line", "dead-else", "undefined-in-makefile"]
    {
        let mut command = support::hmmsize();
        command.args(["lint", "--format", "short", "--rule", rule, "-C"]);
        let output = command.arg(tree.join(rule).join("bad")).output().unwrap();
        all.push_str(&String::from_utf8(output.stdout).unwrap());
    }
    for severity in [": error: ", ": warning: ", ": note: "] {
        assert!(all.contains(severity), "no {severity} in {all}");
    }
    (tree, all)
}

/// By hand, without either's language.
fn expected(lines: &str) -> Vec<Found> {
    lines
        .lines()
        .map(|line| {
            let mut parts = line.splitn(5, ':');
            let mut next = || parts.next().unwrap().to_owned();
            let (file, at, column) = (next(), next().parse().unwrap(), next().parse().unwrap());
            (file, at, column, next().trim().to_owned(), next().trim().to_owned())
        })
        .collect()
}

#[test]
fn vs_codes_problem_matcher_takes_every_line() {
    let (_, lines) = lines();
    let tasks: Value = serde_json::from_str(&readme("json", "problemMatcher")).expect("tasks.json");
    let task = &tasks["tasks"][0];
    let args: Vec<&str> =
        task["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    assert_eq!(
        (task["command"].as_str(), args),
        (Some("hmmsize"), vec!["lint", "--format", "short"])
    );
    let pattern = &task["problemMatcher"]["pattern"];
    let regex = Regex::new(pattern["regexp"].as_str().unwrap()).unwrap();
    let group = |name: &str| usize::try_from(pattern[name].as_u64().unwrap()).unwrap();
    let found: Vec<Found> = lines
        .lines()
        .map(|line| {
            let caught = regex.captures(line).unwrap_or_else(|| panic!("not taken: {line}"));
            let text = |name: &str| caught[group(name)].to_owned();
            let number = |name: &str| caught[group(name)].parse().unwrap();
            let message = format!("{} [{}]", text("message"), text("code"));
            (text("file"), number("line"), number("column"), text("severity"), message)
        })
        .collect();
    assert_eq!(found, expected(&lines));
    assert!(!regex.is_match("gcc: error: no input files"));
}

#[test]
fn vims_errorformat_takes_every_line() {
    let (_, lines) = lines();
    if !support::have("vim") {
        return;
    }
    let dir = support::scratch();
    let (settings, errors) = (dir.path().join("settings.vim"), dir.path().join("errors"));
    fs::write(&settings, readme("vim", "errorformat")).unwrap();
    fs::write(&errors, &lines).unwrap();
    let script = "let l = map(getqflist(), '[bufname(v:val.bufnr), v:val.lnum, v:val.col, v:val.type, v:val.text, \
        v:val.valid]')\ncall writefile([json_encode(l), &makeprg], 'list')\nqa!\n";
    fs::write(dir.path().join("script.vim"), script).unwrap();
    let args = [
        "-es",
        "-N",
        "-u",
        "NONE",
        "-i",
        "NONE",
        "-S",
        "settings.vim",
        "-c",
        "cgetfile errors",
        "-S",
        "script.vim",
    ];
    support::run(dir.path(), "vim", args);
    let list = fs::read_to_string(dir.path().join("list")).unwrap();
    let (list, program) = list.trim_end().split_once('\n').unwrap();
    assert_eq!(program, "hmmsize lint --format short");
    let list: Vec<(String, u64, u64, String, String, u8)> = serde_json::from_str(list).unwrap();
    let found: Vec<Found> = list
        .into_iter()
        .map(|(file, line, column, kind, message, valid)| {
            assert_eq!(valid, 1, "{message}");
            let kinds = ["error", "warning", "note"];
            let severity =
                kinds.iter().find(|name| kind.eq_ignore_ascii_case(&name[..1])).expect("a type");
            (file, line, column, (*severity).to_owned(), message)
        })
        .collect();
    assert_eq!(found, expected(&lines));
}
