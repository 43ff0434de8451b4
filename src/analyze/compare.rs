//! What `compare` says of two files: columns, tables, symbols and section accounts.
//!
//! Everything that only needs one file is worked out by [`analyse`], for all files at once on several
//! threads; [`compare`] then puts two of them side by side.

use std::collections::BTreeMap;

use super::accounts::Accounts;
use super::breakdown;
use super::claims::{Category, Claims};
use super::diff::{self, Pair, Pairs, Side};
use super::disagree;
use super::extents;
use super::lay::Laid;
use super::payload::Estimate;
use super::select::{self, Selection, Sort};
use super::tally::{Tally, summary};
use super::units::Units;
use super::{class, option_tables, payload, size, unit_tables};
use crate::exit::{Error, Result};
use crate::model::audit::Cost;
use crate::model::breakdown::Breakdown;
use crate::model::class::Class;
use crate::model::delta::{By, Comparison, Row, Table};
use crate::model::diag::Diag;
use crate::model::image::{Image, Kind};
use crate::model::inline::Inlines;
use crate::model::linkmap::LinkMap;
use crate::model::origin::Origins;
use crate::model::payload::PayloadMap;
use crate::model::size::{Berkeley, Payload, PayloadKind};

/// One file with what can be said of it alone.
#[derive(Debug)]
pub struct Analysed<'a> {
    /// As the user named it.
    pub name: String,
    /// Whether it is an archive, whose members are the images.
    pub is_archive: bool,
    /// Its images: one, or the members of an archive.
    pub images: &'a [Image<'a>],
    /// What GNU `size` says, of all images together.
    pub size: Berkeley,
    /// The map of the final link, if there is one.
    pub map: Option<&'a LinkMap<'a>>,
    /// Its symbols.
    pub claims: Claims<'a>,
    /// Padding and payload of each image, estimated; empty unless asked for.
    pub estimated: Vec<PayloadMap>,
    /// Payload from the linker map, if there is one.
    pub mapped: Option<PayloadMap>,
    /// What the linker map does not explain.
    pub diags: Vec<Diag>,
    /// The debug information of each image; empty unless it was read.
    pub debug: Vec<Debugged>,
}

/// What was read of the debug information of an image.
#[derive(Debug, Default)]
pub struct Debugged {
    /// Units, functions, variables; without units if there is none.
    pub origins: Origins,
    /// What was inlined, if that was asked for.
    pub inlines: Option<Inlines>,
}

/// Works out what can be said of one file alone; padding and payload only if `payload`.
pub fn analyse<'a>(
    name: String,
    is_archive: bool,
    images: &'a [Image<'a>],
    map: Option<&'a LinkMap<'a>>,
    payload: bool,
) -> Analysed<'a> {
    let mut claims = Claims::default();
    let mut estimated = Vec::new();
    for image in images {
        let mut laid = Laid::new(image);
        let mut padding = payload.then(|| Estimate::new(image));
        extents::each(image, |slot, extents| {
            laid.add(image, slot, extents);
            if let Some(padding) = &mut padding {
                padding.add(&image.sections[slot], extents);
            }
        });
        claims.add(image, laid, class::of_section);
        estimated.extend(padding.map(Estimate::finish));
    }
    let (mapped, diags) = match (map, images) {
        (Some(map), [image]) if payload => {
            let (mapped, diags) = payload::from_map(image, map);
            (Some(mapped), diags)
        }
        _ => (None, Vec::new()),
    };
    let sizes: Vec<Berkeley> = images.iter().map(size::berkeley).collect();
    Analysed {
        name,
        is_archive,
        images,
        size: size::totals(&sizes),
        map,
        claims,
        estimated,
        mapped,
        diags,
        debug: Vec::new(),
    }
}

impl<'d, 'a> Side<'d, 'a> {
    /// What is compared of a file.
    fn of(file: &'d Analysed<'a>) -> Self {
        Self { images: file.images, claims: &file.claims }
    }
}

impl Analysed<'_> {
    /// Whether every image has a symbol table.
    pub fn has_symtab(&self) -> bool {
        self.images.iter().all(|image| image.has_symtab)
    }

    /// The best payload there is.
    pub fn payload(&self) -> Option<Payload> {
        self.mapped.as_ref().map(PayloadMap::payload).or_else(|| self.estimate())
    }

    /// The estimated payload.
    pub fn estimate(&self) -> Option<Payload> {
        let bytes = self.estimated.iter().map(|map| map.payload().bytes).sum();
        (!self.estimated.is_empty()).then_some(Payload { bytes, kind: PayloadKind::Estimated })
    }

    /// Payload and padding of this file and another, of the best kind that both have.
    pub fn payload_sides(&self, other: &Self) -> Option<(disagree::Side, disagree::Side)> {
        let ([old], [new]) = (self.images, other.images) else { return None };
        let (was, is) = match (&self.mapped, &other.mapped) {
            (Some(was), Some(is)) => (was, is),
            _ => (self.estimated.first()?, other.estimated.first()?),
        };
        Some((disagree::Side::new(old, was), disagree::Side::new(new, is)))
    }

    /// The size of a pre-link file without the sections that never reach vmlinux.
    pub fn prelink(&self) -> Option<Berkeley> {
        let [image] = self.images else { return None };
        (image.kind == Kind::Prelink).then(|| {
            let mut reaching = image.clone();
            reaching.sections.retain(|section| !class::never_linked(section.name));
            size::berkeley(&reaching)
        })
    }

    /// Padding and payload of image `number`, if they are known in this way.
    pub fn payload_map(&self, number: usize, kind: PayloadKind) -> Option<&PayloadMap> {
        match kind {
            PayloadKind::Map => self.mapped.as_ref(),
            PayloadKind::Estimated => self.estimated.get(number),
        }
    }

    /// Bytes of each class; they sum to `dec`.
    fn classes(&self, kind: PayloadKind) -> BTreeMap<Class, u64> {
        let mut sums = BTreeMap::new();
        for (number, image) in self.images.iter().enumerate() {
            for (class, bytes) in class::classify(image, self.payload_map(number, kind)) {
                *sums.entry(class).or_default() += bytes;
            }
        }
        sums
    }

    /// The objects this file was made of: members of the archive, or what the linker map names.
    fn objects(&self, by: By) -> Result<Breakdown> {
        if self.is_archive {
            let mut objects = match by {
                By::Dir => breakdown::by_file_dir(self.images, None),
                _ => breakdown::by_file(self.images),
            };
            // Members of thin archives are named by their path. Seen from the archive they have the
            // same names in two build directories.
            let dir = self.name.rfind('/').map_or("", |slash| &self.name[..=slash]);
            for row in &mut objects.rows {
                if let Some(name) = row.name.strip_prefix(dir) {
                    row.name = if name.is_empty() { "./".to_owned() } else { name.to_owned() };
                }
            }
            return Ok(objects);
        }
        match (self.map, self.images) {
            (Some(map), [image]) => Ok(match by {
                By::Dir => breakdown::by_dir(image, map, None).0,
                _ => breakdown::by_object(image, map).0,
            }),
            _ => Err(Error::input(
                &self.name,
                format!(
                    "--by {} needs an archive, or the linker map beside the image (vmlinux.map)",
                    by.name()
                ),
            )),
        }
    }
}

/// What to compare, and what of it to show.
pub struct Options<'o> {
    /// Tables to make.
    pub by: Vec<By>,
    /// Which rows.
    pub selection: Selection<'o>,
    /// The partition of the difference, for [`By::Option`] and [`By::Guard`].
    pub cost: Option<&'o Cost>,
    /// The subsystem of a source file, for [`By::Subsystem`].
    pub subsystem: Option<&'o (dyn Fn(&str) -> String + Sync)>,
    /// Tables of symbols: bloat-o-meter's heading, and which categories are in it.
    pub categories: &'o [(&'o str, &'o [Category])],
    /// Which objects the symbols of the old and the new file are from, if rows are to say so.
    pub units: Option<[&'o Units<'o>; 2]>,
}

/// Compares `new`, the file number `file`, with the baseline `old`. Warnings and configuration are the
/// caller's to add.
pub fn compare(
    file: usize,
    old: &Analysed,
    new: &Analysed,
    options: &Options,
) -> Result<Comparison> {
    let kind = match (&old.mapped, &new.mapped) {
        (Some(_), Some(_)) => PayloadKind::Map,
        _ => PayloadKind::Estimated,
    };
    let symbols_wanted = [By::Symbol, By::Inline].iter().any(|by| options.by.contains(by));
    let with_symbols = symbols_wanted && old.has_symtab() && new.has_symtab();
    let (paired, accounts) = rayon::join(
        || {
            with_symbols.then(|| {
                let pairs = diff::pairs(Side::of(old), Side::of(new));
                let tally = Tally::of(&pairs, &old.claims, &new.claims);
                (pairs, tally)
            })
        },
        || Accounts::of(old, new, kind),
    );
    let mut symbols = None;
    let mut tables = Vec::new();
    for &by in &options.by {
        if by == By::Symbol {
            if let Some((pairs, tally)) = &paired {
                tables.extend(symbol_tables(old, new, (pairs, tally), &accounts, options));
                symbols = Some(tally.sum);
            }
            continue;
        }
        if by == By::Inline {
            let pairs = paired.as_ref().map(|(pairs, _)| pairs);
            tables.push(unit_tables::inline_table(old, new, pairs, &options.selection)?);
            continue;
        }
        if matches!(by, By::Option | By::Guard) {
            let table = |cost| option_tables::table(by, cost, &options.selection);
            tables.extend(options.cost.map(table));
            continue;
        }
        let by_objects = old.has_objects() && new.has_objects();
        if matches!(by, By::Unit | By::Subsystem) || (by == By::Dir && !by_objects) {
            tables.push(unit_tables::table(by, old, new, kind, options)?);
            continue;
        }
        let rows = match by {
            By::Class => class_rows(&old.classes(kind), &new.classes(kind)),
            By::Section => accounts.rows(),
            By::Object | By::Dir => merge(&old.objects(by)?, &new.objects(by)?),
            _ => Vec::new(),
        };
        // Classes and sections have an order of their own; of the rest the largest changes matter
        // most.
        let natural = match by {
            By::Class | By::Section => None,
            _ => Some(Sort::Abs),
        };
        let selection = Selection { sort: options.selection.sort.or(natural), ..options.selection };
        let change = |row: &Row| if by == By::Section { accounts.change(row) } else { row.change };
        tables.push(select::table(by, rows, change, &selection));
    }
    Ok(Comparison {
        file,
        columns: columns(old, new, kind),
        tables,
        symbols,
        padding: (!new.estimated.is_empty()).then_some(kind),
        sections: accounts.sections,
        config: None,
        warnings: Vec::new(),
    })
}

fn columns(old: &Analysed, new: &Analysed, kind: PayloadKind) -> Vec<Row> {
    let row = |name: &str, old: u64, new: u64| Row::new(name, Some(old), Some(new));
    let mut rows = vec![
        row("text", old.size.text, new.size.text),
        row("data", old.size.data, new.size.data),
        row("bss", old.size.bss, new.size.bss),
        row("dec", old.size.dec(), new.size.dec()),
    ];
    // Two payloads are compared only if of one kind.
    let payloads = match kind {
        PayloadKind::Map => (old.payload(), new.payload(), "payload"),
        PayloadKind::Estimated => (old.estimate(), new.estimate(), "payload (estimated)"),
    };
    if let (Some(was), Some(is), name) = payloads {
        rows.push(row(name, was.bytes, is.bytes));
    }
    if let (Some(was), Some(is)) = (old.prelink(), new.prelink()) {
        rows.push(row("pre-link", was.dec(), is.dec()));
    }
    rows
}

fn class_rows(old: &BTreeMap<Class, u64>, new: &BTreeMap<Class, u64>) -> Vec<Row> {
    Class::ALL
        .into_iter()
        .filter(|class| old.contains_key(class) || new.contains_key(class))
        .map(|class| Row::new(class.name(), old.get(&class).copied(), new.get(&class).copied()))
        .collect()
}

/// The rows of two breakdowns, matched by name.
pub(super) fn merge(old: &Breakdown, new: &Breakdown) -> Vec<Row> {
    let mut rows: BTreeMap<&str, (Option<u64>, Option<u64>)> = BTreeMap::new();
    for row in &old.rows {
        let bytes = rows.entry(&row.name).or_default().0.get_or_insert(0);
        *bytes += row.size.dec();
    }
    for row in &new.rows {
        let bytes = rows.entry(&row.name).or_default().1.get_or_insert(0);
        *bytes += row.size.dec();
    }
    rows.into_iter().map(|(name, (old, new))| Row::new(name, old, new)).collect()
}

/// The tables of symbols.
fn symbol_tables(
    old: &Analysed,
    new: &Analysed,
    (pairs, tally): (&Pairs, &Tally),
    accounts: &Accounts,
    options: &Options,
) -> Vec<Table> {
    let (was, is) = (&old.claims, &new.claims);
    let selection = &options.selection;
    let table = |&(title, categories): &(&str, &[Category])| {
        let category = |pair: &Pair| diff::is_of(pair, was, is, categories);
        let shown = |pair: &Pair| category(pair) && select::matches(pair, was, is, selection);
        let mut table =
            select::symbols(pairs, &tally.changed, shown, was, is, selection, options.units);
        let everything = categories == Category::ALL;
        let total =
            if everything { tally.sum } else { summary(pairs.iter().filter(category), was, is) };
        let is_all = everything && !old.estimated.is_empty();
        let rest = if is_all { accounts.rest() } else { Vec::new() };
        let sum = |pick: fn(&Row) -> Option<u64>, symbols: u64| {
            rest.iter().filter_map(pick).fold(symbols, u64::wrapping_add)
        };
        let (before, after) = (sum(|row| row.old, total.before), sum(|row| row.new, total.after));
        table.total = Row::new("total", Some(before), Some(after));
        table.title = Some(title.to_owned());
        let filtered = selection.filter.is_some();
        let of_shown = || summary(pairs.iter().filter(shown), was, is);
        table.summary = Some(if filtered { of_shown() } else { total });
        table.rest = rest;
        table
    };
    options.categories.iter().map(table).collect()
}
