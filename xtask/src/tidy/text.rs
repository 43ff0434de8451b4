//! Rules about files as text: length, how they open, blanks, and words that must not be committed.

use std::path::Path;

use super::{Report, code, is_rust, lines};

/// The hard limit on the lines of a source file.
const MAX_LINES: usize = 450;

/// Words that say a piece of work is not done. Split, so that this file does not contain them.
const UNFINISHED: &[&str] =
    &[concat!("to", "do!("), concat!("unimple", "mented!("), concat!("db", "g!(")];

/// Paths that exist on one machine only. Split for the same reason.
const MACHINE: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/fa", "rm"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

pub fn check(name: &str, text: &str, report: &mut Report) {
    if is_rust(name) {
        rust(name, text, report);
    }
    if name == "CHANGELOG.md" && !text.lines().any(is_unreleased) {
        report.add(name, 1, "no section for what is unreleased");
    }
    let copied = name.starts_with("LICENSE-");
    // Output of tools is kept as it is; elsewhere blanks at the end of a line are nobody's intention.
    // A patch has a blank where the line it quotes is empty.
    let verbatim = ["reports/", "fixtures/elf/", "fixtures/series/", "fuzz/corpus/"];
    let verbatim = verbatim.iter().any(|dir| name.starts_with(dir));
    let snapshot = Path::new(name).extension().is_some_and(|extension| extension == "snap");
    let verbatim = verbatim || snapshot || name.starts_with("tests/data/");
    for (number, line) in text.split('\n').enumerate().map(|(index, line)| (index + 1, line)) {
        if let Some(path) = MACHINE.iter().find(|path| is_path(line, path)) {
            report.add(name, number, format!("`{path}` exists on one machine only"));
        }
        if !verbatim && !copied && line.ends_with([' ', '\t']) {
            report.add(name, number, "blanks at the end of the line");
        }
        if line.ends_with('\r') {
            report.add(name, number, "carriage return at the end of the line");
        }
        let conflict = ["<<<<<<< ", ">>>>>>> "].iter().any(|mark| line.starts_with(mark));
        if conflict {
            report.add(name, number, "a conflict that is not resolved");
        }
    }
    if !verbatim && !text.is_empty() && !text.ends_with('\n') {
        report.add(name, text.lines().count(), "no newline at the end of the file");
    }
}

fn rust(name: &str, text: &str, report: &mut Report) {
    let length = text.lines().count();
    if length > MAX_LINES {
        report.add(name, MAX_LINES + 1, format!("{length} lines; {MAX_LINES} is the limit"));
    }
    if !text.starts_with("//! ") {
        report.add(name, 1, "does not open with `//!` lines that say why it exists");
    }
    for (number, line, test) in lines(name, text) {
        let code = code(line);
        if let Some(word) = UNFINISHED.iter().find(|word| code.contains(*word)) {
            report.add(
                name,
                number,
                format!("`{}` is unfinished work", word.trim_end_matches('(')),
            );
        }
        if code.trim() == concat!("#[ign", "ore]") {
            report.add(name, number, "a test that is ignored needs a reason");
        }
        if !test && name.starts_with("src/") && code.contains(concat!("pan", "ic!(")) {
            report.add(name, number, "the program does not panic: return an error");
        }
    }
}

fn is_unreleased(line: &str) -> bool {
    line.starts_with('#') && line.to_ascii_lowercase().contains("unreleased")
}

/// Whether `path` begins a path in `line`: as part of a longer one (`a/work/b`) it is none.
fn is_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-})".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let text = format!("//! A file.\n{}", "fn a() {}\n".repeat(450));
        assert_eq!(
            found("xtask/src/a.rs", &text),
            ["xtask/src/a.rs:451: 451 lines; 450 is the limit"]
        );
        let text = format!("//! A file.\n{}", "fn a() {}\n".repeat(449));
        assert_eq!(found("xtask/src/a.rs", &text), [""; 0]);
    }

    #[test]
    fn a_file_says_why_it_exists() {
        let message = "tests/a.rs:1: does not open with `//!` lines that say why it exists";
        assert_eq!(found("tests/a.rs", "use std::fmt;\n"), [message]);
    }

    #[test]
    fn unfinished_work_is_found() {
        for word in UNFINISHED {
            let found = found("tests/a.rs", &format!("//! A file.\n    {word}x);\n"));
            assert!(found.len() == 1 && found[0].ends_with("unfinished work"), "{found:?}");
        }
        let ignored = concat!("//! A file.\n#[ign", "ore]\nfn a() {}\n");
        assert_eq!(
            found("tests/a.rs", ignored),
            ["tests/a.rs:2: a test that is ignored needs a reason"]
        );
    }

    #[test]
    fn a_panic_is_found_in_the_program_only() {
        let text = concat!("//! A file.\npan", "ic!(\"x\");\n");
        assert_eq!(found("src/elf/a.rs", text).len(), 1);
        assert_eq!(found("tests/a.rs", text), [""; 0]);
    }

    #[test]
    fn paths_of_one_machine_are_found_anywhere() {
        for path in MACHINE {
            for line in [format!("see {path}x"), format!("\"{path}x\"")] {
                let found = found("README.md", &format!("{line}\n"));
                assert!(found.len() == 1 && found[0].contains("one machine"), "{line}: {found:?}");
            }
            assert_eq!(found("README.md", &format!("out{path}x\n")), [""; 0]);
        }
    }

    #[test]
    fn blanks_and_ends_of_lines_are_found() {
        for (text, message) in [
            ("a \n", "a.md:1: blanks at the end of the line"),
            ("a\n\t\n", "a.md:2: blanks at the end of the line"),
            ("a\r\nb\n", "a.md:1: carriage return at the end of the line"),
            ("a\nb", "a.md:2: no newline at the end of the file"),
            ("<<<<<<< HEAD\n", "a.md:1: a conflict that is not resolved"),
        ] {
            let found = found("a.md", text);
            assert_eq!(found, [message], "{text:?}");
        }
        assert_eq!(found("reports/a.txt", "a \nb"), [""; 0]);
    }

    #[test]
    fn the_changelog_says_what_is_unreleased() {
        assert_eq!(found("CHANGELOG.md", "# Changes\n\n## Unreleased\n"), [""; 0]);
        assert_eq!(
            found("CHANGELOG.md", "# Changes\n"),
            ["CHANGELOG.md:1: no section for what is unreleased"]
        );
    }
}
