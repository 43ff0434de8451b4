//! Guards in code.
use super::lines::Lines;
use super::mentions::Candidate;
use super::scan::Scan;
use super::types::{CodeGuard, FileGuards};
use crate::model::formula::Formulas;

pub(super) fn guards(
    _text: &[u8],
    _candidates: &[Candidate],
    _scan: &Scan,
    _lines: &Lines,
    _guards: &FileGuards,
    _f: &mut Formulas,
) -> Vec<CodeGuard> {
    Vec::new()
}
