//! Where a guard stands: what holds there before its own condition is looked at, piece by piece.

use super::operands;
use super::{Candidate, What};
use crate::lint::context::Tree;
use crate::model::formula::{FormulaId, Formulas};
use crate::source::guards::FileGuards;

/// A piece of what holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub formula: FormulaId,
    /// It holds, or does not.
    pub holds: bool,
    pub source: Source,
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The makefiles, about the file.
    Kbuild,
    /// The condition of a block around it (an index).
    Around(u32),
    /// The branches before this block of a chain (an index), none of which was taken.
    Before(u32),
    /// Another operand of the same condition (an index).
    Operand(u32),
    /// A guard in code around it (an index).
    Code(u32),
}

/// What is asked about a candidate: `pieces` hold where it stands; with `target` as well, or without
/// it, nothing may be left.
pub(super) struct Question {
    pub pieces: Vec<Piece>,
    pub target: FormulaId,
    /// The verdict is true if `target` being so is impossible.
    pub holds: bool,
}

impl Question {
    /// The question that decides `candidate` on the architecture `arch`.
    pub fn new(tree: &Tree, arch: usize, candidate: Candidate) -> Self {
        let file = &tree.guards.files[candidate.file as usize];
        if candidate.what.is_code() {
            return Self::of_code(tree, arch, file, candidate);
        }
        let block = &file.blocks[candidate.block as usize];
        let mut pieces = around(tree, arch, file, block.parent);
        let before =
            Piece { formula: block.previous, holds: true, source: Source::Before(candidate.block) };
        if candidate.what == What::Dead && block.own == Formulas::TRUE {
            // Of an #else, the earlier branches are what it is about.
            return Self { pieces, target: block.previous, holds: true };
        }
        pieces.push(before);
        let (target, holds) = match candidate.what {
            What::Dead | What::CodeDead => (block.own, true),
            What::Always | What::CodeAlways => (block.own, false),
            What::Operand(index) => {
                let siblings = operands::siblings(file, block, index);
                pieces.extend(siblings.into_iter().map(|(index, holds)| Piece {
                    formula: file.operands[index as usize].formula,
                    holds,
                    source: Source::Operand(index),
                }));
                let conjunct = operands::is_conjunct(file, index);
                (file.operands[index as usize].formula, !conjunct)
            }
        };
        pieces.retain(|piece| (piece.formula, piece.holds) != (Formulas::TRUE, true));
        Self { pieces, target, holds }
    }

    /// The same for a guard in code, which stands in blocks and in other guards.
    fn of_code(tree: &Tree, arch: usize, file: &FileGuards, candidate: Candidate) -> Self {
        let guard = &file.code[candidate.block as usize];
        let mut pieces = around(tree, arch, file, guard.block);
        let (start, end) = (guard.condition.start, guard.condition.end());
        let outer = file.code.iter().enumerate().filter(|(_, outer)| {
            outer.condition != guard.condition
                && outer.body.start <= start
                && end <= outer.body.end()
        });
        pieces.extend(outer.map(|(index, outer)| Piece {
            formula: outer.formula,
            holds: true,
            source: Source::Code(index as u32),
        }));
        let dead = candidate.what == What::CodeDead;
        let target = if dead { guard.formula } else { guard.otherwise };
        Self { pieces, target, holds: true }
    }
}

/// What the makefiles and a block with all around it say, from the outside.
fn around(tree: &Tree, arch: usize, file: &FileGuards, block: Option<u32>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = block;
    while let Some(index) = at {
        let outer = &file.blocks[index as usize];
        let piece = |formula, source| Piece { formula, holds: true, source };
        pieces.push(piece(outer.own, Source::Around(index)));
        pieces.push(piece(outer.previous, Source::Before(index)));
        at = outer.parent;
    }
    let built = tree.built(arch, file);
    pieces.push(Piece { formula: built, holds: true, source: Source::Kbuild });
    pieces.retain(|piece| piece.formula != Formulas::TRUE);
    pieces.reverse();
    pieces
}
