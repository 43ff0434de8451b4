//! What our own evaluator makes of a witness, beside what others make of it.

use std::path::Path;

use crate::exit::{Error, Result};
use crate::kconf::eval::{State, Tristate, with_stack};
use crate::kconf::model::Model;
use crate::kconf::modes::{self, Goal, Settings, Written};
use crate::kconf::output::Stream;
use crate::kconf::probe::placeholders;
use crate::logic::probes;
use crate::model::finding::Finding;

/// `olddefconfig` by our evaluator.
pub struct Evaluated {
    /// What it says where `conf` says something.
    pub said: String,
    /// The `.config`.
    pub config: String,
}

impl Evaluated {
    /// Of `config` in `model`.
    pub fn new(model: &Model, config: &str) -> Result<Self> {
        let evaluate = || {
            let mut state = State::new(model);
            let settings = Settings { config: ".config".into(), ..Settings::default() };
            let open = |_: &Path| Ok(Some(config.as_bytes().to_vec()));
            // What it stops at, it has told about.
            let written = match modes::run(&mut state, &Goal::OldDef, &settings, &open) {
                Ok(Written::DotConfig(text)) => text,
                _ => Vec::new(),
            };
            let said = state.output.text(Stream::Err);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            Self { said: text(&said), config: text(&written) }
        };
        with_stack(evaluate).map_err(|err| Error::io("a thread", err))
    }
}

/// The model with what the finding says of open probes: those that it names say yes.
pub fn as_claimed(model: &Model, finding: &Finding) -> Model {
    let says_yes = |probe: usize| {
        let asked = model.probes.get(probe).map(|probe| &probe.command);
        asked.is_some_and(|command| finding.probes.contains(command))
    };
    probes::decided(model, |symbol| {
        let mut named = placeholders(&model.symbol(symbol).name);
        Tristate::from_bool(named.any(says_yes))
    })
}

/// The assignment of an option in a `.config`; nothing where it is off.
pub fn assignment<'c>(config: &'c str, name: &str) -> Option<&'c str> {
    let is_it = |line: &&str| {
        let rest = line.strip_prefix("CONFIG_").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with('='))
    };
    config.lines().find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_found_by_whole_names() {
        let config = "CONFIG_AB=y\n# CONFIG_B is not set\nCONFIG_A=m\n";
        assert_eq!(assignment(config, "A"), Some("CONFIG_A=m"));
        assert_eq!((assignment(config, "B"), assignment(config, "C")), (None, None));
    }
}
