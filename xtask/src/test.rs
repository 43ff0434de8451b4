//! `cargo xtask test`: what CI runs. Cheap checks first, then the short run of the Kconfig oracle, the
//! tests themselves last, so that the closing lines are those of cargo or nextest.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::process::{self, cargo, which};
use crate::{deny, docs, kconfig, setup, slurm, tidy};

/// Arguments of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the tests, without formatting, clippy and tidy
    #[arg(long)]
    tests_only: bool,
    /// Only `build --executor slurm`, on a Slurm that is installed and started for it: a node fails,
    /// and a real tree is compiled through a shared cache
    #[arg(long)]
    slurm: bool,
    /// Only tests whose names contain one of these
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
}

/// Runs everything; the first failure ends it.
pub fn run(args: &Args) -> Result<()> {
    if args.slurm {
        return slurm::run().context("slurm");
    }
    if !args.tests_only {
        components()?;
        process::run(cargo().args(["fmt", "--all", "--check"]))?;
        tidy::run()?;
    }
    // Under CI nothing may be missing. Otherwise tests say which of them had to be skipped.
    let strict = std::env::var_os("CI").is_some_and(|value| value == "true");
    // A fresh machine is installed for minutes, by one program that mostly waits for the disk: clippy compiles
    // meanwhile. If that fails, its errors stand among what apt says, or apt was replacing the linker: see below.
    let (tree, checked) = std::thread::scope(|scope| {
        let checked =
            scope.spawn(|| if args.tests_only { Ok(()) } else { timed("clippy", clippy) });
        let tree = timed("setup", setup::run);
        (tree, checked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let tree = match tree {
        Ok(tree) => Some(tree),
        Err(err) if !strict => {
            eprintln!("xtask: {err:#}\nxtask: going on; tests that need it will say so");
            None
        }
        Err(err) => return Err(err.context("CI=true: nothing may be missing")),
    };
    if !args.tests_only {
        checked.or_else(|_| clippy())?;
        timed("deny", || deny::run_or_say(strict)).context("deny")?;
    }
    if let (Some(tree), true) = (&tree, args.filters.is_empty()) {
        let build = || process::run(cargo().args(["build", "--locked", "-p", "hmmsize"]));
        timed("build", build)?;
        let program = process::target_dir().join("debug/hmmsize");
        kconfig::quick(&program).context("oracle kconfig")?;
        timed("docs", || docs::quick(&program, tree)).context("docs")?;
        if strict || which("slurmctld").is_some() {
            timed("slurm", || slurm::quick(&program)).context("slurm")?;
        }
    }
    let with_tree = |mut command: Command| {
        if let Some(tree) = &tree {
            command.env("HMMSIZE_LINUX", tree);
        }
        command
    };
    if which("cargo-nextest").is_some() {
        // nextest runs no documentation tests.
        if args.filters.is_empty() {
            process::run(
                with_tree(cargo()).args(["test", "--quiet", "--locked", "--doc", "-p", "hmmsize"]),
            )?;
        }
        let config = crate::root().join("xtask/nextest.toml");
        process::run(
            with_tree(cargo())
                .args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])
                .arg("--config-file")
                .arg(config)
                .args(&args.filters),
        )
    } else {
        let mut command = with_tree(cargo());
        command.args(["test", "--workspace", "--locked", "--no-fail-fast", "--"]);
        process::run(command.args(&args.filters))
    }
    .context("tests")
}

fn clippy() -> Result<()> {
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    process::run(cargo().args(clippy))
}

/// Does `work` and says how long it took.
fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let done = work()?;
    eprintln!("xtask: test: {what}: {} s", start.elapsed().as_secs());
    Ok(done)
}

/// rustfmt and clippy are no part of rustup's minimal profile.
fn components() -> Result<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if process::output(cargo().args([command, "--version"])).is_err() {
            process::run(process::command("rustup").args(["component", "add", component]))
                .with_context(|| format!("cargo {command} is needed"))?;
        }
    }
    Ok(())
}
