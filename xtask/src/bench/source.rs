//! What is answered about one option from the source alone: `hmmsize audit` without kernels, and `hmmsize explain`
//! once its index is there.
//!
//! Both read Linux whole; their limits are in seconds (see [`super::clock`]).

use std::path::Path;

use anyhow::Result;

use super::Row;
use super::clock::Clock;
use crate::kconfig::side;
use crate::measure::Subject;
use crate::process::command;

/// The rows; `few` says how many runs of so many there are.
pub fn rows(
    ours: &Path,
    linux: &Path,
    clock: &Clock,
    few: impl Fn(usize) -> usize,
) -> Result<Vec<Row>> {
    let cache = side::tempdir()?;
    let asked = |args: &'static [&'static str], fine: &'static [i32]| {
        let (ours, linux, cache) = (ours.to_owned(), linux.to_owned(), cache.0.clone());
        let make = move || {
            let mut made = command(&ours);
            made.args(args).arg("-C").arg(&linux).env("XDG_CACHE_HOME", &cache);
            made
        };
        Subject { command: Box::new(make), fine }
    };
    // It judges the option, too: stubs that are missing are a verdict.
    let audit = asked(&["audit", "--option", "ZONE_DEVICE"], &[0, 1]);
    let what = "audit of one option from source alone";
    let (audit, _) = clock.limited(what, audit, few(3), (5.0, "less than 5 s"))?;
    // The run that is not counted makes the index.
    let explain = asked(&["explain", "ZONE_DEVICE"], &[0]);
    let what = "explain of one option, index at hand";
    let (explain, _) = clock.limited(what, explain, few(5), (1.0, "less than 1 s"))?;
    Ok(vec![audit, explain])
}
