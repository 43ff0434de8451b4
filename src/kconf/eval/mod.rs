//! One configuration of a model: user values in, every symbol's value out, as `conf` computes them.
//!
//! Values live apart from the [`Model`], so that many configurations of one tree can be evaluated at
//! once. Evaluation is lazy and keeps `conf`'s order, since a symbol's first evaluation may warn, and
//! since a warning prints other symbols' values as they are at that moment.
//!
//! [`State::recompute`] invalidates; [`State::value`] and its kin evaluate on demand.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::model::{MOD, MenuId, Model, NO, SymbolId, Type, YES};
use super::output::Output;

mod choice;
mod defaults;
mod expr;
pub mod number;
mod query;
pub mod rules;
mod set;
mod tables;
#[cfg(test)]
mod tests;
mod value;

pub use crate::model::tristate::Tristate;
pub(crate) use expr::compared;
pub use query::{DefaultValue, Dependency, PromptValue};
pub use rules::Rules;
use tables::Tables;

/// The text of a symbol's value, by reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// Never computed.
    Unset,
    /// The empty text.
    Empty,
    /// `n`: what bool and tristate symbols have for a text, whatever their value.
    No,
    /// `0`
    Zero,
    /// `0x0`
    HexZero,
    /// The name of a symbol, of a constant mostly; as a choice's value, its chosen member.
    Name(SymbolId),
    /// A text of the user's, an index into [`State::texts`].
    User(u32),
}

/// Flags of a symbol (scripts/kconfig/expr.h: `SYMBOL_VALID` and its kin).
pub(crate) mod flag {
    /// The value is computed.
    pub const VALID: u8 = 1;
    /// The symbol goes into `.config`.
    pub const WRITE: u8 = 2;
    /// The user has given a value.
    pub const USER: u8 = 4;
    /// Already written (a symbol may be defined more than once).
    pub const WRITTEN: u8 = 8;
    /// The choice has to settle its members' user values first (until 6.10).
    pub const NEEDS_CHOICE: u8 = 16;
}

/// What is known of a symbol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub text: Text,
    pub tri: Tristate,
    pub user_text: Text,
    pub user_tri: Tristate,
    pub visible: Tristate,
    pub direct: Tristate,
    pub reverse: Tristate,
    pub implied: Tristate,
    pub flags: u8,
}

/// No value of an expression; values are 0, 1 and 2.
const UNKNOWN: u8 = 3;

/// How deeply evaluation may nest: an expression in a symbol in an expression and so on. `conf` ends
/// with its stack, which is at a tenth of this; [`with_stack`] has room for it.
const MAX_DEPTH: u32 = 200_000;

/// One configuration of a model.
#[derive(Debug, Clone)]
pub struct State<'m> {
    pub(crate) model: &'m Model,
    pub(crate) rules: Rules,
    pub(crate) tables: Arc<Tables>,
    pub(crate) slots: Vec<Slot>,
    /// By property: the value of a prompt's condition when it was last computed.
    pub(crate) prompts: Vec<Tristate>,
    exprs: Vec<u8>,
    texts: Vec<Box<[u8]>>,
    /// The members of choices, most important first (since 6.11).
    pub(crate) priorities: FxHashMap<MenuId, Vec<SymbolId>>,
    modules: Tristate,
    /// `conf_changed`: whether writing would have to recompute nothing.
    pub(crate) changed: bool,
    /// How many unmet dependencies were warned about.
    pub(crate) unmet: usize,
    /// How many lines of a `.config` were warned about.
    pub(crate) config_warnings: usize,
    depth: u32,
    too_deep: bool,
    /// What `conf` would have printed.
    pub output: Output,
}

impl<'m> State<'m> {
    /// The configuration in which the user has said nothing.
    pub fn new(model: &'m Model) -> Self {
        let rules = Rules::of(model.dialect);
        let tables = Arc::new(Tables::new(model, rules));
        Self::with_tables(model, rules, tables)
    }

    /// Another configuration of the same model in which the user has said nothing.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self::with_tables(self.model, self.rules, Arc::clone(&self.tables))
    }

    /// A configuration in which the user has said nothing, of a model that has other values than this one's
    /// for the same symbols.
    #[must_use]
    pub fn fresh_on<'n>(&self, model: &'n Model) -> State<'n> {
        State::with_tables(model, self.rules, Arc::clone(&self.tables))
    }

    fn with_tables(model: &'m Model, rules: Rules, tables: Arc<Tables>) -> Self {
        let empty = Slot {
            text: Text::Unset,
            tri: Tristate::No,
            user_text: Text::Unset,
            user_tri: Tristate::No,
            visible: Tristate::No,
            direct: Tristate::No,
            reverse: Tristate::No,
            implied: Tristate::No,
            flags: 0,
        };
        let mut slots = vec![empty; model.symbols.len()];
        for (symbol, tri) in [(NO, Tristate::No), (MOD, Tristate::Mod), (YES, Tristate::Yes)] {
            if let Some(slot) = slots.get_mut(symbol.index()) {
                *slot = Slot { text: Text::Name(symbol), tri, flags: flag::VALID, ..empty };
            }
        }
        let priorities = tables.priorities.clone();
        Self {
            model,
            rules,
            tables,
            slots,
            prompts: vec![Tristate::No; model.props.len()],
            exprs: vec![UNKNOWN; if rules.keeps_expressions { model.exprs.len() } else { 0 }],
            texts: Vec::new(),
            priorities,
            modules: Tristate::No,
            changed: false,
            unmet: 0,
            config_warnings: 0,
            depth: 0,
            too_deep: false,
            output: Output::default(),
        }
    }

    /// The model.
    pub fn model(&self) -> &'m Model {
        self.model
    }

    /// The rules that apply.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// The symbol `NAME`.
    pub fn find(&self, name: &[u8]) -> Option<SymbolId> {
        self.tables.find(self.model, name)
    }

    /// Whether dependencies nest so deeply that evaluation gave up; values are of no use then.
    pub fn too_deep(&self) -> bool {
        self.too_deep
    }

    /// Forgets every computed value (symbol.c: `sym_clear_all_valid`).
    pub fn recompute(&mut self) {
        self.invalidate();
        self.changed = true;
        self.calc_modules();
    }

    /// Forgets what is to be written besides, of values that are gone by now; see
    /// [`Rules::members_stay_written`].
    pub(crate) fn forget_written(&mut self) {
        for slot in self.slots.iter_mut().skip(3) {
            slot.flags &= !flag::WRITE;
        }
        self.invalidate();
    }

    /// Forgets every computed value without the rest of what `recompute` does.
    pub(crate) fn invalidate(&mut self) {
        for slot in self.slots.iter_mut().skip(3) {
            slot.flags &= !flag::VALID;
        }
        self.exprs.fill(UNKNOWN);
    }

    pub(crate) fn calc_modules(&mut self) {
        if let Some(modules) = self.model.modules {
            self.calc(modules);
        }
    }

    pub(crate) fn slot(&self, symbol: SymbolId) -> &Slot {
        &self.slots[symbol.index()]
    }

    pub(crate) fn slot_mut(&mut self, symbol: SymbolId) -> &mut Slot {
        &mut self.slots[symbol.index()]
    }

    pub(crate) fn has(&self, symbol: SymbolId, flag: u8) -> bool {
        self.slot(symbol).flags & flag != 0
    }

    /// Keeps a text of the user's.
    pub(crate) fn keep_text(&mut self, text: &[u8]) -> Text {
        if text.is_empty() {
            return Text::Empty;
        }
        self.texts.push(text.into());
        Text::User(self.texts.len() as u32 - 1)
    }

    /// The bytes of a text.
    pub(crate) fn text(&self, text: Text) -> &[u8] {
        match text {
            Text::Unset | Text::Empty => b"",
            Text::No => b"n",
            Text::Zero => b"0",
            Text::HexZero => b"0x0",
            Text::Name(symbol) => &self.model.symbol(symbol).name,
            Text::User(number) => &self.texts[number as usize],
        }
    }

    /// The type as it counts now: a tristate is a bool while modules are off (symbol.c:
    /// `sym_get_type`).
    pub(crate) fn type_of(&self, symbol: SymbolId) -> Type {
        let ty = self.model.symbol(symbol).ty;
        if ty != Type::Tristate {
            return ty;
        }
        let only_choice = self.rules.choice_lists
            && self.is_member(symbol)
            && self.slot(symbol).visible == Tristate::Yes;
        if only_choice || self.modules == Tristate::No { Type::Bool } else { ty }
    }

    /// Whether it is a member of a choice.
    pub(crate) fn is_member(&self, symbol: SymbolId) -> bool {
        self.tables.choice_of[symbol.index()].is_some()
    }

    /// The value as `.config` has it, without quotes, of what was last computed (symbol.c:
    /// `sym_get_string_value`).
    pub(crate) fn current(&self, symbol: SymbolId) -> &[u8] {
        let slot = self.slot(symbol);
        match self.model.symbol(symbol).ty {
            Type::Bool | Type::Tristate => slot.tri.text().as_bytes(),
            // Constants have no type in every version; their text is their name.
            _ => self.text(slot.text),
        }
    }
}

/// Stack that is large enough for [`MAX_DEPTH`], in bytes.
const STACK: usize = 256 << 20;

/// Runs `work` on a stack that is large enough for [`MAX_DEPTH`]. It must not share its work out: the
/// thread that waits for it may be the only one there is (`-j 1`). See [`with_stacks`].
pub fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        thread.join().or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Runs `work`, which shares its work out, on as many threads as there are here, all with such a stack.
pub fn with_stacks<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(rayon::current_num_threads());
    let pool = pool.stack_size(STACK).build().map_err(std::io::Error::other)?;
    Ok(pool.install(work))
}
