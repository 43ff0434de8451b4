//! Walks over the directives of a file: nesting, and the formula of each block.
//!
//! presence = outer && no earlier branch && own. Formulas are made in the order of the file, since a
//! macro may be defined between two conditions.

use std::rc::Rc;

use super::condition::{Condition, Node};
use super::lines::Lines;
use super::lower::Lower;
use super::macros::{Body, Macros};
use super::scan::{Found, Kind, Scan};
use super::skeleton::{MAX_TOKENS, Skeleton, has_parameters, subject};
use super::tokens::{self, tokens};
use super::types::{Block, Directive, Include, Operand, OperandKind, Override, Span};
use crate::model::diag::Diag;
use crate::model::formula::{FormulaId, Formulas};

/// Things that are wrong with one file; what comes after them is not told.
const MAX_DIAGS: usize = 100_000;

/// What the walk finds.
#[derive(Default)]
pub(super) struct Built {
    pub(super) blocks: Vec<Block>,
    pub(super) operands: Vec<Operand>,
    pub(super) overrides: Vec<Override>,
    pub(super) includes: Vec<Include>,
    pub(super) diags: Vec<Diag>,
}

/// A chain that is open.
struct Open {
    /// The blocks of its first and its current branch.
    head: u32,
    current: u32,
    outer: FormulaId,
    previous: FormulaId,
    /// Whether the macros were told of the branch's presence.
    entered: bool,
    /// What the branch holds so far.
    error: bool,
    other: bool,
}

struct Walk<'w, 'a> {
    path: &'w str,
    text: &'a [u8],
    lines: &'w Lines,
    f: &'w mut Formulas,
    macros: Macros<'a>,
    /// Options that the `#include` of a line changes.
    inherited: &'w [(u32, String)],
    open: Vec<Open>,
    out: Built,
}

/// The blocks of a file.
pub(super) fn build<'a>(
    path: &str,
    text: &'a [u8],
    lines: &Lines,
    scan: &Scan,
    skeleton: &Skeleton<'a>,
    inherited: &[(u32, String)],
    f: &mut Formulas,
) -> Built {
    let macros = Macros::new(path);
    let out = Built::default();
    let mut walk = Walk { path, text, lines, f, macros, inherited, open: Vec::new(), out };
    for (index, found) in scan.directives.iter().enumerate() {
        if found.code_before
            && let Some(open) = walk.open.last_mut()
        {
            open.other = true;
        }
        walk.directive(index, found, skeleton);
    }
    if scan.code_after
        && let Some(open) = walk.open.last_mut()
    {
        open.other = true;
    }
    while let Some(open) = walk.open.last() {
        let head = &walk.out.blocks[open.head as usize];
        let (line, name) = (head.at.line, head.directive.name());
        walk.report(line, format!("#{name} without #endif"));
        walk.close(lines.count() + 1, Span::default());
        walk.open.pop();
    }
    walk.out.diags.sort_by_key(|diag| diag.line);
    walk.out
}

impl<'a> Walk<'_, 'a> {
    fn report(&mut self, line: u32, message: impl Into<String>) {
        if self.out.diags.len() < MAX_DIAGS {
            self.out.diags.push(Diag::at_line(self.path, line as usize, message));
        }
    }

    /// Where the place is present.
    fn presence(&self) -> FormulaId {
        match self.open.last() {
            Some(open) => self.out.blocks[open.current as usize].presence,
            None => Formulas::TRUE,
        }
    }

    fn directive(&mut self, index: usize, found: &Found, skeleton: &Skeleton<'a>) {
        match found.kind {
            Kind::Block(directive) => self.block(index, found, directive, skeleton),
            Kind::Endif => {
                if self.open.is_empty() {
                    self.report(self.lines.line(found.start), "#endif without #if");
                    return;
                }
                self.end_branch(found);
                self.open.pop();
                return;
            }
            Kind::Error => {
                if let Some(open) = self.open.last_mut() {
                    open.error = true;
                }
                return;
            }
            Kind::Define | Kind::Undef if skeleton.relevant.contains(&index) => self.change(found),
            Kind::Include => self.include(found),
            _ => {}
        }
        // What is now the innermost branch began just now, unless this was no block.
        let inner = usize::from(matches!(found.kind, Kind::Block(_)));
        if let Some(around) = self.open.len().checked_sub(1 + inner) {
            self.open[around].other = true;
        }
    }

    /// A `#define` or `#undef` that matters.
    fn change(&mut self, found: &Found) {
        let Some(name) = subject(self.text, found) else { return };
        let presence = self.presence();
        let define = found.kind == Kind::Define;
        if let Some(option) = super::macros::option(&name.text) {
            let at = self.lines.span(name.start, name.end);
            let name = self.f.name(option);
            self.out.overrides.push(Override { name, at, define, presence });
        }
        let body = define.then(|| {
            if has_parameters(self.text, &name) {
                return Body::Function;
            }
            let body = tokens(self.text, name.end, found.end, MAX_TOKENS);
            if body.is_empty() {
                return Body::Empty;
            }
            Body::Tokens(Rc::new(Condition::parse(body)))
        });
        self.macros.event(&name.text, body, presence, self.lines.line(found.start));
    }

    fn include(&mut self, found: &Found) {
        let presence = self.presence();
        let line = self.lines.line(found.start);
        self.macros.include(line);
        for (_, option) in self.inherited.iter().filter(|(at, _)| *at == line) {
            for name in [format!("CONFIG_{option}"), format!("CONFIG_{option}_MODULE")] {
                self.macros.forget(&name, line);
            }
        }
        let rest = self.text[found.name_end..found.end].trim_ascii_start();
        let close = match rest.first() {
            Some(b'<') => b'>',
            Some(b'"') => b'"',
            _ => return,
        };
        if let Some(len) = memchr::memchr(close, &rest[1..]) {
            let name = self.f.name(&String::from_utf8_lossy(&rest[1..=len]));
            let include = Include { name, line, angled: close == b'>', presence };
            self.out.includes.push(include);
        }
    }

    fn block(
        &mut self,
        index: usize,
        found: &Found,
        directive: Directive,
        skeleton: &Skeleton<'a>,
    ) {
        let line = self.lines.line(found.start);
        let name = directive.name();
        let place = self.out.blocks.len() as u32;
        if directive.opens() {
            let outer = self.presence();
            self.open.push(Open {
                head: place,
                current: place,
                outer,
                previous: Formulas::TRUE,
                entered: false,
                error: false,
                other: false,
            });
        } else {
            if self.open.is_empty() {
                self.report(line, format!("#{name} without #if"));
                return;
            }
            self.end_branch(found);
            let open = self.open.len() - 1;
            let last = &self.out.blocks[self.open[open].current as usize];
            if last.directive == Directive::Else {
                let message = format!("#{name} after the #else of line {}", last.at.line);
                self.report(line, message);
            }
            let last = self.out.blocks[self.open[open].current as usize].own;
            let not_last = self.f.not(last);
            let open = &mut self.open[open];
            open.previous = self.f.and(open.previous, not_last);
            (open.current, open.error, open.other) = (place, false, false);
        }
        let condition = skeleton.conditions[index].as_ref();
        let include_guard = skeleton.include_guard == Some(index);
        let first = self.out.operands.len() as u32;
        let own = match condition {
            Some(condition) if include_guard => {
                self.operands(condition, &vec![Some(Formulas::TRUE); condition.nodes.len()]);
                Formulas::TRUE
            }
            Some(condition) => self.condition(condition, found, name),
            None => Formulas::TRUE,
        };
        let parent = self.open.iter().rev().nth(1).map(|around| around.current);
        let Some(open) = self.open.last_mut() else { return };
        let chain = self.f.and(open.outer, open.previous);
        let presence = self.f.and(chain, own);
        open.entered = self.macros.enter(presence);
        let extent = condition.and_then(|c| Some((c.tokens.first()?.start, c.tokens.last()?.end)));
        let names_option = condition.is_some_and(|condition| {
            let names = condition.tokens.iter().filter(|token| token.kind == tokens::Kind::Name);
            names.into_iter().any(|token| token.text.starts_with("CONFIG_"))
        });
        let end = extent.map_or(found.name_end, |(_, end)| end);
        self.out.blocks.push(Block {
            directive,
            at: self.lines.span(found.start, end),
            condition: extent.map_or(Span::default(), |(start, end)| self.lines.span(start, end)),
            operands: first..self.out.operands.len() as u32,
            parent,
            head: open.head,
            lines: (self.lines.line(found.end) + 1, 0),
            end: Span::default(),
            own,
            outer: open.outer,
            previous: open.previous,
            presence,
            only_error: false,
            include_guard,
            names_option,
        });
    }

    /// The formula of a condition; its operands are recorded.
    fn condition(&mut self, condition: &Condition<'a>, found: &Found, name: &str) -> FormulaId {
        let truths = Lower::new(self.f, &mut self.macros).truths(condition);
        if let Some(root) = condition.root {
            self.operands(condition, &truths);
            return truths[root].unwrap_or(Formulas::TRUE);
        }
        let line = self.lines.line(found.start);
        let reason = match condition.tokens.len() {
            0 => "has no condition",
            length if length > MAX_TOKENS => "is too long to look into",
            _ => "has a condition that is no expression",
        };
        self.report(line, format!("#{name} {reason}"));
        let raw = &self.text[found.name_end..found.end];
        let excerpt = String::from_utf8_lossy(&raw[..raw.len().min(100)]);
        self.macros.opaque(self.f, excerpt.trim(), line)
    }

    /// Records the operands of `condition` in preorder.
    fn operands(&mut self, condition: &Condition, truths: &[Option<FormulaId>]) {
        let mut waiting: Vec<(usize, Option<u32>)> = Vec::new();
        waiting.extend(condition.root.map(|root| (root, None)));
        while let Some((node, parent)) = waiting.pop() {
            let place = self.out.operands.len() as u32;
            let (kind, below): (_, &[usize]) = match &condition.nodes[node] {
                Node::And(operands) => (OperandKind::And, operands),
                Node::Or(operands) => (OperandKind::Or, operands),
                Node::Not(operand) => (OperandKind::Not, std::slice::from_ref(operand)),
                Node::Choice(a, b, c) => (OperandKind::Choice, &[*a, *b, *c]),
                _ => (OperandKind::Leaf, &[]),
            };
            waiting.extend(below.iter().rev().map(|operand| (*operand, Some(place))));
            let (start, end) = condition.bytes(node);
            let at = self.lines.span(start, end);
            let formula = truths[node].unwrap_or(Formulas::TRUE);
            self.out.operands.push(Operand { at, kind, parent, formula });
        }
    }

    /// The innermost branch ends at the directive `found`.
    fn end_branch(&mut self, found: &Found) {
        let end = self.lines.span(found.start, found.name_end);
        self.close(end.line, end);
    }

    fn close(&mut self, line: u32, end: Span) {
        let Some(open) = self.open.last_mut() else { return };
        let block = &mut self.out.blocks[open.current as usize];
        block.lines.1 = line - 1;
        block.end = end;
        block.only_error = open.error && !open.other;
        if open.entered {
            self.macros.leave(block.presence);
            open.entered = false;
        }
    }
}
