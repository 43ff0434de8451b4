//! Recursive dependencies, found and told as `conf` does (symbol.c: `sym_check_deps`).
//!
//! A symbol depends on what its direct, reverse and weak reverse dependencies, its conditions and its
//! defaults mention. The members of a choice are checked together with the choice. Where a search
//! starts decides which chain is printed, so symbols are taken in `conf`'s order: that of the menu
//! since 6.11, that of its hash table before.

use super::expr::{Expr, ExprId};
use super::model::{
    MenuId, Message, Model, Place, PropId, PropKind, Property, ROOT, Severity, SymbolId,
};

mod quick;
#[cfg(test)]
mod tests;
mod told;

/// How deep the search may go, expressions included.
const MAX_DEPTH: u32 = 150_000;

/// Reports every recursive dependency of a finalized model, and since 6.11 what is wrong with the
/// members of choices.
pub fn check(model: &mut Model) {
    if quick::is_clean(model) && choices_are_clean(model) {
        return;
    }
    let messages = told(model);
    model.messages.extend(messages);
}

/// All that is to be said, in `conf`'s order.
fn told(model: &Model) -> Vec<Message> {
    let mut search = Search::new(model);
    if model.dialect.choices_are_menus() {
        for menu in model.menus_in_order() {
            if let Some(symbol) = model.menu(menu).symbol {
                search.symbol(symbol);
                search.members(symbol, menu);
            }
        }
    } else {
        for symbol in hash_order(model) {
            search.symbol(symbol);
        }
    }
    search.messages
}

/// Whether there is nothing to be said about members of choices.
fn choices_are_clean(model: &Model) -> bool {
    if !model.dialect.choices_are_menus() {
        return true;
    }
    let mut search = Search::new(model);
    let choices = (0..).zip(&model.symbols).filter(|(_, symbol)| symbol.is_choice);
    for (number, choice) in choices {
        for &menu in &choice.menus {
            search.members(SymbolId::new(number), menu);
        }
    }
    search.messages.is_empty()
}

/// `for_all_symbols`: 9,973 buckets, the newest symbol of each first.
fn hash_order(model: &Model) -> Vec<SymbolId> {
    let mut order: Vec<(u32, std::cmp::Reverse<u32>)> = (3..model.symbols.len() as u32)
        .map(|id| {
            let name = &model.symbols[id as usize].name;
            // A choice without a name has no hash.
            let hash = name.iter().fold(2_166_136_261_u32, |hash, &c| {
                (hash ^ i32::from(c as i8) as u32).wrapping_mul(0x0100_0193)
            });
            let nameless = name.is_empty() && model.symbols[id as usize].is_choice;
            (if nameless { 0 } else { hash % 9973 }, std::cmp::Reverse(id))
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, id)| SymbolId::new(id.0)).collect()
}

/// The members of a choice.
fn members_of(model: &Model, choice: SymbolId) -> Vec<SymbolId> {
    if model.dialect.choices_are_menus() {
        let menu = model.symbol(choice).menus.first();
        let below = menu.map(|&menu| model.menus_below(menu)).unwrap_or_default();
        below.into_iter().filter_map(|menu| model.menu(menu).symbol).collect()
    } else {
        model.symbol(choice).members.clone()
    }
}

/// What is followed of a property: its condition, and the value that it gives by default.
fn followed(prop: &Property, is_choice: impl Fn() -> bool) -> [Option<ExprId>; 2] {
    match prop.kind {
        PropKind::Select | PropKind::Imply | PropKind::Choice => [None; 2],
        PropKind::Default if !is_choice() => [prop.visible, prop.expr],
        _ => [prop.visible, None],
    }
}

/// What of a symbol is being followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Via {
    Nothing,
    Direct,
    Reverse,
    Implied,
    /// The condition of a property; without one, the definition itself (until 6.10).
    Visible,
    /// The value of a default.
    Value,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    symbol: SymbolId,
    via: Via,
    prop: Option<PropId>,
    /// The definition whose dependency is followed (`P_SYMBOL`, until 6.10).
    menu: Option<MenuId>,
}

struct Search<'a> {
    model: &'a Model,
    messages: Vec<Message>,
    stack: Vec<Step>,
    /// `SYMBOL_CHECK`
    active: Vec<bool>,
    /// `SYMBOL_CHECKED`
    checked: Vec<bool>,
    /// Expressions whose symbols have all been checked.
    clean: Vec<bool>,
    depth: u32,
}

impl<'a> Search<'a> {
    fn new(model: &'a Model) -> Self {
        Self {
            model,
            messages: Vec::new(),
            stack: Vec::new(),
            active: vec![false; model.symbols.len()],
            checked: vec![false; model.symbols.len()],
            clean: vec![false; model.exprs.len()],
            depth: 0,
        }
    }

    fn choice_of(&self, symbol: SymbolId) -> Option<MenuId> {
        self.model.symbol(symbol).choice
    }

    fn push(&mut self, symbol: SymbolId) {
        self.stack.push(Step { symbol, via: Via::Nothing, prop: None, menu: None });
    }

    /// `sym_check_deps`: the symbol that a recursion was found at.
    fn symbol(&mut self, symbol: SymbolId) -> Option<SymbolId> {
        let at = symbol.index();
        if self.active[at] {
            self.tell(symbol);
            return Some(symbol);
        }
        if self.checked[at] {
            return None;
        }
        if let Some(choice) = self.choice_of(symbol).and_then(|menu| self.model.menu(menu).symbol) {
            self.push(symbol);
            let found = self.symbol(choice);
            self.stack.pop();
            found
        } else if self.model.symbol(symbol).is_choice {
            self.choice(symbol)
        } else {
            self.active[at] = true;
            self.checked[at] = true;
            let found = self.dependencies(symbol);
            self.active[at] = false;
            found
        }
    }

    /// `sym_check_choice_deps`
    fn choice(&mut self, choice: SymbolId) -> Option<SymbolId> {
        self.push(choice);
        let members = members_of(self.model, choice);
        for member in &members {
            let at = member.index();
            if self.checked[at] {
                // What mentions it is not clean while it is active again.
                self.clean.fill(false);
            }
            self.active[at] = true;
            self.checked[at] = true;
        }
        self.active[choice.index()] = true;
        self.checked[choice.index()] = true;
        let mut found = self.dependencies(choice);
        self.active[choice.index()] = false;
        if found.is_none() {
            found = members.iter().find_map(|&member| self.dependencies(member));
        }
        for member in &members {
            self.active[member.index()] = false;
        }
        if let Some(symbol) = found {
            let of = self.choice_of(symbol).and_then(|menu| self.model.menu(menu).symbol);
            if of == Some(choice) {
                found = Some(choice);
            }
        }
        self.stack.pop();
        found
    }

    /// `sym_check_sym_deps`
    fn dependencies(&mut self, symbol: SymbolId) -> Option<SymbolId> {
        self.push(symbol);
        let model = self.model;
        let of = model.symbol(symbol);
        let mut found = None;
        for (via, e) in
            [(Via::Direct, of.dir_dep), (Via::Reverse, of.rev_dep), (Via::Implied, of.implied)]
        {
            found = found.or_else(|| self.follow(via, None, None, e));
        }
        let mut definitions = of.menus.iter().copied().peekable();
        let old = !model.dialect.choices_are_menus();
        for &id in &of.props {
            if found.is_some() {
                break;
            }
            let prop = model.prop(id);
            // Each definition is a property of its own, the first that it has.
            while let Some(menu) = definitions.next_if(|&menu| old && menu <= prop.menu) {
                let dep = model.menu(menu).dep;
                found = found.or_else(|| self.follow(Via::Visible, None, Some(menu), dep));
            }
            let [visible, value] = followed(prop, || of.is_choice);
            found = found.or_else(|| self.follow(Via::Visible, Some(id), None, visible));
            found = found.or_else(|| self.follow(Via::Value, Some(id), None, value));
        }
        for menu in definitions.filter(|_| old) {
            let dep = model.menu(menu).dep;
            found = found.or_else(|| self.follow(Via::Visible, None, Some(menu), dep));
        }
        self.stack.pop();
        found
    }

    fn follow(
        &mut self,
        via: Via,
        prop: Option<PropId>,
        menu: Option<MenuId>,
        e: Option<ExprId>,
    ) -> Option<SymbolId> {
        let step = self.stack.last_mut()?;
        (step.via, step.prop, step.menu) = (via, prop, menu);
        self.expr(e?)
    }

    /// `sym_check_expr_deps`
    fn expr(&mut self, e: ExprId) -> Option<SymbolId> {
        if self.clean[e.index()] {
            return None;
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.too_deep();
            return None;
        }
        let found = match self.model.exprs.get(e) {
            Expr::And(a, b) | Expr::Or(a, b) => self.expr(a).or_else(|| self.expr(b)),
            Expr::Not(a) => self.expr(a),
            Expr::Compare(_, a, b) => self.symbol(a).or_else(|| self.symbol(b)),
            Expr::Symbol(a) => self.symbol(a),
            Expr::Range(..) => None,
        };
        self.depth -= 1;
        if found.is_none() {
            self.clean[e.index()] = true;
        }
        found
    }

    fn say(&mut self, severity: Severity, place: Option<Place>, text: String) {
        self.messages.push(Message { severity, place, text, stdout: false });
    }

    fn too_deep(&mut self) {
        if !self.messages.iter().any(|message| message.severity == Severity::Fatal) {
            let symbol = self.stack.last().map_or(SymbolId::new(0), |step| step.symbol);
            let place = self.model.symbol(symbol).menus.first();
            let place = place.map(|&menu| self.model.menu(menu).place);
            let at = place.map_or(String::new(), |place| {
                format!("{}:{}: ", self.model.file(place.file).name, place.line)
            });
            self.say(Severity::Fatal, place, at + "dependencies nest too deep");
        }
    }

    /// The members of a choice at its node.
    fn members(&mut self, symbol: SymbolId, menu: MenuId) {
        if self.model.symbol(symbol).is_choice {
            for child in self.model.menus_below(menu) {
                self.member(child);
            }
        }
    }

    /// parser.y since 6.11: `choice_check_sanity`.
    fn member(&mut self, menu: MenuId) {
        let model = self.model;
        let Some(symbol) = model.menu(menu).symbol else { return };
        for &id in &model.symbol(symbol).props {
            let prop = model.prop(id);
            let mut wrong = |what: &str| {
                let (file, line) = (&model.file(prop.place.file).name, prop.place.line);
                let text = format!("{file}:{line}: error: {what}");
                self.say(Severity::Error, Some(prop.place), text);
            };
            if prop.kind == PropKind::Default {
                wrong("defaults for choice values not supported");
            }
            let outside = prop.menu != menu
                && prop.menu != ROOT
                && prop.kind == PropKind::Prompt
                && model.menu(prop.menu).parent != model.menu(menu).parent;
            if outside {
                wrong("choice value has a prompt outside its choice group");
            }
        }
    }
}
