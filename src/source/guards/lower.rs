//! From a condition to a formula, at a place in a file.
//!
//! Definedness and truth become formulas; numbers are computed where they are constant; what remains
//! (comparisons with a number that Kconfig or a header decides, macros with arguments) is one variable
//! named by its text. Equal texts are one variable only as long as no macro in them was changed.

use std::rc::Rc;

use super::condition::{Condition, Node, Number};
use super::macros::{Body, Macros, Worth};
use super::tokens::{Binary, Kind};
use crate::model::formula::{FormulaId, Formulas};

/// How deep macros may stand for macros, and how many are looked into for one condition.
const MAX_EXPANSION: usize = 12;
const MAX_EXPANSIONS: u32 = 400;

/// What an expression is worth.
#[derive(Debug, Clone, Copy)]
enum Value {
    /// This number.
    Number(Number),
    /// 1 or 0.
    Bool(FormulaId),
    /// Any number; not zero where the formula holds.
    Any(FormulaId),
}

impl Value {
    /// Whether it is not zero.
    fn truth(self) -> FormulaId {
        match self {
            Self::Number(Number { bits: 0, .. }) => Formulas::FALSE,
            Self::Number(_) => Formulas::TRUE,
            Self::Bool(formula) | Self::Any(formula) => formula,
        }
    }

    /// The formula of a value that is 0 or 1.
    fn bit(self) -> Option<FormulaId> {
        match self {
            Self::Number(Number { bits: 0 | 1, .. }) => Some(self.truth()),
            Self::Bool(formula) => Some(formula),
            Self::Number(_) | Self::Any(_) => None,
        }
    }
}

/// Lowers conditions of one file.
pub(super) struct Lower<'f, 'm, 'a> {
    pub(super) f: &'f mut Formulas,
    pub(super) macros: &'m mut Macros<'a>,
    /// The macros that are being looked into; within itself a macro is not expanded.
    inside: Vec<String>,
    expansions: u32,
}

impl<'f, 'm, 'a> Lower<'f, 'm, 'a> {
    pub(super) fn new(f: &'f mut Formulas, macros: &'m mut Macros<'a>) -> Self {
        Self { f, macros, inside: Vec::new(), expansions: 0 }
    }

    /// The formula of every node of `condition` that is an operand: the value is asked once.
    pub(super) fn truths(&mut self, condition: &Condition<'a>) -> Vec<Option<FormulaId>> {
        let mut truths = vec![None; condition.nodes.len()];
        if let Some(root) = condition.root {
            self.value(condition, root, Some(&mut truths));
        }
        truths
    }

    fn value(
        &mut self,
        c: &Condition<'a>,
        node: usize,
        mut truths: Option<&mut Vec<Option<FormulaId>>>,
    ) -> Value {
        let mut operand = |own: &mut Self, node| own.value(c, node, truths.as_deref_mut());
        let value = match &c.nodes[node] {
            Node::Number(number) => Value::Number(*number),
            Node::Name(token) => self.name(c.text(*token)),
            Node::Defined(token) => Value::Bool(self.macros.defined(self.f, c.text(*token))),
            Node::Call { name, arguments } => {
                let name = c.text(*name);
                match c.only_name(arguments).and_then(|option| self.option_test(name, option)) {
                    Some(formula) => Value::Bool(formula),
                    None => Value::Any(self.opaque(c, node)),
                }
            }
            Node::Not(a) => {
                let a = operand(self, *a);
                let truth = a.truth();
                Value::Bool(self.f.not(truth))
            }
            Node::And(operands) => {
                let mut all = Formulas::TRUE;
                for node in operands {
                    let value = operand(self, *node);
                    all = self.f.and(all, value.truth());
                }
                Value::Bool(all)
            }
            Node::Or(operands) => {
                let mut any = Formulas::FALSE;
                for node in operands {
                    let value = operand(self, *node);
                    any = self.f.or(any, value.truth());
                }
                Value::Bool(any)
            }
            Node::Choice(a, b, no) => {
                let (a, b, no) = (operand(self, *a), operand(self, *b), operand(self, *no));
                if let (Value::Number(a), Value::Number(b), Value::Number(no)) = (a, b, no) {
                    // The other branch still decides whether the result is unsigned.
                    let chosen = if a.bits == 0 { no } else { b };
                    let unsigned = b.unsigned || no.unsigned;
                    Value::Number(Number { bits: chosen.bits, unsigned })
                } else {
                    Value::Any(self.f.choose(a.truth(), b.truth(), no.truth()))
                }
            }
            Node::Plus(a) => operand(self, *a),
            // Neither changes whether a number is zero, but the number.
            Node::Minus(a) => match operand(self, *a) {
                Value::Number(n) => {
                    Value::Number(Number { bits: n.bits.wrapping_neg(), unsigned: n.unsigned })
                }
                Value::Bool(truth) | Value::Any(truth) => Value::Any(truth),
            },
            Node::Tilde(a) => match operand(self, *a) {
                Value::Number(n) => Value::Number(Number { bits: !n.bits, unsigned: n.unsigned }),
                // All bits of 0 or 1 inverted is never zero.
                Value::Bool(_) => Value::Any(Formulas::TRUE),
                Value::Any(_) => Value::Any(self.opaque(c, node)),
            },
            Node::Binary(operator, a, b) => {
                let (a, b) = (operand(self, *a), operand(self, *b));
                self.binary(*operator, a, b).unwrap_or_else(|| Value::Any(self.opaque(c, node)))
            }
        };
        if let Some(truths) = truths {
            truths[node] = Some(value.truth());
        }
        value
    }

    fn binary(&mut self, operator: Binary, a: Value, b: Value) -> Option<Value> {
        if let (Value::Number(a), Value::Number(b)) = (a, b) {
            return compute(operator, a, b).map(Value::Number);
        }
        let (a, b) = (a.bit()?, b.bit()?);
        let f = &mut *self.f;
        let different = |f: &mut Formulas| {
            let not_b = f.not(b);
            f.choose(a, not_b, b)
        };
        let (not_a, not_b) = (f.not(a), f.not(b));
        Some(Value::Bool(match operator {
            Binary::Or => f.or(a, b),
            Binary::And | Binary::Multiply => f.and(a, b),
            Binary::Xor | Binary::Unequal => different(f),
            Binary::Equal => {
                let different = different(f);
                f.not(different)
            }
            Binary::Less => f.and(not_a, b),
            Binary::Greater => f.and(a, not_b),
            Binary::LessEqual => f.or(not_a, b),
            Binary::GreaterEqual => f.or(a, not_b),
            _ => return None,
        }))
    }

    /// `IS_ENABLED(CONFIG_X)` and its like (linux/kconfig.h).
    fn option_test(&mut self, test: &str, name: &str) -> Option<FormulaId> {
        let (builtin, module, in_module) = match test {
            "IS_ENABLED" => (true, true, false),
            "IS_BUILTIN" | "__is_defined" => (true, false, false),
            "IS_MODULE" => (false, true, false),
            "IS_REACHABLE" => (true, true, true),
            _ => return None,
        };
        let mut holds = Formulas::FALSE;
        if builtin {
            holds = self.macros.is_one(self.f, name);
        }
        if module {
            let mut is_module = self.macros.is_one(self.f, &format!("{name}_MODULE"));
            if in_module {
                let object = self.macros.is_one(self.f, "MODULE");
                is_module = self.f.and(is_module, object);
            }
            holds = self.f.or(holds, is_module);
        }
        Some(holds)
    }

    fn name(&mut self, name: &str) -> Value {
        if self.inside.iter().any(|outer| outer == name) {
            return Value::Number(Number { bits: 0, unsigned: false });
        }
        match self.macros.worth(name) {
            Worth::Undefined => Value::Number(Number { bits: 0, unsigned: false }),
            Worth::Body(body) => self.body(name, &body),
            Worth::Base | Worth::Mixed => {
                let (inside, expansions) = (&mut self.inside, &mut self.expansions);
                let truth = self.macros.truth(self.f, name, |macros, f, body| {
                    let inside_now = std::mem::take(inside);
                    let mut inner =
                        Lower { f, macros, inside: inside_now, expansions: *expansions };
                    let value = inner.body(name, body);
                    let truth = value.truth();
                    (*inside, *expansions) = (inner.inside, inner.expansions);
                    truth
                });
                Value::Any(truth)
            }
        }
    }

    /// What `name` is worth if it stands for `body`.
    fn body(&mut self, name: &str, body: &Body<'a>) -> Value {
        if let Body::Tokens(tokens) = body
            && let Some(root) = tokens.root.filter(|root| is_primary(tokens, *root))
            && self.inside.len() < MAX_EXPANSION
            && self.expansions < MAX_EXPANSIONS
        {
            self.expansions += 1;
            self.inside.push(name.to_owned());
            let tokens = Rc::clone(tokens);
            let value = self.value(&tokens, root, None);
            self.inside.pop();
            return value;
        }
        let since = self.macros.changed(name).max(1);
        Value::Any(self.macros.opaque(self.f, name, since))
    }

    /// The variable for a node that cannot be taken apart.
    fn opaque(&mut self, c: &Condition<'a>, node: usize) -> FormulaId {
        let mut text = String::new();
        let mut since = 0;
        let mut last = None;
        for token in &c.tokens[c.extents[node].clone()] {
            let tight = matches!(token.kind, Kind::Open | Kind::Close | Kind::Comma | Kind::Not)
                && last != Some(Kind::Comma);
            let after_open = matches!(last, None | Some(Kind::Open | Kind::Not | Kind::Tilde));
            let operator = matches!(last, Some(Kind::Binary(_) | Kind::AndAnd | Kind::OrOr));
            if !after_open && (!tight || operator) {
                text.push(' ');
            }
            text.push_str(&token.text);
            last = Some(token.kind);
            if token.kind == Kind::Name {
                since = since.max(self.macros.changed(&token.text));
            }
        }
        self.macros.opaque(self.f, &text, since)
    }
}

/// Whether a macro's body cannot fall apart when operators stand around it: the preprocessor puts in
/// tokens, not values.
fn is_primary(body: &Condition, root: usize) -> bool {
    let whole = body.extents[root] == (0..body.tokens.len());
    let parenthesis = body.tokens[0].kind == Kind::Open;
    #[allow(clippy::match_same_arms, reason = "for two reasons")]
    let bare = match body.nodes[root] {
        Node::Number(_) | Node::Name(_) | Node::Defined(_) | Node::Call { .. } => true,
        // Nothing binds more tightly than a unary operator.
        Node::Not(_) | Node::Minus(_) | Node::Plus(_) | Node::Tilde(_) => true,
        // `(a) && (b)` begins with a parenthesis too, but is not in one.
        _ => parenthesis && closes_last(body),
    };
    whole && bare
}

/// Whether the first parenthesis is closed by the last token.
fn closes_last(body: &Condition) -> bool {
    let mut open = 0_usize;
    let close = body.tokens.iter().position(|token| {
        match token.kind {
            Kind::Open => open += 1,
            Kind::Close => open -= 1,
            _ => {}
        }
        open == 0
    });
    close == Some(body.tokens.len() - 1)
}

/// Arithmetic of the preprocessor; `None` where it has no result.
fn compute(operator: Binary, a: Number, b: Number) -> Option<Number> {
    let unsigned = a.unsigned || b.unsigned;
    let (x, y) = (a.bits as i64, b.bits as i64);
    let truth = |holds: bool| Number { bits: u64::from(holds), unsigned: false };
    let order = if unsigned { a.bits.cmp(&b.bits) } else { x.cmp(&y) };
    let number = |bits: u64| Number { bits, unsigned };
    Some(match operator {
        Binary::Or => number(a.bits | b.bits),
        Binary::Xor => number(a.bits ^ b.bits),
        Binary::And => number(a.bits & b.bits),
        Binary::Equal => truth(a.bits == b.bits),
        Binary::Unequal => truth(a.bits != b.bits),
        Binary::Less => truth(order.is_lt()),
        Binary::LessEqual => truth(order.is_le()),
        Binary::Greater => truth(order.is_gt()),
        Binary::GreaterEqual => truth(order.is_ge()),
        Binary::Add => number(a.bits.wrapping_add(b.bits)),
        Binary::Subtract => number(a.bits.wrapping_sub(b.bits)),
        Binary::Multiply => number(a.bits.wrapping_mul(b.bits)),
        Binary::Divide if unsigned => number(a.bits.checked_div(b.bits)?),
        Binary::Remainder if unsigned => number(a.bits.checked_rem(b.bits)?),
        Binary::Divide => number(x.checked_div(y)? as u64),
        Binary::Remainder => number(x.checked_rem(y)? as u64),
        // The type of a shift is that of its left side; odd counts are left alone.
        Binary::Left | Binary::Right => {
            let count = u32::try_from(b.bits).ok().filter(|count| *count < 64)?;
            let bits = match (operator, a.unsigned) {
                (Binary::Left, _) => a.bits << count,
                (_, true) => a.bits >> count,
                (_, false) => (x >> count) as u64,
            };
            Number { bits, unsigned: a.unsigned }
        }
    })
}
