//! What `helpnewconfig` prints: the help of every symbol that the user has not decided yet, and what is
//! known of it (conf.c: `print_help`; menu.c: `menu_get_ext_help`, `get_symbol_str`).
//!
//! Values are those that are known when a line is printed, as in `conf`, which computes little of it
//! anew; so the order of what is asked counts.

use super::build::type_name;
use super::eval::{State, Tristate};
use super::expr::{Expr, ExprId};
use super::model::{MenuId, Model, PropId, PropKind, ROOT, SymbolId, Type, YES};
use super::print;
use super::simplify::Simplify;
use super::syntax::help_text;

/// What `str_printf` has room for; the rest of a text is lost.
const ROOM: usize = 9_999;
/// As many menus of a path are shown.
const MENUS: usize = 8;

/// Prints the help of the new symbols.
pub(super) struct HelpNew {
    rules: Simplify,
    /// A copy to simplify expressions in, once that is needed.
    scratch: Option<Model>,
}

impl HelpNew {
    pub(super) fn new(model: &Model) -> Self {
        Self { rules: Simplify::new(model), scratch: None }
    }

    /// What is printed for the symbol of `id`.
    pub(super) fn entry(&mut self, state: &mut State, id: MenuId, out: &mut Vec<u8>) {
        let model = state.model();
        let menu = model.menu(id);
        let Some(symbol) = menu.symbol else { return };
        out.extend_from_slice(b"-----\n\n");
        let name = &model.symbol(symbol).name;
        if let Some(help) = menu.help {
            if !name.is_empty() {
                printf(out, &[b"CONFIG_", name, b":\n\n"]);
            }
            printf(out, &[&help_text(model.file(menu.place.file).text(help)), b"\n"]);
        } else {
            out.extend_from_slice(b"There is no help available for this option.\n");
        }
        self.symbol(state, symbol, out);
        out.extend_from_slice(b"\n-----\n");
    }

    fn symbol(&mut self, state: &mut State, symbol: SymbolId, out: &mut Vec<u8>) {
        let model = state.model();
        let of = model.symbol(symbol);
        if !of.name.is_empty() {
            printf(out, &[b"Symbol: ", &of.name, b" [=", state.current(symbol), b"]\n"]);
            let boolean = !model.dialect.since(4, 19);
            printf(out, &[b"Type  : ", type_name(of.ty, boolean).as_bytes(), b"\n"]);
            let number = matches!(of.ty, Type::Int | Type::Hex);
            if let Some((range, _)) =
                number.then(|| state.first_prop(symbol, PropKind::Range)).flatten()
            {
                out.extend_from_slice(b"Range : ");
                print::with_values(state, model.prop(range).expr, out);
                out.push(b'\n');
            }
        }
        // Definitions with prompts come before those without.
        for &id in &of.menus {
            if let Some(prompt) = model.menu(id).prompt {
                defined(model, id, out);
                self.prompt(state, prompt, out);
            }
        }
        for &id in &of.menus {
            if model.menu(id).prompt.is_none() {
                defined(model, id, out);
                dependency(state, model.menu(id).dep, "  Depends on: ", out);
            }
        }
        for (kind, verb, by, reverse) in [
            (PropKind::Select, "Selects: ", "Selected by", of.rev_dep),
            (PropKind::Imply, "Implies: ", "Implied by", of.implied),
        ] {
            let mut before = verb;
            for &id in of.props.iter().filter(|&&id| model.prop(id).kind == kind) {
                out.extend_from_slice(before.as_bytes());
                print::with_values(state, model.prop(id).expr, out);
                before = " && ";
            }
            if before != verb {
                out.push(b'\n');
            }
            if reverse.is_some() {
                for (value, letter) in
                    [(Tristate::Yes, 'y'), (Tristate::Mod, 'm'), (Tristate::No, 'n')]
                {
                    let title = format!("{by} [{letter}]:\n");
                    print::reverse_dependencies(state, reverse, value, &title, out);
                }
            }
        }
        out.extend_from_slice(b"\n\n");
    }

    fn prompt(&mut self, state: &mut State, prompt: PropId, out: &mut Vec<u8>) {
        let model = state.model();
        let prop = model.prop(prompt);
        printf(out, &[b"  Prompt: ", model.text(prop).unwrap_or_default(), b"\n"]);
        let (dep, visible) = (model.menu(prop.menu).dep, prop.visible);
        dependency(state, dep, "  Depends on: ", out);
        if !self.equal(model, dep, visible) {
            dependency(state, visible, "  Visible if: ", out);
        }
        let mut path = Vec::new();
        let (itself, main_menu) = (state.rules.locates_itself, state.rules.names_main_menu);
        let mut at = if itself { prop.menu } else { model.menu(prop.menu).parent.unwrap_or(ROOT) };
        let mut located = false;
        while (at != ROOT || main_menu) && path.len() < MENUS {
            // Until 6.10 each is asked; to ask has consequences then.
            if !located || state.rules.choice_lists {
                located |= state.menu_visible(at);
            }
            path.push(at);
            let Some(parent) = model.menu(at).parent else { break };
            at = parent;
        }
        if itself || !path.is_empty() {
            out.extend_from_slice(b"  Location:\n");
        }
        for (depth, &id) in path.iter().rev().enumerate() {
            let menu = model.menu(id);
            let symbol = menu.symbol.map(|symbol| (symbol, &*model.symbol(symbol).name));
            let text = menu.prompt.and_then(|prompt| model.text(model.prop(prompt)));
            // What printf makes of no text.
            let named = symbol.map(|(_, name)| name).filter(|name| !name.is_empty());
            let text = text.or(named).unwrap_or(b"(null)");
            out.resize(out.len() + 2 * depth + 4, b' ');
            if id == ROOT {
                out.extend_from_slice(b"Main menu");
            } else {
                printf(out, &[b"-> ", text]);
            }
            if let Some((symbol, name)) = symbol {
                let name: &[u8] = if name.is_empty() { b"<choice>" } else { name };
                printf(out, &[b" (", name, b" [=", state.current(symbol), b"])"]);
            }
            out.push(b'\n');
        }
    }

    /// `expr_eq`
    fn equal(&mut self, model: &Model, a: Option<ExprId>, b: Option<ExprId>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) if a == b => true,
            (Some(a), Some(b)) => {
                let scratch = self.scratch.get_or_insert_with(|| model.clone());
                self.rules.equal(scratch, a, b)
            }
            _ => is_yes(model, a) && is_yes(model, b),
        }
    }
}

/// `expr_is_yes`
fn is_yes(model: &Model, e: Option<ExprId>) -> bool {
    e.is_none_or(|e| model.exprs.get(e) == Expr::Symbol(YES))
}

/// `get_def_str`
fn defined(model: &Model, id: MenuId, out: &mut Vec<u8>) {
    let place = model.menu(id).place;
    let (file, line) = (&model.file(place.file).name, place.line.to_string());
    printf(out, &[b"Defined at ", file.as_bytes(), b":", line.as_bytes(), b"\n"]);
}

/// `get_dep_str`
fn dependency(state: &State, e: Option<ExprId>, title: &str, out: &mut Vec<u8>) {
    if !is_yes(state.model(), e) {
        out.extend_from_slice(title.as_bytes());
        print::with_values(state, e, out);
        out.push(b'\n');
    }
}

/// `str_printf`
fn printf(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let start = out.len();
    for part in parts {
        out.extend_from_slice(part);
    }
    out.truncate(start + ROOM);
}
