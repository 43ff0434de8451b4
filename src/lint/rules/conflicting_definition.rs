//! K011: definitions of one option that contradict each other.

use crate::kconf::eval::{State, Tristate};
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, PropKind, Property, SymbolId, Type};
use crate::lint::{ArchCx, Check, Needs, Rule};
use crate::logic::circuit::Lit;
use crate::logic::words;
use crate::model::confirm::{Held, Test};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K011",
    name: "conflicting-definition",
    severity: Severity::Warning,
    default: true,
    what: "Reports an option that is a number or text on one architecture and something else on another; \
           that has two prompts which can both be visible; or, as a note, two definitions whose defaults, \
           constants without a condition of their own, differ where both definitions count. For the last \
           two, the configuration is shown, and was evaluated. What conf says itself about the types on one \
           architecture is K003.",
    why: "Code that is compiled for both architectures sees a number here and `1` there. A user is asked \
          the same question in two menus. Of two defaults, the one that is read first counts, which no \
          one sees who reads the other.",
    example: "
config ZONE_DEVICE
	bool \"device memory\"
	default y

config ZONE_DEVICE
	bool \"memory of devices\"
	default n
",
    fix: "Keep one definition, or make the conditions exclude each other.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    for number in 3..model.symbols.len() as u32 {
        let symbol = SymbolId::new(number);
        if !cx.concerns(symbol) {
            continue;
        }
        let data = model.symbol(symbol);
        if data.constant || data.is_choice || data.menus.is_empty() {
            continue;
        }
        types(cx, symbol);
        if data.menus.len() > 1 {
            pairs(cx, symbol, "prompt", |_, prop| prop.text.is_some().then_some(None));
            pairs(cx, symbol, "default", |model, prop| constant(model, prop).map(Some));
        }
    }
}

/// The type here and on the first architecture that has another one.
fn types(cx: &mut ArchCx<'_>, symbol: SymbolId) {
    let (tree, arch, model) = (cx.tree, cx.arch, &cx.arch.model);
    let data = model.symbol(symbol);
    let other = tree.arches[..cx.index].iter().find_map(|other| {
        let id = other.find(&data.name)?;
        let theirs = other.model.symbol(id);
        let menu = *theirs.menus.first()?;
        let differ = theirs.ty != data.ty && !(is_logical(theirs.ty) && is_logical(data.ty));
        differ.then(|| (other, theirs.ty, other.model.menu(menu).place))
    });
    let (Some((other, theirs, there)), Some(menu)) = (other, data.menus.first()) else { return };
    let name = words::name(model, symbol);
    let (ours, theirs) = (kind(data.ty), kind(theirs));
    let message = format!("{name} is {ours} here and {theirs} on {}", other.name);
    let mut finding = arch.at(model.menu(*menu).place, message);
    finding.proof = Some(vec![other.fact(there, format!("{name} is {theirs} here"))]);
    finding.symbol = Some(name);
    cx.exists(finding);
}

/// Many an option is a tristate only where its code can be a module.
fn is_logical(ty: Type) -> bool {
    matches!(ty, Type::Bool | Type::Tristate)
}

fn kind(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "a bool",
        Type::Tristate => "a tristate",
        Type::Int => "an int",
        Type::Hex => "a hex",
        Type::String => "a string",
        Type::Unknown => "of no type",
    }
}

/// The value of a default without a condition.
fn constant(model: &Model, prop: &Property) -> Option<SymbolId> {
    if prop.kind != PropKind::Default || prop.cond.is_some() {
        return None;
    }
    match model.exprs.get(prop.expr?) {
        Expr::Symbol(symbol) if model.symbol(symbol).constant => Some(symbol),
        _ => None,
    }
}

/// Properties of different definitions that differ in `value` (nothing differs from nothing), and can
/// count at once. Of each definition, the first counts.
fn pairs(
    cx: &mut ArchCx<'_>,
    symbol: SymbolId,
    what: &str,
    value: fn(&Model, &Property) -> Option<Option<SymbolId>>,
) {
    let (arch, model) = (cx.arch, &cx.arch.model);
    let props = model.symbol(symbol).props.iter().map(|prop| model.prop(*prop));
    let mut known: Vec<(&Property, Option<SymbolId>)> = Vec::new();
    for prop in props {
        let Some(value) = value(model, prop) else { continue };
        if known.iter().all(|(other, _)| other.menu != prop.menu) {
            known.push((prop, value));
        }
    }
    for (at, (prop, value)) in known.iter().enumerate() {
        // A file that is sourced twice says the same twice.
        let place = |prop: &Property| (prop.place.file, prop.place.span.start);
        let earlier = known[..at]
            .iter()
            .find(|(one, other)| (value.is_none() || other != value) && place(one) != place(prop));
        let Some((other, _)) = earlier else { continue };
        let place = (model.file(prop.place.file).name.as_str(), prop.place.span.start);
        let Some(key) = cx.is_open(place) else { continue };
        let conditions: [Option<ExprId>; 2] = [other.visible, prop.visible];
        let lits: Vec<Lit> =
            conditions.iter().map(|one| cx.logic().expr(*one, Tristate::Mod)).collect();
        if cx.logic().possible(&lits) != crate::logic::Answer::Possible {
            continue;
        }
        let name = words::name(model, symbol);
        let line = arch.fact(other.place, String::new()).line;
        let file = &model.file(other.place.file).name;
        let message = match what {
            "prompt" => {
                format!("{name} has another prompt at {file}:{line}, and both can be visible")
            }
            _ => format!("the default at {file}:{line} is another one, and counts where both do"),
        };
        let mut finding = arch.at(prop.place, message);
        finding.symbol = Some(name);
        let held = conditions.iter().flatten().map(|condition| Held::On(condition.number()));
        finding.test = Some(Test::Config(held.collect()));
        if what != "prompt" {
            finding.severity = Severity::Note;
        }
        let check =
            |state: &mut State<'_>| conditions.iter().all(|one| state.expr(*one) != Tristate::No);
        cx.shows(key, finding, &lits, &check);
    }
}
