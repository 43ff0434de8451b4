//! What is compared: for every architecture the configurations that follow from rules, for some all
//! defconfigs of the tree, and for each tree many configurations that nobody would write.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::arch::{Arch, Tree};
use super::memo;
use super::perturb::{self, Choices, Numbers};
use super::side::{Job, PRINTING, Target};

/// Targets whose every value follows from a rule.
const GOALS: &[&str] = &["allyesconfig", "allmodconfig", "allnoconfig", "alldefconfig"];

/// Directories below `arch/` all of whose defconfigs are compared, and the ARCH that takes them.
const DEFCONFIGS: &[&str] = &["x86_64", "arm", "arm64", "riscv", "powerpc", "s390", "mips"];

/// How much of each sort.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// All defconfigs, or none.
    pub defconfigs: bool,
    /// Perturbed configurations, each through olddefconfig and savedefconfig.
    pub perturbed: usize,
    /// Fragments for `KCONFIG_ALLCONFIG`.
    pub fragments: usize,
    /// Random configurations of ours, which `conf` has to leave as they are.
    pub random: usize,
}

fn job(arch: usize, kind: &'static str, name: &str, target: Target) -> Job {
    Job { arch, kind, name: name.to_owned(), target, config: None, fragment: None, env: Vec::new() }
}

/// The jobs that follow from the tree alone.
pub fn fixed(tree: &Tree, archs: &[Arch], extent: Extent) -> Result<Vec<Job>> {
    let mut jobs = Vec::new();
    for (at, arch) in archs.iter().enumerate() {
        for goal in GOALS {
            jobs.push(job(at, goal, goal, Target::Plain(goal)));
        }
        jobs.push(job(at, "tinyconfig", "tinyconfig", Target::Tiny));
        if extent.defconfigs && DEFCONFIGS.contains(&arch.name.as_str()) {
            let generated = generated(&tree.dir, &arch.srcarch)?;
            let files = defconfigs(&tree.dir.join("arch").join(&arch.srcarch).join("configs"))?;
            // A rule of its own goes before the one for files.
            for name in files.into_iter().filter(|name| !generated.contains(name)) {
                jobs.push(job(at, "defconfig", &name, Target::Defconfig(name.clone())));
            }
            for name in generated {
                jobs.push(job(at, "generated", &name, Target::Generated(name.clone())));
            }
        }
    }
    Ok(jobs)
}

/// The generic kernels of mips that are compared: its Makefile makes their names.
const GENERIC: &[&str] = &[
    "32r1el_defconfig",
    "32r2_defconfig",
    "32r2el_defconfig",
    "32r6_defconfig",
    "64r1_defconfig",
    "64r2el_defconfig",
    "64r6el_defconfig",
    "micro32r2el_defconfig",
];

/// The configuration targets of an architecture's own Makefile.
fn generated(tree: &Path, srcarch: &str) -> Result<Vec<String>> {
    let file = tree.join("arch").join(srcarch).join("Makefile");
    let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = |line: &str| -> Option<String> {
        let (name, rest) = line.split_at(line.find(|c| !plain(c))?);
        let starts = rest.starts_with(':') || rest.starts_with("-y");
        // randconfig needs a seed, and mips' generic_defconfig only says that it is not for use.
        let fine = name.ends_with("config") && !name.ends_with("randconfig");
        (starts && fine && name != "generic_defconfig").then(|| name.to_owned())
    };
    let mut names: Vec<String> = text.lines().filter_map(name).collect();
    if srcarch == "mips" {
        names.extend(GENERIC.iter().map(|&name| name.to_owned()));
    }
    Ok(names)
}

/// All files called `…defconfig` below `configs`, as names below it.
fn defconfigs(configs: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in ignore::WalkBuilder::new(configs).standard_filters(false).build() {
        let entry = entry?;
        let name = entry.path().strip_prefix(configs)?.to_string_lossy().into_owned();
        if name.ends_with("defconfig") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A configuration that the perturbed ones begin with: what `conf` makes from a seed or a rule, or a
/// defconfig as it stands.
fn base(tree: &Tree, archs: &[Arch], at: usize, numbers: &mut Numbers) -> Result<Vec<u8>> {
    let arch = &archs[at];
    if numbers.below(5) == 0 {
        let configs = tree.dir.join("arch").join(&arch.srcarch).join("configs");
        let names = if configs.is_dir() { defconfigs(&configs)? } else { Vec::new() };
        if !names.is_empty() {
            let file = configs.join(&names[numbers.below(names.len())]);
            return fs::read(&file).with_context(|| format!("{}", file.display()));
        }
    }
    let target = ["randconfig", "randconfig", "allmodconfig", "allyesconfig", "alldefconfig"]
        [numbers.below(5)];
    let mut job = job(at, "base", target, Target::Plain(target));
    if target == "randconfig" {
        // A few of each architecture are enough: what is done to them differs.
        let lot = numbers.below(4);
        job.env.push(("KCONFIG_SEED", format!("{:#x}", 0x1234 + lot)));
        let probability = ["", "20", "80", "30:20:70"][lot];
        if !probability.is_empty() {
            job.env.push(("KCONFIG_PROBABILITY", probability.to_owned()));
        }
    }
    memo::config(tree, arch, &job)?
        .with_context(|| format!("{target} of {} wrote nothing", arch.name))
}

/// The jobs of the perturbed configuration number `seed`: the same in every run.
pub fn perturbed(
    tree: &Tree,
    archs: &[Arch],
    choices: &Choices,
    kind: Kind,
    seed: usize,
) -> Result<Vec<Job>> {
    ensure!(!archs.is_empty(), "no architectures");
    let mut numbers = Numbers::new(seed as u64 * 3 + kind as u64);
    // Every architecture gets its share.
    let at = seed % archs.len();
    if kind == Kind::Random {
        let target = Target::Random(numbers.next() as u32);
        return Ok(vec![job(at, "randconfig", &format!("seed {seed}"), target)]);
    }
    let base = base(tree, archs, at, &mut numbers)?;
    let text = perturb::perturbed(&base, choices, &mut numbers);
    let mut env = Vec::new();
    if numbers.below(4) == 0 {
        env.push(("KCONFIG_WARN_UNKNOWN_SYMBOLS", "1".to_owned()));
    }
    if numbers.below(8) == 0 {
        env.push(("KCONFIG_WERROR", "1".to_owned()));
    }
    let name = format!("seed {seed}");
    let mut jobs = Vec::new();
    if kind == Kind::Fragment {
        let goal = GOALS[numbers.below(GOALS.len())];
        let mut job = job(at, "fragment", &format!("{name} {goal}"), Target::Plain(goal));
        job.fragment = Some(perturb::some_lines(&text, &mut numbers));
        job.env = env;
        jobs.push(job);
    } else {
        for target in ["olddefconfig", "savedefconfig"] {
            let mut job = job(at, target, &format!("{name} {target}"), Target::Plain(target));
            job.config = Some(text.clone());
            job.env.clone_from(&env);
            jobs.push(job);
        }
        if seed.is_multiple_of(10) {
            let config = perturb::some_lines(&text, &mut numbers);
            for target in PRINTING {
                let mut job = job(at, target, &format!("{name} {target}"), Target::Plain(target));
                job.config = Some(config.clone());
                jobs.push(job);
            }
        }
    }
    Ok(jobs)
}

/// The sorts of configurations that come from a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Through olddefconfig, savedefconfig and, every tenth, listnewconfig and helpnewconfig.
    Perturbed,
    /// Through an all*config with `KCONFIG_ALLCONFIG`.
    Fragment,
    /// Made by us.
    Random,
}
