//! `hmmsize config why` as text: one line for each architecture, and the reasons below it.

use crate::model::why::{Answer, Change, Condition, Decided, Hop, Outcome, Report, Selector};

use super::columns::{clean, put, wrap};

/// How many selectors and values are named before the rest is counted.
const NAMED: usize = 8;

/// All answers; `details` prints every property. Of several architectures, without `details`, each
/// has one line.
pub fn report(report: &Report, details: bool, width: usize) -> String {
    let mut out = String::new();
    let several = report.answers.iter().any(|answer| answer.arch != report.answers[0].arch);
    for answer in &report.answers {
        let line = if several && !details { short(answer) } else { headline(answer) };
        put(&mut out, format_args!("{}\n", wrap(&line, width, 4)));
        if details {
            properties(answer, width, &mut out);
        }
        if details || !several {
            changes(answer, width, &mut out);
        }
    }
    out
}

/// One line of many: what is or is to be done, and no more of the reasons than that.
fn short(answer: &Answer) -> String {
    let Answer { arch, symbol, .. } = answer;
    let value = answer.value.as_deref().unwrap_or("not defined");
    let wanted = answer.wanted.as_deref().unwrap_or_default();
    match &answer.outcome {
        Outcome::Possible { changes, .. } => {
            format!("{arch}: {symbol} is {value}; {wanted} with {}", assignments(changes))
        }
        Outcome::NoWayFound { .. } => {
            format!("{arch}: {symbol} {}; no way found to make it {wanted}", now(answer))
        }
        Outcome::Holds if answer.value.is_some() => format!("{arch}: {symbol} is {value}"),
        _ => headline(answer),
    }
}

/// `arm: ZONE_DEVICE is n: …`
fn headline(answer: &Answer) -> String {
    let Answer { arch, symbol, .. } = answer;
    match &answer.outcome {
        Outcome::Impossible { chain } => {
            let wanted = answer.wanted.as_deref().unwrap_or_default();
            // Where nothing is wanted to be on, the chain alone does not say what it proves.
            if wanted == "y" {
                format!("{arch}: {}", proof(chain))
            } else {
                format!("{arch}: {symbol}={wanted} is impossible: {}", proof(chain))
            }
        }
        Outcome::NoValue { reason } => format!("{arch}: {symbol}: {reason}"),
        _ => format!("{arch}: {symbol} {}", now(answer)),
    }
}

/// Why it has its value, in one clause: `is n: off by default`.
pub fn now(answer: &Answer) -> String {
    let Some(value) = &answer.value else {
        let Decided::Undefined { similar: Some(similar) } = &answer.decided else {
            return format!("is not defined on {}", answer.arch);
        };
        return format!("is not defined on {}; did you mean {similar}?", answer.arch);
    };
    let mut why = match &answer.decided {
        Decided::Undefined { .. } => "not defined".to_owned(),
        Decided::User { limited: true } => {
            let user = answer.user.as_deref().unwrap_or_default();
            format!("the configuration says {user}, but no more than {value} is visible")
        }
        Decided::User { limited: false } => "the configuration says so".to_owned(),
        Decided::Default { place } => format!("by the default at {place}"),
        Decided::Selected => format!("selected by {}", selectors(&answer.selected_by)),
        Decided::Implied => format!("implied by {}", selectors(&answer.implied_by)),
        Decided::Choice => match &answer.choice {
            Some(choice) => match &choice.chosen {
                Some(chosen) if *chosen == answer.symbol => {
                    format!("chosen in \"{}\" ({})", choice.text, choice.place)
                }
                Some(chosen) => {
                    format!("\"{}\" ({}) has {chosen}", choice.text, choice.place)
                }
                None => format!("\"{}\" ({}) has nothing", choice.text, choice.place),
            },
            None => "by its choice".to_owned(),
        },
        Decided::Range => answer.range.as_ref().map_or_else(String::new, |range| {
            format!("kept within {}..{} ({})", range.low, range.high, range.place)
        }),
        Decided::Nothing => nothing(answer),
    };
    if !matches!(answer.decided, Decided::Selected) && !answer.selected_by.is_empty() {
        put(&mut why, format_args!("; also selected by {}", selectors(&answer.selected_by)));
    }
    if answer.unmet {
        why += "; its dependencies are not met";
    }
    format!("is {value}: {why}")
}

/// Why nothing gives it a value.
fn nothing(answer: &Answer) -> String {
    let visible = answer.prompts.iter().any(|prompt| prompt.visible != "n");
    if visible {
        return "nobody set it, and it has no default".to_owned();
    }
    let mut parts = Vec::new();
    if let Some(condition) = answer.depends.as_ref().filter(|c| c.value == "n") {
        parts.push(unmet(condition, answer.definitions.first()));
    } else if let Some(condition) =
        answer.prompts.iter().find_map(|prompt| prompt.condition.as_ref())
    {
        let place = answer.prompts.first().map(|prompt| &prompt.place);
        parts.push(unmet(condition, place).replacen("it depends on", "its prompt needs", 1));
    }
    if answer.prompts.is_empty() {
        parts.push("it has no prompt, and nothing that is on selects it".to_owned());
    }
    if answer.user.as_deref().is_some_and(|user| user != "n") {
        parts.push("what the configuration says does not count".to_owned());
    }
    parts.join("; ")
}

/// `it depends on A && B (file:line), where B is n`
fn unmet(condition: &Condition, place: Option<&String>) -> String {
    let place = place.map_or(String::new(), |place| format!(" ({place})"));
    let off: Vec<String> = condition
        .symbols
        .iter()
        .filter(|setting| setting.value != "y")
        .take(NAMED)
        .map(|setting| format!("{} is {}", setting.symbol, setting.value))
        .collect();
    let values = if off.is_empty() { String::new() } else { format!(", where {}", off.join(", ")) };
    format!("it depends on {}{place}{values}", condition.text)
}

/// `A (file:line), B if C (file:line) and 3 more`
pub fn selectors(list: &[Selector]) -> String {
    let named: Vec<String> = list
        .iter()
        .take(NAMED)
        .map(|selector| {
            let condition =
                selector.condition.as_ref().map_or(String::new(), |text| format!(" if {text}"));
            format!("{}{condition} ({})", selector.symbol, selector.place)
        })
        .collect();
    let more = list.len().saturating_sub(NAMED);
    match more {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// `ZONE_DEVICE needs ARCH_HAS_PTE_DEVMAP, which nothing on arm selects (mm/Kconfig:2, …)`
pub fn proof(chain: &[Hop]) -> String {
    let mut text = String::new();
    for (index, hop) in chain.iter().enumerate() {
        let follows = index > 0 && {
            let before = &chain[index - 1].says;
            before.ends_with(&hop.symbol)
                && !before[..before.len() - hop.symbol.len()].ends_with(['!', '='])
        };
        let sep = if index == 0 { "" } else { "; " };
        if follows {
            put(&mut text, format_args!(", which {}", hop.says));
        } else {
            put(&mut text, format_args!("{sep}{}", clause(hop)));
        }
    }
    let places: Vec<&str> = chain.iter().filter_map(|hop| hop.place.as_deref()).collect();
    if !places.is_empty() {
        put(&mut text, format_args!(" ({})", places.join(", ")));
    }
    text
}

/// `A needs B`, `nothing on arm selects A`
fn clause(hop: &Hop) -> String {
    if hop.says.starts_with("nothing") {
        format!("{} {}", hop.says, hop.symbol)
    } else {
        format!("{} {}", hop.symbol, hop.says)
    }
}

/// `A=y, B=n`
pub fn assignments(changes: &[Change]) -> String {
    let words: Vec<String> =
        changes.iter().map(|change| format!("{}={}", change.symbol, change.value)).collect();
    words.join(", ")
}

/// What to do, in lines that can be appended to a `.config`.
fn changes(answer: &Answer, width: usize, out: &mut String) {
    let wanted = answer.wanted.as_deref().unwrap_or_default();
    match &answer.outcome {
        Outcome::Possible { changes, dragged_in, examples } => {
            put(out, format_args!("  it becomes {wanted} with\n"));
            for change in changes {
                let place = change.place.as_ref().map_or("", String::as_str);
                let text = change.text.as_ref().map_or(String::new(), |text| format!("  {text}"));
                let line = change.assignment().line();
                put(out, format_args!("    {line:<36} # {place}{}\n", clean(&text)));
            }
            if *dragged_in > 0 {
                let names: Vec<&str> =
                    examples.iter().take(NAMED).map(|s| s.symbol.as_str()).collect();
                let more = if *dragged_in > names.len() { ", …" } else { "" };
                let options = if *dragged_in == 1 { "option" } else { "options" };
                let text = format!(
                    "  which changes {dragged_in} other {options}: {}{more}",
                    names.join(", ")
                );
                put(out, format_args!("{}\n", wrap(&text, width, 4)));
            }
        }
        Outcome::NoWayFound { tried } => {
            let configurations = if *tried == 1 { "configuration" } else { "configurations" };
            let text = format!(
                "  no way found to make it {wanted} ({tried} {configurations} tried); there may be one"
            );
            put(out, format_args!("{}\n", wrap(&text, width, 4)));
            if let Some(range) = &answer.range {
                let text = format!("  range {}..{} ({})", range.low, range.high, range.place);
                put(out, format_args!("{}\n", wrap(&text, width, 4)));
            }
        }
        Outcome::Holds if wanted == "n" && answer.value.is_none() => {}
        Outcome::Holds => put(out, format_args!("  it is {wanted} already\n")),
        Outcome::Impossible { .. } | Outcome::NotAsked | Outcome::NoValue { .. } => {}
    }
}

/// Every property with its value and place.
fn properties(answer: &Answer, width: usize, out: &mut String) {
    let mut say = |text: String| put(out, format_args!("{}\n", wrap(&text, width, 6)));
    if let Some(kind) = &answer.kind {
        say(format!("  {kind}, defined at {}", answer.definitions.join(", ")));
    }
    if let Some(user) = &answer.user {
        say(format!("  the configuration says {user}"));
    }
    for prompt in &answer.prompts {
        let condition =
            prompt.condition.as_ref().map_or(String::new(), |c| format!(" if {}", values(c)));
        say(format!(
            "  prompt \"{}\" ({}): visible {}{condition}",
            prompt.text, prompt.place, prompt.visible
        ));
    }
    if answer.prompts.is_empty() && answer.kind.is_some() {
        say("  no prompt".to_owned());
    }
    if let Some(depends) = &answer.depends {
        say(format!("  depends on {}: {}", values(depends), depends.value));
    }
    for default in &answer.defaults {
        let condition =
            default.condition.as_ref().map_or(String::new(), |c| format!(" if {}", values(c)));
        let applies = if default.applies { "applies" } else { "does not apply" };
        say(format!(
            "  default {}{condition} ({}): {}, {applies}",
            default.text, default.place, default.value
        ));
    }
    for (verb, list) in [("selected", &answer.selected_by), ("implied", &answer.implied_by)] {
        for by in list {
            let condition = by.condition.as_ref().map_or(String::new(), |c| format!(" if {c}"));
            say(format!("  {verb} by {}{condition} ({}): {}", by.symbol, by.place, by.value));
        }
    }
    if answer.selectors_off > 0 {
        say(format!("  {} other selectors are off", answer.selectors_off));
    }
    if let Some(range) = &answer.range {
        say(format!("  range {}..{} ({})", range.low, range.high, range.place));
    }
    if let Some(choice) = &answer.choice {
        let chosen = choice.chosen.as_deref().unwrap_or("nothing");
        say(format!("  in the choice \"{}\" ({}), which has {chosen}", choice.text, choice.place));
    }
    if let Outcome::Impossible { chain } = &answer.outcome {
        for (hop, place) in chain.iter().filter_map(|hop| Some((hop, hop.place.as_ref()?))) {
            say(format!("  {place}: {}", clause(hop)));
        }
    }
}

/// A condition with the values of its parts, as menuconfig shows it.
fn values(condition: &Condition) -> String {
    let names: std::collections::BTreeMap<&str, &str> =
        condition.symbols.iter().map(|s| (s.symbol.as_str(), s.value.as_str())).collect();
    let mut out = String::new();
    let mut word = String::new();
    for c in condition.text.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        out += &word;
        if let Some(value) = names.get(word.as_str()) {
            put(&mut out, format_args!(" [={value}]"));
        }
        word.clear();
        out.push(c);
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(symbol: &str, place: &str, says: &str) -> Hop {
        Hop { symbol: symbol.into(), place: Some(place.into()), says: says.into() }
    }

    #[test]
    fn a_chain_reads_as_a_sentence() {
        let chain = [
            hop("ZONE_DEVICE", "mm/Kconfig:2", "needs ARCH_HAS_PTE_DEVMAP"),
            hop("ARCH_HAS_PTE_DEVMAP", "mm/Kconfig:1", "nothing on arm selects"),
        ];
        assert_eq!(
            proof(&chain),
            "ZONE_DEVICE needs ARCH_HAS_PTE_DEVMAP, which nothing on arm selects \
             (mm/Kconfig:2, mm/Kconfig:1)"
        );
        assert_eq!(proof(&chain[1..]), "nothing on arm selects ARCH_HAS_PTE_DEVMAP (mm/Kconfig:1)");
        let chain = [
            hop("A", "K:1", "needs !MMU"),
            hop("MMU", "K:2", "cannot be turned off and is always y here: `def_bool y`"),
        ];
        assert_eq!(
            proof(&chain),
            "A needs !MMU; MMU cannot be turned off and is always y here: `def_bool y` (K:1, K:2)"
        );
    }

    #[test]
    fn values_stand_behind_the_names() {
        let setting = |symbol: &str, value: &str| crate::model::why::Setting {
            symbol: symbol.into(),
            value: value.into(),
        };
        let condition = Condition {
            text: "A && (B || !AB)".into(),
            value: "n".into(),
            symbols: vec![setting("A", "y"), setting("B", "m"), setting("AB", "n")],
        };
        assert_eq!(values(&condition), "A [=y] && (B [=m] || !AB [=n])");
    }
}
