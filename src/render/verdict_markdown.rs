//! A verdict as a comment on a pull request: a heading that says it all, the table, and everything
//! else folded away.

use crate::model::number::{grouped, signed};
use crate::model::verdict::{Judgement, Outcome, PairRow, State, Verdict, delta};

use super::columns::{clean, put};
use super::payload::Column;
use super::verdict_table::{counts, deltas, rule, shown, within_noise};

/// The verdict as GitHub-flavoured markdown.
pub fn render(verdict: &Verdict, top: Option<usize>) -> String {
    let sign = match verdict.outcome {
        Outcome::Pass => "✅",
        Outcome::OverBudget => "❌",
        Outcome::Incomplete | Outcome::NotComparable => "⚠️",
    };
    let mut text = format!("## {sign} Kernel size: {}\n\n", verdict.outcome.words());
    let (judged, policy) = (escape(&verdict.subject), escape(&verdict.policy));
    put(&mut text, format_args!("{judged}, policy {policy}. {}.\n\n", counts(verdict)));
    if !verdict.pairs.is_empty() {
        let payload = Column::of(verdict.pairs.iter().map(|pair| pair.head_payload));
        let title = payload.title();
        put(
            &mut text,
            format_args!("| cell | against | text | data | bss | dec | {title} | verdict |\n"),
        );
        text.push_str("|---|---|---:|---:|---:|---:|---:|---|\n");
        verdict.pairs.iter().for_each(|pair| text.push_str(&row(pair, payload)));
        text.push('\n');
    }
    if verdict.pairs.iter().any(within_noise) {
        text.push_str("~ within the recorded noise: means nothing\n\n");
    }
    for state in [State::NotComparable, State::Missing, State::Over, State::Waived] {
        for judgement in verdict.judgements.iter().filter(|judgement| judgement.state == state) {
            text.push_str(&details(judgement, top));
        }
    }
    if !verdict.warnings.is_empty() {
        text.push_str("\n<details><summary>Warnings</summary>\n\n");
        for warning in &verdict.warnings {
            put(&mut text, format_args!("- {}\n", escape(warning)));
        }
        text.push_str("\n</details>\n");
    }
    text
}

fn row(pair: &PairRow, column: Column) -> String {
    let [text, data, bss, dec, payload] = deltas(pair, column);
    let mut cell = escape(&pair.cell);
    for label in pair.labels.iter().filter(|label| !pair.cell.contains(label.as_str())) {
        cell = format!("{cell} `{}`", code(label));
    }
    let mut word = match pair.state {
        State::Over => "**over**".to_owned(),
        state => state.words().to_owned(),
    };
    if let Some(note) = &pair.note {
        word = format!("{word}: {}", escape(note));
    }
    let payload = if payload == "-" { payload } else { format!("**{payload}**") };
    let against = if pair.against.is_empty() { "-".into() } else { escape(&pair.against) };
    format!("| {cell} | {against} | {text} | {data} | {bss} | {dec} | {payload} | {word} |\n")
}

fn details(judgement: &Judgement, top: Option<usize>) -> String {
    let head = [judgement.state.words(), rule(judgement), &judgement.cell, &judgement.message];
    let head: Vec<&str> = head.into_iter().filter(|part| !part.is_empty()).collect();
    let has_details = judgement.waiver.is_some()
        || !judgement.symbols.is_empty()
        || !judgement.classes.is_empty();
    if !has_details {
        let parts = head.iter().map(|part| escape(part));
        return format!("- {}\n", parts.collect::<Vec<_>>().join(": "));
    }
    // The blank line ends a list that may stand before.
    let mut text = format!("\n<details><summary>{}</summary>\n\n", html(&head.join(": ")));
    if let Some(waiver) = &judgement.waiver {
        put(&mut text, format_args!("Until {}: {}\n\n", waiver.expires, escape(&waiver.reason)));
    }
    let (symbols, rest) = shown(judgement, top);
    if !symbols.is_empty() {
        text.push_str("| symbol | before | after | delta |\n|---|---:|---:|---:|\n");
        for symbol in symbols {
            let bytes = |size: Option<u64>| size.map_or_else(|| "-".into(), grouped);
            put(
                &mut text,
                format_args!(
                    "| `{}` | {} | {} | {} |\n",
                    code(&symbol.name),
                    bytes(symbol.old),
                    bytes(symbol.new),
                    signed(symbol.delta())
                ),
            );
        }
        text.push('\n');
    }
    if rest > 0 {
        put(&mut text, format_args!("… and {rest} more.\n\n"));
    }
    if !judgement.classes.is_empty() {
        let classes = judgement.classes.iter().map(|change| {
            format!("{} {}", change.class.name(), signed(delta(change.old, change.new)))
        });
        let classes: Vec<String> = classes.collect();
        put(&mut text, format_args!("Classes that grew: {}.\n\n", classes.join(", ")));
    }
    text.push_str("</details>\n");
    text
}

/// Text that markdown shows as it is.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // Nobody is to be notified by a subject line.
            '@' => escaped.push_str("&#64;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Text within a `<summary>`, where markdown does not apply on GitHub.
fn html(text: &str) -> String {
    clean(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('@', "&#64;")
}

/// Text within backticks in a table cell.
fn code(text: &str) -> String {
    clean(text).replace('`', "'").replace('|', "\\|")
}
