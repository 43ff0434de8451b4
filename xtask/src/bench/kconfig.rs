//! Kconfig: ours against the kernel's own `conf`, and against other parsers.
//!
//! `conf` and we are given the same recorded probes, or both would measure the compiler. Other parsers
//! are no part of the workspace: they are fetched or built in the cache, and a row says why where
//! that cannot be done. Theirs and ours are whole processes, and `--check` does more than they do:
//! it expands macros and finds cycles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::clock::Clock;
use super::{Row, best};
use crate::kconfig::arch::{Arch, Tree};
use crate::kconfig::side::{self, Probes};
use crate::kernel;
use crate::measure::{Subject, alternate};
use crate::process::{cargo, command, output, run};

/// The parser in Rust that is measured.
const NOM: &str = "0.13.0";
/// Where Kconfiglib is kept up: what the Python package index has cannot read Linux since 5.13.
const KCONFIGLIB: &str = "https://github.com/sysprog21/Kconfiglib";

/// The rows; `few` says how many runs of so many there are.
pub fn rows(
    ours: &Path,
    linux: &Path,
    clock: &Clock,
    few: impl Fn(usize) -> usize,
) -> Result<Vec<Row>> {
    let tree = Tree::new(linux)?;
    let arch = tree.arch("x86_64", "x86")?;
    let mut rows = against_conf(ours, &tree, &arch, few(30))?;
    let nom = nom(&tree.dir).map(Call::subject);
    rows.push(parser(ours, &tree, &arch, "nom-kconfig", nom, few(5))?);
    let kconfiglib = kconfiglib(&tree, &arch).map(Call::subject);
    rows.push(parser(ours, &tree, &arch, "Kconfiglib", kconfiglib, few(20))?);
    rows.push(all(ours, &tree, clock, few(10))?);
    Ok(rows)
}

/// A command that is made again for every run.
#[derive(Clone)]
pub struct Call {
    program: PathBuf,
    args: Vec<String>,
    env: Option<Vec<(String, String)>>,
    dir: PathBuf,
}

impl Call {
    fn new(program: &Path, args: &[&str], dir: &Path) -> Self {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        Self { program: program.to_owned(), args, env: None, dir: dir.to_owned() }
    }

    fn command(&self) -> Command {
        let mut made = command(&self.program);
        made.args(&self.args).current_dir(&self.dir);
        if let Some(env) = &self.env {
            made.env_clear().envs(env.iter().map(|(key, value)| (key, value)));
        }
        made
    }

    /// What is measured.
    pub fn subject(self) -> Subject {
        Subject { command: Box::new(move || self.command()), fine: &[0] }
    }
}

/// allyesconfig by `conf`, written in `dir`.
pub fn conf(tree: &Tree, arch: &Arch, dir: &Path) -> Result<Call> {
    let conf = side::conf(tree, arch, Probes::Replayed, dir, &["--allyesconfig"], &[])?;
    Ok(Call {
        program: conf.get_program().into(),
        args: conf.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect(),
        env: Some(
            conf.get_envs()
                .filter_map(|(key, value)| Some((key.to_str()?.into(), value?.to_str()?.into())))
                .collect(),
        ),
        dir: dir.to_owned(),
    })
}

/// `hmmsize config` with the probes that `conf` is given.
fn config(ours: &Path, tree: &Tree, arch: &Arch, what: &[&str], dir: &Path) -> Call {
    let mut call = Call::new(ours, &["config", "-q", "-C"], dir);
    call.args.push(tree.dir.display().to_string());
    call.args.extend(["--arch".to_owned(), arch.name.clone(), "--probe-file".to_owned()]);
    call.args.push(arch.recording.display().to_string());
    call.args.extend(arch.words.iter().filter(|word| !word.starts_with("ARCH=")).cloned());
    // The others have these in their environment. Without them we would start the compiler to ask.
    for name in ["CC_VERSION_TEXT", "RUSTC_VERSION_TEXT"] {
        call.args.push(format!("{name}={}", arch.value(name)));
    }
    call.args.extend(what.iter().map(|&arg| arg.to_owned()));
    call
}

/// allyesconfig of x86: time and memory.
fn against_conf(ours: &Path, tree: &Tree, arch: &Arch, runs: usize) -> Result<Vec<Row>> {
    eprintln!("xtask: allyesconfig of x86: {runs} runs each of hmmsize and conf");
    let (here, there) = (side::tempdir()?, side::tempdir()?);
    let call = config(ours, tree, arch, &["allyesconfig", "-o", ".config"], &here.0);
    let conf = conf(tree, arch, &there.0)?;
    let times = alternate(&[call.subject(), conf.subject()], runs)?;
    let written = |dir: &Path| fs::read(dir.join(".config"));
    ensure!(written(&here.0)? == written(&there.0)?, "hmmsize and conf write different files");
    let ratio = times[1].best() / times[0].best();
    let memory = [times[0].peak(), times[1].peak()];
    Ok(vec![
        Row {
            what: "allyesconfig of x86, probes replayed",
            ours: best(&times[0]),
            theirs: format!("conf {}", best(&times[1])),
            ratio: format!("{ratio:.1} × faster"),
            kept: Some(ratio >= 5.0),
            promise: "at least 5 ×, aim 10 ×",
        },
        Row {
            what: "… CPU time (user and system)",
            ours: format!("{:.1} ms", times[0].best_cpu()),
            theirs: format!("conf {:.1} ms", times[1].best_cpu()),
            ratio: format!("{:.1} × less", times[1].best_cpu() / times[0].best_cpu()),
            kept: None,
            promise: "",
        },
        Row {
            what: "… peak resident memory",
            ours: format!("{:.1} MB", memory[0]),
            theirs: format!("conf {:.1} MB", memory[1]),
            ratio: format!("{:.2} × the memory", memory[0] / memory[1]),
            kept: Some(memory[0] < 57.0),
            promise: "below 57 MB",
        },
    ])
}

/// Reading the Kconfig of x86 against another parser.
fn parser(
    ours: &Path,
    tree: &Tree,
    arch: &Arch,
    name: &'static str,
    other: Result<Subject>,
    runs: usize,
) -> Result<Row> {
    let what = "Kconfig of x86 parsed";
    let promise = "at least 30 ×";
    let other = match other {
        Ok(other) => other,
        Err(err) => {
            let ratio = format!("not measured: {err:#}");
            let (ours, theirs) = (String::new(), name.to_owned());
            return Ok(Row { what, ours, theirs, ratio, kept: None, promise });
        }
    };
    eprintln!("xtask: {what}: {runs} runs each of hmmsize and {name}");
    let here = side::tempdir()?;
    let call = config(ours, tree, arch, &["--check"], &here.0);
    let times = alternate(&[call.subject(), other], runs)?;
    let ratio = times[1].best() / times[0].best();
    Ok(Row {
        what,
        ours: best(&times[0]),
        theirs: format!("{name} {}", best(&times[1])),
        ratio: format!("{ratio:.0} × faster"),
        kept: Some(ratio >= 30.0),
        promise,
    })
}

/// allyesconfig of every architecture.
fn all(ours: &Path, tree: &Tree, clock: &Clock, runs: usize) -> Result<Row> {
    let here = side::tempdir()?;
    let source = tree.dir.display().to_string();
    let args = ["config", "-q", "-C", &source, "--arch", "all", "--probe=never"];
    let mut call = Call::new(ours, &args, &here.0);
    call.args.extend(["allyesconfig", "-o", "all"].map(str::to_owned));
    let what = "allyesconfig of every architecture";
    let (row, _) = clock.limited(what, call.subject(), runs, (2.0, "less than 2 s"))?;
    let written = fs::read_dir(here.0.join("all"))?.count();
    ensure!(written >= 20, "only {written} configurations were written");
    Ok(Row { ratio: format!("{written} architectures, {}", row.ratio), ..row })
}

/// Builds nom-kconfig in the cache.
fn nom(tree: &Path) -> Result<Call> {
    let dir = kernel::cache()?.join(format!("peers/nom-kconfig-{NOM}"));
    let program = dir.join("target/release/peer");
    let source = include_str!("nom.rs");
    if !program.is_file()
        || fs::read_to_string(dir.join("src/main.rs")).ok().as_deref() != Some(source)
    {
        fs::create_dir_all(dir.join("src")).with_context(|| format!("{}", dir.display()))?;
        let manifest = format!(
            "[package]\nname = \"peer\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
             [dependencies]\nnom-kconfig = \"={NOM}\"\n\n[workspace]\n"
        );
        fs::write(dir.join("Cargo.toml"), manifest)?;
        fs::write(dir.join("src/main.rs"), source)?;
        let mut build = cargo();
        build.current_dir(&dir).env("CARGO_TARGET_DIR", dir.join("target"));
        run(build.args(["build", "--release"]))?;
    }
    Ok(Call::new(&program, &[&tree.display().to_string()], &dir))
}

/// Kconfiglib, where it is in the cache.
fn kconfiglib(tree: &Tree, arch: &Arch) -> Result<Call> {
    let dir = kernel::cache()?.join("peers/kconfiglib");
    let here = dir.join("kconfiglib.py").is_file();
    ensure!(here, "needs `git clone {KCONFIGLIB} {}`", dir.display());
    // Named outright: a wrapper on PATH would be measured as well.
    let system = Path::new("/usr/bin/python3");
    let python = if system.exists() { system } else { Path::new("python3") };
    let [lib, recording, source] =
        [&dir, &arch.recording, &tree.dir].map(|path| path.display().to_string());
    let script = include_str!("kconfiglib.py");
    let mut call = Call::new(python, &["-c", script, &lib, &recording, &source], &dir);
    call.env = Some(arch.env.clone());
    // What it cannot read is not measured.
    output(&mut call.command())?;
    Ok(call)
}
