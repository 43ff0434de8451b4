//! Some cells of a plan: what `build --cells` leaves to other processes, and what it must know of
//! them all the same.
//!
//! What was dragged in, and whether two cells are one, is said against the baseline variant. Where
//! that is built by somebody else it is configured here too, beside the cell, so that the part says
//! what the whole run would have said; and a cell that turns out to be the same is not built twice.

use std::collections::BTreeMap;
use std::fs;

use super::cell::Context;
use super::configure::Verdict;
use super::identity::Fields;
use super::plan::{BaseConfig, CellPlan, Plan};
use super::strict::did_you_mean;
use crate::exit::{Error, Result};
use crate::model::config::Config;
use crate::model::run::PartOf;

/// Which part of which plan.
#[derive(Debug, Clone)]
pub struct Part {
    /// The whole.
    pub of: PartOf,
    /// Cells of the baseline variant that others build.
    pub bases: Vec<Base>,
}

/// A cell of the baseline variant that is only configured here.
#[derive(Debug, Clone)]
pub struct Base {
    /// As it is configured here: its id and directories lie below those of a cell of this part.
    pub cell: CellPlan,
    /// What it is called in the whole plan.
    pub id: String,
}

/// What became of the configurations of the bases.
#[derive(Debug, Default)]
pub struct Elsewhere {
    /// By identity, the ids of cells that other parts build.
    ids: BTreeMap<String, String>,
    order: BTreeMap<String, usize>,
}

impl Part {
    /// The same for the same cells, and different for others.
    pub fn file_name(&self, plan: &Plan) -> String {
        file_name(plan.cells.iter().map(|cell| cell.id.as_str()))
    }
}

/// The file that the part of these cells is kept in.
pub fn file_name<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut fields = Fields::new("part");
    for id in ids {
        fields.add(id);
    }
    format!("part-{}.json", &fields.hex()[..12])
}

/// Leaves only the cells called `ids` in `plan`.
///
/// # Errors
/// A cell that the plan does not have, or that is named twice.
pub fn take(mut plan: Plan, ids: &[String]) -> Result<Plan> {
    let all: Vec<String> = plan.cells.iter().map(|cell| cell.id.clone()).collect();
    for (index, id) in ids.iter().enumerate() {
        if !all.contains(id) {
            let hint = did_you_mean(id, all.iter().map(String::as_str));
            let message = format!("--cells {id}: the matrix has no such cell{hint}");
            return Err(Error::Usage(message));
        }
        if ids[..index].contains(id) {
            return Err(Error::Usage(format!("--cells: {id} is named twice")));
        }
    }
    let of = PartOf { digest: digest(&plan)?, cells: all };
    let mut bases: Vec<Base> = Vec::new();
    for cell in plan.cells.iter().filter(|cell| ids.contains(&cell.id)) {
        let Some(base) = plan.base_of(cell) else { continue };
        if ids.contains(&base.id) || bases.iter().any(|known| known.id == base.id) {
            continue;
        }
        let dir = cell.build_dir.with_file_name("baseline");
        let id = format!("{}/baseline", cell.id);
        let here = CellPlan { id, build_dir: dir.join("build"), ..base.clone() };
        bases.push(Base { cell: here, id: base.id.clone() });
    }
    plan.cells.retain(|cell| ids.contains(&cell.id));
    plan.part = Some(Part { of, bases });
    Ok(plan)
}

/// Hex digest of what the cells of a plan ask for. Not where anything lies and not the compilers, so
/// that it is the same on every machine that the plan is made on.
fn digest(plan: &Plan) -> Result<String> {
    let mut fields = Fields::new("plan");
    for name in [&plan.baseline_variant, &plan.baseline_source] {
        fields.add(name.as_deref().unwrap_or_default());
    }
    for cell in &plan.cells {
        fields.add(&cell.id);
        fields.add(&cell.source.digest);
        match &cell.base {
            BaseConfig::Goal(goal) => fields.add(goal),
            BaseConfig::File(file) => fields.add(fs::read(file).map_err(|e| Error::io(file, e))?),
        }
        let asked = [&cell.variant.requests, &cell.ours];
        let lists = cell.fragments.iter().map(|f| &f.assignments).chain(asked);
        for list in lists {
            fields.add((list.len() as u64).to_le_bytes());
            for assignment in list {
                fields.add(assignment.line());
            }
        }
        for (symbol, reason) in &cell.impossible {
            fields.add(symbol);
            fields.add(reason);
        }
        fields.add(format!("{:?}", cell.target));
    }
    Ok(fields.hex())
}

/// Configures the bases that cells of this round are compared with; their configurations go to
/// `configs`. One that cannot be configured says nothing, as in a whole run.
pub fn configure(
    context: &Context,
    round: &[&CellPlan],
    configs: &mut BTreeMap<String, Config>,
) -> Result<Elsewhere> {
    let mut found = Elsewhere::default();
    let Some(part) = &context.plan.part else { return Ok(found) };
    let order = part.of.cells.iter().enumerate().map(|(at, id)| (id.clone(), at));
    found.order = order.collect();
    let here = |base: &&Base| {
        base.cell.toolchain.is_ok()
            && round.iter().any(|cell| base.cell.source.label == cell.source.label)
    };
    let bases: Vec<&Base> = part.bases.iter().filter(here).collect();
    let results = context.pool.stage(&bases, context.runner, |base| {
        context.progress.cell(&base.cell.id).phase("configure");
        let result = (context.configure)(&base.cell);
        let _ = fs::remove_dir_all(&base.cell.build_dir);
        result
    })?;
    for (base, result) in bases.into_iter().zip(results) {
        let Some(Ok(configured)) = result else { continue };
        let built = matches!(configured.verdict, Verdict::Ok | Verdict::Impossible(_))
            && configured.impossible(&base.cell.variant).is_none();
        if built {
            found.ids.insert(configured.identity, base.id.clone());
        }
        configs.insert(base.cell.id.clone(), configured.config);
    }
    Ok(found)
}

impl Elsewhere {
    /// The cell of these inputs that another part builds, if it stands for `cell` in the whole run:
    /// the first does, and one that asks for something impossible never.
    pub fn stands_for(&self, cell: &CellPlan, identity: &str, impossible: bool) -> Option<&String> {
        let id = self.ids.get(identity)?;
        (impossible || self.order.get(id) < self.order.get(&cell.id)).then_some(id)
    }
}
