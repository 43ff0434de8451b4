//! The report as a comment on a pull request: what the page says first, everything long folded away.

use super::columns::{clean, put};
use super::run_markdown;
use super::verdict_markdown::escape;
use crate::model::audit;
use crate::model::delta::{By, Comparison, Report, Row};
use crate::model::number::{grouped, share, signed};
use crate::model::report::{Linted, Page, short_names};

/// GitHub refuses comments of more than 65,536 characters.
const SYMBOLS: usize = 25;
const FINDINGS: usize = 30;
const REASONS: usize = 10;

/// The report as GitHub-flavoured markdown.
pub fn render(page: &Page) -> String {
    let mut text = format!("## Kernel size: {}\n\n", escape(&page.title));
    for run in &page.runs {
        text.push_str(&run_markdown::render(run));
        text.push('\n');
    }
    for report in &page.comparisons {
        for one in &report.comparisons {
            comparison(&mut text, report, one);
        }
    }
    for report in &page.audits {
        audit(&mut text, report);
    }
    for lint in &page.lints {
        findings(&mut text, lint);
    }
    if let [first, .., last] = page.history.as_slice() {
        history(&mut text, first, last, page.history.len());
    }
    put(&mut text, format_args!("<sub>{}</sub>\n", escape(&page.tool)));
    text
}

fn bytes(number: Option<u64>) -> String {
    number.map_or_else(|| "-".into(), grouped)
}

fn comparison(text: &mut String, report: &Report, one: &Comparison) {
    let (new, old) = (&report.files[one.file].name, &report.files[report.baseline].name);
    let (new, old) = short_names(new, old);
    put(text, format_args!("### {} against {}\n\n", escape(new), escape(old)));
    text.push_str("| | before | after | delta | |\n|---|---:|---:|---:|---:|\n");
    for row in &one.columns {
        put(text, format_args!("| {} {}\n", escape(&row.name), numbers(row)));
    }
    text.push('\n');
    for warning in &one.warnings {
        put(text, format_args!("> ⚠️ {}\n\n", escape(&warning.message)));
    }
    for table in one.tables.iter().filter(|table| matches!(table.by, By::Class | By::Symbol)) {
        let mut rows: Vec<&Row> = table.rows.iter().filter(|row| row.delta != 0).collect();
        let changed = rows.len() + table.hidden;
        if rows.is_empty() {
            continue;
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.delta.unsigned_abs()));
        rows.truncate(SYMBOLS);
        let name = table.by.name();
        put(
            text,
            format_args!(
                "<details><summary>By {name}: {} changed</summary>\n\n",
                grouped(changed as u64)
            ),
        );
        put(
            text,
            format_args!("| {name} | before | after | delta | |\n|---|---:|---:|---:|---:|\n"),
        );
        for row in &rows {
            put(text, format_args!("| `{}` {}\n", code(&row.name), numbers(row)));
        }
        if changed > rows.len() {
            put(text, format_args!("\n… and {} more.\n", grouped((changed - rows.len()) as u64)));
        }
        text.push_str("\n</details>\n\n");
    }
}

/// The rest of a row behind its name.
fn numbers(row: &Row) -> String {
    let share = share(row.old.unwrap_or(0), row.delta);
    format!("| {} | {} | {} | {share} |", bytes(row.old), bytes(row.new), signed(row.delta))
}

/// Text within backticks in a table cell.
fn code(text: &str) -> String {
    clean(text).replace('`', "'").replace('|', "\\|")
}

/// The verdict of an audit, its reasons, and the costs.
fn audit(text: &mut String, report: &audit::Report) {
    let verdict = match report.verdict {
        audit::Verdict::Holds => "✅ free for whoever does not use it",
        audit::Verdict::Broken => "❌ not free for whoever does not use it",
        audit::Verdict::Unknown => "⚠️ cannot be said",
    };
    put(text, format_args!("### {}: {verdict}\n\n", escape(&report.options.join(", "))));
    for reason in report.reasons.iter().take(REASONS) {
        put(text, format_args!("- {}\n", escape(reason)));
    }
    if report.reasons.len() > REASONS {
        put(text, format_args!("- … and {} more\n", report.reasons.len() - REASONS));
    }
    text.push_str("\n| architecture | when on | when off |\n|---|---:|---:|\n");
    for arch in &report.arches {
        let cost = |cost: &Option<audit::Cost>| match cost {
            Some(cost) if cost.identical => "0, proven".to_owned(),
            Some(cost) => signed(cost.payload),
            None => "-".to_owned(),
        };
        let (on, off) = (cost(&arch.on), cost(&arch.off));
        if arch.on.is_some() || arch.off.is_some() {
            put(text, format_args!("| {} | {on} | {off} |\n", escape(&arch.arch)));
        }
    }
    text.push('\n');
}

fn findings(text: &mut String, lint: &Linted) {
    let report = &lint.report;
    let count = report.findings.len();
    put(
        text,
        format_args!("### {} findings in {}\n\n", grouped(count as u64), escape(&report.tree)),
    );
    if count == 0 {
        return;
    }
    let mut all: Vec<_> = report.findings.iter().collect();
    all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    put(text, format_args!("<details><summary>The first of them, errors first</summary>\n\n"));
    for finding in all.iter().take(FINDINGS) {
        put(
            text,
            format_args!(
                "- {} {} `{}:{}` {}\n",
                finding.severity.name(),
                escape(&finding.code),
                code(&finding.file),
                finding.line,
                escape(&finding.message)
            ),
        );
    }
    if count > FINDINGS {
        put(text, format_args!("\n… and {} more.\n", grouped((count - FINDINGS) as u64)));
    }
    text.push_str("\n</details>\n\n");
}

/// What changed between the first and the last recorded run.
fn history(
    text: &mut String,
    first: &crate::model::history::Entry,
    last: &crate::model::history::Entry,
    runs: usize,
) {
    put(text, format_args!("### History: {runs} runs since {}\n\n", escape(&first.time)));
    text.push_str("| cell | payload | size |\n|---|---:|---:|\n");
    for point in &last.cells {
        let Some(was) = first.cells.iter().find(|was| was.cell == point.cell) else { continue };
        let payload = match (was.payload, point.payload) {
            (Some(was), Some(is)) if was.kind == is.kind => {
                signed(crate::model::verdict::delta(was.bytes, is.bytes))
            }
            _ => "-".into(),
        };
        let size = signed(crate::model::verdict::delta(was.size.dec(), point.size.dec()));
        put(text, format_args!("| {} | {payload} | {size} |\n", escape(&point.cell)));
    }
    text.push('\n');
}
