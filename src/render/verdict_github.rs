//! A verdict as GitHub workflow commands: one annotation for each thing to see to.
//!
//! The escaping is that of `@actions/core`: `%`, CR and LF in messages, and also `:` and `,` in
//! properties. GitHub shows at most ten annotations of a kind, so the worst come first.

use super::columns::put;
use crate::model::number::signed;
use crate::model::verdict::{Judgement, Outcome, State, Verdict};

use super::verdict_table::counts;

/// The verdict as annotations, at the policy file if there is one.
pub fn render(verdict: &Verdict, policy: Option<&str>) -> String {
    let mut text = String::new();
    let place = policy.map(|file| format!("file={},", property(file))).unwrap_or_default();
    for state in [State::NotComparable, State::Missing, State::Over, State::Waived] {
        for judgement in verdict.judgements.iter().filter(|judgement| judgement.state == state) {
            let level = if state == State::Waived { "warning" } else { "error" };
            let title = property(&title(judgement));
            put(
                &mut text,
                format_args!("::{level} {place}title={title}::{}\n", message(&body(judgement))),
            );
        }
    }
    for warning in &verdict.warnings {
        put(&mut text, format_args!("::warning {place}title=hmmsize gate::{}\n", message(warning)));
    }
    let level = if verdict.outcome == Outcome::Pass { "notice" } else { "error" };
    let summary = format!("{}: {}", verdict.outcome.words(), counts(verdict));
    put(&mut text, format_args!("::{level} title=hmmsize gate::{}\n", message(&summary)));
    text
}

fn title(judgement: &Judgement) -> String {
    let parts = [&judgement.rule, &judgement.cell];
    let parts: Vec<&str> =
        parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}

fn body(judgement: &Judgement) -> String {
    let mut text = judgement.message.clone();
    if let Some(waiver) = &judgement.waiver {
        put(&mut text, format_args!("\nwaived until {}: {}", waiver.expires, waiver.reason));
    }
    for symbol in &judgement.symbols {
        let new = if symbol.old.is_none() { " (new)" } else { "" };
        put(&mut text, format_args!("\n{} {}{new}", signed(symbol.delta()), symbol.name));
    }
    text
}

pub(super) fn message(text: &str) -> String {
    let kept = |c: char| if c.is_control() && c != '\r' && c != '\n' { ' ' } else { c };
    let text: String = text.chars().map(kept).collect();
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

pub(super) fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{message, property};

    #[test]
    fn annotations_are_escaped_as_the_runner_reads_them() {
        assert_eq!(message("50% of\r\nx: a, b"), "50%25 of%0D%0Ax: a, b");
        assert_eq!(property("a: 5%, b\n"), "a%3A 5%25%2C b%0A");
    }
}
