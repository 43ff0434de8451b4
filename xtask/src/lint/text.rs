//! The tree's files as text, what is planted in them, and where lines are afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ignore::WalkBuilder;

use super::faults::{Change, Planted};

/// Kconfig files, makefiles, and C files outside of arch/, by name.
pub struct Files {
    /// Name and lines.
    pub kconfig: Vec<(String, Vec<String>)>,
    /// Name and lines.
    pub source: Vec<(String, Vec<String>)>,
    /// The headers of include/linux and include/net, name and lines.
    pub headers: Vec<(String, Vec<String>)>,
    /// Name and lines.
    pub makefiles: Vec<(String, Vec<String>)>,
}

impl Files {
    /// Reads a tree. What is not UTF-8 is left out.
    pub fn read(tree: &Path) -> Result<Self> {
        let mut files = Self {
            kconfig: Vec::new(),
            source: Vec::new(),
            headers: Vec::new(),
            makefiles: Vec::new(),
        };
        let mut walk = WalkBuilder::new(tree);
        walk.standard_filters(false).sort_by_file_name(Ord::cmp);
        for entry in walk.build() {
            let entry = entry?;
            let Some(name) = entry.path().strip_prefix(tree)?.to_str() else { continue };
            let is_kernel = !["scripts/", "tools/", "Documentation/", "samples/", "arch/"]
                .iter()
                .any(|dir| name.starts_with(dir));
            if !is_kernel || !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let base = name.rsplit('/').next().unwrap_or(name);
            let list = if base.starts_with("Kconfig") {
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
        Ok(files)
    }
}

/// How lines moved.
#[derive(Default)]
pub struct Moved(BTreeMap<String, Vec<(usize, usize)>>);

impl Moved {
    /// The line where something planted stands in the end.
    pub fn line(&self, planted: &Planted) -> u64 {
        let before = self.0.get(&planted.file).into_iter().flatten();
        let shift: usize =
            before.filter(|(at, _)| *at < planted.at()).map(|(_, lines)| lines).sum();
        (planted.line + shift) as u64
    }
}

/// The texts of all files that something is planted in.
pub fn edited(
    tree: &Path,
    planted: &[Planted],
    moved: &mut Moved,
) -> Result<Vec<(String, String)>> {
    let mut by_file: BTreeMap<&str, Vec<&Planted>> = BTreeMap::new();
    for one in planted {
        by_file.entry(&one.file).or_default().push(one);
    }
    let mut texts = Vec::new();
    for (name, mut list) in by_file {
        let text = fs::read_to_string(tree.join(name)).with_context(|| name.to_owned())?;
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        // From the end, so that line numbers stay what they are.
        list.sort_by_key(|planted| std::cmp::Reverse(planted.at()));
        for planted in list {
            let at = planted.at();
            match &planted.change {
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
