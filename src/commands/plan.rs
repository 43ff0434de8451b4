//! `hmmsize plan`: read, think, render.

use std::collections::BTreeMap;

use crate::analyze::deal::deal;
use crate::cli::common::Common;
use crate::cli::plan::{Plan as Args, PlanFormat};
use crate::exit::{Error, Exit, Result};
use crate::kbuild::costs;
use crate::kbuild::forecast::Forecasts;
use crate::kbuild::foresight::{Kconfig, Probes};
use crate::kbuild::identity;
use crate::kbuild::plan::{CellPlan, Plan};
use crate::kbuild::planner;
use crate::kbuild::process::Runner;
use crate::kbuild::source::Origin;
use crate::model::shards::{Cost, Origin as From, SCHEMA, Shards};
use crate::render::shards as render;

use super::foresee::Engine;
use super::{ask, output};

/// How many jobs one matrix may have, by whoever runs it.
const LIMITS: &[(PlanFormat, &str, usize)] =
    &[(PlanFormat::Github, "GitHub", 256), (PlanFormat::Gitlab, "GitLab", 200)];

/// Runs the command.
pub fn run(common: &Common, args: &Args) -> Result<Exit> {
    let limit = LIMITS.iter().find(|(format, ..)| *format == args.format);
    let wanted = args.shards.map(|shards| shards as usize);
    if let (Some((_, whose, most)), Some(wanted)) = (limit, wanted)
        && wanted > *most
    {
        let message = format!("--shards {wanted}: {whose} runs at most {most} jobs of one matrix");
        return Err(Error::Usage(message));
    }
    let ask = ask::ask(common, &args.what, true)?;
    let plan = planner::plan(&ask, &Runner::new(None)?)?;
    if common.quiet == 0 {
        for note in &plan.notes {
            crate::exit::say(&format_args!("hmmsize: note: {note}"));
        }
    }
    let costs = costs(&plan, &Forecasts::new(ask.cache.join("forecasts")));
    let most = limit.map_or(usize::MAX, |(.., most)| *most);
    let shards = Shards {
        schema: SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        shards: deal(&costs, wanted.unwrap_or(usize::MAX).min(most)),
        costs,
    };
    let text = match args.format {
        PlanFormat::Github => render::github(&shards),
        PlanFormat::Gitlab => render::gitlab(&shards),
        PlanFormat::Json => render::json(&shards),
    };
    output::write(common.output.as_deref(), text)?;
    Ok(Exit::Ok)
}

/// What each cell is expected to cost. The first of those with the same inputs pays for all.
fn costs(plan: &Plan, forecasts: &Forecasts) -> Vec<Cost> {
    let engine = Engine::default();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let cells = plan.cells.iter().map(|cell| {
        let foreseen = foresee(&engine, cell);
        let digest = foreseen.as_ref().map(|(digest, _)| digest.as_str());
        let cost = costs::cost(cell, digest, forecasts);
        let Some((_, identity)) = foreseen else { return cost };
        if let Some(first) = known.get(&identity) {
            let same_as = Some(first.clone());
            return Cost { cpu_s: 0.0, objects: None, from: From::Same, same_as, ..cost };
        }
        known.insert(identity, cell.id.clone());
        cost
    });
    cells.collect()
}

/// The digest of the `.config` that a cell will have, and its identity. Nothing of a revision that is
/// not unpacked, and nothing where the engine cannot say.
fn foresee(engine: &Engine, cell: &CellPlan) -> Option<(String, String)> {
    let toolchain = cell.toolchain.as_ref().ok()?;
    if !matches!(cell.source.origin, Origin::Tree { .. }) {
        return None;
    }
    let config = engine.predict(cell, Probes::Recorded).ok()?;
    let digest = identity::config_digest(&config);
    let identity = identity::identity(cell, toolchain, &digest);
    Some((digest, identity))
}
