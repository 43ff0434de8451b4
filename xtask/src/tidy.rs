//! `cargo xtask tidy`: the rules of DESIGN.md as code, one `file:line: message` for each violation.
//!
//! Rules look at text, not at syntax: simple enough to trust, and each has a test that shows that it
//! can fail. What a file is (its layer, whether it is test code) comes from its path.

mod layers;
mod text;

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use ignore::WalkBuilder;

/// What may lie at the top of the repository.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitignore",
    ".pre-commit-hooks.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "DESIGN.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "action.yml",
    "deny.toml",
    "fixtures",
    "fuzz",
    "kconfig",
    "reports",
    "rustfmt.toml",
    "src",
    "tests",
    "xtask",
];

/// A broken rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    file: String,
    line: usize,
    message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Where the rules put what they find.
#[derive(Default)]
pub struct Report {
    violations: Vec<Violation>,
}

impl Report {
    fn add(&mut self, file: &str, line: usize, message: impl Into<String>) {
        let violation = Violation { file: file.to_owned(), line, message: message.into() };
        self.violations.push(violation);
    }
}

/// Checks the repository.
pub fn run() -> Result<()> {
    let root = crate::root();
    let mut report = Report::default();
    let files = check(&root, &mut report)?;
    report.violations.sort();
    for violation in &report.violations {
        println!("{violation}");
    }
    match report.violations.len() {
        0 => {
            eprintln!("xtask: tidy: {files} files, no violation");
            Ok(())
        }
        n => bail!("tidy: {n} violations in {files} files"),
    }
}

fn check(root: &Path, report: &mut Report) -> Result<usize> {
    let mut files = 0;
    for entry in WalkBuilder::new(root).hidden(false).require_git(false).build() {
        let entry = entry?;
        let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let name = path.to_string_lossy().replace('\\', "/");
        if name == ".git" || name.starts_with(".git/") || name.is_empty() {
            continue;
        }
        if entry.depth() == 1 && !TOP.contains(&name.as_str()) {
            report.add(&name, 1, "not among the entries that the top level may have");
        }
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        files += 1;
        let bytes =
            fs::read(entry.path()).with_context(|| format!("{}", entry.path().display()))?;
        if !bytes.contains(&0) {
            check_file(&name, &String::from_utf8_lossy(&bytes), report);
        }
    }
    Ok(files)
}

/// All rules on one text file; `name` is its path from the top, with slashes.
fn check_file(name: &str, text: &str, report: &mut Report) {
    text::check(name, text, report);
    if is_rust(name) {
        layers::check(name, text, report);
    }
}

fn is_rust(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "rs")
}

/// The lines of `text` with their numbers, and whether each belongs to the program or to its tests:
/// those are files called `tests.rs` or `…_tests.rs` or below `tests/`, and what follows `#[cfg(test)] mod`.
fn lines<'a>(name: &str, text: &'a str) -> impl Iterator<Item = (usize, &'a str, bool)> {
    let whole = name.starts_with("tests/")
        || name.contains("/tests/")
        || name.ends_with("/tests.rs")
        || name.ends_with("_tests.rs");
    let mut test = whole;
    let mut marked = false;
    text.lines().enumerate().map(move |(index, line)| {
        if marked && line.starts_with("mod ") && line.ends_with('{') {
            test = true;
        }
        marked = line.starts_with("#[cfg(test)]");
        (index + 1, line, test)
    })
}

/// The part of a line before a `//` comment. Text in quotes is not told apart, except that the `//`
/// of an address (`https://…`) starts no comment.
fn code(line: &str) -> &str {
    let mut from = 0;
    while let Some(at) = line[from..].find("//").map(|at| from + at) {
        if at == 0 || line.as_bytes()[at - 1] != b':' {
            return &line[..at];
        }
        from = at + 2;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rules say of a file.
    pub fn found(name: &str, text: &str) -> Vec<String> {
        let mut report = Report::default();
        check_file(name, text, &mut report);
        report.violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_repository_is_tidy() {
        let mut report = Report::default();
        let files = check(&crate::root(), &mut report).unwrap();
        assert!(files > 100, "only {files} files were looked at");
        let found: Vec<_> = report.violations.iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_stranger_at_the_top_level_is_found() {
        let dir = std::env::temp_dir().join(format!("xtask-tidy-{}", std::process::id()));
        fs::create_dir_all(dir.join("docs")).unwrap();
        fs::write(dir.join("Cargo.toml"), "").unwrap();
        fs::write(dir.join("docs/page.md"), "# Page\n").unwrap();
        let mut report = Report::default();
        assert_eq!(check(&dir, &mut report).unwrap(), 2);
        fs::remove_dir_all(&dir).unwrap();
        let found: Vec<_> = report.violations.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["docs:1: not among the entries that the top level may have"]);
    }

    #[test]
    fn test_code_is_told_from_the_program() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        let tests: Vec<bool> = lines("src/a.rs", text).map(|(_, _, test)| test).collect();
        assert_eq!(tests, [false, false, true, true, true]);
        assert!(lines("src/a/tests.rs", text).all(|(_, _, test)| test));
        assert!(lines("tests/a.rs", text).all(|(_, _, test)| test));
        // A module of its own file is no test code of this file.
        let text = "#[cfg(test)]\nmod tests;\nfn a() {}\n";
        assert!(lines("src/a.rs", text).all(|(_, _, test)| !test));
    }

    #[test]
    fn comments_are_not_code() {
        assert_eq!(code("let a = 1; // object::"), "let a = 1; ");
        assert_eq!(code("get(\"https://a.b\") // x"), "get(\"https://a.b\") ");
        assert_eq!(code("//! object::"), "");
    }
}
