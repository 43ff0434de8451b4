//! The options of a build by what they cost: for a terminal, for a report, for a spreadsheet.

use super::columns::{self, clean, put, shorten};
use super::csv::quoted;
use super::table::{self, View};
use crate::model::cost::{Build, OptionCost, Report};
use crate::model::number::{grouped, signed};
use crate::model::size::PayloadKind;

/// Fewer columns than this say nothing about what else goes.
const LEAST_NOTE: usize = 16;
/// So many options that go with one are named in Markdown.
const NAMED: usize = 6;

/// Every build, `top` options each.
pub fn table(report: &Report, top: usize, view: View) -> String {
    let mut out = String::new();
    for (index, build) in report.builds.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        one(&mut out, build, top, view);
    }
    out
}

fn one(out: &mut String, build: &Build, top: usize, view: View) {
    let title = clean(&title(build));
    put(out, format_args!("{}\n\n", table::heading(&title, view)));
    let shown = &build.options[..top.min(build.options.len())];
    let exact = shown.iter().any(|one| one.exact.is_some());
    let mut head = vec!["option", "own", "of all", "removes"];
    if exact {
        head.extend(["exact", "off by"]);
    }
    head.push("if it is n");
    let mut rows: Vec<Vec<String>> = shown.iter().map(|one| row(one, build, exact)).collect();
    let last = head.len() - 1;
    let numbers: usize = (1..last).map(|at| columns::widest(&head, &rows, at) + 2).sum();
    let name = columns::widest(&head, &rows, 0);
    let name = name.min(view.width.saturating_sub(numbers + 2 + LEAST_NOTE).max(12));
    let room = view.width.saturating_sub(name + 2 + numbers).max(LEAST_NOTE);
    for row in &mut rows {
        row[0] = shorten(&row[0], name);
        row[last] = cut(&row[last], room);
    }
    let right: Vec<bool> = (0..head.len()).map(|at| at > 0 && at < last).collect();
    out.push_str(&columns::table(&head, &rows, &right, name + 2 + numbers + room));
    put(out, format_args!("\n{}\n", rest(build, shown, view.width)));
    for warning in &build.warnings {
        put(out, format_args!("{}\n", table::warning(warning, view)));
    }
}

/// `x86_64: 1,572,672 bytes of payload in out/vmlinux`
fn title(build: &Build) -> String {
    let kind = match build.payload.kind {
        PayloadKind::Map => "",
        PayloadKind::Estimated => " (estimated)",
    };
    let bytes = grouped(build.payload.bytes);
    format!("{}: {bytes} bytes of payload{kind} in {}", build.arch, build.image)
}

fn row(one: &OptionCost, build: &Build, exact: bool) -> Vec<String> {
    let removes = one.removes.map_or_else(|| "-".to_owned(), grouped);
    let mut row = vec![one.option.clone(), grouped(one.own), share(one.own, build), removes];
    if exact {
        row.push(one.exact.map_or_else(String::new, grouped_signed));
        row.push(off_by(one));
    }
    row.push(note(one));
    row
}

/// `5.2 %`
fn share(bytes: u64, build: &Build) -> String {
    match build.payload.bytes {
        0 => String::new(),
        all => format!("{:.1} %", bytes as f64 / all as f64 * 100.0),
    }
}

/// A number of bytes; a negative one with its sign.
fn grouped_signed(bytes: i64) -> String {
    u64::try_from(bytes).map_or_else(|_| signed(bytes), grouped)
}

fn off_by(one: &OptionCost) -> String {
    one.off_by().map_or_else(String::new, |percent| format!("{percent:+.1} %"))
}

/// What happens if the option is n, or why it cannot be.
fn note(one: &OptionCost) -> String {
    note_of(one, &one.with, &one.instead)
}

/// The same with these names of what goes and of what comes.
fn note_of(one: &OptionCost, with: &[String], instead: &[String]) -> String {
    if let Some(kept) = &one.kept {
        return format!("cannot be: {kept}");
    }
    let (with, instead) = (with.join(", "), instead.join(", "));
    let off = match one.with.len() {
        0 => "nothing else goes".to_owned(),
        1 => format!("also off: {with}"),
        n => format!("{n} more off: {with}"),
    };
    match one.instead.len() {
        0 => off,
        // What they bring is in no image that is at hand.
        n => format!("{n} on instead, size unknown: {instead}; {off}"),
    }
}

/// The text in so many columns, cut at its end.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let head: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", head.trim_end_matches([',', ' ']))
}

/// Where the other bytes are, so that all of them sum to the payload.
fn rest(build: &Build, shown: &[OptionCost], room: usize) -> String {
    let sum = |options: &[OptionCost]| options.iter().fold(0u64, |sum, one| sum + one.own);
    let (listed, hidden) = (sum(shown), &build.options[shown.len()..]);
    let told = listed + sum(hidden) + build.always + build.unknown;
    let others = build.payload.bytes.saturating_sub(told);
    let mut lines = vec![(listed, format!("own bytes of the {} options above", shown.len()))];
    if !hidden.is_empty() {
        lines.push((sum(hidden), format!("of {} more (--top 0 shows all)", hidden.len())));
    }
    if others > 0 {
        lines.push((others, "of options that were not asked for".to_owned()));
    }
    lines.push((build.always, "there whatever any one option says".to_owned()));
    lines
        .push((build.unknown, "in no object of the makefiles: linker, generated files".to_owned()));
    lines.push((build.payload.bytes, "payload, the sum of these".to_owned()));
    let width = lines.iter().map(|(bytes, _)| grouped(*bytes).len()).max().unwrap_or(0);
    let lines: Vec<String> = lines
        .iter()
        .map(|(bytes, what)| {
            let line = format!("{:>width$}  {what}", grouped(*bytes));
            columns::wrap(&line, room, width + 2)
        })
        .collect();
    lines.join("\n")
}

/// The same for a report.
pub fn markdown(report: &Report, top: usize) -> String {
    let mut out = String::new();
    for build in &report.builds {
        let shown = &build.options[..top.min(build.options.len())];
        let exact = shown.iter().any(|one| one.exact.is_some());
        let more = if exact { " exact | off by |" } else { "" };
        let rule = if exact { "---:|---:|" } else { "" };
        put(
            &mut out,
            format_args!(
                "### {}\n\n| option | own | of all | removes |{more} if it is n |\n|---|---:|---:|\
                 ---:|{rule}---|\n",
                clean(&title(build))
            ),
        );
        for one in shown {
            let mut cells = row(one, build, exact);
            cells[0] = format!("`{}`", cells[0]);
            *cells.last_mut().expect("a row has cells") = short_note(one);
            let cells: Vec<String> =
                cells.iter().map(|cell| clean(cell).replace('|', "\\|")).collect();
            put(&mut out, format_args!("| {} |\n", cells.join(" | ")));
        }
        put(&mut out, format_args!("\n```text\n{}\n```\n", rest(build, shown, usize::MAX)));
        for warning in &build.warnings {
            put(&mut out, format_args!("\n**warning:** {}\n", clean(warning)));
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// What happens if the option is n, with a few names of each list.
fn short_note(one: &OptionCost) -> String {
    let few = |list: &[String]| match list.get(..NAMED) {
        Some(few) if list.len() > NAMED => [few, &["…".to_owned()]].concat(),
        _ => list.to_vec(),
    };
    note_of(one, &few(&one.with), &few(&one.instead))
}

/// A line for each option of each build.
pub fn csv(report: &Report) -> String {
    let mut out =
        "image,arch,option,value,own,removes,exact,kept,with,instead,prompt,place\n".to_owned();
    for build in &report.builds {
        for one in &build.options {
            let text = |text: Option<&String>| quoted(text.map_or("", String::as_str));
            let fields = [
                quoted(&build.image),
                quoted(&build.arch),
                quoted(&one.option),
                quoted(&one.value),
                one.own.to_string(),
                one.removes.map_or_else(String::new, |bytes| bytes.to_string()),
                one.exact.map_or_else(String::new, |bytes| bytes.to_string()),
                text(one.kept.as_ref()),
                quoted(&one.with.join(" ")),
                quoted(&one.instead.join(" ")),
                text(one.prompt.as_ref()),
                text(one.place.as_ref()),
            ];
            out += &fields.join(",");
            out.push('\n');
        }
    }
    out
}
