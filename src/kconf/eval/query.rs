//! Questions about a configuration: a symbol's value and where it comes from.

use super::{State, Tristate, flag};
use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{MenuId, Place, PropId, PropKind, SymbolId, Type};

/// A prompt and whether it is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptValue {
    /// The prompt.
    pub prop: PropId,
    /// The value of its condition with everything inherited.
    pub visible: Tristate,
    /// Where it stands.
    pub place: Place,
}

/// A default, whether it applies, and what it would give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultValue {
    /// The default.
    pub prop: PropId,
    /// The value of its condition with everything inherited.
    pub condition: Tristate,
    /// The value of its expression, for bool and tristate already limited by the condition.
    pub value: Vec<u8>,
    /// Where it stands.
    pub place: Place,
}

/// One of the alternatives that select or imply a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependency {
    /// The symbol that selects.
    pub by: SymbolId,
    /// The `select` or `imply`.
    pub prop: PropId,
    /// What it selects now: the selector's value under its condition.
    pub value: Tristate,
    /// The value of its condition, with what the selector itself depends on.
    pub condition: Tristate,
    /// Where it stands.
    pub place: Place,
}

impl State<'_> {
    /// The value of a bool or tristate; `n` for everything else.
    pub fn tristate(&mut self, symbol: SymbolId) -> Tristate {
        self.calc(symbol);
        self.slot(symbol).tri
    }

    /// The value as `.config` has it, without quotes: `y`, `m`, `n`, a number, a text.
    pub fn value(&mut self, symbol: SymbolId) -> &[u8] {
        self.calc(symbol);
        self.current(symbol)
    }

    /// Whether the symbol is written into `.config`.
    pub fn is_written(&mut self, symbol: SymbolId) -> bool {
        self.calc(symbol);
        self.has(symbol, flag::WRITE) && self.model.symbol(symbol).ty != Type::Unknown
    }

    /// Whether the symbol's value has been computed since everything was last invalidated: what an
    /// answer did not ask for, it does not depend on.
    pub fn was_asked(&self, symbol: SymbolId) -> bool {
        self.has(symbol, flag::VALID)
    }

    /// What the user said, whether or not it counts.
    pub fn user_value(&self, symbol: SymbolId) -> Option<&[u8]> {
        let slot = self.slot(symbol);
        (slot.flags & flag::USER != 0).then(|| match self.model.symbol(symbol).ty {
            Type::Bool | Type::Tristate => slot.user_tri.text().as_bytes(),
            _ => self.text(slot.user_text),
        })
    }

    /// How far the user's value counts: the most that any prompt's condition allows.
    pub fn visibility(&mut self, symbol: SymbolId) -> Tristate {
        self.calc(symbol);
        self.slot(symbol).visible
    }

    /// The value of the direct dependency.
    pub fn direct_dependency(&mut self, symbol: SymbolId) -> Tristate {
        self.calc(symbol);
        self.expr(self.model.symbol(symbol).dir_dep)
    }

    /// What is selected: the value of the reverse dependency.
    pub fn reverse_dependency(&mut self, symbol: SymbolId) -> Tristate {
        self.calc(symbol);
        let expr = self.model.symbol(symbol).rev_dep;
        expr.map_or(Tristate::No, |expr| self.expr(Some(expr)))
    }

    /// The choice it is a member of.
    pub fn choice_of(&self, symbol: SymbolId) -> Option<MenuId> {
        self.tables.choice_of[symbol.index()]
    }

    /// The members of a choice, in the order of its menu.
    pub fn choice_members(&self, choice: MenuId) -> Vec<SymbolId> {
        self.members(choice)
    }

    /// Every prompt of the symbol.
    pub fn prompt_values(&mut self, symbol: SymbolId) -> Vec<PromptValue> {
        self.calc(symbol);
        let model = self.model;
        let prompts = model.symbol(symbol).props.iter().filter(|p| model.prop(**p).text.is_some());
        let prompts: Vec<PropId> = prompts.copied().collect();
        prompts
            .into_iter()
            .map(|prop| {
                let property = model.prop(prop);
                let visible = self.expr(property.visible);
                PromptValue { prop, visible, place: property.place }
            })
            .collect()
    }

    /// Every default of the symbol, in the order in which they are tried.
    pub fn default_values(&mut self, symbol: SymbolId) -> Vec<DefaultValue> {
        self.calc(symbol);
        let model = self.model;
        let logical = matches!(model.symbol(symbol).ty, Type::Bool | Type::Tristate);
        let mut values = Vec::new();
        for prop in &model.symbol(symbol).props {
            let property = model.prop(*prop);
            if property.kind != PropKind::Default {
                continue;
            }
            let condition = self.expr(property.visible);
            let value = match self.prop_symbol(*prop) {
                Some(from) if !logical => self.value(from).to_vec(),
                _ => self.expr(property.expr).and(condition).text().into(),
            };
            values.push(DefaultValue { prop: *prop, condition, value, place: property.place });
        }
        values
    }

    /// Every `select` (or, with [`PropKind::Imply`], `imply`) of `target`, in the order they were
    /// read.
    pub fn selectors(&mut self, target: SymbolId, kind: PropKind) -> Vec<Dependency> {
        let model = self.model;
        let mut found = Vec::new();
        for (number, property) in model.props.iter().enumerate() {
            if property.kind != kind || !self.names(property.expr, target) {
                continue;
            }
            let Some(by) = model.menu(property.menu).symbol else { continue };
            let condition = self.expr(property.visible);
            let value = self.tristate(by).and(condition);
            let prop = PropId::new(number as u32);
            found.push(Dependency { by, prop, value, condition, place: property.place });
        }
        found
    }

    fn names(&self, expr: Option<ExprId>, symbol: SymbolId) -> bool {
        expr.is_some_and(|expr| self.model.exprs.get(expr) == Expr::Symbol(symbol))
    }
}
