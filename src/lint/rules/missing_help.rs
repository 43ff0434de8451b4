//! K008: an option that users are asked about and that has no help text.

use crate::kconf::syntax::LineKind;
use crate::lint::statements::{defined, entries, files, finding};
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K008",
    name: "missing-help",
    severity: Severity::Note,
    default: false,
    what: "Reports a definition with a prompt and without `help`, unless another definition of the \
           same option in the tree has one.",
    why: "Who is asked should be able to find out what about. `checkpatch.pl` asks for four lines.",
    example: "
config A
	bool \"a\"
",
    fix: "Say what the option does and who needs it.",
    needs: Needs::KCONFIG,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let read = files(cx.tree);
    let mut helped = rustc_hash::FxHashSet::default();
    let mut asked = Vec::new();
    for one in &read {
        let file = &one.0;
        for entry in entries(file) {
            let Some(name) = defined(file, entry.head) else { continue };
            let lines = &file.lines[entry.lines.clone()];
            if lines.iter().any(|line| matches!(line.kind, LineKind::Help(_))) {
                helped.insert(name);
                continue;
            }
            let prompt = lines.iter().find(|line| {
                matches!(line.kind, LineKind::Prompt(_) | LineKind::Type { prompt: Some(_), .. })
            });
            asked.extend(prompt.map(|prompt| (one, prompt.span, name)));
        }
    }
    for (one, span, name) in asked {
        if !helped.contains(&name) {
            let mut found = finding(cx.tree, one, span, format!("{name} has no help text"));
            found.symbol = Some(name);
            cx.report(found);
        }
    }
}
