//! How many objects a build is going to compile, for the progress bar: asked of `make -n` once, then
//! remembered for the architecture, configuration and target.
//!
//! Never more than a forecast. If make cannot say (`-n` breaks off where a recipe is needed for the
//! next step), what it has said so far counts; nothing depends on the number.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::process::{Command, Runner};
use super::state::write_whole;
use crate::exit::Result;
use crate::model::run::Target;

/// Longer than this no forecast is worth.
const PATIENCE: Duration = Duration::from_secs(120);

/// Counts what make would say for each object: `echo '  CC      mm/hmm.o'`. The output of a whole
/// allyesconfig is 150 MB, so it goes through a pipe.
const COUNT: &str =
    r#""$@" 2>/dev/null | grep -cE "echo [\"']?  (CC|AS|RUSTC) (\[M\])? *[^ ]*\.o""#;

/// Forecasts that earlier runs left behind.
#[derive(Debug, Clone)]
pub struct Forecasts {
    dir: PathBuf,
}

impl Forecasts {
    /// Remembers in `dir`, which need not exist.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    fn file(&self, key: &str) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        self.dir.join(key.chars().map(plain).collect::<String>())
    }

    /// What is remembered for `key`.
    pub fn get(&self, key: &str) -> Option<u64> {
        fs::read_to_string(self.file(key)).ok()?.trim().parse().ok()
    }

    /// Remembers. That this fails (a read-only cache) is no reason to stop.
    pub fn put(&self, key: &str, objects: u64) {
        let _ = fs::create_dir_all(&self.dir);
        let _ = write_whole(&self.file(key), format!("{objects}\n").as_bytes());
    }
}

/// Asks make how many objects are left to compile. `make` is the build's command line with goals.
pub fn ask(make: &Command, runner: &Runner) -> Result<Option<u64>> {
    let mut command = make.clone();
    command.argv = ["/bin/sh", "-c", COUNT, "sh"].map(Into::into).to_vec();
    command.argv.extend(make.argv.iter().cloned());
    command.argv.push("-nk".into());
    command.log = None;
    let patience = Instant::now() + PATIENCE;
    command.deadline = Some(make.deadline.map_or(patience, |deadline| deadline.min(patience)));
    let done = runner.run(&command.capture())?;
    Ok(done.text().parse().ok().filter(|&objects| objects > 0))
}

/// What the forecast of a cell is remembered under.
pub fn key_of(arch: &str, config_digest: &str, target: &Target) -> String {
    let target = match target {
        Target::Vmlinux => "vmlinux",
        Target::Image => "image",
        Target::Modules => "modules",
        Target::Scope(scope) => scope,
    };
    key(arch, config_digest.get(..32).unwrap_or_default(), Path::new(target))
}

/// Whether a target can be built on another variant's tree: of modules, those that are no longer
/// built would still lie there.
pub fn is_flippable(target: &Target) -> bool {
    !matches!(target, Target::Modules)
}

/// What a forecast is remembered under.
pub fn key(arch: &str, config_digest: &str, target: &Path) -> String {
    format!("{arch}-{config_digest}-{}", target.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn make_is_asked_and_nothing_is_run() {
        let dir = tempfile::tempdir().unwrap();
        let makefile = "all: a.o b.o c.o\n\
            a.o:\n\t@echo '  CC      mm/a.o'; touch a.o\n\
            b.o:\n\t@echo \"  CC [M]  mm/b.o\"; touch b.o\n\
            c.o:\n\t@echo '  HOSTCC  c.o'; touch c.o\n";
        fs::write(dir.path().join("Makefile"), makefile).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let make = Command::new(["make", "all"]).cwd(dir.path()).env("PATH", path);
        assert_eq!(ask(&make, &Runner::quiet()).unwrap(), Some(2));
        assert!(!dir.path().join("a.o").exists());
    }

    #[test]
    fn forecasts_are_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let forecasts = Forecasts::new(dir.path().join("new"));
        let key = key("arm", "abc", Path::new("mm/"));
        assert_eq!(forecasts.get(&key), None);
        forecasts.put(&key, 509);
        assert_eq!(forecasts.get(&key), Some(509));
        Forecasts::new("/proc/none").put(&key, 1);
    }
}
