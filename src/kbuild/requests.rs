//! Requests: what the configuration was asked for, against what it says in the end.

use std::collections::BTreeMap;
use std::path::Path;

use super::configure::Verdict;
use super::explain;
use crate::exit::Result;
use crate::model::config::Config;
use crate::model::run::Request;
use crate::model::words::Assignment;

/// Where the explanation of a request looks.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The kernel tree.
    pub tree: &'a Path,
    /// The directory under `arch/`.
    pub srcarch: &'a str,
    /// The final configuration.
    pub config: &'a Config,
}

/// Checks `requests` (all are recorded) and `base` (what fragments assign; recorded only where it
/// does not hold) against the final configuration.
pub fn check(
    place: Place<'_>,
    requests: &[Assignment],
    base: &[Assignment],
    impossible: &BTreeMap<String, String>,
) -> Result<(Vec<Request>, Verdict)> {
    let mut out = Vec::new();
    let mut dropped = Vec::new();
    let mut excused = Vec::new();
    let lists = [(requests, true), (base, false)];
    for (wanted, asked) in
        lists.into_iter().flat_map(|(l, asked)| l.iter().map(move |a| (a, asked)))
    {
        let got = place.config.value(&wanted.symbol);
        let holds = got == wanted.value;
        if holds {
            if asked {
                out.push(record(wanted, got, true, None));
            }
            continue;
        }
        let why = if let Some(reason) = impossible.get(&wanted.symbol) {
            excused.push(format!("{}: {reason}", wanted.symbol));
            format!("impossible here: {reason}")
        } else {
            let why = explain_request(place, wanted)?;
            dropped.push(format!("{wanted} became {got}: {why}"));
            why
        };
        out.push(record(wanted, got, false, Some(why)));
    }
    let verdict = if !dropped.is_empty() {
        Verdict::Dropped(dropped.join("; "))
    } else if !excused.is_empty() {
        Verdict::Impossible(excused.join("; "))
    } else {
        Verdict::Ok
    };
    Ok((out, verdict))
}

/// Why a request does not hold, in one clause: what the option depends on, what selects it, as far
/// as reading Kconfig files line by line tells. This is the seam for the Kconfig engine, which will
/// know exactly.
pub fn explain_request(place: Place<'_>, wanted: &Assignment) -> Result<String> {
    let facts = explain::read(place.tree, place.srcarch, &wanted.symbol)?;
    Ok(explain::describe(&facts, place.config, wanted))
}

fn record(wanted: &Assignment, got: &str, holds: bool, why: Option<String>) -> Request {
    Request {
        symbol: wanted.symbol.clone(),
        wanted: wanted.value.clone(),
        got: Some(got.to_owned()),
        holds,
        why,
    }
}
