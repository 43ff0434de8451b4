//! One look for all tables on a terminal: columns two spaces apart, a line under the header,
//! numbers to the right, and nothing wider than it may be.

use std::fmt::{self, Write as _};

use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use comfy_table::{ColumnConstraint, LineStyle, Width};

/// A table of `rows` under `header`, at most `width` columns wide. `right` has a `true` for each
/// column of numbers; those are never wrapped.
pub fn table(header: &[&str], rows: &[Vec<String>], right: &[bool], width: usize) -> String {
    spaced(header, rows, right, width, 2)
}

/// The same with so many spaces between columns, at least one.
pub fn spaced(
    header: &[&str],
    rows: &[Vec<String>],
    right: &[bool],
    width: usize,
    gap: usize,
) -> String {
    // Every style has one.
    let gap = gap.saturating_sub(1) as u16;
    let mut table = Table::new();
    let line = LineStyle::none().fill('─').junction('─');
    table
        .load_style(TableStyle::new().header_separator(line))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(header.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)));
    }
    let last = header.len().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { gap }));
        if right.get(index).copied().unwrap_or(false) {
            column.set_cell_alignment(CellAlignment::Right);
            let padding = if index == last { 0 } else { gap };
            let widest = widest(header, rows, index) as u16 + padding;
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(widest)));
        }
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// The columns that column `index` needs. A header may have two lines.
pub fn widest(header: &[&str], rows: &[Vec<String>], index: usize) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(index)).map(String::as_str);
    cells.chain(header[index].lines()).map(|text| text.chars().count()).max().unwrap_or(0)
}

/// `text` in lines of at most `width` columns, each but the first after `indent` spaces.
pub fn wrap(text: &str, width: usize, indent: usize) -> String {
    let width = width.max(indent + 20);
    let text = clean(text);
    let words = text.trim_start();
    let mut used = text.len() - words.len();
    let mut lines = text[..used].to_owned();
    let mut first = true;
    for word in words.split(' ') {
        let length = word.chars().count();
        if !first && used + 1 + length > width {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if !first {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
        first = false;
    }
    lines
}

/// Appends formatted text.
pub fn put(text: &mut String, line: fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a string takes all that is written");
}

/// Text from a file, without what a terminal would obey.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Shortens `text` to `width` columns.
pub fn shorten(text: &str, width: usize) -> String {
    let text = clean(text);
    if text.chars().count() <= width {
        return text;
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::{clean, shorten, wrap};

    #[test]
    fn text_is_wrapped_shortened_and_harmless() {
        assert_eq!(wrap("one two three four five six", 24, 4), "one two three four five\n    six");
        assert_eq!(shorten("mm/hmm: add a thing", 8), "mm/hmm:…");
        assert_eq!(clean("red \x1b[31m\nline"), "red  [31m line");
    }
}
