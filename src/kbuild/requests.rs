//! Requests: what the configuration was asked for, against what it says in the end.

use std::collections::BTreeMap;

use super::configure::Verdict;
use crate::exit::Result;
use crate::model::config::Config;
use crate::model::run::Request;
use crate::model::words::Assignment;

/// Says why a request does not hold, in one clause.
pub type Why<'a> = dyn Fn(&Assignment) -> Result<String> + 'a;

/// Checks `requests` (all are recorded) and `base` (what fragments assign; recorded only where it
/// does not hold) against a configuration.
pub fn check(
    config: &Config,
    why: &Why<'_>,
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
        let got = config.value(&wanted.symbol);
        let holds = got == wanted.value;
        if holds {
            // A matrix written for an older kernel must not hide that an option can be had now.
            let surprise = impossible.contains_key(&wanted.symbol) && !wanted.is_off();
            let why = surprise.then(|| "the matrix calls it impossible, but it holds".to_owned());
            if asked || surprise {
                out.push(record(wanted, got, true, why));
            }
            continue;
        }
        let why = if let Some(reason) = impossible.get(&wanted.symbol) {
            excused.push(format!("{}: {reason}", wanted.symbol));
            format!("impossible here: {reason}")
        } else {
            let why = why(wanted)?;
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

fn record(wanted: &Assignment, got: &str, holds: bool, why: Option<String>) -> Request {
    Request {
        symbol: wanted.symbol.clone(),
        wanted: wanted.value.clone(),
        got: Some(got.to_owned()),
        holds,
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(config: &str, wanted: &[Assignment], impossible: &str) -> (Vec<Request>, Verdict) {
        let values = [("A".to_owned(), config.to_owned())].into();
        let config = Config { values };
        let impossible = [(impossible.to_owned(), "no hardware".to_owned())].into();
        check(&config, &|_| Ok("it needs B".to_owned()), wanted, &[], &impossible).unwrap()
    }

    #[test]
    fn what_does_not_hold_is_dropped_unless_it_is_impossible() {
        let on = [Assignment::new("A", "y")];
        assert_eq!(checked("y", &on, "").1, Verdict::Ok);
        let (requests, verdict) = checked("n", &on, "");
        assert!(matches!(verdict, Verdict::Dropped(why) if why == "A=y became n: it needs B"));
        assert!(!requests[0].holds);
        let (requests, verdict) = checked("n", &on, "A");
        assert_eq!(verdict, Verdict::Impossible("A: no hardware".into()));
        assert_eq!(requests[0].why.as_deref(), Some("impossible here: no hardware"));
        let verdict = checked("m", &on, "").1;
        assert!(matches!(verdict, Verdict::Dropped(_)), "m is not y");
    }

    #[test]
    fn an_impossible_request_that_holds_is_remarked_upon() {
        let (requests, verdict) = checked("y", &[Assignment::new("A", "y")], "A");
        assert_eq!(verdict, Verdict::Ok);
        assert!(requests[0].why.as_deref().is_some_and(|why| why.contains("but it holds")));
        let (requests, _) = checked("n", &[Assignment::new("A", "n")], "A");
        assert_eq!(requests[0].why, None, "off is what impossible means");
    }
}
