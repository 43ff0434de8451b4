//! The tree's files as text, what is planted in them, and where lines are afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ignore::WalkBuilder;

use super::faults::{Change, Planted};

/// Kconfig files, makefiles, and C files outside of arch/, by name.
pub struct Files {
    /// Name and lines.
    pub kconfig: Vec<(String, Vec<String>)>,
    /// Those below arch/, in which nothing is planted.
    pub arch_kconfig: Vec<(String, Vec<String>)>,
    /// Name and lines.
    pub source: Vec<(String, Vec<String>)>,
    /// The headers of include/linux and include/net, name and lines.
    pub headers: Vec<(String, Vec<String>)>,
    /// Name and lines.
    pub makefiles: Vec<(String, Vec<String>)>,
    /// The architectures' defconfigs, name and lines.
    pub defconfigs: Vec<(String, Vec<String>)>,
    /// The last parts of the names of C files that others include: those are compiled more than once.
    pub included: BTreeSet<String>,
    /// The options (without `CONFIG_`) that C files or headers give values of their own: what Kconfig says
    /// of them does not hold there.
    pub given: BTreeSet<String>,
}

impl Files {
    /// Reads a tree. What is not UTF-8 is left out.
    pub fn read(tree: &Path) -> Result<Self> {
        let mut files = Self {
            kconfig: Vec::new(),
            arch_kconfig: Vec::new(),
            source: Vec::new(),
            headers: Vec::new(),
            makefiles: Vec::new(),
            defconfigs: Vec::new(),
            included: BTreeSet::new(),
            given: BTreeSet::new(),
        };
        let mut walk = WalkBuilder::new(tree);
        walk.standard_filters(false).sort_by_file_name(Ord::cmp);
        for entry in walk.build() {
            let entry = entry?;
            let Some(name) = entry.path().strip_prefix(tree)?.to_str() else { continue };
            let is_kernel = !["scripts/", "tools/", "Documentation/", "samples/", "arch/"]
                .iter()
                .any(|dir| name.starts_with(dir));
            let base = name.rsplit('/').next().unwrap_or(name);
            let is_defconfig = name.contains("/configs/") && base.ends_with("_defconfig");
            let is_arch = name.starts_with("arch/") && base.starts_with("Kconfig");
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let is_arch_source = name.starts_with("arch/") && base.strip_suffix(".c").is_some();
            if is_arch_source || base.strip_suffix(".h").is_some() {
                let text = fs::read_to_string(entry.path()).unwrap_or_default();
                files.given.extend(text.lines().filter_map(given).map(str::to_owned));
                if is_arch_source {
                    files.included.extend(text.lines().filter_map(included));
                }
            }
            if !(is_kernel || is_defconfig || is_arch) {
                continue;
            }
            let list = if is_defconfig {
                &mut files.defconfigs
            } else if is_arch {
                &mut files.arch_kconfig
            } else if base.starts_with("Kconfig") {
                &mut files.kconfig
            } else if base.strip_suffix(".c").is_some() {
                &mut files.source
            } else if base == "Makefile" {
                &mut files.makefiles
            } else if base.strip_suffix(".h").is_some()
                && ["include/linux/", "include/net/"].iter().any(|dir| name.starts_with(dir))
            {
                &mut files.headers
            } else {
                continue;
            };
            if let Ok(text) = fs::read_to_string(entry.path()) {
                list.push((name.to_owned(), text.lines().map(str::to_owned).collect()));
            }
        }
        let lines = files.source.iter().flat_map(|(_, lines)| lines);
        let more: Vec<String> = lines.filter_map(|line| included(line)).collect();
        files.included.extend(more);
        let lines = files.source.iter().flat_map(|(_, lines)| lines);
        let more: Vec<String> = lines.filter_map(|line| given(line)).map(str::to_owned).collect();
        files.given.extend(more);
        Ok(files)
    }
}

/// The option that a line defines or undefines.
fn given(line: &str) -> Option<&str> {
    let directive = line.trim_start().strip_prefix('#')?.trim_start();
    let rest = directive.strip_prefix("define").or_else(|| directive.strip_prefix("undef"))?;
    rest.trim_start().strip_prefix("CONFIG_")?.split_whitespace().next()
}

/// The last part of the name of a C file that a line includes.
fn included(line: &str) -> Option<String> {
    let name = line.strip_prefix("#include \"")?.split('"').next()?;
    let name = name.strip_suffix(".c")?.rsplit('/').next()?;
    Some(format!("{name}.c"))
}

/// How lines moved.
#[derive(Default)]
pub struct Moved(BTreeMap<String, Vec<(usize, usize)>>);

impl Moved {
    /// The line where something planted stands in the end.
    pub fn line(&self, planted: &Planted) -> u64 {
        let before = self.0.get(&planted.file).into_iter().flatten();
        let shift: usize =
            before.filter(|(at, _)| *at < planted.change.at()).map(|(_, lines)| lines).sum();
        (planted.line + shift) as u64
    }
}

/// The texts of all files that something is planted in.
pub fn edited(
    tree: &Path,
    planted: &[Planted],
    moved: &mut Moved,
) -> Result<Vec<(String, String)>> {
    let mut by_file: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for one in planted {
        by_file.entry(&one.file).or_default().push(&one.change);
        for (file, change) in &one.also {
            by_file.entry(file).or_default().push(change);
        }
    }
    let mut texts = Vec::new();
    for (name, mut list) in by_file {
        let new = list.iter().find_map(|change| match change {
            Change::Create(lines) => Some(lines.join("\n") + "\n"),
            _ => None,
        });
        let text = match new {
            Some(text) => text,
            None => fs::read_to_string(tree.join(name)).with_context(|| name.to_owned())?,
        };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        // From the end, so that line numbers stay what they are.
        list.sort_by_key(|change| std::cmp::Reverse(change.at()));
        for change in list {
            let at = change.at();
            match change {
                Change::Create(_) => {}
                Change::Replace(_, text) => lines[at - 1].clone_from(text),
                Change::Insert(_, new) => {
                    moved.0.entry(name.to_owned()).or_default().push((at, new.len()));
                    lines.splice(at - 1..at - 1, new.iter().cloned());
                }
            }
        }
        texts.push((name.to_owned(), lines.join("\n") + "\n"));
    }
    Ok(texts)
}
