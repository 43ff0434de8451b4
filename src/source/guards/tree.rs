//! All guards of a kernel tree, read in parallel.
//!
//! Left out are `tools/`, `scripts/` and `Documentation/`, whose programs are not compiled with
//! Kconfig's options, the device trees of `arch/*/boot/dts`, which are preprocessed without
//! linux/kconfig.h, and what a build generates. Files are read in chunks in the order of their paths,
//! each chunk with formulas of its own, so that the result does not depend on the threads.

use std::fs;
use std::io::Read;
use std::path::Path;

use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::collect::read_with;
use super::types::{FileGuards, FileKind};
use crate::exit::{Error, Result};
use crate::model::diag::Diag;
use crate::model::formula::{Formulas, NameId};

/// Directories at the top that are not part of the kernel.
const NOT_KERNEL: &[&str] = &[".git", "Documentation", "scripts", "tools"];

/// How many files share formulas while they are read.
const CHUNK: usize = 128;
/// How many files are read before their formulas are put together: those of all would be in memory twice.
const GROUP: usize = 32 * CHUNK;

/// The guards of a tree.
#[derive(Debug, Default)]
pub struct Tree {
    /// Every file that has a conditional block or mentions an option, by path.
    pub files: Vec<FileGuards>,
    /// Every `.c` and `.S` file, linker scripts aside, sorted.
    pub sources: Vec<Box<str>>,
    /// The `.c` and `.S` files that are included by others, as the `#include` names them.
    pub included: FxHashSet<Box<str>>,
    /// What could not be read or understood.
    pub diags: Vec<Diag>,
    /// How much was looked at.
    pub seen: Seen,
}

/// How much was looked at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// C, header, assembly and linker script files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were passed over: they mention no option and have no conditional besides one guard
    /// against double inclusion.
    pub plain: u64,
}

/// Reads the guards of the kernel tree at `root` into `f`.
///
/// A file that cannot be read is a diagnostic; a tree that cannot be walked is an error.
pub fn read(root: &Path, f: &mut Formulas) -> Result<Tree> {
    Ok(read_paths(&[root], &paths(root)?, f))
}

/// The same of the tree as it is with the files of `overlay` in place of its own.
pub fn read_over(overlay: &Path, root: &Path, f: &mut Formulas) -> Result<Tree> {
    let mut names = paths(root)?;
    names.extend(paths(overlay)?);
    names.sort_unstable();
    names.dedup();
    Ok(read_paths(&[overlay, root], &names, f))
}

/// Reads the guards of these files, relative to the first of `roots` that has them. What is not among
/// them is not looked into, not even for what it defines.
pub fn read_only(roots: &[&Path], names: &[&str], f: &mut Formulas) -> Tree {
    let is_there = |name: &str| roots.iter().any(|root| root.join(name).is_file());
    let kernel = names.iter().filter(|name| is_kernel(name) && is_there(name));
    let mut paths: Vec<String> = kernel.map(|name| (*name).to_owned()).collect();
    paths.sort_unstable();
    read_paths(roots, &paths, f)
}

/// Whether a walk of the tree would come to the file of that name, if it is there.
pub(super) fn is_kernel(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    FileKind::of(name).is_some()
        && !NOT_KERNEL.contains(&parts[0])
        && (1..parts.len()).all(|depth| {
            let upto = parts[..depth].join("/");
            !is_left_out(depth, parts[depth - 1], Path::new(&upto))
        })
}

fn read_paths(roots: &[&Path], paths: &[String], f: &mut Formulas) -> Tree {
    let mut tree =
        Tree { seen: Seen { files: paths.len() as u64, ..Seen::default() }, ..Tree::default() };
    let sources = paths
        .iter()
        .filter(|path| matches!(FileKind::of(path), Some(FileKind::C | FileKind::Assembly)));
    tree.sources = sources.map(|path| path.as_str().into()).collect();
    for group in paths.chunks(GROUP) {
        let chunks: Vec<Chunk> =
            group.par_chunks(CHUNK).map(|paths| Chunk::read(roots, paths)).collect();
        for chunk in chunks {
            tree.take(chunk, f);
        }
    }
    reread_overridden(roots, &mut tree, f);
    tree
}

impl Tree {
    /// Adds what was read of the next files, whose formulas become some of `f`.
    fn take(&mut self, chunk: Chunk, f: &mut Formulas) {
        self.included.extend(chunk.included);
        let ids = f.absorb(&chunk.formulas);
        let names: Vec<NameId> = chunk.formulas.names().map(|name| f.name(name)).collect();
        self.seen.bytes += chunk.seen.bytes;
        self.seen.plain += chunk.seen.plain;
        self.diags.extend(chunk.diags);
        self.files.extend(chunk.files.into_iter().map(|mut file| {
            file.carry_over(&ids, &names);
            file
        }));
    }
}

#[derive(Default)]
struct Chunk {
    formulas: Formulas,
    files: Vec<FileGuards>,
    diags: Vec<Diag>,
    seen: Seen,
    included: FxHashSet<Box<str>>,
}

impl Chunk {
    fn read(roots: &[&Path], paths: &[String]) -> Self {
        let mut chunk = Self::default();
        let mut text = Vec::new();
        for path in paths {
            text.clear();
            let opened = open(roots, path);
            if let Err(error) = opened.and_then(|mut file| file.read_to_end(&mut text)) {
                chunk.diags.push(Diag::new(path, format!("not read: {error}")));
                continue;
            }
            let Some(kind) = FileKind::of(path) else { continue };
            chunk.seen.bytes += text.len() as u64;
            included(&text, &mut chunk.included);
            if is_plain(&text, kind) {
                chunk.seen.plain += 1;
                continue;
            }
            let (mut file, diags) = read_with(path, kind, &text, &mut chunk.formulas, &[]);
            file.shrink();
            chunk.diags.extend(diags);
            chunk.files.push(file);
        }
        chunk
    }
}

/// The file of that name in the first of `roots` that has it.
fn open(roots: &[&Path], name: &str) -> std::io::Result<fs::File> {
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for root in roots {
        match fs::File::open(root.join(name)) {
            Ok(file) => return Ok(file),
            Err(err) => last = err,
        }
    }
    Err(last)
}

/// The `.c` and `.S` files that a file includes; one that is commented out counts too.
pub(super) fn included(text: &[u8], out: &mut FxHashSet<Box<str>>) {
    for ending in [&b".c\""[..], b".S\"", b".c>"] {
        for at in memmem::find_iter(text, ending) {
            let end = at + ending.len() - 1;
            let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
            let before = text[line..end].trim_ascii_start();
            let Some(hash) = before.strip_prefix(b"#") else { continue };
            let Some(name) = hash.trim_ascii_start().strip_prefix(b"include") else { continue };
            let name = name.trim_ascii_start();
            if name.starts_with(b"\"") || name.starts_with(b"<") {
                out.insert(String::from_utf8_lossy(&name[1..]).into());
            }
        }
    }
}

/// Whether there is nothing to say about a file, found out without reading it properly: no option is
/// named, and a header has one conditional at most, its guard against double inclusion.
fn is_plain(text: &[u8], kind: FileKind) -> bool {
    if memmem::find(text, b"CONFIG_").is_some() || memmem::find(text, b"IS_ENABLED").is_some() {
        return false;
    }
    let ends = memmem::find_iter(text, b"endif").take(2).count();
    let starts = memmem::find(text, b"#if").is_some();
    match (ends, kind) {
        (0, _) => !starts,
        (1, FileKind::Header) => starts && memmem::find(text, b"#ifndef _").is_some(),
        _ => false,
    }
}

/// The files to read, sorted, relative to `root`.
pub fn paths(root: &Path) -> Result<Vec<String>> {
    paths_of(root, &|name| FileKind::of(name).is_some())
}

/// The files of the kernel whose names are `wanted`, sorted, relative to `root`.
pub(in crate::source) fn paths_of(
    root: &Path,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<String>> {
    let walk = ignore::WalkBuilder::new(root)
        .standard_filters(false)
        .follow_links(false)
        .filter_entry(|entry| {
            let name = entry.file_name().to_str().unwrap_or_default();
            match entry.depth() {
                1 => !NOT_KERNEL.contains(&name),
                depth => !is_left_out(depth, name, entry.path()),
            }
        })
        .build();
    let mut paths = Vec::new();
    for item in walk {
        let item = item.map_err(|error| Error::input(root, error.to_string()))?;
        // A link that the user names is the tree; only links inside of it lead nowhere.
        if item.depth() == 0 && !root.is_dir() {
            return Err(Error::input(root, "is no directory"));
        }
        let Some(name) = item.file_name().to_str() else { continue };
        if !wanted(name) || !item.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let path = item.path().strip_prefix(root).unwrap_or(item.path());
        paths.extend(path.to_str().map(str::to_owned));
    }
    paths.sort_unstable();
    Ok(paths)
}

/// `arch/*/boot/dts`, `include/generated`, `include/config`, `arch/*/include/generated`.
fn is_left_out(depth: usize, name: &str, path: &Path) -> bool {
    let parent = |wanted: &str| path.parent().is_some_and(|parent| parent.ends_with(wanted));
    match depth {
        2 => matches!(name, "generated" | "config") && parent("include"),
        4 => (name == "dts" && parent("boot")) || (name == "generated" && parent("include")),
        _ => false,
    }
}

/// Reads files again that include a file, by a name in quotes, that overrides an option they mention:
/// from the `#include` on, such an option is what nobody knows.
///
/// Files included as `<…>` are left out: the three that define options (linux/threads.h,
/// linux/skbuff.h, linux/raid/pq.h) only do so where Kconfig did not.
fn reread_overridden(roots: &[&Path], tree: &mut Tree, f: &mut Formulas) {
    let by_path: FxHashMap<&str, usize> =
        tree.files.iter().enumerate().map(|(index, file)| (&*file.path, index)).collect();
    // What each file overrides, itself or through what it includes.
    let mut overrides: FxHashMap<usize, FxHashSet<NameId>> = FxHashMap::default();
    for (index, file) in tree.files.iter().enumerate() {
        if !file.overrides.is_empty() {
            overrides.insert(index, file.overrides.iter().map(|change| change.name).collect());
        }
    }
    let mut users: FxHashMap<usize, Vec<(usize, u32)>> = FxHashMap::default();
    for (index, file) in tree.files.iter().enumerate() {
        for include in file.includes.iter().filter(|include| !include.angled) {
            let target = join(&file.path, f.text(include.name));
            if let Some(target) = target.and_then(|path| by_path.get(&*path).copied()) {
                users.entry(target).or_default().push((index, include.line));
            }
        }
    }
    let mut waiting: Vec<usize> = overrides.keys().copied().collect();
    let mut inherited: FxHashMap<usize, FxHashSet<(u32, NameId)>> = FxHashMap::default();
    while let Some(target) = waiting.pop() {
        let names = overrides[&target].clone();
        for (user, line) in users.get(&target).into_iter().flatten() {
            let known = overrides.entry(*user).or_default();
            let before = known.len();
            known.extend(names.iter().copied());
            if known.len() > before {
                waiting.push(*user);
            }
            inherited.entry(*user).or_default().extend(names.iter().map(|name| (*line, *name)));
        }
    }
    let mut again: Vec<_> = inherited.into_iter().collect();
    again.sort_unstable_by_key(|(index, _)| *index);
    for (index, changes) in again {
        let file = &tree.files[index];
        let mentioned: FxHashSet<NameId> =
            file.mentions.iter().map(|mention| mention.name).collect();
        let mut changes: Vec<(u32, String)> = changes
            .into_iter()
            .filter(|(_, name)| mentioned.contains(name))
            .map(|(line, name)| (line, f.text(name).to_owned()))
            .collect();
        if changes.is_empty() {
            continue;
        }
        changes.sort_unstable();
        let mut text = Vec::new();
        if open(roots, &file.path).and_then(|mut file| file.read_to_end(&mut text)).is_ok() {
            let path = file.path.clone();
            let (mut file, _) = read_with(&path, file.kind, &text, f, &changes);
            file.shrink();
            tree.files[index] = file;
        }
    }
}

/// The path that `name` means in an `#include` of the file at `from`.
pub fn join(from: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
