//! The operands of a condition that could be left out, and what has to hold for one to matter.

use crate::model::formula::{Atom, Formula, FormulaId, Formulas};
use crate::source::guards::{Block, FileGuards, OperandKind};

/// The operands of `&&` and `||` in a block's condition that are about options, by index.
pub(super) fn removable(formulas: &Formulas, file: &FileGuards, block: &Block) -> Vec<u32> {
    let about_options = |index: &u32| {
        let operand = &file.operands[*index as usize];
        let within = operand.parent.filter(|parent| block.operands.contains(parent));
        let kind = within.map(|parent| file.operands[parent as usize].kind);
        matches!(kind, Some(OperandKind::And | OperandKind::Or))
            && names_option(formulas, operand.formula)
    };
    block.operands.clone().filter(about_options).collect()
}

/// What has to hold, beside what holds where the condition stands, for the operand `index` to decide:
/// its siblings below `&&` hold and those below `||` do not, and so on upwards. With them, whether each
/// holds or not.
pub(super) fn siblings(file: &FileGuards, block: &Block, index: u32) -> Vec<(u32, bool)> {
    let mut out = Vec::new();
    let mut at = index;
    while let Some(parent) =
        file.operands[at as usize].parent.filter(|parent| block.operands.contains(parent))
    {
        let kind = file.operands[parent as usize].kind;
        if matches!(kind, OperandKind::And | OperandKind::Or) {
            let others = block.operands.clone().filter(|other| {
                *other != at && file.operands[*other as usize].parent == Some(parent)
            });
            out.extend(others.map(|other| (other, kind == OperandKind::And)));
        }
        at = parent;
    }
    out
}

/// Whether the operand is one of `&&`.
pub(super) fn is_conjunct(file: &FileGuards, index: u32) -> bool {
    let parent = file.operands[index as usize].parent;
    parent.is_some_and(|parent| file.operands[parent as usize].kind == OperandKind::And)
}

/// All atoms of a formula.
pub fn atoms(formulas: &Formulas, formula: FormulaId, mut each: impl FnMut(Atom)) {
    let mut seen = rustc_hash::FxHashSet::default();
    let mut todo = vec![formula];
    while let Some(next) = todo.pop() {
        if !seen.insert(next) {
            continue;
        }
        match formulas.get(next) {
            Formula::Const(_) => {}
            Formula::Atom(atom) => each(atom),
            Formula::Not(a) => todo.push(a),
            Formula::And(a, b) | Formula::Or(a, b) => todo.extend([a, b]),
        }
    }
}

/// The options that a formula names.
pub fn options<'f>(formulas: &'f Formulas, formula: FormulaId, out: &mut Vec<&'f str>) {
    atoms(formulas, formula, |atom| match atom {
        Atom::Yes(name) | Atom::Module(name) | Atom::NonZero(name) | Atom::Equals(name, _) => {
            out.push(formulas.text(name));
        }
        Atom::InModule | Atom::Opaque(_) => {}
    });
}

fn names_option(formulas: &Formulas, formula: FormulaId) -> bool {
    let mut found = Vec::new();
    options(formulas, formula, &mut found);
    !found.is_empty()
}
