//! `hmmsize build` from end to end, on the small Kbuild-shaped tree in `fixtures/tree` with real
//! make, compilers and linkers: what it measures, what it says of what goes wrong, and that nothing
//! half-done is ever taken for a result.

mod support;

#[path = "build/distcc.rs"]
mod distcc;
#[path = "build/failures.rs"]
mod failures;
#[path = "build/flips.rs"]
mod flips;
#[path = "build/interrupt.rs"]
mod interrupt;
#[path = "build/parts.rs"]
mod parts;
#[path = "build/results.rs"]
mod results;
#[path = "build/schema.rs"]
mod schema;
#[path = "build/series.rs"]
mod series;
#[path = "build/slurm.rs"]
mod slurm;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hmmsize::model::run::{Cell, Run, Status};
use support::{fixtures, have, hmmsize, scratch};

/// What makes `ZONE_DEVICE` reachable on `x86_64` in the small tree.
const REACHABLE: &str = "CONFIG_64BIT=y\nCONFIG_MMU=y\nCONFIG_SMP=y\nCONFIG_SPARSEMEM_MANUAL=y\n\
    CONFIG_SPARSEMEM_VMEMMAP=y\nCONFIG_MIGRATION=y\nCONFIG_MEMORY_HOTPLUG=y\n\
    CONFIG_MEMORY_HOTREMOVE=y\nCONFIG_TRANSPARENT_HUGEPAGE=y\nCONFIG_RUNTIME_TESTING_MENU=y\n";

/// A place for one test: an output directory, a cache, and a fragment.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// `None` where make or the native compiler is missing.
    fn new() -> Option<Self> {
        if !(have("make") && have("gcc") && have("ld")) {
            return None;
        }
        let dir = scratch();
        fs::write(dir.path().join("reach.config"), REACHABLE).unwrap();
        Some(Self { dir })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn out(&self) -> PathBuf {
        self.path("out")
    }

    /// `hmmsize build` on the small tree, `x86_64`, tinyconfig, with these further words.
    fn command(&self, words: &[&str]) -> Command {
        self.command_in(&fixtures("tree"), words)
    }

    fn command_in(&self, tree: &Path, words: &[&str]) -> Command {
        let mut command = hmmsize();
        command.env("XDG_CACHE_HOME", self.path("cache")).env_remove("MAKEFLAGS");
        command.args(["build", "-C"]).arg(tree);
        command.arg(format!("O={}", self.out().display()));
        if !words.iter().any(|word| word.starts_with("--arch") || word.starts_with("--matrix")) {
            command.arg("--arch=x86_64");
        }
        command.arg("--base-config=tinyconfig");
        command.arg(format!("--fragment={}", self.path("reach.config").display()));
        command.args(words);
        command
    }

    fn build(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs, expects this exit code, and reads `run.json`.
    fn run(&self, code: i32, words: &[&str]) -> Run {
        let output = self.build(words);
        assert_eq!(output.status.code(), Some(code), "{words:?}\n{}", said(&output));
        self.result()
    }

    fn result(&self) -> Run {
        let text = fs::read_to_string(self.out().join("run.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

fn cell<'a>(run: &'a Run, variant: &str) -> &'a Cell {
    let found = run.cells.iter().find(|cell| cell.variant == variant);
    found.unwrap_or_else(|| panic!("no {variant} in {:?}", ids(run)))
}

fn ids(run: &Run) -> Vec<&str> {
    run.cells.iter().map(|cell| cell.id.as_str()).collect()
}

fn is_failed(cell: &Cell, part: &str) -> bool {
    matches!(&cell.status, Status::Failed { reason } if reason.contains(part))
}

/// Every file of a tree with its contents and time of modification.
fn snapshot(tree: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let mut files = BTreeMap::new();
    let mut dirs = vec![tree.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let (path, meta) = (entry.path(), entry.metadata().unwrap());
            if meta.is_dir() {
                dirs.push(path.clone());
            }
            let bytes = if meta.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            files.insert(path, (bytes, meta.modified().unwrap()));
        }
    }
    files
}
