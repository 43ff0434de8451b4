//! What is judged: a run, or images.

use std::path::{Path, PathBuf};

use crate::analyze::cells::Cells;
use crate::analyze::pairs::{self, Head, Pair, Side};
use crate::cli::common::Common;
use crate::cli::gate::Gate;
use crate::exit::{Error, Result};
use crate::kbuild::arches;
use crate::model::baseline::Recorded;
use crate::model::policy::Against;
use crate::model::run::Run;
use crate::model::words::MakeWords;

use super::{directory, images, read_run};
use crate::commands::json::is_json;

/// What is judged.
pub struct Subject {
    /// For the report.
    pub name: String,
    /// What paths of images are relative to.
    pub dir: PathBuf,
    what: What,
}

enum What {
    Run(Box<Run>),
    Images(Vec<(String, Recorded)>),
}

impl Subject {
    /// Reads what the command line names, or builds it first.
    pub fn read(common: &Common, args: &Gate) -> Result<Self> {
        let files: Vec<&Path> = args
            .what
            .words
            .iter()
            .filter(|word| !MakeWords::is_word(word))
            .map(Path::new)
            .collect();
        if files.is_empty() {
            return Self::build(common, args);
        }
        if let Some(word) = args.what.words.iter().find(|word| MakeWords::is_word(word)) {
            let msg =
                format!("{word}: words for make are for sources that are built, not for files");
            return Err(Error::Usage(msg));
        }
        match files.as_slice() {
            [file] if is_json(file) => {
                let name = file.display().to_string();
                Ok(Self { name, dir: directory(file), what: What::Run(Box::new(read_run(file)?)) })
            }
            files => {
                if let Some(file) = files.iter().find(|file| is_json(file)) {
                    let msg = format!("{}: a run.json is judged on its own", file.display());
                    return Err(Error::Usage(msg));
                }
                if args.baseline.is_none() {
                    let msg = "images are held against a baseline: give --baseline FILE";
                    return Err(Error::Usage(msg.into()));
                }
                let images = files
                    .iter()
                    .map(|file| images::measure(common, file, args))
                    .collect::<Result<_>>()?;
                let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                Ok(Self { name: names.join(", "), dir: PathBuf::new(), what: What::Images(images) })
            }
        }
    }

    /// Builds what the command line says, as `hmmsize build` would. Cells that fail are judged.
    fn build(common: &Common, args: &Gate) -> Result<Self> {
        let what = &args.what;
        let named = what.base.is_some() || what.head.is_some() || what.range.is_some();
        if !named && what.source.is_empty() && what.matrix.is_none() && what.option.is_empty() {
            let msg = "gate needs a run.json, images and --baseline FILE, or sources to build \
                       (--base REV --head REV)";
            return Err(Error::Usage(msg.into()));
        }
        let (run, file) = super::super::build::carry_out(common, what)?;
        let name = file.display().to_string();
        Ok(Self { name, dir: directory(&file), what: What::Run(Box::new(run)) })
    }

    /// The run, if it is one.
    pub fn run(&self) -> Option<&Run> {
        match &self.what {
            What::Run(run) => Some(run),
            What::Images(_) => None,
        }
    }

    /// The architectures in it.
    pub fn archs(&self) -> Vec<&str> {
        match &self.what {
            What::Run(run) => run.cells.iter().map(|cell| cell.arch.as_str()).collect(),
            What::Images(images) => images.iter().map(|(_, image)| image.arch.as_str()).collect(),
        }
    }

    fn variants(&self) -> Vec<&str> {
        unique(self.run().into_iter().flat_map(|run| &run.cells).map(|cell| cell.variant.as_str()))
    }

    fn sources(&self) -> Vec<&str> {
        unique(
            self.run()
                .into_iter()
                .flat_map(|run| &run.cells)
                .map(|cell| cell.source.label.as_str()),
        )
    }

    /// The source that others are held against.
    fn base_source<'a>(&'a self, args: &'a Gate) -> Option<&'a str> {
        let sources = self.sources();
        let named = args.against_source.as_deref();
        let recorded = || self.run().and_then(|run| run.baseline_source.as_deref());
        named.or_else(recorded).or_else(|| sources.first().copied()).filter(|_| sources.len() > 1)
    }

    /// The variant that others are held against.
    fn base_variant<'a>(&'a self, args: &'a Gate) -> Option<&'a str> {
        let recorded = || self.run().and_then(|run| run.baseline_variant.as_deref());
        args.against_variant.as_deref().or_else(recorded).filter(|_| self.variants().len() > 1)
    }

    /// The variant in which the option is off, as far as the run says.
    pub fn off_variant(&self) -> Option<&str> {
        let recorded = self.run().and_then(|run| run.baseline_variant.as_deref());
        recorded.or_else(|| self.variants().first().copied().filter(|_| self.variants().len() == 1))
    }

    /// What limits are compared with unless they say so themselves.
    pub fn against(&self, args: &Gate) -> Result<Option<Against>> {
        let known = |what: &str, name: &str, names: &[&str]| {
            if names.contains(&name) {
                return Ok(());
            }
            let names = names.join(", ");
            Err(Error::Usage(format!("{}: no {what} `{name}`; there are {names}", self.name)))
        };
        if args.baseline.is_some() {
            return Ok(Some(Against::Baseline));
        }
        if let Some(name) = &args.against_variant {
            known("variant", name, &self.variants())?;
            return Ok(Some(Against::Variant));
        }
        if let Some(name) = &args.against_source {
            known("source", name, &self.sources())?;
            return Ok(Some(Against::Source));
        }
        Ok(if self.base_source(args).is_some() {
            Some(Against::Source)
        } else {
            self.base_variant(args).map(|_| Against::Variant)
        })
    }

    /// Every pair within the subject.
    pub fn pairs(&self, args: &Gate) -> Vec<Pair> {
        let Some(run) = self.run() else { return self.alone() };
        let cells = Cells::of(run);
        let mut found = Vec::new();
        if let Some(base) = self.base_source(args) {
            found.extend(pairs::of_sources(&cells, base));
        }
        if let Some(base) = self.base_variant(args) {
            found.extend(pairs::of_variants(&cells, base));
        }
        found.extend(pairs::alone(&cells));
        found
    }

    fn alone(&self) -> Vec<Pair> {
        self.heads().iter().map(Head::alone).collect()
    }

    /// What can be held against a baseline.
    pub fn heads(&self) -> Vec<Head> {
        match &self.what {
            What::Run(run) => pairs::heads(&Cells::of(run)),
            What::Images(images) => images
                .iter()
                .map(|(file, record)| Head {
                    cell: short_name(file, images),
                    record: record.clone(),
                    side: Side::Measured {
                        sizes: Box::new(record.clone()),
                        file: Some(file.clone()),
                    },
                })
                .collect(),
        }
    }

    /// Refuses names that no architecture has.
    pub fn check_archs(&self, archs: &[String]) -> Result<()> {
        let known =
            |arch: &&String| arches::find(arch).is_some() || self.archs().contains(&arch.as_str());
        match archs.iter().find(|arch| !known(arch)) {
            Some(arch) => Err(Error::Usage(format!("--arch {arch}: no such architecture"))),
            None => Ok(()),
        }
    }
}

/// The last part of `file`'s path, if no other image has the same.
fn short_name(file: &str, images: &[(String, Recorded)]) -> String {
    let last = |file: &str| file.rsplit('/').next().unwrap_or(file).to_owned();
    let same = images.iter().filter(|(other, _)| last(other) == last(file)).count();
    if same == 1 { last(file) } else { file.to_owned() }
}

fn unique<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for word in words {
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

/// The architectures that alone are judged; empty for all. What was built on purpose is judged as a
/// whole.
pub fn only(args: &Gate) -> &[String] {
    let built = args.what.words.iter().all(|word| MakeWords::is_word(word));
    if built { &[] } else { &args.what.arch }
}
