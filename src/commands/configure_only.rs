//! `build --configure-only`: configures every cell and says which requests hold; compiles nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cli::common::Common;
use crate::exit::{Error, Exit, Result};
use crate::kbuild::configure::{Configured, Verdict};
use crate::kbuild::foresight;
use crate::kbuild::jobs::Pool;
use crate::kbuild::plan::{CellPlan, Plan};
use crate::kbuild::process::Runner;
use crate::kbuild::progress::{Progress, Style};
use crate::kbuild::state::OutDir;
use crate::model::checked::{Checked, Outcome};
use crate::render::checked;

use super::foresee::Engine;
use super::{execute, output};

/// Identity → source and variant of the first cell that has it.
type Known = BTreeMap<String, (String, String)>;

/// Configures and reports. Exit 3 (125 for bisect) if a cell could not be built as asked.
pub fn run(
    common: &Common,
    plan: &Plan,
    timeout: Option<Duration>,
    bisect: bool,
    runner: &Runner,
    pool: &Pool,
) -> Result<Exit> {
    let out = OutDir::open(&plan.out)?;
    let kconfig = Engine::default();
    let mut done: BTreeMap<&str, Checked> = BTreeMap::new();
    {
        let progress = Progress::new(Style::detect(common.quiet));
        let mut known = Known::new();
        for round in plan.rounds() {
            if let Some(first) = round.first() {
                first.source.enter(runner)?;
            }
            let results = pool.stage(&round, runner, |cell| {
                if cell.toolchain.is_err() {
                    return None;
                }
                progress.cell(&cell.id).phase("configure");
                let result = execute::configure_cell(cell, &out, runner, &kconfig, timeout);
                if let Ok(configured) = &result
                    && let Some(warning) = foresight::warning(&cell.id, &configured.mispredicted)
                {
                    progress.say(&warning);
                }
                Some(result)
            })?;
            runner.check()?;
            for (cell, result) in round.into_iter().zip(results) {
                done.insert(&cell.id, check(cell, result.flatten(), &mut known)?);
            }
        }
    }
    let rows: Vec<Checked> =
        plan.cells.iter().filter_map(|cell| done.remove(cell.id.as_str())).collect();
    output::write(common.output.as_deref(), checked::checked(&rows, output::view(common).width))?;
    let good = rows.iter().all(|row| row.verdict.is_good());
    Ok(match (good, bisect) {
        (true, _) => Exit::Ok,
        (false, true) => Exit::Bisect,
        (false, false) => Exit::Cell,
    })
}

/// One row. Fails only for a signal.
fn check(
    cell: &CellPlan,
    result: Option<Result<Configured>>,
    known: &mut Known,
) -> Result<Checked> {
    let mut row = Checked {
        arch: cell.arch.name.to_string(),
        source: cell.source.label.clone(),
        variant: cell.variant.name.clone(),
        options: None,
        requests: Vec::new(),
        same_as: None,
        verdict: Outcome::Skipped(String::new()),
    };
    match (result, &cell.toolchain) {
        (Some(Err(error @ Error::Signal(_))), _) => return Err(error),
        (Some(Err(error)), _) => row.verdict = Outcome::Failed(error.to_string()),
        (Some(Ok(configured)), _) => {
            let count = |wanted| configured.config.values.values().filter(|v| *v == wanted).count();
            row.options = Some((count("y"), count("m")));
            row.verdict = match configured.verdict {
                Verdict::Dropped(why) => Outcome::Dropped(why),
                Verdict::Impossible(why) => Outcome::Impossible(why),
                Verdict::Ok => Outcome::Holds,
            };
            row.same_as = known.get(&configured.identity).map(|(source, variant)| {
                if *source == row.source { variant.clone() } else { format!("{source}/{variant}") }
            });
            known
                .entry(configured.identity)
                .or_insert_with(|| (row.source.clone(), row.variant.clone()));
            row.requests = configured.requests;
        }
        (None, Err(missing)) => {
            let install = missing.package.as_ref();
            let install = install.map_or(String::new(), |p| format!(" (apt-get install {p})"));
            row.verdict = Outcome::Skipped(format!("{}{install}", missing.reason));
        }
        (None, Ok(_)) => row.verdict = Outcome::Skipped("not reached".to_owned()),
    }
    Ok(row)
}
