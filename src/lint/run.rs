//! Asking all rules: each architecture once, two at a time or as many as there are processors; then
//! those again that can prove what holds everywhere; then the whole tree.

use std::time::{Duration, Instant};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::context::Tree;
use super::merge::{self, Definition, Idle, Key, Merged, Raw};
use super::verdicts::{self, Board, Found, Left, Verdicts};
use super::watch::{Unwatched, Watch};
use super::{ArchCx, Check, Needs, Refuted, Rule, TreeCx, Wanted, fingerprint, locked, rules};
use crate::exit::{Error, Result};
use crate::kconf::eval::with_stack;
use crate::logic::Logic;
use crate::model::confirm::Test;
use crate::model::finding::Finding;

/// How long a phase took.
pub type Phase = (String, Duration);

/// Applies `rules` to `tree`. Findings are merged, sorted, and have their fingerprints.
pub fn run(tree: &Tree, rules: &[&'static Rule]) -> Result<(Vec<Finding>, Vec<Phase>)> {
    run_watched(tree, rules, &Unwatched)
}

/// As [`run`], and tells `watch` how far it is.
pub fn run_watched(
    tree: &Tree,
    rules: &[&'static Rule],
    watch: &dyn Watch,
) -> Result<(Vec<Finding>, Vec<Phase>)> {
    let mut phases: Vec<Phase> =
        rules.iter().map(|r| (r.name.to_owned(), Duration::ZERO)).collect();
    let refuted = Refuted::default();
    let needs = rules.iter().fold(Needs::default(), |all, rule| all.and(rule.needs));
    let board = needs.verdicts.then(|| Board::new(tree));
    let ask = |index: usize| {
        let board = board.as_ref();
        let pass = Pass { refuted: &refuted, wanted: None, board, left: &[], watch };
        // Expressions nest as deep as a tree's author likes.
        let said = with_stack(|| one(tree, index, rules, pass));
        (index, said.map_err(|err| Error::io("a thread", err)))
    };
    // Most of what would have to hold everywhere does not hold on the largest ones, and is not asked
    // again.
    let mut largest: Vec<usize> = (0..tree.arches.len()).collect();
    largest.sort_by_key(|index| std::cmp::Reverse(tree.arches[*index].model.symbols.len()));
    watch.phase("asking", tree.arches.len() * (rules.len() + 1));
    let (first, others) = largest.split_at(largest.len().min(FIRST));
    let mut per_arch: Vec<(usize, Result<_>)> = first.par_iter().map(|index| ask(*index)).collect();
    per_arch.par_extend(others.par_iter().map(|index| ask(*index)));
    per_arch.sort_by_key(|(index, _)| *index);
    let mut found = Vec::new();
    let mut idle = Vec::new();
    let mut guards = Duration::ZERO;
    for (_, result) in per_arch {
        let (said, times) = result?;
        found.extend(said.found);
        idle.push(said.idle);
        guards += times.guards;
        phases.iter_mut().zip(times.rules).for_each(|(phase, time)| phase.1 += time);
    }
    let start = Instant::now();
    if tree.focus.is_some() {
        reach_what_is_open(tree, &found, &refuted, &mut idle)?;
    }
    let merged = merge::merge(tree, found, &idle, &locked(&refuted));
    let left = board.map(|board| board.left(tree)).unwrap_or_default();
    let mut findings = prove(tree, merged, rules, &left, watch)?;
    let proofs = start.elapsed();
    let mut found = Vec::new();
    let whole = |rule: &&&Rule| matches!(rule.check, Check::Tree(_));
    watch.phase("whole tree", rules.iter().filter(whole).count());
    for (rule, phase) in rules.iter().zip(&mut phases) {
        let Check::Tree(check) = rule.check else { continue };
        watch.step(rule.name);
        let start = Instant::now();
        check(&mut TreeCx { tree, rule, found: &mut found });
        phase.1 += start.elapsed();
    }
    phases.extend(needs.verdicts.then(|| ("guards".to_owned(), guards)));
    phases.push(("proofs".to_owned(), proofs));
    let whole = merge::merge(tree, found, &idle, &locked(&refuted));
    findings.extend(whole.into_iter().map(|one| one.finding));
    findings.sort_by_cached_key(merge::key);
    fingerprint::add(tree, &mut findings);
    Ok((findings, phases))
}

/// Where little is asked about, nobody asks an architecture whether it reaches a definition unless
/// another one has something to say about that.
fn reach_what_is_open(
    tree: &Tree,
    found: &[Raw],
    refuted: &Refuted,
    idle: &mut [Idle],
) -> Result<()> {
    let refuted = locked(refuted).clone();
    let open: FxHashSet<Definition> =
        found.iter().filter_map(|raw| raw.waits_for(&refuted).cloned()).collect();
    let open: Vec<Definition> = open.into_iter().collect();
    if open.is_empty() {
        return Ok(());
    }
    let reads = |index: usize| open.iter().any(|(file, _)| tree.domain(file) >> index & 1 == 1);
    let asked: Vec<(usize, &mut Idle)> =
        idle.iter_mut().enumerate().filter(|(index, _)| reads(*index)).collect();
    asked.into_par_iter().try_for_each(|(index, idle)| {
        let Some(first) = rules::RULES.first() else { return Ok(()) };
        let ask = || {
            let nothing = Refuted::default();
            let mut cx = ArchCx::new(tree, index, first, &nothing, None);
            cx.reach_definitions(&open);
            cx.idle
        };
        let more = with_stack(ask).map_err(|err| Error::io("a thread", err))?;
        idle.extend(more);
        Ok(())
    })
}

/// As many of the largest architectures are asked before the others.
const FIRST: usize = 2;

/// What an architecture is asked for.
#[derive(Clone, Copy)]
struct Pass<'a> {
    refuted: &'a Refuted,
    /// The claims that are to be proven; nothing while they are looked for.
    wanted: Option<&'a Wanted>,
    /// What may be said about guards, while it is looked for.
    board: Option<&'a Board>,
    /// What is to be proven about guards.
    left: &'a [Left],
    /// Who waits.
    watch: &'a dyn Watch,
}

/// Asks the rules once more, on few architectures, for the proofs of what holds everywhere.
fn prove(
    tree: &Tree,
    merged: Vec<Merged>,
    rules: &[&'static Rule],
    left: &[Vec<Left>],
    watch: &dyn Watch,
) -> Result<Vec<Finding>> {
    let mut wanted: Vec<Wanted> = vec![Wanted::default(); tree.arches.len()];
    let mut asked: Vec<&'static Rule> = Vec::new();
    // The architectures that most of them hold for come first, so that few are asked.
    let mut busiest: Vec<usize> = (0..tree.arches.len()).collect();
    let count = |index: usize| {
        merged.iter().filter(|one| one.claim.is_some() && one.arches >> index & 1 == 1).count()
    };
    busiest.sort_by_cached_key(|index| std::cmp::Reverse(count(*index)));
    for one in merged.iter().filter(|one| one.claim.is_some()) {
        let holds = |index: &&usize| one.arches >> **index & 1 == 1;
        // What is about no definition reads best where most people would look.
        let known = busiest.iter().find(|index| tree.arches[**index].name == "x86");
        let known = known.filter(|index| one.is_anywhere() && holds(index));
        if let Some(index) = known.or_else(|| busiest.iter().find(holds)) {
            wanted[*index].extend(one.claim);
        }
        let rule = rules.iter().find(|rule| rule.code == one.finding.code);
        asked.extend(rule.filter(|rule| !asked.iter().any(|other| other.code == rule.code)));
    }
    let of = |index: usize| left.get(index).map(Vec::as_slice).unwrap_or_default();
    let indexes: Vec<usize> = (0..tree.arches.len())
        .filter(|index| !wanted[*index].is_empty() || !of(*index).is_empty())
        .collect();
    watch.phase("proving", indexes.len() * (asked.len() + 1));
    let refuted = Refuted::default();
    let proven: Vec<Result<Said>> = indexes
        .into_par_iter()
        .map(|index| {
            let (wanted, left) = (Some(&wanted[index]), of(index));
            let pass = Pass { refuted: &refuted, wanted, board: None, left, watch };
            with_stack(|| one(tree, index, &asked, pass).0)
                .map_err(|err| Error::io("a thread", err))
        })
        .collect();
    let mut known: FxHashMap<Key, Finding> = FxHashMap::default();
    let mut verdicts = Vec::new();
    for said in proven {
        let said = said?;
        known.extend(said.proven);
        verdicts.extend(said.verdicts);
    }
    tree.set_verdicts(Verdicts::new(verdicts));
    let finish = |one: Merged| {
        let Some(claim) = one.claim else { return Some(one.finding) };
        let proven = known.remove(&one.key())?;
        let test = proven.test.clone().or(Some(Test::Claim(claim)));
        Some(Finding { arches: one.finding.arches, test, ..proven })
    };
    Ok(merged.into_iter().filter_map(finish).collect())
}

/// What the rules say about one architecture, and how long each took. Its solver is gone afterwards.
fn one<'a>(tree: &'a Tree, index: usize, rules: &[&'static Rule], pass: Pass<'a>) -> (Said, Times) {
    let mut times = Times::default();
    let Some(first) = rules.first().copied().or(rules::RULES.first()) else {
        return (Said::default(), times);
    };
    let mut cx = ArchCx::new(tree, index, first, pass.refuted, pass.wanted);
    for rule in rules {
        pass.watch.step(&format!("{}: {}", cx.arch.name, rule.name));
        let start = Instant::now();
        cx.rule = rule;
        match (rule.check, cx.arch.model.failed()) {
            (Check::Arch(check), false) | (Check::Refused(check), true) => check(&mut cx),
            _ => {}
        }
        times.rules.push(start.elapsed());
    }
    pass.watch.step(&format!("{}: guards", cx.arch.name));
    let start = Instant::now();
    if let Some(board) = pass.board.filter(|board| board.concerns(tree, index)) {
        if cx.has_logic() {
            board.ask(tree, index, cx.logic());
        } else {
            let names = board.options(tree, index);
            let arch = &tree.arches[index];
            let symbols: Vec<_> =
                names.into_iter().filter_map(|name| arch.find(name.as_bytes())).collect();
            board.ask(tree, index, &mut Logic::about(&arch.model, &symbols));
        }
    }
    let verdicts = match pass.left {
        [] => Vec::new(),
        left => verdicts::prove(tree, index, left, cx.logic()),
    };
    times.guards = start.elapsed();
    (Said { found: cx.found, idle: cx.idle, proven: cx.proven, verdicts }, times)
}

/// How long the rules took, in their order, and what is asked for all rules about guards.
#[derive(Default)]
struct Times {
    rules: Vec<Duration>,
    guards: Duration,
}

/// What the rules said about one architecture.
#[derive(Default)]
struct Said {
    found: Vec<Raw>,
    idle: Idle,
    proven: Vec<(Key, Finding)>,
    verdicts: Vec<Found>,
}
