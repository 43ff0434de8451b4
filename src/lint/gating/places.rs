//! Under which conditions a mention of a function is compiled: its guards, and the tests of options in
//! the code around it.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::lint::context::Tree;
use crate::model::formula::FormulaId;
use crate::source::guards::FileGuards;
use crate::source::symbols::{Manner, Mention, Symbols};

/// A place: a file and what has to hold there, as far as the file says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Index into [`Symbols::files`].
    pub file: u32,
    /// All of these hold.
    pub conditions: Vec<FormulaId>,
}

/// The places of all mentions.
#[derive(Debug, Default)]
pub struct Places {
    /// Each once.
    pub all: Vec<Place>,
    /// By mention.
    pub of: Vec<u32>,
}

impl Places {
    /// Works out where all mentions are.
    pub fn new(tree: &Tree, symbols: &Symbols) -> Self {
        let guards: FxHashMap<&str, &FileGuards> =
            tree.guards.files.iter().map(|file| (&*file.path, file)).collect();
        let by_file: Vec<Option<&FileGuards>> =
            symbols.files.iter().map(|file| guards.get(&*file.path).copied()).collect();
        let chunk = |mentions: &[Mention]| -> Vec<Place> {
            let conditions = |m: &Mention| match by_file[m.file as usize] {
                Some(guards) => conditions(guards, m),
                None => Vec::new(),
            };
            mentions
                .iter()
                .map(|mention| Place { file: mention.file, conditions: conditions(mention) })
                .collect()
        };
        let chunks: Vec<Vec<Place>> = symbols.mentions.par_chunks(1 << 14).map(chunk).collect();
        let mut places = Self::default();
        let mut known: FxHashMap<Place, u32> = FxHashMap::default();
        for place in chunks.into_iter().flatten() {
            let next = places.all.len() as u32;
            let number = *known.entry(place).or_insert_with_key(|place| {
                places.all.push(place.clone());
                next
            });
            places.of.push(number);
        }
        places
    }

    /// What has to hold for a mention, by its number, to be compiled.
    pub fn conditions(&self, mention: usize) -> &[FormulaId] {
        &self.all[self.of[mention] as usize].conditions
    }
}

/// What has to hold for a mention to be compiled.
fn conditions(guards: &FileGuards, mention: &Mention) -> Vec<FormulaId> {
    let in_code = matches!(mention.manner, Manner::Called | Manner::Named);
    guards.conditions_at(mention.at, in_code)
}
