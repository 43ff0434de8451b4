//! Bytes in images: those named on the command line, and those of a run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::analyze::owners;
use crate::commands::{images, json};
use crate::elf::{Input, MapFile, Want};
use crate::exit::{Error, Result};
use crate::explain::option;
use crate::kconf::dotconfig;
use crate::model::config::Config;
use crate::model::explain::{Bytes, Chain, FileAnswer, FunctionAnswer, OptionAnswer};
use crate::model::formula::Formulas;
use crate::model::owned::Owned;
use crate::model::run::{self, Run};
use crate::model::tristate::Tristate;
use crate::model::valuation::{self, Valuation};
use crate::source::guards::FileKind;
use crate::source::symbols::define::plain;

/// An image, cut up.
pub struct Counted {
    name: String,
    arch: Option<String>,
    has_map: bool,
    owned: Vec<Owned>,
    config: Option<Config>,
}

/// Reads all of them. Cells without an image are left out.
pub fn open(files: &[PathBuf], runs: &[PathBuf]) -> Result<Vec<Counted>> {
    let mut out = Vec::new();
    for file in files {
        let mut map = file.clone().into_os_string();
        map.push(".map");
        let map = PathBuf::from(map);
        let map = map.is_file().then_some(map);
        out.push(count(file, map.as_deref(), None, file.display().to_string(), None)?);
    }
    for path in runs {
        let run: Run = json::read(path, "a run.json", run::SCHEMA)?;
        let dir = path.parent().unwrap_or(Path::new(""));
        for cell in &run.cells {
            let Some(measured) = &cell.measured else { continue };
            let Some(file) = measured.file.as_ref().map(|file| dir.join(file)) else { continue };
            if !file.is_file() {
                continue;
            }
            let map = measured.map.as_ref().map(|map| dir.join(map)).filter(|map| map.is_file());
            let config = measured.config.as_ref().map(|config| dir.join(config));
            let config = config.filter(|config| config.is_file());
            let arch = Some(cell.arch.clone());
            out.push(count(&file, map.as_deref(), config.as_deref(), cell.id.clone(), arch)?);
        }
    }
    Ok(out)
}

fn count(
    file: &Path,
    map: Option<&Path>,
    config: Option<&Path>,
    name: String,
    arch: Option<String>,
) -> Result<Counted> {
    let input = Input::open(file)?;
    let image = input.image(Want::SYMBOLS)?;
    let map = map.map(MapFile::read).transpose()?;
    let parsed = map.as_ref().map(MapFile::parse).transpose()?.map(|(map, _)| map);
    let owned = owners::of(&image, parsed.as_ref());
    let config = if let Some(path) = config {
        let text = std::fs::read(path).map_err(|err| Error::io(path, err))?;
        Some(dotconfig::parse(path, &text)?)
    } else {
        let opened = [image];
        let name = file.to_string_lossy().into_owned();
        let analysed = crate::analyze::compare::analyse(name, false, &opened, None, false);
        images::config(&analysed)?.map(|found| found.config)
    };
    Ok(Counted { name, arch, has_map: parsed.is_some(), owned, config })
}

impl Counted {
    fn sum(&self, counts: impl Fn(&Owned) -> bool, value: Option<String>) -> Bytes {
        let mut out = Bytes {
            image: self.name.clone(),
            arch: self.arch.clone(),
            bytes: 0,
            symbols: 0,
            value,
        };
        for one in self.owned.iter().filter(|one| counts(one)) {
            out.bytes += one.bytes;
            out.symbols += usize::from(one.symbol.is_some());
        }
        out
    }

    /// A function's bytes: of all symbols of that name, whatever the compiler has put behind it.
    pub fn of_function(&self, found: &FunctionAnswer) -> Bytes {
        let value = found.definitions.first().and_then(|one| self.value(&one.chain));
        let named =
            |one: &Owned| one.symbol.as_deref().is_some_and(|name| plain(name) == found.name);
        self.sum(named, value)
    }

    /// An option's bytes: of objects that are never built without it, and of functions that need it.
    pub fn of_option(&self, found: &OptionAnswer) -> Bytes {
        let rules = found.rules.iter().filter(|rule| rule.controls != "directory");
        let mut objects: BTreeSet<&str> = BTreeSet::new();
        let mut names: BTreeSet<(Option<String>, &str)> = BTreeSet::new();
        for function in &found.functions {
            let file = function.place.rsplit_once(':').map_or("", |(file, _)| file);
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            let object = format!("{stem}.o");
            if let Some(listed) =
                rules.clone().flat_map(|rule| &rule.objects).find(|one| **one == object)
                && function.options.is_empty()
            {
                objects.insert(listed);
            }
            // What is inlined from a header is in any object.
            let object =
                (self.has_map && FileKind::of(file) != Some(FileKind::Header)).then_some(object);
            names.insert((object, function.name.as_str()));
        }
        let counts = |one: &Owned| {
            let whole = one.object.as_deref().is_some_and(|object| objects.contains(object));
            whole
                || one.symbol.as_deref().is_some_and(|name| {
                    let name = plain(name);
                    names.contains(&(one.object.clone(), name)) || names.contains(&(None, name))
                })
        };
        let value = self.config.as_ref().map(|config| config.value(&found.facts.name).to_owned());
        self.sum(counts, value)
    }

    /// A file's bytes: with a map those of its objects, else those of its functions.
    pub fn of_file(&self, found: &FileAnswer) -> Bytes {
        let value = self.value(&found.chain);
        if self.has_map {
            let object = |one: &Owned| {
                let object = one.object.as_deref();
                found.chain.objects.iter().any(|known| Some(known.object.as_str()) == object)
            };
            return self.sum(object, value);
        }
        let named = |one: &Owned| {
            let name = one.symbol.as_deref().map(plain);
            found.functions.iter().any(|function| Some(function.name.as_str()) == name)
        };
        self.sum(named, value)
    }

    /// What a presence condition comes to under the image's configuration.
    fn value(&self, chain: &Chain) -> Option<String> {
        let config = self.config.as_ref()?;
        let mut f = Formulas::default();
        let mut guards = Vec::new();
        for gate in &chain.guards {
            guards.push(f.parse(&gate.holds)?);
        }
        let mut ways = Vec::new();
        for object in &chain.objects {
            let here = |arch: &String| option_arch(self.arch.as_deref(), arch);
            if !object.arches.is_empty() && !object.arches.iter().any(here) {
                continue;
            }
            for way in &object.ways {
                ways.push((way.role == "obj-m", f.parse(&way.when)));
            }
        }
        let under = Valuation::new(&f, config);
        let (mut built_in, mut module) = (Some(chain.objects.is_empty()), Some(false));
        for (as_module, when) in ways {
            let when = when.and_then(|when| under.get(when, as_module));
            let side = if as_module { &mut module } else { &mut built_in };
            *side = valuation::or(*side, when);
        }
        let in_kernel = valuation::and(built_in, under.all(&guards, false));
        let as_module = valuation::and(module, under.all(&guards, true));
        let value = match (in_kernel, as_module) {
            (Some(true), _) => Tristate::Yes.text(),
            (Some(false), Some(true)) => Tristate::Mod.text(),
            (Some(false), Some(false)) => Tristate::No.text(),
            _ => "unknown",
        };
        Some(value.to_owned())
    }
}

/// Whether a directory of `arch/` is that of an ARCH.
fn option_arch(arch: Option<&str>, directory: &str) -> bool {
    arch.is_none_or(|arch| option::directory(arch) == directory)
}
