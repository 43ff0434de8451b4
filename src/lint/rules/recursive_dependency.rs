//! K009: options that depend on themselves, with the shortest chain, told forwards.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{Place, PropKind, SymbolId};
use crate::lint::{Arch, ArchCx, Check, Needs, Rule};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K009",
    name: "recursive-dependency",
    severity: Severity::Error,
    default: true,
    what: "Reports what the kernel's `conf` refuses as a recursive dependency: an option whose value \
           depends on itself, through dependencies, conditions, defaults or what selects it. The chain \
           is the shortest there is, from the option on. Of an architecture that has one, only what \
           needs no values is checked besides.",
    why: "Kconfig does not configure such a tree at all.",
    example: "
config A
	bool \"a\"
	depends on B

config B
	bool \"b\"
	select A
",
    fix: "Documentation/kbuild/kconfig-language.rst, \"Kconfig recursive dependency limitations\": \
          turn one of the `select`s into `depends on`, or remove what one of the hops asks for.",
    needs: Needs::KCONFIG,
    check: Check::Refused(check),
};

/// What the tree's `conf` calls it.
pub const CONF_SAYS: &str = "recursive dependency detected";

fn check(cx: &mut ArchCx<'_>) {
    let arch = cx.arch;
    let graph = Graph::new(arch);
    let told = arch.model.messages.iter().filter(|message| message.text.contains(CONF_SAYS));
    for place in told.filter_map(|message| message.place) {
        let at = arch.model.menus.iter().find(|menu| menu.place == place && menu.symbol.is_some());
        let Some(symbol) = at.and_then(|menu| menu.symbol) else { continue };
        let Some(chain) = graph.shortest_cycle(symbol) else { continue };
        let names: Vec<String> = chain.iter().map(|hop| named(arch, hop.to)).collect();
        let start = named(arch, symbol);
        let mut finding =
            arch.at(place, format!("{start} depends on itself: {start} → {}", names.join(" → ")));
        finding.symbol = Some(start);
        let mut from = symbol;
        let facts = chain.iter().map(|hop| {
            let text = format!("{} {} {}", named(arch, from), hop.verb, named(arch, hop.to));
            from = hop.to;
            arch.fact(hop.place, text)
        });
        finding.proof = Some(facts.collect());
        cx.exists(finding);
    }
}

fn named(arch: &Arch, symbol: SymbolId) -> String {
    let name = arch.name_of(symbol);
    if name.is_empty() { "a choice".to_owned() } else { name.into_owned() }
}

/// One step of a chain.
#[derive(Debug, Clone, Copy)]
struct Hop {
    to: SymbolId,
    verb: &'static str,
    place: Place,
}

/// What each option's value depends on, as `conf` follows it (symbol.c: `sym_check_sym_deps`).
struct Graph<'a> {
    arch: &'a Arch,
    hops: FxHashMap<SymbolId, Vec<Hop>>,
}

impl<'a> Graph<'a> {
    fn new(arch: &'a Arch) -> Self {
        let model = &arch.model;
        let mut graph = Self { arch, hops: FxHashMap::default() };
        for index in 0..model.symbols.len() as u32 {
            let id = SymbolId(index);
            let symbol = model.symbol(id);
            for &menu in &symbol.menus {
                graph.add(id, model.menu(menu).dep, "depends on", model.menu(menu).place);
            }
            for &prop in &symbol.props {
                let prop = model.prop(prop);
                match prop.kind {
                    PropKind::Select | PropKind::Imply => {
                        let verb = ["is selected by", "is implied by"];
                        let verb = verb[usize::from(prop.kind == PropKind::Imply)];
                        let Some(Expr::Symbol(target)) = prop.expr.map(|e| model.exprs.get(e))
                        else {
                            continue;
                        };
                        graph.add(target, prop.visible, "is selected if", prop.place);
                        let hop = Hop { to: id, verb, place: prop.place };
                        graph.hops.entry(target).or_default().push(hop);
                    }
                    PropKind::Default => {
                        graph.add(id, prop.visible, "has a default if", prop.place);
                        graph.add(id, prop.expr, "takes its default from", prop.place);
                    }
                    _ => graph.add(id, prop.visible, "is visible if", prop.place),
                }
            }
        }
        graph
    }

    /// The value of `from` depends on what `expr` mentions.
    fn add(&mut self, from: SymbolId, expr: Option<ExprId>, verb: &'static str, place: Place) {
        let mut waiting: Vec<ExprId> = expr.into_iter().collect();
        while let Some(expr) = waiting.pop() {
            let mut to = |to: SymbolId| {
                if !self.arch.model.symbol(to).constant {
                    self.hops.entry(from).or_default().push(Hop { to, verb, place });
                }
            };
            match self.arch.model.exprs.get(expr) {
                Expr::Symbol(symbol) => to(symbol),
                Expr::Not(a) => waiting.push(a),
                Expr::And(a, b) | Expr::Or(a, b) => waiting.extend([b, a]),
                Expr::Compare(_, a, b) | Expr::Range(a, b) => {
                    to(a);
                    to(b);
                }
            }
        }
    }

    /// The shortest chain from `start` to itself.
    fn shortest_cycle(&self, start: SymbolId) -> Option<Vec<Hop>> {
        let mut came: FxHashMap<SymbolId, (SymbolId, Hop)> = FxHashMap::default();
        let mut waiting = VecDeque::from([start]);
        while let Some(at) = waiting.pop_front() {
            for hop in self.hops.get(&at).into_iter().flatten() {
                if hop.to == start {
                    let mut chain = vec![*hop];
                    let mut back = at;
                    while back != start {
                        let (from, hop) = came[&back];
                        chain.push(hop);
                        back = from;
                    }
                    chain.reverse();
                    return Some(chain);
                }
                if let Entry::Vacant(entry) = came.entry(hop.to) {
                    entry.insert((at, *hop));
                    waiting.push_back(hop.to);
                }
            }
        }
        None
    }
}
