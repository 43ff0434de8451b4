//! A verdict for a terminal: the word first, then every pair in one table, then what is wrong and
//! which symbols did it.

use crate::model::number::{grouped, signed};
use crate::model::policy::OFF_COSTS_NOTHING;
use crate::model::size::Berkeley;
use crate::model::verdict::{
    COMPARABLE, COMPLETE, Judgement, Outcome, PairRow, State, SymbolChange, Verdict, delta,
};

use super::columns::{clean, put, table, wrap};
use super::payload::Column;
use super::table::View;

/// Symbols that are named where nobody says how many.
const TOP: usize = 20;

/// The verdict for `view`. `top` symbols are named for each judgement, all if 0.
pub fn render(verdict: &Verdict, top: Option<usize>, view: View) -> String {
    let width = view.width;
    let word = verdict.outcome.words().to_uppercase();
    let mut text = match (view.color, verdict.outcome) {
        (false, _) => format!("gate: {word}\n"),
        (true, Outcome::Pass) => format!("gate: \x1b[1;32m{word}\x1b[0m\n"),
        (true, Outcome::OverBudget) => format!("gate: \x1b[1;31m{word}\x1b[0m\n"),
        (true, _) => format!("gate: \x1b[1;33m{word}\x1b[0m\n"),
    };
    text.push_str(&wrap(&format!("{} by policy {}", verdict.subject, verdict.policy), width, 4));
    text.push_str("\n\n");
    if !verdict.pairs.is_empty() {
        text.push_str(&pairs(verdict, width));
        text.push('\n');
    }
    for pair in verdict.pairs.iter().filter(|pair| pair.state == State::Pass) {
        if let Some(note) = &pair.note {
            put(&mut text, format_args!("{}\n", wrap(&format!("{}: {note}", pair.cell), width, 4)));
        }
    }
    for state in [State::NotComparable, State::Missing, State::Over, State::Waived] {
        for judgement in verdict.judgements.iter().filter(|judgement| judgement.state == state) {
            text.push_str(&judgement_lines(judgement, top, width));
        }
    }
    for warning in &verdict.warnings {
        text.push_str(&wrap(&format!("warning: {warning}"), width, 4));
        text.push('\n');
    }
    text.push_str(&counts(verdict));
    text.push('\n');
    text
}

fn pairs(verdict: &Verdict, width: usize) -> String {
    let payload = Column::of(verdict.pairs.iter().map(|pair| pair.head_payload));
    let header = ["cell", "against", "text", "data", "bss", "dec", payload.header(), "verdict"];
    let right = [false, false, true, true, true, true, true, false];
    let rows: Vec<Vec<String>> = verdict.pairs.iter().map(|pair| row(pair, payload)).collect();
    let mut text = table(&header, &rows, &right, width);
    if verdict.pairs.iter().any(within_noise) {
        text.push_str("~ within the recorded noise: means nothing\n");
    }
    text
}

fn row(pair: &PairRow, column: Column) -> Vec<String> {
    let [text, data, bss, dec, payload] = deltas(pair, column);
    let mut cell = pair.cell.clone();
    for label in pair.labels.iter().filter(|label| !pair.cell.contains(label.as_str())) {
        cell = format!("{cell} [{label}]");
    }
    let word = match (pair.state, &pair.base, &pair.head) {
        (State::Pass, Some(_), Some(_)) if pair.note.is_some() => "0, proven",
        (State::Pass, ..) if pair.note.is_some() => "impossible",
        (state, ..) => state.words(),
    };
    let word = word.to_owned();
    let against = if pair.against.is_empty() { "-".into() } else { pair.against.clone() };
    vec![cell, against, text, data, bss, dec, payload, word]
}

/// Whether the row's payload (or `dec`) moved by no more than the noise.
pub fn within_noise(pair: &PairRow) -> bool {
    let moved = match (pair.base_payload, pair.head_payload, pair.base, pair.head) {
        (Some(base), Some(head), ..) => delta(base.bytes, head.bytes),
        (_, _, Some(base), Some(head)) => delta(base.dec(), head.dec()),
        _ => 0,
    };
    moved != 0 && moved.unsigned_abs() <= pair.noise.unwrap_or(0)
}

/// text, data, bss, dec and payload of a pair as deltas; `-` where there is none.
pub fn deltas(pair: &PairRow, column: Column) -> [String; 5] {
    // A difference of what cannot be compared is no number to quote.
    if pair.state == State::NotComparable {
        return ["-"; 5].map(str::to_owned);
    }
    let mark = |number: i64| {
        let noise = number != 0 && number.unsigned_abs() <= pair.noise.unwrap_or(0);
        format!("{}{}", if noise { "~" } else { "" }, signed(number))
    };
    let size = |column: fn(Berkeley) -> u64| match (pair.base, pair.head) {
        (Some(base), Some(head)) => mark(delta(column(base), column(head))),
        (None, Some(head)) if pair.against.is_empty() => grouped(column(head)),
        _ => "-".into(),
    };
    let payload = match (pair.base_payload, pair.head_payload) {
        (Some(base), Some(head)) if base.kind == head.kind => mark(delta(base.bytes, head.bytes)),
        (None, Some(head)) if pair.against.is_empty() => grouped(head.bytes),
        _ => "-".into(),
    };
    [
        size(|size| size.text),
        size(|size| size.data),
        size(|size| size.bss),
        size(|size| size.dec()),
        column.cell(pair.head_payload, &payload),
    ]
}

fn judgement_lines(judgement: &Judgement, top: Option<usize>, width: usize) -> String {
    let head = [judgement.state.words(), rule(judgement), &judgement.cell, &judgement.message];
    let head: Vec<&str> = head.into_iter().filter(|part| !part.is_empty()).collect();
    let mut text = wrap(&head.join(": "), width, 4);
    text.push('\n');
    if let Some(waiver) = &judgement.waiver {
        let note = format!("    until {}: {}", waiver.expires, waiver.reason);
        text.push_str(&wrap(&note, width, 8));
        text.push('\n');
    }
    let (shown, rest) = shown(judgement, top);
    for symbol in shown {
        text.push_str(&format_symbol(symbol, width));
    }
    if rest > 0 {
        text.push_str("    ");
        put(&mut text, format_args!("… and {rest} more (--top 0 names all)\n"));
    }
    if !judgement.classes.is_empty() {
        let classes = judgement.classes.iter().map(|change| {
            format!("{} {}", change.class.name(), signed(delta(change.old, change.new)))
        });
        let line = format!("    classes that grew: {}", classes.collect::<Vec<_>>().join(", "));
        text.push_str(&wrap(&line, width, 8));
        text.push('\n');
    }
    text
}

/// The rule's name; nothing where no rule could be asked, since the state says it all.
pub fn rule(judgement: &Judgement) -> &str {
    match judgement.rule.as_str() {
        COMPLETE | COMPARABLE => "",
        rule => rule,
    }
}

/// The symbols to name, and how many are left out.
pub fn shown(judgement: &Judgement, top: Option<usize>) -> (&[SymbolChange], usize) {
    let all = judgement.symbols.len();
    let count = match top {
        Some(0) => all,
        Some(count) => count,
        None if judgement.rule == OFF_COSTS_NOTHING => all,
        None => TOP,
    };
    (&judgement.symbols[..count.min(all)], all.saturating_sub(count))
}

/// What is beside the name goes below it where the line is too narrow.
fn format_symbol(symbol: &SymbolChange, width: usize) -> String {
    let sizes = match (symbol.old, symbol.new) {
        (None, _) => "new".to_owned(),
        (Some(old), new) => format!("{} → {}", grouped(old), grouped(new.unwrap_or(0))),
    };
    let mut beside = Vec::new();
    beside.extend(symbol.class.map(|class| class.name().to_owned()));
    beside.extend(symbol.object.clone());
    beside.extend(symbol.was.as_ref().map(|was| format!("was {was}")));
    let line = format!("    {:>8}  {sizes:<19}  {}", signed(symbol.delta()), symbol.name);
    let (line, beside) = (clean(line.trim_end()), clean(&beside.join(", ")));
    if beside.is_empty() {
        return line + "\n";
    }
    let room = width.saturating_sub(line.chars().count() + 4);
    let between = if beside.chars().count() <= room { "  ".into() } else { format!("\n{:16}", "") };
    format!("{line}{between}({beside})\n")
}

/// `7 judgements: 5 pass, 1 over, 1 waived`
pub fn counts(verdict: &Verdict) -> String {
    let states = [State::Pass, State::Over, State::Waived, State::Missing, State::NotComparable];
    let counts: Vec<String> = states
        .iter()
        .filter_map(|state| {
            let count =
                verdict.judgements.iter().filter(|judgement| judgement.state == *state).count();
            (count > 0).then(|| format!("{count} {}", state.words()))
        })
        .collect();
    let all = verdict.judgements.len();
    let plural = if all == 1 { "" } else { "s" };
    format!("{all} judgement{plural}: {}", counts.join(", "))
}
