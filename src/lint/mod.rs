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
pub mod focus;
pub mod gating;
pub mod macros;
pub mod merge;
pub mod options;
pub mod places;
mod reachable;
pub mod rules;
mod run;
pub mod similar;
pub mod statements;
pub mod verdicts;
pub mod verify;
pub mod watch;

use std::hash::BuildHasher as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashSet};

pub use self::context::{Arch, Tree};
use self::focus::Focus;
use self::merge::{Definition, Idle, Key, Raw};
pub use self::run::{Phase, run, run_watched};
use crate::kconf::expr::ExprId;
use crate::kconf::model::{MenuId, Model, Place, Property, SymbolId};
use crate::logic::circuit::Lit;
use crate::logic::formula::Lowered;
use crate::logic::witness;
use crate::logic::{Answer, Logic};
use crate::model::finding::{Finding, Severity};
use crate::model::formula::FormulaId;

/// The claims that hold everywhere, by [`Claim::key`].
type Wanted = FxHashSet<u64>;
/// The claims that some architecture has refuted.
type Refuted = Mutex<FxHashSet<u64>>;

/// Something that is a finding if it holds on all architectures.
#[derive(Debug)]
pub struct Claim<T> {
    /// What [`ArchCx::is_open`] gave for it.
    pub key: u64,
    /// The definition that it is about, if it is about one.
    pub definition: Option<Place>,
    /// What never happens: no configuration has all literals of any of these.
    pub never: Vec<Vec<Lit>>,
    /// What the rule knows of it.
    pub what: T,
}

fn locked(refuted: &Refuted) -> MutexGuard<'_, FxHashSet<u64>> {
    refuted.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a rule claims of a place, as a number.
fn claim_key(code: &str, place: (&str, u32)) -> u64 {
    FxBuildHasher.hash_one((code, place))
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
    /// What is proven about guards ([`verdicts`]), for which both are read.
    pub verdicts: bool,
}

impl Needs {
    /// Kconfig only.
    pub const KCONFIG: Self = Self { guards: false, kbuild: false, verdicts: false };
    /// Guards too.
    pub const GUARDS: Self = Self { guards: true, ..Self::KCONFIG };
    /// Makefiles too.
    pub const KBUILD: Self = Self { kbuild: true, ..Self::KCONFIG };
    /// Everything that is read.
    pub const ALL: Self = Self { guards: true, kbuild: true, ..Self::KCONFIG };
    /// Everything, and what follows from it.
    pub const VERDICTS: Self = Self { verdicts: true, ..Self::ALL };

    /// What either needs.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            guards: self.guards || other.guards,
            kbuild: self.kbuild || other.kbuild,
            verdicts: self.verdicts || other.verdicts,
        }
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
    lowered: Option<Lowered<'a>>,
    /// Definitions that no configuration of this architecture reaches, by file and line: what is said
    /// of them here is neither right nor wrong.
    idle: Idle,
    /// By menu node, where that is known.
    reachable: Vec<Option<bool>>,
    /// The findings that are to be proven; nothing while they are looked for.
    wanted: Option<&'a Wanted>,
    refuted: &'a Refuted,
    scope: Option<Scope>,
    proven: Vec<(Key, Finding)>,
    /// Where claims are only collected for others to judge: what each says is impossible.
    claims: Option<Vec<(u64, Vec<Vec<Lit>>)>>,
}

/// What of a model a change of options concerns.
struct Scope {
    symbols: Vec<bool>,
    exprs: Vec<bool>,
}

impl Scope {
    fn new(focus: &Focus, model: &Model) -> Self {
        Self { symbols: focus.symbols(model), exprs: focus.exprs(model) }
    }
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
            lowered: None,
            idle,
            reachable: vec![None; arch.model.menus.len()],
            refuted,
            scope: tree.focus.as_ref().map(|focus| Scope::new(focus, &arch.model)),
            wanted,
            proven,
            claims: None,
        }
    }

    /// Some configuration of this architecture goes wrong, which is enough for a finding. Code, rule,
    /// severity and architectures are filled in.
    pub fn exists(&mut self, finding: Finding) {
        self.found.push(Raw::new(self.rule, finding, Some(self.index), false));
    }

    /// Some configuration of this architecture may go wrong: one with all of `lits`. That is asked on
    /// all architectures; the configuration is made on one of them, where `check` has the last word.
    pub fn shows(
        &mut self,
        key: u64,
        mut finding: Finding,
        lits: &[Lit],
        check: &witness::Check<'_>,
    ) {
        if let Some(wanted) = self.wanted {
            let model = &self.arch.model;
            if wanted.contains(&key)
                && let Some(witness) = self.logic().shown(lits, check)
            {
                evidence::show(model, &mut finding, &witness);
                let several = self.tree.arches.len() > 1;
                finding.witness_arch = several.then(|| self.arch.name.clone());
                let raw = Raw::new(self.rule, finding, Some(self.index), false);
                let key = raw.key();
                self.proven.push((key, raw.into_finding()));
            }
            return;
        }
        let raw = Raw::new(self.rule, finding, Some(self.index), false);
        self.found.push(raw.of(None, key));
    }

    /// Whether a rule has needed it.
    fn has_logic(&self) -> bool {
        self.logic.is_some()
    }

    /// Whether what a definition of the symbol says may be otherwise than in the revision that is
    /// compared with; everything is asked where none is.
    pub fn concerns(&self, symbol: SymbolId) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.symbols[symbol.index()])
    }

    /// The same of a line of a definition, or of a menu or comment.
    pub fn concerns_line(&self, prop: &Property) -> bool {
        self.concerns_menu(prop.menu) || self.names_any(&[prop.visible, prop.cond, prop.expr])
    }

    /// The same of a node of the menu tree.
    fn concerns_menu(&self, menu: MenuId) -> bool {
        let menu = self.arch.model.menu(menu);
        menu.symbol.is_some_and(|symbol| self.concerns(symbol))
            || self.names_any(&[menu.dep, menu.own_dep, menu.visibility])
    }

    /// Whether one of the expressions names what may have another value.
    fn names_any(&self, exprs: &[Option<ExprId>]) -> bool {
        let named = |scope: &Scope| exprs.iter().flatten().any(|id| scope.exprs[id.index()]);
        self.scope.as_ref().is_none_or(named)
    }

    /// The logic of this architecture, which all rules share.
    pub fn logic(&mut self) -> &mut Logic<'a> {
        let arch = self.arch;
        self.logic.get_or_insert_with(|| Box::new(Logic::new(&arch.model)))
    }

    /// A formula of guards or makefiles as a gate of this architecture's logic.
    pub fn formula(&mut self, formula: FormulaId) -> Lit {
        let (arch, formulas) = (self.arch, &self.tree.formulas);
        let lowered = self.lowered.get_or_insert_with(|| Lowered::new(formulas));
        let logic = self.logic.get_or_insert_with(|| Box::new(Logic::new(&arch.model)));
        logic.formula(lowered, formula)
    }

    /// What is asked about on all architectures, by the rule and the place: what one of them has
    /// answered with "that can be" need not be asked again, and proofs are made only of what holds.
    pub fn is_open(&self, place: (&str, u32)) -> Option<u64> {
        let key = claim_key(self.rule.code, place);
        let open = match self.wanted {
            Some(wanted) => wanted.contains(&key),
            None => !locked(self.refuted).contains(&key),
        };
        open.then_some(key)
    }

    /// Whether all architectures have been asked, and what holds on all of them is to be proven. What is
    /// not said again is no finding.
    pub fn is_proving(&self) -> bool {
        self.wanted.is_some()
    }

    /// For each claim whether it holds on this architecture.
    pub fn ask<T>(&mut self, claims: &[Claim<T>]) -> Vec<bool> {
        if let Some(collected) = &mut self.claims {
            collected.extend(claims.iter().map(|claim| (claim.key, claim.never.clone())));
            return vec![false; claims.len()];
        }
        if claims.is_empty() {
            return Vec::new();
        }
        let questions: Vec<Vec<Lit>> =
            claims.iter().flat_map(|claim| claim.never.clone()).collect();
        if self.wanted.is_some() {
            let proven: Vec<Vec<Lit>> = claims.iter().map(|claim| self.proven_of(claim)).collect();
            self.logic().prepare(&proven);
        }
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

    /// A claim about a makefile that holds here: a finding if no architecture refutes it. What an
    /// architecture cannot say anything about, it does not claim.
    pub fn nowhere<T>(&mut self, claim: &Claim<T>, finding: Finding, adjust: fn(&mut Finding)) {
        self.claimed(claim, finding, false, adjust);
    }

    /// A claim that holds here: a finding if it does on every architecture that the file is read for
    /// (see [`Tree::domain`]). Proofs take their time, so one is only made where it holds everywhere;
    /// then `adjust` may look at it.
    pub fn universal<T>(&mut self, claim: &Claim<T>, finding: Finding, adjust: fn(&mut Finding)) {
        self.claimed(claim, finding, true, adjust);
    }

    fn claimed<T>(
        &mut self,
        claim: &Claim<T>,
        finding: Finding,
        everywhere: bool,
        adjust: fn(&mut Finding),
    ) {
        let raw = Raw::new(self.rule, finding, Some(self.index), everywhere);
        let definition = claim.definition.map(|place| self.definition(place));
        let raw = raw.of(definition, claim.key);
        if self.wanted.is_none() {
            self.found.push(raw);
            return;
        }
        let key = raw.key();
        let mut finding = raw.into_finding();
        let known = finding.proof.take().unwrap_or_default();
        let lits = self.proven_of(claim);
        evidence::prove(self, &mut finding, &lits);
        if let Some(proof) = &mut finding.proof {
            proof.splice(0..0, known);
        }
        adjust(&mut finding);
        self.proven.push((key, finding));
    }

    /// What has to be proven impossible for a claim.
    fn proven_of<T>(&mut self, claim: &Claim<T>) -> Vec<Lit> {
        let circuit = self.logic().circuit();
        let all: Vec<Lit> =
            claim.never.iter().map(|lits| circuit.all(lits.iter().copied())).collect();
        match claim.never.as_slice() {
            [one] => one.clone(),
            _ => vec![circuit.any(all)],
        }
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
