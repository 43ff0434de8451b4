//! A plan as text, for `--dry-run`: the very command lines that the runner starts.

use super::configure::{self, Step};
use super::outputs;
use super::plan::{CellPlan, Plan};
use super::process::quote;
use super::source::{Origin, Source};
use crate::model::planned::{Planned, PlannedCell};
use crate::model::run::Target;
use crate::model::words::Assignment;

/// Describes the cells in the order in which they run.
pub fn describe(plan: &Plan) -> Planned {
    let env = plan.cells.iter().find_map(|cell| cell.toolchain.as_ref().ok()).map(|t| &t.env);
    let word = |(key, value): (&std::ffi::OsString, &std::ffi::OsString)| {
        let value = quote(&value.to_string_lossy());
        format!("{}={value}", key.to_string_lossy())
    };
    Planned {
        out: plan.out.display().to_string(),
        jobs: plan.jobs,
        target: plan.cells.first().map_or_else(String::new, |cell| target(&cell.target)),
        env: env.into_iter().flatten().map(word).collect(),
        notes: plan.notes.clone(),
        cells: plan.rounds().into_iter().flatten().map(|cell| one(plan, cell)).collect(),
    }
}

/// `vmlinux`, `image`, `modules`, `scope mm/`.
fn target(target: &Target) -> String {
    match target {
        Target::Vmlinux => "vmlinux".to_owned(),
        Target::Image => "image".to_owned(),
        Target::Modules => "modules".to_owned(),
        Target::Scope(path) => format!("scope {path}"),
    }
}

fn one(plan: &Plan, cell: &CellPlan) -> PlannedCell {
    let mut facts = vec![("source", source(&cell.source))];
    match &cell.toolchain {
        Ok(toolchain) => {
            let ccache = match (&toolchain.ccache, &toolchain.distcc) {
                (Some(_), None) => ", through ccache",
                (Some(_), Some(_)) => ", through ccache and distcc",
                (None, Some(_)) => ", through distcc",
                (None, None) => "",
            };
            facts.push(("compiler", format!("{}{ccache}", toolchain.compiler)));
            facts.push(("linker", toolchain.linker.clone()));
        }
        Err(missing) => {
            let install = missing.package.as_ref();
            let install = install.map_or(String::new(), |p| format!(" (apt-get install {p})"));
            facts.push(("skipped", format!("{}{install}", missing.reason)));
        }
    }
    let fragments = cell.fragments.iter().map(|fragment| format!(" + {}", fragment.name));
    facts.push(("base", format!("{}{}", cell.base.name(), fragments.collect::<String>())));
    if !cell.variant.requests.is_empty() {
        facts.push(("requests", list(&cell.variant.requests)));
    }
    if !cell.ours.is_empty() {
        facts.push(("ours", list(&cell.ours)));
    }
    if !cell.impossible.is_empty() {
        let reasons: Vec<String> =
            cell.impossible.iter().map(|(symbol, why)| format!("{symbol} ({why})")).collect();
        facts.push(("impossible", reasons.join(", ")));
    }
    if !cell.labels.is_empty() {
        facts.push(("labels", cell.labels.join(", ")));
    }
    PlannedCell {
        id: cell.id.clone(),
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        commands: commands(plan, cell).unwrap_or_default(),
    }
}

/// What would be run, each as words for a shell; `None` without a toolchain.
fn commands(plan: &Plan, cell: &CellPlan) -> Option<Vec<Vec<String>>> {
    let path = |path: &std::path::Path| quote(&path.display().to_string());
    let fixed = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let dot_config = path(&cell.build_dir.join(".config"));
    let mut out = vec![fixed(&["mkdir", "-p", &path(&cell.build_dir)])];
    let assignments = configure::assignments(cell);
    if !assignments.is_empty() {
        let mut words = fixed(&["printf", "'%s\\n'"]);
        words.extend(assignments.iter().map(|assignment| quote(&assignment.line())));
        words.push(">".to_owned());
        words.push(path(&cell.build_dir.join(configure::FRAGMENT)));
        out.push(words);
    }
    for step in configure::steps(cell) {
        out.push(match step {
            Step::Make(goals) => make(cell, None, &goals)?,
            Step::Copy(file) => fixed(&["cp", &path(&file), &dot_config]),
            Step::Merge => {
                let script = cell.source.tree.join("scripts/kconfig/merge_config.sh");
                let fragment = path(&cell.build_dir.join(configure::FRAGMENT));
                let dir = path(&cell.build_dir);
                fixed(&[&path(&script), "-m", "-O", &dir, &dot_config, &fragment])
            }
        });
    }
    let goals = outputs::goals(&cell.target, cell.arch.image);
    out.push(make(cell, Some(plan.jobs), &["prepare".to_owned()])?);
    out.push(make(cell, Some(plan.jobs), &goals)?);
    Some(out)
}

fn make(cell: &CellPlan, jobs: Option<usize>, goals: &[String]) -> Option<Vec<String>> {
    let goals: Vec<&str> = goals.iter().map(String::as_str).collect();
    let command = cell.make(&goals).ok()?;
    let mut words: Vec<String> =
        command.argv.iter().map(|word| quote(&word.to_string_lossy())).collect();
    if let Some(jobs) = jobs {
        words.insert(1, format!("-j{jobs}"));
    }
    Some(words)
}

fn source(source: &Source) -> String {
    let kernel = source.kernel.as_deref().unwrap_or("unknown version");
    let commit = source.revision.as_ref().map(|revision| {
        let dirty = if revision.dirty { " with uncommitted changes" } else { "" };
        format!(", {} (\"{}\"){dirty}", revision.abbrev, revision.subject)
    });
    let place = match &source.origin {
        Origin::Tree { .. } => source.tree.display().to_string(),
        Origin::Commit { repo, .. } => {
            format!("of {}, unpacked to {}", repo.display(), source.tree.display())
        }
        Origin::Tarball { file, .. } => {
            format!("{}, unpacked to {}", file.display(), source.tree.display())
        }
    };
    format!("Linux {kernel}{}, {place}", commit.unwrap_or_default())
}

fn list(assignments: &[Assignment]) -> String {
    assignments.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
