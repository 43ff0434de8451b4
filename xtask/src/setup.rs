//! `cargo xtask setup`: what is needed and missing is installed, two Linux trees are unpacked, and
//! the `conf` of each is built.
//!
//! When everything is there it does nothing, quickly: every other command begins with it.

use std::path::PathBuf;

use anyhow::Result;

use crate::{apt, kconfig, kernel};

/// Makes this machine ready and returns the Linux tree.
pub fn run() -> Result<PathBuf> {
    let missing = apt::missing(kernel::named()?.is_some());
    if !missing.is_empty() {
        eprintln!("xtask: missing: {}", missing.join(" "));
        apt::install(&missing)?;
    }
    let tree = kernel::tree()?;
    let older = kernel::older_tree()?;
    for tree in [&tree, &older] {
        eprintln!("xtask: Linux {} in {}", kernel::version(tree)?, tree.display());
        kconfig::conf::built(tree)?;
    }
    Ok(tree)
}
