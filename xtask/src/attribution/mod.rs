//! `cargo xtask oracle attribution`: do bytes land on the option that they belong to?
//!
//! Functions, inline functions and struct fields are planted at a hundred sites of a copy of a real
//! tree, each behind an option that the text names. Both trees are built with all those options and
//! with none. The truth is what the compiler says: by how much the object of a site grows with the
//! option, and that it did not grow before. The answer is what the attribution gives each option in
//! the planted tree, less what it gives it in the tree as it was.

mod sites;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::kconfig::perturb::Numbers;
use crate::kernel;
use crate::process::{self, command, output};
use sites::{Kind, Site};

/// What is built, on top of tinyconfig: enough for the options to be there.
const FRAGMENT: &str = "\
CONFIG_64BIT=y
CONFIG_SMP=y
CONFIG_EXPERT=y
CONFIG_NET=y
CONFIG_BLOCK=y
";

/// Options that can be switched together on top of it.
const OPTIONS: &[&str] = &[
    "AIO",
    "AUDIT",
    "BPF_SYSCALL",
    "CGROUPS",
    "CGROUP_FREEZER",
    "CGROUP_PIDS",
    "COMPACTION",
    "COREDUMP",
    "CPUSETS",
    "ELF_CORE",
    "EPOLL",
    "EVENTFD",
    "EXT2_FS",
    "FANOTIFY",
    "FHANDLE",
    "FUTEX",
    "HUGETLBFS",
    "INET",
    "INOTIFY_USER",
    "IO_URING",
    "IPV6",
    "KEYS",
    "KSM",
    "MEMBARRIER",
    "MEMCG",
    "MIGRATION",
    "MULTIUSER",
    "NAMESPACES",
    "PACKET",
    "PCI",
    "POSIX_MQUEUE",
    "POSIX_TIMERS",
    "PRINTK",
    "PROC_FS",
    "PSI",
    "QUOTA",
    "RELAY",
    "RSEQ",
    "SECCOMP",
    "SECURITY",
    "SHMEM",
    "SIGNALFD",
    "SUSPEND",
    "SWAP",
    "SYSFS",
    "SYSVIPC",
    "TASKSTATS",
    "TIMERFD",
    "TMPFS",
    "TRANSPARENT_HUGEPAGE",
    "UNIX",
    "USERFAULTFD",
];

/// The least part of the planted bytes that must land on the right option, in percent.
const ENOUGH: u64 = 98;

const REPORT: &str = "reports/attribution.md";

/// Plants, builds, and compares.
///
/// # Errors
///
/// When a build fails, or too little lands on the right option.
pub fn prove(tree: &Path, ours: &Path, save: bool) -> Result<()> {
    let dir = kernel::cache()?.join("attribution");
    fs::create_dir_all(&dir)?;
    let fragment = dir.join("base.config");
    fs::write(&fragment, FRAGMENT)?;
    let bench = Bench { ours, fragment: &fragment, out: dir.join("out") };
    let copy = dir.join("planted");
    bench.build(&[("base", tree)])?;
    let mut numbers = Numbers::new(0xa77b);
    let (on, off) = (bench.objects("base", "with"), bench.objects("base", "without"));
    let sites = sites::choose(tree, OPTIONS, &on, &off, &mut numbers)?;
    ensure!(sites.len() == 100, "only {} sites", sites.len());
    plant(tree, &copy, &sites, &mut numbers)?;
    bench.build(&[("base", tree), ("planted", &copy)])?;

    let mut truth: BTreeMap<&str, i64> = BTreeMap::new();
    let mut table = String::new();
    for (number, site) in sites.iter().enumerate() {
        let grown = |source| -> Result<i64> {
            let size = |variant| dec(&bench.objects(source, variant).join(site.object()));
            Ok(size("with")? - size("without")?)
        };
        let bytes = grown("planted")? - grown("base")?;
        ensure!(bytes > 0, "{} {}: the planted code has no bytes", number, site.file);
        *truth.entry(&site.option).or_default() += bytes;
        writeln!(
            table,
            "| {number} | {} | {} | {} | {bytes} |",
            site.kind.name(),
            site.option,
            site.file
        )?;
    }
    let before = bench.attributed(tree, "base")?;
    let after = bench.attributed(&copy, "planted")?;
    report(&sites, &truth, &before, &after, &table, save, tree)
}

fn report(
    sites: &[Site],
    truth: &BTreeMap<&str, i64>,
    before: &BTreeMap<String, i64>,
    after: &BTreeMap<String, i64>,
    table: &str,
    save: bool,
    tree: &Path,
) -> Result<()> {
    let mut rows = String::new();
    let (mut all, mut right) = (0, 0);
    for (option, bytes) in truth {
        let of = |map: &BTreeMap<String, i64>| map.get(*option).copied().unwrap_or(0);
        let landed = of(after) - of(before);
        // More than there is to land is wrong as well: it belongs to somebody else.
        let good = bytes - (landed - bytes).abs().min(*bytes);
        all += bytes;
        right += good;
        writeln!(rows, "| {option} | {bytes} | {landed} |")?;
    }
    let percent = 100.0 * right as f64 / all as f64;
    let kinds: Vec<String> = Kind::ALL
        .iter()
        .map(|(kind, _)| {
            let count = sites.iter().filter(|site| site.kind == *kind).count();
            format!("{count} × {}", kind.name())
        })
        .collect();
    let text = format!(
        "# Do bytes land on the option they belong to?\n\n\
         Made by `cargo xtask oracle attribution --save` on Linux {}, x86_64: {} sites ({}), chosen by a \
         seed. The truth is the growth of the compiled objects.\n\n\
         {right} of {all} planted bytes ({percent:.1} %) land on the right option.\n\n\
         | option | planted, bytes | landed, bytes |\n|---|---:|---:|\n{rows}\n\
         | site | kind | option | file | bytes |\n|---:|---|---|---|---:|\n{table}",
        kernel::version(tree)?,
        sites.len(),
        kinds.join(", "),
    );
    println!("{text}");
    if save {
        fs::write(crate::root().join(REPORT), text).context(REPORT)?;
    }
    ensure!(
        right * 100 >= all * ENOUGH as i64,
        "only {percent:.1} % of the bytes land where they belong"
    );
    Ok(())
}

struct Bench<'a> {
    ours: &'a Path,
    fragment: &'a Path,
    out: PathBuf,
}

impl Bench<'_> {
    fn build(&self, sources: &[(&str, &Path)]) -> Result<()> {
        let mut build = command(self.ours);
        build.args(["build", "--arch", "x86_64", "--base-config", "tinyconfig", "--debug-info"]);
        build.args(["--option", &OPTIONS.join(","), "--fragment"]).arg(self.fragment);
        for (label, path) in sources {
            build.arg("-C").arg(format!("{label}={}", path.display()));
        }
        process::run(build.arg("--out").arg(&self.out).stdout(Stdio::null()))
    }

    fn cell(&self, source: &str, variant: &str) -> PathBuf {
        self.out.join("x86_64").join(source).join(variant)
    }

    fn objects(&self, source: &str, variant: &str) -> PathBuf {
        self.cell(source, variant).join("build")
    }

    /// Bytes by option, with against without, whatever the reason.
    fn attributed(&self, tree: &Path, source: &str) -> Result<BTreeMap<String, i64>> {
        let mut audit = command(self.ours);
        audit.args(["audit", "--arch", "x86_64", "--format", "json", "-C"]).arg(tree);
        audit.args(["--option", &OPTIONS.join(","), "--deny", "never"]);
        for variant in ["without", "with"] {
            audit.arg(format!("--{variant}")).arg(self.cell(source, variant).join("vmlinux"));
        }
        let json: Value = serde_json::from_str(&output(&mut audit)?)?;
        let Some(groups) = json["arches"][0]["on"]["groups"].as_array() else {
            bail!("no partition in the JSON of audit")
        };
        let mut bytes = BTreeMap::new();
        for group in groups {
            if let (Some(option), Some(more)) = (group["option"].as_str(), group["bytes"].as_i64())
            {
                *bytes.entry(option.to_owned()).or_default() += more;
            }
        }
        Ok(bytes)
    }
}

/// What GNU `size` says of an object in all; nothing where there is none.
fn dec(object: &Path) -> Result<i64> {
    if !object.is_file() {
        return Ok(0);
    }
    let text = output(command("size").arg(object))?;
    let row = text.lines().nth(1).context("no row of size")?;
    Ok(row.split_whitespace().nth(3).context("no total")?.parse()?)
}

/// A copy of links, in which each site's file is replaced.
fn plant(tree: &Path, copy: &Path, sites: &[Site], numbers: &mut Numbers) -> Result<()> {
    kernel::linked_copy(tree, copy)?;
    for (number, site) in sites.iter().enumerate() {
        let file = copy.join(&site.file);
        let text = fs::read_to_string(&file)?;
        kernel::replace(&file, &sites::planted(&text, site, number, numbers))?;
    }
    Ok(())
}
