//! The environment in which make runs `scripts/kconfig/conf`, without make.
//!
//! Kconfig files read variables of the top Makefile: `$(ARCH)`, `$(SRCARCH)`, `$(CC)`,
//! `$(CC_VERSION_TEXT)`, … Running make to learn them would run code of the tree, which reading a
//! configuration must not; so they are computed here by the rules of that Makefile. Which of them a
//! tree exports, and how ARCH leads to SRCARCH, is read from its Makefile, because it differs
//! between versions. Nothing but [`versions`] starts a process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::environment::Env;
use super::process::{Command, Runner};
use super::source::kernel_version;
use crate::exit::{Error, Result};
use crate::model::words::MakeWords;

/// What compilers say of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// `CC_VERSION_TEXT`: the first line of `$(CC) --version`, without `#`.
    pub cc: String,
    /// `RUSTC_VERSION_TEXT`: the same of rustc; empty if there is none.
    pub rustc: String,
    /// `PAHOLE_VERSION`: `124` of pahole 1.24, `0` if there is none; empty of a tree that does not export it.
    /// They do since 7.0 (in 7.1.5's Makefile, not in 6.19's).
    pub pahole: String,
}

/// Variables in the order in which they are set; the names are unique.
pub type Variables = Vec<(String, String)>;

/// The programs of one make command line, as `CC`, `LD` and so on.
fn tools(words: &MakeWords) -> Variables {
    let cross = words.get("CROSS_COMPILE").unwrap_or_default();
    // Makefile: LLVM=/path/ is a prefix, LLVM=-18 a suffix, anything else just means yes. LLVM=0 was
    // a yes as well until it was documented otherwise; nobody says it.
    let llvm = words.get("LLVM").filter(|value| !value.is_empty());
    let (prefix, suffix) = match llvm {
        Some(dir) if dir.ends_with('/') => (dir, ""),
        Some(version) if version.starts_with('-') => ("", version),
        _ => ("", ""),
    };
    let of = |gnu: &str, clang: &str| match llvm {
        Some(_) => format!("{prefix}{clang}{suffix}"),
        None => format!("{cross}{gnu}"),
    };
    let host = |gnu: &str, clang: &str| match llvm {
        Some(_) => format!("{prefix}{clang}{suffix}"),
        None => gnu.to_owned(),
    };
    let mut tools: Variables = [
        ("HOSTCC", host("gcc", "clang")),
        ("HOSTCXX", host("g++", "clang++")),
        ("CC", of("gcc", "clang")),
        ("LD", of("ld", "ld.lld")),
        ("AR", of("ar", "llvm-ar")),
        ("NM", of("nm", "llvm-nm")),
        ("OBJCOPY", of("objcopy", "llvm-objcopy")),
        ("OBJDUMP", of("objdump", "llvm-objdump")),
        ("READELF", of("readelf", "llvm-readelf")),
        ("STRIP", of("strip", "llvm-strip")),
        ("RUSTC", "rustc".to_owned()),
        ("BINDGEN", "bindgen".to_owned()),
        ("PAHOLE", "pahole".to_owned()),
        ("AWK", "awk".to_owned()),
        ("PERL", "perl".to_owned()),
        ("PYTHON3", "python3".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    for (name, value) in &mut tools {
        if let Some(own) = words.get(name) {
            own.clone_into(value);
        }
    }
    tools
}

fn value<'a>(variables: &'a Variables, name: &str) -> &'a str {
    variables.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

/// The top Makefile of a tree, as far as it decides what `conf` sees.
#[derive(Debug)]
pub struct TopMakefile {
    tree: PathBuf,
    path: PathBuf,
    text: String,
}

/// The same of one of them, `CC` or `RUSTC`. Who says `CC_VERSION_TEXT=…` on make's command line has
/// answered the question: make does not ask then, and neither do we.
///
/// # Errors
/// Only a signal that ends our work.
pub fn version(name: &str, words: &MakeWords, env: &Env, runner: &Runner) -> Result<String> {
    if let Some(text) = words.get(&format!("{name}_VERSION_TEXT")) {
        return Ok(text.to_owned());
    }
    said(name, words, env, runner)
}

/// The first line of what the tool `name` says with `--version`, without `#`; nothing if it is not there.
fn said(name: &str, words: &MakeWords, env: &Env, runner: &Runner) -> Result<String> {
    let tools = tools(words);
    let tool = value(&tools, name);
    // `$(CC)` may be several words. make hands them to a shell, which plain ones do not need.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+./ ".contains(c);
    let mut command = if tool.chars().all(plain) {
        Command::new(tool.split_ascii_whitespace().chain(["--version"]))
    } else {
        Command::new(["/bin/sh", "-c", &format!("{tool} --version 2>/dev/null")])
    };
    command = command.capture().brief();
    command.env.clone_from(env);
    command.env.insert(OsString::from("LC_ALL"), OsString::from("C"));
    let text = match runner.run(&command) {
        Ok(finished) => finished.text(),
        Err(signal @ Error::Signal(_)) => return Err(signal),
        Err(_) => String::new(),
    };
    Ok(text.lines().next().unwrap_or_default().replace('#', ""))
}

impl TopMakefile {
    /// Reads it. One that cannot be read says nothing.
    pub fn read(tree: &Path) -> Self {
        let path = tree.join("Makefile");
        let text = String::from_utf8(std::fs::read(&path).unwrap_or_default())
            .unwrap_or_else(|err| String::from_utf8_lossy(err.as_bytes()).into_owned());
        Self { tree: tree.to_owned(), path, text }
    }

    /// `6.12.117`, if it says so.
    pub fn version(&self) -> Option<String> {
        kernel_version(&self.text)
    }

    /// Asks the compilers that `words` mean for their versions, in the environment `env`, and pahole where
    /// the tree wants to know. A compiler that is not there says nothing, as under make.
    ///
    /// # Errors
    /// Only a signal that ends our work.
    pub fn versions(&self, words: &MakeWords, env: &Env, runner: &Runner) -> Result<Versions> {
        Ok(Versions {
            cc: version("CC", words, env, runner)?,
            rustc: version("RUSTC", words, env, runner)?,
            pahole: self.pahole(words, env, runner)?,
        })
    }

    /// `PAHOLE_VERSION` as scripts/pahole-version.sh prints it, if the tree exports it.
    ///
    /// # Errors
    /// Only a signal that ends our work.
    pub fn pahole(&self, words: &MakeWords, env: &Env, runner: &Runner) -> Result<String> {
        const NAME: &str = "PAHOLE_VERSION";
        if !exported(&self.text).contains(&NAME) {
            return Ok(String::new());
        }
        if let Some(text) = words.get(NAME) {
            return Ok(text.to_owned());
        }
        let text = said("PAHOLE", words, env, runner)?;
        Ok(if text.is_empty() { "0".to_owned() } else { three_digits(&text) })
    }

    /// The directory below `arch/` that `ARCH=arch` means.
    ///
    /// # Errors
    /// If the tree has no such architecture.
    pub fn srcarch(&self, arch: &str) -> Result<String> {
        let srcarch = mapped(&self.text, arch).unwrap_or(arch);
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !srcarch.is_empty()
            && srcarch.chars().all(plain)
            && self.tree.join("arch").join(srcarch).join("Kconfig").is_file()
        {
            return Ok(srcarch.to_owned());
        }
        // arch/um has its Kconfig like the others; what has none is no architecture.
        Err(Error::input(
            &self.tree,
            format!("has no architecture `{arch}`: no arch/{srcarch}/Kconfig"),
        ))
    }

    /// The environment of `conf` for the tree, as `make WORDS… …config` in another directory makes it:
    /// `words` have ARCH, and `CROSS_COMPILE`, CC, LLVM and others where they are not the defaults. What
    /// the user's own environment adds (PATH, `KCONFIG_*`) is the caller's.
    ///
    /// # Errors
    /// If there is none, no version in it, or no such architecture.
    pub fn environment(&self, words: &MakeWords, versions: &Versions) -> Result<Variables> {
        let none = || match std::fs::metadata(&self.path) {
            Ok(_) => Error::input(&self.path, "has no VERSION and PATCHLEVEL"),
            Err(err) => Error::io(&self.path, err),
        };
        let version = kernel_version(&self.text).ok_or_else(none)?;
        let arch = arch(words);
        let srcarch = self.srcarch(arch)?;
        let tools = tools(words);
        let exported = exported(&self.text);
        let tree = std::path::absolute(&self.tree).map_err(|e| Error::io(&self.tree, e))?;

        let mut variables = Variables::new();
        let mut set = |name: &str, value: &str| {
            variables.push((name.to_owned(), value.to_owned()));
        };
        set("srctree", &tree.to_string_lossy());
        set("objtree", ".");
        set("ARCH", arch);
        set("SRCARCH", &srcarch);
        set("UTS_MACHINE", arch);
        set("KERNELVERSION", &version);
        for (name, key) in ["VERSION", "PATCHLEVEL", "SUBLEVEL"].iter().zip(version.split('.')) {
            let digits = key.find(|c: char| !c.is_ascii_digit()).map_or(key, |end| &key[..end]);
            set(name, digits);
        }
        set("CONFIG_SHELL", &config_shell(&self.text));
        for (name, value) in &tools {
            set(name, value);
        }
        set("CPP", &format!("{} -E", value(&tools, "CC")));
        set("CROSS_COMPILE", words.get("CROSS_COMPILE").unwrap_or_default());
        set("CC_VERSION_TEXT", &versions.cc);
        set("RUSTC_VERSION_TEXT", &versions.rustc);
        set("PAHOLE_VERSION", &versions.pahole);
        variables.retain(|(name, _)| exported.contains(&name.as_str()));

        if versions.cc.contains("clang") {
            let flags = clang_flags(&tree, &srcarch, words)?;
            variables.push(("CLANG_FLAGS".to_owned(), flags));
        }
        if srcarch == "um" {
            // arch/um/Makefile exports these two.
            let under = words.get("SUBARCH").unwrap_or_else(|| subarch());
            let header = if ["x86", "x86_64", "i386"].contains(&under) { "x86" } else { under };
            variables.push(("SUBARCH".to_owned(), under.to_owned()));
            variables.push(("HEADER_ARCH".to_owned(), header.to_owned()));
        }
        if let Some(options) = nm_options(&tree, &srcarch).filter(|_| words.get("NM").is_none()) {
            for (_, nm) in variables.iter_mut().filter(|(name, _)| name == "NM") {
                nm.push_str(&options);
            }
        }
        // What stands on the command line is in the environment, whatever a Makefile makes of it.
        for word in words.to_words() {
            if let Some((name, value)) = word.split_once('=') {
                match variables.iter_mut().find(|(key, _)| key == name) {
                    Some((_, old)) => value.clone_into(old),
                    None => variables.push((name.to_owned(), value.to_owned())),
                }
            }
        }
        Ok(variables)
    }
}

/// What `sed -E 's/v([0-9]+)\.([0-9]+)/\1\2/'` makes of a line: `124` of `v1.24`.
fn three_digits(line: &str) -> String {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, _) in line.match_indices('v') {
        let (before, rest) = (&line[..at], &line[at + 1..]);
        let (major, rest) = rest.split_at(digits(rest));
        if let Some(rest) = rest.strip_prefix('.')
            && !major.is_empty()
            && digits(rest) > 0
        {
            return format!("{before}{major}{rest}");
        }
    }
    line.to_owned()
}

/// ARCH: what the words say, or this machine's.
pub fn arch(words: &MakeWords) -> &str {
    words.get("ARCH").unwrap_or_else(|| subarch())
}

/// The `SRCARCH := x86` below an `ifeq ($(ARCH),i386)`.
fn mapped<'a>(makefile: &'a str, arch: &str) -> Option<&'a str> {
    let mut lines = makefile.lines();
    let condition = format!("ifeq ($(ARCH),{arch})");
    lines.find(|line| line.trim() == condition)?;
    let (name, value) = lines.next()?.split_once(":=")?;
    (name.trim() == "SRCARCH").then(|| value.trim())
}

/// What an architecture adds to NM: `NM := $(NM) -B` of alpha, `--synthetic` of powerpc, and
/// `NM := $(CROSS_COMPILE)nm -B` of ia64.
fn nm_options(tree: &Path, srcarch: &str) -> Option<String> {
    let makefile = std::fs::read(tree.join("arch").join(srcarch).join("Makefile")).ok()?;
    let makefile = String::from_utf8_lossy(&makefile).into_owned();
    let mut assigned = makefile.lines().filter_map(|line| line.split_once(":="));
    let value = assigned.find_map(|(name, value)| (name.trim() == "NM").then(|| value.trim()))?;
    let own = ["$(NM)", "$(CROSS_COMPILE)nm"];
    own.iter().find_map(|own| value.strip_prefix(own)).map(str::to_owned)
}

/// The names in the `export` lines of a Makefile, `export A B` and `export A := x`.
fn exported(makefile: &str) -> Vec<&str> {
    makefile
        .lines()
        .filter_map(|line| line.strip_prefix("export "))
        .flat_map(|line| line.split(['=', ':', '?', '#']).next().unwrap_or("").split_whitespace())
        .collect()
}

/// `sh` since 5.2; before that the user's bash, or any.
fn config_shell(makefile: &str) -> String {
    let plain = makefile
        .lines()
        .filter_map(|line| line.split_once(":="))
        .find(|(name, _)| name.trim() == "CONFIG_SHELL")
        .map(|(_, value)| value.trim())
        .filter(|value| !value.contains('$'));
    match plain {
        Some(shell) => shell.to_owned(),
        None if Path::new("/bin/bash").is_file() => "/bin/bash".to_owned(),
        None => "sh".to_owned(),
    }
}

/// What the kernel calls this machine (scripts/subarch.include).
fn subarch() -> &'static str {
    match std::env::consts::ARCH {
        "x86" | "x86_64" => "x86",
        "aarch64" => "arm64",
        "s390x" => "s390",
        "powerpc" | "powerpc64" => "powerpc",
        "mips" | "mips64" => "mips",
        "riscv32" | "riscv64" => "riscv",
        "loongarch64" => "loongarch",
        other => other,
    }
}

/// `CLANG_FLAGS` as scripts/Makefile.clang of this tree puts them together: that file is a list of
/// targets and a list of `+=` lines, some under conditions on `LLVM_IAS` and `CROSS_COMPILE`.
fn clang_flags(tree: &Path, srcarch: &str, words: &MakeWords) -> Result<String> {
    let file = tree.join("scripts/Makefile.clang");
    // Before 5.14 the flags were in the top Makefile, among much else.
    let text = std::fs::read_to_string(&file).map_err(|e| Error::io(&file, e))?;
    let wanted = |arch: &str| {
        let name = format!("CLANG_TARGET_FLAGS_{arch}");
        text.lines().filter_map(|line| line.split_once(":=")).find_map(|(key, target)| {
            (key.trim() == name && !target.contains('$')).then(|| target.trim().to_owned())
        })
    };
    let arch = if srcarch == "um" { subarch() } else { srcarch };
    let target = wanted(arch).ok_or_else(|| {
        Error::input(&file, format!("clang has no target for {srcarch}: no CLANG_TARGET_FLAGS"))
    })?;
    let cross = words.get("CROSS_COMPILE").unwrap_or_default();
    let prefix = cross.rsplit('/').next().unwrap_or(cross).trim_end_matches('-');
    let mut flags: Vec<String> = Vec::new();
    // One entry for each open conditional: whether its lines count.
    let mut counts: Vec<bool> = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.starts_with("if") {
            counts.push(match line {
                "ifeq ($(LLVM_IAS),0)" => words.get("LLVM_IAS") == Some("0"),
                "ifneq ($(LLVM_IAS),1)" => words.get("LLVM_IAS") != Some("1"),
                "ifeq ($(CROSS_COMPILE),)" => cross.is_empty(),
                "ifneq ($(CROSS_COMPILE),)" => !cross.is_empty(),
                // There is a target: that was asked above.
                _ => false,
            });
        } else if line == "else" {
            if let Some(last) = counts.last_mut() {
                *last = !*last;
            }
        } else if line == "endif" {
            counts.pop();
        } else if let Some(flag) = line.strip_prefix("CLANG_FLAGS")
            && let Some((_, flag)) = flag.split_once("+=")
            && counts.iter().all(|&counts| counts)
        {
            // Up to 6.4 a CROSS_COMPILE named the target.
            let flag = flag.trim().replace("$(CLANG_TARGET_FLAGS)", &target);
            let flag = flag.replace("$(notdir $(CROSS_COMPILE:%-=%))", prefix);
            if flag.contains('$') {
                let message = format!("clang with LLVM_IAS=0 needs make to say what `{flag}` is");
                return Err(Error::input(&file, message));
            }
            flags.push(flag);
        }
    }
    Ok(flags.join(" "))
}

#[cfg(test)]
mod tests;
