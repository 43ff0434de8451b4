//! Makes configurations that nobody would write: values flipped, lines gone or twice, numbers out of
//! range, strings with quotes, choices contradicted, modules off. Everything comes from a seed.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

/// The members of each choice of a tree, by name.
pub type Choices = Vec<Vec<String>>;

/// A generator of numbers (splitmix64), so that every run has the same.
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// Numbers from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// The next one.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn one_of<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.below(among.len())]
    }
}

/// Looks for `choice … endchoice` in all Kconfig files below `tree`. A coarse look is enough: a name
/// that is no member is only one more line.
pub fn choices(tree: &Path) -> Result<Choices> {
    let mut choices = Choices::new();
    let kept = |name: &str| !["Documentation", "tools", ".git"].contains(&name);
    let walk = ignore::WalkBuilder::new(tree)
        .standard_filters(false)
        .filter_entry(move |entry| kept(&entry.file_name().to_string_lossy()))
        .sort_by_file_path(Path::cmp)
        .build();
    for entry in walk {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy();
        if !name.starts_with("Kconfig") || !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let bytes = fs::read(entry.path())?;
        choices.extend(choices_of(&String::from_utf8_lossy(&bytes)));
    }
    Ok(choices)
}

fn choices_of(text: &str) -> Choices {
    let mut choices = Choices::new();
    let mut open: Option<Vec<String>> = None;
    for line in text.lines() {
        match (line.trim(), &mut open) {
            ("choice", None) => open = Some(Vec::new()),
            ("endchoice", Some(_)) => choices.extend(open.take().filter(|found| found.len() > 1)),
            (line, Some(members)) => {
                members.extend(line.strip_prefix("config ").map(|name| name.trim().to_owned()));
            }
            _ => {}
        }
    }
    choices
}

/// The symbol of a line of a `.config`, and what is said of it.
fn parsed(line: &str) -> Option<(&str, &str)> {
    if let Some(rest) = line.strip_prefix("# CONFIG_") {
        return rest.strip_suffix(" is not set").map(|symbol| (symbol, "n"));
    }
    line.strip_prefix("CONFIG_")?.split_once('=')
}

fn line(symbol: &str, value: &str) -> String {
    if value == "n" {
        format!("# CONFIG_{symbol} is not set")
    } else {
        format!("CONFIG_{symbol}={value}")
    }
}

/// Another value for a symbol that has `value`.
fn other(value: &str, numbers: &mut Numbers) -> &'static str {
    const STRANGE: &[&str] = &["maybe", "", "Y", "\"y\"", "2", "nope"];
    const VALUES: &[&str] = &[
        "0",
        "-1",
        "1",
        "7",
        "64",
        "4096",
        "65536",
        "99999999999",
        "0x10",
        "0xffffffff",
        "08",
        "+5",
        "9223372036854775807",
        "9223372036854775808",
        "0xfffffffffffffffff",
        "abc",
        "\"12\"",
        "",
        "1 ",
        "0X1F",
        "n",
    ];
    const STRINGS: &[&str] = &[
        "\"a b\"",
        "\"\"",
        "\"x\\\"y\\\\z\"",
        "\"open",
        "bare",
        "\"tail\" more",
        "\"# hash\"",
        "\"$(X) $Y\"",
        "\"\u{e4}\"",
        "n",
    ];
    if numbers.below(40) == 0 {
        return numbers.one_of(STRANGE);
    }
    match value {
        "y" => numbers.one_of(&["n", "m", "n", "m", "y"]),
        "m" => numbers.one_of(&["y", "n"]),
        "n" => numbers.one_of(&["y", "m"]),
        text if text.starts_with('"') => numbers.one_of(STRINGS),
        _ => numbers.one_of(VALUES),
    }
}

/// Lines that contradict a choice: two of it on, all off, or the one that was on off.
fn contradiction(members: &[String], numbers: &mut Numbers) -> Vec<String> {
    let one = numbers.below(members.len());
    let two = numbers.below(members.len());
    match numbers.below(4) {
        0 => vec![line(&members[one], "y"), line(&members[two], "y")],
        1 => members.iter().map(|member| line(member, "n")).collect(),
        2 => vec![line(&members[one], "n")],
        _ => vec![line(&members[one], "m"), line(&members[two], "n"), line(&members[one], "y")],
    }
}

/// A configuration made from `base`.
pub fn perturbed(base: &[u8], choices: &Choices, numbers: &mut Numbers) -> Vec<u8> {
    let base = String::from_utf8_lossy(base);
    // Of a thousand lines, how many are touched.
    let flips = [0, 3, 30, 150, 400][numbers.below(5)];
    let losses = [0, 5, 100, 500][numbers.below(4)];
    let mut lines: Vec<String> = Vec::new();
    let mut again: Vec<String> = Vec::new();
    for text in base.lines() {
        let Some((symbol, value)) = parsed(text) else {
            lines.push(text.to_owned());
            continue;
        };
        let lot = numbers.below(1000);
        if lot < losses {
            continue;
        }
        if numbers.below(1000) < flips {
            let changed = line(symbol, other(value, numbers));
            if numbers.below(10) == 0 {
                again.push(changed);
                lines.push(text.to_owned());
            } else {
                lines.push(changed);
            }
        } else {
            lines.push(text.to_owned());
        }
    }
    let present: HashSet<String> =
        lines.iter().filter_map(|text| parsed(text)).map(|(symbol, _)| symbol.to_owned()).collect();
    let here: Vec<&Vec<String>> = choices
        .iter()
        .filter(|members| members.iter().any(|member| present.contains(member)))
        .collect();
    if !here.is_empty() {
        for _ in 0..numbers.below(12) {
            let members = here[numbers.below(here.len())];
            for text in contradiction(members, numbers) {
                let at = numbers.below(lines.len() + 1);
                lines.insert(at, text);
            }
        }
    }
    lines.append(&mut again);
    for _ in 0..numbers.below(6) {
        let mut text = String::new();
        let _ = match numbers.below(6) {
            0 => write!(text, "CONFIG_NOBODY_HAS_{}=y", numbers.below(100)),
            1 => write!(text, "# CONFIG_NOBODY_HAS_{} is not set", numbers.below(100)),
            2 => write!(text, "just words"),
            3 => write!(text, "CONFIG_WITHOUT_VALUE"),
            4 => write!(text, "# CONFIG_MODULES is not set, says who"),
            _ => write!(text, " CONFIG_BLANK_BEFORE=y"),
        };
        let at = numbers.below(lines.len() + 1);
        lines.insert(at, text);
    }
    match numbers.below(7) {
        0 => lines.push(line("MODULES", "n")),
        1 => lines.insert(0, line("MODULES", "y")),
        2 => {
            // Another order decides between members of a choice.
            let from = numbers.below(lines.len() + 1);
            lines.rotate_left(from);
        }
        _ => {}
    }
    let end = if numbers.below(20) == 0 { "\r\n" } else { "\n" };
    let mut text = lines.join(end);
    if numbers.below(10) > 0 {
        text.push_str(end);
    }
    text.into_bytes()
}

/// A part of the lines of a configuration.
pub fn some_lines(config: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let share = [2, 20, 200][numbers.below(3)];
    let text = String::from_utf8_lossy(config);
    let kept: Vec<&str> = text.lines().filter(|_| numbers.below(1000) < share).collect();
    (kept.join("\n") + "\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &[u8] = b"# Title\nCONFIG_MODULES=y\nCONFIG_A=y\n# CONFIG_B is not set\n\
        CONFIG_N=12\nCONFIG_S=\"text\"\nCONFIG_C1=y\n# CONFIG_C2 is not set\n";

    #[test]
    fn the_same_seed_makes_the_same() {
        let choices = vec![vec!["C1".to_owned(), "C2".to_owned()]];
        let made = |seed| perturbed(BASE, &choices, &mut Numbers::new(seed));
        assert_eq!(made(1), made(1));
        let different: HashSet<Vec<u8>> = (0..200).map(made).collect();
        assert!(different.len() > 150, "{}", different.len());
        let text: Vec<String> =
            (0..200).map(|seed| String::from_utf8(made(seed)).unwrap()).collect();
        for wanted in ["\r\n", "# CONFIG_A is not set", "CONFIG_A=m", "CONFIG_B=y", "NOBODY_HAS"] {
            assert!(text.iter().any(|text| text.contains(wanted)), "{wanted}");
        }
    }

    #[test]
    fn choices_are_found() {
        let text = "config A\nchoice\n\tprompt \"p\"\nconfig B\n\tbool \"b\"\nif X\nconfig C\nendif\n\
            endchoice\nchoice\nconfig D\nendchoice\n";
        assert_eq!(choices_of(text), [["B", "C"]]);
    }

    #[test]
    fn lines_are_read_and_written() {
        assert_eq!(parsed("# CONFIG_A is not set"), Some(("A", "n")));
        assert_eq!(parsed("CONFIG_S=\"a=b\""), Some(("S", "\"a=b\"")));
        assert_eq!(parsed("# words"), None);
        assert_eq!(line("A", "n"), "# CONFIG_A is not set");
    }
}
