//! What a run is doing, on standard error: a bar for each running cell on a terminal, plain lines
//! otherwise (one for each step, and a sign of life every ten seconds while a cell compiles).
//!
//! Objects are counted in the cell's log, where Kbuild writes a short line for each, so counting
//! costs nothing that make would notice.

use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often logs are looked at.
const TICK: Duration = Duration::from_millis(250);
/// How often plain output gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How much is said, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A bar for each running cell.
    Bars,
    /// Plain lines.
    Lines,
    /// Nothing (`-q`).
    Silent,
}

impl Style {
    /// What suits standard error.
    pub fn detect(quiet: u8) -> Self {
        if quiet > 0 {
            Self::Silent
        } else if std::io::stderr().is_terminal() {
            Self::Bars
        } else {
            Self::Lines
        }
    }
}

/// The progress of a run.
#[derive(Debug)]
pub struct Progress {
    shared: Arc<Shared>,
    ticker: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    style: Style,
    bars: MultiProgress,
    running: Mutex<Running>,
    wake: Condvar,
}

/// What the ticker looks after.
#[derive(Debug, Default)]
struct Running {
    cells: Vec<Arc<Mutex<Active>>>,
    over: bool,
}

/// A running cell.
#[derive(Debug)]
struct Active {
    id: String,
    bar: Option<ProgressBar>,
    phase: String,
    counter: Option<Counter>,
    forecast: Option<u64>,
    since: Instant,
    spoken: Instant,
}

/// The handle of one running cell; dropping it ends its bar.
#[derive(Debug)]
pub struct CellProgress<'a> {
    progress: &'a Progress,
    active: Arc<Mutex<Active>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    /// Starts reporting.
    pub fn new(style: Style) -> Self {
        let target = match style {
            Style::Bars => ProgressDrawTarget::stderr(),
            _ => ProgressDrawTarget::hidden(),
        };
        let shared = Arc::new(Shared {
            style,
            bars: MultiProgress::with_draw_target(target),
            running: Mutex::default(),
            wake: Condvar::new(),
        });
        let for_ticker = Arc::clone(&shared);
        let ticker = (style != Style::Silent).then(|| std::thread::spawn(move || for_ticker.run()));
        Self { shared, ticker }
    }

    /// Says a line, above the bars.
    pub fn say(&self, line: &str) {
        self.shared.say(line);
    }

    /// A cell begins.
    pub fn cell(&self, id: &str) -> CellProgress<'_> {
        let bar = (self.shared.style == Style::Bars).then(|| {
            let bar = self.shared.bars.add(ProgressBar::new_spinner());
            bar.set_style(spinner());
            bar.set_prefix(id.to_owned());
            bar
        });
        let now = Instant::now();
        let active = Arc::new(Mutex::new(Active {
            id: id.to_owned(),
            bar,
            phase: String::new(),
            counter: None,
            forecast: None,
            since: now,
            spoken: now,
        }));
        lock(&self.shared.running).cells.push(Arc::clone(&active));
        CellProgress { progress: self, active }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        lock(&self.shared.running).over = true;
        self.shared.wake.notify_all();
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
        let _ = self.shared.bars.clear();
    }
}

impl CellProgress<'_> {
    /// The cell does something whose steps cannot be counted.
    pub fn phase(&self, phase: &str) {
        let mut active = lock(&self.active);
        active.counter = None;
        active.enter(phase);
        if let Some(bar) = &active.bar {
            bar.set_style(spinner());
        }
        self.announce(&active.id, phase);
    }

    /// The cell compiles: objects are counted in `log` from its present end on, of which `forecast` are
    /// expected; `about` says more of what is.
    pub fn compile(&self, log: &Path, forecast: Option<u64>, about: &str) {
        let mut active = lock(&self.active);
        active.counter = Some(Counter::at_end(log));
        active.forecast = forecast;
        active.enter("compile");
        if let (Some(bar), Some(forecast)) = (&active.bar, forecast) {
            bar.reset();
            bar.set_length(forecast);
            bar.set_style(counted());
        }
        self.announce(&active.id, &format!("compile: {about}"));
    }

    /// What a bar shows, as a line where there are no bars.
    fn announce(&self, id: &str, what: &str) {
        if self.progress.shared.style == Style::Lines {
            self.progress.say(&format!("{id}: {what}"));
        }
    }

    /// Objects compiled since [`CellProgress::compile`].
    pub fn objects(&self) -> u64 {
        let mut active = lock(&self.active);
        active.counter.as_mut().map_or(0, |counter| {
            counter.poll(usize::MAX);
            counter.objects
        })
    }
}

impl Drop for CellProgress<'_> {
    fn drop(&mut self) {
        lock(&self.progress.shared.running).cells.retain(|a| !Arc::ptr_eq(a, &self.active));
        if let Some(bar) = &lock(&self.active).bar {
            bar.finish_and_clear();
        }
    }
}

impl Shared {
    fn say(&self, line: &str) {
        match self.style {
            Style::Silent => {}
            Style::Lines => crate::exit::say(&line),
            Style::Bars => self.bars.suspend(|| crate::exit::say(&line)),
        }
    }

    fn run(&self) {
        let mut running = lock(&self.running);
        while !running.over {
            let cells = running.cells.clone();
            drop(running);
            for cell in cells {
                let line = lock(&cell).tick();
                if let (Some(line), Style::Lines) = (line, self.style) {
                    self.say(&line);
                }
            }
            let waited = self.wake.wait_timeout(lock(&self.running), TICK);
            running = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Active {
    fn enter(&mut self, phase: &str) {
        phase.clone_into(&mut self.phase);
        self.since = Instant::now();
        self.spoken = self.since;
        if let Some(bar) = &self.bar {
            bar.set_message(self.phase.clone());
        }
    }

    /// Brings the count up to date; the line to say, if it is time for one.
    fn tick(&mut self) -> Option<String> {
        if let Some(counter) = &mut self.counter {
            counter.poll(1 << 20);
            if let Some(bar) = &self.bar {
                bar.set_position(counter.objects);
                bar.set_message(counter.last.clone());
            }
        }
        if let Some(bar) = &self.bar {
            bar.tick();
        }
        if self.spoken.elapsed() < HEARTBEAT {
            return None;
        }
        self.spoken = Instant::now();
        let running = self.since.elapsed();
        let Some(counter) = &self.counter else {
            return Some(format!("{}: {}, {} so far", self.id, self.phase, duration(running)));
        };
        let left = self.forecast.and_then(|all| remaining(counter.objects, all, running));
        let of = self.forecast.map_or(String::new(), |all| format!(" of about {all}"));
        let left = left.map_or(String::new(), |left| format!(", about {} left", duration(left)));
        Some(format!("{}: {}{of} objects in {}{left}", self.id, counter.objects, duration(running)))
    }
}

/// The time that is left at the pace so far; nothing before there is a pace.
fn remaining(done: u64, all: u64, so_far: Duration) -> Option<Duration> {
    (done >= 10 && done < all).then(|| so_far.mul_f64((all - done) as f64 / done as f64))
}

/// `48 s`, `3 min 05 s`, `1 h 48 min`.
pub fn duration(time: Duration) -> String {
    let s = time.as_secs();
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

/// Why a cell was ended at its `--timeout` while it was `doing` something.
pub fn late(timeout: Option<Duration>, doing: &str) -> String {
    format!(
        "not finished after {} (--timeout), while {doing}",
        duration(timeout.unwrap_or_default())
    )
}

fn spinner() -> ProgressStyle {
    style("{prefix:.bold} {spinner} {wide_msg} {elapsed}")
}

fn counted() -> ProgressStyle {
    style("{prefix:.bold} [{bar:16}] {pos}/{len} {wide_msg} {eta} left")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// Counts objects in a log that grows.
#[derive(Debug)]
struct Counter {
    path: PathBuf,
    offset: u64,
    /// The start of a line whose end is not written yet.
    rest: Vec<u8>,
    objects: u64,
    last: String,
}

impl Counter {
    fn at_end(path: &Path) -> Self {
        let offset = std::fs::metadata(path).map_or(0, |m| m.len());
        Self { path: path.to_owned(), offset, rest: Vec::new(), objects: 0, last: String::new() }
    }

    /// Reads at most `limit` new bytes.
    fn poll(&mut self, limit: usize) {
        let Ok(mut file) = File::open(&self.path) else { return };
        if file.seek(SeekFrom::Start(self.offset)).is_err() {
            return;
        }
        let mut chunk = vec![0; 1 << 16];
        let mut left = limit;
        while left > 0 {
            let Ok(n @ 1..) = file.read(&mut chunk) else { return };
            self.offset += n as u64;
            left = left.saturating_sub(n);
            self.feed(&chunk[..n]);
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|&b| b == b'\n') {
            if self.rest.len() < 4096 {
                self.rest.extend_from_slice(part);
            }
            if part.last() == Some(&b'\n') {
                if let Some(object) = object_of_line(&self.rest) {
                    self.objects += 1;
                    self.last = object;
                }
                self.rest.clear();
            }
        }
    }
}

/// The object that a line of Kbuild's short output says is being compiled for the target:
/// `  CC      mm/hmm.o`, `  CC [M]  fs/x.o`, `  AS      …`. Tools for the host do not count.
pub fn object_of_line(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix("  ")?;
    let (tool, rest) = line.split_once(' ')?;
    let rest = rest.trim_start();
    let object = rest.strip_prefix("[M]").unwrap_or(rest).trim();
    let is_object = Path::new(object).extension().is_some_and(|e| e == "o");
    (matches!(tool, "CC" | "AS" | "RUSTC") && is_object).then(|| object.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kbuild_lines_are_told_apart() {
        let object = |line: &str| object_of_line(line.as_bytes());
        assert_eq!(object("  CC      mm/hmm.o\n").as_deref(), Some("mm/hmm.o"));
        assert_eq!(object("  CC [M]  lib/test_hmm.o\n").as_deref(), Some("lib/test_hmm.o"));
        assert_eq!(object("  AS      arch/x86/lib/x.o\n").as_deref(), Some("arch/x86/lib/x.o"));
        for other in [
            "  HOSTCC  scripts/basic/fixdep\n",
            "  CC      kernel/bounds.s\n",
            "  AR      mm/built-in.a\n",
            "  LD      vmlinux\n",
            "CC mm/hmm.o\n",
            "\n",
        ] {
            assert_eq!(object(other), None, "{other}");
        }
    }

    #[test]
    fn a_growing_log_is_counted_across_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        std::fs::write(&log, "  CC      old.o\n").unwrap();
        let mut counter = Counter::at_end(&log);
        let append = |text: &str| {
            use std::io::Write;
            let mut file = File::options().append(true).open(&log).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("  CC      a.o\n  CC  ");
        counter.poll(usize::MAX);
        assert_eq!((counter.objects, counter.last.as_str()), (1, "a.o"));
        append("    b.o\nwarning\n  AS      c.o\n");
        counter.poll(usize::MAX);
        assert_eq!((counter.objects, counter.last.as_str()), (3, "c.o"));
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(duration(Duration::from_secs(48)), "48 s");
        assert_eq!(duration(Duration::from_secs(185)), "3 min 05 s");
        assert_eq!(duration(Duration::from_secs(6480)), "1 h 48 min");
        assert_eq!(remaining(5, 100, Duration::from_secs(1)), None);
        assert_eq!(remaining(50, 100, Duration::from_secs(10)), Some(Duration::from_secs(10)));
        assert_eq!(remaining(120, 100, Duration::from_secs(10)), None);
    }

    #[test]
    fn a_cell_that_begins_and_ends_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let progress = Progress::new(Style::Silent);
        let cell = progress.cell("arm/with");
        cell.phase("configure");
        cell.compile(&log, Some(2), "about 2 objects");
        std::fs::write(&log, "  CC      a.o\n").unwrap();
        assert_eq!(cell.objects(), 1);
        drop(cell);
        assert!(lock(&progress.shared.running).cells.is_empty());
    }
}
