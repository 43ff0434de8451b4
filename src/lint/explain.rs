//! The page of a rule, as Markdown: what `--explain CODE` prints and `rules.md` is made of.

use std::fmt::Write as _;

use super::Rule;
use super::rules::GATING;

/// The page of one rule.
pub fn page(rule: &Rule) -> String {
    let mut out = format!("## {} {}\n\n", rule.code, rule.name);
    let asked = match (rule.default, GATING.contains(&rule.code)) {
        (true, _) => "on by default",
        (_, true) => "only if asked for with --gating or --rule",
        _ => "only if asked for with --rule",
    };
    let _ = writeln!(out, "Severity: {}; {asked}.\n", rule.severity.name());
    for (title, text) in [("What it does", rule.what), ("Why is this bad?", rule.why)] {
        let _ = writeln!(out, "### {title}\n\n{}\n", text.trim());
    }
    let _ = writeln!(out, "### Example\n\n```\n{}\n```\n", rule.example.trim_matches('\n'));
    let _ = writeln!(out, "### How to fix\n\n{}", rule.fix.trim());
    out
}

/// The pages of all rules.
pub fn book(rules: &[Rule]) -> String {
    let mut out =
        "# The rules of `hmmsize lint`\n\nMade by `hmmsize lint --explain all`.\n\n".to_owned();
    let _ = writeln!(out, "| code | rule | severity | default |\n|---|---|---|---|");
    for rule in rules {
        let on = if rule.default { "on" } else { "off" };
        let _ =
            writeln!(out, "| {} | {} | {} | {on} |", rule.code, rule.name, rule.severity.name());
    }
    for rule in rules {
        out.push('\n');
        out += &page(rule);
    }
    out
}
