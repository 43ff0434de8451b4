//! `cargo xtask bench --check`: how many instructions each command takes, against a committed baseline.
//!
//! Times of a shared machine say nothing about a few percent; instructions do. They are valgrind's
//! (`cachegrind` without caches), of one thread on one processor in an empty environment, so that two runs
//! of one program differ by about a thousandth. Another compiler or C library makes other
//! instructions of the same source: then nothing is compared. What a program starts is not counted.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::inputs::{self, INPUTS, Input};
use crate::process::{output, shown, which};

/// The committed counts.
const BASELINE: &str = "reports/instructions.json";
/// A count may grow by this part of what it was.
const LIMIT: f64 = 0.05;

/// The cache of lines that are to find what they keep there.
const WARM: &str = "cache-warm";

/// A command line that is counted.
struct Line {
    words: &'static str,
    needs: &'static [Input],
    /// How it ends.
    code: i32,
    /// What it keeps in the cache is there already.
    warm: bool,
}

const fn line(words: &'static str, needs: &'static [Input]) -> Line {
    Line { words, needs, code: 0, warm: false }
}

const DEBIAN: &[Input] = &[Input::Debian];
const LINUX: &[Input] = &[Input::Linux];
const TREE: &[Input] = &[Input::Tree];
const SMALL: &[Input] = &[Input::Small];
const MANY: &[Input] = &[Input::Many];

/// What is counted: of each command what it is mostly used for, on the largest input that takes seconds.
static LINES: &[Line] = &[
    line("--version", &[]),
    line("compare --format berkeley generic cloud", DEBIAN),
    line("compare --by class generic cloud", DEBIAN),
    line("compare --by symbol generic cloud", DEBIAN),
    line("compare --by unit generic cloud", DEBIAN),
    line("compare --by inline generic cloud", DEBIAN),
    line("compare small/run.json", SMALL),
    line("compare many.json", MANY),
    line(
        "compare --by option -C tree small/x86_64/tree/without/vmlinux small/x86_64/tree/with/vmlinux",
        SMALL,
    ),
    line("gate many.json", MANY),
    line("config -C linux --arch x86 --probe=never allyesconfig -o config", LINUX),
    line("config -C linux --arch all --probe=never allyesconfig -o configs", LINUX),
    line(
        "config why ZONE_DEVICE=y -C linux --arch x86_64 --config tinyconfig --probe=never",
        LINUX,
    ),
    line(
        "lint -C linux --deny never --format summary --rule K001,K002,K003,K004,K005,K006,K009",
        LINUX,
    ),
    line("lint -C linux --deny never --format summary --rule unmet-select --arch x86", LINUX),
    line("lint -C tree --deny never", TREE),
    line("lint -C tree --deny never --gating", TREE),
    line("lint -C tree --deny never --diff HEAD", TREE),
    line("explain -C tree CONFIG_ZONE_DEVICE", TREE),
    Line { warm: true, ..line("explain -C linux CONFIG_ZONE_DEVICE", LINUX) },
    Line { warm: true, ..line("explain -C linux put_page", LINUX) },
    line("audit --option ZONE_DEVICE -C tree small/run.json", SMALL),
    line("cost small/run.json -C tree", SMALL),
    line("report many.json -o report.html", MANY),
    line("diffconfig small/x86_64/tree/without/.config small/x86_64/tree/with/.config", SMALL),
    line("plan -C tree --arch x86_64 --option ZONE_DEVICE --format github", TREE),
    line(
        "merge part-0.json part-1.json part-2.json part-3.json part-4.json part-5.json part-6.json \
         part-7.json part-8.json part-9.json -o merged.json",
        MANY,
    ),
];

/// Counts, prints the table and fails if a count has grown; with `save`, counts twice and writes the
/// baseline.
///
/// # Errors
///
/// When a command fails, a count has grown by more than [`LIMIT`], or nothing can be compared.
pub fn run(program: &Path, linux: &Path, save: bool) -> Result<()> {
    ensure!(which("valgrind").is_some(), "valgrind is not on PATH (package valgrind)");
    let place = inputs::place()?;
    let inputs = inputs::make(&place, program, linux)?;
    // Another build meanwhile must not replace it.
    let own = place.join("hmmsize");
    fs::copy(program, &own).with_context(|| program.display().to_string())?;
    let program = &own;
    let made_by = made_by()?;
    let now = counts(program, &place)?;
    let file = crate::root().join(BASELINE);
    let before: Value = match fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).context(BASELINE)?,
        Err(_) => Value::Null,
    };
    let mut rows = Vec::new();
    let same_makers = before["made_by"] == Value::Object(made_by.clone());
    for (line, now) in LINES.iter().zip(&now) {
        let known = before["instructions"][line.words].as_u64();
        let same = |(input, name): &(Input, &str)| {
            !line.needs.contains(input) || before["inputs"][*name] == inputs[*name]
        };
        let comparable = same_makers && INPUTS.iter().all(same);
        rows.push((line.words, *now, known, verdict(known, *now, comparable)));
    }
    println!("{}", table(&rows));
    for (what, value) in &made_by {
        if before["made_by"][what] != *value && !before.is_null() {
            println!("not comparable: {what} was {}, is {value}", before["made_by"][what]);
        }
    }
    for (what, value) in &inputs {
        if before["inputs"][what] != *value && !before.is_null() {
            println!("not comparable: input {what} was {}, is {value}", before["inputs"][what]);
        }
    }
    if save {
        let again = counts(program, &place)?;
        let spread = spread(&now, &again);
        let counts: Map<String, Value> =
            LINES.iter().zip(&now).map(|(line, now)| (line.words.to_owned(), json!(now))).collect();
        let spread_percent = (spread * 1e5).ceil() / 1e3;
        let text = serde_json::to_string_pretty(&json!({
            "schema": 1, "made_by": made_by, "inputs": inputs,
            "spread_of_two_runs_percent": spread_percent, "instructions": counts,
        }))?;
        fs::write(&file, text + "\n")?;
        eprintln!("xtask: written to {BASELINE}; two runs differ by {spread_percent} % at most");
        ensure!(spread < LIMIT / 10.0, "two runs of one program differ by too much");
        return Ok(());
    }
    judge(&rows)
}

/// What is said of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Within the limit.
    Fine,
    Grew,
    /// By more than the limit: the baseline ought to be recorded again, so that it can't grow back.
    Shrank,
    /// It is not in the baseline.
    New,
    /// That was counted of something else.
    NotComparable,
}

/// Whether a count has grown by more than [`LIMIT`].
fn verdict(known: Option<u64>, now: u64, comparable: bool) -> Verdict {
    let Some(known) = known else { return Verdict::New };
    let change = now as f64 - known as f64;
    match () {
        () if !comparable => Verdict::NotComparable,
        () if change > known as f64 * LIMIT => Verdict::Grew,
        () if change < -(known as f64) * LIMIT => Verdict::Shrank,
        () => Verdict::Fine,
    }
}

/// A command line, its count, the one before and what is said of it.
type Row = (&'static str, u64, Option<u64>, Verdict);

/// Fails if a count has grown, or if no more than half of them could be compared.
fn judge(rows: &[Row]) -> Result<()> {
    let count = |verdict: Verdict| rows.iter().filter(|row| row.3 == verdict).count();
    let grown: Vec<&str> =
        rows.iter().filter(|row| row.3 == Verdict::Grew).map(|row| row.0).collect();
    ensure!(
        grown.is_empty(),
        "{} of {} command lines take over {} % more instructions than {BASELINE} says: {}",
        grown.len(),
        rows.len(),
        LIMIT * 100.0,
        grown.join("; ")
    );
    let (new, other) = (count(Verdict::New), count(Verdict::NotComparable));
    if (new + other) * 2 > rows.len() {
        bail!(
            "{other} command lines are not comparable and {new} are new: on this machine, record \
             counts of the commit before with `cargo xtask bench --check --save`"
        );
    }
    Ok(())
}

/// The largest difference between two counts of one command line, as a part of it.
fn spread(one: &[u64], two: &[u64]) -> f64 {
    let each = one.iter().zip(two).map(|(a, b)| a.abs_diff(*b) as f64 / (*a).max(1) as f64);
    each.fold(0.0, f64::max)
}

fn table(rows: &[Row]) -> String {
    let thousands = |count: u64| format!("{:.1}", count as f64 / 1e6);
    let mut text = String::from(
        "| command | million instructions, baseline | now | change | verdict |\n|---|---:|---:|---:|---|\n",
    );
    for (words, now, known, verdict) in rows {
        let change = known.map(|known| 100.0 * (*now as f64 / known.max(1) as f64 - 1.0));
        let change = change.map_or(String::new(), |change| format!("{change:+.1} %"));
        let verdict = match verdict {
            Verdict::Fine => "fine",
            Verdict::Grew => "**grew**",
            Verdict::Shrank => "less: record it",
            Verdict::New => "new: record it",
            Verdict::NotComparable => "not comparable",
        };
        let known = known.map_or(String::new(), thousands);
        let _ =
            writeln!(text, "| `{words}` | {known} | {} | {change} | {verdict} |", thousands(*now));
    }
    text
}

/// What makes the instructions, besides the source.
fn made_by() -> Result<Map<String, Value>> {
    let is_profile = |name: &str| {
        name.starts_with("CARGO_PROFILE_RELEASE_")
            || name.ends_with("RUSTFLAGS")
            || name == "CARGO_INCREMENTAL"
    };
    let mut profile: Vec<String> = std::env::vars()
        .filter(|(name, _)| is_profile(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    profile.sort();
    // What valgrind offers to the C library, which has functions for each.
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = cpus.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has: Vec<&str> = flags
        .split_whitespace()
        .filter(|flag| ["avx2", "bmi2", "erms", "fsrm"].contains(flag))
        .collect();
    let pairs = [
        ("rustc", inputs::version("rustc")?),
        ("profile", format!("release {}", profile.join(" ")).trim().to_owned()),
        ("libc", inputs::version("ldd")?),
        ("valgrind", inputs::version("valgrind")?),
        ("processor", format!("{} {}", std::env::consts::ARCH, has.join(" ")).trim().to_owned()),
    ];
    Ok(pairs.into_iter().map(|(what, value)| (what.to_owned(), json!(value))).collect())
}

/// Counts all lines, one on each processor at a time.
fn counts(program: &Path, place: &Path) -> Result<Vec<u64>> {
    warm(program, place)?;
    let next = Mutex::new(0..LINES.len());
    let found = Mutex::new(vec![0; LINES.len()]);
    let cpus = processors();
    let worker = |cpu: usize| -> Result<()> {
        loop {
            let at = next.lock().ok().and_then(|mut next| next.next());
            let Some(at) = at else { return Ok(()) };
            let count = count(program, place, &LINES[at], (at, cpu))
                .with_context(|| format!("hmmsize {}", LINES[at].words))?;
            if let Ok(mut found) = found.lock() {
                found[at] = count;
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = cpus.iter().map(|&cpu| scope.spawn(move || worker(cpu))).collect();
        let mut ended = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended.try_for_each(|one| one.unwrap_or_else(|_| bail!("a thread panicked")))
    })?;
    found.into_inner().ok().context("a thread panicked")
}

/// The processors that we may run on: `0-1,4`.
fn processors() -> Vec<usize> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
    };
    let all: Vec<usize> =
        list.unwrap_or("0").trim().split(',').filter_map(range).flatten().collect();
    if all.is_empty() { vec![0] } else { all }
}

/// The instructions of one run of `line`, number `at`, on processor `cpu`.
fn count(program: &Path, place: &Path, line: &Line, (at, cpu): (usize, usize)) -> Result<u64> {
    let start = Instant::now();
    let cache = place.join(if line.warm { WARM.to_owned() } else { format!("cache-{at:02}") });
    if !line.warm && cache.exists() {
        fs::remove_dir_all(&cache)?;
    }
    let log = place.join(format!("log-{at:02}"));
    let log_file = format!("--log-file={}", log.display());
    let valgrind = which("valgrind").context("valgrind")?;
    let mut made = bare("taskset", place, &cache);
    // One processor: a program that asks how many there are is told one, too.
    made.args(["-c", &cpu.to_string()]).arg(valgrind).arg(log_file);
    made.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    made.arg(program).args(line.words.split_whitespace());
    let ended = made.output().with_context(|| format!("cannot start {}", shown(&made)))?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.code() == Some(line.code), "{}\n{said}", ended.status);
    let text = fs::read_to_string(&log)?;
    eprintln!("xtask: {:5.1} s: {}", start.elapsed().as_secs_f64(), line.words);
    total(&text).with_context(|| format!("valgrind says no number of instructions:\n{text}"))
}

/// Makes the cache of the lines that find one.
fn warm(program: &Path, place: &Path) -> Result<()> {
    let cache = place.join(WARM);
    let Some(line) = LINES.iter().find(|line| line.warm && !cache.exists()) else { return Ok(()) };
    let mut made = bare(program, place, &cache);
    output(made.args(line.words.split_whitespace()).env_remove("RAYON_NUM_THREADS"))?;
    Ok(())
}

/// A command with one thread, an empty environment and `cache`, in `place`.
fn bare(program: impl AsRef<OsStr>, place: &Path, cache: &Path) -> Command {
    let mut made = Command::new(program);
    made.current_dir(place).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    made.env("PATH", "/usr/bin:/bin").env("HOME", "/nonexistent").env("LC_ALL", "C.UTF-8");
    made.env("HMMSIZE_CACHE", cache).env("COLUMNS", "100").env("RAYON_NUM_THREADS", "1");
    made
}

/// The total in what cachegrind writes: `==123== I   refs:      656,799,968`.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| {
        let (before, count) = line.split_once("refs:")?;
        before.trim().ends_with(" I").then_some(count)
    })?;
    line.trim().replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_percent_more_is_too_much() {
        assert_eq!(verdict(Some(1000), 1050, true), Verdict::Fine);
        assert_eq!(verdict(Some(1000), 1051, true), Verdict::Grew);
        assert_eq!(verdict(Some(1000), 950, true), Verdict::Fine);
        assert_eq!(verdict(Some(1000), 949, true), Verdict::Shrank);
        assert_eq!(verdict(Some(1000), 1051, false), Verdict::NotComparable);
        assert_eq!(verdict(None, 1, true), Verdict::New);
        let row = |verdict| ("compare", 1051, Some(1000), verdict);
        let said = judge(&[row(Verdict::Fine), row(Verdict::Grew)]).unwrap_err().to_string();
        assert!(said.contains("1 of 2") && said.ends_with(": compare"), "{said}");
        judge(&[row(Verdict::Fine), row(Verdict::Shrank), row(Verdict::New)]).unwrap();
        // What compares nothing has checked nothing.
        judge(&[row(Verdict::Fine), row(Verdict::NotComparable), row(Verdict::New)]).unwrap_err();
        let text = table(&[row(Verdict::Grew)]);
        assert!(text.ends_with("| `compare` | 0.0 | 0.0 | +5.1 % | **grew** |\n"), "{text}");
    }

    #[test]
    fn a_total_is_read_of_what_valgrind_writes() {
        let text = "==7== Cachegrind, a cache profiler\n==7== \n==7== I   refs:      656,799,968\n";
        assert_eq!(total(text), Some(656_799_968));
        assert_eq!(total("==7== I refs:  12\n"), Some(12));
        assert_eq!(total("==7== LLi refs: 5\n"), None);
        assert!((spread(&[1000, 2000], &[1001, 2000]) - 0.001).abs() < 1e-9);
    }

    #[test]
    fn every_command_is_counted() {
        assert!(!processors().is_empty());
        for name in [
            "compare",
            "gate",
            "config",
            "lint",
            "explain",
            "audit",
            "cost",
            "report",
            "diffconfig",
            "plan",
            "merge",
        ] {
            assert!(LINES.iter().any(|line| line.words.starts_with(name)), "{name}");
        }
    }
}
