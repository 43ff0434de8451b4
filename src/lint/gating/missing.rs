//! Calls of functions that some configuration does not have: S001, S002 and S003.

use rustc_hash::{FxHashMap, FxHashSet};

use super::ask::{self, Asker, Reading, holds};
use super::links::Link;
use super::site::{Constant, Sites, Way};
use super::{View, has, over_arches};
use crate::kconf::eval::State;
use crate::lint::places::in_source;
use crate::lint::{evidence, gating};
use crate::logic::Answer;
use crate::logic::circuit::Lit;
use crate::logic::confirm::Ask;
use crate::logic::witness::Check;
use crate::model::confirm::{Fault, Objects, Test};
use crate::model::finding::{Fact, Finding};
use crate::model::formula::FormulaId;
use crate::source::guards::Span;
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

/// What is wrong, the name of the function and the file that calls it, by their numbers.
type Key = (What, u32, u32);

/// What the search shares.
struct Search<'t> {
    view: View<'t>,
    /// Directories where macros make names that are exported.
    exporters: FxHashSet<&'t str>,
    sites: Sites<'t>,
}

/// All findings, in the order of files and lines.
pub fn find(view: View<'_>) -> Vec<(What, Finding)> {
    let exporters = view.symbols.files.iter().filter(|file| file.exports_any);
    let exporters = exporters.map(|file| dir(&file.path)).collect();
    let search = Search { view, exporters, sites: Sites::new(view.tree, view.symbols) };
    let found = over_arches(
        view.tree,
        |arch| search.confirmed(arch),
        |arch, wanted| search.shown(arch, wanted),
    );
    let mut out: Vec<(What, Finding)> =
        found.into_iter().map(|((what, ..), finding)| (what, finding)).collect();
    out.sort_by(|(_, a), (_, b)| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    out
}

/// The directory of a file.
fn dir(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(dir, _)| dir)
}

impl Search<'_> {
    /// The key of a question.
    fn key(&self, question: &Question) -> Key {
        let mention = self.view.symbols.mentions[question.call];
        (question.what, mention.name, mention.file)
    }

    /// What some configuration of an architecture has, as the evaluator says.
    fn confirmed(&self, arch: usize) -> Vec<Key> {
        let mut asker = Asker::new(self.view.tree, arch);
        let possible = self.possible(arch, &mut asker, None);
        // Missing is missing, whatever else may be wrong with the call.
        let mut groups: FxHashMap<(u32, u32), Vec<usize>> = FxHashMap::default();
        for (number, (question, _)) in possible.iter().enumerate() {
            let (_, name, file) = self.key(question);
            groups.entry((name, file)).or_default().push(number);
        }
        let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
        groups.sort_unstable();
        let numbers: Vec<(usize, usize)> = groups
            .iter()
            .enumerate()
            .flat_map(|(group, numbers)| numbers.iter().map(move |number| (group, *number)))
            .collect();
        let asks: Vec<Ask<'_>> = numbers
            .iter()
            .map(|&(group, number)| {
                let (question, way) = &possible[number];
                let lits = self.lits(arch, &mut asker, question, way);
                Ask { lits, check: self.check(arch, question, way), group }
            })
            .collect();
        let confirmed = asker.logic.confirmed(&asks);
        let found = numbers.iter().zip(confirmed).filter(|(_, confirmed)| *confirmed);
        found.map(|((_, number), _)| self.key(&possible[*number].0)).collect()
    }

    /// Findings for some of that.
    fn shown(&self, arch: usize, wanted: &FxHashSet<Key>) -> Vec<(Key, Finding)> {
        let mut asker = Asker::new(self.view.tree, arch);
        let mut texts = self.view.tree.source_texts();
        let mut seen = FxHashSet::default();
        let mut out = Vec::new();
        for (question, way) in self.possible(arch, &mut asker, Some(wanted)) {
            let key = self.key(&question);
            if !wanted.contains(&key) || seen.contains(&key) {
                continue;
            }
            if let Some(finding) = self.finding(arch, &mut asker, &mut texts, &question, &way) {
                seen.insert(key);
                out.push((key, finding));
            }
        }
        out
    }

    /// The questions whose answer may be yes, of all functions or those that are wanted, each with the way
    /// to its call.
    fn possible(
        &self,
        arch: usize,
        asker: &mut Asker<'_>,
        wanted: Option<&FxHashSet<Key>>,
    ) -> Vec<(Question, Way)> {
        let symbols = self.view.symbols;
        let names: Option<FxHashSet<u32>> =
            wanted.map(|wanted| wanted.iter().map(|(_, name, _)| *name).collect());
        let mut asked = Vec::new();
        for (number, known) in self.view.known.iter().enumerate() {
            if names.as_ref().is_none_or(|names| names.contains(&known.name)) {
                self.function(arch, asker, number, &mut asked);
            }
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
        asked.retain(|question| {
            let mention = symbols.mentions[question.call];
            answers[unique[&question.lits]] == Answer::Possible
                && !symbols.is_pasted(&symbols.names[mention.name as usize])
        });
        let with_way = |question: Question| {
            let way = self.sites.way(question.call)?;
            Some((question, way))
        };
        asked.into_iter().filter_map(with_way).collect()
    }

    /// The questions about one function.
    fn function(&self, arch: usize, asker: &mut Asker<'_>, number: usize, out: &mut Vec<Question>) {
        let View { tree, links, known, .. } = self.view;
        let known = &known[number];
        if known.is_foreign || known.called.is_empty() {
            return;
        }
        let circuit_any = |asker: &mut Asker<'_>, lits: Vec<Lit>| asker.logic.circuit().any(lits);
        // [least, most] of what is in the kernel, and of what is in modules.
        let (mut kernel, mut modules) = (Vec::new(), Vec::new());
        let mut own_modules: Vec<&str> = Vec::new();
        let mut anywhere = false;
        for mention in &known.defined {
            for link in links.of(arch, self.view.file(*mention)) {
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
                let path = self.view.path(**mention);
                has(tree.domain(path), arch) || tree.is_included(path)
            });
            let lits: Vec<Lit> = lits
                .map(|mention| asker.all(self.view.conditions(*mention), Reading::most(in_module)))
                .collect();
            asker.logic.circuit().any(lits)
        });
        let exports_any =
            known.defined.iter().any(|at| self.exporters.contains(dir(self.view.path(*at))));
        let is_exported = !known.exported.is_empty() || exports_any;
        for call in &known.called {
            let linked = links.of(arch, self.view.file(*call)).iter();
            for link in linked.filter(|link| !link.is_partial) {
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
            let guards = asker.all(self.view.conditions(mention), reading);
            asker.logic.circuit().and(object, guards)
        })
    }

    /// What a configuration must have that shows it.
    fn lits(&self, arch: usize, asker: &mut Asker<'_>, question: &Question, way: &Way) -> Vec<Lit> {
        let in_module = question.in_module;
        let mut lits = question.lits.to_vec();
        lits.push(asker.all(&way.conditions, Reading::least(in_module)));
        for Constant { file, when } in &way.constants {
            let path = &self.view.symbols.files[*file as usize].path;
            if has(self.view.tree.domain(path), arch) {
                lits.push(!when.lit(asker, in_module));
            }
        }
        lits.push(asker.compiler());
        lits.sort_unstable();
        lits.dedup();
        lits
    }

    /// The same, as the evaluator sees it.
    fn check<'s>(&'s self, arch: usize, question: &Question, way: &'s Way) -> Box<Check<'s>> {
        let View { tree, symbols, links, known, .. } = self.view;
        let formulas = &tree.formulas;
        let known = &known[question.known];
        let Question { what, call, in_module, .. } = *question;
        let least = Reading::least(in_module);
        let most = Reading::most(in_module);
        let every = move |state: &mut State<'_>, conditions: &[FormulaId], reading: Reading| {
            conditions.iter().all(|one| holds(formulas, state, *one, reading))
        };
        let all = move |state: &mut State<'_>, at: usize, object: FormulaId, reading: Reading| {
            holds(formulas, state, object, reading)
                && every(state, self.view.conditions(at), reading)
        };
        Box::new(move |state: &mut State<'_>| {
            let object = |link: &Link| if in_module { link.module } else { link.built_in };
            let mut used = links.of(arch, self.view.file(call)).iter();
            if !ask::has_compiler(state)
                || !used.any(|link| all(state, call, object(link), least))
                || !every(state, &way.conditions, least)
            {
                return false;
            }
            let constant = way.constants.iter().any(|Constant { file, when }| {
                has(tree.domain(&symbols.files[*file as usize].path), arch)
                    && when.holds(&mut |conditions, most| {
                        every(state, conditions, Reading { in_module, most })
                    })
            });
            if constant {
                return false;
            }
            let stub = known.stubs.iter().any(|stub| {
                has(tree.domain(self.view.path(*stub)), arch)
                    && every(state, self.view.conditions(*stub), most)
            });
            if stub {
                return false;
            }
            let (mut kernel, mut module) = (false, false);
            for mention in &known.defined {
                for link in links.of(arch, self.view.file(*mention)) {
                    kernel |= all(state, *mention, link.built_in, Reading::most(false));
                    module |= all(state, *mention, link.module, Reading::most(true));
                }
            }
            match what {
                What::Missing => !kernel && !module,
                What::InModule => !kernel && module,
                What::NotExported => kernel || module,
            }
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
        let View { tree, symbols, links, known, .. } = self.view;
        let known = &known[question.known];
        let in_module = question.in_module;
        let lits = self.lits(arch, asker, question, way);
        if asker.logic.possible(&lits) != Answer::Possible {
            return None;
        }
        let witness = asker.logic.shown(&lits, &self.check(arch, question, way))?;
        let model = &tree.arches[arch].model;
        let file = self.view.path(question.call);
        let name = &symbols.names[known.name as usize];
        let mention = symbols.mentions[question.call];
        let at = Span { start: mention.at, len: name.len() as u32, ..Span::default() };
        // Another architecture may have one of its own.
        let mut here = known.defined.iter().filter(|at| self.is_linked(arch, **at));
        let from = self.view.path(*here.next().or(known.defined.first())?);
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
        let user = self.view.file(question.call);
        let definers = || known.defined.iter().map(|at| self.view.file(*at));
        finding.test = Some(Test::Objects(Objects {
            fault: match question.what {
                What::Missing => Fault::Missing,
                What::InModule => Fault::InModule,
                What::NotExported => Fault::NotExported,
            },
            function: name.to_string(),
            users: links.objects(tree, arch, [user]),
            definers: links.objects(tree, arch, definers()),
            directories: links.directories(tree, arch, definers().chain([user])),
            in_module,
            option: None,
        }));
        evidence::show(model, &mut finding, &witness);
        Some(finding)
    }

    /// Where the function is, and the lines of makefiles that decide about both.
    fn facts(&self, arch: usize, texts: &mut Texts, question: &Question) -> Vec<Fact> {
        let View { symbols, known, .. } = self.view;
        let known = &known[question.known];
        let mut facts = Vec::new();
        let here = known.defined.iter().filter(|at| self.is_linked(arch, **at));
        for mention in here.take(3) {
            let what = format!("{} is defined here", symbols.names[known.name as usize]);
            let mention_ = &symbols.mentions[*mention];
            facts.push(gating::fact(symbols, texts, mention_, &what));
            self.rules(arch, texts, *mention, &mut facts);
        }
        self.rules(arch, texts, question.call, &mut facts);
        facts
    }

    /// Whether an architecture makes an object of a mention's file.
    fn is_linked(&self, arch: usize, mention: usize) -> bool {
        !self.view.links.of(arch, self.view.file(mention)).is_empty()
    }

    /// The lines of makefiles that lead to a mention's file.
    fn rules(&self, arch: usize, texts: &mut Texts, mention: usize, out: &mut Vec<Fact>) {
        let Some(kbuild) = &self.view.tree.arches[arch].kbuild else { return };
        for link in self.view.links.of(arch, self.view.file(mention)) {
            let object = &kbuild.objects[link.object];
            for rule in
                kbuild.contributions(object).iter().take(2).flat_map(|one| kbuild.chain(one))
            {
                let text = texts.line(&rule.file, rule.line).trim().to_owned();
                let fact = Fact { file: rule.file.to_string(), line: rule.line, text };
                if !out.contains(&fact) && fact.text.contains("CONFIG_") {
                    out.push(fact);
                }
            }
        }
    }
}
