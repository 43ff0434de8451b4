//! `--noise`: how much a size moves although nothing that matters has changed.
//!
//! The cell is built again in another place and with a longer host name in the version string
//! (1, 17 and 64 bytes more), which shifts what follows it in `.rodata` and with it the padding.
//! What these builds differ by, among each other and from the cell itself, is noise: a difference
//! between two cells that is no larger means nothing.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Instant;

use super::cell::Context;
use super::outputs;
use super::plan::CellPlan;
use super::process::{Command, Ended};
use super::progress::{self, CellProgress};
use super::shims;
use super::state;
use crate::exit::{Error, Result};
use crate::model::run::{Cell, Measured, Target};

/// How many bytes the version string grows by. The kernel limits the release (`uname -r`) to 64
/// bytes, but not the name of the host it was built on.
const EXTRA: [usize; 3] = [1, 17, 64];
/// What says on which host the kernel was built.
const HOST: &str = "KBUILD_BUILD_HOST";

/// The spread of several measurements of one cell, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Of the size, as `size` counts it.
    pub size: u64,
    /// Of the payload, where every build has one of the same kind.
    pub payload: Option<u64>,
}

impl Spread {
    /// Of these measurements.
    pub fn of(all: &[Measured]) -> Self {
        let size = spread(all.iter().map(|m| m.size.dec())).unwrap_or(0);
        let kinds: Option<Vec<_>> = all.iter().map(|m| m.payload).collect();
        let payload = kinds.filter(|p| p.windows(2).all(|pair| pair[0].kind == pair[1].kind));
        let payload = payload.and_then(|p| spread(p.iter().map(|payload| payload.bytes)));
        Self { size, payload }
    }

    /// What a difference has to exceed: of the payload where there is one, since that is what
    /// verdicts rest on.
    pub fn bytes(self) -> u64 {
        self.payload.unwrap_or(self.size)
    }
}

fn spread(values: impl Iterator<Item = u64> + Clone) -> Option<u64> {
    Some(values.clone().max()? - values.min()?)
}

/// Whether noise can be measured on this target: only what is linked has a version string.
pub fn applies(target: &Target) -> bool {
    matches!(target, Target::Vmlinux | Target::Image)
}

/// Builds `cell`, which is finished as `record`, again and again.
pub fn measure(context: &Context, cell: &CellPlan, record: &Cell) -> Result<Spread> {
    let home = context.out.cell_dir(&cell.id)?;
    // Another path, and a longer one.
    let dir = home.join("noise-in-another-place");
    let _ = fs::remove_dir_all(&dir);
    let progress = context.progress.cell(&cell.id);
    let result = rebuild(context, cell, record, &home, &dir, &progress);
    // Only the number is kept: the tree is as large as the cell's own.
    let _ = fs::remove_dir_all(&dir);
    result
}

fn rebuild(
    context: &Context,
    cell: &CellPlan,
    record: &Cell,
    home: &Path,
    dir: &Path,
    cell_progress: &CellProgress,
) -> Result<Spread> {
    let toolchain = cell.toolchain.as_ref().map_err(|m| Error::Cell(m.reason.clone()))?;
    let mut all: Vec<Measured> = record.measured.iter().cloned().collect();
    for (index, extra) in EXTRA.into_iter().enumerate() {
        fs::create_dir_all(dir).map_err(|e| Error::io(dir, e))?;
        if index == 0 {
            let config = home.join(".config");
            let text = fs::read(&config).map_err(|e| Error::io(&config, e))?;
            state::write_whole(&dir.join(".config"), &text)?;
        }
        let log = home.join("noise.log");
        cell_progress.compile(&log, record.objects, "again, for the noise");
        cell_progress.phase(&format!("noise: {extra} bytes more"));
        let mut elsewhere = cell.clone();
        dir.clone_into(&mut elsewhere.build_dir);
        let mut make = elsewhere.make(&[]).map_err(|missing| Error::Cell(missing.reason))?;
        perturb(&mut make, extra);
        make.log = Some(log.clone());
        // As long as the cell itself may take, each.
        make.deadline = context.timeout.map(|timeout| Instant::now() + timeout);
        let ccache = toolchain.launcher();
        shims::apply(&home.join(".tools"), &mut make, &toolchain.words, ccache)?;
        make.argv.push("vmlinux".into());
        let done = context.runner.run(&make)?;
        if done.ended == Ended::TimedOut {
            return Err(Error::Cell(progress::late(context.timeout, "measuring the noise")));
        }
        if !done.ok() {
            let reason = super::firsterror::first_error(&log, &cell.source.tree);
            return Err(Error::Cell(reason.unwrap_or_else(|| format!("make {}", done.how()))));
        }
        all.push((context.measure)(&outputs::find(&Target::Vmlinux, dir, None, true)?)?);
    }
    Ok(Spread::of(&all))
}

fn perturb(make: &mut Command, extra: usize) {
    let mut host = make.env.get(OsStr::new(HOST)).cloned().unwrap_or_default();
    host.push("x".repeat(extra));
    make.env.insert(HOST.into(), host);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::size::{Berkeley, Payload, PayloadKind};

    fn measured(text: u64, payload: Option<(u64, PayloadKind)>) -> Measured {
        Measured {
            size: Berkeley { text, data: 0, bss: 0 },
            payload: payload.map(|(bytes, kind)| Payload { bytes, kind }),
            ..Measured::default()
        }
    }

    #[test]
    fn the_spread_is_between_the_extremes() {
        let map = |bytes| Some((bytes, PayloadKind::Map));
        let all = [measured(4096, map(100)), measured(4096, map(101)), measured(8192, map(164))];
        let found = Spread::of(&all);
        assert_eq!(found, Spread { size: 4096, payload: Some(64) });
        assert_eq!(found.bytes(), 64);
    }

    #[test]
    fn payloads_of_different_kinds_are_not_mixed() {
        let all = [
            measured(10, Some((5, PayloadKind::Map))),
            measured(12, Some((900, PayloadKind::Estimated))),
        ];
        assert_eq!(Spread::of(&all), Spread { size: 2, payload: None });
        assert_eq!(Spread::of(&[measured(10, None)]).bytes(), 0);
    }

    #[test]
    fn the_version_string_grows() {
        let mut make = Command::new(["make"]).env(HOST, "hmmsize");
        perturb(&mut make, 2);
        assert_eq!(make.env[OsStr::new(HOST)], "hmmsizexx");
    }
}
