//! Which rows a table shows, and in what order: `--show`, `--filter`, `--sort`, `--top`.
//!
//! Two kernels share 130,000 symbols. So names are made, and rows built, only for what is shown; and
//! what is cut off is never sorted.

use std::cmp::Ordering;

use super::claims::Claims;
use super::diff::{self, Pair, Pairs};
use super::names;
use super::units::Units;
use crate::model::delta::{By, Change, Row, Table};

/// In what order rows come. Ties are in the order of names, then of position in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Largest growth first, largest shrinkage last, as bloat-o-meter.
    Delta,
    /// Largest change in either direction first.
    Abs,
    /// By name.
    Name,
    /// Largest first (the larger of before and after).
    Size,
    /// Largest growth in percent first; what is new counts as infinite.
    Percent,
}

/// What of a table to show.
#[derive(Clone, Copy)]
pub struct Selection<'o> {
    /// Only these changes.
    pub show: &'o [Change],
    /// Only names for which this holds.
    pub filter: Option<&'o (dyn Fn(&str) -> bool + Sync)>,
    /// The order; `None` leaves the natural one (of classes and sections).
    pub sort: Option<Sort>,
    /// At most so many rows: those with the largest change, unless sorted otherwise.
    pub top: Option<usize>,
}

impl Selection<'_> {
    fn wants(&self, change: Change) -> bool {
        self.show.contains(&change)
    }

    fn matches(&self, name: &str) -> bool {
        self.filter.is_none_or(|filter| filter(name))
    }
}

/// A table of `rows`, which are all there are; `change` says how a row changed.
pub fn table(
    by: By,
    rows: Vec<Row>,
    change: impl Fn(&Row) -> Change,
    selection: &Selection,
) -> Table {
    let sum =
        |pick: fn(&Row) -> Option<u64>| rows.iter().filter_map(pick).fold(0u64, u64::wrapping_add);
    let total = Row::new("total", Some(sum(|row| row.old)), Some(sum(|row| row.new)));
    let mut rows = rows;
    rows.retain(|row| selection.wants(change(row)) && selection.matches(&row.name));
    let before = rows.len();
    if let Some(sort) = selection.sort {
        rows.sort_by(|a, b| order(sort, &key_of_row(a), &key_of_row(b)).then(a.name.cmp(&b.name)));
    }
    if let Some(top) = selection.top {
        rows.truncate(top);
    }
    let hidden = before - rows.len();
    Table { by, title: None, summary: None, hidden, rows, note: None, rest: Vec::new(), total }
}

#[derive(Clone, Copy)]
struct Key {
    delta: i64,
    size: u64,
    percent: Option<f64>,
}

fn key_of_row(row: &Row) -> Key {
    Key {
        delta: row.delta,
        size: row.old.unwrap_or(0).max(row.new.unwrap_or(0)),
        percent: row.percent,
    }
}

fn order(sort: Sort, a: &Key, b: &Key) -> Ordering {
    match sort {
        Sort::Delta => b.delta.cmp(&a.delta),
        Sort::Abs => {
            b.delta.unsigned_abs().cmp(&a.delta.unsigned_abs()).then(b.delta.cmp(&a.delta))
        }
        Sort::Name => Ordering::Equal,
        Sort::Size => b.size.cmp(&a.size),
        Sort::Percent => {
            let percent = |key: &Key| key.percent.unwrap_or(f64::INFINITY);
            percent(b).total_cmp(&percent(a)).then(b.delta.cmp(&a.delta))
        }
    }
}

/// Whether the name (or old name) of a pair matches the filter.
pub fn matches(pair: &Pair, old: &Claims, new: &Claims, selection: &Selection) -> bool {
    let matches = |name: &[u8]| selection.matches(&names::display(name));
    selection.filter.is_none()
        || matches(diff::name(pair, old, new))
        || diff::old_name(pair, old).is_some_and(matches)
}

/// The table of those `pairs` that are `shown` and changed as selected, without rest and total, which
/// the caller knows; `changed` are all pairs that changed.
pub fn symbols(
    pairs: &Pairs,
    changed: &[Pair],
    shown: impl Fn(&Pair) -> bool,
    old: &Claims,
    new: &Claims,
    selection: &Selection,
    units: Option<[&Units; 2]>,
) -> Table {
    let wanted = |pair: &Pair| selection.wants(pair.change(old, new)) && shown(pair);
    // With what orders them, which is looked up once.
    let keyed = |pair: Pair| (key_of_pair(&pair, old, new), pair);
    let mut chosen: Vec<(Key, Pair)> = if selection.wants(Change::Same) {
        pairs.iter().filter(wanted).map(keyed).collect()
    } else {
        changed.iter().copied().filter(wanted).map(keyed).collect()
    };
    let total = chosen.len();
    let sort = selection.sort.unwrap_or(Sort::Abs);
    let compare = |(a_key, a): &(Key, Pair), (b_key, b): &(Key, Pair)| {
        let place = |pair: &Pair| (pairs.number(pair).0, pair.old, pair.new);
        order(sort, a_key, b_key)
            .then_with(|| diff::name(a, old, new).cmp(diff::name(b, old, new)))
            .then_with(|| diff::object(a, old, new).cmp(diff::object(b, old, new)))
            .then_with(|| place(a).cmp(&place(b)))
    };
    if let Some(top) = selection.top.filter(|&top| top < chosen.len()) {
        if let Some(last) = top.checked_sub(1) {
            // Nearly all are ruled out before it comes to names.
            chosen.select_nth_unstable_by(last, |(a, _), (b, _)| order(sort, a, b));
            let (last, _) = chosen[last];
            chosen.retain(|(key, _)| order(sort, key, &last) != Ordering::Greater);
            chosen.select_nth_unstable_by(top - 1, compare);
        }
        chosen.truncate(top);
    }
    chosen.sort_unstable_by(compare);
    let rows: Vec<Row> = chosen
        .iter()
        .map(|(_, pair)| {
            let mut row = row(pairs, pair, old, new);
            row.unit = units.and_then(|units| unit(pair, old, new, units));
            row
        })
        .collect();
    Table {
        by: By::Symbol,
        title: None,
        summary: None,
        hidden: total - rows.len(),
        rows,
        note: None,
        rest: Vec::new(),
        total: Row::new("total", None, None),
    }
}

fn key_of_pair(pair: &Pair, old: &Claims, new: &Claims) -> Key {
    let (was, is) = (pair.before(old), pair.after(new));
    let delta = crate::model::delta::delta(was.unwrap_or(0), is.unwrap_or(0));
    Key {
        delta,
        size: was.unwrap_or(0).max(is.unwrap_or(0)),
        percent: crate::model::delta::percent(delta, was.unwrap_or(0)),
    }
}

/// The object that a symbol is from; of one that is on both sides, where it is now.
fn unit(pair: &Pair, old: &Claims, new: &Claims, [was, is]: [&Units; 2]) -> Option<String> {
    let now = pair.new.and_then(|item| is.name(new, &new.items[item as usize]));
    now.or_else(|| was.name(old, &old.items[pair.old? as usize]))
}

fn row(pairs: &Pairs, pair: &Pair, old: &Claims, new: &Claims) -> Row {
    let item = diff::item(pair, old, new);
    let name = names::display(diff::name(pair, old, new));
    let mut row = Row::new(name, pair.before(old), pair.after(new));
    row.change = pair.change(old, new);
    row.class = Some(item.class);
    let object = diff::object(pair, old, new);
    row.object = (!object.is_empty()).then(|| String::from_utf8_lossy(object).into());
    row.was = diff::old_name(pair, old).map(names::display);
    row.nth = Some(pairs.number(pair)).filter(|(_, of)| *of > 1);
    row
}
