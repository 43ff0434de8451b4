//! Holds what two programs made of one job against each other, and runs many jobs at once.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Result;

use super::side::{Job, Outcome, Target, tempdir};
use crate::process::command;

/// How many lines of a difference are shown.
const SHOWN: usize = 24;

/// A job whose outcomes are not the same.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What differs, in one line.
    pub what: String,
    /// The first lines of a unified diff.
    pub diff: String,
}

/// Whether `ours` is what `theirs` is.
pub fn compare(job: &Job, theirs: &Outcome, ours: &Outcome) -> Result<Option<Difference>> {
    let difference = |what: &str, theirs: &[u8], ours: &[u8]| -> Result<Option<Difference>> {
        Ok(Some(Difference { what: what.to_owned(), diff: diff(theirs, ours)? }))
    };
    if theirs.code != ours.code {
        let what = format!("exit code {:?}, ours {:?}", theirs.code, ours.code);
        return difference(&what, &theirs.stderr, &ours.stderr);
    }
    if theirs.config != ours.config {
        return match (&theirs.config, &ours.config) {
            (Some(theirs), Some(ours)) => difference("the configuration", theirs, ours),
            (theirs, _) => {
                let what =
                    if theirs.is_some() { "we wrote nothing" } else { "only we wrote something" };
                difference(what, b"", &ours.stderr)
            }
        };
    }
    // conf evaluates a random configuration of ours without the warnings of making it.
    if !matches!(job.target, Target::Random(_)) && theirs.stderr != ours.stderr {
        return difference("standard error", &theirs.stderr, &ours.stderr);
    }
    if job.target.prints() && theirs.stdout != ours.stdout {
        return difference("standard output", &theirs.stdout, &ours.stdout);
    }
    Ok(None)
}

/// The first lines of `diff -u`.
fn diff(theirs: &[u8], ours: &[u8]) -> Result<String> {
    let dir = tempdir()?;
    fs::write(dir.0.join("conf"), theirs)?;
    fs::write(dir.0.join("hmmsize"), ours)?;
    let output = command("diff")
        .current_dir(&dir.0)
        .args(["-u", "--text", "--label", "conf", "--label", "hmmsize", "conf", "hmmsize"])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().take(SHOWN).collect();
    Ok(lines.join("\n"))
}

/// Calls `work` for every number below `count`, on so many threads or one a processor; the results in
/// order.
pub fn in_parallel<T: Send>(
    threads: Option<usize>,
    count: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let processors = || thread::available_parallelism().map_or(2, usize::from);
    let workers = threads.unwrap_or_else(processors).max(1);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        break;
                    }
                    let result = work(at);
                    // The first error ends the others soon.
                    if result.is_err() {
                        next.store(count, Ordering::Relaxed);
                    }
                    if let Ok(mut results) = results.lock() {
                        results.push((at, result));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(target: Target) -> Job {
        Job {
            arch: 0,
            kind: "x",
            name: "x".into(),
            target,
            config: None,
            fragment: None,
            env: Vec::new(),
        }
    }

    fn outcome(code: i32, config: &str, stderr: &str) -> Outcome {
        Outcome {
            code: Some(code),
            config: Some(config.into()),
            stdout: Vec::new(),
            stderr: stderr.into(),
        }
    }

    #[test]
    fn every_difference_is_seen() {
        let plain = job(Target::Plain("olddefconfig"));
        let same = outcome(0, "CONFIG_A=y\n", "");
        assert!(compare(&plain, &same, &outcome(0, "CONFIG_A=y\n", "")).unwrap().is_none());
        for other in [
            outcome(1, "CONFIG_A=y\n", ""),
            outcome(0, "CONFIG_A=y", ""),
            outcome(0, "CONFIG_A=y\n", "warning\n"),
            Outcome { config: None, ..outcome(0, "", "") },
        ] {
            assert!(compare(&plain, &same, &other).unwrap().is_some(), "{other:?}");
            assert!(compare(&plain, &other, &same).unwrap().is_some(), "{other:?}");
        }
        let found = compare(&plain, &same, &outcome(0, "CONFIG_A=m\n", "")).unwrap().unwrap();
        assert!(found.diff.contains("-CONFIG_A=y\n+CONFIG_A=m"), "{}", found.diff);
    }

    #[test]
    fn all_work_is_done_in_order() {
        let squares = in_parallel(None, 100, |at| Ok(at * at)).unwrap();
        assert_eq!(squares, (0..100).map(|at| at * at).collect::<Vec<_>>());
        assert!(
            in_parallel(None, 100, |at| if at == 50 { anyhow::bail!("50") } else { Ok(at) })
                .is_err()
        );
    }
}
