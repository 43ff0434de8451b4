//! `cargo xtask fuzz`: runs the fuzz targets, keeps what they learnt, and adds up how long they ran.
//!
//! Fuzzing is worth what it was run, over many sittings, so both are kept: the corpus of each target as
//! one packed file (merged by libFuzzer to inputs of at most 200 bytes: whole files would be megabytes),
//! and a table of runs and processor time in reports/fuzz.md. It needs a nightly compiler and cargo-fuzz.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};

use wait4::Wait4;

use crate::process::{command, output, run, target_dir};

/// Arguments of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these targets [default: all]
    targets: Vec<String>,
    /// Minutes for each
    #[arg(long, value_name = "N", default_value_t = 10)]
    minutes: u64,
    /// Run the targets as they were built before
    #[arg(long)]
    built: bool,
    /// Pack the corpus again and add to reports/fuzz.md
    #[arg(long)]
    save: bool,
}

/// The largest input that is kept in the corpus, in bytes.
const KEPT: &str = "-max_len=200";
const REPORT: &str = "reports/fuzz.md";

/// What a target did in all sittings.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Sum {
    runs: u64,
    /// Seconds of processor time.
    seconds: u64,
    inputs: u64,
}

/// Runs the targets one after the other.
///
/// # Errors
///
/// When one has a finding (libFuzzer says where it wrote the input), or something is not installed.
pub fn run_targets(args: &Args) -> Result<()> {
    let dir = crate::root().join("fuzz");
    let build = target_dir().join("fuzz");
    let names = names(&dir)?;
    for name in &args.targets {
        ensure!(names.contains(name), "no target {name}; there are {}", names.join(", "));
    }
    let wanted = names.iter().filter(|name| args.targets.is_empty() || args.targets.contains(name));
    let mut make = command("cargo");
    make.args(["+nightly", "fuzz", "build", "--target-dir"]).arg(&build).current_dir(&dir);
    if !args.built {
        run(&mut make).context("needs a nightly compiler and `cargo install cargo-fuzz`")?;
    }
    let host = output(command("rustc").arg("-vV"))?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let programs = build.join(host).join("release");
    for name in wanted {
        let ran = fuzz(&dir, &build, &programs.join(name), name, args)?;
        eprintln!("xtask: fuzz: {name}: {} runs, {} s of processor time", ran.runs, ran.seconds);
        if args.save {
            add(name, ran)?;
        }
    }
    Ok(())
}

/// The targets, by their files.
fn names(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir.join("fuzz_targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|stem| Some(stem.to_str()?.to_owned())));
    }
    names.sort();
    Ok(names)
}

fn fuzz(dir: &Path, build: &Path, program: &Path, name: &str, args: &Args) -> Result<Sum> {
    let corpus = build.join("corpus").join(name);
    let found = build.join("found").join(name);
    for path in [&corpus, &found] {
        fs::create_dir_all(path).with_context(|| path.display().to_string())?;
    }
    let packed = dir.join("corpus").join(format!("{name}.tar.xz"));
    if packed.is_file() {
        let parent = corpus.parent().unwrap_or(build);
        run(command("tar").arg("-C").arg(parent).arg("-xJf").arg(&packed))?;
    }
    let seeds = dir.join("corpus").join(name);
    let log = build.join(format!("{name}.log"));
    eprintln!("xtask: fuzz: {name} for {} minutes, see {}", args.minutes, log.display());
    let mut fuzzer = command(program);
    fuzzer.arg(format!("-max_total_time={}", args.minutes * 60));
    fuzzer.args(["-timeout=5", "-rss_limit_mb=512", "-print_final_stats=1"]);
    // What has been freed is kept from use for a while, 256 MB of it: that is not the program's memory.
    fuzzer.env("ASAN_OPTIONS", "quarantine_size_mb=32");
    fuzzer.arg(format!("-artifact_prefix={}/", found.display())).arg(&corpus).arg(&seeds);
    let file = fs::File::create(&log)?;
    let ended = fuzzer.stdout(Stdio::null()).stderr(file).spawn()?.wait4()?;
    let (status, seconds) = (ended.status, (ended.rusage.utime + ended.rusage.stime).as_secs());
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !status.success() {
        let last: Vec<&str> = text.lines().rev().take(15).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        bail!("{name}: a finding ({status}); input in {}\n{}", found.display(), last.join("\n"));
    }
    let runs = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let runs = runs.and_then(|runs| runs.trim().parse().ok()).context("no final statistics")?;
    let inputs = if args.save { pack(dir, build, program, name)? } else { 0 };
    Ok(Sum { runs, seconds, inputs })
}

/// Merges the corpus of a target into few small inputs and packs them; how many there are.
fn pack(dir: &Path, build: &Path, program: &Path, name: &str) -> Result<u64> {
    let small = build.join("small").join(name);
    let _ = fs::remove_dir_all(&small);
    fs::create_dir_all(&small)?;
    let mut merge = command(program);
    merge.args(["-merge=1", KEPT]).arg(&small).arg(build.join("corpus").join(name));
    output(merge.arg(dir.join("corpus").join(name)).stderr(Stdio::null()))?;
    let to = dir.join("corpus").join(format!("{name}.tar.xz"));
    let mut tar = command("tar");
    tar.args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"]);
    run(tar.arg("-C").arg(small.parent().unwrap_or(build)).arg("-cJf").arg(to).arg(name))?;
    Ok(fs::read_dir(&small)?.count() as u64)
}

/// Adds to the report.
fn add(name: &str, ran: Sum) -> Result<()> {
    let path: PathBuf = crate::root().join(REPORT);
    let mut sums = parse(&fs::read_to_string(&path).unwrap_or_default());
    let sum = sums.entry(name.to_owned()).or_default();
    sum.runs += ran.runs;
    sum.seconds += ran.seconds;
    sum.inputs = ran.inputs;
    fs::write(&path, text(&sums)).context(REPORT)
}

fn parse(text: &str) -> BTreeMap<String, Sum> {
    let number = |cell: &str| cell.replace(',', "").parse::<u64>().ok();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, runs, seconds, inputs, _] = cells[..] else { return None };
        let (runs, seconds, inputs) = (number(runs)?, number(seconds)?, number(inputs)?);
        Some((name.to_owned(), Sum { runs, seconds, inputs }))
    });
    rows.collect()
}

fn text(sums: &BTreeMap<String, Sum>) -> String {
    let mut text = "# Fuzzing\n\nAdded up by `cargo xtask fuzz --save` over all sittings; none has a \
                    finding that is not mended.\nAn input may take 5 s and 512 MB.\n\n\
                    | target | runs | seconds of processor time | inputs kept |\n|---|---:|---:|---:|\n"
        .to_owned();
    for (name, sum) in sums {
        let _ = writeln!(text, "| {name} | {} | {} | {} |", sum.runs, sum.seconds, sum.inputs);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sittings_add_up() {
        let sum = Sum { runs: 1_200, seconds: 60, inputs: 7 };
        let sums = BTreeMap::from([("elf".to_owned(), sum)]);
        assert_eq!(parse(&text(&sums)), sums);
        assert_eq!(parse(""), BTreeMap::new());
    }
}
