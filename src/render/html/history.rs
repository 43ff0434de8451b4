//! History: one chart for each cell over the runs that `gate --record` kept, and one for each series of
//! commits of a run.

use maud::{Markup, html};

use super::chart::{Point, chart};
use crate::model::history::Entry;
use crate::model::report::Page;
use crate::model::run_report::Series;
use crate::model::verdict::Outcome;

/// The panel.
pub fn body(page: &Page) -> Markup {
    let mut cells: Vec<&str> = Vec::new();
    for point in page.history.iter().flat_map(|entry| &entry.cells) {
        if !cells.contains(&point.cell.as_str()) {
            cells.push(&point.cell);
        }
    }
    html! {
        p {
            span.key { "payload" } span.key.size { "size" }
            @if page.history.iter().any(|entry| entry.outcome == Outcome::OverBudget) {
                span.key.over { "a run over budget" }
            }
        }
        div.charts {
            @for cell in cells { (chart(cell, &points(&page.history, cell))) }
            @for run in &page.runs {
                @for series in &run.series { (of_commits(series)) }
            }
        }
        @if !page.history.is_empty() { (runs(&page.history)) }
    }
}

fn points(history: &[Entry], cell: &str) -> Vec<Point> {
    let mut compiler: Option<&str> = None;
    let mut points = Vec::new();
    for entry in history {
        let Some(found) = entry.cells.iter().find(|point| point.cell == cell) else { continue };
        let now = found.compiler.as_deref();
        let about = [found.revision.as_deref(), Some(entry.outcome.words()), now];
        points.push(Point {
            label: entry.time.get(..10).unwrap_or(&entry.time).to_owned(),
            about: about.into_iter().flatten().collect::<Vec<_>>().join(", "),
            payload: found.payload.map(|payload| payload.bytes),
            size: Some(found.size.dec()),
            over: entry.outcome == Outcome::OverBudget,
            broken: compiler.is_some() && now.is_some() && compiler != now,
        });
        compiler = now.or(compiler);
    }
    points
}

fn of_commits(series: &Series) -> Markup {
    let points = series.commits.iter().map(|commit| Point {
        label: commit.abbrev.clone(),
        about: commit.subject.clone(),
        payload: commit.payload.map(|payload| payload.bytes),
        size: commit.size.map(|size| size.dec()),
        over: false,
        broken: false,
    });
    chart(&format!("{} {}, by commit", series.arch, series.variant), &points.collect::<Vec<_>>())
}

/// Every recorded run, the last one first.
fn runs(history: &[Entry]) -> Markup {
    html! {
        details {
            summary { "Recorded runs: " (history.len()) }
            div.x tabindex="0" role="region" aria-label="Recorded runs" {
                table.sortable {
                    caption.sr { "Recorded runs" }
                    thead {
                        tr {
                            th scope="col" { "Time (UTC)" }
                            th scope="col" { "Outcome" }
                            th scope="col" { "Judged" }
                            th.num scope="col" { "Cells" }
                        }
                    }
                    tbody {
                        @for entry in history.iter().rev() {
                            tr {
                                th scope="row" { (entry.time) }
                                td { span.badge.(entry.outcome.words().replace(' ', "-")) { (entry.outcome.words()) } }
                                td.mono { (entry.subject) }
                                td.num data-v=(entry.cells.len()) { (entry.cells.len()) }
                            }
                        }
                    }
                }
            }
        }
    }
}
