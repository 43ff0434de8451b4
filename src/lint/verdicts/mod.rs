//! What no configuration can have: the questions of all rules about guards, asked once for all of them.
//!
//! A guard is judged where it stands: under the guards around it, the branches before it, and what the
//! makefiles say about its file. So is an `if` in code that tests options. A verdict is universal: it counts if no architecture refutes it and
//! at least one confirms it. Where the place itself cannot be compiled, an architecture says nothing;
//! this keeps what is within dead code from being reported again, and an option of one architecture from
//! hiding behind twenty others that never build the file.
//!
//! What one architecture has refuted is not asked of the next. Evidence is made for what is left, on
//! one architecture each.

mod ask;
mod evidence;
pub mod operands;
mod place;
mod sweep;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustc_hash::FxHashMap;

pub use self::evidence::Found;
use self::place::Question;
use super::context::{ArchSet, Tree};
use crate::logic::Logic;
use crate::logic::circuit::Lit;
use crate::logic::formula::Lowered;
use crate::model::finding::Fact;
use crate::model::formula::Formula;
use crate::source::guards::{Block, CodeGuard, CodePart, Directive, FileGuards, Operand};

/// What may be said about a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    /// It cannot be compiled.
    Dead,
    /// Its condition always holds.
    Always,
    /// An operand of its condition (an index into [`FileGuards::operands`]) makes no difference.
    Operand(u32),
    /// The code that an `if` guards never runs.
    CodeDead,
    /// The condition of an `if` always holds.
    CodeAlways,
}

impl What {
    /// Whether it is about code, not about a block.
    fn is_code(self) -> bool {
        matches!(self, Self::CodeDead | Self::CodeAlways)
    }
}

/// Something that may be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Index into the tree's files.
    file: u32,
    /// Index into the file's blocks, or its guards in code.
    block: u32,
    what: What,
}

/// Something that is so.
#[derive(Debug)]
pub struct Verdict<'a, B = Block> {
    /// Its number in [`Verdicts`].
    pub number: usize,
    /// The file.
    pub file: &'a FileGuards,
    /// The block, or the guard in code.
    pub block: &'a B,
    /// What there is to say about it.
    pub what: What,
    /// The names of the architectures that confirm it.
    pub names: Vec<String>,
    /// Why, on one of them.
    pub proof: &'a [Fact],
}

impl Verdict<'_> {
    /// The operand that makes no difference.
    pub fn operand(&self) -> Option<&Operand> {
        match self.what {
            What::Operand(index) => self.file.operands.get(index as usize),
            _ => None,
        }
    }
}

/// All verdicts about a tree's guards.
#[derive(Debug, Default)]
pub struct Verdicts {
    found: Vec<Found>,
}

/// What is known so far of every candidate, shared by the architectures.
pub struct Board {
    candidates: Vec<Candidate>,
    /// The first candidate of each file, and one beyond the last.
    first: Vec<u32>,
    refuted: Vec<AtomicBool>,
    confirmed: Vec<AtomicU64>,
}

impl Board {
    /// Everything that may be said about the guards of a tree.
    pub fn new(tree: &Tree) -> Self {
        let mut candidates = Vec::new();
        let mut first = vec![0];
        for (index, file) in tree.guards.files.iter().enumerate() {
            if !file.uapi {
                collect(tree, index as u32, file, &mut candidates);
                collect_code(tree, index as u32, file, &mut candidates);
            }
            first.push(candidates.len() as u32);
        }
        let refuted = candidates.iter().map(|_| AtomicBool::new(false)).collect();
        let confirmed = candidates.iter().map(|_| AtomicU64::new(0)).collect();
        Self { candidates, first, refuted, confirmed }
    }

    /// The candidates of a file that nothing has refuted yet, by number.
    fn open(&self, file: usize) -> impl Iterator<Item = usize> {
        let range = self.first[file] as usize..self.first[file + 1] as usize;
        range.filter(|at| self.is_open(*at))
    }

    fn is_open(&self, at: usize) -> bool {
        !self.refuted[at].load(Ordering::Relaxed)
    }

    fn refute(&self, at: usize) {
        self.refuted[at].store(true, Ordering::Relaxed);
    }

    fn confirm(&self, at: usize, arch: usize) {
        self.confirmed[at].fetch_or(1 << arch, Ordering::Relaxed);
    }
}

/// What may be said about the blocks of a file.
fn collect(tree: &Tree, index: u32, file: &FileGuards, out: &mut Vec<Candidate>) {
    let mut chains: FxHashMap<u32, (usize, bool, bool)> = FxHashMap::default();
    for block in &file.blocks {
        let chain = chains.entry(block.head).or_default();
        chain.0 += 1;
        chain.1 |= block.names_option;
        chain.2 |= block.only_error;
    }
    for (number, block) in file.blocks.iter().enumerate() {
        let (branches, names_option, errors) = chains[&block.head];
        let is_else = block.directive == Directive::Else;
        if block.include_guard || !(block.names_option || (is_else && names_option)) {
            continue;
        }
        // A condition that the file's own macros decide is decided on purpose.
        let asked = if is_else { block.previous } else { block.own };
        if matches!(tree.formulas.get(asked), Formula::Const(_)) {
            continue;
        }
        let mut add = |what| out.push(Candidate { file: index, block: number as u32, what });
        // What is there to never be compiled is none of our business.
        if !block.only_error {
            add(What::Dead);
        }
        if is_else {
            continue;
        }
        // With an #else, that is the one to be told about.
        if block.directive.opens() && branches == 1 && !errors {
            add(What::Always);
        }
        for operand in operands::removable(&tree.formulas, file, block) {
            add(What::Operand(operand));
        }
    }
}

/// What may be said about the tests of options in a file's code.
fn collect_code(tree: &Tree, index: u32, file: &FileGuards, out: &mut Vec<Candidate>) {
    for (number, guard) in file.code.iter().enumerate() {
        let of_same = || file.code.iter().filter(|one| one.condition == guard.condition);
        // What runs by the same condition, or does not, is told about once.
        let is_part =
            guard.part == CodePart::Operand && of_same().any(|one| one.part != CodePart::Operand);
        let mut add = |what, formula| {
            if !matches!(tree.formulas.get(formula), Formula::Const(_)) {
                out.push(Candidate { file: index, block: number as u32, what });
            }
        };
        if !is_part {
            add(What::CodeDead, guard.formula);
        }
        if guard.part == CodePart::Then && of_same().all(|one| one.part == CodePart::Then) {
            add(What::CodeAlways, guard.otherwise);
        }
    }
}

/// A candidate that nothing refutes, and who confirms it.
pub type Left = (Candidate, ArchSet);

impl Board {
    /// Whether an architecture has anything to say: without, its logic is not needed.
    pub fn concerns(&self, tree: &Tree, index: usize) -> bool {
        let mut files = tree.guards.files.iter().enumerate();
        files.any(|(number, file)| {
            tree.domain(&file.path) & (1 << index) != 0 && self.open(number).next().is_some()
        })
    }

    /// The options that the questions to an architecture are about.
    pub fn options<'t>(&self, tree: &'t Tree, index: usize) -> Vec<&'t str> {
        let mut names = Vec::new();
        for (number, file) in tree.guards.files.iter().enumerate() {
            if tree.domain(&file.path) & (1 << index) == 0 || self.open(number).next().is_none() {
                continue;
            }
            let mut formulas = vec![tree.built(index, file)];
            formulas.extend(file.blocks.iter().flat_map(|one| [one.own, one.previous, one.outer]));
            formulas.extend(file.operands.iter().map(|one| one.formula));
            formulas.extend(file.code.iter().flat_map(|one| [one.formula, one.otherwise]));
            formulas.sort_unstable();
            formulas.dedup();
            for formula in formulas {
                operands::options(&tree.formulas, formula, &mut names);
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Asks an architecture about what is open, with its solver.
    pub fn ask<'t>(&self, tree: &'t Tree, index: usize, logic: &mut Logic<'t>) {
        sweep::arch(tree, index, self, logic);
    }

    /// What is true, when all architectures were asked, by the architecture that proves it.
    pub fn left(&self, tree: &Tree) -> Vec<Vec<Left>> {
        let left = self.candidates.iter().enumerate().filter_map(|(at, candidate)| {
            let arches = self.confirmed[at].load(Ordering::Relaxed);
            let refuted = self.refuted[at].load(Ordering::Relaxed);
            (!refuted && arches != 0).then_some((*candidate, arches))
        });
        let mut groups = vec![Vec::new(); tree.arches.len()];
        for (candidate, arches) in one_of_each(left.collect()) {
            let file = &tree.guards.files[candidate.file as usize].path;
            groups[witness(tree, file, arches)].push((candidate, arches));
        }
        groups
    }
}

/// The verdicts of `group`, proven on the architecture `index` with its solver.
pub fn prove<'t>(
    tree: &'t Tree,
    index: usize,
    group: &[Left],
    logic: &mut Logic<'t>,
) -> Vec<Found> {
    evidence::collect(tree, index, group, logic)
}

impl Verdicts {
    /// What was proven.
    pub fn new(mut found: Vec<Found>) -> Self {
        found.sort_unstable_by_key(|(candidate, ..)| {
            (candidate.file, candidate.what.is_code(), candidate.block, candidate.what)
        });
        Self { found }
    }

    /// All, in the order of files and lines.
    pub fn iter<'a>(&'a self, tree: &'a Tree) -> impl Iterator<Item = Verdict<'a>> {
        let blocks = self.numbered(|what| !what.is_code());
        blocks.map(|found| said(tree, found, |file| &file.blocks))
    }

    /// All about code, in the same order.
    pub fn code<'a>(&'a self, tree: &'a Tree) -> impl Iterator<Item = Verdict<'a, CodeGuard>> {
        let code = self.numbered(What::is_code);
        code.map(|found| said(tree, found, |file| &file.code))
    }

    fn numbered(&self, is_one: impl Fn(What) -> bool) -> impl Iterator<Item = (usize, &Found)> {
        self.found.iter().enumerate().filter(move |(_, (candidate, ..))| is_one(candidate.what))
    }

    /// What a verdict, by its number, says is impossible on an architecture, with its solver: all of
    /// these at once.
    pub fn impossible<'t>(
        &self,
        tree: &'t Tree,
        index: usize,
        number: usize,
        (logic, lowered): (&mut Logic<'t>, &mut Lowered<'t>),
    ) -> Option<Vec<Lit>> {
        let question = Question::new(tree, index, self.found.get(number)?.0);
        let mut signed = |formula, holds| {
            let lit = logic.formula(lowered, formula);
            if holds { lit } else { !lit }
        };
        let target = signed(question.target, question.holds);
        let place = question.pieces.iter().map(|piece| signed(piece.formula, piece.holds));
        Some(place.chain([target]).filter(|lit| *lit != Lit::TRUE).collect())
    }
}

/// What was found, about one of `all` of its file.
fn said<'a, B>(
    tree: &'a Tree,
    (number, (candidate, arches, proof)): (usize, &'a Found),
    all: fn(&FileGuards) -> &Vec<B>,
) -> Verdict<'a, B> {
    let file = &tree.guards.files[candidate.file as usize];
    let block = &all(file)[candidate.block as usize];
    Verdict { number, file, block, what: candidate.what, names: tree.names(*arches), proof }
}

/// Of several verdicts about a block, the first: where it is dead, its operands are beside the point;
/// and of two operands that imply each other, only one can go.
fn one_of_each(left: Vec<(Candidate, ArchSet)>) -> Vec<(Candidate, ArchSet)> {
    let mut kept: Vec<(Candidate, ArchSet)> = Vec::with_capacity(left.len());
    for (candidate, arches) in left {
        let place = |one: &Candidate| (one.file, one.block, one.what.is_code());
        if kept.last().is_none_or(|(last, _)| place(last) != place(&candidate)) {
            kept.push((candidate, arches));
        }
    }
    kept
}

/// The architecture to prove it on: the one whose file it is, or the one that most people know.
fn witness(tree: &Tree, file: &str, arches: ArchSet) -> usize {
    let has = |index: &usize| arches & (1 << index) != 0;
    let own = file.strip_prefix("arch/").and_then(|rest| rest.split('/').next());
    let known = own.into_iter().chain(["x86", "arm64"]);
    let known = known.filter_map(|name| tree.arches.iter().position(|arch| arch.name == name));
    known.chain(0..tree.arches.len()).find(has).unwrap_or_default()
}
