//! What a cell costs in CPU seconds, before it is built.
//!
//! Where the very configuration was built or counted before, from its number of objects; else from
//! cells that were measured on Linux 6.12.117 with gcc 12.2 on one machine. It decides how cells are
//! dealt out, and nothing that is measured: on another machine all numbers are wrong by one factor.

use super::forecast::{self, Forecasts};
use super::plan::{BaseConfig, CellPlan};
use crate::model::run::Target;
use crate::model::shards::{Cost, Origin};

/// A measured cell.
struct Row {
    base: &'static str,
    arch: &'static str,
    objects: u64,
    /// CPU seconds, user and system, without ccache's help.
    cpu_s: f64,
}

const fn row(base: &'static str, arch: &'static str, objects: u64, cpu_s: f64) -> Row {
    Row { base, arch, objects, cpu_s }
}

/// Whole kernels (vmlinux). The allyesconfig rows are counted by `make -n` and multiplied with the 1.6
/// seconds that an object of its `mm/` took; no whole one has been measured. tinyconfig is with the
/// fragments of the embedded matrix.
static KERNELS: &[Row] = &[
    row("tinyconfig", "arm", 485, 129.0),
    row("tinyconfig", "arm64", 464, 198.0),
    row("tinyconfig", "powerpc", 607, 203.0),
    row("tinyconfig", "riscv", 502, 182.0),
    row("tinyconfig", "s390", 420, 124.0),
    row("tinyconfig", "x86_64", 531, 174.0),
    row("defconfig", "x86_64", 2920, 1848.0),
    row("allyesconfig", "arm", 22441, 35_900.0),
    row("allyesconfig", "x86_64", 23199, 37_100.0),
];

/// A scope, configuring and preparing included: the `mm/` of the same configurations.
static SCOPES: &[Row] = &[
    row("tinyconfig", "arm", 54, 42.0),
    row("tinyconfig", "x86_64", 81, 49.0),
    row("allyesconfig", "x86_64", 134, 259.0),
];

/// What `cell` is going to cost; `config_digest` is that of its `.config`, if it is foreseen.
pub fn cost(cell: &CellPlan, config_digest: Option<&str>, forecasts: &Forecasts) -> Cost {
    let (own, row) = rows_of(cell);
    let counted = config_digest
        .and_then(|digest| forecasts.get(&forecast::key_of(&cell.arch.name, digest, &cell.target)));
    let (objects, cpu_s, from) = match (counted, row) {
        (Some(n), Some(row)) => {
            (Some(n), row.cpu_s / row.objects as f64 * n as f64, Origin::Counted)
        }
        (_, Some(row)) if own.is_some() => (Some(row.objects), row.cpu_s, Origin::Measured),
        (counted, row) => (counted, row.map_or(1.0, |row| row.cpu_s), Origin::Guessed),
    };
    let cpu_s = (cpu_s * 10.0).round() / 10.0;
    Cost { id: cell.id.clone(), cpu_s, objects, from, same_as: None }
}

/// Objects and CPU seconds of an object by the tables; objects only where that very cell was measured.
pub fn usual(cell: &CellPlan) -> (Option<u64>, f64) {
    let (own, row) = rows_of(cell);
    let pace = row.map_or(1.0, |row| row.cpu_s / row.objects as f64);
    (own.map(|row| row.objects), pace)
}

/// The row of the tables that is about such a cell, and the one that is most like it.
fn rows_of(cell: &CellPlan) -> (Option<&'static Row>, Option<&'static Row>) {
    let rows = if matches!(cell.target, Target::Scope(_)) { SCOPES } else { KERNELS };
    let base = like(&cell.base);
    let of_base = || rows.iter().filter(move |row| row.base == base);
    let own = of_base().find(|row| row.arch == cell.arch.name);
    (own, own.or_else(|| middle(of_base().collect())).or_else(|| middle(rows.iter().collect())))
}

/// The base configuration of the tables that is most like this one.
fn like(base: &BaseConfig) -> &'static str {
    match base {
        BaseConfig::Goal(goal) => match goal.as_str() {
            "tinyconfig" | "allnoconfig" => "tinyconfig",
            "allyesconfig" | "allmodconfig" => "allyesconfig",
            _ => "defconfig",
        },
        BaseConfig::File(_) => "defconfig",
    }
}

/// The row in the middle by cost.
fn middle(mut rows: Vec<&'static Row>) -> Option<&'static Row> {
    rows.sort_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    rows.get(rows.len() / 2).copied()
}
