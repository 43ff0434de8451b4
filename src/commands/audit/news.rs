//! What is new in the source since an earlier one: the lines that can make a kernel larger in which the
//! option is off.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::causes::{Guards, Spots, Tag};
use crate::exit::Result;
use crate::kbuild::git::Repo;
use crate::kbuild::process::Runner;
use crate::model::audit::{Gate, Leak};
use crate::model::valuation::Valuation;
use crate::source::guards::{FileGuards, FileKind};
use crate::source::symbols::growth::Spot;

/// Where the earlier source is.
#[derive(Debug, Clone)]
pub enum Before {
    /// A directory.
    Tree(PathBuf),
    /// A commit of the repository that the tree is in.
    Commit(String),
}

impl Before {
    /// The text of a file; nothing where it was not there.
    fn text(&self, root: &Path, path: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Tree(dir) => Ok(std::fs::read(dir.join(path)).ok()),
            Self::Commit(commit) => {
                let runner = Runner::quiet();
                let repo = Repo { dir: root, runner: &runner };
                Ok(repo.show(commit, path)?.map(String::into_bytes))
            }
        }
    }
}

/// The new lines of the files that matter, as far as they are compiled with the configuration after.
pub fn spots(
    before: &Before,
    guards: Guards,
    root: &Path,
    is: &Valuation,
    options: &[String],
) -> Result<Spots> {
    let option = options.first().map_or("", String::as_str);
    let changed = match before {
        Before::Tree(_) => None,
        Before::Commit(commit) => {
            let runner = Runner::quiet();
            let repo = Repo { dir: root, runner: &runner };
            Some(repo.changed(commit)?)
        }
    };
    let mut spots: FxHashMap<String, Vec<Spot>> = FxHashMap::default();
    let mut tags: Vec<Tag> = Vec::new();
    let known: FxHashMap<&str, &FileGuards> =
        guards.tree.files.iter().map(|file| (&*file.path, file)).collect();
    for path in guards.headers.iter().chain(&guards.sources) {
        if changed.as_ref().is_some_and(|all| !all.iter().any(|one| one.path == *path)) {
            continue;
        }
        let Ok(text) = std::fs::read(root.join(path)) else { continue };
        let old = before.text(root, path)?;
        if old.as_ref() == Some(&text) {
            continue;
        }
        let guards = known.get(path.as_str()).copied();
        for (first, last) in added(&old.unwrap_or_default(), &text) {
            let gone = |line: u32| {
                guards.is_some_and(|file| is.get(file.presence_at(line), false) == Some(false))
            };
            for (first, last) in compiled(first, last, &gone) {
                let Some((spot, tag)) = leak(path, &text, (first, last), option) else { continue };
                let tag_number = tags.len() as u32;
                spots.entry(path.clone()).or_default().push(Spot { tag: tag_number, ..spot });
                tags.push(tag);
            }
        }
    }
    drop(known);
    Ok(guards.with(spots, tags))
}

/// Runs of lines, 1-based, that the new text has and the old has not.
fn added(old: &[u8], new: &[u8]) -> Vec<(u32, u32)> {
    let lines = |text: &'_ [u8]| -> Vec<Vec<u8>> {
        text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let (old, new) = (lines(old), lines(new));
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let grown = ops.iter().filter(|op| matches!(op.tag(), DiffTag::Insert | DiffTag::Replace));
    grown.map(|op| (op.new_range().start as u32 + 1, op.new_range().end as u32)).collect()
}

/// The parts of a run of lines that are not `gone`.
fn compiled(first: u32, last: u32, gone: &dyn Fn(u32) -> bool) -> Vec<(u32, u32)> {
    let mut out: Vec<(u32, u32)> = Vec::new();
    for line in (first..=last).filter(|line| !gone(*line)) {
        match out.last_mut() {
            Some((_, end)) if *end + 1 == line => *end = line,
            _ => out.push((line, line)),
        }
    }
    out
}

/// The leak that a run of lines is.
fn leak(path: &str, text: &[u8], (first, last): (u32, u32), option: &str) -> Option<(Spot, Tag)> {
    let mut start = 0;
    let mut shown: Option<(u32, String)> = None;
    let (mut from, mut to) = (0, 0);
    for (number, line) in (1u32..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        if number == first {
            from = start;
        }
        if (first..=last).contains(&number) {
            to = start + line.len();
            let said = String::from_utf8_lossy(line).trim().to_owned();
            // Directives, comments and braces leak nothing.
            let says = said.contains(|c: char| c.is_alphanumeric())
                && !said.starts_with(['#', '/', '*'])
                || said.starts_with("#define");
            if says && shown.is_none() {
                shown = Some((number, said));
            }
        }
        if number > last {
            break;
        }
        start += line.len();
    }
    let (line, said) = shown?;
    let inside = within_function(text, from);
    let guard = match FileKind::of(path) {
        Some(FileKind::C | FileKind::Header) if inside => {
            format!("if (IS_ENABLED(CONFIG_{option}))")
        }
        _ => format!("#ifdef CONFIG_{option}"),
    };
    let at =
        if first == last { format!("{path}:{first}") } else { format!("{path}:{first}-{last}") };
    let place = format!("{path}:{line}");
    let gate = Gate { kind: "new".to_owned(), place: place.clone(), text: said.clone() };
    let leak = Leak { place, text: said, guard, at };
    let spot = Spot { from: from as u32, to: to as u32, tag: 0 };
    Some((spot, Tag::leak(gate, leak)))
}

/// Whether a byte is in the body of a function.
fn within_function(text: &[u8], at: usize) -> bool {
    let all = crate::source::symbols::functions(text);
    all.iter().any(|f| f.is_defined() && (f.body.0 as usize) < at && at < f.body.1 as usize)
}
