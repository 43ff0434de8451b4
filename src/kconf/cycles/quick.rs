//! Whether a model has no recursive dependency at all, in one walk.
//!
//! Nearly no tree has one, so this is asked first; [`super::Search`], which also knows `conf`'s words and
//! its order, only where the answer is no. What is to be followed from each symbol is gathered beforehand,
//! in the order in which symbols, properties and nodes lie in memory: they are megabytes, and a walk that
//! goes to and fro between them waits for most of what it looks at.

use super::{followed, members_of};
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Model, SymbolId};

/// Dependencies may nest this deep. What is deeper is not looked at here.
const MAX_DEPTH: u32 = 10_000;

/// With fewer symbols, a second thread takes longer to wake than it saves.
const WORTH_TWO_THREADS: usize = 4_000;

/// The end of a list.
const END: u32 = u32::MAX;

/// Whether nothing depends on itself. `false` where that cannot be said here.
pub(super) fn is_clean(model: &Model) -> bool {
    let count = model.symbols.len();
    // In a pool for building.
    let both = count >= WORTH_TWO_THREADS && rayon::current_thread_index().is_some();
    let symbols_and_operands = || (Symbols::of(model), operands(model));
    let ((symbols, operands), lists) = if both {
        rayon::join(symbols_and_operands, || Lists::of(model))
    } else {
        (symbols_and_operands(), Lists::of(model))
    };
    // By one thread: two that tell each other what is done take longer.
    let mut walk = Walk {
        model,
        symbols,
        operands,
        lists,
        states: vec![State::Unseen; count],
        clean: vec![false; model.exprs.len()],
        exempt: None,
        tainted: false,
        depth: 0,
    };
    (0..count as u32).all(|symbol| walk.symbol(SymbolId::new(symbol)))
}

/// How far a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    /// The walk is somewhere behind it (`SYMBOL_CHECK`), for a choice together with its members.
    Open,
    Done,
}

/// What is looked at of each symbol.
struct Symbols {
    /// Its direct, reverse and weak reverse dependency.
    deps: Vec<[Option<ExprId>; 3]>,
    /// It is a choice or a member of one.
    is_special: Vec<bool>,
}

impl Symbols {
    fn of(model: &Model) -> Self {
        let all = model.symbols.iter();
        let (deps, is_special) = all
            .map(|of| {
                let is_special = of.is_choice || of.choice.is_some();
                ([of.dir_dep, of.rev_dep, of.implied], is_special)
            })
            .unzip();
        Self { deps, is_special }
    }
}

/// What is followed of the properties and the nodes of each symbol.
struct Lists {
    /// Where the list of each symbol begins.
    heads: Vec<u32>,
    /// An expression, and where its list goes on.
    links: Vec<(ExprId, u32)>,
}

impl Lists {
    fn of(model: &Model) -> Self {
        let mut lists = Self {
            heads: vec![END; model.symbols.len()],
            links: Vec::with_capacity(model.props.len() + model.menus.len()),
        };
        for prop in &model.props {
            let Some(symbol) = model.menu(prop.menu).symbol else { continue };
            for e in followed(prop, || model.symbol(symbol).is_choice) {
                lists.add(symbol, e);
            }
        }
        if !model.dialect.choices_are_menus() {
            for menu in &model.menus {
                if let Some(symbol) = menu.symbol {
                    lists.add(symbol, menu.dep);
                }
            }
        }
        lists
    }

    fn add(&mut self, symbol: SymbolId, e: Option<ExprId>) {
        let Some(e) = e else { return };
        let head = &mut self.heads[symbol.index()];
        // Neighbours have the same condition.
        if self.links.get(*head as usize).is_some_and(|(known, _)| *known == e) {
            return;
        }
        self.links.push((e, *head));
        *head = self.links.len() as u32 - 1;
    }
}

/// What an expression is made of: an expression's number, a symbol's with [`SYMBOL`], or [`END`].
type Operands = [u32; 2];

/// Says that it is a symbol's number.
const SYMBOL: u32 = 1 << 31;

/// What each expression is made of, in a third of the room.
fn operands(model: &Model) -> Vec<Operands> {
    let symbol = |symbol: SymbolId| symbol.number() | SYMBOL;
    let of = |e| match model.exprs.get(e) {
        Expr::And(a, b) | Expr::Or(a, b) => [a.number(), b.number()],
        Expr::Not(a) => [a.number(), END],
        Expr::Compare(_, a, b) => [symbol(a), symbol(b)],
        Expr::Symbol(a) => [symbol(a), END],
        Expr::Range(..) => [END, END],
    };
    (0..model.exprs.len() as u32).map(|e| of(ExprId::new(e))).collect()
}

struct Walk<'m> {
    model: &'m Model,
    symbols: Symbols,
    operands: Vec<Operands>,
    lists: Lists,
    states: Vec<State>,
    /// Expressions, all of whose symbols are done.
    clean: Vec<bool>,
    /// The choice of the member whose own expressions are being looked at.
    exempt: Option<SymbolId>,
    /// It was mentioned.
    tainted: bool,
    depth: u32,
}

impl Walk<'_> {
    fn symbol(&mut self, symbol: SymbolId) -> bool {
        match self.states[symbol.index()] {
            State::Done => true,
            State::Open => {
                self.tainted = self.exempt == Some(symbol);
                self.tainted
            }
            State::Unseen => {
                let exempt = self.exempt.take();
                let clean = self.unseen(symbol);
                self.exempt = exempt;
                clean
            }
        }
    }

    fn unseen(&mut self, symbol: SymbolId) -> bool {
        if self.symbols.is_special[symbol.index()] {
            let of = self.model.symbol(symbol);
            match of.choice.and_then(|menu| self.model.menu(menu).symbol) {
                Some(choice) => return self.symbol(choice),
                None if of.is_choice => return self.choice(symbol),
                None => {}
            }
        }
        self.states[symbol.index()] = State::Open;
        let clean = self.dependencies(symbol);
        self.states[symbol.index()] = State::Done;
        clean
    }

    /// `sym_check_choice_deps`: members may depend on their choice, but not on each other. Whether that
    /// counts which comes back by way of another symbol depends on where `conf` began; it does here.
    fn choice(&mut self, choice: SymbolId) -> bool {
        let members = members_of(self.model, choice);
        // One that was looked at before would have to be looked at again.
        if members.iter().any(|member| self.states[member.index()] != State::Unseen) {
            return false;
        }
        let all = || [choice].into_iter().chain(members.iter().copied());
        for symbol in all() {
            self.states[symbol.index()] = State::Open;
        }
        let mut clean = self.dependencies(choice);
        for &member in &members {
            self.exempt = Some(choice);
            clean = clean && self.dependencies(member);
        }
        self.exempt = None;
        for symbol in all() {
            self.states[symbol.index()] = State::Done;
        }
        clean
    }

    fn dependencies(&mut self, symbol: SymbolId) -> bool {
        let deps = self.symbols.deps[symbol.index()];
        if !deps.into_iter().flatten().all(|e| self.expr(e)) {
            return false;
        }
        let mut at = self.lists.heads[symbol.index()];
        while let Some(&(e, next)) = self.lists.links.get(at as usize) {
            if !self.expr(e) {
                return false;
            }
            at = next;
        }
        true
    }

    fn expr(&mut self, e: ExprId) -> bool {
        if self.clean[e.index()] {
            return true;
        }
        if self.depth == MAX_DEPTH {
            return false;
        }
        self.depth += 1;
        let tainted = std::mem::take(&mut self.tainted);
        let [a, b] = self.operands[e.index()];
        let clean = self.operand(a) && self.operand(b);
        self.depth -= 1;
        // Elsewhere, the choice would not be exempt.
        self.clean[e.index()] = clean && !self.tainted;
        self.tainted |= tainted;
        clean
    }

    fn operand(&mut self, operand: u32) -> bool {
        match operand {
            END => true,
            _ if operand & SYMBOL != 0 => self.symbol(SymbolId::new(operand & !SYMBOL)),
            _ => self.expr(ExprId::new(operand)),
        }
    }
}
