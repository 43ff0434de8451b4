//! Every format of a verdict: well-formed, escaped, and as agreed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Case, TIGHT, WIDE, cell};
use crate::support;

/// A case with every state: over, waived, missing, not comparable, and hostile text.
fn every_state() -> Case {
    let policy = "[[limit]]\nname = \"tight\"\nmax-growth = \"30 KiB\"\n\n[[waiver]]\nrule = \"tight\"\narch = \
                  \"arm64\"\nreason = \"50%: <see> \\\"x\\\" & 'y', a|b\"\nexpires = 2026-12-31\n";
    let case = Case::whole(policy);
    let mut run = super::sample();
    cell(&mut run, "riscv", "with")["linker"] = json!("LLD 18.1.0");
    cell(&mut run, "i386", "with")["status"] = json!({"state": "failed", "reason": "a.c:1: error: <b> & \"q\" 100%, @you | `x`\u{7}\nsecond\tline]]>"});
    case.write("run.json", &run.to_string());
    case
}

const ARGS: &str = "run.json --policy p.toml --today 2026-11-22";

#[test]
fn the_table_says_it_in_80_columns() {
    insta::assert_snapshot!("table", every_state().gate(ARGS).out);
    let ran = every_state().gate(ARGS);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
}

#[test]
fn markdown_is_made_for_a_pull_request() {
    insta::assert_snapshot!(
        "markdown",
        every_state().gate(&format!("{ARGS} --format markdown")).out
    );
    let case = Case::complete(WIDE, |_| ());
    let pass = case.gate("run.json --policy p.toml --format markdown").out;
    assert!(pass.starts_with("## ✅ Kernel size: pass\n"), "{pass}");
    let over = Case::complete(TIGHT, |_| ()).gate("run.json --policy p.toml --format markdown").out;
    assert!(over.starts_with("## ❌ Kernel size: over budget\n"), "{over}");
}

#[test]
fn annotations_have_the_runners_escapes() {
    let ran = every_state().gate(&format!("{ARGS} --format github"));
    insta::assert_snapshot!("github", ran.out);
    for line in ran.out.lines() {
        let (head, _) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (level, properties) = head.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&level), "{line}");
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap_or_else(|| panic!("{line}"));
            assert!(["file", "title"].contains(&name) && !value.contains(':'), "{line}");
        }
    }
}

#[test]
fn json_follows_its_schema_in_every_state() {
    for case in [every_state(), Case::complete(WIDE, |_| ()), Case::complete(TIGHT, |_| ())] {
        let ran = case.gate(&format!("{ARGS} --format json"));
        let verdict: Value = serde_json::from_str(&ran.out).unwrap();
        support::schema::check("verdict", &verdict);
    }
    let case = Case::complete("", |_| ());
    case.gate("run.json --baseline b.json --update-baseline");
    let baseline = std::fs::read(case.path("b.json")).unwrap();
    support::schema::check("baseline", &serde_json::from_slice(&baseline).unwrap());
}

#[test]
fn the_schemas_refuse_what_is_not_theirs() {
    let ran = every_state().gate(&format!("{ARGS} --format json"));
    let verdict: Value = serde_json::from_str(&ran.out).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema/verdict.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for (place, value) in [
        ("/outcome", json!("fine")),
        ("/schema", json!(2)),
        ("/judgements/0/state", json!("lost")),
        ("/judgements/0/extra", json!(1)),
        ("/pairs/0/base/text", json!(-1)),
    ] {
        let mut wrong = verdict.clone();
        let (parent, key) = place.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[key] = value;
        assert!(support::schema::valid(&schema, &schema, &wrong, "$").is_err(), "{place}");
    }
}

#[test]
fn junit_is_xml_to_a_real_parser_and_loses_nothing() {
    let ran = every_state().gate(&format!("{ARGS} --format junit"));
    insta::assert_snapshot!("junit", ran.out);
    if !support::have("python3") {
        return;
    }
    let program = "
import sys, json, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
cases = list(root.iter('testcase'))
print(json.dumps({
    'tests': len(cases), 'said': int(root.get('tests')),
    'failures': len(list(root.iter('failure'))), 'said_failures': int(root.get('failures')),
    'errors': len(list(root.iter('error'))), 'said_errors': int(root.get('errors')),
    'waived': [out.text for out in root.iter('system-out')],
    'i386': [e.text for c in cases for e in c.iter('error') if c.get('classname') == 'gate.i386'],
}))";
    let mut python = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(ran.out.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", ran.out);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["tests"], found["said"]);
    assert_eq!(
        (&found["failures"], &found["errors"]),
        (&found["said_failures"], &found["said_errors"])
    );
    assert_eq!((&found["failures"], &found["errors"]), (&json!(1), &json!(6)));
    let waived = found["waived"][0].as_str().unwrap();
    assert!(waived.contains("50%: <see> \"x\" & 'y', a|b"), "{waived}");
    // XML cannot carry the bell.
    let reason = found["i386"][1].as_str().unwrap();
    assert!(reason.contains("<b> & \"q\" 100%, @you | `x`\u{fffd}\nsecond\tline]]>"), "{reason:?}");
}

#[test]
fn the_result_can_go_to_a_file() {
    let case = Case::complete(WIDE, |_| ());
    let ran = case.gate("run.json --policy p.toml --format markdown -o comment.md");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(std::fs::read_to_string(case.path("comment.md")).unwrap().starts_with("## "));
}
