//! K108: a `range` that never applies.

use crate::kconf::eval::Tristate;
use crate::kconf::model::{PropKind, SymbolId};
use crate::lint::{ArchCx, Check, Claim, Needs, Rule};
use crate::logic::circuit::Lit;
use crate::logic::words;
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K108",
    name: "dead-range",
    severity: Severity::Warning,
    default: true,
    what: "Reports a `range` that no configuration uses: its condition never holds where the option is, or \
           only where an earlier range applies already. (One after a range without a condition is K005.)",
    why: "It allows what its author wanted to forbid.",
    example: "
config NODES_SHIFT
	int \"nodes\"
	depends on NUMA
	range 1 10 if NUMA
	range 1 4 if !NUMA
",
    fix: "Remove it, or correct its condition.",
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
        let mut earlier: Vec<Lit> = Vec::new();
        let ranges = model.symbol(symbol).props.iter().map(|prop| model.prop(*prop));
        let mut before: Option<&crate::kconf::model::Property> = None;
        for prop in ranges.filter(|prop| prop.kind == PropKind::Range) {
            let at = (model.file(prop.place.file).name.as_str(), prop.place.span.start);
            let open = cx.is_open(at);
            let condition = cx.logic().expr(prop.visible, Tristate::Mod);
            let mut lits = vec![condition];
            lits.extend(earlier.iter().map(|lit| !*lit));
            earlier.push(condition);
            let whole = before.is_some_and(|one| one.cond.is_none() && one.menu == prop.menu);
            before = before.filter(|one| one.cond.is_none()).or(Some(prop));
            let Some(key) = open.filter(|_| !whole) else { continue };
            if !cx.is_reachable(prop.menu) {
                continue;
            }
            let definition = Some(model.menu(prop.menu).place);
            claims.push(Claim { key, definition, never: vec![lits], what: (symbol, prop.place) });
        }
    }
    let answers = cx.ask(&claims);
    for (claim, _) in claims.iter().zip(answers).filter(|(_, holds)| *holds) {
        let (symbol, place) = claim.what;
        let mut finding = cx.arch.at(place, "this range never applies");
        finding.symbol = Some(words::name(model, symbol));
        cx.universal(claim, finding, |_| {});
    }
}
