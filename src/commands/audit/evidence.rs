//! What the source says of the symbols of a pair: where they are defined, and which gates are around
//! them. Only the sources of objects that changed are read.

use std::collections::BTreeSet;
use std::path::Path;

use rustc_hash::FxHashMap;

use super::causes::Causes;
use crate::analyze::attribute::partition::{Cause, Evidence, Place};
use crate::analyze::attribute::pieces::{Key, Piece, Pieces};
use crate::model::formula::Formulas;
use crate::model::gates::Chain;
use crate::source::gates::{Gates, Source};
use crate::source::texts::Texts;

/// The sources of a pair's objects, by path.
pub type Files = FxHashMap<String, Source>;

/// The sources of everything that differs between two images. Their formulas go to `formulas`.
pub fn read(
    (old, new): (&Pieces, &Pieces),
    gates: &Gates<'_>,
    root: &Path,
    formulas: &mut Formulas,
) -> Files {
    let mut objects: BTreeSet<&str> = BTreeSet::new();
    let differs = |key: &Key, piece: &Piece, other: &Pieces| {
        other.all.get(key).is_none_or(|other| other.bytes != piece.bytes)
    };
    for (one, other) in [(old, new), (new, old)] {
        let changed = one.all.iter().filter(|(key, piece)| differs(key, piece, other));
        objects.extend(changed.map(|(key, _)| &*key.object).filter(|object| !object.is_empty()));
    }
    let mut files = Files::default();
    for object in objects {
        let Some(path) = source_of(gates, object) else { continue };
        if !files.contains_key(path)
            && let Some(source) = Source::read(&[root], path, formulas)
        {
            files.insert(path.to_owned(), source);
        }
    }
    files
}

/// The source file of an object.
fn source_of<'t>(gates: &Gates<'t>, object: &str) -> Option<&'t str> {
    gates.source_of(object)
}

/// Answers from what was read.
pub struct FromSource<'s, 't> {
    /// The makefiles of the architecture.
    pub gates: &'s Gates<'t>,
    /// See [`read`].
    pub files: &'s Files,
    /// All formulas.
    pub formulas: &'s Formulas,
    /// Why things grow.
    pub causes: &'s Causes,
    /// For the lines of makefiles.
    pub texts: Texts,
}

impl FromSource<'_, '_> {
    fn source(&self, key: &Key) -> Option<&Source> {
        self.files.get(source_of(self.gates, &key.object)?)
    }
}

impl Evidence for FromSource<'_, '_> {
    fn place(&mut self, key: &Key, _: &Piece) -> Place {
        let gates = self.gates;
        let (formulas, files) = (self.formulas, self.files);
        let source = source_of(gates, &key.object).and_then(|path| files.get(path));
        let Some(source) = source else {
            return Place { defined: None, chains: self.object(&key.object).into_iter().collect() };
        };
        let chains = gates.of_symbol(source, &key.name, formulas, &mut self.texts);
        if chains.is_empty() {
            let chain = gates.of_file(&source.path, formulas, &mut self.texts);
            return Place { defined: None, chains: vec![chain] };
        }
        let defined = chains.first().map(|chain| format!("{}:{}", chain.file, chain.line));
        Place { defined, chains }
    }

    fn object(&mut self, object: &str) -> Option<Chain> {
        self.gates.of_object(object, self.formulas, &mut self.texts)
    }

    fn cause(&mut self, key: &Key, piece: &Piece) -> Option<Cause> {
        let file = source_of(self.gates, &key.object)?;
        self.causes.of(file, &key.name, piece.is_function)
    }

    fn mentions(&mut self, key: &Key, name: &str) -> bool {
        let Some(source) = self.source(key) else { return false };
        let text = &source.text;
        source.definitions(&key.name).iter().any(|one| {
            let body = body(text, one.at as usize);
            memchr::memmem::find_iter(body, name.as_bytes()).any(|at| {
                let is_word = |byte: Option<&u8>| {
                    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
                };
                let before = at.checked_sub(1).and_then(|at| body.get(at));
                !is_word(before) && !is_word(body.get(at + name.len()))
            })
        })
    }
}

/// The text of a definition, from its name to the line that ends it: a function's closing brace stands in
/// the first column.
pub fn body(text: &[u8], at: usize) -> &[u8] {
    let rest = text.get(at..).unwrap_or_default();
    let end = memchr::memmem::find(rest, b"\n}").map_or(rest.len(), |end| end + 2);
    &rest[..end]
}
