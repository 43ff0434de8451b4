//! K105: a `default` that never counts.

use crate::kconf::eval::Tristate;
use crate::kconf::expr::Expr;
use crate::kconf::model::{PropKind, Property, SymbolId};
use crate::lint::{ArchCx, Check, Claim, Needs, Rule};
use crate::logic::circuit::Lit;
use crate::logic::words;
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K105",
    name: "dead-default",
    severity: Severity::Warning,
    default: true,
    what: "Reports a `default` that never applies though its option can: an earlier default always \
           applies first, or its own condition never holds; and a default of a choice whose member \
           cannot be chosen where it applies.",
    why: "The first default whose condition holds is the one that counts. A later one that was added \
          for a special case, behind a general one, does nothing.",
    example: "
config SHIFT
	int \"shift\"
	default 17
	default 12 if SMALL
",
    fix: "Put the special case first, or remove the line.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

/// What is wrong with a default.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    /// It never applies.
    Dead(SymbolId),
    /// Where it applies, this member of the choice is not visible.
    Unseen(SymbolId, SymbolId),
}

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    let mut claims = Vec::new();
    for number in 3..model.symbols.len() as u32 {
        let symbol = SymbolId::new(number);
        if !cx.concerns(symbol) {
            continue;
        }
        let data = model.symbol(symbol);
        let mut earlier: Vec<Lit> = Vec::new();
        let at = |prop: &Property| (&*model.file(prop.place.file).name, prop.place.span.start);
        let props = || data.props.iter().map(|prop| model.prop(*prop));
        let defaults = || props().filter(|prop| prop.kind == PropKind::Default);
        if !defaults().any(|prop| cx.is_open(at(prop)).is_some()) {
            continue;
        }
        for prop in defaults() {
            let condition = cx.logic().expr(prop.visible, Tristate::Mod);
            let mut lits = vec![condition];
            lits.extend(earlier.iter().map(|lit| !*lit));
            earlier.push(condition);
            let Some(key) = cx.is_open(at(prop)) else { continue };
            if !cx.is_reachable(prop.menu) {
                continue;
            }
            let mut wrong = Wrong::Dead(symbol);
            if data.is_choice {
                let Some(Expr::Symbol(member)) = prop.expr.map(|expr| model.exprs.get(expr)) else {
                    continue;
                };
                lits.push(cx.logic().encoder().visible(member).m);
                wrong = Wrong::Unseen(symbol, member);
            }
            let definition = Some(model.menu(prop.menu).place);
            let what = (wrong, prop.place);
            claims.push(Claim { key, definition, never: vec![lits], what });
        }
    }
    let answers = cx.ask(&claims);
    for (claim, _) in claims.iter().zip(answers).filter(|(_, holds)| *holds) {
        let (wrong, place) = claim.what;
        let (symbol, message) = match wrong {
            Wrong::Dead(symbol) => (symbol, "this default never applies".to_owned()),
            Wrong::Unseen(choice, member) => {
                let member = words::name(model, member);
                (choice, format!("{member} is never visible where it is the default"))
            }
        };
        let mut finding = cx.arch.at(place, message);
        finding.symbol = Some(words::name(model, symbol));
        cx.universal(claim, finding, |_| {});
    }
}
