//! Calls of functions that some configuration does not have: S001, S002 and S003.

use rustc_hash::{FxHashMap, FxHashSet};

use super::ask::{self, Asker, Reading, holds};
use super::links::{Link, Links};
use super::places::Places;
use super::site::{Sites, Way};
use super::uses::{Known, sort};
use super::{asked_all, each_arch, has, merged};
use crate::kconf::eval::State;
use crate::lint::context::Tree;
use crate::lint::places::in_source;
use crate::lint::{evidence, gating};
use crate::logic::Answer;
use crate::logic::circuit::Lit;
use crate::model::confirm::{Fault, Objects, Test};
use crate::model::finding::{Fact, Finding};
use crate::model::formula::FormulaId;
use crate::source::guards::Span;
use crate::source::symbols::Symbols;
use crate::source::texts::Texts;

/// Why a call does not link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// There is no such function.
    Missing,
    /// It is in a module, and the call is not.
    InModule,
    /// It is not exported to the module that calls it.
    NotExported,
}

/// A call, under one reading of its object.
#[derive(Debug, Clone)]
struct Question {
    what: What,
    known: usize,
    call: usize,
    in_module: bool,
    lits: [Lit; 2],
}

/// What the search shares.
struct Search<'t> {
    tree: &'t Tree,
    symbols: &'t Symbols,
    links: Links<'t>,
    places: Places,
    known: Vec<Known>,
    /// Directories where macros make names that are exported.
    exporters: FxHashSet<&'t str>,
}

/// All findings, in the order of files and lines.
pub fn find(tree: &Tree, symbols: &Symbols) -> Vec<(What, Finding)> {
    let links = Links::new(tree);
    let places = Places::new(tree, symbols);
    let known = sort(tree, symbols, &links);
    let exporters = symbols.files.iter().filter(|file| file.exports_any);
    let exporters = exporters.map(|file| dir(&file.path)).collect();
    let search = Search { tree, symbols, links, places, known, exporters };
    let sites = Sites::new(tree, symbols);
    let found = each_arch(tree, |arch| search.arch(arch, &sites));
    let keyed = found
        .into_iter()
        .map(|(arch, (what, name, file, finding))| (arch, ((what, name, file), finding)));
    let mut out: Vec<(What, Finding)> =
        merged(tree, keyed).into_iter().map(|((what, _, _), finding)| (what, finding)).collect();
    out.sort_by(|(_, a), (_, b)| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    out
}

/// The directory of a file.
fn dir(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(dir, _)| dir)
}

type Found = (What, u32, u32, Finding);

impl<'t> Search<'t> {
    fn file(&self, mention: usize) -> &'t str {
        self.symbols.path(&self.symbols.mentions[mention])
    }

    fn conditions(&self, mention: usize) -> &[FormulaId] {
        self.places.conditions(mention)
    }

    /// What one architecture has to say.
    fn arch(&self, arch: usize, sites: &Sites<'_>) -> Vec<Found> {
        let mut asker = Asker::new(self.tree, arch);
        let mut asked = Vec::new();
        for number in 0..self.known.len() {
            self.function(arch, &mut asker, number, &mut asked);
        }
        // Most questions are the same as others.
        let mut unique: FxHashMap<[Lit; 2], usize> = FxHashMap::default();
        let mut questions: Vec<Vec<Lit>> = Vec::new();
        for question in &asked {
            unique.entry(question.lits).or_insert_with(|| {
                questions.push(question.lits.to_vec());
                questions.len() - 1
            });
        }
        let answers = asker.logic.each(&questions);
        let possible = |question: &Question| answers[unique[&question.lits]] == Answer::Possible;
        let mut texts = self.tree.source_texts();
        let mut seen = FxHashSet::default();
        let mut out = Vec::new();
        for question in asked.iter().filter(|question| possible(question)) {
            let mention = self.symbols.mentions[question.call];
            // Missing is missing, whatever else may be wrong with the call.
            let key = (mention.name, mention.file);
            if seen.contains(&key) {
                continue;
            }
            if self.symbols.is_pasted(&self.symbols.names[mention.name as usize]) {
                continue;
            }
            let Some(way) = sites.way(question.call) else { continue };
            let found = self.finding(arch, &mut asker, &mut texts, question, &way);
            if let Some(finding) = found {
                seen.insert(key);
                out.push((question.what, mention.name, mention.file, finding));
            }
        }
        out
    }

    /// The questions about one function.
    fn function(&self, arch: usize, asker: &mut Asker<'_>, number: usize, out: &mut Vec<Question>) {
        let known = &self.known[number];
        if known.is_foreign || known.called.is_empty() {
            return;
        }
        // Of the other architectures, what is in their own directories.
        let is_arch = |mention: &usize| self.file(*mention).starts_with("arch/");
        let asked_all = has(asked_all(self.tree), arch) || known.defined.iter().any(is_arch);
        let circuit_any = |asker: &mut Asker<'_>, lits: Vec<Lit>| asker.logic.circuit().any(lits);
        // [least, most] of what is in the kernel, and of what is in modules.
        let (mut kernel, mut modules) = (Vec::new(), Vec::new());
        let mut own_modules: Vec<&str> = Vec::new();
        let mut anywhere = false;
        for mention in &known.defined {
            for link in self.links.of(arch, self.file(*mention)) {
                anywhere = true;
                kernel.push(self.both(asker, *mention, link.built_in, false));
                modules.push(self.both(asker, *mention, link.module, true));
                own_modules.extend(link.modules.iter().map(|module| &**module));
            }
        }
        if !anywhere {
            return;
        }
        let any = |asker: &mut Asker<'_>, pairs: &[[Lit; 2]], at: usize| {
            circuit_any(asker, pairs.iter().map(|pair| pair[at]).collect())
        };
        let kernel_most = any(asker, &kernel, 1);
        if kernel_most == Lit::TRUE && modules.iter().all(|pair| pair[1] == Lit::FALSE) {
            // Always there; a module can still be denied it.
            if !known.exported.is_empty() {
                return;
            }
        }
        let modules_most = any(asker, &modules, 1);
        let modules_least = any(asker, &modules, 0);
        let stubs: [Lit; 2] = [false, true].map(|in_module| {
            let lits = known.stubs.iter().filter(|mention| {
                has(self.tree.domain(self.file(**mention)), arch)
                    || self.tree.is_included(self.file(**mention))
            });
            let lits: Vec<Lit> = lits
                .map(|mention| asker.all(self.conditions(*mention), Reading::most(in_module)))
                .collect();
            asker.logic.circuit().any(lits)
        });
        let exports_any =
            known.defined.iter().any(|at| self.exporters.contains(dir(self.file(*at))));
        let is_exported = !known.exported.is_empty() || exports_any;
        for call in known.called.iter().filter(|call| asked_all || is_arch(call)) {
            for link in self.links.of(arch, self.file(*call)).iter().filter(|link| !link.is_partial)
            {
                for in_module in [false, true] {
                    let object = if in_module { link.module } else { link.built_in };
                    let [used, _] = self.both(asker, *call, object, in_module);
                    if used == Lit::FALSE {
                        continue;
                    }
                    let stub = stubs[usize::from(in_module)];
                    let mut add = |asker: &mut Asker<'_>, what, there: Vec<Lit>, more: Lit| {
                        let there = asker.logic.circuit().any(there);
                        let missing = asker.logic.circuit().and(!there, more);
                        if missing != Lit::FALSE && missing != !used {
                            let lits = [used, missing];
                            let call = *call;
                            out.push(Question { what, known: number, call, in_module, lits });
                        }
                    };
                    add(asker, What::Missing, vec![kernel_most, modules_most, stub], Lit::TRUE);
                    if !in_module {
                        add(asker, What::InModule, vec![kernel_most, stub], modules_least);
                    } else if !is_exported
                        && !link.modules.iter().any(|module| own_modules.contains(&&**module))
                    {
                        let kernel_least = any(asker, &kernel, 0);
                        let there = asker.logic.circuit().or(kernel_least, modules_least);
                        add(asker, What::NotExported, vec![stub], there);
                    }
                }
            }
        }
    }

    /// When a mention is compiled into an object: at least, and at most.
    fn both(
        &self,
        asker: &mut Asker<'_>,
        mention: usize,
        object: FormulaId,
        in_module: bool,
    ) -> [Lit; 2] {
        [Reading::least(in_module), Reading::most(in_module)].map(|reading| {
            let object = asker.lit(object, reading);
            let guards = asker.all(self.conditions(mention), reading);
            asker.logic.circuit().and(object, guards)
        })
    }

    /// A finding whose witness the evaluator confirms.
    fn finding(
        &self,
        arch: usize,
        asker: &mut Asker<'_>,
        texts: &mut Texts,
        question: &Question,
        way: &Way,
    ) -> Option<Finding> {
        let tree = self.tree;
        let formulas = &tree.formulas;
        let known = &self.known[question.known];
        let in_module = question.in_module;
        let all = |state: &mut State<'_>, mention: usize, object: FormulaId, reading: Reading| {
            holds(formulas, state, object, reading)
                && self.conditions(mention).iter().all(|one| holds(formulas, state, *one, reading))
        };
        let check = |state: &mut State<'_>| {
            if !ask::has_compiler(state) {
                return false;
            }
            let least = Reading::least(in_module);
            let object = |link: &Link| if in_module { link.module } else { link.built_in };
            let used = self.links.of(arch, self.file(question.call)).iter();
            if !used.clone().any(|link| all(state, question.call, object(link), least)) {
                return false;
            }
            if !way.conditions.iter().all(|one| holds(formulas, state, *one, least)) {
                return false;
            }
            let constant = way.constants.iter().any(|(file, conditions)| {
                has(tree.domain(&self.symbols.files[*file as usize].path), arch)
                    && conditions
                        .iter()
                        .all(|one| holds(formulas, state, *one, Reading::most(in_module)))
            });
            if constant {
                return false;
            }
            let stub = known.stubs.iter().any(|stub| {
                has(tree.domain(self.file(*stub)), arch)
                    && self
                        .conditions(*stub)
                        .iter()
                        .all(|one| holds(formulas, state, *one, Reading::most(in_module)))
            });
            if stub {
                return false;
            }
            let (mut kernel, mut module) = (false, false);
            for mention in &known.defined {
                for link in self.links.of(arch, self.file(*mention)) {
                    kernel |= all(state, *mention, link.built_in, Reading::most(false));
                    module |= all(state, *mention, link.module, Reading::most(true));
                }
            }
            match question.what {
                What::Missing => !kernel && !module,
                What::InModule => !kernel && module,
                What::NotExported => kernel || module,
            }
        };
        let mut lits = question.lits.to_vec();
        lits.push(asker.all(&way.conditions, Reading::least(in_module)));
        for (file, conditions) in &way.constants {
            if has(tree.domain(&self.symbols.files[*file as usize].path), arch) {
                lits.push(!asker.all(conditions, Reading::most(in_module)));
            }
        }
        lits.push(asker.compiler());
        lits.sort_unstable();
        lits.dedup();
        if asker.logic.possible(&lits) != Answer::Possible {
            return None;
        }
        let witness = asker.logic.shown(&lits, &check)?;
        let model = &tree.arches[arch].model;
        let file = self.file(question.call);
        let name = &self.symbols.names[known.name as usize];
        let mention = self.symbols.mentions[question.call];
        let at = Span { start: mention.at, len: name.len() as u32, ..Span::default() };
        let from = self.file(known.defined[0]);
        let message = match question.what {
            What::Missing => format!(
                "{name}() is called where {from}, which defines it, does not provide it, and there \
                 is no stub"
            ),
            What::InModule => {
                format!("{name}() is called by the kernel itself, but {from} can be a module")
            }
            What::NotExported => {
                format!("{name}() is called by a module, but {from} does not export it")
            }
        };
        let mut finding = in_source(file, texts.get(file), at, message);
        finding.proof = Some(self.facts(arch, texts, question));
        let definers = || known.defined.iter().map(|at| self.file(*at));
        finding.test = Some(Test::Objects(Objects {
            fault: match question.what {
                What::Missing => Fault::Missing,
                What::InModule => Fault::InModule,
                What::NotExported => Fault::NotExported,
            },
            function: name.to_string(),
            users: self.links.objects(arch, [file]),
            definers: self.links.objects(arch, definers()),
            directories: self.links.directories(arch, definers().chain([file])),
            in_module,
            option: None,
        }));
        evidence::show(model, &mut finding, &witness);
        Some(finding)
    }

    /// Where the function is, and the lines of makefiles that decide about both.
    fn facts(&self, arch: usize, texts: &mut Texts, question: &Question) -> Vec<Fact> {
        let known = &self.known[question.known];
        let mut facts = Vec::new();
        for mention in known.defined.iter().take(3) {
            let what = format!("{} is defined here", self.symbols.names[known.name as usize]);
            let mention_ = &self.symbols.mentions[*mention];
            facts.push(gating::fact(self.symbols, texts, mention_, &what));
            self.rules(arch, texts, *mention, &mut facts);
        }
        self.rules(arch, texts, question.call, &mut facts);
        facts
    }

    /// The lines of makefiles that lead to a mention's file.
    fn rules(&self, arch: usize, texts: &mut Texts, mention: usize, out: &mut Vec<Fact>) {
        let Some(kbuild) = &self.tree.arches[arch].kbuild else { return };
        for link in self.links.of(arch, self.file(mention)) {
            let object = &kbuild.objects[link.object];
            for rule in object.contributions.iter().take(2).flat_map(|one| kbuild.chain(one)) {
                let text = texts.line(&rule.file, rule.line).trim().to_owned();
                let fact = Fact { file: rule.file.to_string(), line: rule.line, text };
                if !out.contains(&fact) && fact.text.contains("CONFIG_") {
                    out.push(fact);
                }
            }
        }
    }
}
