//! How a cell is going to be built, by what it will cost: on the tree of the variant that it is compared
//! with, through the compiler cache, or from nothing.
//!
//! A cache that is there is always compiled through: what it costs to fill, it gives back at the next
//! run. Whether another variant's tree is built on is decided by what Kbuild noted there. Where it will
//! be, the first variant is compiled in the cache's depend mode, without running the preprocessor before
//! the compiler: that only helps whoever compiles the same text under another configuration, and here
//! Kbuild knows better what that is.

use std::fs;
use std::path::{Path, PathBuf};

use super::cell::Context;
use super::configure::Configured;
use super::costs;
use super::flip::{self, Flip};
use super::forecast::{self, Forecasts};
use super::kept::Keep;
use super::plan::CellPlan;
use super::process::Command;
use super::state;
use crate::exit::Result;
use crate::model::run::{Cell, Forecast, Status, Way};

/// CPU seconds of an object that the compiler cache has (Linux 6.12 tinyconfig: 24 of 509 objects).
const HIT_S: f64 = 0.047;
/// What an object costs more if it goes into the cache (222 in place of 163 seconds). In depend mode it is
/// within the noise: `mm/` of tinyconfig takes 37 to 43 seconds, 41 to 43 without a cache, 51 otherwise.
const FILL: f64 = 1.36;

/// What is known of a cell before it is built.
#[derive(Debug, Clone)]
pub struct Choice {
    /// How it is built.
    pub way: Way,
    /// The cell whose tree is built on.
    pub base: Option<CellPlan>,
    /// What would be compiled there.
    pub flip: Option<Flip>,
    /// CPU seconds of an object that is compiled, without a cache.
    pub pace: f64,
    /// Objects of the whole target, if nothing counted them for this very configuration.
    pub usual: Option<u64>,
    /// The compiler cache has seen this very cell.
    pub warm: bool,
    /// The cache finds objects again by the files that were read, not by the preprocessed text, which it
    /// then need not make (ccache's `depend_mode`).
    pub depend: bool,
}

/// Decides.
pub fn choose(context: &Context, cell: &CellPlan, configured: &Configured) -> Choice {
    let cached = cell.toolchain.as_ref().is_ok_and(|t| t.ccache.is_some());
    let forecasts = &context.forecasts;
    let base = context.plan.base_of(cell).filter(|base| is_at_hand(context, cell, base));
    let flip = base.and_then(|base| {
        let old = (context.read_config)(&base.build_dir.join(".config")).ok()?;
        Some(flip::look(&base.build_dir, &flip::changed(&old, &configured.config)))
    });
    let way = match flip {
        Some(flip) if flip.pays() => Way::Incremental,
        _ if cached => Way::Ccache,
        _ => Way::Clean,
    };
    let (usual, pace) = costs::usual(cell);
    let remembered = forecasts.get(&pace_key(cell)).map(|ms| ms as f64 / 1000.0);
    let warm = cached && forecasts.get(&warm_key(configured)).is_some();
    let base = base.filter(|_| way == Way::Incremental).cloned();
    let pace = remembered.unwrap_or(pace);
    let stays = context.incremental && context.keep == Keep::All;
    let depend = cached && stays && forecast::is_flippable(&cell.target);
    Choice { way, base, flip, pace, usual, warm, depend }
}

impl Choice {
    /// CPU seconds of compiling `objects`, all that are left of the cell.
    pub fn cpu_s(&self, objects: u64) -> f64 {
        let all = objects as f64;
        let hits = match (self.warm, self.way, self.flip) {
            (true, ..) => all,
            // What does not name the option was compiled for the other variant.
            (false, Way::Ccache, Some(flip)) if flip.objects > 0 && !self.depend => {
                all * (1.0 - (flip.affected + flip.perhaps) as f64 / flip.objects as f64)
            }
            _ => 0.0,
        };
        hits * HIT_S + (all - hits) * self.pace * self.fill()
    }

    /// What an object costs more than the compiler takes for it.
    fn fill(&self) -> f64 {
        match self.way {
            Way::Clean => 1.0,
            _ if self.depend => 1.0,
            _ => FILL,
        }
    }

    /// How many objects are left to compile, if that is known. `key` is what the number is remembered
    /// under, `compile` the make that is asked else, and `counting` is told so.
    ///
    /// # Errors
    /// A signal.
    pub fn left(
        &self,
        context: &Context,
        key: &str,
        compile: &Command,
        resumed: bool,
        counting: impl FnOnce(),
    ) -> Result<Option<u64>> {
        let whole = !resumed && self.way != Way::Incremental;
        let remembered = context.forecasts.get(key).filter(|_| whole);
        if remembered.is_some() {
            return Ok(remembered);
        }
        if !context.watched {
            return Ok(self.affected());
        }
        counting();
        forecast::ask(compile, context.runner)
    }

    /// What is foreseen of the cell, of which `so_far` CPU seconds are gone and `prepared` objects
    /// compiled; of a build that is gone on with, what was foreseen when it began, which is in `file`.
    pub fn forecast(
        &self,
        file: &Path,
        so_far: f64,
        prepared: u64,
        left: Option<u64>,
        resumed: bool,
    ) -> Forecast {
        let kept = || serde_json::from_slice(&fs::read(file).ok()?).ok();
        if let Some(kept) = resumed.then(kept).flatten() {
            return kept;
        }
        let known = left.or(self.affected()).or(self.usual);
        let cpu_s = so_far + self.cpu_s(known.unwrap_or_default());
        let cpu_s = (cpu_s * 10.0).round() / 10.0;
        let forecast = Forecast { way: self.way, objects: left.map(|n| n + prepared), cpu_s };
        // Without it, what is gone on with is foreseen anew.
        let _ = state::write_json(file, &forecast);
        forecast
    }

    /// The objects of an incremental build, before make is asked.
    fn affected(&self) -> Option<u64> {
        self.flip.filter(|_| self.way == Way::Incremental).map(|flip| flip.affected)
    }

    /// What the cell taught: `objects` took `cpu_s` seconds.
    pub fn learn(
        &self,
        cell: &CellPlan,
        configured: &Configured,
        taken: (u64, f64),
        to: &Forecasts,
    ) {
        let (objects, cpu_s) = taken;
        // Of a build in which nothing came out of a cache.
        let cold = self.way == Way::Clean || (!self.warm && self.flip.is_none());
        if cold && self.way != Way::Incremental && objects > 0 {
            let pace = cpu_s / objects as f64 / self.fill();
            to.put(&pace_key(cell), (pace * 1000.0).round() as u64);
        }
        if self.way != Way::Clean {
            to.put(&warm_key(configured), objects);
        }
    }
}

/// Whether the tree of `base` is that of its result, and of the same source and compiler.
fn is_at_hand(context: &Context, cell: &CellPlan, base: &CellPlan) -> bool {
    let built = |record: &Cell| matches!(record.status, Status::Built | Status::Reused);
    let out = context.out;
    let kept = out.path().join(&base.id).join(".config");
    let same =
        |a: PathBuf, b: PathBuf| fs::read(a).is_ok_and(|a| fs::read(b).is_ok_and(|b| a == b));
    let inputs = |cell: &CellPlan| cell.build_dir.with_file_name(super::configure::STAMP);
    context.incremental
        && forecast::is_flippable(&cell.target)
        && cell.target == base.target
        && !base.build_dir.with_file_name(super::cell::STAMP).exists()
        && out.record(&base.id).as_ref().is_some_and(built)
        && same(kept, base.build_dir.join(".config"))
        && base.build_dir.join("include/config/auto.conf").exists()
        && same(inputs(cell), inputs(base))
}

fn pace_key(cell: &CellPlan) -> String {
    let base = cell.base.name();
    let base = base.rsplit('/').next().unwrap_or_default();
    format!("pace-{}", forecast::key_of(&cell.arch.name, base, &cell.target))
}

fn warm_key(configured: &Configured) -> String {
    format!("ccache-{}", configured.identity.get(..32).unwrap_or_default())
}

/// What is said before compiling: `about 62 objects and 40 CPU-seconds, incremental`.
pub fn announce(forecast: &Forecast) -> String {
    let objects = forecast.objects.map_or(String::new(), |n| format!("{n} objects and "));
    format!("about {objects}{} CPU-seconds, {}", number(forecast.cpu_s), forecast.way.words())
}

/// What is said afterwards: `foreseen: 62 objects, 40 CPU-seconds, incremental`.
pub fn judge(forecast: &Forecast) -> String {
    let objects = forecast.objects.map_or(String::new(), |n| format!("{n} objects, "));
    format!("foreseen: {objects}{} CPU-seconds, {}", number(forecast.cpu_s), forecast.way.words())
}

/// Seconds with as many digits as mean something.
fn number(seconds: f64) -> String {
    if seconds < 9.95 { format!("{seconds:.1}") } else { format!("{seconds:.0}") }
}
