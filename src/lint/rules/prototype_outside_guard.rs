//! S006: a prototype outside of the guard that its header has for the function's option.

use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "S006",
    name: "prototype-outside-guard",
    severity: Severity::Note,
    default: false,
    what: "Reports a prototype of a function that is only compiled with an option, outside of any guard, in \
           a header that has guards for that very option, where there is no stub of the function and some \
           use of it is not kept behind the option itself.",
    why: "Without the option, a call compiles and does not link: the error comes late, and from the linker. \
          Within the guard, the compiler says where.",
    example: "
int device_map(int node);
#ifdef CONFIG_ZONE_DEVICE
int device_unmap(int node);
#else
static inline int device_unmap(int node) { return 0; }
#endif
",
    fix: "Move the prototype into the guard, and add a stub if anyone calls it without the option.",
    needs: Needs::ALL,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    for finding in tree.gating.prototypes(tree) {
        cx.report(finding);
    }
}
