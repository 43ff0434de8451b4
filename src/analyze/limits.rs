//! One rule, asked about one comparable pair: is it within its limit, and if not, what grew?
//!
//! A number that was not measured is never taken for 0: without a payload on both sides, or with
//! payloads of two kinds, the answer is "not comparable".

use regex::Regex;

use crate::model::baseline::Recorded;
use crate::model::class::Class;
use crate::model::number::{grouped, signed};
use crate::model::policy::{Bound, Limit, OffCostsNothing, Quantity};
use crate::model::run::Target;
use crate::model::size::PayloadKind;
use crate::model::verdict::{ClassChange, Judgement, State, SymbolChange, delta};

use super::budget::blank;
use super::pairs::Pair;

/// A rule of the policy.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// `off-costs-nothing`
    Off(&'a OffCostsNothing),
    /// `[[limit]]`
    Limit(&'a Limit),
}

/// Asks `question` about `pair`, whose sides are comparable. `base` is `None` for a cell alone.
pub fn ask(
    question: &Question<'_>,
    pair: &Pair,
    base: Option<&Recorded>,
    head: &Recorded,
) -> Judgement {
    let (quantity, max_growth, max, allow_noise) = match question {
        Question::Off(rule) => (None, Some(Bound::Bytes(rule.max_growth)), None, false),
        Question::Limit(limit) => {
            (limit.quantity.as_ref(), limit.max_growth, limit.max, limit.allow_noise)
        }
    };
    let mut judgement = blank(question.name(), &pair.cell, &pair.arch, State::Pass, String::new());
    let quantity = quantity.cloned().unwrap_or_else(|| usual(base, head));
    judgement.quantity = Some(label(&quantity, base, head));
    judgement.limit = Some(limit_text(max_growth, max));
    let (old, new) = match values(&quantity, pair, base, head) {
        Ok(values) => values,
        Err(reason) => {
            judgement.state = State::NotComparable;
            judgement.message = reason;
            return judgement;
        }
    };
    (judgement.base, judgement.head) = (old, Some(new));
    let growth = old.map(|old| delta(old, new));
    let noise = base.and_then(|base| base.noise).max(head.noise).unwrap_or(0);
    judgement.within_noise =
        growth.is_some_and(|growth| growth != 0 && growth.unsigned_abs() <= noise);
    let grew = match (max_growth, old, growth) {
        (Some(bound), Some(old), Some(growth)) => exceeds(bound, old, growth),
        _ => false,
    };
    let large = max.is_some_and(|max| new > max);
    if large || (grew && !(allow_noise && judgement.within_noise)) {
        judgement.state = State::Over;
    }
    let off = matches!(question, Question::Off(_));
    if judgement.state == State::Over || off {
        judgement.symbols = larger(pair, &quantity);
        judgement.classes = base.map(|base| grown_classes(base, head)).unwrap_or_default();
    }
    judgement.message = sentence(&judgement, growth, large, off);
    judgement
}

/// What a limit is about if it does not say: payload; where a target has none by nature, its size.
fn usual(base: Option<&Recorded>, head: &Recorded) -> Quantity {
    let without = head.payload.is_none() && base.is_none_or(|base| base.payload.is_none());
    match head.target {
        Target::Image => Quantity::File,
        Target::Scope(_) | Target::Modules if without => Quantity::Dec,
        _ => Quantity::Payload,
    }
}

/// The quantity's name, with what must be said beside it.
fn label(quantity: &Quantity, base: Option<&Recorded>, head: &Recorded) -> String {
    let kind = head.payload.or_else(|| base?.payload).map(|payload| payload.kind);
    match (quantity, kind, &head.target) {
        (Quantity::Payload, Some(PayloadKind::Estimated), _) => "payload (estimated)".into(),
        (_, _, Target::Scope(path)) => format!("{quantity} of {path}"),
        _ => quantity.to_string(),
    }
}

/// The values of both sides; the base's only where there is a base.
fn values(
    quantity: &Quantity,
    pair: &Pair,
    base: Option<&Recorded>,
    head: &Recorded,
) -> Result<(Option<u64>, u64), String> {
    if let Quantity::Symbol(pattern) = quantity {
        let symbols = pair.symbols.as_ref().ok_or("the symbols of the images could not be read")?;
        let matching = matching(symbols, pattern)?;
        let sum = |size: fn(&SymbolChange) -> Option<u64>| {
            matching.iter().filter_map(|symbol| size(symbol)).fold(0, u64::saturating_add)
        };
        return Ok((base.map(|_| sum(|symbol| symbol.old)), sum(|symbol| symbol.new)));
    }
    if let (Quantity::Payload, Some(base)) = (quantity, base)
        && let (Some(old), Some(new)) = (base.payload, head.payload)
        && old.kind != new.kind
    {
        let name =
            |kind| if kind == PayloadKind::Map { "from the linker map" } else { "estimated" };
        return Err(format!("payload {} against payload {}", name(new.kind), name(old.kind)));
    }
    Ok((base.map(|base| value(quantity, base)).transpose()?, value(quantity, head)?))
}

fn value(quantity: &Quantity, side: &Recorded) -> Result<u64, String> {
    match quantity {
        Quantity::Text => Ok(side.size.text),
        Quantity::Data => Ok(side.size.data),
        Quantity::Bss => Ok(side.size.bss),
        Quantity::Dec => Ok(side.size.dec()),
        Quantity::Payload => {
            let missing = "no payload was recorded (measure = \"dec\" judges the size)";
            side.payload.map(|payload| payload.bytes).ok_or_else(|| missing.to_owned())
        }
        Quantity::File => side.bytes.ok_or_else(|| "no file size was recorded".to_owned()),
        Quantity::Class(_) if side.classes.is_empty() => Err("no classes were recorded".to_owned()),
        Quantity::Class(class) => Ok(side.classes.get(class).copied().unwrap_or(0)),
        Quantity::Symbol(_) => Err("symbols have no value of their own".to_owned()),
    }
}

fn matching<'a>(
    symbols: &'a [SymbolChange],
    pattern: &str,
) -> Result<Vec<&'a SymbolChange>, String> {
    let regex = Regex::new(pattern).map_err(|_| format!("not a regular expression: {pattern}"))?;
    Ok(symbols.iter().filter(|symbol| regex.is_match(&symbol.name)).collect())
}

/// Whether `growth` is more than `bound` allows.
pub fn exceeds(bound: Bound, old: u64, growth: i64) -> bool {
    match bound {
        Bound::Bytes(allowed) => growth > 0 && growth.unsigned_abs() > allowed,
        Bound::Percent(percent) => growth > 0 && growth as f64 * 100.0 > percent * old as f64,
    }
}

/// The symbols of the pair that are new or larger and that the quantity is about, largest first.
fn larger(pair: &Pair, quantity: &Quantity) -> Vec<SymbolChange> {
    let symbols = pair.symbols.as_deref().unwrap_or_default();
    let about = match quantity {
        Quantity::Symbol(pattern) => matching(symbols, pattern).unwrap_or_default(),
        _ => symbols.iter().collect(),
    };
    let mut grown: Vec<_> =
        about.into_iter().filter(|symbol| symbol.delta() > 0).cloned().collect();
    grown.sort_by(|a, b| b.delta().cmp(&a.delta()).then_with(|| a.name.cmp(&b.name)));
    grown
}

/// The classes that grew, padding aside: it is what payload leaves out.
fn grown_classes(base: &Recorded, head: &Recorded) -> Vec<ClassChange> {
    let size = |side: &Recorded, class: Class| side.classes.get(&class).copied().unwrap_or(0);
    let changes = Class::ALL.map(|class| ClassChange {
        class,
        old: size(base, class),
        new: size(head, class),
    });
    let mut grown: Vec<_> = changes
        .into_iter()
        .filter(|change| change.class != Class::Padding && change.new > change.old)
        .collect();
    grown.sort_by_key(|change| std::cmp::Reverse(change.new - change.old));
    grown
}

/// `+0`, `+1.5%`, `max 4,096`
fn limit_text(max_growth: Option<Bound>, max: Option<u64>) -> String {
    let growth = max_growth.map(|bound| match bound {
        Bound::Bytes(bytes) => format!("+{}", grouped(bytes)),
        Bound::Percent(percent) => format!("+{percent}%"),
    });
    let max = max.map(|max| format!("max {}", grouped(max)));
    growth.into_iter().chain(max).collect::<Vec<_>>().join(", ")
}

/// What happened, in one sentence.
fn sentence(judgement: &Judgement, growth: Option<i64>, large: bool, off: bool) -> String {
    let quantity = judgement.quantity.as_deref().unwrap_or_default();
    let limit = judgement.limit.as_deref().unwrap_or_default();
    let head = grouped(judgement.head.unwrap_or(0));
    let mut text = match growth {
        None => format!("{quantity} is {head}, limit {limit}"),
        Some(_) if large => format!("{quantity} is {head}, limit {limit}"),
        Some(growth) => format!("{quantity} {}, limit {limit}", signed(growth)),
    };
    if off {
        text.push_str(" with the option off");
    }
    if judgement.within_noise {
        text.push_str("; within the recorded noise");
    }
    if judgement.state == State::Over && !judgement.symbols.is_empty() {
        let new = judgement.symbols.iter().filter(|symbol| symbol.old.is_none()).count();
        let larger = judgement.symbols.len() - new;
        text = format!("{text}; symbols: {new} new, {larger} larger");
    }
    text
}
