//! One architecture's answers about all candidates that are still open.
//!
//! A solver needs longer to find one configuration than to check a thousand against it, so candidates
//! are asked about together, those with the same condition side by side.

use rustc_hash::FxHashMap;

use super::ask::Asker;
use super::place::Question;
use super::{Board, What};
use crate::lint::context::Tree;
use crate::logic::circuit::Lit;
use crate::logic::{Answer, Logic};
use crate::source::guards::FileKind;

/// A candidate and what would refute it: all of these at once.
struct Open {
    at: usize,
    place: Vec<Lit>,
    target: Lit,
}

/// At most so many are asked about at once.
const TOGETHER: usize = 2048;

/// Asks the architecture `index` about what nobody has refuted.
pub(super) fn arch<'t>(tree: &'t Tree, index: usize, board: &Board, logic: &mut Logic<'t>) {
    let mut asker = Asker::new(tree, logic);
    let mut open = collect(tree, index, board, &mut asker);
    open.sort_by_key(|one| (one.target, one.at));
    let mut confirmed: Vec<&Open> = Vec::new();
    for group in open.chunks(TOGETHER) {
        // Another architecture may have been faster.
        let group: Vec<&Open> = group.iter().filter(|one| board.is_open(one.at)).collect();
        let questions: Vec<Vec<Lit>> = group
            .iter()
            .map(|one| one.place.iter().copied().chain([one.target]).collect())
            .collect();
        for (one, answer) in group.into_iter().zip(asker.logic.each(&questions)) {
            if answer == Answer::Impossible {
                confirmed.push(one);
            } else {
                board.refute(one.at);
            }
        }
    }
    confirmed.sort_by_key(|one| one.at);
    confirm(tree, index, board, &mut asker, &confirmed);
}

/// The questions about every file that the architecture compiles.
fn collect(tree: &Tree, index: usize, board: &Board, asker: &mut Asker<'_, '_>) -> Vec<Open> {
    let mut out = Vec::new();
    for (number, file) in tree.guards.files.iter().enumerate() {
        if tree.domain(&file.path) & (1 << index) == 0 || board.open(number).next().is_none() {
            continue;
        }
        // Most files are not built by most architectures, which is seen at a glance.
        if file.kind == FileKind::C && asker.lit(tree.built(index, file)) == Lit::FALSE {
            continue;
        }
        for at in board.open(number) {
            let question = Question::new(tree, index, board.candidates[at]);
            let mut signed = |formula, holds| {
                let lit = asker.lit(formula);
                if holds { lit } else { !lit }
            };
            let target = signed(question.target, question.holds);
            let place = question.pieces.iter().map(|piece| signed(piece.formula, piece.holds));
            let place: Vec<Lit> = place.filter(|lit| *lit != Lit::TRUE).collect();
            out.push(Open { at, place, target });
        }
    }
    out
}

/// Confirms those whose place can be compiled at all.
fn confirm(tree: &Tree, index: usize, board: &Board, asker: &mut Asker<'_, '_>, open: &[&Open]) {
    let mut exhausted: FxHashMap<(u32, u32), usize> = FxHashMap::default();
    let open: Vec<&Open> = open.iter().copied().filter(|one| board.is_open(one.at)).collect();
    let places: Vec<Vec<Lit>> = open.iter().map(|one| one.place.clone()).collect();
    for (one, place) in open.iter().zip(asker.logic.each(&places)) {
        if place != Answer::Impossible {
            board.confirm(one.at, index);
            continue;
        }
        // Of an #elif that nothing reaches, the branches before it are what it is about, if the chain
        // is alive; of several in a chain, the first is told about.
        let candidate = board.candidates[one.at];
        if candidate.what != What::Dead {
            continue;
        }
        let file = &tree.guards.files[candidate.file as usize];
        let block = &file.blocks[candidate.block as usize];
        if block.directive.opens() {
            continue;
        }
        let chain = exhausted.entry((candidate.file, block.head)).or_insert(one.at);
        let outer = [asker.lit(block.outer), asker.lit(tree.built(index, file))];
        if *chain == one.at && !asker.is_impossible(&outer) {
            board.confirm(one.at, index);
        }
    }
}
