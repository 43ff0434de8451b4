//! From the command line to a matrix: flags for the simple case, over a matrix file for the rest.
//! Used by every command that builds.

use std::path::{Path, PathBuf};

use crate::cli::build::What;
use crate::cli::common::Common;
use crate::exit::{Error, Result};
use crate::kbuild::fragment;
use crate::kbuild::matrix::{self, Matrix, SourceSpec, VariantSpec};
use crate::kbuild::planner::Ask;
use crate::kbuild::source;
use crate::kbuild::strict::did_you_mean;
use crate::model::words::{self, Assignment, MakeWords};

/// The variants that `--option` makes.
const WITH: &str = "with";
const WITHOUT: &str = "without";

/// Words that would break what hmmsize does with make, and what to say instead.
const REFUSED: &[(&str, &str)] = &[
    ("KCONFIG_CONFIG", "each cell has its own .config"),
    ("KCONFIG_ALLCONFIG", "say --fragment FILE"),
    ("M", "modules outside of the tree are not built"),
    ("KBUILD_EXTMOD", "modules outside of the tree are not built"),
    ("MAKEFLAGS", "say -j N"),
];

/// What the command line asks for.
pub fn ask(common: &Common, what: &What, ccache: bool) -> Result<Ask> {
    let mut words = MakeWords::parse(&what.words).map_err(|message| not_a_word(&message))?;
    for (key, hint) in REFUSED {
        if words.get(key).is_some() {
            return Err(Error::Usage(format!("{key}= cannot be given: {hint}")));
        }
    }
    let mut matrix = start(what)?;
    let arch_word = words.take("ARCH");
    let mut arches = what.arch.clone();
    match &arch_word {
        Some(word) if arches.is_empty() => arches = vec![word.clone()],
        Some(word) if arches != [word.as_str()] => {
            let flags = arches.join(",");
            return Err(Error::Usage(format!("ARCH={word} and --arch {flags}: say one")));
        }
        _ => {}
    }
    if !arches.is_empty() {
        once("--arch", &arches)?;
        if let Some(bad) = arches.iter().find(|name| !matrix::is_name(name)) {
            return Err(Error::Usage(format!("--arch: `{bad}` is not an architecture")));
        }
        matrix.architectures = arches;
    } else if matrix.architectures.is_empty() {
        matrix.architectures = vec![host_arch()];
    }
    let out = match (what.out.clone(), words.take("O").or_else(|| words.take("KBUILD_OUTPUT"))) {
        (Some(flag), Some(word)) if flag != Path::new(&word) => {
            let flag = flag.display();
            return Err(Error::Usage(format!("O={word} and --out {flag}: say one")));
        }
        (flag, word) => flag.or(word.map(|word| matrix::home(&word))),
    };
    let default_source = sources(what, &mut matrix)?;
    configuration(what, &mut matrix)?;
    variants(what, &mut matrix)?;
    Ok(Ask {
        matrix,
        words,
        default_source,
        out,
        jobs: common.jobs,
        ccache,
        cache: source::cache_dir()?,
    })
}

/// The matrix that flags change: the file's, our own where nothing else is said, or an empty one.
fn start(what: &What) -> Result<Matrix> {
    if let Some(file) = &what.matrix {
        return Matrix::open(file);
    }
    let simple = !what.option.is_empty()
        || what.base_config.is_some()
        || what.base.is_some()
        || what.head.is_some()
        || what.range.is_some()
        || what.source.len() > 1;
    if simple { Ok(Matrix::default()) } else { Matrix::embedded() }
}

/// Sets the sources of the matrix; returns the tree or repository that is meant by default.
fn sources(what: &What, matrix: &mut Matrix) -> Result<PathBuf> {
    let named: Vec<SourceSpec> = what.source.iter().map(|word| source::parse_word(word)).collect();
    let revisions: Vec<(Option<&str>, &String)> = [
        (Some("base"), what.base.as_ref()),
        (Some("head"), what.head.as_ref()),
        (None, what.range.as_ref()),
    ]
    .into_iter()
    .filter_map(|(label, rev)| Some((label, rev?)))
    .collect();
    if let Some(range) = what.range.as_ref().filter(|range| !range.contains("..")) {
        return Err(Error::Usage(format!("--range {range}: expected A..B")));
    }
    if let Some((_, rev)) =
        revisions.iter().find(|(label, rev)| label.is_some() && rev.contains(".."))
    {
        return Err(Error::Usage(format!("`{rev}` is a range: say --range {rev}")));
    }
    if !revisions.is_empty() {
        if let [_, second, ..] = what.source.as_slice() {
            let message = format!("revisions are of one repository, and `{second}` is a second -C");
            return Err(Error::Usage(message));
        }
        let spec = |(label, rev): (Option<&str>, &String)| SourceSpec {
            label: label.map(str::to_owned),
            path: None,
            rev: Some(rev.clone()),
        };
        matrix.sources = revisions.into_iter().map(spec).collect();
        matrix.baseline_source = None;
    } else if !named.is_empty() {
        matrix.sources.clone_from(&named);
        matrix.baseline_source = None;
    }
    let first = named.into_iter().next().and_then(|spec| spec.path);
    Ok(first.unwrap_or_else(|| PathBuf::from(".")))
}

/// Base, fragments and target.
fn configuration(what: &What, matrix: &mut Matrix) -> Result<()> {
    if let Some(base) = &what.base_config {
        matrix.base_config = Some(base.clone());
        // A base from the command line is meant for every architecture.
        for spec in &mut matrix.arch {
            spec.base_config = None;
        }
    }
    for file in &what.fragment {
        matrix.fragments.push(fragment::load(Path::new(""), file)?);
    }
    matrix.quiet_config |= what.quiet_config;
    matrix.debug_info |= what.debug_info;
    if let Some(target) = &what.target {
        matrix.target = Some(matrix::parse_target(target).map_err(Error::Usage)?);
    }
    Ok(())
}

/// `--option` makes two variants in place of the matrix's; `--variant` picks.
fn variants(what: &What, matrix: &mut Matrix) -> Result<()> {
    if !what.option.is_empty() {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for word in what.option.iter().filter(|word| !word.is_empty()) {
            let (symbol, value) = words::option(word)
                .map_err(|message| Error::Usage(format!("--option: {message}")))?;
            let value = value.unwrap_or_else(|| "y".to_owned());
            if without.iter().any(|a: &Assignment| a.symbol == symbol) {
                return Err(Error::Usage(format!("--option: {symbol} is named twice")));
            }
            without.push(Assignment::new(symbol.clone(), "n"));
            if value != "n" {
                with.push(Assignment { symbol, value });
            }
        }
        if without.is_empty() {
            return Err(Error::Usage("--option: no option is named".into()));
        }
        let variant = |name: &str, requests| VariantSpec { name: name.to_owned(), requests };
        matrix.variants = vec![variant(WITHOUT, without), variant(WITH, with)];
        matrix.baseline_variant = Some(WITHOUT.to_owned());
    }
    if what.variant.is_empty() {
        return Ok(());
    }
    once("--variant", &what.variant)?;
    let known: Vec<String> = matrix.variants.iter().map(|v| v.name.clone()).collect();
    if let Some(bad) = what.variant.iter().find(|name| !known.contains(name)) {
        let hint = did_you_mean(bad, known.iter().map(String::as_str));
        let known = if known.is_empty() { "there are none".into() } else { known.join(", ") };
        return Err(Error::Usage(format!("--variant {bad}: no such variant ({known}){hint}")));
    }
    matrix.variants.retain(|variant| what.variant.contains(&variant.name));
    let baseline = matrix.baseline_variant.take();
    matrix.baseline_variant = baseline.filter(|name| what.variant.contains(name));
    Ok(())
}

fn once(flag: &str, names: &[String]) -> Result<()> {
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(Error::Usage(format!("duplicate cells: {flag} names `{name}` twice")));
        }
    }
    Ok(())
}

/// Who is used to make will try goals here.
fn not_a_word(message: &str) -> Error {
    let goal = message.ends_with("is not a KEY=VALUE word");
    let hint = if goal { " (what to build is said with --target)" } else { "" };
    Error::Usage(format!("{message}{hint}"))
}

/// The kernel's name for the machine we run on.
fn host_arch() -> String {
    let name = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "x86" => "i386",
        "powerpc64" => "powerpc",
        "riscv64" => "riscv",
        "s390x" => "s390",
        other => other,
    };
    name.to_owned()
}
