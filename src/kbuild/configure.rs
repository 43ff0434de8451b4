//! Makes the `.config` of a cell: base, fragments that hold, and a check of every request before
//! anything is compiled.
//!
//! How a request reaches Kconfig depends on the base, and the obvious ways lose it silently:
//! - `allyesconfig`, `allmodconfig`, `allnoconfig` take a file of assignments that have the first
//!   word, if `KCONFIG_ALLCONFIG` is a *make variable*;
//! - `tinyconfig` is itself made with `KCONFIG_ALLCONFIG` (ours would replace its base), so it is
//!   made first, like defconfigs and files; then assignments are merged and `olddefconfig` fills in
//!   the rest.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::foresight::{self, Kconfig, Probes};
use super::fragment::last_wins;
use super::identity;
use super::objects::complaint;
use super::plan::{BaseConfig, CellPlan, Variant};
use super::process::{Ended, Runner};
use super::progress;
use super::requests::{self, Why};
use super::state::write_whole;
use super::toolchain::Toolchain;
use crate::exit::{Error, Result};
use crate::model::config::{Config, ConfigChange};
use crate::model::run::Request;
use crate::model::words::Assignment;

/// The assignments that we gave to Kconfig, in the build directory.
pub const FRAGMENT: &str = ".hmmsize.config";
/// Which source and compiler a build directory belongs to; beside it, so that emptying the build
/// directory does not make it look like someone else's.
pub const STAMP: &str = ".hmmsize.inputs";

/// What configuring needs from the outside.
pub struct Hands<'a> {
    /// Starts make.
    pub runner: &'a Runner,
    /// Reads a `.config`.
    pub read_config: &'a dyn Fn(&Path) -> Result<Config>,
    /// Foresees what make will write.
    pub kconfig: &'a dyn Kconfig,
    /// Where make's output goes; without it, only its last words are kept for the error.
    pub log: Option<PathBuf>,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

/// A cell whose `.config` is written and checked.
#[derive(Debug, Clone)]
pub struct Configured {
    /// The final configuration.
    pub config: Config,
    /// Hex digest of the final `.config`'s assignments.
    pub config_digest: String,
    /// Every request of the variant, and every line of a fragment that does not hold.
    pub requests: Vec<Request>,
    /// Whether it makes sense to go on.
    pub verdict: Verdict,
    /// What is not as it was foreseen: our bug.
    pub mispredicted: Vec<ConfigChange>,
    /// Hex digest of source, `.config`, make variables, environment, compiler and target.
    pub identity: String,
    /// How long configuring took.
    pub wall: Duration,
    /// CPU seconds (user + system) of configuring.
    pub cpu_s: f64,
}

impl Configured {
    /// Why nothing that `variant` asks for can be had here; `None` if anything can.
    pub fn impossible(&self, variant: &Variant) -> Option<&str> {
        let Verdict::Impossible(reason) = &self.verdict else { return None };
        let mut asked = variant.requests.iter();
        let holds = |a: &Assignment| self.config.value(&a.symbol) == a.value;
        (asked.len() > 0 && !asked.any(holds)).then_some(reason)
    }
}

/// What the check of the requests found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every request holds.
    Ok,
    /// A request does not hold: the cell ends here.
    Dropped(String),
    /// The only requests that do not hold are those the matrix calls impossible: the cell is well
    /// defined, and built if any request of its variant holds.
    Impossible(String),
}

/// The steps that configure a cell, also for printing: make goals, each with what happens before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `make WORDS… GOAL`
    Make(Vec<String>),
    /// Copy this file to `.config`.
    Copy(PathBuf),
    /// Append the assignments of [`FRAGMENT`] to `.config`, in place of its own.
    Merge,
}

/// Everything that is asked of the configuration beyond its base, last assignment first in rank:
/// fragments, then what hmmsize sets, then the variant.
pub fn assignments(cell: &CellPlan) -> Vec<Assignment> {
    let fragments = cell.fragments.iter().flat_map(|fragment| &fragment.assignments);
    let all = fragments.chain(&cell.ours).chain(&cell.variant.requests);
    last_wins(all.cloned().collect())
}

/// How `cell` is configured.
pub fn steps(cell: &CellPlan) -> Vec<Step> {
    let make = |words: &[&str]| Step::Make(words.iter().map(|&w| w.to_owned()).collect());
    let asked = !assignments(cell).is_empty();
    match &cell.base {
        BaseConfig::Goal(goal) if is_all_config(goal) => {
            let file = cell.build_dir.join(FRAGMENT);
            let word = format!("KCONFIG_ALLCONFIG={}", file.display());
            vec![if asked { make(&[&word, goal]) } else { make(&[goal]) }]
        }
        BaseConfig::Goal(goal) if asked => {
            vec![make(&[goal]), Step::Merge, make(&["olddefconfig"])]
        }
        BaseConfig::Goal(goal) => vec![make(&[goal])],
        BaseConfig::File(file) => {
            vec![Step::Copy(file.clone()), Step::Merge, make(&["olddefconfig"])]
        }
    }
}

/// Bases whose every value comes from a rule, with `KCONFIG_ALLCONFIG` for the exceptions.
fn is_all_config(goal: &str) -> bool {
    matches!(goal, "allyesconfig" | "allmodconfig" | "allnoconfig" | "alldefconfig")
}

/// Configures a cell in its build directory and checks every request.
///
/// # Errors
/// [`Error::Cell`] if make fails or the toolchain is missing; I/O errors.
pub fn configure(cell: &CellPlan, hands: &Hands<'_>) -> Result<Configured> {
    let toolchain = cell
        .toolchain
        .as_ref()
        .map_err(|missing| Error::Cell(format!("{}: {}", cell.id, missing.reason)))?;
    let start = Instant::now();
    let deadline = hands.timeout.map(|timeout| start + timeout);
    let mut cpu_s = 0.0;
    let dir = &cell.build_dir;
    claim(dir, &format!("{}\n{}", cell.source.digest, toolchain.fingerprint))?;
    let assignments = assignments(cell);
    let text: String = assignments.iter().map(|a| a.line() + "\n").collect();
    write_whole(&dir.join(FRAGMENT), text.as_bytes())?;
    // Decided before make is started: what will not hold ends the cell here.
    let foreseen = foresee(cell, toolchain, hands)?;
    if let Some(configured) = &foreseen
        && let Verdict::Dropped(_) = configured.verdict
    {
        return Ok(Configured { wall: start.elapsed(), ..configured.clone() });
    }
    let dot_config = dir.join(".config");
    for step in steps(cell) {
        match step {
            Step::Make(goals) => cpu_s += run_make(cell, hands, deadline, &goals)?,
            Step::Copy(file) => {
                let bytes = fs::read(&file).map_err(|e| Error::io(&file, e))?;
                write_whole(&dot_config, &bytes)?;
            }
            Step::Merge => {
                let old = fs::read(&dot_config).map_err(|e| Error::io(&dot_config, e))?;
                let old = String::from_utf8_lossy(&old);
                write_whole(&dot_config, merge(&old, &assignments).as_bytes())?;
            }
        }
    }
    let config = (hands.read_config)(&dot_config)?;
    let mispredicted = match foreseen {
        Some(foreseen) => surprises(cell, hands, &foreseen.config, &config)?,
        None => Vec::new(),
    };
    let text = fs::read(&dot_config).map_err(|e| Error::io(&dot_config, e))?;
    let why = |wanted: &Assignment| explain(hands.kconfig.why(cell, Some(&text), wanted));
    let configured = judge(cell, toolchain, config, &why)?;
    Ok(Configured { wall: start.elapsed(), cpu_s, mispredicted, ..configured })
}

/// What the engine says will become of the cell; nothing where it cannot say. A drop is only believed
/// if it does not rest on what was recorded of the toolchain.
fn foresee(
    cell: &CellPlan,
    toolchain: &Toolchain,
    hands: &Hands<'_>,
) -> Result<Option<Configured>> {
    let why = |wanted: &Assignment| explain(hands.kconfig.why(cell, None, wanted));
    let said = |_: &Assignment| Ok(String::new());
    let Some(config) = known(hands.kconfig.predict(cell, Probes::Recorded))? else {
        return Ok(None);
    };
    let configured = judge(cell, toolchain, config, &said)?;
    if !matches!(configured.verdict, Verdict::Dropped(_)) {
        return Ok(Some(configured));
    }
    let asked = known(hands.kconfig.predict(cell, Probes::Asked))?;
    asked.map(|config| judge(cell, toolchain, config, &why)).transpose()
}

/// What make made otherwise than foreseen, even if the toolchain is asked again.
fn surprises(
    cell: &CellPlan,
    hands: &Hands<'_>,
    foreseen: &Config,
    made: &Config,
) -> Result<Vec<ConfigChange>> {
    let differences = foresight::differences(foreseen, made);
    if differences.is_empty() {
        return Ok(differences);
    }
    let again = known(hands.kconfig.predict(cell, Probes::Asked))?;
    Ok(again.map_or(differences, |again| foresight::differences(&again, made)))
}

/// Nothing in place of an error, unless a signal is behind it.
fn known<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error @ Error::Signal(_)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// A reason, or why there is none.
fn explain(why: Result<String>) -> Result<String> {
    match why {
        Err(Error::Signal(signal)) => Err(Error::Signal(signal)),
        Err(error) => Ok(format!("hmmsize cannot say why: {error}")),
        Ok(why) => Ok(why),
    }
}

/// Checks the requests of a cell against a configuration.
fn judge(
    cell: &CellPlan,
    toolchain: &Toolchain,
    config: Config,
    why: &Why<'_>,
) -> Result<Configured> {
    let asked = &cell.variant.requests;
    let among = |list: &[Assignment], a: &Assignment| list.iter().any(|b| b.symbol == a.symbol);
    // How DWARF is asked for depends on the kernel's age; that it is there is what must hold.
    let optional = |a: &Assignment| among(&cell.ours, a) && a.symbol != "DEBUG_INFO";
    let base: Vec<Assignment> =
        assignments(cell).into_iter().filter(|a| !among(asked, a) && !optional(a)).collect();
    let (requests, verdict) = requests::check(&config, why, asked, &base, &cell.impossible)?;
    let config_digest = identity::config_digest(&config);
    let identity = identity::identity(cell, toolchain, &config_digest);
    let (wall, cpu_s) = (Duration::ZERO, 0.0);
    let mispredicted = Vec::new();
    Ok(Configured { config, config_digest, requests, verdict, mispredicted, identity, wall, cpu_s })
}

/// A `.config` with `assignments` in place of its own for those symbols: what
/// `scripts/kconfig/merge_config.sh -m` does, in any tree.
pub fn merge(config: &str, assignments: &[Assignment]) -> String {
    let symbol_of = |line: &str| -> Option<String> {
        let rest = line.strip_prefix("# ").unwrap_or(line).strip_prefix("CONFIG_")?;
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric())?;
        Some(rest[..end].to_owned())
    };
    let kept = |line: &&str| {
        symbol_of(line).is_none_or(|symbol| !assignments.iter().any(|a| a.symbol == symbol))
    };
    let old = config.lines().filter(kept).map(str::to_owned);
    let lines = old.chain(assignments.iter().map(Assignment::line));
    lines.map(|line| line + "\n").collect()
}

/// Runs make to its end; the CPU seconds it took.
fn run_make(
    cell: &CellPlan,
    hands: &Hands<'_>,
    deadline: Option<Instant>,
    goals: &[String],
) -> Result<f64> {
    let goals: Vec<&str> = goals.iter().map(String::as_str).collect();
    let mut command = cell.make(&goals).map_err(|missing| Error::Cell(missing.reason))?;
    // Configuring is seconds of one process; a parallel make gains nothing.
    command.jobs = false;
    command.log.clone_from(&hands.log);
    command.deadline = deadline;
    if command.log.is_none() {
        command = command.capture();
    }
    let before = hands.log.as_deref().map_or(0, length);
    let done = hands.runner.run(&command)?;
    if done.ok() {
        return Ok(done.cpu_s);
    }
    if done.ended == Ended::TimedOut {
        return Err(Error::Cell(progress::late(hands.timeout, "configuring")));
    }
    let said = match &hands.log {
        Some(log) => fs::read(log).map(|b| b[before.min(b.len())..].to_vec()).unwrap_or_default(),
        None => done.stderr.clone(),
    };
    let reason = complaint(&String::from_utf8_lossy(&said));
    let goal = goals.last().copied().unwrap_or("");
    Err(Error::Cell(format!("make {goal} {}: {reason}", done.how())))
}

fn length(log: &Path) -> usize {
    log.metadata().map_or(0, |meta| meta.len() as usize)
}

/// Makes `dir` the build directory for these inputs. Objects of another source or compiler must not
/// be taken for ours (a revision may be older than the objects of a newer one, and make goes by
/// time), so a directory with another stamp is emptied. One without a stamp is not ours to empty.
fn claim(dir: &Path, stamp: &str) -> Result<()> {
    let file = dir.with_file_name(STAMP);
    match fs::read_to_string(&file) {
        Ok(old) if old == stamp => {}
        Ok(_) => remove_tree(dir)?,
        Err(_) => {
            let mut entries = fs::read_dir(dir).into_iter().flatten().flatten();
            if entries.next().is_some() {
                let message = "is not empty and not a build directory of hmmsize: give another O=";
                return Err(Error::input(dir, message));
            }
        }
    }
    fs::create_dir_all(dir).map_err(|e| Error::io(dir, e))?;
    write_whole(&file, stamp.as_bytes())
}

/// Removes a directory that may be gone already (`--keep results`).
pub(super) fn remove_tree(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(dir, e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_replaces_in_every_spelling() {
        let old = "# Linux\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_AB=\"x y\"\nCONFIG_N=1\n";
        let new = [Assignment::new("A", "n"), Assignment::new("B", "m"), Assignment::new("N", "2")];
        assert_eq!(
            merge(old, &new),
            "# Linux\nCONFIG_AB=\"x y\"\n# CONFIG_A is not set\nCONFIG_B=m\nCONFIG_N=2\n"
        );
    }

    #[test]
    fn a_directory_of_other_inputs_is_emptied_and_a_foreign_one_is_left_alone() {
        let top = tempfile::tempdir().unwrap();
        let dir = top.path().join("build");
        claim(&dir, "a").unwrap();
        fs::write(dir.join("old.o"), "").unwrap();
        claim(&dir, "a").unwrap();
        assert!(dir.join("old.o").exists());
        claim(&dir, "b").unwrap();
        assert!(!dir.join("old.o").exists());
        for stamp in ["b", "c"] {
            fs::remove_dir(&dir).unwrap();
            claim(&dir, stamp).unwrap();
            assert!(dir.is_dir(), "made anew after --keep results");
        }
        let foreign = top.path().join("mine/build");
        fs::create_dir_all(&foreign).unwrap();
        fs::write(foreign.join("thesis.tex"), "").unwrap();
        assert!(claim(&foreign, "a").is_err());
        assert!(foreign.join("thesis.tex").exists());
    }
}
