//! A makefile's lines into statements.
//!
//! Make reads line by line: continuations are joined first, then comments go, then a line is a recipe
//! (a tab after a rule), a directive, an assignment or a rule. What make would refuse becomes a
//! diagnostic, and reading goes on.

use std::sync::Arc;

use super::expr::{self, literal};
use super::syntax::{Assign, Branch, Makefile, Op, Statement, Test};
use crate::model::diag::Diag;

/// Things that are wrong with one makefile; what comes after them is not told.
const MAX_DIAGS: usize = 2000;
/// Conditionals nested deeper than this are not read.
const MAX_NESTING: usize = 100;

/// Reads `text`, the makefile `name`.
pub fn parse(name: &str, text: &[u8]) -> (Makefile, Vec<Diag>) {
    let text = String::from_utf8_lossy(text);
    let mut reader = Reader {
        file: name,
        open: Vec::new(),
        body: Vec::new(),
        too_deep: 0,
        in_rule: false,
        defining: 0,
        diags: Vec::new(),
    };
    let mut lines = text.lines().zip(1u32..);
    let mut joined = String::new();
    while let Some((first, number)) = lines.next() {
        if !continues(first) {
            reader.line(number, first);
            continue;
        }
        joined.clear();
        let mut part = first;
        loop {
            let more = continues(part);
            let plain = if more { &part[..part.len() - 1] } else { part };
            if joined.is_empty() {
                joined.push_str(plain.trim_end());
            } else {
                joined.push(' ');
                joined.push_str(plain.trim());
            }
            match more.then(|| lines.next()).flatten() {
                Some((next, _)) => part = next,
                None => break,
            }
        }
        reader.line(number, &joined);
    }
    reader.finish(name)
}

/// Whether the line goes on: it ends in an odd number of backslashes.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|&c| c == b'\\').count() % 2 == 1
}

struct Reader<'a> {
    file: &'a str,
    /// Conditionals that have no `endif` yet, each with what stood before it.
    open: Vec<(Vec<Branch>, Vec<Statement>)>,
    body: Vec<Statement>,
    too_deep: usize,
    in_rule: bool,
    defining: usize,
    diags: Vec<Diag>,
}

impl Reader<'_> {
    fn odd(&mut self, line: u32, message: &str) {
        if self.diags.len() < MAX_DIAGS {
            self.diags.push(Diag::at_line(self.file, line as usize, message));
        }
    }

    fn line(&mut self, number: u32, raw: &str) {
        let line = without_comment(raw);
        let text = line.trim();
        let (word, rest) = first_word(text);
        if self.defining > 0 {
            match word {
                "define" => self.defining += 1,
                "endef" => self.defining -= 1,
                _ => {}
            }
            return;
        }
        if self.in_rule && raw.starts_with('\t') || text.is_empty() {
            return;
        }
        // `ifdef = x` is an assignment, whatever the name.
        if !starts_with_operator(rest) {
            match word {
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => return self.open(number, word, rest),
                "else" => return self.otherwise(number, rest),
                "endif" => return self.close(number),
                _ => {}
            }
        }
        if let Some(statement) = self.statement(number, text, word, rest) {
            self.body.push(statement);
        }
    }

    fn statement(&mut self, line: u32, text: &str, word: &str, rest: &str) -> Option<Statement> {
        if !starts_with_operator(rest) {
            self.in_rule = false;
            match word {
                "define" => {
                    self.defining = 1;
                    let (name, _) = first_word(rest);
                    return Some(Statement::Define(line, expr::parse(name)));
                }
                "include" => return Some(Statement::Include(line, expr::parse(rest), false)),
                "-include" | "sinclude" => {
                    return Some(Statement::Include(line, expr::parse(rest), true));
                }
                "undefine" => return Some(Statement::Undefine(line, expr::parse(rest))),
                "vpath" | "unexport" => return None,
                "endef" => {
                    self.odd(line, "`endef` without `define`");
                    return None;
                }
                "export" => {
                    return Some(match assignment(line, rest, true) {
                        Some(assign) => Statement::Assign(assign),
                        None => Statement::Export(line, expr::parse(rest)),
                    });
                }
                "override" | "private" => {
                    let (next, after) = first_word(rest);
                    return self.statement(line, rest, next, after);
                }
                _ => {}
            }
        }
        if let Some(assign) = assignment(line, text, false) {
            self.in_rule = false;
            return Some(Statement::Assign(assign));
        }
        self.rule(line, text)
    }

    /// A rule; only a variable that is set for its targets is kept.
    fn rule(&mut self, line: u32, text: &str) -> Option<Statement> {
        let Some(colon) = outside(text, |rest| rest.starts_with(b":")) else {
            self.in_rule = false;
            if !text.starts_with('$') {
                self.odd(line, "neither a rule nor an assignment; make stops here");
            }
            return Some(Statement::Bare(line, expr::parse(text)));
        };
        self.in_rule = true;
        let mut rest = text[colon..].trim_start_matches(':').trim_start();
        while let (word @ ("private" | "override" | "export"), after) = first_word(rest) {
            rest = if word.is_empty() { rest } else { after };
        }
        let mut assign = assignment(line, rest, false)?;
        assign.targets = Some(expr::parse(text[..colon].trim()));
        Some(Statement::Assign(assign))
    }

    fn open(&mut self, line: u32, word: &str, rest: &str) {
        if self.open.len() >= MAX_NESTING {
            if self.too_deep == 0 {
                self.odd(line, "conditionals nested too deeply to be read");
            }
            self.too_deep += 1;
            return;
        }
        let test = self.test(line, word, rest);
        let branch = Branch { line, test, body: Vec::new() };
        self.open.push((vec![branch], std::mem::take(&mut self.body)));
    }

    fn test(&mut self, line: u32, word: &str, rest: &str) -> Test {
        let negated = word.starts_with("ifn");
        let test = if word.ends_with("def") {
            let name = rest.trim();
            (!name.is_empty()).then(|| Test::Defined(expr::parse(name), negated))
        } else {
            operands(rest).map(|(a, b)| Test::Equal(expr::parse(a), expr::parse(b), negated))
        };
        test.unwrap_or_else(|| {
            self.odd(line, &format!("`{word}` without what it compares"));
            Test::Bad
        })
    }

    fn otherwise(&mut self, line: u32, rest: &str) {
        if self.too_deep > 0 {
            return;
        }
        let (word, after) = first_word(rest);
        let test = match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => self.test(line, word, after),
            _ => Test::Else,
        };
        let Some((branches, _)) = self.open.last_mut() else {
            return self.odd(line, "`else` without `ifeq`");
        };
        if let Some(last) = branches.last_mut() {
            last.body = std::mem::take(&mut self.body);
        }
        branches.push(Branch { line, test, body: Vec::new() });
    }

    fn close(&mut self, line: u32) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let Some((mut branches, before)) = self.open.pop() else {
            return self.odd(line, "`endif` without `ifeq`");
        };
        let body = std::mem::replace(&mut self.body, before);
        if let Some(last) = branches.last_mut() {
            last.body = body;
        }
        self.body.push(Statement::If(branches));
    }

    fn finish(mut self, name: &str) -> (Makefile, Vec<Diag>) {
        if self.defining > 0 {
            self.diags.push(Diag::new(name, "`define` without `endef`"));
        }
        self.too_deep = 0;
        while let Some(line) = self.open.last().and_then(|(branches, _)| branches.first()) {
            let line = line.line;
            self.odd(line, "`endif` is missing");
            self.close(line);
        }
        (Makefile { name: name.into(), body: self.body }, self.diags)
    }
}

/// The line without its comment; `\#` is a `#`.
fn without_comment(line: &str) -> std::borrow::Cow<'_, str> {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('#') {
        let slashes = rest[..at].bytes().rev().take_while(|&c| c == b'\\').count();
        if slashes % 2 == 0 {
            if out.is_empty() {
                return rest[..at].into();
            }
            out.push_str(&rest[..at]);
            return out.into();
        }
        out.push_str(&rest[..at - 1]);
        out.push('#');
        rest = &rest[at + 1..];
    }
    if out.is_empty() {
        return line.into();
    }
    out.push_str(rest);
    out.into()
}

/// The first word and what follows it.
fn first_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '(' && text.starts_with("if"));
    match end {
        Some(end) => (&text[..end], text[end..].trim_start()),
        None => (text, ""),
    }
}

const OPERATORS: [(&str, Op); 6] = [
    ("::=", Op::Simple),
    (":=", Op::Simple),
    ("+=", Op::Append),
    ("?=", Op::IfUnset),
    ("!=", Op::Shell),
    ("=", Op::Recursive),
];

fn starts_with_operator(text: &str) -> bool {
    OPERATORS.iter().any(|(operator, _)| text.starts_with(operator))
}

/// Whether what could be a variable's name ends here: at an operator, a blank, or the colon of a rule. The first
/// of [`OPERATORS`] begin with a colon.
fn ends_name(rest: &[u8]) -> bool {
    matches!(rest, [b' ' | b'\t' | b':' | b'=', ..] | [b'+' | b'?' | b'!', b'=', ..])
}

/// The offset of the first place outside of any reference where `found` holds, which it only does at an ASCII
/// character.
fn outside(text: &str, found: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    // One that nothing closes: later ones are not looked for again.
    let mut open = false;
    while at < bytes.len() {
        let close = match bytes[at..] {
            [b'$', b'(', ..] if !open => Some(('(', ')')),
            [b'$', b'{', ..] if !open => Some(('{', '}')),
            _ => None,
        };
        let inner = close.and_then(|(open, close)| expr::closing(&text[at + 2..], open, close));
        open |= close.is_some() && inner.is_none();
        if let Some(end) = inner {
            at += end + 3;
        } else if found(&bytes[at..]) {
            return Some(at);
        } else {
            at += 1;
        }
    }
    None
}

/// `name op value`, if that is what `text` is.
fn assignment(line: u32, text: &str, export: bool) -> Option<Assign> {
    // A blank within the name, or the colon of a rule, comes before any operator: no assignment.
    let stop = outside(text, ends_name)?;
    let name = &text[..stop];
    let rest = text[stop..].trim_start();
    let (operator, op) = OPERATORS.into_iter().find(|(operator, _)| rest.starts_with(operator))?;
    let value = rest[operator.len()..].trim_start();
    let name = if name.is_empty() { literal("") } else { expr::parse(name) };
    let value = Arc::new(expr::parse(value));
    Some(Assign { line, name, op, value, export, targets: None })
}

/// The two sides of `ifeq`.
fn operands(rest: &str) -> Option<(&str, &str)> {
    if let Some(inner) = rest.strip_prefix('(') {
        let end = expr::closing(inner, '(', ')')?;
        let [a, b] = expr::split(&inner[..end], ',', 1, '(', ')')[..] else { return None };
        return Some((a.trim_end(), b.trim_start()));
    }
    let (a, rest) = quoted(rest)?;
    let (b, _) = quoted(rest.trim_start())?;
    Some((a, b))
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let end = text[1..].find(quote)?;
    Some((&text[1..=end], &text[end + 2..]))
}
