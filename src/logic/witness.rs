//! A configuration as the few lines of `.config` that make it, confirmed by evaluating them.
//!
//! The solver's configuration sets everything. What a user has to set is found by following, from
//! what was asked, why each symbol has its value; then the evaluator has the last word, and takes
//! away every line that it does not need.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::circuit::{Lit, Node};
use super::encode::{Origin, Tri};
use super::{Answer, Assignment, Logic, probes};
use crate::kconf::eval::{State, Tristate};
use crate::kconf::model::{Model, SymbolId, Type};
use crate::kconf::read::Reading;

/// A value that the user gives.
pub type Setting = (SymbolId, Box<[u8]>);

/// A confirmed witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// What the user sets, in the order of the tree.
    pub settings: Vec<Setting>,
    /// Open probes that have to say something for it.
    pub probes: Vec<(SymbolId, Tristate)>,
}

/// Decides whether an evaluated configuration shows what was asked for.
pub type Check<'a> = dyn Fn(&mut State<'_>) -> bool + 'a;

/// So many models with answers of probes are kept.
const MODELS: usize = 8;

/// What open probes say.
type Answers = Vec<(SymbolId, Tristate)>;

/// What witnesses are evaluated with: the model without answers of probes, and those with some answers that
/// were wanted last. To make one anew takes longer than to evaluate with it.
#[derive(Default)]
pub(super) struct Evaluated<'m> {
    base: Option<State<'m>>,
    models: Vec<(Answers, Arc<Model>)>,
}

impl<'m> Evaluated<'m> {
    /// Nothing is set, and no probe says anything.
    fn base(&mut self, model: &'m Model) -> &State<'m> {
        self.base.get_or_insert_with(|| State::new(model))
    }

    /// The model in which probes say these things.
    fn decided(&mut self, model: &Model, answers: &Answers) -> Arc<Model> {
        if let Some((_, known)) = self.models.iter().find(|(known, _)| known == answers) {
            return Arc::clone(known);
        }
        let decided = Arc::new(probes::decided(model, |symbol| {
            let known = answers.iter().find(|(known, _)| *known == symbol);
            known.map_or(Tristate::No, |(_, value)| *value)
        }));
        if self.models.len() == MODELS {
            self.models.remove(0);
        }
        self.models.push((answers.clone(), Arc::clone(&decided)));
        decided
    }
}

/// How much of the configuration is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Why what is on is on.
    On,
    /// Also why what is off is off.
    Off,
}

impl Logic<'_> {
    /// A configuration that has all of `lits`, confirmed by the evaluator; nothing if there is none,
    /// or if every one that was tried was refuted. Where it matters what open probes say, toolchains that
    /// can do everything are tried first, then one that can do nothing.
    pub fn shown(&mut self, lits: &[Lit], check: &Check<'_>) -> Option<Witness> {
        if self.possible(lits) != Answer::Possible {
            return None;
        }
        for mut assumed in self.encoder.toolchains().into_iter().chain([Vec::new()]) {
            // What is the same for the next question comes first.
            assumed.extend_from_slice(lits);
            if let Some(found) = self.assignment(&assumed)
                && let Some(witness) = self.witness(&found, lits, check)
            {
                return Some(witness);
            }
        }
        None
    }

    /// The lines of `.config` that make `lits` hold, as `found` has them, if the evaluator agrees.
    pub fn witness(
        &mut self,
        found: &Assignment,
        lits: &[Lit],
        check: &Check<'_>,
    ) -> Option<Witness> {
        let probes = self.probe_values(found);
        let model = self.model();
        let plain = self.evaluated.base(model).fresh();
        let decided = probes
            .iter()
            .any(|(_, value)| *value != Tristate::No)
            .then(|| self.evaluated.decided(model, &probes));
        let base = match &decided {
            Some(decided) => plain.fresh_on(decided),
            None => plain.fresh(),
        };
        for depth in [Some(Depth::On), Some(Depth::Off), None] {
            let settings = match depth {
                Some(depth) => self.followed(found, lits, depth),
                None => self.everything(found),
            };
            if holds(&base, &settings, check) {
                let settings = minimal(&base, settings, check);
                let probes = needed_probes(&plain, &base, &probes, &settings, check);
                return Some(Witness { settings, probes });
            }
        }
        None
    }

    /// What `found` makes of the symbols of open probes.
    fn probe_values(&self, found: &Assignment) -> Vec<(SymbolId, Tristate)> {
        let open = probes::open(self.model());
        let circuit = &self.encoder.circuit;
        open.map(|symbol| (symbol, found.value(circuit, self.encoder.value(symbol)))).collect()
    }

    /// Evaluates the configuration that `found` is, with everything that the user can set in it, and hands it
    /// to `look`.
    pub(super) fn evaluate(&mut self, found: &Assignment, look: impl FnOnce(&mut State<'_>)) {
        let probes = self.probe_values(found);
        let settings = self.everything(found);
        let model = self.model();
        let decided = self.evaluated.decided(model, &probes);
        look(&mut with(&self.evaluated.base(model).fresh_on(&decided), &settings));
    }

    /// Every value that the user can set.
    fn everything(&mut self, found: &Assignment) -> Vec<Setting> {
        let symbols = (3..self.model().symbols.len() as u32).map(SymbolId::new);
        symbols.filter_map(|symbol| self.setting(found, symbol)).collect()
    }

    /// What the user sets `symbol` to, where it is visible.
    fn setting(&mut self, found: &Assignment, symbol: SymbolId) -> Option<Setting> {
        let data = self.encoder.model.symbol(symbol);
        if data.constant || data.is_choice || data.props.is_empty() {
            return None;
        }
        let text = match data.ty {
            Type::Bool | Type::Tristate => {
                let value = self.encoder.value(symbol);
                found.value(&self.encoder.circuit, value).text().as_bytes().into()
            }
            Type::Int | Type::Hex | Type::String => {
                let circuit = &self.encoder.circuit;
                self.encoder.some_text(symbol, |lit| found.holds(circuit, lit))?
            }
            Type::Unknown => return None,
        };
        let visible = self.encoder.visible(symbol).m;
        found.holds(&self.encoder.circuit, visible).then_some((symbol, text))
    }

    /// What the user has to set so that `lits` hold.
    fn followed(&mut self, found: &Assignment, lits: &[Lit], depth: Depth) -> Vec<Setting> {
        let mut settings: FxHashMap<SymbolId, Box<[u8]>> = FxHashMap::default();
        let mut seen: FxHashSet<Lit> = FxHashSet::default();
        let mut todo: Vec<Lit> = lits.iter().rev().copied().collect();
        while let Some(lit) = todo.pop() {
            if lit.is_constant() || !seen.insert(lit) {
                continue;
            }
            match self.encoder.circuit.node(lit.node()) {
                Node::True => {}
                Node::And(a, b) if !lit.is_negated() => todo.extend([b, a]),
                Node::And(a, b) => {
                    // One operand that is off is enough; one that is known to be is best.
                    let circuit = &self.encoder.circuit;
                    let off = [!a, !b].into_iter().filter(|lit| found.holds(circuit, *lit));
                    let off: Vec<Lit> = off.collect();
                    if !off.iter().any(|lit| seen.contains(lit)) {
                        todo.extend(off.first());
                    }
                }
                Node::Input => match self.encoder.origin(lit.node()) {
                    Origin::Symbol(symbol, _) => {
                        let more = self.causes(found, symbol, lit, depth);
                        todo.extend(more.lits);
                        settings.extend(more.settings);
                    }
                    Origin::Value(symbol) => {
                        if let Some((symbol, text)) = self.setting(found, symbol) {
                            let visible = self.encoder.visible(symbol).m;
                            todo.push(visible);
                            settings.insert(symbol, text);
                        }
                    }
                    Origin::Probe(_) | Origin::Opaque => {}
                },
            }
        }
        let mut settings: Vec<Setting> = settings.into_iter().collect();
        settings.sort_unstable();
        settings
    }

    /// Why a symbol's wire is as it is.
    fn causes(&mut self, found: &Assignment, symbol: SymbolId, lit: Lit, depth: Depth) -> Causes {
        let mut causes = Causes::default();
        let value = self.encoder.value(symbol);
        let level = |part: Tri| {
            if value.y.node() == lit.node() && value.m != value.y { part.y } else { part.m }
        };
        // A member of a choice is what it is because of the member that is on.
        if let Some(menu) = self.encoder.choice_of(symbol)
            && let Some(choice) = self.encoder.model.menu(menu).symbol
        {
            for member in self.encoder.model.symbol(choice).members.clone() {
                let on = self.encoder.value(member).m;
                if found.holds(&self.encoder.circuit, on) {
                    causes.settings.extend(self.setting(found, member));
                    causes.lits.push(self.encoder.visible(member).m);
                }
            }
            return causes;
        }
        let parts = self.encoder.parts(symbol);
        let holds = |logic: &Self, lit: Lit| found.holds(&logic.encoder.circuit, lit);
        let mine = self.setting(found, symbol);
        if lit.is_negated() {
            causes.settings.extend(mine.clone());
            if depth == Depth::Off {
                causes.lits.push(!level(parts.reverse));
                causes.lits.extend(mine.is_none().then_some(!level(parts.weak)));
                causes.lits.extend(mine.is_none().then_some(!parts.visible.m));
            }
            return causes;
        }
        let (visible, weak, reverse) =
            (level(parts.visible), level(parts.weak), level(parts.reverse));
        if let Some(mine) = mine.filter(|_| holds(self, visible)) {
            causes.settings.push(mine);
            causes.lits.push(visible);
        } else if holds(self, weak) {
            causes.lits.push(weak);
        } else if holds(self, reverse) {
            causes.lits.push(reverse);
        }
        causes
    }
}

/// Those of `probes` without which `settings` do not do; `plain` is without probes, `base` with them.
fn needed_probes(
    plain: &State<'_>,
    base: &State<'_>,
    probes: &[(SymbolId, Tristate)],
    settings: &[Setting],
    check: &Check<'_>,
) -> Answers {
    let mut on: Answers = probes.iter().copied().filter(|(_, v)| *v != Tristate::No).collect();
    if on.is_empty() || holds(plain, settings, check) {
        return Vec::new();
    }
    // Only those that the symbols involved look at can matter.
    let mut state = with(base, settings);
    check(&mut state);
    on.retain(|(symbol, _)| state.was_asked(*symbol));
    if on.is_empty() {
        return on;
    }
    let mut trial = base.model().clone();
    on.retain(|(symbol, _)| {
        let forced = trial.symbols[symbol.index()].rev_dep.take();
        let needed = !holds(&plain.fresh_on(&trial), settings, check);
        if needed {
            trial.symbols[symbol.index()].rev_dep = forced;
        }
        needed
    });
    on
}

#[derive(Default)]
struct Causes {
    lits: Vec<Lit>,
    settings: Vec<Setting>,
}

fn with<'m>(base: &State<'m>, settings: &[Setting]) -> State<'m> {
    let mut state = base.fresh();
    // As a file, since reading one settles choices too.
    let mut config = Vec::new();
    for (symbol, text) in settings {
        let data = state.model().symbol(*symbol);
        config.extend_from_slice(&[b"CONFIG_", &*data.name, b"="].concat());
        if data.ty == Type::String {
            config.extend_from_slice(&[b"\"", &**text, b"\""].concat());
        } else {
            config.extend_from_slice(text);
        }
        config.push(b'\n');
    }
    state.read_simple(b".config", &config, Reading::default());
    // Everything else is computed when it is asked for.
    state.calc_modules();
    state
}

fn holds(base: &State<'_>, settings: &[Setting], check: &Check<'_>) -> bool {
    check(&mut with(base, settings))
}

/// `settings` without those that are not needed, tried in ever smaller pieces.
fn minimal(base: &State<'_>, mut settings: Vec<Setting>, check: &Check<'_>) -> Vec<Setting> {
    let mut size = settings.len().div_ceil(2);
    while size > 0 && !settings.is_empty() {
        let mut at = 0;
        while at < settings.len() {
            let end = (at + size).min(settings.len());
            let mut fewer = settings.clone();
            fewer.drain(at..end);
            if holds(base, &fewer, check) {
                settings = fewer;
            } else {
                at = end;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    settings
}
