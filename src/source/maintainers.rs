//! The kernel's MAINTAINERS: which subsystem a file belongs to, as `scripts/get_maintainer.pl` understands it.
//!
//! `F:` takes directories (with a slash at the end: everything below) and patterns (`*` and `?` match slashes,
//! but both sides must have as many of them), `X:` takes files away again, `N:` is a regular expression on the
//! path. Of the sections that match, the one whose pattern is deepest is the most specific; the script sorts by
//! the same number. Of equals the longer pattern decides, then the order of the file.

use regex::bytes::Regex;

use crate::model::diag::Diag;

/// The sections of a MAINTAINERS file.
#[derive(Debug, Default)]
pub struct Maintainers {
    names: Vec<String>,
    /// `F:` and `N:`.
    includes: Vec<(u32, Pattern)>,
    /// `X:`, by section.
    excludes: Vec<(u32, Pattern)>,
}

#[derive(Debug)]
enum Pattern {
    /// With wildcards; everything below if it ends with a slash.
    Path(Vec<u8>),
    /// `N:`
    Regex(Regex),
}

/// Reads a MAINTAINERS file. `is_dir` says whether a path of the tree is a directory: those may be written
/// without the slash. Patterns that cannot be read are left out, with a word about it.
pub fn parse(path: &str, text: &str, is_dir: &dyn Fn(&str) -> bool) -> (Maintainers, Vec<Diag>) {
    let mut found = Maintainers::default();
    let mut diags = Vec::new();
    let mut name = "";
    let mut is_open = false;
    for (number, line) in (1..).zip(text.lines()) {
        let tag = line
            .as_bytes()
            .first_chunk::<2>()
            .filter(|tag| tag[0].is_ascii_uppercase() && tag[1] == b':');
        let Some(&[tag, _]) = tag else {
            // A section is a title with tags right below it.
            if !line.trim().is_empty() {
                name = line.trim();
                is_open = false;
            }
            continue;
        };
        let value = line[2..].trim();
        if value.is_empty() || !matches!(tag, b'F' | b'X' | b'N') {
            continue;
        }
        if !is_open {
            found.names.push(name.to_owned());
            is_open = true;
        }
        let section = found.names.len() as u32 - 1;
        if tag == b'N' {
            if let Ok(regex) = Regex::new(value) {
                found.includes.push((section, Pattern::Regex(regex)));
            } else {
                let message = format!("N: {value} is no regular expression known here");
                diags.push(Diag::at_line(path, number, message));
            }
            continue;
        }
        let slash = !value.ends_with('/') && !value.contains(['*', '?']) && is_dir(value);
        let value = if slash { format!("{value}/") } else { value.to_owned() };
        let into = if tag == b'F' { &mut found.includes } else { &mut found.excludes };
        into.push((section, Pattern::Path(value.into_bytes())));
    }
    (found, diags)
}

impl Maintainers {
    /// The name of the most specific section that takes a file; `None` if none does.
    pub fn section_of(&self, file: &str) -> Option<&str> {
        let file = file.as_bytes();
        let excluded: Vec<u32> = self
            .excludes
            .iter()
            .filter(|(_, pattern)| pattern.depth(file).is_some())
            .map(|(section, _)| *section)
            .collect();
        let mut best: Option<((i64, usize), u32)> = None;
        for (section, pattern) in &self.includes {
            let Some(depth) = pattern.depth(file) else { continue };
            let rank = (depth, pattern.len());
            if best.is_none_or(|(best, _)| rank > best) && !excluded.contains(section) {
                best = Some((rank, *section));
            }
        }
        best.map(|(_, section)| self.names[section as usize].as_str())
    }

    /// How many sections there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl Pattern {
    /// How specific the pattern is, if it takes the file.
    fn depth(&self, file: &[u8]) -> Option<i64> {
        match self {
            Self::Regex(regex) => regex.is_match(file).then_some(0),
            Self::Path(pattern) => {
                let slashes = |path: &[u8]| memchr::memchr_iter(b'/', path).count() as i64;
                let below = pattern.ends_with(b"/");
                if !matches(pattern, file) || (!below && slashes(pattern) != slashes(file)) {
                    return None;
                }
                if pattern.starts_with(b"*") {
                    return Some(-1);
                }
                Some(slashes(pattern) + i64::from(!below))
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Regex(_) => 0,
            Self::Path(pattern) => pattern.len(),
        }
    }
}

/// Whether the beginning of `text` matches; what follows does not matter, as in the script, whose regular
/// expressions have no `$`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut in_text) = (0, 0);
    // Where to go on if what follows the last `*` does not match here.
    let mut back: Option<(usize, usize)> = None;
    loop {
        match pattern.get(at) {
            None => return true,
            Some(b'*') => {
                back = Some((at + 1, in_text));
                at += 1;
            }
            Some(&wanted) => match text.get(in_text) {
                Some(&byte) if wanted == b'?' || wanted == byte => {
                    at += 1;
                    in_text += 1;
                }
                // The text is over: no later place would match either.
                None => return false,
                Some(_) => {
                    let Some((pattern_at, text_at)) = &mut back else { return false };
                    *text_at += 1;
                    (at, in_text) = (*pattern_at, *text_at);
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
List of maintainers

		----------------

MEMORY MANAGEMENT
M:	Somebody <a@b>
F:	include/linux/mm.h
F:	mm/

HMM - Heterogeneous Memory Management
F:	mm/hmm*
F:	lib/test_hmm*
X:	mm/hmm_other.c

X86
N:	x86
F:	arch/x86

DRIVERS
F:	drivers/*/pci/

THE REST
F:	*
F:	*/
";

    fn section(file: &str) -> String {
        let (found, diags) = parse("MAINTAINERS", TEXT, &|path| path == "arch/x86");
        assert_eq!(diags, []);
        found.section_of(file).unwrap_or("nobody").to_owned()
    }

    #[test]
    fn the_most_specific_section_has_a_file() {
        for (file, expected) in [
            ("mm/hmm.c", "HMM - Heterogeneous Memory Management"),
            ("mm/hmm_other.c", "MEMORY MANAGEMENT"),
            ("mm/hmm/x.c", "MEMORY MANAGEMENT"),
            ("mm/kasan/init.c", "MEMORY MANAGEMENT"),
            ("include/linux/mm.h", "MEMORY MANAGEMENT"),
            ("include/linux/mm.hxx", "MEMORY MANAGEMENT"),
            ("arch/x86/kernel/head64.c", "X86"),
            ("lib/x86-thing.c", "X86"),
            ("drivers/a/pci/b.c", "DRIVERS"),
            ("Makefile", "THE REST"),
            ("fs/ext4/inode.c", "THE REST"),
        ] {
            assert_eq!(section(file), expected, "{file}");
        }
    }

    #[test]
    fn wildcards_match_as_the_script_has_them() {
        for (pattern, text, expected) in [
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("a*b*c", "aXbXbXcYY", true),
            ("a.c", "abc", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let (found, diags) = parse("MAINTAINERS", "A\nN:\t(?=x)\nF:\ta/\n", &|_| false);
        assert_eq!(diags.len(), 1);
        assert_eq!((found.len(), found.section_of("a/b")), (1, Some("A")));
    }
}
