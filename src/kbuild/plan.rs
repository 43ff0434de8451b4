//! What is going to be done, before any of it is: one [`CellPlan`] for each point of the matrix.
//!
//! A plan is plain data. `configure` turns one of its cells into a checked `.config`, the runner
//! compiles and measures it. Paths are absolute, so that the command lines a plan prints can be
//! repeated from anywhere.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::arches::Arch;
use super::fragment::Fragment;
use super::part::Part;
use super::process::Command;
use super::source::Source;
use super::state;
use super::toolchain::{Missing, Toolchain};
use crate::model::run::Target;
use crate::model::words::Assignment;

/// A whole run, before it begins.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The output directory: build trees, logs, `run.json`. Absolute.
    pub out: PathBuf,
    /// Parallel jobs of the whole run.
    pub jobs: usize,
    /// Sorted by architecture, then source and variant in matrix order.
    pub cells: Vec<CellPlan>,
    /// What the user should know (cleared variables, sources that are dirty), one line each.
    pub notes: Vec<String>,
    /// The variant against which the others are compared.
    pub baseline_variant: Option<String>,
    /// The label of the source against which the others are compared, where there are several.
    pub baseline_source: Option<String>,
    /// Set where `cells` are only some of the cells of a whole run.
    pub part: Option<Part>,
}

/// One cell: an architecture, a source, a variant, and how to build them.
#[derive(Debug, Clone)]
pub struct CellPlan {
    /// `ARCH/SOURCE/VARIANT`, unique in a plan.
    pub id: String,
    /// The architecture.
    pub arch: Arch,
    /// The tree.
    pub source: Arc<Source>,
    /// What is asked of the configuration.
    pub variant: Variant,
    /// Where the configuration starts from.
    pub base: BaseConfig,
    /// What the base is changed by in every variant, in order; must hold like any request.
    pub fragments: Vec<Fragment>,
    /// Requests that cannot be had on this architecture, with the matrix's reason.
    pub impossible: BTreeMap<String, String>,
    /// What hmmsize itself sets in the configuration (`--debug-info`).
    pub ours: Vec<Assignment>,
    /// What is built and measured.
    pub target: Target,
    /// The compiler and its words for make, or what is missing.
    pub toolchain: Result<Toolchain, Missing>,
    /// The `O=` directory. Absolute.
    pub build_dir: PathBuf,
    /// Labels to show wherever the cell is shown: `scope mm/`, `quiet`, `debug-info`.
    pub labels: Vec<String>,
}

/// A named set of requests: `with`, `without`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Unique in a matrix.
    pub name: String,
    /// What the final `.config` must say.
    pub requests: Vec<Assignment>,
}

/// Where a configuration starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseConfig {
    /// A make goal: `allyesconfig`, `tinyconfig`, `defconfig`, `multi_v7_defconfig`.
    Goal(String),
    /// A `.config` file. Absolute.
    File(PathBuf),
}

impl BaseConfig {
    /// The goal, or the file's path.
    pub fn name(&self) -> String {
        match self {
            Self::Goal(goal) => goal.clone(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

impl Plan {
    /// The file that keeps the result, in the output directory.
    pub fn file_name(&self) -> String {
        self.part.as_ref().map_or_else(|| state::RUN.to_owned(), |part| part.file_name(self))
    }

    /// The baseline variant's cell of the same architecture and source, even if it is not built here.
    pub fn base_of(&self, cell: &CellPlan) -> Option<&CellPlan> {
        let name = self.baseline_variant.as_ref()?;
        let elsewhere = self.part.iter().flat_map(|part| part.bases.iter().map(|base| &base.cell));
        self.cells.iter().chain(elsewhere).find(|other| {
            other.variant.name == *name
                && other.variant.name != cell.variant.name
                && other.arch.name == cell.arch.name
                && other.source.label == cell.source.label
        })
    }

    /// The cells in rounds: those of one round may run at the same time, and one round must end
    /// before the next begins. Call [`Source::enter`] of any cell's source at the start of its
    /// round: it puts that revision at the path that all revisions are built at.
    pub fn rounds(&self) -> Vec<Vec<&CellPlan>> {
        let mut rounds: Vec<Vec<&CellPlan>> = Vec::new();
        for cell in &self.cells {
            let same_round = |other: &&CellPlan| {
                other.source.tree != cell.source.tree || other.source.digest == cell.source.digest
            };
            match rounds.iter_mut().find(|round| round.iter().all(same_round)) {
                Some(round) => round.push(cell),
                None => rounds.push(vec![cell]),
            }
        }
        rounds
    }
}

impl CellPlan {
    /// The make command line of `goals` in this cell: exactly what `--dry-run` prints and
    /// `reproduce.sh` repeats. No `-j`, ccache, log or deadline: the runner adds those.
    ///
    /// # Errors
    /// The cell has no toolchain; what is missing.
    pub fn make(&self, goals: &[&str]) -> Result<Command, Missing> {
        let toolchain = self.toolchain.as_ref().map_err(Clone::clone)?;
        let mut command = Command::new(["make", "-C"]).arg(&self.source.tree);
        let mut build_dir = OsString::from("O=");
        build_dir.push(&self.build_dir);
        command = command.arg(build_dir);
        for word in toolchain.words.to_words() {
            command = command.arg(word);
        }
        for goal in goals {
            command = command.arg(*goal);
        }
        command.env.clone_from(&toolchain.env);
        command.jobs = true;
        Ok(command)
    }
}
