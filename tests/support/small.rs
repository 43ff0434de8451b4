//! A copy of the small Kbuild-shaped tree in `fixtures/tree`, with a place for what is built of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{fixtures, have, hmmsize, run, scratch};

/// What makes `ZONE_DEVICE` reachable on `x86_64` in the small tree.
pub const REACHABLE: &str = "CONFIG_64BIT=y\nCONFIG_MMU=y\nCONFIG_SMP=y\nCONFIG_SPARSEMEM_MANUAL=y\n\
    CONFIG_SPARSEMEM_VMEMMAP=y\nCONFIG_MIGRATION=y\nCONFIG_MEMORY_HOTPLUG=y\n\
    CONFIG_MEMORY_HOTREMOVE=y\nCONFIG_TRANSPARENT_HUGEPAGE=y\nCONFIG_RUNTIME_TESTING_MENU=y\n";

/// The copy is `linux` in a directory of its own; a fragment `reach.config` lies beside it.
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// `None` where make or the native compiler is missing.
    pub fn new() -> Option<Self> {
        if !(have("make") && have("gcc") && have("ld")) {
            return None;
        }
        let dir = scratch();
        fs::write(dir.path().join("reach.config"), REACHABLE).unwrap();
        let place = Self { dir };
        let fixture = fixtures("tree");
        run(Path::new("/"), "cp", ["-r".as_ref(), fixture.as_os_str(), place.tree().as_os_str()]);
        Some(place)
    }

    /// A file in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The copy of the tree.
    pub fn tree(&self) -> PathBuf {
        self.path("linux")
    }

    /// `git` in the tree.
    pub fn git(&self, args: &[&str]) {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"];
        run(&self.tree(), "git", identity.iter().chain(args));
    }

    /// The program with these words, started in the directory, with a cache of its own.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = hmmsize();
        command.env("XDG_CACHE_HOME", self.path("cache")).env_remove("MAKEFLAGS");
        command.current_dir(self.dir.path());
        command.args(words);
        command
    }

    /// What the program says to these words, if it ends with this exit code.
    pub fn ask(&self, code: i32, words: &[&str]) -> String {
        let output = self.command(words).env("COLUMNS", "80").output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}\n{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Both outputs of a program.
pub fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}
