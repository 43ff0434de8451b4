//! Fragments: files of assignments that change a base configuration, the user's or our own.

use std::path::Path;

use super::embedded;
use super::strict::{Doc, did_you_mean};
use crate::exit::{Error, Result};
use crate::model::words::{self, Assignment};

/// A fragment that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// As the user named it.
    pub name: String,
    /// What it assigns.
    pub assignments: Vec<Assignment>,
}

/// Reads a fragment: beside `dir`, then among the embedded ones.
pub fn load(dir: &Path, name: &str) -> Result<Fragment> {
    let path = dir.join(name);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => embedded::fragment(name)
            .ok_or_else(|| {
                let hint = did_you_mean(name, embedded::FRAGMENTS.iter().map(|(name, _)| *name));
                Error::input(&path, format!("no such fragment{hint}"))
            })?
            .to_owned(),
        Err(err) => return Err(Error::io(&path, err)),
    };
    let assignments = parse(&path, &text)?;
    Ok(Fragment { name: name.to_owned(), assignments })
}

/// The assignments of a fragment, in order. Lines are `CONFIG_X=v`, `# CONFIG_X is not set`,
/// other comments, or empty.
pub fn parse(path: &Path, text: &str) -> Result<Vec<Assignment>> {
    let doc = Doc { file: path, text };
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let off = line
            .strip_prefix('#')
            .map(str::trim_start)
            .and_then(|rest| rest.strip_suffix(" is not set"))
            .filter(|rest| rest.starts_with("CONFIG_") && !rest.contains(' '));
        if let Some(symbol) = off {
            out.push(Assignment::new(&symbol["CONFIG_".len()..], "n"));
        } else if line.is_empty() || line.starts_with('#') {
        } else if line.starts_with("CONFIG_") && line.contains('=') {
            let (symbol, value) = words::option(line).map_err(|m| doc.error_at(index + 1, m))?;
            out.push(Assignment { symbol, value: value.unwrap_or_default() });
        } else {
            let message = format!("`{line}` is neither CONFIG_X=value nor a comment");
            return Err(doc.error_at(index + 1, message));
        }
    }
    Ok(out)
}

/// Of several assignments to one symbol only the last, in the place of the first.
pub fn last_wins(assignments: Vec<Assignment>) -> Vec<Assignment> {
    let mut out: Vec<Assignment> = Vec::with_capacity(assignments.len());
    for new in assignments {
        match out.iter_mut().find(|old| old.symbol == new.symbol) {
            Some(old) => *old = new,
            None => out.push(new),
        }
    }
    out
}
