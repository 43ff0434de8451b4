//! Comparisons as GitHub-flavoured markdown, for pull requests and reports.

use std::fmt::Write as _;

use super::table::{self, padding_name};
use super::verdict_markdown::escape;
use super::{compare, diffconfig, number};
use crate::model::class::Class;
use crate::model::delta::{By, Comparison, ConfigDelta, Report, Row, Table};
use crate::model::size::PayloadKind;

/// The block of `size` (`block`), then every comparison; `changes` as for `compare::text`.
pub fn report(block: &str, report: &Report, changes: bool) -> String {
    let mut out = format!("```\n{block}```\n");
    let name = |file: usize| report.files.get(file).map_or("", |file| file.name.as_str());
    for comparison in &report.comparisons {
        let (file, baseline) = (escape(name(comparison.file)), escape(name(report.baseline)));
        let _ = writeln!(out, "\n### {file} against {baseline}\n");
        out += &columns(comparison);
        for each in &comparison.tables {
            out.push('\n');
            match compare::top(each, usize::MAX).filter(|_| changes) {
                Some(changes) => out += &fenced(&changes, ""),
                None => out += &rows(each, comparison),
            }
        }
        if let Some(config) = &comparison.config {
            out += &configuration(config);
        }
        for warning in &comparison.warnings {
            let _ = writeln!(out, "\n> **Warning:** {}", escape(&warning.message));
        }
    }
    out
}

fn fenced(text: &str, language: &str) -> String {
    format!("```{language}\n{text}```\n")
}

fn configuration(config: &ConfigDelta) -> String {
    let text = if config.requested.is_empty() {
        diffconfig::changes(&config.changes)
    } else {
        diffconfig::listing(&config.requested, &config.changes)
    };
    let count = config.requested.len() + config.changes.len();
    format!(
        "\n<details><summary>{count} configuration changes</summary>\n\n{}\n</details>\n",
        fenced(&text, "diff")
    )
}

fn columns(comparison: &Comparison) -> String {
    let mut out = head(&["", "before", "after", "delta", "%"], 1);
    for row in &comparison.columns {
        let cells = [
            row.name.clone(),
            number::size(row.old),
            number::size(row.new),
            number::signed(row.delta),
            number::percent(row.percent),
        ];
        line(&mut out, &cells);
    }
    out
}

fn rows(table: &Table, comparison: &Comparison) -> String {
    let has_class = table.rows.iter().any(|row| row.class.is_some());
    let has_object = table.rows.iter().any(|row| row.object.is_some());
    let has_account = table.by == By::Section;
    let mut names = vec![table.by.name()];
    names.extend(has_class.then_some("class"));
    names.extend(has_object.then_some("object"));
    let text = names.len();
    names.extend(["old", "new", "delta", "%"]);
    if has_account {
        names.extend(["symbols", padding_name(comparison.padding), "unattributed"]);
    }
    let mut out = head(&names, text);
    for row in table.rows.iter().chain(&table.rest).chain([&table.total]) {
        let is_total = std::ptr::eq(row, &raw const table.total);
        let mut cells = vec![name_cell(table, row, is_total, comparison.padding)];
        if has_class {
            cells.push(row.class.map_or("", Class::name).to_owned());
        }
        if has_object {
            cells.push(escape(row.object.as_deref().unwrap_or("")));
        }
        cells.extend([number::size(row.old), number::size(row.new), number::signed(row.delta)]);
        cells.push(table::share(row));
        if has_account {
            let account = table::account(row, is_total, &comparison.sections);
            let parts = [account.symbols(), account.padding(), account.unattributed()];
            cells.extend(parts.map(number::signed));
        }
        line(&mut out, &cells);
    }
    if table.hidden > 0 {
        let _ = writeln!(out, "\n{} more rows not shown", number::grouped(table.hidden as u64));
    }
    if let Some(note) = &table.note {
        let _ = writeln!(out, "\n{note}");
    }
    for text in table.rows.iter().filter_map(table::inlined) {
        let _ = writeln!(out, "\n- {}", escape(&text));
    }
    if has_account {
        out += "\nDelta = symbols + padding + unattributed.\n";
    }
    out
}

fn name_cell(table: &Table, row: &Row, is_total: bool, padding: Option<PayloadKind>) -> String {
    let label = table::known(table, row, padding);
    if is_total {
        return format!("**{label}**");
    }
    // Code spans keep underscores; a `|` ends a cell even there.
    format!("`{}`", label.replace('|', "\\|").replace('`', "'"))
}

/// The head of a table whose first `text` columns are text and the rest numbers.
fn head(names: &[&str], text: usize) -> String {
    let mut out = String::new();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    line(&mut out, &names);
    let rule: Vec<&str> =
        (0..names.len()).map(|column| if column < text { "---" } else { "---:" }).collect();
    let _ = writeln!(out, "|{}|", rule.join("|"));
    out
}

fn line(out: &mut String, cells: &[String]) {
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}
