//! What is read and what is refused, and history as `gate --record` keeps it.

use std::fs;

use serde_json::{Value, json};

use super::{case, comparison, lint, page, run, sample};
use crate::support::schema;

#[test]
fn inputs_are_known_by_what_is_in_them() {
    let table = comparison(&[("a", "mm/a.o", Some(1), Some(3))]).to_string();
    let findings = lint(&[("mm/Kconfig", 1, "wrong")]).to_string();
    let run_json = sample("run.v1.json");
    let dir = case(&[("x", &table), ("y", &findings), ("z", &run_json)]);
    let file = page(dir.path(), &["x", "y", "z"]);
    let text = fs::read_to_string(file).unwrap();
    for panel in ["overview", "map", "symbols", "findings"] {
        assert!(text.contains(&format!("data-panel=\"{panel}\"")), "{panel}");
    }
    assert!(text.contains("Content-Security-Policy"));
    let alone = page(dir.path(), &["y"]);
    assert!(!fs::read_to_string(alone).unwrap().contains("data-panel=\"map\""));
}

#[test]
fn bad_input_is_named_and_exits_with_2() {
    let mut newer = comparison(&[]);
    newer["schema"] = 99.into();
    let mut newer_lint = lint(&[]);
    newer_lint["schema"] = 99.into();
    let mut outside = comparison(&[]);
    outside["comparisons"][0]["file"] = 7.into();
    let mut line: Value = json!({ "schema": 99, "kind": "history" });
    let newer_line = line.to_string();
    line["schema"] = 1.into();
    let cases = [
        ("empty", String::new(), "is empty, not"),
        ("list", "[1]".into(), "no JSON object"),
        ("cut", "{\"schema\": 1, \"fin".into(), "not the JSON"),
        ("other", "{\"schema\": 1}".into(), "none of cells, comparisons and findings"),
        ("binary", "\u{7f}ELF\0\0".into(), "not the JSON"),
        ("newer", newer.to_string(), "of schema 99, from a newer hmmsize"),
        ("newer-lint", newer_lint.to_string(), "of schema 99, from a newer hmmsize"),
        ("newer-line", newer_line, "of schema 99, from a newer hmmsize"),
        ("line", line.to_string(), "line:1:"),
        ("outside", outside.to_string(), "compares files that it does not list"),
    ];
    for (name, text, message) in cases {
        let dir = case(&[(name, &text)]);
        let ran = run(dir.path(), ["report", name, "-o", "out.html"]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.err);
        assert!(ran.err.contains(message) && ran.err.contains(name), "{name}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{name}: {}", ran.err);
        assert!(!dir.path().join("out.html").exists(), "{name}");
    }
    let dir = case(&[]);
    assert_eq!(run(dir.path(), ["report", "missing.json"]).code, 2);
    assert_eq!(run(dir.path(), ["report"]).code, 2);
}

#[test]
fn excerpts_come_from_the_tree_and_only_from_there() {
    let findings = lint(&[
        ("mm/Kconfig", 3, "in the tree"),
        ("../secret", 1, "above it"),
        ("/etc/passwd", 1, "elsewhere"),
        ("mm/Kconfig", 900, "behind its end"),
    ]);
    let kconfig = "config A\n\tbool \"<b>a</b>\"\n\tselect UNIQUE_WORD\n\thelp\n\t  text\n";
    let dir = case(&[
        ("lint.json", &findings.to_string()),
        ("tree/mm/Kconfig", kconfig),
        ("secret", "SECRET_WORD\n"),
    ]);
    let ran = run(dir.path(), ["report", "lint.json", "-C", "tree", "-o", "page.html"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.err, "hmmsize: warning: 3 of 4 findings have no such line in tree\n");
    let data = super::hostile::data(&fs::read_to_string(dir.path().join("page.html")).unwrap());
    let found = &data["lints"][0]["findings"];
    assert_eq!(found[0]["excerpt"]["first"], 1);
    assert_eq!(found[0]["excerpt"]["lines"][2], "\tselect UNIQUE_WORD");
    assert!((1..4).all(|number| found[number].get("excerpt").is_none()), "{found}");
    let ran = run(dir.path(), ["report", "lint.json", "-C", "nowhere"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
}

#[test]
fn gate_records_a_line_for_each_run() {
    let dir = case(&[
        ("run.json", &sample("run.v1.json")),
        (
            "p.toml",
            "schema = 1\n\
        [[limit]]\nname = \"all\"\nmeasure = \"payload\"\nagainst = \"variant\"\nmax-growth = \"9 MiB\"\n",
        ),
    ]);
    let gate = |day: &str| {
        run(
            dir.path(),
            ["gate", "run.json", "--policy", "p.toml", "--record", "h.jsonl", "--today", day],
        )
    };
    let first = gate("2026-11-01");
    assert!(first.code != 2, "{}", first.err);
    // What was cut off is left alone.
    let path = dir.path().join("h.jsonl");
    let mut text = fs::read_to_string(&path).unwrap();
    assert!(text.ends_with("}\n") && text.lines().count() == 1, "{text}");
    text.push_str(&text.clone());
    text.pop();
    fs::write(&path, &text).unwrap();
    gate("2026-11-02");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        schema::check("history", &value);
        assert!(!value["cells"].as_array().unwrap().is_empty());
    }
    let html = fs::read_to_string(page(dir.path(), &["h.jsonl"])).unwrap();
    assert!(html.contains("data-panel=\"history\"") && html.contains("<polyline"));
    let markdown = run(dir.path(), ["report", "h.jsonl", "--format", "markdown"]).out;
    assert!(markdown.contains("### History: 3 runs since 2026-11-01T00:00:00Z"), "{markdown}");
}

#[test]
fn old_files_stay_readable() {
    schema::check(
        "history",
        &serde_json::from_str(sample("history.v1.jsonl").lines().next().unwrap()).unwrap(),
    );
    let dir = case(&[
        ("history.jsonl", &sample("history.v1.jsonl")),
        ("compare.json", &sample("compare.v1.json")),
    ]);
    page(dir.path(), &["history.jsonl", "compare.json"]);
}

#[test]
fn markdown_says_it_in_short() {
    let table = comparison(&[
        ("grown", "mm/a.o", Some(10), Some(40)),
        ("pipe|`tick`<b>", "mm/a.o", None, Some(7)),
        ("same", "mm/b.o", Some(5), Some(5)),
    ]);
    let findings = lint(&[("mm/Kconfig", 4, "*select* <script> @maintainer")]);
    let dir = case(&[("c.json", &table.to_string()), ("l.json", &findings.to_string())]);
    let ran = run(dir.path(), ["report", "c.json", "l.json", "--format", "markdown"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let text = ran.out;
    assert!(
        text.starts_with("## Kernel size: with/vmlinux against without/vmlinux, lint of linux\n"),
        "{text}"
    );
    assert!(text.contains("| dec | 15 | 52 | +37 | +246.67% |"), "{text}");
    assert!(text.contains("| `grown` | 10 | 40 | +30 | +300.00% |"), "{text}");
    assert!(text.contains("| `pipe\\|'tick'<b>` | - | 7 | +7 | new |"), "{text}");
    assert!(!text.contains("`same`"), "{text}");
    let finding = "- error K101 `mm/Kconfig:4` \\*select\\* &lt;script&gt; &#64;maintainer";
    assert!(text.contains(finding), "{text}");
}
