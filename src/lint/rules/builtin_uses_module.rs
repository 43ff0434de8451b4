//! S002: code of the kernel that needs a module.

use crate::lint::gating::What;
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "S002",
    name: "builtin-uses-module",
    severity: Severity::Error,
    default: false,
    what: "Reports calls from code that is built into the kernel, of functions that are only in a module in the same \
           configuration.",
    why: "The kernel does not link: a module is not there when the kernel is linked. This is what random \
          configurations most often break on.",
    example: "
obj-$(CONFIG_USER)   += user.o     # calls helper(); USER=y
obj-$(CONFIG_HELPER) += helper.o   # HELPER=m
",
    fix: "Let the caller depend on `HELPER || !HELPER`, select the helper, or ask `IS_REACHABLE()` in the \
          header that has the stub.",
    needs: Needs::ALL,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    for (what, finding) in tree.gating.missing(tree) {
        if *what == What::InModule {
            cx.report(finding.clone());
        }
    }
}
