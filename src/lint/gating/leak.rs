//! Functions that every use keeps behind an option, but that are compiled without it: S005.
//!
//! Some configuration then carries code that nobody in it calls. What is exported, or used by
//! assembly, a linker script or Rust, or may be replaced, is no leak; nor is what nobody uses at all.

use rustc_hash::FxHashSet;

use super::ask::{self, Asker, Reading, holds};
use super::links::Links;
use super::places::Places;
use super::uses::{Known, sort};
use super::{asked_all, each_arch, fact, has, merged};
use crate::kconf::eval::State;
use crate::lint::context::Tree;
use crate::lint::evidence;
use crate::lint::places::in_source;
use crate::logic::Answer;
use crate::logic::circuit::Lit;
use crate::model::confirm::{Fault, Objects, Test};
use crate::model::finding::{Fact, Finding};
use crate::model::formula::{Atom, Formula, FormulaId, Formulas};
use crate::source::guards::{FileKind, Span};
use crate::source::symbols::Symbols;
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

struct Search<'t> {
    tree: &'t Tree,
    symbols: &'t Symbols,
    links: Links<'t>,
    places: Places,
    known: Vec<Known>,
}

/// All findings, in the order of files and lines.
pub fn find(tree: &Tree, symbols: &Symbols) -> Vec<Finding> {
    let links = Links::new(tree);
    let places = Places::new(tree, symbols);
    let known = sort(tree, symbols, &links);
    let search = Search { tree, symbols, links, places, known };
    let found = each_arch(tree, |arch| search.arch(arch));
    let keyed = found.into_iter().map(|(arch, finding)| {
        let key = (finding.file.clone(), finding.line, finding.message.clone());
        (arch, (key, finding))
    });
    let mut out: Vec<Finding> =
        merged(tree, keyed).into_iter().map(|(_, finding)| finding).collect();
    out.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    out
}

impl<'t> Search<'t> {
    fn file(&self, mention: usize) -> &'t str {
        self.symbols.path(&self.symbols.mentions[mention])
    }

    fn conditions(&self, mention: usize) -> &[FormulaId] {
        self.places.conditions(mention)
    }

    fn arch(&self, arch: usize) -> Vec<Finding> {
        let mut candidates = Vec::new();
        for number in 0..self.known.len() {
            candidates.extend(self.candidate(arch, number));
        }
        let mut asker = Asker::new(self.tree, arch);
        let questions: Vec<Vec<Lit>> =
            candidates.iter().map(|candidate| self.question(arch, &mut asker, candidate)).collect();
        let answers = asker.logic.each(&questions);
        let mut texts = self.tree.source_texts();
        let mut out = Vec::new();
        for ((candidate, lits), answer) in candidates.iter().zip(&questions).zip(answers) {
            if answer == Answer::Possible {
                out.extend(self.finding(arch, &mut asker, &mut texts, candidate, lits));
            }
        }
        out
    }

    /// All uses of a function but its own.
    fn uses(&self, known: &Known) -> Vec<usize> {
        let own = |at: &usize| {
            let mention = &self.symbols.mentions[*at];
            let within =
                self.symbols.files[mention.file as usize].functions.get(mention.within as usize);
            known.defined.iter().any(|defined| {
                let defined = &self.symbols.mentions[*defined];
                defined.file == mention.file && within.is_some_and(|f| f.name.0 == defined.at)
            })
        };
        known.called.iter().chain(&known.named).copied().filter(|at| !own(at)).collect()
    }

    /// What all uses need and the definition does not, if it is an option.
    fn candidate(&self, arch: usize, number: usize) -> Option<Candidate> {
        let known = &self.known[number];
        if known.is_foreign || known.is_special || !known.exported.is_empty() {
            return None;
        }
        let [defined] = known.defined[..] else { return None };

        let file = &self.symbols.files[self.symbols.mentions[defined].file as usize];
        if file.exports_any || self.links.of(arch, &file.path).is_empty() {
            return None;
        }
        // Of the other architectures, what is in their own directories.
        if !has(asked_all(self.tree), arch) && !file.path.starts_with("arch/") {
            return None;
        }
        let formulas = &self.tree.formulas;
        let mut common: Option<FxHashSet<FormulaId>> = None;
        for at in self.uses(known) {
            let path = self.file(at);
            let kind = self.symbols.files[self.symbols.mentions[at].file as usize].kind;
            // What another architecture uses is used.
            let (at_arch, linked) = self.links.of_any(arch, path);
            if kind == Some(FileKind::C) && linked.is_empty() && !self.tree.is_included(path) {
                continue;
            }
            let mut needs = FxHashSet::default();
            for condition in self.conditions(at) {
                conjuncts(formulas, *condition, &mut needs);
            }
            if let (Some(kbuild), [link]) = (&self.tree.arches[at_arch].kbuild, linked) {
                conjuncts(formulas, kbuild.objects[link.object].built, &mut needs);
            }
            common = Some(match common {
                None => needs,
                Some(common) => common.intersection(&needs).copied().collect(),
            });
        }
        let mut has_already = FxHashSet::default();
        for condition in self.conditions(defined) {
            conjuncts(formulas, *condition, &mut has_already);
        }
        if let (Some(kbuild), [link]) =
            (&self.tree.arches[arch].kbuild, self.links.of(arch, &file.path))
        {
            conjuncts(formulas, kbuild.objects[link.object].built, &mut has_already);
        }
        let mut gates: Vec<(FormulaId, String)> = common?
            .into_iter()
            .filter(|gate| !has_already.contains(gate))
            .filter_map(|gate| Some((gate, option(formulas, gate)?)))
            .filter(|(_, name)| self.tree.arches[arch].find(name.as_bytes()).is_some())
            .collect();
        gates.sort();
        let (gate, option) = gates.into_iter().next()?;
        if self.symbols.is_pasted(&self.symbols.names[known.name as usize]) {
            return None;
        }
        Some(Candidate { known: number, gate, option })
    }

    /// Compiled, and the gate is closed.
    fn question(&self, arch: usize, asker: &mut Asker<'_>, candidate: &Candidate) -> Vec<Lit> {
        let defined = self.known[candidate.known].defined[0];
        let least = Reading::least(false);
        let kernel: Vec<Lit> = self
            .links
            .of(arch, self.file(defined))
            .iter()
            .map(|link| asker.lit(link.built_in, least))
            .collect();
        let kernel = asker.logic.circuit().any(kernel);
        let mut lits = vec![kernel];
        for condition in self.conditions(defined) {
            lits.push(asker.lit(*condition, least));
        }
        lits.push(!asker.lit(candidate.gate, Reading::most(false)));
        lits.push(asker.compiler());
        lits
    }

    fn finding(
        &self,
        arch: usize,
        asker: &mut Asker<'_>,
        texts: &mut Texts,
        candidate: &Candidate,
        lits: &[Lit],
    ) -> Option<Finding> {
        let known = &self.known[candidate.known];
        let defined = known.defined[0];
        let formulas = &self.tree.formulas;
        let check = |state: &mut State<'_>| {
            if !ask::has_compiler(state) {
                return false;
            }
            let least = Reading::least(false);
            self.links
                .of(arch, self.file(defined))
                .iter()
                .any(|link| holds(formulas, state, link.built_in, least))
                && self.conditions(defined).iter().all(|one| holds(formulas, state, *one, least))
                && !holds(formulas, state, candidate.gate, Reading::most(false))
        };
        let witness = asker.logic.shown(lits, &check)?;
        let name = &self.symbols.names[known.name as usize];
        let (file, option) = (self.file(defined), &candidate.option);
        let message = format!(
            "{name}() is compiled without CONFIG_{option}, but everything that uses it needs that"
        );
        let at = self.symbols.mentions[defined].at;
        let at = Span { start: at, len: name.len() as u32, ..Span::default() };
        let mut finding = in_source(file, texts.get(file), at, message);
        finding.symbol = Some(option.clone());
        let uses = self.uses(known);
        let facts = uses.iter().take(SHOWN).map(|at| {
            let mention = &self.symbols.mentions[*at];
            fact(self.symbols, texts, mention, &format!("used here, where CONFIG_{option} is on"))
        });
        finding.proof = Some(facts.collect::<Vec<Fact>>());
        let users = || uses.iter().map(|at| self.file(*at));
        finding.test = Some(Test::Objects(Objects {
            fault: Fault::Unused,
            function: name.to_string(),
            users: self.links.objects(arch, users()),
            definers: self.links.objects(arch, [file]),
            directories: self.links.directories(arch, users().chain([file])),
            in_module: false,
            option: Some(option.clone()),
        }));
        evidence::show(&self.tree.arches[arch].model, &mut finding, &witness);
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
