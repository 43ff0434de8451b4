//! What a target asks of make, and what a finished build left to be measured.
//!
//! Files are taken from what Kbuild says it built (`built-in.a`, `modules.order`, `image_name`),
//! never from what happens to lie in the build directory: `make mm/hmm.o` compiles a file that the
//! configuration excludes, and an older configuration leaves modules behind.

use std::fs;
use std::path::{Path, PathBuf};

use super::process::{Command, Runner};
use super::shims;
use crate::exit::{Error, Result};
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
    /// The modules, sorted, by their paths below the build directory.
    Modules(Vec<String>),
    /// Members of an archive.
    Scope(Scope),
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
}

/// Part of a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The directory or file as it was asked for: `mm/`, `mm/hmm.o`.
    pub name: String,
    /// `built-in.a` (`built-in.o` before 4.20) of the directory; `None` if the configuration does
    /// not build it, so that the scope counts 0.
    pub archive: Option<PathBuf>,
    /// The one member that counts, for a scope that is a file, by its path below the build
    /// directory. If it is not among the members it is not built and counts 0.
    pub member: Option<String>,
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

/// The directory of a scope, with its slash: a file's scope is measured in its directory's archive.
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
    let done = runner.run(&make.capture())?;
    // A directory that make enters may be announced all the same; the path is the last line.
    match done.text().lines().last().map(str::trim) {
        Some(path) if done.ok() && !path.is_empty() => Ok(path.to_owned()),
        _ => Err(Error::Cell(format!("make image_name {}", done.how()))),
    }
}

/// Finds the outputs of a build that succeeded.
pub fn find(target: &Target, build: &Path, image: Option<&str>) -> Result<Outputs> {
    match target {
        Target::Vmlinux => Ok(Outputs::Vmlinux(linked(build)?)),
        Target::Image => {
            let image = build.join(image.unwrap_or("vmlinux"));
            need(&image)?;
            Ok(Outputs::Image { image, linked: linked(build)? })
        }
        Target::Modules => modules(build).map(Outputs::Modules),
        Target::Scope(scope) => Ok(Outputs::Scope(find_scope(scope, build))),
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
    })
}

fn find_scope(scope: &str, build: &Path) -> Scope {
    let dir = scope_dir(scope);
    let archive = ["built-in.a", "built-in.o"]
        .into_iter()
        .map(|name| build.join(&dir).join(name))
        .find(|path| path.is_file());
    let member = (dir.trim_end_matches('/') != scope.trim_end_matches('/')).then(|| {
        // `mm/hmm.c` means what it is compiled to.
        let path = Path::new(scope).with_extension("o");
        path.display().to_string()
    });
    Scope { name: scope.to_owned(), archive, member }
}

/// Reads `modules.order`: `kernel/fs/x.ko` in old kernels, `fs/x.ko`, `fs/x.o` since 6.2.
fn modules(build: &Path) -> Result<Vec<String>> {
    let order = build.join("modules.order");
    let text = match fs::read_to_string(&order) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(Error::io(order, e)),
    };
    let mut names = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let name = Path::new(line).with_extension("ko");
        let name =
            name.strip_prefix("kernel").ok().filter(|n| build.join(n).is_file()).unwrap_or(&name);
        need(&build.join(name))?;
        names.push(name.display().to_string());
    }
    names.sort();
    names.dedup();
    Ok(names)
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
    fn a_file_scope_names_a_member_of_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        touch(dir.path(), "mm/built-in.a", "!<arch>\n");
        touch(dir.path(), "old/built-in.o", "");
        touch(dir.path(), "mm/stray.o", "");
        let find = |scope: &str| find_scope(scope, dir.path());
        assert_eq!(find("mm/").archive, Some(dir.path().join("mm/built-in.a")));
        assert_eq!(find("mm/").member, None);
        assert_eq!(find("old").archive, Some(dir.path().join("old/built-in.o")));
        assert_eq!(find("mm/hmm.c").member.as_deref(), Some("mm/hmm.o"));
        assert_eq!(find("none/").archive, None);
    }

    #[test]
    fn modules_come_from_modules_order_only() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["fs/a.ko", "lib/b.ko", "stray/c.ko"] {
            touch(dir.path(), name, "x");
        }
        assert_eq!(modules(dir.path()).unwrap(), [""; 0], "nothing is built as a module");
        touch(dir.path(), "modules.order", "lib/b.o\nfs/a.o\n");
        assert_eq!(modules(dir.path()).unwrap(), ["fs/a.ko", "lib/b.ko"]);
        touch(dir.path(), "modules.order", "kernel/fs/a.ko\n");
        assert_eq!(modules(dir.path()).unwrap(), ["fs/a.ko"]);
        touch(dir.path(), "modules.order", "gone/d.o\n");
        assert!(modules(dir.path()).is_err());
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
