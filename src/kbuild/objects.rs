//! Compiles single objects of a tree under one configuration, in an O= directory.
//!
//! Kbuild decides which of them there are: `make -n` of a directory shows what would be compiled in
//! it, and as part of what. Asked for a single object, make compiles it whether or not anything needs
//! it; and up to 5.3 it enters directories whatever the configuration says, so that older kernels
//! cannot be asked this way.

use std::collections::BTreeMap;
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
    /// The configuration has it, whether or not it compiles.
    pub is_planned: bool,
    /// The object, if it was built.
    pub file: Option<PathBuf>,
    /// Whether it is part of a module.
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

    /// Builds those of `objects` that the configuration has; `directories` are those whose makefiles
    /// list them. Also returns what make said.
    pub fn build(
        &self,
        objects: &[String],
        directories: &[String],
    ) -> Result<(Vec<Built>, String)> {
        // What every object needs comes first.
        let (ended, said) = self.make(&["prepare".to_owned()])?;
        if ended != Ended::Code(0) {
            return Err(Error::Cell(format!("make prepare fails: {}", complaint(&said))));
        }
        for path in objects {
            let object = self.dir.join(path);
            match std::fs::remove_file(&object) {
                Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(&object, err));
                }
                _ => {}
            }
        }
        let mut dry = vec!["-nk".to_owned()];
        dry.extend(directories.iter().map(|dir| format!("{dir}/")));
        let planned = planned(&self.make(&dry)?.1);
        let (mut words, mut said) = (vec!["-k".to_owned()], String::new());
        words.extend(objects.iter().filter_map(|path| Some(planned.get(path)?.0.clone())));
        if words.len() > 1 {
            let (ended, words) = self.make(&words)?;
            if ended == Ended::TimedOut {
                return Err(Error::Cell("make ran out of time".to_owned()));
            }
            said = words;
        }
        let built = objects.iter().map(|path| {
            let plan = planned.get(path);
            let object = self.dir.join(path);
            Built {
                path: path.clone(),
                is_planned: plan.is_some(),
                in_module: plan.is_some_and(|(_, in_module)| *in_module),
                file: (plan.is_some() && object.is_file()).then_some(object),
            }
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

/// The objects that `make -n` says it would compile, what it calls them (`a/../b/c.o`), and whether
/// they are part of a module: lines such as `echo '  CC [M]  drivers/x/y.o'`.
fn planned(dry: &str) -> BTreeMap<String, (String, bool)> {
    let mut objects = BTreeMap::new();
    for quoted in dry.split("echo ").skip(1) {
        let text = quoted.strip_prefix(['\'', '"']).and_then(|text| text.split(['\'', '"']).next());
        let words: Vec<&str> = text.unwrap_or_default().split_ascii_whitespace().collect();
        if let ["CC" | "AS" | "RUSTC", flags @ .., object] = &words[..]
            && Path::new(object).extension().is_some_and(|extension| extension == "o")
            && !flags.contains(&"[U]")
        {
            let name = (*object).to_owned();
            objects.insert(plain(object), (name, flags.contains(&"[M]")));
        }
    }
    objects
}

/// A path without `.` and `..`.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if parts.pop().is_some() => {}
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The line that says why: the first with `error` or make's own `***`, else the last.
pub fn complaint(text: &str) -> String {
    let wanted = |line: &&str| {
        (line.contains("***") && line.trim() != "***") || line.to_lowercase().contains("error")
    };
    let line = text.lines().find(wanted).or_else(|| text.lines().last());
    line.map_or("it said nothing", str::trim).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_says_what_is_compiled_and_for_what() {
        let dry = "make[1]: Entering directory '/o'\nset -e; exec >&2; echo '  CC [M]  a/b.o'; gcc -c\n\
                   set -e; exec >&2; echo '  CC      a/c.o'; gcc\necho \"  AS      a/../d.o\"; gcc\n\
                   echo '  CC [U]  user.o'\necho '  LD [M]  a/e.o'\n echo '  AR      a/built-in.a'\n";
        let expected =
            [("a/b.o", "a/b.o", true), ("a/c.o", "a/c.o", false), ("d.o", "a/../d.o", false)];
        let owned =
            |(path, name, module): (&str, &str, bool)| (path.to_owned(), (name.to_owned(), module));
        assert_eq!(planned(dry), expected.map(owned).into());
    }

    #[test]
    fn the_line_that_says_why_is_found() {
        let text =
            "  HOSTCC x\nmake[1]: *** No rule to make target 'foo_defconfig'.  Stop.\nmake: x";
        assert!(complaint(text).contains("No rule"));
        assert_eq!(complaint("***\n*** not clean\n***\nerror\n"), "*** not clean");
        assert_eq!(complaint(""), "it said nothing");
    }
}
