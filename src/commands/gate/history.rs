//! `gate --record`: one line of JSON for each judged run, appended to a file that is never rewritten.
//!
//! A line is written by one call, at the end of the file and under a lock, so that two gates that finish
//! at the same time make two whole lines. A last line that was cut off stays as it is, on its own.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::SystemTime;

use nix::fcntl::{Flock, FlockArg};
use rustc_hash::FxHashMap;

use super::subject::Subject;
use crate::analyze::cells::Cells;
use crate::analyze::pairs::{Head, Side};
use crate::exit::{Error, Result};
use crate::model::history::{Entry, KIND, Point, SCHEMA};
use crate::model::policy::Date;
use crate::model::run::SourceInfo;
use crate::model::verdict::Verdict;

/// Appends what `heads` measured, and what it came to, to `file`.
pub fn append(
    file: &Path,
    subject: &Subject,
    heads: &[Head],
    verdict: &Verdict,
    today: Option<&str>,
) -> Result<()> {
    let entry = Entry {
        schema: SCHEMA,
        kind: KIND.to_owned(),
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        time: today.map_or_else(now, |day| format!("{day}T00:00:00Z")),
        subject: subject.name.clone(),
        outcome: verdict.outcome,
        cells: points(subject, heads),
    };
    let mut line = serde_json::to_vec(&entry).expect("plain data");
    line.push(b'\n');
    let failed = |err| Error::io(file, err);
    let open = File::options().read(true).append(true).create(true).open(file).map_err(failed)?;
    let mut open = Flock::lock(open, FlockArg::LockExclusive)
        .map_err(|(_, errno)| failed(std::io::Error::from(errno)))?;
    let mut last = [b'\n'];
    if open.metadata().map_err(failed)?.len() > 0 {
        open.seek(SeekFrom::End(-1)).and_then(|_| open.read_exact(&mut last)).map_err(failed)?;
    }
    if last != [b'\n'] {
        line.insert(0, b'\n');
    }
    open.write_all(&line).map_err(failed)
}

/// What cells measured; nothing of one that was not.
fn points(subject: &Subject, heads: &[Head]) -> Vec<Point> {
    let mut sources: FxHashMap<String, &SourceInfo> = FxHashMap::default();
    if let Some(run) = subject.run() {
        let cells = Cells::of(run);
        for cell in &run.cells {
            sources.entry(cells.name(cell)).or_insert(&cell.source);
        }
    }
    let mut named: FxHashMap<String, usize> = FxHashMap::default();
    for head in heads {
        *named.entry(head.record.name()).or_default() += 1;
    }
    let is_measured = |head: &&Head| matches!(head.side, Side::Measured { .. });
    let point = |head: &Head| {
        let name = head.record.name();
        point(head, sources.get(&head.cell).copied(), named.get(&name).is_some_and(|&n| n > 1))
    };
    heads.iter().filter(is_measured).map(point).collect()
}

/// What one of them measured. `shared`: another has the same name.
fn point(head: &Head, source: Option<&SourceInfo>, shared: bool) -> Point {
    let record = &head.record;
    let revision = source.and_then(|source| {
        let commit = source.revision.as_ref().map(|revision| revision.abbrev.clone());
        commit.or_else(|| source.kernel.clone())
    });
    // The name in the verdict may have the source in it, which is another one in each run.
    let mut cell = record.name();
    if shared && let Some(config) = &record.base_config {
        cell = format!("{cell} {config}");
    }
    Point {
        cell,
        arch: record.arch.clone(),
        variant: record.variant.clone(),
        target: record.target.clone(),
        source: source.map(|source| source.label.clone()),
        revision,
        compiler: record.compiler.clone(),
        size: record.size,
        payload: record.payload,
        noise: record.noise,
    }
}

/// The time in UTC to the second, `2026-11-28T01:15:00Z`.
fn now() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    let (day, rest) = (Date::from_unix(seconds), seconds % 86_400);
    format!("{day}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}
