//! Where each piece of an image is in the source, and which gates are around it there.

use std::path::Path;

use rustc_hash::FxHashMap;

use crate::analyze::attribute::pieces::{Key, Pieces};
use crate::analyze::cost::Held;
use crate::commands::audit::pair::ArchSource;
use crate::model::config::Config;
use crate::model::gates::Chain;
use crate::model::valuation::Valuation;
use crate::source::gates::{Gates, Source};
use crate::source::texts::Texts;

/// Deals the bytes of `pieces` out to the options that hold them.
pub fn deal(
    pieces: &Pieces,
    source: &mut ArchSource,
    root: &Path,
    config: &Config,
    held: &mut Held,
) {
    let gates = Gates::new(&source.presence);
    let formulas = &mut source.formulas;
    let mut all: Vec<(&Key, u64)> =
        pieces.all.iter().map(|(key, piece)| (key, piece.bytes)).collect();
    all.sort_by(|a, b| a.0.cmp(b.0));
    let mut files: FxHashMap<&str, Option<Source>> = FxHashMap::default();
    for (key, _) in &all {
        if let Some(path) = gates.source_of(&key.object) {
            files.entry(path).or_insert_with(|| Source::read(&[root], path, formulas));
        }
    }
    let under = Valuation::new(formulas, config);
    let mut texts = Texts::new(&[root]);
    let mut objects: FxHashMap<&str, Option<Chain>> = FxHashMap::default();
    for (key, bytes) in all {
        let source = gates.source_of(&key.object).and_then(|path| files.get(path)?.as_ref());
        let found = match source {
            Some(source) if !key.bare => {
                here(gates.of_symbol(source, &key.name, formulas, &mut texts), &under)
            }
            _ => None,
        };
        let chain = found.or_else(|| {
            let whole = objects
                .entry(&key.object)
                .or_insert_with(|| gates.of_object(&key.object, formulas, &mut texts));
            whole.clone()
        });
        match chain {
            Some(chain) => held.add(&chain, bytes, formulas, config),
            None => held.add_unknown(bytes),
        }
    }
}

/// Of several branches with a definition each, the one that the configuration has.
fn here(chains: Vec<Chain>, under: &Valuation) -> Option<Chain> {
    let is_here = |chain: &Chain| under.all(&chain.guards_hold(), false) != Some(false);
    let at = chains.iter().position(is_here).unwrap_or(0);
    chains.into_iter().nth(at)
}
