//! From what was asked to what is going to be done: sources are read, compilers looked for, cells
//! multiplied out. Nothing is compiled, and nothing is written but the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arches::{self, Arch};
use super::environment;
use super::fragment::{self, Fragment};
use super::matrix::{self, Matrix, SourceSpec, VariantSpec, is_file_base};
use super::plan::{BaseConfig, CellPlan, Plan, Variant};
use super::process::Runner;
use super::source::{Origin, Source, Sources};
use super::strict::did_you_mean;
use super::toolchain::{self, Missing, Toolchain};
use crate::exit::{Error, Result};
use crate::model::run::Target;
use crate::model::words::{Assignment, MakeWords};

/// What a plan is made from.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Architectures, sources, variants, …
    pub matrix: Matrix,
    /// Words of the command line; they go over the matrix's.
    pub words: MakeWords,
    /// The tree or repository that is meant where none is named.
    pub default_source: PathBuf,
    /// The output directory; absent: one in the cache, the same for the same sources.
    pub out: Option<PathBuf>,
    /// Parallel jobs; absent: the number of CPUs.
    pub jobs: Option<usize>,
    /// Whether ccache may be used.
    pub ccache: bool,
    /// Where unpacked sources and digests are kept.
    pub cache: PathBuf,
}

/// Base configurations that are made by rules rather than written by an architecture's maintainer:
/// there the table's pins decide which kernel ARCH means.
const GENERATED: &[&str] =
    &["allyesconfig", "allmodconfig", "allnoconfig", "alldefconfig", "tinyconfig"];

/// Makes the plan.
pub fn plan(ask: &Ask, runner: &Runner) -> Result<Plan> {
    let matrix = &ask.matrix;
    let mut notes: Vec<String> = environment::cleared(std::env::vars_os()).into_iter().collect();
    let arches = architectures(ask)?;
    let sources = sources(ask, runner)?;
    for arch in &arches {
        known_somewhere(arch, &sources, runner)?;
    }
    let target = matrix.target.clone().unwrap_or(Target::Vmlinux);
    if let Target::Scope(path) = &target {
        check_scope(path, &sources, runner)?;
    }
    notes.extend(sources.iter().filter_map(|source| dirty_note(source)));
    notes.extend(path_note(&sources));
    let out = output_dir(ask, &sources)?;
    let variants = variants(matrix);
    let mut cells = Vec::new();
    for arch in &arches {
        let toolchain = toolchain::find(arch, &words(ask, &arch.name), ask.ccache, runner)?;
        for source in &sources {
            let srcdir = format!("arch/{}", arch.srcarch);
            let toolchain = if source.has(&srcdir, runner)? {
                toolchain.clone()
            } else {
                let reason = format!("{} has no {srcdir}", source.label);
                Err(Missing { reason, package: None })
            };
            if let Ok(toolchain) = &toolchain {
                notes.extend(old_tree_note(source, toolchain));
            }
            for variant in &variants {
                cells.push(cell(ask, arch, source, variant, &target, &toolchain, &out)?);
            }
        }
    }
    let mut seen = BTreeSet::new();
    notes.retain(|note| seen.insert(note.clone()));
    let baseline_source = match &matrix.baseline_source {
        Some(label) => Some(label.clone()),
        None => sources.first().filter(|_| sources.len() > 1).map(|s| s.label.clone()),
    };
    let baseline_variant = matrix
        .baseline_variant
        .clone()
        .or_else(|| variants.first().filter(|_| variants.len() > 1).map(|v| v.name.clone()));
    let jobs = ask.jobs.unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
    });
    Ok(Plan { out, jobs, cells, notes, baseline_variant, baseline_source, part: None })
}

fn cell(
    ask: &Ask,
    arch: &Arch,
    source: &Arc<Source>,
    variant: &VariantSpec,
    target: &Target,
    toolchain: &std::result::Result<Toolchain, Missing>,
    out: &Path,
) -> Result<CellPlan> {
    let matrix = &ask.matrix;
    let spec = matrix.arch_spec(&arch.name);
    let base = spec.and_then(|s| s.base_config.as_ref()).or(matrix.base_config.as_ref());
    let base = base_config(base.map_or("allyesconfig", String::as_str))?;
    let mut fragments = Vec::new();
    if let BaseConfig::Goal(goal) = &base
        && GENERATED.contains(&goal.as_str())
        && !arch.pins.is_empty()
    {
        fragments.push(Fragment {
            name: format!("table of architectures: {}", arch.name),
            assignments: arch.pins.iter().map(|(s, v)| Assignment::new(*s, *v)).collect(),
        });
    }
    fragments.extend(matrix.fragments.iter().cloned());
    fragments.extend(spec.into_iter().flat_map(|s| s.fragments.iter().cloned()));
    let mut labels = Vec::new();
    if let Target::Scope(path) = target {
        labels.push(format!("scope {path}"));
    }
    if matrix.quiet_config {
        fragments.push(fragment::load(Path::new(""), "options/quiet.config")?);
        labels.push("quiet".to_owned());
    }
    let mut ours = Vec::new();
    if matrix.debug_info {
        ours = fragment::load(Path::new(""), "options/debug-info.config")?.assignments;
        labels.push("debug-info".to_owned());
    }
    let id = format!("{}/{}/{}", arch.name, source.label, variant.name);
    Ok(CellPlan {
        build_dir: out.join(&id).join("build"),
        id,
        arch: arch.clone(),
        source: Arc::clone(source),
        variant: Variant { name: variant.name.clone(), requests: variant.requests.clone() },
        base,
        fragments,
        impossible: spec.map_or_else(BTreeMap::new, |s| s.impossible.iter().cloned().collect()),
        ours,
        target: target.clone(),
        toolchain: toolchain.clone(),
        labels,
    })
}

/// The matrix's words, then the architecture's, then the command line's.
fn words(ask: &Ask, arch: &str) -> MakeWords {
    let mut words = ask.matrix.make.clone();
    if let Some(spec) = ask.matrix.arch_spec(arch) {
        words.extend(&spec.make);
    }
    words.extend(&ask.words);
    words
}

/// In alphabetical order, as every table shows them.
fn architectures(ask: &Ask) -> Result<Vec<Arch>> {
    let mut names = matrix::expand_arches(ask.matrix.architectures.iter().cloned());
    names.sort();
    if names.is_empty() {
        return Err(Error::Usage("no architectures: say --arch x86_64,arm64 or --arch all".into()));
    }
    if let Some(prefix) = ask.words.get("CROSS_COMPILE").filter(|_| names.len() > 1) {
        return Err(Error::Usage(format!(
            "CROSS_COMPILE={prefix} is one compiler, but there are {} architectures: say \
             cross-compile under [arch.NAME] in a matrix",
            names.len()
        )));
    }
    let row = |name: &String| arches::find(name).cloned().unwrap_or_else(|| Arch::unknown(name));
    Ok(names.iter().map(row).collect())
}

/// An architecture that no source has is a slip of the pen.
fn known_somewhere(arch: &Arch, sources: &[Arc<Source>], runner: &Runner) -> Result<()> {
    let dir = format!("arch/{}", arch.srcarch);
    for source in sources {
        if source.has(&dir, runner)? {
            return Ok(());
        }
    }
    let known = arches::ARCHES.iter().map(|row| row.name.as_ref());
    let hint = if arch.machine.is_none() { did_you_mean(&arch.name, known) } else { String::new() };
    Err(Error::Usage(format!("--arch {}: there is no {dir} in the source{hint}", arch.name)))
}

/// A scope that no source can build is a slip too.
fn check_scope(path: &str, sources: &[Arc<Source>], runner: &Runner) -> Result<()> {
    let dir = match path.strip_suffix('/') {
        Some(dir) => dir,
        None => path.rsplit_once('/').map_or("", |(dir, _)| dir),
    };
    for source in sources {
        for makefile in ["Makefile", "Kbuild"] {
            let file = Path::new(dir).join(makefile);
            if source.has(&file.to_string_lossy(), runner)? {
                return Ok(());
            }
        }
    }
    Err(Error::Usage(format!("--target {path}: no Makefile or Kbuild in {dir}/ of the source")))
}

fn sources(ask: &Ask, runner: &Runner) -> Result<Vec<Arc<Source>>> {
    let mut prepare = Sources::new(runner, ask.cache.clone(), ask.default_source.clone());
    let here = [SourceSpec::default()];
    let specs = if ask.matrix.sources.is_empty() { &here } else { ask.matrix.sources.as_slice() };
    let mut out: Vec<Source> = Vec::new();
    for spec in specs {
        for mut source in prepare.prepare(spec)? {
            let taken = |label: &str| out.iter().any(|other: &Source| other.label == label);
            if taken(&source.label) {
                if spec.label.is_some() {
                    let label = &source.label;
                    let message = format!("duplicate cells: two sources are called `{label}`");
                    return Err(Error::Usage(message));
                }
                let base = source.label.clone();
                let mut number = 2;
                while taken(&source.label) {
                    source.label = format!("{base}-{number}");
                    number += 1;
                }
            }
            out.push(source);
        }
    }
    Ok(out.into_iter().map(Arc::new).collect())
}

fn variants(matrix: &Matrix) -> Vec<VariantSpec> {
    if matrix.variants.is_empty() {
        return vec![VariantSpec { name: "default".to_owned(), requests: Vec::new() }];
    }
    matrix.variants.clone()
}

fn base_config(base: &str) -> Result<BaseConfig> {
    if is_file_base(base) {
        let path = matrix::home(base);
        let real = path.canonicalize().map_err(|e| Error::io(&path, e))?;
        if !real.is_file() {
            return Err(Error::input(&path, "is not a configuration file"));
        }
        return Ok(BaseConfig::File(real));
    }
    let interactive = ["config", "menuconfig", "nconfig", "xconfig", "gconfig", "oldconfig"];
    if interactive.contains(&base) || base == "randconfig" {
        let message = format!("base configuration `{base}` is not the same every time");
        return Err(Error::Usage(message));
    }
    let known = ["allyesconfig", "allmodconfig", "allnoconfig", "tinyconfig", "defconfig"];
    let named = base.ends_with("_defconfig") || base == "alldefconfig";
    if !named && !known.contains(&base) {
        let hint = did_you_mean(base, known.into_iter());
        return Err(Error::Usage(format!(
            "unknown base configuration `{base}`{hint} (or NAME_defconfig, or a file as ./my.config)"
        )));
    }
    Ok(BaseConfig::Goal(base.to_owned()))
}

/// Absolute, outside of every source, and a path that make can stand.
fn output_dir(ask: &Ask, sources: &[Arc<Source>]) -> Result<PathBuf> {
    let out = match &ask.out {
        Some(out) => std::path::absolute(out).map_err(|e| Error::io(out, e))?,
        None => default_out(ask, sources),
    };
    // The directory may not be there yet; its nearest ancestor that is says where it really lies.
    let real = out
        .ancestors()
        .find_map(|dir| Some((dir.canonicalize().ok()?, out.strip_prefix(dir).ok()?)))
        .map_or_else(|| out.clone(), |(dir, rest)| dir.join(rest));
    let inside = |source: &&Arc<Source>| {
        matches!(source.origin, Origin::Tree { .. }) && real.starts_with(&source.tree)
    };
    if let Some(source) = sources.iter().find(inside) {
        let message = format!(
            "lies in the source tree {}, which is never written: give an O= outside of it",
            source.tree.display()
        );
        return Err(Error::input(&out, message));
    }
    if real.to_string_lossy().contains([' ', '\t', ':']) {
        return Err(Error::input(&out, "make cannot build in a path with spaces or colons"));
    }
    Ok(real)
}

/// A place of its own for each set of sources, so that `--resume` finds it again.
fn default_out(ask: &Ask, sources: &[Arc<Source>]) -> PathBuf {
    let named: Vec<String> = sources
        .iter()
        .map(|source| match &source.origin {
            Origin::Tree { .. } => source.tree.display().to_string(),
            Origin::Commit { repo, .. } => repo.display().to_string(),
            Origin::Tarball { file, .. } => file.display().to_string(),
        })
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let hash = blake3::hash(named.join("\n").as_bytes()).to_hex();
    let name = named.first().and_then(|path| Path::new(path).file_name());
    let name = name.map_or("source".into(), |n| n.to_string_lossy().replace([' ', ':'], "_"));
    ask.cache.join("out").join(format!("{name}-{}", &hash[..8]))
}

fn dirty_note(source: &Source) -> Option<String> {
    let revision = source.revision.as_ref().filter(|revision| revision.dirty)?;
    Some(format!(
        "source {} has uncommitted changes on top of {}; they are part of what is built",
        source.label, revision.abbrev
    ))
}

/// Kernels that do not strip the path of the source from `__FILE__` put it into the image; two of the
/// user's own trees then differ by their names. Revisions do not: they are built at one path.
fn path_note(sources: &[Arc<Source>]) -> Option<String> {
    let trees: Vec<_> =
        sources.iter().filter(|s| matches!(s.origin, Origin::Tree { .. })).collect();
    let length = |source: &Source| source.tree.as_os_str().len();
    let differ = trees.iter().any(|source| length(source) != length(trees[0]));
    let strips = |source: &Source| {
        std::fs::read_to_string(source.tree.join("Makefile"))
            .is_ok_and(|text| text.contains("-fmacro-prefix-map"))
    };
    let old = trees.iter().find(|source| differ && !strips(source))?;
    Some(format!(
        "source {} puts its path into the image (__FILE__), and the paths of the sources have \
         different lengths: give them names of one length, or compare revisions",
        old.label
    ))
}

/// Trees before 5.6 define a variable twice in dtc, which gcc 10 made an error.
fn old_tree_note(source: &Source, toolchain: &Toolchain) -> Option<String> {
    let mut numbers = source.kernel.as_deref()?.split(['.', '-']).map(str::parse::<u32>);
    let version = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let told = toolchain.words.get("HOSTCFLAGS").is_some();
    (version < (5, 6) && !told).then(|| {
        format!(
            "source {} is Linux {}.{}: compilers since gcc 10 need HOSTCFLAGS=-fcommon KCFLAGS=-w",
            source.label, version.0, version.1
        )
    })
}
