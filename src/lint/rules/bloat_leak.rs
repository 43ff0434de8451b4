//! S005: code that is compiled although nobody can use it.

use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "S005",
    name: "bloat-leak",
    severity: Severity::Warning,
    default: false,
    what: "Reports functions all of whose uses need an option (by their guards, by `if (IS_ENABLED())`, or \
           by the makefile's condition of their file), but that are compiled without it. Functions that \
           are exported, used by assembly, linker scripts or Rust, or may be replaced are left alone, and \
           so are those that nothing uses.",
    why: "Every kernel without the option carries the code for nothing.",
    example: "
void device_unmap(void) { }     /* in a file that is always built */

#ifdef CONFIG_ZONE_DEVICE
void device_exit(void) { device_unmap(); }
#endif
",
    fix: "Move the function behind the option: into the guard, or into a file that is built for it.",
    needs: Needs::ALL,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    for finding in tree.gating.leaks(tree) {
        cx.report(finding.clone());
    }
}
