//! Two files compared: totals, where the change is, options, and what to know before believing it.

use maud::{Markup, html};

use super::{bytes, share, signed, title_of, tone};
use crate::model::config::ConfigChange;
use crate::model::delta::{By, Comparison, Report, Row, SectionDelta, Table};
use crate::model::number::grouped;
use crate::model::report::Page;
use crate::render::columns::put;

/// As many symbols are on the overview.
const TOP: usize = 12;

/// As many symbols are in the page where no script shows all.
const WITHOUT_SCRIPT: usize = 100;

/// As many rows of any other table.
const ROWS: usize = 40;

/// The card of one comparison.
pub fn card(report: &Report, one: &Comparison) -> Markup {
    let file = &report.files[one.file];
    let table = |by: By| one.tables.iter().find(move |table| table.by == by);
    let compilers: Vec<&str> =
        file.compilers.iter().chain(&file.linkers).map(String::as_str).collect();
    html! {
        article.card {
            header {
                h2 { (title_of(report, one)) }
                p { (file.arch) ", " (file.kind) @for name in &compilers { " · " (name) } }
            }
            div.columns {
                div {
                    h3 { "Totals" }
                    (totals(one))
                    @if !one.warnings.is_empty() {
                        ul.warnings { @for warning in &one.warnings { li.warning { (warning.message) } } }
                    }
                    @if let Some(config) = &one.config { (options(&config.requested, &config.changes)) }
                }
                @if let Some(classes) = table(By::Class) {
                    div {
                        h3 { "What the change is made of" }
                        (bars(classes))
                    }
                }
                @if let Some(symbols) = table(By::Symbol) {
                    div {
                        h3 { "Largest changes" }
                        (symbol_rows(largest(symbols, TOP), true))
                    }
                }
            }
            @for by in [By::Dir, By::Object] {
                @if let Some(table) = table(by) { (other(table, by.name())) }
            }
            (sections(&one.sections))
        }
    }
}

fn totals(one: &Comparison) -> Markup {
    html! {
        div.x tabindex="0" role="region" aria-label="Totals" {
            table {
                caption.sr { "Totals before and after" }
                thead {
                    tr {
                        th scope="col" { "" }
                        @for name in ["Before", "After", "Change", "%"] { th.num scope="col" { (name) } }
                    }
                }
                tbody {
                    @for row in &one.columns {
                        tr class=[(row.name == "dec").then_some("total")] {
                            th scope="row" { (row.name) }
                            (numbers(row))
                        }
                    }
                }
            }
        }
    }
}

fn numbers(row: &Row) -> Markup {
    html! {
        td.num data-v=(row.old.unwrap_or(0)) { (bytes(row.old)) }
        td.num data-v=(row.new.unwrap_or(0)) { (bytes(row.new)) }
        td.num data-v=(row.delta) { span class=(tone(row.delta)) { (signed(row.delta)) } }
        td.num data-v=(row.percent.unwrap_or(f64::MAX)) { (share(row.old.unwrap_or(0), row.delta)) }
    }
}

/// Classes as bars to both sides of a line.
fn bars(table: &Table) -> Markup {
    let rows: Vec<&Row> = table.rows.iter().filter(|row| row.delta != 0).collect();
    let most = rows.iter().map(|row| row.delta.unsigned_abs()).max().unwrap_or(1).max(1);
    let equal = table.rows.len() - rows.len();
    html! {
        table.bars.sortable {
            caption.sr { "Change by class of bytes" }
            thead {
                tr {
                    th scope="col" { "Class" }
                    th scope="col" { span.sr { "Bar" } }
                    th.num scope="col" { "Change" }
                    th.num scope="col" { "After" }
                }
            }
            tbody {
                @for row in &rows {
                    tr {
                        th scope="row" { (row.name) }
                        (bar(row.delta, most))
                        td.num data-v=(row.delta) { span class=(tone(row.delta)) { (signed(row.delta)) } }
                        td.num data-v=(row.new.unwrap_or(0)) { (bytes(row.new)) }
                    }
                }
            }
        }
        @if equal > 0 { p.dim { (equal) @if equal == 1 { " class did" } @else { " classes did" } " not change." } }
    }
}

/// A cell with a bar to one side of a line; `most` is as long as a bar gets.
pub fn bar(delta: i64, most: u64) -> Markup {
    let width = delta.unsigned_abs() as f64 / most as f64 * 49.0;
    let (class, from) = if delta > 0 { ("b-up", 50.0) } else { ("b-down", 50.0 - width) };
    html! {
        td.bar-cell {
            svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" {
                rect.b-axis x="49.8" y="0" width=".4" height="12" {}
                rect class=(class) x=(format!("{from:.2}")) y="2" width=(format!("{width:.2}")) height="8" {}
            }
        }
    }
}

/// The rows of symbols that changed most.
fn largest(table: &Table, most: usize) -> Vec<&Row> {
    let mut rows: Vec<&Row> = table.rows.iter().filter(|row| row.delta != 0).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.delta.unsigned_abs()));
    rows.truncate(most);
    rows
}

fn symbol_rows(rows: Vec<&Row>, linked: bool) -> Markup {
    html! {
        @if rows.is_empty() { p.dim { "No symbol changed its size." } } @else {
            div.x tabindex="0" role="region" aria-label="Largest changes" {
                table.sortable {
                    caption.sr { "Symbols with the largest changes" }
                    thead {
                        tr {
                            th scope="col" { "Symbol" }
                            @for name in ["Before", "After", "Change"] { th.num scope="col" { (name) } }
                        }
                    }
                    tbody {
                        @for row in rows {
                            tr {
                                th.mono scope="row" {
                                    @if linked {
                                        a data-go href=(format!("#tab=symbols&symbol={}", encoded(&super::text::visible(&row.name)))) { (row.name) }
                                    } @else { (row.name) }
                                }
                                td.num data-v=(row.old.unwrap_or(0)) { (bytes(row.old)) }
                                td.num data-v=(row.new.unwrap_or(0)) { (bytes(row.new)) }
                                td.num data-v=(row.delta) { span class=(tone(row.delta)) { (signed(row.delta)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// For the part of an address behind the `#`.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-') {
            out.push(char::from(byte));
        } else {
            put(&mut out, format_args!("%{byte:02X}"));
        }
    }
    out
}

fn options(requested: &[ConfigChange], others: &[ConfigChange]) -> Markup {
    let line = |change: &ConfigChange| {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not there".into());
        format!("{} {} → {}", change.symbol, value(&change.old), value(&change.new))
    };
    html! {
        @for (title, changes) in [("Options that were asked for", requested), ("Options that changed", others)] {
            @if !changes.is_empty() {
                details open[changes.len() <= 12] {
                    summary { (title) ": " (changes.len()) }
                    ul.settings { @for change in changes { li { (line(change)) } } }
                }
            }
        }
    }
}

/// Objects or directories, the largest changes first.
fn other(table: &Table, name: &str) -> Markup {
    let rows = largest(table, ROWS);
    let changed = table.rows.iter().filter(|row| row.delta != 0).count() + table.hidden;
    html! {
        details open[rows.len() <= 12] {
            summary { "By " (name) ": " (grouped(changed as u64)) " changed" }
            div.x tabindex="0" role="region" aria-label=(format!("By {name}")) {
                table.sortable {
                    caption.sr { "Changes by " (name) }
                    thead {
                        tr {
                            th scope="col" { (name) }
                            @for name in ["Before", "After", "Change", "%"] { th.num scope="col" { (name) } }
                        }
                    }
                    tbody { @for row in &rows { tr { th.mono scope="row" { (row.name) } (numbers(row)) } } }
                }
            }
            @if changed > rows.len() { p.dim { "… and " (grouped((changed - rows.len()) as u64)) " more." } }
        }
    }
}

/// Sections: what symbols claim, what is padding, what nothing claims.
fn sections(sections: &[SectionDelta]) -> Markup {
    let size = |one: &SectionDelta| {
        let of = |side: &Option<crate::model::delta::SectionBytes>| side.map(|bytes| bytes.size);
        Row::new(one.name.as_str(), of(&one.old), of(&one.new))
    };
    let part = |bytes: i64| html! { td.num data-v=(bytes) { span class=(tone(bytes)) { (signed(bytes)) } } };
    html! {
        @if !sections.is_empty() {
            details {
                summary { "Sections: symbols, padding and what nothing claims" }
                div.x tabindex="0" role="region" aria-label="Sections" {
                    table.sortable {
                        caption.sr { "Sections before and after" }
                        thead {
                            tr {
                                th scope="col" { "Section" }
                                @for name in ["Before", "After", "Change", "%", "Symbols", "Padding", "Unattributed"] {
                                    th.num scope="col" { (name) }
                                }
                            }
                        }
                        tbody {
                            @for one in sections {
                                tr {
                                    th.mono scope="row" { (one.name) }
                                    (numbers(&size(one)))
                                    (part(one.symbols())) (part(one.padding())) (part(one.unattributed()))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the panel of symbols shows without a script.
pub fn first_symbols(page: &Page) -> Markup {
    html! {
        @for report in &page.comparisons {
            @for one in &report.comparisons {
                @for table in one.tables.iter().filter(|table| table.by == By::Symbol).take(1) {
                    h3 { (title_of(report, one)) ": the largest changes" }
                    (symbol_rows(largest(table, WITHOUT_SCRIPT), false))
                }
            }
        }
    }
}
