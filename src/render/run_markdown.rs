//! A run as markdown: the summary first, since that is what a reader of a pull request wants, then
//! each architecture's block of `size`, folded away.

use crate::model::number::{share, signed};
use crate::model::run_report::{Delta, RunReport, Series};
use crate::model::verdict::delta;

use super::columns::put;
use super::payload::Column;
use super::run::{columns, dragged_in, has_numbers, size_block};
use super::verdict_markdown::escape;

/// The report as GitHub-flavoured markdown.
pub fn render(report: &RunReport) -> String {
    let mut text = String::new();
    if !report.summary.is_empty() {
        let payload = Column::of(report.summary.iter().map(|found| found.head_payload));
        let title = payload.title();
        put(
            &mut text,
            format_args!("| architecture | text | data | bss | dec | {title} | verdict |\n"),
        );
        text.push_str("|---|---:|---:|---:|---:|---:|---|\n");
        for found in &report.summary {
            text.push_str(&summary_row(found, payload));
        }
        text.push('\n');
    }
    for series in &report.series {
        text.push_str(&series_text(series));
    }
    for block in &report.blocks {
        let about: Vec<String> =
            block.about.iter().map(|part| part.replace(['<', '>', '&'], " ")).collect();
        put(
            &mut text,
            format_args!("<details><summary>{}: {}</summary>\n\n", block.arch, about.join(", ")),
        );
        put(&mut text, format_args!("```\n{}```\n\n", size_block(block).replace("```", "'''")));
        let measured: Vec<&Delta> =
            block.deltas.iter().filter(|delta| has_numbers(delta)).collect();
        if !measured.is_empty() {
            let payload = Column::of(measured.iter().map(|delta| delta.head_payload));
            let title = payload.title();
            put(
                &mut text,
                format_args!("| delta | text | data | bss | dec | {title} | pre-link |\n"),
            );
            text.push_str("|---|---:|---:|---:|---:|---:|---:|\n");
            text.extend(measured.iter().map(|delta| delta_row(delta, payload)));
            text.push('\n');
        }
        for delta in measured {
            if !delta.dragged_in.is_empty() {
                let list = escape(&dragged_in(delta));
                put(&mut text, format_args!("- {} drags in {list}\n", escape(&delta.head_name)));
            }
            if let Some(note) = &delta.note {
                put(&mut text, format_args!("- {}: {}\n", escape(&delta.head_name), escape(note)));
            }
        }
        for note in &block.notes {
            put(&mut text, format_args!("- {}\n", escape(note)));
        }
        text.push_str("\n</details>\n");
    }
    text
}

fn cell(pair: Option<(u64, u64)>, noise: Option<u64>) -> String {
    let Some((base, head)) = pair else { return "-".into() };
    let bytes = delta(base, head);
    let within = bytes != 0 && bytes.unsigned_abs() <= noise.unwrap_or(0);
    format!("{}{}", if within { "\\~" } else { "" }, signed(bytes))
}

fn summary_row(found: &Delta, payload: Column) -> String {
    let mut name = format!("{} {}", found.arch, found.name());
    for label in &found.labels {
        name = format!("{name} ({label})");
    }
    let pairs = columns(found);
    let mut numbers: Vec<String> = pairs[..5].iter().map(|pair| cell(*pair, found.noise)).collect();
    numbers[4] = payload.cell(found.head_payload, &numbers[4]);
    let note = match &found.note {
        Some(note) if note.starts_with("0, proven") => String::new(),
        Some(note) => format!(": {}", escape(note)),
        None => String::new(),
    };
    format!("| {} | {} | {}{note} |\n", escape(&name), numbers.join(" | "), found.word.name())
}

fn delta_row(found: &Delta, payload: Column) -> String {
    let mut numbers = columns(found).map(|pair| {
        let share = pair.map(|(base, head)| share(base, delta(base, head)));
        match share.filter(|share| share != "0%") {
            Some(share) => format!("{} ({share})", cell(pair, found.noise)),
            None => cell(pair, found.noise),
        }
    });
    numbers[4] = payload.cell(found.head_payload, &numbers[4]);
    format!("| {} | {} |\n", escape(&found.name()), numbers.join(" | "))
}

fn series_text(series: &Series) -> String {
    let name = format!("{} {}", series.arch, series.variant);
    let payload = Column::of(series.commits.iter().map(|commit| commit.payload));
    let mut text = format!(
        "**{}**\n\n| commit | subject | dec | {} | total |\n",
        escape(&name),
        payload.title()
    );
    text.push_str("|---|---|---:|---:|---:|\n");
    for commit in &series.commits {
        let bytes = |delta: Option<i64>| delta.map_or_else(|| "-".into(), signed);
        let mut subject = escape(&commit.subject);
        if let Some(note) = &commit.note {
            subject = format!("{subject} ({})", escape(note));
        }
        put(
            &mut text,
            format_args!(
                "| {} | {subject} | {} | {} | {} |\n",
                escape(&commit.abbrev),
                bytes(commit.dec_delta),
                payload.cell(commit.payload, &bytes(commit.payload_delta)),
                bytes(commit.total)
            ),
        );
    }
    text.push('\n');
    text
}
