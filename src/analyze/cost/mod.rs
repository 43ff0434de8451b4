//! Which option decides each byte of one image, and which bytes go without it.
//!
//! Every piece of the image has the chain of gates of its place in the source. The option that decides
//! it is the first that a gate names, from the innermost guard outwards, without which that gate would
//! be closed: DESIGN.md, *Attribution to options*, with the option itself as the one that is off. What
//! would go is asked of Kconfig first ([`crate::logic::trial`]): other options change with one that is set n, and a
//! piece goes if its presence condition surely does not make it part of the image any more.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::logic::trial::Kconfig;
use crate::model::config::Config;
use crate::model::cost::OptionCost;
use crate::model::formula::{FormulaId, Formulas};
use crate::model::gates::{Chain, Gate, GateKind};
use crate::model::valuation::Valuation;

/// A gate by where it is.
type GateKey = (GateKind, String, u32);

/// The payload of an image by what decides it.
#[derive(Debug, Default)]
pub struct Held {
    formulas: Formulas,
    known: FxHashMap<FormulaId, FormulaId>,
    /// By presence condition in the kernel's image.
    pieces: FxHashMap<FormulaId, u64>,
    own: BTreeMap<String, u64>,
    deciding: FxHashMap<GateKey, Option<String>>,
    /// See [`crate::model::cost::Build::always`].
    pub always: u64,
    /// See [`crate::model::cost::Build::unknown`].
    pub unknown: u64,
}

impl Held {
    /// `bytes` that have no place in the source.
    pub fn add_unknown(&mut self, bytes: u64) {
        self.unknown = self.unknown.saturating_add(bytes);
    }

    /// `bytes` at a place with these gates, whose formulas are in `f`, of an image built with `config`.
    pub fn add(&mut self, chain: &Chain, bytes: u64, f: &mut Formulas, config: &Config) {
        let (in_kernel, _) = chain.presence(f);
        let own = self.formulas.import(f, in_kernel, &mut self.known);
        let piece = self.pieces.entry(own).or_default();
        *piece = piece.saturating_add(bytes);
        let deciding = chain.gates().find_map(|gate| self.deciding(gate, f, config));
        let owner = match deciding {
            Some(option) => self.own.entry(option).or_default(),
            None => &mut self.always,
        };
        *owner = owner.saturating_add(bytes);
    }

    /// The first option of a gate, on in `config`, without which it is closed.
    fn deciding(&mut self, gate: &Gate, f: &Formulas, config: &Config) -> Option<String> {
        let key = (gate.kind, gate.file.clone(), gate.line);
        if let Some(known) = self.deciding.get(&key) {
            return known.clone();
        }
        let on = gate.options.iter().filter(|name| config.value(name) != "n");
        let closes = |name: &&String| {
            gate.holds.iter().any(|holds| {
                let was = truth(f, *holds, config, None);
                was != Some(false) && truth(f, *holds, config, Some(name)) == Some(false)
            })
        };
        let found = on.into_iter().find(closes).cloned();
        self.deciding.insert(key, found.clone());
        found
    }

    /// The options that presence conditions mention.
    fn mentioned(&self) -> Vec<String> {
        let all: Vec<FormulaId> = self.pieces.keys().copied().collect();
        self.formulas.options(&all)
    }

    /// How many bytes are in the image under `before` and surely not under `after`.
    fn gone(&self, before: &Valuation, after: &Config) -> u64 {
        let after = Valuation::new(&self.formulas, after);
        // What the image has is there, whatever is not known.
        let goes = |id: &FormulaId| {
            before.get(*id, false) != Some(false) && after.get(*id, false) == Some(false)
        };
        let gone = self.pieces.iter().filter(|(id, _)| goes(id));
        gone.fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }

    /// All options of the build: what each owns, and what goes without it.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn options(
        &self,
        kconfig: &Kconfig<'_>,
        config: &Config,
    ) -> std::io::Result<Vec<OptionCost>> {
        let before = Valuation::new(&self.formulas, config);
        let gone = |after: &Config| self.gone(&before, after);
        let mut all = kconfig.trials(config, &self.mentioned(), &gone)?;
        let mut own = self.own.clone();
        for one in &mut all {
            one.own = own.remove(&one.option).unwrap_or(0);
        }
        // Options that Kconfig does not have under that name, such as those that a makefile sets.
        all.extend(own.into_iter().map(|(option, own)| OptionCost {
            value: config.value(&option).to_owned(),
            kept: Some("not of Kconfig".to_owned()),
            option,
            own,
            ..OptionCost::default()
        }));
        all.retain(|one| one.own > 0 || one.removes.is_some_and(|bytes| bytes > 0));
        all.sort_by(|a, b| (b.own, b.removes, &a.option).cmp(&(a.own, a.removes, &b.option)));
        Ok(all)
    }
}

/// A formula under `config`, where `off` is n, in the kernel; nothing where that is not known.
fn truth(f: &Formulas, id: FormulaId, config: &Config, off: Option<&str>) -> Option<bool> {
    // Its own few nodes, not those of the whole tree.
    let mut own = Formulas::default();
    let id = own.import(f, id, &mut FxHashMap::default());
    let named = own.options(&[id]).into_iter().filter(|name| Some(name.as_str()) != off);
    let values = named.map(|name| {
        let value = config.value(&name).to_owned();
        (name, value)
    });
    let config = Config { values: values.collect() };
    Valuation::new(&own, &config).get(id, false)
}
