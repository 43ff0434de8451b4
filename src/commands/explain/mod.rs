//! `hmmsize explain`: opens the index, finds what the name stands for, and says everything about it.

use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;
use serde::de::DeserializeOwned;

use self::index::Index;
use crate::cli::common::Common;
use crate::cli::explain::{Explain, ExplainFormat};
use crate::commands::{images, output};
use crate::elf::HugePages;
use crate::exit::{Error, Exit, Result};
use crate::explain::place::Asked;
use crate::explain::{answer, names, option};
use crate::kbuild::store::Damaged;
use crate::model::explain::{
    Answer, FunctionAnswer, ObjectOf, OptionAnswer, OptionFacts, Report, RuleOf, SCHEMA,
};
use crate::render;

mod bytes;
mod index;
mod similar;
mod witness;

/// Callers are looked for in so many files.
const FILES: usize = 200;

/// Runs the command.
pub fn run(common: &Common, args: &Explain) -> Result<Exit> {
    HugePages::save();
    images::threads(common.jobs)?;
    let root = args.tree.clone().unwrap_or_else(|| ".".into());
    if !root.is_dir() {
        let missing = std::io::Error::from(std::io::ErrorKind::NotADirectory);
        return Err(Error::io(&root, root.metadata().err().unwrap_or(missing)));
    }
    let index = Index::open(common, &root)?;
    let answers = match answers(common, args, &index) {
        Ok(answers) => answers,
        Err(Failed::Error(err)) => return Err(err),
        // What is damaged is made anew.
        Err(Failed::Damaged) => {
            Index::forget(&root)?;
            let index = Index::open(common, &root)?;
            let damaged = || Error::input(&root, "its index is damaged as soon as it is written");
            answers_again(common, args, &index, damaged)?
        }
    };
    let report = Report {
        schema: SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        tree: root.display().to_string(),
        question: args.name.clone(),
        arches: index.arches.clone(),
        answers,
    };
    let text = match args.format {
        ExplainFormat::Text => render::explain::text(&report, args.all, output::view(common)),
        ExplainFormat::Markdown => render::explain::markdown(&report, args.all),
        ExplainFormat::Json => render::json::pretty(&report),
    };
    output::write(common.output.as_deref(), text)?;
    Ok(Exit::Ok)
}

/// Why there is no answer.
enum Failed {
    Error(Error),
    Damaged,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Damaged> for Failed {
    fn from(_: Damaged) -> Self {
        Self::Damaged
    }
}

fn answers_again(
    common: &Common,
    args: &Explain,
    index: &Index,
    damaged: impl Fn() -> Error,
) -> Result<Vec<Answer>> {
    answers(common, args, index).map_err(|failed| match failed {
        Failed::Error(err) => err,
        Failed::Damaged => damaged(),
    })
}

fn read<T: DeserializeOwned>(record: Option<Vec<u8>>) -> Result<Option<T>, Damaged> {
    record.map(|record| serde_json::from_slice(&record).map_err(|_| Damaged)).transpose()
}

/// Everything that the name stands for.
fn answers(common: &Common, args: &Explain, index: &Index) -> Result<Vec<Answer>, Failed> {
    if let Some(bad) = args.arch.iter().find(|arch| !index.arches.contains(arch)) {
        let known = index.arches.join(", ");
        return Err(Error::Usage(format!("--arch {bad}: the tree has {known}")).into());
    }
    let here = |object: &ObjectOf| {
        object.arches.is_empty()
            || args.arch.is_empty()
            || object.arches.iter().any(|arch| args.arch.contains(arch))
    };
    let objects = |source: &str| -> Vec<ObjectOf> {
        let record = index.objects_of(source).ok().flatten();
        let found: Option<Vec<ObjectOf>> = read(record).ok().flatten();
        found.unwrap_or_default().into_iter().filter(&here).collect()
    };
    let files = index.sources.iter().map(|(path, _)| path.as_str()).collect();
    let asked = Asked { root: index.root.clone(), objects: &objects, files };
    let images = bytes::open(&args.image, &args.run)?;
    let mut out = Vec::new();
    if let Some((path, line)) = file_of(&asked, &args.name) {
        let found = answer::file(&asked, path, line)
            .ok_or_else(|| Error::input(index.root.join(path), "cannot be read"))?;
        let bytes = images.iter().map(|image| image.of_file(&found)).collect();
        out.push(Answer::File(Box::new(crate::model::explain::FileAnswer { bytes, ..found })));
        return Ok(out);
    }
    let (named, name) = match args.name.strip_prefix("CONFIG_") {
        Some(name) => (true, name),
        None => (false, args.name.as_str()),
    };
    if let Some(facts) = read::<OptionFacts>(index.option(name)?)? {
        let mut found = of_option(index, &asked, facts, args)?;
        found.bytes = images.iter().map(|image| image.of_option(&found)).collect();
        if args.witness {
            found.witnesses = witness::find(common, &index.root, &found.facts, &args.arch)?;
        }
        out.push(Answer::Option(Box::new(found)));
    }
    let function = if named { None } else { of_function(index, &asked, name, args.all)? };
    if let Some(mut found) = function {
        found.bytes = images.iter().map(|image| image.of_function(&found)).collect();
        out.push(Answer::Function(Box::new(found)));
    }
    if out.is_empty() {
        return Err(similar::nothing(&args.name, name, named, index).into());
    }
    Ok(out)
}

/// A file of the tree and a line: `mm/memory.c:12`.
fn file_of<'a>(asked: &Asked<'a>, name: &str) -> Option<(&'a str, Option<u32>)> {
    let name = name.strip_prefix("./").unwrap_or(name);
    let known = |name: &str| asked.files.get(name).copied();
    if let Some(path) = known(name) {
        return Some((path, None));
    }
    let (path, line) = name.rsplit_once(':')?;
    Some((known(path)?, Some(line.parse().ok().filter(|line| *line > 0)?)))
}

fn of_option(
    index: &Index,
    asked: &Asked<'_>,
    facts: OptionFacts,
    args: &Explain,
) -> Result<OptionAnswer, Failed> {
    let mut rules: Vec<RuleOf> = read(index.rules(&facts.name)?)?.unwrap_or_default();
    rules.retain(|rule| {
        rule.arches.is_empty()
            || args.arch.is_empty()
            || rule.arches.iter().any(|arch| args.arch.contains(arch))
    });
    let mut files: BTreeSet<&str> = BTreeSet::new();
    for name in [format!("CONFIG_{}", facts.name), format!("CONFIG_{}_MODULE", facts.name)] {
        let known = index.files(&name)?.unwrap_or_default();
        files.extend(known.into_iter().map(|(file, _)| file));
        files.extend(having(index, &name));
    }
    // A source of the same name, in a language that is looked into.
    let sources = rules.iter().flat_map(|rule| &rule.objects).flat_map(|object| {
        let stem = object.strip_suffix(".o").unwrap_or(object);
        ["c", "S"].map(|ending| format!("{stem}.{ending}"))
    });
    let needed = |source: &String| -> Option<&str> {
        let source = *asked.files.get(source.as_str())?;
        let objects = (asked.objects)(source);
        let all = !objects.is_empty() && objects.iter().all(|one| option::needs(one, &facts.name));
        all.then_some(source)
    };
    let sources: BTreeSet<String> = sources.collect();
    let built: Vec<&str> = sources.iter().filter_map(needed).collect();
    let files: Vec<&str> = files.into_iter().collect();
    let found = option::find(asked, &facts.name, &files, &built);
    let (guards, functions) = (found.guards, found.functions);
    Ok(OptionAnswer { facts, witnesses: Vec::new(), rules, guards, functions, bytes: Vec::new() })
}

/// The changed and new files that have a name.
fn having<'a>(index: &'a Index, name: &str) -> Vec<&'a str> {
    let has = |path: &&String| {
        let text = std::fs::read(index.root.join(path)).unwrap_or_default();
        names::has(&text, name)
    };
    index.fresh.par_iter().filter(has).map(String::as_str).collect()
}

fn of_function(
    index: &Index,
    asked: &Asked<'_>,
    name: &str,
    all: bool,
) -> Result<Option<FunctionAnswer>, Failed> {
    let fresh = having(index, name);
    let known = match index.files(name)? {
        Some(known) => known,
        None if fresh.is_empty() => return Ok(None),
        // Begins to be a function in a changed file; who else has the name nobody has noted down.
        None => everywhere(index, name),
    };
    let (with, without): (Vec<_>, Vec<_>) = known.into_iter().partition(|(_, has)| *has);
    let limit = if all { usize::MAX } else { FILES };
    let more = without.len().saturating_sub(limit);
    let mut files: Vec<&str> = with.into_iter().map(|(file, _)| file).chain(fresh).collect();
    files.extend(without.into_iter().take(limit).map(|(file, _)| file));
    files.sort_unstable();
    files.dedup();
    Ok(answer::function(asked, name, &files, more))
}

fn everywhere<'a>(index: &'a Index, name: &str) -> Vec<(&'a str, bool)> {
    let has = |(path, _): &&(String, [u8; 32])| {
        let text = std::fs::read(Path::new(&index.root).join(path)).unwrap_or_default();
        names::has(&text, name)
    };
    index.sources.par_iter().filter(has).map(|(path, _)| (path.as_str(), false)).collect()
}
