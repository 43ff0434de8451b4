//! Files that earlier versions wrote stay readable: of every schema there is a sample of each version,
//! which today's schema takes, today's program reads, and of which nothing is lost.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use hmmsize::model;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The names below a directory that end like this, without that end.
fn names(dir: &Path, end: &str) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter_map(|name| name.strip_suffix(end).map(str::to_owned)).collect();
    names.sort_unstable();
    names
}

/// The values in the sample of a version, or `None` where there is none. A history has a line for each.
fn sample(name: &str, version: u64) -> Option<Vec<Value>> {
    let file = |end| directory("tests/samples").join(format!("{name}.v{version}.{end}"));
    if let Ok(lines) = fs::read_to_string(file("jsonl")) {
        return Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect());
    }
    let text = fs::read_to_string(file("json")).ok()?;
    Some(vec![serde_json::from_str(&text).unwrap()])
}

/// The version that a schema is of.
fn version(name: &str) -> u64 {
    let file = directory("src/schema").join(format!("{name}.schema.json"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    schema["properties"]["schema"]["const"].as_u64().unwrap_or(1)
}

#[test]
fn every_schema_has_a_sample_of_each_version_and_takes_it() {
    let schemas = names(&directory("src/schema"), ".schema.json");
    assert!(schemas.len() >= 15, "{schemas:?}");
    for name in &schemas {
        for version in 1..=version(name) {
            let values = sample(name, version);
            let values = values.unwrap_or_else(|| panic!("no sample of {name}, version {version}"));
            assert!(!values.is_empty(), "{name}");
            for value in values {
                support::schema::check(name, &value);
                let says = value.get("schema").and_then(Value::as_u64).unwrap_or(version);
                assert_eq!(says, version, "{name}");
            }
        }
    }
    // No sample is of something that has no schema.
    for end in [".json", ".jsonl"] {
        for name in names(&directory("tests/samples"), end) {
            let (name, _) = name.split_once(".v").expect("NAME.vN");
            assert!(schemas.iter().any(|schema| schema == name), "{name}");
        }
    }
}

/// Reads a sample as today's program does, and writes it again.
fn whole<T: DeserializeOwned + Serialize>(name: &str) {
    for version in 1..=version(name) {
        for value in sample(name, version).unwrap() {
            let read: T = serde_json::from_value(value.clone())
                .unwrap_or_else(|err| panic!("{name}, version {version}: {err}"));
            assert_eq!(serde_json::to_value(read).unwrap(), value, "{name}, version {version}");
        }
    }
}

#[test]
fn nothing_of_a_sample_is_lost() {
    whole::<model::audit::Report>("audit");
    whole::<model::baseline::Baseline>("baseline");
    whole::<model::cost::Report>("cost");
    whole::<model::delta::ConfigDelta>("diffconfig");
    whole::<model::explain::Report>("explain");
    whole::<model::finding::Report>("lint");
    whole::<model::why::Report>("why");
    whole::<hmmsize::kconf::probe::Recording>("probes");
}

#[test]
fn what_the_program_reads_it_reads_of_every_version() {
    let dir = support::scratch();
    let page = dir.path().join("page.html");
    for (name, end) in [
        ("audit", "json"),
        ("compare", "json"),
        ("lint", "json"),
        ("run", "json"),
        ("history", "jsonl"),
    ] {
        for version in 1..=version(name) {
            let file = directory("tests/samples").join(format!("{name}.v{version}.{end}"));
            let mut command = support::hmmsize();
            let output = command.arg("report").arg(&file).arg("-o").arg(&page).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{name}: {said}");
            assert!(fs::metadata(&page).unwrap().len() > 10_000, "{name}");
            fs::remove_file(&page).unwrap();
        }
    }
}

#[test]
fn files_that_are_written_beside_a_result_follow_their_schemas() {
    let dir = support::scratch();
    let ask = |words: &str| {
        let mut command = support::hmmsize();
        command.args(words.split(' ')).arg("-C").arg(support::fixtures("tree"));
        command.current_dir(dir.path()).env("XDG_CACHE_HOME", dir.path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{words}: {said}");
        output
    };
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(dir.path().join(name)).unwrap()).unwrap()
    };
    ask("lint --deny never --format summary --write-baseline known.json");
    let known = read("known.json");
    support::schema::check("lint-baseline", &known);
    assert!(known["findings"].as_array().unwrap().len() > 2);
    // What it knows is hidden, and the sample is one of those.
    let sample = directory("tests/samples/lint-baseline.v1.json");
    let json = ask(&format!("lint --deny never --format json --baseline {}", sample.display()));
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    let all = ask("lint --deny never --format json");
    let all: Value = serde_json::from_slice(&all.stdout).unwrap();
    let count = |report: &Value| report["findings"].as_array().unwrap().len();
    assert_eq!(count(&report) + 3, count(&all));
    ask("config --probe=run --probe-file probes.json ARCH=x86 O=out tinyconfig");
    support::schema::check("probes", &read("probes.json"));
}
