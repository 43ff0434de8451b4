//! Whether the symbols can be put into an order in which each stands before all that it depends on: then
//! there is no recursive dependency, and nothing needs to be searched.
//!
//! Linux has none, nearly always. The search goes along its edges as `conf` does, and from two places at once it
//! walks nearly everything twice; here both threads gather the edges, and one walks them. Where there is no
//! order there may still be no recursion that `conf` would tell: the edges here are all of the search's and a
//! few more.

use rustc_hash::FxHashMap;

use super::below;
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, PropKind, SymbolId};

/// Chains of more symbols and expressions than this are left to the search, which tells what is too deep.
/// The longest of Linux 6.12 has 607.
const DEEP: u32 = 5_000;

/// Whether there is such an order, and no chain in it is too long. `halves` says whether a second thread is
/// worth waking.
pub(super) fn exists(model: &Model, halves: bool) -> bool {
    let symbols = model.symbols.len() as u32;
    let outer = outer_choices(model);
    let edges = |from: u32, to: u32| {
        let count = (to - from) as usize;
        let mut edges = Edges {
            first: from,
            ends: Vec::with_capacity(count),
            nodes: Vec::with_capacity(5 * count),
        };
        for number in from..to {
            edges.add(model, &outer, SymbolId(number));
        }
        edges
    };
    let parts = if halves {
        let half = symbols / 2;
        rayon::join(|| edges(0, half), || edges(half, symbols)).into()
    } else {
        [edges(0, symbols), edges(symbols, symbols)]
    };
    let states = vec![State::New; symbols as usize + model.exprs.len()];
    let mut walk = Walk { model, parts, states, depth: 0 };
    (0..symbols).all(|symbol| walk.node(symbol))
}

/// What of a node is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// It is among those that led here.
    Open,
    /// All that it leads to is in order.
    Done,
}

/// A walk along all edges, depth first. Numbers of symbols are nodes, and behind them those of expressions.
struct Walk<'m> {
    model: &'m Model,
    parts: [Edges; 2],
    states: Vec<State>,
    depth: u32,
}

impl Walk<'_> {
    /// Whether all below a node is in order.
    fn node(&mut self, node: u32) -> bool {
        match self.states[node as usize] {
            State::Done => return true,
            State::Open => return false,
            State::New => {}
        }
        if self.depth == DEEP {
            return false;
        }
        self.depth += 1;
        self.states[node as usize] = State::Open;
        let symbols = self.model.symbols.len() as u32;
        let found = if let Some(number) = node.checked_sub(symbols) {
            match self.model.exprs.get(ExprId(number)) {
                Expr::And(a, b) | Expr::Or(a, b) => {
                    self.node(symbols + a.0) && self.node(symbols + b.0)
                }
                Expr::Not(a) => self.node(symbols + a.0),
                Expr::Compare(_, a, b) => self.node(a.0) && self.node(b.0),
                Expr::Symbol(a) => self.node(a.0),
                Expr::Range(..) => true,
            }
        } else {
            let part = usize::from(node >= self.parts[1].first);
            let range = self.parts[part].of(node);
            range.into_iter().all(|at| self.node(self.parts[part].nodes[at]))
        };
        self.states[node as usize] = State::Done;
        self.depth -= 1;
        found
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

    /// Where in `nodes` the edges of a symbol are.
    fn of(&self, symbol: u32) -> std::ops::Range<usize> {
        let at = (symbol - self.first) as usize;
        let from = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        from..self.ends[at] as usize
    }
}
