//! `hmmsize report`: reads what other commands wrote, as one page.
//!
//! What an input is, is told by what is in it and never by its name. The only other files that are
//! read are those that findings are about, below the tree that the user named.

use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{gate, json, output};
use crate::analyze::run;
use crate::cli::common::Common;
use crate::cli::report::{Report, ReportFormat};
use crate::exit::{At, Error, Exit, Result};
use crate::lint::Rule;
use crate::lint::rules::RULES;
use crate::model::finding::RuleInfo;
use crate::model::report::{Linted, Page, short_names};
use crate::model::run_report::Delta;
use crate::model::{audit, delta, finding, history};
use crate::render;

mod excerpts;

/// Runs the command.
pub fn run(common: &Common, args: &Report) -> Result<Exit> {
    let mut page =
        Page { tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(), ..Page::default() };
    for file in &args.inputs {
        read(file, &mut page)?;
    }
    page.history.sort_by(|a, b| a.time.cmp(&b.time));
    if let Some(tree) = &args.tree {
        let (mut there, mut missing) = (0, 0);
        for lint in &mut page.lints {
            lint.excerpts = excerpts::read(tree, &lint.report)?;
            there += lint.excerpts.iter().filter(|excerpt| excerpt.is_some()).count();
            missing += lint.excerpts.iter().filter(|excerpt| excerpt.is_none()).count();
        }
        if missing > 0 && common.quiet == 0 {
            let all = there + missing;
            let tree = tree.display();
            crate::exit::say(&format_args!(
                "hmmsize: warning: {missing} of {all} findings have no such line in {tree}"
            ));
        }
    }
    page.rules = RULES.iter().map(rule_info).collect();
    page.title = args.title.clone().unwrap_or_else(|| title(&page));
    let text = match args.format {
        ReportFormat::Html => render::html::page(&page),
        ReportFormat::Markdown => render::report_markdown::render(&page),
    };
    output::write(common.output.as_deref(), text)?;
    Ok(Exit::Ok)
}

fn rule_info(rule: &Rule) -> RuleInfo {
    let Rule { code, name, severity, what, .. } = *rule;
    RuleInfo { code, name, severity, what, page: String::new() }
}

/// What tells the kinds of input apart.
#[derive(Deserialize)]
struct Shape {
    kind: Option<String>,
    cells: Option<IgnoredAny>,
    baseline_variant: Option<IgnoredAny>,
    command: Option<IgnoredAny>,
    comparisons: Option<IgnoredAny>,
    findings: Option<IgnoredAny>,
    commit_message: Option<IgnoredAny>,
}

/// Reads one input into the page.
fn read(file: &Path, page: &mut Page) -> Result<()> {
    let text = json::bytes(file)?;
    let first = text.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let line: Option<Shape> = first.and_then(|line| serde_json::from_slice(line).ok());
    if line.is_some_and(|line| line.kind.as_deref() == Some(history::KIND)) {
        return lines(file, &text, page);
    }
    let what = "the JSON of hmmsize build, compare, audit or lint";
    let shape: Shape = json::parse(file, &text, what, u32::MAX)?;
    if shape.comparisons.is_some() {
        let what = "the JSON of hmmsize compare";
        page.comparisons.push(checked(file, json::parse(file, &text, what, delta::SCHEMA)?)?);
    } else if shape.commit_message.is_some() {
        page.audits.push(json::parse(file, &text, "the JSON of hmmsize audit", audit::SCHEMA)?);
    } else if shape.findings.is_some() {
        let what = "the JSON of hmmsize lint";
        let report: finding::Report = json::parse(file, &text, what, finding::SCHEMA)?;
        let excerpts = vec![None; report.findings.len()];
        page.lints.push(Linted { report, excerpts });
    } else if shape.cells.is_some() && (shape.command.is_some() || shape.baseline_variant.is_some())
    {
        let run = gate::read_run(file)?;
        page.runs.push(run::report(&run, &file.display().to_string()));
    } else {
        let msg = format!("is not {what}: none of cells, comparisons and findings is in it");
        return Err(Error::input(file, msg));
    }
    Ok(())
}

/// The lines of a history.
fn lines(file: &Path, text: &[u8], page: &mut Page) -> Result<()> {
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let what = "a line of gate --record";
        let entry: history::Entry =
            json::parse(file, line, what, history::SCHEMA).map_err(|err| match err {
                Error::Input { file, msg, at } => {
                    let at = match at {
                        Some(At::LineColumn(_, column)) => At::LineColumn(number + 1, column),
                        _ => At::Line(number + 1),
                    };
                    Error::Input { file, at: Some(at), msg }
                }
                other => other,
            })?;
        page.history.push(entry);
    }
    Ok(())
}

/// A comparison whose numbers of files are those of files.
fn checked(file: &Path, report: delta::Report) -> Result<delta::Report> {
    let known = |number: usize| number < report.files.len();
    if !known(report.baseline) || !report.comparisons.iter().all(|one| known(one.file)) {
        let msg = "not the JSON of hmmsize compare: it compares files that it does not list";
        return Err(Error::input(file, msg));
    }
    Ok(report)
}

/// What the page is about.
fn title(page: &Page) -> String {
    let mut parts = Vec::new();
    for run in &page.runs {
        parts.extend(run.summary.iter().map(Delta::name));
    }
    for report in &page.comparisons {
        for one in &report.comparisons {
            let names = (&report.files[one.file].name, &report.files[report.baseline].name);
            let (new, old) = short_names(names.0, names.1);
            parts.push(format!("{new} against {old}"));
        }
    }
    for report in &page.audits {
        parts.push(format!("audit of {}", report.options.join(", ")));
    }
    for lint in &page.lints {
        parts.push(format!("lint of {}", lint.report.tree));
    }
    if !page.history.is_empty() {
        parts.push("history".to_owned());
    }
    let mut unique: Vec<String> = Vec::new();
    for part in parts {
        if !unique.contains(&part) {
            unique.push(part);
        }
    }
    match unique.len() {
        0 => "kernel size".to_owned(),
        1..=2 => unique.join(", "),
        many => format!("{} and {} more", unique[0], many - 1),
    }
}
