//! Opens what `compare` compares: images and archives, linker maps and configurations beside them.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::analyze::compare::{Analysed, Debugged, analyse};
use crate::analyze::units::Units;
use crate::elf::dwarf::{self, Debug};
use crate::elf::{Input, MapFile, Want, ikconfig};
use crate::exit::{Error, Result};
use crate::kconf::dotconfig;
use crate::model::config::Config;
use crate::model::image::{Image, Kind};
use crate::model::linkmap::LinkMap;

/// Starts the threads (`-j`, by default as many as there are CPUs). This one is one of them: were it not,
/// the others would spin for work on all CPUs while it does what only one thread can.
pub fn threads(jobs: Option<usize>) -> Result<()> {
    if jobs == Some(0) {
        return Err(Error::Usage("-j 0: at least one thread is needed".into()));
    }
    // Fails only if threads were started before, and then they are there.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0));
    let _ = pool.use_current_thread().build_global();
    Ok(())
}

/// An opened file and what lies beside it.
#[derive(Debug)]
pub struct Opened {
    input: Input,
    /// The linker map, if there is one.
    map: Option<MapFile>,
}

/// Opens all files, and the linker maps beside them if `with_maps`.
pub fn open(files: &[PathBuf], with_maps: bool) -> Result<Vec<Opened>> {
    files
        .par_iter()
        .map(|file| {
            let input = Input::open(file)?;
            let map = if with_maps { MapFile::beside(file)? } else { None };
            Ok(Opened { input, map })
        })
        .collect()
}

/// Gives back what was read of the files, on as many threads as there are: the process is about to end.
pub fn give_back(opened: &[Opened]) {
    opened.par_iter().for_each(|opened| opened.input.give_back());
}

/// Where the symbols of each file are from: by its linker map, else, if `debug`, by debug information.
pub fn units<'a>(files: &[Analysed<'a>], debug: bool) -> Result<Vec<Units<'a>>> {
    files
        .par_iter()
        .map(|file| {
            let units = Units::of(file);
            let ([image], true, true) = (file.images, debug, units.is_empty()) else {
                return Ok(units);
            };
            let debug = Debug::of(image)?;
            Ok(debug.map_or(units, |debug| Units::of_origins(debug.origins(dwarf::Want::ALL))))
        })
        .collect()
}

/// What is borrowed from an [`Opened`] file.
#[derive(Debug)]
pub struct Lent<'a> {
    name: String,
    is_archive: bool,
    images: Vec<Image<'a>>,
    map: Option<LinkMap<'a>>,
    /// What the reader of the map found odd.
    oddities: Vec<String>,
}

/// Reads headers, symbols and linker maps.
pub fn read(opened: &[Opened]) -> Result<Vec<Lent<'_>>> {
    opened
        .par_iter()
        .map(|opened| {
            let images = opened.input.images(Want::SYMBOLS)?;
            let (map, oddities) = match &opened.map {
                Some(map) => link_map(map),
                None => (None, Vec::new()),
            };
            let name = opened.input.path().to_string_lossy().into_owned();
            Ok(Lent { name, is_archive: opened.input.is_archive(), images, map, oddities })
        })
        .collect()
}

/// A map was not asked for by name, so one that can't be read is worth a warning, not an error.
fn link_map(file: &MapFile) -> (Option<LinkMap<'_>>, Vec<String>) {
    match file.parse() {
        Ok((map, diags)) => (Some(map), diags.iter().map(ToString::to_string).collect()),
        Err(err) => (None, vec![format!("{err}; payload is estimated")]),
    }
}

impl Lent<'_> {
    /// The images.
    pub fn images(&self) -> &[Image<'_>] {
        &self.images
    }

    /// What the readers found odd, one sentence each.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.images
            .iter()
            .flat_map(|image| image.warnings.iter().map(|text| format!("{}: {text}", image.name)))
            .chain(self.oddities.iter().cloned())
    }
}

/// Works out what can be said of each file alone, on as many threads as there are; padding and payload
/// only if `payload`.
pub fn analyse_all<'a>(lent: &'a [Lent<'a>], payload: bool) -> Vec<Analysed<'a>> {
    lent.par_iter()
        .map(|file| {
            analyse(file.name.clone(), file.is_archive, &file.images, file.map.as_ref(), payload)
        })
        .collect()
}

/// What of debug information is wanted.
#[derive(Debug, Clone, Copy)]
pub struct WantDebug {
    /// How much of the origins of symbols.
    pub origins: dwarf::Want,
    /// What was inlined.
    pub inlines: bool,
}

/// Reads the debug information of files, where there is some. Returns what was odd about it.
pub fn debug(files: &mut [Analysed], want: WantDebug) -> Result<Vec<String>> {
    let read = |file: &mut Analysed| -> Result<Vec<String>> {
        let images = file.images.par_iter().map(|image| {
            let Some(debug) = Debug::of(image)? else {
                return Ok((Debugged::default(), Vec::new()));
            };
            let mut origins = debug.origins(want.origins);
            let mut diags = std::mem::take(&mut origins.diags);
            let inlines = want.inlines.then(|| {
                let (inlines, odd) = debug.inlines();
                // A unit that is damaged is so for both.
                diags.extend(odd.into_iter().filter(|odd| !origins.diags.contains(odd)));
                inlines
            });
            Ok((Debugged { origins, inlines }, diags))
        });
        let all: Vec<(Debugged, Vec<_>)> = images.collect::<Result<_>>()?;
        let (debug, diags): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        file.debug = debug;
        Ok(diags.into_iter().flatten().map(|diag| diag.to_string()).collect())
    };
    let all: Vec<Vec<String>> = files.par_iter_mut().map(read).collect::<Result<_>>()?;
    Ok(all.concat())
}

/// A configuration and where it is from.
#[derive(Debug)]
pub struct FoundConfig {
    /// The `.config` file, or the image that carries it.
    pub path: PathBuf,
    /// `path`, or `IKCONFIG of …`.
    pub label: String,
    /// What it says.
    pub config: Config,
}

/// The configuration of a kernel image: the `.config` beside it, else the one it carries (IKCONFIG).
/// `None` if there is neither, or if the file is no kernel image.
pub fn config(file: &Analysed) -> Result<Option<FoundConfig>> {
    let [image] = file.images else { return Ok(None) };
    if !matches!(image.kind, Kind::Linked | Kind::Prelink) {
        return Ok(None);
    }
    let beside = Path::new(&file.name).with_file_name(".config");
    if beside.is_file() {
        let text = std::fs::read(&beside).map_err(|err| Error::io(&beside, err))?;
        let config = dotconfig::parse(&beside, &text)?;
        let label = beside.display().to_string();
        return Ok(Some(FoundConfig { path: beside, label, config }));
    }
    // Looking for the marker takes reading all data, so ask the symbols first.
    if image.has_symtab && image.symbols.named("kernel_config_data").next().is_none() {
        return Ok(None);
    }
    let Some(text) = ikconfig::extract(image)? else { return Ok(None) };
    let path = PathBuf::from(&file.name);
    let label = format!("IKCONFIG of {}", file.name);
    let config = dotconfig::parse(Path::new(&label), text.as_bytes())?;
    Ok(Some(FoundConfig { path, label, config }))
}
