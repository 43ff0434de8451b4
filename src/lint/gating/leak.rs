//! Functions that every use keeps behind an option, but that are compiled without it: S005.
//!
//! Some configuration then carries code that nobody in it calls. What is exported, or used by
//! assembly, a linker script or Rust, or may be replaced, is no leak; nor is what nobody uses at all.

use rustc_hash::{FxHashMap, FxHashSet};

use super::ask::{self, Asker, Reading, holds};
use super::links::Link;
use super::uses::Known;
use super::{View, fact, over_arches};
use crate::kconf::eval::State;
use crate::lint::evidence;
use crate::lint::places::in_source;
use crate::logic::circuit::Lit;
use crate::logic::confirm::Ask;
use crate::logic::witness::Check;
use crate::model::confirm::{Fault, Objects, Test};
use crate::model::finding::{Fact, Finding};
use crate::model::formula::{Atom, Formula, FormulaId, Formulas};
use crate::source::guards::{FileKind, Span};
use crate::source::texts::Texts;

/// More uses than this are shown by the first ones.
const SHOWN: usize = 3;

/// A function that every use keeps behind a gate.
#[derive(Debug, Clone)]
struct Candidate {
    known: usize,
    /// What each use needs.
    gate: FormulaId,
    /// The option that the gate is about.
    option: String,
}

impl Candidate {
    fn key(&self, view: View<'_>) -> Key {
        (view.known[self.known].name, self.gate)
    }
}

/// The function and its option, by their names' numbers.
type Key = (u32, FormulaId);

struct Search<'t> {
    view: View<'t>,
    /// Whom each function is used by, but for itself.
    uses: Vec<Vec<usize>>,
}

/// The parts of conditions that all have to hold, by condition.
type Conjuncts = FxHashMap<FormulaId, Vec<FormulaId>>;

/// All findings, in the order of files and lines.
pub fn find(view: View<'_>) -> Vec<Finding> {
    let search = Search { view, uses: view.known.iter().map(|known| uses(view, known)).collect() };
    let found = over_arches(
        view.tree,
        |arch| search.confirmed(arch),
        |arch, wanted| search.shown(arch, wanted),
    );
    let mut out: Vec<Finding> = found.into_iter().map(|(_, finding)| finding).collect();
    out.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    // Architectures may have the same to say of one option in other words.
    out.dedup_by(|next, first| {
        let same =
            (&next.file, next.line, &next.message) == (&first.file, first.line, &first.message);
        if same {
            first.arches.append(&mut next.arches);
            first.arches.sort();
            first.arches.dedup();
        }
        same
    });
    out
}

/// All uses of a function but its own.
fn uses(view: View<'_>, known: &Known) -> Vec<usize> {
    let symbols = view.symbols;
    let own = |at: &usize| {
        let mention = &symbols.mentions[*at];
        let within = symbols.files[mention.file as usize].functions.get(mention.within as usize);
        known.defined.iter().any(|defined| {
            let defined = &symbols.mentions[*defined];
            defined.file == mention.file && within.is_some_and(|f| f.name.0 == defined.at)
        })
    };
    known.called.iter().chain(&known.named).copied().filter(|at| !own(at)).collect()
}

impl Search<'_> {
    /// What some configuration of an architecture has, as the evaluator says.
    fn confirmed(&self, arch: usize) -> Vec<Key> {
        let candidates = self.candidates(arch, None);
        let mut asker = Asker::new(self.view.tree, arch);
        let asks: Vec<Ask<'_>> = candidates
            .iter()
            .enumerate()
            .map(|(group, candidate)| Ask {
                lits: self.question(arch, &mut asker, candidate),
                check: self.check(arch, candidate),
                group,
            })
            .collect();
        let confirmed = asker.logic.confirmed(&asks);
        let found = candidates.iter().zip(confirmed).filter(|(_, confirmed)| *confirmed);
        found.map(|(candidate, _)| candidate.key(self.view)).collect()
    }

    /// Findings for some of that.
    fn shown(&self, arch: usize, wanted: &FxHashSet<Key>) -> Vec<(Key, Finding)> {
        let mut asker = Asker::new(self.view.tree, arch);
        let mut texts = self.view.tree.source_texts();
        let mut out = Vec::new();
        for candidate in self.candidates(arch, Some(wanted)) {
            let key = candidate.key(self.view);
            let lits = self.question(arch, &mut asker, &candidate);
            let finding = self.finding(arch, &mut asker, &mut texts, &candidate, &lits);
            out.extend(finding.filter(|_| wanted.contains(&key)).map(|finding| (key, finding)));
        }
        out
    }

    /// The candidates of an architecture, or those of some functions.
    fn candidates(&self, arch: usize, wanted: Option<&FxHashSet<Key>>) -> Vec<Candidate> {
        let names: Option<FxHashSet<u32>> =
            wanted.map(|wanted| wanted.iter().map(|(name, _)| *name).collect());
        let mut conjuncts = Conjuncts::default();
        let all = self.view.known.iter().enumerate();
        let asked =
            all.filter(|(_, known)| names.as_ref().is_none_or(|all| all.contains(&known.name)));
        asked.filter_map(|(number, _)| self.candidate(arch, number, &mut conjuncts)).collect()
    }

    /// What all uses need and the definition does not, if it is an option.
    fn candidate(&self, arch: usize, number: usize, memo: &mut Conjuncts) -> Option<Candidate> {
        let View { tree, symbols, links, known, .. } = self.view;
        let known = &known[number];
        if known.is_foreign || known.is_special || !known.exported.is_empty() {
            return None;
        }
        let [defined] = known.defined[..] else { return None };
        let own = self.view.file(defined);
        if symbols.files[own as usize].exports_any || links.of(arch, own).is_empty() {
            return None;
        }
        let mut common: Option<FxHashSet<FormulaId>> = None;
        for at in &self.uses[number] {
            let file = self.view.file(*at);
            let kind = symbols.files[file as usize].kind;
            // What another architecture uses is used.
            let linked = links.of_any(arch, file);
            if kind == Some(FileKind::C)
                && linked.1.is_empty()
                && !tree.is_included(self.view.path(*at))
            {
                continue;
            }
            let needs = self.needs(*at, linked, memo);
            let common = common.get_or_insert_with(|| needs.clone());
            common.retain(|one| needs.contains(one));
            if common.is_empty() {
                return None;
            }
        }
        let has_already = self.needs(defined, (arch, links.of(arch, own)), memo);
        let mut gates: Vec<(FormulaId, String)> = common?
            .into_iter()
            .filter(|gate| !has_already.contains(gate))
            .filter_map(|gate| Some((gate, option(&tree.formulas, gate)?)))
            .filter(|(_, name)| tree.arches[arch].find(name.as_bytes()).is_some())
            .collect();
        gates.sort();
        let (gate, option) = gates.into_iter().next()?;
        if symbols.is_pasted(&symbols.names[known.name as usize]) {
            return None;
        }
        Some(Candidate { known: number, gate, option })
    }

    /// What all has to hold where a mention is compiled, which an architecture links so.
    fn needs(
        &self,
        at: usize,
        (arch, linked): (usize, &[Link]),
        memo: &mut Conjuncts,
    ) -> FxHashSet<FormulaId> {
        let tree = self.view.tree;
        let mut needs = FxHashSet::default();
        let mut add = |condition: FormulaId| {
            let known = memo.entry(condition).or_insert_with(|| {
                let mut all = FxHashSet::default();
                conjuncts(&tree.formulas, condition, &mut all);
                all.into_iter().collect()
            });
            needs.extend(known.iter().copied());
        };
        self.view.conditions(at).iter().for_each(|condition| add(*condition));
        if let (Some(kbuild), [link]) = (&tree.arches[arch].kbuild, linked) {
            add(kbuild.objects[link.object].built);
        }
        needs
    }

    /// Compiled, and the gate is closed.
    fn question(&self, arch: usize, asker: &mut Asker<'_>, candidate: &Candidate) -> Vec<Lit> {
        let defined = self.view.known[candidate.known].defined[0];
        let least = Reading::least(false);
        let links = self.view.links;
        let kernel: Vec<Lit> = links
            .of(arch, self.view.file(defined))
            .iter()
            .map(|link| asker.lit(link.built_in, least))
            .collect();
        let kernel = asker.logic.circuit().any(kernel);
        let mut lits = vec![kernel];
        for condition in self.view.conditions(defined) {
            lits.push(asker.lit(*condition, least));
        }
        lits.push(!asker.lit(candidate.gate, Reading::most(false)));
        lits.push(asker.compiler());
        lits
    }

    /// Compiled, and the gate is closed, as the evaluator sees it.
    fn check<'s>(&'s self, arch: usize, candidate: &Candidate) -> Box<Check<'s>> {
        let View { tree, links, known, .. } = self.view;
        let formulas = &tree.formulas;
        let (gate, defined) = (candidate.gate, known[candidate.known].defined[0]);
        let (linked, conditions) =
            (links.of(arch, self.view.file(defined)), self.view.conditions(defined));
        Box::new(move |state: &mut State<'_>| {
            let least = Reading::least(false);
            ask::has_compiler(state)
                && linked.iter().any(|link| holds(formulas, state, link.built_in, least))
                && conditions.iter().all(|one| holds(formulas, state, *one, least))
                && !holds(formulas, state, gate, Reading::most(false))
        })
    }

    /// A finding whose witness the evaluator confirms.
    fn finding(
        &self,
        arch: usize,
        asker: &mut Asker<'_>,
        texts: &mut Texts,
        candidate: &Candidate,
        lits: &[Lit],
    ) -> Option<Finding> {
        let View { tree, symbols, links, known, .. } = self.view;
        let known = &known[candidate.known];
        let defined = known.defined[0];
        let witness = asker.logic.shown(lits, &self.check(arch, candidate))?;
        let name = &symbols.names[known.name as usize];
        let (file, option) = (self.view.path(defined), &candidate.option);
        let message = format!(
            "{name}() is compiled without CONFIG_{option}, but everything that uses it needs that"
        );
        let at = symbols.mentions[defined].at;
        let at = Span { start: at, len: name.len() as u32, ..Span::default() };
        let mut finding = in_source(file, texts.get(file), at, message);
        finding.symbol = Some(option.clone());
        let uses = &self.uses[candidate.known];
        let facts = uses.iter().take(SHOWN).map(|at| {
            let mention = &symbols.mentions[*at];
            fact(symbols, texts, mention, &format!("used here, where CONFIG_{option} is on"))
        });
        finding.proof = Some(facts.collect::<Vec<Fact>>());
        let users = || uses.iter().map(|at| self.view.file(*at));
        let definer = self.view.file(defined);
        finding.test = Some(Test::Objects(Objects {
            fault: Fault::Unused,
            function: name.to_string(),
            users: links.objects(tree, arch, users()),
            definers: links.objects(tree, arch, [definer]),
            directories: links.directories(tree, arch, users().chain([definer])),
            in_module: false,
            option: Some(option.clone()),
        }));
        evidence::show(&tree.arches[arch].model, &mut finding, &witness);
        Some(finding)
    }
}

/// The conditions that all have to hold.
pub(super) fn conjuncts(formulas: &Formulas, formula: FormulaId, out: &mut FxHashSet<FormulaId>) {
    let mut todo = vec![formula];
    while let Some(next) = todo.pop() {
        match formulas.get(next) {
            Formula::And(a, b) => todo.extend([a, b]),
            _ => drop(out.insert(next)),
        }
    }
}

/// The option that a condition asks to be on: the only one that it is about, and off is not enough.
pub(super) fn option(formulas: &Formulas, formula: FormulaId) -> Option<String> {
    let mut name = None;
    let mut todo = vec![formula];
    while let Some(next) = todo.pop() {
        match formulas.get(next) {
            Formula::Const(_) => {}
            Formula::Not(a) => todo.push(a),
            Formula::And(a, b) | Formula::Or(a, b) => todo.extend([a, b]),
            Formula::Atom(Atom::Yes(other) | Atom::Module(other)) => {
                if name.is_some_and(|name| name != other) {
                    return None;
                }
                name = Some(other);
            }
            Formula::Atom(_) => return None,
        }
    }
    let name = name.filter(|_| !without(formulas, formula))?;
    Some(formulas.text(name).to_owned())
}

/// Whether a condition holds where every option is off.
fn without(formulas: &Formulas, formula: FormulaId) -> bool {
    match formulas.get(formula) {
        Formula::Const(value) => value,
        Formula::Atom(_) => false,
        Formula::Not(a) => !without(formulas, a),
        Formula::And(a, b) => without(formulas, a) && without(formulas, b),
        Formula::Or(a, b) => without(formulas, a) || without(formulas, b),
    }
}
