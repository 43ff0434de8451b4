//! Text with `$(…)` into expressions, as GNU make reads it: nesting by the bracket that opened, a
//! function if the first word is the name of one, a substitution reference if there is a colon.

use super::syntax::{Expr, Function, Part};

/// References nested deeper than this stay text; nobody writes them.
const MAX_DEPTH: u32 = 60;

/// Reads `text`.
pub(super) fn parse(text: &str) -> Expr {
    parse_at(text, 0)
}

fn parse_at(text: &str, depth: u32) -> Expr {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(next) = rest.chars().next() else { break };
        let close = match next {
            '(' => ')',
            '{' => '}',
            '$' => {
                plain.push('$');
                rest = &rest[1..];
                continue;
            }
            _ => {
                let (name, after) = rest.split_at(next.len_utf8());
                flush(&mut plain, &mut parts);
                parts.push(Part::Var(literal(name)));
                rest = after;
                continue;
            }
        };
        match closing(&rest[1..], next, close) {
            Some(end) if depth < MAX_DEPTH => {
                flush(&mut plain, &mut parts);
                parts.push(reference(&rest[1..=end], next, close, depth + 1));
                rest = &rest[end + 2..];
            }
            // Make would stop here: an unterminated reference.
            _ => {
                plain.push('$');
                break;
            }
        }
    }
    plain.push_str(rest);
    flush(&mut plain, &mut parts);
    Expr(parts)
}

fn flush(plain: &mut String, parts: &mut Vec<Part>) {
    if !plain.is_empty() {
        parts.push(Part::Text(std::mem::take(plain).into()));
    }
}

/// An expression that is `text` and nothing else.
pub(super) fn literal(text: &str) -> Expr {
    if text.is_empty() { Expr::default() } else { Expr(vec![Part::Text(text.into())]) }
}

/// The byte offset in `text` of the bracket that closes one opened just before it.
pub(super) fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        }
    }
    None
}

/// What stands between the brackets.
fn reference(inner: &str, open: char, close: char, depth: u32) -> Part {
    let word = inner.find([' ', '\t']).map(|end| (&inner[..end], inner[end..].trim_start()));
    if let Some((name, arguments)) = word
        && let Some((function, commas)) = Function::named(name)
    {
        let arguments = split(arguments, ',', commas, open, close);
        let arguments = arguments.into_iter().map(|text| parse_at(text, depth)).collect();
        return Part::Call(function, arguments, format!("$({inner})").into());
    }
    if let [name, rest] = split(inner, ':', 1, open, close)[..]
        && let [from, to] = split(rest, '=', 1, open, close)[..]
    {
        return Part::Substitute(Box::new([name, from, to].map(|text| parse_at(text, depth))));
    }
    Part::Var(parse_at(inner, depth))
}

/// Splits at the first `most` separators that are not inside brackets.
pub(super) fn split(
    text: &str,
    separator: char,
    most: usize,
    open: char,
    close: char,
) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.saturating_sub(1);
        } else if c == separator && depth == 0 && parts.len() < most {
            parts.push(&text[start..at]);
            start = at + c.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> Part {
        Part::Text(t.into())
    }

    #[test]
    fn references_nest_by_the_bracket_that_opened() {
        let read = parse("a-$(X)b$$c ${d(e} $@");
        let var = |name| Part::Var(literal(name));
        let want = vec![text("a-"), var("X"), text("b$c "), var("d(e"), text(" "), var("@")];
        assert_eq!(read.0, want);
    }

    #[test]
    fn functions_take_their_commas_and_no_more() {
        let Part::Call(Function::Subst, arguments, _) = parse("$(subst a,$(b,c),d,e)").0.remove(0)
        else {
            panic!("not a call")
        };
        assert_eq!(arguments[0], literal("a"));
        assert_eq!(arguments[1].0, [Part::Var(literal("b,c"))]);
        assert_eq!(arguments[2], literal("d,e"));
    }

    #[test]
    fn a_colon_makes_a_substitution() {
        let Part::Substitute(parts) = parse("$(X:%=a/%.o)").0.remove(0) else {
            panic!("not a substitution")
        };
        assert_eq!(*parts, [literal("X"), literal("%"), literal("a/%.o")]);
    }

    #[test]
    fn the_unterminated_stays_text() {
        assert_eq!(parse("$(a"), literal("$(a"));
        assert_eq!(parse("a$"), literal("a"));
        let deep = "$(".repeat(100_000);
        assert!(!parse(&deep).0.is_empty());
    }
}
