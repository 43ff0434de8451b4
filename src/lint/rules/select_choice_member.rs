//! K006: `select` or `imply` of a member of a choice, which Kconfig ignores.

use crate::kconf::expr::Expr;
use crate::kconf::model::PropKind;
use crate::lint::{ArchCx, Check, Needs, Rule};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K006",
    name: "select-choice-member",
    severity: Severity::Error,
    default: true,
    what: "Reports a `select` or `imply` of an option that is a member of a `choice`.",
    why: "The value of a member is decided by its choice alone, so that the line has no effect. What \
          depends on both is configured without the one that it needs.",
    example: "
config A
	bool \"a\"
	select LZO

choice
	prompt \"compression\"
config GZIP
	bool \"gzip\"
config LZO
	bool \"lzo\"
endchoice
",
    fix: "Depend on the member, or give the choice a `default … if`.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    for symbol in &model.symbols {
        for &id in &symbol.props {
            let prop = model.prop(id);
            let verb = match prop.kind {
                PropKind::Select => "select",
                PropKind::Imply => "imply",
                _ => continue,
            };
            let Some(Expr::Symbol(target)) = prop.expr.map(|expr| model.exprs.get(expr)) else {
                continue;
            };
            let Some(choice) = model.symbol(target).choice else { continue };
            let name = cx.arch.name_of(target);
            // Until 6.8 it had one where the choice cannot be made.
            let when = if model.dialect.choices_are_menus() { "" } else { " that can be made" };
            let message =
                format!("`{verb} {name}` has no effect: {name} is a member of a choice{when}");
            let mut finding = cx.arch.at(prop.place, message);
            finding.symbol = Some(String::from_utf8_lossy(&symbol.name).into_owned());
            let at = model.menu(choice).place;
            finding.proof = Some(vec![cx.arch.fact(at, format!("the choice that {name} is in"))]);
            cx.exists(finding);
        }
    }
}
