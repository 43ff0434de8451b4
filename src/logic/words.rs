//! Facts of Kconfig in words: what a group of clauses says, and where.

use rustc_hash::FxHashMap;

use super::clauses::{Reason, Rule};
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{MenuId, Model, Place, PropId, PropKind, Property, SymbolId};
use crate::kconf::print;

/// As much of a condition is shown.
const LONG: usize = 240;
/// As many selectors are named.
const NAMED: usize = 6;

/// The name of a symbol; a choice is called by its prompt.
pub fn name(model: &Model, symbol: SymbolId) -> String {
    let data = model.symbol(symbol);
    if data.is_choice && data.name.is_empty() {
        let prompt = data.props.iter().find_map(|prop| model.text(model.prop(*prop)));
        let prompt = prompt.map(|text| String::from_utf8_lossy(text).into_owned());
        return format!("choice \"{}\"", prompt.unwrap_or_default());
    }
    String::from_utf8_lossy(&data.name).into_owned()
}

/// An expression as written, cut where it is long.
pub fn expr(model: &Model, expr: Option<ExprId>) -> String {
    let text = String::from_utf8_lossy(&print::plain(model, expr)).into_owned();
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The place of the first definition.
pub fn defined(model: &Model, symbol: SymbolId) -> Option<Place> {
    let menu: MenuId = *model.symbol(symbol).menus.first()?;
    Some(model.menu(menu).place)
}

/// Who selects and implies whom, by the target: a model has tens of thousands of properties.
#[derive(Debug, Default)]
pub struct Selectors(FxHashMap<SymbolId, Vec<PropId>>);

impl Selectors {
    /// All of `model`.
    pub fn of(model: &Model) -> Self {
        let mut of: FxHashMap<SymbolId, Vec<PropId>> = FxHashMap::default();
        for (number, prop) in model.props.iter().enumerate() {
            let selects = matches!(prop.kind, PropKind::Select | PropKind::Imply);
            let target = prop.expr.filter(|_| selects).map(|expr| model.exprs.get(expr));
            if let Some(Expr::Symbol(target)) = target {
                of.entry(target).or_default().push(PropId::new(number as u32));
            }
        }
        Self(of)
    }

    /// The `select`s (or `imply`s) of `target`, with who selects.
    fn get<'m>(
        &self,
        model: &'m Model,
        target: SymbolId,
        kind: PropKind,
    ) -> impl Iterator<Item = (SymbolId, &'m Property)> {
        let props = self.0.get(&target).into_iter().flatten().map(|prop| model.prop(*prop));
        props
            .filter(move |prop| prop.kind == kind)
            .filter_map(|prop| Some((model.menu(prop.menu).symbol?, prop)))
    }
}

/// Where and what `reason` says; `near` tells which other symbols the proof is about.
pub fn fact(
    model: &Model,
    selectors: &Selectors,
    reason: Reason,
    near: &dyn Fn(SymbolId) -> bool,
) -> (Option<Place>, String) {
    let Reason { symbol, rule } = reason;
    let name_of = |symbol| name(model, symbol);
    let called = name_of(symbol);
    let place = defined(model, symbol);
    match rule {
        Rule::Type => (place, format!("{called} is m only with modules, and y is more than m")),
        Rule::Floor => {
            let mut by: Vec<_> = selectors.get(model, symbol, PropKind::Select).collect();
            if by.iter().any(|(selector, _)| near(*selector)) {
                by.retain(|(selector, _)| near(*selector));
            }
            let at = by.first().map(|(_, prop)| prop.place).or(place);
            let names: Vec<String> = by
                .iter()
                .map(|(selector, prop)| {
                    let condition =
                        prop.cond.map(|cond| format!(" if {}", expr(model, Some(cond))));
                    name_of(*selector) + &condition.unwrap_or_default()
                })
                .collect();
            (at, format!("{called} is selected by {}", listed(names)))
        }
        Rule::Ceiling => (place, ceiling(model, selectors, symbol, &called)),
        Rule::Unasked => {
            let data = model.symbol(symbol);
            let props = data.props.iter().map(|prop| model.prop(*prop));
            let default = props.clone().find(|prop| prop.kind == PropKind::Default);
            let asked = props.clone().any(|prop| prop.text.is_some());
            let at = default.map(|prop| prop.place).or(place);
            let value = match default {
                Some(prop) => format!("defaults to {}", expr(model, prop.expr)),
                None => "is what implies it".to_owned(),
            };
            let when =
                if asked { " while its prompt is not visible" } else { " and has no prompt" };
            (at, format!("{called} {value}{when}"))
        }
        Rule::Choice => (place, format!("{called} has exactly one visible member that is y")),
        Rule::Probe => (place, "the compiler is one compiler only".to_owned()),
        Rule::Number => {
            (place, format!("{called} has the values that its defaults and ranges allow"))
        }
    }
}

/// Why `symbol` can be no more.
fn ceiling(model: &Model, selectors: &Selectors, symbol: SymbolId, called: &str) -> String {
    let data = model.symbol(symbol);
    let props = data.props.iter().map(|prop| model.prop(*prop));
    let own = props.clone().any(|prop| prop.text.is_some() || prop.kind == PropKind::Default);
    let mut by: Vec<String> =
        selectors.get(model, symbol, PropKind::Select).map(|(by, _)| name(model, by)).collect();
    let mut implied: Vec<String> =
        selectors.get(model, symbol, PropKind::Imply).map(|(by, _)| name(model, by)).collect();
    by.dedup();
    implied.dedup();
    let mut text = if !own {
        format!("{called} has neither prompt nor default")
    } else if data.dir_dep.is_some() {
        format!("{called} depends on {}", expr(model, data.dir_dep))
    } else {
        format!("{called} is on only by its prompt or default")
    };
    if by.is_empty() && implied.is_empty() {
        if !own {
            text.push_str(", and nothing selects it");
        }
        return text;
    }
    let what = if own { "or" } else { "and only" };
    for (names, verb) in [(by, "select"), (implied, "imply")] {
        match names.len() {
            0 => {}
            1 if verb == "select" => text = format!("{text}, {what} {} selects it", names[0]),
            1 => text = format!("{text}, {what} {} implies it", names[0]),
            _ => text = format!("{text}, {what} {} {verb} it", listed(names)),
        }
    }
    text
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let names = names.join(", ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}
