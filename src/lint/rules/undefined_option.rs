//! G001: a condition on an option that no Kconfig file defines.

use crate::lint::macros::is_parameter;
use crate::lint::options::Known;
use crate::lint::{Check, Needs, Rule, TreeCx, places};
use crate::model::finding::Severity;
use crate::source::guards::{Manner, Mention};
use crate::source::makefile::mentions;

/// The rule.
pub const RULE: Rule = Rule {
    code: "G001",
    name: "undefined-option",
    severity: Severity::Warning,
    default: true,
    what: "Reports `#ifdef CONFIG_X`, `IS_ENABLED(CONFIG_X)` and other conditions on an option that no \
           Kconfig file of any architecture defines, nor a `#define`, nor a flag `-DCONFIG_X` of a \
           makefile. Names in comments, strings and enumerations are not looked at.",
    why: "The condition is never true: the code is not compiled, whatever is configured. The option was \
          removed or renamed, or its name is misspelt.",
    example: "
#ifdef CONFIG_ZONE_DEVCE
	free_zone_device_page(page);
#endif
",
    fix: "Correct the name, or remove the code together with its condition.",
    needs: Needs::ALL,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    // What makefiles define besides is only looked up for what Kconfig does not.
    let undefined =
        |mention: &Mention| !tree.symbols.contains_key(tree.formulas.text(mention.name));
    if !tree.guards.files.iter().flat_map(|file| &file.mentions).any(undefined) {
        return;
    }
    let known = Known::new(tree, mentions::assigned(&tree.roots()));
    let mut texts = tree.source_texts();
    for file in &tree.guards.files {
        for mention in &file.mentions {
            let test = matches!(
                mention.manner,
                Manner::Defined
                    | Manner::Value
                    | Manner::IsEnabled
                    | Manner::IsBuiltin
                    | Manner::IsModule
                    | Manner::IsReachable
            );
            let name = tree.formulas.text(mention.name);
            // The name of an option may itself end in _MODULE.
            let whole = if mention.module { format!("{name}_MODULE") } else { name.to_owned() };
            if !test || known.has(name) || known.has(&whole) {
                continue;
            }
            let in_file = format!("CONFIG_{whole}");
            if is_parameter(texts.get(&file.path), mention.at.start as usize, &in_file) {
                continue;
            }
            let message = format!("nothing defines CONFIG_{whole}{}", known.hint(&whole));
            let mut finding = places::at_span(&file.path, mention.at, message);
            finding.symbol = Some(whole);
            cx.report(finding);
        }
    }
}
