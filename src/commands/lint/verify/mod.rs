//! `--verify`: findings are confirmed by somebody else's tool, or go.
//!
//! Witnesses about Kconfig are shown to the tree's own `conf`, universal verdicts to a second solver and to
//! random configurations, functions to the compiler. This runs code of the tree, in directories of
//! our own that go away afterwards. What is refuted is not printed, but counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::cli::common::Common;
use crate::cli::lint::Lint;
use crate::commands::config::{host_arch, tree};
use crate::exit::{Error, Result};
use crate::kbuild::environment::{self, Env};
use crate::kbuild::kconfenv::{TopMakefile, Versions};
use crate::kbuild::process::Runner;
use crate::kbuild::sat::Program;
use crate::lint::verify::{self, Judges, Outcome};
use crate::lint::{Rule, Tree};
use crate::logic::second::Said;
use crate::model::confirm::Test;
use crate::model::finding::{Finding, Verified};
use crate::model::words::MakeWords;

mod conf;
mod evaluated;
mod objects;
mod shown;

/// Random configurations of each architecture, and the seed of the first.
const CONFIGURATIONS: u32 = 200;
const SEED: u32 = 1;

/// The findings that stand, with who confirmed them. The others are told about on standard error.
pub fn run(
    common: &Common,
    args: &Lint,
    (tree, rules): (&Tree, &[&'static Rule]),
    mut findings: Vec<Finding>,
) -> Result<Vec<Finding>> {
    // A program that was started, Ctrl-C has to end, and then our directory goes away too.
    let early = args.solver2.as_ref().map(|_| workshop(common)).transpose()?;
    let external = match (&args.solver2, &early) {
        (Some(program), Some((dir, runner))) => Some(Program::new(program, dir.path(), runner)),
        _ => None,
    };
    let ask = |text: &str| match &external {
        Some(program) => Ok(Said::parse(&program.ask(text)?)),
        None => Ok(Said::Nothing),
    };
    let judges = Judges {
        configurations: CONFIGURATIONS,
        seed: SEED,
        external: external.as_ref().map(|_| &ask as &verify::External<'_>),
    };
    let judged = verify::universal(tree, rules, &findings, &judges)?;
    for text in judged.contradictions.iter().take(if common.verbose > 0 { usize::MAX } else { 1 }) {
        crate::exit::say(&format_args!("lint: this is a bug of hmmsize: {text}"));
    }
    let mut outcomes = judged.outcomes;
    let (dir, runner) = early.map_or_else(|| workshop(common), Ok)?;
    let bench = Bench::new(args, tree, dir.path(), &runner)?;
    let shown = numbers(&findings, |test| matches!(test, Test::Unmet { .. } | Test::Config(_)));
    if !shown.is_empty() {
        let conf = conf::Judge::new(&bench)?;
        let asked: Vec<Result<_>> =
            shown.par_iter().map(|at| conf.ask(*at, &findings[*at])).collect();
        for (at, answer) in shown.into_iter().zip(asked) {
            let (outcome, witness) = answer?;
            if let Some(witness) = witness {
                findings[at].witness = Some(witness);
            }
            outcomes[at] = Some(outcome);
        }
    }
    let compiled = numbers(&findings, |test| matches!(test, Test::Objects(_)));
    for (at, outcome) in objects::ask(&bench, &findings, &compiled, args.verify_limit)? {
        outcomes[at] = Some(outcome);
    }
    tell(common, &findings, &outcomes);
    let judged = findings.into_iter().zip(outcomes);
    let stands = |(mut finding, outcome): (Finding, Option<Outcome>)| match outcome {
        Some(Outcome::Refuted(_)) => None,
        Some(Outcome::Confirmed(by)) => {
            finding.verified = by;
            Some(finding)
        }
        Some(Outcome::Undecided(_) | Outcome::Unasked) | None => Some(finding),
    };
    Ok(judged.filter_map(stands).collect())
}

/// Who is shown the witnesses of a rule's findings.
fn shown_to(code: &str) -> Option<&'static str> {
    match code {
        "K011" | "K012" | "K101" | "G002" => Some("conf"),
        _ => code.starts_with('S').then_some("the compiler"),
    }
}

/// A directory for what others write, and who starts them.
fn workshop(common: &Common) -> Result<(tempfile::TempDir, Runner)> {
    let dir = tempfile::TempDir::with_prefix("hmmsize-verify-")
        .map_err(|err| Error::io(std::env::temp_dir(), err))?;
    let mut runner = Runner::new(None)?;
    runner.echo = common.verbose > 1;
    Ok((dir, runner))
}

/// The numbers of the findings with such a test.
fn numbers(findings: &[Finding], is_one: impl Fn(&Test) -> bool) -> Vec<usize> {
    let with = |at: &usize| findings[*at].test.as_ref().is_some_and(&is_one);
    (0..findings.len()).filter(with).collect()
}

/// What came of each rule, in a line; with `-v`, each finding that somebody refuted or could not
/// decide, and why.
fn tell(common: &Common, findings: &[Finding], outcomes: &[Option<Outcome>]) {
    let mut text = String::new();
    let mut rules: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if outcomes[at].is_some() {
            rules.entry((&finding.code, &finding.rule)).or_default().push(at);
        }
    }
    for ((code, rule), members) in rules {
        let mut confirmed: BTreeMap<Verified, usize> = BTreeMap::new();
        let (mut refuted, mut undecided, mut unasked) = (Vec::new(), Vec::new(), 0);
        for at in members {
            match &outcomes[at] {
                Some(Outcome::Confirmed(by)) => *confirmed.entry(*by).or_default() += 1,
                Some(Outcome::Refuted(why)) => refuted.push((at, why)),
                Some(Outcome::Undecided(why)) => undecided.push((at, why)),
                Some(Outcome::Unasked) => unasked += 1,
                None => {}
            }
        }
        let mut parts: Vec<String> = Vec::new();
        for (by, count) in confirmed {
            parts.extend(by.words().map(|words| format!("{count} {words}")));
        }
        if !refuted.is_empty() {
            let judges = "the second solver or a random configuration (a bug of hmmsize)";
            let by = shown_to(code).unwrap_or(judges);
            parts.push(format!("{} refuted by {by}", refuted.len()));
        }
        if !undecided.is_empty() {
            parts.push(format!("{} undecided", undecided.len()));
        }
        if unasked > 0 {
            parts.push(format!("{unasked} not compiled (--verify-limit)"));
        }
        let _ = writeln!(text, "lint: {code} {rule}: {}", parts.join(", "));
        let list = [("refuted", refuted), ("undecided", undecided)];
        for (what, (at, why)) in
            list.into_iter().flat_map(|(what, all)| all.into_iter().map(move |one| (what, one)))
        {
            let Finding { file, line, column, message, .. } = &findings[at];
            // What ends as our own bug is always told.
            if common.verbose > 0 || (what == "refuted" && shown_to(code).is_none()) {
                let _ = writeln!(text, "{file}:{line}:{column}: {what}: {message}: {why}");
            }
        }
    }
    if !text.is_empty() {
        crate::exit::say(&text.trim_end_matches('\n'));
    }
}

/// What judges work with.
struct Bench<'a> {
    args: &'a Lint,
    tree: &'a Tree,
    source: tree::Tree,
    words: MakeWords,
    dir: &'a Path,
    runner: &'a Runner,
}

/// One architecture as make and `conf` see it.
struct Setup {
    /// ARCH, the cross compiler that is here, and the user's own words.
    words: MakeWords,
    /// The environment of make.
    make: Env,
    /// The environment in which make runs `conf`.
    conf: Env,
}

impl<'a> Bench<'a> {
    fn new(args: &'a Lint, tree: &'a Tree, dir: &'a Path, runner: &'a Runner) -> Result<Self> {
        let words = MakeWords::parse(&args.words).map_err(Error::Usage)?;
        let dialect = tree::dialect(args.dialect.as_deref())?;
        let source = tree::Tree::open(&tree.root, dialect)?;
        Ok(Self { args, tree, source, words, dir, runner })
    }

    /// The number of the architecture that a witness is for.
    fn arch(&self, finding: &Finding) -> Option<usize> {
        let name = finding.witness_arch.as_ref().or_else(|| finding.arches.first());
        match name {
            Some(name) => self.tree.arches.iter().position(|arch| arch.name == *name),
            None => (self.tree.arches.len() == 1).then_some(0),
        }
    }

    /// The witness as a `.config`, in the order of the tree.
    fn config(&self, arch: usize, finding: &Finding) -> String {
        use crate::kconf::model::{SymbolId, Type};
        let arch = &self.tree.arches[arch];
        let witness = finding.witness.iter().flatten();
        let mut lines: Vec<(Option<u32>, String)> = witness
            .map(|(name, value)| {
                let symbol = arch.find(name.as_bytes());
                let ty = symbol.map(|symbol| arch.model.symbol(symbol).ty);
                let line = match (ty, value.as_str()) {
                    (Some(Type::String), text) => {
                        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
                        format!("CONFIG_{name}=\"{text}\"\n")
                    }
                    (Some(Type::Bool | Type::Tristate), "n") => {
                        format!("# CONFIG_{name} is not set\n")
                    }
                    _ => format!("CONFIG_{name}={value}\n"),
                };
                (symbol.map(SymbolId::number), line)
            })
            .collect();
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// How make and `conf` are called for an architecture.
    fn setup(&self, arch: usize) -> Result<Setup> {
        let name = &self.tree.arches[arch].name;
        let mut words = self.words.clone();
        if !name.is_empty() {
            words.set("ARCH", name);
        }
        if name == "um" && words.get("SUBARCH").is_none() {
            words.set("SUBARCH", host_arch());
        }
        let words = tree::with_toolchain(&words);
        let make = environment::reproducible(std::env::vars_os());
        let versions = TopMakefile::read(&self.source.dir).versions(&words, &make, self.runner)?;
        let conf = self.conf_environment(&make, &words, &versions)?;
        Ok(Setup { words, make, conf })
    }

    fn conf_environment(&self, make: &Env, words: &MakeWords, versions: &Versions) -> Result<Env> {
        let mut env = make.clone();
        let mut set = |key: &str, value: &str| env.insert(key.into(), value.into());
        if self.source.is_linux {
            for (key, value) in TopMakefile::read(&self.source.dir).environment(words, versions)? {
                set(&key, &value);
            }
        } else {
            for word in words.to_words() {
                if let Some((key, value)) = word.split_once('=') {
                    set(key, value);
                }
            }
        }
        Ok(env)
    }

    /// A new directory of this name.
    fn scratch(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        std::fs::create_dir_all(&dir).map_err(|err| Error::io(&dir, err))?;
        Ok(dir)
    }
}

/// Why nobody can be asked, unless it was a signal.
fn undecided(err: Error) -> Result<String> {
    match err {
        signal @ Error::Signal(_) => Err(signal),
        other => Ok(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
