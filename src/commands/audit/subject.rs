//! What is audited: the pairs of a run, or of images.

use std::path::{Path, PathBuf};

use crate::cli::audit::Audit;
use crate::cli::common::Common;
use crate::commands::build;
use crate::commands::gate::{directory, read_run};
use crate::commands::json::is_json;
use crate::exit::{Error, Result};
use crate::kbuild::arches;
use crate::kbuild::plan::{CellPlan, Plan};
use crate::model::run::{Cell, Run, Status, Target};
use crate::model::words::MakeWords;

/// One image and its configuration.
#[derive(Debug, Clone)]
pub struct Picture {
    /// As it is named in reports.
    pub name: String,
    /// The image.
    pub file: PathBuf,
    /// Its `.config`, where the run says so; else it is looked for beside the image and within.
    pub config: Option<PathBuf>,
}

/// Two images to be compared.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The kernel's ARCH name; of bare images it is read from the file.
    pub arch: Option<String>,
    /// Whether the second image has the option on (else: both off, another source).
    pub on: bool,
    /// Before.
    pub old: Picture,
    /// After.
    pub new: Picture,
    /// All inputs are the same.
    pub identical: bool,
    /// The earlier source's revision, where it was one.
    pub revision: Option<String>,
}

/// What is audited.
#[derive(Debug, Default)]
pub struct Subject {
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// The architectures of cells without a result, and why, one sentence.
    pub missing: Vec<(String, String)>,
}

impl Subject {
    /// Reads what the command line names, or builds it first. Nothing, where only the source counts.
    pub fn read(common: &Common, args: &Audit) -> Result<Self> {
        let is_word = |word: &&String| MakeWords::is_word(word);
        let files: Vec<&String> = args.what.words.iter().filter(|word| !is_word(word)).collect();
        let builds = args.build || args.what.base.is_some() || args.what.head.is_some();
        match (files.as_slice(), builds, &args.without) {
            ([], false, None) => Ok(Self::default()),
            ([], false, Some(without)) => Self::of_images(args, without),
            ([], true, None) => {
                let mut what = args.what.clone();
                if what.base.is_some() && what.head.is_none() {
                    what.head = Some("HEAD".into());
                }
                let (run, file) = build::carry_out_some(common, &what, counts)?;
                Ok(Self::of_run(&run, &directory(&file), args))
            }
            ([file], false, None) if is_json(Path::new(file)) => {
                let file = Path::new(file);
                Ok(Self::of_run(&read_run(file)?, &directory(file), args))
            }
            ([file, ..], false, None) => {
                let msg = "audit takes one run.json; images are named by --without and --with";
                Err(Error::Usage(format!("{file}: {msg}")))
            }
            _ => {
                let msg = "audit takes one of a run.json, images, and something to build";
                Err(Error::Usage(msg.into()))
            }
        }
    }

    fn of_images(args: &Audit, without: &Path) -> Result<Self> {
        let picture = |file: &Path| Picture {
            name: file.display().to_string(),
            file: file.to_owned(),
            config: None,
        };
        let arch = match args.what.arch.as_slice() {
            [] => None,
            [arch] => Some(arch.clone()),
            _ => return Err(Error::Usage("images are of one architecture: --arch ARCH".into())),
        };
        let pair = |on, old: &Path, new: &Path| Pair {
            arch: arch.clone(),
            on,
            old: picture(old),
            new: picture(new),
            identical: false,
            revision: None,
        };
        let with = args.with.iter().map(|with| pair(true, without, with));
        let before = args.before.iter().map(|before| pair(false, before, without));
        let pairs: Vec<Pair> = with.chain(before).collect();
        if pairs.is_empty() {
            let msg = "--without FILE needs --with FILE or --before FILE to compare with";
            return Err(Error::Usage(msg.into()));
        }
        Ok(Self { pairs, missing: Vec::new() })
    }

    /// The pairs of a run: each variant against the baseline's, and of the baseline variant each source
    /// against the first.
    fn of_run(run: &Run, dir: &Path, args: &Audit) -> Self {
        let mut subject = Self::default();
        let wanted = |arch: &str| {
            let srcarch = |name: &str| {
                arches::find(name).map_or_else(|| name.to_owned(), |arch| arch.srcarch.to_string())
            };
            args.what.arch.is_empty()
                || args.what.arch.iter().any(|one| one == arch || *one == srcarch(arch))
        };
        let cells: Vec<&Cell> = run
            .cells
            .iter()
            .filter(|cell| wanted(&cell.arch) && matches!(cell.target, Target::Vmlinux))
            .collect();
        let first = |name: fn(&Cell) -> &str| cells.first().map(|cell| name(cell));
        let variant = run.baseline_variant.as_deref().or_else(|| first(|cell| &cell.variant));
        let source = run.baseline_source.as_deref().or_else(|| first(|cell| &cell.source.label));
        for cell in &cells {
            let newest = cells.iter().rfind(|other| other.arch == cell.arch);
            let is_newest = newest.is_some_and(|last| last.source.label == cell.source.label);
            // An earlier source with the option on is no side of a pair.
            let is_asked = is_newest || Some(&*cell.variant) == variant;
            if is_asked && let Some(sentence) = missing(cell) {
                subject.missing.push((cell.arch.clone(), sentence));
            }
            let of = |variant: Option<&str>, source: Option<&str>| {
                cells.iter().copied().find(|other| {
                    other.arch == cell.arch
                        && other.base_config == cell.base_config
                        && Some(&*other.variant) == variant
                        && Some(&*other.source.label) == source
                })
            };
            let own = Some(&*cell.source.label);
            if Some(&*cell.variant) != variant
                && is_newest
                && let Some(base) = of(variant, own)
            {
                subject.pairs.extend(pair(run, dir, base, cell, true));
            }
            if Some(&*cell.variant) == variant
                && own != source
                && let Some(base) = of(variant, source)
            {
                subject.pairs.extend(pair(run, dir, base, cell, false));
            }
        }
        subject
    }
}

/// Whether a cell is one side of a pair: of an earlier source, only the option that is off counts, and
/// a patch that brings the option cannot have it on before.
fn counts(plan: &Plan, cell: &CellPlan) -> bool {
    let newest = plan.cells.last().map(|last| &last.source.label);
    let baseline = plan.baseline_variant.as_ref();
    newest == Some(&cell.source.label) || baseline.is_none_or(|name| *name == cell.variant.name)
}

/// Why a cell has no result.
pub fn missing(cell: &Cell) -> Option<String> {
    let reason = match &cell.status {
        Status::Dropped { reason } => format!("a request was dropped: {reason}"),
        Status::Skipped { reason, .. } => format!("skipped: {reason}"),
        Status::Failed { reason } => format!("failed: {reason}"),
        Status::Pending => "not built yet".to_owned(),
        _ => return None,
    };
    Some(format!("{}: {reason}", cell.id))
}

/// Two cells as a pair, if both have sizes.
fn pair(run: &Run, dir: &Path, base: &Cell, cell: &Cell, on: bool) -> Option<Pair> {
    let (old, new) = (picture(run, dir, base)?, picture(run, dir, cell)?);
    let identical = crate::analyze::pairs::proven(base, cell);
    let revision = base.source.revision.as_ref().map(|revision| revision.hash.clone());
    Some(Pair { arch: Some(cell.arch.clone()), on, old, new, identical, revision })
}

/// The image of a cell, or of the one that it is identical to.
pub fn picture(run: &Run, dir: &Path, cell: &Cell) -> Option<Picture> {
    let of = match &cell.status {
        Status::Identical { of } => run.cells.iter().find(|other| other.id == *of),
        _ => None,
    };
    let measured = cell.measured.as_ref().or_else(|| of?.measured.as_ref())?;
    let name = measured.file.clone()?;
    let config = measured.config.as_ref().map(|config| dir.join(config));
    Some(Picture { file: dir.join(&name), name, config })
}
