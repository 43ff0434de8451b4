//! `hmmsize diffconfig`: read, think, render.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::analyze::config;
use crate::cli::common::Common;
use crate::cli::diffconfig::{ConfigFormat, Diffconfig};
use crate::commands::output;
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

/// Reads a `.config`.
pub fn read(path: &Path) -> Result<Config> {
    let text = std::fs::read(path).map_err(|err| Error::io(path, err))?;
    dotconfig::parse(path, &text)
}

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
