//! K009: options that depend on themselves, with the shortest chain, told forwards.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use crate::kconf::expr::{Expr, ExprId};
use crate::kconf::model::{MenuId, Place, PropKind, SymbolId};
use crate::kconf::syntax::LineKind;
use crate::lint::statements;
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
           is the shortest there is, from the option on at which `conf` reports it; each of its hops is \
           in the finding with its line, since the one that is wrong may be any of them. Of an \
           architecture that has one, only what needs no values is checked besides.",
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
            arch.fact(written(arch, hop), text)
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
    /// Whose dependencies the hop may come from.
    menu: Option<MenuId>,
}

/// The line that says what a hop says: often a `depends on` of the option, or of what it stands in.
fn written(arch: &Arch, hop: &Hop) -> Place {
    let name = arch.name_of(hop.to);
    let file = arch.model.file(hop.place.file);
    let here = String::from_utf8_lossy(file.text(hop.place.span));
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let says_so = here.split(|c| !is_word(c)).skip(1).any(|word| word == name);
    let mut at = hop.menu.filter(|_| !says_so || hop.verb == "depends on");
    while let Some(menu) = at {
        let menu = arch.model.menu(menu);
        if mentions(arch, menu.own_dep, hop.to) {
            return depends_line(arch, menu.place, &name).unwrap_or(menu.place);
        }
        at = menu.written_parent;
    }
    hop.place
}

/// Whether an expression has the symbol in it.
fn mentions(arch: &Arch, expr: Option<ExprId>, symbol: SymbolId) -> bool {
    let mut waiting: Vec<ExprId> = expr.into_iter().collect();
    while let Some(expr) = waiting.pop() {
        match arch.model.exprs.get(expr) {
            Expr::Symbol(a) if a == symbol => return true,
            Expr::Not(a) => waiting.push(a),
            Expr::And(a, b) | Expr::Or(a, b) => waiting.extend([a, b]),
            Expr::Compare(_, a, b) | Expr::Range(a, b) if a == symbol || b == symbol => {
                return true;
            }
            Expr::Symbol(_) | Expr::Compare(..) | Expr::Range(..) => {}
        }
    }
    false
}

/// The `depends on` with that name in it among the lines of what begins at `head`.
fn depends_line(arch: &Arch, head: Place, name: &str) -> Option<Place> {
    let file = arch.model.file(head.file);
    let at = file.lines.iter().position(|line| line.span.start == head.span.start)?;
    let belongs = |kind: &LineKind| {
        !matches!(
            kind,
            LineKind::Config { .. }
                | LineKind::Choice(_)
                | LineKind::Menu(_)
                | LineKind::Comment(_)
                | LineKind::If(_)
                | LineKind::Source(_)
                | LineKind::EndChoice
                | LineKind::EndMenu
                | LineKind::EndIf
        )
    };
    let mut own = file.lines[at + 1..].iter().take_while(|line| belongs(&line.kind));
    let line = own.find(|line| {
        let LineKind::Depends { on, cond } = line.kind else { return false };
        let mut words = Vec::new();
        for expr in cond.into_iter().chain([on]) {
            statements::words(file, expr, &mut words);
        }
        words.iter().any(|(word, _)| file.text(word.span) == name.as_bytes())
    })?;
    Some(Place { file: head.file, line: line.line, span: line.span })
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
            let id = SymbolId::new(index);
            let symbol = model.symbol(id);
            for &menu in &symbol.menus {
                let (dep, place) = (model.menu(menu).dep, model.menu(menu).place);
                graph.add(id, dep, "depends on", (place, menu));
            }
            for &prop in &symbol.props {
                let prop = model.prop(prop);
                let at = (prop.place, prop.menu);
                match prop.kind {
                    PropKind::Select | PropKind::Imply => {
                        let verb = ["is selected by", "is implied by"];
                        let verb = verb[usize::from(prop.kind == PropKind::Imply)];
                        let Some(Expr::Symbol(target)) = prop.expr.map(|e| model.exprs.get(e))
                        else {
                            continue;
                        };
                        graph.add(target, prop.visible, "is selected if", at);
                        let hop = Hop { to: id, verb, place: prop.place, menu: None };
                        graph.hops.entry(target).or_default().push(hop);
                    }
                    PropKind::Default => {
                        graph.add(id, prop.visible, "has a default if", at);
                        graph.add(id, prop.expr, "takes its default from", at);
                    }
                    _ => graph.add(id, prop.visible, "is visible if", at),
                }
            }
        }
        graph
    }

    /// The value of `from` depends on what `expr` mentions.
    fn add(
        &mut self,
        from: SymbolId,
        expr: Option<ExprId>,
        verb: &'static str,
        (place, menu): (Place, MenuId),
    ) {
        let mut waiting: Vec<ExprId> = expr.into_iter().collect();
        while let Some(expr) = waiting.pop() {
            let mut to = |to: SymbolId| {
                if !self.arch.model.symbol(to).constant {
                    let hop = Hop { to, verb, place, menu: Some(menu) };
                    self.hops.entry(from).or_default().push(hop);
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
