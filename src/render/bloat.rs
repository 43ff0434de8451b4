//! bloat-o-meter's layout: what kernel developers have pasted into mails for twenty years.

use std::fmt::Write as _;

use super::columns::wrap;
use crate::model::bloat::Bloat;

/// Columns of a name.
pub(super) const NAME: usize = 40;

/// The reports exactly as the kernel's `scripts/bloat-o-meter` prints them.
pub fn compat(reports: &[Bloat]) -> String {
    let mut out = String::new();
    for report in reports {
        let down = -(report.down as i128);
        header(
            &mut out,
            report.title,
            &[report.added, report.removed, report.grown, report.shrunk],
            report.up as i128,
            down,
            NAME,
        );
        for row in &report.rows {
            line(&mut out, &row.name, &cell(row.old), &cell(row.new), row.delta, NAME);
        }
        total(&mut out, report.before, report.after);
    }
    out
}

/// `add/remove: …` and the column heads. `counts` is added, removed, grown, shrunk; names have
/// `room` columns.
pub(super) fn header(
    out: &mut String,
    title: &str,
    counts: &[u64; 4],
    up: i128,
    down: i128,
    room: usize,
) {
    let [added, removed, grown, shrunk] = counts;
    let net = up + down;
    let text = format!(
        "add/remove: {added}/{removed} grow/shrink: {grown}/{shrunk} up/down: {up}/{down} ({net})"
    );
    // As the script has it, unless the terminal is narrower than its columns.
    let width = if room < NAME { room + 24 } else { usize::MAX };
    let _ = writeln!(out, "{}", wrap(&text, width, 2));
    let _ = writeln!(out, "{title:<room$} {:>7} {:>7} {:>7}", "old", "new", "delta");
}

/// One symbol.
pub(super) fn line(out: &mut String, name: &str, old: &str, new: &str, delta: i128, room: usize) {
    let _ = writeln!(out, "{name:<room$} {old:>7} {new:>7} {delta:>+7}");
}

/// `Total: Before=…`
pub(super) fn total(out: &mut String, before: u128, after: u128) {
    let percent = if before == 0 {
        0.0
    } else {
        (after as i128 - before as i128) as f64 * 100.0 / before as f64
    };
    let _ = writeln!(out, "Total: Before={before}, After={after}, chg {percent:+.2}%");
}

fn cell(bytes: Option<u128>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string())
}
