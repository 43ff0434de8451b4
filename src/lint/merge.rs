//! One finding of what several architectures say about the same place.
//!
//! An existential verdict counts where it holds at least once; a universal one only if it holds
//! wherever the file is read. Both name the architectures that they hold for, once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rustc_hash::FxHashSet;

use super::Rule;
use super::context::{ArchSet, Tree};
use crate::model::finding::Finding;

/// What one call of a rule said.
#[derive(Debug)]
pub struct Raw {
    finding: Finding,
    arch: Option<usize>,
    everywhere: bool,
    definition: Option<Definition>,
    claim: Option<u64>,
}

/// The file and line of a definition.
pub type Definition = (Box<str>, u32);
/// The claims that some architecture has refuted, by their keys.
pub type Refuted = FxHashSet<u64>;
/// Definitions that an architecture never reaches.
pub type Idle = FxHashSet<Definition>;

impl Raw {
    /// A finding of `rule`, of one architecture or of the tree, that counts only if it holds
    /// `everywhere` or where it is found.
    pub(super) fn new(
        rule: &Rule,
        mut finding: Finding,
        arch: Option<usize>,
        everywhere: bool,
    ) -> Self {
        rule.code.clone_into(&mut finding.code);
        rule.name.clone_into(&mut finding.rule);
        if finding.severity == crate::model::finding::Severity::default() {
            finding.severity = rule.severity;
        }
        Self { finding, arch, everywhere, definition: None, claim: None }
    }

    /// Of a claim, about this definition if any: where it is never reached, nothing is said against it.
    #[must_use]
    pub(super) fn of(mut self, definition: Option<Definition>, claim: u64) -> Self {
        (self.definition, self.claim) = (definition, Some(claim));
        self
    }

    /// The definition that every architecture has to agree about, if none is against it so far.
    pub(super) fn waits_for(&self, refuted: &Refuted) -> Option<&Definition> {
        let stands = self.claim.is_none_or(|claim| !refuted.contains(&claim));
        self.definition.as_ref().filter(|_| self.everywhere && stands)
    }

    /// What makes it one with what others say.
    pub(super) fn key(&self) -> Key {
        key(&self.finding)
    }

    pub(super) fn into_finding(self) -> Finding {
        self.finding
    }
}

/// What makes two findings one: the place and what is said about it.
pub type Key = (String, u32, u32, String, String);

/// What makes a finding one with another.
pub(super) fn key(f: &Finding) -> Key {
    (f.file.clone(), f.line, f.column, f.code.clone(), f.message.clone())
}

/// One finding of what was said.
#[derive(Debug)]
pub struct Merged {
    /// The finding.
    pub finding: Finding,
    /// The architectures that said so.
    pub arches: ArchSet,
    /// The claim that it comes from, which waits for its proof.
    pub claim: Option<u64>,
    everywhere: bool,
    definition: Option<Definition>,
}

impl Merged {
    /// Whether it counts wherever it is found.
    pub fn is_anywhere(&self) -> bool {
        !self.everywhere
    }

    /// What makes it one with what others say.
    pub fn key(&self) -> Key {
        key(&self.finding)
    }
}

/// The findings, each once, in the order of their places; `idle` is by architecture;
/// `refuted` are the claims that do not hold on some.
pub(super) fn merge(tree: &Tree, found: Vec<Raw>, idle: &[Idle], refuted: &Refuted) -> Vec<Merged> {
    let mut merged: BTreeMap<Key, Merged> = BTreeMap::new();
    let stands = |raw: &Raw| raw.claim.is_none_or(|claim| !refuted.contains(&claim));
    for raw in found.into_iter().filter(stands) {
        let bit: ArchSet = raw.arch.map_or(0, |index| 1 << index);
        match merged.entry(raw.key()) {
            Entry::Occupied(mut entry) => {
                let old = entry.get_mut();
                old.arches |= bit;
                old.everywhere &= raw.everywhere;
                // The weakest evidence of all counts; what one architecture needs of probes, all do.
                old.finding.verified = old.finding.verified.min(raw.finding.verified);
                for probe in raw.finding.probes {
                    if !old.finding.probes.contains(&probe) {
                        old.finding.probes.push(probe);
                    }
                }
            }
            Entry::Vacant(entry) => {
                let mut finding = raw.finding;
                if finding.witness.is_some()
                    && finding.witness_arch.is_none()
                    && let Some(index) = raw.arch
                    && tree.arches.len() > 1
                {
                    finding.witness_arch = Some(tree.arches[index].name.clone());
                }
                let Raw { everywhere, definition, claim, .. } = raw;
                entry.insert(Merged { finding, arches: bit, claim, everywhere, definition });
            }
        }
    }
    let whole = merged.into_values().filter(|one| {
        let domain = tree.domain(&one.finding.file);
        !one.everywhere || (one.arches | unreached(one, idle)) & domain == domain
    });
    whole
        .map(|mut one| {
            if one.arches != 0 {
                one.finding.arches = tree.names(one.arches);
            }
            one
        })
        .collect()
}

/// The architectures that never reach the definition that a finding is about.
fn unreached(one: &Merged, idle: &[Idle]) -> ArchSet {
    let Some(definition) = &one.definition else { return 0 };
    let sets = idle.iter().enumerate().filter(|(_, idle)| idle.contains(definition));
    sets.fold(0, |all, (index, _)| all | 1 << index)
}
