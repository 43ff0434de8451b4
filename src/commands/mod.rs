//! One file a command: read, think, render.

use crate::cli::{Cli, Command};
use crate::exit::{Exit, Result};

pub mod ask;
pub mod audit;
pub mod build;
mod by_option;
pub mod compare;
pub mod config;
pub mod configure_only;
pub mod cost;
pub mod diffconfig;
pub mod execute;
pub mod executors;
pub mod explain;
mod foresee;
pub mod gate;
pub mod images;
pub mod json;
pub mod lint;
pub mod measure;
pub mod merge;
pub mod output;
pub mod plan;
pub mod report;
pub mod run_report;
pub mod size;
mod subsystems;

/// Runs the command the user asked for.
#[allow(clippy::needless_pass_by_value)]
pub fn run(cli: Cli) -> Result<Exit> {
    match &cli.command {
        Command::Compare(args) => compare::run(&cli.common, args),
        Command::Build(args) => build::run(&cli.common, args),
        Command::Plan(args) => plan::run(&cli.common, args),
        Command::Merge(args) => merge::run(&cli.common, args),
        Command::Audit(args) => audit::run(&cli.common, args),
        Command::Cost(args) => cost::run(&cli.common, args),
        Command::Gate(args) => gate::run(&cli.common, args),
        Command::Config(args) => config::run(&cli.common, args),
        Command::Diffconfig(args) => diffconfig::run(&cli.common, args),
        Command::Explain(args) => explain::run(&cli.common, args),
        Command::Lint(args) => lint::run(&cli.common, args),
        Command::Report(args) => report::run(&cli.common, args),
    }
}
