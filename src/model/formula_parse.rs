//! Formulas out of their text, as [`Formulas::shown`] writes it.

use super::formula::{Atom, FormulaId, Formulas};

/// Deeper brackets than this are refused.
const MAX_DEPTH: usize = 200;

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Formulas {
    /// The formula that `text` says; nothing for what was cut, or is no formula.
    pub fn parse(&mut self, text: &str) -> Option<FormulaId> {
        let mut parser = Parser { rest: text, depth: 0 };
        let formula = parser.either(self)?;
        parser.rest.is_empty().then_some(formula)
    }
}

impl<'a> Parser<'a> {
    fn eat(&mut self, sign: &str) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn name(&mut self) -> &'a str {
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !in_name(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name
    }

    fn either(&mut self, f: &mut Formulas) -> Option<FormulaId> {
        let mut any = self.both(f)?;
        while self.eat(" || ") {
            let next = self.both(f)?;
            any = f.or(any, next);
        }
        Some(any)
    }

    fn both(&mut self, f: &mut Formulas) -> Option<FormulaId> {
        let mut all = self.one(f)?;
        while self.eat(" && ") {
            let next = self.one(f)?;
            all = f.and(all, next);
        }
        Some(all)
    }

    fn one(&mut self, f: &mut Formulas) -> Option<FormulaId> {
        let mut negated = false;
        while self.eat("!") {
            negated = !negated;
        }
        let formula = self.leaf(f)?;
        Some(if negated { f.not(formula) } else { formula })
    }

    fn leaf(&mut self, f: &mut Formulas) -> Option<FormulaId> {
        if self.eat("(") {
            self.depth += 1;
            let inside = if self.depth > MAX_DEPTH { None } else { self.either(f) }?;
            self.depth -= 1;
            return self.eat(")").then_some(inside);
        }
        if self.eat("[") {
            // What is opaque may have brackets of its own.
            let mut open = 1;
            let end = self.rest.find(|c| {
                open += i32::from(c == '[') - i32::from(c == ']');
                open == 0
            })?;
            let (text, rest) = self.rest.split_at(end);
            self.rest = &rest[1..];
            return Some(f.opaque(text));
        }
        if self.eat("CONFIG_") {
            let name = self.name();
            if name.is_empty() {
                return None;
            }
            if self.eat("!=0") {
                return Some(f.non_zero(name));
            }
            if self.eat("=\"") {
                let (value, rest) = self.rest.split_once('"')?;
                self.rest = rest;
                return Some(f.equals(name, value));
            }
            return Some(match (self.eat("=y"), self.eat("=m")) {
                (true, _) => f.yes(name),
                (_, true) => f.module(name),
                _ => f.enabled(name),
            });
        }
        Some(match self.name() {
            "" => return None,
            "y" => Formulas::TRUE,
            "n" => Formulas::FALSE,
            "MODULE" => f.atom(Atom::InModule),
            other => f.opaque(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut f = Formulas::default();
        for text in [
            "y",
            "CONFIG_A && !(CONFIG_B=y || CONFIG_C=m)",
            "CONFIG_L=\"4\" && [X[1] > 3] || !MODULE",
            "(CONFIG_A || FOO) && CONFIG_N!=0",
        ] {
            let formula = f.parse(text).unwrap();
            assert_eq!(f.shown(formula), text);
        }
        for bad in ["", "(", "CONFIG_", "CONFIG_A &&", "CONFIG_A…", "[x", "CONFIG_A=\"x", "!"] {
            assert_eq!(f.parse(bad), None, "{bad}");
        }
        assert_eq!(f.parse(&"(".repeat(100_000)), None);
        assert!(f.parse(&"!".repeat(100_000)).is_none());
    }
}
