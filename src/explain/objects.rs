//! What makefiles build, over all architectures: the objects of each source file with their rules, and
//! the rules that name each option.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::lint::context::Tree;
use crate::model::explain::{Gate, ObjectOf, RuleOf, Way};
use crate::model::formula::{FormulaId, Formulas};
use crate::model::gates::{self, GateKind};
use crate::source::gates::Gates;
use crate::source::makefile::Object;
use crate::source::texts::Texts;

/// More objects than this of one line are counted only.
const SHOWN: usize = 100;

/// So many source files are looked at by one thread at a time.
const PIECE: usize = 256;

/// The texts of formulas, each made once.
struct Words<'f> {
    formulas: &'f Formulas,
    known: FxHashMap<Vec<FormulaId>, String>,
}

impl Words<'_> {
    fn of(&mut self, holds: &[FormulaId]) -> String {
        if let Some(known) = self.known.get(holds) {
            return known.clone();
        }
        let text = self.formulas.shown_all(holds);
        self.known.insert(holds.to_vec(), text.clone());
        text
    }

    fn gate(&mut self, gate: gates::Gate) -> Gate {
        Gate {
            kind: gate.kind.word().to_owned(),
            place: format!("{}:{}", gate.file, gate.line),
            text: gate.text,
            holds: self.of(&gate.holds),
            options: gate.options,
        }
    }

    fn object(&mut self, object: gates::ObjectGates) -> ObjectOf {
        let way = |way: gates::Way| Way {
            role: way.role.to_owned(),
            part_of: way.part_of,
            when: self.of(&[way.when]),
            rules: way.rules.into_iter().map(|gate| self.gate(gate)).collect(),
        };
        let ways = object.ways.into_iter().map(way).collect();
        ObjectOf { object: object.object, apart: object.apart, ways, arches: Vec::new() }
    }
}

/// A gate in words.
pub fn shown(formulas: &Formulas, gate: gates::Gate) -> Gate {
    Words { formulas, known: FxHashMap::default() }.gate(gate)
}

/// Everything that the makefiles of `tree` build: of each source file, in order, what `keep` makes of its
/// objects; and the rules that name each option. Most is the same on all architectures, and is put into
/// words once.
pub fn objects<T: Send>(
    tree: &Tree,
    keep: impl Fn(&str, Vec<ObjectOf>) -> T + Sync,
) -> (Vec<T>, BTreeMap<String, Vec<RuleOf>>) {
    let gates: Vec<Option<Gates<'_>>> =
        tree.arches.iter().map(|arch| arch.kbuild.as_deref().map(Gates::new)).collect();
    let mut sources: Vec<&str> = gates.iter().flatten().flat_map(Gates::sources).collect();
    sources.sort_unstable();
    sources.dedup();
    let piece = |sources: &[&str]| {
        let mut asked = Asked {
            tree,
            gates: &gates,
            texts: tree.source_texts(),
            words: Words { formulas: &tree.formulas, known: FxHashMap::default() },
        };
        let (mut kept, mut rules) = (Vec::new(), Rules::new());
        for source in sources {
            let objects = asked.source(source);
            for (object, arches) in &objects {
                note(&mut rules, object, arches);
            }
            let objects = objects.into_iter();
            let objects =
                objects.map(|(one, arches)| ObjectOf { arches: asked.named(&arches), ..one });
            kept.push(keep(source, objects.collect()));
        }
        (kept, rules)
    };
    let pieces: Vec<(Vec<T>, Rules)> = sources.par_chunks(PIECE).map(piece).collect();
    let (mut kept, mut all) = (Vec::new(), Rules::new());
    for (more, rules) in pieces {
        kept.extend(more);
        for (key, rule) in rules {
            match all.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(rule);
                }
                Entry::Occupied(place) => {
                    let known = place.into_mut();
                    known.holds.extend(rule.holds);
                    known.objects.extend(rule.objects);
                    known.arches.extend(rule.arches);
                }
            }
        }
    }
    let all: Vec<(Key, Rule)> = all.into_iter().collect();
    let finished: Vec<(String, RuleOf)> = all
        .into_par_iter()
        .map(|((option, _, kind), rule)| (option, rule.finish(kind, tree)))
        .collect();
    let mut rules: BTreeMap<String, Vec<RuleOf>> = BTreeMap::new();
    for (option, rule) in finished {
        rules.entry(option).or_default().push(rule);
    }
    (kept, rules)
}

/// What is asked for each source.
struct Asked<'t> {
    tree: &'t Tree,
    /// By architecture.
    gates: &'t [Option<Gates<'t>>],
    texts: Texts,
    words: Words<'t>,
}

impl Asked<'_> {
    /// The objects of a source, each with the architectures that build it so.
    fn source(&mut self, source: &str) -> Vec<(ObjectOf, Vec<usize>)> {
        let mut out: Vec<(ObjectOf, Vec<usize>)> = Vec::new();
        // Where each of them was seen first.
        let mut seen: Vec<(&Gates<'_>, &Object, usize)> = Vec::new();
        let all = self.gates.iter().enumerate();
        for (arch, gates) in all.filter_map(|(arch, gates)| Some((arch, gates.as_ref()?))) {
            for object in gates.objects_of(source) {
                let same = |(other, known, _): &&(&Gates<'_>, &Object, usize)| {
                    other.same(known, gates, object)
                };
                if let Some((_, _, at)) = seen.iter().find(same) {
                    out[*at].1.push(arch);
                    continue;
                }
                let said = gates.object(object, &self.tree.formulas, &mut self.texts);
                let said = self.words.object(said);
                let at = out.iter().position(|(known, _)| *known == said).unwrap_or(out.len());
                if at == out.len() {
                    out.push((said, Vec::new()));
                }
                out[at].1.push(arch);
                seen.push((gates, object, at));
            }
        }
        out
    }

    fn named(&self, arches: &[usize]) -> Vec<String> {
        named(self.tree, arches)
    }
}

/// The names of architectures; none for all.
fn named(tree: &Tree, arches: &[usize]) -> Vec<String> {
    let all = arches.len() == tree.arches.len();
    let name = |arch: &usize| tree.arches[*arch].name.clone();
    if all { Vec::new() } else { arches.iter().map(name).collect() }
}

/// An option, a place and what is controlled there.
type Key = (String, String, String);
type Rules = BTreeMap<Key, Rule>;

/// Notes the rules of an object under the options that they name.
fn note(rules: &mut Rules, object: &ObjectOf, arches: &[usize]) {
    for (gate, kind) in object.ways.iter().flat_map(|way| controls(&way.rules)) {
        for option in &gate.options {
            // `obj-$(CONFIG_X)` is two rules: one for y, one for m.
            let key = (option.clone(), gate.place.clone(), kind.to_owned());
            let rule = rules.entry(key).or_insert_with(|| Rule::new(gate.clone()));
            if !rule.holds.contains(&gate.holds) {
                rule.holds.insert(gate.holds.clone());
            }
            if !rule.objects.contains(&object.object) {
                rule.objects.insert(object.object.clone());
            }
            rule.arches.extend(arches.iter().copied());
        }
    }
}

/// Gates with what they control: a conditional around the line that leads to a directory controls all
/// that is below, as the line does.
fn controls(rules: &[Gate]) -> impl Iterator<Item = (&Gate, &str)> {
    let mut line = "";
    rules.iter().map(move |gate| {
        if gate.kind != GateKind::Conditional.word() {
            line = &gate.kind;
        }
        let below = line == GateKind::Directory.word();
        (gate, if below { line } else { gate.kind.as_str() })
    })
}

/// What holds if one of these does.
fn either(holds: &BTreeSet<String>) -> String {
    let mut f = Formulas::default();
    let parsed = holds.iter().map(|text| f.parse(text)).collect::<Option<Vec<_>>>();
    match parsed {
        Some(all) => {
            let any = all.into_iter().rev().fold(Formulas::FALSE, |any, one| f.or(any, one));
            f.shown(any)
        }
        None => holds.iter().cloned().collect::<Vec<_>>().join(" || "),
    }
}

struct Rule {
    gate: Gate,
    holds: BTreeSet<String>,
    objects: BTreeSet<String>,
    arches: BTreeSet<usize>,
}

impl Rule {
    fn new(gate: Gate) -> Self {
        let (holds, objects, arches) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { gate, holds, objects, arches }
    }

    fn finish(self, kind: String, tree: &Tree) -> RuleOf {
        let arches: Vec<usize> = self.arches.into_iter().collect();
        let shown = if kind == "directory" { 0 } else { SHOWN };
        RuleOf {
            place: self.gate.place,
            text: self.gate.text,
            controls: kind,
            holds: either(&self.holds),
            count: self.objects.len(),
            objects: self.objects.into_iter().take(shown).collect(),
            arches: named(tree, &arches),
        }
    }
}
