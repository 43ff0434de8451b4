//! Every mention of an option in the makefiles of a tree, with its place: what the evaluator does not
//! keep, and also in makefiles that no architecture reads.
//!
//! Left out are `tools/` and `Documentation/`, whose makefiles know nothing of Kconfig.

use std::fs;
use std::path::Path;

use rustc_hash::FxHashSet;

/// A mention of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The makefile, from the top of the tree.
    pub file: Box<str>,
    /// The name without `CONFIG_`.
    pub name: Box<str>,
    /// 1-based line.
    pub line: u32,
    /// 1-based column of the name with `CONFIG_`, in bytes.
    pub column: u32,
    /// It is given a value: `CONFIG_X := y`, `export CONFIG_X`.
    pub assigned: bool,
}

/// Directories at the top that are not built with Kconfig.
const NOT_KERNEL: &[&str] = &[".git", "Documentation", "tools"];

/// All mentions, in the order of files and lines. A file of the first of `roots` that has it counts.
pub fn read(roots: &[&Path]) -> Vec<Mention> {
    let mut out = Vec::new();
    walk(roots, is_makefile, |path, text| in_text(path, text, &mut out));
    out
}

/// The mentions in some makefiles, as [`read`] has them.
pub fn read_only<'a>(roots: &[&Path], makefiles: impl Iterator<Item = &'a str>) -> Vec<Mention> {
    let mut paths: Vec<&str> = makefiles.filter(|path| is_makefile(path)).collect();
    paths.retain(|path| !path.split('/').next().is_some_and(|top| NOT_KERNEL.contains(&top)));
    paths.sort_unstable();
    let mut out = Vec::new();
    for path in paths {
        let text = roots.iter().find_map(|root| fs::read(root.join(path)).ok());
        in_text(path, &text.unwrap_or_default(), &mut out);
    }
    out
}

/// The options that makefiles give a value, without `CONFIG_`.
pub fn assigned(roots: &[&Path]) -> FxHashSet<Box<str>> {
    read(roots).into_iter().filter(|mention| mention.assigned).map(|mention| mention.name).collect()
}

/// Calls `each` with the path (from the top) and the text of every file below `roots` that is `wanted`
/// by its path, in the order of paths. What is not built with Kconfig is left out.
pub fn walk(roots: &[&Path], wanted: fn(&str) -> bool, mut each: impl FnMut(&str, &[u8])) {
    let is_kernel = |entry: &ignore::DirEntry| {
        let name = entry.file_name().to_str().unwrap_or_default();
        entry.depth() != 1 || !NOT_KERNEL.contains(&name)
    };
    let mut paths: Vec<String> = Vec::new();
    for root in roots {
        let walk =
            ignore::WalkBuilder::new(root).standard_filters(false).filter_entry(is_kernel).build();
        for entry in walk.flatten() {
            let path = entry.path().strip_prefix(root).unwrap_or(entry.path()).to_str();
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            paths.extend(path.filter(|path| is_file && wanted(path)).map(str::to_owned));
        }
    }
    paths.sort_unstable();
    paths.dedup();
    for path in paths {
        let text = roots.iter().find_map(|root| fs::read(root.join(&path)).ok());
        each(&path, &text.unwrap_or_default());
    }
}

/// Whether the file of this path is a makefile.
pub fn is_makefile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "Kbuild"
        || name.starts_with("Makefile")
        || name.starts_with("Kbuild.")
        || name == "Platform"
        || name.strip_suffix(".mk").is_some_and(|stem| !stem.is_empty())
}

fn in_text(file: &str, text: &[u8], out: &mut Vec<Mention>) {
    let mut comment = false;
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let continued = line.ends_with(b"\\");
        // A comment goes on after a backslash; recipes are for the shell.
        if comment || line.starts_with(b"\t@") {
            comment &= continued;
            continue;
        }
        let end = comment_start(line);
        comment = end < line.len() && continued;
        let code = &line[..end];
        for at in memchr::memmem::find_iter(code, b"CONFIG_") {
            let start = at + b"CONFIG_".len();
            let len = code[start..].iter().take_while(|byte| in_name(**byte)).count();
            let (name, after) = (&code[start..start + len], &code[start + len..]);
            // `CONFIG_$(x)_Y` is some other name.
            if name.is_empty() || after.starts_with(b"$") || after.starts_with(b"%") {
                continue;
            }
            let before = &code[..at];
            let read = before.ends_with(b"$(") || before.ends_with(b"${") || is_ifdef(before);
            let assigned = !read && is_assigned(before, after);
            let (Ok(name), true) = (std::str::from_utf8(name), read || assigned) else { continue };
            out.push(Mention {
                file: file.into(),
                name: name.into(),
                line: index as u32 + 1,
                column: at as u32 + 1,
                assigned,
            });
        }
    }
}

/// Where a comment begins; the end of the line if there is none.
pub(super) fn comment_start(line: &[u8]) -> usize {
    let hash = |at: &usize| *at == 0 || !matches!(line[at - 1], b'\\' | b'\'' | b'"' | b'$');
    memchr::memchr_iter(b'#', line).find(hash).unwrap_or(line.len())
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether the line so far is `ifdef` or `ifndef`, maybe after `else`.
fn is_ifdef(before: &[u8]) -> bool {
    let words: Vec<&[u8]> =
        before.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    matches!(words.last(), Some(&(b"ifdef" | b"ifndef")))
}

fn is_assigned(before: &[u8], after: &[u8]) -> bool {
    let words = before.trim_ascii();
    if words.starts_with(b"export")
        || words.starts_with(b"override")
        || words.starts_with(b"define")
    {
        return true;
    }
    let after = after.trim_ascii_start();
    words.is_empty()
        && [&b"="[..], b":=", b"?=", b"+=", b"::="].iter().any(|op| after.starts_with(op))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_what_is_set() {
        let text = b"# $(CONFIG_A) \\\n$(CONFIG_B)\nobj-$(CONFIG_C) += c.o # $(CONFIG_D)\n\
            else ifdef CONFIG_E\nCONFIG_F := y\nexport CONFIG_G\nx := $(CONFIG_$(y)_H) -DCONFIG_I\n\
            y := $(CONFIG_J:\"%\"=%) ${CONFIG_K} '#' $(CONFIG_L)\n";
        let mut found = Vec::new();
        in_text("Makefile", text, &mut found);
        let names: Vec<_> =
            found.iter().map(|m| (&*m.name, m.line, m.column, m.assigned)).collect();
        assert_eq!(
            names,
            [
                ("C", 3, 7, false),
                ("E", 4, 12, false),
                ("F", 5, 1, true),
                ("G", 6, 8, true),
                ("J", 8, 8, false),
                ("K", 8, 26, false),
                ("L", 8, 42, false),
            ]
        );
        assert!(is_makefile("Makefile.lib") && is_makefile("Kbuild") && is_makefile("a.mk"));
        assert!(!is_makefile("Kconfig") && !is_makefile(".mk"));
    }
}
