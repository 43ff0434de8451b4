//! Tables for a terminal: plain columns that fit its width, names cut in the middle where they must.
//!
//! Colours are added afterwards, because only the caller knows
//! whether they are wanted. Growth is red and shrinking green, since bytes are a cost.

use std::fmt::Write as _;

use super::columns::{self, clean, wrap};
use super::number;
use crate::model::class::Class;
use crate::model::delta::{
    By, Change, Comparison, Inlined, Row, SectionBytes, SectionDelta, Table,
};
use crate::model::size::PayloadKind;

/// How wide and whether in colour.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub color: bool,
}

/// One cell of a table to be laid out.
pub type Cells = Vec<String>;

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

/// A line in bold, where colours are wanted; more than one if it is long.
pub fn heading(text: &str, view: View) -> String {
    let text = wrap(text, view.width, 2);
    if view.color { format!("{BOLD}{text}{RESET}") } else { text }
}

/// A warning line.
pub fn warning(text: &str, view: View) -> String {
    let text = wrap(&format!("warning: {text}"), view.width, 9);
    if !view.color {
        return text;
    }
    text.replacen("warning", "\x1b[1;33mwarning\x1b[0m", 1)
}

/// How [`layout`] lays rows out.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// The names of the columns. The first holds names and gives way when space is short.
    pub head: &'a [&'a str],
    /// How many more columns are text; all others are numbers.
    pub text: usize,
    /// How many columns of numbers have no colour; the others have that of the row's sign.
    pub plain: usize,
    /// Which way each row went.
    pub signs: &'a [i64],
    /// How many rows at the end are set apart.
    pub totals: usize,
}

/// What of a name is left at least, however narrow the terminal is.
const NAME: usize = 12;

/// Lays out rows.
pub fn layout(shape: &Shape, mut rows: Vec<Cells>, view: View) -> String {
    let &Shape { head, text, plain, signs, totals } = shape;
    let widths: Vec<usize> = (0..head.len()).map(|at| columns::widest(head, &rows, at)).collect();
    // Two spaces between columns, but one where the terminal is narrow.
    let beside = |gap| widths[1..].iter().map(|width| width + gap).sum::<usize>();
    let gap = if view.width < beside(2) + NAME { 1 } else { 2 };
    let others = beside(gap);
    let room = view.width.saturating_sub(others).max(NAME);
    for row in &mut rows {
        row[0] = fit(&row[0], room);
    }
    let right: Vec<bool> = (0..head.len()).map(|at| at > text).collect();
    let table = columns::spaced(head, &rows, &right, view.width.max(room + others), gap);
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    if view.color {
        let tail = widths[text + 1 + plain..].iter().map(|width| width + gap).sum::<usize>() - gap;
        for (line, &sign) in lines.iter_mut().skip(2).zip(signs) {
            *line = colored(line, tail, sign);
        }
    }
    if totals > 0 && rows.len() > totals {
        let rule = lines[1].clone();
        let at = lines.len() - totals;
        lines.insert(at, rule);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Colours the last `tail` characters of a line.
fn colored(line: &str, tail: usize, sign: i64) -> String {
    let color = match sign.signum() {
        1 => RED,
        -1 => GREEN,
        _ => return line.to_owned(),
    };
    let count = line.chars().count();
    let at = line.char_indices().nth(count.saturating_sub(tail)).map_or(0, |(at, _)| at);
    format!("{}{color}{}{RESET}", &line[..at], &line[at..])
}

/// Cuts a label to `room` characters: of a rename both names, and never a `[2 of 3]`.
pub fn fit(label: &str, room: usize) -> String {
    if let Some((name, was)) = label.split_once(RENAMED) {
        let both = room.saturating_sub(RENAMED.chars().count());
        let (long, half) = (name.chars().count(), both / 2);
        // What one name does not need the other may have.
        let first = long.min(half.max(both.saturating_sub(was.chars().count())));
        return format!("{}{RENAMED}{}", shorten(name, first), shorten(was, both - first));
    }
    match label.rfind(" [") {
        Some(at) if label.ends_with(']') => {
            let (name, nth) = label.split_at(at);
            shorten(name, room.saturating_sub(nth.chars().count())) + nth
        }
        _ => shorten(label, room),
    }
}

/// Cuts a name in the middle: its beginning and its end tell most.
pub fn shorten(name: &str, room: usize) -> String {
    let count = name.chars().count();
    if count <= room {
        return name.to_owned();
    }
    let keep = room.saturating_sub(1);
    let front = keep.div_ceil(2);
    let head: String = name.chars().take(front).collect();
    let tail: String = name.chars().skip(count - (keep - front)).collect();
    format!("{head}…{tail}")
}

/// Between the new and the old name of a renamed symbol.
const RENAMED: &str = " ← ";

/// The name of a row, with what distinguishes it from others of the same name.
pub fn label(row: &Row) -> String {
    let mut label = clean(&row.name);
    if let Some((nth, of)) = row.nth {
        let _ = write!(label, " [{nth} of {of}]");
    }
    if let Some(was) = &row.was {
        label = label + RENAMED + &clean(was);
    }
    label
}

/// The last column: percent, or why there is none.
pub fn share(row: &Row) -> String {
    match row.change {
        Change::Added => "new".to_owned(),
        Change::Removed => "gone".to_owned(),
        _ => number::percent(row.percent),
    }
}

/// Padding, and how it is known.
pub fn padding_name(kind: Option<PayloadKind>) -> &'static str {
    if kind == Some(PayloadKind::Estimated) { "padding (estimated)" } else { "padding" }
}

/// The name of a row of `table`; that of padding says how it is known.
pub fn known(table: &Table, row: &Row, padding: Option<PayloadKind>) -> String {
    // A symbol or section may have any name.
    let is_rest = table.by == By::Class || table.rest.iter().any(|rest| std::ptr::eq(rest, row));
    if is_rest && row.name == Class::Padding.name() {
        return padding_name(padding).to_owned();
    }
    label(row)
}

/// The account of the section that `row` is about, or of all sections together.
pub fn account(row: &Row, is_total: bool, sections: &[SectionDelta]) -> SectionDelta {
    if is_total {
        return total_account(sections);
    }
    // They are sorted: relocatable files have tens of thousands.
    let at = sections.binary_search_by(|section| section.name.cmp(&row.name));
    at.map_or_else(|_| total_account(sections), |at| sections[at].clone())
}

/// One table of a comparison: rows, what is cut off, the rest, the total.
pub fn table(table: &Table, comparison: &Comparison, view: View) -> String {
    if table.by == By::Section {
        return sections(table, comparison, view);
    }
    // A file beside the name: of what is inlined always, of a symbol where there is room.
    let symbols = table.by == By::Symbol;
    let inlined = table.by == By::Inline;
    let wide = (inlined || symbols)
        && view.width >= if inlined { 100 } else { 120 }
        && view.width >= 120
        && table.rows.iter().any(|row| row.object.is_some());
    let has_class = table.rows.iter().any(|row| row.class.is_some());
    let title = table.title.as_deref().filter(|_| table.title.as_deref() != Some("Symbol"));
    let title = title.map(str::to_lowercase);
    let mut head = vec![title.as_deref().unwrap_or(table.by.name())];
    if has_class {
        head.push("class");
    }
    if wide {
        head.push(if inlined { "declared in" } else { "object" });
    }
    let text = head.len() - 1;
    head.extend(["old", "new", "delta", "%"]);
    let tail: Vec<&Row> = table.rest.iter().chain([&table.total]).collect();
    let all: Vec<&Row> = table.rows.iter().chain(tail.iter().copied()).collect();
    let rows: Vec<Cells> = all
        .iter()
        .map(|row| {
            let mut cells = vec![known(table, row, comparison.padding)];
            if has_class {
                cells.push(row.class.map_or("", Class::name).to_owned());
            }
            if wide {
                cells.push(row.object.as_deref().map(clean).unwrap_or_default());
            }
            cells.extend([number::size(row.old), number::size(row.new)]);
            cells.extend([number::signed(row.delta), share(row)]);
            cells
        })
        .collect();
    let signs: Vec<i64> = all.iter().map(|row| row.delta).collect();
    let shape = Shape { head: &head, text, plain: 2, signs: &signs, totals: tail.len() };
    let mut out = layout(&shape, rows, view) + &hidden(table);
    if let Some(note) = &table.note {
        out += &wrap(note, view.width, 0);
        out.push('\n');
    }
    out += &told(table, view);
    out
}

/// What inlined functions did to those they are inlined into, a line each: the cause of dozens of small growths.
fn told(table: &Table, view: View) -> String {
    let lines = table
        .rows
        .iter()
        .filter_map(|row| inlined(row).map(|text| wrap(&text, view.width, 2) + "\n"));
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// `72 functions +1,234 bytes, of which +812 inlined put_page`
pub fn inlined(row: &Row) -> Option<String> {
    row.inlined.map(|told| inlined_words(told, &row.name))
}

/// The same, of the inlined function `name`.
pub fn inlined_words(told: Inlined, name: &str) -> String {
    let functions = if told.functions == 1 { "function" } else { "functions" };
    format!(
        "{} {functions} {} bytes, of which {} inlined {}",
        number::grouped(told.functions),
        number::signed(told.growth),
        number::signed(told.bytes),
        clean(name)
    )
}

fn hidden(table: &Table) -> String {
    match table.hidden {
        0 => String::new(),
        1 => "1 more row (--top 0 shows all)\n".to_owned(),
        more => format!("{} more rows (--top 0 shows all)\n", number::grouped(more as u64)),
    }
}

/// The class has room beside the accounts from this width on.
const ROOMY: usize = 100;

/// The sections with their accounts: what they are made of, and below it what of the change is
/// symbols, padding, or neither.
fn sections(table: &Table, comparison: &Comparison, view: View) -> String {
    let wide = view.width >= ROOMY;
    let mut head = vec!["section"];
    head.extend(wide.then_some("class"));
    let text = head.len() - 1;
    head.extend(["size", "symbols", "padding", "unattr.", "%"]);
    let (mut rows, mut signs) = (Vec::new(), Vec::new());
    for row in table.rows.iter().chain([&table.total]) {
        let is_total = std::ptr::eq(row, &raw const table.total);
        let account = account(row, is_total, &comparison.sections);
        let is = |part: fn(&SectionBytes) -> u64| number::size(account.new.as_ref().map(part));
        let mut sizes: Cells = vec![label(row)];
        let mut deltas: Cells = vec![String::new()];
        if wide {
            sizes.push(row.class.map_or("", Class::name).to_owned());
            deltas.push(String::new());
        }
        sizes.extend([is(|b| b.size), is(|b| b.symbols), is(|b| b.padding)]);
        sizes.extend([is(|b| b.unattributed), String::new()]);
        let parts = [row.delta, account.symbols(), account.padding(), account.unattributed()];
        deltas.extend(parts.map(number::signed));
        deltas.push(share(row));
        rows.extend([sizes, deltas]);
        // Where its size stayed, a section went the way its payload did.
        let payload = row.delta.saturating_sub(account.padding());
        signs.extend([0, if row.delta == 0 { payload } else { row.delta }]);
    }
    let shape = Shape { head: &head, text, plain: 0, signs: &signs, totals: 2 };
    let out = layout(&shape, rows, view) + &hidden(table);
    let padding = match comparison.padding {
        Some(PayloadKind::Map) => "padding from the linker maps",
        _ => "padding is estimated",
    };
    let sum = format!("size = symbols + padding + unattributed; {padding}");
    out + &wrap(&sum, view.width, 2) + "\n"
}

/// The account of all sections together.
fn total_account(sections: &[SectionDelta]) -> SectionDelta {
    let sum = |side: fn(&SectionDelta) -> Option<SectionBytes>| {
        let mut sum = SectionBytes::default();
        for bytes in sections.iter().filter_map(side) {
            sum.size = sum.size.wrapping_add(bytes.size);
            sum.symbols = sum.symbols.wrapping_add(bytes.symbols);
            sum.padding = sum.padding.wrapping_add(bytes.padding);
            sum.unattributed = sum.unattributed.wrapping_add(bytes.unattributed);
        }
        Some(sum)
    };
    let (old, new) = (sum(|section| section.old), sum(|section| section.new));
    SectionDelta { name: "total".to_owned(), old, new }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle() {
        assert_eq!(shorten("short", 10), "short");
        assert_eq!(shorten("abcdefghij", 5), "ab…ij");
        assert_eq!(shorten("äöüäöüäöü", 4), "äö…ü");
        assert_eq!(fit("abcdefghij [12 of 15]", 16), "ab…ij [12 of 15]");
        assert_eq!(fit("abcdefghij ← klmnopqrst", 13), "ab…ij ← kl…st");
        assert_eq!(fit("ab ← klmnopqrst", 14), "ab ← klmn…qrst");
    }

    fn comparison() -> Comparison {
        let bytes = |symbols, padding| SectionBytes {
            size: 4096,
            symbols,
            padding,
            unattributed: 4096 - symbols - padding,
        };
        let old = Some(bytes(1000, 3000));
        let new = Some(bytes(1500, 2500));
        Comparison {
            file: 1,
            columns: Vec::new(),
            tables: Vec::new(),
            symbols: None,
            padding: Some(PayloadKind::Estimated),
            sections: vec![SectionDelta { name: ".text".to_owned(), old, new }],
            config: None,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_section_is_shown_with_what_padding_took() {
        let table = Table {
            by: By::Section,
            title: None,
            summary: None,
            rows: vec![Row::new(".text", Some(4096), Some(4096))],
            hidden: 0,
            note: None,
            rest: Vec::new(),
            total: Row::new("total", Some(4096), Some(4096)),
        };
        let text = super::table(&table, &comparison(), View { width: 80, color: false });
        let words = |line| text.lines().nth(line).unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(words(2), [".text", "4,096", "1,500", "2,500", "96"], "{text}");
        assert_eq!(words(3), ["0", "+500", "-500", "0", "0%"], "{text}");
        assert!(text.ends_with("padding is estimated\n"), "{text}");
        let colored = super::table(&table, &comparison(), View { width: 80, color: true });
        assert!(colored.contains("\x1b[31m"), "payload grew: {colored}");
    }

    #[test]
    fn lines_fit_the_width_and_numbers_align() {
        let mut row = Row::new("a_very_long_name_".repeat(8), Some(1_000_000), Some(2_000_000));
        row.class = Some(Class::Code);
        let rows = vec![row, Row::new("short", None, Some(3))];
        let table = Table {
            by: By::Symbol,
            title: None,
            summary: None,
            rows,
            hidden: 2,
            note: None,
            rest: Vec::new(),
            total: Row::new("total", Some(1), Some(2)),
        };
        let text = super::table(&table, &comparison(), View { width: 80, color: false });
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let ends: Vec<usize> = text.lines().take(5).map(|line| line.chars().count()).collect();
        assert!(ends.iter().all(|&end| end == ends[0]), "{text}");
        let colored = super::table(&table, &comparison(), View { width: 80, color: true });
        assert!(colored.contains("\x1b[31m"), "{colored}");
    }
}
