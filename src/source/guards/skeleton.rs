//! What a file's directives say before anything is evaluated: conditions as trees, which macros they
//! ask for, and the guard against double inclusion.

use rustc_hash::{FxHashMap, FxHashSet};

use super::chars::skip_splices;
use super::condition::{Condition, Node};
use super::scan::{Found, Kind, Scan};
use super::tokens::{self, Token, tokens};
use super::types::{Directive, FileKind};

/// More tokens than this in one directive, and it is not looked into.
pub(super) const MAX_TOKENS: usize = 20_000;

/// The parts of a file that [`super::blocks`] walks over.
pub(super) struct Skeleton<'a> {
    /// For each directive of the scan that has a condition, that; of `#ifdef`, its name.
    pub(super) conditions: Vec<Option<Condition<'a>>>,
    /// The directives that define or undefine a macro that conditions ask for, or an option.
    pub(super) relevant: FxHashSet<usize>,
    /// The directive that begins the guard against double inclusion.
    pub(super) include_guard: Option<usize>,
}

impl<'a> Skeleton<'a> {
    pub(super) fn new(text: &'a [u8], scan: &Scan, kind: FileKind) -> Self {
        let directives = &scan.directives;
        let conditions: Vec<_> = directives.iter().map(|found| condition(text, found)).collect();
        let include_guard = include_guard(text, scan, &conditions, kind);
        let relevant = relevant(text, directives, &conditions);
        Self { conditions, relevant, include_guard }
    }
}

fn condition<'a>(text: &'a [u8], found: &Found) -> Option<Condition<'a>> {
    let Kind::Block(directive) = found.kind else { return None };
    let tokens = |limit| tokens(text, found.name_end, found.end, limit);
    match directive {
        Directive::Else => None,
        Directive::If | Directive::Elif => {
            let tokens = tokens(MAX_TOKENS + 1);
            if tokens.len() > MAX_TOKENS {
                return Some(Condition { tokens, ..Condition::default() });
            }
            Some(Condition::parse(tokens))
        }
        // What follows the name is ignored by the preprocessor.
        _ => {
            let tokens = tokens(1);
            let name = tokens.first().is_some_and(|token| token.kind == tokens::Kind::Name);
            let mut nodes = if name { vec![Node::Defined(0)] } else { Vec::new() };
            if name && matches!(directive, Directive::Ifndef | Directive::Elifndef) {
                nodes.push(Node::Not(0));
            }
            let root = nodes.len().checked_sub(1);
            Some(Condition { tokens, extents: vec![0..1; nodes.len()], nodes, root })
        }
    }
}

/// The macro that a `#define` or `#undef` is about.
pub(super) fn subject<'a>(text: &'a [u8], found: &Found) -> Option<Token<'a>> {
    let first = tokens(text, found.name_end, found.end, 1).pop()?;
    (first.kind == tokens::Kind::Name).then_some(first)
}

/// Whether the macro whose name is `name` has parameters.
pub(super) fn has_parameters(text: &[u8], name: &Token) -> bool {
    text.get(skip_splices(text, name.end)) == Some(&b'(')
}

fn names<'c>(condition: &'c Condition) -> impl Iterator<Item = &'c str> {
    let names = condition.tokens.iter().filter(|token| token.kind == tokens::Kind::Name);
    names.map(|token| &*token.text)
}

/// The directives that change what a condition asks for, directly or through other macros.
fn relevant(
    text: &[u8],
    directives: &[Found],
    conditions: &[Option<Condition>],
) -> FxHashSet<usize> {
    let mut changes: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    let mut relevant = FxHashSet::default();
    let any_condition = conditions.iter().any(Option::is_some);
    for (index, found) in directives.iter().enumerate() {
        if !matches!(found.kind, Kind::Define | Kind::Undef) {
            continue;
        }
        let Some(name) = subject(text, found) else { continue };
        if name.text.starts_with("CONFIG_") {
            relevant.insert(index);
        }
        if any_condition {
            changes.entry(name.text.into_owned()).or_default().push(index);
        }
    }
    let mut seen: FxHashSet<String> = FxHashSet::default();
    let mut wanted: Vec<String> = Vec::new();
    let mut want = |name: &str, wanted: &mut Vec<String>| {
        // IS_ENABLED(X) asks for X_MODULE too.
        for name in [name.to_owned(), format!("{name}_MODULE")] {
            if changes.contains_key(&name) && seen.insert(name.clone()) {
                wanted.push(name);
            }
        }
    };
    want("MODULE", &mut wanted);
    for name in conditions.iter().flatten().flat_map(names) {
        want(name, &mut wanted);
    }
    while let Some(name) = wanted.pop() {
        for index in &changes[&name] {
            relevant.insert(*index);
            let found = &directives[*index];
            if found.kind == Kind::Define {
                let body = tokens(text, found.name_end, found.end, MAX_TOKENS);
                for token in body.iter().filter(|token| token.kind == tokens::Kind::Name) {
                    want(&token.text, &mut wanted);
                }
            }
        }
    }
    relevant
}

/// The guard of a header: its first conditional asks whether a macro is not defined, the next
/// directive defines it, and there is no conditional after its end.
///
/// `#if !defined(X) || defined(Y)` counts (trace headers are read several times): on the first
/// reading it is true, and then Y says so.
fn include_guard(
    text: &[u8],
    scan: &Scan,
    conditions: &[Option<Condition>],
    kind: FileKind,
) -> Option<usize> {
    if kind != FileKind::Header {
        return None;
    }
    let directives = &scan.directives;
    let first = directives.iter().position(|found| matches!(found.kind, Kind::Block(_)))?;
    let quiet = |found: &Found| !found.code_before && !matches!(found.kind, Kind::Define);
    if !directives[..first].iter().all(quiet) || directives[first].code_before {
        return None;
    }
    let condition = conditions[first].as_ref()?;
    let root = condition.root?;
    let asked = match (directives[first].kind, &condition.nodes[root]) {
        (Kind::Block(Directive::If), Node::Or(operands)) => not_defined(condition, operands[0])?,
        (Kind::Block(Directive::If | Directive::Ifndef), _) => not_defined(condition, root)?,
        _ => return None,
    };
    let asked = condition.text(asked);
    let define = directives.get(first + 1)?;
    if define.kind != Kind::Define || define.code_before || asked.starts_with("CONFIG_") {
        return None;
    }
    let body = tokens(text, define.name_end, define.end, 3);
    let plain = match &body[..] {
        [name] => name.text == asked,
        [name, value] => name.text == asked && value.kind == tokens::Kind::Number,
        _ => false,
    };
    let mut depth = 0_usize;
    for (index, found) in directives.iter().enumerate().skip(first) {
        match found.kind {
            Kind::Block(directive) if directive.opens() => depth += 1,
            Kind::Block(_) if depth == 1 => return None,
            Kind::Endif => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            let rest = &directives[index + 1..];
            let conditional = rest.iter().any(|found| matches!(found.kind, Kind::Block(_)));
            return (plain && !conditional).then_some(first);
        }
    }
    // The end is missing; what it guards is clear all the same.
    plain.then_some(first)
}

/// The name in `!defined(name)`.
fn not_defined(condition: &Condition, node: usize) -> Option<usize> {
    let Node::Not(inner) = condition.nodes[node] else { return None };
    match condition.nodes[inner] {
        Node::Defined(name) => Some(name),
        _ => None,
    }
}
