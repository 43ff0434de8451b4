//! `.ci/gitlab.yml`: its scripts as GitLab's runner runs them, with a `curl` of ours.

use std::fs;

use super::{Repository, text, yaml};

const CURL: &str = r#"#!/bin/sh
printf '%s\n' "$*" >> "$LOGS/curl.log"
cat >> "$LOGS/stdin.log"
case "$*" in *--request*) ;; *) cat "$LOGS/notes.json";; esac
"#;

/// Exit code, what was said, what was asked of curl, and the page.
fn pipeline(
    repository: &Repository,
    variables: &[(&str, &str)],
    notes: &str,
) -> (i32, String, String, String) {
    let template = yaml(".ci/gitlab.yml");
    let logs = repository.place.path("logs");
    let _ = fs::remove_dir_all(&logs);
    fs::create_dir(&logs).unwrap();
    fs::write(logs.join("notes.json"), notes).unwrap();
    repository.program("curl", CURL);
    let job = &template["hmmsize"];
    let scripts =
        ["before_script", "script"].map(|part| job[part].as_vec().expect("lines").clone());
    let lines: Vec<String> =
        scripts.iter().flatten().map(|line| line.as_str().expect("text").to_owned()).collect();
    // One shell for all of them, which ends at the first that fails.
    let script = format!("set -eo pipefail\n{}", lines.join("\n"));
    let mut command = repository.command("bash", &["-c", &script]);
    for (name, value) in template["variables"].as_hash().expect("variables") {
        command.env(name.as_str().unwrap(), value.as_str().expect("text"));
    }
    for (name, value) in variables {
        let known = *name == "HMMSIZE_TOKEN" || !name.starts_with("HMMSIZE");
        assert!(known || !template["variables"][*name].is_badvalue(), "no variable {name}");
        command.env(name, value);
    }
    command.env("LOGS", &logs).env("CI_API_V4_URL", "https://lab.example/api/v4");
    command.env("CI_PROJECT_ID", "3").env("CI_MERGE_REQUEST_IID", "9");
    let output = command.output().unwrap();
    let read = |name: &str| fs::read_to_string(logs.join(name)).unwrap_or_default();
    let page = fs::read_to_string(repository.place.tree().join("hmmsize.md")).unwrap();
    let stdin = read("stdin.log");
    assert!(
        stdin.is_empty() || stdin.starts_with("header = \"PRIVATE-TOKEN: secret\"\n"),
        "{stdin}"
    );
    (output.status.code().unwrap(), text(&output), read("curl.log"), page)
}

#[test]
fn a_merge_request_is_judged_and_noted() {
    let Some(repository) = Repository::new() else { return };
    for number in ["0001", "0002", "0003"] {
        repository.apply(number);
    }
    let notes = "https://lab.example/api/v4/projects/3/merge_requests/9/notes";
    let mut variables = vec![
        ("HMMSIZE_OPTION", "DEVMEM"),
        ("HMMSIZE_BASE_CONFIG", "defconfig"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "base"),
    ];
    let (code, said, curl, page) = pipeline(&repository, &variables, "[]");
    assert_eq!((code, &*curl), (1, ""), "{said}");
    assert!(page.contains("Kernel size: over budget") && page.contains("no findings"), "{page}");
    let junit = fs::read_to_string(repository.place.tree().join("gate.xml")).unwrap();
    assert!(junit.contains("<testsuite") && junit.contains("add_memory"), "{junit}");

    variables.push(("HMMSIZE_TOKEN", "secret"));
    let (code, said, curl, _) = pipeline(&repository, &variables, "[]");
    assert_eq!(code, 1, "{said}");
    assert!(curl.contains("--request POST") && curl.ends_with(&format!("{notes}\n")), "{curl}");
    assert!(!curl.contains("secret"), "the token is on a command line: {curl}");
    let old = r#"[{"id": 41, "body": "hello"}, {"id": 42, "body": "<!-- hmmsize -->\nold"}]"#;
    let linted = [("HMMSIZE_TOKEN", "secret"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "HEAD~1")];
    let (code, said, curl, page) = pipeline(&repository, &linted, old);
    assert_eq!(code, 0, "{said}");
    assert!(curl.contains("--request PUT") && curl.ends_with(&format!("{notes}/42\n")), "{curl}");
    assert!(!page.contains("Kernel size"), "{page}");
}

#[test]
fn artifacts_are_what_the_scripts_write() {
    let job = &yaml(".ci/gitlab.yml")["hmmsize"];
    assert_eq!(job["artifacts"]["paths"][0].as_str(), Some("hmmsize.md"));
    assert_eq!(job["artifacts"]["reports"]["junit"].as_str(), Some("gate.xml"));
    assert_eq!(job["variables"]["GIT_DEPTH"].as_str(), Some("0"));
}
