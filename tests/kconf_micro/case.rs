//! Reads a micro-case: one file that holds a small Kconfig tree and what is to be done with it.
//!
//! ```text
//! Words about what the case shows.
//! --- Kconfig
//! config A
//!         bool "a"
//! --- config
//! CONFIG_A=y
//! --- run: olddefconfig KCONFIG_WERROR=1
//! CONFIG_A=y
//! 6.1: exit 0
//! ```
//!
//! `--- NAME` is a file of the tree, exactly as it stands; `(escaped)` after the name means that
//! `\r`, `\0`, `\t`, `\s` and `\xNN` stand for bytes, and that the last newline does not count.
//! `--- config` is the `.config` of the following runs (`--- config: none` takes it away).
//! `--- run: TARGET [KEY=VALUE]…` runs `conf` and us; the lines after it are what `conf` must say:
//! a line of the configuration, `no SYMBOL`, `says TEXT`, `exit CODE`, each for all versions or
//! behind `6.1:` and the like. A first line `versions: 6.12` restricts the whole case.

/// A case.
#[derive(Debug, Default)]
pub struct Case {
    /// The versions of Linux whose `conf` is asked; all if empty.
    pub versions: Vec<String>,
    /// The files of the tree.
    pub files: Vec<(String, Vec<u8>)>,
    /// What is done with it.
    pub runs: Vec<Run>,
}

/// One call of `conf`.
#[derive(Debug, Default)]
pub struct Run {
    /// Where in the case file, from 1.
    pub line: usize,
    /// `olddefconfig`, `defconfig=FILE`, …
    pub target: String,
    /// Variables of the environment.
    pub env: Vec<(String, String)>,
    /// The `.config` there is before, if any.
    pub config: Option<Vec<u8>>,
    /// What must be true of `conf`.
    pub claims: Vec<Claim>,
}

/// Something that is known about `conf` and confirmed by every run.
#[derive(Debug)]
pub struct Claim {
    /// Only for this version.
    pub version: Option<String>,
    /// What.
    pub what: What,
}

/// What a claim says.
#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// This line is in the configuration that was written.
    Line(String),
    /// No line is about this symbol.
    No(String),
    /// Standard output or standard error contains this.
    Says(String),
    /// The exit code.
    Exit(i32),
}

impl Case {
    /// Reads a case. Panics with the line of a mistake: cases are our own.
    pub fn read(name: &str, text: &str) -> Self {
        let mut case = Self::default();
        let mut config = None;
        let mut section = String::new();
        let mut body = String::new();
        let mut start = 0;
        let end = format!("{text}\n--- \n");
        for (number, line) in end.split_inclusive('\n').enumerate() {
            let Some(next) = line.strip_prefix("--- ") else {
                body.push_str(line);
                continue;
            };
            let finished = std::mem::take(&mut body);
            if next.trim().is_empty() {
                // The newline that was added above belongs to no file.
                case.close(name, &section, finished.trim_end_matches('\n'), start, &mut config);
            } else {
                case.close(name, &section, &finished, start, &mut config);
            }
            next.trim_end().clone_into(&mut section);
            start = number + 1;
        }
        assert!(!case.runs.is_empty(), "{name}: nothing is run");
        case
    }

    fn close(
        &mut self,
        name: &str,
        section: &str,
        body: &str,
        line: usize,
        config: &mut Option<Vec<u8>>,
    ) {
        if section.is_empty() {
            let versions = body.lines().find_map(|line| line.strip_prefix("versions:"));
            let versions = versions.unwrap_or_default().split_whitespace();
            self.versions = versions.map(str::to_owned).collect();
        } else if let Some(words) = section.strip_prefix("run: ") {
            self.runs.push(Run::read(name, line, words, body, config.clone()));
        } else if section == "config: none" {
            *config = None;
        } else {
            let (file, bytes) = match section.strip_suffix(" (escaped)") {
                Some(file) => (file, unescaped(body)),
                None => (section, body.as_bytes().to_vec()),
            };
            if file == "config" {
                *config = Some(bytes);
            } else {
                self.files.push((file.to_owned(), bytes));
            }
        }
    }
}

impl Run {
    fn read(name: &str, line: usize, words: &str, body: &str, config: Option<Vec<u8>>) -> Self {
        let mut words = words.split_whitespace();
        let target = words.next().unwrap_or_else(|| panic!("{name}:{line}: no target")).to_owned();
        let env = words
            .map(|word| {
                let (key, value) = word
                    .split_once('=')
                    .unwrap_or_else(|| panic!("{name}:{line}: {word} is not KEY=VALUE"));
                (key.to_owned(), value.to_owned())
            })
            .collect();
        let claims = body
            .lines()
            .enumerate()
            .filter(|(_, text)| !text.is_empty())
            .map(|(at, text)| Claim::read(&format!("{name}:{}", line + at + 1), text))
            .collect();
        Self { line, target, env, config, claims }
    }
}

impl Claim {
    fn read(place: &str, text: &str) -> Self {
        let (version, text) = match text.split_once(": ") {
            Some((version, rest)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
                (Some(version.to_owned()), rest)
            }
            _ => (None, text),
        };
        let what = if let Some(symbol) = text.strip_prefix("no ") {
            What::No(symbol.to_owned())
        } else if let Some(said) = text.strip_prefix("says ") {
            What::Says(said.to_owned())
        } else if let Some(code) = text.strip_prefix("exit ") {
            What::Exit(code.parse().unwrap_or_else(|e| panic!("{place}: {code}: {e}")))
        } else {
            assert!(text.starts_with("CONFIG_") || text.starts_with('#'), "{place}: {text}?");
            What::Line(text.to_owned())
        };
        Self { version, what }
    }
}

/// The bytes that an escaped body stands for, without its last newline.
fn unescaped(body: &str) -> Vec<u8> {
    let body = body.strip_suffix('\n').unwrap_or(body);
    let mut bytes = Vec::new();
    let mut rest = body.as_bytes().iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => bytes.push(b'\r'),
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b's') => bytes.push(b' '),
            Some(b'0') => bytes.push(0),
            Some(b'x') => {
                let digits = [rest.next(), rest.next()].map(Option::unwrap_or_default);
                let digits = std::str::from_utf8(&digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
            }
            Some(other) => bytes.push(other),
            None => bytes.push(b'\\'),
        }
    }
    bytes
}
