//! Findings: how many of which rule, and the first ones for where no script shows all.

use maud::{Markup, html};

use crate::model::finding::{Finding, Severity};
use crate::model::number::grouped;
use crate::model::report::{Linted, Page};

/// As many findings are in the page where no script shows all.
const WITHOUT_SCRIPT: usize = 100;

/// The card of one call of `lint`.
pub fn summary(lint: &Linted, page: &Page) -> Markup {
    let report = &lint.report;
    let mut rules: Vec<(&str, &str, Severity, usize)> = Vec::new();
    for finding in &report.findings {
        match rules.iter_mut().find(|rule| rule.0 == finding.code) {
            Some(rule) => {
                rule.2 = rule.2.max(finding.severity);
                rule.3 += 1;
            }
            None => rules.push((&finding.code, &finding.rule, finding.severity, 1)),
        }
    }
    rules.sort_by_key(|rule| (std::cmp::Reverse(rule.2), std::cmp::Reverse(rule.3)));
    let what =
        |code: &str| page.rules.iter().find(|rule| rule.code == code).map_or("", |rule| rule.what);
    html! {
        article.card {
            header {
                h2 { "Findings in " (report.tree) }
                p {
                    (grouped(report.findings.len() as u64)) " by " (report.rules.len()) " rules on "
                    (report.arches.len()) " architectures"
                    @if report.hidden > 0 { "; " (grouped(report.hidden as u64)) " more are hidden" }
                }
            }
            @if rules.is_empty() { p.dim { "Nothing was found." } } @else {
                div.x tabindex="0" role="region" aria-label="Findings by rule" {
                    table.sortable {
                        caption.sr { "Findings by rule" }
                        thead {
                            tr {
                                th scope="col" { "Rule" }
                                th scope="col" { "Name" }
                                th.num scope="col" { "Findings" }
                                th scope="col" { "What it finds" }
                            }
                        }
                        tbody {
                            @for (code, name, severity, count) in rules {
                                tr {
                                    td { span.badge.(severity.name()) title=(severity.name()) { (code) } }
                                    th scope="row" { a data-go href=(format!("#tab=findings&rule={code}")) { (name) } }
                                    td.num data-v=(count) { (grouped(count as u64)) }
                                    td.dim { (first_sentence(what(code))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first)
}

/// What the panel of findings shows without a script.
pub fn first(page: &Page) -> Markup {
    let all = page.lints.iter().flat_map(|lint| &lint.report.findings);
    let mut findings: Vec<&Finding> = all.collect();
    let count = findings.len();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings.truncate(WITHOUT_SCRIPT);
    html! {
        ul {
            @for finding in &findings {
                li {
                    span.badge.(finding.severity.name()) { (finding.code) } " "
                    span.mono { (finding.file) ":" (finding.line) } " " (finding.message)
                }
            }
        }
        @if count > findings.len() { p.dim { "… and " (count - findings.len()) " more." } }
    }
}
