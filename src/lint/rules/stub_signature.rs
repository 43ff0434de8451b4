//! S004: a stub whose type is not the function's.

use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "S004",
    name: "stub-signature",
    severity: Severity::Warning,
    default: false,
    what: "Reports `static inline` stubs in headers that return or take other types than the function that \
           the same header declares for the other configurations. Names, attributes and spacing make no \
           difference, and neither does how a basic type is spelled.",
    why: "A caller that compiles with the option fails, warns or behaves otherwise without it; that is \
          seen only by who builds both.",
    example: "
#ifdef CONFIG_ZONE_DEVICE
int device_map(struct page *page);
#else
static inline void device_map(struct page *page) { }
#endif
",
    fix: "Give the stub the function's type.",
    needs: Needs::GUARDS,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    for finding in tree.gating.stubs(tree) {
        cx.report(finding);
    }
}
