//! What Kconfig says about every option, over all architectures, and where each can be on.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::kconf::eval::{Tristate, with_stack};
use crate::kconf::expr::Expr;
use crate::kconf::model::{MenuId, Model, Place, PropKind, Property, SymbolId, Type};
use crate::kconf::print;
use crate::lint::context::{Arch, Tree};
use crate::logic::{Answer, Logic};
use crate::model::explain::{DefinitionOf, OptionFacts, Reach, Selector};

/// More levels of menus than this are a loop.
const MAX_MENUS: usize = 32;
/// Longer expressions are cut.
const LONG: usize = 1000;

/// Where an option can be on, on one architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Yes,
    Module,
    Never,
    Unknown,
    Other,
}

/// What one architecture says about an option.
struct Said {
    facts: OptionFacts,
    level: Level,
}

/// All options that some architecture defines, by name.
pub fn facts(tree: &Tree) -> Vec<OptionFacts> {
    // Where architectures say the same, the words are those of the one that most people look at.
    let mut order: Vec<usize> = (0..tree.arches.len()).collect();
    order.sort_by_key(|index| tree.arches[*index].name != "x86");
    // Without a thread with enough stack there is no answer.
    let one = |index: &usize| {
        let said = with_stack(|| of_arch(&tree.arches[*index])).unwrap_or_default();
        (*index, said)
    };
    let mut merged: BTreeMap<String, Merged> = BTreeMap::new();
    // What they say is mostly the same: it is not kept until all have said it.
    for some in order.chunks(rayon::current_num_threads()) {
        let all: Vec<(usize, BTreeMap<String, Said>)> = some.par_iter().map(one).collect();
        for (index, said) in all {
            for (name, said) in said {
                merged.entry(name).or_default().add(index, said);
            }
        }
    }
    let names: Vec<&str> = tree.arches.iter().map(|arch| arch.name.as_str()).collect();
    merged.into_iter().map(|(name, merged)| merged.finish(name, &names)).collect()
}

/// The facts of several architectures, each with the architectures that say it.
#[derive(Default)]
struct Merged {
    definitions: Vec<(DefinitionOf, Vec<usize>)>,
    lists: [Vec<(Selector, Vec<usize>)>; 3],
    levels: Vec<(usize, Level)>,
}

impl Merged {
    fn add(&mut self, arch: usize, said: Said) {
        let OptionFacts { definitions, selects, selected_by, implied_by, .. } = said.facts;
        for one in definitions {
            match self.definitions.iter_mut().find(|(known, _)| known.place == one.place) {
                Some((_, arches)) => arches.push(arch),
                None => self.definitions.push((one, vec![arch])),
            }
        }
        for (list, more) in self.lists.iter_mut().zip([selects, selected_by, implied_by]) {
            for one in more {
                let same = |known: &&mut (Selector, Vec<usize>)| {
                    known.0.place == one.place && known.0.option == one.option
                };
                match list.iter_mut().find(same) {
                    Some((_, arches)) if arches.last() != Some(&arch) => arches.push(arch),
                    Some(_) => {}
                    None => list.push((one, vec![arch])),
                }
            }
        }
        self.levels.push((arch, said.level));
    }

    fn finish(mut self, name: String, names: &[&str]) -> OptionFacts {
        let named = |mut arches: Vec<usize>| -> Vec<String> {
            arches.sort_unstable();
            arches.iter().map(|arch| names[*arch].to_owned()).collect()
        };
        // What all say needs no list.
        let some = |arches: Vec<usize>| {
            if arches.len() == names.len() { Vec::new() } else { named(arches) }
        };
        self.definitions
            .sort_by_key(|(one, arches)| (arches.len() < names.len(), one.place.clone()));
        let [selects, selected_by, implied_by] = self.lists.map(|list| {
            let one = |(one, arches)| Selector { arches: some(arches), ..one };
            list.into_iter().map(one).collect()
        });
        let at = |level: Level| {
            named(self.levels.iter().filter(|one| one.1 == level).map(|one| one.0).collect())
        };
        let defined: Vec<usize> = self.levels.iter().map(|one| one.0).collect();
        let undefined = (0..names.len()).filter(|arch| !defined.contains(arch)).collect();
        let reach = Reach {
            yes: at(Level::Yes),
            module: at(Level::Module),
            never: at(Level::Never),
            unknown: at(Level::Unknown),
            other: at(Level::Other),
            undefined: named(undefined),
        };
        let one = |(one, arches)| DefinitionOf { arches: some(arches), ..one };
        let definitions = self.definitions.into_iter().map(one).collect();
        OptionFacts { name, definitions, selects, selected_by, implied_by, reach }
    }
}

fn of_arch(arch: &Arch) -> BTreeMap<String, Said> {
    let model = &arch.model;
    let symbols: Vec<SymbolId> = (3..model.symbols.len() as u32)
        .map(SymbolId::new)
        .filter(|id| {
            let symbol = model.symbol(*id);
            !symbol.constant && !symbol.is_choice && !symbol.name.is_empty() && arch.defines(*id)
        })
        .collect();
    let levels = levels(model, &symbols);
    let mut out: BTreeMap<String, Said> = BTreeMap::new();
    for (id, level) in symbols.iter().zip(levels) {
        let name = arch.name_of(*id).into_owned();
        let menus = model.symbol(*id).menus.iter();
        let definitions = menus.map(|menu| definition(model, *id, *menu)).collect();
        let facts = OptionFacts { definitions, ..OptionFacts::default() };
        out.insert(name, Said { facts, level });
    }
    for prop in &model.props {
        let kind = prop.kind;
        if !matches!(kind, PropKind::Select | PropKind::Imply) {
            continue;
        }
        let target = prop.expr.map(|expr| model.exprs.get(expr));
        let (Some(Expr::Symbol(target)), Some(by)) = (target, model.menu(prop.menu).symbol) else {
            continue;
        };
        let (target, by) = (arch.name_of(target), arch.name_of(by));
        let (place, condition) = (place(model, prop.place), condition(model, prop));
        let selector = |option: &str| Selector {
            option: option.to_owned(),
            place: place.clone(),
            condition: condition.clone(),
            arches: Vec::new(),
        };
        if let Some(said) = out.get_mut(&*target) {
            let facts = &mut said.facts;
            let list = if kind == PropKind::Select {
                &mut facts.selected_by
            } else {
                &mut facts.implied_by
            };
            list.push(selector(&by));
        }
        if let Some(said) = out.get_mut(&*by).filter(|_| kind == PropKind::Select) {
            said.facts.selects.push(selector(&target));
        }
    }
    out
}

/// How far up each can go, as the solver says: `y` first, then `m` where that is impossible.
fn levels(model: &Model, symbols: &[SymbolId]) -> Vec<Level> {
    let logical = |id: &SymbolId| matches!(model.symbol(*id).ty, Type::Bool | Type::Tristate);
    let mut levels: Vec<Level> =
        symbols.iter().map(|id| if logical(id) { Level::Never } else { Level::Other }).collect();
    if model.failed() {
        return symbols.iter().map(|_| Level::Unknown).collect();
    }
    let mut logic = Logic::new(model);
    for (value, level) in [(Tristate::Yes, Level::Yes), (Tristate::Mod, Level::Module)] {
        let open: Vec<usize> = (0..symbols.len())
            .filter(|at| {
                let tristate = model.symbol(symbols[*at]).ty == Type::Tristate;
                levels[*at] == Level::Never && (value == Tristate::Yes || tristate)
            })
            .collect();
        let questions: Vec<_> =
            open.iter().map(|at| vec![logic.value_at_least(symbols[*at], value)]).collect();
        for (at, answer) in open.into_iter().zip(logic.each(&questions)) {
            levels[at] = match answer {
                Answer::Possible => level,
                Answer::Impossible => levels[at],
                Answer::Unknown => Level::Unknown,
            };
        }
    }
    levels
}

fn place(model: &Model, place: Place) -> String {
    let file = model.file(place.file);
    format!("{}:{}", file.name, file.position(place.span.start).0)
}

fn cut(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

fn condition(model: &Model, prop: &Property) -> Option<String> {
    prop.cond.map(|cond| cut(&print::plain(model, Some(cond))))
}

fn definition(model: &Model, id: SymbolId, menu: MenuId) -> DefinitionOf {
    let symbol = model.symbol(id);
    let node = model.menu(menu);
    let own = symbol.props.iter().map(|prop| model.prop(*prop)).filter(|prop| prop.menu == menu);
    let text =
        |prop: &Property| model.text(prop).map(|text| String::from_utf8_lossy(text).into_owned());
    let prompt = own.clone().find(|prop| prop.text.is_some()).and_then(text);
    let default = |prop: &Property| {
        let value = cut(&print::plain(model, prop.expr));
        condition(model, prop).map_or(value.clone(), |cond| format!("{value} if {cond}"))
    };
    let defaults = own.filter(|prop| prop.kind == PropKind::Default).map(default).collect();
    let mut path = Vec::new();
    let mut at = node.parent.filter(|_| prompt.is_some());
    while let Some(id) = at.filter(|_| path.len() < MAX_MENUS) {
        let above = model.menu(id);
        path.extend(above.prompt.and_then(|prop| text(model.prop(prop))));
        at = above.parent;
    }
    // The outermost is the name of the tree.
    path.pop();
    path.reverse();
    DefinitionOf {
        place: place(model, node.place),
        ty: symbol.ty.name().to_owned(),
        prompt,
        menu: path,
        depends: node.dep.map(|dep| cut(&print::plain(model, Some(dep)))),
        defaults,
        arches: Vec::new(),
    }
}
