//! The matrix: architectures × sources × variants × base configuration, from a `matrix.toml` or from
//! flags. Strict: unknown keys, repeated cells and bad values are errors that name file and line.

use std::path::{Path, PathBuf};

use super::arches;
use super::embedded;
use super::fragment::{self, Fragment};
use super::strict::{Doc, Located, Table, did_you_mean};
use crate::exit::{Error, Result};
use crate::model::run::Target;
use crate::model::words::{self, Assignment, MakeWords};

/// What `hmmsize build` is asked to do, before it has looked at any tree or compiler.
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    /// ARCH names; `all` has been expanded.
    pub architectures: Vec<String>,
    /// What is special about an architecture, whether it is in the list or not.
    pub arch: Vec<ArchSpec>,
    /// Where the code comes from; empty: the tree of `-C`.
    pub sources: Vec<SourceSpec>,
    /// Sets of requests; empty: the base configuration as it is.
    pub variants: Vec<VariantSpec>,
    /// `allyesconfig`, another goal, or a file; absent: allyesconfig.
    pub base_config: Option<String>,
    /// Fragments of every cell.
    pub fragments: Vec<Fragment>,
    /// What is built.
    pub target: Option<Target>,
    /// Words for make.
    pub make: MakeWords,
    /// The variant that the others are compared with.
    pub baseline_variant: Option<String>,
    /// The source that the others are compared with.
    pub baseline_source: Option<String>,
    /// Turn off the instrumentation that allyesconfig turns on.
    pub quiet_config: bool,
    /// Ask for DWARF.
    pub debug_info: bool,
}

/// One architecture's own settings.
#[derive(Debug, Clone, Default)]
pub struct ArchSpec {
    /// ARCH name.
    pub name: String,
    /// After the matrix's own fragments.
    pub fragments: Vec<Fragment>,
    /// In place of the matrix's.
    pub base_config: Option<String>,
    /// Symbol and why it cannot be had.
    pub impossible: Vec<(String, String)>,
    /// Over the matrix's own words.
    pub make: MakeWords,
}

/// A source as it was named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceSpec {
    /// Short name; absent: made from the path or revision.
    pub label: Option<String>,
    /// Tree, tarball or repository; absent: that of `-C`.
    pub path: Option<PathBuf>,
    /// Git revision; absent: the tree as it is.
    pub rev: Option<String>,
}

/// A variant as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariantSpec {
    /// `with`, `without`, …
    pub name: String,
    /// Options in the order of files, then of the list.
    pub requests: Vec<Assignment>,
}

const TOP: &[&str] = &[
    "architectures",
    "arch",
    "source",
    "variant",
    "base-config",
    "fragments",
    "target",
    "make",
    "baseline-variant",
    "baseline-source",
    "quiet-config",
    "debug-info",
];
const ARCH: &[&str] =
    &["fragments", "base-config", "impossible", "make", "cross-compile", "cc", "llvm"];
const SOURCE: &[&str] = &["label", "path", "rev"];
const VARIANT: &[&str] = &["name", "options", "fragments"];

impl Matrix {
    /// Reads a matrix file.
    pub fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        Self::parse(path, &text)
    }

    /// The matrix that hmmsize carries.
    pub fn embedded() -> Result<Self> {
        Self::parse(Path::new("kconfig/matrix.toml"), embedded::MATRIX)
    }

    /// Reads the text of a matrix; files it names are looked up beside `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        Doc { file: path, text }.read(TOP, |top| Self::from_table(path, top))
    }

    fn from_table(path: &Path, top: &Table<'_, '_>) -> Result<Self> {
        let doc = top.doc();
        let dir = path.parent().unwrap_or(Path::new(""));
        let names = top.strings("architectures")?;
        unique(doc, "architecture", names.iter())?;
        for name in &names {
            check_arch_name(doc, name)?;
        }
        if names.is_empty() {
            let hint = "write architectures = [\"x86_64\", …]";
            return Err(Error::input(path, format!("no architectures: {hint}")));
        }
        let listed: Vec<String> = names.iter().map(|n| n.value.clone()).collect();
        let mut matrix = Self {
            architectures: expand_arches(names.into_iter().map(|n| n.value)),
            sources: read_sources(top)?,
            base_config: top.string("base-config")?.map(|base| base_path(dir, base.value)),
            fragments: read_fragments(doc, dir, &top.strings("fragments")?)?,
            make: make_words(doc, &top.strings("make")?)?,
            quiet_config: top.boolean("quiet-config")?.unwrap_or(false),
            debug_info: top.boolean("debug-info")?.unwrap_or(false),
            ..Self::default()
        };
        if let Some(target) = top.string("target")? {
            let parsed = parse_target(&target.value).map_err(|m| doc.error_at(target.line, m))?;
            matrix.target = Some(parsed);
        }
        for (name, table) in top.tables("arch", ARCH)? {
            let owned = Located { value: name.value.to_owned(), line: name.line };
            check_arch_name(doc, &owned)?;
            if arches::find(name.value).is_none() && !listed.contains(&owned.value) {
                let known = arches::ARCHES.iter().map(|arch| arch.name.as_ref());
                let hint = did_you_mean(name.value, known);
                let message = format!("unknown architecture `{}`{hint}", name.value);
                return Err(doc.error_at(name.line, message));
            }
            matrix.arch.push(read_arch(dir, owned.value, &table)?);
        }
        matrix.variants = read_variants(dir, top)?;
        let variants = matrix.variants.iter().map(|v| v.name.as_str()).collect();
        matrix.baseline_variant = one_of(top, "baseline-variant", variants)?;
        let labels = matrix.sources.iter().filter_map(|s| s.label.as_deref()).collect();
        matrix.baseline_source = one_of(top, "baseline-source", labels)?;
        Ok(matrix)
    }

    /// The settings of one architecture, if the matrix has any.
    pub fn arch_spec(&self, name: &str) -> Option<&ArchSpec> {
        self.arch.iter().find(|spec| spec.name == name)
    }
}

/// `all` becomes every row of the table that Debian has a compiler for; synonyms their row's name.
pub fn expand_arches(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in names {
        let expanded: Vec<String> = match name.as_str() {
            "all" => arches::all().map(|arch| arch.name.to_string()).collect(),
            other => vec![arches::find(other).map_or(other, |a| a.name.as_ref()).to_owned()],
        };
        for name in expanded {
            if !out.contains(&name) {
                out.push(name);
            }
        }
    }
    out
}

/// `vmlinux`, `image`, `modules`, or a path: `mm/`, `mm/hmm.o`.
pub fn parse_target(word: &str) -> Result<Target, String> {
    match word {
        "vmlinux" => Ok(Target::Vmlinux),
        "image" => Ok(Target::Image),
        "modules" => Ok(Target::Modules),
        path if path.starts_with('/') || path.split('/').any(|part| part == "..") => {
            Err(format!("scope `{path}` must be a path below the top of the kernel tree"))
        }
        path if path.ends_with('/') || path.strip_suffix(".o").is_some() => {
            Ok(Target::Scope(path.trim_start_matches("./").to_owned()))
        }
        other => {
            let hint = did_you_mean(other, ["vmlinux", "image", "modules"].into_iter());
            Err(format!(
                "unknown target `{other}`{hint} (vmlinux, image, modules, a directory as mm/, or \
                 an object as mm/hmm.o)"
            ))
        }
    }
}

fn read_arch(dir: &Path, name: String, table: &Table<'_, '_>) -> Result<ArchSpec> {
    let doc = table.doc();
    let mut make = make_words(doc, &table.strings("make")?)?;
    for (key, word) in [("cross-compile", "CROSS_COMPILE"), ("cc", "CC"), ("llvm", "LLVM")] {
        if let Some(value) = table.string(key)? {
            harmless(doc, value.line, word, &value.value)?;
            make.set(word, &value.value);
        }
    }
    let mut impossible = Vec::new();
    for (symbol, reason) in table.reasons("impossible")? {
        let (name, value) =
            words::option(&symbol.value).map_err(|m| doc.error_at(symbol.line, m))?;
        if value.is_some() {
            let message = format!("`{}`: name the option without a value", symbol.value);
            return Err(doc.error_at(symbol.line, message));
        }
        impossible.push((name, reason.unwrap_or_else(|| "the matrix says so".to_owned())));
    }
    Ok(ArchSpec {
        name,
        fragments: read_fragments(doc, dir, &table.strings("fragments")?)?,
        base_config: table.string("base-config")?.map(|base| base_path(dir, base.value)),
        impossible,
        make,
    })
}

fn read_sources(top: &Table<'_, '_>) -> Result<Vec<SourceSpec>> {
    let doc = top.doc();
    let dir = doc.file.parent().unwrap_or(Path::new(""));
    let mut labels = Vec::new();
    let mut out: Vec<SourceSpec> = Vec::new();
    for table in top.array("source", SOURCE)? {
        let label = table.string("label")?;
        if let Some(label) = &label {
            check_name(doc, "source label", label)?;
        }
        let spec = SourceSpec {
            label: label.as_ref().map(|l| l.value.clone()),
            path: table.string("path")?.map(|p| dir.join(home(&p.value))),
            rev: table.string("rev")?.map(|r| r.value),
        };
        if spec.path.is_none() && spec.rev.is_none() {
            return Err(doc.error_at(table.line, "a source needs `path`, `rev` or both"));
        }
        if out.contains(&spec) {
            return Err(doc.error_at(table.line, "duplicate cells: this source is already there"));
        }
        labels.extend(label);
        out.push(spec);
    }
    unique(doc, "source", labels.iter())?;
    Ok(out)
}

fn read_variants(dir: &Path, top: &Table<'_, '_>) -> Result<Vec<VariantSpec>> {
    let doc = top.doc();
    let mut names = Vec::new();
    let mut out = Vec::new();
    for table in top.array("variant", VARIANT)? {
        let name = table
            .string("name")?
            .ok_or_else(|| doc.error_at(table.line, "a variant needs a `name`"))?;
        check_name(doc, "variant name", &name)?;
        let mut requests = Vec::new();
        for fragment in read_fragments(doc, dir, &table.strings("fragments")?)? {
            requests.extend(fragment.assignments);
        }
        for option in table.strings("options")? {
            let (symbol, value) =
                words::option(&option.value).map_err(|m| doc.error_at(option.line, m))?;
            requests.push(Assignment { symbol, value: value.unwrap_or_else(|| "y".into()) });
        }
        out.push(VariantSpec { name: name.value.clone(), requests: fragment::last_wins(requests) });
        names.push(name);
    }
    unique(doc, "variant", names.iter())?;
    Ok(out)
}

fn read_fragments(doc: Doc<'_>, dir: &Path, names: &[Located<String>]) -> Result<Vec<Fragment>> {
    let named = |name: &Located<String>| {
        fragment::load(dir, &name.value).map_err(|err| match err {
            Error::Input { at: None, file, msg } => {
                doc.error_at(name.line, format!("{}: {msg}", file.display()))
            }
            other => other,
        })
    };
    names.iter().map(named).collect()
}

fn make_words(doc: Doc<'_>, words: &[Located<String>]) -> Result<MakeWords> {
    let mut out = MakeWords::default();
    for word in words {
        let one = MakeWords::parse([&word.value]).map_err(|m| doc.error_at(word.line, m))?;
        let (key, value) = word.value.split_once('=').unwrap_or((&word.value, ""));
        harmless(doc, word.line, key, value)?;
        out.extend(&one);
    }
    Ok(out)
}

/// An error for a word that could run something.
fn harmless(doc: Doc<'_>, line: usize, key: &str, value: &str) -> Result<()> {
    let objection = super::harmless::objection(key, value);
    objection.map_or(Ok(()), |message| Err(doc.error_at(line, message)))
}

fn one_of(top: &Table<'_, '_>, key: &str, names: Vec<&str>) -> Result<Option<String>> {
    let Some(value) = top.string(key)? else { return Ok(None) };
    if names.contains(&value.value.as_str()) {
        return Ok(Some(value.value));
    }
    let hint = did_you_mean(&value.value, names.into_iter());
    let message = format!("`{key}`: there is no `{}`{hint}", value.value);
    Err(top.doc().error_at(value.line, message))
}

fn check_arch_name(doc: Doc<'_>, name: &Located<String>) -> Result<()> {
    check_name(doc, "architecture", name)
}

/// Names become directories.
fn check_name(doc: Doc<'_>, what: &str, name: &Located<String>) -> Result<()> {
    if is_name(&name.value) {
        return Ok(());
    }
    let message = format!("{what} `{}`: only letters, digits, `.`, `_`, `-`, `+`", name.value);
    Err(doc.error_at(name.line, message))
}

/// Whether a name can stand in a cell's id, which is also a path.
pub fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(['.', '-'])
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
}

fn unique<'n>(
    doc: Doc<'_>,
    what: &str,
    names: impl Iterator<Item = &'n Located<String>>,
) -> Result<()> {
    let mut seen: Vec<&Located<String>> = Vec::new();
    for name in names {
        if let Some(first) = seen.iter().find(|other| other.value == name.value) {
            let (value, line) = (&name.value, first.line);
            let message = format!("duplicate cells: {what} `{value}` is already in line {line}");
            return Err(doc.error_at(name.line, message));
        }
        seen.push(name);
    }
    Ok(())
}

/// A base configuration with a `/` or ending in `.config` is a file beside the matrix.
fn base_path(dir: &Path, base: String) -> String {
    if is_file_base(&base) { dir.join(home(&base)).display().to_string() } else { base }
}

/// Whether a base configuration names a file rather than a make goal.
pub fn is_file_base(base: &str) -> bool {
    base.contains('/') || !base.ends_with("config") || base.ends_with(".config")
}

/// `~/` is the user's home, as a shell would have it.
pub fn home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
}
