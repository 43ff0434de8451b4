//! Waivers: what is over its limit and excused, for a reason, until a day.
//!
//! A waiver with a symbol pattern excuses only the growth of those symbols: whatever else grew
//! still counts against the limit, but for what symbols drag along ([`OVERHEAD`]). An expired waiver excuses nothing and is named, and so is one
//! that excuses nothing any more.

use regex::Regex;

use crate::model::policy::{Bound, Date, OFF_COSTS_NOTHING, Policy, Waiver};
use crate::model::verdict::{Judgement, State, Verdict, WaiverNote, delta};

use super::budget::Ask;
use super::limits::exceeds;
use super::pairs::Pair;

/// Bytes beside its own that a symbol may drag along where no other symbol grew: alignment, its
/// name in kallsyms, entries in unwind, bug and export tables. Large ones have as much again.
const OVERHEAD: i64 = 64;

/// Marks `judgement` as waived if the policy excuses it.
pub fn apply(policy: &Policy, today: Date, pair: &Pair, judgement: &mut Judgement) {
    if judgement.state != State::Over {
        return;
    }
    let valid = policy.waivers.iter().filter(|waiver| waiver.expires >= today);
    for waiver in valid.filter(|waiver| is_about(waiver, pair, judgement)) {
        if excuses(policy, waiver, judgement) {
            judgement.state = State::Waived;
            judgement.waiver = Some(WaiverNote {
                reason: waiver.reason.clone(),
                expires: waiver.expires.to_string(),
                symbol: waiver.symbol.clone(),
            });
            return;
        }
    }
}

fn is_about(waiver: &Waiver, pair: &Pair, judgement: &Judgement) -> bool {
    let holds = |list: &[String], word: Option<&str>| {
        list.is_empty() || word.is_some_and(|word| list.iter().any(|entry| entry == word))
    };
    waiver.rule == judgement.rule
        && holds(&waiver.arch, Some(&pair.arch))
        && holds(&waiver.variant, pair.variant.as_deref())
}

/// Whether what is left without the waiver's symbols is within the limit.
fn excuses(policy: &Policy, waiver: &Waiver, judgement: &Judgement) -> bool {
    let Some(pattern) = &waiver.symbol else { return true };
    let Ok(regex) = Regex::new(pattern) else { return false };
    let (Some(old), Some(new)) = (judgement.base, judgement.head) else { return false };
    let (known, others): (Vec<_>, Vec<_>) =
        judgement.symbols.iter().partition(|symbol| regex.is_match(&symbol.name));
    let mut excused: i64 = known.iter().fold(0, |sum, symbol| sum.saturating_add(symbol.delta()));
    if others.is_empty() {
        let overhead = OVERHEAD.saturating_mul(known.len() as i64);
        excused = excused.saturating_mul(2).saturating_add(overhead);
    }
    let limit = policy.limits.iter().find(|limit| limit.name == judgement.rule);
    if limit.and_then(|limit| limit.max).is_some_and(|max| new > max) {
        return false;
    }
    let bound = match (judgement.rule.as_str(), &policy.off_costs_nothing, limit) {
        (OFF_COSTS_NOTHING, Some(rule), _) => Some(Bound::Bytes(rule.max_growth)),
        (_, _, limit) => limit.and_then(|limit| limit.max_growth),
    };
    !known.is_empty()
        && bound.is_some_and(|bound| !exceeds(bound, old, delta(old, new).saturating_sub(excused)))
}

/// Names the waivers that have expired and those that excused nothing.
pub fn warnings(policy: &Policy, ask: &Ask<'_>, verdict: &mut Verdict) {
    for waiver in &policy.waivers {
        let place = format!("{}:{}: waiver for {}", ask.policy_name, waiver.line, waiver.rule);
        let used = verdict.judgements.iter().any(|judgement| {
            judgement.rule == waiver.rule
                && judgement.waiver.as_ref().is_some_and(|note| {
                    note.reason == waiver.reason && note.symbol == waiver.symbol
                })
        });
        if waiver.expires < ask.today {
            let text =
                format!("{place} expired on {} and is ignored: {}", waiver.expires, waiver.reason);
            verdict.warnings.push(text);
        } else if !used {
            verdict.warnings.push(format!("{place} excuses nothing (any more): {}", waiver.reason));
        }
    }
}
