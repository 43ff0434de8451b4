//! K007: `select` of an option that has a prompt and dependencies.

use crate::kconf::expr::Expr;
use crate::kconf::model::PropKind;
use crate::lint::{ArchCx, Check, Needs, Rule};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K007",
    name: "select-visible",
    severity: Severity::Note,
    default: false,
    what: "Reports a `select` of an option that users can set themselves and that depends on others.",
    why: "Documentation/kbuild/kconfig-language.rst: \"select should be used with care. select will \
          force a symbol to a value without visiting the dependencies. … In general use select only \
          for non-visible symbols (no prompts anywhere) and for symbols with no dependencies.\"",
    example: "
config A
	bool \"a\"
	select B

config B
	bool \"b\"
	depends on C
",
    fix: "Depend on it, or take its prompt away. Where the dependencies can be missed, K101 says how.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    for symbol in &model.symbols {
        for &id in &symbol.props {
            let prop = model.prop(id);
            if prop.kind != PropKind::Select {
                continue;
            }
            let Some(Expr::Symbol(target)) = prop.expr.map(|expr| model.exprs.get(expr)) else {
                continue;
            };
            let selected = model.symbol(target);
            let prompt = selected.menus.iter().find_map(|menu| model.menu(*menu).prompt);
            let (Some(prompt), Some(_)) = (prompt, selected.dir_dep) else { continue };
            let name = cx.arch.name_of(target);
            let message = format!("`select {name}`: it has a prompt and dependencies");
            let mut finding = cx.arch.at(prop.place, message);
            finding.symbol = Some(String::from_utf8_lossy(&symbol.name).into_owned());
            finding.proof =
                Some(vec![cx.arch.fact(model.prop(prompt).place, cx.arch.written(prompt))]);
            cx.exists(finding);
        }
    }
}
