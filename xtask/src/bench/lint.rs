//! `hmmsize lint`: what each kind of question takes on Linux, on all architectures at once.
//!
//! Where the same is asked of another program that is on PATH, it is measured in turns with ours; where
//! it cannot be run, the row says why. The other rows have a limit in seconds (see [`super::clock`]).

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::clock::Clock;
use super::{Row, best};
use crate::kconfig::side;
use crate::kernel;
use crate::measure::{Subject, alternate};
use crate::process::{command, output, run, which};

/// The rules of Kconfig that need no proof.
const SYNTACTIC: &str = "K001,K002,K003,K004,K005,K006,K009";
/// The rules about all selects and all dependencies.
const SELECTS: &str = "K101,K103";
/// All rules of Kconfig that are proven.
const PROVEN: &str = "K101,K102,K103,K104,K105,K106,K107,K108";
/// What kismet is asked about: options that something selects without what they depend on, and one that is
/// selected as it should be.
const SELECTEES: &[&str] = &["CONFIG_FB_IOMEM_HELPERS", "CONFIG_LEDS_EXPRESSWIRE", "CONFIG_CRC32"];
/// What is in no revision of the files that the patches are made to.
const C_PATCH: &str =
    "\n#ifdef CONFIG_SPARSEMEM\n#ifndef CONFIG_SPARSEMEM\nint bench;\n#endif\n#endif\n";
const PATCH: &str =
    "\nconfig HMMSIZE_BENCH\n\tbool \"bench\"\n\tdepends on ZONE_DEVICE && ZONE_DEVICE\n";

const RULE_PATCH: &str = "\nobj-$(CONFIG_HMMSIZE_BENCH)\t+= bench.o\n";
const CONFIG_PATCH: &str = "CONFIG_HMMSIZE_BENCH=y\n";

/// The rows; `few` says how many runs of so many there are.
pub fn rows(
    ours: &Path,
    linux: &Path,
    clock: &Clock,
    few: impl Fn(usize) -> usize,
) -> Result<Vec<Row>> {
    let all = lint(ours, linux, &["--rule", SYNTACTIC]);
    let mut rows = vec![syntactic(all, linux, clock, few(5))?];
    let one = lint(ours, linux, &["--rule", "unmet-select", "--arch", "x86"]);
    rows.push(clock.limited("unmet selects of x86", one, few(5), (1.0, "less than 1 s"))?.0);
    rows.push(against_kismet(ours, linux)?);
    let selects = lint(ours, linux, &["--rule", SELECTS]);
    let promise = (15.0, "less than 15 s, aim 5 s");
    let what = "all selects and dependencies, all architectures";
    rows.push(clock.limited(what, selects, few(2), promise)?.0);
    let proven = lint(ours, linux, &["--rule", PROVEN]);
    let what = "… everything that is proven about Kconfig";
    rows.push(Row { kept: None, ..clock.limited(what, proven, few(1), (60.0, ""))?.0 });
    let everything = lint(ours, linux, &[]);
    let promise = (60.0, "less than 60 s, aim 20 s");
    let what = "all rules that are on, all architectures";
    let (row, times) = clock.limited(what, everything, few(2), promise)?;
    rows.push(row);
    rows.push(Row {
        what: "… peak resident memory",
        ours: format!("{:.0} MB", times.peak()),
        theirs: String::new(),
        ratio: String::new(),
        kept: Some(times.peak() < 1000.0),
        promise: "below 1 GB",
    });
    Ok(rows)
}

/// A run of lint, whatever it finds.
fn lint(ours: &Path, linux: &Path, args: &[&str]) -> Subject {
    let (ours, linux) = (ours.to_owned(), linux.to_owned());
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let make = move || {
        let mut made = command(&ours);
        made.args(["lint", "--format", "summary", "--deny", "never", "-C"]).arg(&linux).args(&args);
        made
    };
    Subject { command: Box::new(make), fine: &[0] }
}

/// What needs no proof, against kconfirm.
fn syntactic(ours: Subject, linux: &Path, clock: &Clock, runs: usize) -> Result<Row> {
    let (what, promise) = ("syntactic rules of Kconfig, all architectures", "faster");
    // On PATH, or built where the other peers are.
    let built = kernel::cache()?.join("peers/kconfirm/target/release/kconfirm-linux");
    let Some(kconfirm) = which("kconfirm-linux").or_else(|| built.is_file().then_some(built))
    else {
        let promise = (2.1, "less than the 2.1 s of kconfirm elsewhere");
        return Ok(clock.limited(what, ours, runs, promise)?.0);
    };
    let linux = linux.to_owned();
    let make = move || {
        let mut made = Command::new(&kconfirm);
        made.arg("--linux-path").arg(&linux);
        made
    };
    // It says the same whatever it finds.
    let theirs = Subject { command: Box::new(make), fine: &[0] };
    eprintln!("xtask: lint: {what}: {runs} runs each of hmmsize and kconfirm");
    if let Err(err) = output(&mut (theirs.command)()) {
        let row = clock.limited(what, ours, runs, (2.1, promise))?.0;
        return Ok(Row { theirs: format!("kconfirm: not measured: {err:#}"), ..row });
    }
    let times = alternate(&[ours, theirs], runs)?;
    let ratio = times[1].best() / times[0].best();
    Ok(Row {
        what,
        ours: best(&times[0]),
        theirs: format!("kconfirm {}", best(&times[1])),
        ratio: format!("{ratio:.1} × faster"),
        kept: Some(ratio > 1.0),
        promise,
    })
}

/// Unmet selects of a few options, against kismet; ours looks at all options all the same.
fn against_kismet(ours: &Path, linux: &Path) -> Result<Row> {
    let what = "unmet selects of x86_64, of a few selectees";
    let promise = "";
    let row = |ours, theirs: String, ratio| Row { what, ours, theirs, ratio, kept: None, promise };
    let built = kernel::cache()?.join("peers/kismet/bin/kismet");
    let Some(kismet) = which("kismet").or_else(|| built.is_file().then_some(built)) else {
        let needs = "kismet: not here (a Python environment with `kmax` and `z3-solver`)";
        return Ok(row(String::new(), needs.to_owned(), String::new()));
    };
    // It writes into the tree, and into its directory.
    let (copy, scratch) = (side::tempdir()?, side::tempdir()?);
    run(Command::new("cp").arg("-r").arg(linux.join(".")).arg(&copy.0))?;
    let (tree, dir) = (copy.0.clone(), scratch.0.clone());
    let make = move || {
        let mut made = Command::new(&kismet);
        made.arg("--linux-ksrc").arg(&tree).args(["-a", "x86_64", "--selectees"]);
        made.args(SELECTEES).current_dir(&dir);
        // What it starts is beside it.
        let mut path: Vec<_> = kismet.parent().map(Path::to_owned).into_iter().collect();
        path.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        if let Ok(path) = std::env::join_paths(path) {
            made.env("PATH", path);
        }
        made
    };
    let theirs = Subject { command: Box::new(make), fine: &[0] };
    eprintln!("xtask: lint: {what}: 1 run each of hmmsize and kismet");
    let ours = lint(ours, linux, &["--rule", "unmet-select", "--arch", "x86"]);
    match alternate(&[ours, theirs], 1) {
        Ok(times) => {
            let ratio = times[1].best() / times[0].best();
            let theirs = format!("kismet {}", best(&times[1]));
            Ok(row(best(&times[0]), theirs, format!("{ratio:.0} × faster")))
        }
        Err(err) => Ok(row(String::new(), format!("kismet: not measured: {err:#}"), String::new())),
    }
}

/// `--diff` of patches of one file, in a copy of the tree that is a repository.
pub fn diff(
    ours: &Path,
    linux: &Path,
    clock: &Clock,
    few: impl Fn(usize) -> usize,
) -> Result<Vec<Row>> {
    let copy = side::tempdir()?;
    run(Command::new("cp").arg("-r").arg(linux.join(".")).arg(&copy.0))?;
    let git = |args: &[&str]| {
        let mut made = command("git");
        made.arg("-C").arg(&copy.0).args([
            "-c",
            "user.name=xtask",
            "-c",
            "user.email=xtask@invalid",
            // A commit of so many files would have them packed meanwhile, on the other processor.
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
        ]);
        made.args(args);
        run(&mut made)
    };
    git(&["init", "-q"])?;
    // Debian's tree ignores itself.
    git(&["add", "-A", "-f"])?;
    git(&["commit", "-q", "-m", "before"])?;
    let mut rows = Vec::new();
    let promise = (2.0, "less than 2 s");
    for (what, file, patch, code, runs) in [
        ("a patch of one C file (--diff)", "mm/sparse.c", C_PATCH, "G005", few(5)),
        ("a patch of one Kconfig file (--diff)", "mm/Kconfig", PATCH, "K002", few(5)),
        ("a patch of one makefile (--diff)", "mm/Makefile", RULE_PATCH, "B001", few(5)),
        (
            "a patch of one defconfig (--diff)",
            "arch/x86/configs/x86_64_defconfig",
            CONFIG_PATCH,
            "B002",
            few(5),
        ),
    ] {
        let path = copy.0.join(file);
        let before = fs::read(&path)?;
        fs::write(&path, [&*before, patch.as_bytes()].concat())?;
        let subject = lint(ours, &copy.0, &["--diff", "HEAD"]);
        let said = output(&mut (subject.command)())?;
        let line = said.lines().find(|line| line.starts_with(code)).unwrap_or_default();
        ensure!(line.ends_with(" 1"), "the fault of the patch is not found:\n{said}");
        rows.push(clock.limited(what, subject, runs, promise)?.0);
        fs::write(&path, before)?;
    }
    Ok(rows)
}
