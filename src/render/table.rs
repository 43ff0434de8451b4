//! Tables for a terminal: plain columns that fit its width, names cut in the middle where they must.
//!
//! comfy-table lays the columns out; colours are added afterwards, because only the caller knows
//! whether they are wanted. Growth is red and shrinking green, since bytes are a cost.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table as Grid, TableStyle};

use super::columns::{clean, wrap};
use super::number;
use crate::model::delta::{By, Change, Row, Table};

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

const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

/// A line in bold, where colours are wanted.
pub fn heading(text: &str, view: View) -> String {
    if view.color { format!("{BOLD}{text}{RESET}") } else { text.to_owned() }
}

/// A warning line.
pub fn warning(text: &str, view: View) -> String {
    let text = wrap(&format!("warning: {text}"), view.width.min(1000) as u16, 9);
    if !view.color {
        return text;
    }
    text.replacen("warning", "\x1b[1;33mwarning\x1b[0m", 1)
}

/// Lays out rows under `head`. The first column holds names and gives way when space is short;
/// `text` more columns are text, all others numbers. The last two are the change and its percentage:
/// `signs` says for each row which way it went. The last `totals` rows are set apart.
pub fn layout(
    head: &[&str],
    rows: &[Cells],
    text: usize,
    signs: &[i64],
    totals: usize,
    view: View,
) -> String {
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([head[column].chars().count()]).max().unwrap_or(0)
        })
        .collect();
    // Two spaces between columns.
    let others: usize = widths[1..].iter().map(|width| width + 2).sum();
    let room = view.width.saturating_sub(others).max(12);
    let mut grid = Grid::new();
    grid.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
    let cell = |column: usize, text_columns: usize, content: &str| {
        let alignment =
            if column <= text_columns { CellAlignment::Left } else { CellAlignment::Right };
        Cell::new(content).set_alignment(alignment)
    };
    grid.set_header(head.iter().enumerate().map(|(column, name)| cell(column, text, name)));
    for row in rows {
        let name = fit(&row[0], room);
        grid.add_row(row.iter().enumerate().map(|(column, content)| {
            cell(column, text, if column == 0 { &name } else { content })
        }));
    }
    for (number, column) in grid.column_iter_mut().enumerate() {
        column.set_padding((0, if number + 1 == head.len() { 0 } else { 2 }));
    }
    let mut lines: Vec<String> = grid.lines().map(|line| line.trim_end().to_owned()).collect();
    if view.color {
        let tail = widths.iter().rev().take(2).sum::<usize>() + 2;
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

/// One table of a comparison: rows, what is cut off, the rest, the total.
pub fn table(table: &Table, view: View) -> String {
    let symbols = table.by == By::Symbol;
    let wide = symbols && view.width >= 120 && table.rows.iter().any(|row| row.object.is_some());
    let has_class = table.rows.iter().any(|row| row.class.is_some());
    let title = table.title.as_deref().filter(|_| table.title.as_deref() != Some("Symbol"));
    let title = title.map(str::to_lowercase);
    let mut head = vec![title.as_deref().unwrap_or(table.by.name())];
    if has_class {
        head.push("class");
    }
    if wide {
        head.push("object");
    }
    let text = head.len() - 1;
    head.extend(["old", "new", "delta", "%"]);
    let cells = |row: &Row| {
        let mut cells = vec![label(row)];
        if has_class {
            cells.push(row.class.map_or("", crate::model::class::Class::name).to_owned());
        }
        if wide {
            cells.push(row.object.as_deref().map(clean).unwrap_or_default());
        }
        cells.extend([number::size(row.old), number::size(row.new), number::signed(row.delta)]);
        cells.push(match row.change {
            Change::Added => "new".to_owned(),
            Change::Removed => "gone".to_owned(),
            _ => number::percent(row.percent),
        });
        cells
    };
    let tail: Vec<&Row> = table.rest.iter().chain([&table.total]).collect();
    let all: Vec<&Row> = table.rows.iter().chain(tail.iter().copied()).collect();
    let rows: Vec<Cells> = all.iter().map(|row| cells(row)).collect();
    let signs: Vec<i64> = all.iter().map(|row| row.delta).collect();
    let mut out = layout(&head, &rows, text, &signs, tail.len(), view);
    if table.hidden > 0 {
        let rows = if table.hidden == 1 { "row" } else { "rows" };
        let hidden = number::grouped(table.hidden as u64);
        let _ = writeln!(out, "{hidden} more {rows} (--top 0 shows all)");
    }
    out
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

    #[test]
    fn lines_fit_the_width_and_numbers_align() {
        let mut row = Row::new("a_very_long_name_".repeat(8), Some(1_000_000), Some(2_000_000));
        row.class = Some(crate::model::class::Class::Code);
        let rows = vec![row, Row::new("short", None, Some(3))];
        let table = Table {
            by: By::Symbol,
            title: None,
            summary: None,
            rows,
            hidden: 2,
            rest: Vec::new(),
            total: Row::new("total", Some(1), Some(2)),
        };
        let text = super::table(&table, View { width: 80, color: false });
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let ends: Vec<usize> = text.lines().take(5).map(|line| line.chars().count()).collect();
        assert!(ends.iter().all(|&end| end == ends[0]), "{text}");
        let colored = super::table(&table, View { width: 80, color: true });
        assert!(colored.contains("\x1b[31m"), "{colored}");
    }
}
