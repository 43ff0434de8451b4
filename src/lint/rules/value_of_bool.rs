//! G004: `#if CONFIG_X` with a bool or tristate.

use crate::kconf::model::Type;
use crate::lint::{Check, Needs, Rule, TreeCx, places};
use crate::model::finding::Severity;
use crate::source::guards::Manner;

/// The rule.
pub const RULE: Rule = Rule {
    code: "G004",
    name: "value-of-bool",
    severity: Severity::Note,
    default: true,
    what: "Reports `#if CONFIG_X` where the option is a bool or tristate.",
    why: "Kconfig defines the option as 1 or not at all. The preprocessor takes what is not defined for \
          0, so that this works, but -Wundef warns, `#if CONFIG_X == 1` reads as if other values were \
          possible, and a tristate that is a module counts as 0 without a word.",
    example: "
#if CONFIG_ZONE_DEVICE
#include <linux/memremap.h>
#endif
",
    fix: "`#ifdef CONFIG_X` or `#if IS_ENABLED(CONFIG_X)`.",
    needs: Needs::ALL,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    for file in tree.guards.files.iter().filter(|file| tree.is_kernel(file)) {
        for mention in file.mentions.iter().filter(|mention| mention.manner == Manner::Value) {
            let name = tree.formulas.text(mention.name);
            let Some(symbol) = tree.symbols.get(name) else { continue };
            let overridden = file.overrides.iter().any(|change| change.name == mention.name);
            if overridden || !matches!(symbol.ty, Type::Bool | Type::Tristate) {
                continue;
            }
            let kind = if symbol.tristate == 0 { "bool" } else { "tristate" };
            let message = format!("`#if CONFIG_{name}` with a {kind}, which is 1 or not defined");
            let mut finding = places::at_span(&file.path, mention.at, message);
            finding.symbol = Some(name.to_owned());
            finding.arches = tree.names(symbol.arches & tree.domain(&file.path));
            cx.report(finding);
        }
    }
}
