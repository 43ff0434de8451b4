//! Expressions: `parser.y`'s `expr`, without recursion.
//!
//! Operands wait on one stack and operators on another, so nesting costs memory of ours and not of
//! the program's stack. `!` binds tightest, then `&&`, then `||`; a comparison is between two symbols
//! only, so that `!A = B` is `!(A = B)`.

use super::statement::Cursor;
use super::token::{Kind, Token};
use super::{BadLine, Cmp, Expr, ExprId, ExprKind, Span};

/// bison gives up with "memory exhausted" at a stack of 10,000 (`YYMAXDEPTH`), of which the
/// statement and the blocks around it take a few.
const MAX_DEPTH: usize = 9_900;

/// What waits for its right operand or its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Or,
    And,
    /// `!` and where it stands.
    Not(u32),
    /// `(` and where it stands.
    Open(u32),
}

/// The stacks, kept from one expression to the next.
#[derive(Default)]
pub(super) struct Stacks {
    operands: Vec<ExprId>,
    pending: Vec<Pending>,
}

/// Reads an expression; what follows it is left at the cursor.
pub(super) fn parse(cursor: &mut Cursor, exprs: &mut Vec<Expr>) -> Result<ExprId, BadLine> {
    let Stacks { mut operands, mut pending } = std::mem::take(cursor.stacks);
    operands.clear();
    pending.clear();
    let parsed = whole(cursor, exprs, &mut operands, &mut pending);
    *cursor.stacks = Stacks { operands, pending };
    parsed
}

fn whole(
    cursor: &mut Cursor,
    exprs: &mut Vec<Expr>,
    operands: &mut Vec<ExprId>,
    pending: &mut Vec<Pending>,
) -> Result<ExprId, BadLine> {
    loop {
        operand(cursor, exprs, operands, pending)?;
        loop {
            let next = cursor.peek();
            match next.map(|token| token.kind) {
                Some(Kind::And) => {
                    reduce(exprs, operands, pending, Pending::And);
                    pending.push(Pending::And);
                }
                Some(Kind::Or) => {
                    reduce(exprs, operands, pending, Pending::Or);
                    pending.push(Pending::Or);
                }
                Some(Kind::Close) => {
                    reduce(exprs, operands, pending, Pending::Open(0));
                    let (Some(Pending::Open(start)), Some(inner)) =
                        (pending.pop(), operands.last())
                    else {
                        return Err(BadLine::Invalid);
                    };
                    let end = next.map_or(start, |token| token.end);
                    exprs[inner.index()].span = Span { start, len: end - start };
                    cursor.skip();
                    continue;
                }
                _ => {
                    reduce(exprs, operands, pending, Pending::Open(0));
                    return match (pending.pop(), operands.pop()) {
                        (None, Some(whole)) => Ok(whole),
                        _ => Err(BadLine::Invalid),
                    };
                }
            }
            cursor.skip();
            break;
        }
        if pending.len() > MAX_DEPTH {
            return Err(BadLine::TooDeep);
        }
    }
}

/// Reads `!` and `(` in any number, then a symbol or a comparison.
fn operand(
    cursor: &mut Cursor,
    exprs: &mut Vec<Expr>,
    operands: &mut Vec<ExprId>,
    pending: &mut Vec<Pending>,
) -> Result<(), BadLine> {
    let left = loop {
        let token = cursor.next().ok_or(BadLine::Invalid)?;
        match token.kind {
            Kind::Not => pending.push(Pending::Not(token.start())),
            Kind::Open => pending.push(Pending::Open(token.start())),
            Kind::Word | Kind::Quoted => break token,
            _ => return Err(BadLine::Invalid),
        }
        if pending.len() > MAX_DEPTH {
            return Err(BadLine::TooDeep);
        }
    };
    let (kind, end) = match cursor.peek().and_then(comparison) {
        None => (ExprKind::Word(left.word), left.end),
        Some(cmp) => {
            cursor.skip();
            let right = cursor.symbol()?;
            (ExprKind::Compare(cmp, left.word, right.word), right.end)
        }
    };
    let start = left.start();
    operands.push(push(exprs, Expr { span: Span { start, len: end - start }, kind }));
    Ok(())
}

fn comparison(token: &Token) -> Option<Cmp> {
    Some(match token.kind {
        Kind::Equal => Cmp::Eq,
        Kind::Unequal => Cmp::Ne,
        Kind::Less => Cmp::Lt,
        Kind::LessEqual => Cmp::Le,
        Kind::Greater => Cmp::Gt,
        Kind::GreaterEqual => Cmp::Ge,
        _ => return None,
    })
}

/// Builds everything that binds at least as tightly as `limit`, back to an open parenthesis.
fn reduce(
    exprs: &mut Vec<Expr>,
    operands: &mut Vec<ExprId>,
    pending: &mut Vec<Pending>,
    limit: Pending,
) {
    while let Some(last) = pending.last().copied() {
        if matches!(last, Pending::Open(_)) || (limit == Pending::And && last == Pending::Or) {
            return;
        }
        let Some(right) = operands.pop() else { return };
        let right_span = exprs[right.index()].span;
        let (start, kind) = match last {
            Pending::Not(start) => (start, ExprKind::Not(right)),
            Pending::And | Pending::Or => {
                let Some(left) = operands.pop() else { return };
                let start = exprs[left.index()].span.start;
                let and = last == Pending::And;
                (start, if and { ExprKind::And(left, right) } else { ExprKind::Or(left, right) })
            }
            Pending::Open(_) => return,
        };
        let len = right_span.start + right_span.len - start;
        operands.push(push(exprs, Expr { span: Span { start, len }, kind }));
        pending.pop();
    }
}

fn push(exprs: &mut Vec<Expr>, expr: Expr) -> ExprId {
    exprs.push(expr);
    ExprId::new(exprs.len() as u32 - 1)
}
