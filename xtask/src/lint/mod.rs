//! `cargo xtask oracle lint`: does `lint` find what we know is wrong?
//!
//! Faults are planted in a copy of a real tree, one kind for each rule, at sites that a seed chooses.
//! A fault is one by construction, from the text alone: our own models and solver have no part in
//! choosing it. Faults that have nothing to do with each other are planted in one copy and must be found
//! on their very lines; what is found without faults is known before.

mod builds;
pub mod difference;
mod faults;
mod fresh;
mod gating;
mod guards;
mod kconfig;
mod patches;
mod text;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::kconfig::perturb::Numbers;
use crate::kernel;
use crate::process::{command, output};
use builds::KCONFIG;
use faults::{FAULTS, Fault, Group, Planted, Shown};
use text::Files;

/// Sites of each rule.
const SITES: usize = 30;

/// The part of all faults of a rule that must be found, in percent.
const ENOUGH: usize = 95;

/// A finding as `--format json` has it.
struct Finding {
    rule: String,
    file: String,
    line: u64,
    message: String,
    /// File and line of each fact of its proof.
    proof: Vec<(String, u64)>,
}

/// Plants and looks, for these rules or all.
pub fn prove(only: &[String], tree: &Path, ours: &Path, save: bool) -> Result<()> {
    let copy = kernel::cache()?.join("mutants");
    let mut report = String::new();
    let mut failed = Vec::new();
    let files = Files::read(tree)?;
    let asked = |fault: &&Fault| only.is_empty() || only.iter().any(|rule| rule == fault.rule);
    let asked: Vec<&Fault> = FAULTS.iter().filter(asked).collect();
    let rules: Vec<&str> = asked.iter().map(|fault| fault.rule).collect();
    let before = findings(ours, tree, &rules)?;
    let mut results: Vec<(&Fault, Vec<(Planted, bool)>)> = Vec::new();
    for (at, first) in asked.iter().enumerate() {
        if results.iter().any(|(fault, _)| fault.rule == first.rule) {
            continue;
        }
        let together = !matches!(first.group, Group::Own | Group::Single);
        let group = asked[at..]
            .iter()
            .filter(|other| other.rule == first.rule || (together && other.group == first.group));
        let planted = plant(&files, group.copied());
        let all: Vec<(&Fault, Planted)> = planted
            .iter()
            .flat_map(|(fault, planted)| planted.iter().map(|one| (*fault, one.clone())))
            .collect();
        let copies = if first.group == Group::Single { 1 } else { all.len().max(1) };
        let mut found = Vec::new();
        for all in all.chunks(copies) {
            found.extend(look(ours, tree, &copy, all, &before)?);
        }
        let mut found = all.into_iter().map(|(_, planted)| planted).zip(found);
        for (fault, planted) in planted {
            results.push((fault, found.by_ref().take(planted.len()).collect()));
        }
    }
    for fault in asked {
        let Some((_, planted)) = results.iter().find(|(one, _)| one.rule == fault.rule) else {
            continue;
        };
        let count = planted.iter().filter(|(_, found)| *found).count();
        let _ = writeln!(report, "| {} | {} | {count} |", fault.rule, planted.len());
        eprintln!("xtask: oracle: lint: {}: {count} of {} found", fault.rule, planted.len());
        for (planted, _) in planted.iter().filter(|(_, found)| !found) {
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
             construction; found is what is reported on the very line, and not without the fault. A recursive \
             dependency is a circle: `conf` reports it at one of its options, and found is what has the planted \
             line among the hops that it shows.\n\n\
             | rule | planted | found |\n|---|---:|---:|\n{report}"
        );
        fs::write(Path::new("reports/lint-mutation.md"), text)?;
    }
    ensure!(failed.is_empty(), "too little was found of {}", failed.join(", "));
    Ok(())
}

/// Sites for each rule of a group, none in a file that another one has.
fn plant<'f>(
    files: &Files,
    group: impl Iterator<Item = &'f Fault>,
) -> Vec<(&'f Fault, Vec<Planted>)> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut all = Vec::new();
    for fault in group {
        let mut numbers = Numbers::new(0x11d7);
        let mut planted = Vec::new();
        for one in (fault.plant)(files, &mut numbers, usize::MAX) {
            let others = one.also.iter().map(|(file, _)| file).filter(|file| *file != KCONFIG);
            let touched: Vec<String> = others.chain([&one.file]).cloned().collect();
            if planted.len() < SITES && !touched.iter().any(|file| taken.contains(file)) {
                taken.extend(touched);
                planted.push(one);
            }
        }
        all.push((fault, planted));
    }
    all
}

/// Plants faults in a copy of the tree; which of them are found.
fn look(
    ours: &Path,
    tree: &Path,
    copy: &Path,
    planted: &[(&Fault, Planted)],
    before: &[Finding],
) -> Result<Vec<bool>> {
    kernel::linked_copy(tree, copy)?;
    let mut moved = text::Moved::default();
    let changes: Vec<Planted> = planted.iter().map(|(_, one)| one.clone()).collect();
    for (name, text) in text::edited(tree, &changes, &mut moved)? {
        kernel::replace(&copy.join(&name), &text)?;
    }
    let mut rules: Vec<&str> = planted.iter().map(|(fault, _)| fault.rule).collect();
    rules.dedup();
    let after = findings(ours, copy, &rules)?;
    Ok(planted
        .iter()
        .map(|(fault, one)| is_found(fault, one, moved.line(one), before, &after))
        .collect())
}

/// Whether a finding is about what was planted at `line`, and was not there before. A finding may stand in
/// the very file, with the same words, about something else: then there is one more of them.
fn is_found(
    fault: &Fault,
    planted: &Planted,
    line: u64,
    before: &[Finding],
    after: &[Finding],
) -> bool {
    let is_there = |finding: &&Finding| {
        // A circle has no first line: `conf` names one of its options, and every hop is shown.
        let at = |(file, at): (&str, u64)| file == planted.file && at == line;
        let mut shown = finding.proof.iter().map(|(file, line)| (&**file, *line));
        finding.rule == fault.rule
            && match fault.shown {
                Shown::Line => at((&finding.file, finding.line)),
                Shown::Hop => shown.any(at),
            }
    };
    let count = |findings: &[Finding], one: &Finding| {
        let same = |other: &&Finding| {
            (&other.rule, &other.file, &other.message) == (&one.rule, &one.file, &one.message)
        };
        findings.iter().filter(same).count()
    };
    after.iter().filter(is_there).any(|one| count(after, one) > count(before, one))
}

/// What these rules find.
fn findings(ours: &Path, tree: &Path, rules: &[&str]) -> Result<Vec<Finding>> {
    let mut lint = command(ours);
    lint.args(["lint", "--deny", "never", "--format", "json", "-C"]).arg(tree);
    for rule in rules {
        lint.args(["--rule", rule]);
    }
    let text = output(&mut lint)?;
    let json: serde_json::Value = serde_json::from_str(&text).context("lint's JSON")?;
    let Some(findings) = json["findings"].as_array() else { bail!("no findings in lint's JSON") };
    let text = |f: &serde_json::Value, key: &str| f[key].as_str().map(str::to_owned);
    let place = |f: &serde_json::Value| Some((text(f, "file")?, f["line"].as_u64()?));
    let finding = |f: &serde_json::Value| {
        let (file, line) = place(f)?;
        let proof = f["proof"].as_array().into_iter().flatten().filter_map(place).collect();
        Some(Finding { rule: text(f, "rule")?, file, line, message: text(f, "message")?, proof })
    };
    Ok(findings.iter().filter_map(finding).collect())
}
