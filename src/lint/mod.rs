//! `lint`: rules about a tree's Kconfig, guards and makefiles. Each finding has a place and a reason.
//!
//! [`RULES`](rules::RULES) is the one table; a rule is one file of `rules/`. Rules are asked twice:
//! once for each architecture, in parallel ([`Check::Arch`]), with a solver that is gone before the
//! next one, so that 21 architectures fit into memory; and once for the whole tree ([`Check::Tree`]).
//! [`merge`] then makes one finding of what several architectures say about the same place.

pub mod context;
mod evidence;
pub mod explain;
mod fingerprint;
pub mod macros;
pub mod merge;
pub mod options;
pub mod places;
pub mod rules;
pub mod similar;
pub mod statements;
pub mod verdicts;

use std::hash::BuildHasher as _;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

pub use self::context::{Arch, Tree};
use self::merge::{Definition, Idle, Key, Merged, Raw};
use crate::exit::{Error, Result};
use crate::kconf::eval::{Tristate, with_stack};
use crate::kconf::model::Place;
use crate::logic::circuit::Lit;
use crate::logic::{Answer, Logic};
use crate::model::finding::{Finding, Severity};

/// The claims that hold everywhere, by [`Claim::key`].
type Wanted = FxHashSet<u64>;
/// The claims that some architecture has refuted.
type Refuted = Mutex<FxHashSet<u64>>;

/// Something that is a finding if it holds on all architectures.
#[derive(Debug)]
pub struct Claim<T> {
    /// What [`ArchCx::is_open`] gave for it.
    pub key: u64,
    /// The definition that it is about.
    pub definition: Place,
    /// What never happens: no configuration has all literals of any of these.
    pub never: Vec<Vec<Lit>>,
    /// What the rule knows of it.
    pub what: T,
}

fn locked(refuted: &Refuted) -> MutexGuard<'_, FxHashSet<u64>> {
    refuted.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its code, which never changes: a letter for what it reads (`K`config, `G`uards, k`B`uild,
    /// `S`ymbols of C) and a number.
    pub code: &'static str,
    /// Its name, such as `unmet-select`.
    pub name: &'static str,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Whether it is applied unless named.
    pub default: bool,
    /// What it does, in a sentence or two.
    pub what: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// An example, as it would stand in a file.
    pub example: &'static str,
    /// How to fix it.
    pub fix: &'static str,
    /// What has to be read for it beside Kconfig.
    pub needs: Needs,
    /// The check.
    pub check: Check,
}

/// What has to be read for a rule beside Kconfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// The conditional blocks of C, assembly and linker scripts.
    pub guards: bool,
    /// The makefiles.
    pub kbuild: bool,
}

impl Needs {
    /// Kconfig only.
    pub const KCONFIG: Self = Self { guards: false, kbuild: false };
    /// Guards too.
    pub const GUARDS: Self = Self { guards: true, kbuild: false };
    /// Makefiles too.
    pub const KBUILD: Self = Self { guards: false, kbuild: true };
    /// Everything.
    pub const ALL: Self = Self { guards: true, kbuild: true };

    /// What either needs.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { guards: self.guards || other.guards, kbuild: self.kbuild || other.kbuild }
    }
}

/// How a rule is asked.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// Once for each architecture. Findings of the same place and message are merged.
    Arch(fn(&mut ArchCx<'_>)),
    /// Once for each architecture whose Kconfig `conf` refuses for nothing but recursive dependencies.
    /// There, values make no sense, and [`Check::Arch`] is not asked.
    Refused(fn(&mut ArchCx<'_>)),
    /// Once, with everything that was read.
    Tree(fn(&mut TreeCx<'_>)),
}

/// What a rule is given that looks at one architecture.
pub struct ArchCx<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// The architecture.
    pub arch: &'a Arch,
    /// Its number in [`Tree::arches`].
    pub index: usize,
    rule: &'static Rule,
    found: Vec<Raw>,
    logic: Option<Box<Logic<'a>>>,
    /// Definitions that no configuration of this architecture reaches, by file and line: what is said
    /// of them here is neither right nor wrong.
    idle: Idle,
    reachable: Option<Rc<[bool]>>,
    /// The findings that are to be proven; nothing while they are looked for.
    wanted: Option<&'a Wanted>,
    refuted: &'a Refuted,
    proven: Vec<(Key, Finding)>,
}

/// What a rule is given that looks at the whole tree.
pub struct TreeCx<'a> {
    /// The tree.
    pub tree: &'a Tree,
    rule: &'static Rule,
    found: &'a mut Vec<Raw>,
}

impl<'a> ArchCx<'a> {
    fn new(
        tree: &'a Tree,
        index: usize,
        rule: &'static Rule,
        refuted: &'a Refuted,
        wanted: Option<&'a Wanted>,
    ) -> Self {
        let arch = &tree.arches[index];
        let (found, proven, idle) = (Vec::new(), Vec::new(), Idle::default());
        Self {
            tree,
            arch,
            index,
            rule,
            found,
            logic: None,
            idle,
            reachable: None,
            refuted,
            wanted,
            proven,
        }
    }

    /// Some configuration of this architecture goes wrong, which is enough for a finding. Code, rule,
    /// severity and architectures are filled in.
    pub fn exists(&mut self, finding: Finding) {
        self.found.push(Raw::new(self.rule, finding, Some(self.index), false));
    }

    /// The logic of this architecture, which all rules share.
    pub fn logic(&mut self) -> &mut Logic<'a> {
        let arch = self.arch;
        self.logic.get_or_insert_with(|| Box::new(Logic::new(&arch.model)))
    }

    /// By menu node: whether some configuration meets its conditions. What [`ArchCx::universal`] says
    /// elsewhere of a definition that is not reachable here holds here too.
    pub fn reachable(&mut self) -> Rc<[bool]> {
        if let Some(known) = &self.reachable {
            return Rc::clone(known);
        }
        let model = &self.arch.model;
        let conditions: Vec<Vec<Lit>> = model
            .menus
            .iter()
            .map(|menu| vec![self.logic().expr(menu.dep, Tristate::Mod)])
            .collect();
        let answers = self.logic().each(&conditions);
        let mut reachable = Vec::with_capacity(model.menus.len());
        for (menu, answer) in model.menus.iter().zip(answers) {
            let met = answer != Answer::Impossible;
            if !met {
                let definition = self.definition(menu.place);
                self.idle.insert(definition);
            }
            reachable.push(met);
        }
        let reachable: Rc<[bool]> = reachable.into();
        self.reachable = Some(Rc::clone(&reachable));
        reachable
    }

    /// What is asked about on all architectures, by the rule and the place: what one of them has
    /// answered with "that can be" need not be asked again, and proofs are made only of what holds.
    pub fn is_open(&self, place: (&str, u32)) -> Option<u64> {
        let key = FxBuildHasher.hash_one((self.rule.code, place));
        let open = match self.wanted {
            Some(wanted) => wanted.contains(&key),
            None => !locked(self.refuted).contains(&key),
        };
        open.then_some(key)
    }

    /// For each claim whether it holds on this architecture.
    pub fn ask<T>(&mut self, claims: &[Claim<T>]) -> Vec<bool> {
        let questions: Vec<Vec<Lit>> =
            claims.iter().flat_map(|claim| claim.never.clone()).collect();
        let mut answers = self.logic().each(&questions).into_iter();
        let mut holds = Vec::with_capacity(claims.len());
        let mut refuted = Vec::new();
        for claim in claims {
            let of: Vec<Answer> = answers.by_ref().take(claim.never.len()).collect();
            holds.push(of.iter().all(|answer| *answer == Answer::Impossible));
            refuted.extend(of.contains(&Answer::Possible).then_some(claim.key));
        }
        if self.wanted.is_none() {
            locked(self.refuted).extend(refuted);
        }
        holds
    }

    /// A claim that holds here: a finding if it does on every architecture that the file is read for
    /// (see [`Tree::domain`]). Proofs take their time, so one is only made where it holds everywhere;
    /// then `adjust` may look at it.
    pub fn universal<T>(&mut self, claim: &Claim<T>, finding: Finding, adjust: fn(&mut Finding)) {
        let raw = Raw::new(self.rule, finding, Some(self.index), true);
        let raw = raw.of(self.definition(claim.definition), claim.key);
        if self.wanted.is_none() {
            self.found.push(raw);
            return;
        }
        let key = raw.key();
        let mut finding = raw.into_finding();
        let circuit = self.logic().circuit();
        let all: Vec<Lit> =
            claim.never.iter().map(|lits| circuit.all(lits.iter().copied())).collect();
        let lits = match claim.never.as_slice() {
            [one] => one.clone(),
            _ => vec![circuit.any(all)],
        };
        evidence::prove(self, &mut finding, &lits);
        adjust(&mut finding);
        self.proven.push((key, finding));
    }

    fn definition(&self, place: Place) -> Definition {
        (self.arch.model.file(place.file).name.as_str().into(), place.line)
    }
}

impl TreeCx<'_> {
    /// A finding; `arches` is left as it is.
    pub fn report(&mut self, finding: Finding) {
        self.found.push(Raw::new(self.rule, finding, None, false));
    }
}

/// How long a phase took.
pub type Phase = (String, Duration);

/// Applies `rules` to `tree`. Findings are merged, sorted, and have their fingerprints.
pub fn run(tree: &Tree, rules: &[&'static Rule]) -> Result<(Vec<Finding>, Vec<Phase>)> {
    let mut phases: Vec<Phase> =
        rules.iter().map(|r| (r.name.to_owned(), Duration::ZERO)).collect();
    let refuted = Refuted::default();
    let ask = |index: usize| {
        // Expressions nest as deep as a tree's author likes.
        with_stack(|| one(tree, index, rules, &refuted, None))
            .map_err(|err| Error::io("a thread", err))
    };
    // Most of what would have to hold everywhere does not hold on the largest one, and is not asked
    // again.
    let largest =
        (0..tree.arches.len()).max_by_key(|index| tree.arches[*index].model.symbols.len());
    let first = largest.map(&ask);
    let others: Vec<usize> = (0..tree.arches.len()).filter(|i| Some(*i) != largest).collect();
    let mut per_arch: Vec<(usize, Result<_>)> =
        others.into_par_iter().map(|index| (index, ask(index))).collect();
    per_arch.extend(largest.zip(first));
    per_arch.sort_by_key(|(index, _)| *index);
    let mut found = Vec::new();
    let mut idle = Vec::new();
    for (_, result) in per_arch {
        let (cx, times) = result?;
        found.extend(cx.found);
        idle.push(cx.idle);
        phases.iter_mut().zip(times).for_each(|(phase, time)| phase.1 += time);
    }
    for (rule, phase) in rules.iter().zip(&mut phases) {
        let Check::Tree(check) = rule.check else { continue };
        let start = Instant::now();
        check(&mut TreeCx { tree, rule, found: &mut found });
        phase.1 += start.elapsed();
    }
    let start = Instant::now();
    let merged = merge::merge(tree, found, &idle, &locked(&refuted));
    let mut findings = prove(tree, merged, rules)?;
    phases.push(("proofs".to_owned(), start.elapsed()));
    fingerprint::add(tree, &mut findings);
    Ok((findings, phases))
}

/// Asks the rules once more, on few architectures, for the proofs of what holds everywhere.
fn prove(tree: &Tree, merged: Vec<Merged>, rules: &[&'static Rule]) -> Result<Vec<Finding>> {
    let mut wanted: Vec<Wanted> = vec![Wanted::default(); tree.arches.len()];
    let mut asked: Vec<&'static Rule> = Vec::new();
    // The architectures that most of them hold for come first, so that few are asked.
    let mut busiest: Vec<usize> = (0..tree.arches.len()).collect();
    let count = |index: usize| {
        merged.iter().filter(|one| one.claim.is_some() && one.arches >> index & 1 == 1).count()
    };
    busiest.sort_by_cached_key(|index| std::cmp::Reverse(count(*index)));
    for one in merged.iter().filter(|one| one.claim.is_some()) {
        if let Some(index) = busiest.iter().find(|index| one.arches >> **index & 1 == 1) {
            wanted[*index].extend(one.claim);
        }
        let rule = rules.iter().find(|rule| rule.code == one.finding.code);
        asked.extend(rule.filter(|rule| !asked.iter().any(|other| other.code == rule.code)));
    }
    let indexes: Vec<usize> = (0..tree.arches.len()).filter(|i| !wanted[*i].is_empty()).collect();
    let proven: Vec<Result<Vec<(Key, Finding)>>> = indexes
        .into_par_iter()
        .map(|index| {
            let work =
                || one(tree, index, &asked, &Refuted::default(), Some(&wanted[index])).0.proven;
            with_stack(work).map_err(|err| Error::io("a thread", err))
        })
        .collect();
    let mut known: FxHashMap<Key, Finding> = FxHashMap::default();
    for result in proven {
        known.extend(result?);
    }
    let finish = |mut one: Merged| {
        if let Some(proven) = known.remove(&one.key()) {
            let arches = std::mem::take(&mut one.finding.arches);
            one.finding = Finding { arches, ..proven };
        }
        one.finding
    };
    Ok(merged.into_iter().map(finish).collect())
}

/// What the rules say about one architecture, and how long each took.
fn one<'a>(
    tree: &'a Tree,
    index: usize,
    rules: &[&'static Rule],
    refuted: &'a Refuted,
    wanted: Option<&'a Wanted>,
) -> (Said, Vec<Duration>) {
    let mut times = Vec::new();
    let Some(first) = rules.first() else { return (Said::default(), times) };
    let mut cx = ArchCx::new(tree, index, first, refuted, wanted);
    for rule in rules {
        let start = Instant::now();
        cx.rule = rule;
        match (rule.check, cx.arch.model.failed()) {
            (Check::Arch(check), false) | (Check::Refused(check), true) => check(&mut cx),
            _ => {}
        }
        times.push(start.elapsed());
    }
    (Said { found: cx.found, idle: cx.idle, proven: cx.proven }, times)
}

/// What the rules said about one architecture.
#[derive(Default)]
struct Said {
    found: Vec<Raw>,
    idle: Idle,
    proven: Vec<(Key, Finding)>,
}
