//! What `conf` says while it reads a tree, we say: the same words, in the same order, on the same
//! stream; and a tree that it rejects is one that we reject.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use hmmsize::kbuild::probes::Probes;
use hmmsize::kbuild::process::Runner;
use hmmsize::kconf::build::build;
use hmmsize::kconf::dialect::Dialect;
use hmmsize::kconf::model::Model;
use hmmsize::kconf::probe::Probe;
use hmmsize::kconf::syntax::{self, File};

use super::case::{Case, Run};
use super::conf::{self, Outcome};

/// The tree of `case`, as `run` has its environment.
pub fn model(case: &Case, run: &Run, version: &str, dir: &Path) -> Model {
    conf::prepare(case, run, dir);
    let (major, minor) = version.split_once('.').unwrap();
    let dialect = Dialect::new(major.parse().unwrap(), minor.parse().unwrap());
    let command = conf::command(Path::new("conf"), run, dir);
    let env = environment(&command);
    let sources = |name: &str| {
        let path = dir.join(name);
        let text = std::fs::read(&path).map_err(|e| hmmsize::exit::Error::io(&path, e))?;
        let file: File = syntax::parse(name.to_owned(), path, text, dialect);
        Ok(Arc::new(file))
    };
    let runner = Runner::quiet();
    let probes = Probes::new(
        &runner,
        env.iter().map(|(key, value)| (key.into(), value.into())).collect(),
        dir,
    );
    let mut probe = Probe::Run(Box::new(|command| probes.run(command)));
    let lookup =
        |name: &str| env.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    build(&sources, "Kconfig", &lookup, &mut probe, dialect)
}

fn environment(command: &Command) -> Vec<(String, String)> {
    command
        .get_envs()
        .filter_map(|(key, value)| Some((key.to_str()?.to_owned(), value?.to_str()?.to_owned())))
        .collect()
}

/// What differs between `conf` and us on one case.
pub fn difference(case: &Case, run: &Run, version: &str, theirs: &Outcome) -> Option<String> {
    let dir = crate::support::scratch();
    let model = model(case, run, version, dir.path());
    let here = dir.path().to_string_lossy().into_owned();
    let said = |stdout: bool| {
        let messages = model.messages.iter().filter(|message| message.stdout == stdout);
        messages.map(|message| message.text.replace(&here, "TREE") + "\n").collect::<String>()
    };
    let (out, err) = (said(true), said(false));
    // Where the tree is fine, `conf` goes on and has more to say.
    let same = if model.failed() {
        theirs.code == Some(1) && theirs.stderr == err && theirs.stdout.starts_with(&out)
    } else {
        theirs.stderr.starts_with(&err) && theirs.stdout.starts_with(&out)
    };
    (!same).then(|| {
        format!(
            "--- conf ({:?})\n{}{}--- ours ({})\n{out}{err}",
            theirs.code,
            theirs.stdout,
            theirs.stderr,
            if model.failed() { "failed" } else { "fine" }
        )
    })
}

/// A byte that is no character is printed as it is.
#[test]
fn bytes_that_are_no_text_are_printed_as_they_are() {
    let text = b"config A\n\tbool \xe9 \"a\"\n\xff\xc3\xa9 @ \n".to_vec();
    let case = Case { files: vec![("Kconfig".into(), text)], ..Case::default() };
    let run = Run { target: "allnoconfig".into(), ..Run::default() };
    for (version, program) in conf::programs() {
        let dir = crate::support::scratch();
        let model = model(&case, &run, &version, dir.path());
        let ours: Vec<u8> = model.messages.iter().flat_map(|m| model.printed(m)).collect();
        let mut command = conf::command(&program, &run, dir.path());
        let theirs = command.args(["--allnoconfig", "Kconfig"]).output().unwrap().stderr;
        assert!(theirs.windows(3).any(|bytes| bytes == b"'\xe9'"), "{theirs:?}");
        assert_eq!(ours.escape_ascii().to_string(), theirs.escape_ascii().to_string(), "{version}");
    }
}
