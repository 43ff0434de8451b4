//! The numbers at the top: what somebody wants to know who looks for three seconds.

use maud::{Markup, html};

use super::{bytes, share, signed, tone};
use crate::model::delta::{Report, WarningCode};
use crate::model::finding::Severity;
use crate::model::number::grouped;
use crate::model::report::{Page, short_names};
use crate::model::run_report::{RunReport, Word};
use crate::model::verdict::delta;

/// As many comparisons have tiles of their own.
const MOST: usize = 2;

/// The tiles; nothing if there is nothing to say.
pub fn tiles(page: &Page) -> Markup {
    let several = page.comparisons.len() > 1;
    html! {
        ul.tiles {
            @for run in page.runs.iter().take(MOST) { (of_run(run)) }
            @for report in page.comparisons.iter().take(MOST) { (of_comparison(report, several)) }
            @for report in page.audits.iter().take(MOST) {
                li.tile {
                    span.what { (report.options.join(", ")) }
                    span.value { (super::audit::verdict(report.verdict).0) }
                    span.more { (report.reasons.first().map_or("", String::as_str)) }
                }
            }
            @for lint in page.lints.iter().take(MOST) {
                @let count = |severity| {
                    let all = lint.report.findings.iter();
                    grouped(all.filter(|finding| finding.severity == severity).count() as u64)
                };
                li.tile {
                    span.what { "Findings in " (lint.report.tree) }
                    span.value { (grouped(lint.report.findings.len() as u64)) }
                    span.more {
                        (count(Severity::Error)) " errors, " (count(Severity::Warning)) " warnings, "
                        (count(Severity::Note)) " notes"
                    }
                }
            }
            @if let Some(last) = page.history.last() {
                li.tile {
                    span.what { "Last judged " (last.time.get(..10).unwrap_or(&last.time)) }
                    span.value { (last.outcome.words()) }
                    span.more { (page.history.len()) " runs are recorded" }
                }
            }
        }
    }
}

/// One tile for each architecture would repeat the matrix; these say what it comes to.
fn of_run(run: &RunReport) -> Markup {
    let all = &run.summary;
    let count = |words: &[Word]| all.iter().filter(|one| words.contains(&one.word)).count();
    let misleading = count(&[Word::SizeMisleads]);
    let bad = count(&[Word::Dropped, Word::Skipped, Word::Failed, Word::Pending]);
    let largest = all.iter().filter_map(|one| {
        let bytes = match (one.base_payload, one.head_payload, one.base, one.head) {
            (Some(base), Some(head), ..) => delta(base.bytes, head.bytes),
            (_, _, Some(base), Some(head)) => delta(base.dec(), head.dec()),
            _ => return None,
        };
        Some((bytes, one))
    });
    let largest = largest.max_by_key(|(bytes, _)| bytes.unsigned_abs());
    html! {
        @if let Some((bytes, one)) = largest {
            li.tile {
                span.what { "Largest difference: " (one.arch) }
                span.value.(tone(bytes)) { (signed(bytes)) }
                span.more {
                    @if one.head_payload.is_some() { "bytes of payload, " } @else { "bytes, " }
                    (one.name())
                }
            }
        }
        li.tile {
            span.what { "Comparisons" }
            span.value { (all.len()) }
            span.more {
                (count(&[Word::Proven, Word::Impossible])) " cost nothing by proof"
                @if misleading > 0 { ", " (misleading) " where size misleads" }
                @if bad > 0 { ", " b.up { (bad) " without a result" } }
            }
        }
    }
}

fn of_comparison(report: &Report, several: bool) -> Markup {
    html! {
        @for one in report.comparisons.iter().take(MOST) {
            @let (new, _) = short_names(&report.files[one.file].name, &report.files[report.baseline].name);
            @let misleads = one.warnings.iter().any(|warning| warning.code == WarningCode::PayloadDisagrees);
            @for row in one.columns.iter().filter(|row| row.name == "dec" || row.name.starts_with("payload")).rev() {
                li.tile {
                    span.what {
                        @if row.name == "dec" { "Size" @if misleads { " (misleads)" } } @else { "Payload" }
                        @if several { " of " (new) }
                    }
                    span.value.(tone(row.delta)) { (signed(row.delta)) }
                    span.more {
                        (bytes(row.new)) " bytes, " (share(row.old.unwrap_or(0), row.delta))
                        @if row.name.contains("estimated") { " (estimated)" }
                    }
                }
            }
            @if let Some(sum) = one.symbols {
                li.tile {
                    span.what { "Symbols" @if several { " of " (new) } }
                    span.value { (grouped(sum.added + sum.removed + sum.grown + sum.shrunk)) " changed" }
                    span.more {
                        (grouped(sum.added)) " new, " (grouped(sum.removed)) " gone, " (grouped(sum.grown))
                        " larger, " (grouped(sum.shrunk)) " smaller"
                    }
                }
            }
        }
    }
}
