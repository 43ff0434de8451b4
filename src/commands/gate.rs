//! `hmmsize gate`: read, think, render.
//!
//! The exit code is the verdict's: 0 pass, 1 over budget, 3 (125 with `--bisect`) incomplete, 2 not
//! comparable, and they rank in this order (see `model::verdict`). The baseline file is only
//! written after everything has been judged.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::analyze::budget::{self, Ask};
use crate::analyze::pairs::{self, Head, Pair};
use crate::analyze::policy;
use crate::cli::common::Common;
use crate::cli::gate::{Format, Gate};
use crate::exit::{Error, Exit, Result};
use crate::kbuild::arches;
use crate::model::baseline::{self, Baseline, Recorded};
use crate::model::policy::{Against, Bound, Date, Limit, OffCostsNothing, Policy};
use crate::model::run::Run;
use crate::model::verdict::{COMPLETE, Outcome, State, Verdict};
use crate::render;

use super::{json, output};

mod history;
mod images;
mod record;
mod subject;
mod symbols;

use subject::{Subject, only};

/// Runs the command.
pub fn run(common: &Common, args: &Gate) -> Result<Exit> {
    let today = today(args.today.as_deref())?;
    let subject = Subject::read(common, args)?;
    judge(common, args, &subject, today)
}

/// Judges `subject`, prints the verdict, and keeps the baseline.
fn judge(common: &Common, args: &Gate, subject: &Subject, today: Date) -> Result<Exit> {
    let against = subject.against(args)?;
    let (policy, policy_name) = policy_of(args, subject, against)?;
    let off = policy.off_costs_nothing.as_ref().and_then(|rule| rule.variant.as_deref());
    let ask = Ask {
        against,
        off: off.or_else(|| subject.off_variant()),
        archs: only(args),
        today,
        subject: &subject.name,
        policy_name: &policy_name,
    };
    subject.check_archs(only(args))?;
    let old = recorded(args)?;
    let heads = subject.heads();
    if let (None, Some(old)) = (subject.run(), &old) {
        unambiguous(&heads, old)?;
    }
    let mut verdict = one(subject, args, &policy, &ask, old.as_ref(), &heads);
    if args.update_baseline
        && let Some(file) = &args.baseline
    {
        let kept = record::update(old.as_ref(), &heads, only(args), args, &subject.dir)?;
        if args.force || old.is_none() {
            verdict = one(subject, args, &policy, &ask, Some(&kept.baseline), &heads);
        }
        print(common, args, &verdict)?;
        if kept.changed {
            let mut text = serde_json::to_string_pretty(&kept.baseline).expect("plain data");
            text.push('\n');
            output::write(Some(&file.to_string_lossy()), &text)?;
        }
        if common.quiet < 2 {
            for note in &kept.notes {
                crate::exit::say(&format_args!("hmmsize: {}: {note}", file.display()));
            }
        }
    } else {
        print(common, args, &verdict)?;
    }
    if let Some(file) = &args.record {
        history::append(file, subject, &heads, &verdict, args.today.as_deref())?;
    }
    Ok(exit(verdict.outcome, args.bisect))
}

/// One judging, against `baseline` where there is one.
fn one(
    subject: &Subject,
    args: &Gate,
    policy: &Policy,
    ask: &Ask<'_>,
    baseline: Option<&Baseline>,
    heads: &[Head],
) -> Verdict {
    let mut pairs = subject.pairs(args);
    if let (Some(baseline), Some(file)) = (baseline, &args.baseline) {
        pairs.extend(held_against(subject, heads, baseline, file));
    }
    let mut before = subject.run().map(|run| budget::incomplete(run, ask)).unwrap_or_default();
    for arch in only(args) {
        if !pairs.iter().any(|pair| pair.arch == *arch) {
            let message = format!("no cell of {arch}, which --arch names");
            before.push(budget::blank(COMPLETE, "", arch, State::Missing, message));
        }
    }
    let mut unnamed = Vec::new();
    for pair in &mut pairs {
        if budget::wants_symbols(policy, pair, ask)
            && let Err(err) = symbols::read(pair, &subject.dir)
        {
            unnamed.push(format!("{}: {err}", pair.cell));
        }
    }
    let mut verdict = budget::judge(policy, &pairs, ask, before);
    if let Some(first) = unnamed.first() {
        let more = unnamed.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        verdict.warnings.insert(0, format!("symbols cannot be named: {first}{more}"));
    }
    verdict
}

/// The pairs with a baseline. Images are judged for what they are; only of a run is it known that
/// a cell is gone.
fn held_against(subject: &Subject, heads: &[Head], baseline: &Baseline, file: &Path) -> Vec<Pair> {
    let name = file.file_name().map_or_else(|| "baseline".into(), |name| name.to_string_lossy());
    let mut found = pairs::of_baseline(heads, baseline, &name);
    if subject.run().is_none() {
        found.truncate(heads.len());
    }
    found
}

/// Refuses an image that could be several of the recorded cells.
fn unambiguous(images: &[Head], baseline: &Baseline) -> Result<()> {
    for image in images {
        let either = image.record.variant.as_deref();
        let records = baseline.cells.iter().filter(|cell| {
            cell.arch == image.record.arch
                && cell.target == image.record.target
                && either
                    .is_none_or(|variant| cell.variant.as_deref().is_none_or(|is| is == variant))
        });
        let names: Vec<String> = records.map(Recorded::name).collect();
        if names.len() > 1 {
            let names = names.join(", ");
            let msg = format!("{}: could be any of {names}: say --variant NAME", image.cell);
            return Err(Error::Usage(msg));
        }
    }
    Ok(())
}

/// The baseline file; `None` where it is about to be made.
fn recorded(args: &Gate) -> Result<Option<Baseline>> {
    let Some(file) = &args.baseline else { return Ok(None) };
    if !file.exists() {
        if args.update_baseline {
            return Ok(None);
        }
        return Err(Error::input(file, "no such baseline (--update-baseline makes one)"));
    }
    json::read(file, "a baseline of hmmsize gate", baseline::SCHEMA).map(Some)
}

/// The policy, and what it is called in reports.
fn policy_of(args: &Gate, subject: &Subject, against: Option<Against>) -> Result<(Policy, String)> {
    if let Some(file) = &args.policy {
        let bytes = json::bytes(file)?;
        let text = String::from_utf8(bytes).map_err(|err| {
            Error::input(file, format!("not UTF-8 from byte {}", err.utf8_error().valid_up_to()))
        })?;
        let mut archs: Vec<&str> = arches::ARCHES.iter().map(|arch| arch.name.as_ref()).collect();
        archs.extend(subject.archs());
        return Ok((policy::parse(file, &text, &archs)?, file.display().to_string()));
    }
    let mut policy = Policy::default();
    match against {
        Some(Against::Baseline) => {
            policy.limits.push(Limit {
                name: "no-growth".into(),
                arch: Vec::new(),
                variant: Vec::new(),
                quantity: None,
                max_growth: Some(Bound::Bytes(0)),
                max: None,
                against: None,
                allow_noise: false,
            });
            Ok((policy, "none: no payload may grow".into()))
        }
        Some(Against::Source) => {
            policy.off_costs_nothing = Some(OffCostsNothing::default());
            Ok((policy, "none: off-costs-nothing".into()))
        }
        Some(Against::Variant) | None => {
            Err(Error::Usage("nothing to judge by: give --policy FILE, or --baseline FILE".into()))
        }
    }
}

fn print(common: &Common, args: &Gate, verdict: &Verdict) -> Result<()> {
    let text = match args.format {
        Format::Table => {
            let view = output::view(common);
            render::verdict_table::render(verdict, args.top, view)
        }
        Format::Markdown => render::verdict_markdown::render(verdict, args.top),
        Format::Json => {
            let mut text = serde_json::to_string_pretty(verdict).expect("plain data");
            text.push('\n');
            text
        }
        Format::Junit => render::verdict_junit::render(verdict),
        Format::Github => {
            render::verdict_github::render(verdict, args.policy.as_deref().and_then(Path::to_str))
        }
    };
    output::write(common.output.as_deref(), &text)
}

fn exit(outcome: Outcome, bisect: bool) -> Exit {
    match outcome {
        Outcome::Pass => Exit::Ok,
        Outcome::OverBudget => Exit::Verdict,
        Outcome::Incomplete if bisect => Exit::Bisect,
        Outcome::Incomplete => Exit::Cell,
        Outcome::NotComparable => Exit::Input,
    }
}

/// Today in UTC. `SOURCE_DATE_EPOCH` is not asked: kernel builds set it to 0, and no waiver would
/// ever expire.
fn today(given: Option<&str>) -> Result<Date> {
    if let Some(text) = given {
        return Date::parse(text)
            .ok_or_else(|| Error::Usage(format!("--today {text}: not a day (YYYY-MM-DD)")));
    }
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Ok(Date::from_unix(since.map_or(0, |since| since.as_secs())))
}

/// The kernel's name for the machine of an image.
pub(super) fn arch_of(image: &crate::model::image::Image<'_>) -> Option<String> {
    images::arch(image)
}

/// Reads a run and refuses one that contradicts itself.
pub fn read_run(file: &Path) -> Result<Run> {
    let run: Run = json::read(file, "a run.json of hmmsize build", crate::model::run::SCHEMA)?;
    if run.cells.is_empty() {
        return Err(Error::input(file, "has no cells: there is nothing to judge"));
    }
    let mut ids: Vec<&str> = run.cells.iter().map(|cell| cell.id.as_str()).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::input(file, format!("two cells are called `{}`", pair[0]))),
        None => Ok(run),
    }
}

/// The directory a file lies in, to which the paths in a run are relative.
pub(super) fn directory(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}
