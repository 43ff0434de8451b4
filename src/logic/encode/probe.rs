//! Open probes of the toolchain: `$(success,…)` that nobody ran ([`crate::kconf::probe`]).
//!
//! Such a probe is a free wire. Two probes of one command that only differ in what they print (as
//! `$(success,…)` and `$(failure,…)` do) are one wire.

use rustc_hash::FxHashMap;

use super::super::circuit::Lit;
use super::super::clauses::Rule;
use super::{Encoder, Origin, Tri};
use crate::kconf::eval::Tristate;
use crate::kconf::model::{SymbolId, Type};
use crate::kconf::probe::placeholders;

/// The wire of a probe that it says yes, the probe's number, and the two texts that it compares if it does.
type Said<'a> = (Lit, usize, Option<(&'a str, &'a str)>);

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
        self.probes_said().into_iter().map(|(wire, ..)| wire).collect()
    }

    /// The same, with what else is known of the probe.
    fn probes_said(&self) -> Vec<Said<'_>> {
        let wires = self.probe_wires.iter().filter(|(.., on)| *on != Tristate::Mod);
        let mut wires: Vec<_> = wires
            .map(|(wire, symbol, on)| {
                let name = &self.model.symbol(*symbol).name;
                let number = placeholders(name).next().unwrap_or_default();
                let command = self.model.probes.get(number).map(|probe| probe.command.as_str());
                let wire = if *on == Tristate::No { !*wire } else { *wire };
                (wire, number, command.and_then(compared))
            })
            .collect();
        wires.sort_unstable();
        // Two probes of one command, one for the answer and one for its opposite, have one wire.
        wires.dedup_by_key(|(wire, ..)| wire.node());
        wires
    }

    /// What toolchains may answer to all open probes that say yes or no, the likeliest first: one that can do
    /// everything, whose names (the compiler's, the linker's) are the first that probes look for; the same
    /// with the last; and the first, where it can do nothing. Nothing if there is no such probe.
    pub(in crate::logic) fn toolchains(&self) -> Vec<Vec<Lit>> {
        let wires = self.probes_said();
        // Of a text that is compared, the first and the last that it is compared with.
        let mut names: FxHashMap<&str, [(usize, &str); 2]> = FxHashMap::default();
        for (_, number, compared) in &wires {
            let Some((text, other)) = *compared else { continue };
            let one = (*number, other);
            let known = names.entry(text).or_insert([one; 2]);
            *known = [known[0].min(one), known[1].max(one)];
        }
        let toolchain = |which: usize, can: bool| -> Vec<Lit> {
            let says = |compared: &Option<(&str, &str)>| match compared {
                Some((text, other)) => names[text][which].1 == *other,
                None => can,
            };
            wires.iter().map(|(wire, _, of)| if says(of) { *wire } else { !*wire }).collect()
        };
        let mut all = vec![toolchain(0, true), toolchain(1, true), toolchain(0, false)];
        all.dedup();
        all.retain(|answers| !answers.is_empty());
        all
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
