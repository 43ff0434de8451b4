//! The words of all makefiles, by directory: a file that none of them names is not built by any.
//!
//! Coarse on purpose. The evaluator knows the lists of Kbuild; what else a makefile may build (host
//! programs, boot wrappers, what rules of its own say) is at least named in it, or has a pattern.

use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};

/// The words of a tree's makefiles.
#[derive(Debug, Default)]
pub struct Words {
    directories: FxHashMap<Box<str>, Directory>,
}

/// The makefiles of a directory. A stem is the last part of a word's path, up to the first dot.
#[derive(Debug, Default)]
struct Directory {
    /// Every stem, and how often it is there.
    stems: FxHashMap<Box<str>, u32>,
    /// What a name begins (`head_$(BITS).o`) or ends with (`$(ev6-y)divide.S`).
    begins: Vec<Box<str>>,
    ends: Vec<Box<str>>,
    /// There is a rule that makes many files (`%-32.o: %.S`, `$(wildcard *.c)`).
    pattern: bool,
}

impl Words {
    /// Reads all makefiles below `roots`, `tools/` and `Documentation/` aside; of several with one path,
    /// the first.
    pub fn read(roots: &[&Path]) -> Self {
        let mut words = Self::default();
        super::mentions::walk(roots, super::mentions::is_makefile, |path, text| {
            let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
            words.directories.entry(dir.into()).or_default().add(text);
        });
        words
    }

    /// How often makefiles in the directory of `path` (from the top) or above it have the name of the
    /// file, whatever its ending; beyond counting if some makefile there has a rule for many files.
    pub fn count(&self, path: &str) -> u32 {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.split('.').next().unwrap_or_default();
        let mut count = 0;
        for (depth, dir) in std::iter::successors(Some(dir), |dir| above(dir)).enumerate() {
            let Some(found) = self.directories.get(dir) else { continue };
            let partly = found.begins.iter().any(|begin| stem.starts_with(&**begin))
                || found.ends.iter().any(|end| stem.ends_with(&**end));
            // The top's own patterns are for its own targets.
            if partly || (found.pattern && (depth == 0 || !dir.is_empty())) {
                return u32::MAX;
            }
            count += found.stems.get(stem).copied().unwrap_or_default();
        }
        count
    }
}

impl Directory {
    fn add(&mut self, text: &[u8]) {
        let in_word = |byte: &u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b',')
        };
        for line in text.split(|byte| *byte == b'\n') {
            let line = &line[..super::mentions::comment_start(line)];
            let has = |part: &[u8]| memchr::memmem::find(line, part).is_some();
            self.pattern |= has(b"%.c") || has(b"%.S") || has(b"%.o:") || has(b"wildcard");
            let mut at = 0;
            while at < line.len() {
                let len = line[at..].iter().take_while(|byte| in_word(byte)).count();
                let end = at + len.max(1);
                if len > 0 {
                    let before = at.checked_sub(1).map(|before| line[before]);
                    self.word(&line[at..end], before, line.get(end..end + 2));
                }
                at = end;
            }
        }
    }

    fn word(&mut self, word: &[u8], before: Option<u8>, after: Option<&[u8]>) {
        let Ok(word) = std::str::from_utf8(word) else { return };
        // `$(call if_changed,foo)` has commas that are none of the name's.
        for word in word.split(',') {
            let stem = word.split('.').next().unwrap_or_default();
            if stem.is_empty() {
                continue;
            }
            let list = match (before, after) {
                (Some(b')'), _) => &mut self.ends,
                (_, Some(b"$(" | b"${")) if !word.contains('.') => &mut self.begins,
                _ => {
                    *self.stems.entry(stem.into()).or_default() += 1;
                    continue;
                }
            };
            // `obj-$(CONFIG_X)` is a list.
            let is_list = ["obj-", "lib-", "extra-", "always-", "ccflags-", "subdir-"];
            let long = stem.trim_matches(['-', '_']).len() > 1;
            if long && !is_list.contains(&stem) && !list.iter().any(|known| **known == *stem) {
                list.push(stem.into());
            }
        }
    }
}

/// The stems that the two versions of a makefile do not name as often, if that is all that is different
/// about what they may build.
pub(super) fn changed(old: &[u8], new: &[u8]) -> Option<FxHashSet<Box<str>>> {
    let read = |text| {
        let mut directory = Directory::default();
        directory.add(text);
        directory
    };
    let (old, new) = (read(old), read(new));
    let same = |a: &[Box<str>], b: &[Box<str>]| a.iter().all(|one| b.contains(one));
    let same = |a: &[Box<str>], b: &[Box<str>]| same(a, b) && same(b, a);
    let parts = same(&old.begins, &new.begins) && same(&old.ends, &new.ends);
    (parts && old.pattern == new.pattern).then(|| {
        let stems = old.stems.keys().chain(new.stems.keys());
        stems.filter(|stem| old.stems.get(*stem) != new.stems.get(*stem)).cloned().collect()
    })
}

/// The directory above, from the top of the tree.
fn above(dir: &str) -> Option<&str> {
    (!dir.is_empty()).then(|| dir.rsplit_once('/').map_or("", |(above, _)| above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_part_and_in_patterns() {
        let mut words = Words::default();
        let mut add = |dir: &str, text: &[u8]| {
            words.directories.entry(dir.into()).or_default().add(text);
        };
        add(
            "a",
            b"obj-$(CONFIG_X) += one.o b/two.o # three.o\nfoo-y := head_$(BITS).o $(ev6-y)div.o\n",
        );
        add("p", b"$(obj)/%-32.o: $(src)/%.S\n");
        add("", b"obj-y += a/\n%.o: four.c\n");
        assert_eq!(words.count("a/one.c"), 1);
        assert_eq!(words.count("a/b/two.S"), 1);
        assert_eq!(words.count("a/three.c"), 0);
        assert_eq!(words.count("a/b/none.c"), 0);
        assert_eq!(words.count("a/head_64.S"), u32::MAX);
        assert_eq!(words.count("a/ev6-div.S"), u32::MAX);
        assert_eq!(words.count("p/time.S"), u32::MAX);
        assert_eq!(words.count("a/y.c"), 0, "foo-y is no part of a name");
    }
}
