//! Runs Kconfig's `$(shell,…)` commands as `conf` does, for a caller who asked for that.
//!
//! `conf` uses `popen`: `/bin/sh -c COMMAND` in the current directory with its own environment, of
//! whose output it reads 4,096 bytes and closes the pipe. What the command says on standard error is
//! the user's to see.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::process::{Command, Runner};
use crate::exit::Error;

/// What `conf` reads of a command's output, in bytes; it keeps one less.
const READ: usize = 4096;

/// Runs probes in one directory and environment.
#[derive(Debug)]
pub struct Probes<'a> {
    runner: &'a Runner,
    env: BTreeMap<OsString, OsString>,
    dir: PathBuf,
}

impl<'a> Probes<'a> {
    /// Probes run by `runner` in `dir`, which see `env` and nothing else.
    pub fn new(runner: &'a Runner, env: BTreeMap<OsString, OsString>, dir: &Path) -> Self {
        Self { runner, env, dir: dir.to_owned() }
    }

    /// The first 4,096 bytes of what `command` writes to standard output. Its exit code does not
    /// matter; only a shell that cannot be started, and a signal to us, are errors.
    pub fn run(&self, command: &[u8]) -> io::Result<Vec<u8>> {
        let argv = [OsStr::new("/bin/sh"), OsStr::new("-c"), OsStr::from_bytes(command)];
        let mut command = Command::new(argv).cwd(&self.dir);
        command.env.clone_from(&self.env);
        command.capture = Some(READ);
        command.cut = true;
        let finished = self.runner.run(&command).map_err(|err| match err {
            Error::Io { source, .. } => source,
            other => io::Error::other(other.to_string()),
        })?;
        let _ = io::stderr().write_all(&finished.stderr);
        Ok(finished.stdout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &str) -> Vec<u8> {
        let env = BTreeMap::from([("PATH", "/usr/bin:/bin"), ("X", "x y")]);
        let env = env.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let runner = Runner::quiet();
        Probes::new(&runner, env, Path::new("/")).run(command.as_bytes()).unwrap()
    }

    #[test]
    fn commands_see_the_shell_the_environment_and_the_directory() {
        assert_eq!(run("echo \"$X\"; pwd; exit 3"), b"x y\n/\n");
        assert_eq!(run("exec >&2; echo unseen"), b"");
    }

    #[test]
    fn an_endless_output_is_cut() {
        assert_eq!(run("yes"), b"y\n".repeat(2048));
    }
}
