//! An audit for a pull request or a report.

use super::{answers, detail, heading, proof, reason, row_reason, types, unattributed};
use crate::model::audit::{Cost, Growth, Lacks, PossibleState, Report, Verdict, Why};
use crate::model::number::{grouped, signed};
use crate::render::columns::put;
use crate::render::verdict_markdown::escape;
use crate::render::why::assignments;

/// The audit as GitHub-flavoured markdown; `top` rows of each pair.
pub fn render(report: &Report, top: Option<usize>) -> String {
    let options = report.options.join(", ");
    let (sign, words) = match report.verdict {
        Verdict::Holds => ("✅", "nothing speaks against it"),
        Verdict::Broken => ("❌", "not free for whoever does not use it"),
        Verdict::Unknown => ("⚠️", "cannot be said"),
    };
    let mut out = format!("## {sign} {}: {words}\n\n", escape(&options));
    for reason in &report.reasons {
        put(&mut out, format_args!("- {}\n", escape(reason)));
    }
    if !report.reasons.is_empty() {
        out.push('\n');
    }
    for option in &report.options {
        for (possible, arches) in answers(report, option) {
            let arches = escape(&arches.join(", "));
            let text = match possible.state {
                PossibleState::Possible => {
                    let example = assignments(&possible.changes);
                    let on = format!("**possible** on {arches}");
                    if example.is_empty() {
                        on
                    } else {
                        format!("{on} (with {})", escape(&example))
                    }
                }
                PossibleState::Impossible => {
                    format!("**impossible** on {arches}: {}", escape(&proof(&possible.chain)))
                }
                PossibleState::Unknown => format!("no way found on {arches}"),
            };
            put(&mut out, format_args!("- {} is {text}\n", escape(option)));
        }
    }
    for arch in &report.arches {
        let costs = [(true, &arch.on), (false, &arch.off)];
        for (on, cost) in costs.into_iter().filter_map(|(on, cost)| Some((on, cost.as_ref()?))) {
            put(&mut out, format_args!("\n### {}\n\n", escape(&heading(&arch.arch, &options, on))));
            one(&mut out, cost, top);
        }
    }
    functions(&mut out, report);
    if !report.findings.is_empty() {
        out.push_str("\n### What the gating rules say\n\n");
    }
    for finding in &report.findings {
        let (place, message) = (escape(&finding.place), escape(&finding.message));
        put(&mut out, format_args!("- {place}: {message} ({})\n", finding.code));
    }
    out
}

fn one(out: &mut String, cost: &Cost, top: Option<usize>) {
    if cost.identical {
        out.push_str("Identical inputs: 0 bytes, by proof.\n");
        return;
    }
    out.push_str("```\n   text\t   data\t    bss\t    dec\t    hex\tfilename\n");
    for side in [&cost.old, &cost.new] {
        let (size, dec) = (side.size, side.size.dec());
        let line = format!("{:7}\t{:7}\t{:7}\t{dec:7}\t{dec:7x}", size.text, size.data, size.bss);
        put(out, format_args!("{line}\t{}\n", side.file.replace('`', "'")));
    }
    out.push_str("```\n\n| why | symbols | up | down | bytes |\n|---|---:|---:|---:|---:|\n");
    for group in &cost.groups {
        let growth = group.growth.map(Growth::name);
        let name = escape(&reason(group.why, group.option.as_deref(), growth));
        let (up, down) = (signed(group.up as i64), signed(-(group.down as i64)));
        let count = if group.why == Why::Padding { String::new() } else { grouped(group.rows) };
        let bytes = signed(group.bytes);
        put(out, format_args!("| {name} | {count} | {up} | {down} | {bytes} |\n"));
    }
    for (name, bytes) in [("payload", cost.payload), ("dec", cost.dec)] {
        put(out, format_args!("| **{name}** | | | | **{}** |\n", signed(bytes)));
    }
    put(out, format_args!("\n{}.\n", unattributed(cost)));
    for (number, line) in types::inlined(cost, top).enumerate() {
        let gap = if number == 0 { "\n" } else { "" };
        put(out, format_args!("{gap}- {}\n", escape(&line)));
    }
    let shown = top.unwrap_or(usize::MAX).min(cost.rows.len());
    if shown > 0 {
        out.push_str(
            "\n| symbol | object | bytes | why | gate or line |\n|---|---|---:|---|---|\n",
        );
    }
    for row in &cost.rows[..shown] {
        let object = escape(row.object.as_deref().unwrap_or_default());
        put(
            out,
            format_args!(
                "| {} | {object} | {} | {} | {} |\n",
                escape(&row.name),
                signed(row.delta),
                escape(&row_reason(row)),
                escape(&detail(row, ", ")),
            ),
        );
    }
    let hidden = cost.rows.len() - shown;
    if hidden > 0 {
        put(out, format_args!("\n{} more rows.\n", grouped(hidden as u64)));
    }
    types::markdown(out, cost, top);
    for warning in &cost.warnings {
        put(out, format_args!("\nWarning: {}.\n", escape(warning)));
    }
}

fn functions(out: &mut String, report: &Report) {
    if report.functions.is_empty() {
        return;
    }
    out.push_str("\n### Stubs and prototypes\n\n| function | defined at | gate | stub at | prototype at |\n|---|---|---|---|---|\n");
    for one in &report.functions {
        let stub = match (one.stubs.is_empty(), one.lacks) {
            (true, Lacks::Stub) => "**missing**".to_owned(),
            (true, _) => "none needed".to_owned(),
            (false, _) => escape(&one.stubs.join(", ")),
        };
        let prototype = match (one.prototypes.is_empty(), one.lacks) {
            (true, Lacks::Prototype) => "**missing**".to_owned(),
            (true, _) => String::new(),
            (false, _) => escape(&one.prototypes.join(", ")),
        };
        let (name, defined, gate) =
            (escape(&one.name), escape(&one.defined), escape(&one.gate.place));
        put(out, format_args!("| {name} | {defined} | {gate} | {stub} | {prototype} |\n"));
    }
}
