//! What Kconfig says to each option of a build being set n: whether it can be, and what goes with it.
//!
//! The evaluator has the last word, as `make olddefconfig` would after somebody edited the `.config`.

mod answers;

use rayon::prelude::*;

use crate::kconf::eval::{State, Tristate, with_stack};
use crate::kconf::model::{Model, PropKind, SymbolId, Type};
use crate::kconf::read::Reading;
use crate::model::config::Config;
use crate::model::cost::OptionCost;

/// So many names of what selects an option are told.
const SELECTORS: usize = 3;

/// One architecture's Kconfig, with the configuration of a build.
pub struct Kconfig<'t> {
    model: Model,
    text: &'t [u8],
    /// Options whose value the evaluator does not compute as the `.config` has it, by name.
    pub unequal: Vec<String>,
}

impl<'t> Kconfig<'t> {
    /// `model` was read without running probes; what they said is taken from the configuration, whose
    /// text is `text`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn new(model: &Model, text: &'t [u8], config: &Config) -> std::io::Result<Self> {
        let (model, unequal) = with_stack(|| {
            let model = answers::decided(model, config);
            let mut state = read(&model, text);
            let differs = |id: &SymbolId| {
                let value = state.tristate(*id).text();
                value != config.value(&name(&model, *id))
            };
            let mut unequal: Vec<SymbolId> = logical(&model);
            unequal.retain(differs);
            let unequal = unequal.into_iter().map(|id| name(&model, id)).collect();
            (model, unequal)
        })?;
        Ok(Self { model, text, unequal })
    }

    /// Tries every option that is on. `gone` is asked for the bytes that go under a configuration that
    /// has what changed; of numbers and texts only the `mentioned` are looked at.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn trials(
        &self,
        config: &Config,
        mentioned: &[String],
        gone: &(dyn Fn(&Config) -> u64 + Sync),
    ) -> std::io::Result<Vec<OptionCost>> {
        let model = &self.model;
        let all = logical(model);
        let on: Vec<SymbolId> =
            all.iter().copied().filter(|id| config.value(&name(model, *id)) != "n").collect();
        let threads = rayon::current_num_threads();
        let chunks: Vec<&[SymbolId]> = on.chunks(on.len().div_ceil(4 * threads).max(1)).collect();
        let done: std::io::Result<Vec<Vec<OptionCost>>> = chunks
            .into_par_iter()
            .map(|chunk| {
                with_stack(|| {
                    Trials::new(model, self.text, config, &all, mentioned).run(chunk, gone)
                })
            })
            .collect();
        Ok(done?.into_iter().flatten().collect())
    }
}

/// The configuration `text`, computed.
fn read<'m>(model: &'m Model, text: &[u8]) -> State<'m> {
    let mut state = State::new(model);
    state.read(b".config", text, Reading::default());
    state
}

/// The options that are y, m or n.
fn logical(model: &Model) -> Vec<SymbolId> {
    let symbols = model.symbols.iter().enumerate().skip(3);
    let logical = symbols.filter(|(_, symbol)| {
        matches!(symbol.ty, Type::Bool | Type::Tristate)
            && !symbol.is_choice
            && !symbol.constant
            && !symbol.menus.is_empty()
    });
    logical.map(|(number, _)| SymbolId::new(number as u32)).collect()
}

fn name(model: &Model, id: SymbolId) -> String {
    String::from_utf8_lossy(&model.symbol(id).name).into_owned()
}

/// One thread's work.
struct Trials<'t, 'm> {
    model: &'m Model,
    state: State<'m>,
    config: &'t Config,
    /// Every bool and tristate, with its value before.
    logical: Vec<(SymbolId, Tristate)>,
    /// Numbers and texts that matter, with their values before.
    texts: Vec<(SymbolId, Vec<u8>)>,
}

impl<'t, 'm> Trials<'t, 'm> {
    fn new(
        model: &'m Model,
        text: &[u8],
        config: &'t Config,
        logical: &[SymbolId],
        mentioned: &[String],
    ) -> Self {
        let mut state = read(model, text);
        let logical = logical.iter().map(|id| (*id, state.tristate(*id))).collect();
        let ids: Vec<SymbolId> =
            mentioned.iter().filter_map(|name| state.find(name.as_bytes())).collect();
        let is_text =
            |id: &SymbolId| matches!(model.symbol(*id).ty, Type::Int | Type::Hex | Type::String);
        let texts: Vec<SymbolId> = ids.into_iter().filter(is_text).collect();
        let texts = texts.into_iter().map(|id| (id, state.value(id).to_vec())).collect();
        Self { model, state, config, logical, texts }
    }

    fn run(
        &mut self,
        options: &[SymbolId],
        gone: &(dyn Fn(&Config) -> u64 + Sync),
    ) -> Vec<OptionCost> {
        options.iter().map(|id| self.one(*id, gone)).collect()
    }

    fn one(&mut self, id: SymbolId, gone: &(dyn Fn(&Config) -> u64 + Sync)) -> OptionCost {
        let model = self.model;
        let symbol = model.symbol(id);
        let option = name(model, id);
        let prompt =
            symbol.props.iter().map(|prop| model.prop(*prop)).find_map(|prop| {
                (prop.kind == PropKind::Prompt).then(|| model.text(prop)).flatten()
            });
        let place = symbol.menus.first().map(|menu| {
            let place = model.menu(*menu).place;
            let file = model.file(place.file);
            format!("{}:{}", file.name, file.position(place.span.start).0)
        });
        let mut cost = OptionCost {
            value: self.config.value(&option).to_owned(),
            prompt: prompt.map(|text| String::from_utf8_lossy(text).into_owned()),
            place,
            kept: self.kept(id),
            option,
            ..OptionCost::default()
        };
        if cost.kept.is_some() {
            return cost;
        }
        let Some(before) = self.state.set(id, b"n") else {
            cost.kept = Some("Kconfig does not take an n".to_owned());
            return cost;
        };
        if self.state.tristate(id) == Tristate::No {
            let after = self.after(id, &mut cost);
            cost.removes = Some(gone(&after));
        } else {
            cost.kept = Some("stays on".to_owned());
        }
        self.state.undo(before);
        cost
    }

    /// The configuration now; what changed beside `id` goes into `cost`.
    fn after(&mut self, id: SymbolId, cost: &mut OptionCost) -> Config {
        let mut after = self.config.clone();
        for (other, was) in &self.logical {
            let is = self.state.tristate(*other);
            if is == *was {
                continue;
            }
            let name = name(self.model, *other);
            if is == Tristate::No && *other != id {
                cost.with.push(name.clone());
            } else if *was == Tristate::No {
                cost.instead.push(name.clone());
            }
            after.values.insert(name, is.text().to_owned());
        }
        for (other, was) in &self.texts {
            let is = self.state.value(*other);
            if is != was.as_slice() {
                let quoted = self.model.symbol(*other).ty == Type::String;
                let is = String::from_utf8_lossy(is);
                let is = if quoted { format!("\"{is}\"") } else { is.into_owned() };
                after.values.insert(name(self.model, *other), is);
            }
        }
        cost.with.sort();
        cost.instead.sort();
        after
    }

    /// Why an option cannot be n as things are; nothing if it can.
    fn kept(&mut self, id: SymbolId) -> Option<String> {
        if self.state.reverse_dependency(id) != Tristate::No {
            let by = self.state.selectors(id, PropKind::Select);
            let on = by.into_iter().filter(|one| one.value != Tristate::No);
            let mut names: Vec<String> = on.map(|one| name(self.model, one.by)).collect();
            names.dedup();
            let more = names.len().saturating_sub(SELECTORS);
            names.truncate(SELECTORS);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            return Some(format!("selected by {}{more}", names.join(", ")));
        }
        if self.state.visibility(id) == Tristate::No {
            return Some("no prompt".to_owned());
        }
        // A configurator chooses another member instead.
        self.state.choice_of(id).map(|_| "a member of a choice".to_owned())
    }
}
