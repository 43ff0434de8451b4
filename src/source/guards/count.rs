//! How many guards a tree has: numbers to hold against what others count.

use rustc_hash::FxHashSet;

use super::tree::{Seen, Tree};
use super::types::{Directive, Manner};
use crate::model::formula::{Formulas, NameId};

/// Numbers of a tree.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// What was looked at.
    pub seen: Seen,
    /// Files with a block or a mention.
    pub files: u64,
    /// `#if … #endif` chains.
    pub chains: u64,
    /// Blocks: branches of chains.
    pub blocks: u64,
    /// Blocks whose own condition names an option: `#if`, `#ifdef`, `#ifndef` and `#elif` directives
    /// with `CONFIG_`, each once.
    pub option_blocks: u64,
    /// Those of them that are not below `arch/`.
    pub option_blocks_outside_arch: u64,
    /// As `option_blocks`, with each `#else` of a chain that names an option.
    pub option_blocks_and_elses: u64,
    /// Blocks that hold nothing but an `#error`.
    pub only_error: u64,
    /// Guards against double inclusion.
    pub include_guards: u64,
    /// Guards in code.
    pub code_guards: u64,
    /// Mentions of options outside of comments.
    pub mentions: u64,
    /// Different options mentioned outside of comments.
    pub options: u64,
    /// Different options that blocks' conditions name.
    pub options_in_conditions: u64,
    /// `#define` and `#undef` of options.
    pub overrides: u64,
    /// Nodes of all formulas.
    pub formulas: u64,
}

impl Counts {
    /// Counts what is in `tree`, whose formulas are in `f`.
    pub fn of(tree: &Tree, f: &Formulas) -> Self {
        let mut counts = Self { seen: tree.seen, formulas: f.len() as u64, ..Self::default() };
        let mut options: FxHashSet<NameId> = FxHashSet::default();
        let mut in_conditions: FxHashSet<NameId> = FxHashSet::default();
        for file in &tree.files {
            counts.files += 1;
            counts.code_guards += file.code.len() as u64;
            counts.overrides += file.overrides.len() as u64;
            for (index, block) in (0_u32..).zip(&file.blocks) {
                counts.blocks += 1;
                counts.chains += u64::from(block.head == index);
                counts.only_error += u64::from(block.only_error);
                counts.include_guards += u64::from(block.include_guard);
                let names_option = match block.directive {
                    Directive::Else => {
                        let mut chain = file.blocks[block.head as usize..index as usize].iter();
                        chain.any(|other| other.head == block.head && other.names_option)
                    }
                    _ => block.names_option,
                };
                counts.option_blocks += u64::from(block.names_option);
                let outside = block.names_option && !file.path.starts_with("arch/");
                counts.option_blocks_outside_arch += u64::from(outside);
                counts.option_blocks_and_elses += u64::from(names_option);
            }
            let conditions = file.blocks.iter().map(|block| block.condition);
            let conditions: Vec<_> = conditions.filter(|span| span.len > 0).collect();
            for mention in &file.mentions {
                if matches!(mention.manner, Manner::Comment | Manner::Bare) {
                    continue;
                }
                counts.mentions += 1;
                options.insert(mention.name);
                let before = conditions.partition_point(|span| span.start <= mention.at.start);
                let condition = before.checked_sub(1).map(|index| conditions[index]);
                if condition.is_some_and(|span| (mention.at.start as usize) < span.end()) {
                    in_conditions.insert(mention.name);
                }
            }
        }
        counts.options = options.len() as u64;
        counts.options_in_conditions = in_conditions.len() as u64;
        counts
    }
}
