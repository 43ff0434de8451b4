//! A program of the user's that solves DIMACS CNF: minisat, cadical, kissat, picosat.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::environment::{self, Env};
use super::process::{Command, Ended, Runner};
use crate::exit::{Error, Result};

/// The program, and a directory for its input.
#[derive(Debug)]
pub struct Program<'a> {
    argv: Vec<OsString>,
    dir: PathBuf,
    env: Env,
    runner: &'a Runner,
}

impl<'a> Program<'a> {
    /// `words` are the program and its arguments.
    pub fn new(words: &str, dir: &Path, runner: &'a Runner) -> Self {
        let argv = words.split_whitespace().map(OsString::from).collect();
        let env = environment::plain(std::env::vars_os());
        Self { argv, dir: dir.to_owned(), env, runner }
    }

    /// What it prints about `text`, as the rules of the SAT competition have it. minisat writes its
    /// model to a file, the others print it. An exit code that is neither 0, 10 nor 20 is an error.
    pub fn ask(&self, text: &str) -> Result<String> {
        let file = tempfile::Builder::new().suffix(".cnf").tempfile_in(&self.dir);
        let file = file.map_err(|err| Error::io(&self.dir, err))?;
        std::fs::write(file.path(), text).map_err(|err| Error::io(file.path(), err))?;
        let mut command = Command::new(self.argv.iter().cloned()).arg(file.path());
        let name = self.argv.first().map_or(Path::new(""), Path::new);
        let model = file.path().with_extension("model");
        let is_minisat = name.file_stem().is_some_and(|stem| stem == "minisat");
        if is_minisat {
            command = command.arg(&model);
        }
        command = command.capture();
        command.env.clone_from(&self.env);
        let done = self.runner.run(&command)?;
        if !matches!(done.ended, Ended::Code(0 | 10 | 20)) {
            return Err(Error::input(name, format!("as a solver, it {}", done.how())));
        }
        let mut said = String::from_utf8_lossy(&done.stdout).into_owned();
        if is_minisat {
            let shown = std::fs::read_to_string(&model).unwrap_or_default();
            said.extend(shown.lines().skip(1).map(|line| format!("v {line}\n")));
        }
        Ok(said)
    }
}
