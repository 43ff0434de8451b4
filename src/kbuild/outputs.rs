//! What a target asks of make, and what a finished build left to be measured.
//!
//! Whether a scope counts at all is for Kbuild to say: `make drivers/gpu/drm/` compiles a directory
//! that the configuration excludes, just as `make mm/hmm.o` compiles an excluded file. So make is
//! asked whether it would descend into the directory on its way to vmlinux.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::process::{Command, Ended, Runner};
use super::shims;
use crate::exit::{Error, Result};
use crate::model::config::Config;
use crate::model::linkmap::HIDDEN_PRELINK_MAP;
use crate::model::run::Target;

/// The files that a finished build is measured from. Absolute paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outputs {
    /// A linked kernel, and what lies beside it.
    Vmlinux(Linked),
    /// A boot image and the kernel in it.
    Image {
        /// The boot image.
        image: PathBuf,
        /// The kernel.
        linked: Linked,
    },
    /// The modules that `modules.order` of this build directory names.
    Modules(PathBuf),
    /// Part of the kernel, in this build directory: the members of `built-in.a` below `scope`.
    Scope {
        /// The build directory.
        build: PathBuf,
        /// The directory or file as it was asked for: `mm/`, `mm/hmm.o`.
        scope: String,
        /// Whether vmlinux contains the directory at all; else the scope counts 0.
        included: bool,
    },
}

/// A linked kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The kernel.
    pub vmlinux: PathBuf,
    /// `vmlinux.o`, where the kernel's build makes one (4.14 does not on every architecture).
    pub prelink: Option<PathBuf>,
    /// The linker map of the link that made `vmlinux`.
    pub map: Option<PathBuf>,
    /// The linker map of the link that made `vmlinux.o`.
    pub prelink_map: Option<PathBuf>,
}

/// The make goals that build a target, after `prepare`. `image` is what `make -s image_name` said.
pub fn goals(target: &Target, image: Option<&str>) -> Vec<String> {
    match target {
        Target::Vmlinux => vec!["vmlinux".into()],
        Target::Image => {
            let goal = image.and_then(|path| path.rsplit('/').next()).unwrap_or("all");
            vec![goal.into()]
        }
        // Modules need the kernel: its exported symbols, their checksums, its BTF.
        Target::Modules => vec!["vmlinux".into(), "modules".into()],
        Target::Scope(scope) => vec![scope_dir(scope)],
    }
}

/// The directory of a scope, with its slash: a file is measured as a member of its directory's
/// archive.
pub fn scope_dir(scope: &str) -> String {
    if scope.ends_with('/') {
        return scope.to_owned();
    }
    let is_file = Path::new(scope).extension().is_some();
    match (is_file, scope.rsplit_once('/')) {
        (true, Some((dir, _))) => format!("{dir}/"),
        (true, None) => "./".to_owned(),
        (false, _) => format!("{scope}/"),
    }
}

/// The path of the boot image below the build directory, as the kernel's makefiles say.
pub fn image_name(mut make: Command, runner: &Runner) -> Result<String> {
    make.argv.insert(1, "-s".into());
    make.argv.push("image_name".into());
    make.jobs = false;
    make.log = None;
    let done = runner.run(&make.capture())?;
    // A directory that make enters may be announced all the same; the path is the last line.
    match done.text().lines().last().map(str::trim) {
        Some(path) if done.ok() && !path.is_empty() => Ok(path.to_owned()),
        _ => Err(Error::Cell(format!("make image_name {}", done.how()))),
    }
}

/// Whether vmlinux contains the directory of `scope`. `make` is the cell's make without goals, in a
/// prepared build directory.
pub fn is_included(
    scope: &str,
    make: &Command,
    tree: &Path,
    config: &Config,
    runner: &Runner,
) -> Result<bool> {
    let dir = scope_dir(scope);
    let dir = dir.trim_start_matches("./").trim_end_matches('/');
    let Some((top, _)) = dir.split_once('/') else {
        return Ok(top_is_included(dir, tree, config));
    };
    if !top_is_included(top, tree, config) {
        return Ok(false);
    }
    let mut ask = make.clone();
    let script = r#"dir=$1; shift; "$@" 2>/dev/null | grep -qE "(^| )obj=$dir( |$)""#;
    ask.argv = ["/bin/sh", "-c", script, "sh", &dir.replace('.', r"\.")].map(Into::into).to_vec();
    ask.argv.extend(make.argv.iter().cloned());
    ask.argv.extend(["-nk".into(), format!("{top}/").into()]);
    ask.log = None;
    let done = runner.run(&ask)?;
    match done.ended {
        Ended::Code(0) => Ok(true),
        Ended::Code(1) => Ok(false),
        // No answer is not "no": that would count the scope as 0.
        _ => Err(Error::Cell(format!("asking make what {top}/ contains {}", done.how()))),
    }
}

/// The few top directories that depend on an option, such as `obj-$(CONFIG_BLOCK) += block/`.
static CONDITIONAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^(?:obj|core|drivers|libs|net|virt)-\$\(CONFIG_(\w+)\)\s*[+:]?=(.*)$")
        .unwrap_or_else(|e| unreachable!("a constant: {e}"))
});

fn top_is_included(top: &str, tree: &Path, config: &Config) -> bool {
    let goal = format!("{top}/");
    let mut conditions = 0;
    for name in ["Kbuild", "Makefile"] {
        let text = fs::read(tree.join(name)).unwrap_or_default();
        for found in CONDITIONAL.captures_iter(&String::from_utf8_lossy(&text)) {
            if found[2].split_whitespace().any(|word| word == goal) {
                conditions += 1;
                if config.value(&found[1]) == "y" {
                    return true;
                }
            }
        }
    }
    conditions == 0
}

/// Finds the outputs of a build that succeeded.
pub fn find(target: &Target, build: &Path, image: Option<&str>, included: bool) -> Result<Outputs> {
    match target {
        Target::Vmlinux => Ok(Outputs::Vmlinux(linked(build)?)),
        Target::Image => {
            let image = build.join(image.unwrap_or("vmlinux"));
            need(&image)?;
            Ok(Outputs::Image { image, linked: linked(build)? })
        }
        Target::Modules => Ok(Outputs::Modules(build.to_owned())),
        Target::Scope(scope) => {
            Ok(Outputs::Scope { build: build.to_owned(), scope: scope.clone(), included })
        }
    }
}

fn need(path: &Path) -> Result<()> {
    if path.is_file() {
        return Ok(());
    }
    Err(Error::Cell(format!("{}: make succeeded but did not make this file", path.display())))
}

fn linked(build: &Path) -> Result<Linked> {
    let there = |name: &str| Some(build.join(name)).filter(|path| path.is_file());
    let vmlinux = build.join("vmlinux");
    need(&vmlinux)?;
    Ok(Linked {
        vmlinux,
        prelink: there("vmlinux.o"),
        map: there(shims::KERNEL_MAP).or_else(|| there(shims::MAP)),
        prelink_map: there(HIDDEN_PRELINK_MAP),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(dir: &Path, name: &str, text: &str) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn goals_are_what_make_calls_them() {
        assert_eq!(goals(&Target::Vmlinux, None), ["vmlinux"]);
        assert_eq!(goals(&Target::Image, Some("arch/x86/boot/bzImage")), ["bzImage"]);
        assert_eq!(goals(&Target::Scope("mm".into()), None), ["mm/"]);
        assert_eq!(goals(&Target::Scope("mm/hmm.o".into()), None), ["mm/"]);
    }

    #[test]
    fn excluded_directories_are_told_from_included_ones() {
        let dir = tempfile::tempdir().unwrap();
        let top =
            "obj-y += mm/ drivers/\nobj-$(CONFIG_BLOCK) += block/\nobj-$(CONFIG_NET) += net/\n";
        touch(dir.path(), "Kbuild", top);
        let makefile = "drivers/:\n\t@echo make -f Makefile.build obj=drivers\n\
            \t@echo make -f Makefile.build obj=drivers/gpu need-builtin=1\n";
        touch(dir.path(), "Makefile", makefile);
        let values = [("BLOCK".to_owned(), "y".to_owned())].into();
        let config = Config { values };
        let make =
            Command::new(["make"]).cwd(dir.path()).env("PATH", std::env::var_os("PATH").unwrap());
        let runner = Runner::quiet();
        let included = |scope| is_included(scope, &make, dir.path(), &config, &runner).unwrap();
        for scope in ["mm/", "mm/hmm.o", "block/", "drivers/gpu/", "drivers/gpu/x.c"] {
            assert!(included(scope), "{scope}");
        }
        for scope in ["net/", "net/core/", "drivers/g/", "drivers/gpu/drm/"] {
            assert!(!included(scope), "{scope}");
        }
    }

    #[test]
    fn the_kernels_own_map_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        assert!(linked(dir.path()).is_err());
        touch(dir.path(), "vmlinux", "x");
        assert_eq!(linked(dir.path()).unwrap().map, None);
        touch(dir.path(), ".hmmsize.map", "x");
        assert_eq!(linked(dir.path()).unwrap().map, Some(dir.path().join(".hmmsize.map")));
        touch(dir.path(), "vmlinux.map", "x");
        assert_eq!(linked(dir.path()).unwrap().map, Some(dir.path().join("vmlinux.map")));
    }
}
