//! G007: a guard that is always true where it stands.

use crate::lint::verdicts::What;
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "G007",
    name: "always-true-guard",
    severity: Severity::Warning,
    default: true,
    what: "Reports `#if … #endif` without `#else` whose condition always holds where it stands: Kconfig, \
           a guard around it, or the makefiles, which do not build the file otherwise, imply it.",
    why: "The guard makes readers think of configurations that do not exist.",
    example: "
/* obj-$(CONFIG_NET_RX_BUSY_POLL) += napi.o, and in napi.c: */
#ifdef CONFIG_NET_RX_BUSY_POLL
void napi_busy_loop(void);
#endif
",
    fix: "Remove the two lines of the guard.",
    needs: Needs::VERDICTS,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    let mut texts = tree.source_texts();
    for verdict in tree.verdicts().iter(tree).filter(|verdict| verdict.what == What::Always) {
        let written = texts.written(&verdict.file.path, verdict.block.at);
        let message = format!("`{written}` always holds here");
        cx.report(super::universal(&verdict, verdict.block.at, message));
    }
}
