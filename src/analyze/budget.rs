//! Judging: a policy on pairs of measured sides gives a verdict. Pure.
//!
//! Each rule is asked about each pair it is about. What was not measured, what cannot be compared
//! and a rule that judged nothing are judgements too, so that none of them can look like a pass;
//! how they rank is said in `model::verdict`.

use crate::model::policy::{Against, Date, Limit, OFF_COSTS_NOTHING, OffCostsNothing, Policy};
use crate::model::run::Run;
use crate::model::verdict::{
    COMPARABLE, COMPLETE, Judgement, Outcome, PairRow, SCHEMA, State, Verdict,
};

use super::cells::Cells;
use super::comparable;
use super::disagree;
use super::limits::{self, Question};
use super::pairs::{Pair, Side};
use super::waive;

/// What the command line adds to the policy.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// What limits are compared with unless they say so themselves.
    pub against: Option<Against>,
    /// The variant in which the option is off.
    pub off: Option<&'a str>,
    /// Only these architectures are judged; empty for all.
    pub archs: &'a [String],
    /// The day on which waivers are looked at.
    pub today: Date,
    /// What is judged, for the report.
    pub subject: &'a str,
    /// The policy's file, or what stands in for one.
    pub policy_name: &'a str,
}

impl Ask<'_> {
    fn allows(&self, arch: &str) -> bool {
        self.archs.is_empty() || self.archs.iter().any(|allowed| allowed == arch)
    }
}

/// Whether `list` (empty for all) names `word`.
fn about(list: &[String], word: Option<&str>) -> bool {
    list.is_empty() || word.is_some_and(|word| list.iter().any(|entry| entry == word))
}

/// Whether `limit` asks about `pair`.
fn limit_asks(limit: &Limit, pair: &Pair, ask: &Ask<'_>) -> bool {
    let against = match (limit.against, limit.max_growth) {
        (Some(against), _) => Some(against),
        (None, Some(_)) => ask.against,
        // An absolute limit is about every cell, whatever it is compared with.
        (None, None) => None,
    };
    // Growth needs something to grow from.
    (against.is_some() || limit.max_growth.is_none())
        && pair.against == against
        && about(&limit.arch, Some(&pair.arch))
        && about(&limit.variant, pair.variant.as_deref())
}

/// Whether the rule asks about `pair`: the option is off on both sides, of two sources or of a
/// source and what was recorded of another.
fn off_asks(rule: &OffCostsNothing, pair: &Pair, ask: &Ask<'_>, sources: bool) -> bool {
    let wanted = if sources { Against::Source } else { Against::Baseline };
    let off = rule.variant.as_deref().or(ask.off);
    pair.against == Some(wanted)
        && about(&rule.arch, Some(&pair.arch))
        && (pair.variant.is_none() || pair.variant.as_deref() == off)
}

/// Whether judging `pair` needs its symbols: to sum them, or to name those that grew.
pub fn wants_symbols(policy: &Policy, pair: &Pair, ask: &Ask<'_>) -> bool {
    if !ask.allows(&pair.arch) || pair.head.sizes().is_none() || pair.proven {
        return false;
    }
    let limits = policy.limits.iter().any(|limit| limit_asks(limit, pair, ask));
    limits || (policy.off_costs_nothing.is_some() && pair.against.is_some())
}

/// Cells of a run that have no result: none of them may hide behind a rule that does not ask.
pub fn incomplete(run: &Run, ask: &Ask<'_>) -> Vec<Judgement> {
    let arch = |id: &str| id.split('/').next().unwrap_or_default().to_owned();
    let missing = run.missing().filter(|id| ask.allows(&arch(id))).map(|id| {
        let message = "this is a part of a run, and the cell is in another".to_owned();
        blank(COMPLETE, id, &arch(id), State::Missing, message)
    });
    let all = Cells::of(run);
    let cells = run.cells.iter().filter(|cell| ask.allows(&cell.arch));
    cells
        .filter_map(|cell| match all.side(cell) {
            Side::Failed(reason) => {
                let name = all.name(cell);
                Some(blank(COMPLETE, &name, &cell.arch, State::Missing, reason))
            }
            _ => None,
        })
        .chain(missing)
        .collect()
}

/// A judgement without numbers.
pub fn blank(rule: &str, cell: &str, arch: &str, state: State, message: String) -> Judgement {
    Judgement {
        rule: rule.to_owned(),
        state,
        cell: cell.to_owned(),
        arch: arch.to_owned(),
        quantity: None,
        base: None,
        head: None,
        limit: None,
        within_noise: false,
        message,
        symbols: Vec::new(),
        classes: Vec::new(),
        waiver: None,
    }
}

/// Judges `pairs` by `policy`. `judgements` are those that were made before (see [`incomplete`]).
pub fn judge(
    policy: &Policy,
    pairs: &[Pair],
    ask: &Ask<'_>,
    judgements: Vec<Judgement>,
) -> Verdict {
    let mut verdict = Verdict {
        schema: SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        outcome: Outcome::Pass,
        subject: ask.subject.to_owned(),
        policy: ask.policy_name.to_owned(),
        pairs: Vec::new(),
        judgements,
        warnings: Vec::new(),
    };
    let pairs: Vec<&Pair> = pairs.iter().filter(|pair| ask.allows(&pair.arch)).collect();
    let sources = pairs.iter().any(|pair| pair.against == Some(Against::Source));
    let rules = questions(policy, ask, sources);
    let mut asked = vec![false; rules.len()];
    for pair in &pairs {
        let about: Vec<usize> = (0..rules.len()).filter(|at| (rules[*at].asks)(pair)).collect();
        if about.is_empty() {
            continue;
        }
        for at in &about {
            asked[*at] = true;
        }
        let about: Vec<&Question<'_>> = about.into_iter().map(|at| &rules[at].question).collect();
        let mut found = one_pair(pair, &about, &mut verdict.warnings);
        for judgement in &mut found {
            waive::apply(policy, ask.today, pair, judgement);
        }
        let state = worst(&found);
        verdict.pairs.push(row(pair, state));
        verdict.judgements.extend(found);
    }
    for (rule, asked) in rules.iter().zip(asked) {
        idle(rule, asked, &pairs, ask, &mut verdict);
    }
    waive::warnings(policy, ask, &mut verdict);
    verdict.warnings.dedup();
    conclude(&mut verdict);
    verdict
}

/// A rule of the policy, ready to be asked.
struct Rule<'a> {
    question: Question<'a>,
    archs: &'a [String],
    variants: &'a [String],
    asks: Box<dyn Fn(&Pair) -> bool + 'a>,
    hint: &'static str,
}

fn questions<'a>(policy: &'a Policy, ask: &'a Ask<'a>, sources: bool) -> Vec<Rule<'a>> {
    let off = policy.off_costs_nothing.iter().map(|rule| Rule {
        question: Question::Off(rule),
        archs: &rule.arch,
        variants: &[],
        asks: Box::new(move |pair| off_asks(rule, pair, ask, sources)),
        hint: "it needs two sources (hmmsize build --base REV --head REV) or a baseline, and the \
               variant in which the option is off",
    });
    let limits = policy.limits.iter().map(|limit| Rule {
        question: Question::Limit(limit),
        archs: &limit.arch,
        variants: &limit.variant,
        asks: Box::new(move |pair| limit_asks(limit, pair, ask)),
        hint: "no cell of the run matches its arch and variant, or there is nothing to hold them \
               against",
    });
    off.chain(limits).collect()
}

/// Everything the rules `about` say of one pair.
fn one_pair(pair: &Pair, about: &[&Question<'_>], warnings: &mut Vec<String>) -> Vec<Judgement> {
    let not = |rule: &str, state, reason: String| {
        vec![blank(rule, &pair.cell, &pair.arch, state, reason)]
    };
    match (&pair.base, &pair.head) {
        // Reported once for the run, by `incomplete`, but the pair must not look judged either.
        (Side::Failed(_), _)
        | (_, Side::Failed(_))
        | (Side::Impossible(_), Side::Impossible(_)) => Vec::new(),
        (_, Side::Absent(reason)) => not(COMPLETE, State::Missing, reason.clone()),
        (_, Side::Foreign(reason)) | (Side::Foreign(reason), _) => {
            not(COMPARABLE, State::NotComparable, reason.clone())
        }
        (Side::Measured { .. }, Side::Impossible(_)) if pair.against == Some(Against::Variant) => {
            Vec::new()
        }
        (_, Side::Impossible(_)) if pair.against.is_none() => Vec::new(),
        (_, Side::Impossible(reason)) => not(
            COMPLETE,
            State::Missing,
            format!("measured in {}, impossible now: {reason}", pair.base_name),
        ),
        (Side::Impossible(reason), _) => {
            not(COMPLETE, State::Missing, format!("impossible in {}: {reason}", pair.base_name))
        }
        (Side::Absent(reason), Side::Measured { .. }) if pair.against.is_some() => {
            not(COMPLETE, State::Missing, reason.clone())
        }
        (base, Side::Measured { sizes: head, .. }) => {
            if let Some(base) = base.sizes() {
                if let Some(reason) = comparable::obstacle(base, head) {
                    return not(COMPARABLE, State::NotComparable, reason);
                }
                let unchecked = comparable::unchecked(base, head);
                if !unchecked.is_empty() {
                    let what = unchecked.join(" and ");
                    warnings.push(format!(
                        "{}: {what} not known on both sides, not checked",
                        pair.cell
                    ));
                }
                if !pair.proven {
                    let said = disagree::recorded(base, head);
                    warnings.extend(said.map(|said| format!("{}: {said}", pair.cell)));
                }
            }
            about.iter().map(|question| limits::ask(question, pair, base.sizes(), head)).collect()
        }
    }
}

/// A rule that was asked about nothing, or not about everything it names, is no pass.
fn idle(rule: &Rule<'_>, asked: bool, pairs: &[&Pair], ask: &Ask<'_>, verdict: &mut Verdict) {
    let name = rule.question.name();
    let allowed: Vec<&String> = rule.archs.iter().filter(|arch| ask.allows(arch)).collect();
    if !rule.archs.is_empty() && allowed.is_empty() {
        verdict
            .warnings
            .push(format!("{name} is about {} only: not judged", rule.archs.join(", ")));
        return;
    }
    let mut gone = false;
    for arch in allowed {
        if !pairs.iter().any(|pair| pair.arch == *arch) {
            let message = format!("no cell of {arch}, which the rule names (--arch judges fewer)");
            verdict.judgements.push(blank(name, "", arch, State::Missing, message));
            gone = true;
        }
    }
    for variant in rule.variants {
        let known =
            |pair: &&Pair| pair.variant.as_ref() == Some(variant) || pair.base_name == *variant;
        if !pairs.iter().any(known) {
            let message = format!("no cell of variant {variant}, which the rule names");
            verdict.judgements.push(blank(name, "", "", State::NotComparable, message));
            gone = true;
        }
    }
    if !asked && !gone {
        let message = format!("judged nothing: {}", rule.hint);
        verdict.judgements.push(blank(name, "", "", State::NotComparable, message));
    }
}

fn worst(judgements: &[Judgement]) -> State {
    let mut worst = State::Pass;
    for judgement in judgements {
        if judgement.state.outcome() > worst.outcome()
            || (worst == State::Pass && judgement.state == State::Waived)
        {
            worst = judgement.state;
        }
    }
    worst
}

fn row(pair: &Pair, state: State) -> PairRow {
    let (base, head) = (pair.base.sizes(), pair.head.sizes());
    let note = match (&pair.head, &pair.base) {
        _ if pair.proven => Some("0, proven by identical inputs".to_owned()),
        (Side::Impossible(reason), _) | (_, Side::Impossible(reason)) => {
            Some(format!("impossible: {reason}"))
        }
        (Side::Failed(reason) | Side::Absent(reason) | Side::Foreign(reason), _) => {
            Some(reason.clone())
        }
        (_, Side::Failed(reason)) => Some(format!("{}: {reason}", pair.base_name)),
        (_, Side::Absent(reason) | Side::Foreign(reason)) if pair.against.is_some() => {
            Some(reason.clone())
        }
        _ => None,
    };
    let failed = matches!(pair.head, Side::Failed(_)) || matches!(pair.base, Side::Failed(_));
    PairRow {
        cell: pair.cell.clone(),
        against: pair.base_name.clone(),
        arch: pair.arch.clone(),
        target: pair.target.clone(),
        labels: pair.labels.clone(),
        base: base.map(|side| side.size),
        head: head.map(|side| side.size),
        base_payload: base.and_then(|side| side.payload),
        head_payload: head.and_then(|side| side.payload),
        noise: base.and_then(|side| side.noise).max(head.and_then(|side| side.noise)),
        state: if failed { State::Missing } else { state },
        note,
    }
}

/// The outcome: the worst of all, and never a pass if nothing was judged.
fn conclude(verdict: &mut Verdict) {
    let judged = |judgement: &Judgement| {
        matches!(judgement.state, State::Pass | State::Over | State::Waived)
    };
    if !verdict.judgements.iter().any(judged)
        && !verdict.judgements.iter().any(|judgement| judgement.state == State::Missing)
        && !verdict.judgements.iter().any(|judgement| judgement.state == State::NotComparable)
    {
        let message = "nothing was judged: every cell the policy is about is impossible".to_owned();
        verdict.judgements.push(blank("policy", "", "", State::NotComparable, message));
    }
    let outcomes = verdict.judgements.iter().map(|judgement| judgement.state.outcome());
    verdict.outcome = outcomes.max().unwrap_or(Outcome::NotComparable);
}

impl Question<'_> {
    /// The rule's name in reports.
    pub fn name(&self) -> &str {
        match self {
            Self::Off(_) => OFF_COSTS_NOTHING,
            Self::Limit(limit) => &limit.name,
        }
    }
}
