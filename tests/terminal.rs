//! What every command has in common at a terminal: a reader that goes away is no error, lines fit from
//! 60 columns up, colours come and go as asked, `-q` is quiet, and errors say what to do next. On
//! kernels of `fixtures/tree`, with every command and format.

mod support;

use std::fs;
use std::io;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use support::have;
use support::small::Place;

/// Two cells, built once for all tests.
static BUILT: LazyLock<Option<Place>> = LazyLock::new(|| {
    let place = Place::new()?;
    fs::write(place.path("policy.toml"), POLICY).unwrap();
    place.ask(0, &BUILD);
    for variant in ["without", "with"] {
        let cell = format!("--cells=x86_64/linux/{variant}");
        let out = format!("O={variant}");
        let mut words = BUILD.to_vec();
        words[3] = &out;
        words.push(&cell);
        place.ask(0, &words);
        let mut parts = fs::read_dir(place.path(variant)).unwrap().flatten();
        let part = parts.find(|entry| entry.file_name().to_string_lossy().starts_with("part-"));
        fs::copy(part.unwrap().path(), place.path(&format!("{variant}.json"))).unwrap();
    }
    Some(place)
});

const BUILD: [&str; 8] = [
    "build",
    "-C",
    "linux",
    "O=out",
    "--arch=x86_64",
    "--base-config=tinyconfig",
    "--fragment=reach.config",
    "--option=ZONE_DEVICE,DEVICE_PRIVATE,TEST_HMM",
];

const POLICY: &str = "schema = 1\n[[limit]]\nname = \"device\"\nvariant = \"with\"\n\
    against = \"variant\"\nmeasure = \"payload\"\nmax-growth = 100\n";

/// A command line, and whether its output is laid out for a terminal. Others have their lines from
/// elsewhere: a format for programs, the kernel's own tools, or commands to be copied.
struct Case {
    words: Vec<&'static str>,
    laid_out: bool,
}

const OLD: &str = "out/x86_64/linux/without/vmlinux";
const NEW: &str = "out/x86_64/linux/with/vmlinux";

/// Every command, in every format.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |words: &str, laid_out: bool| {
        let words = words.replace("OLD", OLD).replace("NEW", NEW);
        let words: Vec<&'static str> =
            words.split(' ').map(|word| &*Box::leak(word.to_owned().into_boxed_str())).collect();
        cases.push(Case { words, laid_out });
    };
    // Those before the bar are for people.
    for (words, formats) in [
        ("compare OLD NEW", "table | markdown json csv berkeley sysv gnu bloat"),
        ("audit --option ZONE_DEVICE -C linux out/run.json", "table | markdown json csv"),
        ("cost -C linux out/run.json", "table | markdown json csv"),
        ("gate out/run.json --policy policy.toml", "table | markdown json junit github"),
        ("config why ZONE_DEVICE=y -C linux --arch x86,arm --config tinyconfig", "text | json"),
        (
            "diffconfig out/x86_64/linux/without/.config out/x86_64/linux/with/.config",
            "text | json",
        ),
        ("explain CONFIG_ZONE_DEVICE -C linux", "text | markdown json"),
        ("explain memremap_pages -C linux", "text | markdown json"),
        ("explain mm/memory.c:10 -C linux", "text | markdown json"),
        ("lint -C linux", "text summary | short json sarif github markdown"),
        ("report out/run.json", "| html markdown"),
        ("plan -C linux --arch x86_64 --option SMP", "| github gitlab json"),
    ] {
        let (people, programs) = formats.split_once('|').unwrap();
        for (formats, laid_out) in [(people, true), (programs, false)] {
            for format in formats.split_whitespace() {
                add(&format!("{words} --format {format}"), laid_out);
            }
        }
    }
    for by in ["class", "section", "symbol", "object", "dir", "unit", "option", "guard"] {
        add(&format!("compare --by {by} -C linux --show all --top 0 OLD NEW"), true);
    }
    for words in [
        "compare out/run.json",
        "audit --option ZONE_DEVICE -C linux out/run.json --commit-message",
        "audit --option ZONE_DEVICE -C linux",
        "explain CONFIG_ZONE_DEVICE -C linux --witness",
        "--version",
        "-h",
    ] {
        add(words, true);
    }
    for command in [
        "compare",
        "build",
        "plan",
        "merge",
        "audit",
        "cost",
        "gate",
        "config",
        "config why",
        "diffconfig",
        "explain",
        "lint",
        "report",
    ] {
        add(&format!("{command} -h"), true);
        add(&format!("{command} --help"), true);
    }
    add(&BUILD.join(" "), true);
    for words in [
        "build --dry-run -C linux --arch x86_64 --option SMP",
        "merge without.json with.json",
        "config -C linux --probe=run ARCH=x86 O=conf tinyconfig",
        "diffconfig -m out/x86_64/linux/without/.config out/x86_64/linux/with/.config",
        "lint --explain all",
    ] {
        add(words, false);
    }
    cases
}

/// What it says, with a variable.
fn told(place: &Place, words: &[&str], name: &str, value: &str) -> Output {
    let mut command = place.command(words);
    command.env("COLUMNS", "80").env_remove("NO_COLOR").env("LC_ALL", "C.UTF-8");
    command.env(name, value).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let Some(place) = BUILT.as_ref() else { return };
    let mut count = 0;
    for Case { words, .. } in cases() {
        let whole = told(place, &words, "COLUMNS", "80");
        let code = whole.status.code();
        assert!(matches!(code, Some(0 | 1)), "{words:?}: {}", text(&whole.stderr));
        assert!(!whole.stdout.is_empty(), "{words:?}");
        for both in [false, true] {
            // Nobody has ever read from this pipe when the program starts.
            let (reader, writer) = io::pipe().unwrap();
            drop(reader);
            let mut command = place.command(&words);
            command.env("LC_ALL", "C.UTF-8").env("COLUMNS", "80").stdin(Stdio::null());
            command.stderr(if both {
                Stdio::from(writer.try_clone().unwrap())
            } else {
                Stdio::piped()
            });
            let output = command.stdout(writer).output().unwrap();
            let said = text(&output.stderr);
            let fine = output.status.code() == Some(0) || output.status.code() == code;
            assert!(fine, "{words:?}: {}: {said}", output.status);
            for word in ["panic", "internal error", "roken pipe", "error:"] {
                assert!(!said.contains(word), "{words:?}: {said}");
            }
            count += 1;
        }
    }
    assert!(count > 150, "only {count}");
}

#[test]
fn lines_fit_from_60_columns_up() {
    let Some(place) = BUILT.as_ref() else { return };
    let (mut lines, mut tables) = (0, 0);
    for Case { words, laid_out } in cases() {
        if !laid_out {
            continue;
        }
        for columns in [60, 80, 160] {
            let output = told(place, &words, "COLUMNS", &columns.to_string());
            for line in text(&output.stdout).lines() {
                lines += 1;
                let width = line.chars().count();
                // Rows of `size` are as `size` prints them, and a usage is one line to clap.
                let whole = line.contains('\t') || line.starts_with("Usage: ");
                // A name at the end stays whole: where it begins, a word of ten would have fit.
                let last = line.split(' ').next_back().unwrap_or(line).chars().count();
                let unbreakable = width - last + 10 <= columns && last > 20;
                assert!(
                    width <= columns || whole || unbreakable,
                    "{words:?} has {width} in {columns}:\n{line}"
                );
                tables += usize::from(line.starts_with("────"));
            }
        }
    }
    assert!(lines > 3000 && tables > 50, "{lines} lines, {tables} tables");
}

/// Without escape sequences.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&rest[..at]);
        let end =
            rest[at..].find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |n| at + n + 1);
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn colours_come_and_go_as_asked_and_change_nothing_else() {
    let Some(place) = BUILT.as_ref() else { return };
    let mut coloured = 0;
    for Case { words, laid_out } in cases() {
        let with = |more: &str, name: &str, value: &str| {
            let words: Vec<&str> = words.iter().copied().chain([more]).collect();
            text(&told(place, &words, name, value).stdout)
        };
        let never = with("--color=never", "COLUMNS", "80");
        assert!(!never.contains('\x1b'), "{words:?}: {never}");
        let always = with("--color=always", "NO_COLOR", "1");
        // Those for programs have none at all.
        assert!(laid_out || !always.contains('\x1b'), "{words:?}: {always}");
        coloured += usize::from(always.contains('\x1b'));
        // A page and a plan have a time, or a name of their own.
        if laid_out {
            assert_eq!(plain(&always), never, "{words:?}");
        }
    }
    assert!(coloured > 10, "only {coloured}");
}

#[test]
fn a_terminal_has_colours_unless_it_says_no_color() {
    let Some(place) = BUILT.as_ref() else { return };
    if !have("script") {
        return;
    }
    let program = env!("CARGO_BIN_EXE_hmmsize");
    for words in ["compare OLD NEW", "lint -C linux", "lint -h", "compare --help"] {
        let words = words.replace("OLD", OLD).replace("NEW", NEW);
        let on_terminal = |variable: &str, more: &str| {
            let line = format!("{program} {words} {more}");
            let mut command = Command::new("script");
            command.args(["-qec", &line, "/dev/null"]).current_dir(place.path("."));
            command.env("TERM", "xterm").env("COLUMNS", "80").env_remove("NO_COLOR");
            if let Some((name, value)) = variable.split_once('=') {
                command.env(name, value);
            }
            text(&command.stdin(Stdio::null()).output().unwrap().stdout)
        };
        let escapes = |text: &str| text.contains("\x1b[1") || text.contains("\x1b[3");
        let auto = on_terminal("", "");
        assert!(escapes(&auto), "{words}: {auto}");
        for (variable, more) in [("NO_COLOR=1", ""), ("", "--color=never"), ("", "--color never")] {
            let said = on_terminal(variable, more);
            assert!(said.len() > 100 && !escapes(&said), "{words} {variable} {more}: {said}");
        }
        assert!(escapes(&on_terminal("NO_COLOR=", "--color auto")), "{words}");
    }
}

#[test]
fn quiet_says_nothing_beside_the_result_and_verbose_judges_alike() {
    let Some(place) = BUILT.as_ref() else { return };
    let mut said = 0;
    for Case { words, .. } in cases() {
        let with = |more: &str| {
            let words: Vec<&str> = words.iter().copied().chain([more]).collect();
            told(place, &words, "COLUMNS", "80")
        };
        let (usual, quiet, verbose) = (with("--color=never"), with("-q"), with("-v"));
        assert_eq!(text(&quiet.stderr), "", "{words:?}");
        assert_eq!(quiet.status, usual.status, "{words:?}");
        assert_eq!(verbose.status, usual.status, "{words:?}");
        // `conf` tells on standard output what it did, which is no result.
        if words[0] != "config" || words[1] == "why" {
            assert_eq!(text(&quiet.stdout), text(&usual.stdout), "{words:?}");
        }
        said += usize::from(!verbose.stderr.is_empty() || verbose.stdout != usual.stdout);
    }
    assert!(said >= 2, "-v adds something only to {said}");
}

#[test]
fn errors_say_what_to_do_next() {
    let dir = support::scratch();
    fs::create_dir(dir.path().join("empty")).unwrap();
    for (words, next) in [
        ("lint", "-C TREE"),
        ("explain X", "-C TREE"),
        ("config defconfig", "-C TREE"),
        ("config why X", "-C TREE"),
        ("build --option X", "-C names one"),
        ("plan --option X", "-C names one"),
        ("audit --option X", "-C TREE"),
        ("cost", "-C TREE"),
        ("gate", "--baseline FILE"),
        ("diffconfig", "`hmmsize diffconfig OLD NEW`"),
        ("compare", "For more information, try '--help'."),
        ("lint --format nosuch", "possible values: text, short"),
        ("lint --rule zzz", "`hmmsize lint --explain all`"),
        ("lint --rule unmet-selct", "did you mean unmet-select?"),
    ] {
        let mut command = support::hmmsize();
        command.args(words.split(' ')).current_dir(dir.path().join("empty"));
        command.env("XDG_CACHE_HOME", dir.path().join("cache"));
        let output = command.output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}: {said}");
        assert!(said.contains("error: ") && said.contains(next), "{words}: {said}");
    }
}
