//! `cargo xtask dist`: what a package carries beside the program, made of the same clap structs as the
//! program itself, so that a manual page cannot say anything else than `--help` does.
//!
//! It all goes to `target/dist`: nothing generated is committed.

mod deb;
mod install;
mod pages;

use std::path::PathBuf;

use anyhow::Result;

/// The program's command line. Only clap structs, which import nothing of the rest (`tidy` sees to that):
/// xtask need not compile the program to know its options.
#[path = "../../../src/cli/mod.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::struct_field_names,
    reason = "described here, never run; the library checks these files as its public part"
)]
mod cli;

/// Whether these words, `hmmsize` among them, are a command line of the program; otherwise what it says.
pub fn parses(words: &[String]) -> Result<(), String> {
    match <cli::Cli as clap::Parser>::try_parse_from(words) {
        Ok(_) => Ok(()),
        Err(err) => Err(err.to_string()),
    }
}

/// Arguments of `cargo xtask dist`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also build the Debian package, install it into an empty directory, and run it from there
    #[arg(long)]
    deb: bool,
    /// Also `cargo install --locked` what is committed into an empty directory, and run it from there
    #[arg(long)]
    install: bool,
}

/// Makes everything.
pub fn run(args: &Args) -> Result<()> {
    let dir = dir();
    let made = pages::write(&dir)?;
    eprintln!(
        "xtask: dist: {} manual pages and {} completions in {}",
        made.pages.len(),
        made.completions.len(),
        dir.display()
    );
    if args.deb {
        deb::build(&dir, &made)?;
    }
    if args.install {
        install::try_it(&dir)?;
    }
    Ok(())
}

/// Where it goes. Cargo-deb's metadata in Cargo.toml names it, so `CARGO_TARGET_DIR` does not move it.
fn dir() -> PathBuf {
    crate::root().join("target/dist")
}
