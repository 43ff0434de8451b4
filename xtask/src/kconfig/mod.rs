//! `cargo xtask oracle kconfig`: our Kconfig engine against the kernel's own `conf`.
//!
//! For each tree: its `conf` is built, make is asked for the environment of each architecture, the
//! probes are recorded once, and then every job of the corpus goes through both programs, which must
//! write the same bytes, say the same and exit alike.

pub mod arch;
mod compare;
pub mod conf;
mod corpus;
mod memo;
pub mod perturb;
mod replay;
mod report;
pub mod side;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::kernel;
use arch::{Arch, Tree};
use compare::{compare, in_parallel};
use corpus::{Extent, Kind};
use report::Report;
use side::{Job, Probes, Target};

/// What the user asks for.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Scope {
    /// kconfig: these trees [default: Debian's 6.12 and 6.1]
    #[arg(long = "tree", value_name = "DIR")]
    trees: Vec<PathBuf>,
    /// kconfig: what CI runs: three architectures, five targets, 30 perturbed configurations
    #[arg(long)]
    quick: bool,
    /// kconfig: perturbed configurations of each tree
    #[arg(long, value_name = "N")]
    perturbed: Option<usize>,
    /// kconfig: only architectures with these ARCH names
    #[arg(long = "arch", value_name = "ARCH")]
    archs: Vec<String>,
    /// kconfig: comparisons at once [default: one a processor]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// kconfig: hold conf with recorded probes against conf that asks, not against ours
    #[arg(long)]
    check_replay: bool,
}

/// The architectures of a quick run.
const QUICK: &[&str] = &["arm", "arm64", "x86_64"];

/// Fewer comparisons than this for each tree prove too little: of a whole run, and of a quick one.
const FEWEST: usize = 1_500;
const FEWEST_QUICK: usize = 75;

/// Differences of a tree that are shown at length.
const SHOWN: usize = 12;

/// The part that CI runs, with the program that was built for the tests.
pub fn quick(ours: &Path) -> Result<()> {
    prove(&Scope { quick: true, ..Scope::default() }, ours, false)
}

/// Compares all there is; fails on any difference.
pub fn prove(args: &Scope, ours: &Path, save: bool) -> Result<()> {
    let start = Instant::now();
    let mut dirs = args.trees.clone();
    if dirs.is_empty() {
        dirs = vec![kernel::tree()?, kernel::older_tree()?];
    }
    let mut report = Report::default();
    for dir in &dirs {
        let tree = Tree::new(dir)?;
        one_tree(args, ours, &tree, &mut report)?;
        let total = report.total(Some(&tree.version));
        eprintln!(
            "xtask: oracle: kconfig: Linux {}: {} compared, {} identical",
            tree.version, total.compared, total.identical
        );
        let fewest = if args.quick { FEWEST_QUICK } else { FEWEST };
        let narrowed = !args.archs.is_empty() || args.perturbed.is_some();
        ensure!(narrowed || total.compared >= fewest, "fewer than {fewest} comparisons");
    }
    println!("{}", report.tables().trim_start());
    eprintln!("xtask: oracle: kconfig: {} s", start.elapsed().as_secs());
    for (name, difference) in report.differences() {
        eprintln!("{name}: {}", difference.what);
    }
    if save {
        write_report(args, &report)?;
    }
    match report.differences().len() {
        0 => Ok(()),
        n => bail!("{n} of {} differ from conf", report.total(None).compared),
    }
}

fn one_tree(args: &Scope, ours: &Path, tree: &Tree, report: &mut Report) -> Result<()> {
    let mut archs = Vec::new();
    for (name, srcarch) in tree.archs()? {
        let asked = match args.archs.as_slice() {
            [] => !args.quick || QUICK.contains(&name.as_str()),
            names => names.contains(&name),
        };
        if asked {
            archs.push(tree.arch(&name, &srcarch).with_context(|| name.clone())?);
        }
    }
    ensure!(!archs.is_empty(), "{}: none of the architectures asked for", tree.dir.display());
    same_as_make(tree, &archs[archs.len() - 1])?;

    let perturbed = args.perturbed.unwrap_or(if args.quick { 30 } else { 500 });
    let extent = Extent {
        defconfigs: !args.quick,
        perturbed,
        fragments: perturbed / 5,
        random: perturbed / 15,
    };
    let choices = perturb::choices(&tree.dir)?;
    let fixed = corpus::fixed(tree, &archs, extent)?;
    let sorts = [
        (Kind::Perturbed, extent.perturbed),
        (Kind::Fragment, extent.fragments),
        (Kind::Random, extent.random),
    ];
    let seeds: Vec<(Kind, usize)> =
        sorts.iter().flat_map(|&(kind, count)| (0..count).map(move |seed| (kind, seed))).collect();
    // helpnewconfig came after 5.4; the tree's own conf says what it can do.
    let conf = fs::read_to_string(tree.dir.join("scripts/kconfig/conf.c")).unwrap_or_default();
    let can = |job: &Job| match &job.target {
        Target::Plain(name) if job.target.prints() => conf.contains(name),
        _ => true,
    };
    let (done, differing) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = in_parallel(args.jobs, fixed.len() + seeds.len(), |at| {
        let jobs = if let Some(job) = fixed.get(at) {
            vec![job.clone()]
        } else {
            let (kind, seed) = seeds[at - fixed.len()];
            corpus::perturbed(tree, &archs, &choices, kind, seed)?
        };
        let compared = jobs.into_iter().filter(can).map(|job| {
            let arch = &archs[job.arch];
            let place = format!("Linux {} {} {}", tree.version, arch.name, job.name);
            let difference =
                one_job(args, ours, tree, arch, &job).with_context(|| place.clone())?;
            let nth = done.fetch_add(1, Ordering::Relaxed) + 1;
            if nth.is_multiple_of(200) {
                eprintln!("xtask: oracle: kconfig: {nth} compared");
            }
            // At once: a whole run is long.
            if let Some(difference) = &difference
                && differing.fetch_add(1, Ordering::Relaxed) < SHOWN
            {
                eprintln!("\n{place}: {}\n{}", difference.what, difference.diff);
            }
            Ok((job, difference))
        });
        compared.collect::<Result<Vec<_>>>()
    })?;
    for (job, difference) in results.into_iter().flatten() {
        let arch = &archs[job.arch].name;
        report.add(&tree.version, arch, job.kind, &job.name, difference);
    }
    Ok(())
}

fn one_job(
    args: &Scope,
    ours: &Path,
    tree: &Tree,
    arch: &Arch,
    job: &Job,
) -> Result<Option<compare::Difference>> {
    if let Target::Random(_) = job.target {
        if args.check_replay {
            return Ok(None);
        }
        // What we made up is what conf must leave as it is.
        let made = side::ours(ours, tree, arch, job)?;
        let mut again = job.clone();
        again.config.clone_from(&made.config);
        let theirs = side::theirs(tree, arch, &again, Probes::Replayed)?;
        return compare(job, &theirs, &made);
    }
    if args.check_replay {
        let replayed = side::theirs(tree, arch, job, Probes::Replayed)?;
        return compare(job, &replayed, &side::theirs(tree, arch, job, Probes::Asked)?);
    }
    let ours = side::ours(ours, tree, arch, job)?;
    if memo::agrees(tree, arch, job, &ours)? {
        return Ok(None);
    }
    compare(job, &memo::theirs(tree, arch, job)?, &ours)
}

/// That `conf` alone, with recorded probes, writes what make's does.
fn same_as_make(tree: &Tree, arch: &Arch) -> Result<()> {
    let job = Job {
        arch: 0,
        kind: "allyesconfig",
        name: "allyesconfig".to_owned(),
        target: Target::Plain("allyesconfig"),
        config: None,
        fragment: None,
        env: Vec::new(),
    };
    let alone = side::theirs(tree, arch, &job, Probes::Replayed)?;
    let made = tree.made(arch, "allyesconfig")?;
    ensure!(
        alone.config.as_ref() == Some(&made),
        "Linux {}, {}: conf alone does not write what `make allyesconfig` does",
        tree.version,
        arch.name
    );
    Ok(())
}

/// What is compared and how, in the words of both reports.
const COMPARED: &str = "byte for byte with those of `scripts/kconfig/conf` of the same tree, in the \
    environment that make gives it, with the same recorded probes. Compared are what was written, what \
    was said and the exit code; where something differs, a cell says identical/compared.";

fn write_report(args: &Scope, report: &Report) -> Result<()> {
    let reports = crate::root().join("reports");
    let total = report.total(None);
    let sum = format!("{} compared, {} identical.", total.compared, total.identical);
    if !args.trees.is_empty() {
        let quick = if args.quick { " --quick" } else { "" };
        let archs = args.archs.iter().map(|arch| format!(" --arch {arch}"));
        let perturbed = args.perturbed.map_or(String::new(), |n| format!(" --perturbed {n}"));
        let text = format!(
            "# Kconfig: hmmsize against the conf of other kernels\n\n\
             Made by `cargo xtask oracle kconfig --save{quick}{}{perturbed} --tree DIR…`: how many \
             outputs were compared {COMPARED}\n\n{sum}\n\n{}",
            archs.collect::<String>(),
            report.kernels()
        );
        return Ok(fs::write(reports.join("kconfig-kernels.md"), text)?);
    }
    let text = format!(
        "# Kconfig: hmmsize against the kernel's conf\n\n\
         Made by `cargo xtask oracle kconfig`. For every architecture and sort of configuration, how \
         many outputs were compared {COMPARED}\n\n{sum}\n{}",
        report.tables()
    );
    fs::write(reports.join("kconfig-oracle.md"), text)?;
    let json = serde_json::to_string_pretty(&report.json())? + "\n";
    fs::write(reports.join("kconfig-oracle.json"), json)?;
    Ok(())
}
