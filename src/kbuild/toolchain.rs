//! Compilers: which one an architecture gets, what make must be told, and which one it really is.
//!
//! The user's words come first (`CROSS_COMPILE`, `CC`, `LLVM`), then Debian's cross compiler, then
//! one of kernel.org's on PATH. A compiler that is not there is not an error of the whole run: its
//! cells are skipped, naming the package.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::arches::Arch;
use super::environment::{self, Env};
use super::process::{Command, Runner};
use crate::exit::Result;
use crate::model::words::MakeWords;

/// A compiler and linker that were found, and everything make must be told about them.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// `ARCH=…`, `CROSS_COMPILE=…`, `LLVM=…`, and the user's own words. Nothing about ccache.
    pub words: MakeWords,
    /// First line of the compiler's version.
    pub compiler: String,
    /// First line of the linker's version.
    pub linker: String,
    /// Everything known about the programs, for the identity of cells.
    pub fingerprint: String,
    /// The ccache to compile through: if it is wanted, there, and not in the user's own `CC`.
    pub ccache: Option<PathBuf>,
    /// The distcc to compile through, if that was asked for.
    pub distcc: Option<PathBuf>,
    /// The whole environment of make.
    pub env: Env,
}

impl Toolchain {
    /// What stands before compilers: ccache, which calls distcc, or distcc.
    pub fn launcher(&self) -> Option<&Path> {
        self.ccache.as_deref().or(self.distcc.as_deref())
    }
}

/// A compiler that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// `aarch64-linux-gnu-gcc: no such program`
    pub reason: String,
    /// The Debian package that has it.
    pub package: Option<String>,
}

/// Finds the toolchain for an architecture. `user` are the words of matrix and command line.
pub fn find(
    arch: &Arch,
    user: &MakeWords,
    ccache: bool,
    runner: &Runner,
) -> Result<std::result::Result<Toolchain, Missing>> {
    let env = environment::reproducible(std::env::vars_os());
    let path = env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    let mut words = MakeWords::default();
    words.set("ARCH", &arch.name);
    let Programs { cross, cc, ld, hint } = match programs(arch, user, &path) {
        Ok(programs) => programs,
        Err(missing) => return Ok(Err(missing)),
    };
    if let Some(prefix) = cross {
        words.set("CROSS_COMPILE", &prefix);
    }
    words.extend(user);
    // `CC="ccache gcc"` is common: what matters is the compiler behind it.
    let mut compiler_argv: Vec<&str> = cc.split_whitespace().collect();
    let wrapped = compiler_argv.first().is_some_and(|first| is_ccache(first));
    if wrapped {
        compiler_argv.remove(0);
    }
    let mut fingerprint = String::new();
    let mut versions = Vec::new();
    for argv in [compiler_argv.as_slice(), &[ld.as_str()]] {
        let program = argv.first().copied().unwrap_or("");
        let Some(file) = which(program, &path) else {
            let reason = format!("{program}: no such program");
            return Ok(Err(Missing { reason, package: hint.clone() }));
        };
        let mut command = Command::new(argv.iter().copied()).arg("--version").capture();
        command.env.clone_from(&env);
        let done = runner.run(&command)?;
        let text = done.text();
        let Some(first) = text.lines().next().filter(|_| done.ok()) else {
            let reason = format!("{program} --version {}", done.how());
            return Ok(Err(Missing { reason, package: hint.clone() }));
        };
        versions.push(first.to_owned());
        let _ = writeln!(fingerprint, "{program} {}\n{text}", stamp(&file));
    }
    for helper in ["cc1", "as"] {
        fingerprint.push_str(&behind(&compiler_argv, helper, &env, &path, runner)?);
    }
    for tool in ["pahole", "rustc"] {
        let found = which(tool, &path).map_or_else(|| "none".to_owned(), |file| stamp(&file));
        let _ = writeln!(fingerprint, "{tool} {found}");
    }
    let linker = versions.pop().unwrap_or_default();
    let compiler = versions.pop().unwrap_or_default();
    let ccache = which("ccache", &path).filter(|_| ccache && !wrapped);
    Ok(Ok(Toolchain { words, compiler, linker, fingerprint, ccache, distcc: None, env }))
}

/// What make will call.
struct Programs {
    /// A prefix that has to be said.
    cross: Option<String>,
    cc: String,
    ld: String,
    /// The package to install if one of them is not there.
    hint: Option<String>,
}

fn programs(arch: &Arch, user: &MakeWords, path: &OsStr) -> std::result::Result<Programs, Missing> {
    let debian = arch.package.map(str::to_owned);
    if let Some(llvm) = user.get("LLVM").filter(|value| !value.is_empty() && *value != "0") {
        if arch.machine.is_some() && !arch.clang {
            let reason =
                format!("LLVM={llvm}: the kernel does not support clang for {}", arch.name);
            return Err(Missing { reason, package: None });
        }
        // Makefile: LLVM=/path/ is a prefix, LLVM=-18 a suffix, anything else just means yes.
        let (prefix, suffix) = match llvm {
            dir if dir.ends_with('/') => (dir, ""),
            version if version.starts_with('-') => ("", version),
            _ => ("", ""),
        };
        let name = |tool: &str| format!("{prefix}{tool}{suffix}");
        let package = prefix.is_empty().then(|| format!("clang{suffix} lld{suffix} llvm{suffix}"));
        return Ok(Programs {
            cross: None,
            cc: user.get("CC").map_or_else(|| name("clang"), str::to_owned),
            ld: user.get("LD").map_or_else(|| name("ld.lld"), str::to_owned),
            hint: package,
        });
    }
    let given = user.get("CROSS_COMPILE");
    let prefix = match given {
        Some(prefix) => prefix.to_owned(),
        None => find_prefix(arch, user.get("CC").is_some(), path)
            .ok_or_else(|| Missing { reason: no_compiler(arch), package: debian.clone() })?,
    };
    Ok(Programs {
        cross: (given.is_none() && !prefix.is_empty()).then(|| prefix.clone()),
        cc: user.get("CC").map_or_else(|| format!("{prefix}gcc"), str::to_owned),
        ld: user.get("LD").map_or_else(|| format!("{prefix}ld"), str::to_owned),
        hint: if given.is_none() { debian } else { None },
    })
}

/// The first prefix with a compiler; with a compiler of the user's own a linker is enough.
pub fn find_prefix(arch: &Arch, own_compiler: bool, path: &OsStr) -> Option<String> {
    let tool = if own_compiler { "ld" } else { "gcc" };
    if arch.native.contains(&std::env::consts::ARCH) && which(tool, path).is_some() {
        return Some(String::new());
    }
    let found = arch.cross.iter().find(|prefix| which(&format!("{prefix}{tool}"), path).is_some());
    found.map(|prefix| (*prefix).to_owned())
}

fn no_compiler(arch: &Arch) -> String {
    match arch.cross {
        [] => format!("no compiler is known for {}: give CROSS_COMPILE=", arch.name),
        [first, rest @ ..] => {
            let others: Vec<String> =
                rest.iter().map(|prefix| format!(" or {prefix}gcc")).collect();
            format!("{first}gcc{}: no such program", others.concat())
        }
    }
}

fn is_ccache(program: &str) -> bool {
    Path::new(program).file_name().is_some_and(|name| name == "ccache" || name == "sccache")
}

/// The program behind the driver, which can be updated without the driver's version changing.
fn behind(
    compiler: &[&str],
    helper: &str,
    env: &Env,
    path: &OsStr,
    runner: &Runner,
) -> Result<String> {
    let argv = compiler.iter().copied();
    let mut command = Command::new(argv).arg(format!("-print-prog-name={helper}")).capture();
    command.env.clone_from(env);
    let done = runner.run(&command)?;
    let file = which(&done.text(), path).filter(|_| done.ok());
    Ok(file.map_or_else(String::new, |file| format!("{helper} {}\n", stamp(&file))))
}

/// Path, size and time of a program: enough to notice an update on this machine.
fn stamp(file: &Path) -> String {
    let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    match real.metadata() {
        Ok(meta) => format!("{} {} {}", real.display(), meta.len(), meta.mtime()),
        Err(_) => real.display().to_string(),
    }
}

/// A program as a shell would find it.
pub fn which(program: &str, path: &OsStr) -> Option<PathBuf> {
    let executable = |file: &PathBuf| {
        file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if program.is_empty() {
        return None;
    }
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(executable);
    }
    std::env::split_paths(path).map(|dir| dir.join(program)).find(executable)
}
