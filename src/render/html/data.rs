//! What the page's script works with: columns of symbols and findings, as JSON, deflated, in base64.
//!
//! A table of 130,000 symbols is a few megabytes this way and unpacked in a few hundredths of a
//! second. Base64 has no character that HTML would obey, whatever names and messages contain.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::Value;

use super::audit;
use super::digest::base64;
use super::text::{visible, visible_in};
use crate::model::audit::Cost;
use crate::model::class::Class;
use crate::model::delta::{self, By, Change, Row};
use crate::model::finding::{Finding, RuleInfo};
use crate::model::report::{Linted, Page};

/// Everything that tables and the map show.
#[derive(Serialize)]
struct Data<'a> {
    comparisons: Vec<Symbols>,
    lints: Vec<Lint<'a>>,
}

/// The symbols of one comparison, a column each.
#[derive(Default, Serialize)]
struct Symbols {
    title: String,
    /// What a reader should know about the map.
    note: String,
    /// Unchanged symbols are there, too.
    whole: bool,
    /// Rows are objects, because there are no symbols.
    objects: bool,
    /// Rows that the input left out.
    hidden: usize,
    /// Units are paths, not bare names of files.
    directories: bool,
    units: Vec<String>,
    classes: Vec<&'static str>,
    name: Vec<String>,
    /// Index into `units`, -1 if not known.
    unit: Vec<i32>,
    /// Index into `classes`, -1 if not known.
    class: Vec<i32>,
    old: Vec<Option<u64>>,
    new: Vec<Option<u64>>,
    was: BTreeMap<usize, String>,
    nth: BTreeMap<usize, (u32, u32)>,
    /// What no symbol covers.
    rest: Vec<(String, Option<u64>, Option<u64>)>,
    /// Reasons that rows have; of audits only.
    whys: Vec<String>,
    /// Index into `whys`.
    why: Vec<i32>,
    /// Why a symbol is there: facts, and where they stand.
    gates: BTreeMap<usize, Vec<(String, Option<String>)>>,
}

#[derive(Serialize)]
struct Lint<'a> {
    arches: Vec<String>,
    hidden: usize,
    /// What rules are about, by their codes.
    about: BTreeMap<&'a str, &'a str>,
    findings: Vec<Value>,
}

/// The data of `page`.
pub fn encode(page: &Page) -> String {
    let mut comparisons = Vec::new();
    for report in &page.comparisons {
        for one in &report.comparisons {
            comparisons.push(Symbols::of(report, one));
        }
    }
    for report in &page.audits {
        let costs = audit::costs(report).into_iter().filter(|(_, cost)| !cost.rows.is_empty());
        comparisons.extend(costs.map(|(title, cost)| Symbols::of_cost(&title, cost)));
    }
    let lints = page.lints.iter().map(|lint| Lint::of(lint, &page.rules)).collect();
    pack(&serde_json::to_vec(&Data { comparisons, lints }).expect("plain data"))
}

fn pack(json: &[u8]) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(9));
    encoder.write_all(json).expect("writing to memory");
    base64(&encoder.finish().expect("writing to memory"))
}

impl Symbols {
    fn of(report: &delta::Report, one: &delta::Comparison) -> Self {
        let tables = |by: By| one.tables.iter().filter(move |table| table.by == by);
        let mut made = Self {
            title: visible(&super::title_of(report, one)),
            classes: Class::ALL.iter().map(|class| class.name()).collect(),
            ..Self::default()
        };
        made.objects = tables(By::Symbol).next().is_none();
        let by = if made.objects { By::Object } else { By::Symbol };
        let rows: Vec<&Row> = tables(by).flat_map(|table| &table.rows).collect();
        made.hidden = tables(by).map(|table| table.hidden).sum();
        made.whole = rows.iter().any(|row| row.change == Change::Same);
        made.directories = made.objects || rows.iter().any(|row| row.unit.is_some());
        let mut units = FxHashMap::default();
        for row in rows {
            made.push(row, &mut units);
        }
        let rest = tables(by).flat_map(|table| &table.rest);
        made.rest = rest
            .filter(|row| row.name != "unattributed")
            .map(|row| (visible(&row.name), row.old, row.new))
            .collect();
        if !made.rest.is_empty() {
            // What no symbol covers is in sections that say what it is: .BTF, .orc_unwind.
            for section in &one.sections {
                let [old, new] =
                    [section.old, section.new].map(|side| side.map(|it| it.unattributed));
                if old.unwrap_or(0) + new.unwrap_or(0) > 0 {
                    made.rest.push((visible(&section.name), old, new));
                }
            }
        }
        note(&made).clone_into(&mut made.note);
        made
    }

    /// What an audit says of two images: only what changed, and why.
    fn of_cost(title: &str, cost: &Cost) -> Self {
        let mut made = Self {
            title: visible(title),
            classes: Class::ALL.iter().map(|class| class.name()).collect(),
            directories: cost
                .rows
                .iter()
                .flat_map(|row| &row.object)
                .any(|name| name.contains('/')),
            note: "Only what changed is here, as the audit found it.".to_owned(),
            ..Self::default()
        };
        let (mut units, mut whys) = (FxHashMap::default(), FxHashMap::default());
        for (at, found) in cost.rows.iter().enumerate() {
            let mut row = Row::new(found.name.as_str(), found.old, found.new);
            row.class = Some(found.class);
            let object = found.object.as_deref();
            made.push_row(&row, object, &mut units);
            let reason = visible(&audit::row_reason(found));
            let why = *whys.entry(reason).or_insert_with_key(|reason| {
                made.whys.push(reason.clone());
                made.whys.len() as i32 - 1
            });
            made.why.push(why);
            let chain = audit::chain(found).into_iter();
            let chain = chain.map(|(text, place)| (visible(&text), place.as_deref().map(visible)));
            made.gates.insert(at, chain.collect());
        }
        made
    }

    fn push<'a>(&mut self, row: &'a Row, units: &mut FxHashMap<&'a str, i32>) {
        let (name, unit) = if self.objects {
            let (dir, name) = row.name.rsplit_once('/').unwrap_or(("", &row.name));
            (name, Some(dir).filter(|dir| !dir.is_empty()))
        } else if self.directories {
            (row.name.as_str(), row.unit.as_deref())
        } else {
            (row.name.as_str(), row.object.as_deref())
        };
        let at = self.name.len();
        self.push_row(row, unit, units);
        self.name[at] = visible(name);
    }

    fn push_row<'a>(
        &mut self,
        row: &Row,
        unit: Option<&'a str>,
        units: &mut FxHashMap<&'a str, i32>,
    ) {
        let at = self.name.len();
        let unit = unit.map_or(-1, |unit| {
            *units.entry(unit).or_insert_with(|| {
                self.units.push(visible(unit));
                self.units.len() as i32 - 1
            })
        });
        let class = row.class.and_then(|class| Class::ALL.iter().position(|one| *one == class));
        self.name.push(visible(&row.name));
        self.unit.push(unit);
        self.class.push(class.map_or(-1, |class| class as i32));
        self.old.push(row.old);
        self.new.push(row.new);
        if let Some(was) = &row.was {
            self.was.insert(at, visible(was));
        }
        if let Some(nth) = row.nth {
            self.nth.insert(at, nth);
        }
    }
}

/// What a reader of the map should know about it.
fn note(symbols: &Symbols) -> &'static str {
    match (symbols.directories, symbols.whole) {
        (true, true) => "",
        (true, false) => {
            "Only what changed is here; `compare --show all` makes a map of the whole kernel."
        }
        (false, true) => {
            "No directories are known, so symbols are grouped by class and file: a linker map beside \
             the image, or `compare --units` where there is debug information, tells them."
        }
        (false, false) => {
            "Only what changed is here (`compare --show all` makes a map of the whole kernel), by class \
             and file, because no directories are known."
        }
    }
}

impl<'a> Lint<'a> {
    fn of(lint: &'a Linted, rules: &'a [RuleInfo]) -> Self {
        let one = |(number, finding): (usize, &Finding)| {
            let mut value = serde_json::to_value(finding).expect("plain data");
            value["verified"] = finding.verified.words().map_or(Value::Null, Value::from);
            let excerpt = lint.excerpts.get(number).and_then(Option::as_ref);
            if let Some(excerpt) = excerpt {
                value["excerpt"] = serde_json::to_value(excerpt).expect("plain data");
            }
            visible_in(&mut value);
            value
        };
        let report = &lint.report;
        let used = rules.iter().filter(|rule| report.rules.iter().any(|code| code == rule.code));
        Self {
            arches: report.arches.iter().map(|arch| visible(arch)).collect(),
            hidden: report.hidden,
            about: used.map(|rule| (rule.code, rule.what)).collect(),
            findings: report.findings.iter().enumerate().map(one).collect(),
        }
    }
}
