//! Rewrites expressions exactly as `conf` does (scripts/kconfig/expr.c), not better.
//!
//! What an expression is rewritten to decides which entries become submenus, hence the order of
//! `.config`, and how dependencies are printed. There are two generations: up to 6.11 trees were
//! rewritten in place ([`inplace`]); since 6.12 expressions are shared and never change, and some
//! rules reach less deep. As our expressions are shared in both, a result that depends on nothing
//! but the expression and the types of its symbols is remembered.

mod compare;
mod inplace;
mod join;

use std::cell::{Cell, RefCell};

use super::expr::{Cmp, Expr, ExprId, Exprs, Symbols};
use super::model::{MOD, Model, NO, SymbolId, Type, YES};

pub use compare::{contains_symbol, depends_symbol, trans_bool, trans_compare};

/// Pairs of operands that are compared for one tree; x86 needs some 1.5 million. Every operand of a
/// condition meets every other, so nested conditions could take for ever.
const MAX_WORK: u64 = 300_000_000;

/// Results by [`ExprId`].
#[derive(Debug, Default)]
struct Memo(Vec<Option<ExprId>>);

impl Memo {
    fn get(&self, of: ExprId) -> Option<ExprId> {
        self.0.get(of.index()).copied().flatten()
    }

    fn set(&mut self, of: ExprId, is: ExprId) {
        if self.0.len() <= of.index() {
            // Most results are asked for in order, and there are not many more in the end.
            let len = (of.index() + 1) * 9 / 8;
            self.0.reserve_exact(len - self.0.len());
            self.0.resize(len, None);
        }
        self.0[of.index()] = Some(is);
    }
}

/// The rewriting rules of one generation, and what they have rewritten.
#[derive(Debug, Default)]
pub struct Simplify {
    /// Expressions are shared (since 6.12).
    shared: bool,
    transformed: Memo,
    deduplicated: Memo,
    without_yn: RefCell<Memo>,
    /// `boolean symbol … tested for 'm'?`, to be said on standard output.
    pub said: Vec<String>,
    /// How many pairs of operands have been compared.
    work: Cell<u64>,
    /// What 6.12 makes of `A != y`; see [`Simplify::broken_not`].
    broken: Option<SymbolId>,
}

impl Simplify {
    /// The rules of the generation that `model` is of.
    pub fn new(model: &Model) -> Self {
        Self { shared: model.dialect.shares_expressions(), ..Self::default() }
    }

    /// Whether expressions were so large that simplifying them was given up.
    pub fn exhausted(&self) -> bool {
        self.work.get() > MAX_WORK
    }

    /// Forgets everything: a symbol's type has changed.
    pub fn forget(&mut self) {
        self.transformed.0.clear();
        self.deduplicated.0.clear();
    }

    /// Resolves comparisons of bools with constants, and negations (expr.c: `expr_transform`).
    pub fn transform(&mut self, model: &mut Model, e: ExprId) -> ExprId {
        if let Some(known) = self.transformed.get(e) {
            return known;
        }
        let said = self.said.len();
        let result = match model.exprs.get(e) {
            Expr::Symbol(_) | Expr::Range(..) => e,
            Expr::And(a, b) => {
                let (a, b) = (self.transform(model, a), self.transform(model, b));
                model.exprs.intern(Expr::And(a, b))
            }
            Expr::Or(a, b) => {
                let (a, b) = (self.transform(model, a), self.transform(model, b));
                model.exprs.intern(Expr::Or(a, b))
            }
            Expr::Not(a) => {
                let a = self.transform(model, a);
                self.negate(model, a)
            }
            Expr::Compare(cmp, a, b) => self.compare(model, e, cmp, a, b),
        };
        // A message is said every time.
        if self.said.len() == said {
            self.transformed.set(e, result);
        }
        result
    }

    fn compare(
        &mut self,
        model: &mut Model,
        e: ExprId,
        cmp: Cmp,
        a: SymbolId,
        b: SymbolId,
    ) -> ExprId {
        let equal = match cmp {
            Cmp::Eq => true,
            Cmp::Ne => false,
            _ => return e,
        };
        if model.symbol(a).ty != Type::Bool {
            return e;
        }
        match b {
            NO | YES if equal == (b == YES) => model.exprs.intern(Expr::Symbol(a)),
            YES if self.shared => self.broken_not(model),
            NO | YES => {
                let a = model.exprs.intern(Expr::Symbol(a));
                model.exprs.intern(Expr::Not(a))
            }
            MOD => {
                let to = if equal { 'n' } else { 'y' };
                let name = String::from_utf8_lossy(&model.symbol(a).name).into_owned();
                self.said
                    .push(format!("boolean symbol {name} tested for 'm'? test forced to '{to}'"));
                model.exprs.intern(Expr::Symbol(if equal { NO } else { YES }))
            }
            _ => e,
        }
    }

    /// `A != y` of a bool in 6.12: `expr_transform` hands a symbol to `expr_alloc_one(E_NOT, …)`, which
    /// takes an expression. The symbol's bytes read as one are of no known type and of the value of
    /// half a pointer, which stays greater than `y` when it is negated and unsigned: the condition
    /// always holds. So it is `!` of an undefined constant here. (What cannot be the same is how it is
    /// printed: `conf` prints the other half of the pointer, another number each time.)
    fn broken_not(&mut self, model: &mut Model) -> ExprId {
        let symbol = *self.broken.get_or_insert_with(|| {
            model.symbols.push(super::model::Symbol {
                name: b"<unknown type>".as_slice().into(),
                constant: true,
                ..Default::default()
            });
            SymbolId::new(model.symbols.len() as u32 - 1)
        });
        let symbol = model.exprs.intern(Expr::Symbol(symbol));
        model.exprs.intern(Expr::Not(symbol))
    }

    /// `!a` of a transformed `a`.
    fn negate(&mut self, model: &mut Model, a: ExprId) -> ExprId {
        match model.exprs.get(a) {
            // What stands behind 6.12's `A != y` is greater than `y` too.
            Expr::Not(b) if self.is_broken(&model.exprs, b) => a,
            Expr::Not(b) => b,
            Expr::Compare(cmp, x, y) => {
                let inverse = match cmp {
                    Cmp::Eq => Cmp::Ne,
                    Cmp::Ne => Cmp::Eq,
                    Cmp::Le => Cmp::Gt,
                    Cmp::Ge => Cmp::Lt,
                    Cmp::Lt => Cmp::Ge,
                    Cmp::Gt => Cmp::Le,
                };
                model.exprs.intern(Expr::Compare(inverse, x, y))
            }
            Expr::Or(x, y) => {
                let (x, y) = (model.exprs.intern(Expr::Not(x)), model.exprs.intern(Expr::Not(y)));
                let both = model.exprs.intern(Expr::And(x, y));
                self.transform(model, both)
            }
            Expr::And(x, y) => {
                let (x, y) = (model.exprs.intern(Expr::Not(x)), model.exprs.intern(Expr::Not(y)));
                let either = model.exprs.intern(Expr::Or(x, y));
                self.transform(model, either)
            }
            Expr::Symbol(constant @ (NO | MOD | YES)) => {
                let constant = SymbolId::new(2 - constant.number());
                model.exprs.intern(Expr::Symbol(constant))
            }
            Expr::Symbol(_) | Expr::Range(..) => model.exprs.intern(Expr::Not(a)),
        }
    }

    fn is_broken(&self, exprs: &Exprs, e: ExprId) -> bool {
        self.broken.is_some_and(|symbol| exprs.get(e) == Expr::Symbol(symbol))
    }

    /// Leaves out operands that say nothing new (expr.c: `expr_eliminate_dups`).
    pub fn eliminate_dups(&mut self, model: &mut Model, e: ExprId) -> ExprId {
        if let Some(known) = self.deduplicated.get(e) {
            return known;
        }
        let result = if self.shared {
            self.dups_shared(model, e)
        } else {
            inplace::eliminate_dups(self, model, e)
        };
        self.deduplicated.set(e, result);
        result
    }

    /// 6.12: both sides on their own, then the operands of the left with those of the right, until
    /// nothing was joined.
    fn dups_shared(&mut self, model: &mut Model, mut e: ExprId) -> ExprId {
        loop {
            let mut joined = false;
            if let Some((and, a, b)) = operands(&model.exprs, e) {
                let before = (a, b);
                let mut a = self.eliminate_dups(model, a);
                let mut b = self.eliminate_dups(model, b);
                self.dups_between(model, and, &mut a, &mut b, &mut joined);
                e = connected(model, e, and, before, (a, b));
            }
            e = self.eliminate_yn(model, e);
            if !joined {
                return e;
            }
        }
    }

    fn dups_between(
        &mut self,
        model: &mut Model,
        and: bool,
        a: &mut ExprId,
        b: &mut ExprId,
        joined: &mut bool,
    ) {
        // What is joined is about the same symbol.
        if model.exprs.symbols(*a).disjoint(model.exprs.symbols(*b)) {
            return;
        }
        if let Some(before @ (mut l, mut r)) = same(&model.exprs, and, *a) {
            self.dups_between(model, and, &mut l, b, joined);
            self.dups_between(model, and, &mut r, b, joined);
            *a = connected(model, *a, and, before, (l, r));
        } else if let Some(before @ (mut l, mut r)) = same(&model.exprs, and, *b) {
            self.dups_between(model, and, a, &mut l, joined);
            self.dups_between(model, and, a, &mut r, joined);
            *b = connected(model, *b, and, before, (l, r));
        } else if self.exhausted() {
            // The result will not be used.
        } else if let Some(one) = self.join(model, and, *a, *b) {
            *a = model.exprs.intern(Expr::Symbol(if and { YES } else { NO }));
            *b = one;
            *joined = true;
        }
    }

    /// `a && y` → `a`, `a || y` → `y` and so on (expr.c: `expr_eliminate_yn`). 6.12 keeps an expression
    /// as it was unless the rule holds at its top; before, operands were rewritten too.
    fn eliminate_yn(&self, model: &mut Model, e: ExprId) -> ExprId {
        let Some((and, a, b)) = operands(&model.exprs, e) else { return e };
        let constants = Symbols::of(YES).and(Symbols::of(NO));
        if model.exprs.symbols(e).disjoint(constants) {
            return e;
        }
        if let Some(known) = self.without_yn.borrow().get(e) {
            return known;
        }
        let result = self.eliminate_yn_now(model, e, and, (a, b));
        self.without_yn.borrow_mut().set(e, result);
        result
    }

    fn eliminate_yn_now(
        &self,
        model: &mut Model,
        e: ExprId,
        and: bool,
        (a, b): (ExprId, ExprId),
    ) -> ExprId {
        let (left, right) = (self.eliminate_yn(model, a), self.eliminate_yn(model, b));
        let (neutral, absorbing) = if and { (YES, NO) } else { (NO, YES) };
        for (one, other) in [(left, right), (right, left)] {
            if model.exprs.get(one) == Expr::Symbol(absorbing) {
                return one;
            }
            if model.exprs.get(one) == Expr::Symbol(neutral) {
                return other;
            }
        }
        if self.shared { e } else { connected(model, e, and, (a, b), (left, right)) }
    }

    /// Leaves out of both expressions what they have in common (expr.c: `expr_eliminate_eq`).
    pub fn eliminate_eq(&self, model: &mut Model, a: &mut ExprId, b: &mut ExprId) {
        if let Some((and, ..)) = operands(&model.exprs, *a) {
            self.common(model, and, a, b);
        }
        let left = operands(&model.exprs, *a).map(|(and, ..)| and);
        if let Some((and, ..)) = operands(&model.exprs, *b).filter(|(and, ..)| left != Some(*and)) {
            self.common(model, and, a, b);
        }
        *a = self.eliminate_yn(model, *a);
        *b = self.eliminate_yn(model, *b);
    }

    fn common(&self, model: &mut Model, and: bool, a: &mut ExprId, b: &mut ExprId) {
        if model.exprs.symbols(*a).disjoint(model.exprs.symbols(*b)) {
            return;
        }
        if let Some(before @ (mut l, mut r)) = same(&model.exprs, and, *a) {
            self.common(model, and, &mut l, b);
            self.common(model, and, &mut r, b);
            *a = connected(model, *a, and, before, (l, r));
        } else if let Some(before @ (mut l, mut r)) = same(&model.exprs, and, *b) {
            self.common(model, and, a, &mut l);
            self.common(model, and, a, &mut r);
            *b = connected(model, *b, and, before, (l, r));
        } else {
            if self.exhausted() {
                return;
            }
            let constant = matches!(model.exprs.get(*a), Expr::Symbol(YES | NO));
            if !(constant && a == b) && self.equal(model, *a, *b) {
                let left_out = model.exprs.intern(Expr::Symbol(if and { YES } else { NO }));
                (*a, *b) = (left_out, left_out);
            }
        }
    }

    fn count(&self) {
        self.work.set(self.work.get() + 1);
    }

    /// Whether two expressions are equal but for the order of operands (expr.c: `expr_eq`).
    pub fn equal(&self, model: &mut Model, a: ExprId, b: ExprId) -> bool {
        self.count();
        match (model.exprs.get(a), model.exprs.get(b)) {
            (Expr::Symbol(x), Expr::Symbol(y)) => {
                x == y && self.broken.is_none_or(|broken| broken != x)
            }
            (Expr::Compare(..), Expr::Compare(..)) => a == b,
            (Expr::Not(x), Expr::Not(y)) => self.equal(model, x, y),
            (Expr::And(..), Expr::And(..)) | (Expr::Or(..), Expr::Or(..)) => {
                let (mut x, mut y) = (a, b);
                self.eliminate_eq(model, &mut x, &mut y);
                matches!(model.exprs.get(x), Expr::Symbol(_)) && x == y
            }
            _ => false,
        }
    }
}

/// Makes a bare `m` `m && MODULES` (menu.c: `rewrite_m`).
pub fn rewrite_m(model: &mut Model, e: ExprId) -> ExprId {
    if model.exprs.symbols(e).disjoint(Symbols::of(MOD)) {
        return e;
    }
    match model.exprs.get(e) {
        Expr::Symbol(MOD) => {
            let modules = Expr::Symbol(model.modules.unwrap_or(NO));
            let modules = model.exprs.intern(modules);
            model.exprs.intern(Expr::And(e, modules))
        }
        Expr::Not(a) => {
            let a = rewrite_m(model, a);
            model.exprs.intern(Expr::Not(a))
        }
        Expr::And(a, b) => {
            let (a, b) = (rewrite_m(model, a), rewrite_m(model, b));
            model.exprs.intern(Expr::And(a, b))
        }
        Expr::Or(a, b) => {
            let (a, b) = (rewrite_m(model, a), rewrite_m(model, b));
            model.exprs.intern(Expr::Or(a, b))
        }
        Expr::Symbol(_) | Expr::Compare(..) | Expr::Range(..) => e,
    }
}

/// The operands of `&&` (true) or `||` (false).
fn operands(exprs: &Exprs, e: ExprId) -> Option<(bool, ExprId, ExprId)> {
    match exprs.get(e) {
        Expr::And(a, b) => Some((true, a, b)),
        Expr::Or(a, b) => Some((false, a, b)),
        _ => None,
    }
}

/// The operands of `&&` if `and`, else of `||`.
fn same(exprs: &Exprs, and: bool, e: ExprId) -> Option<(ExprId, ExprId)> {
    operands(exprs, e).filter(|(is, ..)| *is == and).map(|(_, a, b)| (a, b))
}

/// `e`, whose operands were `before` and are `now`.
fn connected(
    model: &mut Model,
    e: ExprId,
    and: bool,
    before: (ExprId, ExprId),
    now: (ExprId, ExprId),
) -> ExprId {
    if before == now { e } else { connect(&mut model.exprs, and, now.0, now.1) }
}

fn connect(exprs: &mut Exprs, and: bool, a: ExprId, b: ExprId) -> ExprId {
    exprs.intern(if and { Expr::And(a, b) } else { Expr::Or(a, b) })
}
