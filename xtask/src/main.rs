//! `cargo xtask COMMAND`: everything about this project that is not the program itself.
//!
//! One file a command; `process` runs other programs and says which, `apt` knows what has to be
//! installed, `kernel` where the Linux tree is that tests and the demo build.

mod apt;
mod attribution;
mod bench;
mod debs;
mod demo;
mod deny;
mod dist;
mod docs;
mod fuzz;
mod kconfig;
mod kernel;
mod lint;
mod long;
mod measure;
mod off;
mod oracle;
mod process;
mod seed;
mod setup;
mod slurm;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing (with apt when root; otherwise print the command) and unpack Linux
    Setup,
    /// The main job on a real kernel: build it with and without an option, compare, judge
    Demo(demo::Args),
    /// Formatting, clippy, tidy, unit, end-to-end and oracle tests: what CI runs
    Test(test::Args),
    /// The longer comparisons with the tools we claim equality with
    Oracle(oracle::Args),
    /// Our speed as ratios against the real tools, in one run
    Bench(bench::Args),
    /// Whole allyesconfig kernels with and without an option; hours, in several sittings
    Long(long::Args),
    /// Run the fuzz targets (needs nightly and cargo-fuzz), keep their corpora, add up how long they ran
    Fuzz(fuzz::Args),
    /// Manual pages and shell completions, from the program's own options
    Dist(dist::Args),
    /// The README tried as a new user would: its commands are run, their output compared
    Docs(docs::Args),
    /// Licences, duplicates and sources of the crates we build on, by cargo-deny and deny.toml
    Deny,
    /// Check the rules of DESIGN.md
    Tidy,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Setup => setup::run().map(|_| ()),
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Oracle(args) => oracle::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Long(args) => long::run(&args),
        Command::Fuzz(args) => fuzz::run_targets(&args),
        Command::Dist(args) => dist::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::Deny => deny::deny(),
        Command::Tidy => tidy::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("xtask: error: {err:#}");
            ExitCode::FAILURE
        }
    }
}

/// The top of the repository.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}
