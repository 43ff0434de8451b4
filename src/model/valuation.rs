//! What formulas are under one `.config`, as far as that decides them.
//!
//! A `.config` says nothing about macros of headers and variables of make, so that a value is yes, no
//! or unknown. Whether `MODULE` is defined is known for each object: every formula has a value in the
//! kernel and one in a module.

use super::config::Config;
use super::formula::{Atom, Formula, FormulaId, Formulas};

/// The values of all formulas of a [`Formulas`] under one configuration.
#[derive(Debug, Clone, Default)]
pub struct Valuation {
    /// By formula; in the kernel, then in a module.
    values: [Vec<Option<bool>>; 2],
}

impl Valuation {
    /// All of `formulas` under `config`.
    pub fn new(formulas: &Formulas, config: &Config) -> Self {
        let atoms = |in_module| move |atom| value(formulas, config, atom, in_module);
        Self { values: [all(formulas, atoms(false)), all(formulas, atoms(true))] }
    }

    /// All of `formulas` where these options are off, and nothing else is known.
    pub fn without(formulas: &Formulas, options: &[String]) -> Self {
        let atoms = |in_module| {
            move |atom: Atom| match atom {
                Atom::Yes(name) | Atom::Module(name) | Atom::NonZero(name) => {
                    let off = options.iter().any(|option| option == formulas.text(name));
                    off.then_some(false)
                }
                Atom::Equals(name, value) => {
                    let off = options.iter().any(|option| option == formulas.text(name));
                    off.then(|| matches!(formulas.text(value), "" | "n"))
                }
                Atom::InModule => Some(in_module),
                Atom::Opaque(text) => known_macro(formulas.text(text)),
            }
        };
        Self { values: [all(formulas, atoms(false)), all(formulas, atoms(true))] }
    }

    /// Whether a formula holds; nothing where the configuration does not decide it.
    pub fn get(&self, formula: FormulaId, in_module: bool) -> Option<bool> {
        self.values[usize::from(in_module)].get(formula.0 as usize).copied().flatten()
    }

    /// Whether all hold: no, if one does not; unknown, if one is and none does not.
    pub fn all(&self, formulas: &[FormulaId], in_module: bool) -> Option<bool> {
        let mut all = Some(true);
        for formula in formulas {
            all = and(all, self.get(*formula, in_module));
        }
        all
    }
}

/// For each formula, whether it mentions an option that is `named`.
pub fn naming(formulas: &Formulas, named: impl Fn(&str) -> bool) -> Vec<bool> {
    let mut naming: Vec<bool> = Vec::with_capacity(formulas.len());
    for number in 0..formulas.len() as u32 {
        let of = |id: FormulaId| naming.get(id.0 as usize).copied().unwrap_or(true);
        naming.push(match formulas.get(FormulaId(number)) {
            Formula::Atom(
                Atom::Yes(name) | Atom::Module(name) | Atom::NonZero(name) | Atom::Equals(name, _),
            ) => named(formulas.text(name)),
            Formula::Const(_) | Formula::Atom(_) => false,
            Formula::Not(a) => of(a),
            Formula::And(a, b) | Formula::Or(a, b) => of(a) || of(b),
        });
    }
    naming
}

/// `a && b`, where each may be unknown.
pub fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// `a || b`, where each may be unknown.
pub fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    and(a.map(|a| !a), b.map(|b| !b)).map(|neither| !neither)
}

/// Operands come before what uses them.
fn all(formulas: &Formulas, atom: impl Fn(Atom) -> Option<bool>) -> Vec<Option<bool>> {
    let mut values: Vec<Option<bool>> = Vec::with_capacity(formulas.len());
    for number in 0..formulas.len() as u32 {
        let of = |id: FormulaId| values[id.0 as usize];
        let value = match formulas.get(FormulaId(number)) {
            Formula::Const(value) => Some(value),
            Formula::Atom(one) => atom(one),
            Formula::Not(a) => of(a).map(|a| !a),
            Formula::And(a, b) => and(of(a), of(b)),
            Formula::Or(a, b) => or(of(a), of(b)),
        };
        values.push(value);
    }
    values
}

fn value(formulas: &Formulas, config: &Config, atom: Atom, in_module: bool) -> Option<bool> {
    let of = |name| config.value(formulas.text(name));
    match atom {
        Atom::InModule => Some(in_module),
        Atom::Opaque(text) => known_macro(formulas.text(text)),
        Atom::Module(name) => Some(of(name) == "m"),
        Atom::Yes(name) => match of(name) {
            "n" | "m" => Some(false),
            // Defined for the preprocessor, empty for make.
            "\"\"" => None,
            _ => Some(true),
        },
        Atom::NonZero(name) => match of(name) {
            "y" => Some(true),
            "n" | "m" => Some(false),
            text => number(text).map(|number| number != 0),
        },
        Atom::Equals(name, wanted) => {
            let wanted = formulas.text(wanted);
            Some(match of(name) {
                // make sees nothing, `.config` an `n`.
                "n" => matches!(wanted, "" | "n"),
                text => text == wanted || unquoted(text) == Some(wanted),
            })
        }
    }
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// What is known about macros that the kernel's own compilation decides.
pub fn known_macro(text: &str) -> Option<bool> {
    let has = |name: &str| text.contains(name);
    if has("__KERNEL__") {
        return Some(true);
    }
    [
        "__ASSEMBLY__",
        "__ASSEMBLER__",
        "__CHECKER__",
        "__GENKSYMS__",
        "__cplusplus",
        "LINKER_SCRIPT",
        "BUILD_VDSO",
        "__DTS__",
        "BOOT_COMPRESSED",
        "_SETUP",
        "__BOOT__",
        "__DISABLE_EXPORTS",
    ]
    .iter()
    .any(|name| has(name))
    .then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let pairs = [("A", "y"), ("B", "m"), ("N", "0"), ("H", "0x10"), ("S", "\"x86\"")];
        let values = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Config { values: values.into_iter().collect() }
    }

    #[test]
    fn a_configuration_decides_what_it_names_and_nothing_else() {
        let mut f = Formulas::default();
        let (a, b, c) = (f.yes("A"), f.module("B"), f.enabled("C"));
        let (zero, hex) = (f.non_zero("N"), f.non_zero("H"));
        let (text, none) = (f.equals("S", "x86"), f.equals("C", ""));
        let (opaque, kernel) = (f.opaque("FOO > 3"), f.opaque("defined(__KERNEL__)"));
        let (yes, no) = (f.or(a, opaque), f.and(c, opaque));
        let (maybe, in_module) = (f.and(a, opaque), f.atom(Atom::InModule));
        let not = f.not(maybe);
        let values = Valuation::new(&f, &config());
        let is = |id| values.get(id, false);
        assert_eq!([a, b, c].map(is), [Some(true), Some(true), Some(false)]);
        assert_eq!([zero, hex, text, none].map(is), [false, true, true, true].map(Some));
        assert_eq!([opaque, maybe, not].map(is), [None; 3]);
        assert_eq!([kernel, yes, no].map(is), [Some(true), Some(true), Some(false)]);
        assert_eq!(is(in_module), Some(false));
        assert_eq!(values.get(in_module, true), Some(true));
        assert_eq!(values.all(&[a, opaque], false), None);
        assert_eq!(values.all(&[opaque, c], false), Some(false));
        assert_eq!(values.all(&[], false), Some(true));
    }
}
