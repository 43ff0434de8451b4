//! One configuration through one of the two programs: `conf` with recorded probes, or ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::arch::{Arch, Tree};
use super::replay;
use crate::process::command;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Job {
    /// An index into the architectures.
    pub arch: usize,
    /// What sort of comparison it is, for the table.
    pub kind: &'static str,
    /// What it is called in a difference.
    pub name: String,
    /// The target, as make calls it.
    pub target: Target,
    /// The `.config` there is.
    pub config: Option<Vec<u8>>,
    /// A fragment for `KCONFIG_ALLCONFIG`.
    pub fragment: Option<Vec<u8>>,
    /// More of the environment.
    pub env: Vec<(&'static str, String)>,
}

/// What `conf` is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An option of `conf` of the same name.
    Plain(&'static str),
    /// allnoconfig with one fragment, then others merged.
    Tiny,
    /// A named defconfig.
    Defconfig(String),
    /// What the architecture's Makefile makes under this name: make itself does it.
    Generated(String),
    /// A configuration of ours from this seed, which `conf` must leave as it is.
    Random(u32),
}

/// Targets that write nothing: what they print is what is compared.
pub const PRINTING: [&str; 2] = ["listnewconfig", "helpnewconfig"];

impl Target {
    /// Whether it is one of [`PRINTING`].
    pub fn prints(&self) -> bool {
        matches!(self, Self::Plain(name) if PRINTING.contains(name))
    }
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The exit code.
    pub code: Option<i32>,
    /// The configuration that was written.
    pub config: Option<Vec<u8>>,
    /// What was printed for the user to read or use: see [`PRINTING`].
    pub stdout: Vec<u8>,
    /// Warnings and errors.
    pub stderr: Vec<u8>,
}

/// How `conf` gets the results of probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probes {
    /// From the recording.
    Replayed,
    /// By asking, which is then recorded.
    Recorded,
    /// By asking.
    Asked,
}

/// Runs `conf` once so that all of its probes are recorded.
pub fn record(tree: &Tree, arch: &Arch) -> Result<()> {
    let dir = tempdir()?;
    fs::write(&arch.probes, "")?;
    let done = call_conf(tree, arch, Probes::Recorded, &dir.0, &["--alldefconfig"], &[])?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(done.code == Some(0), "conf of {} for {}: {said}", tree.version, arch.name);
    Ok(())
}

/// A job through `conf`.
pub fn theirs(tree: &Tree, arch: &Arch, job: &Job, probes: Probes) -> Result<Outcome> {
    let dir = tempdir()?;
    let env = prepare(job, &dir.0)?;
    let conf = |args: &[&str]| call_conf(tree, arch, probes, &dir.0, args, &env);
    let mut outcome = match &job.target {
        // make asks the compiler, and says more than conf does.
        Target::Generated(name) => {
            let config = Some(tree.made(arch, name)?);
            return Ok(Outcome { code: Some(0), config, ..Outcome::default() });
        }
        Target::Plain("savedefconfig") => conf(&["--savedefconfig=defconfig"])?,
        Target::Plain(target) => conf(&[&format!("--{target}")])?,
        Target::Random(_) => conf(&["--olddefconfig"])?,
        Target::Defconfig(name) => {
            conf(&[&format!("--defconfig=arch/{}/configs/{name}", arch.srcarch)])?
        }
        Target::Tiny => {
            let mut env = env.clone();
            // Older trees have one fragment only.
            let base = "kernel/configs/tiny-base.config";
            if tree.dir.join(base).is_file() {
                env.push(("KCONFIG_ALLCONFIG", base.to_owned()));
            }
            let first = call_conf(tree, arch, probes, &dir.0, &["--allnoconfig"], &env)?;
            ensure!(first.code == Some(0), "tinyconfig: conf --allnoconfig failed");
            merge_tiny(tree, arch, &dir.0)?;
            let mut last = conf(&["--olddefconfig"])?;
            last.stderr = [first.stderr, last.stderr].concat();
            last
        }
    };
    outcome.config = fs::read(dir.0.join(written(job))).ok();
    Ok(outcome)
}

/// A job through ours, as a user would call it.
pub fn ours(hmmsize: &Path, tree: &Tree, arch: &Arch, job: &Job) -> Result<Outcome> {
    let dir = tempdir()?;
    let env = prepare(job, &dir.0)?;
    let mut ours = command(hmmsize);
    ours.current_dir(&dir.0).arg("config").arg("-C").arg(&tree.dir);
    ours.arg("--arch").arg(&arch.name);
    match &job.target {
        Target::Plain(target) => ours.arg(target),
        Target::Tiny => ours.arg("tinyconfig"),
        Target::Defconfig(name) | Target::Generated(name) => ours.arg(name),
        Target::Random(seed) => ours.arg("randconfig").arg(format!("--seed={seed}")),
    };
    ours.args(arch.words.iter().filter(|word| !word.starts_with("ARCH=")));
    ours.arg("--probe=cached").arg("--probe-file").arg(&arch.recording);
    ours.envs(env);
    let mut outcome = finish(&mut ours)?;
    outcome.config = fs::read(dir.0.join(written(job))).ok();
    if matches!(job.target, Target::Generated(_)) && outcome.code == Some(0) {
        (outcome.stdout, outcome.stderr) = (Vec::new(), Vec::new());
    }
    Ok(outcome)
}

/// The file a target writes.
fn written(job: &Job) -> &'static str {
    if job.target == Target::Plain("savedefconfig") { "defconfig" } else { ".config" }
}

/// Puts the inputs of a job into `dir`; the environment they need.
fn prepare(job: &Job, dir: &Path) -> Result<Vec<(&'static str, String)>> {
    let mut env = job.env.clone();
    if let Some(config) = &job.config {
        fs::write(dir.join(".config"), config)?;
    }
    if let Some(fragment) = &job.fragment {
        fs::write(dir.join("fragment.config"), fragment)?;
        env.push(("KCONFIG_ALLCONFIG", "fragment.config".to_owned()));
    }
    Ok(env)
}

/// `make tiny.config`: the kernel's own script, with the fragments it would be given.
fn merge_tiny(tree: &Tree, arch: &Arch, dir: &Path) -> Result<()> {
    let mut merge = command(tree.dir.join("scripts/kconfig/merge_config.sh"));
    merge.current_dir(dir).args(["-m", ".config"]);
    let configs = [
        tree.dir.join("kernel/configs/tiny.config"),
        tree.dir.join("arch").join(&arch.srcarch).join("configs/tiny.config"),
    ];
    merge.args(configs.iter().filter(|file| file.is_file()));
    merge.env("KCONFIG_CONFIG", ".config");
    let done = finish(&mut merge)?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    ensure!(done.code == Some(0), "merge_config.sh: {said}");
    Ok(())
}

fn call_conf(
    tree: &Tree,
    arch: &Arch,
    probes: Probes,
    dir: &Path,
    args: &[&str],
    env: &[(&'static str, String)],
) -> Result<Outcome> {
    finish(&mut conf(tree, arch, probes, dir, args, env)?)
}

/// A call of `conf` in `dir`.
pub fn conf(
    tree: &Tree,
    arch: &Arch,
    probes: Probes,
    dir: &Path,
    args: &[&str],
    env: &[(&'static str, String)],
) -> Result<Command> {
    let mut conf = Command::new(&tree.conf);
    conf.current_dir(dir).env_clear();
    conf.envs(arch.env.iter().map(|(name, value)| (name, value)));
    if probes != Probes::Asked {
        conf.env("LD_PRELOAD", replay::object()?).env("CONF_PROBES", &arch.probes);
    }
    if probes == Probes::Recorded {
        conf.env("CONF_RECORD", "1");
    }
    // A file that is there: otherwise conf touches a file for every symbol, which we do not compare.
    conf.env("KCONFIG_AUTOCONFIG", "/dev/null").env("KCONFIG_CONFIG", ".config");
    conf.envs(env.iter().map(|(name, value)| (name, value)));
    conf.args(["-s"]).args(args).arg("Kconfig");
    Ok(conf)
}

fn finish(command: &mut Command) -> Result<Outcome> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| program)?;
    Ok(Outcome {
        code: output.status.code(),
        config: None,
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

/// A directory that goes away with the value.
pub struct TempDir(pub PathBuf);

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A new directory.
pub fn tempdir() -> Result<TempDir> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("xtask-kconfig-{}-{next}", std::process::id()));
    fs::create_dir_all(&dir).with_context(|| format!("{}", dir.display()))?;
    Ok(TempDir(dir))
}
