//! Bad input: one line that names the file and the place, exit 2, and nothing on standard output.

use std::fs;

use super::{Case, WIDE, sample};

/// Asserts that `args` are refused in one line that has all `words`.
fn refused(case: &Case, args: &str, words: &[&str]) {
    let ran = case.gate(args);
    assert_eq!(ran.code, 2, "{args}\n{}{}", ran.out, ran.err);
    assert_eq!(ran.out, "", "{args}");
    assert_eq!(ran.err.lines().count(), 1, "{args}\n{}", ran.err);
    for word in words {
        assert!(ran.err.contains(word), "{args}: no `{word}` in {}", ran.err);
    }
}

#[test]
fn files_that_cannot_be_a_run_are_named() {
    let case = Case::whole(WIDE);
    let text = sample().to_string();
    for (name, content, words) in [
        ("empty.json", "", "is empty"),
        ("blank.json", " \n", "is empty"),
        ("cut.json", &text[..text.len() / 2], ":1:"),
        ("list.json", "[1, 2]", "not a run.json"),
        ("other.json", "{\"hello\": 1}", "no schema number"),
        ("newer.json", "{\"schema\": 2, \"shape\": \"unknown\"}", "from a newer hmmsize"),
        ("zero.json", "{\"schema\": 0}", "no schema 0"),
        ("huge.json", "{\"schema\": 99999999999999999999999}", "not a run.json"),
        ("negative.json", "{\"schema\": -1}", "not a run.json"),
        ("extra.json", &text.replacen("\"tool\"", "\"toll\"", 1), "unknown field `toll`"),
        ("size.json", &text.replacen("\"text\":961656", "\"text\":-5", 1), "invalid value"),
        ("deep.json", &format!("{{\"a\": {}", "[".repeat(100_000)), "EOF while parsing"),
        ("bytes.json", "{\"schema\": 1, \"tool\": \"\u{1}\"}", ":1:"),
    ] {
        case.write(name, content);
        refused(&case, &format!("{name} --policy p.toml"), &[name, words]);
    }
    refused(&case, "absent.json --policy p.toml", &["absent.json", "No such file"]);
    fs::create_dir(case.path("dir.json")).unwrap();
    refused(&case, "dir.json --policy p.toml", &["dir.json", "directory"]);
    let mut twice = sample();
    let first = twice["cells"][0].clone();
    twice["cells"].as_array_mut().unwrap().push(first);
    case.write("twice.json", &twice.to_string());
    refused(&case, "twice.json --policy p.toml", &["two cells are called `arm/"]);
}

#[test]
fn a_run_cut_anywhere_is_refused_with_line_and_column() {
    let case = Case::whole(WIDE);
    let text = serde_json::to_string_pretty(&sample()).unwrap();
    let step = text.len() / 40;
    let mut cuts = 0;
    for end in (step..text.len() - 2).step_by(step) {
        if !text.is_char_boundary(end) {
            continue;
        }
        case.write("cut.json", &text[..end]);
        // Of a cut at the end of a line, the error is on the next.
        let lines = text[..end].split('\n').count();
        refused(&case, "cut.json --policy p.toml", &[&format!("cut.json:{lines}:")]);
        cuts += 1;
    }
    assert!(cuts >= 39, "{cuts}");
}

#[test]
fn sizes_that_no_kernel_has_do_not_overflow() {
    let case = Case::complete(WIDE, |run| {
        let size = &mut super::cell(run, "x86_64", "with")["measured"];
        size["size"]["text"] = u64::MAX.into();
        size["payload"]["bytes"] = u64::MAX.into();
    });
    for format in ["table", "markdown", "json", "junit", "github"] {
        let ran = case.gate(&format!("run.json --policy p.toml --format {format}"));
        assert_eq!(ran.code, 1, "{}", ran.err);
    }
}

#[test]
fn text_from_a_file_cannot_command_the_terminal() {
    let case = Case::complete(WIDE, |run| {
        let cell = super::cell(run, "x86_64", "with");
        cell["status"] = serde_json::json!({"state": "failed", "reason": "\u{1b}]0;pwned\u{7}\nx"});
    });
    for format in ["table", "markdown", "junit", "github"] {
        let ran = case.gate(&format!("run.json --policy p.toml --format {format}"));
        assert_eq!(ran.code, 3);
        assert!(!ran.out.contains(['\u{1b}', '\u{7}']), "{format}: {}", ran.out);
    }
}

#[test]
fn policies_and_usage_are_checked() {
    let case = Case::whole(WIDE);
    case.write("bad.toml", "[[limit]]\nmax-growth = -1\n");
    refused(&case, "run.json --policy bad.toml", &["bad.toml:2: a limit cannot be negative: -1"]);
    refused(&case, "run.json --policy absent.toml", &["absent.toml", "No such file"]);
    fs::write(case.path("bin.toml"), b"a = \"\xff\"\n").unwrap();
    refused(&case, "run.json --policy bin.toml", &["bin.toml", "not UTF-8"]);
    refused(&case, "run.json", &["give --policy FILE, or --baseline FILE"]);
    refused(&case, "--policy p.toml", &["gate needs a run.json"]);
    refused(&case, "run.json run.json --policy p.toml", &["judged on its own"]);
    refused(
        &case,
        "run.json --policy p.toml --arch x86-64",
        &["--arch x86-64: no such architecture"],
    );
    refused(&case, "run.json --policy p.toml --today soon", &["--today soon"]);
    refused(&case, "run.json --baseline none.json", &["none.json", "--update-baseline makes one"]);
}
