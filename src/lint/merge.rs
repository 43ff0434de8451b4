//! One finding of what several architectures say about the same place.
//!
//! An existential verdict counts where it holds at least once; a universal one only if it holds
//! wherever the file is read. Both name the architectures that they hold for, once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Rule;
use super::context::{ArchSet, Tree};
use crate::model::finding::Finding;

/// What one call of a rule said.
#[derive(Debug)]
pub struct Raw {
    finding: Finding,
    arch: Option<usize>,
    everywhere: bool,
}

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
        Self { finding, arch, everywhere }
    }
}

/// What makes two findings one: the place and what is said about it.
type Key = (String, u32, u32, String, String);

/// The findings, each once, in the order of their places.
pub fn merge(tree: &Tree, found: Vec<Raw>) -> Vec<Finding> {
    let mut merged: BTreeMap<Key, (Finding, ArchSet, bool)> = BTreeMap::new();
    for raw in found {
        let bit: ArchSet = raw.arch.map_or(0, |index| 1 << index);
        let f = &raw.finding;
        let key = (f.file.clone(), f.line, f.column, f.code.clone(), f.message.clone());
        match merged.entry(key) {
            Entry::Occupied(mut entry) => {
                let (old, set, everywhere) = entry.get_mut();
                *set |= bit;
                *everywhere &= raw.everywhere;
                // The weakest evidence of all counts; what one architecture needs of probes, all do.
                old.verified = old.verified.min(raw.finding.verified);
                for probe in raw.finding.probes {
                    if !old.probes.contains(&probe) {
                        old.probes.push(probe);
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
                entry.insert((finding, bit, raw.everywhere));
            }
        }
    }
    let whole = merged.into_values().filter(|(finding, set, everywhere)| {
        !everywhere || *set & tree.domain(&finding.file) == tree.domain(&finding.file)
    });
    whole
        .map(|(mut finding, set, _)| {
            if set != 0 {
                finding.arches = tree.names(set);
            }
            finding
        })
        .collect()
}
