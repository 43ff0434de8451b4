//! Runs a micro-case with a real `conf`.
//!
//! `cargo xtask setup` leaves the `conf` of two trees in the cache. Both programs work in the
//! directory of the tree, a new one for every run, with nothing in the environment but what the case
//! says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::case::{Case, Claim, Run, What};

/// What a run left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code.
    pub code: Option<i32>,
    /// The `.config`, or with savedefconfig the `defconfig`, if one was written.
    pub config: Option<Vec<u8>>,
    /// Standard output, without the words that all is well.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The `conf` programs in the cache: `6.1` and `6.12`, and others that the user had built. The
/// newest of each.
pub fn programs() -> BTreeMap<String, PathBuf> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = var("HMMSIZE_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").map(|dir| dir.join("hmmsize")))
        .or_else(|| var("HOME").map(|dir| dir.join(".cache/hmmsize")));
    let mut found = BTreeMap::<String, (std::time::SystemTime, PathBuf)>::new();
    let entries = cache.and_then(|cache| fs::read_dir(cache.join("kconf")).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let version: Vec<&str> = name.split(['.', '-']).take(2).collect();
        let conf = entry.path().join("conf");
        let Ok(built) = conf.metadata().and_then(|meta| meta.modified()) else { continue };
        let place = found.entry(version.join(".")).or_insert((built, conf.clone()));
        if built > place.0 {
            *place = (built, conf);
        }
    }
    found.into_iter().map(|(version, (_, conf))| (version, conf)).collect()
}

/// Writes the tree of `case` and the `.config` of `run` into `dir`.
pub fn prepare(case: &Case, run: &Run, dir: &Path) {
    for (name, bytes) in &case.files {
        let file = dir.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    if let Some(config) = &run.config {
        fs::write(dir.join(".config"), config).unwrap();
    }
}

/// A command that works in `dir` and sees only what the case says.
pub fn command(program: &Path, run: &Run, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("LC_ALL", "C").env("srctree", dir);
    command.envs(run.env.iter().map(|(key, value)| (key, value)));
    command
}

/// Runs `conf` as scripts/kconfig/Makefile does.
pub fn conf(program: &Path, case: &Case, run: &Run) -> Outcome {
    let dir = super::support::scratch();
    prepare(case, run, dir.path());
    let mut command = command(program, run, dir.path());
    if run.target == "savedefconfig" {
        command.arg("--savedefconfig=defconfig");
    } else {
        command.arg(format!("--{}", run.target));
    }
    let output = command.arg("Kconfig").output().unwrap();
    outcome(&output, run, dir.path())
}

/// What is there after a run.
pub fn outcome(output: &Output, run: &Run, dir: &Path) -> Outcome {
    let file = if run.target == "savedefconfig" { "defconfig" } else { ".config" };
    let here = dir.to_string_lossy().into_owned();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&here, "TREE");
    let mut stdout = text(&output.stdout);
    for done in ["configuration written to .config", "No change to .config"] {
        stdout = stdout.replace(&format!("#\n# {done}\n#\n"), "");
    }
    Outcome {
        code: output.status.code(),
        config: fs::read(dir.join(file)).ok(),
        stdout,
        stderr: text(&output.stderr),
    }
}

/// Which claims `conf` does not confirm.
pub fn refuted(claims: &[Claim], version: &str, outcome: &Outcome) -> Vec<String> {
    let config = outcome.config.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let about = |line: &str, symbol: &str| {
        let rest = line.strip_prefix("# ").unwrap_or(line).strip_prefix(symbol);
        rest.is_some_and(|rest| rest.starts_with(['=', ' ']))
    };
    let holds = |what: &What| match what {
        What::Line(line) => config.lines().any(|found| found == line),
        What::No(symbol) => !config.lines().any(|line| about(line, symbol)),
        What::Says(text) => outcome.stdout.contains(text) || outcome.stderr.contains(text),
        What::Exit(code) => outcome.code == Some(*code),
    };
    claims
        .iter()
        .filter(|claim| claim.version.as_deref().is_none_or(|only| only == version))
        .filter(|claim| !holds(&claim.what))
        .map(|claim| format!("{:?}", claim.what))
        .collect()
}
