//! Universal verdicts before two judges: another solver, and random configurations.
//!
//! What no configuration can have was found by our encoding and our solver. The second solver gets
//! the dumped clauses of every architecture that the verdict is about, and has to find the same
//! impossible; it would show a bug in the solver. Random configurations come from the evaluator and
//! know nothing of clauses; they would show a bug in the encoding. Either can only take a finding away.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::context::Tree;
use super::{ArchCx, Check, Refuted, Rule, Wanted};
use crate::exit::{Error, Result};
use crate::kconf::eval::with_stack;
use crate::logic::circuit::Lit;
use crate::logic::formula::Lowered;
use crate::logic::sample::Sample;
use crate::logic::second::{Said, Second};
use crate::logic::{Answer, Logic};
use crate::model::confirm::Test;
use crate::model::finding::{Finding, Verified};

/// What came of asking somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They say so too.
    Confirmed(Verified),
    /// It is not so, and how that shows.
    Refuted(String),
    /// They cannot tell, and why not.
    Undecided(String),
    /// They were not asked: there are too many.
    Unasked,
}

/// Another solver: DIMACS in, what it says out.
pub type External<'a> = dyn Fn(&str) -> Result<Said> + Sync + 'a;

/// Who is asked.
pub struct Judges<'a> {
    /// How many random configurations there are of each architecture.
    pub configurations: u32,
    /// The seed of the first one.
    pub seed: u32,
    /// A program in place of the second solver that is built in.
    pub external: Option<&'a External<'a>>,
}

/// What the judges said.
#[derive(Debug, Default)]
pub struct Judged {
    /// By finding; nothing for those that are not universal.
    pub outcomes: Vec<Option<Outcome>>,
    /// Configurations that contradict our clauses: bugs of ours, whatever the findings.
    pub contradictions: Vec<String>,
}

/// What one architecture says: about findings, by number, and its contradictions.
type Told = (Vec<(usize, Outcome)>, Vec<String>);

/// What one finding says is impossible: no configuration has all literals of any of these.
struct Question {
    finding: usize,
    never: Vec<Vec<Lit>>,
}

/// Asks the judges about the universal verdicts among `findings`, which `rules` found in `tree`.
pub fn universal(
    tree: &Tree,
    rules: &[&'static Rule],
    findings: &[Finding],
    judges: &Judges<'_>,
) -> Result<Judged> {
    let per_arch: Vec<Result<Told>> = (0..tree.arches.len())
        .into_par_iter()
        .map(|index| {
            with_stack(|| arch(tree, index, rules, findings, judges))
                .map_err(|err| Error::io("a thread", err))?
        })
        .collect();
    let mut judged = Judged { outcomes: vec![None; findings.len()], contradictions: Vec::new() };
    for result in per_arch {
        let (outcomes, contradictions) = result?;
        judged.contradictions.extend(contradictions);
        for (finding, outcome) in outcomes {
            worst(&mut judged.outcomes[finding], outcome);
        }
    }
    for (finding, outcome) in findings.iter().zip(&mut judged.outcomes) {
        // What has a witness is no verdict about all configurations.
        let universal = matches!(finding.test, Some(Test::Claim(_) | Test::Guard(_)))
            && finding.witness.is_none();
        if outcome.is_none() && universal {
            *outcome = Some(Outcome::Undecided("no architecture was asked about it".to_owned()));
        }
    }
    Ok(judged)
}

/// A verdict holds where all architectures say so.
fn worst(old: &mut Option<Outcome>, new: Outcome) {
    let rank = |outcome: &Outcome| match outcome {
        Outcome::Confirmed(_) => 0,
        Outcome::Undecided(_) | Outcome::Unasked => 1,
        Outcome::Refuted(_) => 2,
    };
    if old.as_ref().is_none_or(|old| rank(old) < rank(&new)) {
        *old = Some(new);
    }
}

/// What one architecture has to say about the findings that name it, and its contradictions.
fn arch(
    tree: &Tree,
    index: usize,
    rules: &[&'static Rule],
    findings: &[Finding],
    judges: &Judges<'_>,
) -> Result<Told> {
    let refuted = Refuted::default();
    let mine = |finding: &Finding| {
        finding.arches.is_empty() || finding.arches.contains(&tree.arches[index].name)
    };
    let asked: Vec<(usize, &Finding)> =
        findings.iter().enumerate().filter(|(_, finding)| mine(finding)).collect();
    let claims: FxHashMap<u64, usize> = asked
        .iter()
        .filter_map(|(number, finding)| match finding.test {
            Some(Test::Claim(key)) => Some((key, *number)),
            _ => None,
        })
        .collect();
    let wanted: Wanted = claims.keys().copied().collect();
    let guards = asked.iter().filter_map(|(number, finding)| match finding.test {
        Some(Test::Guard(verdict)) => Some((*number, verdict)),
        _ => None,
    });
    let guards: Vec<(usize, usize)> = guards.collect();
    let Some(first) = rules.first().filter(|_| !wanted.is_empty() || !guards.is_empty()) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let mut cx = ArchCx::new(tree, index, first, &refuted, Some(&wanted));
    let mut questions = claimed(&mut cx, rules, &claims, findings);
    let logic = cx.logic();
    let mut lowered = Lowered::new(&tree.formulas);
    for (finding, verdict) in guards {
        let all = tree.verdicts();
        if let Some(never) = all.impossible(tree, index, verdict, (logic, &mut lowered)) {
            questions.push(Question { finding, never: vec![never] });
        }
    }
    let solved = solve(logic, &questions, judges)?;
    // A configuration tells more than a solver's word, so it comes first.
    let (mut outcomes, contradictions) =
        sample(logic, &questions, judges, &tree.arches[index].name);
    outcomes.extend(solved);
    Ok((outcomes, contradictions))
}

/// What the rules claim, asked once more for what they say is impossible.
fn claimed(
    cx: &mut ArchCx<'_>,
    rules: &[&'static Rule],
    claims: &FxHashMap<u64, usize>,
    findings: &[Finding],
) -> Vec<Question> {
    cx.claims = Some(Vec::new());
    for rule in rules {
        let Check::Arch(check) = rule.check else { continue };
        if !cx.arch.model.failed() && claims.values().any(|at| findings[*at].code == rule.code) {
            cx.rule = rule;
            check(cx);
        }
    }
    let collected = cx.claims.take().unwrap_or_default();
    let question =
        |(key, never): (u64, Vec<Vec<Lit>>)| Some(Question { finding: *claims.get(&key)?, never });
    collected.into_iter().filter_map(question).collect()
}

/// What the second solver says.
fn solve(
    logic: &mut Logic<'_>,
    questions: &[Question],
    judges: &Judges<'_>,
) -> Result<Vec<(usize, Outcome)>> {
    let flat: Vec<Vec<Lit>> = questions.iter().flat_map(|one| one.never.clone()).collect();
    let answers = if let Some(external) = judges.external {
        Second::ask(logic, &flat, external)?
    } else {
        let mut second = Second::read(&logic.dump(&flat))
            .ok_or_else(|| Error::input("the clauses", "cannot be read back"))?;
        flat.iter().map(|lits| second.answer(lits)).collect()
    };
    let mut answers = answers.into_iter();
    let outcome = |one: &Question| {
        let of: Vec<Answer> = answers.by_ref().take(one.never.len()).collect();
        let outcome = if of.contains(&Answer::Possible) {
            Outcome::Refuted("a second solver finds it possible".to_owned())
        } else if of.contains(&Answer::Unknown) {
            Outcome::Undecided("the second solver gives it up".to_owned())
        } else {
            Outcome::Confirmed(Verified::Solver2)
        };
        (one.finding, outcome)
    };
    Ok(questions.iter().map(outcome).collect())
}

/// Which verdicts random configurations refute, and which configurations contradict the clauses.
fn sample(
    logic: &mut Logic<'_>,
    questions: &[Question],
    judges: &Judges<'_>,
    arch: &str,
) -> (Vec<(usize, Outcome)>, Vec<String>) {
    let on = if arch.is_empty() { String::new() } else { format!(" of {arch}") };
    let sample = Sample::new(logic, judges.seed, judges.configurations);
    let mut out = Vec::new();
    for question in questions {
        let mut seeds = question.never.iter().filter_map(|lits| sample.refutes(lits));
        if let Some(seed) = seeds.next() {
            let why = format!("the random configuration with seed {seed}{on} is against it");
            out.push((question.finding, Outcome::Refuted(why)));
        }
        if sample.len() < judges.configurations as usize {
            let why = format!("only {} random configurations{on} can be made", sample.len());
            out.push((question.finding, Outcome::Undecided(why)));
        }
    }
    let contradictions = sample
        .contradictions
        .iter()
        .map(|(seed, text)| format!("the random configuration with seed {seed}{on}: {text}"));
    (out, contradictions.collect())
}

#[cfg(test)]
mod tests;
