//! What `hmmsize build` does before it compiles: reads the command line and the matrix, prepares
//! sources, prints the plan, and makes configurations in which requests hold. On `fixtures/tree`,
//! with real make, compilers, tar and git.

mod support;

#[path = "plan/configure.rs"]
mod configure;
#[path = "plan/input.rs"]
mod input;
#[path = "plan/readme.rs"]
mod readme;
#[path = "plan/shards.rs"]
mod shards;
#[path = "plan/sources.rs"]
mod sources;

use std::path::{Path, PathBuf};
use std::process::Output;

use support::{fixtures, hmmsize, run, scratch};

/// A directory with a copy of the fixture tree (`linux`), a cache and room for output.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: scratch() };
        let copy = [fixtures("tree").into_os_string(), place.tree().into_os_string()];
        run(place.dir.path(), "cp", [&"-r".into(), &copy[0], &copy[1]]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn tree(&self) -> PathBuf {
        self.path("linux")
    }

    /// `hmmsize build ARGS` with its own cache, in this directory.
    fn build(&self, args: &[&str]) -> Output {
        let mut command = hmmsize();
        command.current_dir(self.dir.path()).env("HMMSIZE_CACHE", self.path("cache"));
        command.args(["build", "-q"]).args(args);
        command.output().expect("hmmsize runs")
    }

    /// Makes the tree a git repository with one commit.
    fn commit_all(&self, message: &str) {
        self.git(&["init", "-q", "-b", "main"]);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    fn git(&self, args: &[&str]) -> String {
        let settings = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let output = run(&self.tree(), "git", settings.iter().chain(args));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file below a directory with its contents, its mode and its times.
fn snapshot(dir: &Path) -> Vec<String> {
    let script = "find . -printf '%p %y %m %s %T@ %l\\n' | sort; find . -type f | sort | xargs -d '\\n' sha256sum";
    let output = run(dir, "sh", ["-c", script]);
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}
