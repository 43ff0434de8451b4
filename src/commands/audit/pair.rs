//! The cost between two images: opens them, reads what the source says, asks for the partition.

use std::path::{Path, PathBuf};

use super::causes;
use super::debug::{self, Types};
use super::evidence::{self, FromSource};
use super::news::{self, Before};
use super::subject::{Pair, Picture};
use crate::analyze::attribute::kallsyms;
use crate::analyze::attribute::partition::Question;
use crate::analyze::attribute::pieces::{self, Pieces};
use crate::analyze::attribute::record;
use crate::analyze::attribute::strings::{self, Merged};
use crate::analyze::{config, size};
use crate::cli::build::What;
use crate::cli::config::ProbeMode;
use crate::commands::config::tree::{self, ProbeSource};
use crate::commands::images;
use crate::elf::{Input, MapFile, Want, ikconfig};
use crate::exit::{Error, Result};
use crate::kconf::dotconfig;
use crate::kconf::eval::with_stack;
use crate::kconf::model::Model;
use crate::lint::Tree;
use crate::model::audit::{Cost, Side};
use crate::model::config::Config;
use crate::model::formula::Formulas;
use crate::model::image::{Image, Kind};
use crate::model::valuation::Valuation;
use crate::model::words::MakeWords;
use crate::source::gates::Gates;
use crate::source::makefile::{Kbuild, Presence};
use crate::source::texts::Texts;

/// The tree that images were built from, as it was named.
///
/// # Errors
/// If there is no kernel tree.
pub fn tree(what: &What) -> Result<PathBuf> {
    let source = what.source.last().map_or(".", String::as_str);
    let path = source.split_once('=').map_or(source, |(_, path)| path);
    let path = if Path::new(source).is_dir() { source } else { path };
    if !Path::new(path).join("Kconfig").is_file() {
        let msg = "no kernel tree here (no Kconfig); -C TREE names the one the images are of";
        return Err(Error::input(path, msg));
    }
    Ok(path.into())
}

/// What is known of an architecture's source.
pub struct ArchSource {
    /// The directory below arch/.
    pub srcarch: String,
    /// Its Kconfig.
    pub model: Model,
    /// What its makefiles build.
    pub presence: Presence,
    /// The formulas of it.
    pub formulas: Formulas,
}

/// Reads Kconfig (for the types of options) and makefiles of one architecture.
pub fn arch_source(root: &Path, arch: &str) -> Result<ArchSource> {
    let tree = tree::Tree::open(root, None)?.confined();
    let mut words = MakeWords::default();
    if !arch.is_empty() {
        words.set("ARCH", arch);
    }
    let probes = ProbeSource { mode: ProbeMode::Never, file: None, dir: Path::new("."), env: None };
    let loaded = with_stack(|| tree.load(&words, &probes));
    let loaded = loaded.map_err(|err| Error::io("a thread", err))??;
    if loaded.model.failed() {
        return Err(tree::rejected(&tree, &loaded.model));
    }
    let mut formulas = Formulas::default();
    let kbuild = Kbuild::new(&tree.dir, Tree::texts(std::iter::once(&loaded.model)));
    let (presence, _) = kbuild.presence(&loaded.srcarch, &mut formulas);
    Ok(ArchSource { srcarch: loaded.srcarch, model: loaded.model, presence, formulas })
}

/// The makefiles of the tree, for these architectures.
pub fn kbuild(root: &Path, sources: &[ArchSource]) -> Kbuild {
    Kbuild::new(root, Tree::texts(sources.iter().map(|source| &source.model)))
}

/// An image that was opened.
pub struct Opened {
    input: Input,
    map: Option<MapFile>,
    config: Config,
    text: Vec<u8>,
}

/// Opens an image with its linker map, if that lies beside it, and its configuration.
pub fn open(picture: &Picture) -> Result<Opened> {
    let input = Input::open(&picture.file)?;
    linked(&input, &input.image(Want::TOTALS)?)?;
    let map = MapFile::beside(&picture.file)?;
    let (config, text) = configuration(picture, &input)?;
    Ok(Opened { input, map, config, text })
}

/// An error for what is no linked kernel.
fn linked(input: &Input, image: &Image<'_>) -> Result<()> {
    if image.kind == Kind::Linked {
        return Ok(());
    }
    let msg = "is not a linked kernel: what is asked is asked about vmlinux";
    Err(Error::input(input.path(), msg))
}

/// The configuration that an image was built with, and its text.
fn configuration(picture: &Picture, input: &Input) -> Result<(Config, Vec<u8>)> {
    let beside = picture.file.with_file_name(".config");
    let known = picture.config.clone().filter(|file| file.is_file()).unwrap_or(beside);
    if known.is_file() {
        let text = std::fs::read(&known).map_err(|err| Error::io(&known, err))?;
        return Ok((dotconfig::parse(&known, &text)?, text));
    }
    let image = input.image(Want::SYMBOLS)?;
    let Some(text) = ikconfig::extract(&image)? else {
        let msg = "its configuration is not known: no .config beside it, and it carries none";
        return Err(Error::input(&picture.file, msg));
    };
    let from = format!("IKCONFIG of {}", picture.name);
    Ok((dotconfig::parse(Path::new(&from), text.as_bytes())?, text.into_bytes()))
}

impl Opened {
    /// The image, which is a linked kernel.
    ///
    /// # Errors
    /// If it is something else.
    pub fn image(&self) -> Result<Image<'_>> {
        let image = self.input.image(Want::SYMBOLS)?;
        linked(&self.input, &image)?;
        Ok(image)
    }

    /// The architecture, as the kernel calls it.
    pub fn arch(&self) -> Result<Option<String>> {
        Ok(crate::commands::gate::arch_of(&self.image()?))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its text, as in `.config`.
    pub fn config_text(&self) -> &[u8] {
        &self.text
    }

    /// Whether a linker map lies beside it.
    pub fn has_map(&self) -> bool {
        self.map.is_some()
    }

    /// Its bytes, dealt out by the linker map, if there is one and it is wanted.
    pub fn pieces(&self, image: &Image<'_>, with_map: bool, warnings: &mut Vec<String>) -> Pieces {
        let map = self.map.as_ref().filter(|_| with_map);
        let map = match map.map(MapFile::parse) {
            Some(Ok((map, _))) => Some(map),
            Some(Err(err)) => {
                warnings.push(format!("{err}; payload is estimated"));
                None
            }
            None => None,
        };
        let prelink = self.map.as_ref().filter(|_| with_map).and_then(MapFile::prelink);
        // Without it, merged strings stay nobody's.
        let opened = prelink.as_ref().and_then(|(_, path)| Input::open(path).ok());
        let object = opened.as_ref().and_then(|input| input.image(Want::TOTALS).ok());
        let strings = object.as_ref().zip(prelink.as_ref());
        let strings = strings.map(|(object, (map, _))| Merged::new(object, map));
        let pieces = pieces::of(image, map.as_ref(), strings.as_ref());
        warnings.extend(pieces.diags.iter().map(ToString::to_string));
        pieces
    }
}

/// What is asked of a pair.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The options in question, without `CONFIG_`.
    pub options: &'a [String],
    /// The earlier source, where the option is off in both images.
    pub before: Option<&'a Before>,
    /// Whether debug information is read: types, and what was inlined.
    pub with_debug: bool,
}

/// What one pair costs.
pub fn cost(
    pair: &Pair,
    (old, new): (&Opened, &Opened),
    root: &Path,
    source: &mut ArchSource,
    asked: &Asked<'_>,
) -> Result<Cost> {
    let Asked { options, before, with_debug } = *asked;
    let (was, is) = (old.image()?, new.image()?);
    let mut warnings = Vec::new();
    if was.header.machine != is.header.machine || was.header.bits != is.header.bits {
        let msg = format!("{} and {} are of different machines", pair.old.name, pair.new.name);
        return Err(Error::NotComparable(msg));
    }
    let maps = old.map.is_some() && new.map.is_some();
    if !maps {
        warnings.push(
            "no linker map beside both images: payload is estimated, and objects are not known"
                .into(),
        );
    }
    let mut first = old.pieces(&was, maps, &mut warnings);
    let mut second = new.pieces(&is, maps, &mut warnings);
    let changed = config::diff(&old.config, &new.config);
    kallsyms::settle(&mut first, &mut second, &changed);
    strings::settle(&first, &mut second);
    let ArchSource { presence, formulas, .. } = source;
    let gates = Gates::new(presence);
    let files = evidence::read((&first, &second), &gates, root, formulas);
    let debugs = with_debug.then(|| debug::open(&was, &is, &mut warnings)).flatten();
    let types = debugs.as_ref().map(|(old, new)| Types::read((old, new), root, formulas));
    let mut names: Vec<&str> = files.keys().map(String::as_str).collect();
    names.extend(types.iter().flat_map(Types::sources).filter(|name| !files.contains_key(*name)));
    let guards = causes::guards(root, &presence.arch, &names, formulas);
    let formulas = &*formulas;
    let (off, on) = (Valuation::new(formulas, &old.config), Valuation::new(formulas, &new.config));
    let question = Question { options, changed: &changed, was: &off, is: &on };
    let spots = match before {
        Some(before) => news::spots(before, guards, root, &on, options)?,
        None => guards.spots(root, formulas, &question),
    };
    let causes = spots.reach(root);
    let texts = Texts::new(&[root]);
    let mut evidence =
        FromSource { gates: &gates, files: &files, formulas, causes: &causes, texts };
    let side = |picture: &Picture, image: &Image<'_>| (picture.name.clone(), size::berkeley(image));
    let ((old_name, old_size), (new_name, new_size)) =
        (side(&pair.old, &was), side(&pair.new, &is));
    let old = record::Image { file: old_name, size: old_size, pieces: &first };
    let new = record::Image { file: new_name, size: new_size, pieces: &second };
    let mut cost = record::cost(&old, &new, &question, &mut evidence);
    cost.warnings = warnings;
    if let (Some((old, new)), Some(types)) = (&debugs, types) {
        cost.types = types.explain(&question, formulas, &causes);
        debug::inlined(&mut cost, (old, new), (&was, &is), (&first, &second));
    }
    Ok(cost)
}

/// The cost of a pair whose cells were proven to be one build.
pub fn identical(pair: &Pair) -> Result<Cost> {
    let side = |picture: &Picture| -> Result<Side> {
        let input = Input::open(&picture.file)?;
        let image = input.image(Want::TOTALS)?;
        Ok(Side { file: picture.name.clone(), size: size::berkeley(&image), payload: None })
    };
    Ok(record::identical(side(&pair.old)?, side(&pair.new)?))
}

/// Starts the threads.
pub fn threads(jobs: Option<usize>) -> Result<()> {
    images::threads(jobs)
}
