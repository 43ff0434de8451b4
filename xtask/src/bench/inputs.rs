//! What `cargo xtask bench --check` counts on: made anew for each run in one directory, so that command
//! lines are short and the same on every machine.
//!
//! Real inputs are links to what is in the cache. What is made here is made of the repository's fixtures
//! and reports only: the small tree, built and under git, and a run of a thousand cells.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::process::{command, output};
use crate::{debs, kernel};

/// Something that a command line needs, and that may be another one elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// `linux`: the source tree.
    Linux,
    /// `generic` and `cloud`: Debian's two kernels.
    Debian,
    /// `tree`: the small tree, under git, with a change that is not committed.
    Tree,
    /// `small`: `tree`, built with and without an option.
    Small,
    /// `many.json`: a run of a thousand cells; `part-0.json` to `part-9.json`: the same in parts.
    Many,
}

/// All inputs, with the names they have in the baseline.
pub const INPUTS: &[(Input, &str)] = &[
    (Input::Linux, "linux"),
    (Input::Debian, "debian"),
    (Input::Tree, "tree"),
    (Input::Small, "small"),
    (Input::Many, "many"),
];

/// What the options of [`BUILD`] need in the small tree.
const REACHABLE: &str = "CONFIG_64BIT=y\nCONFIG_MMU=y\nCONFIG_SMP=y\nCONFIG_SPARSEMEM_MANUAL=y\n\
    CONFIG_SPARSEMEM_VMEMMAP=y\nCONFIG_MIGRATION=y\nCONFIG_MEMORY_HOTPLUG=y\n\
    CONFIG_MEMORY_HOTREMOVE=y\nCONFIG_TRANSPARENT_HUGEPAGE=y\nCONFIG_RUNTIME_TESTING_MENU=y\n";
const BUILD: &str = "build -q -C tree --arch x86_64 --base-config tinyconfig \
    --fragment reach.config --option ZONE_DEVICE,DEVICE_PRIVATE,HMM O=small";
/// The change that `lint --diff` is asked about: a file, and what is added to it.
const PATCH: (&str, &str) = (
    "mm/Kconfig",
    "\nconfig HMMSIZE_BENCH\n\tbool \"bench\"\n\tdepends on ZONE_DEVICE && ZONE_DEVICE\n",
);
/// The run that is multiplied.
const RUN: &str = "reports/demo-vmlinux.json";
const CELLS: usize = 1000;
const PARTS: usize = 10;

/// The first line of what a program says to `--version`.
///
/// # Errors
///
/// When it cannot be started, or fails.
pub fn version(program: &str) -> Result<String> {
    let said = output(command(program).arg("--version"))?;
    Ok(said.lines().next().unwrap_or_default().to_owned())
}

/// Makes all inputs in `dir`, which is emptied first, with `program`; what each was made of, by name.
///
/// # Errors
///
/// When something cannot be fetched, written or built.
pub fn make(dir: &Path, program: &Path, linux: &Path) -> Result<Map<String, Value>> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| dir.display().to_string())?;
    }
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let mut made = Map::new();
    symlink(linux, dir.join("linux"))?;
    made.insert("linux".to_owned(), json!(kernel::version(linux)?));
    let mut kernels = Vec::new();
    for (name, file) in ["generic", "cloud"].into_iter().zip(debs::vmlinux_pair()?) {
        symlink(&file, dir.join(name))?;
        let bytes = fs::metadata(&file)?.len();
        kernels.push(format!("{}, {bytes} bytes", file_name(&file)));
    }
    made.insert("debian".to_owned(), json!(kernels.join("; ")));
    let tree = small_tree(dir, program)?;
    let small = format!("{tree}, {}, {}", version("gcc")?, version("ld")?);
    made.insert("tree".to_owned(), json!(tree));
    made.insert("small".to_owned(), json!(small));
    let text = fs::read_to_string(crate::root().join(RUN)).context(RUN)?;
    let run: Value = serde_json::from_str(&text).context(RUN)?;
    let whole = multiplied(&run)?;
    fs::write(dir.join("many.json"), serde_json::to_string_pretty(&whole)?)?;
    for (at, part) in parts(&whole)?.iter().enumerate() {
        fs::write(dir.join(format!("part-{at}.json")), serde_json::to_string_pretty(part)?)?;
    }
    made.insert("many".to_owned(), json!(format!("{RUN}, {} bytes", text.len())));
    Ok(made)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Copies the small tree, commits and builds it, and changes it; the digest of the copy.
fn small_tree(dir: &Path, program: &Path) -> Result<String> {
    let tree = dir.join("tree");
    output(command("cp").arg("-r").arg(crate::root().join("fixtures/tree")).arg(&tree))?;
    fs::write(dir.join("reach.config"), REACHABLE)?;
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=xtask", "-c", "user.email=xtask@invalid"];
        let date = "2026-01-01T00:00:00Z";
        let dates = [("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)];
        let mut made = command("git");
        output(made.arg("-C").arg(&tree).args(identity).args(words).envs(dates))
    };
    git(&["init", "-q", "-b", "main"])?;
    git(&["add", "-A", "-f"])?;
    git(&["commit", "-q", "-m", "before"])?;
    let digest = git(&["rev-parse", "HEAD^{tree}"])?.trim().to_owned();
    let mut build = command(program);
    let cache = ("HMMSIZE_CACHE", dir.join("build-cache"));
    output(build.current_dir(dir).args(BUILD.split_whitespace()).envs([cache]))?;
    let (file, more) = PATCH;
    let path = tree.join(file);
    fs::write(&path, fs::read_to_string(&path)? + more)?;
    Ok(digest)
}

/// A run with [`CELLS`] cells: those of `run` again and again, as if they were of further sources that
/// grow by some bytes each.
fn multiplied(run: &Value) -> Result<Value> {
    let cells = run["cells"].as_array().context("cells")?;
    ensure!(!cells.is_empty(), "{RUN} has no cells");
    let mut many = Vec::new();
    for at in 0..CELLS {
        let (cell, round) = (&cells[at % cells.len()], at / cells.len());
        let label = cell["source"]["label"].as_str().context("label")?;
        let digest = cell["source"]["digest"].as_str().context("digest")?;
        // Paths and names follow; digests must differ, or the cells would be proven equal.
        let text = cell.to_string().replace(label, &format!("rev-{round:03}"));
        let mut cell: Value = serde_json::from_str(&text)?;
        cell["source"]["digest"] = json!(format!("{round:04x}{}", &digest[4..]));
        if let Some(identity) = cell["identity"].as_str() {
            cell["identity"] = json!(format!("{round:04x}{}", &identity[4..]));
        }
        if let Some(text) = cell.pointer_mut("/measured/size/text") {
            *text = json!(text.as_u64().unwrap_or(0) + (at * 37 % 4096) as u64);
        }
        many.push(cell);
    }
    // In the order of a run: by architecture, then source and variant.
    many.sort_by_key(|cell| cell["arch"].as_str().unwrap_or_default().to_owned());
    let mut whole = run.clone();
    whole["cells"] = json!(many);
    whole["baseline_source"] = json!("rev-000");
    Ok(whole)
}

/// The same in [`PARTS`] parts.
fn parts(whole: &Value) -> Result<Vec<Value>> {
    let cells = whole["cells"].as_array().context("cells")?;
    let ids: Vec<&Value> = cells.iter().map(|cell| &cell["id"]).collect();
    let part = |at: usize| {
        let mut part = whole.clone();
        part["part_of"] = json!({ "digest": "0".repeat(64), "cells": ids });
        part["cells"] = cells.iter().skip(at).step_by(PARTS).cloned().collect();
        part
    };
    Ok((0..PARTS).map(part).collect())
}

/// Where the inputs are.
///
/// # Errors
///
/// When there is no cache directory.
pub fn place() -> Result<PathBuf> {
    Ok(kernel::cache()?.join("instructions"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_multiplied_and_dealt_out() {
        let text = fs::read_to_string(crate::root().join(RUN)).unwrap();
        let whole = multiplied(&serde_json::from_str(&text).unwrap()).unwrap();
        let ids = |run: &Value| -> Vec<String> {
            let cells = run["cells"].as_array().unwrap();
            cells.iter().map(|cell| cell["id"].as_str().unwrap().to_owned()).collect()
        };
        let mut all = ids(&whole);
        assert_eq!(all.len(), CELLS);
        let mut dealt: Vec<String> = parts(&whole).unwrap().iter().flat_map(ids).collect();
        dealt.sort();
        all.sort();
        assert_eq!(dealt, all);
        all.dedup();
        assert_eq!(all.len(), CELLS, "every cell has a name of its own");
    }
}
