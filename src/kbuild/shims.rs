//! Two small additions to the tools that make calls, without make or Kconfig noticing: compilers go
//! through ccache, and the links of vmlinux and vmlinux.o also write linker maps.
//!
//! Both stand in a directory in front of PATH under the names that make calls anyway. So `CC` and
//! `LD` stay what they were, in Kconfig's eyes, in the recorded commands and in `reproduce.sh`, and
//! `CONFIG_VMLINUX_MAP` (which needs EXPERT, and so changes what is measured) stays as it was. A map
//! written by the very link that made vmlinux cannot disagree with it, and costs no second link.
//! Only where a tool is named with its path do `CC` and `LD` have to change on make's command line.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::process::{Command, quote};
use super::state::write_whole;
use crate::exit::{Error, Result};
use crate::model::linkmap::HIDDEN_PRELINK_MAP;
use crate::model::words::MakeWords;

/// The map that our linker wrapper writes, in the build directory.
pub const MAP: &str = ".hmmsize.map";
/// The map that `CONFIG_VMLINUX_MAP` writes, in the build directory.
pub const KERNEL_MAP: &str = "vmlinux.map";

/// The programs that make will call.
#[derive(Debug, PartialEq, Eq)]
struct Tools {
    cc: String,
    ld: String,
    hostcc: String,
}

impl Tools {
    /// By the kernel's own rules (the top Makefile): explicit words, then LLVM, then
    /// `CROSS_COMPILE`.
    fn of(words: &MakeWords) -> Self {
        let (prefix, suffix) = match words.get("LLVM") {
            None | Some("" | "0") => {
                let cross = words.get("CROSS_COMPILE").unwrap_or("");
                return Self::named(words, &format!("{cross}gcc"), &format!("{cross}ld"), "gcc");
            }
            Some(dir) if dir.ends_with('/') => (dir, ""),
            Some(suffix) if suffix.starts_with('-') => ("", suffix),
            Some(_) => ("", ""),
        };
        let clang = format!("{prefix}clang{suffix}");
        Self::named(words, &clang, &format!("{prefix}ld.lld{suffix}"), &clang)
    }

    fn named(words: &MakeWords, cc: &str, ld: &str, hostcc: &str) -> Self {
        let word = |key, usual: &str| words.get(key).unwrap_or(usual).to_owned();
        Self { cc: word("CC", cc), ld: word("LD", ld), hostcc: word("HOSTCC", hostcc) }
    }
}

/// The compiler that make will call, as it is named in its words.
pub fn compiler(words: &MakeWords) -> String {
    Tools::of(words).cc
}

/// Puts the wrappers for a cell into `dir` and makes `command` use them. `launcher` is the program to
/// put before compilers, if any: ccache, which calls distcc itself, or distcc.
pub fn apply(
    dir: &Path,
    command: &mut Command,
    words: &MakeWords,
    launcher: Option<&Path>,
) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(Error::io(dir, e)),
        _ => fs::create_dir_all(dir).map_err(|e| Error::io(dir, e))?,
    }
    let path = command.env.get(&OsString::from("PATH")).cloned().unwrap_or_default();
    let tools = Tools::of(words);
    if let Some(launcher) = launcher {
        compilers(dir, command, &tools, launcher)?;
    }
    if let Some(real) = find(&tools.ld, &path) {
        let name = tools.ld.rsplit('/').next().unwrap_or("ld");
        let wrapper = dir.join(name);
        write_whole(&wrapper, linker(&real).as_bytes())?;
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))
            .map_err(|e| Error::io(&wrapper, e))?;
        if tools.ld.contains('/') {
            set_word(command, "LD", &wrapper.to_string_lossy());
        }
    }
    let mut front = dir.as_os_str().to_owned();
    front.push(":");
    front.push(path);
    command.env.insert("PATH".into(), front);
    Ok(())
}

fn compilers(dir: &Path, command: &mut Command, tools: &Tools, launcher: &Path) -> Result<()> {
    for (word, name) in [("CC", &tools.cc), ("HOSTCC", &tools.hostcc)] {
        if name.contains(char::is_whitespace) || name.is_empty() {
            continue; // the user's own wrapper
        }
        if name.contains('/') {
            set_word(command, word, &format!("{} {name}", launcher.display()));
            continue;
        }
        // Both look at the name they are called by, and for the real program further down PATH.
        let link = dir.join(name);
        match symlink(launcher, &link) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(Error::io(&link, e)),
            _ => {}
        }
    }
    // ccache's own settings; none of them reaches the compiler.
    for (key, value) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("CCACHE_") {
            command.env.entry(key).or_insert(value);
        }
    }
    Ok(())
}

/// Sets a make variable on the command line, in the place of an earlier word for it.
fn set_word(command: &mut Command, key: &str, value: &str) {
    let prefix = format!("{key}=");
    command.argv.retain(|word| !word.to_string_lossy().starts_with(&prefix));
    command.argv.push(format!("{prefix}{value}").into());
}

/// The linker, with a map where it links vmlinux (`vmlinux.unstripped` since 6.15) or `vmlinux.o`, and
/// the kernel does not ask for one itself.
fn linker(real: &Path) -> String {
    let real = quote(&real.to_string_lossy());
    format!(
        r#"#!/bin/sh
# Written by hmmsize: the linker, and a map beside vmlinux and vmlinux.o.
map= last=
for word; do
    case $word in -Map | -Map=* | --Map | --Map=*) map=; break ;; esac
    case "$last $word" in
    "-o vmlinux" | "-o vmlinux.unstripped") map={MAP} ;;
    "-o vmlinux.o") map={HIDDEN_PRELINK_MAP} ;;
    esac
    last=$word
done
if [ -n "$map" ]; then set -- "-Map=$map" "$@"; fi
exec {real} "$@"
"#
    )
}

/// The program called `name`, along `path`.
pub fn find(name: &str, path: &OsString) -> Option<PathBuf> {
    let runs = |file: &PathBuf| {
        fs::metadata(file).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(runs);
    }
    std::env::split_paths(path).map(|dir| dir.join(name)).find(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kbuild::process::Runner;

    fn words(words: &[&str]) -> MakeWords {
        MakeWords::parse(words).unwrap()
    }

    fn tools(cc: &str, ld: &str, hostcc: &str) -> Tools {
        Tools { cc: cc.into(), ld: ld.into(), hostcc: hostcc.into() }
    }

    #[test]
    fn tools_are_named_as_the_kernel_names_them() {
        assert_eq!(Tools::of(&words(&[])), tools("gcc", "ld", "gcc"));
        let cross = words(&["CROSS_COMPILE=aarch64-linux-gnu-"]);
        let want = tools("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-ld", "gcc");
        assert_eq!(Tools::of(&cross), want);
        assert_eq!(Tools::of(&words(&["LLVM=1"])), tools("clang", "ld.lld", "clang"));
        let want = tools("clang-18", "ld.lld-18", "clang-18");
        assert_eq!(Tools::of(&words(&["LLVM=-18"])), want);
        let want = tools("/o/bin/clang", "ld.bfd", "/o/bin/clang");
        assert_eq!(Tools::of(&words(&["LLVM=/o/bin/", "LD=ld.bfd"])), want);
    }

    /// A linker that writes down how it was called.
    fn fake(dir: &Path, name: &str) -> PathBuf {
        let file = dir.join(name);
        fs::write(&file, "#!/bin/sh\necho \"$@\"\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[test]
    fn only_the_links_of_the_kernel_get_a_map() {
        let dir = tempfile::tempdir().unwrap();
        fake(dir.path(), "x-ld");
        let mut command = Command::new(["make"]).env("PATH", dir.path());
        let bin = dir.path().join("shims");
        apply(&bin, &mut command, &words(&["CROSS_COMPILE=x-"]), None).unwrap();
        assert_eq!(command.argv, ["make"], "no word changes");
        assert!(
            command.env[&OsString::from("PATH")]
                .to_str()
                .unwrap()
                .starts_with(bin.to_str().unwrap())
        );
        let link = |args: &[&str]| {
            let ld = bin.join("x-ld");
            let words = [&[ld.to_str().unwrap()], args].concat();
            Runner::quiet().run(&Command::new(words).capture()).unwrap().text()
        };
        assert_eq!(link(&["-r", "-o", "a b.o", "x.o"]), "-r -o a b.o x.o");
        assert_eq!(link(&["-o", ".tmp_vmlinux1"]), "-o .tmp_vmlinux1");
        assert_eq!(
            link(&["-o", "arch/x86/boot/compressed/vmlinux"]),
            "-o arch/x86/boot/compressed/vmlinux"
        );
        assert_eq!(link(&["-T", "s", "-o", "vmlinux"]), "-Map=.hmmsize.map -T s -o vmlinux");
        assert_eq!(
            link(&["-r", "-o", "vmlinux.o", "vmlinux.a"]),
            "-Map=.hmmsize.vmlinux.o.map -r -o vmlinux.o vmlinux.a"
        );
        assert_eq!(link(&["-o", "vmlinux", "-Map=m"]), "-o vmlinux -Map=m");
        assert_eq!(link(&["-Map", "m", "-o", "vmlinux"]), "-Map m -o vmlinux");
    }

    #[test]
    fn tools_with_a_path_are_named_to_make() {
        let dir = tempfile::tempdir().unwrap();
        let ld = fake(dir.path(), "x-ld");
        let cross = format!("CROSS_COMPILE={}/x-", dir.path().display());
        let mut command = Command::new(["make", &cross]).env("PATH", "/usr/bin");
        let bin = dir.path().join("shims");
        let ccache = Path::new("/usr/bin/ccache");
        apply(&bin, &mut command, &words(&[&cross]), Some(ccache)).unwrap();
        let argv: Vec<_> = command.argv.iter().map(|w| w.to_str().unwrap().to_owned()).collect();
        assert_eq!(argv[2], format!("CC=/usr/bin/ccache {}/x-gcc", dir.path().display()));
        assert_eq!(argv[3], format!("LD={}/x-ld", bin.display()));
        assert!(fs::read_to_string(bin.join("x-ld")).unwrap().contains(ld.to_str().unwrap()));
        assert_eq!(fs::read_link(bin.join("gcc")).unwrap(), ccache, "gcc is found along PATH");
    }
}
