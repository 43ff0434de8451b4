//! K101: a `select` of an option whose dependencies need not be met.

use crate::kconf::eval::{State, Tristate};
use crate::kconf::expr::Expr;
use crate::kconf::model::{Model, PropKind, Property, SymbolId, Type};
use crate::kconf::output::Stream;
use crate::lint::{ArchCx, Check, Needs, Rule, evidence};
use crate::logic::circuit::Lit;
use crate::logic::encode::Tri;
use crate::logic::{Answer, words};
use crate::model::confirm::Test;
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K101",
    name: "unmet-select",
    severity: Severity::Error,
    default: true,
    what: "Reports a `select` for which there is a configuration in which the selected option's own \
           dependencies are not met. The configuration is shown, and was evaluated.",
    why: "`select` forces an option on whatever it depends on. Kconfig warns about unmet direct \
          dependencies and goes on; the build then fails, or what it makes does not work.",
    example: "
config FB_IOMEM_HELPERS
	bool
	depends on FB_CORE

config DRM_XE_DISPLAY
	bool \"display\"
	select FB_IOMEM_HELPERS
",
    fix: "Let the selector depend on what the selected option depends on, or select that too.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    let mut selects = Vec::new();
    let mut asked = Vec::new();
    for prop in model.props.iter().filter(|prop| prop.kind == PropKind::Select) {
        if !cx.concerns_line(prop) {
            continue;
        }
        let Some((selector, target)) = ends(model, prop) else { continue };
        // What a choice has for a member is not selected at all.
        if model.symbol(target).dir_dep.is_none() || model.symbol(target).choice.is_some() {
            continue;
        }
        let questions = questions(cx, prop, selector, target);
        asked.extend(questions.iter().map(|lits| lits.to_vec()));
        selects.push((prop, selector, target, questions));
    }
    if asked.is_empty() {
        return;
    }
    let mut answers = cx.logic().each(&asked).into_iter();
    for (prop, selector, target, questions) in selects {
        // Few are possible; of those the evaluator has the last word.
        let answers: Vec<Answer> = answers.by_ref().take(questions.len()).collect();
        for (question, _) in
            questions.into_iter().zip(answers).filter(|(_, answer)| *answer == Answer::Possible)
        {
            if let Some(witness) = witness(cx, prop, selector, target, question) {
                let (from, to) = (words::name(model, selector), words::name(model, target));
                let needs = words::expr(model, model.symbol(target).dir_dep);
                let message = format!("{from} selects {to}, which depends on {needs}");
                let mut finding = cx.arch.at(prop.place, message);
                finding.test = Some(Test::Unmet { selector: from.clone(), target: to });
                finding.symbol = Some(from);
                evidence::show(model, &mut finding, &witness);
                cx.exists(finding);
                break;
            }
        }
    }
}

/// Who selects whom, where both have values to be selected.
fn ends(model: &Model, prop: &Property) -> Option<(SymbolId, SymbolId)> {
    let selector = model.menu(prop.menu).symbol?;
    let Expr::Symbol(target) = model.exprs.get(prop.expr?) else { return None };
    let ty = model.symbol(target).ty;
    matches!(ty, Type::Bool | Type::Tristate).then_some((selector, target))
}

/// What would have to be possible: selected as `m` or `y`, and the dependency less than that.
fn levels(model: &Model, target: SymbolId, selected: Tri, direct: Tri) -> Vec<[Lit; 2]> {
    let modular = model.symbol(target).ty == Type::Tristate && model.dialect.since(4, 18);
    let mut questions = vec![[selected.m, !direct.m]];
    questions.extend(modular.then_some([selected.y, !direct.y]));
    questions
}

/// The same for one selector.
fn questions(
    cx: &mut ArchCx<'_>,
    prop: &Property,
    selector: SymbolId,
    target: SymbolId,
) -> Vec<[Lit; 2]> {
    let model = &cx.arch.model;
    let encoder = cx.logic().encoder();
    let condition = encoder.expr(prop.visible);
    let selected = encoder.value(selector);
    let selected = encoder.both(selected, condition);
    let selected = encoder.as_type(target, selected);
    let direct = encoder.parts(target).direct;
    levels(model, target, selected, direct)
}

/// A configuration that the evaluator warns about.
fn witness(
    cx: &mut ArchCx<'_>,
    prop: &Property,
    selector: SymbolId,
    target: SymbolId,
    question: [Lit; 2],
) -> Option<crate::logic::witness::Witness> {
    let model = &cx.arch.model;
    let name = String::from_utf8_lossy(&model.symbol(target).name).into_owned();
    let says = format!("dependencies detected for {name}\n");
    let check = |state: &mut State<'_>| {
        let selected = state.tristate(selector).and(state.expr(prop.visible));
        let direct = state.direct_dependency(target);
        if selected == Tristate::No || selected <= direct {
            return false;
        }
        state.tristate(target);
        let said = String::from_utf8_lossy(&state.output.text(Stream::Err)).into_owned();
        said.contains(&says) || said.contains(&format!("selects {name} which has unmet"))
    };
    cx.logic().shown(&question, &check)
}
