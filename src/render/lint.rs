//! Findings of `lint` for people: with the line and the evidence below it, in one line, as a table.

use std::collections::BTreeMap;

use super::columns::put;
use super::table::View;
use crate::model::finding::{Finding, Report, RuleInfo, Severity};

/// With lines, marks, proofs and witnesses, then one line of counts.
pub fn text(report: &Report, view: View) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        put(&mut out, format_args!("{}\n", super::lint_text::render(finding, report, view)));
    }
    put(&mut out, format_args!("{}\n", counts(report)));
    out
}

/// `file:line:column: warning: message [K001]`
pub fn short(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let level = finding.severity.name();
        let Finding { file, line, column, message, code, .. } = finding;
        put(&mut out, format_args!("{file}:{line}:{column}: {level}: {message} [{code}]\n"));
    }
    out
}

/// A row for each rule that was applied.
pub fn summary(report: &Report, rules: &[RuleInfo], view: View) -> String {
    let mut found: BTreeMap<&str, u32> = BTreeMap::new();
    for finding in &report.findings {
        *found.entry(&finding.code).or_default() += 1;
    }
    let name = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for rule in rules.iter().filter(|rule| report.rules.iter().any(|code| code == rule.code)) {
        let count = found.get(rule.code).copied().unwrap_or(0);
        let level = rule.severity.name();
        let line = format!("{}  {:name$}  {level:7}  {count:>6}", rule.code, rule.name);
        put(&mut out, format_args!("{}\n", line.chars().take(view.width).collect::<String>()));
    }
    put(&mut out, format_args!("{}\n", counts(report)));
    out
}

/// `3 errors, 2 warnings on 21 architectures`
pub(super) fn counts(report: &Report) -> String {
    let mut parts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let count = report.findings.iter().filter(|f| f.severity == severity).count();
        if count > 0 {
            let s = if count == 1 { "" } else { "s" };
            parts.push(format!("{count} {}{s}", severity.name()));
        }
    }
    let found = if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") };
    let on = match report.arches.as_slice() {
        [] => String::new(),
        [one] => format!(" on {one}"),
        all => format!(" on {} architectures", all.len()),
    };
    let hidden =
        if report.hidden == 0 { String::new() } else { format!(", {} hidden", report.hidden) };
    format!("{found}{on}{hidden}")
}
