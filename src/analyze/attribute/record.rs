//! From a partition to what is reported of a pair of images, and to the block for a commit message.

use std::fmt::Write as _;

use super::partition::{self, Evidence, Question};
use super::pieces::Pieces;
use crate::model::audit::{Cost, Side, Why};
use crate::model::config::ConfigChange;
use crate::model::size::{Berkeley, Payload};

/// The widest that git shows well, and that maintainers want.
pub const WIDTH: usize = 75;

/// One image, as far as its cost is concerned.
#[derive(Debug)]
pub struct Image<'i> {
    /// As it was named.
    pub file: String,
    /// What GNU `size` says.
    pub size: Berkeley,
    /// Its bytes, dealt out.
    pub pieces: &'i Pieces,
}

impl Image<'_> {
    fn side(&self) -> Side {
        let payload = Payload { bytes: self.pieces.payload(), kind: self.pieces.kind };
        Side { file: self.file.clone(), size: self.size, payload: Some(payload) }
    }
}

/// The cost between two images.
pub fn cost(
    old: &Image<'_>,
    new: &Image<'_>,
    question: &Question<'_>,
    evidence: &mut dyn Evidence,
) -> Cost {
    let parts = partition::partition(old.pieces, new.pieces, question, evidence);
    let of = |change: &&ConfigChange| question.options.contains(&change.symbol);
    let changed = || question.changed.iter();
    let moved = parts.rows.iter().map(|row| row.delta.unsigned_abs()).sum();
    let difference = |old: u64, new: u64| (new as i64).wrapping_sub(old as i64);
    Cost {
        old: old.side(),
        new: new.side(),
        identical: false,
        requested: changed().filter(of).cloned().collect(),
        dragged_in: changed().filter(|change| !of(change)).cloned().collect(),
        payload: difference(old.pieces.payload(), new.pieces.payload()),
        dec: difference(old.size.dec(), new.size.dec()),
        moved,
        groups: parts.groups,
        rows: parts.rows,
        types: Vec::new(),
        inlined: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Two cells that were not built twice, since all their inputs are the same.
pub fn identical(old: Side, new: Side) -> Cost {
    Cost {
        old,
        new,
        identical: true,
        requested: Vec::new(),
        dragged_in: Vec::new(),
        payload: 0,
        dec: 0,
        moved: 0,
        groups: Vec::new(),
        rows: Vec::new(),
        types: Vec::new(),
        inlined: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Whether the groups and the rows sum up to the totals, exactly. Anything else is a bug.
pub fn is_exact(cost: &Cost) -> bool {
    let groups: i64 = cost.groups.iter().map(|group| group.bytes).sum();
    let rows: i64 = cost.rows.iter().map(|row| row.delta).sum();
    let padding = cost.bytes(Why::Padding);
    cost.identical
        || (groups == cost.dec && groups - padding == cost.payload && rows == cost.payload)
}

/// The table of `size` for each pair, at most [`WIDTH`] columns wide, with a line that says of which
/// architecture it is and where the bytes went. No line begins with what git takes for its own.
pub fn commit_message(options: &[String], costs: &[(&str, &Cost, bool)]) -> String {
    let mut text = String::new();
    for (arch, cost, on) in costs {
        let what = if *on { "on" } else { "off" };
        let head = format!("{arch}, {} {what}:", options.join(", "));
        put(&mut text, &head);
        if cost.identical {
            put(&mut text, "  identical inputs: 0 bytes, by proof");
            text.push('\n');
            continue;
        }
        let shown = distinct(&cost.old.file, &cost.new.file);
        text.push_str(&sizes([&cost.old, &cost.new], shown));
        put(&mut text, &format!("payload {}: {}", signed(cost.payload), parts(cost)));
        text.push('\n');
    }
    text
}

/// What the payload's change is made of, in one line.
fn parts(cost: &Cost) -> String {
    let all = [Why::Direct, Why::DraggedIn, Why::Ungated, Why::Noise, Why::Unattributed];
    let named = all.into_iter().filter(|why| cost.groups.iter().any(|group| group.why == *why));
    let words: Vec<String> =
        named.map(|why| format!("{} {}", why.name(), signed(cost.bytes(why)))).collect();
    if words.is_empty() { "nothing changed".to_owned() } else { words.join(", ") }
}

fn signed(bytes: i64) -> String {
    format!("{bytes:+}")
}

/// A line, broken at blanks to be at most [`WIDTH`] columns wide, each part but the first indented.
fn put(text: &mut String, line: &str) {
    let mut used = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > WIDTH {
            text.push_str("\n  ");
            used = 2;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
    }
    text.push('\n');
}

/// The table of `size`; with blanks for its tabs where these leave no room for the names.
fn sizes(sides: [&Side; 2], shown: usize) -> String {
    let numbers = |side: &Side| {
        let (Berkeley { text, data, bss }, dec) = (side.size, side.size.dec());
        [text, data, bss, dec]
            .map(|bytes| bytes.to_string())
            .into_iter()
            .chain([format!("{dec:x}")])
    };
    let head = ["text", "data", "bss", "dec", "hex"].map(str::to_owned);
    let rows: Vec<Vec<String>> = std::iter::once(head.to_vec())
        .chain(sides.iter().map(|side| numbers(side).collect()))
        .collect();
    let names = ["filename".to_owned()].into_iter();
    let names: Vec<String> =
        names.chain(sides.iter().map(|side| tail(&side.file, shown, WIDTH))).collect();
    let put = |line: &mut String, cell: &str, width: usize, end: char| {
        let _ = write!(line, "{cell:>width$}{end}");
    };
    let tabs = |row: &Vec<String>| {
        let mut line = String::new();
        for cell in row {
            put(&mut line, cell, 7, '\t');
        }
        line
    };
    let fits = rows
        .iter()
        .zip(&names)
        .all(|(row, name)| columns(&tabs(row)) + name.chars().count() <= WIDTH);
    let widest = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
    let blanks = |row: &Vec<String>| {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            put(&mut line, cell, widest(at), ' ');
        }
        line
    };
    let mut out = String::new();
    for (row, name) in rows.iter().zip(&names) {
        let numbers = if fits { tabs(row) } else { blanks(row) };
        let room = WIDTH.saturating_sub(columns(&numbers));
        let _ = writeln!(out, "{numbers}{}", tail(name, shown, room));
    }
    out
}

/// The columns that text with tabs takes.
fn columns(text: &str) -> usize {
    text.chars().fold(0, |at, c| if c == '\t' { at / 8 * 8 + 8 } else { at + 1 })
}

/// How many parts at their ends tell two paths apart; at least two.
fn distinct(one: &str, other: &str) -> usize {
    let same = one.rsplit('/').zip(other.rsplit('/')).take_while(|(a, b)| a == b).count();
    (same + 1).max(2)
}

/// So many parts of a path's end, fewer where they take more than `room` columns.
fn tail(path: &str, parts: usize, room: usize) -> String {
    let mut ends = (1..=parts).rev().map(|parts| {
        let from = path.rmatch_indices('/').nth(parts - 1).map_or(0, |(at, _)| at + 1);
        &path[from..]
    });
    let fits = |text: &&str| text.chars().count() <= room;
    let last = path.rsplit('/').next().unwrap_or(path);
    ends.find(fits).map_or_else(|| last.chars().take(room).collect(), str::to_owned)
}
