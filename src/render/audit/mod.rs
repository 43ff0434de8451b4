//! `hmmsize audit` for people: the verdict, then what it rests on.

pub mod markdown;
mod table;
pub mod types;

pub use table::table;

use super::csv::quoted;
use crate::model::audit::{Cost, Growth, Possible, PossibleState, Report, Row};
use crate::model::why::Hop;

/// A line for each row of each pair.
pub fn csv(report: &Report) -> String {
    let mut out =
        "arch,cost,symbol,object,class,old,new,delta,why,option,growth,defined,gate,through,leak,guard\n"
            .to_owned();
    for arch in &report.arches {
        let costs = [("on", &arch.on), ("off", &arch.off)];
        for (name, cost) in
            costs.into_iter().filter_map(|(name, cost)| Some((name, cost.as_ref()?)))
        {
            for row in &cost.rows {
                let number = |bytes: Option<u64>| bytes.map_or_else(String::new, |b| b.to_string());
                let text = |text: Option<&str>| quoted(text.unwrap_or_default());
                let fields = [
                    quoted(&arch.arch),
                    name.to_owned(),
                    quoted(&row.name),
                    text(row.object.as_deref()),
                    row.class.name().to_owned(),
                    number(row.old),
                    number(row.new),
                    row.delta.to_string(),
                    row.why.name().to_owned(),
                    text(row.option.as_deref()),
                    row.growth.map_or("", |growth| growth.name()).to_owned(),
                    text(row.defined.as_deref()),
                    text(row.gate.as_ref().map(|gate| gate.place.as_str())),
                    quoted(&row.through.join(" ")),
                    text(row.leak.as_ref().map(|leak| leak.place.as_str())),
                    text(row.leak.as_ref().map(|leak| leak.guard.as_str())),
                ];
                out += &fields.join(",");
                out.push('\n');
            }
        }
    }
    out
}

/// `direct ZONE_DEVICE`, `ungated inline (ZONE_DEVICE)`: what a group or row is.
fn reason(why: crate::model::audit::Why, option: Option<&str>, growth: Option<&str>) -> String {
    match (growth, option) {
        (Some(growth), Some(option)) => format!("{}, {growth}: {option}", why.name()),
        (Some(growth), None) => format!("{}, {growth}", why.name()),
        (None, Some(option)) => format!("{}: {option}", why.name()),
        (None, None) => why.name().to_owned(),
    }
}

fn row_reason(row: &Row) -> String {
    reason(row.why, row.option.as_deref(), row.growth.map(Growth::name))
}

/// What is behind a row: places, and the text of the gate; what leads there is joined by `joint`.
fn detail(row: &Row, joint: &str) -> String {
    if let Some(leak) = &row.leak {
        let text = leak.text.trim_end_matches(';');
        return format!("{}: {text}; {} would stop it ({})", leak.place, leak.guard, leak.at);
    }
    let through = match row.through.as_slice() {
        [] => String::new(),
        names => format!(" through {}", names.join(joint)),
    };
    match &row.gate {
        Some(gate) => format!("{}: {}{through}", gate.place, gate.text),
        None => place(row),
    }
}

/// Where a row comes from: the leak, the gate, or the definition.
fn place(row: &Row) -> String {
    match (&row.leak, &row.gate) {
        (Some(leak), _) => leak.place.clone(),
        (None, Some(gate)) => gate.place.clone(),
        (None, None) => row.defined.clone().unwrap_or_default(),
    }
}

/// The architectures of the same answer about an option, with the answer.
fn answers<'r>(report: &'r Report, option: &str) -> Vec<(&'r Possible, Vec<&'r str>)> {
    let mut out: Vec<(&Possible, Vec<&str>)> = Vec::new();
    for arch in &report.arches {
        let Some(possible) = arch.possible.iter().find(|one| one.option == option) else {
            continue;
        };
        let same = |other: &Possible| {
            other.state == possible.state
                && (possible.state == PossibleState::Possible
                    || reasons(&other.chain) == reasons(&possible.chain))
        };
        match out.iter_mut().find(|(other, _)| same(other)) {
            Some((_, arches)) => arches.push(&arch.arch),
            None => out.push((possible, vec![&arch.arch])),
        }
    }
    out
}

fn reasons(chain: &[Hop]) -> Vec<(&str, Option<&str>)> {
    // `which nothing on arm selects` names the architecture, and arch/arm/Kconfig is it.
    let shared = |place: &&str| !place.starts_with("arch/");
    chain.iter().map(|hop| (hop.symbol.as_str(), hop.place.as_deref().filter(shared))).collect()
}

/// The chain of a proof, in one sentence with places.
fn proof(chain: &[Hop]) -> String {
    super::why::proof(chain)
}

/// What a pair compares, for a heading.
fn heading(arch: &str, options: &str, on: bool) -> String {
    if on {
        format!("{arch}: cost of {options} where it is on")
    } else {
        format!("{arch}: cost of {options} where it is off")
    }
}

/// The part of what moved that nobody can be blamed for.
fn unattributed(cost: &Cost) -> String {
    format!(
        "{} bytes moved, of which {:.2} % are unattributed; the sum of all parts is exact",
        cost.moved,
        cost.unattributed_percent()
    )
}
