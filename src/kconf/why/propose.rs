//! Turns guesses into proposals: every set of assignments is tried in a configuration of its own,
//! repaired where parts got in each other's way, and stripped of what is not needed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::search::{Candidate, Changes, Search};
use super::values::Values;
use super::{Apply, words};
use crate::kconf::eval::{State, Tristate};
use crate::kconf::model::{SymbolId, Type};

/// Configurations that may be evaluated for one proposal.
const TRIES: usize = 60;
/// How often one guess is repaired.
const REPAIRS: usize = 6;
/// Configurations that may be evaluated for one guess and its repairs.
const ATTEMPTS: usize = 12;
/// How many verified sets are compared before the best is taken.
const ENOUGH: usize = 3;

/// What was found.
pub(super) enum Proposal<'m> {
    /// A set that works, and the configuration it makes.
    Works(Changes, Box<State<'m>>),
    /// None did, of so many.
    Nothing(usize),
}

/// What is asked for, and how to try something.
pub(super) struct Question<'a, 'm> {
    pub symbol: SymbolId,
    /// As `.config` has it, without quotes.
    pub wanted: &'a [u8],
    pub apply: &'a Apply<'a, 'm>,
    tried: Cell<usize>,
    /// What has been tried without success.
    failed: RefCell<BTreeSet<Changes>>,
}

impl<'a, 'm> Question<'a, 'm> {
    pub fn new(symbol: SymbolId, wanted: &'a [u8], apply: &'a Apply<'a, 'm>) -> Self {
        Self { symbol, wanted, apply, tried: Cell::new(0), failed: RefCell::default() }
    }

    /// The cheapest set found that gives the symbol the value.
    pub fn propose(&self, base: &mut State<'m>, values: &mut Values<'m>) -> Proposal<'m> {
        // Few and cheap changes first, and those that change little besides.
        let mut best: Option<((usize, usize), Changes, State<'m>)> = None;
        let mut works = 0;
        for first in self.guesses(base, values, &Changes::new()) {
            let detours = first.detours;
            let Some((changes, state)) = self.make_work(first, values) else { continue };
            let (changes, mut state) = self.reduce(changes, state);
            let dragged_in = dragged_in(base, &mut state, &changes).len();
            let cost = (detours + price(base, values, self.symbol, &changes)) as usize;
            let rank = (cost + dragged_in, changes.len());
            if best.as_ref().is_none_or(|(old, ..)| rank < *old) {
                best = Some((rank, changes, state));
            }
            works += 1;
            if works == ENOUGH || self.tried.get() >= TRIES {
                break;
            }
        }
        match best {
            Some((_, changes, state)) => Proposal::Works(changes, Box::new(state)),
            None => Proposal::Nothing(self.tried.get()),
        }
    }

    fn guesses(
        &self,
        state: &mut State<'m>,
        values: &mut Values<'m>,
        fixed: &Changes,
    ) -> Vec<Candidate> {
        let mut search = Search::new(state, values, fixed, (self.symbol, self.wanted));
        match search.model().symbol(self.symbol).ty {
            Type::Bool | Type::Tristate => match Tristate::parse(self.wanted) {
                Some(value) => search.exactly(self.symbol, value),
                None => Vec::new(),
            },
            _ => search.solve(&super::search::Goal::Text(self.symbol, self.wanted.into())),
        }
    }

    /// Tries `guess`; where the symbol still has another value, looks for what is missing now.
    fn make_work(&self, guess: Candidate, values: &mut Values<'m>) -> Option<(Changes, State<'m>)> {
        let mut todo = vec![(guess.changes, 0)];
        let mut attempts = 0;
        while let Some((changes, repairs)) = todo.pop() {
            if attempts == ATTEMPTS || !self.failed.borrow_mut().insert(changes.clone()) {
                continue;
            }
            attempts += 1;
            let mut state = self.attempt(&changes)?;
            if self.holds(&mut state) {
                return Some((changes, state));
            }
            if repairs == REPAIRS {
                continue;
            }
            let more = self.guesses(&mut state, values, &changes);
            // The cheapest is tried first, so it is pushed last.
            for candidate in more.into_iter().take(2).rev() {
                let mut both = changes.clone();
                both.extend(candidate.changes);
                if both.len() > changes.len() {
                    todo.push((both, repairs + 1));
                }
            }
        }
        None
    }

    fn attempt(&self, changes: &Changes) -> Option<State<'m>> {
        if self.tried.get() >= TRIES {
            return None;
        }
        self.tried.set(self.tried.get() + 1);
        Some((self.apply)(changes))
    }

    fn holds(&self, state: &mut State<'m>) -> bool {
        same_value(state, self.symbol, self.wanted)
    }

    /// Leaves out what is not needed, one by one, the symbol itself last.
    fn reduce(&self, mut changes: Changes, mut state: State<'m>) -> (Changes, State<'m>) {
        let mut order: Vec<SymbolId> = changes.keys().copied().collect();
        order.sort_by_key(|symbol| *symbol == self.symbol);
        for symbol in order {
            let mut fewer = changes.clone();
            fewer.remove(&symbol);
            let mut without = (self.apply)(&fewer);
            if self.holds(&mut without) {
                (changes, state) = (fewer, without);
            }
        }
        (changes, state)
    }
}

fn price<'m>(
    state: &mut State<'m>,
    values: &mut Values<'m>,
    target: SymbolId,
    changes: &Changes,
) -> u32 {
    let none = Changes::new();
    Search::new(state, values, &none, (target, b"")).cost(changes)
}

/// Whether the symbol has this value; numbers are equal however they are written.
pub(super) fn same_value(state: &mut State, symbol: SymbolId, wanted: &[u8]) -> bool {
    let ty = state.model().symbol(symbol).ty;
    let value = state.value(symbol);
    let digits = |text: &[u8]| {
        let text = text.strip_prefix(b"0x").or(text.strip_prefix(b"0X")).unwrap_or(text);
        std::str::from_utf8(text).ok().and_then(|text| u64::from_str_radix(text, 16).ok())
    };
    value == wanted || (ty == Type::Hex && digits(value).is_some_and(|v| Some(v) == digits(wanted)))
}

/// The options beside `changes` whose value differs, with the new value.
pub(super) fn dragged_in(
    base: &mut State,
    new: &mut State,
    changes: &Changes,
) -> Vec<(SymbolId, String)> {
    let model = base.model();
    let mut out = Vec::new();
    for number in 3..model.symbols.len() {
        let id = SymbolId::new(number as u32);
        let data = model.symbol(id);
        let is_option = !data.constant && !data.is_choice && data.ty != Type::Unknown;
        if is_option && !changes.contains_key(&id) {
            let after = words::spelled(new, id);
            if words::spelled(base, id) != after {
                out.push((id, after));
            }
        }
    }
    out
}
