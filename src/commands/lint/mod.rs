//! `hmmsize lint`: reads a tree, applies the rules, hides what is known, renders.

use std::path::Path;
use std::time::Instant;

use rustc_hash::FxHashSet;

use crate::cli::common::Common;
use crate::cli::lint::{Deny, Lint, LintFormat};
use crate::commands::output;
use crate::elf::HugePages;
use crate::exit::{Error, Exit, Result};
use crate::lint::focus::Names;
use crate::lint::rules::{self, RULES};
use crate::lint::watch::Watch as _;
use crate::lint::{Rule, Tree, explain};
use crate::model::finding::{Finding, Report, RuleInfo, SCHEMA, Severity};
use crate::model::snippet::{Level, Snippet};
use crate::render;
use crate::source::guards;
use crate::source::guards::index::Index;

mod diff;
mod entries;
mod fix;
mod hide;
mod kept;
pub(in crate::commands) mod load;
mod progress;
mod reach;
mod verify;

use load::{Changes, Only};
use progress::Bar;

/// Runs the command.
pub fn run(common: &Common, args: &Lint) -> Result<Exit> {
    if let Some(code) = &args.explain {
        return explain_rule(common, code);
    }
    let rules = selected(args)?;
    let scope = Scope::new(args)?;
    let hidden = hide::Hidden::read(args)?;
    // Before a whole tree is read.
    load::words(args)?;
    HugePages::save();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(common.jobs.unwrap_or(0)).build();
    let pool = pool.map_err(|err| Error::Usage(format!("lint: {err}")))?;
    let start = Instant::now();
    let color = output::stderr_colored(common);
    let bar = Bar::new(common);
    let mut session = load::Session { args, color, phases: Vec::new(), watch: &bar };
    let (tree, findings) = pool.install(|| {
        if let Some(revision) = &args.diff {
            return diff::new_since(&mut session, revision, &rules);
        }
        let narrow = scope.narrow(args, &rules)?;
        let what = load::What { changes: narrow.as_ref(), ..load::What::default() };
        session.apply(what, &rules)
    })?;
    let mut phases = session.phases;
    let mut findings = scope.apply(findings);
    if let Some(file) = &args.write_baseline {
        hide::write(file, &findings)?;
    }
    let before = findings.len();
    hidden.apply(&tree, &mut findings);
    let hidden = before - findings.len();
    if args.verify {
        bar.phase("verifying", 0);
        let verified = Instant::now();
        findings = pool.install(|| verify::run(common, args, (&tree, &rules), findings))?;
        phases.push(("verify".to_owned(), verified.elapsed()));
    }
    drop(bar);
    if let Some(file) = &args.fix {
        let patch = fix::patch(&tree, &findings)?;
        output::write(Some(file), patch)?;
    }
    let report = Report {
        schema: SCHEMA,
        tool: concat!("hmmsize ", env!("CARGO_PKG_VERSION")).to_owned(),
        tree: args.tree.as_deref().unwrap_or(Path::new(".")).display().to_string(),
        arches: tree.names(tree.all()),
        rules: rules.iter().map(|rule| rule.code.to_owned()).collect(),
        hidden,
        findings,
    };
    // A patch to standard output is the result there.
    let patch_is_result = args.fix.as_deref() == Some("-") && common.output.is_none();
    let exit = verdict(&report, args.deny);
    if !patch_is_result {
        output::write(common.output.as_deref(), text(common, args, &tree, report))?;
    }
    if common.time {
        for (phase, time) in phases {
            crate::exit::say(&format_args!("{:>9.3} s  {phase}", time.as_secs_f64()));
        }
        crate::exit::say(&format_args!("{:>9.3} s  in all", start.elapsed().as_secs_f64()));
    }
    // Nobody waits until it is gone.
    std::thread::spawn(move || drop(tree));
    Ok(exit)
}

/// The page of a rule, or of all.
fn explain_rule(common: &Common, code: &str) -> Result<Exit> {
    let topic = explain::TOPICS.iter().find(|(name, _)| *name == code);
    let text = match (code, topic) {
        ("all", _) => explain::book(RULES),
        (_, Some((_, text))) => (*text).to_owned(),
        _ => explain::page(known(code)?),
    };
    output::write(common.output.as_deref(), text)?;
    Ok(Exit::Ok)
}

fn known(name: &str) -> Result<&'static Rule> {
    rules::find(name).ok_or_else(|| {
        let near = RULES
            .iter()
            .map(|rule| (strsim::jaro_winkler(rule.name, name), rule.name))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(score, _)| *score > 0.7);
        let hint = match near {
            Some((_, name)) => format!("; did you mean {name}?"),
            None => "; `hmmsize lint --explain all` has them all".to_owned(),
        };
        Error::Usage(format!("lint: {name}: no such rule{hint}"))
    })
}

/// The rules that are asked for.
fn selected(args: &Lint) -> Result<Vec<&'static Rule>> {
    let names = &args.rule;
    if names.iter().any(|name| name == "all") {
        return Ok(RULES.iter().collect());
    }
    let wanted: Vec<&Rule> = names.iter().map(|name| known(name)).collect::<Result<_>>()?;
    let is_wanted = |rule: &Rule| {
        wanted.iter().any(|wanted| wanted.code == rule.code)
            || (names.is_empty() && rule.default)
            || (args.gating && rules::GATING.contains(&rule.code))
    };
    Ok(RULES.iter().filter(|rule| is_wanted(rule)).collect())
}

/// What of all findings is asked for.
struct Scope {
    paths: ignore::overrides::Override,
    symbols: FxHashSet<String>,
}

impl Scope {
    fn new(args: &Lint) -> Result<Self> {
        let mut globs = ignore::overrides::OverrideBuilder::new("");
        for glob in &args.path {
            globs.add(glob).map_err(|err| Error::Usage(format!("--path {glob}: {err}")))?;
        }
        let paths = globs.build().map_err(|err| Error::Usage(format!("--path: {err}")))?;
        let bare = |name: &String| name.strip_prefix("CONFIG_").unwrap_or(name).to_owned();
        Ok(Self { paths, symbols: args.symbol.iter().map(bare).collect() })
    }

    /// What has to be looked at to find all that is asked for, if that is not the whole tree.
    fn narrow(&self, args: &Lint, rules: &[&Rule]) -> Result<Option<Changes>> {
        let gating = rules.iter().any(|rule| rules::GATING.contains(&rule.code));
        if gating || (args.path.is_empty() && self.symbols.is_empty()) {
            return Ok(None);
        }
        let root = args.tree.as_deref().unwrap_or(Path::new("."));
        let index = Index::read(&[root])?;
        let options: Names = self.symbols.iter().map(|name| name.as_str().into()).collect();
        let on = options.is_empty().then(|| self.paths.clone());
        let asked = |path: &str| !self.paths.matched(path, false).is_ignore();
        let mut files = guards::tree::paths(root)?;
        files.retain(|path| on.is_some() && asked(path));
        let only = Only { files, included: index.included(), same_build: true };
        Ok(Some(Changes { options, on, index, only, ..Changes::default() }))
    }

    fn apply(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        findings.retain(|finding| self.has(finding));
        findings
    }

    fn has(&self, finding: &Finding) -> bool {
        if self.paths.matched(&finding.file, false).is_ignore() {
            return false;
        }
        if self.symbols.is_empty() {
            return true;
        }
        let words = |text: &str| {
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .any(|word| self.symbols.contains(word.strip_prefix("CONFIG_").unwrap_or(word)))
        };
        finding.symbol.as_deref().is_some_and(words)
            || words(&finding.message)
            || finding.proof.iter().flatten().any(|fact| words(&fact.text))
    }
}

/// Whether there is something that is not allowed.
fn verdict(report: &Report, deny: Deny) -> Exit {
    let lowest = match deny {
        Deny::Note => Severity::Note,
        Deny::Warning => Severity::Warning,
        Deny::Error => Severity::Error,
        Deny::Never => return Exit::Ok,
    };
    let bad = report.findings.iter().any(|finding| finding.severity >= lowest);
    if bad { Exit::Verdict } else { Exit::Ok }
}

fn text(common: &Common, args: &Lint, tree: &Tree, mut report: Report) -> String {
    let info = |rule: &Rule| RuleInfo {
        code: rule.code,
        name: rule.name,
        severity: rule.severity,
        what: rule.what,
        page: explain::page(rule),
    };
    let rules = || RULES.iter().map(info).collect::<Vec<_>>();
    let view = output::view(common);
    match args.format {
        LintFormat::Text => {
            excerpts(tree, &mut report.findings);
            render::lint::text(&report, view)
        }
        LintFormat::Short => render::lint::short(&report),
        LintFormat::Json => render::json::pretty(&report),
        LintFormat::Sarif => render::sarif::render(&report, &rules()),
        LintFormat::Github => render::lint_github::render(&report),
        LintFormat::Markdown => render::lint_markdown::render(&report, &rules()),
        LintFormat::Summary => render::lint::summary(&report, &rules(), view),
    }
}

/// Cuts the lines of the findings out of their files.
fn excerpts(tree: &Tree, findings: &mut [Finding]) {
    let mut texts = tree.source_texts();
    for finding in findings {
        let start = texts.offset(&finding.file, finding.line) + finding.column as usize - 1;
        let what = (Level::Warning, finding.message.clone());
        let place = (start, finding.length as usize);
        let text = texts.get(&finding.file);
        finding.excerpt = Some(Snippet::cut(what, finding.file.clone(), text, place));
    }
}
