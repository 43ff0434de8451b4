//! Paths of source files as the kernel tree names them, whatever directory it was built in.
//!
//! Debug information has paths as the compiler was given them: relative to the directory of the build,
//! absolute with O= elsewhere, or rewritten by `-ffile-prefix-map`, and in one kernel of all kinds. Two builds
//! can only be compared by paths relative to the tree.

use std::borrow::Cow;

use bstr::ByteSlice;

/// Directories whose names are known to be cut off.
#[derive(Debug, Default)]
pub(super) struct Roots {
    /// Absolute, with a slash at the end, the longest first.
    roots: Vec<Vec<u8>>,
}

impl Roots {
    /// Looks at a directory of headers: every kernel source includes some of the tree's, and where those lie
    /// tells where the tree is.
    pub fn learn(&mut self, directory: &[u8]) {
        let directory = tidy(directory);
        let Some(root) = tree_of(&directory) else { return };
        let root = [root, b"/"].concat();
        if root.len() > 1 && root[0] == b'/' && !self.roots.contains(&root) && self.roots.len() < 16
        {
            self.roots.push(root);
            self.roots.sort_by_key(|root| std::cmp::Reverse(root.len()));
        }
    }

    /// Whether it is known where this absolute path's tree is.
    pub fn knows(&self, path: &[u8]) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
    }

    /// The path of `name` in `directory` of a unit that was compiled in `comp_dir`, relative to the tree
    /// where it lies in it.
    pub fn relative(&self, directory: &[u8], name: &[u8], comp_dir: &[u8]) -> String {
        let absolute = name.starts_with(b"/");
        let joined: Cow<'_, [u8]> = if absolute || directory.is_empty() || directory == comp_dir {
            Cow::Borrowed(name)
        } else {
            Cow::Owned([directory, b"/", name].concat())
        };
        let path = tidy(&joined);
        let mut rest: &[u8] = &path;
        if rest.starts_with(b"/") {
            let below = |dir: &[u8]| {
                let rest = path.strip_prefix(dir)?;
                rest.strip_prefix(b"/").or_else(|| dir.ends_with(b"/").then_some(rest))
            };
            let root = self.roots.iter().find_map(|root| below(root));
            let comp_dir = if comp_dir.starts_with(b"/") { below(comp_dir) } else { None };
            rest = match (root, comp_dir) {
                // What is generated lies in the directory of the build, perhaps within the tree.
                (Some(a), Some(b)) => {
                    if a.len() < b.len() {
                        a
                    } else {
                        b
                    }
                }
                (a, b) => a.or(b).unwrap_or(rest),
            };
        }
        // O= in a directory of the tree: the tree is "..".
        while let Some(below) = rest.strip_prefix(b"../") {
            rest = below;
        }
        rest.to_str_lossy().into_owned()
    }
}

/// The kernel tree that a directory of headers is in.
fn tree_of(directory: &[u8]) -> Option<&[u8]> {
    const HEADERS: [&[u8]; 4] = [
        b"/include/linux",
        b"/include/asm-generic",
        b"/include/uapi/linux",
        b"/include/uapi/asm-generic",
    ];
    if let Some(root) = HEADERS.iter().find_map(|headers| directory.strip_suffix(*headers)) {
        return (!matches!(root, b"/usr" | b"/usr/local")).then_some(root);
    }
    let arch = directory
        .strip_suffix(b"/include/asm")
        .or_else(|| directory.strip_suffix(b"/include/uapi/asm"))?;
    Some(&arch[..arch.rfind(b"/arch/")?])
}

/// A path without `.`, `//` and `dir/..`.
fn tidy(path: &[u8]) -> Cow<'_, [u8]> {
    let odd = |part: &[u8]| part.is_empty() || part == b"." || part == b"..";
    let absolute = path.starts_with(b"/");
    if !path[usize::from(absolute)..].split_str(b"/").any(odd) {
        return Cow::Borrowed(path);
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split_str(b"/") {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if absolute => {}
            _ => parts.push(part),
        }
    }
    let mut tidy = if absolute { b"/".to_vec() } else { Vec::new() };
    tidy.extend(parts.join(&b"/"[..]));
    Cow::Owned(tidy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(roots: &Roots, name: &str, comp_dir: &str) -> String {
        roots.relative(b"", name.as_bytes(), comp_dir.as_bytes())
    }

    #[test]
    fn one_tree_has_one_name_wherever_it_is_built() {
        let mut roots = Roots::default();
        for headers in ["/usr/include/linux", "include/linux", "/a/linux/./arch/x86/include/asm"] {
            roots.learn(headers.as_bytes());
        }
        assert!(roots.knows(b"/a/linux/x.c") && !roots.knows(b"/usr/x.c"));
        for (name, comp_dir) in [
            ("mm/hmm.c", "/elsewhere"),
            ("./mm/hmm.c", "/elsewhere"),
            ("../mm/hmm.c", "/a/linux/out"),
            ("/a/linux/mm/hmm.c", "/elsewhere"),
            ("/a/linux/fs/../mm/hmm.c", "/elsewhere"),
            ("/out/mm/hmm.c", "/out"),
            ("/a/linux/out/mm/hmm.c", "/a/linux/out"),
            ("mm/hmm.c", "debian/build/generic"),
        ] {
            assert_eq!(relative(&roots, name, comp_dir), "mm/hmm.c", "{name} in {comp_dir}");
        }
        assert_eq!(relative(&roots, "/usr/include/x.h", "/out"), "/usr/include/x.h");
        assert_eq!(roots.relative(b"/out", b"mm/hmm.c", b"/out"), "mm/hmm.c");
        assert_eq!(roots.relative(b"../include/linux", b"mm.h", b"/o"), "include/linux/mm.h");
        assert_eq!(roots.relative(b"/a/linux/mm", b"hmm.c", b"/o"), "mm/hmm.c");
    }

    #[test]
    fn paths_are_tidied() {
        for (path, tidied) in [
            ("", ""),
            ("/", "/"),
            ("a", "a"),
            ("./a//b/./c/..", "a/b"),
            ("/../a", "/a"),
            ("../../a/../b", "../../b"),
            ("/a/../../b", "/b"),
            ("a/", "a"),
        ] {
            assert_eq!(tidy(path.as_bytes()).as_bstr(), tidied, "{path}");
        }
    }
}
