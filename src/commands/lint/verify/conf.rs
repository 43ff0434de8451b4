//! Witnesses about Kconfig before the tree's own `conf`.
//!
//! `conf` gets the witness as a `.config`. Of an unmet select it has to print the kernel's warning; of
//! others, the `.config` that it writes has to have what the finding says (shown.rs). Where it does not, a
//! probe of the compiler may be the reason: the evaluator took open probes for `n`. So the evaluator
//! is asked again with what the compiler that is here says, and then looks for another witness.
//! Refuted is only what the evaluator still claims and `conf` denies.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::evaluated::{Evaluated, as_claimed};
use super::shown::Values;
use super::{Bench, Outcome, Setup, undecided};
use crate::cli::config::ProbeMode;
use crate::commands::config::tree::{self, ProbeSource};
use crate::exit::Result;
use crate::kbuild::conf::{Conf, Said};
use crate::lint::context::Arch;
use crate::lint::{Tree, rules};
use crate::model::confirm::{Held, Test};
use crate::model::finding::{Finding, Verified};
use crate::model::formula::Formulas;

/// How long one call may take: all of x86 takes two seconds.
const TIMEOUT: Duration = Duration::from_secs(120);

/// What an architecture is like with the compiler that is here.
struct Here {
    setup: Setup,
    /// Its Kconfig with every probe answered; made when `conf` says no.
    asked: OnceLock<Result<Tree, String>>,
    /// The unmet selects that there are then.
    found: OnceLock<Result<Vec<Finding>, String>>,
}

/// Asks `conf`.
pub struct Judge<'a> {
    bench: &'a Bench<'a>,
    conf: Result<Conf<'a>, String>,
    archs: Vec<OnceLock<Result<Here, String>>>,
}

type Witness = BTreeMap<String, String>;

impl<'a> Judge<'a> {
    /// Builds `conf`.
    pub fn new(bench: &'a Bench<'a>) -> Result<Self> {
        let env = crate::kbuild::environment::plain(std::env::vars_os());
        let out = bench.scratch("conf")?;
        let deadline = Some(Instant::now() + TIMEOUT);
        let conf = match Conf::build(&bench.tree.root, &out, &env, bench.runner, deadline) {
            Ok(conf) => Ok(conf),
            Err(err) => Err(undecided(err)?),
        };
        let archs = bench.tree.arches.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { bench, conf, archs })
    }

    /// What `conf` says about a finding, and another witness if it needed one.
    pub fn ask(&self, number: usize, finding: &Finding) -> Result<(Outcome, Option<Witness>)> {
        let because = |why: &str| Ok((Outcome::Undecided(why.to_owned()), None));
        let conf = match &self.conf {
            Ok(conf) => conf,
            Err(why) => return because(why),
        };
        let Some(arch) = self.bench.arch(finding) else {
            return because("the architecture of its witness is not known");
        };
        let made = || {
            self.bench.setup(arch).map(|setup| Here {
                setup,
                asked: OnceLock::new(),
                found: OnceLock::new(),
            })
        };
        let here = self.archs[arch].get_or_init(|| made().map_err(|err| err.to_string()));
        let here = match here {
            Ok(here) => here,
            Err(why) => return because(why),
        };
        let dir = self.bench.scratch(&format!("conf-{number}"))?;
        let config = self.bench.config(arch, finding);
        if let Some(Test::Config(held)) = &finding.test {
            return Ok((self.has(conf, (arch, here), &dir, (held, &config))?, None));
        }
        let outcome = Self::show(conf, here, &dir, finding, &config)?;
        match outcome {
            Shown::Warns => return Ok((Outcome::Confirmed(Verified::Conf), None)),
            Shown::Fails(why) => return because(&why),
            Shown::Silent => {}
        }
        let model = &self.bench.tree.arches[arch].model;
        let claimed = Evaluated::new(&as_claimed(model, finding), &config)?;
        if !warns(&claimed.said, finding) {
            let why = "neither conf nor our evaluator warns about its witness";
            return Ok((Outcome::Refuted(why.to_owned()), None));
        }
        let tree = match self.with_answers(arch, here) {
            Ok(tree) => tree,
            Err(why) => return because(why),
        };
        let find = || {
            let rules: Vec<_> = rules::find("K101").into_iter().collect();
            crate::lint::run(tree, &rules).map(|(found, _)| found).map_err(|err| err.to_string())
        };
        let found = match here.found.get_or_init(find) {
            Ok(found) => found,
            Err(why) => return because(why),
        };
        let model = &tree.arches[0].model;
        let ours = Evaluated::new(model, &config)?;
        let refuted = "conf does not warn, and our evaluator does";
        if warns(&ours.said, finding) {
            return Ok((Outcome::Refuted(refuted.to_owned()), None));
        }
        let place = |f: &Finding| (f.file.clone(), f.line, f.column);
        let Some(other) = found.iter().find(|other| place(other) == place(finding)) else {
            let probes = finding.probes.join("; ");
            let why = if probes.is_empty() { String::new() } else { format!(": {probes}") };
            return because(&format!(
                "with what the compiler here answers, no configuration shows it{why}"
            ));
        };
        let config = self.bench.config(arch, other);
        Ok(match Self::show(conf, here, &dir, finding, &config)? {
            Shown::Warns => (Outcome::Confirmed(Verified::Conf), other.witness.clone()),
            Shown::Fails(why) => (Outcome::Undecided(why), None),
            Shown::Silent => (Outcome::Refuted(refuted.to_owned()), None),
        })
    }

    fn show(
        conf: &Conf<'_>,
        here: &Here,
        dir: &Path,
        finding: &Finding,
        config: &str,
    ) -> Result<Shown> {
        let deadline = Some(Instant::now() + TIMEOUT);
        let said = conf.olddefconfig(config.as_bytes(), dir, &here.setup.conf, deadline);
        let said: Said = match said {
            Ok(said) => said,
            Err(err) => return Ok(Shown::Fails(undecided(err)?)),
        };
        if warns(&said.text, finding) {
            return Ok(Shown::Warns);
        }
        if said.ended.ok() {
            return Ok(Shown::Silent);
        }
        let complaint = crate::kbuild::objects::complaint(&said.text);
        Ok(Shown::Fails(format!("conf {}: {complaint}", said.ended.how())))
    }

    /// Whether what `conf` makes of a witness has what the finding says.
    fn has(
        &self,
        conf: &Conf<'_>,
        (arch, here): (usize, &Here),
        dir: &Path,
        (held, config): (&[Held], &str),
    ) -> Result<Outcome> {
        let deadline = Some(Instant::now() + TIMEOUT);
        let said = conf.olddefconfig(config.as_bytes(), dir, &here.setup.conf, deadline);
        let written = match said.map(|said| (said.ended.ok(), said)) {
            Ok((true, Said { config: Some(written), .. })) => written,
            Ok((_, said)) => {
                let complaint = crate::kbuild::objects::complaint(&said.text);
                let why = format!("conf {}: {complaint}", said.ended.how());
                return Ok(Outcome::Undecided(why));
            }
            Err(err) => return Ok(Outcome::Undecided(undecided(err)?)),
        };
        let (formulas, arches) = (&self.bench.tree.formulas, &self.bench.tree.arches);
        let written = String::from_utf8_lossy(&written);
        match Values::new(&arches[arch].model, &written).have(formulas, held) {
            Some(true) => return Ok(Outcome::Confirmed(Verified::Conf)),
            Some(false) => {}
            None => {
                let why = "it asks the compiler, and the .config does not say what that says";
                return Ok(Outcome::Undecided(why.to_owned()));
            }
        }
        let tree = match self.with_answers(arch, here) {
            Ok(tree) => tree,
            Err(why) => return Ok(Outcome::Undecided(why.clone())),
        };
        let ours = Evaluated::new(&tree.arches[0].model, config)?;
        // Names are the same in both models, numbers of expressions need not be.
        let ours = Values::new(&arches[arch].model, &ours.config).have(formulas, held);
        Ok(if ours == Some(true) {
            let why = "conf makes something else of its witness than our evaluator";
            Outcome::Refuted(why.to_owned())
        } else {
            let why = "with what the compiler here answers, its witness does not show it";
            Outcome::Undecided(why.to_owned())
        })
    }

    /// Kconfig with every probe answered.
    fn with_answers<'h>(&self, arch: usize, here: &'h Here) -> Result<&'h Tree, &'h String> {
        let asked = || self.asked(arch, here).map_err(|err| err.to_string());
        here.asked.get_or_init(asked).as_ref()
    }

    fn asked(&self, arch: usize, here: &Here) -> Result<Tree> {
        let bench = self.bench;
        let name = &bench.tree.arches[arch].name;
        let dir = bench.scratch(&format!("probes-{name}"))?;
        let dialect = tree::dialect(bench.args.dialect.as_deref())?;
        let source = tree::Tree::open(&bench.tree.root, dialect)?.confined();
        let file = dir.join("probes.json");
        let env = Some(&here.setup.conf);
        let probes = ProbeSource { mode: ProbeMode::Run, file: Some(&file), dir: &dir, env };
        let loaded = source.load(&here.setup.words, &probes)?;
        let arch = Arch::new(name.clone(), loaded.model, None);
        let files = source.files();
        let empty = (Formulas::default(), crate::source::guards::tree::Tree::default());
        Ok(Tree::new(bench.tree.root.clone(), vec![arch], &files, empty))
    }
}

/// What came of showing a configuration to `conf`.
enum Shown {
    /// It warns about that very select.
    Warns,
    /// It says nothing of it.
    Silent,
    /// It does not get that far.
    Fails(String),
}

/// Whether a text has the kernel's warning about the select of a finding.
fn warns(text: &str, finding: &Finding) -> bool {
    let Some(Test::Unmet { selector, target }) = &finding.test else { return false };
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names = |line: &str| line.split(|c| !is_word(c)).any(|word| word == selector);
    // Since 4.17, a block of lines.
    let head = format!("WARNING: unmet direct dependencies detected for {target}");
    let mut lines = text.lines();
    while lines.by_ref().any(|line| line == head) {
        let block = lines.by_ref().take_while(|line| !line.is_empty());
        let mut selected = block.skip_while(|line| !line.trim_start().starts_with("Selected by"));
        if selected.any(|line| line.trim_start().starts_with("- ") && names(line)) {
            return true;
        }
    }
    // Before, one line: `warning: (A && B) selects X which has unmet direct dependencies (Y)`.
    let old = format!(" selects {target} which has unmet direct dependencies");
    text.lines().any(|line| line.split_once(&old).is_some_and(|(by, _)| names(by)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_of_this_select_is_told_from_others() {
        let finding = |selector: &str, target: &str| Finding {
            test: Some(Test::Unmet { selector: selector.into(), target: target.into() }),
            ..Finding::default()
        };
        let text = "\nWARNING: unmet direct dependencies detected for B\n  Depends on [n]: D [=n] && E [=y]\n  \
                    Selected by [y]:\n  - A [=y] && F [=y]\n  Selected by [m]:\n  - AA [=m]\n\n\
                    WARNING: unmet direct dependencies detected for C\n  Depends on [n]: A [=n]\n  \
                    Selected by [y]:\n  - G [=y]\n";
        for (selector, target, expected) in [
            ("A", "B", true),
            ("AA", "B", true),
            ("G", "C", true),
            ("A", "C", false),
            ("D", "B", false),
            ("G", "B", false),
        ] {
            assert_eq!(warns(text, &finding(selector, target)), expected, "{selector} {target}");
        }
        let old = "warning: (A && AB) selects B which has unmet direct dependencies (D)\n";
        assert!(warns(old, &finding("AB", "B")));
        assert!(!warns(old, &finding("D", "B")) && !warns(old, &finding("A", "D")));
    }
}
