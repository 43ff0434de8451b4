//! `cargo xtask oracle lint`: does `lint` find what we know is wrong?
//!
//! Faults are planted in a copy of a real tree, one kind for each rule, at sites that a seed chooses.
//! A fault is one by construction, from the text alone: our own models and solver have no part in
//! choosing it. All faults of a rule are planted in one copy and must be found on their very lines;
//! what is found without faults is known before.

mod faults;
mod gating;
mod guards;
mod kconfig;
mod text;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::kconfig::perturb::Numbers;
use crate::kernel;
use crate::process::{command, output, run};
use faults::{FAULTS, Fault, Planted};
use text::Files;

/// Sites of each rule.
const SITES: usize = 30;

/// The part of all faults of a rule that must be found, in percent.
const ENOUGH: usize = 95;

/// A finding as `--format json` has it.
type Place = (String, u64);

/// Plants and looks, for these rules or all.
pub fn prove(only: &[String], tree: &Path, ours: &Path, save: bool) -> Result<()> {
    let copy = kernel::cache()?.join("mutants");
    let mut report = String::new();
    let mut failed = Vec::new();
    let files = Files::read(tree)?;
    let asked = |fault: &&Fault| only.is_empty() || only.iter().any(|rule| rule == fault.rule);
    for fault in FAULTS.iter().filter(asked) {
        let before = findings(ours, tree, fault)?;
        let mut numbers = Numbers::new(0x11d7);
        let planted = (fault.plant)(&files, &mut numbers, SITES);
        let found = if fault.one_at_a_time {
            let mut found = Vec::new();
            for one in &planted {
                found.push(look(ours, tree, &copy, fault, std::slice::from_ref(one), &before)?[0]);
            }
            found
        } else {
            look(ours, tree, &copy, fault, &planted, &before)?
        };
        let count = found.iter().filter(|found| **found).count();
        let line = format!("| {} | {} | {count} |\n", fault.rule, planted.len());
        eprintln!("xtask: oracle: lint: {}: {count} of {} found", fault.rule, planted.len());
        report += &line;
        for (planted, _) in planted.iter().zip(&found).filter(|(_, found)| !**found) {
            let missed = format!("{}:{} {}", planted.file, planted.line, planted.what);
            eprintln!("xtask:   missed {missed}");
            let _ = writeln!(report, "| | missed: `{missed}` | |");
        }
        if planted.len() < SITES || count * 100 < planted.len() * ENOUGH {
            failed.push(fault.rule);
        }
    }
    let _ = fs::remove_dir_all(&copy);
    if save {
        let version = kernel::version(tree)?;
        let rules: Vec<String> = only.iter().map(|rule| format!(" --rule {rule}")).collect();
        let rules = rules.concat();
        let text = format!(
            "# Faults that lint must find\n\n\
             Made by `cargo xtask oracle lint --save{rules}` on Linux {version}: into a copy of the tree, up to \
             {SITES} faults of each rule are planted, at sites chosen by a seed and wrong by \
             construction; found is what is reported on the very line, and not without the fault.\n\n\
             | rule | planted | found |\n|---|---:|---:|\n{report}"
        );
        fs::write(Path::new("reports/lint-mutation.md"), text)?;
    }
    ensure!(failed.is_empty(), "too little was found of {}", failed.join(", "));
    Ok(())
}

/// Plants faults in a copy of the tree; which of them are found.
fn look(
    ours: &Path,
    tree: &Path,
    copy: &Path,
    fault: &Fault,
    planted: &[Planted],
    before: &BTreeSet<Place>,
) -> Result<Vec<bool>> {
    let _ = fs::remove_dir_all(copy);
    // Of links: what is planted replaces the file, never its bytes.
    run(command("cp").args(["-rl", "--"]).arg(tree).arg(copy))?;
    let mut moved = text::Moved::default();
    for (name, text) in text::edited(tree, planted, &mut moved)? {
        let path = copy.join(&name);
        fs::remove_file(&path).with_context(|| name.clone())?;
        fs::write(&path, text).with_context(|| name.clone())?;
    }
    let after = findings(ours, copy, fault)?;
    Ok(planted
        .iter()
        .map(|planted| {
            let line = moved.line(planted);
            let is_new = !before.contains(&(planted.file.clone(), planted.line as u64));
            after.contains(&(planted.file.clone(), line)) && (is_new || line != planted.line as u64)
        })
        .collect())
}

/// Where the rule finds something.
fn findings(ours: &Path, tree: &Path, fault: &Fault) -> Result<BTreeSet<Place>> {
    let text = output(
        command(ours)
            .args(["lint", "--deny", "never", "--format", "json", "--rule", fault.rule, "-C"])
            .arg(tree),
    )?;
    let json: serde_json::Value = serde_json::from_str(&text).context("lint's JSON")?;
    let Some(findings) = json["findings"].as_array() else { bail!("no findings in lint's JSON") };
    Ok(findings
        .iter()
        .filter_map(|f| Some((f["file"].as_str()?.to_owned(), f["line"].as_u64()?)))
        .collect())
}
