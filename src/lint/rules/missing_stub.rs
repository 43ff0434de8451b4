//! S001: a call of a function that some configuration does not have.

use crate::lint::gating::What;
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "S001",
    name: "missing-stub",
    severity: Severity::Error,
    default: false,
    what: "Reports calls of functions that are compiled in a configuration in which neither the function is \
           (its object is not built, or its guard leaves it out) nor a header has a stub for it.",
    why: "The kernel does not link in that configuration, or the module does not load.",
    example: "
obj-y                  += memory.o    # calls device_map()
obj-$(CONFIG_DEVICE)   += device.o    # has device_map(); no header has a stub
",
    fix: "Add a stub to the header for when the option is off, guard the call, or let the caller's option \
          depend on the function's.",
    needs: Needs::ALL,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    for (what, finding) in tree.gating.missing(tree) {
        if *what == What::Missing {
            cx.report(finding.clone());
        }
    }
}
