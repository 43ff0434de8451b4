//! What makefiles build, over all architectures: the objects of each source file with their rules, and
//! the rules that name each option.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::lint::context::Tree;
use crate::model::explain::{Gate, ObjectOf, RuleOf, Way};
use crate::model::formula::{FormulaId, Formulas};
use crate::model::gates::{self, GateKind};
use crate::source::gates::Gates;

/// More objects than this of one line are counted only.
const SHOWN: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub struct Objects {
    /// By source file.
    pub sources: BTreeMap<String, Vec<ObjectOf>>,
    /// By option.
    pub rules: BTreeMap<String, Vec<RuleOf>>,
}

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

/// Everything that the makefiles of `tree` build.
pub fn objects(tree: &Tree) -> Objects {
    let one = |index: usize| -> Vec<(String, Vec<ObjectOf>)> {
        let Some(kbuild) = &tree.arches[index].kbuild else { return Vec::new() };
        let gates = Gates::new(kbuild);
        let mut texts = tree.source_texts();
        let mut words = Words { formulas: &tree.formulas, known: FxHashMap::default() };
        let mut sources: Vec<&str> = gates.sources().collect();
        sources.sort_unstable();
        let mut each = |source: &str| {
            let chain = gates.of_file(source, &tree.formulas, &mut texts);
            let objects = chain.objects.into_iter().map(|object| words.object(object)).collect();
            (source.to_owned(), objects)
        };
        sources.into_iter().map(&mut each).collect()
    };
    let all: Vec<Vec<(String, Vec<ObjectOf>)>> =
        (0..tree.arches.len()).into_par_iter().map(one).collect();
    let mut merged: BTreeMap<String, Vec<(ObjectOf, Vec<usize>)>> = BTreeMap::new();
    for (arch, sources) in all.into_iter().enumerate() {
        for (source, objects) in sources {
            let known = merged.entry(source).or_default();
            for object in objects {
                match known.iter_mut().find(|(one, _)| *one == object) {
                    Some((_, arches)) => arches.push(arch),
                    None => known.push((object, vec![arch])),
                }
            }
        }
    }
    let named = |arches: &[usize]| -> Vec<String> {
        let all = arches.len() == tree.arches.len();
        let name = |arch: &usize| tree.arches[*arch].name.clone();
        if all { Vec::new() } else { arches.iter().map(name).collect() }
    };
    let mut rules: BTreeMap<(String, String, String), Rule> = BTreeMap::new();
    let mut out = Objects::default();
    for (source, objects) in merged {
        for (object, arches) in &objects {
            for (gate, kind) in object.ways.iter().flat_map(|way| controls(&way.rules)) {
                for option in &gate.options {
                    // `obj-$(CONFIG_X)` is two rules: one for y, one for m.
                    let key = (option.clone(), gate.place.clone(), kind.to_owned());
                    let rule = rules.entry(key).or_insert_with(|| Rule::new(gate.clone()));
                    rule.holds.insert(gate.holds.clone());
                    rule.objects.insert(object.object.clone());
                    rule.arches.extend(arches.iter().copied());
                }
            }
        }
        let objects = objects.into_iter();
        let objects = objects.map(|(one, arches)| ObjectOf { arches: named(&arches), ..one });
        out.sources.insert(source, objects.collect());
    }
    for ((option, _, kind), rule) in rules {
        let arches: Vec<usize> = rule.arches.into_iter().collect();
        let count = rule.objects.len();
        let shown = if kind == "directory" { 0 } else { SHOWN };
        let gate = rule.gate;
        out.rules.entry(option).or_default().push(RuleOf {
            place: gate.place,
            text: gate.text,
            controls: kind,
            holds: either(&rule.holds),
            objects: rule.objects.into_iter().take(shown).collect(),
            count,
            arches: named(&arches),
        });
    }
    out
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
}
