//! What must be installed to build, test and demonstrate, and how Debian calls it.
//!
//! A need is met when its file is there, whoever put it there; so the check costs no process and
//! works on other systems too, where only the names of the packages differ.

use std::path::Path;

use anyhow::{Result, bail};

use crate::process::{command, is_root, run, which};

/// A package, and how to see that what is in it is there.
struct Need {
    package: &'static str,
    have: Have,
}

enum Have {
    /// A program on PATH.
    Program(&'static str),
    /// A file below one of the directories in which the C compiler looks.
    Header(&'static str),
    /// A file.
    File(&'static str),
}

const fn program(package: &'static str, program: &'static str) -> Need {
    Need { package, have: Have::Program(program) }
}

/// What a kernel build needs, then the cross compilers of the machines that tests and demo build.
/// Where this machine is itself one of them, its own compiler has the prefixed name as well.
static NEEDS: &[Need] = &[
    program("make", "make"),
    program("gcc", "gcc"),
    program("binutils", "readelf"),
    program("clang", "clang"),
    program("lld", "ld.lld"),
    program("llvm", "llvm-dwarfdump"),
    program("flex", "flex"),
    program("bison", "bison"),
    program("bc", "bc"),
    program("gawk", "gawk"),
    program("cpio", "cpio"),
    program("kmod", "depmod"),
    program("rsync", "rsync"),
    program("xz-utils", "xz"),
    program("zstd", "zstd"),
    program("ccache", "ccache"),
    program("distcc", "distccd"),
    program("python3", "python3"),
    program("perl", "perl"),
    program("git", "git"),
    program("jq", "jq"),
    program("vim", "vim"),
    program("patch", "patch"),
    program("chromium", "chromium"),
    program("man-db", "man"),
    Need { package: "libc6-dev", have: Have::Header("stdio.h") },
    Need { package: "libelf-dev", have: Have::Header("gelf.h") },
    Need { package: "libssl-dev", have: Have::Header("openssl/ssl.h") },
    program("gcc-aarch64-linux-gnu", "aarch64-linux-gnu-gcc"),
    program("gcc-arm-linux-gnueabi", "arm-linux-gnueabi-gcc"),
    program("gcc-arm-linux-gnueabihf", "arm-linux-gnueabihf-gcc"),
    program("gcc-i686-linux-gnu", "i686-linux-gnu-gcc"),
    program("gcc-mips-linux-gnu", "mips-linux-gnu-gcc"),
    program("gcc-powerpc64le-linux-gnu", "powerpc64le-linux-gnu-gcc"),
    program("gcc-riscv64-linux-gnu", "riscv64-linux-gnu-gcc"),
    program("gcc-s390x-linux-gnu", "s390x-linux-gnu-gcc"),
    program("gcc-x86-64-linux-gnu", "x86_64-linux-gnu-gcc"),
    Need { package: "linux-source-6.12", have: Have::File(crate::kernel::TARBALL) },
    Need { package: "linux-source-6.1", have: Have::File(crate::kernel::OLDER_TARBALL) },
];

impl Need {
    fn is_met(&self) -> bool {
        match self.have {
            Have::Program(name) => which(name).is_some(),
            Have::File(path) => Path::new(path).is_file(),
            Have::Header(name) => {
                let multiarch = format!("{}-linux-gnu", std::env::consts::ARCH);
                [format!("/usr/include/{name}"), format!("/usr/include/{multiarch}/{name}")]
                    .iter()
                    .any(|path| Path::new(path).is_file())
            }
        }
    }
}

/// The packages that are missing, in the order of the table. `tree` says that a Linux tree is
/// there already, so that no package has to bring one.
pub fn missing(tree: bool) -> Vec<&'static str> {
    NEEDS
        .iter()
        .filter(|need| !(tree && matches!(need.have, Have::File(crate::kernel::TARBALL))))
        .filter(|need| !need.is_met())
        .map(|need| need.package)
        .collect()
}

/// The command that installs `packages`, for a user to type.
pub fn install_line(packages: &[&str]) -> String {
    format!(
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    )
}

/// Installs `packages` if we are root on a system with apt; otherwise fails with the command.
pub fn install(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    if which("apt-get").is_none() {
        bail!("missing, as Debian calls it: {}", packages.join(" "));
    }
    if !is_root() {
        bail!("something is missing and we are not root; please run\n{}", install_line(packages));
    }
    // Lists may be missing or old. One unreachable third-party source must not stop us.
    if let Err(err) = run(apt_get().arg("update")) {
        eprintln!("xtask: {err:#}; going on with the package lists that are there");
    }
    run(apt_get().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt_get() -> std::process::Command {
    let mut command = command("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-o", "Dpkg::Use-Pty=0"]);
    // Another apt may be running, on a fresh machine its own updates.
    command.args(["-o", "DPkg::Lock::Timeout=300"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_once() {
        let mut names: Vec<_> = NEEDS.iter().map(|need| need.package).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_need_is_met_by_its_file() {
        assert!(program("dash", "sh").is_met());
        assert!(!program("nothing", "no-such-program-anywhere").is_met());
        assert!(!Need { package: "x", have: Have::Header("no/such/header.h") }.is_met());
        assert!(!Need { package: "x", have: Have::File("/no/such/file") }.is_met());
    }

    #[test]
    fn the_command_for_a_user_is_complete() {
        assert_eq!(
            install_line(&["bc", "flex"]),
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends bc flex"
        );
    }
}
