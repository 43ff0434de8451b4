//! A verdict as `JUnit` XML, which every CI system shows: a suite for each architecture, a test for
//! each rule and cell. Over budget is a *failure*; what could not be judged is an *error*; a waiver
//! is a pass that says so in its output.

use super::columns::put;
use crate::model::number::signed;
use crate::model::verdict::{Judgement, State, Verdict};

/// The verdict as XML.
pub fn render(verdict: &Verdict) -> String {
    let mut archs: Vec<&str> =
        verdict.judgements.iter().map(|judgement| judgement.arch.as_str()).collect();
    archs.sort_unstable();
    archs.dedup();
    let all: Vec<&Judgement> = verdict.judgements.iter().collect();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    put(&mut text, format_args!("<testsuites name=\"hmmsize gate\" {}>\n", totals(&all)));
    for arch in archs {
        let of: Vec<&Judgement> =
            all.iter().copied().filter(|judgement| judgement.arch == arch).collect();
        let name = if arch.is_empty() { "policy" } else { arch };
        put(&mut text, format_args!("  <testsuite name=\"{}\" {}>\n", escape(name), totals(&of)));
        for judgement in of {
            text.push_str(&case(judgement, arch));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn totals(judgements: &[&Judgement]) -> String {
    let count = |test: fn(State) -> bool| {
        judgements.iter().filter(|judgement| test(judgement.state)).count()
    };
    let failures = count(|state| state == State::Over);
    let errors = count(|state| matches!(state, State::Missing | State::NotComparable));
    format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\"",
        judgements.len()
    )
}

fn case(judgement: &Judgement, arch: &str) -> String {
    let class = if arch.is_empty() { "gate".to_owned() } else { format!("gate.{arch}") };
    let name = if judgement.cell.is_empty() {
        judgement.rule.clone()
    } else {
        format!("{}: {}", judgement.rule, judgement.cell)
    };
    let mut text =
        format!("    <testcase classname=\"{}\" name=\"{}\"", escape(&class), escape(&name));
    let body = match judgement.state {
        State::Pass => String::new(),
        State::Over => element("failure", judgement),
        State::Missing | State::NotComparable => element("error", judgement),
        State::Waived => {
            let waiver = judgement.waiver.as_ref();
            let why =
                waiver.map(|waiver| format!("waived until {}: {}", waiver.expires, waiver.reason));
            let note = format!("{}\n{}", why.unwrap_or_default(), judgement.message);
            format!("      <system-out>{}</system-out>\n", escape(&note))
        }
    };
    if body.is_empty() {
        text.push_str("/>\n");
    } else {
        put(&mut text, format_args!(">\n{body}    </testcase>\n"));
    }
    text
}

fn element(name: &str, judgement: &Judgement) -> String {
    let kind = judgement.state.words();
    let mut body = judgement.message.clone();
    for symbol in &judgement.symbols {
        let new = if symbol.old.is_none() { " (new)" } else { "" };
        put(&mut body, format_args!("\n{:>8} {}{new}", signed(symbol.delta()), symbol.name));
    }
    let message = escape(&judgement.message);
    format!("      <{name} type=\"{kind}\" message=\"{message}\">{}</{name}>\n", escape(&body))
}

/// Text for XML 1.0, elements and attributes alike. Characters that XML 1.0 cannot carry at all,
/// not even as references, become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}
