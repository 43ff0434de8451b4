//! The architectures of a tree, each with the environment that make really gives `conf`.
//!
//! The environment comes from make itself, not from our rules for it (src/kbuild/kconfenv.rs), so
//! that a mistake in those shows as a difference. Environment and recorded probes are kept in the
//! cache beside `conf`, under a name that changes with the programs that probes ask, PATH and the
//! tree's place.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};

use super::{conf, replay};
use crate::kernel;
use crate::process::{command, output, run, which};

/// A tree with its `conf`.
#[derive(Debug)]
pub struct Tree {
    /// Where it is.
    pub dir: PathBuf,
    /// `6.12.117`
    pub version: String,
    /// Its own `conf`.
    pub conf: PathBuf,
}

/// An architecture as make names it.
#[derive(Debug, Clone)]
pub struct Arch {
    /// ARCH
    pub name: String,
    /// The directory below `arch/`.
    pub srcarch: String,
    /// What make is told.
    pub words: Vec<String>,
    /// What make gives `conf`.
    pub env: Vec<(String, String)>,
    /// Recorded probes for the shared object.
    pub probes: PathBuf,
    /// The same for `hmmsize config`.
    pub recording: PathBuf,
    /// A digest of both.
    pub digest: u64,
}

/// ARCH names that share a directory.
const SHARED: &[(&str, &str)] =
    &[("i386", "x86"), ("x86_64", "x86"), ("sparc64", "sparc"), ("parisc64", "parisc")];

/// The prefixes of Debian's cross compilers. Where there is none, both sides are given this
/// machine's own compiler: the comparison stays the same.
const PREFIXES: &[(&str, &str)] = &[
    ("alpha", "alpha-linux-gnu-"),
    ("arc", "arc-linux-gnu-"),
    ("arm", "arm-linux-gnueabihf-"),
    ("arm64", "aarch64-linux-gnu-"),
    ("i386", "i686-linux-gnu-"),
    ("m68k", "m68k-linux-gnu-"),
    ("mips", "mips-linux-gnu-"),
    ("parisc", "hppa-linux-gnu-"),
    ("parisc64", "hppa64-linux-gnu-"),
    ("powerpc", "powerpc64le-linux-gnu-"),
    ("riscv", "riscv64-linux-gnu-"),
    ("s390", "s390x-linux-gnu-"),
    ("sh", "sh4-linux-gnu-"),
    ("sparc64", "sparc64-linux-gnu-"),
];

/// Programs that Kconfig's probes ask for their versions, compilers and linkers apart. They come and go
/// with packages, and what was recorded without one is not what make sees with it.
const ASKED: &[&str] = &["pahole", "rustc", "bindgen"];

impl Tree {
    /// The tree in `dir`, with its `conf` built.
    pub fn new(dir: &Path) -> Result<Self> {
        let dir = fs::canonicalize(dir).with_context(|| format!("{}", dir.display()))?;
        Ok(Self { version: kernel::version(&dir)?, conf: conf::built(&dir)?, dir })
    }

    /// All ARCH names of the tree and their directories: every directory with a Kconfig, and the
    /// names that share one.
    pub fn archs(&self) -> Result<Vec<(String, String)>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.dir.join("arch"))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().join("Kconfig").is_file() {
                let shared = SHARED.iter().filter(|(_, dir)| *dir == name);
                names.extend(shared.map(|(arch, dir)| ((*arch).to_owned(), (*dir).to_owned())));
                names.push((name.clone(), name));
            }
        }
        names.sort();
        Ok(names)
    }

    /// Makes one architecture ready: its environment and its recorded probes.
    pub fn arch(&self, name: &str, srcarch: &str) -> Result<Arch> {
        let prefix = PREFIXES.iter().find(|(arch, _)| *arch == name).map(|(_, prefix)| *prefix);
        let prefix = prefix.filter(|prefix| which(&format!("{prefix}gcc")).is_some());
        let words =
            vec![format!("ARCH={name}"), format!("CROSS_COMPILE={}", prefix.unwrap_or_default())];
        let compiler = format!("{}gcc", prefix.unwrap_or_default());
        let mut hasher = DefaultHasher::new();
        (&words, &self.dir, std::env::var_os("PATH")).hash(&mut hasher);
        output(command(&compiler).arg("--version"))?.hash(&mut hasher);
        for program in ["ld".to_owned(), format!("{}ld", prefix.unwrap_or_default())]
            .iter()
            .map(String::as_str)
            .chain(ASKED.iter().copied())
            .filter(|program| which(program).is_some())
        {
            (program, output(command(program).arg("--version")).ok()).hash(&mut hasher);
        }
        let cache = self.conf.with_file_name("probes");
        fs::create_dir_all(&cache)?;
        let file = |kind: &str| cache.join(format!("{name}-{:016x}.{kind}", hasher.finish()));
        let (env_file, probes, recording) = (file("env"), file("probes"), file("json"));
        let mut arch = Arch {
            name: name.to_owned(),
            srcarch: srcarch.to_owned(),
            words,
            env: Vec::new(),
            probes: cache.join(format!(".{name}.{}", std::process::id())),
            recording,
            digest: 0,
        };
        if !probes.is_file() {
            let env = self.environment(&arch.words)?;
            let text: Vec<String> =
                env.iter().map(|(name, value)| format!("{name}={value}\0")).collect();
            fs::write(&env_file, text.concat())?;
            arch.env = env;
            super::side::record(self, &arch)?;
            fs::rename(&arch.probes, &probes)?;
        }
        arch.probes = probes;
        arch.env = fs::read_to_string(&env_file)?
            .split_terminator('\0')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let (cc, rustc) = (arch.value("CC_VERSION_TEXT"), arch.value("RUSTC_VERSION_TEXT"));
        replay::write_json(&arch.probes, cc, rustc, &arch.recording)?;
        let mut hasher = DefaultHasher::new();
        replay::read(&arch.probes)?.hash(&mut hasher);
        arch.digest = hasher.finish();
        Ok(arch)
    }

    /// Where make builds its own `conf` for this tree.
    fn build_dir(&self) -> PathBuf {
        self.conf.with_file_name("make")
    }

    /// The environment in which make starts `conf`. The variable `Kconfig` of
    /// scripts/kconfig/Makefile is the last word of the line that does it, so a shell command in it
    /// runs in that very environment.
    fn environment(&self, words: &[String]) -> Result<Vec<(String, String)>> {
        let out = self.build_dir();
        fs::create_dir_all(&out)?;
        let file = out.join("environment");
        let _ = fs::remove_file(&file);
        let smuggled = format!("Kconfig=--help >/dev/null; env -0 >{}", file.display());
        run(self.make(words).arg(smuggled).arg("allnoconfig"))?;
        let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        let mut env: Vec<(String, String)> = text
            .split_terminator('\0')
            .filter_map(|pair| pair.split_once('='))
            // What is make's own, and what would make a configuration depend on this machine.
            .filter(|(name, _)| {
                !name.starts_with("MAKE") && !name.starts_with("KCONFIG_") && *name != "MFLAGS"
            })
            .filter(|(name, _)| !["Kconfig", "PWD", "OLDPWD", "_", "SHLVL"].contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        env.sort();
        ensure!(env.iter().any(|(name, _)| name == "SRCARCH"), "{}: no SRCARCH", file.display());
        Ok(env)
    }

    /// make in a directory of its own, with `words`.
    fn make(&self, words: &[String]) -> std::process::Command {
        let mut make = command("make");
        let out = format!("O={}", self.build_dir().display());
        make.arg("-C").arg(&self.dir).args(["-s", &out]).args(words);
        make
    }

    /// What make writes for `target`. One at a time: there is one directory.
    pub fn made(&self, arch: &Arch, target: &str) -> Result<Vec<u8>> {
        static DIRECTORY: Mutex<()> = Mutex::new(());
        let _one = DIRECTORY.lock().unwrap_or_else(PoisonError::into_inner);
        let mut make = self.make(&arch.words);
        run(make.arg(target).stdout(Stdio::null()).stderr(Stdio::null()))?;
        let file = self.build_dir().join(".config");
        fs::read(&file).with_context(|| format!("{}", file.display()))
    }
}

impl Arch {
    /// A variable of the environment.
    pub fn value(&self, name: &str) -> &str {
        self.env.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}
