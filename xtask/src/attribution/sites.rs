//! Where bytes can be planted whose option is known from the text alone, and what is planted there.
//!
//! Four kinds of place: the end of a C file that `obj-$(CONFIG_X) += file.o` builds; behind a plain
//! `#ifdef CONFIG_X` at file level; an inline function with a stub, called by a function that is
//! always there; a struct field behind the option. Nothing of hmmsize takes part in choosing them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;
use ignore::WalkBuilder;

use crate::kconfig::perturb::Numbers;

/// Directories of a kernel whose objects are compiled once and in the usual way.
const PLACES: &[&str] =
    &["block", "crypto", "drivers", "fs", "init", "ipc", "kernel", "lib", "mm", "net", "security"];

/// How a site is tied to its option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Its makefile builds the whole file with the option.
    Object,
    /// A guard around it names the option.
    Guard,
    /// A function that is always there calls an inline function that is empty without the option.
    Inline,
    /// A variable that is always there is of a struct with a field behind the option.
    Field,
}

impl Kind {
    /// All of them, and how many sites there are of each.
    pub const ALL: &[(Self, usize)] =
        &[(Self::Object, 40), (Self::Guard, 40), (Self::Inline, 10), (Self::Field, 10)];

    /// As in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Object => "function in an object of the option",
            Self::Guard => "function behind a guard",
            Self::Inline => "inline function with a stub, in a function of everybody",
            Self::Field => "struct field behind a guard, in a variable of everybody",
        }
    }
}

/// A place for new bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// How it is tied to the option.
    pub kind: Kind,
    /// The option, without `CONFIG_`.
    pub option: String,
    /// Relative to the tree.
    pub file: String,
    /// What is planted goes before this line, from zero; one more than the last: at the end.
    at: usize,
}

impl Site {
    /// The object that the file is compiled to, relative to the build directory.
    pub fn object(&self) -> String {
        format!("{}.o", self.file.trim_end_matches(".c"))
    }
}

/// Sites of each kind, at most one in a file. `on` and `off` are build directories with every option
/// of `options` and without.
///
/// # Errors
///
/// A directory that cannot be read.
pub fn choose(
    tree: &Path,
    options: &[&str],
    on: &Path,
    off: &Path,
    numbers: &mut Numbers,
) -> Result<Vec<Site>> {
    let options: BTreeSet<&str> = options.iter().copied().collect();
    let mut all: BTreeMap<Kind, Vec<Site>> = BTreeMap::new();
    for place in PLACES {
        let mut walk = WalkBuilder::new(tree.join(place));
        walk.standard_filters(false).sort_by_file_name(Ord::cmp);
        for entry in walk.build() {
            let entry = entry?;
            let Some(name) = entry.path().strip_prefix(tree)?.to_str() else { continue };
            let Ok(text) = fs::read_to_string(entry.path()) else { continue };
            let found = if name.ends_with("/Makefile") {
                objects(name, &text, &options, tree)
            } else if name.strip_suffix(".c").is_some() {
                guards(name, &text, &options)
            } else {
                continue;
            };
            for site in found {
                let everybody = matches!(site.kind, Kind::Inline | Kind::Field);
                if on.join(site.object()).is_file()
                    && (!everybody || off.join(site.object()).is_file())
                {
                    all.entry(site.kind).or_default().push(site);
                }
            }
        }
    }
    let mut taken = BTreeSet::new();
    let mut chosen = Vec::new();
    // The rare kinds first, or the others take their files.
    for (kind, count) in Kind::ALL.iter().rev() {
        let mut sites = all.remove(kind).unwrap_or_default();
        let mut left = *count;
        while left > 0 && !sites.is_empty() {
            let site = sites.swap_remove(numbers.below(sites.len()));
            if taken.insert(site.file.clone()) {
                chosen.push(site);
                left -= 1;
            }
        }
    }
    chosen.sort_by(|a, b| (a.kind, &a.file).cmp(&(b.kind, &b.file)));
    Ok(chosen)
}

/// Files that exactly one line of a makefile builds, `obj-$(CONFIG_X) += a.o b.o` on one line.
fn objects(makefile: &str, text: &str, options: &BTreeSet<&str>, tree: &Path) -> Vec<Site> {
    let dir = makefile.trim_end_matches("Makefile");
    let words = |object: &str| text.split_whitespace().filter(|word| *word == object).count();
    let mut sites = Vec::new();
    for line in text.lines().filter(|line| !line.ends_with('\\')) {
        let Some((option, list)) = rule(line) else { continue };
        if !options.contains(option) {
            continue;
        }
        for object in list.split_whitespace().filter(|object| words(object) == 1) {
            let Some(stem) = object.strip_suffix(".o") else { continue };
            let file = format!("{dir}{stem}.c");
            if let Ok(source) = fs::read_to_string(tree.join(&file)) {
                let at = source.lines().count();
                sites.push(Site { kind: Kind::Object, option: option.to_owned(), file, at });
            }
        }
    }
    sites
}

/// Option and objects of `obj-$(CONFIG_X) += …`.
fn rule(line: &str) -> Option<(&str, &str)> {
    let (option, rest) = line.strip_prefix("obj-$(CONFIG_")?.split_once(')')?;
    Some((option, rest.trim_start().strip_prefix("+=")?))
}

/// Plain `#ifdef CONFIG_X` at file level that no other conditional is around.
fn guards(file: &str, text: &str, options: &BTreeSet<&str>) -> Vec<Site> {
    let mut sites = Vec::new();
    let (mut depth, mut braces, mut is_comment) = (0_usize, 0_i64, false);
    let mut before = "";
    for (at, line) in text.lines().enumerate() {
        let plain = line.trim();
        if let Some(option) = line.strip_prefix("#ifdef CONFIG_")
            && options.contains(option.trim())
            && (depth, braces, is_comment) == (0, 0, false)
            && (before.is_empty() || before.ends_with([';', '}', '/']) || before.starts_with('#'))
        {
            let site = |kind, at| Site {
                kind,
                option: option.trim().to_owned(),
                file: file.to_owned(),
                at,
            };
            sites.push(site(Kind::Guard, at + 1));
            sites.push(site(Kind::Inline, at));
            sites.push(site(Kind::Field, at));
        }
        if plain.starts_with("#if") {
            depth += 1;
        } else if plain.starts_with("#endif") {
            depth = depth.saturating_sub(1);
        } else if is_comment || plain.starts_with("/*") {
            is_comment = !plain.contains("*/");
        } else if !plain.starts_with('#') {
            let count = |c| line.matches(c).count() as i64;
            braces += count('{') - count('}');
        }
        if !plain.is_empty() {
            before = plain;
        }
    }
    // A file whose braces do not come out even was not understood.
    if braces == 0 && depth == 0 { sites } else { Vec::new() }
}

/// The file with what is planted at `site`; `number` makes the names, `numbers` the sizes.
pub fn planted(text: &str, site: &Site, number: usize, numbers: &mut Numbers) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let new = code(site, number, numbers);
    lines.insert(site.at.min(lines.len()), &new);
    lines.join("\n") + "\n"
}

fn code(site: &Site, number: usize, numbers: &mut Numbers) -> String {
    let option = &site.option;
    let mut body = String::new();
    for _ in 0..4 + numbers.below(12) {
        let _ = writeln!(
            body,
            "\tv = (v << {}) ^ (v / {}ul);",
            1 + numbers.below(30),
            3 + numbers.below(90)
        );
    }
    let function = |head: &str| format!("{head}\n{{\n{body}\treturn v;\n}}\n");
    let entry = |name: &str, body: &str| {
        format!("unsigned long {name}(unsigned long v);\n__attribute__((used)) {body}")
    };
    match site.kind {
        Kind::Object | Kind::Guard => {
            let name = format!("hmmsize_site_{number}");
            entry(&name, &function(&format!("unsigned long {name}(unsigned long v)")))
        }
        Kind::Inline => {
            let name = format!("hmmsize_inline_{number}");
            let inline = function(&format!("static inline unsigned long {name}(unsigned long v)"));
            let caller = format!("hmmsize_caller_{number}");
            let calls = format!(
                "unsigned long {caller}(unsigned long v)\n{{\n\treturn {name}(v) + 1;\n}}\n"
            );
            format!(
                "#ifdef CONFIG_{option}\n{inline}#else\nstatic inline unsigned long {name}(unsigned \
                 long v) {{ return v; }}\n#endif\n{}",
                entry(&caller, &calls)
            )
        }
        Kind::Field => format!(
            "struct hmmsize_struct_{number} {{\n\tunsigned long first;\n#ifdef CONFIG_{option}\n\t\
             unsigned long more[{}];\n#endif\n}};\nextern struct hmmsize_struct_{number} \
             hmmsize_object_{number};\nstruct hmmsize_struct_{number} hmmsize_object_{number} = {{ 1 }};\n",
            2 + numbers.below(30)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_at_file_level_are_sites_and_others_are_not() {
        let text = "int a;\n#ifdef CONFIG_X\nint b;\n#endif\nint f(void)\n{\n#ifdef CONFIG_X\n\treturn \
                    1;\n#endif\n}\n#ifdef CONFIG_Y\n#ifdef CONFIG_X\n#endif\n#endif\nint g =\n#ifdef \
                    CONFIG_X\n1;\n#endif\n";
        let found = guards("mm/a.c", text, &BTreeSet::from(["X"]));
        let places: Vec<_> = found.iter().map(|site| (site.kind, site.at)).collect();
        assert_eq!(places, [(Kind::Guard, 2), (Kind::Inline, 1), (Kind::Field, 1)]);
    }

    #[test]
    fn only_plain_rules_are_read() {
        assert_eq!(rule("obj-$(CONFIG_A) += a.o"), Some(("A", " a.o")));
        assert_eq!(rule("obj-$(CONFIG_A)\t\t+= a.o b.o"), Some(("A", " a.o b.o")));
        assert_eq!(rule("obj-y += a.o"), None);
        assert_eq!(rule("obj-$(CONFIG_A) := a.o"), None);
    }

    #[test]
    fn what_is_planted_stands_where_it_should() {
        let site = Site { kind: Kind::Guard, option: "X".into(), file: "mm/a.c".into(), at: 1 };
        let text = planted("#ifdef CONFIG_X\nint b;\n#endif\n", &site, 7, &mut Numbers::new(1));
        assert!(text.starts_with("#ifdef CONFIG_X\nunsigned long hmmsize_site_7("), "{text}");
        assert!(text.ends_with("int b;\n#endif\n"), "{text}");
        let site = Site { kind: Kind::Object, at: 3, ..site };
        let text = planted("#ifdef CONFIG_X\nint b;\n#endif\n", &site, 7, &mut Numbers::new(1));
        assert!(text.starts_with("#ifdef CONFIG_X\nint b;\n#endif\nunsigned"), "{text}");
    }
}
