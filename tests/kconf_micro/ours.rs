//! Runs a micro-case with our engine, as a library: nothing of it depends on a machine or a tree.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use hmmsize::exit::Error;
use hmmsize::kconf::build::build;
use hmmsize::kconf::dialect::Dialect;
use hmmsize::kconf::eval::State;
use hmmsize::kconf::modes::{self, Goal, Settings, Stop, Written};
use hmmsize::kconf::output::Stream;
use hmmsize::kconf::probe::{self, Probe};
use hmmsize::kconf::read::Reading;
use hmmsize::kconf::syntax::{File, parse};

use super::case::{Case, Run};
use super::conf::{Outcome, prepare};

/// What our engine makes of a run.
pub fn ours(version: &str, case: &Case, run: &Run) -> Outcome {
    let goal = match run.target.as_str() {
        "allyesconfig" => Goal::AllYes,
        "allmodconfig" => Goal::AllMod,
        "allnoconfig" => Goal::AllNo,
        "alldefconfig" => Goal::AllDef,
        "olddefconfig" => Goal::OldDef,
        "savedefconfig" => Goal::SaveDef,
        "listnewconfig" => Goal::ListNew,
        "yes2modconfig" => Goal::Yes2Mod,
        "mod2yesconfig" => Goal::Mod2Yes,
        "mod2noconfig" => Goal::Mod2No,
        "helpnewconfig" => Goal::HelpNew,
        other => {
            let (target, file) = other.split_once('=').unwrap_or((other, ""));
            assert_eq!(target, "defconfig", "line {}: {other}", run.line);
            Goal::Defconfig(file.into())
        }
    };
    let dir = super::support::scratch();
    prepare(case, run, dir.path());
    let (major, minor) = version.split_once('.').unwrap();
    let dialect = Dialect::new(major.parse().unwrap(), minor.parse().unwrap());
    configured(dir.path(), dialect, run, &goal)
}

fn configured(dir: &Path, dialect: Dialect, run: &Run, goal: &Goal) -> Outcome {
    let mut outcome = Outcome { code: Some(1), ..Outcome::default() };
    // What was there before still is when nothing is written.
    if *goal != Goal::SaveDef {
        outcome.config = fs::read(dir.join(".config")).ok();
    }
    let get = |name: &str| {
        let given = run.env.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        given.or_else(|| (name == "srctree").then(|| dir.to_string_lossy().into_owned()))
    };
    let sources = |name: &str| -> hmmsize::exit::Result<Arc<File>> {
        let path = dir.join(name);
        let text = fs::read(&path).map_err(|e| Error::io(&path, e))?;
        Ok(Arc::new(parse(name.to_owned(), path, text, dialect)))
    };
    let mut noise = Vec::new();
    let model = {
        let mut probe = Probe::Run(Box::new(|command: &[u8]| {
            let (output, said) = shell(dir, run, command)?;
            noise.extend(said);
            Ok(output)
        }));
        build(&sources, "Kconfig", &get, &mut probe, dialect)
    };
    let here = dir.to_string_lossy().into_owned();
    outcome.stderr = String::from_utf8_lossy(&noise).into_owned();
    for message in &model.messages {
        let place = if message.stdout { &mut outcome.stdout } else { &mut outcome.stderr };
        place.push_str(&message.text.replace(&here, "TREE"));
        place.push('\n');
    }
    if model.failed() {
        return outcome;
    }
    let open = |path: &Path| -> Result<Option<Vec<u8>>, String> {
        match fs::read(dir.join(path)) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e.to_string()),
        }
    };
    let settings = Settings {
        config: ".config".into(),
        allconfig: get("KCONFIG_ALLCONFIG").map(PathBuf::from),
        defconfig_list: get("KCONFIG_DEFCONFIG_LIST")
            .iter()
            .flat_map(|list| list.split_whitespace())
            .map(PathBuf::from)
            .collect(),
        werror: get("KCONFIG_WERROR").is_some(),
        reading: Reading { warn_unknown: get("KCONFIG_WARN_UNKNOWN_SYMBOLS").is_some() },
        ..Settings::default()
    };
    let mut state = State::new(&model);
    let result = modes::run(&mut state, goal, &settings, &open);
    outcome.stdout += &String::from_utf8_lossy(&state.output.text(Stream::Out));
    outcome.stderr += &String::from_utf8_lossy(&state.output.text(Stream::Err));
    match result {
        Ok(written) => {
            outcome.code = Some(0);
            if let Written::DotConfig(text) | Written::Defconfig(text) = written {
                outcome.config = Some(text);
            }
        }
        Err(Stop::Input(words)) => outcome.stderr += &(words + "\n"),
        Err(Stop::Warnings) => {}
    }
    outcome
}

/// Runs a probe as `popen` does; what it wrote, as `conf` keeps it, and what it complained about.
fn shell(dir: &Path, run: &Run, command: &[u8]) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let text = String::from_utf8_lossy(command).into_owned();
    let mut shell = super::conf::command(Path::new("/bin/sh"), run, dir);
    let output = Command::output(shell.arg("-c").arg(text))?;
    Ok((probe::kept(output.stdout), output.stderr))
}
