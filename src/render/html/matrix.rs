//! A run of `build`: the matrix of architectures and comparisons, then the tables of `size` behind it.

use maud::{Markup, html};

use super::{bytes, share, signed, tone};
use crate::model::run_report::{Block, Delta, Row, RunReport, Word};
use crate::model::size::{Berkeley, Payload, PayloadKind};
use crate::model::verdict::delta;
use crate::render::run::{dragged_in, size_block};

/// The card of a run.
pub fn run(run: &RunReport) -> Markup {
    let mut names: Vec<String> = Vec::new();
    for one in &run.summary {
        if !names.contains(&one.name()) {
            names.push(one.name());
        }
    }
    html! {
        article.card {
            header {
                h2 { @if names.len() == 1 { (names[0]) } @else { "The matrix" } }
                p { (run.run) @if !run.complete { " · not every cell has a result" } }
            }
            div.x tabindex="0" role="region" aria-label="The matrix" { (table(run, &names)) }
            div.folds {
                @for block in &run.blocks { (sizes(block)) }
                details {
                    summary { "How it was made" }
                    pre tabindex="0" { (run.command.join(" ")) }
                }
            }
        }
    }
}

/// Architectures against comparisons. Where there is but one comparison, the rows flow like cards.
fn table(run: &RunReport, names: &[String]) -> Markup {
    let flow = names.len() == 1;
    html! {
        table.matrix.flow[flow] role="table" {
            caption.sr { "Architectures and comparisons: payload, size, verdict" }
            thead role="rowgroup" {
                tr role="row" {
                    th role="columnheader" scope="col" { span.sr { "Architecture" } }
                    @for name in names { th role="columnheader" scope="col" { (name) } }
                }
            }
            tbody role="rowgroup" {
                @for block in run.blocks.iter().filter(|block| !block.deltas.is_empty()) {
                    tr role="row" {
                        th role="rowheader" scope="row" {
                            (block.arch)
                            small { (block.about.iter().take(2).cloned().collect::<Vec<_>>().join(", ")) }
                        }
                        @for name in names {
                            @match block.deltas.iter().find(|one| one.name() == *name) {
                                Some(one) => (cell(one)),
                                None => td role="cell" {},
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The class that colours a verdict.
fn look(word: Word) -> &'static str {
    match word {
        Word::Larger => "v-larger",
        Word::Smaller => "v-smaller",
        Word::SizeMisleads | Word::NotComparable | Word::Skipped | Word::Pending => "v-warn",
        Word::Dropped | Word::Failed => "v-bad",
        Word::Same | Word::Noise | Word::Proven | Word::Impossible | Word::NoBase => "v-zero",
    }
}

fn sign(word: Word) -> &'static str {
    match word {
        Word::Larger => "▲",
        Word::Smaller => "▼",
        Word::SizeMisleads | Word::NotComparable => "⚠",
        Word::Dropped | Word::Failed => "✕",
        Word::Skipped | Word::Pending | Word::NoBase => "…",
        Word::Same | Word::Noise => "=",
        Word::Proven => "✓",
        Word::Impossible => "∅",
    }
}

fn kind(payload: Option<Payload>) -> &'static str {
    match payload.map(|payload| payload.kind) {
        Some(PayloadKind::Estimated) => "payload (estimated)",
        _ => "payload",
    }
}

/// One comparison: payload beside size, coloured by the verdict.
fn cell(one: &Delta) -> Markup {
    let payload = match (one.base_payload, one.head_payload) {
        (Some(base), Some(head)) if base.kind == head.kind => Some((base.bytes, head.bytes)),
        _ => None,
    };
    let dec = match (one.base, one.head) {
        (Some(base), Some(head)) => Some((base.dec(), head.dec())),
        _ => None,
    };
    let first =
        payload.map(|pair| (pair, kind(one.head_payload))).or(dec.map(|pair| (pair, "size")));
    html! {
        td.cell.(look(one.word)) role="cell" {
            span.word { span aria-hidden="true" { (sign(one.word)) } (one.word.name()) }
            @if let Some(((base, head), what)) = first {
                @let bytes = delta(base, head);
                span.big { (signed(bytes)) " " small { (what) " " (share(base, bytes)) } }
            }
            @if let (Some(_), Some((base, head))) = (payload, dec) {
                @let bytes = delta(base, head);
                span.beside { "size " (signed(bytes)) " (" (share(base, bytes)) ")" }
            }
            @if let Some(noise) = one.noise.filter(|noise| *noise > 0) {
                span.beside { "noise " (noise) " bytes" }
            }
            // The word says it already.
            @if let Some(note) = one.note.as_ref().filter(|note| !note.starts_with("0, proven")) {
                span.why { (note) }
            }
            @if !one.dragged_in.is_empty() {
                span.why { "drags in " (one.dragged_in.len()) @if one.dragged_in.len() == 1 { " option" } @else { " options" } }
            }
        }
    }
}

/// What `size` says of the cells of an architecture, folded away.
fn sizes(block: &Block) -> Markup {
    let measured: Vec<&Delta> =
        block.deltas.iter().filter(|one| one.base.is_some() && one.head.is_some()).collect();
    html! {
        details {
            summary { (block.arch) ": sizes" }
            p.dim { (block.about.join(", ")) }
            @if !block.rows.is_empty() { pre tabindex="0" { (size_block(block)) } }
            @if !measured.is_empty() {
                div.x tabindex="0" role="region" aria-label=(format!("Differences of {}", block.arch)) {
                    table {
                        caption.sr { "Differences of " (block.arch) }
                        thead {
                            tr {
                                th scope="col" { "delta" }
                                @for name in ["text", "data", "bss", "dec"] { th.num scope="col" { (name) } }
                                th.num scope="col" { (kind(measured[0].head_payload)) }
                            }
                        }
                        tbody {
                            @for one in measured {
                                tr { th scope="row" { (one.name()) } (columns(one)) }
                            }
                        }
                    }
                }
            }
            @for one in block.deltas.iter().filter(|one| !one.dragged_in.is_empty()) {
                p { (one.head_name) " drags in " span.mono { (dragged_in(one)) } }
            }
            @for row in block.rows.iter().filter_map(on_disk) { p { (row) } }
            @for note in &block.notes { p.dim { (note) } }
        }
    }
}

fn on_disk(row: &Row) -> Option<String> {
    row.bytes.map(|size| format!("{}: {} bytes on disk", row.name, bytes(Some(size))))
}

fn columns(one: &Delta) -> Markup {
    let pick =
        |pick: fn(&Berkeley) -> u64| Some((pick(one.base.as_ref()?), pick(one.head.as_ref()?)));
    let payload = one.base_payload.zip(one.head_payload).map(|(a, b)| (a.bytes, b.bytes));
    let pairs = [pick(|s| s.text), pick(|s| s.data), pick(|s| s.bss), pick(Berkeley::dec), payload];
    html! {
        @for pair in pairs {
            @match pair {
                Some((base, head)) => {
                    @let bytes = delta(base, head);
                    td.num { span class=(tone(bytes)) { (signed(bytes)) } }
                },
                None => td.num { "\u{2013}" },
            }
        }
    }
}
