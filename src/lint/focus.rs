//! What a change of some options can reach, so that the rest need not be asked again.
//!
//! The value of an option follows from others: those that its prompts, defaults and dependencies name,
//! and those that select or imply it. Who follows from a changed option, directly or not, may have other
//! values than before, on any architecture; a claim that names none of these is as true as it was.

use ignore::overrides::Override;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Menu, Model, PropKind, Property, SymbolId};
use crate::model::formula::Formulas;
use crate::model::valuation;

/// Options by name, without `CONFIG_`.
pub type Names = FxHashSet<Box<str>>;

/// What may be otherwise.
#[derive(Debug, Clone, Default)]
pub struct Focus {
    /// Options that may have other values than before.
    pub values: Names,
    /// Those, and those whose definitions name one of them.
    pub concerned: Names,
    /// Just files are concerned, these.
    pub files: Option<Override>,
    /// Makefiles and configurations that are asked about whatever options they name.
    pub asked: FxHashSet<Box<str>>,
    /// Options that some file gives a value.
    pub given: Names,
    /// No option came, and none went: who names one, anywhere, named one before.
    pub same_names: bool,
    /// Objects and sources that changed makefiles may build otherwise.
    pub built: FxHashSet<Box<str>>,
}

impl Focus {
    /// What follows from `changed` in any of the models.
    pub fn new(models: &[&Model], changed: &Names) -> Self {
        let spread = |model: &&Model| Marks::new(model, changed).spread().names();
        let mut values = changed.clone();
        values.extend(models.par_iter().flat_map_iter(spread).collect::<Vec<_>>());
        let mentioned = |model: &&Model| Marks::new(model, &values).mentioned().names();
        let mut concerned = values.clone();
        concerned.extend(models.par_iter().flat_map_iter(mentioned).collect::<Vec<_>>());
        Self { values, concerned, ..Self::default() }
    }

    /// What is said in `files`, and nothing else.
    pub fn on(models: &[&Model], files: Override) -> Self {
        let defined = |model: &&Model| {
            let menus = model.menus.iter().filter(|menu| {
                !files.matched(&model.file(menu.place.file).name, false).is_ignore()
            });
            let names = menus.filter_map(|menu| {
                let name = std::str::from_utf8(&model.symbol(menu.symbol?).name).ok()?;
                Some(Box::from(name))
            });
            names.collect::<Vec<Box<str>>>()
        };
        let concerned = models.par_iter().flat_map_iter(defined).collect();
        Self { concerned, files: Some(files), ..Self::default() }
    }

    /// Whether what a makefile or configuration says of one of the options is concerned.
    pub fn concerns(&self, file: &str, option: impl Fn(&Names) -> bool) -> bool {
        match &self.files {
            Some(files) => !files.matched(file, false).is_ignore(),
            None => self.asked.contains(file) || option(&self.values),
        }
    }

    /// By symbol of a model: whether it is concerned; of a choice, whether a member is.
    pub fn symbols(&self, model: &Model) -> Vec<bool> {
        let mut marks = Marks::new(model, &self.concerned);
        for number in 0..model.symbols.len() {
            let symbol = &model.symbols[number];
            let member = |id: &SymbolId| marks.symbols[id.index()];
            if symbol.is_choice && symbol.members.iter().any(member) {
                marks.symbols[number] = true;
            }
        }
        // What names a member of a choice that is concerned was concerned before.
        marks.symbols
    }

    /// By formula: whether it names what may have another value.
    pub fn formulas(&self, formulas: &Formulas) -> Vec<bool> {
        valuation::naming(formulas, |name| self.values.contains(name))
    }

    /// By expression of a model: whether it names what may have another value.
    pub fn exprs(&self, model: &Model) -> Vec<bool> {
        Marks::new(model, &self.values).exprs
    }
}

/// Which symbols and expressions of a model are marked.
struct Marks<'m> {
    model: &'m Model,
    symbols: Vec<bool>,
    exprs: Vec<bool>,
}

impl<'m> Marks<'m> {
    fn new(model: &'m Model, names: &Names) -> Self {
        let is_named = |symbol: &crate::kconf::model::Symbol| {
            let name = std::str::from_utf8(&symbol.name).unwrap_or_default();
            !symbol.constant && !symbol.name.is_empty() && names.contains(name)
        };
        let symbols = model.symbols.iter().map(is_named).collect();
        let mut marks = Self { model, symbols, exprs: vec![false; model.exprs.len()] };
        marks.again();
        marks
    }

    /// Marks the expressions that name a marked symbol. Operands come before what uses them.
    fn again(&mut self) {
        for id in 0..self.model.exprs.len() as u32 {
            let symbol = |id: SymbolId| self.symbols[id.index()];
            let expr = |id: ExprId| self.exprs[id.index()];
            self.exprs[id as usize] = match self.model.exprs.get(ExprId::new(id)) {
                Expr::Symbol(a) => symbol(a),
                Expr::Not(a) => expr(a),
                Expr::And(a, b) | Expr::Or(a, b) => expr(a) || expr(b),
                Expr::Compare(_, a, b) | Expr::Range(a, b) => symbol(a) || symbol(b),
            };
        }
    }

    fn any(&self, exprs: &[Option<ExprId>]) -> bool {
        exprs.iter().flatten().any(|expr| self.exprs[expr.index()])
    }

    fn menu(&self, menu: &Menu) -> bool {
        self.any(&[menu.dep, menu.own_dep, menu.visibility])
    }

    fn prop(&self, prop: &Property) -> bool {
        self.any(&[prop.visible, prop.cond, prop.expr])
    }

    /// Marks what follows from what is marked.
    fn spread(mut self) -> Self {
        let model = self.model;
        loop {
            let before = self.symbols.iter().filter(|marked| **marked).count();
            for number in 0..model.symbols.len() {
                let symbol = &model.symbols[number];
                if self.symbols[number] {
                    // All members of a choice decide about each other.
                    let choice = symbol.choice.and_then(|menu| model.menu(menu).symbol);
                    for id in choice.iter().chain(&symbol.members) {
                        self.symbols[id.index()] = true;
                    }
                    continue;
                }
                // What it selects does not decide about it.
                let decides =
                    |prop: &&Property| !matches!(prop.kind, PropKind::Select | PropKind::Imply);
                let mut props = symbol.props.iter().map(|prop| model.prop(*prop)).filter(decides);
                let mut menus = symbol.menus.iter().map(|menu| model.menu(*menu));
                self.symbols[number] = self.any(&[symbol.dir_dep, symbol.rev_dep, symbol.implied])
                    || menus.any(|menu| self.menu(menu))
                    || props.any(|prop| self.prop(prop));
            }
            // Who has the right to `m` depends on one symbol.
            let modules = model.modules.is_some_and(|modules| self.symbols[modules.index()]);
            if modules {
                self.symbols.fill(true);
            }
            self.again();
            if self.symbols.iter().filter(|marked| **marked).count() == before {
                return self;
            }
        }
    }

    /// Marks what names a marked symbol anywhere in its definition.
    fn mentioned(mut self) -> Self {
        let model = self.model;
        for number in 0..model.symbols.len() {
            let symbol = &model.symbols[number];
            let mut props = symbol.props.iter().map(|prop| model.prop(*prop));
            let mut menus = symbol.menus.iter().map(|menu| model.menu(*menu));
            if menus.any(|menu| self.menu(menu)) || props.any(|prop| self.prop(prop)) {
                self.symbols[number] = true;
            }
        }
        self
    }

    fn names(self) -> Vec<Box<str>> {
        let marked = self.model.symbols.iter().zip(self.symbols).filter(|(_, marked)| *marked);
        let named = marked.filter(|(symbol, _)| !symbol.constant && !symbol.name.is_empty());
        let text = |bytes| std::str::from_utf8(bytes).ok().map(Box::from);
        named.filter_map(|(symbol, _)| text(&symbol.name)).collect()
    }
}
