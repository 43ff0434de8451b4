//! K103: an operand of a `depends on`, or an `if`, that always holds where it stands.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::duplicate_dependency::removal;
use crate::kconf::model::{FileId, MenuId, Model};
use crate::kconf::syntax::{ExprId, LineKind};
use crate::lint::statements::{Entry, canonical, conjuncts, defined, entries, text};
use crate::lint::{ArchCx, Check, Claim, Needs, Rule};
use crate::logic::encode::{Encoder, Tri};
use crate::logic::{Answer, words};
use crate::model::finding::Severity;

/// The rule.
pub const RULE: Rule = Rule {
    code: "K103",
    name: "redundant-dependency",
    severity: Severity::Note,
    default: false,
    what: "Reports a part of a dependency that holds anyway, on every architecture: it follows from \
           the other parts, from the menu or `if` around it, or from what those depend on.",
    why: "It suggests a restriction that is none, and has to be understood and kept up to date.",
    example: "
menuconfig BLOCK
	bool \"block\"

config DISK
	bool \"disk\"
	depends on BLOCK

config PARTITION
	bool \"partition\"
	depends on DISK && BLOCK
",
    fix: "Remove the part; `--fix` does.",
    needs: Needs::KCONFIG,
    check: Check::Arch(check),
};

/// What is said to be redundant.
#[derive(Debug, Clone)]
enum Part {
    /// An `if` around entries.
    Block(MenuId),
    /// An operand of a definition.
    Operand(Operand),
}

#[derive(Debug, Clone)]
struct Operand {
    file: usize,
    head: usize,
    line: usize,
    operands: Rc<[ExprId]>,
    index: usize,
    /// What is around the definition.
    given: Tri,
    /// All operands of the definition, and which one this is.
    parts: Rc<[Tri]>,
    at: usize,
}

fn check(cx: &mut ArchCx<'_>) {
    let model = &cx.arch.model;
    let mut claims: Vec<Claim<Part>> = Vec::new();
    let mut menus: FxHashMap<(FileId, u32), Option<MenuId>> = FxHashMap::default();
    for (number, menu) in model.menus.iter().enumerate() {
        let id = MenuId::new(number as u32);
        // A file that is sourced twice has everything twice, each with its own surroundings.
        let at = (menu.place.file, menu.place.line);
        menus.entry(at).and_modify(|known| *known = None).or_insert(Some(id));
        let is_if = menu.symbol.is_none() && menu.prompt.is_none() && number > 0;
        if let Some(own) = menu.own_dep.filter(|_| is_if) {
            let at = (model.file(menu.place.file).name.as_str(), menu.place.span.start);
            let Some(key) = cx.is_open(at).filter(|_| cx.is_reachable(id)) else { continue };
            let encoder = cx.logic().encoder();
            let (given, own) = (around(encoder, model, id), encoder.expr(Some(own)));
            let never = vec![vec![given.m, !own.m], vec![given.y, !own.y]];
            claims.push(Claim { key, definition: Some(menu.place), never, what: Part::Block(id) });
        }
    }
    for (number, file) in model.files.iter().enumerate() {
        for entry in entries(file) {
            let at = (FileId(number as u32), file.lines[entry.head].line);
            let Some(Some(menu)) = menus.get(&at).copied() else { continue };
            if cx.is_reachable(menu) {
                definition(cx, number, &entry, menu, &mut claims);
            }
        }
    }
    let answers = cx.ask(&claims);
    let holding = claims.into_iter().zip(answers).filter(|(_, holds)| *holds);
    let holding: Vec<Claim<Part>> = holding.map(|(claim, _)| claim).collect();
    let mut at = 0;
    while at < holding.len() {
        let same = |other: &&Claim<Part>| other.definition == holding[at].definition;
        let count = holding[at..].iter().take_while(same).count();
        let group = &holding[at..at + count];
        at += count;
        // Of two that follow from each other one has to stay: the earlier one. Which do is only known
        // when all architectures were asked.
        let mut gone = Vec::new();
        for claim in group.iter().rev() {
            if let Part::Operand(operand) = &claim.what
                && cx.is_proving()
            {
                if !gone.is_empty() && !follows(cx, operand, &gone) {
                    continue;
                }
                gone.push(operand.at);
            }
            report(cx, claim);
        }
    }
}

/// What is around a node.
fn around(encoder: &mut Encoder<'_>, model: &Model, menu: MenuId) -> Tri {
    let parent = model.menu(menu).written_parent;
    encoder.expr(parent.and_then(|parent| model.menu(parent).dep))
}

/// Claims of each operand of a definition's dependencies that it follows from the rest.
fn definition(
    cx: &mut ArchCx<'_>,
    number: usize,
    entry: &Entry,
    menu: MenuId,
    claims: &mut Vec<Claim<Part>>,
) {
    let model = &cx.arch.model;
    let file = &model.files[number];
    let given = around(cx.logic().encoder(), model, menu);
    let mut values: Vec<Tri> = Vec::new();
    let mut operands: Vec<(usize, Rc<[ExprId]>, usize)> = Vec::new();
    for line in entry.lines.clone() {
        let LineKind::Depends { on, cond: None } = file.lines[line].kind else { continue };
        let mut chain = Vec::new();
        conjuncts(file, on, &mut chain);
        let chain: Rc<[ExprId]> = chain.into();
        for (index, operand) in chain.iter().enumerate() {
            // What no one can read here is part of no proof.
            let Some(value) = cx.logic().encoder().written(file, *operand) else { return };
            values.push(value);
            operands.push((line, Rc::clone(&chain), index));
        }
    }
    let parts: Rc<[Tri]> = values.into();
    let written: Vec<Vec<u8>> =
        operands.iter().map(|(_, chain, index)| canonical(file, chain[*index])).collect();
    let definition = Some(model.menu(menu).place);
    for (at, (line, chain, index)) in operands.iter().enumerate() {
        // K002 has what stands there twice.
        if written.iter().filter(|other| **other == written[at]).count() > 1 {
            continue;
        }
        let place = (file.name.as_str(), file.exprs[chain[*index].index()].span.start);
        let Some(key) = cx.is_open(place) else { continue };
        let mut others = given;
        for (_, other) in parts.iter().enumerate().filter(|(other, _)| *other != at) {
            others = cx.logic().encoder().both(others, *other);
        }
        let never = vec![vec![others.m, !parts[at].m], vec![others.y, !parts[at].y]];
        let operand = Operand {
            file: number,
            head: entry.head,
            line: *line,
            operands: Rc::clone(chain),
            index: *index,
            given,
            parts: Rc::clone(&parts),
            at,
        };
        claims.push(Claim { key, definition, never, what: Part::Operand(operand) });
    }
}

/// Whether an operand follows from what is around the definition and those of its other operands that
/// are not `gone`.
fn follows(cx: &mut ArchCx<'_>, operand: &Operand, gone: &[usize]) -> bool {
    let mut given = operand.given;
    for (at, part) in operand.parts.iter().enumerate() {
        if at != operand.at && !gone.contains(&at) {
            given = cx.logic().encoder().both(given, *part);
        }
    }
    let value = operand.parts[operand.at];
    let (m, y) = ([given.m, !value.m], [given.y, !value.y]);
    [m, y].iter().all(|lits| cx.logic().possible(lits) == Answer::Impossible)
}

fn report(cx: &mut ArchCx<'_>, claim: &Claim<Part>) {
    let model = &cx.arch.model;
    match &claim.what {
        Part::Block(menu) => {
            let node = model.menu(*menu);
            let condition = words::expr(model, node.own_dep);
            let finding = cx.arch.at(node.place, format!("`if {condition}` always holds here"));
            cx.universal(claim, finding, |_| {});
        }
        Part::Operand(operand) => {
            let Some(place) = claim.definition else { return };
            let file = &model.files[operand.file];
            let span = file.exprs[operand.operands[operand.index].index()].span;
            let message = format!("the dependency on `{}` always holds here", text(file, span));
            let mut finding = cx.arch.at_span(place, span, message);
            finding.symbol = defined(file, operand.head);
            finding.fix = vec![removal(file, operand.line, &operand.operands, operand.index)];
            cx.universal(claim, finding, |_| {});
        }
    }
}
