//! `cargo xtask oracle diff`: does `lint --diff` say what two whole runs say?
//!
//! Patches of every kind are made to a copy of a real tree that is a repository. For each, what `--diff`
//! prints is compared with the findings of a whole run that a whole run without the patch does not have:
//! whatever differs in code, place, words or architectures is a failure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::patches::{KINDS, Patch};
use super::text::Files;
use crate::kconfig::perturb::Numbers;
use crate::kernel;
use crate::measure;
use crate::process::{command, output};

/// As many sites are tried for a patch of a kind.
const TRIES: usize = 10_000;

/// What is asked for.
#[derive(Debug, Clone, clap::Args)]
pub struct Patches {
    /// diff: so many patches of each kind
    #[arg(long = "patches", value_name = "N", default_value_t = 1)]
    each: usize,
    /// diff: the seed that chooses them
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// diff: these architectures [default: all]
    #[arg(id = "lint_arch", long = "lint-arch", value_name = "ARCH")]
    arch: Option<String>,
}

/// By fingerprint, what is found.
type Findings = BTreeMap<String, String>;

/// Makes the patches and compares.
pub fn prove(scope: &Patches, tree: &Path, ours: &Path, save: bool) -> Result<()> {
    let copy = kernel::cache()?.join("patched");
    kernel::linked_copy(tree, &copy)?;
    let git = |args: &[&str]| {
        let mut made = command("git");
        let who = ["-c", "user.name=xtask", "-c", "user.email=xtask@invalid", "-c", "gc.auto=0"];
        output(made.arg("-C").arg(&copy).args(who).args(args)).map(drop)
    };
    git(&["init", "-q"])?;
    // Debian's tree ignores itself.
    git(&["add", "-A", "-f"])?;
    git(&["commit", "-q", "-m", "before"])?;
    let files = Files::read(tree)?;
    let arch = scope.arch.as_deref().map_or_else(Vec::new, |arch| vec!["--arch", arch]);
    let since = [&arch[..], &["--diff", "HEAD"]].concat();
    let (before, _) = findings(ours, &copy, &arch)?;
    let mut table = String::new();
    let (mut compared, mut wrong) = (0, Vec::new());
    for (kind, write) in KINDS {
        for number in 0..scope.each {
            let mut numbers = Numbers::new(scope.seed * 1000 + number as u64);
            let patch = (0..TRIES).find_map(|_| write(&files, &mut numbers));
            let patch = patch.with_context(|| format!("no site for a patch of a {kind}"))?;
            apply(&copy, &patch)?;
            // What git ignores it does not show; Debian's tree ignores what is new, too.
            git(&["add", "-A", "-f"])?;
            let (mut whole, _) = findings(ours, &copy, &arch)?;
            whole.retain(|fingerprint, _| !before.contains_key(fingerprint));
            // The first time the index of the revision is made.
            if compared == 0 {
                findings(ours, &copy, &since)?;
            }
            let (diff, time) = findings(ours, &copy, &since)?;
            compared += 1;
            let missing: Vec<_> = whole.iter().filter(|one| !contains(&diff, one)).collect();
            let extra: Vec<_> = diff.iter().filter(|one| !contains(&whole, one)).collect();
            let differences = missing.len() + extra.len();
            let what = &patch.what;
            eprintln!(
                "xtask: oracle: diff: {kind}: {what}: {} new, {differences} differences, {time:.1} s",
                whole.len()
            );
            let _ = writeln!(
                table,
                "| {kind} | `{what}` | {} | {differences} | {time:.1} |",
                whole.len()
            );
            for (said, list) in [("missing", missing), ("too much", extra)] {
                for (_, text) in list {
                    eprintln!("xtask:   {said}: {text}");
                }
            }
            if differences > 0 {
                wrong.push(patch.what);
            }
            git(&["reset", "-q", "--hard"])?;
        }
    }
    fs::remove_dir_all(&copy)?;
    if save {
        let version = kernel::version(tree)?;
        let arches = scope.arch.as_deref().unwrap_or("all architectures");
        let text = format!(
            "# `lint --diff` against two whole runs\n\n\
             Made by `cargo xtask oracle diff --patches {} --seed {} --save` on Linux {version}, {arches}: \
             patches as kernel developers write them, at sites that the seed chooses, in a copy that is a \
             repository. *new* is what a whole run finds with the patch and not without it; a difference is a finding \
             that only one of the two has, or has elsewhere, with other words or for other architectures. The time is \
             processor time of `--diff`, with the index of the revision kept.\n\n\
             | kind | patch | new | differences | seconds |\n|---|---|---:|---:|---:|\n{table}",
            scope.each, scope.seed
        );
        fs::write("reports/lint-diff.md", text)?;
    }
    ensure!(compared >= KINDS.len(), "only {compared} patches");
    ensure!(wrong.is_empty(), "{} of {compared} patches differ: {}", wrong.len(), wrong.join("; "));
    eprintln!("xtask: oracle: diff: {compared} patches, all as two whole runs");
    Ok(())
}

fn contains(findings: &Findings, (fingerprint, text): &(&String, &String)) -> bool {
    findings.get(*fingerprint) == Some(*text)
}

fn apply(copy: &Path, patch: &Patch) -> Result<()> {
    for (file, text) in &patch.files {
        match text {
            Some(text) => kernel::replace(&copy.join(file), text)?,
            None => fs::remove_file(copy.join(file)).with_context(|| file.clone())?,
        }
    }
    Ok(())
}

/// What a run finds, and its processor time in seconds.
fn findings(ours: &Path, tree: &Path, args: &[&str]) -> Result<(Findings, f64)> {
    let mut made = command(ours);
    made.args(["lint", "--deny", "never", "--format", "json", "-C"]).arg(tree).args(args);
    let (text, seconds) = measure::output_and_cpu(&mut made)?;
    let json: serde_json::Value = serde_json::from_slice(&text).context("lint's JSON")?;
    let one = |finding: &serde_json::Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let place = format!("{}:{}", text("file"), finding["line"]);
        let all = format!("{place}: {} [{}] {}", text("message"), text("code"), finding["arches"]);
        (text("fingerprint"), all)
    };
    let all = json["findings"].as_array().context("no findings in lint's JSON")?;
    Ok((all.iter().map(one).collect(), seconds))
}
