//! One architecture, asked about conditions that are known only roughly.
//!
//! What nobody can decide (a macro that a header may define) counts for whichever answer keeps a
//! finding away: a condition is taken either at its *least* (unknowns do not hold) or at its *most*.
//! Whether `MODULE` is defined is known for each object, so that presence is n, m or y.

use rustc_hash::FxHashMap;

use crate::kconf::eval::{State, Tristate};
use crate::kconf::model::Type;
use crate::lint::context::Tree;
use crate::logic::Logic;
use crate::logic::circuit::Lit;
use crate::logic::formula::Lowered;
use crate::model::formula::{Atom, Formula, FormulaId, Formulas};
use crate::model::valuation::known_macro;

/// How a condition is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reading {
    /// `MODULE` is defined.
    pub in_module: bool,
    /// What is unknown holds.
    pub most: bool,
}

impl Reading {
    /// What surely holds.
    pub fn least(in_module: bool) -> Self {
        Self { in_module, most: false }
    }

    /// What may hold.
    pub fn most(in_module: bool) -> Self {
        Self { in_module, most: true }
    }

    fn negated(self) -> Self {
        Self { most: !self.most, ..self }
    }
}

/// The options of which one is on in every build.
const COMPILERS: &[&str] = &["CC_IS_GCC", "CC_IS_CLANG"];

/// Whether the configuration is one that a compiler made.
pub fn has_compiler(state: &mut State<'_>) -> bool {
    let known: Vec<_> = COMPILERS.iter().filter_map(|name| state.find(name.as_bytes())).collect();
    known.is_empty() || known.into_iter().any(|symbol| state.tristate(symbol) == Tristate::Yes)
}

/// Answers questions about one architecture.
pub struct Asker<'t> {
    /// The logic of the architecture.
    pub logic: Logic<'t>,
    formulas: &'t Formulas,
    lowered: Lowered<'t>,
    memo: FxHashMap<(FormulaId, Reading), Lit>,
}

impl<'t> Asker<'t> {
    /// The architecture number `arch`.
    pub fn new(tree: &'t Tree, arch: usize) -> Self {
        let logic = Logic::new(&tree.arches[arch].model);
        let lowered = Lowered::new(&tree.formulas);
        Self { logic, formulas: &tree.formulas, lowered, memo: FxHashMap::default() }
    }

    /// The gate of a condition.
    pub fn lit(&mut self, formula: FormulaId, reading: Reading) -> Lit {
        if let Some(known) = self.memo.get(&(formula, reading)) {
            return *known;
        }
        let lit = match self.formulas.get(formula) {
            Formula::Const(value) => Lit::constant(value),
            Formula::Atom(atom) => match unknown(self.formulas, atom, reading) {
                Some(value) => Lit::constant(value),
                None => self.logic.formula(&mut self.lowered, formula),
            },
            Formula::Not(a) => !self.lit(a, reading.negated()),
            Formula::And(a, b) => {
                let (a, b) = (self.lit(a, reading), self.lit(b, reading));
                self.logic.circuit().and(a, b)
            }
            Formula::Or(a, b) => {
                let (a, b) = (self.lit(a, reading), self.lit(b, reading));
                self.logic.circuit().or(a, b)
            }
        };
        self.memo.insert((formula, reading), lit);
        lit
    }

    /// That there is a compiler: what the tree asks about it is answered one way or the other.
    pub fn compiler(&mut self) -> Lit {
        let known: Vec<Lit> = COMPILERS
            .iter()
            .filter_map(|name| self.logic.find(name))
            .map(|symbol| self.logic.value_at_least(symbol, Tristate::Yes))
            .collect();
        if known.is_empty() { Lit::TRUE } else { self.logic.circuit().any(known) }
    }

    /// The gate of all conditions together.
    pub fn all(&mut self, formulas: &[FormulaId], reading: Reading) -> Lit {
        let lits: Vec<Lit> = formulas.iter().map(|formula| self.lit(*formula, reading)).collect();
        self.logic.circuit().all(lits)
    }
}

/// What an atom counts as that Kconfig does not decide.
fn unknown(formulas: &Formulas, atom: Atom, reading: Reading) -> Option<bool> {
    match atom {
        Atom::InModule => Some(reading.in_module),
        Atom::Opaque(name) => {
            // A negation of what is known comes with the other reading, so this has to be exact.
            Some(known_macro(formulas.text(name)).unwrap_or(reading.most))
        }
        _ => None,
    }
}

/// Whether a condition holds in an evaluated configuration.
pub fn holds(
    formulas: &Formulas,
    state: &mut State<'_>,
    formula: FormulaId,
    reading: Reading,
) -> bool {
    holds_where(formulas, formula, reading, &mut |atom| atom_holds(formulas, state, atom))
}

/// Whether a condition holds where `decided` says what Kconfig decides.
pub fn holds_where(
    formulas: &Formulas,
    formula: FormulaId,
    reading: Reading,
    decided: &mut dyn FnMut(Atom) -> bool,
) -> bool {
    match formulas.get(formula) {
        Formula::Const(value) => value,
        Formula::Atom(atom) => unknown(formulas, atom, reading).unwrap_or_else(|| decided(atom)),
        Formula::Not(a) => !holds_where(formulas, a, reading.negated(), decided),
        Formula::And(a, b) => {
            holds_where(formulas, a, reading, decided) && holds_where(formulas, b, reading, decided)
        }
        Formula::Or(a, b) => {
            holds_where(formulas, a, reading, decided) || holds_where(formulas, b, reading, decided)
        }
    }
}

fn atom_holds(formulas: &Formulas, state: &mut State<'_>, atom: Atom) -> bool {
    let (Atom::Yes(name) | Atom::Module(name) | Atom::NonZero(name) | Atom::Equals(name, _)) = atom
    else {
        return false;
    };
    let wanted = match atom {
        Atom::Equals(_, value) => Some(formulas.text(value).to_owned()),
        _ => None,
    };
    let Some(symbol) = state.find(formulas.text(name).as_bytes()) else {
        return wanted.is_some_and(|wanted| wanted.is_empty());
    };
    match (state.model().symbol(symbol).ty, atom) {
        (Type::Bool | Type::Tristate, Atom::Module(_)) => state.tristate(symbol) == Tristate::Mod,
        (Type::Bool | Type::Tristate, Atom::Equals(..)) => {
            let value = state.tristate(symbol);
            wanted.is_some_and(|wanted| {
                wanted == value.text() || (value == Tristate::No && wanted.is_empty())
            })
        }
        (Type::Bool | Type::Tristate, _) => state.tristate(symbol) == Tristate::Yes,
        (Type::Unknown, _) | (_, Atom::Module(_)) => wanted.is_some_and(|wanted| wanted.is_empty()),
        (_, Atom::Equals(..)) => {
            let value = String::from_utf8_lossy(state.value(symbol)).into_owned();
            wanted.is_some_and(|wanted| wanted == value)
        }
        (_, Atom::NonZero(_)) => {
            let value = state.value(symbol);
            !value.is_empty() && value != b"0" && value != b"0x0"
        }
        _ => state.is_written(symbol) && !state.value(symbol).is_empty(),
    }
}
