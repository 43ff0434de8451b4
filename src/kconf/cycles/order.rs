//! Whether the symbols can be put into an order in which each stands before all that it depends on: then
//! there is no recursive dependency, and nothing needs to be searched.
//!
//! Linux has none, nearly always. The search follows its edges as `conf` does, one at a time, and from two
//! places at once it walks nearly everything twice; here each edge is looked at twice in flat arrays
//! (Kahn's algorithm). Where this finds no order there may still be no recursion that `conf` would tell:
//! the edges here are all of the search's and a few more.

use rustc_hash::FxHashMap;

use super::below;
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, PropKind, SymbolId};

/// Chains of more symbols and expressions than this are left to the search, which tells what is too deep.
const DEEP: u32 = 10_000;

/// Whether there is such an order, and no chain in it is too long. Numbers of symbols are nodes, and behind
/// them those of expressions.
pub(super) fn exists(model: &Model, halves: bool) -> bool {
    let symbols = model.symbols.len() as u32;
    let outer = outer_choices(model);
    let edges = |from: u32, to: u32| {
        let mut edges = Edges { first: from, ends: Vec::new(), nodes: Vec::new() };
        edges.ends.reserve((to - from) as usize);
        edges.nodes.reserve(4 * (to - from) as usize);
        for number in from..to {
            edges.add(model, &outer, SymbolId(number));
        }
        edges
    };
    let parts = if halves {
        let (one, two) = rayon::join(|| edges(0, symbols / 2), || edges(symbols / 2, symbols));
        vec![one, two]
    } else {
        vec![edges(0, symbols)]
    };
    let exprs = model.exprs.len() as u32;
    let nodes = (symbols + exprs) as usize;
    // How many edges lead to each node from what has no place yet.
    let mut open = vec![0u32; nodes];
    for &to in parts.iter().flat_map(|part| &part.nodes) {
        open[to as usize] += 1;
    }
    for number in 0..exprs {
        below_expr(model, number, |to| open[to as usize] += 1);
    }
    let mut deep = vec![0u32; nodes];
    let mut ready: Vec<u32> = (0..nodes as u32).filter(|&node| open[node as usize] == 0).collect();
    let mut placed = 0;
    while let Some(node) = ready.pop() {
        placed += 1;
        let below = deep[node as usize] + 1;
        if below > DEEP {
            return false;
        }
        let follow = |to: u32| {
            let at = to as usize;
            deep[at] = deep[at].max(below);
            open[at] -= 1;
            if open[at] == 0 {
                ready.push(to);
            }
        };
        match node.checked_sub(symbols) {
            Some(number) => below_expr(model, number, follow),
            None => {
                let part = &parts[usize::from(parts.get(1).is_some_and(|two| node >= two.first))];
                part.of(node).iter().copied().for_each(follow);
            }
        }
    }
    placed == nodes
}

/// Where an expression leads.
#[inline]
fn below_expr(model: &Model, number: u32, mut each: impl FnMut(u32)) {
    let symbols = model.symbols.len() as u32;
    match model.exprs.get(ExprId(number)) {
        Expr::And(a, b) | Expr::Or(a, b) => {
            each(symbols + a.0);
            each(symbols + b.0);
        }
        Expr::Not(a) => each(symbols + a.0),
        Expr::Compare(_, a, b) => {
            each(a.0);
            each(b.0);
        }
        Expr::Symbol(a) => each(a.0),
        Expr::Range(..) => {}
    }
}

/// For each symbol below the menu of a choice, the choices: all below one is checked together with it.
fn outer_choices(model: &Model) -> FxHashMap<SymbolId, Vec<SymbolId>> {
    let mut outer: FxHashMap<SymbolId, Vec<SymbolId>> = FxHashMap::default();
    let choices = (0..model.symbols.len() as u32).map(SymbolId);
    for choice in choices.filter(|&choice| model.symbol(choice).is_choice) {
        for member in members(model, choice) {
            outer.entry(member).or_default().push(choice);
        }
    }
    outer
}

/// What is checked together with a choice.
pub(super) fn members(model: &Model, choice: SymbolId) -> Vec<SymbolId> {
    if !model.dialect.choices_are_menus() {
        return model.symbol(choice).members.clone();
    }
    let menu = model.symbol(choice).menus.first();
    let below = menu.map(|&menu| below(model, menu)).unwrap_or_default();
    below.into_iter().filter_map(|menu| model.menu(menu).symbol).collect()
}

/// Where symbols lead.
struct Edges {
    /// The first symbol.
    first: u32,
    /// For each symbol, where in `nodes` its edges end.
    ends: Vec<u32>,
    nodes: Vec<u32>,
}

impl Edges {
    /// The next symbol.
    fn add(&mut self, model: &Model, outer: &FxHashMap<SymbolId, Vec<SymbolId>>, symbol: SymbolId) {
        let of = model.symbol(symbol);
        if let Some(choices) = outer.get(&symbol) {
            self.nodes.extend(choices.iter().map(|choice| choice.0));
        }
        if let Some(choice) = of.choice.and_then(|menu| model.menu(menu).symbol) {
            self.nodes.push(choice.0);
        } else {
            self.dependencies(model, symbol);
            if of.is_choice {
                for member in members(model, symbol) {
                    self.dependencies(model, member);
                }
            }
        }
        self.ends.push(self.nodes.len() as u32);
    }

    /// What the dependencies of a symbol, its conditions and its defaults mention.
    fn dependencies(&mut self, model: &Model, symbol: SymbolId) {
        let of = model.symbol(symbol);
        let first = model.symbols.len() as u32;
        let mut add = |e: Option<ExprId>| self.nodes.extend(e.map(|e| first + e.0));
        for e in [of.dir_dep, of.rev_dep, of.implied] {
            add(e);
        }
        for &id in &of.props {
            let prop = model.prop(id);
            if matches!(prop.kind, PropKind::Select | PropKind::Imply | PropKind::Choice) {
                continue;
            }
            add(prop.visible);
            if prop.kind == PropKind::Default {
                add(prop.expr.filter(|_| !of.is_choice));
            }
        }
        if !model.dialect.choices_are_menus() {
            for &menu in &of.menus {
                add(model.menu(menu).dep);
            }
        }
    }

    /// Where a symbol leads.
    fn of(&self, symbol: u32) -> &[u32] {
        let at = (symbol - self.first) as usize;
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.nodes[from..self.ends[at] as usize]
    }
}
