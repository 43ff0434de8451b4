//! Which gate decides: the first that is closed in one of two configurations and names an option in
//! question, else one that changed.

use super::partition::Question;
use crate::model::audit::{Gate, Why};
use crate::model::gates::{self, Chain, ObjectGates};
use crate::model::tristate::Tristate;
use crate::model::valuation::Valuation;

/// The gate that decides.
#[derive(Debug, Clone)]
pub struct Decided {
    /// [`Why::Direct`] or [`Why::DraggedIn`].
    pub why: Why,
    /// The option that it names.
    pub option: String,
    /// The gate.
    pub gate: Gate,
}

/// Which of two sides has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// Only the second.
    New,
    /// Only the first.
    Gone,
    /// Both, in another size.
    Both,
}

/// Whether the presence condition of something in `object` is another one in the two configurations, and
/// what makes it so.
pub fn of(
    object: &str,
    comes: Comes,
    chains: &[Chain],
    question: &Question<'_>,
) -> Option<Decided> {
    let flips: Vec<(&Chain, bool)> = chains
        .iter()
        .filter_map(|chain| {
            let (was, is) = (present(chain, question.was), present(chain, question.is));
            match (was, is) {
                (Some(false), is) if is != Some(false) => Some((chain, true)),
                (was, Some(false)) if was != Some(false) => Some((chain, false)),
                _ => None,
            }
        })
        .collect();
    // What is on both sides has a definition for either.
    let turns = |to: bool| flips.iter().find(|(_, on)| *on == to);
    let (chain, on) = match comes {
        Comes::New => turns(true)?,
        Comes::Gone => turns(false)?,
        Comes::Both => turns(true).filter(|_| turns(false).is_some())?,
    };
    among(&gates_of(chain, object), *on, question)
}

/// Of gates in the order of attribution, the one that decides about what is there in the second
/// configuration only (`on`), or only in the first.
pub fn among(gates: &[&gates::Gate], on: bool, question: &Question<'_>) -> Option<Decided> {
    let flips = |gate: &&gates::Gate| {
        let value = |values: &Valuation| values.all(&gate.holds, false);
        let (off, on) = if on { (question.was, question.is) } else { (question.is, question.was) };
        value(off) == Some(false) && value(on) != Some(false)
    };
    let named = |gate: &gates::Gate, wanted: &dyn Fn(&str) -> bool| {
        gate.options.iter().find(|option| wanted(option)).cloned()
    };
    let has_changed = |option: &str| question.changed.iter().any(|one| one.symbol == option);
    let requested =
        |option: &str| has_changed(option) && question.options.iter().any(|one| one == option);
    let find = |why, wanted: &dyn Fn(&str) -> bool| {
        gates.iter().copied().filter(|gate| flips(gate)).find_map(|gate| {
            let option = named(gate, wanted)?;
            Some(Decided { why, option, gate: shown(gate) })
        })
    };
    find(Why::Direct, &requested).or_else(|| find(Why::DraggedIn, &has_changed))
}

/// Whether it is in the kernel's image, as far as the configuration says.
fn present(chain: &Chain, under: &Valuation) -> Option<bool> {
    let value = chain.value(under);
    match (value.least, value.most) {
        (Tristate::Yes, _) => Some(true),
        (_, Tristate::No | Tristate::Mod) => Some(false),
        _ => None,
    }
}

/// The gates in the order of attribution, of this very object where it is known.
fn gates_of<'c>(chain: &'c Chain, object: &str) -> Vec<&'c gates::Gate> {
    let is_it = |one: &&ObjectGates| one.object == object;
    if !chain.objects.iter().any(|one| is_it(&one)) {
        return chain.gates().collect();
    }
    let ways = chain.objects.iter().filter(is_it).flat_map(|one| &one.ways);
    chain.guards.iter().chain(ways.flat_map(|way| &way.rules)).collect()
}

/// A gate as it is reported.
pub fn shown(gate: &gates::Gate) -> Gate {
    let place = format!("{}:{}", gate.file, gate.line);
    Gate { kind: gate.kind.word().to_owned(), place, text: gate.text.clone() }
}
