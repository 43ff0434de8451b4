//! K106: an `imply` that changes nothing.

use crate::kconf::eval::Tristate;
use crate::kconf::expr::Expr;
use crate::kconf::model::{PropKind, Type};
use crate::lint::{ArchCx, Check, Claim, Needs, Rule};
use crate::logic::{Answer, words};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K106",
    name: "dead-imply",
    severity: Severity::Warning,
    default: true,
    what: "Reports an `imply` that never acts: where its own option is on and it applies, the dependencies \
           of the implied one are never met, or that is a member of a choice, which nothing can imply.",
    why: "`imply` is a default, limited by the implied option's own dependencies. One that those \
          always rule out does nothing, though it says otherwise.",
    example: "
config PHY
	tristate \"phy\"
	depends on ARCH_GONE

config NET
	tristate \"net\"
	imply PHY
",
    fix: "Remove it, or correct the name or the dependencies.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    let mut claims = Vec::new();
    for prop in model.props.iter().filter(|prop| prop.kind == PropKind::Imply) {
        if !cx.concerns_line(prop) {
            continue;
        }
        let Some(by) = model.menu(prop.menu).symbol else { continue };
        let Some(Expr::Symbol(target)) = prop.expr.map(|expr| model.exprs.get(expr)) else {
            continue;
        };
        let implied = model.symbol(target);
        let logical =
            matches!(implied.ty, Type::Bool | Type::Tristate) && !implied.menus.is_empty();
        let at = (model.file(prop.place.file).name.as_str(), prop.place.span.start);
        let Some(key) = cx.is_open(at).filter(|_| logical && cx.is_reachable(prop.menu)) else {
            continue;
        };
        let applies = cx.logic().expr(prop.visible, Tristate::Mod);
        let on = cx.logic().value_at_least(by, Tristate::Mod);
        let met = cx.logic().expr(implied.dir_dep, Tristate::Mod);
        let definition = Some(model.menu(prop.menu).place);
        // Nothing implies a member of a choice, whatever its dependencies.
        let never = if implied.choice.is_some() { vec![] } else { vec![vec![on, applies, met]] };
        claims.push(Claim {
            key,
            definition,
            never,
            what: (by, target, prop.place, [on, applies]),
        });
    }
    let answers = cx.ask(&claims);
    for (claim, _) in claims.iter().zip(answers).filter(|(_, holds)| *holds) {
        let (by, target, place, alive) = claim.what;
        // Where the line never counts at all, nothing is said of what it implies.
        if cx.logic().possible(&alive) == Answer::Impossible {
            continue;
        }
        let why = if claim.never.is_empty() {
            "it is a member of a choice"
        } else {
            "its dependencies are never met here"
        };
        let name = words::name(model, target);
        let mut finding = cx.arch.at(place, format!("`imply {name}` does nothing: {why}"));
        finding.symbol = Some(words::name(model, by));
        cx.universal(claim, finding, |_| {});
    }
}
