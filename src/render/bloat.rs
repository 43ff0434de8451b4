//! bloat-o-meter's layout: what kernel developers have pasted into mails for twenty years.

use std::fmt::Write as _;

use crate::model::bloat::Bloat;

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
        );
        for row in &report.rows {
            line(&mut out, &row.name, &cell(row.old), &cell(row.new), row.delta);
        }
        total(&mut out, report.before, report.after);
    }
    out
}

/// `add/remove: …` and the column heads. `counts` is added, removed, grown, shrunk.
pub(super) fn header(out: &mut String, title: &str, counts: &[u64; 4], up: i128, down: i128) {
    let [added, removed, grown, shrunk] = counts;
    let net = up + down;
    let _ = writeln!(
        out,
        "add/remove: {added}/{removed} grow/shrink: {grown}/{shrunk} up/down: {up}/{down} ({net})"
    );
    let _ = writeln!(out, "{title:<40} {:>7} {:>7} {:>7}", "old", "new", "delta");
}

/// One symbol.
pub(super) fn line(out: &mut String, name: &str, old: &str, new: &str, delta: i128) {
    let _ = writeln!(out, "{name:<40} {old:>7} {new:>7} {delta:>+7}");
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
