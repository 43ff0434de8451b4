//! K107: a prompt that nobody ever sees.

use crate::kconf::eval::Tristate;
use crate::kconf::model::SymbolId;
use crate::lint::{ArchCx, Check, Claim, Needs, Rule};
use crate::logic::words;
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K107",
    name: "dead-prompt",
    severity: Severity::Warning,
    default: true,
    what: "Reports a prompt that is not visible in any configuration, of an option that can be on.",
    why: "The option looks as if users could set it, and they never can: they are left with its \
          default.",
    example: "
config TUNE
	bool \"tune\" if EXPERT && !EXPERT
	default y
",
    fix: "Remove the prompt, or correct its condition or the `visible if` around it.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    let mut claims = Vec::new();
    for number in 3..model.symbols.len() as u32 {
        let symbol = SymbolId::new(number);
        if !cx.concerns(symbol) {
            continue;
        }
        for prop in model.symbol(symbol).props.iter().map(|prop| model.prop(*prop)) {
            if prop.text.is_none() {
                continue;
            }
            let at = (model.file(prop.place.file).name.as_str(), prop.place.span.start);
            let Some(key) = cx.is_open(at) else { continue };
            if !cx.is_reachable(prop.menu) {
                continue;
            }
            let seen = cx.logic().expr(prop.visible, Tristate::Mod);
            let definition = Some(model.menu(prop.menu).place);
            let what = (symbol, prop.place);
            claims.push(Claim { key, definition, never: vec![vec![seen]], what });
        }
    }
    let answers = cx.ask(&claims);
    for (claim, _) in claims.iter().zip(answers).filter(|(_, holds)| *holds) {
        let name = words::name(model, claim.what.0);
        let message = format!("the prompt of {name} is never visible");
        let mut finding = cx.arch.at(claim.what.1, message);
        finding.symbol = Some(name);
        cx.universal(claim, finding, |_| {});
    }
}
