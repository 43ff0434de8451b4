//! B001: a makefile that asks for an option that no Kconfig file defines.

use crate::lint::options::Known;
use crate::lint::{Check, Needs, Rule, TreeCx};
use crate::model::finding::{Finding, Severity};
use crate::source::makefile::mentions;

/// The rule.
pub const RULE: Rule = Rule {
    code: "B001",
    name: "undefined-in-makefile",
    severity: Severity::Warning,
    default: true,
    what: "Reports `$(CONFIG_X)` and `ifdef CONFIG_X` in a makefile where no Kconfig file of any \
           architecture defines the option and no makefile sets the variable.",
    why: "The variable is always empty: what is listed in `obj-$(CONFIG_X)` is never built.",
    example: "
obj-$(CONFIG_ZONE_DEVCE) += memremap.o
",
    fix: "Correct the name, or remove the line and the files that only it builds.",
    needs: Needs::ALL,
    check: Check::Tree(check),
};

fn check(cx: &mut TreeCx<'_>) {
    let roots = cx.tree.roots();
    let mut all = Vec::new();
    match &cx.tree.focus {
        Some(focus) if focus.same_names => {
            all.extend(mentions::read_only(&roots, focus.asked.iter().map(|path| &**path)));
            // What another one sets is known all the same.
            if !all.is_empty() {
                let asked = |one: &mentions::Mention| focus.asked.contains(&one.file);
                all.extend(
                    mentions::read(&roots).into_iter().filter(|one| one.assigned && !asked(one)),
                );
            }
        }
        _ => all = mentions::read(&roots),
    }
    let assigned = all.iter().filter(|mention| mention.assigned);
    let known = Known::new(cx.tree, assigned.map(|mention| mention.name.clone()));
    for mention in &all {
        if known.has(&mention.name) {
            continue;
        }
        let name = &mention.name;
        cx.report(Finding {
            file: mention.file.to_string(),
            line: mention.line,
            column: mention.column,
            length: ("CONFIG_".len() + name.len()) as u32,
            symbol: Some(name.to_string()),
            message: format!("nothing defines CONFIG_{name}{}", known.hint(name)),
            ..Finding::default()
        });
    }
}
