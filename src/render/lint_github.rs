//! Findings as GitHub workflow commands, one annotation each, the worst first: GitHub shows at most
//! ten of a kind.

use super::columns::put;
use super::verdict_github::{message, property};
use crate::model::finding::{Report, Severity};

/// The annotations.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        for finding in report.findings.iter().filter(|finding| finding.severity == severity) {
            let level = if severity == Severity::Note { "notice" } else { severity.name() };
            let title = format!("{} {}", finding.code, finding.rule);
            put(
                &mut out,
                format_args!(
                    "::{level} file={},line={},col={},title={}::{}\n",
                    property(&finding.file),
                    finding.line,
                    finding.column,
                    property(&title),
                    message(&finding.message)
                ),
            );
        }
    }
    out
}
