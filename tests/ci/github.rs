//! `action.yml`, as GitHub runs a composite action: expressions are replaced, each step is a bash script with
//! files for outputs and the summary. `gh` is ours, and hands its filter to the real `jq`.

use std::collections::HashMap;
use std::fs;

use yaml_rust2::Yaml;

use super::{Repository, text, yaml};

const GH: &str = r#"#!/bin/sh
printf '%s\n' "$*" >> "$RUNNER_TEMP/gh.log"
while [ $# -gt 0 ]; do
    case "$1" in
        --jq) shift; jq -r "$1" "$RUNNER_TEMP/comments.json";;
        body=@*) cp "${1#body=@}" "$RUNNER_TEMP/posted.md";;
    esac
    shift
done
"#;

/// How a run of the action ended.
struct Ran {
    code: i32,
    log: String,
    summary: String,
    gh: String,
    posted: String,
}

/// Replaces every `${{ … }}`; one that nobody knows is a mistake in the action.
fn expand(text: &str, known: &HashMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").expect("an end");
        let expression = expression.trim();
        let value = known.get(expression).unwrap_or_else(|| panic!("unknown: {expression}"));
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    out + rest
}

/// Runs the action in the tree with these inputs and these comments on the pull request.
fn act(repository: &Repository, inputs: &[(&str, &str)], comments: &str) -> Ran {
    let action = yaml("action.yml");
    let temp = repository.place.path("runner");
    let _ = fs::remove_dir_all(&temp);
    fs::create_dir(&temp).unwrap();
    fs::write(temp.join("comments.json"), comments).unwrap();
    repository.program("gh", GH);
    let mut known: HashMap<String, String> = [
        ("github.event.pull_request.base.sha || github.event.before", "base"),
        ("github.event.pull_request.number", "7"),
        ("github.token", "secret"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, input) in action["inputs"].as_hash().expect("inputs") {
        let name = name.as_str().unwrap();
        let default = input["default"].as_str().unwrap_or_else(|| panic!("default of {name}"));
        let given = inputs.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        let value = given.map_or_else(|| expand(default, &known), str::to_owned);
        known.insert(format!("inputs.{name}"), value);
    }
    for (name, _) in inputs {
        assert!(known.contains_key(&format!("inputs.{name}")), "no input {name}");
    }
    let (mut code, mut log) = (0, String::new());
    for step in action["runs"]["steps"].as_vec().expect("steps") {
        assert_eq!(step["shell"].as_str(), Some("bash"));
        let script = step["run"].as_str().expect("run");
        assert!(!script.contains("${{"), "an expression in a script can be made to run: {script}");
        let file = temp.join("step.sh");
        fs::write(&file, script).unwrap();
        let file = file.to_str().unwrap();
        let args = ["--noprofile", "--norc", "-e", "-o", "pipefail", file];
        let mut command = repository.command("bash", &args);
        for (name, value) in step["env"].as_hash().into_iter().flatten() {
            let (name, value) = (name.as_str().unwrap(), value.as_str().unwrap());
            command.env(name, expand(value, &known));
        }
        for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"] {
            command.env(name, temp.join(name));
        }
        command.env("RUNNER_TEMP", &temp).env("GITHUB_REPOSITORY", "us/linux");
        command.env("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR"));
        let output = command.output().unwrap();
        log.push_str(&text(&output));
        code = output.status.code().unwrap();
        let Some(id) = step["id"].as_str() else {
            if code != 0 {
                break;
            }
            continue;
        };
        for line in fs::read_to_string(temp.join("GITHUB_OUTPUT")).unwrap().lines() {
            let (name, value) = line.split_once('=').unwrap();
            known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
    }
    for (name, output) in action["outputs"].as_hash().expect("outputs") {
        let value = expand(output["value"].as_str().unwrap(), &known);
        assert!(name.as_str() != Some("markdown") || fs::metadata(value).is_ok());
    }
    let read = |name: &str| fs::read_to_string(temp.join(name)).unwrap_or_default();
    Ran {
        code,
        log,
        summary: read("GITHUB_STEP_SUMMARY"),
        gh: read("gh.log"),
        posted: read("posted.md"),
    }
}

#[test]
fn a_change_that_costs_everybody_fails_and_is_commented_on() {
    let Some(repository) = Repository::new() else { return };
    for number in ["0001", "0002", "0003"] {
        repository.apply(number);
    }
    repository
        .append("mm/Kconfig", "\nconfig TWICE\n\tbool \"Twice\"\n\tselect MMU\n\tselect MMU\n");
    let inputs = [("option", "DEVMEM"), ("base-config", "defconfig")];
    let ran = act(&repository, &inputs, "[]");
    assert_eq!(ran.code, 1, "{}", ran.log);
    for part in ["Kernel size: over budget", "add_memory", "K001", "`select MMU` repeats"] {
        assert!(ran.summary.contains(part), "{part}: {}", ran.summary);
    }
    assert_eq!(ran.posted, ran.summary);
    assert!(ran.posted.starts_with("<!-- hmmsize -->\n"), "{}", ran.posted);
    assert!(ran.log.contains("::warning file=mm/Kconfig,line="), "{}", ran.log);
    assert!(ran.gh.lines().last().unwrap().starts_with("api repos/us/linux/issues/7/comments -F"));

    // Only linted; and the comment of the first run is written again, not that of a person.
    let comments = r#"[{"id": 5, "user": {"type": "Bot"}, "body": "<!-- hmmsize -->\nold"},
        {"id": 6, "user": {"type": "User"}, "body": "<!-- hmmsize -->\nme too"}]"#;
    let ran = act(&repository, &[("base", "HEAD~1")], comments);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(!ran.summary.contains("Kernel size"), "{}", ran.summary);
    assert!(ran.gh.contains("-X PATCH repos/us/linux/issues/comments/5 -F body=@"), "{}", ran.gh);
}

#[test]
fn a_change_that_costs_nothing_passes() {
    let Some(repository) = Repository::new() else { return };
    repository.apply("0001");
    let inputs = [("option", "DEVMEM"), ("base-config", "defconfig"), ("comment", "false")];
    let ran = act(&repository, &inputs, "[]");
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(ran.summary.contains("Kernel size: pass"), "{}", ran.summary);
    assert!(ran.summary.contains("no findings on 7 architectures"), "{}", ran.summary);
    assert_eq!((&*ran.gh, &*ran.posted), ("", ""));
    // The first push of a branch; what is no machine is an error of the caller, not a verdict.
    let zeros = "0".repeat(40);
    let ran = act(
        &repository,
        &[("base", zeros.as_str()), ("option", "X"), ("arch", "vax"), ("lint", "false")],
        "[]",
    );
    assert!(ran.code >= 2, "{}: {}", ran.code, ran.log);
    assert!(ran.summary.contains("no result (exit code"), "{}", ran.summary);
}

#[test]
fn what_a_caller_says_is_never_run() {
    let Some(repository) = Repository::new() else { return };
    repository.apply("0001");
    let evil = "x\"; touch pwned; $(touch pwned) `touch pwned`";
    let inputs = [("option", evil), ("base", evil), ("lint-args", evil), ("gate-args", evil)];
    let ran = act(&repository, &inputs, "[]");
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert!(!repository.place.tree().join("pwned").exists());
    assert!(
        matches!(yaml("action.yml")["runs"]["using"], Yaml::String(ref using) if using == "composite")
    );
}
