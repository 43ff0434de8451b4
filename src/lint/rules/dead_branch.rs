//! G009: code whose test of an option never, or always, holds.

use crate::lint::verdicts::What;
use crate::lint::{Check, Needs, Rule, TreeCx, evidence};
use crate::model::finding::Severity;
use crate::source::guards::CodePart;

/// The rule.
pub const RULE: Rule = Rule {
    code: "G009",
    name: "dead-branch",
    severity: Severity::Warning,
    default: true,
    what: "Reports `if (IS_ENABLED(CONFIG_X))` and the like, in code, where the answer is always the same: \
           Kconfig, a guard around it, or what the makefiles say about the file, decide it. Other \
           operands of the condition may say what they like.",
    why: "The code behind it never runs, or the test makes readers think of configurations that do not \
          exist.",
    example: "
/* obj-$(CONFIG_ZONE_DEVICE) += memremap.o, and in memremap.c: */
if (!IS_ENABLED(CONFIG_ZONE_DEVICE))
	return -EOPNOTSUPP;
",
    fix: "Remove the test, and the code that never runs.",
    needs: Needs::VERDICTS,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    let mut texts = tree.source_texts();
    for verdict in tree.verdicts().code(tree) {
        let guard = verdict.block;
        let written = texts.written(&verdict.file.path, guard.condition);
        let message = match (verdict.what, guard.part) {
            (What::CodeAlways, _) => format!("`{written}` always holds here"),
            (_, CodePart::Then) => format!("`{written}` can never hold here"),
            (_, CodePart::Else) => format!("`{written}` always holds here: its else never runs"),
            (_, CodePart::After) => {
                format!("`{written}` always holds here: what follows never runs")
            }
            (_, CodePart::Operand) => {
                let body = texts.written(&verdict.file.path, guard.body);
                format!("`{body}` is never looked at in `{written}`")
            }
        };
        let mut finding = super::universal(&verdict, guard.condition, message);
        evidence::spare_broken(&mut finding);
        cx.report(finding);
    }
}
