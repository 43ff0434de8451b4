//! The default output of `compare`: the block of `size` for the commit message, then what to make of it.

use std::fmt::Write as _;

use super::table::{self, View};
use super::{bloat, diffconfig, number};
use crate::model::delta::{Comparison, ConfigDelta, Report, Row, Table};

/// What comes after the block of `size`. With `changes`, symbols are shown in
/// bloat-o-meter's layout; otherwise all tables are tables.
pub fn text(report: &Report, changes: bool, view: View) -> String {
    let mut out = String::new();
    let baseline = report.files.get(report.baseline).map_or("", |file| file.name.as_str());
    for comparison in &report.comparisons {
        let name = report.files.get(comparison.file).map_or("", |file| file.name.as_str());
        out.push('\n');
        out += &heading(name, baseline, view);
        out.push('\n');
        out += &columns(comparison, view);
        for each in &comparison.tables {
            out.push('\n');
            match top(each, view.width).filter(|_| changes) {
                Some(changes) => out += &changes,
                None => out += &table::table(each, comparison, view),
            }
        }
        if let Some(config) = &comparison.config {
            out.push('\n');
            out += &configuration(config, view);
        }
        if !comparison.warnings.is_empty() {
            out.push('\n');
        }
        for warning in &comparison.warnings {
            out += &table::warning(&warning.message, view);
            out.push('\n');
        }
    }
    out
}

/// What is compared with what, in two lines where one is too short.
fn heading(new: &str, old: &str, view: View) -> String {
    let mut title = format!("{new} against {old}");
    if title.chars().count() > view.width {
        title = format!("{new}\nagainst {old}");
    }
    table::heading(&title, view)
}

fn columns(comparison: &Comparison, view: View) -> String {
    let rows: Vec<table::Cells> = comparison
        .columns
        .iter()
        .map(|row| {
            vec![
                row.name.clone(),
                number::size(row.old),
                number::size(row.new),
                number::signed(row.delta),
                number::percent(row.percent),
            ]
        })
        .collect();
    let signs: Vec<i64> = comparison.columns.iter().map(|row| row.delta).collect();
    let head = ["", "old", "new", "delta", "%"];
    let shape = table::Shape { head: &head, text: 0, plain: 2, signs: &signs, totals: 0 };
    table::layout(&shape, rows, view)
}

/// The symbols in bloat-o-meter's layout, with its first and last line, from the largest growth to
/// the largest shrinkage.
/// `None` for other tables.
pub fn top(changes: &Table, width: usize) -> Option<String> {
    let (title, summary) = (changes.title.as_ref()?, changes.summary.as_ref()?);
    let mut out = String::new();
    let room = bloat::NAME.min(width.saturating_sub(24)).max(16);
    let counts = [summary.added, summary.removed, summary.grown, summary.shrunk];
    let (up, down) = (i128::from(summary.up), i128::from(summary.down));
    bloat::header(&mut out, title, &counts, up, -down, room);
    let mut rows: Vec<&Row> = changes.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.delta));
    let cell = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), |b| b.to_string());
    for row in rows {
        // A name is only cut where the table is narrower than the script's.
        let name = table::label(row);
        let name = if room < bloat::NAME { table::fit(&name, room) } else { name };
        let delta = i128::from(row.delta);
        bloat::line(&mut out, &name, &cell(row.old), &cell(row.new), delta, room);
    }
    let mut more = Vec::new();
    if changes.hidden > 0 {
        more.push(format!(
            "{} more changes (--top 0 shows all)",
            number::grouped(changes.hidden as u64)
        ));
    }
    if summary.renamed > 0 {
        let count = number::grouped(summary.renamed);
        more.push(format!("{count} renamed (--by symbol --show renamed)"));
    }
    if !more.is_empty() {
        let _ = writeln!(out, "… {}", more.join("; "));
    }
    bloat::total(&mut out, u128::from(summary.before), u128::from(summary.after));
    Some(out)
}

/// Two architectures differ in thousands of options; who wants them all asks `diffconfig`.
const MAX_CONFIG_LINES: usize = 40;

fn configuration(config: &ConfigDelta, view: View) -> String {
    let mut out = heading(&format!("config: {}", config.new), &config.old, view) + "\n";
    let shown = config.changes.len().min(MAX_CONFIG_LINES);
    let changes = &config.changes[..shown];
    if changes.is_empty() && config.requested.is_empty() {
        out += "(identical)\n";
    } else if config.requested.is_empty() {
        out += &diffconfig::changes(changes);
    } else {
        out += &diffconfig::listing(&config.requested, changes);
    }
    if shown < config.changes.len() {
        let more = number::grouped((config.changes.len() - shown) as u64);
        let file = |label: &str| label.trim_start_matches("IKCONFIG of ").to_owned();
        let (old, new) = (file(&config.old), file(&config.new));
        let _ = writeln!(out, "… {more} more (hmmsize diffconfig {old} {new})");
    }
    out
}

/// All changes of symbols of all comparisons in bloat-o-meter's layout, and nothing else.
pub fn bloat(report: &Report) -> String {
    let tables = report.comparisons.iter().flat_map(|comparison| &comparison.tables);
    tables.filter_map(|table| top(table, usize::MAX)).collect()
}
