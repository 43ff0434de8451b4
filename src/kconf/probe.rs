//! What `$(shell,…)` yields: Kconfig's probes of the toolchain are commands from the tree.
//!
//! Nothing here starts a process. A probe is left open ([`Probe::Never`]), looked up in what was
//! recorded ([`Probe::Cached`]), or handed to a runner that the caller brings ([`Probe::Run`]).
//!
//! An open probe expands to a placeholder, `<probe 7>`. Kconfig's grammar never makes such a name, so
//! it is found again wherever it went: as a symbol of that name, within a string or within a later
//! probe's command ([`placeholders`]). It has no definition, so an evaluation that ignores it takes
//! it for `n`, or for that very text where a string is asked for.

use std::collections::BTreeMap;
use std::path::Path;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::model::Place;
use crate::exit::{Error, Result};

/// The schema of a probe file.
pub const SCHEMA: u32 = 1;

/// Runs a command as `popen` does and returns what it wrote, of which 4,096 bytes are enough.
pub type Runner<'a> = dyn FnMut(&[u8]) -> std::io::Result<Vec<u8>> + Send + 'a;

/// Where the results of probes come from.
pub enum Probe<'a> {
    /// From nowhere: each is a placeholder.
    Never,
    /// From a recording; what it does not have is an error.
    Cached(&'a Recording),
    /// From running them.
    Run(Box<Runner<'a>>),
}

/// One probe of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The command.
    pub command: String,
    /// What it wrote as `conf` keeps it; nothing where nobody ran it.
    pub output: Option<String>,
    /// Where it was first asked for.
    pub place: Place,
}

/// A file of recorded probes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// [`SCHEMA`]
    pub schema: u32,
    /// The compiler they were asked of: `CC_VERSION_TEXT` of the environment.
    pub toolchain: String,
    /// `RUSTC_VERSION_TEXT` of the environment, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rustc: Option<String>,
    /// `PAHOLE_VERSION` of the environment, where the tree exports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pahole: Option<String>,
    /// Each command and what it wrote as `conf` keeps it.
    pub probes: BTreeMap<String, String>,
}

impl Recording {
    /// Reads a probe file's text; `file` is for error messages.
    pub fn parse(file: &Path, text: &[u8]) -> Result<Self> {
        let recording: Self = serde_json::from_slice(text)
            .map_err(|err| Error::input(file, format!("not a file of recorded probes: {err}")))?;
        if recording.schema != SCHEMA {
            let found = recording.schema;
            return Err(Error::input(
                file,
                format!("recorded probes of schema {found}; this program reads {SCHEMA}"),
            ));
        }
        Ok(recording)
    }

    /// Adds what a build asked.
    pub fn add(&mut self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            if let Some(output) = &outcome.output {
                self.probes.insert(outcome.command.clone(), output.clone());
            }
        }
    }
}

/// Asks each command once: what it says the second time would be the same.
pub struct Prober<'a, 'p> {
    probe: &'a mut Probe<'p>,
    known: FxHashMap<Vec<u8>, usize>,
    outcomes: Vec<Outcome>,
}

impl<'a, 'p> Prober<'a, 'p> {
    /// Nothing asked yet.
    pub fn new(probe: &'a mut Probe<'p>) -> Self {
        Self { probe, known: FxHashMap::default(), outcomes: Vec::new() }
    }

    /// All that was asked, in order.
    pub fn finish(self) -> Vec<Outcome> {
        self.outcomes
    }

    /// The output of `command`, or the text of the error.
    pub(super) fn shell(&mut self, command: &[u8], place: Place) -> Result<Vec<u8>, String> {
        if let Some(&known) = self.known.get(command) {
            return Ok(self.text(known));
        }
        let text = String::from_utf8_lossy(command).into_owned();
        let output = match self.probe {
            Probe::Never => None,
            Probe::Cached(recording) => match recording.probes.get(&text) {
                Some(output) => Some(output.clone()),
                None => {
                    return Err(format!(
                        "no recorded result of the probe \"{text}\"; --probe=run runs it"
                    ));
                }
            },
            Probe::Run(runner) => match runner(command) {
                Ok(output) => Some(String::from_utf8_lossy(&kept(output)).into_owned()),
                Err(err) => return Err(format!("{text}: {err}")),
            },
        };
        self.known.insert(command.to_vec(), self.outcomes.len());
        self.outcomes.push(Outcome { command: text, output, place });
        Ok(self.text(self.outcomes.len() - 1))
    }

    fn text(&self, at: usize) -> Vec<u8> {
        match &self.outcomes[at].output {
            Some(output) => output.clone().into_bytes(),
            None => format!("<probe {at}>").into_bytes(),
        }
    }
}

/// The open probes that `text` depends on, as indexes into the model's probes.
pub fn placeholders(text: &[u8]) -> impl Iterator<Item = usize> + '_ {
    use bstr::ByteSlice;
    text.find_iter("<probe ").filter_map(|at| {
        let digits = &text[at + 7..];
        let end = digits.find_byte(b'>')?;
        std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
    })
}

/// What `conf` keeps of a command's output (preprocess.c: `do_shell`): at most 4,095 bytes, no line
/// feeds at the end, spaces for those within, and nothing from a NUL on.
pub fn kept(mut output: Vec<u8>) -> Vec<u8> {
    output.truncate(4095);
    while output.last() == Some(&b'\n') {
        output.pop();
    }
    if let Some(nul) = output.iter().position(|&c| c == 0) {
        output.truncate(nul);
    }
    for c in &mut output {
        if *c == b'\n' {
            *c = b' ';
        }
    }
    output
}
