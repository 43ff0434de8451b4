//! What is around a place of a file: the conditions under which a byte of it is compiled.

use super::types::{Block, CodeGuard, FileGuards};
use crate::model::formula::{FormulaId, Formulas};

/// Something that a place is in.
#[derive(Debug, Clone, Copy)]
pub enum Around<'a> {
    /// A branch of `#if … #endif`.
    Block(&'a Block),
    /// A test in code.
    Code(&'a CodeGuard),
}

impl Around<'_> {
    /// Where it begins, in bytes.
    fn start(&self) -> u32 {
        match self {
            Self::Block(block) => block.at.start,
            Self::Code(guard) => guard.body.start,
        }
    }
}

impl FileGuards {
    /// The innermost block that a byte is in; the line of a directive is in the block that it begins.
    fn block_of(&self, at: u32) -> Option<&Block> {
        let before = self.blocks.partition_point(|block| block.at.start <= at);
        let mut block = before.checked_sub(1);
        while let Some(index) = block {
            let one = &self.blocks[index];
            if one.end.len == 0 || at < one.end.start {
                return Some(one);
            }
            block = one.parent.map(|parent| parent as usize);
        }
        None
    }

    /// The tests in code that a byte is behind.
    fn code_of(&self, at: u32) -> impl Iterator<Item = &CodeGuard> {
        let last = self.code.partition_point(|guard| guard.condition.start <= at);
        let behind =
            move |guard: &&CodeGuard| guard.body.start <= at && (at as usize) < guard.body.end();
        self.code[..last].iter().filter(behind)
    }

    /// What has to hold at a byte; `in_code`, also for the compiler to keep what is there.
    pub fn conditions_at(&self, at: u32, in_code: bool) -> Vec<FormulaId> {
        let mut conditions: Vec<FormulaId> =
            self.block_of(at).map(|block| block.presence).into_iter().collect();
        if in_code {
            conditions.extend(self.code_of(at).map(|guard| guard.formula));
        }
        conditions.retain(|formula| *formula != Formulas::TRUE);
        conditions.sort_unstable();
        conditions.dedup();
        conditions
    }

    /// What a byte is in, innermost first; guards against double inclusion are none.
    pub fn around(&self, at: u32) -> Vec<Around<'_>> {
        let mut out = Vec::new();
        let mut block = self.block_of(at);
        while let Some(one) = block {
            if !one.include_guard {
                out.push(Around::Block(one));
            }
            block = one.parent.map(|parent| &self.blocks[parent as usize]);
        }
        out.extend(self.code_of(at).map(Around::Code));
        out.sort_by_key(|one| std::cmp::Reverse(one.start()));
        out
    }
}
