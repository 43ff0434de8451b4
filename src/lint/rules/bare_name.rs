//! G003: `IS_ENABLED(FOO)` where `IS_ENABLED(CONFIG_FOO)` was meant.

use crate::lint::macros::{is_macro, is_parameter};
use crate::lint::{Check, Needs, Rule, TreeCx, places};
use crate::model::finding::{Edit, Severity};
use crate::source::guards::Manner;

/// The rule.
pub const RULE: Rule = Rule {
    code: "G003",
    name: "bare-name",
    severity: Severity::Error,
    default: true,
    what: "Reports `IS_ENABLED`, `IS_BUILTIN`, `IS_MODULE` and `IS_REACHABLE` of a name that does not \
           begin with `CONFIG_` although Kconfig has an option of that name, unless it is a macro or the \
           parameter of one.",
    why: "The macro looks for a definition of the name as it stands; without `CONFIG_` there is none, and \
          the answer is no, always. The compiler says nothing.",
    example: "
if (IS_ENABLED(ZONE_DEVICE))
	put_devmap_managed_page(page);
",
    fix: "Write `CONFIG_` before the name. `--fix` does.",
    needs: Needs::GUARDS,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let tree = cx.tree;
    let mut texts = tree.source_texts();
    for file in &tree.guards.files {
        for mention in file.mentions.iter().filter(|mention| mention.manner == Manner::Bare) {
            let name = tree.formulas.text(mention.name);
            let option = name.strip_suffix("_MODULE").unwrap_or(name);
            if !tree.symbols.contains_key(name) && !tree.symbols.contains_key(option) {
                continue;
            }
            let text = texts.get(&file.path);
            if is_macro(text, name) || is_parameter(text, mention.at.start as usize, name) {
                continue;
            }
            let message = format!("this is never true: the option is called CONFIG_{name}");
            let mut finding = places::at_span(&file.path, mention.at, message);
            finding.symbol = Some(option.to_owned());
            finding.fix = vec![Edit {
                file: file.path.to_string(),
                start: mention.at.start,
                len: 0,
                text: "CONFIG_".to_owned(),
            }];
            cx.report(finding);
        }
    }
}
