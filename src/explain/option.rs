//! An option: the guards that name it, and the functions that are there only with it.

use rayon::prelude::*;

use super::place::{Asked, Opened};
use crate::model::explain::{FunctionOf, GuardOf, ObjectOf};
use crate::model::formula::{FormulaId, Formulas};
use crate::model::gates::GateKind;
use crate::model::valuation::Valuation;

/// What is found of an option in the sources.
#[derive(Debug, Default)]
pub struct Found {
    /// The guards and tests in code that name it.
    pub guards: Vec<GuardOf>,
    /// The functions that need it.
    pub functions: Vec<FunctionOf>,
}

/// Reads `files`, which mention `option` (without `CONFIG_`), and `built`, whose objects need it.
pub fn find(asked: &Asked<'_>, option: &str, files: &[&str], built: &[&str]) -> Found {
    let mut all: Vec<&str> = files.iter().chain(built).copied().collect();
    all.sort_unstable();
    all.dedup();
    let one = |path: &&str| {
        let Some(opened) = Opened::read(&asked.root, path) else { return Found::default() };
        let whole = built.contains(path);
        of_file(&opened, option, whole)
    };
    let found: Vec<Found> = all.par_iter().map(one).collect();
    let mut out = Found::default();
    for one in found {
        out.guards.extend(one.guards);
        out.functions.extend(one.functions);
    }
    out
}

fn of_file(opened: &Opened, option: &str, whole: bool) -> Found {
    let (source, f) = (&opened.source, &opened.formulas);
    let mut out = Found::default();
    let without = Valuation::without(f, &[option.to_owned()]);
    let names = |holds: &[FormulaId]| f.options(holds).iter().any(|name| name == option);
    let text = |start: usize, end: usize| {
        let text = String::from_utf8_lossy(source.text.get(start..end).unwrap_or_default());
        text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    if let Some(guards) = &source.guards {
        for block in guards.blocks.iter().filter(|block| names(&[block.own])) {
            out.guards.push(GuardOf {
                place: format!("{}:{}", source.path, block.at.line),
                text: text(block.at.start as usize, block.at.end()),
                controls: GateKind::Guard.word().to_owned(),
                holds: f.shown_all(&[block.previous, block.own]),
                lines: block.lines,
            });
        }
        for guard in guards.code.iter().filter(|guard| names(&[guard.formula])) {
            out.guards.push(GuardOf {
                place: format!("{}:{}", source.path, guard.condition.line),
                text: text(guard.condition.start as usize, guard.condition.end()),
                controls: GateKind::Code.word().to_owned(),
                holds: f.shown(guard.formula),
                lines: guard.lines,
            });
        }
    }
    for function in super::answer::functions_of(opened) {
        let line = function.place.rsplit_once(':').and_then(|(_, line)| line.parse().ok());
        let needs = || {
            let gates = source.guards_at(source.offset(line.unwrap_or(0)), f);
            gates.iter().any(|gate| without.all(&gate.holds, false) == Some(false))
        };
        if whole || (function.options.iter().any(|name| name == option) && needs()) {
            out.functions.push(function);
        }
    }
    out
}

/// Whether an object is never built without the option: every way needs it.
pub fn needs(object: &ObjectOf, option: &str) -> bool {
    let mut ways = object.ways.iter();
    !object.ways.is_empty()
        && ways.all(|way| {
            way.rules.iter().any(|rule| {
                rule.options.iter().any(|name| name == option) && {
                    let mut f = Formulas::default();
                    let holds = f.parse(&rule.holds);
                    let without = Valuation::without(&f, &[option.to_owned()]);
                    holds.is_some_and(|holds| without.get(holds, false) == Some(false))
                }
            })
        })
}

/// The directory of `arch/` that an ARCH builds from.
pub fn directory(arch: &str) -> &str {
    match arch {
        "i386" | "x86_64" => "x86",
        "sparc32" | "sparc64" => "sparc",
        "parisc64" => "parisc",
        other => other,
    }
}
