//! A run for a terminal and for commit messages: for each architecture the block of `size`, then
//! the deltas, then one summary of all. The blocks stay exactly as `size` prints them, whatever
//! the width, because they are what people paste.

use bstr::BString;

use crate::model::number::{share, signed};
use crate::model::run_report::{Block, Delta, RunReport, Series, Word};
use crate::model::size::{Radix, SizeRow};
use crate::model::verdict::delta;

use super::berkeley;
use super::columns::{put, shorten, table, widest, wrap};
use super::payload::Column;

/// The report in at most `width` columns.
pub fn render(report: &RunReport, width: usize) -> String {
    let mut text = String::new();
    for block in &report.blocks {
        text.push_str(&block_text(block, width));
        text.push('\n');
    }
    for series in &report.series {
        text.push_str(&series_text(series, width));
        text.push('\n');
    }
    if !report.summary.is_empty() {
        text.push_str(&summary(&report.summary, width));
    }
    text
}

/// The rows of a block as `size` prints them.
pub fn size_block(block: &Block) -> String {
    let rows: Vec<SizeRow> = block
        .rows
        .iter()
        .map(|row| SizeRow {
            name: BString::from(row.name.as_str()),
            archive: None,
            size: row.size,
        })
        .collect();
    let mut out = Vec::new();
    berkeley::write_berkeley(&mut out, &rows, None, Radix::Decimal).expect("writing to memory");
    String::from_utf8_lossy(&out).into_owned()
}

fn block_text(block: &Block, width: usize) -> String {
    let mut text = wrap(&format!("{}: {}", block.arch, block.about.join(", ")), width, 2);
    text.push('\n');
    text.push_str(&size_block(block));
    let measured: Vec<&Delta> = block.deltas.iter().filter(|delta| has_numbers(delta)).collect();
    if !measured.is_empty() {
        text.push('\n');
        text.push_str(&deltas(&measured, width));
    }
    for row in block.rows.iter().filter(|row| row.bytes.is_some()) {
        let bytes = crate::model::number::grouped(row.bytes.unwrap_or(0));
        put(&mut text, format_args!("{}: {bytes} bytes on disk\n", row.name));
    }
    let dragged = measured.iter().filter(|delta| !delta.dragged_in.is_empty());
    let dragged =
        dragged.map(|delta| (delta.head_name.clone(), format!("drags in {}", dragged_in(delta))));
    for (names, what) in together(dragged) {
        put(&mut text, format_args!("{}\n", wrap(&format!("{names} {what}"), width, 2)));
    }
    let said = measured.iter().filter_map(|delta| {
        let kind = if delta.word == Word::Proven { "" } else { "warning: " };
        Some((delta.name(), format!("{kind}{}", delta.note.as_ref()?)))
    });
    let notes = block.notes.iter().filter_map(|note| {
        let (name, what) = note.split_once(": ")?;
        // The summary below says why a row of it has no numbers.
        let below = block.deltas.iter().any(|delta| {
            !has_numbers(delta) && delta.head_name == name && delta.note.as_deref() == Some(what)
        });
        (!below).then(|| (name.to_owned(), what.to_owned()))
    });
    for (names, what) in together(said.chain(notes)) {
        let line = match what.strip_prefix("warning: ") {
            Some(what) => format!("warning: {names}: {what}"),
            None => format!("{names}: {what}"),
        };
        put(&mut text, format_args!("{}\n", wrap(&line, width, 2)));
    }
    text
}

/// What is said of several, said once: the names, and what.
fn together(said: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut groups: Vec<(String, String)> = Vec::new();
    for (name, what) in said {
        match groups.iter_mut().find(|(_, known)| *known == what) {
            Some((names, _)) => put(names, format_args!("; {name}")),
            None => groups.push((name, what)),
        }
    }
    groups
}

/// Whether both sides were measured, comparably or not.
pub fn has_numbers(delta: &Delta) -> bool {
    delta.base.is_some() && delta.head.is_some() && delta.word != Word::NotComparable
}

/// `MMU_NOTIFIER=y, …`
pub fn dragged_in(delta: &Delta) -> String {
    let changes = delta
        .dragged_in
        .iter()
        .map(|change| format!("{}={}", change.symbol, change.new.as_deref().unwrap_or("n")));
    changes.collect::<Vec<_>>().join(", ")
}

/// text, data, bss, dec, payload and pre-link `dec` of both sides.
pub fn columns(found: &Delta) -> [Option<(u64, u64)>; 6] {
    let sizes = found.base.zip(found.head).filter(|_| has_numbers(found));
    let payload = found.base_payload.zip(found.head_payload);
    let payload = payload.filter(|(base, head)| base.kind == head.kind && has_numbers(found));
    [
        sizes.map(|(base, head)| (base.text, head.text)),
        sizes.map(|(base, head)| (base.data, head.data)),
        sizes.map(|(base, head)| (base.bss, head.bss)),
        sizes.map(|(base, head)| (base.dec(), head.dec())),
        payload.map(|(base, head)| (base.bytes, head.bytes)),
        found.base_prelink.zip(found.head_prelink),
    ]
}

/// A delta with its mark if it is within the noise.
fn marked(pair: Option<(u64, u64)>, noise: Option<u64>) -> String {
    let Some((base, head)) = pair else { return "-".into() };
    let bytes = delta(base, head);
    let within = bytes != 0 && bytes.unsigned_abs() <= noise.unwrap_or(0);
    format!("{}{}", if within { "~" } else { "" }, signed(bytes))
}

fn deltas(found: &[&Delta], width: usize) -> String {
    let payload = Column::of(found.iter().map(|delta| delta.head_payload));
    let prelink = found.iter().any(|delta| columns(delta)[5].is_some());
    let mut header = vec!["delta", "text", "data", "bss", "dec", payload.header()];
    header.extend(prelink.then_some("pre-link"));
    let mut right = vec![true; header.len()];
    right[0] = false;
    let mut rows = Vec::new();
    for delta in found {
        let pairs = columns(delta);
        let pairs = &pairs[..header.len() - 1];
        let mut bytes = vec![delta.name()];
        bytes.extend(pairs.iter().map(|pair| marked(*pair, delta.noise)));
        bytes[5] = payload.cell(delta.head_payload, &bytes[5]);
        let mut shares = vec![String::new()];
        shares.extend(pairs.iter().map(|pair| {
            pair.map_or_else(String::new, |(base, head)| {
                share(base, crate::model::verdict::delta(base, head))
            })
        }));
        rows.push(bytes);
        if delta.word != Word::Proven {
            rows.push(shares);
        }
    }
    table(&header, &rows, &right, width)
}

/// One row a comparison, and below it why some have no numbers.
fn summary(found: &[Delta], width: usize) -> String {
    let many = |arch: &str| found.iter().filter(|delta| delta.arch == arch).count() > 1;
    let payload = Column::of(found.iter().map(|delta| delta.head_payload));
    let header = ["architecture", "text", "data", "bss", "dec", payload.header(), "verdict"];
    let right = [false, true, true, true, true, true, false];
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|delta| {
            let mut name = delta.arch.clone();
            if many(&delta.arch) {
                name = format!("{name} {}", delta.name());
            }
            for label in &delta.labels {
                name = format!("{name} [{label}]");
            }
            let pairs = columns(delta);
            let mut row = vec![name];
            row.extend(pairs[..5].iter().map(|pair| marked(*pair, delta.noise)));
            row[5] = payload.cell(delta.head_payload, &row[5]);
            row.push(delta.word.name().to_owned());
            row
        })
        .collect();
    let mut text = table(&header, &rows, &right, width);
    let reasons = found.iter().filter(|delta| !has_numbers(delta)).map(|delta| {
        let note = delta.note.as_deref().unwrap_or_default();
        // The reasons of cells that have no result begin with what happened to them.
        let word = match delta.word {
            Word::Impossible | Word::NoBase | Word::NotComparable => {
                format!("{}: ", delta.word.name())
            }
            _ => String::new(),
        };
        (delta.arch.clone(), format!("{word}{note}"))
    });
    for (archs, what) in together(reasons) {
        let mut archs: Vec<&str> = archs.split("; ").collect();
        archs.dedup();
        let line = format!("{}: {what}", archs.join(", "));
        put(&mut text, format_args!("{}\n", wrap(&line, width, 2)));
    }
    if found
        .iter()
        .any(|delta| columns(delta).iter().any(|pair| marked(*pair, delta.noise).starts_with('~')))
    {
        text.push_str("~ within the recorded noise: means nothing\n");
    }
    text
}

fn series_text(series: &Series, width: usize) -> String {
    let mut text = format!("{} {}, commit by commit", series.arch, series.variant);
    for label in &series.labels {
        put(&mut text, format_args!(" [{label}]"));
    }
    text.push('\n');
    let payload = Column::of(series.commits.iter().map(|commit| commit.payload));
    let header = ["commit", "dec", payload.header(), "total", "subject"];
    let right = [false, true, true, true, false];
    let mut rows: Vec<Vec<String>> = series
        .commits
        .iter()
        .map(|commit| {
            let mark = if commit.within_noise { "~" } else { "" };
            let bytes = |delta: Option<i64>| {
                delta.map_or_else(|| "-".into(), |delta| format!("{mark}{}", signed(delta)))
            };
            let total = commit.total.map_or_else(|| "-".into(), signed);
            let subject = match &commit.note {
                Some(note) => format!("{} ({note})", commit.subject),
                None => commit.subject.clone(),
            };
            let moved = payload.cell(commit.payload, &bytes(commit.payload_delta));
            vec![commit.abbrev.clone(), bytes(commit.dec_delta), moved, total, subject]
        })
        .collect();
    // The subject has what the other columns leave.
    let others: usize = (0..4).map(|at| widest(&header, &rows, at) + 2).sum();
    let room = width.saturating_sub(others).max(20);
    for row in &mut rows {
        row[4] = shorten(&row[4], room);
    }
    text.push_str(&table(&header, &rows, &right, width));
    for commit in series.commits.iter().filter(|commit| commit.size.is_none()) {
        if let Some(note) = &commit.note {
            put(
                &mut text,
                format_args!("{}\n", wrap(&format!("{}: {note}", commit.abbrev), width, 2)),
            );
        }
    }
    text
}
