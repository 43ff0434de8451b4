//! `cargo xtask bench`: our speed as ratios against the real tools, in one run.
//!
//! Inputs are Debian's vmlinux files with debug information, generic against cloud, a thousand object
//! files of the C library, and the Kconfig files of Debian's Linux. Absolute times depend on the machine and what else it does; only
//! the ratios of one run mean anything, so only they are judged.

mod clock;
mod inputs;
mod instructions;
mod kconfig;
mod lint;
mod source;
mod units;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::measure::{Subject, Times, alternate, anonymous};
use crate::process::{self, command, output, shown, which};
use crate::{debs, kernel, setup};

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the table to reports/bench.md, or with --check the counts to reports/instructions.json
    #[arg(long)]
    save: bool,
    /// Count the instructions of every command, and fail if one takes over 5 % more than before
    #[arg(long, conflicts_with_all = ["smoke", "only"])]
    check: bool,
    /// With --check: count this release build [default: it is built first]
    #[arg(long, value_name = "FILE", requires = "check")]
    program: Option<PathBuf>,
    /// Do everything with few runs, to see whether it works
    #[arg(long, conflicts_with = "save")]
    smoke: bool,
    /// Only these parts of the table
    #[arg(long, value_name = "PART", value_delimiter = ',', conflicts_with = "save")]
    only: Vec<Part>,
}

/// A part of the table: what is measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Totals against `size`
    Totals,
    /// The symbol difference against bloat-o-meter (and bloaty)
    Symbols,
    /// Compile units and inlined functions
    Units,
    /// Kconfig against `conf` and other parsers
    Kconfig,
    /// The linter on the whole tree
    Lint,
    /// The linter on patches (`--diff`)
    Diff,
    /// What is said about one option from the source alone
    Source,
}

/// One row of the table.
struct Row {
    what: &'static str,
    ours: String,
    theirs: String,
    ratio: String,
    /// Whether the promise is kept; `None` where nothing is promised.
    kept: Option<bool>,
    promise: &'static str,
}

/// Measures everything, prints the table, and fails if a promise is not kept.
pub fn run(args: &Args) -> Result<()> {
    let tree = setup::run()?;
    if let Some(program) = &args.program {
        return instructions::run(&std::path::absolute(program)?, &tree, args.save);
    }
    let ours = process::hmmsize()?;
    if args.check {
        return instructions::run(&ours, &tree, args.save);
    }
    let pair = debs::vmlinux_pair()?;
    let few = |runs: usize| if args.smoke { 2 } else { runs };
    let wanted = |part: Part| args.only.is_empty() || args.only.contains(&part);

    let clock = clock::Clock::new(&tree)?;
    let mut rows = Vec::new();
    if wanted(Part::Totals) {
        let objects = thousand_objects()?;
        rows.extend(totals(&ours, "totals of two vmlinux", &pair, few(100))?);
        rows.extend(totals(&ours, "totals of 1,000 object files", &objects, few(100))?);
    }
    if wanted(Part::Symbols) {
        rows.extend(symbols(&ours, &tree, &pair, few(15))?);
        if which("bloaty").is_some() {
            rows.push(bloaty(&ours, &pair, few(3))?);
        } else {
            eprintln!("xtask: bloaty is not on PATH: not measured");
        }
    }
    if wanted(Part::Units) {
        rows.extend(units::rows(&ours, &pair, few)?);
    }
    if wanted(Part::Kconfig) {
        rows.extend(kconfig::rows(&ours, &tree, &clock, few)?);
    }
    if wanted(Part::Lint) {
        rows.extend(lint::rows(&ours, &tree, &clock, few)?);
    }
    if wanted(Part::Diff) {
        rows.extend(lint::diff(&ours, &tree, &clock, few)?);
    }
    if wanted(Part::Source) {
        rows.extend(source::rows(&ours, &tree, &clock, few)?);
    }

    let text = table(&rows, &pair, args)?;
    println!("{text}");
    if args.save {
        let file = crate::root().join("reports/bench.md");
        fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
        fs::write(&file, &text)?;
        eprintln!("xtask: written to {}", file.display());
    }
    let broken: Vec<_> = rows.iter().filter(|row| row.kept == Some(false)).collect();
    if let Some(row) = broken.first() {
        bail!(
            "{} of {} promises not kept, first: {} ({})",
            broken.len(),
            rows.len(),
            row.what,
            row.promise
        );
    }
    Ok(())
}

fn subject(program: &Path, args: &[&str], files: &[PathBuf]) -> Subject {
    let program = program.to_owned();
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let files = files.to_owned();
    let make = move || {
        let mut command = command(&program);
        command.args(&args).args(&files).env_remove("RUST_BACKTRACE");
        command
    };
    Subject { command: Box::new(make), fine: &[0] }
}

/// `--format berkeley` against `size`, on the same files and with equal output.
fn totals(ours: &Path, what: &'static str, files: &[PathBuf], runs: usize) -> Result<Vec<Row>> {
    eprintln!("xtask: {what}: {runs} runs each of hmmsize and size");
    let args = ["compare", "--format", "berkeley"];
    let subjects = [subject(ours, &args, files), subject(Path::new("size"), &[], files)];
    let printed: Vec<_> =
        subjects.iter().map(|s| output(&mut (s.command)())).collect::<Result<_>>()?;
    ensure!(printed[0] == printed[1], "{what}: hmmsize and size print different tables");
    let times = alternate(&subjects, runs)?;
    let ratio = times[0].mean() / times[1].mean();
    let mut rows = vec![Row {
        what,
        ours: mean(&times[0]),
        theirs: format!("size {}", mean(&times[1])),
        ratio: format!("{ratio:.2} × the time"),
        kept: Some(ratio <= if files.len() == 2 { 1.5 } else { 1.0 }),
        promise: if files.len() == 2 { "at most 1.5 ×" } else { "no slower" },
    }];
    let best = times[0].best() / times[1].best();
    rows.push(Row {
        what: "… best run",
        ours: format!("{:.2} ms", times[0].best()),
        theirs: format!("size {:.2} ms", times[1].best()),
        ratio: format!("{best:.2} × the time"),
        kept: None,
        promise: "",
    });
    Ok(rows)
}

const SYMBOLS: [&str; 4] = ["compare", "--by", "symbol", "--"];

/// `--by symbol` with padding and renames against the kernel's bloat-o-meter, in time and memory.
fn symbols(ours: &Path, tree: &Path, pair: &[PathBuf; 2], runs: usize) -> Result<Vec<Row>> {
    eprintln!("xtask: symbols of two vmlinux: {runs} runs each of hmmsize and bloat-o-meter");
    // Named outright: a wrapper on PATH (pyenv has one) would be measured as well.
    let system = Path::new("/usr/bin/python3");
    let python = if system.exists() { system } else { Path::new("python3") };
    let script = tree.join("scripts/bloat-o-meter");
    let subjects = [
        subject(ours, &SYMBOLS, pair),
        subject(python, &[script.to_str().context("path of the tree")?], pair),
    ];
    let times = alternate(&subjects, runs)?;
    let ratio = times[1].best() / times[0].best();
    let memory = subjects.iter().map(|s| anonymous(s, 5)).collect::<Result<Vec<_>>>()?;
    Ok(vec![
        Row {
            what: "symbol difference of two vmlinux",
            ours: best(&times[0]),
            theirs: format!("bloat-o-meter {}", best(&times[1])),
            ratio: format!("{ratio:.1} × faster"),
            kept: Some(ratio >= 20.0),
            promise: "at least 20 ×, aim 50 ×",
        },
        Row {
            what: "… CPU time (user and system)",
            ours: format!("{:.1} ms", times[0].best_cpu()),
            theirs: format!("bloat-o-meter {:.1} ms", times[1].best_cpu()),
            ratio: format!("{:.1} × less", times[1].best_cpu() / times[0].best_cpu()),
            kept: None,
            promise: "",
        },
        Row {
            what: "… anonymous memory",
            ours: format!("{:.1} MB", memory[0] as f64 / 1024.0),
            theirs: format!("bloat-o-meter and nm {:.1} MB", memory[1] as f64 / 1024.0),
            ratio: format!("{:.2} × the memory", memory[0] as f64 / memory[1] as f64),
            kept: Some(memory[0] < memory[1]),
            promise: "less",
        },
    ])
}

fn bloaty(ours: &Path, pair: &[PathBuf; 2], runs: usize) -> Result<Row> {
    eprintln!("xtask: symbols of two vmlinux: {runs} runs each of hmmsize and bloaty");
    let [generic, cloud] = pair.clone();
    let arguments = ["-d", "symbols", "-n", "0"];
    let files = [cloud, PathBuf::from("--"), generic];
    let subjects =
        [subject(ours, &SYMBOLS, pair), subject(Path::new("bloaty"), &arguments, &files)];
    let times = alternate(&subjects, runs)?;
    let ratio = times[1].best() / times[0].best();
    Ok(Row {
        what: "symbol difference of two vmlinux",
        ours: best(&times[0]),
        theirs: format!("bloaty {}", best(&times[1])),
        ratio: format!("{ratio:.0} × faster"),
        kept: Some(ratio >= 100.0),
        promise: "hundreds of times",
    })
}

fn mean(times: &Times) -> String {
    format!("{:.2} ms (mean of {})", times.mean(), times.runs())
}

fn best(times: &Times) -> String {
    format!("{:.1} ms (best of {})", times.best(), times.runs())
}

/// The first thousand members of the C library, unpacked into the cache.
fn thousand_objects() -> Result<Vec<PathBuf>> {
    let library = output(command("gcc").arg("-print-file-name=libc.a"))?;
    let library = PathBuf::from(library.trim());
    ensure!(library.is_absolute(), "gcc knows no libc.a (package libc6-dev)");
    let place = kernel::cache()?.join("libc-objects");
    if !place.is_dir() {
        let half = place.with_extension(std::process::id().to_string());
        fs::create_dir_all(&half)?;
        process::run(command("ar").current_dir(&half).arg("x").arg(&library))?;
        fs::rename(&half, &place).with_context(|| format!("{}", place.display()))?;
    }
    let mut objects = Vec::new();
    for entry in fs::read_dir(&place)? {
        objects.push(entry?.path());
    }
    objects.sort();
    objects.truncate(1000);
    ensure!(objects.len() == 1000, "only {} objects in {}", objects.len(), library.display());
    Ok(objects)
}

/// The table, with what was measured on what.
fn table(rows: &[Row], pair: &[PathBuf; 2], args: &Args) -> Result<String> {
    let mut text = String::from("# Speed\n\n");
    let how = if args.smoke { " --smoke" } else { "" };
    writeln!(
        text,
        "`cargo xtask bench{how}`: ratios of alternating runs; the absolute times are of a shared machine.\n"
    )?;
    writeln!(text, "{}\n", clock::NOTE)?;
    writeln!(text, "| what | hmmsize | other | ratio | promised | kept |")?;
    writeln!(text, "|---|---|---|---|---|---|")?;
    for row in rows {
        let kept = match row.kept {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {kept} |",
            row.what, row.ours, row.theirs, row.ratio, row.promise
        )?;
    }
    writeln!(text)?;
    for file in pair {
        let bytes = fs::metadata(file)?.len();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        writeln!(text, "- {name}: {} MB", bytes / 1_000_000)?;
    }
    for (program, args) in
        [("size", "--version"), ("python3", "--version"), ("bloaty", "--version")]
    {
        if which(program).is_some() {
            let mut ask: Command = command(program);
            let said = output(ask.arg(args))?;
            writeln!(text, "- `{}`: {}", shown(&ask), said.lines().next().unwrap_or_default())?;
        }
    }
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let count = cpus.lines().filter(|line| line.starts_with("processor")).count();
    writeln!(text, "- {count} processors {model}")?;
    if let Ok(load) = fs::read_to_string("/proc/loadavg") {
        writeln!(
            text,
            "- load average at the end: {}",
            load.split(' ').next().unwrap_or_default()
        )?;
    }
    Ok(text)
}
