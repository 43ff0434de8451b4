//! Expressions of code, as far as tests of options decide them.
//!
//! Everything that is no test of an option (or a constant) is unknown: it may be true or false each
//! time. What must hold for an expression to be true, or to be false, is therefore a formula over
//! options only, with the unknown left out on the safe side.

use super::code_tokens::{Code, Kind, Token};
use crate::model::formula::{FormulaId, Formulas};

/// How deep expressions may nest.
const MAX_DEPTH: u32 = 60;

/// What an expression is.
#[derive(Debug)]
pub(super) enum Expr {
    /// A test of options.
    Test(FormulaId),
    Unknown,
    Not(Box<Self>),
    And(Vec<Part>),
    Or(Vec<Part>),
    Choice(Box<[Part; 3]>),
}

/// An operand and its place.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) expr: Expr,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Expr {
    /// What options must be like for this to be `wanted`.
    pub(super) fn needs(&self, wanted: bool, f: &mut Formulas) -> FormulaId {
        match self {
            Self::Test(formula) if wanted => *formula,
            Self::Test(formula) => f.not(*formula),
            Self::Unknown => Formulas::TRUE,
            Self::Not(inner) => inner.needs(!wanted, f),
            Self::And(parts) | Self::Or(parts) => {
                let all = matches!(self, Self::And(_)) == wanted;
                let mut formula = if all { Formulas::TRUE } else { Formulas::FALSE };
                for part in parts {
                    let needs = part.expr.needs(wanted, f);
                    formula = if all { f.and(formula, needs) } else { f.or(formula, needs) };
                }
                formula
            }
            Self::Choice(parts) => {
                let [condition, yes, no] = &**parts;
                let mut either = Formulas::FALSE;
                for (branch, taken) in [(yes, true), (no, false)] {
                    let chosen = condition.expr.needs(taken, f);
                    let needs = branch.expr.needs(wanted, f);
                    let both = f.and(chosen, needs);
                    either = f.or(either, both);
                }
                either
            }
        }
    }

    /// Calls `found` with each operand that is only looked at under a condition on options, and that
    /// condition.
    pub(super) fn operands(
        &self,
        f: &mut Formulas,
        outer: FormulaId,
        found: &mut impl FnMut(&Part, FormulaId),
    ) {
        let mut visit = |part: &Part, under: FormulaId, f: &mut Formulas| {
            if under != outer {
                found(part, under);
            }
            part.expr.operands(f, under, found);
        };
        match self {
            Self::Test(_) | Self::Unknown => {}
            Self::Not(inner) => inner.operands(f, outer, found),
            Self::And(parts) | Self::Or(parts) => {
                let wanted = matches!(self, Self::And(_));
                let mut under = outer;
                for part in parts {
                    visit(part, under, f);
                    let needs = part.expr.needs(wanted, f);
                    under = f.and(under, needs);
                }
            }
            Self::Choice(parts) => {
                let [condition, yes, no] = &**parts;
                visit(condition, outer, f);
                for (part, wanted) in [(yes, true), (no, false)] {
                    let needs = condition.expr.needs(wanted, f);
                    let under = f.and(outer, needs);
                    visit(part, under, f);
                }
            }
        }
    }
}

/// Parses the tokens of an expression. `test` gives the formula of `IS_ENABLED(NAME)` and its like.
pub(super) fn parse(
    code: &Code,
    tokens: &[Token],
    test: &mut impl FnMut(&[u8], &[u8]) -> Option<FormulaId>,
) -> Option<Expr> {
    let mut parser = Parser { code, tokens, at: 0, depth: 0, test };
    let expr = parser.choice()?;
    (parser.at == tokens.len()).then_some(expr.expr)
}

struct Parser<'p, 'a, T> {
    code: &'p Code<'a>,
    tokens: &'p [Token],
    at: usize,
    depth: u32,
    test: &'p mut T,
}

impl<T: FnMut(&[u8], &[u8]) -> Option<FormulaId>> Parser<'_, '_, T> {
    fn peek(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn take(&mut self, kind: Kind) -> bool {
        let is = self.peek() == Some(kind);
        self.at += usize::from(is);
        is
    }

    fn part(&self, expr: Expr, first: usize) -> Part {
        let (start, end) = (self.tokens[first].start, self.tokens[self.at - 1].end);
        Part { expr, start, end }
    }

    fn choice(&mut self) -> Option<Part> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let first = self.at;
        let mut part = self.or()?;
        if self.take(Kind::Punct(b'?')) {
            // `a ?: b`
            if self.peek() == Some(Kind::Punct(b':')) {
                return None;
            }
            let yes = self.choice()?;
            if !self.take(Kind::Punct(b':')) {
                return None;
            }
            let no = self.choice()?;
            part = self.part(Expr::Choice(Box::new([part, yes, no])), first);
        }
        self.depth -= 1;
        Some(part)
    }

    fn or(&mut self) -> Option<Part> {
        self.chain(Kind::OrOr, Self::and, Expr::Or)
    }

    fn and(&mut self) -> Option<Part> {
        self.chain(Kind::AndAnd, Self::primary, Expr::And)
    }

    fn chain(
        &mut self,
        operator: Kind,
        operand: impl Fn(&mut Self) -> Option<Part>,
        whole: impl Fn(Vec<Part>) -> Expr,
    ) -> Option<Part> {
        let first = self.at;
        let part = operand(self)?;
        if self.peek() != Some(operator) {
            return Some(part);
        }
        let mut parts = vec![part];
        while self.take(operator) {
            parts.push(operand(self)?);
        }
        Some(self.part(whole(parts), first))
    }

    /// Everything up to an operator that binds less.
    fn primary(&mut self) -> Option<Part> {
        let first = self.at;
        let mut open = 0_usize;
        while let Some(kind) = self.peek() {
            match kind {
                Kind::Punct(b'(' | b'[' | b'{') => open += 1,
                Kind::Punct(b')' | b']' | b'}') if open == 0 => break,
                Kind::Punct(b')' | b']' | b'}') => open -= 1,
                Kind::AndAnd | Kind::OrOr | Kind::Punct(b'?' | b':' | b',') if open == 0 => {
                    // `&&label` and `&& x` begin no operand.
                    break;
                }
                Kind::Directive(_) => return None,
                _ => {}
            }
            self.at += 1;
        }
        if self.at == first || open > 0 {
            return None;
        }
        let expr = self.inside(first, self.at);
        Some(self.part(expr, first))
    }

    /// The expression that `tokens[from..to]` is, which holds no `&&`, `||` or `?` outside of
    /// parentheses.
    fn inside(&mut self, from: usize, to: usize) -> Expr {
        let tokens = &self.tokens[from..to];
        let kind = |index: usize| tokens.get(index).map(|token| token.kind);
        let closed = |open: usize| closes(tokens, open) == Some(tokens.len() - 1);
        match kind(0) {
            Some(Kind::Punct(b'!')) if tokens.len() > 1 => {
                // `!a == b` is `(!a) == b`.
                let rest = &tokens[1..];
                let simple = match rest[0].kind {
                    Kind::Punct(b'(') => closes(rest, 0) == Some(rest.len() - 1),
                    Kind::Name => rest.len() == 1 || closes(rest, 1) == Some(rest.len() - 1),
                    Kind::Punct(b'!') => true,
                    _ => false,
                };
                self.depth += 1;
                if !simple || self.depth > MAX_DEPTH {
                    return Expr::Unknown;
                }
                let inner = self.inside(from + 1, to);
                self.depth -= 1;
                Expr::Not(Box::new(inner))
            }
            Some(Kind::Punct(b'(')) if closed(0) => self.nested(from + 1, to - 1),
            Some(Kind::Name) if kind(1) == Some(Kind::Punct(b'(')) && closed(1) => {
                let name = self.code.of(tokens[0]);
                if matches!(name, b"likely" | b"unlikely") {
                    return self.nested(from + 2, to - 1);
                }
                if tokens.len() == 4 && kind(2) == Some(Kind::Name) {
                    let formula = (self.test)(name, self.code.of(tokens[2]));
                    return formula.map_or(Expr::Unknown, Expr::Test);
                }
                Expr::Unknown
            }
            Some(Kind::Value | Kind::Name) if tokens.len() == 1 => match self.code.of(tokens[0]) {
                b"0" | b"false" => Expr::Test(Formulas::FALSE),
                b"1" | b"true" => Expr::Test(Formulas::TRUE),
                _ => Expr::Unknown,
            },
            _ => Expr::Unknown,
        }
    }

    /// A whole expression within parentheses.
    fn nested(&mut self, from: usize, to: usize) -> Expr {
        let after = std::mem::replace(&mut self.at, from);
        let depth = self.depth;
        let part = self.choice().filter(|_| self.at == to);
        (self.at, self.depth) = (after, depth);
        part.map_or(Expr::Unknown, |part| part.expr)
    }
}

/// Where the parenthesis at `open` closes.
fn closes(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Punct(b'(') => depth += 1,
            Kind::Punct(b')') => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}
