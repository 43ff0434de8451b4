//! On which architectures an option can be on, and why not on the others.

use std::path::Path;

use crate::cli::audit::Audit;
use crate::cli::common::Common;
use crate::commands::config::why;
use crate::exit::Result;
use crate::model::audit::{Possible, PossibleState};
use crate::model::why::{Answer, Outcome};

/// What is known of each architecture.
type Known = Vec<(String, Vec<Possible>)>;

/// Asks Kconfig, starting from the defaults. Also the first option that no architecture defines.
pub fn ask(
    common: &Common,
    args: &Audit,
    root: &Path,
    asked: &[(String, Option<String>)],
) -> Result<(Known, Option<String>)> {
    let wanted: Vec<(String, Option<String>)> = asked
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().or_else(|| Some("y".to_owned()))))
        .collect();
    let said = why::possible(common, Some(root.to_owned()), args.what.arch.clone(), &wanted)?;
    let mut known = Known::new();
    let mut defined = vec![false; asked.len()];
    let only = said.len() == 1;
    for (arch, answers) in said {
        match answers {
            Ok(answers) => {
                for (answer, defined) in answers.iter().zip(&mut defined) {
                    *defined |= answer.kind.is_some();
                }
                known.push((arch, answers.into_iter().map(possible).collect()));
            }
            Err(err) if only => return Err(err),
            // The others are still worth having.
            Err(err) if common.quiet == 0 => {
                crate::exit::say(&format_args!("hmmsize: warning: {arch}: {err}"));
            }
            Err(_) => {}
        }
    }
    let unknown = asked.iter().zip(defined).find(|(_, defined)| !defined);
    Ok((known, unknown.map(|((name, _), _)| name.clone())))
}

fn possible(answer: Answer) -> Possible {
    let option = answer.symbol;
    let (state, changes, chain) = match answer.outcome {
        Outcome::Holds | Outcome::NotAsked => (PossibleState::Possible, Vec::new(), Vec::new()),
        Outcome::Possible { changes, .. } => (PossibleState::Possible, changes, Vec::new()),
        Outcome::Impossible { chain } => (PossibleState::Impossible, Vec::new(), chain),
        Outcome::NoWayFound { .. } | Outcome::NoValue { .. } => {
            (PossibleState::Unknown, Vec::new(), Vec::new())
        }
    };
    Possible { option, state, changes, chain }
}
