//! K102: an option that no configuration of any architecture has.

use crate::kconf::eval::Tristate;
use crate::kconf::model::{SymbolId, Type};
use crate::lint::{ArchCx, Check, Claim, Needs, Rule, evidence};
use crate::logic::words;
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K102",
    name: "dead-symbol",
    severity: Severity::Warning,
    default: true,
    what: "Reports a bool or tristate option that is `n` in every configuration of every architecture \
           that reads its definition. Where that is so only because of BROKEN or COMPILE_TEST, which \
           keep options off on purpose, it is a note.",
    why: "Nobody can build the code behind it, and nobody notices when it no longer compiles. Often \
          the architecture, the platform or the option that it needs was removed.",
    example: "
config SYNCLINK_GT
	tristate \"SyncLink GT\"
	depends on PCI && BROKEN

config CPU_MMP2
	bool
	select CPU_PJ4
",
    fix: "Remove the option and its code, or correct what it depends on.",
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
        let data = model.symbol(symbol);
        let logical = matches!(data.ty, Type::Bool | Type::Tristate);
        let Some(menu) = data.menus.first().filter(|_| logical && !data.is_choice) else {
            continue;
        };
        // By name, wherever it is defined: an architecture that can turn it on is against it.
        let name = words::name(model, symbol);
        if evidence::BROKEN.contains(&&*name) {
            continue;
        }
        let Some(key) = cx.is_open((&name, 0)) else { continue };
        // Where no configuration reaches it, others decide.
        for menu in &data.menus {
            cx.is_reachable(*menu);
        }
        let on = cx.logic().value_at_least(symbol, Tristate::Mod);
        let place = model.menu(*menu).place;
        let claim =
            Claim { key, definition: Some(place), never: vec![vec![on]], what: (name, place) };
        claims.push(claim);
    }
    let answers = cx.ask(&claims);
    for (claim, _) in claims.iter().zip(answers).filter(|(_, holds)| *holds) {
        let (name, place) = &claim.what;
        let mut finding = cx.arch.at(*place, format!("{name} can never be enabled"));
        finding.symbol = Some(name.clone());
        cx.universal(claim, finding, evidence::spare_broken);
    }
}
