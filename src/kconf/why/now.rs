//! Why a symbol has the value it has: every property with its value and place, and the rule that
//! decided (the order of scripts/kconfig/symbol.c: `sym_calc_value`).

use super::words;
use crate::kconf::eval::{Dependency, State, Tristate};
use crate::kconf::expr::Expr;
use crate::kconf::model::{PropKind, SymbolId, Type};
use crate::model::why::{Answer, Choice, Decided, Default, Outcome, Prompt, Range, Selector};

/// What is known of `symbol`, without an outcome.
pub(super) fn explain(state: &mut State, symbol: SymbolId, arch: &str) -> Answer {
    let model = state.model();
    let data = model.symbol(symbol);
    let logical = matches!(data.ty, Type::Bool | Type::Tristate);
    let defaults = defaults(state, symbol);
    let (selected_by, selectors_off) = selectors(state, symbol, PropKind::Select);
    let (implied_by, _) = selectors(state, symbol, PropKind::Imply);
    let range = if logical { None } else { range(state, symbol) };
    let choice = choice(state, symbol);
    let user = state.user_value(symbol).map(<[u8]>::to_vec);
    let user = user.map(|value| words::quoted(data.ty, &value));
    let unmet = state.choice_of(symbol).is_none()
        && logical
        && state.direct_dependency(symbol) < state.reverse_dependency(symbol);
    let value = words::spelled(state, symbol);
    let decided = decided(state, symbol, &value, user.as_deref(), &defaults, range.as_ref());
    Answer {
        arch: arch.to_owned(),
        symbol: words::name(model, symbol),
        wanted: None,
        kind: Some(data.ty.name().to_owned()),
        value: Some(value),
        user,
        definitions: data
            .menus
            .iter()
            .map(|menu| words::place(model, model.menu(*menu).place))
            .collect(),
        decided,
        unmet,
        prompts: prompts(state, symbol),
        depends: words::condition(state, data.dir_dep),
        defaults,
        selected_by,
        selectors_off,
        implied_by,
        range,
        choice,
        outcome: Outcome::NotAsked,
    }
}

/// What is known of a symbol that is not defined.
pub(super) fn undefined(name: &str, arch: &str, similar: Option<String>) -> Answer {
    Answer {
        arch: arch.to_owned(),
        symbol: name.to_owned(),
        wanted: None,
        kind: None,
        value: None,
        user: None,
        definitions: Vec::new(),
        decided: Decided::Undefined { similar },
        unmet: false,
        prompts: Vec::new(),
        depends: None,
        defaults: Vec::new(),
        selected_by: Vec::new(),
        selectors_off: 0,
        implied_by: Vec::new(),
        range: None,
        choice: None,
        outcome: Outcome::NotAsked,
    }
}

fn decided(
    state: &mut State,
    symbol: SymbolId,
    value: &str,
    user: Option<&str>,
    defaults: &[Default],
    range: Option<&Range>,
) -> Decided {
    let data = state.model().symbol(symbol);
    let visible = state.visibility(symbol);
    let applies = defaults.iter().find(|default| default.applies);
    let by_default = |found: Option<&Default>| match found {
        Some(default) => Decided::Default { place: default.place.clone() },
        None => Decided::Nothing,
    };
    if !matches!(data.ty, Type::Bool | Type::Tristate) {
        let given = match user {
            Some(user) if visible != Tristate::No => Some(user),
            _ => applies.map(|default| default.value.as_str()),
        };
        return match given {
            Some(given) if range.is_some() && given != value => Decided::Range,
            None if range.is_some() && !matches!(value, "" | "0" | "0x0") => Decided::Range,
            _ if user.is_some() && visible != Tristate::No => Decided::User { limited: false },
            _ => by_default(applies),
        };
    }
    let now = state.tristate(symbol);
    if state.choice_of(symbol).is_some() && visible != Tristate::No {
        return Decided::Choice;
    }
    let own = match user {
        Some(user) if visible != Tristate::No => {
            Tristate::parse(user.as_bytes()).unwrap_or_default().and(visible)
        }
        _ => applies
            .map_or(Tristate::No, |d| Tristate::parse(d.value.as_bytes()).unwrap_or_default()),
    };
    if state.reverse_dependency(symbol) > own && now != Tristate::No {
        return Decided::Selected;
    }
    if let Some(user) = user
        && visible != Tristate::No
    {
        return Decided::User { limited: user != value };
    }
    if now > own && data.implied.is_some() {
        return Decided::Implied;
    }
    by_default(applies)
}

fn prompts(state: &mut State, symbol: SymbolId) -> Vec<Prompt> {
    let model = state.model();
    let values = state.prompt_values(symbol);
    values
        .into_iter()
        .map(|prompt| {
            let property = model.prop(prompt.prop);
            Prompt {
                place: words::place(model, prompt.place),
                text: words::text(model.text(property).unwrap_or_default()),
                visible: prompt.visible.text().to_owned(),
                condition: words::condition(state, property.visible),
            }
        })
        .collect()
}

fn defaults(state: &mut State, symbol: SymbolId) -> Vec<Default> {
    let model = state.model();
    let ty = model.symbol(symbol).ty;
    let mut applied = false;
    let values = state.default_values(symbol);
    values
        .into_iter()
        .map(|default| {
            let property = model.prop(default.prop);
            let applies = !applied && default.condition != Tristate::No;
            applied |= applies;
            let text = words::expr(model, property.expr);
            let constant = match property.expr.map(|id| model.exprs.get(id)) {
                Some(Expr::Symbol(from)) => model.symbol(from).constant,
                _ => false,
            };
            let quotes = ty == Type::String && constant;
            Default {
                place: words::place(model, default.place),
                text: if quotes { words::quoted(ty, text.as_bytes()) } else { text },
                value: words::quoted(ty, &default.value),
                applies,
                condition: words::condition(state, property.visible),
            }
        })
        .collect()
}

/// What selects (or implies) the symbol now, and how many others could.
fn selectors(state: &mut State, symbol: SymbolId, kind: PropKind) -> (Vec<Selector>, usize) {
    let model = state.model();
    let all: Vec<Dependency> = state.selectors(symbol, kind);
    let count = all.len();
    let mut on: Vec<&Dependency> = all.iter().filter(|d| d.value != Tristate::No).collect();
    on.sort_by_key(|dependency| std::cmp::Reverse(dependency.value));
    let found: Vec<Selector> = on
        .into_iter()
        .map(|dependency| Selector {
            symbol: words::name(model, dependency.by),
            place: words::place(model, dependency.place),
            value: dependency.value.text().to_owned(),
            condition: model.prop(dependency.prop).cond.map(|id| words::expr(model, Some(id))),
        })
        .collect();
    let off = count - found.len();
    (found, off)
}

fn range(state: &mut State, symbol: SymbolId) -> Option<Range> {
    let model = state.model();
    for prop in &model.symbol(symbol).props {
        let property = model.prop(*prop);
        if property.kind != PropKind::Range || state.expr(property.visible) == Tristate::No {
            continue;
        }
        if let Expr::Range(low, high) = model.exprs.get(property.expr?) {
            let mut bound = |id| words::text(state.value(id));
            let (low, high) = (bound(low), bound(high));
            return Some(Range { place: words::place(model, property.place), low, high });
        }
    }
    None
}

fn choice(state: &mut State, symbol: SymbolId) -> Option<Choice> {
    let model = state.model();
    let menu = state.choice_of(symbol)?;
    let members = state.choice_members(menu);
    let chosen = members.into_iter().find(|member| state.tristate(*member) == Tristate::Yes);
    let node = model.menu(menu);
    let prompt = node.prompt.and_then(|prompt| model.text(model.prop(prompt)));
    Some(Choice {
        place: words::place(model, node.place),
        text: words::text(prompt.unwrap_or_default()),
        chosen: chosen.map(|member| words::name(model, member)),
    })
}
