//! Parses the condition of `#if` and `#elif` into a tree whose parts know where they stand.
//!
//! The grammar is C's for constant expressions as the preprocessor takes them. `a && b && c` is one
//! node with three operands, since an operand is what a reader would delete. Names are not expanded
//! here: what a macro stands for depends on where one is in the file.

use super::tokens::{Binary, Kind, Token};

/// How deep parentheses and unary operators may nest; generated code stays far below.
const MAX_DEPTH: u32 = 200;

/// An integer of the preprocessor: 64 bits, signed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) bits: u64,
    pub(super) unsigned: bool,
}

/// What a node is. Operands are indices into [`Condition::nodes`], names indices of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Number(Number),
    Name(usize),
    /// `defined X`, `defined(X)`
    Defined(usize),
    /// `NAME(…)`; the arguments are the tokens between the parentheses.
    Call {
        name: usize,
        arguments: std::ops::Range<usize>,
    },
    Not(usize),
    Minus(usize),
    Plus(usize),
    Tilde(usize),
    Binary(Binary, usize, usize),
    And(Vec<usize>),
    Or(Vec<usize>),
    Choice(usize, usize, usize),
}

/// A parsed condition.
#[derive(Debug, Default)]
pub(super) struct Condition<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) nodes: Vec<Node>,
    /// For each node, the tokens it is made of, its parentheses included.
    pub(super) extents: Vec<std::ops::Range<usize>>,
    /// The whole; `None` if it is no expression.
    pub(super) root: Option<usize>,
}

impl<'a> Condition<'a> {
    /// Parses `tokens`; [`Condition::root`] says whether that worked.
    pub(super) fn parse(tokens: Vec<Token<'a>>) -> Self {
        let mut parser =
            Parser { tokens: &tokens, at: 0, depth: 0, nodes: Vec::new(), extents: Vec::new() };
        let root = parser.choice().filter(|_| parser.at == tokens.len());
        let (nodes, extents) = (parser.nodes, parser.extents);
        Self { tokens, nodes, extents, root }
    }

    /// The text of a token.
    pub(super) fn text(&self, token: usize) -> &str {
        &self.tokens[token].text
    }

    /// The name that a call's arguments are, if they are one name.
    pub(super) fn only_name(&self, arguments: &std::ops::Range<usize>) -> Option<&str> {
        let token = self.tokens.get(arguments.start)?;
        (arguments.len() == 1 && token.kind == Kind::Name).then_some(&*token.text)
    }

    /// The byte offsets of a node.
    pub(super) fn bytes(&self, node: usize) -> (usize, usize) {
        let extent = &self.extents[node];
        (self.tokens[extent.start].start, self.tokens[extent.end - 1].end)
    }
}

struct Parser<'a, 't> {
    tokens: &'t [Token<'a>],
    at: usize,
    depth: u32,
    nodes: Vec<Node>,
    extents: Vec<std::ops::Range<usize>>,
}

impl Parser<'_, '_> {
    fn peek(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn take(&mut self, kind: Kind) -> bool {
        let is = self.peek() == Some(kind);
        self.at += usize::from(is);
        is
    }

    fn node(&mut self, node: Node, start: usize) -> usize {
        self.nodes.push(node);
        self.extents.push(start..self.at);
        self.nodes.len() - 1
    }

    fn deeper(&mut self, parse: impl Fn(&mut Self) -> Option<usize>) -> Option<usize> {
        self.depth += 1;
        let node = if self.depth > MAX_DEPTH { None } else { parse(self) };
        self.depth -= 1;
        node
    }

    fn choice(&mut self) -> Option<usize> {
        let start = self.at;
        let condition = self.or()?;
        if !self.take(Kind::Question) {
            return Some(condition);
        }
        let yes = self.deeper(Self::choice)?;
        if !self.take(Kind::Colon) {
            return None;
        }
        let no = self.deeper(Self::choice)?;
        Some(self.node(Node::Choice(condition, yes, no), start))
    }

    fn or(&mut self) -> Option<usize> {
        self.chain(Kind::OrOr, Self::and, Node::Or)
    }

    fn and(&mut self) -> Option<usize> {
        self.chain(Kind::AndAnd, |parser| parser.binary(1), Node::And)
    }

    fn chain(
        &mut self,
        operator: Kind,
        operand: impl Fn(&mut Self) -> Option<usize>,
        node: impl Fn(Vec<usize>) -> Node,
    ) -> Option<usize> {
        let start = self.at;
        let first = operand(self)?;
        if self.peek() != Some(operator) {
            return Some(first);
        }
        let mut operands = vec![first];
        while self.take(operator) {
            operands.push(operand(self)?);
        }
        Some(self.node(node(operands), start))
    }

    /// Operators of at least the precedence `lowest`.
    fn binary(&mut self, lowest: u8) -> Option<usize> {
        let start = self.at;
        let mut left = self.unary()?;
        while let Some(Kind::Binary(operator)) = self.peek() {
            let precedence = precedence(operator);
            if precedence < lowest {
                break;
            }
            self.at += 1;
            let right = self.deeper(|parser| parser.binary(precedence + 1))?;
            left = self.node(Node::Binary(operator, left, right), start);
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<usize> {
        let start = self.at;
        let node = match self.peek()? {
            Kind::Not => Node::Not,
            Kind::Tilde => Node::Tilde,
            Kind::Binary(Binary::Subtract) => Node::Minus,
            Kind::Binary(Binary::Add) => Node::Plus,
            _ => return self.primary(),
        };
        self.at += 1;
        let operand = self.deeper(Self::unary)?;
        Some(self.node(node(operand), start))
    }

    fn primary(&mut self) -> Option<usize> {
        let start = self.at;
        let token = self.tokens.get(start)?;
        self.at += 1;
        match token.kind {
            Kind::Open => {
                let inner = self.deeper(Self::choice)?;
                if !self.take(Kind::Close) {
                    return None;
                }
                // The node now reaches over its parentheses.
                self.extents[inner] = start..self.at;
                Some(inner)
            }
            Kind::Number => {
                let number = number(&token.text)?;
                Some(self.node(Node::Number(number), start))
            }
            Kind::Char => {
                let number = character(&token.text)?;
                Some(self.node(Node::Number(number), start))
            }
            Kind::Name if token.text == "defined" => {
                let parenthesis = self.take(Kind::Open);
                let name = self.at;
                if !self.take(Kind::Name) || (parenthesis && !self.take(Kind::Close)) {
                    return None;
                }
                Some(self.node(Node::Defined(name), start))
            }
            Kind::Name if self.peek() == Some(Kind::Open) => {
                let mut open = 0_usize;
                while let Some(kind) = self.peek() {
                    self.at += 1;
                    match kind {
                        Kind::Open => open += 1,
                        Kind::Close => open -= 1,
                        _ => {}
                    }
                    if open == 0 {
                        let arguments = start + 2..self.at - 1;
                        return Some(self.node(Node::Call { name: start, arguments }, start));
                    }
                }
                None
            }
            Kind::Name => Some(self.node(Node::Name(start), start)),
            _ => None,
        }
    }
}

fn precedence(operator: Binary) -> u8 {
    match operator {
        Binary::Or => 1,
        Binary::Xor => 2,
        Binary::And => 3,
        Binary::Equal | Binary::Unequal => 4,
        Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual => 5,
        Binary::Left | Binary::Right => 6,
        Binary::Add | Binary::Subtract => 7,
        Binary::Multiply | Binary::Divide | Binary::Remainder => 8,
    }
}

/// An integer constant, as C spells it.
fn number(text: &str) -> Option<Number> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(['u', 'l']);
    let (digits, radix) = match digits.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None => match digits.strip_prefix("0b") {
            Some(binary) => (binary, 2),
            None if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
            None => (digits, 10),
        },
    };
    let bits = u64::from_str_radix(digits, radix).ok()?;
    // A constant too large for the signed type is unsigned (C11 6.4.4.1).
    let unsigned = lower[2.min(lower.len())..].contains('u') || lower.ends_with('u');
    Some(Number { bits, unsigned: unsigned || bits > i64::MAX as u64 })
}

/// A plain character constant.
fn character(text: &str) -> Option<Number> {
    match text.as_bytes() {
        [b'\'', byte, b'\''] if byte.is_ascii() && *byte != b'\\' => {
            Some(Number { bits: u64::from(*byte), unsigned: false })
        }
        _ => None,
    }
}
