//! Nothing that comes from an input becomes markup or script: names, paths, options and messages that
//! try are shown as they are.

use std::collections::BTreeSet;
use std::io::Read as _;

use flate2::read::DeflateDecoder;
use serde_json::Value;

use super::browser::Browser;
use super::{case, comparison, lint, page, sample};

/// Each tries another way out of where it stands.
const ATTACKS: &[&str] = &[
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "</style><script>alert(3)</script>",
    "</title><img src=x onerror=alert(4)>",
    "\"><img src=x onerror=alert(5)>",
    "' onmouseover='alert(6)' x='",
    "<!-- --><svg/onload=alert(7)>",
    "javascript:alert(8)",
    "${alert(9)}",
    "&lt;script&gt;&#60;script&#62;",
    "\u{2028}alert(10)\u{2029}",
    "\u{202e}txet\u{202c}\u{200b}",
    "\0\u{1}\u{1b}[31m\u{7f}\u{85}",
    "]]><![CDATA[<iframe src=javascript:alert(11)>",
    "<base href=//evil.example/><link rel=stylesheet href=//evil.example>",
];

/// The data within a page.
pub fn data(html: &str) -> Value {
    let start = "<script type=\"text/plain\" id=\"data\">";
    let from = html.find(start).expect("data") + start.len();
    let text = &html[from..from + html[from..].find('<').expect("an end")];
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        other => panic!("{} is no base64", char::from(other)),
    };
    let mut raw = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 6 | u32::from(value(*byte)));
        let bits = bits << (6 * (4 - group.len()));
        raw.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    let mut json = String::new();
    DeflateDecoder::new(raw.as_slice()).read_to_string(&mut json).expect("deflated");
    serde_json::from_str(&json).expect("JSON")
}

/// Puts every attack wherever a text may stand.
fn poison(value: &mut Value, attack: &str) {
    match value {
        Value::String(text) => {
            // Words that mean something stay as they are.
            let known = [
                "symbol",
                "code",
                "linked",
                "added",
                "removed",
                "grown",
                "shrunk",
                "same",
                "conf",
                "error",
                "warning",
                "vmlinux",
                "scope",
                "built",
                "identical",
                "impossible",
                "dropped",
                "skipped",
                "failed",
                "pending",
                "reused",
                "map",
                "estimated",
                "history",
                "pass",
                "over-budget",
                "image",
                "modules",
            ];
            if !known.contains(&text.as_str()) {
                text.push_str(attack);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| poison(value, attack)),
        Value::Object(fields) => fields.values_mut().for_each(|value| poison(value, attack)),
        _ => {}
    }
}

/// Inputs of every kind with an attack in every text.
fn inputs(attack: &str) -> Vec<(&'static str, String)> {
    let mut table = comparison(&[
        ("alpha", "mm/a.o", Some(10), Some(4000)),
        ("beta", "mm/b.o", None, Some(70)),
        ("gamma", "", Some(10), Some(10)),
    ]);
    table["comparisons"][0]["warnings"] =
        serde_json::json!([{ "code": "compiler", "message": "two compilers" }]);
    table["comparisons"][0]["config"] = serde_json::json!({
        "old": "a/.config", "new": "b/.config",
        "requested": [{ "symbol": "ZONE_DEVICE", "old": "n", "new": "y" }], "changes": [],
    });
    poison(&mut table["comparisons"], attack);
    poison(&mut table["files"], attack);
    table["comparisons"][0]["warnings"][0]["code"] = "compiler".into();
    let mut findings = lint(&[("mm/Kconfig", 1, "one"), ("mm/b.c", 2, "two")]);
    for field in ["tree", "arches", "findings"] {
        poison(&mut findings[field], attack);
    }
    for number in 0..2 {
        findings["findings"][number]["witness"] = serde_json::json!({ attack: "y" });
    }
    let mut audit = super::audit();
    for field in ["tree", "kernel", "options", "reasons", "commit_message"] {
        poison(&mut audit[field], attack);
    }
    for row in audit["arches"][1]["on"]["rows"].as_array_mut().unwrap() {
        for field in ["name", "object", "option", "defined", "gate", "through"] {
            if let Some(value) = row.get_mut(field) {
                poison(value, attack);
            }
        }
    }
    for field in ["types", "inlined"] {
        poison(&mut audit["arches"][1]["on"][field], attack);
    }
    poison(&mut audit["arches"][0]["possible"][0]["chain"], attack);
    let mut history: Value =
        serde_json::from_str(sample("history.v1.jsonl").lines().next().unwrap()).unwrap();
    for field in ["subject", "time", "cells"] {
        poison(&mut history[field], attack);
    }
    let mut run: Value = serde_json::from_str(&sample("run.v1.json")).unwrap();
    let ids: Vec<Value> =
        run["cells"].as_array().unwrap().iter().map(|cell| cell["id"].clone()).collect();
    for cell in run["cells"].as_array_mut().unwrap() {
        for field in [
            "arch",
            "source",
            "variant",
            "base_config",
            "labels",
            "compiler",
            "linker",
            "requests",
            "dragged_in",
        ] {
            poison(&mut cell[field], attack);
        }
        if let Some(reason) = cell["status"].get_mut("reason") {
            poison(reason, attack);
        }
    }
    assert!(!ids.is_empty());
    poison(&mut run["command"], attack);
    vec![
        ("c.json", table.to_string()),
        ("l.json", findings.to_string()),
        ("a.json", audit.to_string()),
        ("h.jsonl", history.to_string()),
        ("run.json", run.to_string()),
    ]
}

/// The tags of a page, by a reader that knows only what HTML needs: what stands between `<` and `>`
/// outside of scripts and style sheets.
fn tags(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        let tag = rest[at..end].to_owned();
        rest = &rest[end..];
        for raw in ["script", "style"] {
            if tag.starts_with(&format!("<{raw}")) {
                let close = rest.find(&format!("</{raw}")).expect("is closed");
                rest = &rest[close..];
            }
        }
        tags.push(tag);
    }
    tags
}

#[test]
fn markup_in_the_input_is_text_on_the_page() {
    let plain = inputs("harmless");
    let files: Vec<(&str, &str)> =
        plain.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let names: Vec<&str> = plain.iter().map(|(name, _)| *name).collect();
    let dir = case(&files);
    let harmless = std::fs::read_to_string(page(dir.path(), &names)).unwrap();
    // Names of elements and attributes: what stands in a tag outside of quotes.
    let shapes = |html: &str| -> BTreeSet<String> {
        let shape = |tag: &String| tag.split('"').step_by(2).collect::<String>();
        tags(html).iter().map(shape).collect()
    };
    let known = shapes(&harmless);
    assert!(known.len() > 40, "{known:?}");
    for attack in ATTACKS {
        let poisoned = inputs(attack);
        let files: Vec<(&str, &str)> =
            poisoned.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let dir = case(&files);
        let html = std::fs::read_to_string(page(dir.path(), &names)).unwrap();
        let foreign: Vec<_> = shapes(&html).difference(&known).cloned().collect();
        assert!(foreign.is_empty(), "{attack}: {foreign:?}");
        let hides = |c: char| {
            (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{2028}'..='\u{202e}').contains(&c)
        };
        assert!(!html.contains(hides), "{attack:?}");
        let data = data(&html).to_string();
        assert!(!data.contains('\u{202e}') && !data.contains("\\u001b"), "{attack:?}");
    }
}

#[test]
fn nothing_in_the_input_runs_in_a_browser() {
    let Some(mut browser) = Browser::start() else { return };
    let attack = ATTACKS.concat();
    let poisoned = inputs(&attack);
    let files: Vec<(&str, &str)> =
        poisoned.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let names: Vec<&str> = poisoned.iter().map(|(name, _)| *name).collect();
    let dir = case(&files);
    let file = page(dir.path(), &names);
    for tab in ["overview", "audit", "map", "symbols", "findings", "history"] {
        browser.open(&file, &format!("#tab={tab}&finding=0000000000000000"));
        browser.eval("document.querySelectorAll('details').forEach((it) => { it.open = true; })");
        browser.until("document.querySelectorAll('.panel:not(.off)').length === 1");
        assert_eq!(
            browser.eval("document.querySelectorAll('img, iframe, base, link, object').length"),
            0
        );
        assert_eq!(browser.eval("document.scripts.length"), 2);
        let errors = browser.errors();
        assert!(errors.is_empty(), "{tab}: {errors:?}");
    }
    // The address is input as well.
    for hash in [
        "#tab=<img src=x onerror=alert(1)>",
        "#symbol=%3Cscript%3Ealert(1)%3C/script%3E",
        "#q=/(((/",
        "#at=%00&cmp=99",
        "#%",
    ] {
        browser.open(&file, hash);
        let errors = browser.errors();
        assert!(errors.is_empty(), "{hash}: {errors:?}");
    }
    // And the policy holds, should all of that fail.
    browser.eval("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.broken = 1' }))");
    assert_eq!(browser.eval("window.broken === undefined"), true);
    assert!(browser.errors().iter().any(|error| error.contains("Content Security Policy")));
}
