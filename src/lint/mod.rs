//! `lint`: rules about a tree's Kconfig, guards and makefiles. Each finding has a place and a reason.
//!
//! [`RULES`](rules::RULES) is the one table; a rule is one file of `rules/`. Rules are asked twice:
//! once for each architecture, in parallel ([`Check::Arch`]), with a solver that is gone before the
//! next one, so that 21 architectures fit into memory; and once for the whole tree ([`Check::Tree`]).
//! [`merge`] then makes one finding of what several architectures say about the same place.

pub mod context;
pub mod explain;
mod fingerprint;
pub mod merge;
pub mod places;
pub mod rules;
pub mod similar;
pub mod statements;

use std::time::{Duration, Instant};

use rayon::prelude::*;

pub use self::context::{Arch, Tree};
use self::merge::Raw;
use crate::exit::{Error, Result};
use crate::kconf::eval::with_stack;
use crate::model::finding::{Finding, Severity};

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
    found: &'a mut Vec<Raw>,
}

/// What a rule is given that looks at the whole tree.
pub struct TreeCx<'a> {
    /// The tree.
    pub tree: &'a Tree,
    rule: &'static Rule,
    found: &'a mut Vec<Raw>,
}

impl ArchCx<'_> {
    /// Some configuration of this architecture goes wrong, which is enough for a finding. Code, rule,
    /// severity and architectures are filled in.
    pub fn exists(&mut self, finding: Finding) {
        self.found.push(Raw::new(self.rule, finding, Some(self.index), false));
    }

    /// No configuration of this architecture is right: a finding if that is so on every architecture
    /// that the file is read for (see [`Tree::domain`]).
    pub fn always(&mut self, finding: Finding) {
        self.found.push(Raw::new(self.rule, finding, Some(self.index), true));
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
    let arches: Vec<_> = tree.arches.iter().enumerate().collect();
    let per_arch: Vec<Result<_>> = arches
        .into_par_iter()
        .map(|(index, arch)| {
            // Expressions nest as deep as a tree's author likes.
            with_stack(|| one(tree, index, arch, rules)).map_err(|err| Error::io("a thread", err))
        })
        .collect();
    let mut found = Vec::new();
    for result in per_arch {
        let (more, times) = result?;
        found.extend(more);
        phases.iter_mut().zip(times).for_each(|(phase, time)| phase.1 += time);
    }
    for (rule, phase) in rules.iter().zip(&mut phases) {
        let Check::Tree(check) = rule.check else { continue };
        let start = Instant::now();
        check(&mut TreeCx { tree, rule, found: &mut found });
        phase.1 += start.elapsed();
    }
    let mut findings = merge::merge(tree, found);
    fingerprint::add(tree, &mut findings);
    Ok((findings, phases))
}

/// What the rules say about one architecture, and how long each took.
fn one(
    tree: &Tree,
    index: usize,
    arch: &Arch,
    rules: &[&'static Rule],
) -> (Vec<Raw>, Vec<Duration>) {
    let mut found = Vec::new();
    let times = rules
        .iter()
        .map(|rule| {
            let start = Instant::now();
            let mut cx = ArchCx { tree, arch, index, rule, found: &mut found };
            match (rule.check, arch.model.failed()) {
                (Check::Arch(check), false) | (Check::Refused(check), true) => check(&mut cx),
                _ => {}
            }
            start.elapsed()
        })
        .collect();
    (found, times)
}
