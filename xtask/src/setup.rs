//! `cargo xtask setup`: what is needed and missing is installed, and the Linux tree unpacked.
//!
//! When everything is there it does nothing, quickly: every other command begins with it.

use std::path::PathBuf;

use anyhow::Result;

use crate::{apt, kernel};

/// Makes this machine ready and returns the Linux tree.
pub fn run() -> Result<PathBuf> {
    let missing = apt::missing(kernel::named()?.is_some());
    if !missing.is_empty() {
        eprintln!("xtask: missing: {}", missing.join(" "));
        apt::install(&missing)?;
    }
    let tree = kernel::tree()?;
    eprintln!("xtask: Linux {} in {}", kernel::version(&tree)?, tree.display());
    Ok(tree)
}
