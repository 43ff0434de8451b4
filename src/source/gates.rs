//! Gate chains: everything that decides whether a place of a file is in the kernel, from the innermost
//! guard to the topmost makefile, each with the line that says so.
//!
//! A joiner of two readers: guards say when a line of a file is compiled, makefiles when the file is.
//! What a chain comes to under a `.config` is in [`crate::model::gates`].

use std::path::Path;

use rustc_hash::FxHashMap;

use super::guards::{self, Around, Block, FileGuards, FileKind};
use super::makefile;
use super::makefile::syntax::Loc;
use super::makefile::{Conditional, Contribution, Object, Presence, Role, is_linked_apart};
use super::symbols::define::{Definition, Definitions};
use super::texts::Texts;
use crate::model::formula::{FormulaId, Formulas};
use crate::model::gates::{Chain, Gate, GateKind, ObjectGates, Way};

/// More directories above each other than this are a loop of makefiles.
const MAX_DEPTH: usize = 64;
/// More lines than this that build one object are not shown.
const MAX_WAYS: usize = 16;

/// Answers for one architecture.
#[derive(Debug)]
pub struct Gates<'t> {
    presence: &'t Presence,
    by_source: FxHashMap<&'t str, Vec<&'t Object>>,
    by_path: FxHashMap<&'t str, &'t Object>,
}

/// The guards of one file, with its text.
#[derive(Debug)]
pub struct Source {
    /// From the top of the tree.
    pub path: String,
    /// Its bytes.
    pub text: Vec<u8>,
    /// Its guards; nothing for a file that is none of C's or assembly's.
    pub guards: Option<FileGuards>,
    definitions: Option<Definitions>,
}

impl Source {
    /// Reads a file of the tree, that is in the first of `roots` that has it. Its formulas go to `f`.
    /// Nothing if it cannot be read.
    pub fn read(roots: &[&Path], path: &str, f: &mut Formulas) -> Option<Self> {
        let kind = FileKind::of(path);
        let text = roots.iter().find_map(|root| std::fs::read(root.join(path)).ok())?;
        let guards = kind.map(|kind| guards::read(path, kind, &text, f).0);
        let definitions = kind.map(|kind| Definitions::of(kind, &text));
        Some(Self { path: path.to_owned(), text, guards, definitions })
    }

    /// The definitions of a symbol, by the name that a symbol table has; several where branches of
    /// conditionals have one each.
    pub fn definitions(&self, symbol: &str) -> Vec<Definition> {
        self.definitions.as_ref().map_or_else(Vec::new, |known| known.find(symbol))
    }

    /// The 1-based line of a byte.
    pub fn line(&self, at: u32) -> u32 {
        let upto = &self.text[..(at as usize).min(self.text.len())];
        memchr::memchr_iter(b'\n', upto).count() as u32 + 1
    }

    /// The first byte of a 1-based line that is not blank; the end of the file beyond the last.
    pub fn offset(&self, line: u32) -> u32 {
        let mut starts = memchr::memchr_iter(b'\n', &self.text).map(|newline| newline + 1);
        let start = match line.checked_sub(2) {
            None => 0,
            Some(before) => starts.nth(before as usize).unwrap_or(self.text.len()),
        };
        let blank = self.text[start..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        (start + blank) as u32
    }

    /// The guards around a byte, innermost first.
    pub fn guards_at(&self, at: u32, f: &Formulas) -> Vec<Gate> {
        let Some(guards) = &self.guards else { return Vec::new() };
        let gate = |around: Around<'_>| match around {
            Around::Block(block) => self.block(guards, block, f),
            Around::Code(guard) => Gate {
                kind: GateKind::Code,
                file: self.path.clone(),
                line: guard.condition.line,
                text: one_line(guard.condition.of(&self.text)),
                holds: vec![guard.formula],
                options: f.options(&[guard.formula]),
            },
        };
        guards.around(at).into_iter().map(gate).collect()
    }

    fn block(&self, guards: &FileGuards, block: &Block, f: &Formulas) -> Gate {
        let mut text = one_line(block.at.of(&self.text));
        if !block.directive.opens() {
            let head = &guards.blocks[block.head as usize];
            text = format!("{text} of {}", one_line(head.at.of(&self.text)));
        }
        // The branch's own condition names what it is about; an `#else` is about the others'.
        let holds: Vec<FormulaId> = [block.own, block.previous]
            .into_iter()
            .filter(|formula| *formula != Formulas::TRUE)
            .collect();
        let options = f.options(&holds);
        let (kind, file, line) = (GateKind::Guard, self.path.clone(), block.at.line);
        Gate { kind, file, line, text, holds, options }
    }
}

/// A piece of a file on one line.
fn one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text).replace("\\\n", " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<'t> Gates<'t> {
    /// What the makefiles of one architecture build.
    pub fn new(presence: &'t Presence) -> Self {
        let mut by_source: FxHashMap<&str, Vec<&Object>> = FxHashMap::default();
        let mut by_path: FxHashMap<&str, &Object> = FxHashMap::default();
        for object in presence.objects.iter().chain(&presence.special) {
            by_path.insert(&object.path, object);
            if let Some(source) = &object.source {
                by_source.entry(source).or_default().push(object);
            }
        }
        Self { presence, by_source, by_path }
    }

    /// The source of an object, by its path from the top of the tree.
    pub fn source_of(&self, object: &str) -> Option<&'t str> {
        self.by_path.get(object).and_then(|object| object.source.as_deref())
    }

    /// The source files of all objects, in no order.
    pub fn sources(&self) -> impl Iterator<Item = &'t str> {
        self.by_source.keys().copied()
    }

    /// The objects that are made of a source file.
    pub fn objects_of(&self, file: &str) -> &[&'t Object] {
        self.by_source.get(file).map_or(&[], Vec::as_slice)
    }

    /// The chain of a 1-based line; `texts` are those of the makefiles.
    pub fn at_line(&self, source: &Source, line: u32, f: &Formulas, texts: &mut Texts) -> Chain {
        let at = source.offset(line);
        Chain { line, ..self.at_byte(source, at, f, texts) }
    }

    /// The chain of a byte.
    pub fn at_byte(&self, source: &Source, at: u32, f: &Formulas, texts: &mut Texts) -> Chain {
        let guards = source.guards_at(at, f);
        Chain { line: source.line(at), guards, ..self.of_file(&source.path, f, texts) }
    }

    /// The chains of a symbol, by the name that the symbol table has, in its source file: one for each
    /// definition. None where the file's text does not show one.
    pub fn of_symbol(
        &self,
        source: &Source,
        symbol: &str,
        f: &Formulas,
        texts: &mut Texts,
    ) -> Vec<Chain> {
        let found = source.definitions(symbol).into_iter();
        found.map(|one| self.at_byte(source, one.at, f, texts)).collect()
    }

    /// The chain of a file as a whole: what its makefiles say.
    pub fn of_file(&self, path: &str, f: &Formulas, texts: &mut Texts) -> Chain {
        let objects = self.objects_of(path);
        let objects = objects.iter().map(|object| self.object(object, f, texts)).collect();
        let is_source = matches!(FileKind::of(path), Some(FileKind::C | FileKind::Assembly));
        // What is included by others is where they are.
        Chain { file: path.to_owned(), line: 0, guards: Vec::new(), objects, is_source }
    }

    /// The chain of an object whose source is not known or generated, by its path.
    pub fn of_object(&self, object: &str, f: &Formulas, texts: &mut Texts) -> Option<Chain> {
        let object = *self.by_path.get(object)?;
        let file = object.source.as_deref().unwrap_or(&object.path).to_owned();
        let objects = vec![self.object(object, f, texts)];
        Some(Chain { file, line: 0, guards: Vec::new(), objects, is_source: true })
    }

    /// Whether [`object`](Self::object) says the same of `one` as `other` of `two`, which may be of another
    /// architecture with formulas of the same set; it may deny it of what is said in the same words.
    pub fn same(&self, one: &Object, other: &Gates<'_>, two: &Object) -> bool {
        let around = |rule: &Loc| self.presence.around.of(rule) == other.presence.around.of(rule);
        let way = |(a, b): (&Contribution, &Contribution)| {
            (a.role, a.when, a.listed, &a.rule) == (b.role, b.when, b.listed, &b.rule)
                && a.part_of == b.part_of
                && around(&a.rule)
                && a.part_of.as_ref().is_none_or(|whole| around(&whole.rule))
                && self.same_directory(a.directory, other, b.directory)
        };
        let whys = (self.presence.contributions(one), other.presence.contributions(two));
        (&one.path, &one.source, one.built_in, one.module)
            == (&two.path, &two.source, two.built_in, two.module)
            && whys.0.len() == whys.1.len()
            && whys.0.iter().zip(whys.1).all(way)
    }

    /// Whether directories are reached by the same lines.
    fn same_directory(&self, one: usize, other: &Gates<'_>, two: usize) -> bool {
        let (mut at, mut there) = (Some(one), Some(two));
        for _ in 0..MAX_DEPTH {
            let ways = (
                at.and_then(|at| first_way(self.presence, at)),
                there.and_then(|at| first_way(other.presence, at)),
            );
            let (Some(a), Some(b)) = ways else { return ways.0.is_none() && ways.1.is_none() };
            let around = self.presence.around.of(&a.rule) == other.presence.around.of(&b.rule);
            if (a.when, &a.rule) != (b.when, &b.rule) || !around {
                return false;
            }
            (at, there) = (a.from, b.from);
        }
        true
    }

    /// What the makefiles say of one of the objects.
    pub fn object(&self, object: &Object, f: &Formulas, texts: &mut Texts) -> ObjectGates {
        let whys =
            self.presence.contributions(object).iter().filter(|one| one.when != Formulas::FALSE);
        let ways = whys.take(MAX_WAYS).map(|one| self.way(one, f, texts)).collect();
        ObjectGates {
            object: object.path.to_string(),
            built_in: object.built_in,
            module: object.module,
            apart: is_linked_apart(object.source.as_deref().unwrap_or(&object.path))
                || (object.built_in, object.module) == (Formulas::FALSE, Formulas::FALSE),
            ways,
        }
    }

    fn way(&self, why: &Contribution, f: &Formulas, texts: &mut Texts) -> Way {
        let mut rules = Vec::new();
        let mut depth = 0;
        let mut add = |kind, rule: &Loc, holds| {
            let around = self.presence.around.of(rule);
            rules.extend(gates_of_line(kind, rule, holds, around, f, texts));
            depth += 1;
            depth < MAX_DEPTH
        };
        if let Some(whole) = &why.part_of {
            add(GateKind::Part, &whole.rule, whole.when);
        }
        add(GateKind::Object, &why.rule, why.listed);
        let mut at = Some(why.directory);
        while let Some(way) = at.and_then(|at| self.presence.directories[at].ways.first()) {
            let goes_on = add(GateKind::Directory, &way.rule, way.when);
            at = way.from.filter(|_| goes_on);
        }
        let part_of = why.part_of.as_ref().map(|whole| whole.path.to_string());
        Way { role: word(why.role), part_of, when: why.when, rules }
    }
}

/// The first line that leads to a directory.
fn first_way(presence: &Presence, at: usize) -> Option<&makefile::Way> {
    presence.directories[at].ways.first()
}

/// A line of a makefile, and then what is around it: what the line itself names is nearer to the object.
fn gates_of_line(
    kind: GateKind,
    rule: &Loc,
    holds: FormulaId,
    around: &[Conditional],
    f: &Formulas,
    texts: &mut Texts,
) -> Vec<Gate> {
    let conditions: Vec<FormulaId> = around.iter().map(|one| one.when).collect();
    let mut text = |at: &Loc| one_line(texts.line(&at.file, at.line).as_bytes());
    let gate = |kind, rule: &Loc, text, holds, options| {
        let (file, line, holds) = (rule.file.to_string(), rule.line, vec![holds]);
        Gate { kind, file, line, text, holds, options }
    };
    let mut out = vec![gate(kind, rule, text(rule), holds, f.options_but(&[holds], &conditions))];
    for one in around {
        let mut words = text(&one.rule);
        if let Some(head) = &one.head {
            words = format!("{words} of {}", text(head));
        }
        let kind = GateKind::Conditional;
        out.push(gate(kind, &one.rule, words, one.when, f.options(&[one.when])));
    }
    out
}

/// The list that an object is in.
fn word(role: Role) -> &'static str {
    match role {
        Role::BuiltIn => "obj-y",
        Role::Module => "obj-m",
        Role::Library => "lib-y",
        Role::Extra => "extra-y",
        Role::Always => "always-y",
        Role::Special => "targets",
    }
}
