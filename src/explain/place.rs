//! Files as they are when a question is asked: read once, with their guards.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::explain::objects::shown;
use crate::model::explain::{Chain, Gate, ObjectOf};
use crate::model::formula::Formulas;
use crate::source::gates::Source;

/// Looks up the objects of a source file.
pub type ObjectsOf<'a> = dyn Fn(&str) -> Vec<ObjectOf> + Sync + 'a;

/// The tree, for one question.
pub struct Asked<'a> {
    /// Where it is.
    pub root: PathBuf,
    /// What makefiles make of a file.
    pub objects: &'a ObjectsOf<'a>,
    /// Every file that may be looked into, sorted.
    pub files: BTreeSet<&'a str>,
}

/// A file with its guards and the formulas of those.
pub struct Opened {
    /// The file.
    pub source: Source,
    /// Its formulas.
    pub formulas: Formulas,
}

impl Opened {
    /// Reads a file of the tree at `root`.
    pub fn read(root: &Path, path: &str) -> Option<Self> {
        let mut formulas = Formulas::default();
        let source = Source::read(&[root], path, &mut formulas)?;
        Some(Self { source, formulas })
    }

    /// The guards around a byte, in words.
    pub fn guards(&self, at: u32) -> Vec<Gate> {
        let gates = self.source.guards_at(at, &self.formulas);
        gates.into_iter().map(|gate| shown(&self.formulas, gate)).collect()
    }

    /// `file:line` of a byte.
    pub fn place(&self, at: u32) -> String {
        format!("{}:{}", self.source.path, self.source.line(at))
    }
}

impl Asked<'_> {
    /// What decides about a byte of a file.
    pub fn chain(&self, file: &Opened, at: u32) -> Chain {
        Chain { guards: file.guards(at), objects: (self.objects)(&file.source.path) }
    }

    /// What decides about a byte, shortly: its guards' formulas, then those of the rules that are not
    /// always open. Of several objects and ways, the first.
    pub fn gates(&self, file: &Opened, at: u32, objects: &[ObjectOf]) -> Vec<String> {
        let mut out: Vec<String> = file.guards(at).into_iter().map(|gate| gate.holds).collect();
        let first = objects.iter().find(|object| !object.apart).or(objects.first());
        let rules = first.and_then(|object| object.ways.first()).map(|way| &way.rules);
        out.extend(rules.into_iter().flatten().map(|gate| gate.holds.clone()));
        let mut seen: Vec<String> = Vec::new();
        for holds in out {
            if holds != "y" && !seen.contains(&holds) {
                seen.push(holds);
            }
        }
        seen
    }
}
