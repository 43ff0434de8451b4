//! The baseline file: recorded, held against, lowered, and raised only by force. And waivers.

use serde_json::{Value, json};

use super::{Case, cell, complete};

/// A case with the complete sample and `b.json` recorded from it.
fn recorded() -> Case {
    let case = Case::complete("", |_| ());
    let ran = case.gate("run.json --baseline b.json --update-baseline");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("recorded x86_64 with: dec 6,552,346"), "{}", ran.err);
    case
}

fn baseline(case: &Case) -> Value {
    serde_json::from_slice(&std::fs::read(case.path("b.json")).unwrap()).unwrap()
}

/// `x86_64`'s "with", in bytes of text more or less; payload moves along.
fn grown(case: &Case, bytes: i64) {
    let mut run = complete();
    let measured = &mut cell(&mut run, "x86_64", "with")["measured"];
    for key in ["/size/text", "/payload/bytes", "/classes/code"] {
        let number = measured.pointer_mut(key).unwrap();
        *number = (number.as_i64().unwrap() + bytes).into();
    }
    case.write("run.json", &run.to_string());
}

#[test]
fn a_run_is_held_against_what_was_recorded_of_it() {
    let case = recorded();
    assert_eq!(baseline(&case)["cells"].as_array().unwrap().len(), 6);
    assert_eq!(case.gate("run.json --baseline b.json").code, 0);
    grown(&case, 16);
    let ran = case.gate("run.json --baseline b.json");
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("over: no-growth: x86_64 with: payload +16, limit +0"), "{}", ran.out);
    case.write("p.toml", "[[limit]]\nmax-growth = 16\n");
    assert_eq!(case.gate("run.json --baseline b.json --policy p.toml").code, 0);
}

#[test]
fn the_ratchet_goes_down_and_up_only_by_force() {
    let case = recorded();
    let payload = |case: &Case| {
        let baseline = baseline(case);
        let cells = baseline["cells"].as_array().unwrap();
        let found = cells.iter().find(|cell| cell["arch"] == "x86_64" && cell["variant"] == "with");
        found.unwrap()["payload"]["bytes"].as_u64().unwrap()
    };
    let start = payload(&case);

    grown(&case, -100);
    let ran = case.gate("run.json --baseline b.json --update-baseline");
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.err.contains("lowered x86_64 with"), "{}", ran.err);
    assert_eq!(payload(&case), start - 100);

    grown(&case, 50);
    let ran = case.gate("run.json --baseline b.json --update-baseline");
    assert_eq!(ran.code, 1, "growth stays a failure");
    assert!(ran.err.contains("left alone (--force raises it) x86_64 with"), "{}", ran.err);
    assert_eq!(payload(&case), start - 100);

    let ran = case.gate("run.json --baseline b.json --update-baseline --force");
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.err.contains("raised x86_64 with"), "{}", ran.err);
    assert_eq!(payload(&case), start + 50);
    let left: Vec<_> = std::fs::read_dir(case.dir.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "no temporary file is left behind: {left:?}");
}

#[test]
fn a_baseline_of_something_else_is_not_comparable() {
    for (key, value, words) in [
        ("compiler", json!("gcc (Debian 14.1.0-5) 14.1.0"), "compiler"),
        ("linker", json!("LLD 18.1.0"), "linker"),
        ("base_config", json!("defconfig"), "base config tinyconfig against defconfig"),
        ("target", json!({"kind": "scope", "path": "mm/"}), "target vmlinux against scope mm/"),
    ] {
        let case = recorded();
        let mut other = baseline(&case);
        for cell in other["cells"].as_array_mut().unwrap() {
            cell[key] = value.clone();
        }
        case.write("b.json", &other.to_string());
        let ran = case.gate("run.json --baseline b.json");
        assert_eq!(ran.code, 2, "{key}\n{}", ran.out);
        assert!(ran.out.contains(words), "{key}\n{}", ran.out);
        let before = baseline(&case);
        case.gate("run.json --baseline b.json --update-baseline");
        let is_record = key == "compiler" || key == "linker";
        assert!(!is_record || baseline(&case) == before, "{key}: not lowered to something else");
    }
}

#[test]
fn another_architecture_than_the_baselines_is_not_comparable_and_a_lost_one_is_missing() {
    let case = recorded();
    let mut other = baseline(&case);
    let only = |arch: &str, cells: &Value| -> Vec<Value> {
        cells.as_array().unwrap().iter().filter(|cell| cell["arch"] == arch).cloned().collect()
    };
    other["cells"] = only("arm64", &other["cells"]).into();
    case.write("b.json", &other.to_string());
    let ran = case.gate("run.json --baseline b.json");
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.out.contains("the baseline has arm64, not x86_64"), "{}", ran.out);

    let case = recorded();
    let mut run = complete();
    run["cells"] = only("arm64", &run["cells"]).into();
    case.write("run.json", &run.to_string());
    let ran = case.gate("run.json --baseline b.json");
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.out.contains("x86_64 with: is in b.json, but was not measured now"), "{}", ran.out);
    assert_eq!(case.gate("run.json --baseline b.json --arch arm64").code, 0);
    // Forced, the baseline is what the run is.
    let ran = case.gate("run.json --baseline b.json --update-baseline --force");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("dropped x86_64 with"), "{}", ran.err);
}

#[test]
fn what_was_measured_and_is_impossible_now_is_missing() {
    let case = recorded();
    let mut run = complete();
    let gone = cell(&mut run, "x86_64", "with");
    gone["status"] = json!({"state": "impossible", "reason": "no"});
    gone["measured"] = json!(null);
    case.write("run.json", &run.to_string());
    let ran = case.gate("run.json --baseline b.json");
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.out.contains("measured in b.json, impossible now"), "{}", ran.out);
}

#[test]
fn a_damaged_baseline_is_refused() {
    let case = recorded();
    let text = baseline(&case).to_string();
    for (content, words) in [
        (text[..text.len() / 2].to_owned(), "b.json:1:"),
        (text.replacen("\"schema\":1", "\"schema\":7", 1), "schema 7, from a newer hmmsize"),
        (text.replacen("\"labels\"", "\"lables\"", 1), "unknown field `lables`"),
        (complete().to_string(), "not a baseline"),
    ] {
        case.write("b.json", &content);
        let ran = case.gate("run.json --baseline b.json --update-baseline --force");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains(words), "{}", ran.err);
        assert_eq!(std::fs::read_to_string(case.path("b.json")).unwrap(), content, "untouched");
    }
}

const WAIVED: &str = "[[limit]]\nname = \"tight\"\nmax-growth = \"36 KiB\"\n\n[[waiver]]\nrule = \
                      \"tight\"\narch = \"arm64\"\nreason = \"6.13 takes it back\"\nexpires = 2026-12-31\n";

#[test]
fn a_waiver_excuses_until_its_last_day() {
    let case = Case::complete(WAIVED, |_| ());
    let ran = case.gate("run.json --policy p.toml --today 2026-12-31");
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(
        ran.out.contains("waived: tight: arm64 with") && ran.out.contains("6.13 takes it back")
    );

    let ran = case.gate("run.json --policy p.toml --today 2027-01-01");
    assert_eq!(ran.code, 1, "{}", ran.out);
    let words = "warning: p.toml:5: waiver for tight expired on 2026-12-31 and is ignored";
    assert!(ran.out.contains(words), "{}", ran.out);
}

#[test]
fn a_waiver_excuses_nothing_else_and_says_so_when_it_is_not_needed() {
    let other = WAIVED.replace("arm64", "x86_64");
    let ran = Case::complete(&other, |_| ()).gate("run.json --policy p.toml --today 2026-01-01");
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("excuses nothing"), "{}", ran.out);
    // A failed build cannot be waived.
    let case = Case::complete(WAIVED, |run| {
        cell(run, "arm64", "with")["status"] = json!({"state": "failed", "reason": "x"});
    });
    assert_eq!(case.gate("run.json --policy p.toml --today 2026-01-01").code, 3);
}
