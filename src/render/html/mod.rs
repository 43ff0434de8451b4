//! The report as one HTML file that needs nothing else: no network, no other file, no library.
//!
//! What is short is markup made here, and can be read without scripts and on paper. What is long
//! (symbols, findings, the map) is data that a script of ours shows. Text becomes markup only
//! through maud, which escapes it; the script puts text into text nodes. The page's own security
//! policy lets nothing run but that script, known by its digest.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::model::delta;
use crate::model::number;
use crate::model::report::{Page, short_names};

mod audit;
mod chart;
mod comparison;
mod data;
mod digest;
mod findings;
mod history;
mod matrix;
mod text;
mod tiles;

use text::visible_lines;

/// The parts of the script, in order.
const SCRIPTS: &[&str] = &[
    include_str!("core.js"),
    include_str!("table.js"),
    include_str!("treemap.js"),
    include_str!("map.js"),
    include_str!("symbols.js"),
    include_str!("findings.js"),
    include_str!("main.js"),
];

const STYLE: &str = include_str!("page.css");

/// A tab and its panel.
struct Panel {
    id: &'static str,
    title: &'static str,
    count: Option<usize>,
    body: Markup,
    /// Filled by the script, where there is one.
    scripted: bool,
}

/// The page as HTML.
pub fn page(page: &Page) -> String {
    let script = format!("'use strict';\n(() => {{\n{}}})();\n", SCRIPTS.concat());
    let hash =
        |text: &str| format!("'sha256-{}'", digest::base64(&digest::sha256(text.as_bytes())));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(STYLE)
    );
    let panels = panels(page);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content=(page.tool);
                meta name="referrer" content="no-referrer";
                title { (page.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#overview" { "Skip to the contents" }
                header.top {
                    div {
                        h1 { (page.title) }
                        p { "Kernel size report, made by " (page.tool) }
                    }
                    button #theme type="button" hidden { "Colours" }
                }
                nav #tabs aria-label="Parts of the report" {
                    @for panel in &panels {
                        a href=(format!("#{}", panel.id)) data-tab=(panel.id) {
                            (panel.title)
                            @if let Some(count) = panel.count {
                                span.count { (number::grouped(count as u64)) }
                            }
                        }
                    }
                }
                main {
                    @for panel in &panels {
                        section.panel id=(panel.id) data-panel=(panel.id)
                            data-needs-script[panel.scripted] {
                            h2.title { (panel.title) }
                            @if panel.scripted && matches!(panel.id, "map" | "symbols") {
                                div.bar data-chooser {}
                            }
                            @if panel.scripted { div.body { (panel.body) } } @else { (panel.body) }
                        }
                    }
                }
                footer {
                    p {
                        "Sizes are bytes. Payload is what the kernel consists of, without alignment \
                         padding; size is what GNU size says. "
                        "Keys: / searches, Esc closes, arrows move in tables, tabs and the map."
                    }
                }
                div #live.sr role="status" aria-live="polite" {}
            }
        }
    };
    // Only what the input brought can hide; neither the script nor the style sheet has such characters.
    let mut text = visible_lines(&markup.into_string());
    let end = text.rfind("</body>").unwrap_or(text.len());
    let scripts = format!(
        "<script type=\"text/plain\" id=\"data\">{}</script>\n<script>{script}</script>",
        data::encode(page)
    );
    text.insert_str(end, &scripts);
    text.push('\n');
    text
}

/// The panels that there is something for.
fn panels(page: &Page) -> Vec<Panel> {
    let mut panels = vec![Panel {
        id: "overview",
        title: "Overview",
        count: None,
        body: html! {
            (tiles::tiles(page))
            @for run in &page.runs { (matrix::run(run)) }
            @for report in &page.comparisons {
                @for one in &report.comparisons { (comparison::card(report, one)) }
            }
            @for lint in &page.lints { (findings::summary(lint, page)) }
        },
        scripted: false,
    }];
    let tables = page.comparisons.iter().flat_map(|report| &report.comparisons);
    let has = |by: delta::By| {
        let tables = tables.clone().flat_map(|one| &one.tables);
        tables.filter(|table| table.by == by).map(|table| table.rows.len()).sum::<usize>()
    };
    let (symbols, objects) = (has(delta::By::Symbol), has(delta::By::Object));
    let audited = page.audits.iter().flat_map(audit::costs).map(|(_, cost)| cost.rows.len());
    let symbols = symbols + audited.sum::<usize>();
    if !page.audits.is_empty() {
        let body = audit::body(&page.audits);
        panels.push(Panel { id: "audit", title: "Audit", count: None, body, scripted: false });
    }
    if symbols + objects > 0 {
        panels.push(Panel {
            id: "map",
            title: "Map",
            count: None,
            body: html! { p.dim { "The map needs scripts; the table of symbols has the same contents." } },
            scripted: true,
        });
        let title = if symbols > 0 { "Symbols" } else { "Objects" };
        let count = Some(if symbols > 0 { symbols } else { objects });
        let body = comparison::first_symbols(page);
        panels.push(Panel { id: "symbols", title, count, body, scripted: true });
    }
    if !page.lints.is_empty() {
        let count = page.lints.iter().map(|lint| lint.report.findings.len()).sum();
        let body = findings::first(page);
        let (id, title) = ("findings", "Findings");
        panels.push(Panel { id, title, count: Some(count), body, scripted: true });
    }
    let series = page.runs.iter().any(|run| !run.series.is_empty());
    if !page.history.is_empty() || series {
        let body = history::body(page);
        panels.push(Panel { id: "history", title: "History", count: None, body, scripted: false });
    }
    panels
}

/// What is compared with what.
fn title_of(report: &delta::Report, one: &delta::Comparison) -> String {
    let (new, old) = (&report.files[one.file].name, &report.files[report.baseline].name);
    let (new, old) = short_names(new, old);
    format!("{new} against {old}")
}

/// The class that colours a change.
fn tone(delta: i64) -> &'static str {
    match delta {
        0 => "zero",
        1.. => "up",
        _ => "down",
    }
}

/// `-4,754` with a minus sign that is as wide as a plus.
fn signed(delta: i64) -> String {
    number::signed(delta).replace('-', "\u{2212}")
}

/// `+1.25%`, likewise.
fn share(old: u64, delta: i64) -> String {
    number::share(old, delta).replace('-', "\u{2212}")
}

/// A number of bytes; a dash for what is not there.
fn bytes(number: Option<u64>) -> String {
    number.map_or_else(|| "\u{2013}".to_owned(), number::grouped)
}

#[cfg(test)]
mod tests {
    use super::{SCRIPTS, STYLE};

    #[test]
    fn the_page_is_its_own_and_never_turns_text_into_markup() {
        for text in SCRIPTS.iter().chain([&STYLE]) {
            let lower = text.to_ascii_lowercase();
            for word in ["</script", "</style", "<!--", "http:", "https:", "@import", "url("] {
                assert!(!lower.contains(word), "{word}");
            }
        }
        for text in SCRIPTS {
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "srcdoc",
                "javascript:",
                "fetch(",
                "XMLHttpRequest",
                "import(",
                ".style =",
                "setAttribute('style'",
            ] {
                assert!(!text.contains(word), "{word}");
            }
        }
    }
}
