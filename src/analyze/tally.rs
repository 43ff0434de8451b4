//! The numbers of bloat-o-meter's first and last line, and what changed at all.
//!
//! Two kernels share nearly all of their symbols. So every pair is looked at once, on several threads, and
//! after that only those that changed.

use rayon::prelude::*;

use super::claims::{Claims, Item};
use super::diff::{NONE, Pair, Pairs};
use crate::model::delta::{Change, SymbolSummary};

/// Numbers of pairs, and the pairs that changed.
#[derive(Debug, Default)]
pub struct Tally {
    /// The numbers of all pairs.
    pub sum: SymbolSummary,
    /// Those that changed, in no order that would mean anything.
    pub changed: Vec<Pair>,
}

impl Tally {
    /// Of all pairs.
    pub fn of(pairs: &Pairs, old: &Claims, new: &Claims) -> Self {
        /// Items that are worth a thread.
        const PART: usize = 16 * 1024;
        let of_old = |(part, (partners, items)): (usize, (&[u32], &[Item]))| {
            let mut tally = Self::default();
            for (was, (&is, item)) in ((part * PART) as u32..).zip(partners.iter().zip(items)) {
                let after = new.items.get(is as usize).map(|item| item.bytes);
                let pair = Pair { old: Some(was), new: after.map(|_| is), renamed: false };
                tally.add(pair, Some(item.bytes), after);
            }
            tally
        };
        let of_new = |(part, (partners, items)): (usize, (&[u32], &[Item]))| {
            let mut tally = Self::default();
            for (is, (&was, item)) in ((part * PART) as u32..).zip(partners.iter().zip(items)) {
                if was == NONE {
                    let pair = Pair { old: None, new: Some(is), renamed: false };
                    tally.add(pair, None, Some(item.bytes));
                }
            }
            tally
        };
        let olds = pairs.old_partner.par_chunks(PART).zip(old.items.par_chunks(PART)).enumerate();
        let news = pairs.new_partner.par_chunks(PART).zip(new.items.par_chunks(PART)).enumerate();
        let parts: Vec<Self> = olds.map(of_old).chain(news.map(of_new)).collect();
        let mut all = Self::default();
        for part in parts {
            all.sum += part.sum;
            all.changed.extend(part.changed);
        }
        // What was renamed has kept its size, and counted as the same so far.
        all.sum.same -= pairs.renamed.len() as u64;
        all.sum.renamed = pairs.renamed.len() as u64;
        all.changed.extend(pairs.renamed.iter().map(|&was| {
            let is = pairs.old_partner[was as usize];
            Pair { old: Some(was), new: Some(is), renamed: true }
        }));
        all
    }

    fn add(&mut self, pair: Pair, before: Option<u64>, after: Option<u64>) {
        let change = Change::of(before, after);
        count(&mut self.sum, change, before, after);
        if change != Change::Same {
            self.changed.push(pair);
        }
    }
}

/// The numbers of some pairs.
pub fn summary(pairs: impl Iterator<Item = Pair>, old: &Claims, new: &Claims) -> SymbolSummary {
    let mut sum = SymbolSummary::default();
    for pair in pairs {
        count(&mut sum, pair.change(old, new), pair.before(old), pair.after(new));
    }
    sum
}

fn count(sum: &mut SymbolSummary, change: Change, before: Option<u64>, after: Option<u64>) {
    let (was, is) = (before.unwrap_or(0), after.unwrap_or(0));
    sum.before += was;
    sum.after += is;
    sum.up += is.saturating_sub(was);
    sum.down += was.saturating_sub(is);
    *match change {
        Change::Added => &mut sum.added,
        Change::Removed => &mut sum.removed,
        Change::Grown => &mut sum.grown,
        Change::Shrunk => &mut sum.shrunk,
        Change::Renamed => &mut sum.renamed,
        Change::Same => &mut sum.same,
    } += 1;
}
