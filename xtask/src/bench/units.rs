//! What debug information costs: `compare --by unit` and `--by inline` of two kernels against what bloaty takes
//! for the compile units of one.
//!
//! Debian 12 has no bloaty. Where it is not on PATH, its time is the one that was measured on this project's
//! machine when that was idle; then the ratio is told, and not judged.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Row, best, subject};
use crate::measure::{alternate, anonymous};
use crate::process::{command, output, which};

/// `bloaty -d compileunits` of the generic kernel, idle, in milliseconds.
const BLOATY: f64 = 6900.0;
/// The most anonymous memory, in KiB.
const MEMORY: u64 = 100 * 1024;

const UNITS: [&str; 4] = ["compare", "--by", "unit", "--"];
const CODE: [&str; 5] = ["compare", "--text", "--by", "unit", "--"];
const INLINE: [&str; 4] = ["compare", "--by", "inline", "--"];

/// All rows.
pub fn rows(ours: &Path, pair: &[PathBuf; 2], few: impl Fn(usize) -> usize) -> Result<Vec<Row>> {
    eprintln!("xtask: compile units of two vmlinux: {} runs", few(10));
    let mut subjects =
        vec![subject(ours, &CODE, pair), subject(ours, &UNITS, pair), subject(ours, &INLINE, pair)];
    let has_bloaty = which("bloaty").is_some();
    if has_bloaty {
        let arguments = ["-d", "compileunits", "-n", "0"];
        subjects.push(subject(Path::new("bloaty"), &arguments, &pair[..1]));
    }
    let times = alternate(&subjects, few(if has_bloaty { 3 } else { 10 }))?;
    let theirs = times.get(3).map_or(BLOATY, crate::measure::Times::best);
    let shown = match times.get(3) {
        Some(times) => format!("bloaty, of one: {}", best(times)),
        None => format!("bloaty, of one: {BLOATY:.0} ms (recorded, idle)"),
    };
    let row = |number: usize, what, least: f64, promise| {
        let time = &times[number];
        let ratio = theirs / time.best();
        Row {
            what,
            ours: format!("{}, CPU {:.0} ms", best(time), time.best_cpu()),
            theirs: shown.clone(),
            ratio: format!("{ratio:.0} × faster, by CPU time {:.0} ×", theirs / time.best_cpu()),
            kept: has_bloaty.then_some(ratio >= least),
            promise,
        }
    };
    let mut rows = vec![
        row(0, "compile units of two vmlinux, code", 50.0, "at least 50 ×"),
        row(1, "… and every variable", 10.0, "at least 10 ×"),
    ];
    for (number, what) in [(0, "… bytes covered, code"), (1, "… bytes covered, with variables")]
    {
        rows.push(Row {
            what,
            ours: covered(ours, [&CODE[..], &UNITS[..]][number], pair)?,
            theirs: String::new(),
            ratio: String::new(),
            kept: None,
            promise: "",
        });
    }
    let inline = &times[2];
    rows.push(Row {
        what: "growth by what was inlined, two vmlinux",
        ours: format!("{}, CPU {:.0} ms", best(inline), inline.best_cpu()),
        theirs: String::new(),
        ratio: String::new(),
        kept: Some(inline.best_cpu() < 3000.0),
        promise: "under 3 s of CPU time",
    });
    for (number, what) in
        [(1, "… anonymous memory of --by unit"), (2, "… anonymous memory of --by inline")]
    {
        let memory = anonymous(&subjects[number], few(5))?;
        rows.push(Row {
            what,
            ours: format!("{:.1} MB", memory as f64 / 1024.0),
            theirs: String::new(),
            ratio: String::new(),
            kept: Some(memory < MEMORY),
            promise: "under 100 MB",
        });
    }
    Ok(rows)
}

/// The line that says how many bytes are known.
fn covered(ours: &Path, words: &[&str], pair: &[PathBuf; 2]) -> Result<String> {
    let text = output(command(ours).env("COLUMNS", "200").args(words).args(pair))?;
    let line = text.lines().find(|line| line.starts_with("it is known whose "));
    Ok(line.context("no line about coverage")?.to_owned())
}
