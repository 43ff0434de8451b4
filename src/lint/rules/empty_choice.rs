//! K012: a choice that can be there without any of its members.

use crate::kconf::eval::{State, Tristate};
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, SymbolId};
use crate::kconf::probe::placeholders;
use crate::lint::{ArchCx, Check, Needs, Rule};
use crate::logic::Answer;
use crate::logic::circuit::Lit;
use crate::logic::words;
use crate::model::confirm::{Held, Test};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K012",
    name: "empty-choice",
    severity: Severity::Warning,
    default: true,
    what: "Reports a `choice` for which there is a configuration in which it is visible and none of its \
           members is. Where members ask what the compiler can do, it is left alone. The configuration is shown, and was evaluated. (A default that is not visible where \
           it applies is K105.)",
    why: "A choice is there for one of its members to be on; code that asks for one after the other finds \
          none.",
    example: "
choice
	prompt \"page size\"
config PAGE_SIZE_4KB
	bool \"4 KiB\"
	depends on HAVE_PAGE_SIZE_4KB
config PAGE_SIZE_64KB
	bool \"64 KiB\"
	depends on HAVE_PAGE_SIZE_64KB
endchoice
",
    fix: "Let one member be visible wherever the choice is, or let the choice depend on what they need.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    for number in 3..model.symbols.len() as u32 {
        let choice = SymbolId::new(number);
        if !cx.concerns(choice) {
            continue;
        }
        let data = model.symbol(choice);
        let Some(menu) = data.menus.first().filter(|_| data.is_choice && !data.optional) else {
            continue;
        };
        let mut members = data.members.iter().flat_map(|member| &model.symbol(*member).props);
        if members.any(|prop| is_probed(model, model.prop(*prop).visible)) {
            continue;
        }
        let place = model.menu(*menu).place;
        let at = (model.file(place.file).name.as_str(), place.span.start);
        let Some(key) = cx.is_open(at) else { continue };
        let mut lits: Vec<Lit> = vec![cx.logic().encoder().visible(choice).m];
        lits.extend(data.members.iter().map(|member| !cx.logic().encoder().visible(*member).m));
        if cx.logic().possible(&lits) != Answer::Possible {
            continue;
        }
        let check = |state: &mut State<'_>| {
            state.visibility(choice) != Tristate::No
                && data.members.iter().all(|member| state.visibility(*member) == Tristate::No)
        };
        let name = words::name(model, choice);
        let mut finding =
            cx.arch.at(place, format!("{name} can be visible without any of its members"));
        finding.symbol = Some(name);
        finding.test = held(model, choice).map(Test::Config);
        cx.shows(key, finding, &lits, &check);
    }
}

/// What a configuration has that shows it: nothing where a prompt is always visible.
fn held(model: &Model, choice: SymbolId) -> Option<Vec<Held>> {
    let prompts = |symbol: SymbolId| {
        let props = model.symbol(symbol).props.iter().map(|prop| model.prop(*prop));
        props.filter(|prop| prop.text.is_some()).map(|prop| prop.visible)
    };
    let mut shown = prompts(choice);
    let mut held: Vec<Held> = match (shown.next()?, shown.next()) {
        (Some(visible), None) => vec![Held::On(visible.number())],
        (None, None) => Vec::new(),
        // One of several is enough, and nobody says which.
        (_, Some(_)) => return None,
    };
    for member in &model.symbol(choice).members {
        for visible in prompts(*member) {
            held.push(Held::Off(visible?.number()));
        }
    }
    Some(held)
}

/// Whether a condition asks an open probe itself.
fn is_probed(model: &Model, condition: Option<ExprId>) -> bool {
    let mut waiting: Vec<ExprId> = condition.into_iter().collect();
    while let Some(next) = waiting.pop() {
        match model.exprs.get(next) {
            Expr::Symbol(symbol) if placeholders(&model.symbol(symbol).name).next().is_some() => {
                return true;
            }
            Expr::Not(a) => waiting.push(a),
            Expr::And(a, b) | Expr::Or(a, b) => waiting.extend([a, b]),
            _ => {}
        }
    }
    false
}
