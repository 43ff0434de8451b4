//! Configurations in which an option is on, found by the solver and confirmed by evaluating them.

use std::path::Path;

use crate::cli::common::Common;
use crate::cli::config::ProbeMode;
use crate::cli::lint::Lint;
use crate::commands::lint::load;
use crate::exit::{Error, Result};
use crate::kconf::eval::{Tristate, with_stack, with_stacks};
use crate::kconf::model::SymbolId;
use crate::kconf::probe::placeholders;
use crate::lint::Needs;
use crate::lint::context::Arch;
use crate::logic::Logic;
use crate::model::explain::{OptionFacts, Witness};

/// One for each of `arches`; without any, for one where it can be on, x86 if that is one.
pub fn find(
    _: &Common,
    root: &Path,
    facts: &OptionFacts,
    arches: &[String],
) -> Result<Vec<Witness>> {
    let on: Vec<&String> = facts.reach.yes.iter().chain(&facts.reach.module).collect();
    let wanted: Vec<String> = match arches {
        [] => on.iter().find(|arch| **arch == "x86").or(on.first()).map(|a| (*a).clone()),
        _ => None,
    }
    .into_iter()
    .chain(arches.iter().cloned())
    .collect();
    let can = |arch: &&String| on.contains(arch);
    let possible: Vec<String> = wanted.iter().filter(can).cloned().collect();
    let mut found = Vec::new();
    if !possible.is_empty() {
        let (tree, probe) = (Some(root.to_owned()), ProbeMode::Never);
        let args = Lint { tree, arch: possible.clone(), probe, ..Lint::default() };
        let what = (load::What::default(), Needs::KCONFIG);
        let thread = |err| Error::io("a thread", err);
        let tree =
            with_stacks(|| load::load(&args, false, what, &mut Vec::new())).map_err(thread)??;
        for arch in &tree.arches {
            found.push(with_stack(|| of_arch(arch, &facts.name)).map_err(thread)?);
        }
    }
    let impossible = wanted.iter().filter(|arch| !can(arch));
    let none = |arch: &String| Witness { arch: arch.clone(), config: None, probes: Vec::new() };
    found.extend(impossible.map(none));
    found.sort_by(|a, b| a.arch.cmp(&b.arch));
    Ok(found)
}

fn of_arch(arch: &Arch, name: &str) -> Witness {
    let model = &arch.model;
    let mut out = Witness { arch: arch.name.clone(), config: None, probes: Vec::new() };
    let Some(symbol) = arch.find(name.as_bytes()) else { return out };
    let mut logic = Logic::new(model);
    for value in [Tristate::Yes, Tristate::Mod] {
        let lit = logic.value_at_least(symbol, value);
        let found = logic.shown(&[lit], &|state| state.tristate(symbol) >= value);
        let Some(found) = found else { continue };
        let line = |(symbol, value): &(SymbolId, Box<[u8]>)| {
            let (name, value) = (arch.name_of(*symbol), String::from_utf8_lossy(value));
            match &*value {
                "n" => format!("# CONFIG_{name} is not set"),
                _ => format!("CONFIG_{name}={value}"),
            }
        };
        out.config = Some(found.settings.iter().map(line).collect());
        let named = found
            .probes
            .iter()
            .flat_map(|(symbol, _)| placeholders(&model.symbol(*symbol).name).collect::<Vec<_>>());
        out.probes = named.filter_map(|at| Some(model.probes.get(at)?.command.clone())).collect();
        break;
    }
    out
}
