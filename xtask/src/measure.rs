//! How long a program takes and how much memory of its own it needs.
//!
//! Programs are run alternately, one call of each a round, so that what else the machine does meets
//! all of them alike. Beside the time that passes, which on a busy machine is also that of others, the CPU
//! time is taken. Memory is anonymous memory: pages of mapped input files can be dropped at any time and
//! are no cost. The kernel keeps no peak of it, so it is sampled while the program runs, in runs of
//! their own that are not timed. What a program starts and waits for counts as its own.

use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

use crate::process::shown;

/// A program to measure: makes the command anew for each run.
pub struct Subject {
    /// The command.
    pub command: Box<dyn Fn() -> Command>,
    /// Exit codes that mean it did its work.
    pub fine: &'static [i32],
}

/// The times of one subject.
pub struct Times(Vec<Time>);

/// How long one run took.
struct Time {
    wall: Duration,
    /// User and system.
    cpu: Duration,
    /// The most memory that was resident, mapped files included, in bytes.
    peak: u64,
}

impl Times {
    /// The shortest run, in milliseconds.
    pub fn best(&self) -> f64 {
        self.0.iter().map(|time| time.wall).min().map_or(0.0, milliseconds)
    }

    /// The least CPU time of a run, in milliseconds.
    pub fn best_cpu(&self) -> f64 {
        self.0.iter().map(|time| time.cpu).min().map_or(0.0, milliseconds)
    }

    /// The mean of all runs, in milliseconds.
    pub fn mean(&self) -> f64 {
        let sum: Duration = self.0.iter().map(|time| time.wall).sum();
        milliseconds(sum) / self.0.len().max(1) as f64
    }

    /// The most memory that was resident in any run, mapped files included, in MB.
    pub fn peak(&self) -> f64 {
        self.0.iter().map(|time| time.peak).max().unwrap_or(0) as f64 / 1e6
    }

    /// How many runs there were.
    pub fn runs(&self) -> usize {
        self.0.len()
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Runs every subject `rounds` times, alternating, after one run each that is not counted.
pub fn alternate(subjects: &[Subject], rounds: usize) -> Result<Vec<Times>> {
    let mut times: Vec<_> = subjects.iter().map(|_| Times(Vec::new())).collect();
    for round in 0..=rounds {
        // Whoever runs second may find the caches warmer: take turns.
        let order: Vec<usize> = if round % 2 == 0 {
            (0..subjects.len()).collect()
        } else {
            (0..subjects.len()).rev().collect()
        };
        for index in order {
            let subject = &subjects[index];
            let mut command = (subject.command)();
            let start = Instant::now();
            let mut child = start_silent(&mut command)?;
            let ended = child.wait4()?;
            let wall = start.elapsed();
            check(subject, &command, ended.status)?;
            if round > 0 {
                let cpu = ended.rusage.utime + ended.rusage.stime;
                let peak = ended.rusage.maxrss;
                times[index].0.push(Time { wall, cpu, peak });
            }
        }
    }
    Ok(times)
}

/// The most anonymous memory seen in `runs` runs, in KiB.
pub fn anonymous(subject: &Subject, runs: usize) -> Result<u64> {
    let mut most = 0;
    for _ in 0..runs {
        let mut command = (subject.command)();
        let mut child = start_silent(&mut command)?;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            most = most.max(of_tree(child.id()));
        };
        check(subject, &command, status)?;
    }
    Ok(most)
}

/// Anonymous memory of a process and all that it started, in KiB; 0 for one that has ended.
fn of_tree(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let file = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(file).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    rss_anon(&status).unwrap_or(0) + children.map(of_tree).sum::<u64>()
}

/// `RssAnon` of a `/proc/PID/status`, in KiB.
fn rss_anon(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// What a command prints to standard output, and its processor time in seconds.
///
/// # Errors
///
/// When it cannot be run, or fails.
pub fn output_and_cpu(command: &mut Command) -> Result<(Vec<u8>, f64)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {}", shown(command)))?;
    let mut text = Vec::new();
    child.stdout.take().context("its output")?.read_to_end(&mut text)?;
    let ended = child.wait4()?;
    if !ended.status.success() {
        bail!("`{}` failed: {}", shown(command), ended.status);
    }
    Ok((text, (ended.rusage.utime + ended.rusage.stime).as_secs_f64()))
}

fn start_silent(command: &mut Command) -> Result<Child> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().with_context(|| format!("cannot start {}", shown(command)))
}

fn check(subject: &Subject, command: &Command, status: std::process::ExitStatus) -> Result<()> {
    if !status.code().is_some_and(|code| subject.fine.contains(&code)) {
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(script: &'static str) -> Subject {
        let command = move || {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        Subject { command: Box::new(command), fine: &[0] }
    }

    #[test]
    fn the_slower_program_is_slower() {
        let subjects = [subject("sleep 0.05"), subject(":")];
        let times = alternate(&subjects, 3).unwrap();
        assert!(times[0].best() >= 50.0 && times[0].best() > times[1].best());
        assert!(times[0].mean() >= times[0].best());
        assert!(times.iter().all(|times| times.runs() == 3));
        // Sleeping takes no CPU time.
        assert!(times[0].best_cpu() > 0.0 && times[0].best_cpu() < times[0].best());
    }

    #[test]
    fn what_is_printed_comes_with_its_time() {
        let (text, seconds) = output_and_cpu(Command::new("echo").arg("one")).unwrap();
        assert!(text == b"one\n" && seconds < 1.0);
        assert!(output_and_cpu(Command::new("sh").args(["-c", "exit 3"])).is_err());
    }

    #[test]
    fn a_program_that_fails_has_no_time() {
        assert!(alternate(&[subject("exit 3")], 1).is_err());
        let accepted = Subject { fine: &[0, 3], ..subject("exit 3") };
        assert!(alternate(&[accepted], 1).is_ok());
    }

    #[test]
    fn memory_of_its_own_is_seen() {
        let text = "VmHWM:\t  100 kB\nRssAnon:\t     720 kB\nRssFile:\t 5 kB\n";
        assert_eq!(rss_anon(text), Some(720));
        assert!(anonymous(&subject("sleep 0.05"), 1).unwrap() > 0);
        let two = anonymous(&subject("sleep 0.2 & sleep 0.2; wait"), 1).unwrap();
        assert!(two > anonymous(&subject("exec sleep 0.2"), 1).unwrap());
    }
}
