//! Open probes of the toolchain: `$(success,…)` that nobody ran ([`crate::kconf::probe`]).
//!
//! Such a probe is a free wire. Two probes of one command that only differ in what they print (as
//! `$(success,…)` and `$(failure,…)` do) are one wire.

use super::super::circuit::Lit;
use super::super::clauses::Rule;
use super::{Encoder, Origin, Tri};
use crate::kconf::eval::Tristate;
use crate::kconf::model::{SymbolId, Type};
use crate::kconf::probe::placeholders;

impl Encoder<'_> {
    /// The value of a symbol without a type: `n`, unless a probe may have named it.
    pub(super) fn probed(&mut self, symbol: SymbolId) -> Tri {
        let name = &self.model.symbol(symbol).name;
        let Some(probe) = placeholders(name).next() else { return Tri::NO };
        let origin = Origin::Probe(probe as u32);
        let whole = format!("<probe {probe}>").as_bytes() == &**name;
        let command = self.model.probes.get(probe).map(|probe| probe.command.as_str());
        if let Some((asked, yes, no)) = command.filter(|_| whole).and_then(answers) {
            let key = [b"probe ", asked.as_bytes()].concat();
            let known = self.opaque.get(key.as_slice()).copied();
            let lit = known.unwrap_or_else(|| self.named_input(origin));
            self.opaque.insert(key.into(), lit);
            self.probe_wires.push((lit, symbol, yes));
            let mut reached = |level: Tristate| {
                let (yes, no) = (Lit::constant(yes >= level), Lit::constant(no >= level));
                self.circuit.choose(lit, yes, no)
            };
            return Tri { m: reached(Tristate::Mod), y: reached(Tristate::Yes) };
        }
        let m = self.named_input(origin);
        let more = self.named_input(origin);
        self.probe_wires.extend([(m, symbol, Tristate::Yes), (more, symbol, Tristate::Yes)]);
        Tri { m, y: self.circuit.and(m, more) }
    }

    /// A text is not two texts: of probes that compare one text with several (`test "…" = GCC`), one
    /// says yes at most.
    pub(super) fn exclude_probes(&mut self) {
        let mut tests: Vec<(&str, &str, Lit)> = Vec::new();
        for (wire, symbol, yes) in self.probe_wires.clone() {
            let probe = placeholders(&self.model.symbol(symbol).name).next();
            let probe = probe.and_then(|probe| self.model.probes.get(probe));
            let Some(test) = probe.and_then(|probe| compared(&probe.command)) else { continue };
            let wire = if yes == Tristate::Yes { wire } else { !wire };
            for (text, other, known) in &tests {
                if *text == test.0 && *other != test.1 {
                    self.say(symbol, Rule::Probe, &[!wire, !*known]);
                }
            }
            tests.push((test.0, test.1, wire));
        }
    }

    /// For each open probe that says yes or no, the wire that it says yes.
    pub(in crate::logic) fn probe_answers(&self) -> Vec<Lit> {
        let wires = self.probe_wires.iter();
        let mut wires: Vec<Lit> = wires
            .filter(|(.., on)| *on != Tristate::Mod)
            .map(|(wire, _, on)| if *on == Tristate::No { !*wire } else { *wire })
            .collect();
        wires.sort_unstable();
        // Two probes of one command, one for the answer and one for its opposite, have one wire.
        wires.dedup_by_key(|wire| wire.node());
        wires
    }

    /// Whether what `symbol` says depends on an open probe.
    pub(super) fn is_probed(&self, symbol: SymbolId) -> bool {
        let data = self.model.symbol(symbol);
        data.ty == Type::Unknown && placeholders(&data.name).next().is_some()
    }
}

/// The two sides of a probe that only compares two texts, one of them written out.
fn compared(command: &str) -> Option<(&str, &str)> {
    let (asked, ..) = answers(command)?;
    let test = asked.strip_prefix("{ test ")?.strip_suffix("; } >/dev/null 2>&1")?;
    let (left, right) = test.split_once(" = ")?;
    right.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some((left, right))
}

/// The command of a probe that prints one of two values, and those (scripts/Kconfig.include:
/// `if-success`).
fn answers(command: &str) -> Option<(&str, Tristate, Tristate)> {
    let (asked, printed) = command.rsplit_once(" && echo \"")?;
    let (yes, no) = printed.strip_suffix('"')?.split_once("\" || echo \"")?;
    let value = |text: &str| match text {
        "y" => Some(Tristate::Yes),
        "m" => Some(Tristate::Mod),
        "n" => Some(Tristate::No),
        _ => None,
    };
    Some((asked, value(yes)?, value(no)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_that_print_two_values_are_recognised() {
        let text = "{ test x; } >/dev/null 2>&1 && echo \"y\" || echo \"n\"";
        let asked = "{ test x; } >/dev/null 2>&1";
        assert_eq!(answers(text), Some((asked, Tristate::Yes, Tristate::No)));
        assert_eq!(answers("echo y"), None);
        assert_eq!(
            compared("{ test \"<probe 4>\" = GCC; } >/dev/null 2>&1 && echo \"y\" || echo \"n\""),
            Some(("\"<probe 4>\"", "GCC"))
        );
        assert_eq!(compared(text), None);
        assert_eq!(answers("a && echo \"64\" || echo \"32\""), None);
    }
}
