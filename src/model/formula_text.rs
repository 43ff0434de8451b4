//! Formulas in words: as somebody would write them in a guard, shortest first.

use super::formula::{Atom, Formula, FormulaId, Formulas, NameId};

/// How tightly what is around binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Or,
    And,
    Not,
}

/// More letters than this are cut off.
const LONG: usize = 2000;

impl Formulas {
    /// The formula as text: `CONFIG_A && !(CONFIG_B=y || CONFIG_C=m)`. `CONFIG_A` alone is on, `y` or
    /// `m`. What is opaque stands as it was found. One of more than 2000 letters is cut.
    pub fn shown(&self, id: FormulaId) -> String {
        let mut out = String::new();
        self.write(id, Binds::Or, &mut out);
        if out.len() > LONG {
            let end = (0..=LONG).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
            out.truncate(end);
            out.push('…');
        }
        out
    }

    /// Several that all hold; `y` where there is none.
    pub fn shown_all(&self, all: &[FormulaId]) -> String {
        let mut out = String::new();
        for id in all.iter().filter(|id| **id != Self::TRUE) {
            if !out.is_empty() {
                out.push_str(" && ");
            }
            self.write(*id, Binds::And, &mut out);
        }
        if out.is_empty() { "y".to_owned() } else { out }
    }

    /// The options that formulas name, without `CONFIG_`, in the order in which they stand, each once.
    pub fn options(&self, all: &[FormulaId]) -> Vec<String> {
        self.options_but(all, &[])
    }

    /// The same, without what is named only within one of `parts`.
    pub fn options_but(&self, all: &[FormulaId], parts: &[FormulaId]) -> Vec<String> {
        let mut out: Vec<NameId> = Vec::new();
        let mut seen: rustc_hash::FxHashSet<FormulaId> = parts.iter().copied().collect();
        let mut waiting: Vec<FormulaId> = all.iter().rev().copied().collect();
        while let Some(next) = waiting.pop() {
            if !seen.insert(next) {
                continue;
            }
            match self.get(next) {
                Formula::Not(a) => waiting.push(a),
                Formula::And(a, b) | Formula::Or(a, b) => waiting.extend([b, a]),
                Formula::Atom(
                    Atom::Yes(name)
                    | Atom::Module(name)
                    | Atom::NonZero(name)
                    | Atom::Equals(name, _),
                ) if !out.contains(&name) => out.push(name),
                Formula::Atom(_) | Formula::Const(_) => {}
            }
        }
        out.into_iter().map(|name| self.text(name).to_owned()).collect()
    }

    /// The option of `CONFIG_X`, on as `y` or `m`.
    fn enabled_name(&self, a: FormulaId, b: FormulaId) -> Option<NameId> {
        match (self.get(a), self.get(b)) {
            (Formula::Atom(Atom::Yes(x)), Formula::Atom(Atom::Module(y)))
            | (Formula::Atom(Atom::Module(y)), Formula::Atom(Atom::Yes(x))) => {
                (x == y).then_some(x)
            }
            _ => None,
        }
    }

    fn write(&self, id: FormulaId, around: Binds, out: &mut String) {
        // Formulas share their parts, so that text can be much longer than they are.
        if out.len() > LONG {
            return;
        }
        match self.get(id) {
            Formula::Const(value) => out.push(if value { 'y' } else { 'n' }),
            Formula::Not(a) => {
                out.push('!');
                self.write(a, Binds::Not, out);
            }
            Formula::And(a, b) => self.pair(" && ", (a, b), Binds::And, around, out),
            Formula::Or(a, b) => match self.enabled_name(a, b) {
                Some(name) => out.extend(["CONFIG_", self.text(name)]),
                None => self.pair(" || ", (a, b), Binds::Or, around, out),
            },
            Formula::Atom(atom) => match atom {
                Atom::Yes(name) => out.extend(["CONFIG_", self.text(name), "=y"]),
                Atom::Module(name) => out.extend(["CONFIG_", self.text(name), "=m"]),
                Atom::NonZero(name) => out.extend(["CONFIG_", self.text(name), "!=0"]),
                Atom::Equals(name, value) => {
                    let (name, value) = (self.text(name), self.text(value));
                    out.extend(["CONFIG_", name, "=\"", value, "\""]);
                }
                Atom::InModule => out.push_str("MODULE"),
                Atom::Opaque(text) => {
                    let text = self.text(text);
                    let simple = text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
                    let text = if simple { text.to_owned() } else { format!("[{text}]") };
                    out.push_str(&text);
                }
            },
        }
    }

    fn pair(
        &self,
        sign: &str,
        (a, b): (FormulaId, FormulaId),
        own: Binds,
        around: Binds,
        out: &mut String,
    ) {
        let brackets = around > own;
        out.push_str(if brackets { "(" } else { "" });
        self.write(a, own, out);
        out.push_str(sign);
        self.write(b, own, out);
        out.push_str(if brackets { ")" } else { "" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_read_as_guards_do() {
        let mut f = Formulas::default();
        let (a, b, c) = (f.enabled("A"), f.yes("B"), f.module("C"));
        let either = f.or(b, c);
        let not = f.not(either);
        let all = f.and(a, not);
        assert_eq!(f.shown(all), "CONFIG_A && !(CONFIG_B=y || CONFIG_C=m)");
        assert_eq!(
            f.shown_all(&[either, Formulas::TRUE, a]),
            "(CONFIG_B=y || CONFIG_C=m) && CONFIG_A"
        );
        assert_eq!(f.shown_all(&[]), "y");
        let (level, opaque) = (f.equals("LEVELS", "4"), f.opaque("X > 3"));
        let both = f.and(level, opaque);
        let any = f.or(both, not);
        assert_eq!(f.shown(any), "CONFIG_LEVELS=\"4\" && [X > 3] || !(CONFIG_B=y || CONFIG_C=m)");
        assert_eq!(f.options(&[any, a]), ["LEVELS", "B", "C", "A"]);
        assert_eq!(f.options_but(&[any, a], &[either, level]), ["A"]);
    }

    #[test]
    fn what_is_shared_many_times_over_is_cut() {
        let mut f = Formulas::default();
        let mut all = f.yes("A");
        for n in 0..200 {
            let (x, y) = (f.yes(&format!("X{n}")), f.yes(&format!("Y{n}")));
            let (left, right) = (f.and(all, x), f.and(all, y));
            all = f.or(left, right);
        }
        let text = f.shown(all);
        assert!(text.len() <= LONG + 4 && text.ends_with('…'));
    }
}
