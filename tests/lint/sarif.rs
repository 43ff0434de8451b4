//! SARIF against the standard's own schema, which a crate carries, and JSON against ours.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

use crate::support;

fn lint(rule: &str, format: &str) -> Value {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lint").join(rule).join("bad");
    let mut command = Command::cargo_bin("hmmsize").expect("the binary");
    let command = command.args(["lint", "--deny", "never", "--rule", "all", "--format", format]);
    let output = command.arg("-C").arg(tree).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The schema of SARIF 2.1.0, from the sources of a crate that carries it. Cargo fetches them and
/// compiles nothing: the crate itself takes minutes.
fn standard() -> Value {
    const MANIFEST: &str = "[package]\nname = \"schema\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n\
                            [dependencies]\nserde-sarif = \"=0.8.0\"\n[workspace]\n";
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("Cargo.toml"), MANIFEST).expect("written");
    std::fs::write(dir.path().join("lib.rs"), "").expect("written");
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1"])
        .current_dir(dir.path())
        .output()
        .expect("cargo metadata");
    let said = String::from_utf8_lossy(&metadata.stderr);
    assert!(metadata.status.success(), "the schema cannot be had: {said}");
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == "serde-sarif");
    let manifest = PathBuf::from(package.expect("it")["manifest_path"].as_str().expect("a path"));
    let file = manifest.with_file_name("src").join("schema.json");
    serde_json::from_slice(&std::fs::read(file).expect("the schema")).expect("JSON")
}

#[test]
fn every_rule_gives_valid_sarif_and_json() {
    let standard = standard();
    assert_eq!(standard["properties"]["version"]["enum"][0], "2.1.0");
    let valid = |sarif: &Value| support::schema::valid(&standard, &standard, sarif, "$");
    let mut results = 0;
    for rule in hmmsize::lint::rules::RULES {
        let sarif = lint(rule.name, "sarif");
        assert_eq!(valid(&sarif), Ok(()), "{}", rule.name);
        let json = lint(rule.name, "json");
        support::schema::check("lint", &json);
        let found = sarif["runs"][0]["results"].as_array().expect("results");
        assert_eq!(found.len(), json["findings"].as_array().expect("findings").len());
        assert!(found.iter().any(|result| result["ruleId"] == rule.code), "{}", rule.name);
        results += found.len();
    }
    assert!(results >= 25, "only {results}");
    let mut bad = lint("duplicate-line", "sarif");
    bad["runs"][0]["results"][0]["level"] = "bad".into();
    assert!(valid(&bad).is_err(), "the schema refuses something");
}
