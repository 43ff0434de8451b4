//! Places, names, values and conditions of a model in the words of `.config` and Kconfig.

use std::collections::BTreeSet;

use crate::kconf::eval::State;
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, Place, SymbolId, Type};
use crate::kconf::print;
use crate::model::why::{Condition, Setting};

/// `mm/Kconfig:1080`
pub(super) fn place(model: &Model, place: Place) -> String {
    format!("{}:{}", model.file(place.file).name, place.line)
}

/// The line of the file that `place` is about, as it is written there.
pub(super) fn line(model: &Model, place: Place) -> String {
    let file = model.file(place.file);
    let start = |line: u32| {
        let start = file.text.line_starts().get(line as usize).map(|at| *at as usize);
        start.unwrap_or(file.text.len()).min(file.text.len())
    };
    let number = place.line.saturating_sub(1);
    text(file.text[start(number)..start(number + 1)].trim_ascii())
}

/// Text of the tree; what is not UTF-8 is replaced.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A symbol's name. A choice has none, so its prompt stands for it.
pub(super) fn name(model: &Model, symbol: SymbolId) -> String {
    let data = model.symbol(symbol);
    if !data.is_choice || !data.name.is_empty() {
        return text(&data.name);
    }
    let prompt = data.props.iter().find_map(|prop| model.text(model.prop(*prop)));
    format!("choice \"{}\"", text(prompt.unwrap_or_default()))
}

/// Where a symbol is first defined.
pub(super) fn defined(model: &Model, symbol: SymbolId) -> Option<String> {
    let menu = model.symbol(symbol).menus.first()?;
    Some(place(model, model.menu(*menu).place))
}

/// `expr` in the words of Kconfig.
pub(super) fn expr(model: &Model, expr: Option<ExprId>) -> String {
    text(&print::plain(model, expr))
}

/// The value as `.config` spells it: a string in quotes.
pub(super) fn spelled(state: &mut State, symbol: SymbolId) -> String {
    let ty = state.model().symbol(symbol).ty;
    quoted(ty, state.value(symbol))
}

/// A value of this type as `.config` spells it.
pub(super) fn quoted(ty: Type, value: &[u8]) -> String {
    let value = text(value);
    if ty == Type::String {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        value
    }
}

/// A value without the quotes that `.config` spells it with.
pub(super) fn unquoted(ty: Type, value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let Some(inner) = inner.filter(|_| ty == Type::String) else { return value.to_owned() };
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// How many options of one condition are listed with their values.
const LISTED: usize = 64;

/// A condition with its value and those of its parts; nothing where it always holds.
pub(super) fn condition(state: &mut State, id: Option<ExprId>) -> Option<Condition> {
    let model = state.model();
    id?;
    let value = state.expr(id).text().to_owned();
    let symbols = mentioned(model, id)
        .into_iter()
        .filter(|symbol| {
            let data = model.symbol(*symbol);
            !data.constant && data.ty != Type::Unknown && !data.is_choice
        })
        .take(LISTED)
        .map(|symbol| Setting { symbol: name(model, symbol), value: spelled(state, symbol) })
        .collect();
    Some(Condition { text: expr(model, id), value, symbols })
}

/// The symbols in an expression, in the order in which they stand there.
pub(super) fn mentioned(model: &Model, id: Option<ExprId>) -> Vec<SymbolId> {
    let (mut out, mut seen) = (Vec::new(), BTreeSet::new());
    let mut todo: Vec<ExprId> = id.into_iter().collect();
    let mut nodes = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if !nodes.insert(id) {
            continue;
        }
        let mut add = |symbol| {
            if seen.insert(symbol) {
                out.push(symbol);
            }
        };
        match model.exprs.get(id) {
            Expr::Symbol(symbol) => add(symbol),
            Expr::Not(a) => todo.push(a),
            Expr::And(a, b) | Expr::Or(a, b) => todo.extend([b, a]),
            Expr::Compare(_, a, b) | Expr::Range(a, b) => {
                add(a);
                add(b);
            }
        }
    }
    out
}

/// Where the need for `part` is written: the innermost `depends on` or `if` around the first
/// definition of `symbol` that mentions one of its symbols, else the definition itself.
pub(super) fn written(model: &Model, symbol: SymbolId, part: ExprId) -> Option<String> {
    let wanted = mentioned(model, Some(part));
    for menu in &model.symbol(symbol).menus {
        let mut at = Some(*menu);
        while let Some(id) = at {
            let menu = model.menu(id);
            let own = mentioned(model, menu.own_dep);
            if wanted.iter().any(|symbol| own.contains(symbol)) {
                return Some(place(model, menu.place));
            }
            at = menu.written_parent;
        }
    }
    defined(model, symbol)
}
