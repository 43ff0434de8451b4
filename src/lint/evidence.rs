//! From what the logic found to what a finding shows: facts with files and lines, values by name.

use std::collections::BTreeMap;

use super::ArchCx;
use crate::kconf::model::{Model, SymbolId};
use crate::kconf::probe::placeholders;
use crate::logic::Logic;
use crate::logic::circuit::Lit;
use crate::logic::proof::Fact as Step;
use crate::logic::witness::Witness;
use crate::model::finding::{Fact, Finding, Severity, Verified};

/// Options that keep others off on purpose.
pub(super) const BROKEN: [&str; 2] = ["BROKEN", "COMPILE_TEST"];

/// Whether a proof is about what is off on purpose.
fn is_broken(finding: &Finding) -> bool {
    finding.proof.iter().flatten().any(|fact| {
        BROKEN.iter().any(|name| {
            fact.text.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', ',']))
        })
    })
}

/// What is off on purpose is less of a finding.
pub(super) fn spare_broken(finding: &mut Finding) {
    if is_broken(finding) {
        finding.severity = Severity::Note;
        finding.message.push_str(": what it needs is off on purpose");
    }
}

/// Why `lits` are impossible. Where there is another reason than that something is broken, that is the
/// one to give.
pub(super) fn steps(logic: &mut Logic<'_>, lits: &[Lit]) -> Option<Vec<Step>> {
    let broken: Vec<SymbolId> = BROKEN.iter().filter_map(|name| logic.find(name)).collect();
    let plain = logic.proof_without(lits, &broken);
    plain.or_else(|| logic.proof(lits))
}

/// Gives `finding` the proof that `lits` are impossible.
pub(super) fn prove(cx: &mut ArchCx<'_>, finding: &mut Finding, lits: &[Lit]) {
    let arch = cx.arch;
    let Some(steps) = steps(cx.logic(), lits) else { return };
    finding.probes = probes(&arch.model, &steps);
    finding.proof = Some(
        steps
            .into_iter()
            .filter_map(|step| Some(arch.fact(step.place?, without_placeholders(&step.text))))
            .collect::<Vec<Fact>>(),
    );
}

/// The commands of the open probes that the facts are about.
fn probes(model: &Model, steps: &[Step]) -> Vec<String> {
    let named = steps.iter().flat_map(|step| placeholders(step.text.as_bytes()));
    let mut probes: Vec<String> = named.filter_map(|probe| command(model, probe)).collect();
    probes.sort();
    probes.dedup();
    probes
}

fn command(model: &Model, probe: usize) -> Option<String> {
    Some(model.probes.get(probe)?.command.clone())
}

/// Gives `finding` a witness that the evaluator has confirmed.
pub(super) fn show(model: &Model, finding: &mut Finding, witness: &Witness) {
    let name = |symbol: SymbolId| String::from_utf8_lossy(&model.symbol(symbol).name).into_owned();
    let settings = witness
        .settings
        .iter()
        .map(|(symbol, value)| (name(*symbol), String::from_utf8_lossy(value).into_owned()));
    finding.witness = Some(settings.collect::<BTreeMap<String, String>>());
    let named = witness
        .probes
        .iter()
        .flat_map(|(symbol, _)| placeholders(&model.symbol(*symbol).name).collect::<Vec<_>>());
    finding.probes = named.filter_map(|probe| command(model, probe)).collect();
    finding.verified = Verified::Evaluator;
}

/// What stands for an open probe is nothing that a reader has seen.
fn without_placeholders(text: &str) -> String {
    let mut parts = text.split("<probe ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("$(shell …)");
        out.push_str(part.split_once('>').map_or("", |(_, rest)| rest));
    }
    out
}
