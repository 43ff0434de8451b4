//! S003: a module that needs what is not exported.

use crate::lint::gating::What;
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "S003",
    name: "not-exported",
    severity: Severity::Error,
    default: false,
    what: "Reports calls from code that can be a module, of functions that are elsewhere and that nothing exports.",
    why: "The module does not link: `modpost` reports an undefined symbol.",
    example: "
obj-y                += core.o    # has helper(), without EXPORT_SYMBOL
obj-$(CONFIG_USER)   += user.o    # calls helper(); USER=m
",
    fix: "Export the function, or make the option of the module a bool.",
    needs: Needs::ALL,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    for (what, finding) in tree.gating.missing(tree) {
        if *what == What::NotExported {
            cx.report(finding.clone());
        }
    }
}
