//! What Kconfig will make of a cell of `build`: the engine behind [`Kconfig`].
//!
//! Goes through the very steps that configure the cell, in memory: the same base, the same
//! assignments, the environment and toolchain of its make. A model is built once for all cells of an
//! architecture that follow each other.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::cli::config::ProbeMode;
use crate::exit::{Error, Result};
use crate::kbuild::configure::{self, FRAGMENT, Step};
use crate::kbuild::foresight::{Kconfig, Probes};
use crate::kbuild::fragment::last_wins;
use crate::kbuild::plan::CellPlan;
use crate::kconf::dotconfig;
use crate::kconf::eval::{State, with_stack};
use crate::kconf::model::SymbolId;
use crate::kconf::modes::{Settings, Stop};
use crate::kconf::output::Output;
use crate::kconf::read::Reading;
use crate::kconf::why::{self, Why};
use crate::model::config::Config;
use crate::model::why::{Answer, Decided, Outcome};
use crate::model::words::Assignment;
use crate::render::why as render;

use super::config::steps::{self, Workspace, read_input};
use super::config::tree::{self, Loaded, ProbeSource, Tree};

/// How many models are kept; one is some 40 MB.
const KEPT: usize = 4;

/// A tree and one architecture of it.
struct Ready {
    tree: Tree,
    loaded: Loaded,
}

/// Built by whoever needs it first; the error is its text.
type Slot = Arc<OnceLock<std::result::Result<Ready, String>>>;

/// The engine, with what it has loaded.
#[derive(Default)]
pub struct Engine {
    models: Mutex<VecDeque<(String, Slot)>>,
}

impl Kconfig for Engine {
    fn predict(&self, cell: &CellPlan, probes: Probes) -> Result<Config> {
        let ready = self.ready(cell, probes)?;
        let ready = ready.get()?;
        let text =
            with_stack(|| make(ready, cell, &[])).map_err(|e| Error::io("a thread", e))??;
        dotconfig::parse(Path::new(".config"), &text)
    }

    fn why(&self, cell: &CellPlan, made: Option<&[u8]>, wanted: &Assignment) -> Result<String> {
        let ready = self.ready(cell, Probes::Recorded)?;
        let ready = ready.get()?;
        let answer = with_stack(|| ask(ready, cell, made, wanted));
        Ok(clause(&answer.map_err(|e| Error::io("a thread", e))??))
    }
}

/// What a slot came to hold.
struct Filled(Slot);

impl Filled {
    fn get(&self) -> Result<&Ready> {
        match self.0.get() {
            Some(Ok(ready)) => Ok(ready),
            Some(Err(text)) => Err(Error::Cell(text.clone())),
            None => Err(Error::Cell("the tree's Kconfig was not read".to_owned())),
        }
    }
}

impl Engine {
    /// The model for `cell`. After the toolchain was asked, its answers count for all.
    fn ready(&self, cell: &CellPlan, probes: Probes) -> Result<Filled> {
        let toolchain = cell.toolchain.as_ref();
        let toolchain = toolchain.map_err(|missing| Error::Cell(missing.reason.clone()))?;
        let words = toolchain.words.to_words().join(" ");
        let key = format!("{} {} {words}", cell.source.tree.display(), cell.source.digest);
        let asked = format!("{key} asked");
        let slot = {
            let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
            let known = |key: &str| models.iter().position(|(other, _)| other == key);
            let wanted = if probes == Probes::Asked { &asked } else { &key };
            let at = known(&asked).or_else(|| known(wanted));
            // The one used last is at the back.
            let entry = at.and_then(|at| models.remove(at));
            let (name, slot) = entry.unwrap_or_else(|| (wanted.clone(), Slot::default()));
            models.push_back((name, Arc::clone(&slot)));
            while models.len() > KEPT {
                models.pop_front();
            }
            slot
        };
        slot.get_or_init(|| load(cell, probes).map_err(|err| err.to_string()));
        Ok(Filled(slot))
    }
}

/// Reads the tree for the toolchain and environment of `cell`.
fn load(cell: &CellPlan, probes: Probes) -> Result<Ready> {
    let toolchain = cell.toolchain.as_ref();
    let toolchain = toolchain.map_err(|missing| Error::Cell(missing.reason.clone()))?;
    let tree = Tree::open(&cell.source.tree, None)?;
    let env = Some(&toolchain.env);
    let dir = cell.build_dir.as_path();
    let attempt = |mode| {
        let probes = ProbeSource { mode, file: None, dir, env };
        let loaded = tree.load(&toolchain.words, &probes)?;
        if loaded.model.failed() { Err(tree::rejected(&tree, &loaded.model)) } else { Ok(loaded) }
    };
    let loaded = match probes {
        // Where something is not recorded, the toolchain is asked after all.
        Probes::Recorded => attempt(ProbeMode::Cached).or_else(|_| attempt(ProbeMode::Run))?,
        Probes::Asked => attempt(ProbeMode::Run)?,
    };
    Ok(Ready { tree, loaded })
}

/// The `.config` that configuring `cell` writes, with `more` assignments beyond its own.
fn make(ready: &Ready, cell: &CellPlan, more: &[Assignment]) -> Result<Vec<u8>> {
    let Ready { tree, loaded } = ready;
    let mut assignments = configure::assignments(cell);
    assignments.extend_from_slice(more);
    let assignments = last_wins(assignments);
    let fragment = cell.build_dir.join(FRAGMENT);
    let text: String = assignments.iter().map(|a| a.line() + "\n").collect();
    let state = State::new(&loaded.model);
    let settings = Settings { config: ".config".into(), ..Settings::default() };
    let mut workspace = Workspace::new(tree, &cell.build_dir);
    workspace.overlay = Some((fragment.clone(), text.into_bytes()));
    for step in configure::steps(cell) {
        match step {
            Step::Make(words) => {
                let goal = words.last().map_or("", String::as_str);
                // Which random numbers make would draw is not known.
                if goal == "randconfig" {
                    return Err(Error::Cell("randconfig is not foreseen".to_owned()));
                }
                let asked = words.iter().any(|word| word.starts_with("KCONFIG_ALLCONFIG="));
                let fragments = if asked { vec![fragment.clone()] } else { Vec::new() };
                let steps = steps::steps(tree, loaded, goal, &fragments).map_err(Error::Cell)?;
                for step in steps {
                    let done = workspace.step(&step, &state, &settings, &mut Output::default());
                    done.map_err(|stop| match stop {
                        Stop::Warnings => Error::Cell("the configuration has warnings".to_owned()),
                        Stop::Input(msg) => Error::Cell(msg),
                    })?;
                }
            }
            Step::Copy(file) => {
                let text = read_input(&file).map_err(|err| Error::io(&file, err))?;
                workspace.config = Some(text);
            }
            Step::Merge => {
                let text = workspace.config.take().unwrap_or_default();
                let text = String::from_utf8_lossy(&text);
                workspace.config = Some(configure::merge(&text, &assignments).into_bytes());
            }
        }
    }
    workspace.config.ok_or_else(|| Error::Cell("nothing is configured".to_owned()))
}

/// Why `wanted` does not hold in what configuring makes, or in `made`.
fn ask(ready: &Ready, cell: &CellPlan, made: Option<&[u8]>, wanted: &Assignment) -> Result<Answer> {
    let model = &ready.loaded.model;
    let fresh = State::new(model);
    let base = match made {
        Some(text) => text.to_vec(),
        None => make(ready, cell, &[])?,
    };
    let apply = |changes: &BTreeMap<SymbolId, Box<[u8]>>| {
        let text = if changes.is_empty() {
            base.clone()
        } else {
            // Through all the steps again: a base may answer to a fragment in its own way.
            let lines = why::assignments(model, changes);
            make(ready, cell, &lines).unwrap_or_else(|_| base.clone())
        };
        let mut state = fresh.fresh();
        state.read(b".config", &text, Reading::default());
        state
    };
    Ok(Why::new(&apply, &cell.arch.name).ask(&wanted.symbol, &wanted.value))
}

/// The reason in one clause, and what to do.
fn clause(answer: &Answer) -> String {
    let wanted = answer.wanted.as_deref().unwrap_or_default();
    let now = render::now(answer);
    let reason = now.split_once(": ").map_or(now.as_str(), |(_, reason)| reason);
    match &answer.outcome {
        Outcome::Impossible { .. } if answer.kind.is_none() => {
            let hint = match &answer.decided {
                Decided::Undefined { similar: Some(name) } => format!(", did you mean {name}?"),
                _ => String::new(),
            };
            format!("not defined in this tree for this architecture{hint}")
        }
        Outcome::Impossible { chain } => {
            format!("impossible on this architecture: {}", render::proof(chain))
        }
        Outcome::Possible { changes, .. } => {
            let changes = render::assignments(changes);
            if wanted == "n" && !answer.selected_by.is_empty() {
                let by = render::selectors(&answer.selected_by);
                format!("still selected by {by}: turn those off ({changes})")
            } else {
                format!("{reason}; it becomes {wanted} with {changes}")
            }
        }
        Outcome::NoWayFound { .. } if wanted == "n" && !answer.selected_by.is_empty() => {
            format!("still selected by {}", render::selectors(&answer.selected_by))
        }
        Outcome::NoWayFound { .. } => format!("{reason}; no way found to make it {wanted}"),
        Outcome::NoValue { reason } => reason.clone(),
        Outcome::Holds | Outcome::NotAsked => reason.to_owned(),
    }
}
