//! `hmmsize config why`: loads what is asked about, asks, renders.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rayon::prelude::*;

use super::steps::{self, Workspace};
use super::{Loaded, Output, ProbeSource, Request, archs, tree};
use crate::cli::common::Common;
use crate::cli::config::{Config, ProbeMode};
use crate::cli::why::{Why, WhyFormat};
use crate::commands::output;
use crate::exit::{Error, Exit, Result};
use crate::kconf::eval::{State, with_stack};
use crate::kconf::merge;
use crate::kconf::model::SymbolId;
use crate::kconf::modes::Stop;
use crate::kconf::read::Reading;
use crate::kconf::why::{self, fragment};
use crate::model::why::{Answer, Outcome, Report, SCHEMA};
use crate::model::words::{self, MakeWords};
use crate::render;

/// What is asked of an option: the value it should have, if any.
type Asked = (String, Option<String>);

/// The configuration in question.
enum Base {
    /// A file's text.
    Text(Vec<u8>),
    /// What a target makes.
    Target(String),
}

/// Runs the command.
pub fn run(common: &Common, args: &Why) -> Result<Exit> {
    let asked = args.symbols.iter().map(|word| words::option(word).map_err(Error::Usage));
    let asked: Vec<Asked> = asked.collect::<Result<_>>()?;
    let config = Config {
        tree: args.tree.clone(),
        arch: args.arch.clone(),
        probe: args.probe,
        probe_file: args.probe_file.clone(),
        fragment: args.fragment.clone(),
        dialect: args.dialect.clone(),
        ..Config::default()
    };
    let request = Request::new(common, &config)?;
    let archs = archs(&request)?;
    if archs.len() > 1 {
        request.tree.read(&archs.iter().flatten().map(String::as_str).collect::<Vec<_>>())?;
    }
    let (base, name) = base(&request, args.config.as_ref(), archs.len() > 1)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(common.jobs.unwrap_or(0)).build();
    let pool = pool.map_err(|err| Error::Usage(format!("config: {err}")))?;
    let one = |arch: &Option<String>| request.answers(arch.as_deref(), &base, &asked);
    let all: Vec<Result<Vec<Answer>>> = pool.install(|| archs.par_iter().map(one).collect());
    let mut answers = Vec::new();
    let mut worst = Exit::Ok;
    for (arch, result) in archs.iter().zip(all) {
        match result {
            Ok(more) => answers.extend(more),
            Err(err) if archs.len() == 1 => return Err(err),
            // The others are still worth having.
            Err(err) => {
                crate::exit::say(&format_args!(
                    "hmmsize: error: {}: {err}",
                    arch.as_deref().unwrap_or_default()
                ));
                worst = worst.max(err.exit());
            }
        }
    }
    let can = |answer: &Answer| {
        use Outcome::{Holds, NotAsked, Possible};
        matches!(answer.outcome, Holds | NotAsked | Possible { .. })
    };
    let lost = asked
        .iter()
        .any(|(symbol, _)| !answers.iter().any(|answer| answer.symbol == *symbol && can(answer)));
    let report = Report {
        schema: SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        tree: args.tree.as_ref().map_or_else(|| ".".to_owned(), |tree| tree.display().to_string()),
        config: name,
        answers,
    };
    let text = match args.format {
        WhyFormat::Json => {
            serde_json::to_string_pretty(&report)
                .map_err(|err| Error::Usage(format!("config why: {err}")))?
                + "\n"
        }
        WhyFormat::Text => {
            // Of one architecture, everything is wanted unless only a value was asked for.
            let details = common.verbose > 0 || asked.iter().any(|(_, value)| value.is_none());
            render::why::report(&report, details, output::view(common).width)
        }
    };
    output::write(common.output.as_deref(), text)?;
    Ok(if lost { worst.max(Exit::Verdict) } else { worst })
}

/// Whether options can have a value on each of `archs` (all of the tree's if there are none), starting
/// from the defaults; nothing of the tree is run. The answers of one architecture, or why there are none.
pub fn possible(
    common: &Common,
    tree: Option<PathBuf>,
    archs: Vec<String>,
    asked: &[(String, Option<String>)],
) -> Result<Vec<(String, Result<Vec<Answer>>)>> {
    let arch = if archs.is_empty() { vec!["all".to_owned()] } else { archs };
    let config = Config { tree, arch, probe: ProbeMode::Never, ..Config::default() };
    let request = Request::new(common, &config)?;
    let archs = match super::archs(&request) {
        Ok(archs) => archs,
        // A tree without architectures is one.
        Err(_) if !request.tree.dir.join("arch").is_dir() => vec![None],
        Err(err) => return Err(err),
    };
    request.tree.read(&archs.iter().flatten().map(String::as_str).collect::<Vec<_>>())?;
    let base = Base::Target("alldefconfig".to_owned());
    let one = |arch: &Option<String>| {
        let answers = request.answers(arch.as_deref(), &base, asked);
        (arch.clone().unwrap_or_default(), answers)
    };
    Ok(archs.par_iter().map(one).collect())
}

/// The configuration in question, and its name.
fn base(request: &Request<'_>, named: Option<&PathBuf>, several: bool) -> Result<(Base, String)> {
    let read = |path: PathBuf| match steps::read_input(&path) {
        Ok(text) => Ok(Some(text)),
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(err) => Err(Error::io(&path, err)),
    };
    let defaults = || (Base::Target("alldefconfig".to_owned()), "alldefconfig".to_owned());
    let Some(named) = named else {
        if several {
            return Ok(defaults());
        }
        let name = super::variable(&request.words, "KCONFIG_CONFIG");
        let name = name.unwrap_or_else(|| ".config".to_owned());
        let found = read(request.dir.join(&name))?;
        return Ok(found.map_or_else(defaults, |text| (Base::Text(text), name)));
    };
    let name = named.display().to_string();
    Ok(match read(request.dir.join(named))? {
        Some(text) => (Base::Text(text), name),
        None => (Base::Target(name.clone()), name),
    })
}

impl Request<'_> {
    /// The answers of one architecture.
    fn answers(&self, arch: Option<&str>, base: &Base, asked: &[Asked]) -> Result<Vec<Answer>> {
        let mut words = self.words.clone();
        if let Some(arch) = arch {
            words.set("ARCH", arch);
        }
        let dir = if self.dir.as_os_str().is_empty() { ".".as_ref() } else { self.dir.as_path() };
        let file = self.probe_file(arch);
        let probes = ProbeSource { mode: self.args.probe, file: file.as_deref(), dir, env: None };
        let loaded = self.tree.load(&words, &probes)?;
        if loaded.model.failed() {
            return Err(tree::rejected(&self.tree, &loaded.model));
        }
        let name = arch.unwrap_or("this tree");
        with_stack(|| {
            let text = self.base_text(&loaded, &words, base)?;
            Ok(answers(&loaded, &text, name, asked))
        })
        .map_err(|err| Error::io("a thread", err))?
    }

    /// The text of the configuration in question.
    fn base_text(&self, loaded: &Loaded, words: &MakeWords, base: &Base) -> Result<Vec<u8>> {
        let state = State::new(&loaded.model);
        let settings = self.settings(loaded, words);
        let mut workspace = Workspace::new(&self.tree, &self.dir);
        let (steps, fragments) = match base {
            Base::Text(text) => {
                workspace.config = Some(text.clone());
                (Vec::new(), self.args.fragment.clone())
            }
            Base::Target(target) => {
                let steps = steps::steps(&self.tree, loaded, target, &self.args.fragment);
                let missing =
                    |msg| Error::Usage(format!("--config {target}: no such file, and {msg}"));
                (steps.map_err(missing)?, Vec::new())
            }
        };
        let merge = (!fragments.is_empty()).then_some(steps::Step::Merge(None, fragments));
        for step in steps.into_iter().chain(merge) {
            workspace.step(&step, &state, &settings, &mut Output::default()).map_err(|stop| {
                match stop {
                    Stop::Warnings => Error::Usage("the configuration has warnings".into()),
                    Stop::Input(msg) => Error::Usage(msg),
                }
            })?;
        }
        Ok(workspace.config.unwrap_or_default())
    }
}

/// Asks about every option in the configuration `text`.
fn answers(loaded: &Loaded, text: &[u8], arch: &str, asked: &[Asked]) -> Vec<Answer> {
    let fresh = State::new(&loaded.model);
    let apply = |changes: &BTreeMap<SymbolId, Box<[u8]>>| {
        let lines = fragment(&loaded.model, changes);
        let mut state = fresh.fresh();
        if lines.is_empty() {
            state.read(b".config", text, Reading::default());
        } else {
            let (merged, _) = merge::merge(text, &[(Vec::new(), lines)], true);
            state.read(b".config", &merged, Reading::default());
        }
        state
    };
    let mut why = why::Why::new(&apply, arch);
    asked
        .iter()
        .map(|(symbol, value)| match value {
            Some(value) => why.ask(symbol, value),
            None => why.explain(symbol),
        })
        .collect()
}
