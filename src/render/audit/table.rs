//! An audit for a terminal.

use super::{answers, detail, heading, proof, reason, row_reason, types, unattributed};
use crate::model::audit::{
    Arch, Cost, Function, Growth, Lacks, PossibleState, Report, Row, Verdict, Why,
};
use crate::model::number::{grouped, signed};
use crate::render::columns::{clean, put, shorten, wrap};
use crate::render::table::{self, Shape, View};
use crate::render::why::assignments;

/// The whole audit; `top` rows of each pair.
pub fn table(report: &Report, top: Option<usize>, view: View) -> String {
    let mut out = String::new();
    let options = report.options.join(", ");
    let title = match report.verdict {
        Verdict::Holds => format!("{options}: nothing speaks against it"),
        Verdict::Broken => format!("{options}: NOT free for whoever does not use it"),
        Verdict::Unknown => format!("{options}: cannot be said"),
    };
    put(&mut out, format_args!("{}\n", table::heading(&clean(&title), view)));
    for reason in &report.reasons {
        put(&mut out, format_args!("  {}\n", wrap(reason, view.width, 4).trim_start()));
    }
    for option in &report.options {
        can_be_on(&mut out, report, option, view);
    }
    for arch in &report.arches {
        pairs(&mut out, arch, &options, top, view);
    }
    functions(&mut out, report, top, view);
    if !report.findings.is_empty() {
        put(&mut out, format_args!("\n{}\n", table::heading("what the gating rules say", view)));
    }
    for finding in &report.findings {
        let text = format!(
            "{}: {}: {} [{}]",
            finding.place, finding.severity, finding.message, finding.code
        );
        put(&mut out, format_args!("{}\n", wrap(&text, view.width, 4)));
    }
    out
}

fn can_be_on(out: &mut String, report: &Report, option: &str, view: View) {
    let answers = answers(report, option);
    if answers.is_empty() {
        return;
    }
    let title = format!("where {option} can be on");
    put(out, format_args!("\n{}\n", table::heading(&title, view)));
    for (possible, arches) in answers {
        let arches = arches.join(", ");
        let text = match possible.state {
            PossibleState::Possible if possible.changes.is_empty() => format!("possible: {arches}"),
            PossibleState::Possible => {
                let example = assignments(&possible.changes);
                format!("possible: {arches} (for example with {example})")
            }
            PossibleState::Impossible => {
                format!("impossible: {arches}: {}", proof(&possible.chain))
            }
            PossibleState::Unknown => format!("no way found: {arches}"),
        };
        put(out, format_args!("  {}\n", wrap(&text, view.width.saturating_sub(2), 4)));
    }
}

fn pairs(out: &mut String, arch: &Arch, options: &str, top: Option<usize>, view: View) {
    let costs = [(true, &arch.on), (false, &arch.off)];
    for (on, cost) in costs.into_iter().filter_map(|(on, cost)| Some((on, cost.as_ref()?))) {
        let title = heading(&arch.arch, options, on);
        put(out, format_args!("\n{}\n", table::heading(&title, view)));
        one(out, cost, top, view);
    }
}

fn one(out: &mut String, cost: &Cost, top: Option<usize>, view: View) {
    if cost.identical {
        out.push_str("identical inputs: 0 bytes, by proof\n");
        return;
    }
    out.push_str("   text\t   data\t    bss\t    dec\t    hex\tfilename\n");
    for side in [&cost.old, &cost.new] {
        let (size, dec) = (side.size, side.size.dec());
        let line = format!("{:7}\t{:7}\t{:7}\t{dec:7}\t{dec:7x}", size.text, size.data, size.bss);
        put(out, format_args!("{line}\t{}\n", clean(&side.file)));
    }
    out.push('\n');
    let mut rows = Vec::new();
    let mut signs = Vec::new();
    for group in &cost.groups {
        let growth = group.growth.map(Growth::name);
        let name = reason(group.why, group.option.as_deref(), growth);
        let (up, down) = (signed(group.up as i64), signed(-(group.down as i64)));
        let count = if group.why == Why::Padding { String::new() } else { grouped(group.rows) };
        rows.push(vec![name, count, up, down, signed(group.bytes)]);
        signs.push(group.bytes);
    }
    for (name, bytes) in [("payload", cost.payload), ("dec", cost.dec)] {
        rows.push(vec![name.into(), String::new(), String::new(), String::new(), signed(bytes)]);
        signs.push(bytes);
    }
    let head = ["why", "symbols", "up", "down", "bytes"];
    let shape = Shape { head: &head, text: 0, plain: 3, signs: &signs, totals: 2 };
    out.push_str(&table::layout(&shape, rows, view));
    put(out, format_args!("{}\n", wrap(&unattributed(cost), view.width, 0)));
    for line in types::inlined(cost, top) {
        put(out, format_args!("{}\n", wrap(&line, view.width, 2)));
    }
    symbols(out, cost, top, view);
    types::text(out, cost, top, view);
    for warning in &cost.warnings {
        put(out, format_args!("{}\n", table::warning(warning, view)));
    }
}

/// Two lines a row where one does not hold the place.
fn symbols(out: &mut String, cost: &Cost, top: Option<usize>, view: View) {
    let shown = top.unwrap_or(usize::MAX).min(cost.rows.len());
    if shown == 0 {
        return;
    }
    out.push('\n');
    let wide = view.width >= 120;
    // Below 80 columns, what the reasons leave.
    let reasons = cost.rows[..shown].iter().map(|row| row_reason(row).chars().count()).max();
    let room = view.width.saturating_sub(13 + reasons.unwrap_or(0)).max(12);
    let name_width = if wide { 36 } else { 30 };
    let name_width = if view.width < 80 { room.min(name_width) } else { name_width };
    for row in &cost.rows[..shown] {
        let left = format!(
            "{:>9}  {:name_width$}  {}",
            signed(row.delta),
            name(row, name_width),
            row_reason(row)
        );
        let detail = detail(row, " > ");
        if detail.is_empty() {
            put(out, format_args!("{left}\n"));
        } else if wide && left.chars().count() + detail.chars().count() + 2 <= view.width {
            put(out, format_args!("{left}  {detail}\n"));
        } else {
            let text =
                wrap(&detail, view.width.saturating_sub(11), 0).replace('\n', "\n           ");
            put(out, format_args!("{left}\n           {text}\n"));
        }
    }
    let hidden = cost.rows.len() - shown;
    if hidden > 0 {
        put(out, format_args!("{:>9}  more rows (--top 0 shows all)\n", grouped(hidden as u64)));
    }
}

/// The symbol, or the input section after its object, of which the directories are left out first.
fn name(row: &Row, width: usize) -> String {
    let Some(object) = row.object.as_deref().filter(|_| row.name.starts_with('(')) else {
        return shorten(&row.name, width);
    };
    let whole = format!("{object}{}", row.name);
    match object.rsplit_once('/') {
        Some((_, file)) if whole.chars().count() > width => {
            shorten(&format!("…/{file}{}", row.name), width)
        }
        _ => shorten(&whole, width),
    }
}

fn functions(out: &mut String, report: &Report, top: Option<usize>, view: View) {
    if report.functions.is_empty() {
        return;
    }
    let lacks = |wanted: Lacks| report.functions.iter().filter(move |one| one.lacks == wanted);
    let title = format!(
        "{} functions behind {}; {} without a stub, {} without a prototype",
        report.functions.len(),
        report.options.join(", "),
        lacks(Lacks::Stub).count(),
        lacks(Lacks::Prototype).count()
    );
    put(out, format_args!("\n{}\n", table::heading(&title, view)));
    let mut all: Vec<&Function> = report.functions.iter().collect();
    all.sort_by_key(|one| (one.lacks == Lacks::Nothing, !one.used, &one.name));
    let shown = top.unwrap_or(usize::MAX).min(all.len());
    for one in &all[..shown] {
        let places = |places: &[String], none: &str| match places {
            [] => none.to_owned(),
            places => places.join(", "),
        };
        let stub = if one.lacks == Lacks::Stub { "missing" } else { "none needed" };
        let prototype = if one.lacks == Lacks::Prototype { "missing" } else { "none" };
        let text = format!(
            "{} at {}; stub: {}; prototype: {}",
            one.name,
            one.defined,
            places(&one.stubs, stub),
            places(&one.prototypes, prototype)
        );
        put(out, format_args!("  {}\n", wrap(&text, view.width.saturating_sub(2), 4)));
    }
    let hidden = all.len() - shown;
    if hidden > 0 {
        put(out, format_args!("{} more functions (--top 0 shows all)\n", grouped(hidden as u64)));
    }
}
