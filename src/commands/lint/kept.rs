//! The index of a revision's files, which is kept: of a revision that is asked about for the first time,
//! only what differs from one that is known is read.

use std::path::{Path, PathBuf};

use super::reach::Patch;
use crate::commands::output;
use crate::exit::Result;
use crate::kbuild::git::Repo;
use crate::kbuild::process::Runner;
use crate::kbuild::source;
use crate::source::guards::index::Index;

/// The version of what is kept.
const VERSION: u32 = 2;
/// As many revisions are remembered.
const KEPT: usize = 16;
/// So many of them are compared with a new one.
const COMPARED: usize = 4;
/// Where more files differ than that, all are read.
const MAX_DIFFERENT: usize = 8_000;

/// The index of the tree before the patch, which was `tree_hash`: what is kept, or read now and kept.
pub fn index(patch: &Patch<'_>, tree_hash: &str) -> Result<Index> {
    let file = place(tree_hash);
    if let Some(index) = file.as_deref().and_then(read) {
        return Ok(index);
    }
    let near = match &file {
        Some(file) => near(patch, file, tree_hash)?,
        None => None,
    };
    let index = match near {
        Some(index) => index,
        None => Index::read(&[patch.overlay, patch.dir])?,
    };
    let new = patch.changed.iter().filter(|one| !one.was_there).map(|one| &*one.path);
    let index = index.with(&[patch.overlay], &new.collect::<Vec<_>>());
    // Where nothing can be kept, it is read again the next time.
    if let Some(file) = file {
        let made = file.parent().map(std::fs::create_dir_all);
        if matches!(made, Some(Ok(()))) {
            drop(output::write(Some(&file.to_string_lossy()), index.to_text()));
            for (_, path) in aged(&file).into_iter().skip(KEPT) {
                // Another run may have been faster.
                drop(std::fs::remove_file(path));
            }
        }
    }
    Ok(index)
}

/// The index, made of that of another revision and the files that differ from it.
fn near(patch: &Patch<'_>, file: &Path, tree_hash: &str) -> Result<Option<Index>> {
    let runner = Runner::quiet();
    let repo = Repo { dir: patch.dir, runner: &runner };
    let ending = file.extension().unwrap_or_default();
    let others = aged(file).into_iter().filter(|(_, path)| path.extension() == Some(ending));
    for (_, other) in others.take(COMPARED) {
        let Some(hash) = other.file_stem().and_then(|stem| stem.to_str()) else { continue };
        // Another tree's may be kept beside it.
        let Some(names) = repo.between(hash, tree_hash)? else { continue };
        if names.len() > MAX_DIFFERENT {
            continue;
        }
        let Some(index) = read(&other) else { continue };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return Ok(Some(index.with(&[patch.overlay, patch.dir], &names)));
    }
    Ok(None)
}

fn read(file: &Path) -> Option<Index> {
    std::fs::read_to_string(file).ok().and_then(|text| Index::from_text(&text))
}

/// What is kept beside `file`, the newest first.
fn aged(file: &Path) -> Vec<(std::cmp::Reverse<std::time::SystemTime>, PathBuf)> {
    let Some(entries) = file.parent().and_then(|dir| std::fs::read_dir(dir).ok()) else {
        return Vec::new();
    };
    let aged = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        let ending = path.extension().unwrap_or_default().as_encoded_bytes();
        let when = entry.metadata().and_then(|meta| meta.modified()).ok();
        let when = when.filter(|_| ending.starts_with(b"index"))?;
        Some((std::cmp::Reverse(when), path))
    });
    let mut aged: Vec<_> = aged.collect();
    aged.sort();
    aged
}

fn place(tree_hash: &str) -> Option<PathBuf> {
    let dir = source::cache_dir().ok()?.join("lint");
    Some(dir.join(format!("{tree_hash}.index{VERSION}")))
}
