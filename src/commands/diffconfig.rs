//! `hmmsize diffconfig`: read, think, render.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::analyze::config;
use crate::cli::common::Common;
use crate::cli::diffconfig::{ConfigFormat, Diffconfig};
use crate::commands::output;
use crate::elf::{Input, Want, ikconfig};
use crate::exit::{Error, Exit, Result};
use crate::kconf::dotconfig;
use crate::model::config::Config;
use crate::model::delta::ConfigDelta;
use crate::model::words;
use crate::render::diffconfig;

/// Runs the command.
pub fn run(common: &Common, args: &Diffconfig) -> Result<Exit> {
    let (old, new) = match args.files.as_slice() {
        [old, new] => (PathBuf::from(old), PathBuf::from(new)),
        [] => {
            let dir = std::env::var_os("KBUILD_OUTPUT").map(PathBuf::from).unwrap_or_default();
            (dir.join(".config.old"), dir.join(".config"))
        }
        _ => return Err(Error::Usage("diffconfig: give two configurations, or none".into())),
    };
    if args.files.is_empty() && !old.is_file() {
        let msg = "there is none; `hmmsize diffconfig OLD NEW` compares any two";
        return Err(Error::input(&old, msg));
    }
    let changes = config::diff(&read(&old)?, &read(&new)?);
    let differ = !changes.is_empty();
    let (requested, rest) = config::split_requested(changes, &requested(&args.option)?);
    let text = match (args.format, args.merge) {
        (ConfigFormat::Json, _) => {
            let delta = ConfigDelta {
                old: old.display().to_string(),
                new: new.display().to_string(),
                requested,
                changes: rest,
            };
            let mut text = serde_json::to_string_pretty(&delta)
                .map_err(|err| Error::Usage(format!("diffconfig: {err}")))?;
            text.push('\n');
            text
        }
        (ConfigFormat::Text, true) => {
            diffconfig::merge(&requested) + diffconfig::merge(&rest).as_str()
        }
        (ConfigFormat::Text, false) if args.option.is_empty() => diffconfig::changes(&rest),
        (ConfigFormat::Text, false) => diffconfig::listing(&requested, &rest),
    };
    output::write(common.output.as_deref(), &text)?;
    Ok(if differ && args.exit_code { Exit::Verdict } else { Exit::Ok })
}

/// Reads a `.config`, or the configuration that a kernel image carries (IKCONFIG).
pub fn read(path: &Path) -> Result<Config> {
    let failed = |err| Error::io(path, err);
    let mut file = File::open(path).map_err(failed)?;
    let mut text = Vec::new();
    file.by_ref().take(4).read_to_end(&mut text).map_err(failed)?;
    if text == b"\x7fELF" {
        let input = Input::open(path)?;
        let Some(text) = ikconfig::extract(&input.image(Want::SYMBOLS)?)? else {
            let msg = "is an ELF file that carries no configuration (CONFIG_IKCONFIG is off)";
            return Err(Error::input(path, msg));
        };
        return dotconfig::parse(path, text.as_bytes());
    }
    file.take(MAX_CONFIG).read_to_end(&mut text).map_err(failed)?;
    dotconfig::parse(path, &text)
}

/// No configuration comes near this; what is larger is not read into memory.
const MAX_CONFIG: u64 = 16 << 20;

/// The symbols of `--option` words, which may be written `CONFIG_X=y`, `X=y` or `X`.
pub fn requested(words: &[String]) -> Result<BTreeSet<String>> {
    words
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| {
            let (symbol, _) = words::option(word)
                .map_err(|why| Error::Usage(format!("--option {word}: {why}")))?;
            Ok(symbol)
        })
        .collect()
}
