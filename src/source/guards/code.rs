//! Guards in code: `if (IS_ENABLED(CONFIG_X))` and what follows `if (!IS_ENABLED(CONFIG_X)) return;`.
//!
//! The compiler removes what a test of an option rules out, so a use of a function there is no use in
//! that configuration. Found are the statements of `if` and `else`, what an early exit leaves, and the
//! operands of `&&`, `||` and `?:`. Not found is what needs more than the text around the test: a test
//! whose result is kept in a variable, or is returned by a function.

use rustc_hash::FxHashSet;

use super::chars::in_name;
use super::code_expr::{Expr, parse};
use super::code_tokens::{Code, Kind, Token};
use super::lines::Lines;
use super::macros::option;
use super::mentions::{Candidate, around};
use super::scan::Scan;
use super::statement::{group, rest, statement};
use super::types::{CodeGuard, CodePart, FileGuards};
use crate::model::formula::{Atom, FormulaId, Formulas};

/// How far back the beginning of an expression is looked for, in bytes.
const LOOK_BACK: usize = 4_000;
/// How many tokens an expression may have.
const MAX_TOKENS: usize = 2_000;

/// What a test is part of.
enum Within {
    /// The condition of an `if`; the places of its word and its parenthesis.
    If { word: usize, open: usize },
    /// Any other expression, beginning here.
    Expression(usize),
}

/// The guards in code of a file. Options in `overridden` are not what Kconfig says.
pub(super) fn guards(
    text: &[u8],
    candidates: &[Candidate],
    scan: &Scan,
    lines: &Lines,
    guards: &FileGuards,
    overridden: &FxHashSet<String>,
    f: &mut Formulas,
) -> Vec<CodeGuard> {
    let tests = candidates.iter().filter_map(|candidate| candidate.test);
    if guards.kind.is_assembly() {
        return Vec::new();
    }
    let code = Code::new(text, scan);
    let mut finder = Finder {
        code: &code,
        lines,
        guards,
        overridden,
        seen: FxHashSet::default(),
        out: Vec::new(),
        f,
    };
    for test in tests {
        if code.is_code(test.start) {
            match within(&code, test.start) {
                Some(Within::If { word, open }) => finder.statement(word, open),
                Some(Within::Expression(start)) => finder.expression(start),
                None => None,
            };
        }
    }
    let mut out = finder.out;
    out.sort_by_key(|guard| (guard.condition.start, guard.body.start));
    out
}

/// Goes back from the test at `at` to where the expression begins that it is in.
fn within(code: &Code, at: usize) -> Option<Within> {
    let mut open = 0_usize;
    let mut start = at;
    let mut bytes = code.backwards(at, false).take(LOOK_BACK).peekable();
    while let Some((place, byte)) = bytes.next() {
        match byte {
            b')' | b']' => open += 1,
            b'(' | b'[' if open > 0 => open -= 1,
            b'(' => {
                let word = word_before(code, place);
                match word.map(|(start, end)| (start, &code.text[start..end])) {
                    Some((word, b"if")) => return Some(Within::If { word, open: place }),
                    Some((_, b"likely" | b"unlikely" | b"return")) | None => start = place,
                    Some(_) => return Some(Within::Expression(start)),
                }
            }
            b'[' | b';' | b'{' | b'}' | b',' if open == 0 => {
                return Some(Within::Expression(start));
            }
            b'=' if open == 0 => {
                let before = bytes.peek().map(|(_, byte)| *byte);
                let comparison = matches!(before, Some(b'=' | b'!' | b'<' | b'>'))
                    || code.text.get(place + 1) == Some(&b'=');
                if !comparison {
                    return Some(Within::Expression(start));
                }
            }
            byte if in_name(byte) && open == 0 => {
                let mut first = place;
                while let Some((earlier, _)) =
                    bytes.next_if(|(at, b)| *at + 1 == first && in_name(*b))
                {
                    first = earlier;
                }
                if &code.text[first..=place] == b"return" {
                    return Some(Within::Expression(start));
                }
                start = first;
                continue;
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() && byte != b'\\' {
            start = place;
        }
    }
    None
}

/// The name before `at`.
fn word_before(code: &Code, at: usize) -> Option<(usize, usize)> {
    let mut bytes =
        code.backwards(at, false).skip_while(|(_, byte)| byte.is_ascii_whitespace()).peekable();
    let (last, _) =
        bytes.next().filter(|(_, byte)| in_name(*byte) || matches!(byte, b')' | b']'))?;
    if !in_name(code.text[last]) {
        // A call by what an expression gives: not a group.
        return Some((last, last));
    }
    let mut first = last;
    while let Some((place, _)) = bytes.next_if(|(place, b)| *place + 1 == first && in_name(*b)) {
        first = place;
    }
    Some((first, last + 1))
}

/// Whether what begins at `at` is a statement in a block, and not one that another controls.
fn begins_statement(code: &Code, at: usize) -> bool {
    let mut before = code.backwards(at, true).skip_while(|(_, byte)| byte.is_ascii_whitespace());
    before.next().is_some_and(|(_, byte)| matches!(byte, b';' | b'{' | b'}' | b':'))
}

struct Finder<'s, 'a> {
    code: &'s Code<'a>,
    lines: &'s Lines,
    guards: &'s FileGuards,
    overridden: &'s FxHashSet<String>,
    /// Where expressions begin that were looked at.
    seen: FxHashSet<usize>,
    out: Vec<CodeGuard>,
    f: &'s mut Formulas,
}

impl Finder<'_, '_> {
    /// The `if` whose parenthesis is at `open`; `None` once nothing more can be said.
    fn statement(&mut self, word: usize, open: usize) -> Option<()> {
        if !self.seen.insert(open) {
            return None;
        }
        let mut cursor = self.code.cursor(open);
        let tokens = group(&mut cursor, b'(')?;
        let condition = self.condition(&tokens)?;
        let at = (tokens.first()?.start, tokens.last()?.end);
        let (yes, no) = (condition.needs(true, self.f), condition.needs(false, self.f));
        let then = statement(&mut cursor)?;
        self.guard(at, (then.start, then.end), CodePart::Then, (yes, no));
        let next = cursor.peek();
        if next.is_some_and(|token| self.code.of(token) == b"else") {
            cursor.next();
            let other = statement(&mut cursor)?;
            self.guard(at, (other.start, other.end), CodePart::Else, (no, yes));
        } else if then.leaves && no != Formulas::TRUE && begins_statement(self.code, word) {
            self.guard(at, rest(cursor)?, CodePart::After, (no, yes));
        }
        Some(())
    }

    /// The expression that begins at `start`.
    fn expression(&mut self, start: usize) -> Option<()> {
        if !self.seen.insert(start) {
            return None;
        }
        let mut tokens = Vec::new();
        let mut open = 0_usize;
        for token in self.code.cursor(start).take(MAX_TOKENS) {
            match token.kind {
                Kind::Punct(b'(' | b'[') => open += 1,
                Kind::Punct(b')' | b']') if open > 0 => open -= 1,
                Kind::Punct(b')' | b']' | b';' | b'{' | b'}') | Kind::Directive(_) => break,
                Kind::Punct(b',') if open == 0 => break,
                _ => {}
            }
            tokens.push(token);
        }
        self.condition(&tokens).map(|_| ())
    }

    /// Parses an expression and records the guards within it.
    fn condition(&mut self, tokens: &[Token]) -> Option<Expr> {
        let (overridden, f) = (self.overridden, &mut *self.f);
        let mut test = |test: &[u8], name: &[u8]| formula(test, name, overridden, f);
        let expr = parse(self.code, tokens, &mut test)?;
        let at = (tokens.first()?.start, tokens.last()?.end);
        let mut found = Vec::new();
        expr.operands(self.f, Formulas::TRUE, &mut |part, formula| {
            found.push(((part.start, part.end), formula));
        });
        for (body, formula) in found {
            self.guard(at, body, CodePart::Operand, (formula, Formulas::TRUE));
        }
        Some(expr)
    }

    fn guard(
        &mut self,
        condition: (usize, usize),
        body: (usize, usize),
        part: CodePart,
        (formula, otherwise): (FormulaId, FormulaId),
    ) {
        if formula == Formulas::TRUE || body.0 >= body.1 {
            return;
        }
        let before = self.guards.blocks.partition_point(|b| (b.at.start as usize) <= condition.0);
        self.out.push(CodeGuard {
            condition: self.lines.span(condition.0, condition.1),
            body: self.lines.span(body.0, body.1),
            lines: (self.lines.line(body.0), self.lines.line(body.1 - 1)),
            part,
            formula,
            otherwise,
            block: around(self.guards, before, condition.0),
        });
    }
}

/// What `test(name)` says.
fn formula(
    test: &[u8],
    name: &[u8],
    overridden: &FxHashSet<String>,
    f: &mut Formulas,
) -> Option<FormulaId> {
    let symbol = option(std::str::from_utf8(name).ok()?)?;
    if overridden.contains(symbol) || symbol.ends_with("_MODULE") {
        return None;
    }
    Some(match test {
        b"IS_ENABLED" => f.enabled(symbol),
        b"IS_BUILTIN" => f.yes(symbol),
        b"IS_MODULE" => f.module(symbol),
        b"IS_REACHABLE" => {
            let (yes, module) = (f.yes(symbol), f.module(symbol));
            let in_module = f.atom(Atom::InModule);
            let reachable = f.and(module, in_module);
            f.or(yes, reachable)
        }
        _ => return None,
    })
}
