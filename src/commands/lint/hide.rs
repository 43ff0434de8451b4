//! What is known already and not shown again: baselines and suppressions.
//!
//! Both stand outside of the tree, since nobody merges a tool's comments into `mm/`; comments are
//! for trees of one's own. A suppression gives its reason, a baseline is a list of fingerprints.

use std::path::Path;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::cli::lint::Lint;
use crate::commands::output;
use crate::exit::{At, Error, Result};
use crate::lint::{Tree, rules};
use crate::model::finding::Finding;
use crate::render::json;

/// The version of the baseline's format.
const SCHEMA: u32 = 1;

/// A baseline file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    schema: u32,
    findings: Vec<Known>,
}

/// A finding that is known.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    fingerprint: String,
    code: String,
    file: String,
    message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suppressions {
    #[serde(default)]
    suppress: Vec<Suppression>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suppression {
    code: String,
    path: Option<String>,
    symbol: Option<String>,
    #[allow(dead_code, reason = "has to be given, for people")]
    reason: String,
}

/// What is not shown.
#[derive(Default)]
pub struct Hidden {
    known: FxHashSet<String>,
    rules: Vec<(Suppression, ignore::overrides::Override)>,
}

impl Hidden {
    /// Reads the files that `args` names.
    pub fn read(args: &Lint) -> Result<Self> {
        let mut hidden = Self::default();
        if let Some(file) = &args.baseline {
            let text = std::fs::read(file).map_err(|err| Error::io(file, err))?;
            let bad = |err: serde_json::Error| {
                let at = At::LineColumn(err.line(), err.column());
                Error::input_at(file, at, format!("no baseline of lint: {err}"))
            };
            let version: serde_json::Value = serde_json::from_slice(&text).map_err(bad)?;
            let schema = version.get("schema").and_then(serde_json::Value::as_u64);
            if schema.is_some_and(|schema| schema > u64::from(SCHEMA)) {
                return Err(Error::input(file, "this baseline is of a newer hmmsize"));
            }
            let baseline: Baseline = serde_json::from_slice(&text).map_err(bad)?;
            hidden.known = baseline.findings.into_iter().map(|known| known.fingerprint).collect();
        }
        if let Some(file) = &args.suppress {
            let text = std::fs::read_to_string(file).map_err(|err| Error::io(file, err))?;
            let bad = |err: toml::de::Error| {
                let before = &text[..err.span().map_or(0, |span| span.start)];
                let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
                Error::input_at(file, At::Line(line), err.message().to_owned())
            };
            let read: Suppressions = toml::from_str(&text).map_err(bad)?;
            for one in read.suppress {
                if rules::find(&one.code).is_none() {
                    return Err(Error::input(file, format!("{}: no such rule", one.code)));
                }
                let mut globs = ignore::overrides::OverrideBuilder::new("");
                if let Some(path) = &one.path {
                    globs.add(path).map_err(|err| Error::input(file, format!("{path}: {err}")))?;
                }
                let globs = globs.build().map_err(|err| Error::input(file, err.to_string()))?;
                hidden.rules.push((one, globs));
            }
        }
        Ok(hidden)
    }

    /// Removes what is known or suppressed.
    pub fn apply(&self, tree: &Tree, findings: &mut Vec<Finding>) {
        let mut texts = tree.source_texts();
        findings.retain(|finding| {
            !self.known.contains(&finding.fingerprint)
                && !self.rules.iter().any(|(rule, paths)| suppresses(rule, paths, finding))
                && !is_allowed(&mut texts, finding)
        });
    }
}

fn suppresses(rule: &Suppression, paths: &ignore::overrides::Override, finding: &Finding) -> bool {
    let symbol = rule.symbol.as_deref().map(|name| name.strip_prefix("CONFIG_").unwrap_or(name));
    (rule.code.eq_ignore_ascii_case(&finding.code) || rule.code == finding.rule)
        && !paths.matched(&finding.file, false).is_ignore()
        && symbol.is_none_or(|symbol| finding.symbol.as_deref() == Some(symbol))
}

/// Whether a comment on the line or the one above says `hmmsize: allow(K001, …)`.
fn is_allowed(texts: &mut crate::source::texts::Texts, finding: &Finding) -> bool {
    [finding.line, finding.line.saturating_sub(1)].into_iter().filter(|line| *line > 0).any(
        |line| {
            let line = texts.line(&finding.file, line);
            let Some((_, rest)) = line.split_once("hmmsize: allow(") else { return false };
            let codes = rest.split(')').next().unwrap_or_default();
            codes
                .split(',')
                .map(str::trim)
                .any(|code| code.eq_ignore_ascii_case(&finding.code) || code == finding.rule)
        },
    )
}

/// Writes the findings as a baseline.
pub fn write(file: &Path, findings: &[Finding]) -> Result<()> {
    let known = |finding: &Finding| Known {
        fingerprint: finding.fingerprint.clone(),
        code: finding.code.clone(),
        file: finding.file.clone(),
        message: finding.message.clone(),
    };
    let baseline = Baseline { schema: SCHEMA, findings: findings.iter().map(known).collect() };
    output::write(Some(&file.to_string_lossy()), json::pretty(&baseline))
}
