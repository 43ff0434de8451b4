//! Building on another variant's build tree: what an option that flips makes make compile again.
//!
//! Kbuild notes beside every object which options its sources name (`.hmm.o.cmd`, written by fixdep),
//! and which headers it has read. So it is known before the tree is copied how much of it will be
//! compiled again, but for flags and headers that are themselves made by compiling: what those become
//! is seen after `prepare`. Kbuild decides what is compiled; nothing here does.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use bstr::ByteSlice;

use super::configure::remove_tree;
use super::process::{Command, Runner};
use super::state::write_whole;
use crate::exit::{Error, Result};
use crate::model::config::Config;

/// Where a tree is copied to before it is complete.
const PART: &str = "build.part";
/// Directories whose objects are for the machine that builds.
const HOST: &[&str] = &["scripts/", "tools/", "usr/"];

/// What is known of a build tree and another configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flip {
    /// Objects for the target in the tree.
    pub objects: u64,
    /// Those whose sources name an option that changes.
    pub affected: u64,
    /// Those besides that read a header that is made from a file of which that is true: its text may
    /// stay as it is.
    pub perhaps: u64,
}

impl Flip {
    /// Whether it is worth the copy: at least half of the objects stay.
    pub fn pays(self) -> bool {
        self.objects > 0 && self.affected * 2 <= self.objects
    }
}

/// The options that have another value.
pub fn changed(old: &Config, new: &Config) -> BTreeSet<String> {
    let symbols = old.values.keys().chain(new.values.keys());
    symbols.filter(|symbol| old.value(symbol) != new.value(symbol)).cloned().collect()
}

/// What Kbuild noted of the objects below `build`.
pub fn look(build: &Path, changed: &BTreeSet<String>) -> Flip {
    let mut objects: Vec<Noted> = Vec::new();
    let mut makers = BTreeSet::new();
    let walk = ignore::WalkBuilder::new(build).standard_filters(false).follow_links(false).build();
    for entry in walk.flatten() {
        let name = entry.file_name().to_string_lossy();
        let Some(name) = name.strip_prefix('.').and_then(|name| name.strip_suffix(".cmd")) else {
            continue;
        };
        let below = entry.path().strip_prefix(build).unwrap_or(entry.path()).to_string_lossy();
        let is_host = HOST.iter().any(|dir| below.starts_with(dir));
        let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
        if is_host || !matches!(kind, "o" | "s") {
            continue;
        }
        let Ok(text) = fs::read_to_string(entry.path()) else { continue };
        // Only what was compiled has sources; archives and links have members.
        if !text.contains("\nsource_") {
            continue;
        }
        let noted = Noted::read(&text, changed);
        if kind == "o" {
            objects.push(noted);
        } else if noted.names_changed {
            makers.insert(format!("generated/{stem}.h"));
        }
    }
    let affected = objects.iter().filter(|object| object.names_changed).count();
    let perhaps = objects
        .iter()
        .filter(|object| !object.names_changed && !object.generated.is_disjoint(&makers))
        .count();
    Flip { objects: objects.len() as u64, affected: affected as u64, perhaps: perhaps as u64 }
}

/// What Kbuild noted of one file that it compiled.
struct Noted {
    /// Its sources name an option that changes.
    names_changed: bool,
    /// The headers that it has read and that are made while building: `generated/bounds.h`.
    generated: BTreeSet<String>,
}

impl Noted {
    fn read(text: &str, changed: &BTreeSet<String>) -> Self {
        let mut noted = Self { names_changed: false, generated: BTreeSet::new() };
        let words = text.split(|c: char| c.is_whitespace() || matches!(c, ')' | '('));
        for word in words {
            if let Some(option) = word.strip_prefix("include/config/") {
                noted.names_changed |= changed.contains(&symbol(option));
            } else if word.ends_with("generated/autoconf.h") {
                noted.names_changed |= !changed.is_empty();
            } else if let Some(at) = header(word) {
                noted.generated.insert(word[at..].to_owned());
            }
        }
        noted
    }
}

/// Where the name of a header that is made while building begins in its path.
fn header(path: &str) -> Option<usize> {
    let is_header = Path::new(path).extension().is_some_and(|extension| extension == "h");
    path.find("generated/").filter(|_| is_header)
}

/// The option of a file below include/config: `ZONE_DEVICE`; before 5.14 `zone/device.h`.
fn symbol(file: &str) -> String {
    match file.strip_suffix(".h") {
        Some(old) => old.replace('/', "_").to_uppercase(),
        None => file.to_owned(),
    }
}

/// Makes the build directory `to` a copy of `from`, configured with `config`. Until it is complete it
/// has another name.
///
/// # Errors
/// It cannot be copied; a signal.
pub fn copy(
    from: &Path,
    to: &Path,
    config: &[u8],
    deadline: Option<Instant>,
    runner: &Runner,
) -> Result<()> {
    let part = to.with_file_name(PART);
    remove_tree(&part)?;
    let mut command = Command::new(["cp", "-a", "--reflink=auto"]).arg(from).arg(&part).capture();
    command.env.insert("PATH".into(), std::env::var_os("PATH").unwrap_or_default());
    command.deadline = deadline;
    let done = runner.run(&command)?;
    if !done.ok() {
        let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        let _ = remove_tree(&part);
        return Err(Error::Cell(format!("cp {}: {said}", done.how())));
    }
    write_whole(&part.join(".config"), config)?;
    rename_in_notes(&part, from, to)?;
    remove_tree(to)?;
    fs::rename(&part, to).map_err(|e| Error::io(to, e))
}

/// Tools of the kernel's own (objtool) are noted with absolute paths. Where those are another
/// directory's the tool is made anew, and all objects after it.
fn rename_in_notes(tree: &Path, from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.as_os_str().as_bytes(), to.as_os_str().as_bytes());
    let walk = ignore::WalkBuilder::new(tree).standard_filters(false).follow_links(false).build();
    for entry in walk.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "cmd" && extension != "d") {
            continue;
        }
        let rewrite = || -> std::io::Result<()> {
            let text = fs::read(path)?;
            if text.find(from).is_some() {
                let time = fs::metadata(path)?.modified()?;
                fs::write(path, text.replace(from, to))?;
                fs::File::options().append(true).open(path)?.set_modified(time)?;
            }
            Ok(())
        };
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            rewrite().map_err(|e| Error::io(path, e))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fixdep_notes_is_read_in_both_spellings() {
        let changed: BTreeSet<String> = ["ZONE_DEVICE".to_owned()].into();
        let names = |text: &str| Noted::read(text, &changed).names_changed;
        assert!(names("deps_mm/a.o := \\\n    $(wildcard include/config/ZONE_DEVICE) \\\n"));
        assert!(names("deps_mm/a.o := \\\n    $(wildcard include/config/zone/device.h) \\\n"));
        assert!(!names("    $(wildcard include/config/ZONE_DEVICES) \\\n"));
        assert!(!names("source_mm/a.o := /linux/mm/zone_device.c\n"));
        assert!(names("  include/generated/autoconf.h \\\n"), "a tree without fixdep");
        let noted = Noted::read("  ./arch/x86/include/generated/asm-offsets.h \\\n", &changed);
        assert!(noted.generated.contains("generated/asm-offsets.h"));
    }

    #[test]
    fn a_copy_is_noted_to_be_where_it_is_and_as_old_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a/build"), dir.path().join("b/build"));
        fs::create_dir_all(from.join("tools")).unwrap();
        fs::create_dir(dir.path().join("b")).unwrap();
        let note = from.join("tools/.objtool.o.cmd");
        fs::write(&note, format!("cmd_{0}/x.o := gcc -o {0}/x.o\n", from.display())).unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        fs::File::options().append(true).open(&note).unwrap().set_modified(time).unwrap();
        copy(&from, &to, b"CONFIG_A=y\n", None, &Runner::quiet()).unwrap();
        let copied = to.join("tools/.objtool.o.cmd");
        let text = fs::read_to_string(&copied).unwrap();
        assert_eq!(text, format!("cmd_{0}/x.o := gcc -o {0}/x.o\n", to.display()));
        assert_eq!(fs::metadata(copied).unwrap().modified().unwrap(), time);
        assert_eq!(fs::read(to.join(".config")).unwrap(), b"CONFIG_A=y\n");
        assert!(fs::read_to_string(note).unwrap().contains("/a/build"), "the other is as it was");
    }

    #[test]
    fn objects_are_counted_by_why_they_may_change() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let option = "$(wildcard include/config/ZONE_DEVICE) \\\n";
        write("kernel/.bounds.s.cmd", &format!("x\nsource_kernel/bounds.s := a\n{option}"));
        write("mm/.a.o.cmd", &format!("x\nsource_mm/a.o := a.c\n{option}"));
        write("mm/.b.o.cmd", "x\nsource_mm/b.o := b.c\n include/generated/bounds.h \\\n");
        write("mm/.c.o.cmd", "x\nsource_mm/c.o := c.c\n include/generated/asm-offsets.h \\\n");
        write("mm/.d.o.cmd", "savedcmd_mm/d.o := ld -r -o mm/d.o mm/a.o mm/b.o\n");
        write("scripts/.e.o.cmd", &format!("x\nsource_scripts/e.o := e.c\n{option}"));
        let flip = look(dir.path(), &["ZONE_DEVICE".to_owned()].into());
        assert_eq!(flip, Flip { objects: 3, affected: 1, perhaps: 1 });
        assert!(flip.pays());
        let flip = look(dir.path(), &BTreeSet::new());
        assert_eq!(flip, Flip { objects: 3, affected: 0, perhaps: 0 });
        assert!(!Flip { objects: 3, affected: 2, perhaps: 0 }.pays());
        assert!(!Flip::default().pays());
    }
}
