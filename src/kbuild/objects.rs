//! Compiles single objects of a tree under one configuration, in an O= directory.
//!
//! Kbuild decides: since 5.4, `make path/file.o` builds an object only if the configuration does, and
//! as what it would be part of. Older kernels compile whatever they are asked for, and are not asked.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::environment::Env;
use super::process::{Command, Ended, Runner};
use super::state::write_whole;
use crate::exit::{Error, Result};
use crate::model::words::MakeWords;

/// An O= directory of a tree, configured again and again.
#[derive(Debug)]
pub struct Site<'a> {
    /// The tree.
    pub tree: &'a Path,
    /// The directory.
    pub dir: PathBuf,
    /// What make is told.
    pub words: &'a MakeWords,
    /// The environment of make.
    pub env: &'a Env,
    /// Starts make.
    pub runner: &'a Runner,
    /// How long each call of make may take.
    pub timeout: Duration,
}

/// What Kbuild made of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// From the top of the tree.
    pub path: String,
    /// The object, if it was built.
    pub file: Option<PathBuf>,
    /// Whether it was compiled with `MODULE` defined.
    pub in_module: bool,
}

impl Site<'_> {
    /// `make olddefconfig` with `config`. What goes wrong is an [`Error::Cell`]. Returns what was
    /// written.
    pub fn configure(&self, config: &[u8]) -> Result<Vec<u8>> {
        std::fs::create_dir_all(&self.dir).map_err(|err| Error::io(&self.dir, err))?;
        let file = self.dir.join(".config");
        write_whole(&file, config)?;
        let (ended, said) = self.make(&["olddefconfig".to_owned()])?;
        if ended != Ended::Code(0) {
            return Err(Error::Cell(format!("make olddefconfig fails: {}", complaint(&said))));
        }
        std::fs::read(&file).map_err(|err| Error::io(&file, err))
    }

    /// Builds those of `objects` that the configuration has. Also returns what make said.
    pub fn build(&self, objects: &[String]) -> Result<(Vec<Built>, String)> {
        for path in objects {
            let object = self.dir.join(path);
            for old in [command_file(&object), object] {
                match std::fs::remove_file(&old) {
                    Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Error::io(&old, err));
                    }
                    _ => {}
                }
            }
        }
        // What every object needs comes first, since not all of them are built.
        let (ended, said) = self.make(&["prepare".to_owned()])?;
        if ended != Ended::Code(0) {
            return Err(Error::Cell(format!("make prepare fails: {}", complaint(&said))));
        }
        let mut words = vec!["-k".to_owned()];
        words.extend(objects.iter().cloned());
        let (ended, said) = self.make(&words)?;
        if ended == Ended::TimedOut {
            return Err(Error::Cell("make ran out of time".to_owned()));
        }
        let built = objects.iter().map(|path| {
            let object = self.dir.join(path);
            let command = std::fs::read(command_file(&object)).unwrap_or_default();
            let in_module = memchr::memmem::find(&command, b"-DMODULE").is_some();
            let file = object.is_file().then_some(object);
            Built { path: path.clone(), file, in_module }
        });
        Ok((built.collect(), said))
    }

    fn make(&self, goals: &[String]) -> Result<(Ended, String)> {
        let log = self.dir.with_extension("log");
        let _ = std::fs::remove_file(&log);
        let mut command = Command::new(["make", "-C"]).arg(self.tree);
        let mut out = std::ffi::OsString::from("O=");
        out.push(&self.dir);
        command = command.arg(out).log(&log);
        command.argv.extend(self.words.to_words().into_iter().map(Into::into));
        command.argv.extend(goals.iter().map(Into::into));
        command.env.clone_from(self.env);
        command.deadline = Some(Instant::now() + self.timeout);
        let done = self.runner.run(&command)?;
        let said = std::fs::read(&log).map_err(|err| Error::io(&log, err))?;
        Ok((done.ended, String::from_utf8_lossy(&said).into_owned()))
    }
}

/// Where Kbuild writes down how an object was made: `.name.o.cmd`.
fn command_file(object: &Path) -> PathBuf {
    let name = object.file_name().unwrap_or_default().to_string_lossy();
    object.with_file_name(format!(".{name}.cmd"))
}

/// The line that says why: the first with `error` or make's own `***`, else the last.
pub fn complaint(text: &str) -> String {
    let wanted = |line: &&str| line.contains("***") || line.to_lowercase().contains("error");
    let line = text.lines().find(wanted).or_else(|| text.lines().last());
    line.map_or("it said nothing", str::trim).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_why_is_found() {
        let text =
            "  HOSTCC x\nmake[1]: *** No rule to make target 'foo_defconfig'.  Stop.\nmake: x";
        assert!(complaint(text).contains("No rule"));
        assert_eq!(complaint(""), "it said nothing");
    }
}
