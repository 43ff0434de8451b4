//! The goals of configuring: `allyesconfig`, `olddefconfig` and so on (scripts/kconfig/conf.c:
//! `main`, `conf_set_all_new_symbols`).

use std::path::{Path, PathBuf};

use super::decide::Probability;
use super::eval::{State, Tristate};
use super::model::SymbolId;
use super::random::Random;
use super::read::Reading;

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// `allyesconfig`
    AllYes,
    /// `allmodconfig`
    AllMod,
    /// `allnoconfig`
    AllNo,
    /// `alldefconfig`
    AllDef,
    /// `randconfig`
    Random,
    /// `defconfig` and named ones: the file it starts with.
    Defconfig(PathBuf),
    /// `olddefconfig`
    OldDef,
    /// `savedefconfig`
    SaveDef,
    /// `listnewconfig`
    ListNew,
    /// `helpnewconfig`
    HelpNew,
    /// `yes2modconfig`
    Yes2Mod,
    /// `mod2yesconfig`
    Mod2Yes,
    /// `mod2noconfig`
    Mod2No,
}

/// What `conf` takes from the environment.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `KCONFIG_CONFIG`: the name of the configuration.
    pub config: PathBuf,
    /// `KCONFIG_ALLCONFIG`
    pub allconfig: Option<PathBuf>,
    /// Fragments that count as one file of `KCONFIG_ALLCONFIG`, in its place.
    pub fragments: Vec<PathBuf>,
    /// `KCONFIG_DEFCONFIG_LIST`, where to look if there is no configuration.
    pub defconfig_list: Vec<PathBuf>,
    /// The seed of `randconfig`.
    pub seed: u32,
    /// `KCONFIG_PROBABILITY`
    pub probability: Option<String>,
    /// `KCONFIG_WERROR`: warnings are errors.
    pub werror: bool,
    /// `KCONFIG_WARN_UNKNOWN_SYMBOLS`
    pub reading: Reading,
}

/// Opens a file by the name that `conf` would use: as it is, else below the tree.
pub type Open<'a> = dyn Fn(&Path) -> Result<Option<Vec<u8>>, String> + 'a;

/// What there is to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// A configuration.
    DotConfig(Vec<u8>),
    /// A minimal one, for the file `defconfig`.
    Defconfig(Vec<u8>),
    /// Nothing.
    Nothing,
}

/// Why nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// There were warnings, and `KCONFIG_WERROR` is set.
    Warnings,
    /// The input cannot be used, and why.
    Input(String),
}

/// Reads what the goal starts with, sets the user's values and computes what is to be written.
pub fn run(
    state: &mut State,
    goal: &Goal,
    settings: &Settings,
    open: &Open<'_>,
) -> Result<Written, Stop> {
    if *goal == Goal::Random {
        let line = format!("KCONFIG_SEED=0x{:X}\n", settings.seed);
        if state.rules.seed_to_stderr {
            state.output.err(line);
        } else {
            state.output.out(line);
        }
    }
    let named = |path: &Path| open(path).map_err(Stop::Input);
    match goal {
        Goal::Defconfig(file) => {
            let Some(text) = named(file)? else {
                let file = file.display();
                return Err(Stop::Input(format!("can't find default configuration \"{file}\"")));
            };
            state.read(&name(file), &text, settings.reading);
        }
        Goal::AllYes | Goal::AllMod | Goal::AllNo | Goal::AllDef | Goal::Random => {
            read_allconfig(state, goal, settings, &named)?;
        }
        _ => read_config(state, settings, &named)?,
    }
    let werror = settings.werror && state.rules.obeys_werror;
    if werror && state.config_warnings > 0 {
        return Err(Stop::Warnings);
    }
    let mut random = Random::new(settings.seed);
    match goal {
        Goal::AllYes => state.set_new(Some(Tristate::Yes)),
        Goal::AllMod => state.set_new(Some(Tristate::Mod)),
        Goal::AllNo => state.set_new(Some(Tristate::No)),
        Goal::AllDef | Goal::Defconfig(_) => state.set_new(None),
        Goal::Random => {
            let words = settings.probability.as_deref().unwrap_or_default();
            let probability = Probability::parse(words).map_err(Stop::Input)?;
            state.randomize(&mut random, probability);
            if state.rules.members_stay_written {
                // Else olddefconfig would drop lines, as it does from what conf wrote.
                state.forget_written();
            }
        }
        Goal::Yes2Mod => state.rewrite(Tristate::Yes, Tristate::Mod),
        Goal::Mod2Yes => state.rewrite(Tristate::Mod, Tristate::Yes),
        Goal::Mod2No => state.rewrite(Tristate::Mod, Tristate::No),
        Goal::OldDef if state.rules.walks_menus => drop(state.new_symbols()),
        Goal::OldDef | Goal::SaveDef => {}
        Goal::ListNew => {
            let list = state.new_symbols();
            state.output.out(list);
        }
        Goal::HelpNew => {
            let help = state.new_help();
            state.output.out(help);
        }
    }
    if werror && state.unmet > 0 {
        return Err(Stop::Warnings);
    }
    let written = match goal {
        Goal::SaveDef => Written::Defconfig(state.defconfig()),
        Goal::ListNew | Goal::HelpNew => Written::Nothing,
        _ => Written::DotConfig(state.dotconfig()),
    };
    if state.too_deep() {
        return Err(Stop::Input("dependencies nest too deeply to be evaluated".into()));
    }
    Ok(written)
}

fn name(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

type Named<'a> = dyn Fn(&Path) -> Result<Option<Vec<u8>>, Stop> + 'a;

fn read_config(state: &mut State, settings: &Settings, open: &Named<'_>) -> Result<(), Stop> {
    state.changed = false;
    if let Some(text) = open(&settings.config)? {
        state.read(&name(&settings.config), &text, settings.reading);
        return Ok(());
    }
    for file in default_files(state, settings) {
        if let Some(text) = open(&file)? {
            let file = name(&file);
            state.output.message(&[b"using defaults found in ", file.as_slice()].concat());
            state.read_simple(&file, &text, settings.reading);
            state.changed = true;
            state.after_read();
            return Ok(());
        }
    }
    state.changed = true;
    state.calc_modules();
    Ok(())
}

/// Where to look for a configuration if there is none: `KCONFIG_DEFCONFIG_LIST`, or until 5.12 the
/// defaults of the symbol with `option defconfig_list`.
fn default_files(state: &mut State, settings: &Settings) -> Vec<PathBuf> {
    let model = state.model;
    let mut files = settings.defconfig_list.clone();
    let Some(list) = model.symbols.iter().position(|symbol| symbol.defconfig_list) else {
        return files;
    };
    files.clear();
    for default in state.default_values(SymbolId::new(list as u32)) {
        if default.condition != Tristate::No
            && let Some(from) = state.prop_symbol(default.prop)
        {
            let text = state.expand(&model.symbol(from).name);
            files.push(PathBuf::from(String::from_utf8_lossy(&text).into_owned()));
        }
    }
    files
}

/// The values that `KCONFIG_ALLCONFIG` gives before everything else.
fn read_allconfig(
    state: &mut State,
    goal: &Goal,
    settings: &Settings,
    open: &Named<'_>,
) -> Result<(), Stop> {
    let seed = |file: &Path| -> Result<Vec<u8>, Stop> {
        let unreadable = || format!("can't read seed configuration \"{}\"", file.display());
        open(file)?.ok_or_else(|| Stop::Input(unreadable()))
    };
    if !settings.fragments.is_empty() {
        let mut parts = Vec::new();
        for file in &settings.fragments {
            parts.push((name(file), seed(file)?));
        }
        let parts: Vec<(&[u8], &[u8])> =
            parts.iter().map(|(name, text)| (name.as_slice(), text.as_slice())).collect();
        state.read_parts(&parts, settings.reading);
        return Ok(());
    }
    let Some(given) = &settings.allconfig else { return Ok(()) };
    let words = given.as_os_str();
    if !words.is_empty() && words != "1" {
        state.read_simple(&name(given), &seed(given)?, settings.reading);
        return Ok(());
    }
    let own = match goal {
        Goal::AllNo => "allno.config",
        Goal::AllYes => "allyes.config",
        Goal::AllMod => "allmod.config",
        Goal::AllDef => "alldef.config",
        _ => "allrandom.config",
    };
    for file in [own, "all.config"] {
        if let Some(text) = open(Path::new(file))? {
            state.read_simple(file.as_bytes(), &text, settings.reading);
            return Ok(());
        }
    }
    let msg = format!("KCONFIG_ALLCONFIG set, but no \"{own}\" or \"all.config\" file found");
    Err(Stop::Input(msg))
}
