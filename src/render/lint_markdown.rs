//! Findings as Markdown: a table of the rules that found something, then each rule's findings with their evidence. Made for
//! comments on pull requests and for reports that are kept.

use super::columns::put;
use super::lint::counts;
use crate::model::finding::{Finding, Report, RuleInfo};

/// As many facts of a proof and settings of a witness are written out.
const SHOWN: usize = 8;

/// The document.
pub fn render(report: &Report, rules: &[RuleInfo]) -> String {
    let mut out = format!("{}\n", counts(report));
    let used: Vec<&RuleInfo> =
        rules.iter().filter(|rule| report.rules.iter().any(|code| code == rule.code)).collect();
    let of = |rule: &RuleInfo| -> Vec<&Finding> {
        report.findings.iter().filter(|finding| finding.code == rule.code).collect()
    };
    let (found, silent): (Vec<&RuleInfo>, Vec<&RuleInfo>) =
        used.into_iter().partition(|rule| !of(rule).is_empty());
    if !found.is_empty() {
        out.push_str("\n| code | rule | severity | findings |\n|---|---|---|---:|\n");
    }
    for &rule in &found {
        let (code, name, level) = (rule.code, rule.name, rule.severity.name());
        put(&mut out, format_args!("| {code} | {name} | {level} | {} |\n", of(rule).len()));
    }
    if !silent.is_empty() {
        let codes: Vec<&str> = silent.iter().map(|rule| rule.code).collect();
        let s = if codes.len() == 1 { "" } else { "s" };
        let text = codes.join(", ");
        put(&mut out, format_args!("\n{} rule{s} found nothing: {text}\n", codes.len()));
    }
    for &rule in &found {
        put(&mut out, format_args!("\n### {} {}\n\n{}\n\n", rule.code, rule.name, rule.what));
        for finding in of(rule) {
            one(finding, report, &mut out);
        }
    }
    out
}

fn one(finding: &Finding, report: &Report, out: &mut String) {
    let Finding { file, line, column, .. } = finding;
    put(out, format_args!("- `{file}:{line}:{column}` {}", escaped(&finding.message)));
    if !finding.arches.is_empty() && finding.arches != report.arches {
        put(out, format_args!(" ({})", finding.arches.join(", ")));
    }
    out.push('\n');
    if let Some(proof) = &finding.proof {
        let facts: Vec<String> = proof
            .iter()
            .take(SHOWN)
            .map(|fact| format!("{} (`{}:{}`)", escaped(&fact.text), fact.file, fact.line))
            .collect();
        let more = proof.len().saturating_sub(SHOWN);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        put(out, format_args!("  - because {}{more}\n", facts.join("; ")));
    }
    if let Some(witness) = &finding.witness {
        let settings: Vec<String> =
            witness.iter().take(SHOWN).map(|(name, value)| format!("`{name}={value}`")).collect();
        let more = witness.len().saturating_sub(SHOWN);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let on = finding.witness_arch.as_ref().map_or(String::new(), |arch| format!(" on {arch}"));
        let by = finding.verified.words().map_or(String::new(), |words| format!(", {words}"));
        put(out, format_args!("  - for example{on} with {}{more}{by}\n", settings.join(" ")));
    } else if let Some(words) = finding.verified.words() {
        put(out, format_args!("  - {words}\n"));
    }
    if !finding.probes.is_empty() {
        put(out, format_args!("  - depends on {}\n", escaped(&finding.probes.join("; "))));
    }
}

/// Text that Markdown would take for markup, as text. What stands in backquotes stays.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '`' => quoted = !quoted,
            '*' | '_' | '<' | '>' | '|' | '[' | ']' | '\\' if !quoted => out.push('\\'),
            '\n' | '\r' => {
                out.push(' ');
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}
