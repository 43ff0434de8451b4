//! What a bool or tristate can be ([`crate::kconf::eval`], `value.rs`).
//!
//! With V its visibility, W what defaults and `imply` give, R what is selected: a value is at least R;
//! at most the largest of V, W and R; and W where nothing is visible. A visible symbol that the user
//! has not set is W too, which need not be said: the user may set the same, but for W above V.

use super::super::clauses::Rule;
use super::{Encoder, Tri};
use crate::kconf::model::{PropKind, SymbolId, Type};

/// What a bool or tristate depends on, as values; each as the symbol's type has it.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// The most that a prompt allows.
    pub visible: Tri,
    /// What defaults and `imply` give.
    pub weak: Tri,
    /// What is selected.
    pub reverse: Tri,
    /// The direct dependency.
    pub direct: Tri,
}

impl Encoder<'_> {
    /// What `symbol` depends on.
    pub fn parts(&mut self, symbol: SymbolId) -> Parts {
        let data = self.model.symbol(symbol);
        let member = self.choice_of(symbol).is_some();
        let visible = self.visible(symbol);
        let direct = self.expr(data.dir_dep);
        let (mut reverse, mut implied) = (Tri::NO, Tri::NO);
        // Nothing selects or implies a member of a choice.
        if !member {
            reverse = data.rev_dep.map_or(Tri::NO, |expr| self.expr(Some(expr)));
            implied = data.implied.map_or(Tri::NO, |expr| self.expr(Some(expr)));
        }
        let mut weak = Tri::NO;
        if !data.is_choice {
            let default = self.default(symbol);
            let both = self.either(default, implied);
            let limited = if self.rules.strong_imply {
                let implied = self.both(implied, Tri::bool(direct.m));
                self.either(default, implied)
            } else {
                self.both(both, direct)
            };
            // `imply` limits defaults only where it has any effect.
            weak = if self.rules.strong_imply {
                limited
            } else {
                Tri {
                    m: self.circuit.choose(implied.m, limited.m, default.m),
                    y: self.circuit.choose(implied.m, limited.y, default.y),
                }
            };
        }
        Parts {
            visible: self.as_type(symbol, visible),
            weak: self.as_type(symbol, weak),
            reverse: self.as_type(symbol, reverse),
            direct: self.as_type(symbol, direct),
        }
    }

    /// The largest of the conditions of all prompts.
    pub fn visible(&mut self, symbol: SymbolId) -> Tri {
        let model = self.model;
        let data = model.symbol(symbol);
        // In a choice of `y`, a tristate member that is only visible as `m` is not.
        let choice =
            self.choice_of(symbol).filter(|_| self.rules.choice_lists && data.ty == Type::Tristate);
        let choice = choice.and_then(|menu| model.menu(menu).symbol);
        let mut visible = Tri::NO;
        for prop in &data.props {
            let prop = model.prop(*prop);
            if prop.text.is_none() {
                continue;
            }
            let mut value = self.expr(prop.visible);
            if let Some(choice) = choice {
                let seen = self.circuit.or(value.y, !self.values[choice.index()].y);
                value.m = self.circuit.and(value.m, seen);
            }
            visible = self.either(visible, value);
        }
        visible
    }

    /// The first default whose condition is not `n`.
    pub fn default(&mut self, symbol: SymbolId) -> Tri {
        let model = self.model;
        let mut value = Tri::NO;
        for prop in model.symbol(symbol).props.iter().rev() {
            let prop = model.prop(*prop);
            if prop.kind != PropKind::Default {
                continue;
            }
            let condition = self.expr(prop.visible);
            let given = self.expr(prop.expr);
            let given = self.both(given, condition);
            value = Tri {
                m: self.circuit.choose(condition.m, given.m, value.m),
                y: self.circuit.choose(condition.m, given.y, value.y),
            };
        }
        value
    }

    /// Says what `symbol` can be.
    pub(super) fn symbol(&mut self, symbol: SymbolId) {
        let data = self.model.symbol(symbol);
        let value = self.value(symbol);
        if !matches!(data.ty, Type::Bool | Type::Tristate) || data.constant {
            return;
        }
        let two = value.m != value.y;
        if two {
            self.say(symbol, Rule::Type, &[!value.y, value.m]);
            self.say(symbol, Rule::Type, &[!value.m, value.y, self.modules]);
        }
        // The members of newer choices have what their choice gives them; a choice within a choice
        // is beyond us.
        let member = self.choice_of(symbol).is_some();
        if member && (!self.rules.choice_lists || data.is_choice)
            || data.is_choice && !self.rules.choice_lists
        {
            return;
        }
        let parts = self.parts(symbol);
        self.parts[symbol.index()] = Some(parts);
        let Parts { visible, weak, reverse, direct } = parts;
        let levels =
            [(value.m, visible.m, weak.m, reverse.m), (value.y, visible.y, weak.y, reverse.y)];
        for (value, visible, weak, reverse) in levels.into_iter().skip(usize::from(!two)) {
            self.say(symbol, Rule::Ceiling, &[!value, visible, weak, reverse]);
        }
        // What the ceiling says is mostly this, which can be looked up.
        for (at, needed) in [direct.m, direct.y].into_iter().enumerate().take(1 + usize::from(two))
        {
            let (value, visible, weak, reverse) = levels[at];
            if !needed.is_constant()
                && [visible, weak, reverse].iter().all(|part| self.clash(&[*part, !needed]))
            {
                self.needs.insert(value, needed);
            }
        }
        for (value, _, _, reverse) in levels.into_iter().skip(usize::from(!two)) {
            if !data.is_choice {
                self.say(symbol, Rule::Floor, &[!reverse, value]);
            }
        }
        for (value, _, weak, _) in levels.into_iter().skip(usize::from(!two)) {
            self.say(symbol, Rule::Unasked, &[visible.m, !weak, value]);
        }
        if member && two {
            self.say(symbol, Rule::Choice, &[!visible.y, !value.m, value.y]);
        }
    }
}
