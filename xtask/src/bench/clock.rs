//! Limits in seconds, on machines of any speed.
//!
//! What has no peer to be compared with was promised in seconds, on a machine where the kernel's `conf` needs
//! 0.37 s for allyesconfig of x86. So `conf` runs in turns with what is measured, and where it needs
//! longer, the limit is as much longer. Where it is quicker, the seconds stand as they were promised.

use std::path::Path;

use anyhow::{Context, Result};

use super::kconfig::{Call, conf};
use super::{Row, best};
use crate::kconfig::arch::Tree;
use crate::kconfig::side;
use crate::measure::{Subject, Times, alternate};

/// What `conf` needed, in milliseconds, where the promises were made.
const THERE: f64 = 370.0;

/// `conf`, ready to be run beside what has a limit.
pub struct Clock {
    conf: Call,
    /// Where it writes.
    _place: side::TempDir,
}

impl Clock {
    /// `conf` of a tree, with recorded probes.
    pub fn new(linux: &Path) -> Result<Self> {
        let tree = Tree::new(linux)?;
        let arch = tree.arch("x86_64", "x86")?;
        let place = side::tempdir()?;
        Ok(Self { conf: conf(&tree, &arch, &place.0)?, _place: place })
    }

    /// A row with a limit in seconds, and the times of what was measured.
    pub fn limited(
        &self,
        what: &'static str,
        subject: Subject,
        runs: usize,
        (limit, promise): (f64, &'static str),
    ) -> Result<(Row, Times)> {
        eprintln!("xtask: {what}: {runs} runs of hmmsize, and of conf as the clock");
        let mut times = alternate(&[subject, self.conf.clone().subject()], runs)?;
        let conf = times.pop().context("conf was not measured")?.best();
        let times = times.pop().context("nothing was measured")?;
        let row = Row {
            what,
            ours: best(&times),
            theirs: format!("conf {conf:.0} ms"),
            ratio: format!(
                "{:.1} × conf, {:.1} s of processor time",
                times.best() / conf,
                times.best_cpu() / 1000.0
            ),
            kept: Some(times.best() < limit * 1000.0 * slower(conf)),
            promise,
        };
        Ok((row, times))
    }
}

/// How much slower a machine is on which `conf` needs so many milliseconds; never less than 1.
fn slower(conf: f64) -> f64 {
    (conf / THERE).max(1.0)
}

/// What the report says about it.
pub const NOTE: &str = "Promises in seconds were made where `conf` needs 370 ms for allyesconfig of x86. It runs in \
     turns with what they are about: where it needs longer, as much more is allowed.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slower_machine_has_more_time_and_a_faster_one_not_less() {
        assert!((slower(740.0) - 2.0).abs() < 1e-9);
        assert!((slower(218.0) - 1.0).abs() < 1e-9);
    }
}
